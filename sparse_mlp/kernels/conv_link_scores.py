"""Scores of absent links of a convolution, fast: the twin of `reference.conv_link_scores`.

No graph of pixels is built. How much two pixels share in that graph depends on their channels and on the way in which
they stand to each other (`axis_tables`), and there are few such ways. A score is a mean over windows, and what the
nodes on paths contribute may be added up over the windows before it meets the links (see Notes of `score_matrix`).
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels.axis_tables import Class, both_axes, windows_inside
from sparse_mlp.kernels.blas import matmul
from sparse_mlp.kernels.pool import one_blas_thread, ranges, run

Array = NDArray[Any]

MOST_PATTERNS = 512  # all that a 3 x 3 kernel can have; with more, each kernel gets a table of its own
INTERNAL_WEIGHT = {"ch2-l3n": 1.0, "ch3-l3n": 0.0}  # w in (1 + w i) / (1 + e)
NO_BITS = np.empty((0, 0))


def score_matrix(indptr: Array, indices: Array, geometry: ConvGeometry, method: str, graph: str) -> Array:
    """Score each absent link of a convolution; see `reference.conv_link_scores.score_matrix`.

    Notes
    -----
    With K the links, 0 or 1, and t, t' taps of a channel, :math:`G_{t_1 t_2} = K_{t_1} K_{t_2}^T` counts for two
    channels the kernels that link both. Two pixels share :math:`R = \\sum_{(t_1, t_2) \\in L} G_{t_1 t_2}` neighbours,
    the second one has d of them; L and d follow from the class in which they stand to each other. Then

    .. math:: A_t = \\frac{1}{n_t} \\Big(\\sum_{t'} \\Phi_{t t'} K_{t'} + \\ldots\\Big), \\quad
       \\Phi_{t t'} = \\sum_{classes} n \\, \\phi(R, d), \\quad \\phi = [R > 0] \\frac{1 + w R}{\\max(d - R, 1)},

    and the same again with outputs instead of pixels. In the graph of a kernel, G depends only on the taps by which the
    kernel is linked to the two channels: the sum over t' is tabulated for all pairs of such patterns that occur.

    Cost with n inputs and m outputs, k x k taps: graph "layer" 2 k^4 n m (n + m) multiply-adds, half of them in
    float32, and some 24 k^2 (n m + max(n, m)^2) bytes; graph "kernel" k^2 U^2 m and 32 k^2 (n m + U^2) bytes for U
    patterns, at most 512. Links are counted in float32, which is exact. Scores do not depend on the number of threads.
    """
    links = dense_links(indptr, indices, geometry)
    pixels, outputs = _plans(*geometry[2:])
    weight = INTERNAL_WEIGHT[method]
    if graph == "layer":
        turned = np.ascontiguousarray(links.transpose(0, 2, 1))
        sums = _by_products(links, pixels, weight)
        sums += _by_products(turned, outputs, weight).transpose(0, 2, 1)
    else:
        sums = _by_patterns(links, pixels, weight)
        sums += _within_kernels(links, outputs, weight)
    return means(sums, links, geometry)


def dense_links(indptr: Array, indices: Array, geometry: ConvGeometry) -> Array:
    """Return the links as zeros and ones by tap, input and output, float64 (k * k, channels_in, channels_out)."""
    links = np.zeros((geometry.kernel**2, geometry.channels_in, geometry.channels_out))
    channel, tap = np.divmod(np.repeat(np.arange(geometry.taps), np.diff(indptr)), len(links))
    links[tap, channel, indices] = 1.0
    return links


def means(sums: Array, links: Array, geometry: ConvGeometry) -> Array:
    """Divide sums over windows by how many these are, and put zeros on links; both arrays are as `dense_links` has it.

    Returns a score matrix, float64 (taps, channels_out).
    """
    scores = sums / np.maximum(windows_inside(geometry), 1)[:, None, None]
    scores[links > 0] = 0.0
    return scores.transpose(1, 0, 2).reshape(geometry.structure_shape)


class _Plan(NamedTuple):
    """The classes of nodes that are a given displacement apart, in two dimensions.

    Only pairs of taps (t, t') that lie so far apart matter; t belongs to the first node, t' to the second.
    """

    first: Array  # int64 (pairs,), t
    second: Array  # int64 (pairs,), t'
    shared: Array  # bool (sets, pairs), the sets L that occur
    present: Array  # float64 (others, k * k), the sets of taps that occur at a second node
    classes: Array  # int64 (classes, 2), which of both sets a class has; ascending
    counts: Array  # float64 (classes, pairs), how often t and t' meet in a class


@cache
def _plans(*geometry: int) -> tuple[list[_Plan], list[_Plan]]:
    """Return the classes of pixels and those of outputs, for a kernel, stride, padding, height and width."""
    rows, columns = both_axes(ConvGeometry(1, 1, *geometry))
    both = (rows.pixels, columns.pixels), (rows.outputs, columns.outputs)
    found = [[_plan(dy, dx, ys[dy], xs[dx], geometry[0]) for dy in ys for dx in xs] for ys, xs in both]
    return found[0], found[1]


def _plan(dy: int, dx: int, ys: list[Class], xs: list[Class], kernel: int) -> _Plan:
    """Join the classes of two pixels that are dy rows and dx columns apart."""
    grid = np.arange(kernel**2).reshape(kernel, kernel)
    first = grid[max(0, -dy) : kernel - max(0, dy), max(0, -dx) : kernel - max(0, dx)].ravel()
    both = [(y, x) for y in ys for x in xs]
    sharing = [_taps(y.shared, x.shared, kernel)[first] for y, x in both]
    shared, of_shared = np.unique(sharing, axis=0, return_inverse=True)
    present, of_present = np.unique([_taps(y.present, x.present, kernel) for y, x in both], axis=0, return_inverse=True)
    counts = np.array([np.outer(y.counts, x.counts).ravel()[first] for y, x in both], np.float64)
    classes = np.stack((of_shared.ravel(), of_present.ravel()), axis=1)
    order = np.lexsort(classes.T[::-1])
    second = first + dy * kernel + dx
    return _Plan(first, second, shared, present.astype(np.float64), classes[order], counts[order])


def _taps(rows: tuple[int, ...], columns: tuple[int, ...], kernel: int) -> Array:
    """Mark the taps that stand in given rows and columns of a kernel, bool (k * k,)."""
    every = np.arange(kernel)
    return np.outer(np.isin(every, rows), np.isin(every, columns)).ravel()


def _by_products(links: Array, plans: list[_Plan], weight: float) -> Array:
    """Add up what the nodes of one side contribute in the graph of the layer, by products of matrices.

    `links`, float64 (k * k, n, m), has n channels on that side and m on the other one; so has the result.
    """
    counted, degrees = links.astype(np.float32), links.sum(axis=2)
    sums = np.zeros_like(links)
    for plan in plans:
        gram = np.stack([matmul(counted[t], counted[u].T) for t, u in zip(plan.first, plan.second, strict=True)])
        factors = np.zeros(gram.shape)
        _add_all(gram, plan.present @ degrees, plan, weight, NO_BITS, np.arange(len(gram)), factors)
        for t, u, factor in zip(plan.first, plan.second, factors, strict=True):
            sums[t] += matmul(factor, links[u])
    return sums


def _by_patterns(links: Array, plans: list[_Plan], weight: float) -> Array:
    """Add up what the pixels contribute in the graphs of kernels, by a table over pairs of patterns."""
    patterns, which = _patterns(links)
    n_kernels = links.shape[2]
    if len(patterns) > MOST_PATTERNS and n_kernels > 1:
        return np.concatenate([_by_patterns(links[:, :, [o]], plans, weight) for o in range(n_kernels)], axis=2)
    taps = np.ascontiguousarray(patterns.T)
    table = np.zeros((len(taps), len(patterns), len(patterns)))
    for plan in plans:
        counted = taps.astype(np.float32)
        gram = counted[plan.first][:, :, None] * counted[plan.second][:, None, :]
        _add_all(gram, plan.present @ taps, plan, weight, taps[plan.second], plan.first, table)
    cells = which * n_kernels + np.arange(n_kernels)
    channels = np.bincount(cells.ravel(), minlength=len(patterns) * n_kernels).reshape(-1, n_kernels)
    channels = channels.astype(np.float64)
    return np.stack([np.take_along_axis(matmul(of_tap, channels), which, axis=0) for of_tap in table])


def _patterns(links: Array) -> tuple[Array, Array]:
    """Return the patterns of taps by which channels are linked to kernels, and which one each pair has.

    float64 (patterns, k * k), int64 (channels_in, channels_out).
    """
    codes = np.zeros(links.shape[1:], np.int64)
    for tap, linked in enumerate(links):
        codes = 2 * codes + linked.astype(np.int64)
        if tap % 32 == 31:  # numbers of the patterns so far, to have room for more taps
            codes = np.unique(codes, return_inverse=True)[1].reshape(codes.shape)
    _, at, which = np.unique(codes, return_index=True, return_inverse=True)
    return links.reshape(len(links), -1).T[at], which.reshape(codes.shape)


def _within_kernels(links: Array, plans: list[_Plan], weight: float) -> Array:
    """Add up what the outputs contribute in the graphs of kernels: all outputs of a graph are of the same kernel."""
    kernels = np.ascontiguousarray(links.transpose(2, 0, 1))
    degrees = kernels.sum(axis=2).T
    gram = _batches(kernels, kernels.transpose(0, 2, 1))
    factors = np.zeros_like(gram)
    for plan in plans:
        counted = gram[:, plan.first, plan.second].T[:, None, :].astype(np.float32)
        found = np.zeros(counted.shape)
        _add_all(counted, plan.present @ degrees, plan, weight, NO_BITS, np.arange(len(found)), found)
        factors[:, plan.first, plan.second] = found[:, 0, :].T
    return _batches(factors, kernels).transpose(1, 2, 0)


def _batches(a: Array, b: Array) -> Array:
    """Multiply the matrices of two stacks, (m, p, q) and (m, q, r), each on one thread."""
    product = np.empty((len(a), a.shape[1], b.shape[2]))
    with one_blas_thread():
        run([partial(np.matmul, a[i:j], b[i:j], out=product[i:j]) for i, j in ranges(len(a), least=16)])
    return product


def _add_all(gram: Array, degrees: Array, plan: _Plan, weight: float, bits: Array, into: Array, sums: Array) -> None:
    """Share the rows of `_add_factors` out to the threads."""
    classes = plan.shared, plan.classes, plan.counts
    rows = ranges(gram.shape[1], least=16)
    run([partial(_add_factors, i, j, gram, degrees, *classes, weight, bits, into, sums) for i, j in rows])


@jit
def _add_factors(
    begin: int, end: int, gram: Array, degrees: Array, shared: Array, classes: Array, counts: Array, weight: float,
    bits: Array, into: Array, sums: Array,
) -> None:  # fmt: skip
    """Add the factors of a plan's classes for the first nodes of channels `begin` to `end - 1`.

    Parameters
    ----------
    gram : float32 (pairs, n, m)
        For each pair of taps (t, t'), how many nodes join a first channel by t and a second one by t'.
    degrees : float64 (others, m)
        For each set of taps, how many links a second channel has by those.
    shared, classes, counts
        See `_Plan`.
    weight : float
        See `INTERNAL_WEIGHT`.
    bits : float64 (pairs, m) or (0, 0)
        What the factors of each pair are multiplied with, nothing if it is empty.
    into : int64 (pairs,)
        Where in `sums` the factors of each pair go.
    sums : float64 (…, n, m)
    """
    width = gram.shape[2]
    common, factor, last = np.empty(width), np.empty(width), -1
    for c in range(begin, end):
        for i in range(len(classes)):
            if i == 0 or classes[i, 0] != last:
                last = classes[i, 0]
                common[:] = 0.0
                for pair in range(len(gram)):
                    if shared[last, pair]:
                        for other in range(width):
                            common[other] += gram[pair, c, other]
            degree = degrees[classes[i, 1]]
            for other in range(width):
                found = common[other]
                value = (1.0 + weight * found) / max(degree[other] - found, 1.0)
                factor[other] = value if found > 0 else 0.0
            for pair in range(len(gram)):
                times = counts[i, pair]
                if times == 0:
                    continue
                into_row = sums[into[pair], c]
                if len(bits):
                    for other in range(width):
                        into_row[other] += times * factor[other] * bits[pair, other]
                else:
                    for other in range(width):
                        into_row[other] += times * factor[other]
