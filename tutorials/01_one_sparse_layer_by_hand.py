# %% [markdown]
# # 01 One sparse layer by hand
#
# A layer of a neural network multiplies a row of numbers by a matrix. In a *sparse* layer most entries of that matrix
# are missing. They are not zero: they are not there. Nothing is stored for them and nothing is computed.
#
# You take the smallest layer that shows everything, with three inputs, two outputs and four links, and work it
# through: how the links are stored, the forward pass, the backward pass, and a check that proves the gradient right
# or wrong.
#
# Symbols, as in the papers: `a` the inputs (activations), `W` the weights, `b` the biases, `z = a W + b` the outputs,
# `n` inputs and `m` outputs, `nnz` the number of links.
#
# It takes about 5 s and needs no data.

# %%
import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin()
figures = options.figures

# %% [markdown]
# ## 1. The layer
#
# ```
#   input 0 ──  2.0 ──> output 0          W = |  2.0  -1.0 |
#   input 0 ── -1.0 ──> output 1              |   .    3.0 |
#   input 1 ──  3.0 ──> output 1              |  0.5    .  |
#   input 2 ──  0.5 ──> output 0          b = |  0.5  -0.5 |
# ```
#
# A dot is a missing link. Rows of `W` are inputs, columns are outputs. We feed it a *batch* of two samples, one a
# row.

# %%
links = [(0, 0, 2.0), (0, 1, -1.0), (1, 1, 3.0), (2, 0, 0.5)]  # (input, output, weight)
b = np.array([0.5, -0.5])
a = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]])

# %% [markdown]
# ## 2. Forward, from the definition
#
# Each output starts with its bias. Each link then adds `weight * input` to the output that it leads to. That is all.
# For sample 0 and output 0: `0.5 + 2.0 * 1 + 0.5 * 3 = 4.0`. Do the other three on paper first.

# %%
z = np.zeros((2, 2))
for sample in range(2):
    z[sample] = b
    for u, v, w in links:
        z[sample, v] += w * a[sample, u]
print("z =", z.tolist())

# %% [markdown]
# You should see `[[4.0, 4.5], [2.5, -3.5]]`.
#
# ## 3. The same links in three arrays
#
# A list of triples is easy to read and slow to use. The usual store is called CSR. Sort the links by input. Then you
# need not write the input of each link: it is enough to say where each input's links begin.
#
# - `indptr`: the links of input `u` stand at positions `indptr[u]` up to, not including, `indptr[u + 1]`;
# - `indices`: the output of each link;
# - `weight`: its weight, in the same order.

# %%
from sparse_mlp import SparseStructure

structure = SparseStructure.from_coo([u for u, _, _ in links], [v for _, v, _ in links], shape=(3, 2))
weight = np.array([w for _, _, w in links])
print(structure)
print("indptr  =", structure.indptr.tolist())
print("indices =", structure.indices.tolist())
print("weight  =", weight.tolist())

# %% [markdown]
# You should see `indptr = [0, 2, 3, 4]`: input 0 has two links, inputs 1 and 2 have one each.
#
# The structure holds no weights. It says who is linked to whom, and never changes. Weights, gradients and momenta are
# plain arrays of length `nnz` next to it. So an update of the wiring swaps one structure for another.
#
# ## 4. Sorted by output
#
# The forward pass asks the other question: which links lead *into* output `v`? Sorting the same links by output
# answers it. The weights are not stored twice. Instead `order` says where each link stands in the first order.

# %%
by_output = structure.by_output
print("indptr  =", by_output.indptr.tolist())
print("rows    =", by_output.indices.tolist())
print("order   =", by_output.order.tolist(), "-> weights by output", weight[by_output.order].tolist())

# %% [markdown]
# You should see `rows = [0, 2, 0, 1]` and `order = [0, 3, 1, 2]`: output 0 receives inputs 0 and 2, through the links
# at positions 0 and 3.
#
# Now there are two ways to go forward. *Scatter*: walk over the inputs, and each adds to its outputs. *Gather*: walk
# over the outputs, and each collects from its inputs. The sums are the same. Gathering is better for a machine with
# several cores: every output is written by one worker only, so that no two workers get into each other's way.


