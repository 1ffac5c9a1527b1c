# %% [markdown]
# # 19 Cannistraci-Hebb training of convolutions
#
# Tutorial 06 scored the absent links of a layer by the paths of length three around them, and tutorial 07 trained with
# such scores. What about a convolution? Tutorial 18 has shown that it is a linear layer too, between the pixels of an
# image and the windows of a kernel, in which many links share one weight. *CHT-Conv* (Li et al. 2025) scores absent
# links in that graph, and takes for an absent weight the mean over all its windows.
#
# You find such a score by hand, in the kernel of tutorial 18. Then you get it without the image. At the end you train a
# small network, watch an update, and see updates grow again what they have just removed.
#
# Words of tutorial 18: a *tap* is a place in a kernel, a *link* is a tap that has a weight, a *window* is a place of
# the kernel on the image.
#
# It takes about 30 s. It looks for CIFAR-10 in `--data-dir`, `$SPARSE_MLP_DATA` and the cache, and takes a
# synthetic stand-in without it.

# %%
from itertools import pairwise
from time import perf_counter

import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin("train with fewer images; every idea stays", data="cifar-10")
figures = options.figures

# %% [markdown]
# ## 1. Which window sees which tap
#
# Take one axis first: three pixels, three windows, three taps, with one zero of padding at each end. Window `q` has tap
# `t` on pixel `q + t - 1`:
#
# ```
#               tap 0   tap 1   tap 2
#   window 0      –     pixel 0 pixel 1
#   window 1    pixel 0 pixel 1 pixel 2
#   window 2    pixel 1 pixel 2    –
# ```
#
# A dash is padding. So tap 0 sees a pixel in two windows, tap 1 in three, tap 2 in two. An image has two axes that do
# not disturb each other: tap (a, b) sees a pixel in as many windows as the product says. Write down the nine numbers.

# %%
TAPS = [(a, b) for a in range(3) for b in range(3)]


def windows_of(tap, height, width):
    """All windows in which a tap sees a pixel, each with that pixel."""
    for i, j in np.ndindex(height, width):
        row, column = i + tap[0] - 1, j + tap[1] - 1
        if 0 <= row < height and 0 <= column < width:
            yield (i, j), (row, column)


seen_in = np.array([sum(1 for _ in windows_of(tap, 3, 3)) for tap in TAPS]).reshape(3, 3)
print("windows in which each tap of a kernel sees a pixel, on an image of 3 x 3:")
print(seen_in)

# %% [markdown]
# You should see 4 in the corners, 6 at the sides and 9 in the middle. In the other windows the tap lies on padding.
# There is no pixel, so there is no link that could be absent: such windows do not count.
#
# ## 2. A score by hand
#
# The kernel of tutorial 18 has two links, at the taps (0, 0) and (1, 1), and the image has 3 x 3 pixels. Does it ask
# for a link at tap (2, 2)?
#
# Begin with window (0, 0). Its tap (2, 2) lies on pixel (1, 1). So the absent link joins the pixel `u = (1, 1)` and the
# window `v = (0, 0)`. Look for paths `u – b – a – v` over another window `b` and another pixel `a`:
#
# - *From u*: which windows have pixel (1, 1) under a link? Window (1, 1) with its middle, window (2, 2) with its corner
#   (0, 0).
# - *To v*: which pixels has window (0, 0) under a link? Pixel (0, 0) with its middle. Its corner lies on padding.
# - *Between*: window (1, 1) has pixel (0, 0) under its corner: yes. Window (2, 2) has not.
#
# One path: pixel (1, 1) – window (1, 1) – pixel (0, 0) – window (0, 0). Which links do its two inner nodes have? Pixel
# (0, 0) is linked to the windows (0, 0) and (1, 1), both on the path. So it has one *internal* link, to window (1, 1),
# and no external one: i = 1, e = 0. Window (1, 1) is linked to the pixels (0, 0) and (1, 1): i = 1, e = 0 again.
#
# CH2-L3n adds `(1 + i) / (1 + e)` for each inner node, `2 + 2 = 4`. CH3-L3n adds `1 / (1 + e)`, `1 + 1 = 2`.
#
# Tap (2, 2) sees a pixel in three more windows, (0, 1), (1, 0) and (1, 1). Do one of them on paper.

# %%
from matplotlib.figure import Figure

from sparse_mlp.plotting import style

