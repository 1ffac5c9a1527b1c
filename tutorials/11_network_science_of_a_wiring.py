# %% [markdown]
# # 11 The network science of a wiring
#
# A sparse network is a graph: neurons are nodes, links are lines between them. Network science has many numbers for
# graphs, and papers on sparse training are full of them. What do they mean, and what can you conclude from them?
#
# You work each one out on a graph so small that you can draw it. Then the library does the same. Then you measure real
# wirings, see which numbers are random and by how much, and draw a wiring on a disk.
#
# It takes about 30 s and needs no data.

# %%
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin()
figures = options.figures

# %% [markdown]
# ## 1. The graph
#
# Our old layer of tutorial 06, three inputs and four outputs:
#
# ```
#          v0  v1  v2  v3
#     u0    1   1   .   .
#     u1    .   1   1   .
#     u2    1   .   1   1
# ```
#
# As a graph it has seven nodes: the inputs are 0, 1, 2, the outputs 3, 4, 5, 6. Draw it: the ring
# 0 – 4 – 1 – 5 – 2 – 3 – 0, and node 6 hanging from node 2. Links have no direction here.

# %%
from sparse_mlp import SparseStructure
from sparse_mlp.measures import network_graph


def layer(matrix):
    return SparseStructure.from_coo(*np.nonzero(matrix), shape=np.shape(matrix))


X = [[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 1]]
links = [(u, 3 + v) for u, v in np.argwhere(X).tolist()]
partners = {node: {b for a, b in links if a == node} | {a for a, b in links if b == node} for node in range(7)}
graph = network_graph(layer(X))
print("links:   ", links)
print("partners:", partners)
print(
    "the same in the library:",
    graph.toarray().astype(int).tolist() == [[int(b in partners[a]) for b in partners] for a in partners],
)

# %% [markdown]
# You should see seven links, and `True`. `network_graph` takes one layer or several, one after the other. Several
# layers make one graph: the hidden neurons have partners on either side.
#
# ## 2. Path length and giant component
#
# How many links is it from node 6 to node 4? 6 – 2 – 3 – 0 – 4, four links. The **path length** L is the mean over all
# pairs. To find it, go out from each node in waves: its partners, their partners, and so on.


# %%
def distances(start, partners):
    found, wave, steps = {start: 0}, {start}, 0
    while wave:
        steps += 1
        wave = {b for a in wave for b in partners[a]} - set(found)
        found |= dict.fromkeys(wave, steps)
    return found


def path_length(partners):
    far = [steps for start in partners for steps in distances(start, partners).values() if steps]
    return sum(far) / len(far)


def giant(partners):
    return max(len(distances(start, partners)) for start in partners) / len(partners)


from sparse_mlp.measures import characteristic_path_length, giant_component

cut = {node: others - {2, 6} if node in (2, 6) else others for node, others in partners.items()}
cut[2] = partners[2] - {6}
X_cut = [[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0]]
lengths = {}
for words, ours, theirs in (("whole graph", partners, graph), ("without 2 – 6", cut, network_graph(layer(X_cut)))):
    lengths[words] = path_length(ours), giant(ours), characteristic_path_length(theirs), giant_component(theirs)
    print(f"{words:<14} L {lengths[words][0]:.2f}, giant component {lengths[words][1]:.3f}   library:", end=" ")
    print(f"{lengths[words][2]:.2f}, {lengths[words][3]:.3f}")

