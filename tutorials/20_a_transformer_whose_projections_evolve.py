# %% [markdown]
# # 20 A Transformer whose projections evolve
#
# A Transformer (Vaswani et al. 2017) reads a sentence with *attention*: each word looks at all words and takes what it
# needs. Most of its weights are in a few square matrices. Zhang et al. (2025) keep one in ten of these weights and let
# the links move while it learns.
#
# You compute attention by hand, forward and backward. You see why sentences of different lengths need no padding. Then
# you wire the six matrices of a layer, train a small Transformer to turn strings round, and look at what it reads. At
# the end you follow the one rule of evolution that is new: query and key keep a unit only together.
#
# A *token* is a word or a mark such as the end of a sentence.
#
# It takes about 10 s and needs no data.

# %%
import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin("measure less often; every idea stays")
figures = options.figures

# %% [markdown]
# ## 1. Attention by hand
#
# A word has three vectors: a *query* `q` (what it looks for), a *key* `k` (what it offers to be found by) and a *value*
# `v` (what it tells). One word with the query (1, 0) looks at two words with the keys (1, 0) and (0, 1) and the values
# (1, 2) and (3, 4).
#
# 1. How well do query and key agree? The products are 1 and 0. Divide them by the root of the length of a query, √2.
# 2. Turn the two numbers into shares that add up to 1, by the softmax: `exp(.7071)` and `exp(0)`, over their sum.
# 3. Mix the values by these shares.
#
# Which of the two values will the result be nearer to? Do the three steps on paper.

# %%
q, k, v = np.array([1.0, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 2.0], [3.0, 4.0]])


def attention(q, k, v):
    """The shares of the keys, and the mixture of the values."""
    scores = k @ q / np.sqrt(len(q))
    shares = np.exp(scores) / np.exp(scores).sum()
    return shares, shares @ v


shares, mixture = attention(q, k, v)
print("shares ", shares.round(6))
print("mixture", mixture.round(6))

# %% [markdown]
# You should see the shares .669762 and .330238, and the mixture (1.660477, 2.660477): the first key agrees, so its
# value counts for two thirds.
#
# ## 2. The way back
#
# Let the loss grow by 1 for each unit of the mixture's first number: `dc = (1, 0)`. With `a` for the shares:
#
# - the values: `dv_j = a_j dc`,
# - the shares: `da_j = dc · v_j`, here 1 and 3,
# - the scores: `ds_j = a_j (da_j − Σ a da)`. Softmax shares out: what one wins the others lose, so these add up to 0,
# - query and keys: `dq = Σ ds_j k_j / √2`, `dk_j = ds_j q / √2`.
#
# We compare with differences: change an entry a little and see what the mixture does.

# %%
dc = np.array([1.0, 0.0])
da = v @ dc
ds = shares * (da - shares @ da)
dq, dk, dv = ds @ k / np.sqrt(2), np.outer(ds, q) / np.sqrt(2), np.outer(shares, dc)


def slope(array, place):
    """How fast the loss moves with an entry, by a difference to either side."""
    found = []
    for step in (1e-6, -1e-6):
        array[place] += step
        found.append(attention(q, k, v)[1] @ dc)
        array[place] -= step
    return (found[0] - found[1]) / 2e-6


print("by formula   ", dq.round(6), dk[:, 0].round(6), dv[:, 0].round(6))
by_difference = [[slope(q, i) for i in range(2)], [slope(k, (j, 0)) for j in range(2)]]
print("by difference", *(np.round(each, 6) for each in by_difference), "...")
wrong = max(
    np.abs(dq - [slope(q, i) for i in range(2)]).max(),
    np.abs(dk.ravel() - [slope(k, divmod(i, 2)) for i in range(4)]).max(),
    np.abs(dv.ravel() - [slope(v, divmod(i, 2)) for i in range(4)]).max(),
)

# %% [markdown]
# You should see the same numbers twice: -.312797 and .312797 for the query, -.312797 and .312797 for the first numbers
# of the keys.
#
# Now add the same vector, say (5, -2), to *both* keys. What becomes of the shares?

# %%
moved, _ = attention(q, k + np.array([5.0, -2.0]), v)
print("shares with both keys moved:", moved.round(6))

