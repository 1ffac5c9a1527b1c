# %% [markdown]
# # 06 Link prediction on paths of length three
#
# Suppose you may add one link to a network. Which absent link deserves it? *Link prediction* answers from the wiring
# alone, without weights, gradients or data. People with many common acquaintances are likely to meet: in a network of
# friends the answer is to count the paths of two links.
#
# In a layer of a neural network that fails. Links lead from inputs to outputs only, so a path of two links leads from
# an input back to an input. The shortest path around an absent link from an input `u` to an output `v` has **three**
# links: `u – b – a – v`, with another output `b` and another input `a`.
#
# Cannistraci-Hebb theory (Zhang et al. 2024) adds a second idea: the neurons on these paths are a *local community*,
# and a new link is likely where the community keeps to itself. You work through it by hand, then with arrays, then
# with the compiled kernels that choose the links in training.
#
# It takes about 10 s and needs no data.

# %%
import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin()
figures = options.figures

# %% [markdown]
# ## 1. The layer
#
# Three inputs `u0 u1 u2`, four outputs `v0 … v3`, seven links:
#
# ```
#          v0  v1  v2  v3
#     u0    1   1   .   .
#     u1    .   1   1   .
#     u2    1   .   1   1
# ```
#
# Five links are absent. Draw the seven on paper: inputs left, outputs right.

# %%
X = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 1]])
absent = [(int(u), int(v)) for u, v in np.argwhere(X == 0)]
print("absent:", absent)

# %% [markdown]
# ## 2. The paths
#
# Take the absent link (0, 2), from u0 to v2. The first step leads to an output of u0: v0 or v1. The last step comes
# from an input of v2: u1 or u2. The middle step needs a link between them. Is there one from v0 to u1? No. v0 to u2?
# Yes. v1 to u1? Yes. v1 to u2? No. So two paths: u0 – v0 – u2 – v2 and u0 – v1 – u1 – v2.
#
# Now do (0, 3).


# %%
def paths(u, v):
    """All (a, b) of paths u - b - a - v."""
    outputs_of_u, inputs_of_v = np.flatnonzero(X[u]), np.flatnonzero(X[:, v])
    return [(int(a), int(b)) for b in outputs_of_u for a in inputs_of_v if X[a, b]]


both_paths = [paths(0, 2), paths(0, 3)]
print("(0, 2):", both_paths[0])
print("(0, 3):", both_paths[1])

# %% [markdown]
# You should see `[(2, 0), (1, 1)]` for (0, 2): a pair is `(a, b)`, the input and the output in the middle. For (0, 3)
# there is one path, `[(2, 0)]`.
#
# ## 3. The local community
#
# All neurons in the middle of such paths are the local community of `u` and `v`. Look at one of them and sort its
# links into three kinds:
#
# - *internal*, `i`: to another member of the community;
# - *external*, `e`: to a stranger, who is neither a member nor `u` nor `v`;
# - one link is left, to `u` or to `v`.
#
# For (0, 3) the community is u2 and v0. u2 has three links: to v0 (internal), to v2 (external), to v3 (that is `v`).
# v0 has two: to u0 (that is `u`) and to u2 (internal). So u2 has i = 1, e = 1 and v0 has i = 1, e = 0.


# %%
def community(u, v):
    """{neuron: (i, e)} of the local community; inputs are ("u", a), outputs ("v", b)."""
    inputs, outputs = {a for a, _ in paths(u, v)}, {b for _, b in paths(u, v)}
    counts = {}
    for a in sorted(inputs):
        others = [b for b in np.flatnonzero(X[a]) if b != v]
        internal = sum(b in outputs for b in others)
        counts["u", a] = (internal, len(others) - internal)
    for b in sorted(outputs):
        others = [a for a in np.flatnonzero(X[:, b]) if a != u]
        internal = sum(a in inputs for a in others)
        counts["v", b] = (internal, len(others) - internal)
    return counts


both_communities = [community(0, 2), community(0, 3)]
for pair, members in zip(("(0, 2)", "(0, 3)"), both_communities, strict=True):
    print(pair, ", ".join(f"{side}{n}: i={i} e={e}" for (side, n), (i, e) in members.items()))

