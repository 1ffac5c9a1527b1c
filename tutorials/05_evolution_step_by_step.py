# %% [markdown]
# # 05 One evolution step, taken apart
#
# A sparse network that evolves changes its wiring between epochs. One such change is called an *update*. The rules of
# the papers differ in many details, but the update of most of them has the same three stages (Sulyok et al. 2026):
#
# 1. **remove** the links that matter least;
# 2. **percolate**: take away the links that now lead nowhere, or come from nowhere;
# 3. **regrow** as many links as are gone, somewhere else.
#
# You do one update with pencil and paper, on a network of 25 links. Then the library does the same, and shows the log
# that it keeps. At the end three rules run side by side, and you see in which stage they differ.
#
# It takes about 10 s. Its data come with scikit-learn.

# %%
from itertools import pairwise

import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin()
figures = options.figures

# %% [markdown]
# ## 1. The network
#
# Three inputs, six neurons in the first hidden layer, four in the second, two in the third. Three layers of links:
# 10, 10 and 5. Each is a dictionary here: `{(from, to): weight}`.

# %%
SIZES = [3, 6, 4, 2]
net = [
    {(0, 0): 0.6, (0, 1): -0.8, (0, 5): 0.1, (1, 0): -0.2, (1, 1): 0.7, (1, 2): -0.5, (1, 4): 0.9,
     (2, 0): 0.4, (2, 2): -0.6, (2, 3): 0.8},
    {(0, 0): 0.5, (0, 1): -0.7, (1, 0): 0.9, (1, 2): -0.4, (2, 1): 0.1, (2, 2): 0.6, (3, 0): -0.2,
     (3, 1): 0.8, (4, 3): 0.9, (5, 0): -0.6},
    {(0, 0): 0.7, (0, 1): -0.5, (1, 0): 0.8, (2, 1): 0.6, (3, 1): 0.1},
]  # fmt: skip
for number, links in enumerate(net, start=1):
    print(f"layer {number}: {SIZES[number - 1]} x {SIZES[number]}, {len(links)} links")

# %% [markdown]
# ## 2. Remove
#
# Take away the fraction `ζ` (zeta) of the links of each layer, those whose weights are nearest to zero. With `ζ =
# 0.2` that is two of ten, two of ten, and one of five. Find them on paper first.

# %%
ZETA = 0.2


def weakest(links):
    return sorted(sorted(links, key=lambda link: abs(links[link]))[: int(ZETA * len(links))])


removed = [weakest(links) for links in net]
left = [[link for link in links if link not in gone] for links, gone in zip(net, removed, strict=True)]
print("removed:", removed)

# %% [markdown]
# You should see `[(0, 5), (1, 0)]`, `[(2, 1), (3, 0)]` and `[(3, 1)]`: the weights 0.1 and -0.2 in the first two
# layers, 0.1 in the third.
#
# ## 3. Percolate
#
# Removing links can cut neurons off, and a link at such a neuron does nothing any more. Follow the two chains.
#
# *Backward*: in layer 3 the link (3, 1) went. It was the only way out of neuron 3. So whatever flows into neuron 3 is
# lost: the link (4, 3) of layer 2 is useless, strong as it is. That was the only way out of neuron 4, so (1, 4) of
# layer 1 is useless too. One weak link has taken two strong ones with it.
#
# *Forward*: in layer 1 the link (0, 5) went. It was the only way into neuron 5. So the link (5, 0) of layer 2 carries
# nothing.
#
# All inputs count as sources and all neurons of the last layer as goals, because the read-out behind it has all
# links. One sweep from the last layer to the first, and one back, find everything.


# %%
def swept(left):
    kept = [set(links) for links in left]
    for here, following in ((1, 2), (0, 1)):  # backward
        leads_on = {u for u, _ in kept[following]}
        kept[here] = {(u, v) for u, v in kept[here] if v in leads_on}
    for before, here in ((0, 1), (1, 2)):  # forward
        reached = {v for _, v in kept[before]}
        kept[here] = {(u, v) for u, v in kept[here] if u in reached}
    return kept