# %% [markdown]
# You should see L = 2 for the whole graph. Then we take the link 2 – 6 away, and L *falls* to 1.8. Is the graph
# better connected now? No: node 6 is lost, and pairs without a path do not count. So never read L alone. The **giant
# component**, the share of the nodes in the largest piece, completes the picture: 6 of 7.
#
# ## 3. Modularity
#
# Can the nodes be put into groups so that most links stay inside? Take any grouping. Count the links inside, as a
# share of all; subtract what chance would give. If a group has the degrees `k` of its nodes summed up to `K`, chance
# gives it `(K / 2E)²`, for `E` links. The sum over the groups is the **modularity** Q.
#
# {0, 3, 4} and the rest: two links inside the first (0 – 3, 0 – 4), three inside the second (1 – 5, 2 – 5, 2 – 6), of
# seven. The degrees sum up to 6 and 8, of 14. So `Q = 5/7 - (6/14)² - (8/14)² = 70/98 - 50/98 = 20/98`.
#
# Which grouping is best? Seven nodes can be grouped in 877 ways. Try all.


# %%
def groupings(count):
    found = [[0]]
    for _ in range(count - 1):
        found = [[*start, group] for start in found for group in range(max(start) + 2)]
    return found


def quality(labels):
    inside = sum(labels[a] == labels[b] for a, b in links) / len(links)
    K = Counter()
    for node, others in partners.items():
        K[labels[node]] += len(others)
    return inside - sum((k / (2 * len(links))) ** 2 for k in K.values())


from sparse_mlp.measures import modularity

two_groups = quality([0, 1, 1, 0, 0, 1, 1])
every = groupings(7)
best_q = max(map(quality, every))
best_groups = next(labels for labels in every if quality(labels) > best_q - 1e-12)
Q = modularity(graph, repeats=60, rng=0)
print(f"{len(every)} groupings; ours has Q = {two_groups:.4f} = 10/49, the best {best_q:.4f} = 11/49: {best_groups}")
print("library, 60 times:", Counter(np.round(49 * Q.values).astype(int).tolist()), "49ths")

# %% [markdown]
# You should see 11/49 as the best, with three groups. With a thousand neurons nobody can try all groupings. The library
# splits the nodes in two, then the parts again, as long as it helps (Newman 2006). On the way chance decides between
# equals, so you do not get the same Q each time: here 10/49 or 11/49. That is why it comes as a `Repeated`, with all
# `values`, their `mean` and their `std`.
#
# Even a random graph has a Q well above zero: some grouping is always lucky. Remember this for part 8.
#
# ## 4. Structural consistency
#
# Hide a link. Do the others show where it was? Then the wiring has a rule, and it is consistent. **Structural
# consistency** (Lü et al. 2015) asks this of eigenvectors.
#
# Take the path 0 – 1 – 2 – 3 and hide one link: call it `D`, a matrix with two ones. `A` is what is left. Think of `A`
# as a sum over its eigenvalues, each with its own space of eigenvectors. The eigenvalues change a little when `D` comes
# back, the spaces should not. So predict: `A` plus the part of `D` that each space can see, `P D P` with the projection
# `P` onto the space. Then look at the absent pair with the highest value. Is it the hidden one?
#
# Hide 2 – 3. Of what is left, 0 – 1 – 2 and the lone node 3, the eigenvalue 0 has the space of `(1, 0, -1, 0) / √2` and
# `(0, 0, 0, 1)`. For the pair (2, 3) `P D P` gives 0.5, for (0, 3) -0.5. The other spaces do not contain node 3.


# %%
def predicted(A, D):
    values, vectors = np.linalg.eigh(A)
    found = A.copy()
    for value in np.unique(values.round(9)):
        space = vectors[:, np.abs(values - value) < 1e-8]
        P = space @ space.T
        found += P @ D @ P
    return found


from scipy.sparse import csr_array

from sparse_mlp.measures import structural_consistency

chain = np.diag(np.ones(3), 1) + np.diag(np.ones(3), -1)
hits = {}
for a, b in pairwise(range(4)):
    D = np.zeros((4, 4))
    D[a, b] = D[b, a] = 1
    score = predicted(chain - D, D).round(9)
    absent = {(i, j): float(score[i, j]) + 0.0 for i in range(4) for j in range(i + 1, 4) if not (chain - D)[i, j]}
    top = [pair for pair, value in absent.items() if value == max(absent.values())]
    hits[a, b] = ((a, b) in top) / len(top)
    print(f"hidden {a, b}: {absent}, the best: {top}")