# %% [markdown]
# You should see four members for (0, 2), all with i = 1, and e = 1 for u2 alone: its link to v3 leads outside.

# %%
from sparse_mlp import SparseStructure
from sparse_mlp.plotting import LocalCommunityDisplay, ScoreMatrixDisplay, save

structure = SparseStructure.from_coo(*np.nonzero(X), shape=X.shape)
picture = LocalCommunityDisplay.from_structure(structure, 0, 2)
picture_says = picture.degrees()
print("picture:", save(picture, figures / "06_local_community.png"))

# %% [markdown]
# In the picture the dashed line is the absent link (0, 2). The community is blue. Compare i and e with your own.
#
# ## 4. Two scores by hand
#
# **CH3-L3p** goes over the *p*aths and punishes external links: each path adds `1 / √((1 + e_a)(1 + e_b))`.
#
# - (0, 3): one path, over u2 and v0: `1 / √(2 · 1) = 0.7071`.
# - (0, 2): over u1 and v1 `1 / √(1 · 1) = 1`, over u2 and v0 `1 / √(2 · 1) = 0.7071`. Together 1.7071.
#
# **CH2-L3n** goes over the *n*eurons and also rewards internal links: each neuron adds `(1 + i) / (1 + e)`.
#
# - (0, 3): u2 adds `2 / 2`, v0 adds `2 / 1`. Together 3.
# - (0, 2): u1 `2 / 1`, u2 `2 / 2`, v0 `2 / 1`, v1 `2 / 1`. Together 7.
#
# ## 5. All nine
#
# The library knows nine such scores. Seven add up something over the paths, two over the neurons. Each is one line
# (`d = i + e + 1` is the number of links of a neuron). Those over paths are a product of one factor for `a` and one
# for `b`.

# %%
from math import sqrt

OVER_PATHS = {
    "path-count": lambda i, e: 1,
    "ra-l3": lambda i, e: 1 / sqrt(i + e + 1),
    "ch1-l3p": lambda i, e: sqrt(i / (i + e + 1)),
    "ch2-l3p": lambda i, e: sqrt((1 + i) / (1 + e)),
    "ch3-l3p": lambda i, e: 1 / sqrt(1 + e),
    "ch3.1-l3p": lambda i, e: 1 / sqrt(1 / (1 + i) + e),
    "ilcl-l3": lambda i, e: sqrt(i / (1 + i)),
}
OVER_NEURONS = {"ch2-l3n": lambda i, e: (1 + i) / (1 + e), "ch3-l3n": lambda i, e: 1 / (1 + e)}


def score(method, u, v):
    members = community(u, v)
    if method in OVER_NEURONS:
        return sum(OVER_NEURONS[method](i, e) for i, e in members.values())
    factor = OVER_PATHS[method]
    return sum(factor(*members["u", a]) * factor(*members["v", b]) for a, b in paths(u, v))


by_hand = {method: [score(method, *pair) for pair in absent] for method in (*OVER_PATHS, *OVER_NEURONS)}
print(" " * 10, *(f"{u},{v}".rjust(7) for u, v in absent))
for method, values in by_hand.items():
    print(f"{method:<11}" + " ".join(f"{value:7.4f}" for value in values))

# %% [markdown]
# You should see that path counting cannot tell (0, 2), (1, 0) and (2, 1) apart: two paths each. The Cannistraci-Hebb
# scores prefer (2, 1), because no member of its community has an external link.
#
# ## 6. By arrays
#
# Must we build a community for each of the many absent links of a real layer? No. Here is the trick. An internal link
# of `a` leads to an output in the middle of a path. Any output that both `a` and `u` are linked to is one. So `i_a` is
# the number of outputs that `a` and `u` share, whatever `v` is. In matrices: `UU = X Xᵀ` counts the outputs that two
# inputs share, `VV = Xᵀ X` the inputs that two outputs share, and then `1 + e_a = d_a - i_a`.
#
# For the two scores over neurons a member counts once, however many paths lead through it. Three lines:


# %%
def by_arrays_n(X, reward):
    UU, VV = X @ X.T, X.T @ X
    of_a = (UU > 0) * (1 + UU if reward else 1) / np.maximum(X.sum(1) - UU, 1)  # [u, a]
    of_b = (VV > 0) * (1 + VV if reward else 1) / np.maximum(X.sum(0) - VV, 1)  # [v, b]
    return (of_a @ X + (of_b @ X.T).T) * (X == 0)