kept = swept(left)
percolated = [sorted(set(links) - alive) for links, alive in zip(left, kept, strict=True)]
print("percolated:", percolated)
print("still there:", [len(links) for links in kept])

# %% [markdown]
# You should see `[(1, 4)]`, `[(4, 3), (5, 0)]` and nothing in the last layer. 7, 6 and 4 links are left.
#
# ## 4. Regrow
#
# Each layer must have as many links as before, so 3, 4 and 1 have to grow. Where? SET would draw places at random.
# The rule CH3-L3 *predicts* them from the wiring that is left. It looks at each absent link `(u, v)` for roundabout
# ways, from `u` to `v` over three links. The more of them there are, and the fewer other links the neurons on the way
# have, the higher the score. Tutorial 06 works the scores out by hand. Here we only read them.

# %%
from sparse_mlp import SparseStructure
from sparse_mlp.link_prediction import score_matrix

wanted = [len(links) - len(alive) for links, alive in zip(net, kept, strict=True)]
shapes = list(pairwise(SIZES))


def structure_of(links, shape):
    return SparseStructure.from_coo([u for u, _ in links], [v for _, v in links], shape=shape)


def best(links, shape, k):
    scores = score_matrix(structure_of(links, shape), "ch3-l3p")
    absent = [(u, v) for u, v in np.ndindex(shape) if (u, v) not in links]
    return sorted(sorted(absent, key=lambda link: -scores[link].round(9))[:k])  # equal scores: the first comes first


scores = score_matrix(structure_of(kept[0], shapes[0]), "ch3-l3p")
print("scores in layer 1:")
print(scores.round(3))
grown = [best(links, shape, k) for links, shape, k in zip(kept, shapes, wanted, strict=True)]
print("grown:", grown)

# %% [markdown]
# You should see the highest scores 2, 1.707 and 1.707 at (2, 1), (0, 2) and (1, 0). Look at two things.
#
# (1, 0) was removed a moment ago, and it comes back: its weight was small, but the wiring around it asks for it. Such
# links are counted as removed *and* as grown.
#
# The columns 4 and 5 are zero. Neurons 4 and 5 have no links left, and without links there are no roundabout ways. So
# link prediction never calls them back, as long as there are other links with a score. A random draw might. Remember
# this for part 9.
#
# ## 5. The library does it
#
# The rule is called `ch3l3`. It takes layers, not dictionaries. In our layer 3 two absent links have the same score,
# and only one may grow. The first one wins, as in our `best`. (With `ties="random"` a draw would decide.)

# %%
from sparse_mlp.evolution import make_rule, one_chain
from sparse_mlp.layers import SparseLinear


def make_layers():
    return [
        SparseLinear(structure_of(links, shape), [links[link] for link in sorted(links)], name=f"layer {number}")
        for number, (links, shape) in enumerate(zip(net, shapes, strict=True), start=1)
    ]


layers = make_layers()
update = make_rule("ch3l3", zeta=ZETA).update(one_chain(layers), progress=0.0, rng=0)


def pairs(links):
    return [(int(u), int(v)) for u, v in zip(*links, strict=True)]


for change in update.layers:
    print(change.layer)
    for stage in ("removed", "percolated", "grown"):
        print(f"  {stage:<11}", pairs(getattr(change, stage)))
same = [
    [pairs(change.removed) == out, pairs(change.percolated) == cut, pairs(change.grown) == new]
    for change, out, cut, new in zip(update.layers, removed, percolated, grown, strict=True)
]
print("as by hand:", same)

# %% [markdown]
# You should see `True` nine times.
#
# `update` is a log with types, a `TopologyUpdate`. It has one `LayerUpdate` for each layer: its name, the wiring
# `before` and `after`, the links of the three stages, and `carry`. Every figure and every number about the wiring in
# this library is made from such logs.

# %%
from sparse_mlp.plotting import UpdateStagesDisplay, save

print("picture:", save(UpdateStagesDisplay.from_update(update), figures / "05_one_update.png"))

