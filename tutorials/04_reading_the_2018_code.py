# %% [markdown]
# # 04 Reading the 2018 code
#
# With their paper, the authors of SET (Mocanu et al. 2018) published a program: one readable file in NumPy and SciPy,
# truly sparse, when most others masked. Many groups built on it. This library learned from it too.
#
# Good code has bugs. This one has a few that are worth your time, because *the program runs, the loss falls, and
# nothing complains*. Such bugs are found by people who check numbers. Here are six little puzzles. Each shows a few
# lines of arithmetic, written by us, that do what the program does. **Stop at each "Find the bug" and look before you
# read on.** Every answer comes with a measurement.
#
# None of this touches the paper's idea. It does change numbers, so you must know it before you compare yours with
# theirs.
#
# It takes about 5 s. Its data come with scikit-learn.

# %%
import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin()
figures = options.figures

# %% [markdown]
# ## Puzzle 1: the output's delta
#
# The last layer ends in a sigmoid, `y = σ(z)`, and the loss compares `y` with a target `t`: `L = ½ mean Σ (y - t)²`,
# the mean over the batch. The backward pass starts with *delta*, the gradient of the loss by `z`. By the chain rule
# it is `(y - t) σ'(z)`, and the derivative of the sigmoid is `σ'(z) = σ(z) (1 - σ(z))`.


# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_slope(z):
    return sigmoid(z) * (1 - sigmoid(z))


def forward(W1, W2, x):
    hidden = np.maximum(x @ W1, 0)
    return hidden, sigmoid(hidden @ W2)


def delta_2018(y, t):
    return (y - t) * sigmoid_slope(y)


# %% [markdown]
# **Find the bug.** Each function is correct by itself. Is their combination correct?
#
# Here is a way to find out without thinking: compare the gradient with central differences (tutorial 01).

# %%
generator = np.random.default_rng(0)
x, t = generator.normal(size=(5, 6)), np.eye(3)[generator.integers(0, 3, 5)]
W1, W2 = generator.normal(size=(6, 8)) / np.sqrt(6), generator.normal(size=(8, 3)) / np.sqrt(8)


def loss(weights):
    return 0.5 * np.sum((forward(W1, weights, x)[1] - t) ** 2) / len(x)


def measured_gradient(weights, h=1e-5):
    slopes = np.zeros_like(weights)
    for place in np.ndindex(weights.shape):
        up, down = weights.copy(), weights.copy()
        up[place] += h
        down[place] -= h
        slopes[place] = (loss(up) - loss(down)) / (2 * h)
    return slopes


def relative_error(delta, scale):
    hidden, y = forward(W1, scale * W2, x)
    ours, measured = hidden.T @ delta(y, t) / len(x), measured_gradient(scale * W2)
    return float(np.linalg.norm(ours - measured) / np.linalg.norm(measured))


errors_2018 = {scale: relative_error(delta_2018, scale) for scale in (0.1, 1.0, 2.0, 5.0)}
for scale, error in errors_2018.items():
    print(f"output weights times {scale}: relative error of the 2018 gradient {error:4.0%}")

# %% [markdown]
# You should see errors from 6 % to above 60 %. No rounding looks like that.
#
# **Answer.** `sigmoid_slope` wants `z`, the number *before* the sigmoid. It is given `y`, the number *after* it. So
# the sigmoid is applied twice. Right is `(y - t) y (1 - y)`, because `y` already is `σ(z)`.


# %%
def delta_right(y, t):
    return (y - t) * y * (1 - y)


error_right = max(relative_error(delta_right, scale) for scale in errors_2018)
print(f"relative error of the right gradient, the worst of the four: {error_right:.0e}")
print("   y    y (1 - y)    the 2018 slope")
for value in (0.01, 0.1, 0.5, 0.9, 0.99):
    print(f"{value:4.2f}   {value * (1 - value):9.4f}   {sigmoid_slope(value):15.4f}")