def by_arrays_p(X):
    """CH3-L3p, one input at a time."""
    UU, VV = X @ X.T, X.T @ X
    of_a = 1 / np.sqrt(np.maximum(X.sum(1) - UU, 1))
    of_b = 1 / np.sqrt(np.maximum(X.sum(0) - VV, 1))
    middle = [(X * X[u]) @ of_b.T for u in range(len(X))]  # [a, v], summed over b
    return np.array([of_a[u] @ (X * middle[u]) for u in range(len(X))]) * (X == 0)


X = X.astype(float)
array_p, array_n = by_arrays_p(X), by_arrays_n(X, reward=True)
print(array_p.round(4))
print(array_n)

# %% [markdown]
# You should see the numbers of part 4, 1.7071 and 0.7071, 7 and 3, and all others of your table.
#
# (`maximum(…, 1)` protects divisions whose result is never used: for `a = u`, and for neurons that only present links
# need.)
#
# ## 7. By kernels
#
# `score_matrix` gives the scores of all absent links, in three backends. `top_links` finds the best `k` without ever
# holding all scores. `sample_links` draws `k` with probability proportional to the score.

# %%
from sparse_mlp.link_prediction import sample_links, score_matrix, top_links

worst = 0.0
for method, values in by_hand.items():
    for backend in ("reference", "scipy", "numba"):
        found = score_matrix(structure, method, backend=backend)
        worst = max(worst, np.abs([found[pair] for pair in absent] - np.array(values)).max())
print(f"nine scores, three backends, largest difference to the hand: {worst:.0e}")

best_rows, best_cols = top_links(structure, "ch3-l3p", 3)
best = list(zip(best_rows.tolist(), best_cols.tolist(), strict=True))
print("best three:", best)
scores = score_matrix(structure, "ch3-l3p")
print("picture:", save(ScoreMatrixDisplay.from_scores(structure, scores, "CH3-L3p"), figures / "06_scores.png"))

# %% [markdown]
# You should see a difference of the order of `1e-16` at the most, and (2, 1), (0, 2), (1, 0).
#
# The soft choice: draw one link, 2000 times, and count.

# %%
generator = np.random.default_rng(0)
draws = np.zeros(X.shape, int)
for _ in range(2000):
    drawn = sample_links(structure, "ch3-l3p", 1, rng=generator)
    draws[drawn] += 1
expected = 2000 * scores / scores.sum()
print("absent   score   expected   drawn")
for pair in absent:
    print(f"{pair} {scores[pair]:8.4f} {expected[pair]:10.0f} {draws[pair]:7d}")

# %% [markdown]
# You should see counts near the expected ones: 585 for the best link, 207 for the two worst. The best link is the
# favourite and not the only one that ever gets a chance.
#
# ## 8. Ties
#
# (0, 2) and (1, 0) have the same score. If only two links may grow, one of the two has to stay behind. Which?
# `ties="index"` takes the first one, always. `ties="random"` lets a draw decide. Code published with the papers keeps
# *every* link that reaches the score of the last one: three links, where two were asked for.

# %%
by_index = top_links(structure, "ch3-l3p", 2)
second = [top_links(structure, "ch3-l3p", 2, rng=seed, ties="random")[0][1] for seed in range(200)]
threshold = np.sort(scores[X == 0])[-2]
print("ties by index, the second link:  ", (int(by_index[0][1]), int(by_index[1][1])))
print("ties at random, (0, 2) in", second.count(0), "of 200 draws")
reached = int(np.sum(scores >= threshold))
print("links that reach the score of the second one:", reached)

# %% [markdown]
# You should see about half of the draws for each, and 3 links.
#
# Now a trap. A score is a sum, a computer rounds each addition, and so the *order* of the additions changes the last
# digits:

# %%
terms = [2 / 3, 2 / 3, 2 / 5, 1]  # four neurons with one internal link and 2, 2, 4, 1 external ones, in CH2-L3n
forwards, backwards = terms[0] + terms[1] + terms[2] + terms[3], terms[3] + terms[2] + terms[1] + terms[0]
print(f"{forwards!r} forwards, {backwards!r} backwards")

