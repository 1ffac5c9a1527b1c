"""The sparse convolution, compiled: the twins of `reference.convolution` on maps in tiles.

A map is (n_tiles, channels, H + 2 B, W + 2 B, lanes), C-contiguous; lanes are samples, and a border of B zeros on each
side saves all questions about the edge. Kernels write the inside only: the border is the affair of whoever owns the
map. What links there are, `conv_offsets` lists for the kernels. All kernels are serial and
release the interpreter lock; a part of the work can be asked for, so that threads share it, and no result depends on
how it was shared. Tiles of 16 float32 go to the explicit vectors of `simd_convolution`, others to the plain loops here.
Cost of each kernel: O(nnz * H' * W' * batch).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.kernels._jit import SIMD, jit
from sparse_mlp.kernels.conv_offsets import BACKWARD_PATCH, FORWARD_PATCH, LinkList
from sparse_mlp.kernels.linear import add_scaled, dot
from sparse_mlp.kernels.tape import launch

if SIMD:
    from sparse_mlp.kernels import simd_convolution

Array = NDArray[Any]
Range = tuple[int, int]

STRIP = 4  # rows of an output that a thread computes together
LANES = 16  # of the tiles for which there are vectors
SMALL = 2  # side of maps whose positions are so few that two tiles are taken at a time
_SIDES = {size: (0,) * size for size in (1, 2, 4)}


def conv_forward(
    links: LinkList, weight: Array, bias: Array, x: Array, geometry: ConvGeometry, relu: bool = False,
    *, out: Array | None = None, strips: Range | None = None, outputs: Range | None = None,
) -> Array:  # fmt: skip
    """Slide the kernels over the maps and add the bias; see `reference.convolution.conv_forward`.

    Parameters
    ----------
    links : LinkList
        In the order of the forward pass, for the border of x.
    weight : float (nnz,)
        Of the type of x; in the order of the structure, or of the list: see `LinkList.order`.
    bias : float (channels_out,)
    x : float (n_tiles, channels_in, H + 2 B, W + 2 B, lanes)
    geometry : ConvGeometry
    relu : bool
        Whether to return max(y, 0).
    out : float (n_tiles, channels_out, H' + 2 B', W' + 2 B', lanes), optional
        Receives the result; its border stays as it is.
    strips : (int, int), optional
        Which strips to compute, from the first to before the last. Strip n has up to four rows of one tile, see
        `n_strips`.
    outputs : (int, int), optional
        Which channels to compute.

    Returns
    -------
    float (n_tiles, channels_out, H' + 2 B', W' + 2 B', lanes)
        B' is 0 where no array was given.
    """
    y = _new_map(x, geometry) if out is None else out
    first, last = outputs or (0, geometry.channels_out)
    for tiles, rows in _rectangles(len(x), geometry.out_height, strips):
        area = tiles, rows, (0, geometry.out_width)
        args = *links, weight, bias, x, y, _frame(x, y, geometry), relu
        _launch("conv_forward", _conv_forward, args, x, area, (first, last), FORWARD_PATCH)
    return y


def conv_backward(
    links: LinkList, weight: Array, x: Array, dy: Array, geometry: ConvGeometry, relu: bool = False,
    *, out: Array | None = None, add_to: Array | None = None, channels: Range | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """Compute the gradients by the inputs and by the weights in one pass; see `reference.convolution.conv_backward`.

    Parameters
    ----------
    links : LinkList
        In the order of the backward pass, for the border of dy.
    weight, geometry
        As in `conv_forward`.
    x : float (n_tiles, channels_in, H + 2 B, W + 2 B, lanes)
    dy : float (n_tiles, channels_out, H' + 2 B', W' + 2 B', lanes)
        With zeros in its border and in empty lanes.
    relu : bool
        Whether x is the output of a ReLU, whose derivative is multiplied into dx.
    out : float, the shape of x, optional
        Receives dx, and may not be x; its border stays as it is.
    add_to : float (nnz,), optional
        The link gradients are added to it, in the order of the weights.
    channels : (int, int), optional
        Which input channels to compute, from the first to before the last.

    Returns
    -------
    dx : float, the shape of x
    dweight : float (nnz,)
    """
    dx = np.zeros_like(x) if out is None else out
    dweight = np.zeros(len(links.offset), x.dtype) if add_to is None else add_to
    frame, s = _frame(x, dy, geometry), geometry.stride
    args = *links, weight, x, dy, dx, dweight, frame, relu
    for r_y in range(min(s, geometry.height)):
        for r_x in range(min(s, geometry.width)):
            area = (0, len(x)), (0, -(-(geometry.height - r_y) // s)), (0, -(-(geometry.width - r_x) // s))
            nodes = *(channels or (0, geometry.channels_in)), r_y, r_x
            _launch("conv_backward", _conv_backward, args, x, area, nodes, BACKWARD_PATCH)
    return dx, dweight


def conv_weight_gradient(
    links: LinkList, x: Array, dy: Array, geometry: ConvGeometry,
    *, add_to: Array | None = None, outputs: Range | None = None,
) -> Array:  # fmt: skip
    """Compute the gradients by the weights, where nobody asks for dx; see `reference.convolution.conv_weight_gradient`.

    Parameters
    ----------
    links : LinkList
        In the order of the forward pass, for the border of x.
    x, dy, geometry
        As in `conv_backward`; dy needs no border.
    add_to : float (nnz,), optional
        The link gradients are added to it, in the order of the weights.
    outputs : (int, int), optional
        Of which output channels, from the first to before the last.

    Returns
    -------
    float (nnz,)
    """
    dweight = np.zeros(len(links.offset), x.dtype) if add_to is None else add_to
    area = (0, len(x)), (0, geometry.out_height), (0, geometry.out_width)
    args = *links, x, dy, dweight, _frame(x, dy, geometry)
    nodes = outputs or (0, geometry.channels_out)
    _launch("conv_weight_gradient", _conv_weight_gradient, args, x, area, nodes, FORWARD_PATCH)
    return dweight


def bias_grad(dy: Array, geometry: ConvGeometry, *, add_to: Array | None = None, outputs: Range | None = None) -> Array:
    """Sum the gradient of each output channel over batch and positions; see `reference.convolution.bias_grad`."""
    dbias = np.zeros(dy.shape[1], dy.dtype) if add_to is None else add_to
    launch(_bias_grad, dy, dbias, (dy.shape[2] - geometry.out_height) // 2, *(outputs or (0, dy.shape[1])))
    return dbias


def n_strips(geometry: ConvGeometry, n_tiles: int) -> int:
    """Return how many strips `conv_forward` can compute by themselves: up to four rows of a tile each."""
    return n_tiles * -(-geometry.out_height // STRIP)


def _new_map(x: Array, geometry: ConvGeometry) -> Array:
    return np.empty((len(x), geometry.channels_out, geometry.out_height, geometry.out_width, x.shape[4]), x.dtype)


def _frame(x: Array, y: Array, geometry: ConvGeometry) -> tuple[int, int, int]:
    """Return the stride and the borders of the input and of the output."""
    return geometry.stride, (x.shape[2] - geometry.height) // 2, (y.shape[2] - geometry.out_height) // 2


def _rectangles(n_tiles: int, height: int, strips: Range | None) -> Iterator[tuple[Range, Range]]:
    """Yield the tiles and the rows that strips consist of: the end of a tile, whole tiles, the beginning of another."""
    each = -(-height // STRIP)
    first, last = strips or (0, n_tiles * each)
    while first < last:
        tile, begin = divmod(first, each)
        count = (last - first) // each if begin == 0 else 0
        end = each if count else min(each, begin + last - first)
        yield (tile, tile + max(1, count)), (begin * STRIP, min(end * STRIP, height))
        first += max(1, count) * (end - begin)


def _launch(
    name: str, plain: Callable[..., None], args: tuple[Any, ...], x: Array, area: tuple[Range, Range, Range],
    nodes: tuple[int, ...], patch: tuple[int, int],
) -> None:  # fmt: skip
    """Call a kernel for an area of tiles, rows and columns: with vectors once for each size of patch that it takes."""
    if not (SIMD and x.shape[4] == LANES and x.dtype == np.float32):
        starts, offset, order, *others = args
        order = np.empty(0, np.int32) if isinstance(order, tuple) else order
        launch(plain, starts, offset, order, *others, (*area[0], *area[1], *area[2], *nodes))
        return
    kernel, few = getattr(simd_convolution, name), max(area[1][1], area[2][1]) <= SMALL
    for tiles, t in _cut(area[0], 2 if few else 1):
        for rows, r in _cut(area[1], patch[0]):
            for columns, c in _cut(area[2], patch[1]):
                launch(kernel, *args, (*tiles, *rows, *columns, *nodes), _SIDES[t], _SIDES[r], _SIDES[c])


def _cut(whole: Range, largest: int) -> Iterator[tuple[Range, int]]:
    """Yield a range in pieces that are multiples of the largest side of a patch, then of its half, then of one."""
    (first, last), size = whole, largest
    while first < last:
        end = last - (last - first) % size
        if end > first:
            yield (first, end), size
        first, size = end, size // 2


@jit
def _place(order: Array, k: int) -> Any:
    """Return where the weight of link k of a list is."""
    return order[k] if len(order) else k


@jit
def _conv_forward(
    starts: Array, offset: Array, order: Array, weight: Array, bias: Array, x: Array, y: Array, frame: Any,
    relu: bool, part: Any,
) -> None:  # fmt: skip
    n_in, n_out, lanes = x.shape[1], y.shape[1], x.shape[4]
    s, in_border, out_border = frame
    numbers, blocks = x.reshape(x.size), (len(starts) - 1) // n_out
    for t in range(part[0], part[1]):
        for i in range(part[2], part[3]):
            for j in range(part[4], part[5]):
                row, column = i * s + in_border, j * s + in_border
                at = ((t * n_in * x.shape[2] + row) * x.shape[3] + column) * lanes
                for out in range(part[6], part[7]):
                    z = y[t, out, i + out_border, j + out_border]
                    z[:] = bias[out]
                    for block in range(blocks):
                        for k in range(starts[block * n_out + out], starts[block * n_out + out + 1]):
                            add_scaled(weight[_place(order, k)], numbers[at + offset[k] : at + offset[k] + lanes], z)
                    for lane in range(lanes if relu else 0):
                        z[lane] = max(z[lane], 0)


@jit
def _conv_backward(
    starts: Array, offset: Array, order: Array, weight: Array, x: Array, dy: Array, dx: Array, dweight: Array,
    frame: Any, relu: bool, part: Any,
) -> None:  # fmt: skip
    n_in, n_out, lanes = x.shape[1], dy.shape[1], x.shape[4]
    s, in_border, out_border = frame
    numbers, blocks = dy.reshape(dy.size), (len(starts) - 1) // (n_in * s * s)
    gathered = np.empty(lanes, x.dtype)
    for t in range(part[0], part[1]):
        for i in range(part[2], part[3]):
            for j in range(part[4], part[5]):
                row, column = i * s + part[8] + in_border, j * s + part[9] + in_border
                at = ((t * n_out * dy.shape[2] + i + out_border) * dy.shape[3] + j + out_border) * lanes
                for channel in range(part[6], part[7]):
                    own, gathered[:] = x[t, channel, row, column], 0
                    for block in range(blocks):
                        group = ((block * n_in + channel) * s + part[8]) * s + part[9]
                        for k in range(starts[group], starts[group + 1]):
                            above = numbers[at + offset[k] : at + offset[k] + lanes]
                            link = _place(order, k)
                            add_scaled(weight[link], above, gathered)
                            dweight[link] += dot(own, above)
                    d = dx[t, channel, row, column]
                    for lane in range(lanes):
                        d[lane] = 0 if relu and own[lane] <= 0 else gathered[lane]


@jit
def _conv_weight_gradient(
    starts: Array, offset: Array, order: Array, x: Array, dy: Array, dweight: Array, frame: Any, part: Any
) -> None:
    n_in, n_out, lanes = x.shape[1], dy.shape[1], x.shape[4]
    s, in_border, out_border = frame
    numbers, blocks = x.reshape(x.size), (len(starts) - 1) // n_out
    for t in range(part[0], part[1]):
        for i in range(part[2], part[3]):
            for j in range(part[4], part[5]):
                row, column = i * s + in_border, j * s + in_border
                at = ((t * n_in * x.shape[2] + row) * x.shape[3] + column) * lanes
                for out in range(part[6], part[7]):
                    d = dy[t, out, i + out_border, j + out_border]
                    for block in range(blocks):
                        for k in range(starts[block * n_out + out], starts[block * n_out + out + 1]):
                            dweight[_place(order, k)] += dot(d, numbers[at + offset[k] : at + offset[k] + lanes])


@jit
def _bias_grad(dy: Array, dbias: Array, border: int, first: int, last: int) -> None:
    rows, columns = dy.shape[2] - border, dy.shape[3] - border
    sums = np.empty(dy.shape[4], dy.dtype)
    for out in range(first, last):
        for t in range(dy.shape[0]):
            sums[:] = 0
            for i in range(border, rows):
                for j in range(border, columns):
                    for lane in range(len(sums)):
                        sums[lane] += dy[t, out, i, j, lane]
            for lane in range(len(sums)):
                dbias[out] += sums[lane]