# %% [markdown]
# You should see an error near `1e-10`, and a table in which the right slope goes to 0 at both ends, while the 2018
# slope stays between 0.20 and 0.25. That is why the error depends on the weights: small ones keep `y` near ½, where
# the two slopes almost agree; large ones drive `y` to 0 and 1.
#
# Now the interesting question: does it hurt? A slope that is almost constant, about 0.22, turns delta into `0.22 (y -
# t)`. And `y - t` *is* a right delta, of another loss: the cross-entropy. So the program prints one loss and goes
# almost down the slope of another one, which has no flat ends in which training gets stuck. We train a small dense
# network on digits, with a validation set, from slow to fast.

# %%
from sklearn.model_selection import train_test_split

from sparse_mlp.datasets import load

digits = load("digits")
train_x, valid_x, train_y, valid_y = train_test_split(
    digits.train_x, digits.train_y, test_size=0.2, stratify=digits.train_y, random_state=1
)
EPOCHS = 8 if options.fast else 15


def accuracy_after(delta, rate, seed):
    draw = np.random.default_rng(seed)
    V1, V2 = draw.normal(0, np.sqrt(2 / 64), (64, 32)), draw.normal(0, np.sqrt(2 / 32), (32, 10))
    targets = np.eye(10)[train_y]
    for _ in range(EPOCHS):
        order = draw.permutation(len(train_x))
        for start in range(0, len(order), 32):
            batch = order[start : start + 32]
            h, out = forward(V1, V2, train_x[batch])
            d2 = delta(out, targets[batch]) / len(batch)
            d1 = (d2 @ V2.T) * (h > 0)
            V2 -= rate * h.T @ d2
            V1 -= rate * train_x[batch].T @ d1
    return np.mean(forward(V1, V2, valid_x)[1].argmax(axis=1) == valid_y)


RATES = (0.05, 0.2, 1.0, 2.0)
trained = {}
print("learning rate:      ", "  ".join(f"{rate:5}" for rate in RATES))
for delta in (delta_right, delta_2018):
    trained[delta] = np.array([np.mean([accuracy_after(delta, rate, seed) for seed in range(3)]) for rate in RATES])
    print(f"{delta.__name__:<20}", "  ".join(f"{value:.3f}" for value in trained[delta]))

# %% [markdown]
# You should see that the 2018 delta is far *ahead* at a small learning rate, and that both are equal at a large one.
# So this bug hides behind good results. It still is one: the numbers printed as "loss" are not what training
# minimises, and if you copy its learning rate to a correct program, you get a slower network and do not know why.
#
# **The library** has softmax with cross-entropy, whose delta is `y - t`, and the right derivative for everything
# else.

# %%
from matplotlib.figure import Figure

grid = np.linspace(0, 1, 201)
figure = Figure(figsize=(6, 4), layout="constrained")
axes = figure.add_subplot()
axes.plot(grid, grid * (1 - grid), color="#0077BB", label="right: y (1 - y)")
axes.plot(grid, sigmoid_slope(grid), color="#CC3311", label="2018: σ(y) (1 - σ(y))")
axes.set(xlabel="output y of the network", ylabel="slope used for the delta", ylim=(0, 0.3))
axes.set_title("A sigmoid applied twice never gets flat")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, loc="lower center")
figure.savefig(figures / "04_double_sigmoid.png", dpi=120)
print("picture:", figures / "04_double_sigmoid.png")

# %% [markdown]
# ## Puzzle 2: how many links?
#
# A layer with `n` inputs and `m` outputs should have `ε (n + m)` links, at random places.


# %%
def wire_2018(epsilon, n, m, rng):
    linked = set()
    for place in zip(rng.integers(0, n, epsilon * (n + m)), rng.integers(0, m, epsilon * (n + m)), strict=True):
        linked.add(place)
    return linked


# %% [markdown]
# **Find the bug.** Take 784 inputs, 300 outputs, `ε = 20`. That asks for `20 * 1084 = 21680` links. Do we get them?