from sparse_mlp.topology import generate

layer = generate("erdos-renyi", 100, 100, 0.04, rng=0)
raw = {backend: score_matrix(layer, "ch2-l3n", backend=backend) for backend in ("scipy", "numba")}
tidy = {backend: np.array([float(f"{s:.11e}") for s in values.ravel()]) for backend, values in raw.items()}
unlike = int(np.sum(raw["scipy"] != raw["numba"]))
distinct = {backend: (len(np.unique(raw[backend])), len(np.unique(tidy[backend]))) for backend in raw}
for backend, (before, after) in distinct.items():
    print(f"{backend:<6} {before} different scores, {after} after rounding to 12 digits")
unlike_tidy = int(np.sum(tidy["scipy"] != tidy["numba"]))
print("scores that differ between the two:", unlike, "before rounding,", unlike_tidy, "after")

# %% [markdown]
# You should see two sums that differ in the last digit, and a layer in which scores that are equal by mathematics
# split into several. Then the order of the additions decides which link wins, not the wiring, and another program may
# choose other links. The library compares scores rounded to 12 significant digits. So both backends see the same ties
# and choose the same links.
#
# ## 9. Hubs
#
# A *hub* is a neuron with many links. Here are two absent links with one path each. In the middle of the first path
# are two neurons without any other link. In the middle of the second is the hub u3.
#
# ```
#     u0 – v0 – u1 – v1                     (0, 1)?
#     u2 – v2 – u3 – v3, and u3 – v4, v5, v6   (2, 3)?
# ```

# %%
pair_rows, pair_cols = [0, 1, 1, 2, 3, 3, 3, 3, 3], [0, 0, 1, 2, 2, 3, 4, 5, 6]
two_paths = SparseStructure.from_coo(pair_rows, pair_cols, shape=(4, 7))
quiet, hub = {}, {}
for method in ("path-count", "ra-l3", "ch3-l3p"):
    found = score_matrix(two_paths, method)
    quiet[method], hub[method] = float(found[0, 1]), float(found[2, 3])
    print(f"{method:<11} (0, 1): {quiet[method]:.3f}   (2, 3): {hub[method]:.3f}")
picture = LocalCommunityDisplay.from_structure(two_paths, 2, 3)
print("picture:", save(picture, figures / "06_hub.png"))

# %% [markdown]
# You should see that counting finds both equal, and CH3 gives the second one half: `e = 3`, so `1 / √4`. The reason:
# a hub lies on paths from everywhere to everywhere. That a path leads through it says little about these two ends.
#
# Does this keep new links away from hubs? We build a layer of 300 × 300 with hubs: neuron `r` gets links in
# proportion to `1 / (r + 1)^0.8`. Then we grow 540 links, 30 %, and look where they end. As hubs count the first ten
# inputs and the first ten outputs.

# %%
popularity = 1 / np.arange(1, 301) ** 0.8
chance = np.outer(popularity, popularity).ravel() / popularity.sum() ** 2
places = np.random.default_rng(0).choice(300 * 300, size=1800, replace=False, p=chance)
hubs = SparseStructure.from_coo(*np.divmod(np.sort(places), 300), shape=(300, 300))


def at_hubs(links):
    rows, cols = links
    return float(np.mean((rows < 10) | (cols < 10)))


already = at_hubs((hubs.rows(), hubs.indices))
shares = {
    method: (at_hubs(top_links(hubs, method, 540)), at_hubs(sample_links(hubs, method, 540, rng=0)))
    for method in ("path-count", "ch3-l3p", "ch2-l3n")
}
print(f"links that end at a hub: {already:.0%} of the present ones")
for method, (hard, soft) in shares.items():
    print(f"{method:<11} {hard:.0%} of the best 540, {soft:.0%} of 540 drawn")