# %%
def forward_scatter(x, out):
    for u in range(structure.n_in):
        for k in range(structure.indptr[u], structure.indptr[u + 1]):
            out[structure.indices[k]] += weight[k] * x[u]
    return out


def forward_gather(x, out):
    for v in range(structure.n_out):
        for k in range(by_output.indptr[v], by_output.indptr[v + 1]):
            out[v] += weight[by_output.order[k]] * x[by_output.indices[k]]
    return out


scattered = np.array([forward_scatter(x, b.copy()) for x in a])
gathered = np.array([forward_gather(x, b.copy()) for x in a])
print("scatter:", scattered.tolist())
print("gather: ", gathered.tolist())

# %% [markdown]
# You should see the `z` of part 2 both times.
#
# ## 5. A loss, and the question of the backward pass
#
# To train we need one number that says how wrong we are. Take half the squared distance to a target `t`: `L = ½ Σ (z
# - t)²`. Its gradient by the outputs is simple: `dz = z - t`. (We write `dz` for `∂L/∂z`.)
#
# The backward pass answers: if I wiggle a weight or an input a little, how much does `L` change?

# %%
t = np.array([[3.0, 4.0], [3.0, -3.0]])


def loss(z):
    return 0.5 * np.sum((z - t) ** 2)


dz = z - t
print("L  =", loss(z))
print("dz =", dz.tolist())

# %% [markdown]
# You should see `L = 0.875` and `dz = [[1.0, 0.5], [-0.5, -0.5]]`.
#
# ## 6. Backward by hand
#
# The weight of link `u → v` enters `L` in one way only: it multiplies `a[u]` on its way into `z[v]`. So its gradient
# is `a[u] * dz[v]`, summed over the samples of the batch. Link (0, 0): `1 * 1.0 + 0 * (-0.5) = 1.0`.
#
# Input `u` enters `L` through each of its links. So `dx[u]` is the sum of `w * dz[v]` over them: the forward pass
# with all arrows reversed. The bias enters each sample once, so its gradient is the sum of `dz` over the batch.
#
# We do this for the four links **only**. A missing link has no weight that could be changed.

# %%
dw, dx = np.zeros(4), np.zeros((2, 3))
for k, (u, v, w) in enumerate(links):
    for sample in range(2):
        dw[k] += a[sample, u] * dz[sample, v]
        dx[sample, u] += w * dz[sample, v]
db = dz.sum(axis=0)
print("dw =", dw.tolist())
print("dx =", dx.tolist())
print("db =", db.tolist())

# %% [markdown]
# You should see `dw = [1.0, 0.5, 1.5, 1.0]`, `dx = [[1.5, 1.5, 0.5], [-0.5, -1.5, -0.25]]` and `db = [0.5, 0.0]`.
#
# ## 7. Against dense matrices
#
# In matrix language: `dx = dz Wᵀ` and `dW = aᵀ dz`. The dense product computes a gradient for all six places, the two
# missing links included. We read off our four. A big layer at 1 % density would throw away 99 % of that work. The
# product that is computed at the links alone has a name: SDDMM, *sampled dense-dense matrix multiplication*.

# %%
W = structure.to_scipy().astype(float).toarray()
W[structure.rows(), structure.indices] = weight
dense_dW = a.T @ dz
print("dense dW =", dense_dW.tolist())
print("same z: ", np.array_equal(a @ W + b, z))
print("same dw:", np.array_equal(dense_dW[structure.rows(), structure.indices], dw))
print("same dx:", np.array_equal(dz @ W.T, dx))

# %% [markdown]
# You should see `True` three times. All our numbers are short binary fractions, so even the last bit agrees.
#
# ## 8. Against the library
#
# `SparseLinear` is this layer. It computes in one of three ways: `reference` is plain loops like yours, `scipy` is
# products of `scipy.sparse` arrays, `numba` is compiled loops. Three ways, one answer.

# %%
from sparse_mlp.layers import SparseLinear

agree = {}
for backend in ("reference", "scipy", "numba"):
    layer = SparseLinear(structure, weight, dtype="float64", backend=backend)
    layer.bias[:] = b
    z_layer, cache = layer.forward(a)
    dx_layer, grads = layer.backward(dz, cache)
    pairs = ((z_layer, z), (dx_layer, dx), (grads["weight"], dw), (grads["bias"], db))
    agree[backend] = all(np.array_equal(theirs, ours) for theirs, ours in pairs)
    print(f"{backend:<10}", agree[backend])