sigma = structural_consistency(csr_array(chain), fraction=0.34, repeats=600, rng=0)
print(f"by hand {np.mean(list(hits.values())):.4f}, library {sigma.mean:.4f} over 600 draws")

# %% [markdown]
# You should see that the links at the ends are found. For the middle one (1, 2) and (0, 3) are equally good, so a coin
# decides. On average `(1 + 1/2 + 1) / 3 = 5/6`. The library hides a tenth of the links at once, and looks how many of
# as many best pairs were hidden. Which links it hides is drawn, so this is a `Repeated`, too.
#
# ## 5. Gamma
#
# In some graphs the degrees fall like a power: twice as many links, `2^γ` times fewer neurons. The larger **gamma**,
# the rarer the hubs. Here are 400 degrees, drawn with γ = 2.5.
#
# The exponent that explains degrees best makes their probability `Π k^-γ / ζ(γ)` largest, where `ζ` sums all `k^-γ`.
# Few real graphs follow the power from the first degree on, so the fit may start at a larger one, `xmin`. It takes the
# start at which the degrees are nearest to the law: the largest gap between the two cumulative curves is least (Clauset
# et al. 2009).

# %%
from scipy.special import zeta

from sparse_mlp.measures import p_value, power_law

degrees = np.random.default_rng(0).zipf(2.5, 400)
grid = np.arange(101, 1001) / 100


def fit(degrees, xmin):
    tail = degrees[degrees >= xmin]
    likelihood = -grid * np.log(tail).sum() - len(tail) * np.log(zeta(grid, xmin))
    gamma = grid[likelihood.argmax()]
    k = np.arange(xmin, degrees.max() + 1)
    gaps = [abs(np.mean(tail >= start) - zeta(gamma, start) / zeta(gamma, xmin)) for start in k]
    return gamma, max(gaps)


fits = {int(xmin): fit(degrees, xmin) for xmin in np.unique(degrees)[:-1]}
for xmin, (gamma, gap) in list(fits.items())[:5]:
    print(f"from {xmin} on: gamma {gamma:.2f}, largest gap {gap:.3f}")
start = min(fits, key=lambda xmin: fits[xmin][1])
law = power_law(degrees)
print(f"best start {start}, gamma {fits[start][0]:.2f}; library: from {law.xmin} on, gamma {law.gamma:.2f}")

lots = np.random.default_rng(0).poisson(10, 2000)  # the degrees of a random wiring are much like this
law_of_lots, draws = power_law(lots), 20 if options.fast else 60
p_true, p_lots = p_value(degrees, repeats=draws, rng=0), p_value(lots, repeats=draws, rng=0)
print(f"of random degrees: gamma {law_of_lots.gamma:.2f} from {law_of_lots.xmin} on")
print(f"p-value: {p_true:.2f} of ours, {p_lots:.2f} of the random degrees")

# %% [markdown]
# You should see a gamma of 2.3, near the 2.5 that we drew with, from 1 on. Now the trap. *Any* degrees get a gamma.
# Those of a random wiring have no power law, and get a large one, fitted to the last few neurons. The **p-value**
# exposes this: it is the share of samples of the fitted law that are as far from their own fit. Below 0.1 the law is
# ruled out. You should see the first p-value well above, the second one below.
#
# ## 6. Squares: clustering and LCP correlation
#
# In a wiring there are no triangles: inputs have no links among themselves. So what is clustering elsewhere is zero
# here, and one counts **squares** instead: of all paths of three links, how many are closed by a fourth?
#
# ```
#     u0 – v0, v1      u1 – v0, v1, v2
# ```
#
# Paths of three links: take the middle link, and one more at either end. u0 – v0 in the middle has 1 · 1 such ends, u0
# – v1 too, u1 – v0 has 2 · 1, u1 – v1 has 2 · 1, u1 – v2 has 2 · 0. Together 6. There is one square, and it closes four
# paths. So `4 / 6`.
#
# For the **LCP correlation** look at one link at a time, `(u, v)`. Its common neighbours (CN) are the other corners of
# its squares; count also the links among these (LCL), one for each square. Do links with more common neighbours have
# more links among them? The correlation of the two numbers, over all links, says so. (LCP is the local-community
# paradigm, the idea behind tutorial 06.)