# %% [markdown]
# You should see that 84 % of the *best* links by path count end at a hub, and some 90 % of the best by CH3 and CH2.
# So punishing hubs does not keep links away from them. It is the hub in the *middle* of a path that is punished. A
# hub at the end is not, and between two hubs there are more paths than anywhere else. Always taking the best makes
# hubs larger: in tutorial 05 some neurons gathered many new links. Drawn softly, about three of ten links end at a
# hub, fewer than of the present ones.
#
# ## 10. Time
#
# Your loops of parts 2 to 5, the arrays of part 6, the kernel. Loops for a small layer only: they visit each absent
# link separately. For the scores over paths the arrays need the work of a dense matrix product for each input.

# %%
from time import perf_counter

from sparse_mlp.kernels.pool import set_threads


def seconds(function, *arguments):
    began = perf_counter()
    function(*arguments)
    return perf_counter() - began


def by_loops():
    return [score("ch3-l3p", u, v) for u, v in np.argwhere(X == 0)]


set_threads(1)
SLOW = 60 if options.fast else 200
CASES = ((60, 0.08), (200, 0.03), (1000, 0.01))
print("CH3-L3p           loops       arrays       kernel")
for size, density in CASES:
    case = generate("erdos-renyi", size, size, density, rng=0)
    X = case.to_scipy().toarray().astype(float)
    times = [
        seconds(by_loops) if size <= SLOW else None,
        seconds(by_arrays_p, X) if size <= 200 else None,
        min(seconds(score_matrix, case, "ch3-l3p") for _ in range(3)),
    ]
    shown = [f"{t * 1e3:9.1f} ms" if t is not None else "           –" for t in times]
    print(f"{size:>4} x {size:<4} {density:.0%} {' '.join(shown)}")
arrays_n = seconds(by_arrays_n, X, True)
kernel_n = min(seconds(score_matrix, case, "ch2-l3n") for _ in range(3))
print(f"CH2-L3n at {size} x {size}: arrays {arrays_n * 1e3:.1f} ms, kernel {kernel_n * 1e3:.1f} ms")
set_threads(None)

# %% [markdown]
# You should see the kernel win by a wide margin, because it walks along links only: its work grows with the number of
# paths, not with the number of places. And you should see why CHTs (2025) turned to scores over neurons: as matrix
# products they are fast even without a compiler.
#
# ## What you have seen
#
# An absent link is scored by its paths of length three, and by how much the neurons on them keep to themselves. The
# community never has to be built: what two neurons share is enough. Choosing the best `k` is a separate question:
# ties need a rule, and rounding must not be that rule.
#
# **Try it.** (a) Add the link (2, 1) to `X` and score the other four by hand. Which ones change, and why? (b) Invent
# a tenth score, one line in `OVER_PATHS`, that ranks (0, 2) above (2, 1). (c) In part 9 count links that end at
# *two* hubs.

# %%
assert both_paths == [[(2, 0), (1, 1)], [(2, 0)]]
assert both_communities == [
    {("u", 1): (1, 0), ("u", 2): (1, 1), ("v", 0): (1, 0), ("v", 1): (1, 0)},
    {("u", 2): (1, 1), ("v", 0): (1, 0)},
]
assert picture_says == ({1: (1, 0), 2: (1, 1)}, {0: (1, 0), 1: (1, 0)})
root = sqrt(0.5)
assert np.allclose(by_hand["ch3-l3p"], [1 + root, root, 1 + root, root, 2], rtol=1e-15)
assert by_hand["ch2-l3n"] == [7, 3, 7, 3, 8] and by_hand["path-count"] == [2, 1, 2, 1, 2]
assert np.allclose([array_p[pair] for pair in absent], by_hand["ch3-l3p"], rtol=1e-14)
assert [array_n[pair] for pair in absent] == by_hand["ch2-l3n"]
assert worst < 1e-14 and best == [(2, 1), (0, 2), (1, 0)]
assert np.all(np.abs(draws - expected) <= 3 * np.sqrt(expected))  # three standard deviations
assert by_index[0].tolist() == [2, 0] and 70 < second.count(0) < 130 and reached == 3
assert 0 < forwards - backwards < 1e-15
assert all(before > after for before, after in distinct.values()) and unlike > 0 == unlike_tidy
assert quiet["path-count"] == hub["path-count"] == 1 and (quiet["ch3-l3p"], hub["ch3-l3p"]) == (1, 0.5)
assert all(hard > 0.8 and soft < already for hard, soft in shares.values())
print("All numbers are as stated.")
