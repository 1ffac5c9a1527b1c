# %% [markdown]
# # 08 Soft rules and a density that decays
#
# In tutorial 07 you saw a rule run in a circle. It removed the smallest weights, asked the wiring where to grow, and
# got the answer of last time. The same question, the same answer: such a rule is called *hard*.
#
# CHTs (Zhang et al. 2025, the *s* is for *soft*) draws lots instead, in both stages, and loads the dice: important
# links are likely to stay, links with high scores are likely to grow. CHTss adds a density that starts high and falls
# like a *sigmoid*. So at the beginning there are many links to choose from.
#
# You draw the lots by hand, with five links and a few random numbers. Then you train with the rules on digits and
# count what they do.
#
# It takes about 30 s. Its data come with scikit-learn.

# %%
from itertools import pairwise, permutations

import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin()
figures = options.figures

# %% [markdown]
# ## 1. Which link matters?
#
# Up to now: the one with the largest weight. Look at this layer, three inputs and three outputs, a dot is a missing
# link:
#
# ```
#           v0    v1    v2
#     u0   0.5  -1.0    .
#     u1   2.0   0.1    .
#     u2    .     .    0.3
# ```
#
# By size, 0.1 is the first to go and 0.3 the second. But 0.3 is the only link of u2, and the only one of v2. Take it
# away, and two neurons are cut off. *Relative importance* (RI) asks how large a weight is among its neighbours: its
# share of all weights that arrive at `v`, plus its share of all weights that leave `u`.
#
# - (0, 0): at v0 arrive 0.5 and 2.0, from u0 leave 0.5 and 1.0: `0.5 / 2.5 + 0.5 / 1.5 = 0.533`.
# - (2, 2): `0.3 / 0.3 + 0.3 / 0.3 = 2`. More is not possible.
#
# Do the other three. Signs do not count.

# %%
from sparse_mlp import SparseStructure
from sparse_mlp.evolution import link_importance
from sparse_mlp.layers import SparseLinear

links = {(0, 0): 0.5, (0, 1): -1.0, (1, 0): 2.0, (1, 1): 0.1, (2, 2): 0.3}
W = np.zeros((3, 3))
for (u, v), w in links.items():
    W[u, v] = abs(w)
arriving, leaving = W.sum(axis=0), W.sum(axis=1)
importance = {(u, v): float(W[u, v] / arriving[v] + W[u, v] / leaving[u]) for u, v in links}
structure = SparseStructure.from_coo([u for u, _ in links], [v for _, v in links], shape=(3, 3))
layer = SparseLinear(structure, list(links.values()), dtype="float64", name="layer")
from_library = link_importance(layer)
for link, by_library in zip(links, from_library, strict=True):
    print(f"{link} weight {links[link]:5.1f}   importance {importance[link]:.4f}   library {by_library:.4f}")

# %% [markdown]
# You should see 0.5333, 1.5758, 1.7524, 0.1385 and 2. By importance (2, 2) is the last to go.
#
# ## 2. Draw what stays
#
# Soft removal draws the links that *stay*, one after the other, with probability proportional to `score^T`. The score
# is RI or the size of the weight: the paper has both, and the library uses RI by default. The exponent `T` says how
# hard the draw is:
#
# - `T = 0`: the same chance for all, blind;
# - `T = 1`: twice the weight, twice the chance;
# - `T = 3`: twice the weight, eight times the chance;
# - `T → ∞`: the largest always, hard.
#
# The paper writes it with a softness `δ` between 0 and 1, `T = δ / (1 - δ)`: `δ = 0.5` is `T = 1`, `δ = 0.75` is `T =
# 3`. Training begins soft and gets harder, from 1 to 3. Here are the chances for the first draw by size, with the
# four weights 0.5, 1, 2 and 0.1.

# %%
sizes = np.array([0.5, 1.0, 2.0, 0.1])
chances = {T: sizes**T / np.sum(sizes**T) for T in (0, 1, 3, 10)}
for T, chance in chances.items():
    print(f"T = {T:>2}:", "  ".join(f"{value:.4f}" for value in chance))

