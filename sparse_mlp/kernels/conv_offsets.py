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
FARTHEST = 2**31  # numbers of a map that int32 offsets can address


class LinkList(NamedTuple):
    """Links in the order in which a kernel visits them.

    Attributes
    ----------
    starts : int64 (n_blocks * n_groups + 1,)
        Where the links of each group begin in each block, the groups of the first block first. A group has the links
        of one output channel in the forward pass; backward it has those of one input channel and one class, see
        `backward_links`.
    offset : int32 (nnz,)
        Where a link leads to, from the place of the position that it belongs to.
    order : int32 (nnz,), or ()
        Which link of the structure it is. Where it is empty, kernels expect the weights in the order of the list, and
        add the gradients in that order.
    """

    starts: Array
    offset: Array
    order: Any

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
    """List the links by (block of input channels, output channel, tap); offsets lead into the input map.

    Cost: O(nnz), a counting sort.
    """
    plane = spacing(geometry.channels_in, geometry.height, geometry.width, border, lanes)
    nnz, size = structure.nnz, (geometry.out_height, geometry.out_width)
    block = _block(geometry.channels_in, geometry, nnz, FORWARD_PATCH, size, geometry.stride)
    starts = np.zeros(-(-geometry.channels_in // block) * geometry.channels_out + 1, np.int64)
    links = LinkList(starts, np.empty(nnz, np.int32), np.empty(nnz, np.int32))
    _list_forward(structure.indptr, structure.indices, geometry, plane, block, lanes, *links)
    return links


def backward_links(structure: SparseStructure, geometry: ConvGeometry, border: int, lanes: int = 16) -> LinkList:
    """List the links by (block of output channels, input channel, class, output channel, tap), leading into the output.

    Notes
    -----
    With stride s, the rows p of the input that tap row a reads are those with s | p + P - a. So links fall into s * s
    classes by the remainders (r_y, r_x) of the rows and columns that they read: p = s i + r reads the gradient
    at i + (r + P - a) / s, in steps of one. Cost: O(nnz), a counting sort.
    """
    plane = spacing(geometry.channels_out, geometry.out_height, geometry.out_width, border, lanes)
    nnz, size = structure.nnz, (geometry.height, geometry.width)
    block = _block(geometry.channels_out, geometry, nnz, BACKWARD_PATCH, size, 1)
    groups = geometry.channels_in * geometry.stride**2
    starts = np.zeros(-(-geometry.channels_out // block) * groups + 1, np.int64)
    links = LinkList(starts, np.empty(nnz, np.int32), np.empty(nnz, np.int32))
    _list_backward(*structure.by_output, geometry, plane, block, lanes, *links)
    return links


def _block(
    channels: int, geometry: ConvGeometry, nnz: int, patch: tuple[int, int], size: tuple[int, int], step: int
) -> int:
    """Return how many of some channels make a block, for patches of maps of some size that are read in steps."""
    rows, columns = map(min, patch, size)
    seen = ((rows - 1) * step + geometry.kernel) * ((columns - 1) * step + geometry.kernel)
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
    indptr: Array, indices: Array, geometry: Any, plane: tuple[int, int], block: int, lanes: int,
    starts: Array, offset: Array, order: Array,
) -> None:  # fmt: skip
    n_out, k, pad = geometry.channels_out, geometry.kernel, geometry.padding
    for row in range(len(indptr) - 1):
        first = row // (k * k) // block * n_out
        for link in range(indptr[row], indptr[row + 1]):
            starts[first + indices[link] + 1] += 1
    place = _begins(starts)
    for row in range(len(indptr) - 1):
        channel, a, b = row // (k * k), row // k % k, row % k
        first = channel // block * n_out
        leads = channel * plane[0] + (a - pad) * plane[1] + (b - pad) * lanes
        for link in range(indptr[row], indptr[row + 1]):
            group = first + indices[link]
            offset[place[group]], order[place[group]] = leads, link
            place[group] += 1


@jit
def _list_backward(
    indptr: Array, rows: Array, links: Array, geometry: Any, plane: tuple[int, int], block: int, lanes: int,
    starts: Array, offset: Array, order: Array,
) -> None:  # fmt: skip
    k, pad, s = geometry.kernel, geometry.padding, geometry.stride
    groups = np.empty(len(rows), np.int64)
    for out in range(len(indptr) - 1):
        first = out // block * geometry.channels_in
        for j in range(indptr[out], indptr[out + 1]):
            r_y, r_x = (rows[j] // k % k - pad) % s, (rows[j] % k - pad) % s
            groups[j] = ((first + rows[j] // (k * k)) * s + r_y) * s + r_x
            starts[groups[j] + 1] += 1
    place = _begins(starts)
    for out in range(len(indptr) - 1):
        for j in range(indptr[out], indptr[out + 1]):
            a, b, group = rows[j] // k % k, rows[j] % k, groups[j]
            up, left = ((a - pad) % s + pad - a) // s, ((b - pad) % s + pad - b) // s
            offset[place[group]] = out * plane[0] + up * plane[1] + left * lanes
            order[place[group]] = links[j]
            place[group] += 1


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
