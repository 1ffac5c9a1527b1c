# %% [markdown]
# # 10 The Dendritic Network Model, built one dendrite at a time
#
# A nerve cell gathers its inputs on *dendrites*, branches that reach out like those of a tree. What arrives on one
# branch is combined there, before it reaches the rest of the cell. The usual artificial neuron has nothing like that:
# it sums all its inputs at once, wherever they come from.
#
# The Dendritic Network Model (Cerretti, Zhang and Cannistraci 2025), DNM for short, puts dendrites into the *wiring*.
# The links of an output neuron come in a few bundles, its dendrites, and each of them leads to a **block of
# consecutive inputs**. Where neighbouring inputs belong together, as pixels do, each dendrite sees one thing.
#
# It is a way to *start* a sparse network. The neuron still sums all its inputs, training stays as it was, and no data
# are looked at. In the paper networks that keep 1 % of their links become more accurate from this start than from a
# random one.
#
# You wire one neuron with pencil and paper, then the rest of its layer. Then you write it in two dozen lines of Python,
# and the library has to agree with you. Then you turn the controls one by one and see what each of them changes.
#
# It takes about 10 s and needs no data.

# %%
import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin("halve the network of the last part")
figures = options.figures

# %% [markdown]
# ## 1. One neuron by hand
#
# The layer has `n = 12` inputs and `m = 6` outputs. Each output gets `D = 4` links on `M = 2` dendrites. `α` (alpha)
# says how far a neuron reaches, from 0 to 1. For now it is 1. Wire output `j = 3`, in five steps:
#
# 1. *Centre.* Outputs stand opposite inputs, evenly spread: output j opposite input `C = j n / m`. So `C = 6`.
# 2. *Window*, the receptive field: `w = D + α (n - D)` inputs around C, from `C - w // 2` on. Here all 12, from 0 on.
# 3. *Cells.* Cut the window into M equal cells. Here 0 to 5 and 6 to 11. Think of the inputs as lying on a ruler, input
#    0 from 0 to 1 and so on: the cells have their middles at 3 and at 9.
# 4. *Dendrite centres.* Pull the middles towards C: `g = C + α (middle - C)`. With `α = 1` they stay, 3 and 9.
# 5. *Blocks.* Four links on two dendrites are two for each. Two inputs around 3 on the ruler: 2 and 3. Around 9: 8
#    and 9.

# %%
n, m, D, M = 12, 6, 4, 2


def steps(j, alpha):
    """Steps 1 to 4: centre, window (start and width), cell middles, dendrite centres."""
    C = round(j * n / m)
    w = round(D + alpha * (n - D))
    start = C - w // 2
    middles = [start + (q + 0.5) * w / M for q in range(M)]
    return C, (start, w), middles, [C + alpha * (middle - C) for middle in middles]


def marks(inputs, mark="#"):
    return "".join(mark if i in inputs else "·" for i in range(n))


