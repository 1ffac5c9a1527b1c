"""The links of a convolution as its kernels read them: where each leads to in memory, and in which order they come.

To a kernel a link is a weight and an offset: how far away from a position of one map the numbers lie that it is
multiplied with. The kernel knows neither taps nor padding. Links are visited in blocks of channels, so that what the
links of a block read stays in the first-level cache.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.errors import invalid
from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels.tape import launch
from sparse_mlp.structure import SparseStructure

Array = NDArray[Any]

NEAR = 28 * 1024  # bytes of a block of channels that a patch of positions reads at most: a first-level cache has 32 KB
WORK = 192  # multiply-adds of vectors that the links of a channel in a block should have, else fetching sums costs more
FORWARD_PATCH, BACKWARD_PATCH = (4, 4), (2, 4)  # rows and columns of the positions that kernels keep in registers
KINDS = 9  # by what sees the border: no row of a patch, the top or the bottom one; and so for its columns
FARTHEST = 2**31  # numbers of a map that int32 offsets can address


class LinkList(NamedTuple):
    """Links in the order in which a kernel visits them.

    Attributes
    ----------
    starts : int64 (n_blocks * n_groups * n_kinds + 1,)
        Where the links of each group and kind begin in each block, the groups of the first block first. A group has the
        links of one output channel in the forward pass; backward it has those of one input channel and one class, see
        `backward_links`.
    offset : int32 (nnz,)
        Where a link leads to, from the place of the position that it belongs to.
    order : int32 (nnz,), or ()
        Which link of the structure it is. Where it is empty, kernels expect the weights in the order of the list, and
        add the gradients in that order.
    kinds : tuple of int
        As long as there are kinds of links, `KINDS` or one: so that kernels with kinds are compiled by themselves.
    """

    starts: Array
    offset: Array
    order: Any
    kinds: tuple[int, ...] = (0,)

    def sorted(self) -> LinkList:
        """Return the list for weights and gradients that are in its own order."""
        return self._replace(order=())


class ConvLinks(NamedTuple):
    """Both lists of a convolution."""

    forward: LinkList
    backward: LinkList


def conv_links(
    structure: SparseStructure, geometry: ConvGeometry, input_border: int, output_border: int, lanes: int = 16
) -> ConvLinks:
    """List the links of a convolution for maps with these borders.

    Parameters
    ----------
    structure : SparseStructure
        Of shape `geometry.structure_shape`.
    geometry : ConvGeometry
    input_border, output_border : int
        Zeros around the maps, at least `geometry.padding` and `geometry.gradient_border`.
    lanes : int
        Samples side by side in memory.

    Raises
    ------
    InvalidInputError
        If a map of one tile has 2**31 numbers or more.
    """
    return ConvLinks(
        forward_links(structure, geometry, input_border, lanes),
        backward_links(structure, geometry, output_border, lanes),
    )


def forward_links(structure: SparseStructure, geometry: ConvGeometry, border: int, lanes: int = 16) -> LinkList:
    """List the links by (block of input channels, output channel, kind, tap); offsets lead into the input map.

    There are several kinds for small maps only. Cost: O(nnz), a counting sort.
    """
    g, nnz = geometry, structure.nnz
    plane, size = spacing(g.channels_in, g.height, g.width, border, lanes), (g.out_height, g.out_width)
    seen = g.stride * np.arange(2) + np.arange(g.kernel)[:, None] - g.padding  # by tap and row, or column
    kind, kinds = _kinds(seen, (g.height, g.width), takes_pairs(*size))
    block = _block(g.channels_in, g, nnz, FORWARD_PATCH, size, g.stride)
    starts = np.zeros(-(-g.channels_in // block) * g.channels_out * len(kinds) + 1, np.int64)
    links = LinkList(starts, np.empty(nnz, np.int32), np.empty(nnz, np.int32), kinds)
    _list_forward(structure.indptr, structure.indices, g, plane, block, lanes, kind, *links)
    return links


def backward_links(structure: SparseStructure, geometry: ConvGeometry, border: int, lanes: int = 16) -> LinkList:
    """List the links by (block of outputs, input channel, class, kind, output channel, tap), leading into the output.

    Notes
    -----
    With stride s, the rows p of the input that tap row a reads are those with s | p + P - a. So links fall into s * s
    classes by the remainders (r_y, r_x) of the rows and columns that they read: p = s i + r reads the gradient
    at i + (r + P - a) / s, in steps of one. Cost: O(nnz), a counting sort.
    """
    g, nnz = geometry, structure.nnz
    plane, size = spacing(g.channels_out, g.out_height, g.out_width, border, lanes), (g.height, g.width)
    seen = np.arange(2) + g.padding - np.arange(g.kernel)[:, None]
    kind, kinds = _kinds(seen, (g.out_height, g.out_width), g.stride == 1 and takes_pairs(*size))
    block = _block(g.channels_out, g, nnz, BACKWARD_PATCH, size, 1)
    starts = np.zeros(-(-g.channels_out // block) * g.channels_in * g.stride**2 * len(kinds) + 1, np.int64)
    offset, order = np.empty(nnz, np.int32), np.empty(nnz, np.int32)
    _list_backward(*structure.by_output, g, plane, block, lanes, kind, starts, offset, order, kinds)
    return LinkList(starts, offset, order, kinds)


def _kinds(seen: Array, size: tuple[int, int], several: bool) -> tuple[Array, tuple[int, ...]]:
    """Return the kind of each tap (k * k,), by what the two rows or columns of a patch see, and how many there are."""
    if not several:
        return np.zeros(len(seen) ** 2, np.int64), (0,)
    outside = [(seen < 0) | (seen >= length) for length in size]
    rows, columns = (np.where(side[:, 0], 1, 2 * side[:, 1]) for side in outside)
    return (3 * rows[:, None] + columns).ravel(), (0,) * KINDS


def _block(
    channels: int, geometry: ConvGeometry, nnz: int, patch: tuple[int, int], size: tuple[int, int], step: int
) -> int:
    """Return how many of some channels make a block, for patches of maps of some size that are read in steps."""
    rows, columns = map(min, patch, size)
    seen = ((rows - 1) * step + geometry.kernel) * ((columns - 1) * step + geometry.kernel)
    if takes_pairs(*size):
        seen = 2 * rows * columns  # of two tiles, without their borders
    pairs = geometry.channels_in * geometry.channels_out
    return min(channels, max(1, NEAR // (64 * seen), -(-WORK * pairs // (rows * columns * max(1, nnz)))))


def spacing(channels: int, height: int, width: int, border: int, lanes: int = 16) -> tuple[int, int]:
    """Return how far channels and rows of a map lie apart in memory, in numbers.

    Raises
    ------
    InvalidInputError
        If a map of one tile has 2**31 numbers or more.
    """
    row = (width + 2 * border) * lanes
    plane = (height + 2 * border) * row
    if channels * plane >= FARTHEST:
        found = f"maps of {channels} channels of {height} x {width} with a border of {border}"
        raise invalid(found, f"less than 2**31 numbers in {lanes} samples", "fewer channels, or smaller images")
    return plane, row


def takes_pairs(height: int, width: int) -> bool:
    """Tell whether the kernels with vectors take two tiles at a time, since the positions of a map are so few."""
    return height == width == 2


def visits(n_tiles: int, height: int, width: int, patch: tuple[int, int]) -> int:
    """Return how often a kernel that takes patches visits each link, roughly."""
    together = 2 if takes_pairs(height, width) else 1
    return -(-n_tiles // together) * -(-height // patch[0]) * -(-width // patch[1])


def in_order(weight: Array, links: LinkList, *, out: Array, part: tuple[int, int] | None = None) -> Array:
    """Copy weights, float (nnz,) in the order of the structure, into that of a list, or a part of it."""
    launch(_gather, weight, links.order, out, *(part or (0, len(out))))
    return out


def add_in_structure(dweight: Array, links: LinkList, *, add_to: Array, part: tuple[int, int] | None = None) -> Array:
    """Add gradients, float (nnz,) in the order of a list, or a part of it, to some in the order of the structure."""
    launch(_scatter, dweight, links.order, add_to, *(part or (0, len(dweight))))
    return add_to


@jit
def _list_forward(
    indptr: Array, indices: Array, geometry: Any, plane: tuple[int, int], block: int, lanes: int, kind: Array,
    starts: Array, offset: Array, order: Array, kinds: tuple[int, ...],
) -> None:  # fmt: skip
    n_out, k, pad, n_kinds = geometry.channels_out, geometry.kernel, geometry.padding, len(kinds)
    for row in range(len(indptr) - 1):
        first = row // (k * k) // block * n_out * n_kinds + kind[row % (k * k)]
        for link in range(indptr[row], indptr[row + 1]):
            starts[first + indices[link] * n_kinds + 1] += 1
    at = _begins(starts)
    for row in range(len(indptr) - 1):
        channel, a, b = row // (k * k), row // k % k, row % k
        first = channel // block * n_out * n_kinds + kind[row % (k * k)]
        leads = channel * plane[0] + (a - pad) * plane[1] + (b - pad) * lanes
        for link in range(indptr[row], indptr[row + 1]):
            group = first + indices[link] * n_kinds
            offset[at[group]], order[at[group]] = leads, link
            at[group] += 1


@jit
def _list_backward(
    indptr: Array, rows: Array, links: Array, geometry: Any, plane: tuple[int, int], block: int, lanes: int,
    kind: Array, starts: Array, offset: Array, order: Array, kinds: tuple[int, ...],
) -> None:  # fmt: skip
    k, pad, s = geometry.kernel, geometry.padding, geometry.stride
    groups = np.empty(len(rows), np.int64)
    for out in range(len(indptr) - 1):
        first = out // block * geometry.channels_in
        for j in range(indptr[out], indptr[out + 1]):
            r_y, r_x = (rows[j] // k % k - pad) % s, (rows[j] % k - pad) % s
            group = ((first + rows[j] // (k * k)) * s + r_y) * s + r_x
            groups[j] = group * len(kinds) + kind[rows[j] % (k * k)]
            starts[groups[j] + 1] += 1
    at = _begins(starts)
    for out in range(len(indptr) - 1):
        for j in range(indptr[out], indptr[out + 1]):
            a, b, group = rows[j] // k % k, rows[j] % k, groups[j]
            up, left = ((a - pad) % s + pad - a) // s, ((b - pad) % s + pad - b) // s
            offset[at[group]] = out * plane[0] + up * plane[1] + left * lanes
            order[at[group]] = links[j]
            at[group] += 1


@jit
def _begins(starts: Array) -> Array:
    """Turn the numbers of links of groups, each one place too far, into where groups begin; return a copy."""
    for group in range(1, len(starts)):
        starts[group] += starts[group - 1]
    return starts.copy()


@jit
def _gather(weight: Array, order: Array, out: Array, first: int, last: int) -> None:
    for k in range(first, last):
        out[k] = weight[order[k]]


@jit
def _scatter(dweight: Array, order: Array, total: Array, first: int, last: int) -> None:
    for k in range(first, last):
        total[order[k]] += dweight[k]