# %% [markdown]
# The picture has one panel for each stage: dotted red links go, green ones come. Neurons count from 0 at the top. Find
# the chain from (3, 1) on the right back to (1, 4) on the left, and the three neurons that no link reaches any more.
#
# ## 6. What belongs to a link
#
# A link has a weight, and other numbers belong to it: its momentum in the optimizer, its age. After the update they
# must still belong to the right link. `carry` says where each link of the new wiring stood in the old one, -1 for a
# new link. One line of NumPy does the rest: append the value for new links, and pick.

# %%
first = update.layers[0]
momentum = np.arange(1, 11) / 10  # as if training had left these, in the order of the links
ages = np.full(10, 5)  # as if all links had lived through five updates
momentum_after = np.append(momentum, 0.0)[first.carry]  # -1 picks the last one: new links start at 0
ages_after = np.append(ages + 1, 0)[first.carry]
print("link    weight   carry  momentum  age")
for link, w, c, m, a in zip(
    pairs((first.after.rows(), first.after.indices)), layers[0].weight, first.carry, momentum_after, ages_after,
    strict=True,
):  # fmt: skip
    print(link, f"{w:8.3f} {c:6d} {m:9.1f} {a:4d}")

# %% [markdown]
# You should see seven links with their old weight, their momentum, and age 6. The three new ones have momentum 0, age
# 0, and random weights. These are drawn from a normal distribution with variance `2 / n_in`, as in the paper.
#
# (1, 0) is new as well. It stood at the same place, but its old weight -0.2 is forgotten here. Other rules let a link
# that comes back in the same update keep its weight: the option is called `keep_regrown`. Its momentum starts at 0 in
# any case.
#
# ## 7. The same at real size
#
# 784 inputs, three hidden layers of 1000 neurons, 1 % of the links. Fresh random weights, `ζ = 0.3`, one update.

# %%
from time import perf_counter

from sparse_mlp.models import SparseMLP

BIG = [392, 500, 500, 500, 10] if options.fast else [784, 1000, 1000, 1000, 10]
DENSITY = 0.02 if options.fast else 0.01  # half the neurons at twice the density have as many links each
MADE = {
    "set": make_rule("set", zeta=0.3),
    "rlr": make_rule("rlr", zeta=0.3, percolate=True),
    "ch3l3": make_rule("ch3l3", zeta=0.3),
}
STAGES = ("removed", "percolated", "grown")


def one_update(rule):
    layers = SparseMLP(BIG, density=DENSITY, rng=0).sparse_layers
    rule.update(one_chain(layers), progress=0.0, rng=0)  # the very first one compiles the kernels
    layers = SparseMLP(BIG, density=DENSITY, rng=0).sparse_layers
    began = perf_counter()
    return layers, rule.update(one_chain(layers), progress=0.0, rng=0), perf_counter() - began


def counts(update):
    return [[len(getattr(change, stage)[0]) for stage in STAGES] for change in update.layers]


big = {name: one_update(rule) for name, rule in MADE.items()}
for change, numbers in zip(big["ch3l3"][1].layers, counts(big["ch3l3"][1]), strict=True):
    words = ", ".join(f"{number} {stage}" for number, stage in zip(numbers, STAGES, strict=True))
    print(f"{change.layer}: {change.before.nnz} links, {words}, {change.after.nnz} links")
seconds = big["ch3l3"][2]
print(f"{seconds * 1e3:.0f} milliseconds for all three layers")

# %% [markdown]
# You should see that exactly 30 % are removed, that percolation takes some dozens more, and that the number of links
# after the update is the number before. Grown is always removed plus percolated.

# %%
stages = UpdateStagesDisplay.from_update(big["ch3l3"][1])
print("picture:", save(stages, figures / "05_real_size.png"))