def draw(j, alpha, blocks):
    C, (start, w), _, g = steps(j, alpha)
    cells = {i: "AB"[(i - start) * M // w] for i in range(start, start + w)}
    print(f"output {j}, alpha {alpha:<4g}" + "".join(str(i % 10) for i in range(n)))
    print(f"centre {C:<13}" + marks([C], "^"))
    print(f"window from {start:<8}" + marks(cells, "-"))
    print(f"{'cells':<20}" + "".join(cells.get(i, "·") for i in range(n)))
    print(f"{'blocks':<20}" + marks(blocks), f"  around {g[0]:g} and {g[1]:g}")
    return g


BY_HAND = [2, 3, 8, 9]
centres = {1: draw(3, 1, BY_HAND)}

# %% [markdown]
# You should see
#
# ```
# output 3, alpha 1   012345678901
# centre 6            ······^·····
# window from 0       ------------
# cells               AAAAAABBBBBB
# blocks              ··##····##··   around 3 and 9
# ```
#
# ## 2. At the border
#
# Now output 0. Its centre is input 0, so its window goes from -6 to 5, and its dendrites have their centres at -3 and
# 3. Where is input -3? There are two answers, and the model has a control for it, `border`:
#
# - **wrap**: the inputs are a ring. -3 is 9, and the first block is {8, 9}.
# - **bounded**: the layer ends where it ends. The window is shifted until it lies inside. The centres of the dendrites
#   stay, so the first block still wants to go to -4 and -3. It is moved in as far as needed, to {0, 1}.
#
# Do the same with the other outputs before you continue. Part 4 has the answers.
#
# ## 3. Closer to the centre
#
# `α` enters twice: it makes the window smaller, *and* it pulls the dendrites towards the centre. Take output 3 again,
# with `α = ½`: the window has 4 + ½ · 8 = 8 inputs, from 2 on. The cells are 2 to 5 and 6 to 9, with their middles at 4
# and 8. Pulled halfway to 6 they are at 5 and 7. So the blocks {4, 5} and {6, 7} lie side by side.
#
# With `α = 0` there are as many inputs in the window as links, and both dendrites want to sit at 6. Both blocks would
# be {5, 6}. Each moves aside by one: {4, 5} and {6, 7} again. This is the rule for blocks that overlap: **move all of
# them, as little as possible**.

# %%
for alpha in (0.5, 0):
    centres[alpha] = draw(3, alpha, [4, 5, 6, 7])

# %% [markdown]
# You should see the same blocks twice, first around 5 and 7, then both around 6.
#
# ## 4. In 24 lines of Python
#
# How do you move blocks "as little as possible"? There is a neat trick. Subtract from the start of each block the
# lengths of all blocks before it, as if these had no length. Blocks do not overlap if these numbers never *fall*. Where
# they fall, replace them by their mean. For starts 5 and 5 with two links each: 5 and 5 - 2 = 3 fall, so both become
# 4, and with the lengths added again that is 4 and 4 + 2 = 6. `climbing` does it for blocks of equal length.
# (Statisticians call it isotonic regression.)
#
# The window's borders work the same way: clip the numbers between the window's start and its end less D.


# %%
from statistics import fmean


def climbing(y):
    """The numbers nearest to y that never fall."""
    groups = []
    for number in y:
        groups.append([number])
        while len(groups) > 1 and fmean(groups[-2]) > fmean(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [fmean(group) for group in groups for _ in group]


def my_dendritic(n, m, D, M, alpha, border):
    """The inputs of each output, D links on M dendrites of equal size."""
    layer = []
    for j in range(m):
        C = round(j * n / m)
        w = round(D + alpha * (n - D))
        start = C - w // 2
        g = [C + alpha * (start + (q + 0.5) * w / M - C) for q in range(M)]
        if border == "bounded":
            start = min(max(start, 0), n - w)
        size = D // M
        y = climbing([g[q] - size / 2 - q * size for q in range(M)])
        firsts = [min(max(int(np.floor(y[q] + 0.5)), start), start + w - D) + q * size for q in range(M)]
        layer.append(sorted((first + i) % n for first in firsts for i in range(size)))
    return layer


CASES = [(border, alpha) for alpha in (1, 0.5, 0) for border in ("wrap", "bounded")]
mine = {case: my_dendritic(12, 6, 4, 2, case[1], case[0]) for case in CASES}
for alpha in (1, 0.5, 0):
    print(f"alpha = {alpha:g}".ljust(14) + "wrap            bounded")
    for j in range(m):
        print(f"   output {j}   " + marks(mine["wrap", alpha][j]) + "    " + marks(mine["bounded", alpha][j]))

# %% [markdown]
# You should see
#
# ```
# alpha = 1     wrap            bounded
#    output 0   ··##····##··    ####········
#    output 1   ····##····##    ##··##······
#    output 2   ##····##····    ##····##····
#    output 3   ··##····##··    ··##····##··
#    output 4   ····##····##    ····##····##
#    output 5   ##····##····    ······##··##
# ```
#
# and then twice a band of `####` that runs from the upper left to the lower right, for `α = ½` the same as for 0. In
# so small a layer blocks touch early. In the upper right, count the links of input 0 and of input 3, column by column:
# three and two. Remember this for part 8.
#
# ## 5. The library says the same
#
# `dendritic` takes the number of links of the whole layer and a generator of random numbers. `generate` does the same
# for any of the wirings by its name, and takes a density. Here is the worked example, and then 100 layers with other
# sizes, dendrites and widths.

# %%
from sparse_mlp.topology import generate
from sparse_mlp.topology.dendritic import dendritic


def inputs_of(structure):
    return [np.flatnonzero(column).tolist() for column in structure.to_scipy().toarray().T]


same = {}
for border, alpha in CASES:
    structure = dendritic(12, 6, 24, np.random.default_rng(0), dendrites=2, field_width=alpha, border=border)
    same[border, alpha] = inputs_of(structure) == mine[border, alpha]
print("as by hand:", list(same.values()))
named = inputs_of(generate("dendritic", 12, 6, 1 / 3, rng=0, dendrites=2))
print("by name:   ", named == mine["wrap", 1])

agree, tried = 0, 0
for n_in, n_out in ((12, 6), (30, 7), (64, 100), (97, 41), (250, 50)):
    for dendrites, alpha in ((1, 1), (2, 1), (2, 0.5), (4, 1), (4, 0.75), (4, 0.5), (4, 0.25), (4, 0), (2, 0), (3, 1)):
        for border in ("wrap", "bounded"):
            degree = 2 * dendrites
            made = generate("dendritic", n_in, n_out, degree / n_in, rng=tried, dendrites=dendrites,
                            field_width=alpha, border=border)  # fmt: skip
            agree += inputs_of(made) == my_dendritic(n_in, n_out, degree, dendrites, alpha, border)
            tried += 1
print(f"{agree} of {tried} layers are the same")

# %% [markdown]
# You should see `True` six times, `True`, and 100 of 100. Each layer had its own seed: so far nothing is random.
#
# Something has to be as soon as things do not divide. Four links on *three* dendrites: who gets the second one? A draw
# decides, for each output. And 26 links for six outputs: two of them get five.

# %%
print("four links on three dendrites, output 3:")
for seed in range(4):
    chosen = inputs_of(dendritic(12, 6, 24, np.random.default_rng(seed), dendrites=3))[3]
    print(f"   seed {seed}   " + marks(chosen))
extra = [inputs_of(dendritic(12, 6, 24, np.random.default_rng(seed), dendrites=3))[3] for seed in range(600)]
longer = {}
for chosen in extra:
    pair = next(i for i in chosen if i + 1 in chosen)
    centre = 2 + 4 * (pair // 4)
    longer[centre] = longer.get(centre, 0) + 1
print("dendrite with two inputs, in 600 layers:", {f"around {g}": longer[g] for g in sorted(longer)})
degrees = dendritic(12, 6, 26, np.random.default_rng(0), dendrites=2).degrees_out()
print("degrees with 26 links:", degrees.tolist())

# %% [markdown]
# You should see each of the three dendrites about 200 times, and two 5 among the degrees. The total is exact, always.
#
# ## 6. How many dendrites, how wide a window
#
# Now a layer that is large enough for pictures: 60 inputs, 120 outputs, 15 % of the links, 9 for each output. This
# helper finds the blocks of each output on the ring. From them come the two numbers that we look at: how many *runs*
# of neighbouring inputs an output has, and its *reach*, the shortest stretch of the ring that holds all its inputs.

# %%
from sparse_mlp.plotting import WiringGalleryDisplay, save

N, OUT, DENSITY = 60, 120, 0.15


def layer(seed=0, **controls):
    return generate("dendritic", N, OUT, DENSITY, rng=seed, **controls)


def blocks(structure):
    """The runs of each output as lists of lengths, from the first input on."""
    found = []
    for column in structure.to_scipy().toarray().T != 0:
        starts = np.flatnonzero(column & ~np.roll(column, 1))
        ends = np.flatnonzero(column & ~np.roll(column, -1))
        ends = np.roll(ends, -1) if ends[0] < starts[0] else ends  # the last run goes over the border
        found.append(((ends - starts) % structure.n_in + 1).tolist())
    return found


def runs(structure):
    return [len(lengths) for lengths in blocks(structure)]


def longest(structure):
    return [max(lengths) for lengths in blocks(structure)]


def reach(structure):
    widest_gaps = [np.diff(inputs, append=inputs[0] + structure.n_in).max() for inputs in inputs_of(structure)]
    return [structure.n_in - int(gap) + 1 for gap in widest_gaps]


def picture(title, layers, name):
    """Draw layers side by side: one row for each input, one column for each output."""
    shown = {str(label): structure for label, structure in layers.items()}
    print("picture:", save(WiringGalleryDisplay.from_structures({title: shown}), figures / name))


by_dendrites = {M: layer(dendrites=M) for M in (1, 2, 3, 5, 9)}
by_alpha = {alpha: layer(field_width=alpha) for alpha in (0, 0.25, 0.5, 0.75, 1)}
print("dendrites   runs: least  most   longest run")
for M, structure in by_dendrites.items():
    print(f"{M:>9} {min(runs(structure)):>13} {max(runs(structure)):>5} {max(longest(structure)):>13}")
print("alpha   window   reach: mean")
for alpha, structure in by_alpha.items():
    print(f"{alpha:>5g} {round(9 + alpha * (N - 9)):>8} {np.mean(reach(structure)):>13.1f}")
picture("number of dendrites M", by_dendrites, "10_dendrites.png")
picture("width of the window α, with M = 3", by_alpha, "10_width.png")

# %% [markdown]
# You should see `M` runs, and as `M` grows they get shorter: from one dendrite with nine inputs to nine dendrites with
# one each. In the pictures a row is an input and a column is an output. Each dendrite is a stripe that runs downwards,
# because each output stands a little further along than the one before it.
#
# Now look at `α`. With ½ the window has 34 inputs, but an output reaches over only 14 of them. α enters twice: the
# middles of the outer cells are `w / 3` away from the centre, and are then pulled in by α again. The window is where
# inputs *may* be; the reach falls nearly with the square of α. Already at ¼ the three dendrites lie side by side, one
# run of nine inputs, and they cannot be distinguished from a single dendrite.
#
# ## 7. Four distributions
#
# So far all outputs are equal. Four controls make them differ. Each is one of five distributions:
#
# - `fixed`: the same for all;
# - `uniform` and `gaussian`: a draw for each, around the mean;
# - `spatial-gaussian`: a bell over the layer. Outputs in the middle get most, those at the ends least;
# - `spatial-inverse-gaussian`: the other way round.
#
# The first is `degree_distribution`: **how many links** does an output have? Under the spatial bell the middle of the
# layer becomes a group of *hubs*, neurons with many links.

# %%
from sparse_mlp.topology.dendritic import DISTRIBUTIONS


def by_distribution(control, **others):
    return {name: layer(**{control: name}, **others) for name in DISTRIBUTIONS}


def table(heading, layers, number):
    print(f"{heading:<28} least   mean   most   at the ends   in the middle")
    found = {}
    for name, structure in layers.items():
        values = np.array(number(structure))
        ends, middle = np.concatenate((values[:5], values[-5:])).mean(), values[OUT // 2 - 5 : OUT // 2 + 5].mean()
        found[name] = (int(values.min()), float(values.mean()), int(values.max()), float(ends), float(middle))
        least, mean, most, *_ = found[name]
        print(f"{name:<28} {least:>5} {mean:>6.2f} {most:>6} {ends:>13.1f} {middle:>15.1f}")
    return found


degree_layers = by_distribution("degree_distribution")
degree_table = table("links of an output", degree_layers, lambda structure: structure.degrees_out())
picture("degree distribution", degree_layers, "10_degree_distribution.png")

# %% [markdown]
# You should see a mean of exactly 9 in every row: the layer has 1080 links whatever you ask for. Uniform degrees lie
# between 1 and 17. Under the bell the outputs in the middle have more than 30 links, and those at the ends 1. In the
# picture the stripes swell in the middle. The standard deviation of the bell is a tenth of the layer, 12 outputs, if
# you do not give a `degree_std`.
#
# The second is `dendritic_distribution`: **on how many dendrites**?

# %%
dendrite_layers = by_distribution("dendritic_distribution")
dendrite_table = table("dendrites of an output", dendrite_layers, runs)
picture("dendritic distribution", dendrite_layers, "10_dendritic_distribution.png")

# %% [markdown]
# You should see 3 dendrites on average, but 1 to 5 of them with the uniform distribution, and 6 or 7 in the middle
# under the bell. Every output still has its 9 links, so where there are more dendrites, they are shorter. In the
# picture the stripes dissolve with the two draws, since outputs side by side cut their windows into different cells.
#
# The third is `width_distribution`: **how far does it reach**? We set the mean of α to ½, so that there is room.

# %%
width_layers = by_distribution("width_distribution", field_width=0.5)
width_table = table("reach of an output", width_layers, reach)
picture("width distribution, with α = ½", width_layers, "10_width_distribution.png")

# %% [markdown]
# You should see a reach of 14 inputs with `fixed`, and of 9 to more than 25 with the two draws. The dendrite in the
# middle stays where it is, and the outer ones jump. Under the bell the stripes run together at the ends, where α is
# near 0. For the two spatial distributions `field_width` is the *largest* α, not the mean.
#
# The last is `synaptic_distribution`: **how are the links of one output shared** by its dendrites? Here the bell is
# over the dendrites of an output, not over the layer. A dendrite near the centre gets most.

# %%
synaptic_layers = by_distribution("synaptic_distribution")
synaptic_table = table("longest run of an output", synaptic_layers, longest)
shares = {name: blocks(structure)[50] for name, structure in synaptic_layers.items()}
print("links of the dendrites of output 50:")
for name, lengths in shares.items():
    print(f"   {name:<25} {lengths}")
picture("synaptic distribution", synaptic_layers, "10_synaptic_distribution.png")

# %% [markdown]
# You should see 3, 3, 3 with `fixed`, but 1, 7, 1 under the bell, and 4, 1, 4 under its inverse. A dendrite always
# keeps one link. With the two draws it differs from output to output.
#
# ## 8. The border, again
#
# Each output has its nine links in either case. But what of the *inputs*? Count how many links leave each of them.

# %%
from matplotlib.figure import Figure

from sparse_mlp.plotting import style

by_border = {
    "wrap": layer(border="wrap"),
    "bounded": layer(border="bounded"),
    "bounded, α = ½": layer(border="bounded", field_width=0.5),
    "bounded, M = 1": layer(border="bounded", dendrites=1),
}
fan = {border: structure.degrees_in() for border, structure in by_border.items()}
print("links of an input   least   mean   most   inputs 0 to 4")
for border, counts in fan.items():
    print(f"{border:<19} {counts.min():>5} {counts.mean():>6.1f} {counts.max():>6}   {counts[:5].tolist()}")
picture("border", by_border, "10_border.png")

with style():
    chart = Figure(figsize=(6, 3.2), layout="constrained")
    axes = chart.add_subplot()
for (border, counts), color in zip(list(fan.items())[:2], ("#0077BB", "#CC3311"), strict=True):
    axes.stairs(counts, np.arange(N + 1) - 0.5, color=color, linewidth=1.6, label=border)
axes.set(xlabel="input neuron", ylabel="links that leave it", ylim=(0, None))
axes.set_title("Blocks meant for places outside gather at the border")
axes.legend(frameon=False, loc="upper center")
chart.savefig(figures / "10_links_of_inputs.png", dpi=120)
print("picture:", figures / "10_links_of_inputs.png")

# %% [markdown]
# You should see 15 to 21 links for each input on the ring. In the bounded layer the three inputs at either end have
# more than 40. A third of all outputs stands so near to the left border that its left dendrite does not fit, and all of
# these end on inputs 0, 1 and 2. The same at the right. Those further inside miss these links. In the picture these
# are the thick bars, upper left and lower right. With a narrower window, or a single dendrite around the centre, fewer
# blocks stick out.
#
# In an image that is read row by row the ends are two of its corners. So with `"bounded"` many outputs spend a third of
# their links on corners. The default is `"wrap"`.
#
# (Why the zigzag? With twice as many outputs as inputs, every second output stands between two inputs. Its centre is
# rounded to the *even* one of them, as Python's `round` does. So even inputs are the centre of three outputs, odd ones
# of one.)
#
# ## 9. Rewiring
#
# Last, a fraction of all links can be deleted in the end and replaced by others, drawn from all absent ones:
# `rewiring`, 0 to 1. It leads from the dendritic layer to a random one.

# %%
by_rewiring = {p: layer(rewiring=p) for p in (0, 0.1, 0.3, 1)}
orderly = by_rewiring[0]
random_layer = generate("erdos-renyi", N, OUT, DENSITY, rng=0)
rewired = {}
print("rewiring   links   kept from 0   runs: mean   links of an output")
for p, structure in by_rewiring.items():
    kept = int(orderly.contains(structure.rows(), structure.indices).sum())
    each = structure.degrees_out()
    rewired[p] = (structure.nnz, kept, float(np.mean(runs(structure))))
    print(f"{p:>8} {structure.nnz:>7} {kept:>13} {rewired[p][2]:>12.2f} {each.min():>9} to {each.max()}")
random_runs = float(np.mean(runs(random_layer)))
print(f"random {random_layer.nnz:>9} {'':>13} {random_runs:>12.2f}")
picture("rewiring", by_rewiring, "10_rewiring.png")

# %% [markdown]
# You should see the number of links stay at 1080. A tenth rewired keeps nine tenths of the old links and a few more,
# because a deleted link is absent, and may be drawn again. The outputs do *not* keep their nine links: the draw asks
# only what is absent. At 1 the runs are those of a random layer, and 15 % of the old links are kept, which is chance.
#
# ## 10. Where this differs from the published program
#
# The paper has no formulas, and does not say which M and α its tables were made with. The rules above follow the only
# public generator, presumably the authors' own. The library departs from it in places, mostly where the generator
# does not give the links that it was asked for. Two of them you can check by hand.
#
# *First*, with `α = 0` on a ring the generator spreads D points over `C - ⌊(D-1)/2⌋` to `C + ⌊(D-1)/2⌋` and rounds
# them. *Second*, in a bounded layer it places one block after the other, and pushes the later one aside, away from
# the nearer border. Take output 1 of the worked example with `α = 0`: centre 2, window 0 to 3.

# %%
half = (D - 1) // 2
theirs_wrap = sorted(set(np.round(np.linspace(-half, half, D)).astype(int).tolist()))
print(f"ring, α = 0: {D} links asked for, at", theirs_wrap, f"from the centre: {len(theirs_wrap)} links")


first = 2 - 1  # two inputs around the centre 2, and the second block is pushed behind the first
pushed = [first, first + 1, first + 2, first + 3]
print("bounded, α = 0, output 1: theirs", pushed, " ours", mine["bounded", 0][1])

# %% [markdown]
# You should see three places for four links: a quarter of the layer is lost. And {1, 2, 3, 4}: input 4 is outside the
# window. We move both blocks, and land on {0, 1, 2, 3}.
#
# Two more, without a calculation. Their uniform degrees are drawn from -3 to 5 times the mean and cut off at 1, which
# gives 46 % too many links in a layer of 784 × 1568 at 1 %. Ours lie between 1 and twice the mean less 1, and sum up
# exactly. Their bell of the degrees is two mean *degrees* wide, so in a sparser layer it covers a smaller part. Ours is
# a tenth of the layer, however sparse. `help(dendritic)` lists all the differences.
#
# Why not simply do as they do? Then "1 % of the links" would be another number with every setting, and a comparison
# of two wirings would compare two densities.
#
# ## 11. What it costs
#
# Yours walks through outputs and dendrites in Python, and so does the library, in compiled code. Neither ever looks at
# all pairs of neurons. So time should grow with the links, and not with the size of the layer.

# %%
from time import perf_counter


def fastest(make, repeats=3):
    make()  # the very first call compiles
    times = []
    for _ in range(repeats):
        began = perf_counter()
        make()
        times.append(perf_counter() - began)
    return min(times)


def ours(n_in, n_out, links):
    return fastest(lambda: dendritic(n_in, n_out, links, np.random.default_rng(0)))


plain = fastest(lambda: my_dendritic(1000, 1000, 12, 3, 1, "wrap")) / 12_000
print(f"1,000 x 1,000, 12,000 links, yours: {plain * 1e9:6.0f} ns per link")
cost = {}
for n_in, n_out, links in ((1000, 1000, 12_000), (1000, 1000, 300_000), (100_000, 30_000, 300_000)):
    cost[n_in, links] = ours(n_in, n_out, links) / links
    per_link = f"{cost[n_in, links] * 1e9:6.0f} ns per link"
    print(f"{n_in:,} x {n_out:,}, {links:,} links, library: {per_link}")

# %% [markdown]
# You should see yours need about ten times as long for a link as the library. The last layer has 3000 times as many
# pairs of neurons as the one before it, but as many links, and takes about as long.
#
# ## 12. The paper's figure
#
# Four networks of 98, 196 and 196 neurons with 10 % of the links: (a) random, (b) DNM with everything fixed, (c) with
# the bell over the degrees, (d) with the bell over the links of the dendrites. Each panel has a disk, in which
# neurons that share many neighbours lie at nearby angles and those with many links nearer to the middle. Next to it
# are the first layer as a matrix and as a drawing. And there are four measures of the whole network, one sentence for
# each:
#
# - **L**, the characteristic path length: how many links there are between two neurons, on average over all pairs.
# - **Q**, the modularity: how much the network falls into groups that keep to themselves, beyond chance.
# - **σ_c**, the structural consistency: which share of a tenth of the links, taken away, the other links predict.
# - **γ**, gamma: the exponent of the power law that fits the degrees best; the smaller, the larger the hubs.
#
# Tutorial 11 takes them apart. (`--fast` makes networks of half the size, with twice the density.)

# %%
from sparse_mlp.experiments.reproduction.figures.dendritic_network import four_wirings
from sparse_mlp.plotting import WiringPanelsDisplay

FOUR = {
    "(a) random": ("erdos-renyi", {}),
    "(b) standard DNM": ("dendritic", {}),
    "(c) spatial-Gaussian degrees": ("dendritic", {"degree_distribution": "spatial-gaussian"}),
    "(d) spatial-Gaussian synapses": ("dendritic", {"synaptic_distribution": "spatial-gaussian"}),
}
if options.fast:
    panels = WiringPanelsDisplay.from_wirings(
        {
            label: [generate(name, n_in, 98, 0.2, rng=0, **controls) for n_in in (49, 98)]
            for label, (name, controls) in FOUR.items()
        },
        rng=0,
    )
else:
    panels = four_wirings(rng=0)
print("picture:", save(panels, figures / "10_four_networks.png"))

SYMBOLS = {"path-length": "L", "modularity": "Q", "structural-consistency": "σ_c", "gamma": "γ"}
measured = {}
for letter, wiring in zip("abcd", panels.wirings, strict=True):
    one = {name: getattr(value, "mean", value) for name, value in wiring.measures.items()}  # of repeated ones the mean
    measured[letter] = one
    print(f"({letter})  " + "   ".join(f"{symbol} {one[name]:.2f}" for name, symbol in SYMBOLS.items()))

# %% [markdown]
# You should see that in the standard DNM ways are long (L), that it falls into groups (Q), and that its links can be
# predicted (σ_c). A random network has little of that. Ways are long because a step leads to one of three thin stripes,
# and so only a little further along the ring, or by a third of it. Where dendrites are thicker, at the hubs of (c) and
# in the middle dendrite of (d), a step leads further, and ways are shorter. In the disk of (b) links hug the rim: the
# mean angle between the two ends of a link, written below it, is 10 to 20 degrees, and some 110 in (a).
#
# Do not read too much into γ. In (b) the degrees within a layer are nearly equal, which is no power law at all, and
# yet the fit gives a number. A 10 is where it stops looking.
#
# ## What you have seen
#
# A dendrite is a block of consecutive inputs. Centre, window, cells, pull, blocks: five steps place the dendrites of a
# neuron, and nothing in them is random but who gets the odd link. Four distributions make neurons differ, the border
# decides whether the inputs at the ends are like the others, and rewiring leads back to a random layer. The number of
# links is what you asked for, always.
#
# **Try it.** (a) Wire output 1 of part 1 with `M = 4` by hand, then with `my_dendritic`. (b) Give part 7 a `degree_std`
# of 0.02 and look at the picture: how many links have the largest hubs? (c) Turn two controls at once: bells over the
# degrees *and* over the widths. (d) Add up the degrees of a layer with any setting you can think of.

# %%
assert centres == {1: [3, 9], 0.5: [5, 7], 0: [6, 6]}
assert mine["wrap", 1][3] == BY_HAND and mine["bounded", 1][0] == [0, 1, 2, 3]
assert mine["bounded", 1] == [[0, 1, 2, 3], [0, 1, 4, 5], [0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11], [6, 7, 10, 11]]
assert mine["wrap", 1] == 2 * [[2, 3, 8, 9], [4, 5, 10, 11], [0, 1, 6, 7]]
assert all(mine[border, 0.5] == mine[border, 0] for border in ("wrap", "bounded"))
assert mine["wrap", 0][3] == [4, 5, 6, 7]
assert all(same.values()) and named == mine["wrap", 1] and agree == tried == 100
assert sorted(longer) == [2, 6, 10] and all(160 < count < 240 for count in longer.values())
assert sorted(degrees.tolist()) == [4, 4, 4, 4, 5, 5]
assert all(set(runs(structure)) == {M} for M, structure in by_dendrites.items())
assert [max(longest(structure)) for structure in by_dendrites.values()] == [9, 5, 3, 2, 1]
assert [set(reach(structure)) for structure in by_alpha.values()] == [{9}, {9}, {14}, {27}, {43}]
assert all(mean == 9 for _, mean, *_ in degree_table.values())
assert degree_table["uniform"][0] >= 1 and degree_table["uniform"][2] <= 17
assert degree_table["spatial-gaussian"][3] == 1 and degree_table["spatial-gaussian"][4] > 30
assert all(abs(mean - 3) < 0.1 for _, mean, *_ in dendrite_table.values())
assert dendrite_table["uniform"][::2][:2] == (1, 5) and 6 <= dendrite_table["spatial-gaussian"][4] <= 7
assert width_table["fixed"][:3] == (14, 14, 14) and all(width_table[w][2] > 25 for w in ("uniform", "gaussian"))
assert width_table["spatial-gaussian"][3:] == (9, 14)
assert shares["fixed"] == [3, 3, 3] and synaptic_table["fixed"][:3] == (3, 3, 3)
assert sorted(shares["spatial-gaussian"]) == [1, 1, 7] and sorted(shares["spatial-inverse-gaussian"]) == [1, 4, 4]
assert fan["wrap"].min() >= 15 and fan["wrap"].max() <= 21
assert (fan["bounded"][[0, 1, 2, -3, -2, -1]] > 40).all() and fan["bounded"][3:-3].max() <= 21
assert all(fan["bounded"].max() > fan[other].max() for other in fan if other != "bounded")
assert all(links == 1080 for links, _, _ in rewired.values()) and rewired[0] == (1080, 1080, 3)
assert 972 <= rewired[0.1][1] < 1000 and abs(rewired[1][1] - 0.15 * 1080) < 40
assert abs(rewired[1][2] - random_runs) < 0.5
assert theirs_wrap == [-1, 0, 1] and pushed == [1, 2, 3, 4] and mine["bounded", 0][1] == [0, 1, 2, 3]
assert plain > 2 * cost[1000, 12_000] and cost[100_000, 300_000] < 10 * cost[1000, 300_000]
steps_between = {letter: one["path-length"] for letter, one in measured.items()}
assert all(steps_between["a"] < steps_between[letter] < steps_between["b"] for letter in "cd")
assert all(measured[letter]["modularity"] > 1.4 * measured["a"]["modularity"] for letter in "bcd")
assert all(measured[letter]["structural-consistency"] > 0.6 for letter in "bcd")
assert measured["a"]["structural-consistency"] < 0.15
print("All numbers are as stated.")
