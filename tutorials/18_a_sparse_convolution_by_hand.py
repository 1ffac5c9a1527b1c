# %% [markdown]
# # 18 A sparse convolution by hand
#
# A convolution looks at an image through a small window. It lays a *kernel*, a small square of weights, on the window,
# multiplies, adds up, and moves on to the next window. The weights are the same in all windows. In a *sparse*
# convolution most of the weights are missing. They are not zero: they are not there.
#
# You take a kernel with two weights and an image of nine pixels, and work them through: forward, backward, as a graph,
# as matrices, and in tiles of sixteen images, the form that a processor likes. At the end you measure what each form
# costs.
#
# Symbols: `x` the image, `y` the output, `w` a weight, `b` the bias; `k` the side of the kernel, `s` the *stride* from
# one window to the next, `P` the *padding*, rows and columns of zeros around the image. `dx` is short for the gradient
# `∂L/∂x` of a loss `L`. Tutorial 01 does the same for a layer without windows.
#
# It takes about 10 s and needs no data.

# %%
import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin("a small layer in the last part; every idea stays")
figures = options.figures

# %% [markdown]
# ## 1. Forward, from the definition
#
# ```
#   image    1 2 3        kernel    2  .  .        bias  0.5
#            4 5 6                  . -1  .
#            7 8 9                  .  .  .
# ```
#
# A dot is a missing weight. A place in the kernel is called a *tap*: ours has the taps (0, 0) and (1, 1). With stride 1
# and padding 1 there are as many windows as pixels, and the middle of window (i, j) lies on pixel (i, j). Tap (a, b)
# then sees the pixel in row `i + a - 1`, column `j + b - 1`. In general:
#
# `y[i, j] = b + Σ w[a, b] · x[s·i + a - P, s·j + b - P]`, with `x = 0` outside of the image.
#
# Window (1, 1) sees the whole image: `0.5 + 2 · 1 - 1 · 5 = -2.5`. In window (0, 0) the corner tap lies outside: `0.5 +
# 2 · 0 - 1 · 1 = -0.5`. Do a third one on paper.

# %%
image = np.arange(1.0, 10.0).reshape(3, 3)
taps = {(0, 0): 2.0, (1, 1): -1.0}
bias = 0.5


def seen_by(tap, window, stride, padding):
    """The pixel under a tap, or None if it lies outside."""
    row, column = (stride * window[axis] + tap[axis] - padding for axis in (0, 1))
    return (row, column) if 0 <= row < 3 and 0 <= column < 3 else None


def forward(image, taps, stride, padding):
    size = (3 + 2 * padding - 3) // stride + 1
    y = np.full((size, size), bias)
    for window in np.ndindex(y.shape):
        for tap, w in taps.items():
            pixel = seen_by(tap, window, stride, padding)
            if pixel is not None:
                y[window] += w * image[pixel]
    return y


outputs = {(s, P): forward(image, taps, s, P) for s, P in ((1, 1), (2, 1), (1, 0))}
for (s, P), y in outputs.items():
    print(f"stride {s}, padding {P}: y = {y.tolist()}")

# %% [markdown]
# You should see `[[-0.5, -1.5, -2.5], [-3.5, -2.5, -1.5], [-6.5, 0.5, 1.5]]` first. Stride 2 takes every second row and
# column of it. Without padding one window is left.
#
# ## 2. Backward by hand
#
# Take the sum of all outputs as the loss, so that `dy = 1` everywhere. A weight is used once in each window, and there
# it multiplies the pixel that it sees. Its gradient is the sum of these pixels, each times the `dy` of the window. Tap
# (1, 1) sees all nine pixels: `1 + 2 + … + 9 = 45`. Tap (0, 0) sees the four of the upper left: `1 + 2 + 4 + 5 = 12`.
#
# A pixel gets `w · dy` from each window that has it under a tap. Pixel (0, 0) lies under the middle of window (0, 0)
# and under the corner of window (1, 1): `-1 + 2 = 1`. Pixel (2, 2) lies under a middle only: `-1`.