# %%
def closed_share(X):
    X = np.array(X)
    inputs, outputs = X.sum(1), X.sum(0)
    paths = sum((inputs[u] - 1) * (outputs[v] - 1) for u, v in np.argwhere(X))
    return sum(len(squares(X, u, v)) for u, v in np.argwhere(X)) / paths


def squares(X, u, v):
    X = np.array(X)
    return [(a, b) for a, b in np.argwhere(X).tolist() if a != u and b != v and X[u, b] and X[a, v]]


from sparse_mlp.measures import clustering, lcp_correlation

SQUARE_AND_TAIL, ALL_BUT_ONE = [[1, 1, 0], [1, 1, 1]], [[1, 1, 1], [1, 1, 1], [1, 1, 0]]
closed = [(closed_share(X), clustering(layer(X))) for X in (SQUARE_AND_TAIL, ALL_BUT_ONE)]
print("square and tail: by hand {:.4f}, library {:.4f}".format(*closed[0]))
print("all but one:     by hand {:.4f}, library {:.4f}".format(*closed[1]))
pairs = []
for u, v in np.argwhere(ALL_BUT_ONE).tolist():
    found = squares(ALL_BUT_ONE, u, v)
    pairs.append((len({a for a, _ in found}) + len({b for _, b in found}), len(found)))
    print(f"link ({u}, {v}): CN {pairs[-1][0]}, LCL {pairs[-1][1]}")
lcp = float(np.corrcoef(np.array(pairs).T)[0, 1]), lcp_correlation(layer(ALL_BUT_ONE))
print("LCP correlation: by hand {:.3f}, library {:.3f}".format(*lcp))

# %% [markdown]
# You should see 2/3 for the first graph, and a correlation of 1 for the second: 4 goes with 3, 3 goes with 2. It is
# 1 so easily because more neighbours leave more room for links. So it is high for nearly every wiring; you will see
# that in part 8.
#
# ## 7. The second singular value
#
# Let a signal of ones go in, and count what arrives. If all inputs have `a` links and all outputs `b`, the whole layer
# makes it `√(a b)` times as long, and that is the largest singular value. The **second** one says how well a layer
# mixes: how much of a difference between two groups of inputs survives. The smaller, the better it mixes. It cannot be
# small at will: a large regular layer cannot stay clearly below `√(a - 1) + √(b - 1)`, the *Ramanujan bound*. One that
# keeps the bound mixes about as well as can be.

# %%
from sparse_mlp.measures import ramanujan_bound, second_singular_value

RING = [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]]
TWO_SQUARES = [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]
spectra = {}
for name, X in (("ring", RING), ("two squares", TWO_SQUARES)):
    by_numpy = np.linalg.svd(np.array(X, float), compute_uv=False)
    spectra[name] = by_numpy, second_singular_value(layer(X)), ramanujan_bound(layer(X))
    print(f"{name:<12}", by_numpy.round(4) + 0.0, "second {:.4f}, bound {:.1f}".format(*spectra[name][1:]))

# %% [markdown]
# You should see `2, 1.4142, 1.4142, 0` for the ring and `2, 2, 0, 0` for the two squares. There the second one is as
# large as the first: nothing gets from one square to the other, so a difference between them survives whole. Yet both
# keep the bound of 2! With two links for each neuron it is as large as the largest value, so it excludes nothing.
# From three links on it does.
#
# ## 8. Measure a wiring
#
# `measure_wiring` takes all measures at once. Six generators of tutorial 09, networks 64-100-100 with 6 % of the links.

