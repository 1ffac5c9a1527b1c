# %% [markdown]
# # 02 Masked or truly sparse
#
# There are two ways to train a network with few links.
#
# *Masked*: keep the full matrices, and multiply the gradient by a mask of zeros and ones, so that forbidden weights
# stay zero. Many published "sparse" results were computed like this. It is easy, and it saves nothing.
#
# *Truly sparse*: store the links and nothing else. It is more work to write, and it has to beat the dense matrix
# product, for which machines are built.
#
# You train the same network both ways, see that the results agree, and then measure memory and time. The question is
# not *whether* sparse wins but *from which density on*. Density is the fraction of possible links that is present.
#
# It takes about 10 s and needs no data.

# %%
import tracemalloc
from itertools import pairwise
from time import perf_counter

import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin()
figures = options.figures

# %% [markdown]
# ## 1. The network
#
# Two wide hidden layers, as in the sparse training papers, and a small dense read-out. The data are random numbers:
# we measure memory and time, and those do not depend on what the pixels show.

# %%
SIZES = [392, 500, 500, 10] if options.fast else [784, 1000, 1000, 10]
BATCH, RATE, MOMENTUM = 128, 0.05, 0.9
DENSITIES = (0.01, 0.05, 0.10, 0.30, 1.00)

generator = np.random.default_rng(0)
x = generator.normal(size=(BATCH, SIZES[0])).astype(np.float32)
target = generator.integers(0, 10, BATCH)
samples = np.arange(BATCH)
print("sizes", SIZES, "batch", BATCH)

# %% [markdown]
# ## 2. The truly sparse one
#
# The library has it. A training step is: gradient of the batch, then stochastic gradient descent with momentum, which
# keeps a velocity `v` for every weight `w`: `v ← μ v + gradient`, `w ← w - η v`.

# %%
from sparse_mlp.layers import SoftmaxCrossEntropy
from sparse_mlp.models import Samples, SparseMLP
from sparse_mlp.optim import SGD


class TrulySparse:
    def __init__(self, density, backend="numba"):
        self.net = SparseMLP(SIZES, density=density, rng=0, backend=backend)
        self.loss = SoftmaxCrossEntropy(backend=backend)
        self.optimizer = SGD(RATE, momentum=MOMENTUM, weight_decay=0.0)
        self.optimizer.init(len(self.net.store.values), np.float32)

    def step(self):
        value = self.net.gradient(Samples(x, samples, target), self.loss)
        self.optimizer.step(self.net.store.values, self.net.store.gradient, self.net.store.n_decayed)
        return value


# %% [markdown]
# ## 3. The masked one
#
# The same network in plain NumPy. It is the cheapest form of masking: as long as the gradient is masked, the weights
# stay masked, so the forward pass needs no mask at all. All matrix products go to the BLAS, the fastest dense code
# that there is on this machine. So the comparison is a fair one.


# %%
class Masked:
    def __init__(self, like):
        self.weights = [layer.weights.toarray() for layer in like.net.sparse_layers]
        self.masks = [layer.structure.to_scipy().toarray() for layer in like.net.sparse_layers]
        self.weights.append(like.net.layers[-1].weight.copy())
        self.masks.append(np.ones(self.weights[-1].shape, bool))
        self.biases = [np.zeros(m, np.float32) for m in SIZES[1:]]
        self.velocities = [np.zeros_like(array) for array in self.weights + self.biases]

    def step(self):
        activations = [x]
        for i, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = activations[-1] @ W + b
            activations.append(np.maximum(z, 0) if i < len(self.weights) - 1 else z)
        scores = activations[-1] - activations[-1].max(axis=1, keepdims=True)
        log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        dz = np.exp(log_p)
        dz[samples, target] -= 1
        dz /= BATCH
        weight_grads, bias_grads = [], []
        for W, mask, a in zip(self.weights[::-1], self.masks[::-1], activations[-2::-1], strict=True):
            gradient = a.T @ dz
            gradient *= mask
            weight_grads.insert(0, gradient)
            bias_grads.insert(0, dz.sum(axis=0))
            if a is not x:
                dz = (dz @ W.T) * (a > 0)
        values, gradients = self.weights + self.biases, weight_grads + bias_grads
        for value, velocity, gradient in zip(values, self.velocities, gradients, strict=True):
            velocity *= MOMENTUM
            velocity += gradient
            value -= RATE * velocity
        return -float(log_p[samples, target].mean())


# %% [markdown]
# ## 4. The same result
#
# Both start from the same weights, take five steps, and we compare losses and weights.