# %% [markdown]
# Nothing. Both scores grow by the same number, and softmax looks at differences only. The projection that makes the
# keys has a bias, which is such a vector. So the gradient of this bias is 0, and it stays where it began.
#
# ## 3. Sentences of different lengths
#
# Usual code makes a rectangle of a batch: short sentences get *padding*, and masks keep everybody from looking at it.
# The work on padding is for nothing, and a mask that is wrong gives numbers that are almost right.
#
# The strings of part 5 have three to eight letters and an end mark. Take the first 64 of them. How much of the
# rectangle is padding?

# %%
from sparse_mlp.datasets import load_translation
from sparse_mlp.layers import MultiHeadAttention, SparseLinear
from sparse_mlp.topology import generate

data = load_translation("reversal")
lengths = np.diff(data.train.pairs.source_offsets)[:64]
padding = 1 - lengths.sum() / (lengths.max() * len(lengths))
print(f"{lengths.sum()} tokens in a rectangle of {len(lengths)} x {lengths.max()}: {padding:.0%} is padding")

# %% [markdown]
# You should see that nearly a quarter of the work would be for nothing.
#
# Here the tokens of all sentences stand one after the other, with a list of where each begins. Attention goes sentence
# by sentence, so nobody can look where there is nothing. Everything else, such as a matrix or a norm, treats each token
# by itself anyway. Is a sentence the same in a batch as alone?

# %%
names = ("query", "key", "value", "output")
layer = MultiHeadAttention(
    *(SparseLinear(generate("erdos-renyi", 8, 8, 0.5, rng=i), rng=i, name=name) for i, name in enumerate(names)), 2
)
generator = np.random.default_rng(0)
tokens, dy = (generator.standard_normal((6, 8)).astype(np.float32) for _ in range(2))
packed, cache = layer.forward(tokens, np.array([0, 4, 6]))  # two sentences: four tokens and two
alone, _ = layer.forward(tokens[4:], np.array([0, 2]))
_, grads = layer.backward(dy, cache)
print("largest difference between packed and alone:", np.abs(packed[4:] - alone).max())
for name in names:
    print(f"largest gradient of the bias of {name:<7} {np.abs(grads[name]['bias']).max():.3f}")

# %% [markdown]
# You should see 0, or a rounding error of about 1e-7. And the bias of the keys has the gradient 0, as promised: not a
# small number, but none.
#
# %% [markdown]
# ## 4. Six matrices
#
# An encoder layer has six matrices: query, key, value and output of the attention, and two of a feed-forward block,
# `w 1` and `w 2`. Each is a sparse layer as in tutorial 01, here with one in ten of its links. Where do they begin?
# *Bipartite receptive fields* (BRF) link a unit with inputs near its own place, on a ring. The *Dendritic Network
# Model* (DNM, tutorial 10) gives each unit a few dendrites, and each dendrite a block of neighbours.
#
# What will the two look like as pictures, with inputs as rows and outputs as columns?

# %%
from sparse_mlp.models import SparseTransformer
from sparse_mlp.plotting import AttentionDisplay, MatricesDisplay, save

fields, dendrites = (
    SparseTransformer(24, 24, d_model=64, d_ff=128, layers=1, density=0.1, topology=topology, rng=0)
    for topology in ("receptive-field", "dendritic")
)
display = MatricesDisplay.from_layers(fields.sparse_layers[:6], dendrites.sparse_layers[:6])
axes = display.plot().ax_
for name, axis in zip(("receptive fields", "dendrites"), (axes[0], axes[6]), strict=True):
    axis.set_ylabel(name)
print("picture:", save(display, figures / "20_six_matrices.png"))

# %% [markdown]
# You should see fields that hug the diagonal above; what is in the corners is near on the ring. Below, each column has
# three short bars, one for each dendrite, and together they make stripes. A head of the attention is a group of
# neighbouring units. So with BRF a head reads a band of neighbouring features, and with DNM features from everywhere.
# The features of a word have no order before the training, so neither is *right*. It is a place to begin from.
#
# ## 5. It learns to turn strings round
#
# The task: `c a f` in, `f a c` out, of twenty letters, three to eight in a string. The network sees 4,000 pairs and is
# asked about strings that it has never seen. It is small: 32 features, four heads, one layer on either side, and 30 %
# of the links. A batch has 448 letters. CHTs (tutorial 08) moves links every hundred steps: it removes weak ones, and
# grows where paths of length three ask for it. The learning rate rises for 200 steps and then falls with one over the
# root of the step.
#
# We measure on the way. `measure` shows the network the right letters so far and asks for the next one. Who guesses is
# right once in twenty-one times: twenty letters and the end. How far will it get in 400 steps? And will it stumble when
# links are moved?