# %% [markdown]
# You should see `True` three times.
#
# ## 9. Trust no gradient that you have not checked
#
# Backward code is easy to get wrong, and a wrong gradient often still trains, only worse. So we measure the slope.
# Move one weight up by a small `h`, then down by `h`, and look at the loss:
#
# `slope ≈ (L(w + h) - L(w - h)) / 2h`, the *central difference*.
#
# We compare by the relative error `|ours - measured| / max(|ours|, |measured|)`. A habit of the field: above `1e-2`
# it is wrong, below `1e-7` you may be happy.


# %%
def loss_at(weights):
    moved = SparseLinear(structure, weights, dtype="float64", backend="reference")
    moved.bias[:] = b
    return loss(moved.forward(a)[0])


def measured_slopes(h):
    slopes = np.zeros(4)
    for k in range(4):
        up, down = weight.copy(), weight.copy()
        up[k] += h
        down[k] -= h
        slopes[k] = (loss_at(up) - loss_at(down)) / (2 * h)
    return slopes


def relative_error(ours, measured):
    return np.abs(ours - measured) / np.maximum(np.abs(ours), np.abs(measured))


measured = measured_slopes(h=1e-6)
error_right = relative_error(dw, measured).max()
for k, (u, v, _) in enumerate(links):
    print(f"link ({u}, {v})   ours {dw[k]:.10f}   measured {measured[k]:.10f}")
print(f"worst relative error {error_right:.0e}")

# %% [markdown]
# You should see that about ten digits agree: the worst relative error lies near `1e-10`. It is not zero, because
# subtracting two almost equal losses loses digits.
#
# ## 10. What a wrong gradient looks like
#
# Three honest mistakes. The first happens in sparse code only: the gradients are right, but they are in the order by
# output, while the weights are in the order by input. The second forgets all samples but the first. The third divides
# by the batch size although the loss does not.

# %%
mistakes = {
    "order by output": dw[by_output.order],
    "first sample only": np.array([a[0, u] * dz[0, v] for u, v, _ in links]),
    "divided by the batch": dw / 2,
}
errors = {name: relative_error(wrong, measured) for name, wrong in mistakes.items()}
for name, each in errors.items():
    print(f"{name:<22}", "  ".join(f"{value:.3f}" for value in each))

# %% [markdown]
# You should see errors such as 0.333 and 0.500, a billion times the rounding of part 9. The pattern shows the
# mistake. A constant 0.500 is a forgotten factor of two. In the first row link (0, 0) is right by luck: it stands
# first in both orders. In the second row the two links of input 0 are right by luck: that input is 0 in the second
# sample. So check several links, and several samples that differ.
#
# ## 11. Which `h`, and why float64
#
# A large `h` measures the slope of a chord, not of the curve: the error shrinks like `h²` as `h` shrinks. A small `h`
# subtracts two numbers that agree in nearly all digits: rounding grows like `1/h`. In between lies a best `h`.
#
# Our `L` is a parabola in each weight, and for a parabola the chord's slope is exact. So we take a small whole
# network with a curved activation, `tanh`, and move each of its parameters by `h`: once in float64 (16 digits), once
# in float32 (7 digits, what networks are trained in).

# %%
from sparse_mlp.layers import MeanSquaredError
from sparse_mlp.models import Samples, SparseMLP
from sparse_mlp.training import gradient_check

steps = 10.0 ** -np.arange(1, 13, 2 if options.fast else 1)
generator = np.random.default_rng(0)
inputs, targets = generator.normal(size=(4, 3)), generator.normal(size=(4, 2))


def worst_error(dtype, h):
    net, error = small_network(dtype), MeanSquaredError(backend="reference")
    x, target = inputs.astype(dtype), targets.astype(dtype)
    net.gradient(Samples(x, np.arange(len(x)), target), error)
    values, exact = net.store.values, net.store.gradient.astype(np.float64)
    measured = np.empty(len(values))
    for i, value in enumerate(values.copy()):
        values[i] = value + h
        above = error.forward(net.forward(x)[0], target)[0]
        values[i] = value - h
        below = error.forward(net.forward(x)[0], target)[0]
        values[i] = value
        measured[i] = (above - below) / (2 * h)
    return np.max(np.abs(exact - measured) / np.maximum(np.maximum(np.abs(exact), np.abs(measured)), 1e-8))