# %% [markdown]
# The picture shows a few neurons only, those that share many changed links. The counts above the panels are those of
# the whole network. Percolated links are rare, so neurons that have some are preferred. In panel (c) look for neurons
# where the green lines meet.
#
# ## 8. Three rules, three stages
#
# | | remove | percolate | regrow |
# |---|---|---|---|
# | SET (2018) | near zero, each sign by itself | no | at random |
# | RLR, random link regrowth (2026) | near zero, both signs together | yes | at random |
# | CH3-L3 (2024, 2026) | near zero, both signs together | yes | highest CH3-L3 score |
#
# From SET to RLR two small things change. From RLR to CH3-L3 **one** stage changes, the last one. So these two are
# the fair comparison if you want to know what link prediction does. All three start from the same network.

# %%
from sparse_mlp.measures import anp_by_paths

table = {}
print("rule    removed  percolated  grown   links a neuron grew: most   neurons on a path")
for name, (layers, log, _) in big.items():
    sums = np.sum(counts(log), axis=0).tolist()
    newest = max(int(np.bincount(change.grown[1], minlength=change.after.n_out).max()) for change in log.layers)
    active = anp_by_paths([layer.structure for layer in layers])
    table[name] = (*sums, newest, active)
    print(f"{name:<7} {sums[0]:>7} {sums[1]:>11} {sums[2]:>6} {newest:>27} {active:>19.1%}")
stage_by_stage = [
    [all(np.array_equal(*both) for both in zip(getattr(a, stage), getattr(b, stage), strict=True)) for stage in STAGES]
    for a, b in zip(big["rlr"][1].layers, big["ch3l3"][1].layers, strict=True)
]
agree = {stage: all(column) for stage, column in zip(STAGES, zip(*stage_by_stage, strict=True), strict=True)}
print("RLR and CH3-L3 did the same:", agree)

# %% [markdown]
# You should see that RLR and CH3-L3 removed and percolated the very same links, and grew others. CH3-L3 gives some
# neurons many new links in a single update: links gather where links are. A random draw spreads them evenly.
#
# *Neurons on a path* is the fraction of all neurons that lie on a path from an input to an output. The papers call it
# ANP, active neuron post-percolation. Random regrowth calls neurons back, link prediction does not.
#
# ## 9. Update after update
#
# So what happens in training? 1,437 digits, a network 64-300-300-300-10 with 2 % of the links, an update after each
# epoch. A *callback* is called after each update; ours records the active neurons.

# %%
from sparse_mlp.datasets import load
from sparse_mlp.kernels.pool import set_threads
from sparse_mlp.training import Callback, Trainer

digits = load("digits")
EPOCHS = 12 if options.fast else 25


class Watch(Callback):
    def __init__(self):
        self.active = []

    def on_update(self, trainer, update, record):
        self.active.append(anp_by_paths([layer.structure for layer in trainer.model.sparse_layers]))


def train(rule):
    watch = Watch()
    model = SparseMLP([64, 300, 300, 300, 10], density=0.02, rng=1)
    trainer = Trainer(model, rule=rule, rng=1, callbacks=[watch])
    trainer.fit((digits.train_x, digits.train_y), epochs=EPOCHS)
    return trainer, watch