# %%
from sparse_mlp.evolution import make_rule
from sparse_mlp.optim import Adam
from sparse_mlp.training import Callback, Trainer, Translation


def small_network():
    sizes = len(data.source_vocabulary), len(data.target_vocabulary)
    return SparseTransformer(*sizes, d_model=32, heads=4, d_ff=64, layers=1, density=0.3, rng=0)


EVERY = 20 if options.fast else 10  # steps between two measurements


class Watch(Callback):
    def __init__(self):
        self.steps, self.losses, self.right, self.updates = [], [], [], []

    def on_step(self, trainer):
        if trainer.step % EVERY == 0:
            loss, right = trainer.model.measure(data.validation.pairs)
            self.steps.append(trainer.step)
            self.losses.append(loss)
            self.right.append(right)

    def on_update(self, trainer, update, record):
        layers = [layer.counts() for layer in update.layers]
        totals = (sum(layer[what] for layer in layers) for what in ("removed", "percolated", "grown"))
        self.updates.append((trainer.step, *totals))


model, first, watch = small_network(), small_network(), Watch()  # two twins; only one is trained
trainer = Trainer(
    model, rule=make_rule("chts", zeta_schedule="cosine"), update_steps=100, rng=0, callbacks=[watch],
    optimizer=Adam(1.0, beta2=0.998, epsilon=1e-9, weight_decay=0.0),
    schedule="noam", schedule_params={"width": 32, "peak_step": 200},
)  # fmt: skip
trainer.fit(Translation(data.train.pairs, batch_tokens=448), epochs=7)
for step, loss, right in zip(watch.steps, watch.losses, watch.right, strict=True):
    if step % 40:
        continue
    print(f"step {step:3}  loss {loss:.3f}  right letters {right:.1%}")
loss, accuracy = model.measure(data.test.pairs)
print(f"after {trainer.step} steps, strings never seen: {accuracy:.2%} of the letters right")

# %%
from matplotlib.figure import Figure

from sparse_mlp.plotting import CYCLE, grid, style

with style():
    figure = Figure(figsize=(8.5, 3.3), layout="constrained")
    panels = figure.subplots(1, 2)
    panels[0].semilogy(watch.steps, watch.losses, color=CYCLE[0])
    panels[0].set_yticks([0.2, 0.5, 1, 2, 4], ["0.2", "0.5", "1", "2", "4"])
    panels[0].set_yticks([], minor=True)
    panels[1].plot(watch.steps, watch.right, color=CYCLE[0])
    panels[1].axhline(1 / 21, color="#555555", linestyle=":", linewidth=1)
    panels[1].text(watch.steps[-1], 1 / 21 + 0.02, "by chance", ha="right", fontsize=9)
    panels[1].set_ylim(0, 1.02)
    for axes, title in zip(panels, ("loss of a letter, in nats", "share of letters that are right"), strict=True):
        for step, removed, *_ in watch.updates:
            if removed:
                axes.axvline(step, color=CYCLE[1], linestyle="--", linewidth=1)
        axes.set(title=title, xlabel="step", xlim=(0, watch.steps[-1]))
        grid(axes)
    figure.legend(handles=[panels[0].lines[-1]], labels=["links are moved"], loc="outside lower center")
figure.savefig(figures / "20_loss.png", dpi=120)
print("picture:", figures / "20_loss.png")

# %% [markdown]
# You should see more than 95 % of the letters right at the end, and a loss that falls all the way. Moving links does
# not throw it back: mostly weak links go, and new ones begin at 0, so the network computes nearly the same as before.
#
# Which links moved? Each matrix keeps its number of links. For each we count the first links that are still there, and
# say how far a link is from the diagonal, as a share of the ring. Links at random would be a quarter of the ring away.

# %%
print("step   removed   percolated   grown, in all 16 matrices")
for step, removed, percolated, grown in watch.updates:
    print(f"{step:4} {removed:9,} {percolated:12,} {grown:7,}")