FEW = [(0, 0), (1, 1)]  # the links of the kernel
PATH = {((1, 1), (1, 1)), ((0, 0), (1, 1)), ((0, 0), (0, 0))}  # pixel and window

with style():
    figure = Figure(figsize=(5.6, 4.6), layout="constrained")
    axes = figure.add_subplot()
for tap in FEW:
    for window, pixel in windows_of(tap, 3, 3):
        on_path = (pixel, window) in PATH
        ends = [8 - 3 * pixel[0] - pixel[1], 8 - 3 * window[0] - window[1]]
        look = {"color": "#0077BB", "linewidth": 3} if on_path else {"color": "#BBBBBB", "linewidth": 1.2}
        axes.plot([0, 2.4], ends, zorder=2 if on_path else 1, **look)
axes.plot([0, 2.4], [4, 8], color="#CC3311", linestyle="--", linewidth=2, zorder=2)
for side in (0, 2.4):
    for number in range(9):
        place = divmod(number, 3)
        special = {(0, (1, 1)): "u", (0, (0, 0)): "a", (2.4, (0, 0)): "v", (2.4, (1, 1)): "b"}.get((side, place), "")
        axes.scatter(side, 8 - number, s=330, color="#99CCEE" if special else "#E4E4DE", edgecolor="white", zorder=3)
        axes.text(side, 8 - number, "{}{}".format(*place), ha="center", va="center", fontsize=8, zorder=4)
        axes.text(side + (-0.2 if side == 0 else 0.2), 8 - number, special, ha="center", va="center", style="italic")
axes.text(0, -0.8, "pixels", ha="center")
axes.text(2.4, -0.8, "windows", ha="center")
axes.set(title="the absent link of tap (2, 2) in window (0, 0)\nand the path that closes it", xlim=(-0.5, 2.9))
axes.set_axis_off()
figure.savefig(figures / "19_path.png", dpi=120)
print("picture:", figures / "19_path.png")

# %% [markdown]
# In the picture the absent link is dashed, the path is blue. Neither `a` nor `b` has a link that leads off it.
#
# ## 3. By code
#
# The recipe of tutorial 06, on sets of neighbours. `window_scores` gives the score of each window, and the score of a
# tap is their mean.


# %%
def expanded(links, height, width):
    """The neighbours of each pixel and of each window."""
    of_pixel = {place: set() for place in np.ndindex(height, width)}
    of_window = {place: set() for place in np.ndindex(height, width)}
    for tap in links:
        for window, pixel in windows_of(tap, height, width):
            of_pixel[pixel].add(window)
            of_window[window].add(pixel)
    return of_pixel, of_window


CH2, CH3 = (lambda i, e: (1 + i) / (1 + e)), (lambda i, e: 1 / (1 + e))


def window_scores(links, tap, height, width, term):
    """The score of an absent tap in each window; not a number where it sees padding."""
    of_pixel, of_window = expanded(links, height, width)
    found = np.full((height, width), np.nan)
    for v, u in windows_of(tap, height, width):
        inner_windows = {b for b in of_pixel[u] if of_window[b] & of_window[v]}
        inner_pixels = {a for a in of_window[v] if of_pixel[a] & of_pixel[u]}
        found[v] = 0
        for near, inner, end in [(of_pixel[a], inner_windows, v) for a in inner_pixels] + [
            (of_window[b], inner_pixels, u) for b in inner_windows
        ]:
            found[v] += term(len(near & inner), len(near - inner - {end}))
    return found


few_scores = {
    name: [float(np.nanmean(window_scores(FEW, tap, 3, 3, term))) if tap not in FEW else 0.0 for tap in TAPS]
    for name, term in (("CH2-L3n", CH2), ("CH3-L3n", CH3))
}
four_windows = window_scores(FEW, (2, 2), 3, 3, CH2)
print("CH2-L3n of tap (2, 2) in each window:")
print(four_windows)
for name, values in few_scores.items():
    print(name, "of the nine taps:", values)

# %% [markdown]
# You should see 4 in four windows, and the scores 4 and 2 for tap (2, 2). All other taps score 0. (Why? A link joins a
# pixel with the window at the same place, or with the next one on the diagonal. Three such steps never lead from a
# place to the one beside it, so tap (0, 1) has no paths.)
#
# So two links that follow each other on the diagonal ask for a third one. Note what the mean leaves out. Over all nine
# windows it would be `16 / 9`, and a corner would lose against the middle only because it sees less.
#
# ## 4. Seven pixels are enough
#
# A layer has thousands of windows. But most of them stand in the midst of the image, and there every window has the
# same neighbours as the next one. So let us look at the scores of the single windows, for a kernel with four links and
# one of its absent taps.