# %%
sparse = TrulySparse(0.05)
masked = Masked(sparse)
losses = np.array([[sparse.step(), masked.step()] for _ in range(5)])
print("step   truly sparse   masked")
for number, (ours, theirs) in enumerate(losses, start=1):
    print(f"{number:>4}   {ours:12.6f}   {theirs:.6f}")
gaps, forbidden = [], []
for layer, W, mask in zip(sparse.net.sparse_layers, masked.weights, masked.masks, strict=False):
    rows, cols = layer.structure.rows(), layer.structure.indices
    gaps.append(float(np.abs(layer.weight - W[rows, cols]).max() / np.abs(W).max()))
    forbidden.append(int(np.count_nonzero(W[~mask])))
print("largest difference of a weight, relative to the largest weight:", f"{max(gaps):.0e}")
print("forbidden weights that are not zero:", sum(forbidden))

# %% [markdown]
# You should see the same losses in both columns up to about the last digit, and weights that differ by some `1e-7`:
# the rounding of float32. The order of the additions differs, nothing else. Masked and truly sparse are **one**
# network.
#
# ## 5. Memory, counted
#
# What does a hidden layer have to keep while it trains?
#
# Masked, for each *possible* link: weight, gradient and velocity of 4 bytes each, and 1 byte of mask: 13 bytes.
#
# Truly sparse, for each link that is *there*: weight, gradient and velocity, again 12 bytes. Then the wiring: the
# output of each link (4), and the order by output for the forward pass: the input of each link (4) and its place (4).
# That makes 24 bytes, and two short arrays of pointers, 4 bytes a neuron.
#
# So the break-even of memory lies at a density of 13 / 24 = 54 %. We count the arrays themselves.


# %%
def bytes_sparse(layer):
    wiring = [layer.structure.indptr, layer.structure.indices, *layer.structure.by_output]
    return 3 * layer.weight.nbytes + sum(array.nbytes for array in wiring)


def bytes_masked(layer):
    return 13 * layer.structure.n_in * layer.structure.n_out


counted = {}
print("density     links     masked     sparse    ratio")
for density in DENSITIES:
    layers = TrulySparse(density).net.sparse_layers
    links = sum(layer.structure.nnz for layer in layers)
    full, few = sum(map(bytes_masked, layers)), sum(map(bytes_sparse, layers))
    counted[density] = (links, full, few)
    print(f"{density:>7.0%} {links:>9,} {full / 1e6:>7.2f} MB {few / 1e6:>7.3f} MB {full / few:>8.1f}")

# %% [markdown]
# You should see a ratio close to `13 / (24 * density)`: a little above 50 at 1 % (the pointers cost something), 11 at
# 5 %, 5.4 at 10 %, 1.8 at 30 %. The last line is the dense network written as links, and that takes almost twice the
# memory of the masked one. These numbers are the same on every machine.
#
# ## 6. Memory, measured
#
# Counting is what we *need*. What does Python really take? `tracemalloc` watches every array that is made. We build
# the network, train two steps, and read the peak. The activations of the batch and the dense read-out are in it for
# both.


# %%
def peak(make):
    tracemalloc.start()
    model = make()
    model.step()
    model.step()
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return highest


held = {}
print("density     masked     sparse    ratio")
for density in DENSITIES:
    start = TrulySparse(density)
    start.step()
    held[density] = (peak(lambda: Masked(start)), peak(lambda: TrulySparse(density)))  # noqa: B023
    full, few = held[density]
    print(f"{density:>7.0%} {full / 1e6:>7.1f} MB {few / 1e6:>7.1f} MB {full / few:>8.1f}")

# %% [markdown]
# You should see smaller ratios than in part 5. The activations of the batch cost the same in both. Besides, the
# library keeps a gradient buffer for each part of the batch: it pays memory for speed. At 30 % little of the
# advantage is left. At 1 % it is large.
#
# ## 7. Time
#
# The fastest of many steps. A slower one was disturbed by something else on the machine; it does not show what the
# code can do. All runs have one core, so that we compare arithmetic and not how well two cores are shared.
#
# The third runner is the `scipy` backend: truly sparse too, but with ready-made products of `scipy.sparse` instead of
# compiled kernels.

# %%
from sparse_mlp.kernels.pool import set_threads

LONGEST = 0.3 if options.fast else 0.5  # seconds for one number


def seconds(model):
    model.step()
    times = []
    while sum(times) < LONGEST:
        began = perf_counter()
        model.step()
        times.append(perf_counter() - began)
    return min(times)