# %%
from sparse_mlp.measures import MEASURES, Repeated, measure_wiring
from sparse_mlp.topology import generate_network

for name, words in MEASURES.items():
    print(f"{name:<24} {words}")

# %%
SIZES = [64, 100, 100]
COUNTS = [round(0.06 * n * m) for n, m in pairwise(SIZES)]
NAMES = ("erdos-renyi", "small-world", "receptive-field", "scale-free", "ramanujan", "dendritic")
networks = {name: generate_network(name, SIZES, COUNTS, rng=0) for name in NAMES}
REPEATS = 5 if options.fast else 10
measured = {name: measure_wiring(network, repeats=REPEATS, rng=0) for name, network in networks.items()}

COLUMNS = ("erdos-renyi", "small-world", "recept.-field", "scale-free", "ramanujan", "dendritic")
print(" " * 24, *(f"{name:>14}" for name in COLUMNS))
for name in measured["erdos-renyi"]:
    values = [measured[wiring][name] for wiring in NAMES]
    shown = [f"{v.mean:.3f} ± {v.std:.3f}" if isinstance(v, Repeated) else f"{v:.3f}" for v in values]
    print(f"{name:<24}", *(f"{text:>14}" for text in shown))

# %% [markdown]
# You should see:
#
# - L is short in the random wirings, and longest in `dendritic`, where links go to fixed places. All are in one piece,
#   or nearly;
# - Q of `erdos-renyi` is about 0.34, although it has no groups at all. So 0.34 is what nothing looks like here. Only
#   what is above it says something;
# - structural consistency is below 0.1 in the three wirings without neighbourhoods, and highest in `dendritic`;
# - a gamma for each, although only `scale-free` has hubs by design. 10 is the end of the search. Read gamma with its
#   p-value or not at all;
# - an LCP correlation above 0.8 everywhere. It hardly distinguishes these wirings;
# - `ramanujan` below its bound in both layers, and no other wiring in any.
#
# ## 9. Which ± is it?
#
# Modularity and structural consistency come with a ±. That is what you get when you *measure the same wiring again*.
# But draw another wiring with the same generator, and you get another number as well. These are two spreads, and the
# first one says nothing about the second. If you compare generators, you need the second.

# %%
DRAWN = 6 if options.fast else 10
several = [
    measure_wiring(
        generate_network("erdos-renyi", SIZES, COUNTS, rng=seed), repeats=REPEATS, rng=seed,
        names=["path-length", "modularity", "structural-consistency"],
    )
    for seed in range(DRAWN)
]  # fmt: skip
again = np.mean([one["modularity"].std for one in several])
other = np.std([one["modularity"].mean for one in several], ddof=1)
paths = np.array([one["path-length"] for one in several])
print(f"modularity: the same wiring again ± {again:.4f}, another wiring ± {other:.4f}")
print(f"path length: the same wiring again ± 0, another wiring ± {paths.std(ddof=1):.4f}")

# %% [markdown]
# You should see that the path length is exact for a wiring: its first ± is 0. Still it differs from one wiring to the
# next. For modularity the two happen to be of much the same size here. But if you take the mean of many repeats, the
# first one becomes as small as you like, and the second one stays. One wiring is one sample. A table with one wiring
# for each generator, such as ours in part 8, shows large differences well. It says nothing about small ones.
#
# ## 10. The disk
#
# The *coalescent embedding* (Muscoloni et al. 2017) gives each neuron a place on a disk. Two numbers each:
#
# - the **radius** comes from the degree alone. Sort the neurons by degree, the largest first. Number `i` of `N` gets
#   `2β ln i + 2(1 - β) ln N` with `β = 1 / (γ - 1)`. For γ = 3 that is `ln i + ln N`. So hubs stand inside;
# - the **angle** comes from the wiring. Neurons that are few links apart should be close. All get the same gap to the
#   next one.
#
# Three neurons with the degrees 1, 9, 4 and γ = 3: the ranks are 3, 1, 2, so the radii are `ln 3 + ln 3`, `ln 1 + ln 3`
# and `ln 2 + ln 3`.
#
# For a test, take a wiring whose answer you know. `small-world` with `beta = 0` is a ring. Does the embedding find it?