# %%
wanted = 20 * (784 + 300)
got = [len(wire_2018(20, 784, 300, np.random.default_rng(seed))) for seed in range(3)]
places = 784 * 300
expected = places * (1 - (1 - 1 / places) ** wanted)
print("wanted", wanted, "got", got, f"expected {expected:.0f}")
readout_wanted = 20 * (1000 + 10)
readout = len(wire_2018(20, 1000, 10, np.random.default_rng(0)))
print(f"read-out 1000 x 10: {readout_wanted} draws for 10000 places, {readout} links")

# %% [markdown]
# You should see a little over 20,700 links instead of 21,680: more than 4 % are missing.
#
# **Answer.** The same place can be drawn twice, and two links at one place are one link. With `k` draws among `N`
# places about `N (1 - exp(-k / N))` are hit. The denser the layer, the worse: the read-out gets twice as many draws
# as it has places, and still 13 of 100 places stay empty. So "the same ε" means other densities in other programs.
#
# **The library** converts ε to a density and draws without replacement. You get what you ask for.

# %%
from sparse_mlp.topology import density_from_epsilon, generate

exact = generate("erdos-renyi", 784, 300, density_from_epsilon(20, 784, 300), rng=0)
print(exact)

# %% [markdown]
# You should see exactly 21680 links.
#
# ## Puzzle 3: a sum that forgets
#
# The weights are a sparse matrix. A training step adds another sparse matrix to it.

# %%
from scipy.sparse import csr_array

W = csr_array(np.array([[0.5, 0.0, -0.25], [0.0, 1.0, 2.0]]))
step = csr_array((np.array([-0.5, 0.125, 0.0, 0.0]), W.indices, W.indptr), shape=W.shape)
print("links before:", W.nnz)
W = W + step

# %% [markdown]
# **Find the bug.** How many links has `W` now?

# %%
print("links after: ", W.nnz)
print(W.toarray().tolist())

# %% [markdown]
# You should see 4 before and 3 after.
#
# **Answer.** When SciPy adds sparse matrices it drops every entry of the result that is exactly zero. For SciPy a
# zero is nothing. For us a link whose weight happens to be zero is a link: it has a gradient, and will move at the
# next step. Here it is gone, without a message. With random weights it is rare that two numbers cancel exactly. But
# start new links at weight zero, as other methods do, and it becomes common: a link that has no gradient yet is lost
# at once.

# %%
newborn = csr_array((np.array([0.0, 0.7]), np.array([0, 1]), np.array([0, 2])), shape=(1, 2))
no_gradient = csr_array((np.array([0.0, -0.1]), np.array([0, 1]), np.array([0, 2])), shape=(1, 2))
survivors = (newborn + no_gradient).nnz
print("a new link of weight 0 and one of 0.7:", newborn.nnz, "links, after the step", survivors)

# %% [markdown]
# You should see 2 links become 1.
#
# **The library** keeps structure and values apart. An update adds two arrays of the same length. No arithmetic can
# change the wiring: only a rule can.
#
# ## Puzzle 4: the rest of the samples
#
# A training epoch, and then the accuracy on the test set, both in batches.


