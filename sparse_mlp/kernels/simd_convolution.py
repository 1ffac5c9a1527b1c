"""The kernels of `convolution` with explicit vectors, for tiles of 16 lanes. Read `convolution` and `_simd_patches`.

A patch of positions stays in registers while the kernel goes through the links of a channel: forward 4 x 4 outputs, so
that a link costs one weight and sixteen multiply-adds with an operand from memory; backward 2 x 4 inputs with their
gradient, so that eight reads of the gradient above serve sixteen multiply-adds. Where the sides of a map are no
multiples of four, smaller patches cover the rest, and none covers a position twice. How large a patch is, the lengths
of the tuples `tiles`, `rows` and `columns` say: they are part of a type, so that each size is compiled by itself.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels._simd import total
from sparse_mlp.kernels._simd_patches import (
    add_at,
    add_patches,
    add_scaled,
    fetch_patch,
    load_patch,
    patch_of,
    patch_of_zeros,
    place,
    positive_patch,
    products,
    read,
    store_patch,
    where_patch_positive,
)

Array = NDArray[Any]
Side = tuple[int, ...]

FEW = 4  # positions: sums of so few wait for each other, so two links at a time go into two sums


@jit
def conv_forward(
    starts: Array, offset: Array, order: Any, weight: Array, bias: Array, x: Array, y: Array, frame: Any, relu: bool,
    part: Any, tiles: Side, rows: Side, columns: Side,
) -> None:  # fmt: skip
    """Write those outputs of a part of y (n_tiles, n_out, Hp, Wp, 16) that patches of this size cover."""
    n_in, n_out, (s, x_border, y_border) = x.shape[1], y.shape[1], frame
    x_row, y_row = x.shape[3] * 16, y.shape[3] * 16
    x_plane, y_plane = x.shape[2] * x_row, y.shape[2] * y_row
    x_pitch, y_pitch = (n_in * x_plane, s * x_row, s * 16), (n_out * y_plane, y_row, 16)
    blocks = (len(starts) - 1) // n_out
    like, few = patch_of_zeros(x, tiles, rows, columns), len(rows) * len(columns) <= FEW
    for t in range(part[0], part[1], len(tiles)):
        for i in range(part[2], part[3], len(rows)):
            for j in range(part[4], part[5], len(columns)):
                x_at = t * x_pitch[0] + (i * s + x_border) * x_row + j * s * 16 + x_border * 16
                y_at = t * y_pitch[0] + (i + y_border) * y_row + (j + y_border) * 16
                for block in range(blocks):
                    for out in range(part[6], part[7]):
                        begin, end = starts[block * n_out + out], starts[block * n_out + out + 1]
                        if begin == end and 0 < block < blocks - 1:
                            continue
                        at = y_at + out * y_plane
                        fetch_patch(y, at + y_plane, y_pitch, like)
                        z = patch_of(bias, out, like) if block == 0 else load_patch(y, at, y_pitch, like)
                        z = _gathered(z, begin, end, offset, order, weight, x, x_at, x_pitch, like, few)
                        if relu and block == blocks - 1:
                            z = positive_patch(z)
                        store_patch(y, at, y_pitch, z)


@jit
def _gathered(
    z: Any, begin: int, end: int, offset: Array, order: Any, weight: Array, x: Array, x_at: int, pitch: Any,
    like: Any, few: bool,
) -> Any:  # fmt: skip
    """Add what links bring to a patch of outputs."""
    if few:
        other, even = like, end - (end - begin) % 2
        for k in range(begin, even, 2):
            z = add_scaled(z, weight, place(order, k), x, x_at + read(offset, k), pitch)
            other = add_scaled(other, weight, place(order, k + 1), x, x_at + read(offset, k + 1), pitch)
        begin, z = even, add_patches(z, other)
    for k in range(begin, end):
        z = add_scaled(z, weight, place(order, k), x, x_at + read(offset, k), pitch)
    return z


@jit
def conv_backward(
    starts: Array, offset: Array, order: Any, weight: Array, x: Array, dy: Array, dx: Array, dweight: Array, frame: Any,
    relu: bool, part: Any, tiles: Side, rows: Side, columns: Side,
) -> None:  # fmt: skip
    """Write a part of dx (n_tiles, n_in, Hp, Wp, 16), of one class, and add its link gradients to dweight."""
    n_in, n_out, (s, x_border, dy_border) = x.shape[1], dy.shape[1], frame
    x_row, dy_row = x.shape[3] * 16, dy.shape[3] * 16
    x_plane, dy_plane = x.shape[2] * x_row, dy.shape[2] * dy_row
    x_pitch, dy_pitch = (n_in * x_plane, s * x_row, s * 16), (n_out * dy_plane, dy_row, 16)
    r_y, r_x, classes = part[8], part[9], s * s
    blocks = (len(starts) - 1) // (n_in * classes)
    like = patch_of_zeros(x, tiles, rows, columns)
    for t in range(part[0], part[1], len(tiles)):
        for i in range(part[2], part[3], len(rows)):
            for j in range(part[4], part[5], len(columns)):
                x_at = t * x_pitch[0] + (i * s + r_y + x_border) * x_row + (j * s + r_x + x_border) * 16
                dy_at = t * dy_pitch[0] + (i + dy_border) * dy_row + (j + dy_border) * 16
                for block in range(blocks):
                    for channel in range(part[6], part[7]):
                        group = (block * n_in + channel) * classes + r_y * s + r_x
                        begin, end = starts[group], starts[group + 1]
                        if begin == end and 0 < block < blocks - 1:
                            continue
                        at = x_at + channel * x_plane
                        fetch_patch(x, at + x_plane, x_pitch, like)
                        fetch_patch(dx, at + x_plane, x_pitch, like)
                        own = load_patch(x, at, x_pitch, like)
                        d = like if block == 0 else load_patch(dx, at, x_pitch, like)
                        for k in range(begin, end):
                            leads = dy_at + read(offset, k)
                            link = place(order, k)
                            add_at(dweight, link, total(products(own, dy, leads, dy_pitch)))
                            d = add_scaled(d, weight, link, dy, leads, dy_pitch)
                        if relu and block == blocks - 1:
                            d = where_patch_positive(own, d)
                        store_patch(dx, at, x_pitch, d)


@jit
def conv_weight_gradient(
    starts: Array, offset: Array, order: Any, x: Array, dy: Array, dweight: Array, frame: Any, part: Any,
    tiles: Side, rows: Side, columns: Side,
) -> None:  # fmt: skip
    """Add the link gradients of some outputs, of the positions that patches of this size cover, to dweight."""
    n_in, n_out, (s, x_border, dy_border) = x.shape[1], dy.shape[1], frame
    x_row, dy_row = x.shape[3] * 16, dy.shape[3] * 16
    x_plane, dy_plane = x.shape[2] * x_row, dy.shape[2] * dy_row
    x_pitch, dy_pitch = (n_in * x_plane, s * x_row, s * 16), (n_out * dy_plane, dy_row, 16)
    blocks = (len(starts) - 1) // n_out
    like = patch_of_zeros(x, tiles, rows, columns)
    for t in range(part[0], part[1], len(tiles)):
        for i in range(part[2], part[3], len(rows)):
            for j in range(part[4], part[5], len(columns)):
                x_at = t * x_pitch[0] + (i * s + x_border) * x_row + j * s * 16 + x_border * 16
                dy_at = t * dy_pitch[0] + (i + dy_border) * dy_row + (j + dy_border) * 16
                for block in range(blocks):
                    for out in range(part[6], part[7]):
                        d = load_patch(dy, dy_at + out * dy_plane, dy_pitch, like)
                        for k in range(starts[block * n_out + out], starts[block * n_out + out + 1]):
                            add_at(dweight, place(order, k), total(products(d, x, x_at + read(offset, k), x_pitch)))