def distance(structure):
    """How far links are from the diagonal, mean, as a share of the ring of inputs."""
    centres = (2 * structure.indices.astype(int) + 1) * structure.n_in // (2 * structure.n_out)
    apart = np.abs(structure.rows() - centres)
    return float(np.minimum(apart, structure.n_in - apart).mean() / structure.n_in)


stayed, apart = {}, {}
for before, now in zip(first.sparse_layers, model.sparse_layers, strict=True):
    stayed[now.name] = len(np.intersect1d(now.structure.keys(), before.structure.keys())) / before.structure.nnz
    apart[now.name] = distance(before.structure), distance(now.structure)
for name in list(stayed)[:6]:
    print(f"{name:32} {stayed[name]:.0%} of the first links stayed, ", "distance {:.2f} -> {:.2f}".format(*apart[name]))
display = MatricesDisplay.from_layers(first.sparse_layers[:6], model.sparse_layers[:6])
print("picture:", save(display, figures / "20_where_links_moved.png"))

# %% [markdown]
# You should see that fewer links move each time, and none at step 300: by `zeta_schedule="cosine"` the share that is
# removed falls to 0 at three quarters of the training, so that the last links have time to learn. Percolation had
# nothing to do. Of 32 units nearly all have many links at a density of 30 %; part 7 has a case in which it acts.
#
# About three quarters of the first links are still there. The others have left the diagonal, in all six matrices: the
# picture shows first wirings above and last ones below. So the band was a place to begin from, and no more.
#
# ## 6. What it reads
#
# A translation is written letter by letter, from what stands there already. No right letters help now. `translate`
# does it (tutorial 21 says how):

# %%
from sparse_mlp.translation import Vocabularies, translate

words = Vocabularies(data.source_vocabulary, data.target_vocabulary)
turned = translate(model, words, data.test.source)
exact = np.mean([found == wanted for found, wanted in zip(turned, data.test.reference, strict=True)])
for string, found in list(zip(data.test.source, turned, strict=True))[:4]:
    print(f"{string:>16}  ->  {found}")
print(f"of {len(turned)} strings never seen, turned round without a mistake: {exact:.1%}")

# %% [markdown]
# `attention` says what the decoder read of the source to predict each letter, for each head. We take the mean of the
# heads. For a string that is turned round, where should the dark fields lie? Think before you look.

# %%
from sparse_mlp.token_pairs import TokenPairs

string = max(data.test.source, key=lambda string: len(set(string)))  # one with many different letters
pair = words.source.encode(string), words.target.encode(" ".join(string.split()[::-1]))
(weights,) = model.attention(TokenPairs.of([pair[0]], [pair[1]]))
spelled = ([vocabulary.words[n] for n in one] for vocabulary, one in zip(words, pair, strict=True))
print("picture:", save(AttentionDisplay.from_weights(weights, *spelled), figures / "20_attention.png"))

looks = []  # for each letter of all strings: whether the letter that is read most is the right one
for each in model.attention(data.test.pairs):
    letters = each.shape[2] - 1  # without the end mark
    most = each.mean(axis=0)[:letters].argmax(axis=1)
    looks.extend(most == np.arange(letters)[::-1])
print(f"letters for which the right place is read most: {np.mean(looks):.0%}")

# %% [markdown]
# You should see the dark fields on the other diagonal: to predict the first letter the network reads the last one. For
# about nine letters in ten it reads the right place most. Often it reads the neighbours too: it has learned places
# roughly, and that is enough to be right. Nobody has told it where to look.
#
# ## 7. Query and key go together
#
# In a chain of layers, percolation removes links that lie on no path (tutorial 05). Value feeds output, and `w 1` feeds
# `w 2`: two chains. Query and key do not feed each other. They meet: unit `o` of the queries is multiplied by unit `o`
# of the keys.
#
# - If no link leads into unit `o` of the *keys*, this unit is the same number, its bias, for all words. It adds the
#   same to all scores of a query, and softmax does not notice (part 2). The links into `o` of the query do nothing.
# - If no link leads into unit `o` of the *queries*, every word asks the same there: the bias. As long as that is 0, the
#   links into `o` of the key do nothing either. Later this is not exact. The published code removes them all the same,
#   and so do we.
#
# So a unit keeps its links only if *both* have some.
#
# Two inputs, three units. Which links go?
#
# ```
#   query  1 0 1        key  0 1 1
#          0 0 1             0 1 0
# ```