# %% [markdown]
# You should see 0.1389, 0.2778, 0.5556 and 0.0278 for `T = 1`, and 0.8766 for the largest at `T = 3`.
#
# If three of the four stay, who goes? Not simply "the smallest with 1 - 0.0278". The draw is without replacement:
# what is drawn is out, and the others share the chances of the next draw. There are 24 orders. We add up all of them,
# and compare with 4,000 draws of the library.

# %%
from sparse_mlp.evolution import soft_removal

four = SparseLinear(SparseStructure.complete((2, 2)), [0.5, -1.0, 2.0, 0.1], dtype="float64", name="four")
softly = soft_removal(0.5, 0.75, end=0.75, alpha=1.0)  # alpha: 1 for the size, 0 for the relative importance


def chance_to_go(T):
    goes = np.zeros(4)
    for order in permutations(range(4)):
        left, chance = sizes**T, 1.0
        for link in order[:3]:
            chance *= left[link] / left.sum()
            left = np.where(np.arange(4) == link, 0, left)
        goes[order[3]] += chance
    return goes


generator = np.random.default_rng(0)
DRAWS, goes, drawn = 4000, {}, {}
for T, progress in ((1, 0.0), (3, 0.75)):
    goes[T] = chance_to_go(T)
    drawn[T] = np.mean([~softly(four, 0.25, progress=progress, rng=generator) for _ in range(DRAWS)], axis=0)
    print(f"T = {T}, exactly:", "  ".join(f"{value:.3f}" for value in goes[T]))
    print("     drawn:     ", "  ".join(f"{value:.3f}" for value in drawn[T]))

# %% [markdown]
# You should see that at `T = 1` the weight 0.1 goes in four of five draws and 0.5 in one of seven. Even the largest
# goes in one of a hundred. At `T = 3` the weight 0.1 goes almost always. So the rule explores at first, and settles
# later.
#
# ## 3. Draw what grows
#
# How do you draw `k` links without replacement, with given chances, from a million candidates? Not one after the
# other. Let all run a race: each absent link with score `s` gets a uniform random number `x` between 0 and 1 and
# arrives at the time `-log(1 - x) / s`. A high score runs fast. The first `k` to arrive are the draw, and it can be
# shown that the chances are exactly those of drawing one by one.
#
# Some write it with *Gumbel keys*, `log s - log(-log(1 - x))`, and take the `k` largest. That is minus the logarithm of
# the time, so the order is the same.
#
# The five absent links of tutorial 06, with their CH2-L3n scores:

# %%
from sparse_mlp.link_prediction import sample_links, score_matrix

X = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 1]])
wiring = SparseStructure.from_coo(*np.nonzero(X), shape=X.shape)
scores = score_matrix(wiring, "ch2-l3n")
uniform = np.random.default_rng(5).random(X.shape)  # one number for each place
absent = [(int(u), int(v)) for u, v in np.argwhere(X == 0)]
times = {link: float(-np.log(1 - uniform[link]) / scores[link]) for link in absent}
keys = {link: float(np.log(scores[link]) - np.log(-np.log(1 - uniform[link]))) for link in absent}
print("absent   score   number x    time    key")
for link in absent:
    print(f"{link} {scores[link]:7.0f} {uniform[link]:10.3f} {times[link]:8.4f} {keys[link]:6.2f}")
first = sorted(absent, key=times.get)
by_keys = sorted(absent, key=keys.get, reverse=True)
rows, cols = sample_links(wiring, "ch2-l3n", 3, rng=5)
library_draw = list(zip(rows.tolist(), cols.tolist(), strict=True))
print("first three to arrive: ", first[:3])
print("three largest keys:    ", by_keys[:3])
print("sample_links:          ", library_draw)

# %% [markdown]
# You should see the same three links, in the same order, three times. The hard rule would take (2, 1), (0, 2) and
# (1, 0), with the scores 8, 7 and 7, each time.
#
# ## 4. A density that decays
#
# CHTss starts with half of all links and ends at the density asked for. Three courses from 50 % down to 10 %, at
# eleven moments:

# %%
from sparse_mlp.evolution import DENSITY_DECAYS, density_schedule