def small_network(dtype):
    return SparseMLP([3, 4, 2], density=0.5, activation="tanh", rng=1, dtype=dtype, backend="reference")


curves = {dtype: np.array([worst_error(dtype, h) for h in steps]) for dtype in ("float64", "float32")}
print("h        float64  float32")
for h, double, single in zip(steps, curves["float64"], curves["float32"], strict=True):
    print(f"{h:.0e}    {double:.0e}    {single:.0e}")

# %% [markdown]
# You should see the float64 column fall to `1e-8` or below and rise again. The float32 column never comes below about
# `1e-4`, and for tiny `h` it is worthless: an error of 1 means that the measured slope is 0, because `w + h` is
# rounded to `w`; an error of 2 means that it has the wrong sign. **Check gradients in float64, train in float32.**
#
# The library has the same check for any network, `gradient_check`. It refuses float32, and it leaves out the entries at
# which the loss has a kink and hence no slope, such as the bias of a ReLU neuron whose inputs are all zero.

# %%
check = gradient_check(small_network(np.float64), inputs, targets, MeanSquaredError(backend="reference"))
print(f"gradient_check: {check.checked} entries, worst error {check.relative_error:.0e} at {check.parameter}")

# %%
from matplotlib.figure import Figure

figure = Figure(figsize=(6, 4), layout="constrained")
axes = figure.add_subplot()
for (dtype, curve), color in zip(curves.items(), ("#0077BB", "#CC3311"), strict=True):
    axes.loglog(steps, curve, "o-", color=color, label=dtype)
axes.axhline(1e-7, color="#555555", linewidth=1, linestyle=":")
axes.text(steps[-1], 1.4e-7, "below: happy", color="#555555", fontsize=9)
axes.set(xlabel="step h of the central difference", ylabel="worst relative error of the gradient")
axes.set_title("Too large a step bends, too small a step rounds")
axes.legend(loc="upper right")
figure.savefig(figures / "01_gradient_check.png", dpi=120)
print("picture:", figures / "01_gradient_check.png")

# %% [markdown]
# The picture shows two valleys. The float64 valley is deep, the float32 valley is shallow and far to the right.
#
# ## What you have seen
#
# A sparse layer is three arrays. The forward pass gathers over the links into each output, the backward pass runs the
# same links the other way, and the gradient of a weight is one product a sample, at the links alone. The last cell
# checks the numbers of this text.

# %%
assert z.tolist() == [[4.0, 4.5], [2.5, -3.5]]
assert structure.indptr.tolist() == [0, 2, 3, 4] and structure.indices.tolist() == [0, 1, 1, 0]
assert by_output.indices.tolist() == [0, 2, 0, 1] and by_output.order.tolist() == [0, 3, 1, 2]
assert scattered.tolist() == gathered.tolist() == z.tolist()
assert loss(z) == 0.875 and dz.tolist() == [[1.0, 0.5], [-0.5, -0.5]]
assert dw.tolist() == [1.0, 0.5, 1.5, 1.0] and db.tolist() == [0.5, 0.0]
assert dx.tolist() == [[1.5, 1.5, 0.5], [-0.5, -1.5, -0.25]]
assert np.array_equal(a @ W + b, z) and np.array_equal(dz @ W.T, dx)
assert np.array_equal(dense_dW[structure.rows(), structure.indices], dw)
assert all(agree.values())
assert error_right < 1e-8
assert all(each.max() > 0.3 for each in errors.values()) and errors["order by output"][0] < 1e-8
assert np.allclose(errors["divided by the batch"], 0.5, atol=1e-6)
assert np.count_nonzero(errors["first sample only"] < 1e-8) == 2
assert curves["float64"].min() < 1e-7 < 1e-5 < curves["float32"].min()
assert curves["float64"][-1] > 10 * curves["float64"].min() and curves["float32"][-1] > 0.9
print("All numbers are as stated.")