# %%
def batches_2018(n_samples, batch_size):
    return [range(i * batch_size, (i + 1) * batch_size) for i in range(n_samples // batch_size)]


def accuracy_2018(predict, labels, batch_size, n_classes=10):
    scores = np.zeros((len(labels), n_classes))
    for batch in batches_2018(len(labels), batch_size):
        scores[batch] = predict(batch)
    return float(np.mean(scores.argmax(axis=1) == labels))


# %% [markdown]
# **Find the bug.** To make it plain we test a *perfect* classifier, one that knows the right labels. What accuracy
# should it have?

# %%
labels = digits.test_y
perfect = np.eye(10)[labels]
measured_accuracy = {size: accuracy_2018(lambda batch: perfect[batch], labels, size) for size in (40, 100, 128, 500)}
for size, value in measured_accuracy.items():
    print(f"batch size {size:>3}: {len(labels) // size * size:>3} of {len(labels)} samples seen, accuracy {value:.3f}")
trained_on = sum(map(len, batches_2018(len(digits.train_y), 128)))
print(f"training, batch size 128: {trained_on} of {len(digits.train_y)} samples an epoch")

# %% [markdown]
# You should see 1.000 only for the batch size that divides 360. With 100 it is about 0.86, and with 500 about 0.10.
#
# **Answer.** `//` rounds down, so the samples after the last full batch are never looked at. In training that costs a
# few samples an epoch, other ones each time, for the order is shuffled. In testing it is worse: their scores stay at
# the zeros they were made of, the largest of ten zeros is the first, and so they all count as class 0. A perfect
# classifier "fails" on all of them that do not show the digit 0. The accuracy depends on the batch size, which it
# must not.
#
# **The library** trains and tests on all samples. The last batch may be smaller.
#
# ## Puzzle 5: how strong is the weight decay?
#
# Weight decay pulls weights to zero. One step for weights `w` and biases `b`, with momentum `μ`, learning rate `η`
# and decay `λ`:


# %%
def step_2018(values, velocity, gradient, rate, momentum=0.9, decay=2e-4):
    velocity = momentum * velocity - rate * gradient
    return values + velocity - decay * values, velocity


# %% [markdown]
# **Find the bug.** Or rather the surprise. Suppose that you use `λ = 0.0002` in another program. Is it the same
# decay? The function is called for weights and for biases.

# %%
RATE, DECAY, STEPS = 0.01, 2e-4, 1500
left_2018 = (1 - DECAY) ** STEPS
left_usual = (1 - RATE * DECAY) ** STEPS
print(f"a weight without gradient, after {STEPS} steps: 2018 {left_2018:.3f}, usual {left_usual:.3f}")

# %% [markdown]
# You should see 0.741 and 0.997.
#
# **Answer.** The usual decay is multiplied by the learning rate, `w ← w - η (gradient + λ w)`. In the 2018 code it is
# not. With `η = 0.01` its λ is a hundred times stronger than the same number elsewhere. Lowering `η` during training
# weakens the usual decay too, but not this one. And it pulls on biases, which one usually leaves alone: a bias has no
# reason to be small.
#
# Neither is wrong. But a number in a table of settings means nothing without its formula. To get the same steps from
# the library, divide by the learning rate and switch on what is off by default:

# %%
from sparse_mlp.optim import SGD

optimizer = SGD(RATE, momentum=0.9, weight_decay=DECAY / RATE, decoupled=True, decay_biases=True)
optimizer.init(20, np.float64)
ours = generator.normal(size=20)
theirs, velocity = ours.copy(), np.zeros(20)
for _ in range(100):
    gradient = generator.normal(size=20)
    optimizer.step(ours, gradient, n_decayed=15)
    theirs, velocity = step_2018(theirs, velocity, gradient, RATE)
gap = float(np.abs(ours - theirs).max())
print(f"largest difference after 100 steps: {gap:.0e}")

# %% [markdown]
# You should see rounding, `1e-15` or so.
#
# ## Puzzle 6: which weights are nearest to zero?
#
# SET removes the fraction `ζ` of the smallest positive weights and of the largest negative ones. The idea of the 2018
# code: sort the weights; find where the zeros begin (`first`) and end (`last`); from there step a fraction `ζ`
# outwards on both sides; the two weights that stand there are the thresholds; keep what lies strictly beyond.


# %%
def kept_2018(weights, zeta):
    ordered = np.sort(weights)
    distance = np.abs(ordered)
    first = distance.argmin()
    last = len(ordered) - distance[::-1].argmin()
    below = ordered[int((1 - zeta) * first)]
    above = ordered[int(min(len(ordered) - 1, last + zeta * (len(ordered) - last)))]
    return weights[(weights < below) | (weights > above)]


weights = np.array([-0.9, -0.5, -0.3, -0.1, 0.05, 0.2, 0.4, 0.8, 1.0])

# %% [markdown]
# **Find the bug.** There are 4 negative and 5 positive weights, and `ζ = 0.3`. How many should go? How many go? There
# are two editions of the program: one gives the function the full matrix, in which missing links are zeros, the other
# one the stored weights only.

# %%
kept_masked = kept_2018(np.append(weights, [0.0, 0.0]), 0.3)
kept_stored = kept_2018(weights, 0.3)
print("full matrix, with two zeros: kept", kept_masked.tolist(), "removed", 9 - len(kept_masked))
print("stored weights only:         kept", kept_stored.tolist(), "removed", 9 - len(kept_stored))

# %% [markdown]
# You should see 4 of 9 removed in the first case and 5 of 9 in the second.
#
# **Answer.** Two things. *Strictly beyond* removes the threshold itself as well, so up to one weight more on each
# side. And `first` and `last` are meant to bracket the zeros. But where only links are stored there are no zeros.
# Both then point at the weight nearest to zero, here 0.05, and take it for the zero: it is counted on no side and
# always goes. So five instead of `0.3 * 9 = 2.7`. More than half of this layer is replaced, not 30 %.
#
# In a large layer one weight more or less does not matter:

# %%
print("    N    removed by 2018    exact")
shares = {}
for count in (9, 100, 1000, 10000):
    many = np.random.default_rng(1).normal(size=count)
    exact_count = int(0.3 * np.sum(many < 0)) + int(0.3 * np.sum(many > 0))
    shares[count] = (count - len(kept_2018(many, 0.3)), exact_count)
    print(f"{count:>6}   {shares[count][0]:>10}   {shares[count][1]:>13}")

# %% [markdown]
# You should see that the excess is at most three weights at any size. It matters for small layers, and whenever you
# want to compare two programs link by link.
#
# **The library** removes exactly `floor(ζ · count)` of each sign. Ties go in the order of the links.

# %%
from sparse_mlp import SparseStructure
from sparse_mlp.evolution import remove_by_sign
from sparse_mlp.layers import SparseLinear

layer = SparseLinear(SparseStructure.complete((3, 3)), weights, dtype="float64")
kept_exact = layer.weight[remove_by_sign(layer, 0.3)]
print("library: kept", kept_exact.tolist(), "removed", 9 - len(kept_exact))

# %% [markdown]
# You should see 2 removed: -0.1 and 0.05.
#
# ## What you have seen
#
# | what the lines do | what one expects | found by |
# |---|---|---|
# | sigmoid twice in delta | `(y - t) y (1 - y)` | central differences |
# | draws with replacement | `ε (n + m)` links | counting |
# | sums drop exact zeros | links stay | counting |
# | skip the last, smaller batch | all samples | a perfect classifier |
# | decay without learning rate, on biases too | `η λ w`, weights only | one weight without gradient |
# | a weight taken for the zero | `ζ` of each sign | nine weights by hand |
#
# The last column is the lesson. Not one of these checks needs more than ten lines. Try them on your own code, and on
# this library: its tests do nothing else.

# %%
assert 0.05 < errors_2018[0.1] < 0.08 and max(errors_2018.values()) > 0.5 and error_right < 1e-7
assert trained[delta_2018][0] > trained[delta_right][0] + 0.1
assert abs(trained[delta_2018][-1] - trained[delta_right][-1]) < 0.05
assert wanted == 21680 and all(abs(links - expected) < 150 for links in got) and round(expected) == 20711
assert exact.nnz == wanted and readout < 0.9 * 10000 < readout_wanted
assert W.nnz == 3 and survivors == 1
assert measured_accuracy[40] == 1.0
for size, value in measured_accuracy.items():
    seen = len(labels) // size * size
    assert value == (seen + np.sum(labels[seen:] == 0)) / len(labels)
assert trained_on == 1408 and len(digits.train_y) == 1437
assert f"{left_2018:.3f} {left_usual:.3f}" == "0.741 0.997" and gap < 1e-12
assert kept_masked.tolist() == [-0.9, -0.5, 0.4, 0.8, 1.0]
assert kept_stored.tolist() == [-0.9, -0.5, 0.8, 1.0]
assert all(0 <= removed - right <= 3 for removed, right in shares.values())
assert kept_exact.tolist() == [-0.9, -0.5, -0.3, 0.2, 0.4, 0.8, 1.0]
print("All numbers are as stated.")