moments = np.linspace(0, 1, 11)
tables = {}
for name in DENSITY_DECAYS:
    density_at = density_schedule(name, 0.5, 0.1, end=1.0)
    tables[name] = np.array([density_at(float(moment)) for moment in moments])
    print(f"{name:<8}", " ".join(f"{value:.3f}" for value in tables[name]))
fine = np.linspace(0, 1, 2001)
excess = {}
for name in DENSITY_DECAYS:
    density_at = density_schedule(name, 0.5, 0.1, end=1.0)
    excess[name] = float(np.mean([density_at(float(moment)) - 0.1 for moment in fine]) / 0.4)
print("mean excess over the last density:", {name: round(value, 3) for name, value in excess.items()})

# %% [markdown]
# You should see all three start at 0.5 and end at exactly 0.1. The sigmoid stays high at first, falls quickly in the
# middle, and ends gently: when it starts to cut, training has already sorted the links, and at the end it has time to
# repair. The cubic course, from pruning at the end of dense training, cuts most at once.
#
# That has a price. Links cost time. On average over the decay the sigmoid has half of the excess links, the cubic
# course a quarter. To compare two courses, give them the same number of links on average.

# %%
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from sparse_mlp.plotting import style

with style():
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.add_subplot()
for name, color in zip(DENSITY_DECAYS, ("#0077BB", "#CC3311", "#555555"), strict=True):
    density_at = density_schedule(name, 0.5, 0.1, end=1.0)
    axes.plot(fine, [density_at(float(moment)) for moment in fine], color=color, label=name)
    axes.plot(moments, tables[name], "o", markersize=4, color=color)
axes.set(xlabel="moment of the decay", ylabel="density", ylim=(0, 0.55))
axes.set_title("Three ways from 50 % to 10 %")
axes.legend(frameon=False)
figure.savefig(figures / "08_density_decay.png", dpi=120)
print("picture:", figures / "08_density_decay.png")

# %% [markdown]
# ## 5. One update of CHTss, counted
#
# A layer of 200 × 200 at half of all links: 20,000. Final density 2 %, the decay ends at half of training. We ask for
# the update at a quarter of training: the middle of the decay, so the density should be the middle, 26 %: 10,400
# links.
#
# 1. *Prune*: keep the 10,400 links of highest RI. No dice here. 9,600 go.
# 2. *Remove softly*: of the 10,400, 30 % go: 3,120.
# 3. Percolate.
# 4. *Regrow softly*, up to 10,400.

# %%
from sparse_mlp.evolution import make_rule, one_chain
from sparse_mlp.models import SparseMLP

rule = make_rule("chtss", density=0.02)
print("the rule wants the network to be built with density", rule.initial_density)
model = SparseMLP([200, 200, 10], density=rule.initial_density, rng=0)
change = rule.update(one_chain(model.sparse_layers), progress=0.25, rng=0).layers[0]
counted = [change.before.nnz, len(change.removed[0]), len(change.percolated[0]), len(change.grown[0]), change.after.nnz]
print("before {}, removed {}, percolated {}, grown {}, after {}".format(*counted))

# %% [markdown]
# You should see 20000 links, 12720 removed (the log counts 9,600 and 3,120 together), 3120 grown, and 10400 after.
#
# ## 6. Train
#
# Digits, a network 64-200-200-200-10, 2 % of the links, an update after each epoch. Five rules: the wiring that never
# changes, SET, CHT with its early stop switched off, CHTs and CHTss. Everything else is equal. The first networks are
# equal too, but for CHTss, which starts with 25 times as many links.

# %%
from sklearn.model_selection import train_test_split

from sparse_mlp.datasets import load, standardize
from sparse_mlp.kernels.pool import set_threads
from sparse_mlp.optim import SGD
from sparse_mlp.training import Trainer

digits = standardize(load("digits"))
train_x, valid_x, train_y, valid_y = train_test_split(
    digits.train_x, digits.train_y, test_size=0.2, stratify=digits.train_y, random_state=1
)
EPOCHS, SEEDS = (20, range(5)) if options.fast else (40, range(10))
DENSITY = 0.02
RULES = {
    "static": {},
    "set": {},
    "cht": {"overlap_stop": 1.0},
    "chts": {},
    "chtss": {"density": DENSITY},
}
set_threads(1)  # so small a network is done before a second thread has woken up