# %%
from sparse_mlp.measures import coalescent_embedding
from sparse_mlp.measures.coalescent_embedding import radii
from sparse_mlp.topology import generate

by_hand = np.log([3, 1, 2]) + np.log(3)
by_library = radii(np.array([1, 9, 4]), 3.0)
print("radii by hand", by_hand.round(3), "library", by_library.round(3))

ring = generate("small-world", 40, 40, 0.1, rng=0, beta=0)
place = coalescent_embedding(network_graph(ring))
around = place.nodes[np.argsort(place.angle)]
inputs_around = around[around < 40]
steps = np.diff(np.append(inputs_around, inputs_around[0])) % 40
print("inputs in the order of their angles:", inputs_around.tolist())
print("all radii equal:", len(set(place.radius.tolist())) == 1)

# %% [markdown]
# You should see the inputs in their order around the ring, forwards or backwards, beginning anywhere. The embedding
# knew nothing of their numbers. And all radii are equal, since all degrees are.
#
# Now three wirings with more life in them.

# %%
from matplotlib.figure import Figure

from sparse_mlp.plotting import HyperbolicDisplay, style

with style():
    figure = Figure(figsize=(13, 5.6), layout="constrained")
    panels = figure.subplots(1, 3)
spans = {}
for axes, name in zip(panels, ("dendritic", "scale-free", "erdos-renyi"), strict=True):
    disk = HyperbolicDisplay.from_structures(networks[name])
    disk.plot(axes)
    axes.set_title(f"{name}\nmean angle of a link {disk.mean_span:.0f}°")
    spans[name] = disk.mean_span
figure.savefig(figures / "11_disks.png", dpi=110)
print("picture:", figures / "11_disks.png")

REDUCTIONS = ("isomap", "laplacian-eigenmaps", "minimum-curvilinear")
print(" " * 16, *(f"{reduction:>20}" for reduction in REDUCTIONS))
by_reduction = {}
for name in spans:
    by_reduction[name] = [
        HyperbolicDisplay.from_structures(networks[name], reduction=reduction).mean_span for reduction in REDUCTIONS
    ]
    print(f"{name:<16}", *(f"{span:>19.0f}°" for span in by_reduction[name]))

# %% [markdown]
# What to read:
#
# - *where lines are short*, at the rim: neurons and their partners stand close. The mean angle of a link sums it up.
#   You should see a few degrees for `dendritic`. Its dendrites reach across the whole layer, but outputs far apart
#   share their inputs, and the embedding has put them side by side;
# - *points well inside*: hubs. `scale-free` has them.
#
# What **not** to read:
#
# - *that 90° is chance*. It is, for neurons in a random order. But the embedding looks for an order in which partners
#   are close, and finds some in any wiring. The random wiring comes out well below 90°. Compare with a random wiring of
#   the same size, never with 90°;
# - *gaps, or where it is dense*: all angles are equally spaced, by construction;
# - *the place on the clock*: the picture may be turned or mirrored. Two pictures have no common noon;
# - *depth as something new*: the radius is the degree and nothing else;
# - *one picture as the truth*. Each method of finding angles gives another one, as the table says. `dendritic` has the
#   smallest angle by far in all of them; the other two may even change places.
#
# ## 11. From the command line
#
# `sparse-mlp measure` does it without a script, for a topology or for the folder of a run: then it measures the wiring
# that training has come to.

# %%
command = ["measure", "--topology", "dendritic", "--sizes", "64", "100", "100", "--density", "0.06"]
command += ["--only", "links", "path-length", "clustering"]
print("$ sparse-mlp", *command)
said = subprocess.run([sys.executable, "-m", "sparse_mlp", *command], capture_output=True, text=True, check=True)
print(said.stdout)