# %%
def backward(image, dy, taps, stride, padding):
    dw, dx = dict.fromkeys(taps, 0.0), np.zeros((3, 3))
    for window in np.ndindex(dy.shape):
        for tap, w in taps.items():
            pixel = seen_by(tap, window, stride, padding)
            if pixel is not None:
                dw[tap] += image[pixel] * dy[window]
                dx[pixel] += w * dy[window]
    return dw, dx


gradients = {case: backward(image, np.ones_like(y), taps, *case) for case, y in outputs.items()}
for (s, P), (dw, dx) in gradients.items():
    print(f"stride {s}, padding {P}: dw = {[float(g) for g in dw.values()]}, dx = {dx.tolist()}")

# %% [markdown]
# You should see `dw = [12.0, 45.0]` and `dx = [[1, 1, -1], [1, 1, -1], [-1, -1, -1]]` first. At stride 2 some pixels
# have gradient 0: no window has them under one of the two taps.
#
# Trust no gradient that you have not checked: move each number up and down by 1 and look at the loss. The loss is
# linear in each of them, so the measured slope is exact.

# %%
wrong = 0
for (s, P), (dw, dx) in gradients.items():
    for tap, w in taps.items():
        up, down = (forward(image, {**taps, tap: w + step}, s, P).sum() for step in (1, -1))
        wrong += (up - down) / 2 != dw[tap]
    for pixel in np.ndindex(3, 3):
        change = np.zeros((3, 3))
        change[pixel] = 1
        up, down = (forward(image + step * change, taps, s, P).sum() for step in (1, -1))
        wrong += (up - down) / 2 != dx[pixel]
print("wrong gradients:", wrong)

# %% [markdown]
# You should see 0.
#
# ## 3. The same links as a wiring
#
# Real images have channels, and a layer has many kernels, one for each channel of its output. A tap is then (c, a, b):
# channel, row, column. A weight is a link from a tap to a kernel. So the wiring of the layer is the wiring of a linear
# layer with `channels · k · k` inputs, the taps, and as many outputs as kernels. Tap (c, a, b) is row `(c·k + a)·k + b`
# of it. All that the library knows about wirings it knows about convolutions.
#
# `ConvGeometry` holds the sizes. `reference/convolution.py` has your loops for any of them, on arrays (batch,
# channels, rows, columns).

# %%
from sparse_mlp import SparseStructure
from sparse_mlp.convolution import conv_geometry
from sparse_mlp.kernels import scipy_convolution
from sparse_mlp.reference import convolution as reference

geometry = conv_geometry((1, 3, 3), channels_out=1, kernel=3, stride=1, padding=1)
structure = SparseStructure.from_coo([geometry.row(0, *tap) for tap in taps], [0, 0], geometry.structure_shape)
links, weight = (structure.indptr, structure.indices), np.array(list(taps.values()))
x, dy = image.reshape(1, 1, 3, 3), np.ones((1, 1, 3, 3))
print(structure, "rows", structure.rows().tolist())

agree = {}
for rung in (reference, scipy_convolution):
    y = rung.conv_forward(*links, weight, np.array([bias]), x, geometry)
    dx, dw = rung.conv_backward(*links, weight, x, dy, geometry)
    ours = outputs[1, 1], gradients[1, 1][1], list(gradients[1, 1][0].values()), [9.0]
    theirs = y[0, 0], dx[0, 0], dw, rung.bias_grad(dy)
    agree[rung.__name__] = all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    print(f"{rung.__name__:<36} {agree[rung.__name__]}")

one_row = conv_geometry((1, 1, 6), channels_out=1, kernel=3)
print("taps that see something of an image of one row:", one_row.live_taps().tolist())

# %% [markdown]
# You should see `rows [0, 4]` and `True` twice. The last line says `[3, 4, 5]`: of a kernel on a single row of pixels
# the first and the last row of taps see nothing but padding. Such *dead taps* never learn, and no link may grow there.
#
# ## 4. The expanded graph
#
# There is another way to look at it: forget the windows, and draw a line from each pixel to each output that it enters.
# This is a linear layer of 9 inputs and 9 outputs. It has 13 links, 9 of the middle tap and 4 of the corner tap, but
# only two weights. Its gradients are one number a link; added up by tap they must be the two numbers from part 2.