# %%
MORE, ABSENT = [(0, 0), (0, 1), (1, 1), (2, 0)], (1, 0)
maps = {size: window_scores(MORE, ABSENT, *size, CH2) for size in ((4, 4), (7, 7), (10, 13))}

with style():
    figure = Figure(figsize=(10.5, 3.7), layout="constrained")
    panels = figure.subplots(1, 3, width_ratios=[4, 7, 13])
highest = max(np.nanmax(values) for values in maps.values())
for axes, ((height, width), values) in zip(panels, maps.items(), strict=True):
    axes.set_facecolor("#E4E4DE")
    shades = axes.imshow(values, cmap="viridis", vmin=0, vmax=highest)
    for (i, j), value in np.ndenumerate(values):
        ink = "white" if value < 0.65 * highest else "black"
        axes.text(j, i, "–" if np.isnan(value) else f"{value:.1f}", ha="center", va="center", fontsize=6, color=ink)
    axes.set(title=f"{height} x {width}", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
figure.colorbar(shades, ax=panels, label="CH2-L3n of the window", shrink=0.8)
figure.savefig(figures / "19_windows.png", dpi=120)
print("picture:", figures / "19_windows.png")


def stretched(values, height, width):
    """The window scores of a larger image: the middle row and the middle column of 7 x 7, repeated."""
    tall = np.repeat(values, [1, 1, 1, height - 6, 1, 1, 1], axis=0)
    return np.repeat(tall, [1, 1, 1, width - 6, 1, 1, 1], axis=1)


same_map = np.allclose(stretched(maps[7, 7], 10, 13), maps[10, 13], rtol=1e-12, equal_nan=True)
print("the map of 7 x 7, stretched, is that of 10 x 13:", same_map)

# %% [markdown]
# You should see `True`. In the picture the first column is padding for this tap. Look at the inside of the two larger
# images: one value repeats and repeats.
#
# Why seven? Take the window `v` in the middle. Its pixels lie at most one step away. The paths lead on to windows at
# most two steps away, and what else these see lies at most three steps away: `3 + 1 + 3 = 7`. In an image of 7 x 7 the
# middle window is the only one that no border reaches. Every larger image has more windows like this one, and the same
# windows around. So an image of 7 x 7 stands for all larger ones.
#
# ## 5. Without any graph
#
# One can do even better. A score adds up terms, and each term looks at two nodes only: at the pixel `u` and a pixel `a`
# next to the window, or at the window `v` and a window `b` next to the pixel. It asks: how many neighbours do the two
# share (`R = i`), and how many has the second one (`d = i + e + 1`)?
#
# Two pixels a given number of taps apart share what the kernel says, and only those windows count that exist. On one
# axis this leaves a handful of cases, or *classes*. Each knows the taps of `u` that `a` shares (`shared`), the taps by
# which `a` is seen at all (`present`), and for each tap of `v` how many windows are like that (`counts`). `axis_tables`
# finds them by enumeration:

# %%
from sparse_mlp.kernels.axis_tables import axis_tables

print("an axis of 3 pixels, u by some tap, a by the tap before it:")
for one in axis_tables(3, kernel=3, stride=1, padding=1).pixels[-1]:
    print("  ", one)
SIDES = (2, 3, 4, 7, 32, 224)
classes = {side: sum(map(len, axis_tables(side, 3, 1, 1).pixels.values())) for side in SIDES}
print("classes on one axis, by the number of pixels:", classes)

# %% [markdown]
# You should see at most 11 classes, whatever the size of the image. Only the counts change with it. The two axes are
# independent, so a class of rows and a class of columns make a class of windows, and their counts are multiplied.
#
# For tap (2, 2) of our kernel take `a` under tap (1, 1), one step before it on both axes. In two of the classes above
# tap 2 has a count of 1, so there are 2 · 2 classes of windows, one window in each. In all of them `R = K[1, 1] · K[0,
# 0] = 1` and `d = 2`, and so `(1 + R) / (d - R) = 2`: together 8. The windows `b` give 8 as well, and `16 / 4 = 4`.
#
# In the function below nothing is left of the image but its size.


# %%
def by_classes(links, tap, height, width):
    """CH2-L3n of an absent tap, for one channel and one kernel."""
    K = np.zeros((3, 3), int)
    K[tuple(np.transpose(links))] = 1
    rows, columns = (axis_tables(side, 3, 1, 1) for side in (height, width))
    total = 0.0
    for of_rows, of_columns in ((rows.pixels, columns.pixels), (rows.outputs, columns.outputs)):
        for link in links:  # by which a is next to v, or b next to u
            down, right = link[0] - tap[0], link[1] - tap[1]
            for Y in of_rows.get(down, []):
                for X in of_columns.get(right, []):
                    R = sum(K[a, b] * K[a + down, b + right] for a in Y.shared for b in X.shared)
                    d = K[np.ix_(Y.present, X.present)].sum()
                    windows = Y.counts[tap[0]] * X.counts[tap[1]]
                    total += windows * (1 + R) / max(d - R, 1) if R else 0.0
    return total / (rows.windows[tap[0]] * columns.windows[tap[1]])


closed = by_classes(FEW, (2, 2), 3, 3)
print("tap (2, 2) of the first kernel:", closed)
gap = max(abs(by_classes(MORE, ABSENT, *size) - np.nanmean(values)) for size, values in maps.items())
print(f"second kernel, largest difference to the graph, three sizes: {gap:.0e}")
large = by_classes(MORE, ABSENT, 224, 224), float(np.nanmean(stretched(maps[7, 7], 224, 224)))
print("224 x 224, by classes and by stretching: {:.6f} {:.6f}".format(*large))

# %% [markdown]
# You should see 4, a difference of about 1e-15, and twice the same number.
#
# The library does this for all channels and kernels at once. Then `R` is a matrix, the product of two slices of the
# mask, and the sums are matrix products; docs/algorithms.md, section 8.4, writes them down. `conv_score_matrix` takes
# the wiring of taps and kernels that you know from tutorial 18. Three ways must agree: your loops, the reference, which
# builds the graph, and the kernels, which do not.

# %%
from sparse_mlp import SparseStructure
from sparse_mlp.convolution import conv_geometry
from sparse_mlp.link_prediction import conv_score_matrix

image_of_9 = conv_geometry((1, 3, 3), channels_out=1, kernel=3)
few = SparseStructure.from_coo([image_of_9.row(0, *tap) for tap in FEW], [0, 0], image_of_9.structure_shape)
by_library = {
    (name, backend): conv_score_matrix(few, image_of_9, name.lower(), backend=backend)[:, 0].tolist()
    for name in few_scores for backend in ("reference", "numba")
}  # fmt: skip
for (name, backend), values in by_library.items():
    print(f"{name} {backend:<9} {values == few_scores[name]}")

from sparse_mlp.topology import generate

print("64 channels to 64, a tenth of the links; milliseconds for all", 64 * 9 * 64, "scores:")
spent = {}
for side in (8, 32, 224):
    layer = conv_geometry((64, side, side), channels_out=64, kernel=3)
    wiring = generate("erdos-renyi", *layer.structure_shape, 0.1, rng=0)
    times = []
    for _ in range(3):  # the first time makes tables for this size
        began = perf_counter()
        conv_score_matrix(wiring, layer, "ch3-l3n")
        times.append(perf_counter() - began)
    spent[side] = 1e3 * min(times)
    print(f"{side:>4} x {side:<4} {spent[side]:6.1f}    nodes of the graph: {64 * side**2 * 2:,}")

# %% [markdown]
# You should see `True` four times, and about the same time for each size, although the last graph would have six
# million nodes.
#
# ## 6. Sixteen kernels: which graph?
#
# The paper draws one graph *for each kernel*: a link is judged by the links of its own kernel. Call it the *kernel
# graph*. One could as well draw one graph with the windows of all kernels, the *layer graph*. Take 16 channels and 16
# kernels with 14 of 144 links each, 10 %.

# %%
from sparse_mlp.models.vgg import wire_kernels

layer = conv_geometry((16, 8, 8), channels_out=16, kernel=3)
wiring = wire_kernels(layer, 14, np.random.default_rng(0))
scores = {graph: conv_score_matrix(wiring, layer, "ch3-l3n", graph=graph) for graph in ("kernel", "layer")}
first = wiring.rows()[wiring.indices == 0]  # the links of kernel 0
channels_seen = np.unique(first // 9)
free = np.setdiff1d(np.arange(layer.taps), first)
print("kernel 0 has links to the channels", channels_seen.tolist())
for graph, values in scores.items():
    of_kernel = values[free, 0].round(9)
    print(f"{graph:<6} graph: {len(free)} absent links, {np.sum(of_kernel > 0)} with a score,", end=" ")
    print(f"{len(np.unique(of_kernel[of_kernel > 0]))} different scores")
blind = [
    bool(scores[graph].reshape(16, 9, 16)[np.setdiff1d(np.arange(16), channels_seen), :, 0].any()) for graph in scores
]
print("does a channel without links in kernel 0 have a score there? kernel graph, layer graph:", blind)

# %%
from matplotlib.patches import Rectangle

GROUND = "#EFEFEA"


def place(row):
    """Where a tap stands in a picture: a 3 x 3 square for each channel, eight squares in a line."""
    channel, a, b = layer.tap(int(row))
    return 4 * (channel % 8) + b, 4 * (channel // 8) + a


def draw_kernel(axes, values, **shading):
    """Draw a number for each tap of 16 channels; return the shades for a scale."""
    picture = np.full((7, 31), np.nan)
    for row, value in enumerate(values):
        x, y = place(row)
        picture[y, x] = value
    for channel in range(16):
        x, y = place(9 * channel)
        axes.text(x + 1, y - 0.6, str(channel), ha="center", va="bottom", fontsize=7)
    axes.set(xticks=[], yticks=[], xlim=(-0.6, 30.6), ylim=(6.6, -1.4))
    axes.spines[:].set_visible(False)
    return axes.imshow(picture, **shading)


def fill(axes, rows, color, label):
    """Paint some taps."""
    for number, row in enumerate(rows):
        x, y = place(row)
        box = Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=0.8)
        axes.add_patch(box).set_label(label if number == 0 else None)


with style():
    figure = Figure(figsize=(7.5, 4.4), layout="constrained")
    panels = figure.subplots(2, 1)
for axes, (graph, values) in zip(panels, scores.items(), strict=True):
    shades = draw_kernel(axes, values[:, 0], cmap="viridis", vmin=0)
    fill(axes, first, "black", "links of the kernel")
    axes.set_title(f"{graph} graph", fontsize=10)
    figure.colorbar(shades, ax=axes, label="CH3-L3n", pad=0.01, shrink=0.85)
figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", fontsize=9)
figure.savefig(figures / "19_two_graphs.png", dpi=120)
print("picture:", figures / "19_two_graphs.png")

# %% [markdown]
# The picture shows kernel 0, a square of 3 x 3 taps for each channel. You should see that in the kernel graph a channel
# without a link scores nothing: there is no first step from its pixels. In the layer graph the other kernels look at
# that channel too, and lead a path through their windows. So the layer graph gives a score to nearly all absent links.
# Equal scores are common in the kernel graph: two channels with the same pattern of links in a kernel cannot be told
# apart. Therefore ties are broken at random.
#
# How much does a graph know? That depends on the density. 64 channels, 16 kernels:

# %%
layer_64 = conv_geometry((64, 8, 8), channels_out=16, kernel=3)
without = {}
print("density   absent links without a score: kernel graph   layer graph")
for density in (0.5, 0.3, 0.1, 0.05, 0.01):
    thin = wire_kernels(layer_64, round(density * layer_64.taps), np.random.default_rng(0))
    absent = np.ones(thin.shape, bool)
    absent[thin.rows(), thin.indices] = False
    without[density] = [
        float(np.mean(conv_score_matrix(thin, layer_64, "ch3-l3n", graph=graph)[absent] == 0)) for graph in scores
    ]
    print(f"{density:>7.0%} {without[density][0]:>43.0%} {without[density][1]:>13.0%}")

# %% [markdown]
# You should see that at 30 % both graphs have a score for nearly every place. At 10 % the kernel graph is blind for
# half of the places, and at 1 % both graphs know next to nothing: whatever the rule is called, it then draws at random.
# The paper works at 50 and 30 %.
#
# ## 7. One update, step by step
#
# Now a network: `vgg8s`, six convolutions with 16 to 64 kernels and a dense layer that reads them, at 30 % of the
# links. The first convolution, which sees the three colours, stays dense. We train it on 2,000 small photographs of
# CIFAR-10 for two epochs. Without the data (`sparse-mlp data fetch cifar-10`) a stand-in of the same shape is used. Its
# images are random drawings, and the updates are the same for all that we want to see.

# %%
from sparse_mlp.datasets import available, load, standardize
from sparse_mlp.models import vgg
from sparse_mlp.optim import Adam
from sparse_mlp.training import Callback, Trainer

REAL = "cifar-10" in available(options.data_dir)
data = standardize(load("cifar-10" if REAL else "synthetic-cifar-10", options.data_dir, download=False), by="channel")
TRAINED, SEED, DENSITY, ZETA = 512 if options.fast else 2_000, 14, 0.3, 0.3
train = data.train_x[:TRAINED], data.train_y[:TRAINED]
print(data.provenance)


def trained(rule, epochs, *callbacks):
    net = vgg("vgg8s", data.image_shape, 10, density=DENSITY, first="dense", rng=SEED)
    trainer = Trainer(net, rule=rule, optimizer=Adam(0.002), batch_size=64, rng=SEED, callbacks=callbacks)
    trainer.fit(train, epochs=epochs)
    return trainer


net = trained("static", 2).model
conv = next(one for one in net.evolving_layers if one.name == "conv2")
before = conv.structure
print(net)
print(conv)

# %% [markdown]
# The layer `conv2` has 16 channels and 32 kernels of 43 links. An update takes each kernel by itself:
#
# 1. remove the `⌊0.3 · 43⌋ = 12` links with the smallest weights,
# 2. score the absent links in the wiring that is left,
# 3. grow the 12 best of the kernel, with weight 0.

# %%
from sparse_mlp.evolution import make_rule, one_chain
from sparse_mlp.link_prediction import conv_top_links

weights = conv.weight.copy()
keep = np.ones(before.nnz, bool)
for kernel in range(before.n_out):
    mine = np.flatnonzero(before.indices == kernel)
    keep[mine[np.argsort(np.abs(weights[mine]), kind="stable")][: int(ZETA * len(mine))]] = False
left = before.select(keep)
lost = np.bincount(before.indices[~keep], minlength=before.n_out)
scored = conv_score_matrix(left, conv.geometry, "ch3-l3n")
grown = conv_top_links(left, conv.geometry, "ch3-l3n", lost, ties="index")
print(f"{before.nnz} links, {np.sum(~keep)} removed, {left.nnz} left, {len(grown[0])} grown")

change = make_rule("cht-conv", zeta=ZETA, ties="index").update(one_chain([conv]), progress=0.0, rng=0).layers[0]
as_rule = [
    np.array_equal(change.after_removal, keep), all(map(np.array_equal, change.grown, grown)),
    bool((conv.weight[change.carry < 0] == 0).all()),
]  # fmt: skip
print("the rule removes the same links, grows the same ones, and these weigh 0:", as_rule)
print(f"grown where it has just removed a link: {change.overlap:.0%}")


# %%
def of_first(links):
    """The rows of those links that belong to kernel 0."""
    rows, columns = links
    return rows[columns == 0]


went, came, stayed = of_first(change.removed), of_first(change.grown), of_first((left.rows(), left.indices))
of_weight = np.full(before.n_in, np.nan)
of_weight[of_first((before.rows(), before.indices))] = weights[before.indices == 0]
most = np.nanmax(np.abs(of_weight))
everywhere = np.arange(before.n_in)
with style():
    figure = Figure(figsize=(7.5, 6.8), layout="constrained")
    panels = figure.subplots(3, 1)
fill(panels[0], everywhere, GROUND, None)
shades = draw_kernel(panels[0], of_weight, cmap="RdBu_r", vmin=-most, vmax=most, zorder=2)
panels[0].scatter(*zip(*map(place, went), strict=True), marker="x", color="black", s=40, label="removed", zorder=3)
figure.colorbar(shades, ax=panels[0], label="weight", pad=0.01, shrink=0.85)
shades = draw_kernel(panels[1], scored[:, 0], cmap="viridis", vmin=0)
fill(panels[1], stayed, "#333333", "left")
figure.colorbar(shades, ax=panels[1], label="CH3-L3n", pad=0.01, shrink=0.85)
shades = draw_kernel(panels[2], np.full(before.n_in, np.nan), cmap="viridis", vmin=0, vmax=1)
figure.colorbar(shades, ax=panels[2], label=" ", pad=0.01, shrink=0.85).ax.set_visible(False)
fill(panels[2], everywhere, GROUND, None)
fill(panels[2], stayed, "#333333", None)
fill(panels[2], np.setdiff1d(came, went), "#009E73", "new")
fill(panels[2], np.intersect1d(came, went), "#EE7733", "removed and grown again")
titles = "before: the weights", "what is left, and the scores of what is absent", "after"
for axes, title in zip(panels, titles, strict=True):
    axes.set_title(title, fontsize=10)
keys = [key for axes in panels for key in zip(*axes.get_legend_handles_labels(), strict=True)]
figure.legend(*zip(*keys, strict=True), loc="outside lower center", ncols=4, fontsize=9)
figure.savefig(figures / "19_one_update.png", dpi=120)
print("picture:", figures / "19_one_update.png")

in_channel = np.zeros((before.n_in // 9, before.n_out), int)  # links that each kernel has left in each channel
np.add.at(in_channel, (left.rows() // 9, left.indices), 1)
absent = np.ones(left.shape, bool)
absent[left.rows(), left.indices] = False
around = {
    "an absent link": float(np.mean(in_channel.repeat(9, axis=0)[absent])),
    "a new link": float(np.mean(in_channel[grown[0] // 9, grown[1]])),
}
for whose, links in around.items():
    print(f"links of the same kernel in the channel of {whose}: {links:.1f} on average")

# %% [markdown]
# You should see 1376 links, 384 removed and 384 grown (32 kernels, 12 each), and `True` three times. In the picture,
# which shows the first kernel, look where the scores are high: new links join the channels in which the kernel has many
# links already. The last two numbers say so for all kernels. A channel in which a kernel has lost its last link scores
# 0 there, and is not called back.
#
# A share of the new links stands where a link has just been removed, about 11 %. That is chance. Each kernel has 101
# places that are free, and 12 more that have just been emptied: `12 / 113`, 11 %. The scores do not know the weights,
# so they neither seek nor avoid what was weak.
#
# ## 8. Links that come back
#
# Now train on, with an update after each epoch, by three rules that differ in one stage only, how they regrow:
#
# - **random**, as SET does;
# - **hard**: the best scores, as above. It is what the paper describes;
# - **soft**: drawn, in proportion to the scores.
#
# (`zeta_end=1.0` lets `cht-conv` go on to the end; left alone it stops after three quarters of a training.) We follow
# two shares: how many of the removed links were grown by the update before, and how many of the new links have just
# been removed.

# %%
from sparse_mlp.measures import overlap

RULES = {
    "random": make_rule("set", zeta=ZETA, removal="magnitude", budget="kernel", new_weights="zero"),
    "hard": make_rule("cht-conv", zeta=ZETA, zeta_end=1.0),
    "soft": make_rule("cht-conv", zeta=ZETA, zeta_end=1.0, regrowth="soft"),
}
EPOCHS = 7


class Keep(Callback):
    def __init__(self):
        self.logs = []

    def on_update(self, trainer, update, record):
        self.logs.append(update.layers)


def newcomers(earlier, later):
    """Of the links that an update has removed, those that the update before had grown; mean of the layers."""
    gone = [now.before.keys()[~now.after_removal] for now in later]
    return float(np.mean([overlap(then.grown_positions, keys) for then, keys in zip(earlier, gone, strict=True)]))


young, returning, tried = {}, {}, {}
for name, rule in RULES.items():
    log = Keep()
    trainer = trained(rule, EPOCHS, log)
    young[name] = [newcomers(*two) for two in pairwise(log.logs)]
    returning[name] = np.array([[one.overlap for one in layers] for layers in log.logs])
    tried[name] = [record["itop"] for record in trainer.history.updates]

chance = ZETA * DENSITY / (1 - DENSITY + ZETA * DENSITY)
print("of the removed links, grown by the update before")
for name, values in young.items():
    print(f"{name:<7}        ", " ".join(f"{value:6.0%}" for value in values))
print(f"of the new links, just removed (by chance {chance:.0%})")
for name, values in returning.items():
    print(f"{name:<7} ", " ".join(f"{value:6.0%}" for value in values.mean(axis=1)))

with style():
    figure = Figure(figsize=(9.5, 3.6), layout="constrained")
    shares, places = figure.subplots(1, 2)
numbers = np.arange(1, EPOCHS)
for name, color in zip(RULES, ("#555555", "#CC3311", "#0077BB"), strict=True):
    values = returning[name]
    shares.fill_between(numbers, values.min(axis=1), values.max(axis=1), color=color, alpha=0.2, linewidth=0)
    shares.plot(numbers, values.mean(axis=1), "o-", markersize=4, color=color, label=name)
    places.plot(numbers, tried[name], "o-", markersize=4, color=color, label=name)
shares.axhline(chance, color="black", linestyle=":", linewidth=1, label="by chance")
shares.set(title="links that come back", ylabel="new links that were just removed", ylim=(0, 1.03))
places.set(title="places that ever held a link", ylabel="fraction of all places", ylim=(0, 1.03))
for axes in (shares, places):
    axes.set(xlabel="topology update", xticks=numbers)
shares.legend(loc="center right")
figure.savefig(figures / "19_returning.png", dpi=120)
print("picture:", figures / "19_returning.png")

# %% [markdown]
# Read the first table. You should see that by all three rules nearly every link that is removed was grown by the update
# before. A new weight begins at 0, and one epoch later it is still among the smallest. So from the second update on it
# is the same 30 % of the links that change, and the other 70 % stay.
#
# Then the rules part. You should see that nearly all new links of the hard rule are those that it has just removed. It
# is the circle of tutorial 07: without the links that came last, the wiring is what it was one update ago. The scores
# ask this wiring and nothing else, so they give the same answer. After its first update the hard rule tries hardly any
# new place. (In the left picture the shaded bands reach from the layer with the lowest share to the one with the
# highest.)
#
# In tutorial 07 this ended evolution: `cht` stops when the overlap is above 0.9. `cht-conv` does not stop by default.
# The history of a training has the share as `overlap`; look at it before you credit evolution with a result.
#
# The soft rule leaves the circle, and its share is not far above chance. Why? In `conv2` 12 links are drawn among 113
# places. So a place with twice the mean score comes with a chance of about 20 %, and one with half of it still with
# about 5 %: soft regrowth is closer to random than to hard regrowth. Between "always the same" and "nearly at random"
# there are other ways: more training between two updates, so that new weights can grow, or `exclude_removed=True`,
# which closes the places that were just emptied.
#
# Which of the three is more accurate? A few epochs on so few images, with one seed, cannot tell. Compare rules as in
# tutorial 03: the same care for all, many seeds.
#
# ## What you have seen
#
# An absent weight of a convolution is scored by the mean of its windows in the graph of pixels and windows. Windows
# differ only near the border, so the mean takes a few classes and no graph. The graph of one kernel knows less than the
# graph of all kernels, and at low density nothing. And the hard rule asks the same question at each update and gets the
# same answer.
#
# **Try it.** (a) Add the link (2, 2) to `FEW` and remove (1, 1). What does tap (1, 1) score, by hand and by code? (b)
# How large is the image that stands for all if a kernel has 5 x 5 taps and the padding is 2? (c) Give the hard rule
# `exclude_removed=True`, or `new_weights="swi"`, in part 8. What becomes of the two tables?

# %%
assert seen_in.tolist() == [[4, 6, 4], [6, 9, 6], [4, 6, 4]]
assert few_scores == {"CH2-L3n": [0.0] * 8 + [4.0], "CH3-L3n": [0.0] * 8 + [2.0]}
assert np.array_equal(four_windows, [[4, 4, np.nan], [4, 4, np.nan], [np.nan] * 3], equal_nan=True)
assert same_map and np.nanmin(maps[7, 7]) < np.nanmax(maps[7, 7])
assert classes == {2: 4, 3: 9, 4: 11, 7: 11, 32: 11, 224: 11}
assert closed == 4 and gap < 1e-12 and abs(large[0] - large[1]) < 1e-9
assert all(values == few_scores[name] for (name, _), values in by_library.items())
assert blind == [False, True] and np.sum(scores["layer"][free, 0] > 0) > 1.5 * np.sum(scores["kernel"][free, 0] > 0)
assert without[0.3][0] < 0.25 and without[0.1][0] > 0.4 > 0.05 > without[0.1][1] and without[0.01][0] > 0.99
assert before.nnz == 1376 and lost.tolist() == [12] * 32 and as_rule == [True] * 3
assert around["a new link"] > 1.2 * around["an absent link"]
assert np.bincount(change.after.indices).tolist() == [43] * 32 and 0.05 < change.overlap < 0.2
late = {name: values[1:].mean(axis=1) for name, values in returning.items()}
assert late["hard"].min() > 0.85 and min(map(min, young.values())) > 0.8
assert np.abs(late["random"] - chance).max() < 0.03 and chance + 0.02 < late["soft"].mean() < 0.4
assert tried["hard"][-1] < tried["hard"][0] + 0.03 and min(tried["random"][-1], tried["soft"][-1]) > 0.55
print("All numbers are as stated.")
