"""The kernels of `convolution` with explicit vectors, for tiles of 16 lanes. Read `convolution` and `_simd_patches`.

A patch of positions stays in registers while the kernel goes through the links of a channel: forward 4 x 4 outputs, so
that a link costs one weight and sixteen multiply-adds with an operand from memory; backward 2 x 4 inputs with their
gradient, so that eight reads of the gradient above serve sixteen multiply-adds. Where the sides of a map are no
multiples of four, smaller patches cover the rest, and none covers a position twice. How large a patch is, the lengths
of the tuples `tiles`, `rows` and `columns` say: they are part of a type, so that each size is compiled by itself.

On maps of 2 x 2 most taps see nothing but the border from one or two sides of the patch. The links of a group then come
by kind, see `conv_offsets.KINDS`, and of each kind only the positions are computed that see a pixel.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import inlined, jit
from sparse_mlp.kernels._simd import total
from sparse_mlp.kernels._simd_patches import (
    WHOLE,
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

ONE = (0,)  # row or column that is clipped
FEW = 4  # positions: sums of so few wait for each other, so two links at a time go into two sums


@jit
def conv_forward(
    starts: Array, offset: Array, order: Any, kinds: Side, weight: Array, bias: Array, x: Array, y: Array, frame: Any,
    relu: bool, part: Any, tiles: Side, rows: Side, columns: Side,
) -> None:  # fmt: skip
    """Write those outputs of a part of y (n_tiles, n_out, Hp, Wp, 16) that patches of this size cover."""
    n_in, n_out, (s, x_border, y_border) = x.shape[1], y.shape[1], frame
    x_row, y_row = x.shape[3] * 16, y.shape[3] * 16
    x_plane, y_plane = x.shape[2] * x_row, y.shape[2] * y_row
    x_pitch, y_pitch = (n_in * x_plane, s * x_row, s * 16), (n_out * y_plane, y_row, 16)
    blocks = (len(starts) - 1) // (n_out * len(kinds))
    like, few = patch_of_zeros(x, tiles, rows, columns), len(rows) * len(columns) <= FEW
    links = starts, offset, order, weight
    for t in range(part[0], part[1], len(tiles)):
        for i in range(part[2], part[3], len(rows)):
            for j in range(part[4], part[5], len(columns)):
                x_at = t * x_pitch[0] + (i * s + x_border) * x_row + j * s * 16 + x_border * 16
                y_at = t * y_pitch[0] + (i + y_border) * y_row + (j + y_border) * 16
                for block in range(blocks):
                    for out in range(part[6], part[7]):
                        group = (block * n_out + out) * len(kinds)
                        if starts[group] == starts[group + len(kinds)] and 0 < block < blocks - 1:
                            continue
                        at = y_at + out * y_plane
                        fetch_patch(y, at + y_plane, y_pitch, like)
                        z = patch_of(bias, out, like) if block == 0 else load_patch(y, at, y_pitch, like)
                        if len(kinds) > 1:
                            z = _of_kinds(z, links, group, x, x_at, x_pitch)
                        elif few:
                            z = _in_two_sums(z, links, group, x, x_at, x_pitch, like)
                        else:
                            z = _gathered(z, links, group, x, x_at, x_pitch, WHOLE)
                        if relu and block == blocks - 1:
                            z = positive_patch(z)
                        store_patch(y, at, y_pitch, z)


@inlined
def _gathered(z: Any, links: Any, group: int, x: Array, x_at: int, pitch: Any, clip: Any) -> Any:
    """Add what the links of a kind bring to a patch of outputs."""
    starts, offset, order, weight = links
    for k in range(starts[group], starts[group + 1]):
        z = add_scaled(z, weight, place(order, k), x, x_at + read(offset, k), pitch, clip)
    return z


@inlined
def _in_two_sums(z: Any, links: Any, group: int, x: Array, x_at: int, pitch: Any, like: Any) -> Any:
    """Add what links bring, every other one to a sum of its own: it need not wait for the one before."""
    starts, offset, order, weight = links
    begin, end, other = starts[group], starts[group + 1], like
    odd = end - (end - begin) % 2
    for k in range(begin, odd, 2):
        z = add_scaled(z, weight, place(order, k), x, x_at + read(offset, k), pitch, WHOLE)
        other = add_scaled(other, weight, place(order, k + 1), x, x_at + read(offset, k + 1), pitch, WHOLE)
    for k in range(odd, end):
        z = add_scaled(z, weight, place(order, k), x, x_at + read(offset, k), pitch, WHOLE)
    return add_patches(z, other)


@inlined
def _of_kinds(z: Any, links: Any, group: int, x: Array, x_at: int, pitch: Any) -> Any:
    """Add what links of all kinds bring, in the order of `conv_offsets.KINDS`."""
    z = _of_columns(z, links, group, x, x_at, pitch, (), ())
    z = _of_columns(z, links, group + 3, x, x_at, pitch, ONE, ())
    return _of_columns(z, links, group + 6, x, x_at, pitch, (), ONE)


@inlined
def _of_columns(z: Any, links: Any, group: int, x: Array, x_at: int, pitch: Any, top: Side, bottom: Side) -> Any:
    z = _gathered(z, links, group, x, x_at, pitch, (top, bottom, (), ()))
    z = _gathered(z, links, group + 1, x, x_at, pitch, (top, bottom, ONE, ()))
    return _gathered(z, links, group + 2, x, x_at, pitch, (top, bottom, (), ONE))


@jit
def conv_backward(
    starts: Array, offset: Array, order: Any, kinds: Side, weight: Array, x: Array, dy: Array, dx: Array,
    dweight: Array, frame: Any, relu: bool, part: Any, tiles: Side, rows: Side, columns: Side,
) -> None:  # fmt: skip
    """Write a part of dx (n_tiles, n_in, Hp, Wp, 16), of one class, and add its link gradients to dweight."""
    n_in, n_out, (s, x_border, dy_border) = x.shape[1], dy.shape[1], frame
    x_row, dy_row = x.shape[3] * 16, dy.shape[3] * 16
    x_plane, dy_plane = x.shape[2] * x_row, dy.shape[2] * dy_row
    x_pitch, dy_pitch = (n_in * x_plane, s * x_row, s * 16), (n_out * dy_plane, dy_row, 16)
    r_y, r_x, classes = part[8], part[9], s * s
    links = starts, offset, order, weight, dweight
    blocks = (len(starts) - 1) // (n_in * classes * len(kinds))
    like = patch_of_zeros(x, tiles, rows, columns)
    for t in range(part[0], part[1], len(tiles)):
        for i in range(part[2], part[3], len(rows)):
            for j in range(part[4], part[5], len(columns)):
                x_at = t * x_pitch[0] + (i * s + r_y + x_border) * x_row + (j * s + r_x + x_border) * 16
                dy_at = t * dy_pitch[0] + (i + dy_border) * dy_row + (j + dy_border) * 16
                for block in range(blocks):
                    for channel in range(part[6], part[7]):
                        group = ((block * n_in + channel) * classes + r_y * s + r_x) * len(kinds)
                        if starts[group] == starts[group + len(kinds)] and 0 < block < blocks - 1:
                            continue
                        at = x_at + channel * x_plane
                        fetch_patch(x, at + x_plane, x_pitch, like)
                        fetch_patch(dx, at + x_plane, x_pitch, like)
                        own = load_patch(x, at, x_pitch, like)
                        d = like if block == 0 else load_patch(dx, at, x_pitch, like)
                        if len(kinds) > 1:
                            d = _back_of_kinds(d, own, links, group, dy, dy_at, dy_pitch)
                        else:
                            d = _returned(d, own, links, group, dy, dy_at, dy_pitch, WHOLE)
                        if relu and block == blocks - 1:
                            d = where_patch_positive(own, d)
                        store_patch(dx, at, x_pitch, d)


@inlined
def _returned(d: Any, own: Any, links: Any, group: int, dy: Array, dy_at: int, pitch: Any, clip: Any) -> Any:
    """Add what the links of a kind bring back to a patch of dx, and their own gradients to dweight."""
    starts, offset, order, weight, dweight = links
    for k in range(starts[group], starts[group + 1]):
        link, at = place(order, k), dy_at + read(offset, k)
        sums = products(own, dy, at, pitch, clip)
        d = add_scaled(d, weight, link, dy, at, pitch, clip)
        add_at(dweight, link, total(sums))  # last: what is read for both must not be read again behind a store
    return d


@inlined
def _back_of_kinds(d: Any, own: Any, links: Any, group: int, dy: Array, dy_at: int, pitch: Any) -> Any:
    """Go back through links of all kinds."""
    d = _back_of_columns(d, own, links, group, dy, dy_at, pitch, (), ())
    d = _back_of_columns(d, own, links, group + 3, dy, dy_at, pitch, ONE, ())
    return _back_of_columns(d, own, links, group + 6, dy, dy_at, pitch, (), ONE)


@inlined
def _back_of_columns(
    d: Any, own: Any, links: Any, group: int, dy: Array, dy_at: int, pitch: Any, top: Side, bottom: Side
) -> Any:
    d = _returned(d, own, links, group, dy, dy_at, pitch, (top, bottom, (), ()))
    d = _returned(d, own, links, group + 1, dy, dy_at, pitch, (top, bottom, ONE, ()))
    return _returned(d, own, links, group + 2, dy, dy_at, pitch, (top, bottom, (), ONE))


@jit
def conv_weight_gradient(
    starts: Array, offset: Array, order: Any, kinds: Side, x: Array, dy: Array, dweight: Array, frame: Any,
    part: Any, tiles: Side, rows: Side, columns: Side,
) -> None:  # fmt: skip
    """Add the link gradients of some outputs, of the positions that patches of this size cover, to dweight."""
    n_in, n_out, (s, x_border, dy_border) = x.shape[1], dy.shape[1], frame
    x_row, dy_row = x.shape[3] * 16, dy.shape[3] * 16
    x_plane, dy_plane = x.shape[2] * x_row, dy.shape[2] * dy_row
    x_pitch, dy_pitch = (n_in * x_plane, s * x_row, s * 16), (n_out * dy_plane, dy_row, 16)
    blocks = (len(starts) - 1) // (n_out * len(kinds))
    like = patch_of_zeros(x, tiles, rows, columns)
    for t in range(part[0], part[1], len(tiles)):
        for i in range(part[2], part[3], len(rows)):
            for j in range(part[4], part[5], len(columns)):
                x_at = t * x_pitch[0] + (i * s + x_border) * x_row + j * s * 16 + x_border * 16
                dy_at = t * dy_pitch[0] + (i + dy_border) * dy_row + (j + dy_border) * 16
                for block in range(blocks):
                    for out in range(part[6], part[7]):
                        d = load_patch(dy, dy_at + out * dy_plane, dy_pitch, like)
                        group = (block * n_out + out) * len(kinds)
                        for k in range(starts[group], starts[group + len(kinds)]):
                            sums = products(d, x, x_at + read(offset, k), x_pitch, WHOLE)
                            add_at(dweight, place(order, k), total(sums))