# %%
from sparse_mlp.layers import SparseLinear

joined = {}  # (pixel, window), both counted row by row: the tap that joins them
for window in np.ndindex(3, 3):
    for tap in taps:
        pixel = seen_by(tap, window, 1, 1)
        if pixel is not None:
            joined[pixel[0] * 3 + pixel[1], window[0] * 3 + window[1]] = tap
expanded = SparseStructure.from_coo(*zip(*joined, strict=True), shape=(9, 9))
tap_of = [joined[pair] for pair in zip(expanded.rows().tolist(), expanded.indices.tolist(), strict=True)]

linear = SparseLinear(expanded, np.array([taps[tap] for tap in tap_of]), dtype="float64", backend="reference")
linear.bias[:] = bias
z, cache = linear.forward(image.reshape(1, 9))
dx_linear, grads = linear.backward(np.ones((1, 9)), cache)
shared = {tap: sum(float(g) for g, t in zip(grads["weight"], tap_of, strict=True) if t == tap) for tap in taps}
print(expanded)
print("same y: ", np.array_equal(z.reshape(3, 3), outputs[1, 1]))
print("same dx:", np.array_equal(dx_linear.reshape(3, 3), gradients[1, 1][1]))
print("gradients, added up by tap:", shared)

# %% [markdown]
# You should see `True` twice, and 12 and 45.

# %%
from matplotlib.figure import Figure

from sparse_mlp.plotting import style

COLORS = {(0, 0): "#CC3311", (1, 1): "#0077BB"}


def on_plane(number, height):
    """Where a pixel or window stands in a picture of two planes, one above the other."""
    row, column = divmod(number, 3)
    return column + 0.33 * (2 - row), height + 0.55 * (2 - row)


def in_column(number, side):
    return 2.4 * side, 8 - number


with style():
    figure = Figure(figsize=(9.5, 4.8), layout="constrained")
    planes, columns = figure.subplots(1, 2, width_ratios=[1.25, 1])
for axes, place, ends in ((planes, on_plane, (0, 3.0)), (columns, in_column, (0, 1))):
    for (u, v), tap in joined.items():
        (x0, y0), (x1, y1) = place(u, ends[0]), place(v, ends[1])
        axes.plot([x0, x1], [y0, y1], color=COLORS[tap], linewidth=1.8, zorder=2)
    for number in range(9):
        for end, face in zip(ends, ("#EE7733", "#33BBEE"), strict=True):
            at = place(number, end)
            axes.scatter(*at, s=300, color=face, edgecolor="white", zorder=3)
            axes.text(*at, "{}{}".format(*divmod(number, 3)), ha="center", va="center", fontsize=8, zorder=4)
    axes.set_axis_off()
for height, words in ((0, "image"), (3.0, "windows")):
    planes.fill([-0.5, 2.5, 3.3, 0.3], height + np.array([-0.35, -0.35, 1.5, 1.5]), color="#EFEFEA", zorder=0)
    planes.text(3.4, height + 0.55, words, va="center")
planes.set(title="one kernel, moved over the image", aspect="equal", xlim=(-0.7, 4.7), ylim=(-0.6, 4.7))
columns.set(title="the same as a bipartite graph", xlim=(-0.5, 2.9), ylim=(-1.1, 8.6))
columns.text(0, -0.9, "pixels", ha="center")
columns.text(2.4, -0.9, "windows", ha="center")
keys = [planes.plot([], [], color=COLORS[tap], label=f"tap {tap}, weight {w:g}")[0] for tap, w in taps.items()]
figure.legend(handles=keys, loc="outside lower center", ncols=2)
figure.savefig(figures / "18_expanded_graph.png", dpi=120)
print("picture:", figures / "18_expanded_graph.png")