# %% [markdown]
# You should see the columns for the network and for each of its layers, and 984, 384 and 600 links. The path length is
# not quite that of part 8: another draw of the same generator.

# %% [markdown]
# ## What you have seen
#
# Each measure answers one question, and each can mislead. Path length ignores neurons that are cut off. Modularity
# and embedding find groups and order even where none are, so compare them with a random wiring. There is a gamma for
# any degrees. And a ± may be that of the measuring or that of the drawing: say which. None of these numbers is an
# accuracy; whether they go together with accuracy is a question for training (tutorial 09).
#
# **Try it.** (a) Add the link 1 – 6 to the graph of part 1. What are L and the best Q now? (b) Measure the six wirings
# again at 2 %. Which of them falls into pieces? (c) Train one with SET as in tutorial 03, save the run with `sparse-mlp
# train`, and measure its folder: what did evolution change?

# %%
assert lengths["whole graph"] == (2.0, 1.0, 2.0, 1.0)
assert np.allclose(lengths["without 2 – 6"], (1.8, 6 / 7, 1.8, 6 / 7), rtol=1e-12)
assert len(every) == 877 and np.isclose(two_groups, 10 / 49) and np.isclose(best_q, 11 / 49)
assert len(set(best_groups)) == 3 and set(np.round(49 * Q.values).astype(int).tolist()) == {10, 11}
assert hits == {(0, 1): 1, (1, 2): 0.5, (2, 3): 1}
assert abs(sigma.mean - 5 / 6) < 4 * sigma.std / np.sqrt(600)
assert (start, fits[start][0]) == (law.xmin, law.gamma) and np.isclose(fits[start][1], law.distance)
assert law.xmin == 1 and 2.2 < law.gamma < 2.8 and p_true > 0.3 and p_lots < 0.1 and law_of_lots.gamma > 5
assert np.allclose(closed, [(2 / 3, 2 / 3), (5 / 6, 5 / 6)]) and np.allclose(lcp, 1)
assert sorted(set(pairs)) == [(3, 2), (4, 3)]
root = np.sqrt(2)
assert np.allclose(spectra["ring"][0], [2, root, root, 0]) and np.allclose(spectra["ring"][1:], (root, 2))
assert np.allclose(spectra["two squares"][0], [2, 2, 0, 0]) and np.allclose(spectra["two squares"][1:], (2, 2))
lone = {name: {key: getattr(value, "mean", value) for key, value in found.items()} for name, found in measured.items()}
assert max(lone, key=lambda name: lone[name]["path-length"]) == "dendritic"
assert all(found["giant-component"] > 0.98 and found["lcp-correlation"] > 0.8 for found in lone.values())
assert 0.3 < lone["erdos-renyi"]["modularity"] < 0.38
scattered = {"erdos-renyi", "scale-free", "ramanujan"}
assert {name for name in NAMES if lone[name]["structural-consistency"] < 0.12} == scattered
assert max(lone, key=lambda name: lone[name]["structural-consistency"]) == "dendritic"
for number in (1, 2):
    below = [
        name
        for name in NAMES
        if lone[name][f"second-singular-value-{number}"] <= lone[name][f"ramanujan-bound-{number}"]
    ]
    assert below == ["ramanujan"]
assert again > 0 and other > 0 and paths.std() > 0 and other < 5 * again
assert np.allclose(by_hand, by_library) and set(steps.tolist()) in ({1}, {39})
assert len(set(place.radius.tolist())) == 1 and len(inputs_around) == 40
assert all(
    2 * span < min(others)
    for span, others in zip(by_reduction["dendritic"], zip(*list(by_reduction.values())[1:], strict=True), strict=True)
)
assert spans["dendritic"] < 15 and 40 < spans["erdos-renyi"] < 75
assert [line.split() for line in said.stdout.splitlines() if line.startswith("links")] == [
    ["links", "984", "384", "600"]
]
print("All numbers are as stated.")