def train(name, seed):
    rule = make_rule(name, **RULES[name])
    model = SparseMLP([64, 200, 200, 200, 10], density=rule.initial_density or DENSITY, rng=seed)
    optimizer = SGD(0.025, momentum=0.9, weight_decay=5e-4)
    trainer = Trainer(model, rule=rule, optimizer=optimizer, schedule="linear", rng=seed)
    trainer.fit((train_x, train_y), validation=(valid_x, valid_y), epochs=EPOCHS)
    return trainer


runs = {name: [train(name, seed) for seed in SEEDS] for name in RULES}
set_threads(None)

one = runs["chtss"][0].history.updates
print("CHTss, second sparse layer, update by update")
for record in one[: EPOCHS // 2 + 2 : 2]:
    counts = record["layers"][1]
    text = "before {before:>6}  removed {removed:>6}  percolated {percolated:>3}  grown {grown:>6}  after {after:>6}"
    print(f"epoch {record['epoch']:>2}:", text.format(**counts))

# %% [markdown]
# You should see the number of links fall from 20,000 to 800, slowly, quickly, slowly, until half of training is over.
# From then on `before` and `after` are equal.

# %%
from sparse_mlp.plotting import WiringCourseDisplay, save


def course(trainer, key):
    return [float(np.mean([layer[key] for layer in record["layers"]])) for record in trainer.history.updates]


evolving = [name for name in RULES if name != "static"]
mean_overlap = {name: float(np.mean([course(t, "overlap") for t in runs[name]])) for name in evolving}
tried = {name: float(np.mean([t.history.updates[-1]["itop"] for t in runs[name]])) for name in evolving}
active = {name: float(np.mean([t.history.updates[-1]["anp_by_paths"] for t in runs[name]])) for name in evolving}
print("rule    overlap   places ever tried   neurons on a path at the end")
for name in evolving:
    print(f"{name:<7} {mean_overlap[name]:7.2f} {tried[name]:19.1%} {active[name]:30.0%}")

with style():
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
for name, color in zip(evolving, ("#555555", "#CC3311", "#0077BB", "#009E73"), strict=True):
    updates = np.arange(1, EPOCHS)
    left.plot(updates, np.mean([course(t, "overlap") for t in runs[name]], axis=0), color=color, label=name)
    right.semilogy(updates, np.mean([course(t, "itop") for t in runs[name]], axis=0), color=color, label=name)
left.set(title="overlap", xlabel="topology update", ylabel="new links that were just removed", ylim=(0, 1))
right.set(title="places that ever held a link", xlabel="topology update", ylabel="fraction of all places")
right.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
left.legend(frameon=False)
figure.savefig(figures / "08_soft_and_hard.png", dpi=120)
print("picture:", figures / "08_soft_and_hard.png")
print("picture:", save(WiringCourseDisplay.from_history(one), figures / "08_chtss.png"))

# %% [markdown]
# You should see the circle of CHT again: most of its new links were there a moment ago, and in all its updates it tries
# few other places than the 2 % that it began with. CHTs tries two or three times as many, and SET even more, because
# it draws with no regard to scores. CHTss has tried most places, for it began with half of them. (Its overlap of 0.24
# at the beginning is no circle: where half of all places are taken, chance alone often hits one that was just
# emptied.) CHTs also keeps more neurons alive than CHT: by relative importance the last link of a neuron is likely to
# stay.
#
# ## 7. Accuracy, and what it cost
#
# The test set, once. The last column says how many links a rule had on average over the epochs: that is what a
# training step has to pay for.

# %%
accuracy = {
    name: np.array([np.mean(t.model.predict_scores(digits.test_x).argmax(axis=1) == digits.test_y) for t in several])
    for name, several in runs.items()
}
held = {name: np.mean([sum(r["links"]) for t in several for r in t.history.epochs]) for name, several in runs.items()}
print(f"test accuracy of {len(SEEDS)} seeds, difference to static with its standard error")
for name, values in accuracy.items():
    gain = values - accuracy["static"]
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    print(f"{name:<7} {values.mean():.3f}   {gain.mean():+.3f} ± {error:.3f}   {held[name]:>8,.0f} links on average")

# %% [markdown]
# You should see all five within two points of each other. A difference of one or two standard errors is no difference
# that you can trust. SET is behind, CHT and CHTs are level with each other and hardly ahead of a wiring that never
# changes. **The accuracy does not show here whether a rule is soft or hard**, although the overlap shows it at once.
# And CHTss paid for seven times as many links on average and is not ahead: in so short a training half of the epochs
# go to the decay, and few are left to repair what it cut. (With `--fast` only ten are left, and it is several points
# behind.)
#
# Digits are easy, and 2 % is enough for them. The paper reports where softness and decay do matter: in a transformer
# for translation (Multi30k, 90 % sparse), its full method reaches 32.8 BLEU points, without soft draws 28.9, without
# decay 30.4.
#
# ## What you have seen
#
# A hard rule answers the same question in the same way. Two loaded draws open the circle: which links stay, and which
# ones grow. Both are races, with a random number and a score for each link. A density that decays buys choice at the
# beginning, and you pay for it with links.
#
# **Try it.** (a) In part 1 make the weight of (0, 1) larger and larger. Which importances change, and towards what?
# (b) Run `chts` with `delta_start=0` and `delta_end=0`: blind removal. How much accuracy does that cost? (c) Give
# `chtss` the options `decay="cubic"` and `decay="linear"`. What do the last columns of part 7 say?

# %%
assert np.allclose(list(importance.values()), [0.533333, 1.575758, 1.752381, 0.138528, 2], atol=1e-6)
assert np.allclose(from_library, list(importance.values()), rtol=1e-12)
assert np.allclose(chances[1], [0.138889, 0.277778, 0.555556, 0.027778], atol=1e-6)
assert np.allclose(chances[3], [0.013697, 0.109577, 0.876616, 0.000110], atol=1e-6)
for T in goes:
    assert np.isclose(goes[T].sum(), 1) and np.isclose(drawn[T].sum(), 1)
    assert np.all(np.abs(drawn[T] - goes[T]) <= 4 * np.sqrt(goes[T] / DRAWS) + 1e-3)  # four standard deviations
assert 0.78 < goes[1][3] < 0.82 and 0.13 < goes[1][0] < 0.15 and goes[3][3] > 0.99
assert first == by_keys and first[:3] == library_draw == [(1, 0), (1, 3), (0, 2)]
sigmoid = [0.5, 0.497713, 0.490302, 0.467560, 0.407944, 0.3, 0.192056, 0.132440, 0.109698, 0.102287, 0.1]
assert np.allclose(tables["sigmoid"], sigmoid, atol=1e-6)
assert np.allclose(tables["cubic"][:3], [0.5, 0.3916, 0.3048])
assert np.allclose([excess["sigmoid"], excess["linear"], excess["cubic"]], [0.5, 0.5, 0.25], atol=1e-3)
assert rule.initial_density == 0.5 and counted[1] + counted[2] == 20000 - 10400 + counted[3]
assert counted[0] == 20000 and counted[1] == 9600 + 3120 and counted[4] == 10400
for several in runs.values():
    for trainer in several:
        assert [layer.structure.nnz for layer in trainer.model.sparse_layers] == [256, 800, 800]
densities = [record["layers"][1]["after"] for record in one]
assert all(later <= earlier for earlier, later in pairwise(densities)) and densities[EPOCHS // 2] == 800
assert mean_overlap["cht"] > 0.7 > 0.3 > max(mean_overlap[name] for name in ("set", "chts", "chtss"))
assert 1.5 * tried["cht"] < tried["chts"] < tried["set"] < tried["chtss"] and tried["chtss"] > 0.6
means = {name: values.mean() for name, values in accuracy.items()}
steady = [means[name] for name in RULES if name != "chtss"]
assert max(steady) - min(steady) < 0.04 and min(steady) > 0.9 and means["chtss"] > (0.85 if options.fast else 0.91)
assert active["chts"] > active["cht"]
assert held["chtss"] > 5 * held["chts"] == 5 * held["static"]
print("All numbers are as stated.")