# %% [markdown]
# In the picture the number of a node is its row and its column. Each window has a blue link to the pixel below it. Four
# windows have a red one to the pixel at their upper left corner; for the five others that corner is padding. This is
# the graph in which Li et al. (2025) look for the links that a convolution should grow: an absent weight is an absent
# line in *every* window.
#
# ## 5. As matrices
#
# Write down for each tap what it sees in each window: a matrix `U` with a row for each tap and a column for each
# window. The name for this is *im2col*, image to columns. With the weights as a matrix `W` (taps x kernels), the
# convolution is a matrix product, and so are the gradients:
#
# `y = Wᵀ U + b`, `dU = W dy`, `dW = U dyᵀ`.
#
# `dx` adds each number of `dU` to the pixel that it was copied from.

# %%
U = scipy_convolution.unfold(x, geometry)
W = np.zeros((9, 1))
W[structure.rows(), structure.indices] = weight
for tap in taps:
    print(f"tap {tap} sees", U[geometry.row(0, *tap)].astype(int).tolist())
y_product = W.T @ U + bias
dW_all = U @ dy.reshape(1, 9).T
dx_product = scipy_convolution.fold(W @ dy.reshape(1, 9), geometry)
print("y :", y_product.reshape(3, 3).tolist())
print("dx:", dx_product[0, 0].tolist())
print("dW of all nine taps:", dW_all.ravel().tolist())

# %% [markdown]
# You should see that the middle tap sees `1 … 9`, that the corner tap sees `0, 0, 0, 0, 1, 2, 0, 4, 5`, and the `y` and
# `dx` from above. `dW` has nine numbers, with 12 and 45 at rows 0 and 4. The other seven belong to weights that are not
# there. A rule such as RigL grows links where they are largest; training needs the two only.
#
# A *sparse* `W` makes the first two products cheap: `kernels/scipy_convolution.py` takes `scipy.sparse` arrays. For
# `dw` it gathers, for each link, a row of `U` and a row of `dy`. But `U` itself stays dense, and holds most pixels nine
# times: memory that has to be written and read.
#
# ## 6. Tiles of sixteen images
#
# A processor adds up to sixteen float32 numbers in one instruction, if they stand side by side. In an image, pixels
# that stand side by side meet *different* weights. But the same pixel of sixteen *images* meets the same weight! So
# turn the array around: (tiles, channels, rows, columns, 16), with the image as the last axis. Put a border of zeros
# around each image, and nobody has to ask any more whether a pixel is inside.
#
# Now look at the memory as one long row of numbers. From the pixel under the middle of a window, the pixel that a tap
# sees is always equally far away. With `Wp = 5`, the width of a row with its border:
#
# `offset = ((a - P) · Wp + (b - P)) · 16`
#
# A link is a weight and an offset: no rows, no columns, no padding, no `k`.

# %%
LANES = 16