set_threads(1)
timed = {}
print("density    masked      sparse, numba         sparse, scipy")
for density in DENSITIES:
    kernels, products = TrulySparse(density), TrulySparse(density, backend="scipy")
    timed[density] = [seconds(runner) for runner in (Masked(kernels), kernels, products)]
    full, fast, explicit = np.array(timed[density]) * 1e3
    print(
        f"{density:>7.0%} {full:>7.2f} ms {fast:>8.2f} ms ({full / fast:>4.1f} x) "
        f"{explicit:>9.2f} ms ({full / explicit:>4.1f} x)"
    )
set_threads(None)

# %% [markdown]
# You should see three things.
#
# The masked step takes the same time at every density. It multiplies zeros as carefully as any other number.
#
# At 1 % the compiled sparse step is many times faster: you should see about 30 times, or 15 to 50, depending on the
# machine. Its time grows with the number of links.
#
# But it is not a hundred times faster at 1 %, because a sparse multiplication costs more than a dense one: each link
# has to look up where its numbers are, while a dense product finds them side by side. At 100 % the sparse step loses.
# So truly sparse code pays off only when a network is *really* sparse. And it depends on the code: the `scipy`
# backend does the same sums with more traffic to memory, and loses its advantage early. It may never have had any in
# a small network.
#
# ## 8. The crossover
#
# Where does the sparse step get slower than the masked one? We interpolate between the measured densities.


# %%
def crossover(column):
    gain = np.array([np.log(timed[d][column] / timed[d][0]) for d in DENSITIES])
    if gain.min() > 0:
        return f"below {DENSITIES[0]:.0%}"
    if gain.max() < 0:
        return "nowhere"
    return f"near {np.exp(np.interp(0.0, gain, np.log(DENSITIES))):.0%}"


for name, column in (("numba", 1), ("scipy", 2)):
    print(f"the sparse step in {name} becomes slower than the masked one: {crossover(column)}")

# %% [markdown]
# You should see a density of some 30 to 60 % for the compiled kernels, and of 10 % or less for `scipy`. It depends on
# the machine, above all on how fast its dense products are, so the number to believe is the one that you have
# measured.

# %%
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, PercentFormatter, StrMethodFormatter

from sparse_mlp.plotting import style

percent = np.array(DENSITIES) * 100
with style():
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
lines = (("masked", "#555555"), ("sparse, numba", "#0077BB"), ("sparse, scipy", "#CC3311"))
for column, (label, color) in enumerate(lines):
    left.loglog(percent, [timed[d][column] * 1e3 for d in DENSITIES], "o-", color=color, label=label)
left.set(title="time", ylabel="milliseconds per training step")
right.loglog(percent, [held[d][0] / 1e6 for d in DENSITIES], "o-", color="#555555", label="masked, measured")
right.loglog(percent, [held[d][1] / 1e6 for d in DENSITIES], "o-", color="#0077BB", label="sparse, measured")
right.loglog(percent, [counted[d][2] / 1e6 for d in DENSITIES], "o:", color="#0077BB", label="sparse, counted")
right.set(title="memory", ylabel="megabytes while training")
for axes in (left, right):
    axes.set_xlabel("density")
    axes.xaxis.set_major_locator(FixedLocator(list(percent)))
    axes.xaxis.set_major_formatter(PercentFormatter(decimals=0))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(frameon=False)
figure.savefig(figures / "02_crossover.png", dpi=120)
print("picture:", figures / "02_crossover.png")

# %% [markdown]
# In the picture the masked lines are flat and the sparse lines climb. Where they meet, true sparsity stops paying.
# For the compiled kernels that is far above the densities of sparse training.
#
# ## What you have seen
#
# A mask changes *what is learned*, never what it costs. To save memory and time, links must be absent from the
# arrays, not zero in them. And the density has to be low, a few per cent, as in the papers of sparse training.
#
# The last cell asserts what does not depend on your machine: results and memory. Times are yours to judge.

# %%
assert np.allclose(losses[:, 0], losses[:, 1], rtol=1e-4)
assert max(gaps) < 1e-4 and sum(forbidden) == 0
for density, (links, full, few) in counted.items():
    possible = sum(n * m for n, m in pairwise(SIZES[:-1]))
    pointers = sum(4 * (n + 1 + m + 1) for n, m in pairwise(SIZES[:-1]))
    assert links == round(density * possible)
    assert full == 13 * possible and few == 24 * links + pointers
assert held[0.01][0] > 2.5 * held[0.01][1]
print("All numbers are as stated.")