set_threads(1)  # so small a network is done before a second thread has woken up
trained = {name: train(rule) for name, rule in MADE.items()}
set_threads(None)
for name, (_, watch) in trained.items():
    shown = "  ".join(f"{value:.2f}" for value in watch.active[:: max(1, EPOCHS // 8)])
    print(f"{name:<6} active neurons: {shown} … {watch.active[-1]:.2f}")

# %% [markdown]
# You should see that SET and RLR keep about nine tenths of the neurons active all the time: what one update cuts off,
# another one calls back. CH3-L3 loses more neurons already in its first update, and they stay away. Is that good or
# bad? A neuron on no path costs nothing and learns nothing, so the links that are left are shared by fewer neurons,
# and each of them has more. Whether that helps is a question for accuracy, and tutorial 07 asks it.

# %%
from matplotlib.figure import Figure

from sparse_mlp.plotting import style

with style():
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.add_subplot()
for (name, (_, watch)), color in zip(trained.items(), ("#555555", "#0077BB", "#CC3311"), strict=True):
    axes.plot(np.arange(1, len(watch.active) + 1), watch.active, "o-", markersize=3, color=color, label=name)
axes.set(xlabel="topology update", ylabel="neurons on a path (fraction)", ylim=(0.7, 1.0))
axes.set_title("Link prediction does not call neurons back")
axes.legend(frameon=False, ncols=3, loc="upper right")
figure.savefig(figures / "05_active_neurons.png", dpi=120)
print("picture:", figures / "05_active_neurons.png")

# %% [markdown]
# Last, the promise of part 6, on real momenta. There is no update after the last epoch, since new links would stay
# untrained. We ask for one more and look at the optimizer before and after.

# %%
trainer, _ = trained["ch3l3"]
velocity = trainer.optimizer.arrays["velocity"].copy()
trainer.update_topology()
velocity_after = trainer.optimizer.arrays["velocity"]
ages = trainer.state.wiring_log.links.ages
right, start, start_after = [], 0, 0
print("layer     links   new   momentum of new links   links older than 5 updates")
for change in trainer.last_update.layers:
    was = velocity[start : start + change.before.nnz]
    now = velocity_after[start_after : start_after + change.after.nnz]
    new = change.carry < 0
    right.append(np.array_equal(now, np.append(was, np.float32(0))[change.carry]))
    old = np.mean(ages[change.layer] > 5)
    print(f"{change.layer} {change.after.nnz:>7} {new.sum():>5} {np.abs(now[new]).max():>23} {old:>26.0%}")
    start, start_after = start + change.before.nnz, start_after + change.after.nnz
print("all momenta follow carry:", right)

# %% [markdown]
# You should see that all new links start with momentum 0, and that all others keep theirs. And you should see that 60
# to 70 % of the links are older than five updates. If removal were blind, `0.7^6`, 12 %, would be. So it is mostly
# newcomers that go: training has not made them large yet.
#
# ## What you have seen
#
# Remove, percolate, regrow. The log says which links changed, `carry` says which ones stayed, and whatever belongs to
# a link moves with it. Two rules that share the first two stages differ only in the third, and that already changes
# where links gather and which neurons stay alive.
#
# **Try it.** (a) Set the weight of (3, 1) in the third layer to 0.9. Which links does percolation take now? (b) Write
# `new_weights="zero"` into the rule of part 5, then `keep_regrown=True`. What does (1, 0) weigh? (c) Give `rlr` the
# option `percolate=False`, and look at the active neurons of part 9.

# %%
assert removed == [[(0, 5), (1, 0)], [(2, 1), (3, 0)], [(3, 1)]]
assert percolated == [[(1, 4)], [(4, 3), (5, 0)], []] and [len(links) for links in kept] == [7, 6, 4]
assert wanted == [3, 4, 1] and grown[0] == [(0, 2), (1, 0), (2, 1)]
assert np.allclose([scores[2, 1], scores[0, 2], scores[1, 0]], [2, 1 + 0.5**0.5, 1 + 0.5**0.5])
assert not scores[:, 4:].any()
assert same == [[True] * 3] * 3
assert first.carry.tolist() == [0, 1, -1, -1, 4, 5, 7, -1, 8, 9]
assert momentum_after.tolist() == [0.1, 0.2, 0, 0, 0.5, 0.6, 0.8, 0, 0.9, 1.0]
assert ages_after.tolist() == [6, 6, 0, 0, 6, 6, 6, 0, 6, 6]
for name, (_, log, _) in big.items():
    for change, (out, cut, new) in zip(log.layers, counts(log), strict=True):
        assert new == out + cut and change.after.nnz == change.before.nnz
        assert out == int(0.3 * change.before.nnz) or name == "set"
assert agree == {"removed": True, "percolated": True, "grown": False}
assert table["ch3l3"][3] > 2 * table["rlr"][3] and table["rlr"][1] > 0 == table["set"][1]
final = {name: watch.active[-1] for name, (_, watch) in trained.items()}
assert abs(final["set"] - final["rlr"]) < 0.05 and final["ch3l3"] < final["rlr"] - 0.03
assert all(right)
assert all(np.mean(ages[change.layer] > 5) > 0.4 for change in trainer.last_update.layers)
print("All numbers are as stated.")