def in_tiles(maps, border):
    """(n, channels, rows, columns) as (tiles, channels, rows + 2 border, columns + 2 border, 16), the rest zeros."""
    n, channels, rows, columns = maps.shape
    tiles = np.zeros((-(-n // LANES), channels, rows + 2 * border, columns + 2 * border, LANES), maps.dtype)
    for sample in range(n):
        tile, lane = divmod(sample, LANES)
        tiles[tile, :, border : border + rows, border : border + columns, lane] = maps[sample]
    return tiles


def out_of_tiles(tiles, border, n):
    """What `in_tiles` has packed."""
    inside = tiles[:, :, border : tiles.shape[2] - border, border : tiles.shape[3] - border]
    return inside.transpose(0, 4, 1, 2, 3).reshape(-1, *inside.shape[1:4])[:n]


images = np.random.default_rng(0).normal(size=(20, 1, 3, 3))
tiles = in_tiles(images, border=1)
offsets = {tap: ((tap[0] - 1) * 5 + (tap[1] - 1)) * LANES for tap in taps}
print("tiles:", tiles.shape, " offsets:", offsets)

memory, y_tiles = tiles.ravel(), np.zeros_like(tiles)
dy_tiles = in_tiles(np.ones((20, 1, 3, 3)), border=1)
above, dx_tiles, dw_tiles = dy_tiles.ravel(), np.zeros_like(tiles), dict.fromkeys(taps, 0.0)
for tile, i, j in np.ndindex(len(tiles), 3, 3):
    at = np.ravel_multi_index((tile, 0, i + 1, j + 1, 0), tiles.shape)  # of the middle of window (i, j) in memory
    here = slice(at, at + LANES)
    sums, d = np.full(LANES, bias), np.zeros(LANES)
    for tap, w in taps.items():
        sums += w * memory[at + offsets[tap] :][:LANES]
        seen = above[at - offsets[tap] :][:LANES]  # dy of the window that has pixel (i, j) under this tap
        d += w * seen
        dw_tiles[tap] += np.sum(memory[here] * seen)
    y_tiles.ravel()[here], dx_tiles.ravel()[here] = sums, d

y20 = reference.conv_forward(*links, weight, np.array([bias]), images, geometry)
dx20, dw20 = reference.conv_backward(*links, weight, images, np.ones((20, 1, 3, 3)), geometry)
print("same y :", np.allclose(out_of_tiles(y_tiles, 1, 20), y20))
print("same dx:", np.allclose(out_of_tiles(dx_tiles, 1, 20), dx20))
print("same dw:", np.allclose(list(dw_tiles.values()), dw20))

# %% [markdown]
# You should see `(2, 1, 5, 5, 16)`, the offsets -96 and 0, and `True` three times. Backward, the same offset leads the
# other way, with a minus: from a pixel to the windows that see it. One look at `dy` serves both gradients, `dx` and
# `dw`.
#
# Twenty images fill one tile and four *lanes* of a second one. The twelve lanes that are left compute too: their `y` is
# the bias. But their `dy` is 0, so they add nothing to a gradient. One image alone would use one lane of sixteen: this
# layout is made for batches.
#
# ## 7. The ladder, measured
#
# Four forms of one layer, `C` channels to `C`, 3 x 3 taps, stride and padding 1, on one thread:
#
# - **loops**: `reference/convolution.py`. Measured on a tiny layer, and multiplied up by the number of multiply-adds.
# - **dense**: all weights, as products with the unfolded maps `U`, by BLAS, which comes near the peak of a processor.
# - **scipy**: part 5 with a sparse `W`.
# - **tiles**: part 6, compiled, in `kernels/convolution.py`. It keeps 4 x 4 windows of sixteen images in registers.

# %%
from time import perf_counter

from sparse_mlp.kernels import convolution as compiled
from sparse_mlp.kernels.conv_offsets import conv_links
from sparse_mlp.kernels.library_threads import one_blas_thread
from sparse_mlp.topology import generate

C, SIDE, BATCH = (16, 16, 16) if options.fast else (64, 32, 32)
layer = conv_geometry((C, SIDE, SIDE), C, kernel=3)
generator = np.random.default_rng(1)
zeros = np.zeros(C, np.float32)
x, dy = (generator.normal(size=(BATCH, C, SIDE, SIDE)).astype(np.float32) for _ in range(2))
x_tiles, dy_tiles = in_tiles(x, 1), in_tiles(dy, 1)


def best(function, *arguments, times=3):
    """The result and the shortest time in milliseconds."""
    spent = []
    for _ in range(times):
        began = perf_counter()
        result = function(*arguments)
        spent.append(perf_counter() - began)
    return result, 1e3 * min(spent)


def dense_forward(W):
    return W.T @ scipy_convolution.unfold(x, layer)


def dense_backward(W):
    rows = dy.swapaxes(0, 1).reshape(C, -1)
    return scipy_convolution.fold(W @ rows, layer), scipy_convolution.unfold(x, layer) @ rows.T


def measure(density):
    """Milliseconds of both passes, and the largest difference between SciPy and tiles."""
    wiring = generate("erdos-renyi", *layer.structure_shape, density, rng=0)
    links = wiring.indptr, wiring.indices
    weight = generator.normal(size=wiring.nnz).astype(np.float32)
    y, scipy_forward = best(scipy_convolution.conv_forward, *links, weight, zeros, x, layer)
    (dx, dw), scipy_backward = best(scipy_convolution.conv_backward, *links, weight, x, dy, layer, times=1)
    lists = conv_links(wiring, layer, input_border=1, output_border=1)
    forth, back = (weight[one.order] for one in lists)  # each pass visits the links in an order of its own
    y_tiled, tiles_forward = best(compiled.conv_forward, lists.forward.sorted(), forth, zeros, x_tiles, layer)
    sorted_back = lists.backward.sorted()
    (dx_tiled, dw_tiled), tiles_backward = best(compiled.conv_backward, sorted_back, back, x_tiles, dy_tiles, layer)
    found = out_of_tiles(y_tiled, 0, BATCH), out_of_tiles(dx_tiled, 1, BATCH), dw_tiled
    wanted = y, dx, dw[lists.backward.order]
    unlike = max(np.abs(a - b).max() / np.abs(b).max() for a, b in zip(found, wanted, strict=True))
    return {"scipy": (scipy_forward, scipy_backward), "tiles": (tiles_forward, tiles_backward)}, unlike


tiny = conv_geometry((2, 8, 8), 2, kernel=3)
tiny_wiring = generate("erdos-renyi", *tiny.structure_shape, 0.5, rng=0)
tiny_links, tiny_weight = (tiny_wiring.indptr, tiny_wiring.indices), np.ones(tiny_wiring.nnz)
tiny_maps = np.ones((1, 2, 8, 8))
_, slow_forward = best(reference.conv_forward, *tiny_links, tiny_weight, np.zeros(2), tiny_maps, tiny)
_, slow_backward = best(reference.conv_backward, *tiny_links, tiny_weight, tiny_maps, tiny_maps, tiny)
larger = (C / 2) ** 2 * (SIDE / 8) ** 2 * BATCH  # times as many multiply-adds

DENSITIES = (0.5, 0.3, 0.1, 0.05, 0.01)
with one_blas_thread():
    everything = generator.normal(size=layer.structure_shape).astype(np.float32)
    dense = best(dense_forward, everything)[1], best(dense_backward, everything)[1]
    measure(0.5)  # compiles
    measured = {density: measure(density) for density in DENSITIES}
took = {density: times for density, (times, _) in measured.items()}
unlike = max(difference for _, difference in measured.values())

half = {"loops": (slow_forward * larger, slow_backward * larger), "dense": dense, **took[0.5]}
print(f"{C} channels of {SIDE} x {SIDE}, batch {BATCH}; half of the links:")
print("              forward        backward")
for name, (forth, back) in half.items():
    print(f"{name:<6} {forth:11,.1f} ms {back:11,.1f} ms")
print("\nboth passes, ms   " + "".join(f"{density:8.0%}" for density in DENSITIES))
for name in ("scipy", "tiles"):
    print(f"{name:<18}" + "".join(f"{sum(took[density][name]):8.1f}" for density in DENSITIES))
print(f"dense             {sum(dense):8.1f} at any density")
print(f"largest difference between SciPy and tiles, relative: {unlike:.0e}")

# %%
with style():
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
for name, color in (("scipy", "#CC3311"), ("tiles", "#0077BB")):
    axes.loglog(DENSITIES, [sum(took[density][name]) for density in DENSITIES], "o-", color=color, label=name)
axes.axhline(sum(dense), color="#555555", linestyle="--", label="dense, unfolded, by BLAS")
axes.set_xticks(DENSITIES, [f"{density:.0%}" for density in DENSITIES])
axes.set_xticks([], minor=True)
axes.set(xlabel="density: share of the links that are present", ylabel="forward and backward, ms")
axes.set_title(f"{C} channels of {SIDE} × {SIDE}, batch {BATCH}, one thread")
axes.legend()
figure.savefig(figures / "18_ladder.png", dpi=120)
print("picture:", figures / "18_ladder.png")

# %% [markdown]
# You should see that loops are hopeless, and that SciPy loses to the dense product where half of the links are
# present. Its backward pass is to blame: for each link it copies two rows of numbers, to multiply them once. The tiles
# win against SciPy at each density, by far.
#
# Do they win against dense convolutions as well? The dashed line is not the best that dense code can do: libraries
# such as oneDNN, inside PyTorch, do without `U` too and need about half of its time. So halve it, and look where the
# blue line lies below. There, *truly sparse* is not only smaller but faster. (Packing images into tiles is not in these
# numbers. A network packs a batch once, not once for each layer.)
#
# ## 8. The layer
#
# In a network you need none of this by hand. `SparseConv2d` has a wiring, a weight for each link and the passes of part
# 7, and it can unfold itself into the linear layer of part 4.

# %%
from sparse_mlp.layers import SparseConv2d

conv = SparseConv2d(structure, (1, 3, 3), weight, kernel=3, dtype="float64")
conv.bias[:] = bias
y_layer, cache = conv.forward(image.reshape(1, 1, 3, 3))
dx_layer, grads_layer = conv.backward(np.ones((1, 1, 3, 3)), cache)
print(conv)
print("y :", y_layer[0, 0].tolist())
print("dx:", dx_layer[0, 0].tolist())
print("gradients of the weights:", grads_layer["weight"].tolist())
print("links between pixels:", conv.expanded().structure)

# %% [markdown]
# You should see the numbers of parts 1 and 2 once more, and the 13 links of part 4. Tutorial 19 asks which links such a
# layer should grow.
#
# ## What you have seen
#
# A sparse convolution is a sparse wiring from taps to kernels, used again in each window. Its backward pass runs the
# same links the other way. As a graph between pixels and windows it is a linear layer with shared weights; as a matrix
# product it is a linear layer on unfolded images. In tiles of sixteen images a link is a weight and an offset, and that
# makes it fast.
#
# **Try it.** (a) Give the kernel the tap (2, 2) with weight 3 and work out `y` and `dx` on paper. (b) Which taps of a
# 3 x 3 kernel are dead on an image of 2 x 2 with stride 2? Ask `live_taps`. (c) Leave out the border in part 6. Which
# outputs become wrong, and what do their windows see instead of zeros?

# %%
assert outputs[1, 1].tolist() == [[-0.5, -1.5, -2.5], [-3.5, -2.5, -1.5], [-6.5, 0.5, 1.5]]
assert outputs[2, 1].tolist() == [[-0.5, -2.5], [-6.5, 1.5]] and outputs[1, 0].tolist() == [[-2.5]]
assert [list(dw.values()) for dw, _ in gradients.values()] == [[12, 45], [5, 20], [1, 5]]
assert gradients[1, 1][1].tolist() == [[1, 1, -1], [1, 1, -1], [-1, -1, -1]]
assert gradients[2, 1][1].tolist() == [[-1, 0, -1], [0, 2, 0], [-1, 0, -1]]
assert gradients[1, 0][1].tolist() == [[2, 0, 0], [0, -1, 0], [0, 0, 0]]
assert wrong == 0 and structure.rows().tolist() == [0, 4] and all(agree.values())
assert one_row.live_taps().tolist() == [3, 4, 5]
assert expanded.nnz == 13 and shared == {(0, 0): 12, (1, 1): 45}
assert np.array_equal(z[0], outputs[1, 1].ravel()) and np.array_equal(dx_linear[0], gradients[1, 1][1].ravel())
assert np.array_equal(y_product.reshape(3, 3), outputs[1, 1]) and np.array_equal(dx_product[0, 0], gradients[1, 1][1])
assert U[0].tolist() == [0, 0, 0, 0, 1, 2, 0, 4, 5] and (dW_all[0, 0], dW_all[4, 0]) == (12, 45)
assert tiles.shape == (2, 1, 5, 5, 16) and offsets == {(0, 0): -96, (1, 1): 0}
assert np.allclose(out_of_tiles(y_tiles, 1, 20), y20) and np.allclose(out_of_tiles(dx_tiles, 1, 20), dx20)
assert np.allclose(list(dw_tiles.values()), dw20)
assert np.all(out_of_tiles(y_tiles, 1, 32)[20:] == bias) and not out_of_tiles(dx_tiles, 1, 32)[20:].any()
assert unlike < 1e-4
assert all(sum(times["tiles"]) < sum(times["scipy"]) for times in took.values())
assert sum(half["loops"]) > 10 * sum(half["scipy"])
assert np.array_equal(y_layer[0, 0], outputs[1, 1]) and np.array_equal(dx_layer[0, 0], gradients[1, 1][1])
assert grads_layer["weight"].tolist() == [12, 45] and np.array_equal(conv.expanded().structure.keys(), expanded.keys())
print("All numbers are as stated.")