# %%
from sparse_mlp.evolution.percolation import percolate
from sparse_mlp.evolution.units import EvolvingUnit
from sparse_mlp.structure import SparseStructure

query, key = np.array([[1, 0, 1], [0, 0, 1]]), np.array([[0, 1, 1], [0, 1, 0]])
pair = [
    SparseLinear(SparseStructure.from_coo(*np.nonzero(matrix), (2, 3)), rng=0, name=name)
    for name, matrix in (("query", query), ("key", key))
]
left = percolate([EvolvingUnit("query-key", tuple(pair), (False, True))], [np.ones(3, bool)] * 2)


def dense(layer, mask):
    """The links that are left, as a matrix of 0 and 1."""
    matrix = np.zeros(layer.structure.shape, int)
    matrix[layer.structure.rows()[mask], layer.structure.indices[mask]] = 1
    return matrix


for layer, mask in zip(pair, left, strict=True):
    print(f"{layer.name:<5} {dense(layer, mask).tolist()}, to grow again: {np.sum(~mask)}")

# %% [markdown]
# You should see that only unit 2 has links from both sides. The query loses one link, the key two, and each matrix
# grows as many again elsewhere. `(False, True)` says that the key is *turned round*: from the query's inputs to the
# shared units, and from there back to the key's inputs, this is a chain of two layers. The rule of tutorial 05 does it:

# %%
chain = pair[0], SparseLinear(SparseStructure.from_coo(*np.nonzero(key.T), (3, 2)), rng=0, name="key, turned round")
by_chain = percolate([EvolvingUnit("chain", chain)], [np.ones(3, bool)] * 2)
same = [np.array_equal(dense(chain[0], by_chain[0]), dense(pair[0], left[0])),
        np.array_equal(dense(chain[1], by_chain[1]).T, dense(pair[1], left[1]))]  # fmt: skip
print("the same links are left in the chain:", same)

# %% [markdown]
# ## What you have seen
#
# Attention mixes values by shares, and softmax makes the bias of the keys useless. Packed sentences need no padding and
# no masks. The six matrices of an encoder layer are sparse layers, so all that you know about wirings and rules holds
# for them. A small network learned to turn strings round with 30 % of its links while some of them moved, and found
# by itself where to look. Only one rule was new: query and key keep a unit together. Tutorial 21 translates English
# into German with the same parts.
#
# **Try it.** (a) Give the query of part 1 the length 3: do the shares become more or less equal? (b) Train with
# `make_rule("static")`, or `topology="dendritic"`. Is the loss after 400 steps another one, and by how much does it
# change with the seed? (c) Train with `density=0.05`. How many of the 32 units have no link at all, and what can they
# do?

# %%
assert np.allclose(shares, [0.669762, 0.330238], atol=1e-6) and np.allclose(mixture, [1.660477, 2.660477], atol=1e-6)
assert np.allclose(dq, [-0.312797, 0.312797], atol=1e-6) and wrong < 1e-8 and np.allclose(moved, shares)
assert np.allclose(packed[4:], alone, atol=1e-6) and 0.2 < padding < 0.25
assert [bool(grads[name]["bias"].any()) for name in names] == [True, False, True, True]
assert accuracy > 0.95 and exact > 0.8 and np.mean(looks) > 0.75 and watch.losses[-1] < watch.losses[0] / 10
assert [one.structure.nnz for one in model.sparse_layers] == [one.structure.nnz for one in first.sparse_layers]
assert watch.updates[0][1] > watch.updates[1][1] > watch.updates[2][1] == 0
assert all(0.6 < share < 0.9 for share in stayed.values()) and all(
    now > before for before, now in list(apart.values())[:6]
)
assert [dense(*each).tolist() for each in zip(pair, left, strict=True)] == [
    [[0, 0, 1], [0, 0, 1]],
    [[0, 0, 1], [0, 0, 0]],
]
assert [int(np.sum(~mask)) for mask in left] == [1, 2] and same == [True, True]
print("All numbers are as stated.")
