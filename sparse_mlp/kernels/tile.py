"""Which tile kernels the compiled step uses: explicit vectors, or the plain ones where there is no compiler.

`SPARSE_MLP_SIMD=0` asks for the plain ones, whose results agree within rounding.
"""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels import linear, motif
from sparse_mlp.kernels._jit import JIT_ENABLED, jit

Array = NDArray[Any]

SIMD = JIT_ENABLED and os.environ.get("SPARSE_MLP_SIMD", "1") != "0"

if SIMD:
    from sparse_mlp.kernels.simd_block_motif import block_backward_tile, block_sddmm_tile, block_spmm_tile
    from sparse_mlp.kernels.simd_linear import bias_grad_tile, linear_backward_tile, load_block, sddmm_tile, spmm_tile
    from sparse_mlp.kernels.simd_shared_motif import (
        motif_sums_tile,
        shared_backward_tile,
        shared_sddmm_tile,
        shared_spmm_tile,
    )
else:

    @jit
    def load_block(x: Array, samples: Array, first: int, count: int, tile: Array) -> tuple[int, int]:
        """Copy no sample: all are left to the plain loop."""
        return 0, 0

    @jit
    def spmm_tile(
        indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, y: Array, relu: bool
    ) -> None:
        """Write `spmm` of the tile x (n_in, width) into y (n_out, width)."""
        linear.spmm_tile(indptr_out, rows_out, order_out, weight, bias, x, y, 0, x.shape[1], relu)

    @jit
    def linear_backward_tile(
        indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, dx: Array, dweight: Array, relu: bool
    ) -> None:
        """Write dx (n_in, width), which may be x itself, and add the link gradients to dweight."""
        linear.linear_backward_tile(indptr, indices, weight, x, dy, dx, dweight, 0, x.shape[1], relu)

    @jit
    def sddmm_tile(indptr: Array, indices: Array, x: Array, dy: Array, dweight: Array) -> None:
        """Add the tile's part of the link gradients to dweight."""
        linear.sddmm_tile(indptr, indices, x, dy, dweight, 0, x.shape[1])

    @jit
    def bias_grad_tile(dy: Array, dbias: Array) -> None:
        """Add the sums of dy (n_out, width) over the tile to dbias (n_out,)."""
        linear.bias_grad_tile(dy, dbias, 0, dy.shape[1])

    @jit
    def motif_sums_tile(x: Array, sums: Array) -> None:
        """Write the sums of the tile x (n, width) over the rows of each motif into sums (n / m, width)."""
        motif.motif_sums_tile(x, sums, 0, x.shape[1])

    @jit
    def shared_spmm_tile(
        indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, sums: Array, y: Array,
        relu: bool,
    ) -> None:  # fmt: skip
        """Write `shared_forward` into y (n_out, width), from the sums of the input motifs."""
        motif.shared_spmm_tile(indptr_out, rows_out, order_out, weight, bias, sums, y, 0, y.shape[1], relu)

    @jit
    def shared_backward_tile(
        indptr: Array, indices: Array, weight: Array, x: Array, deltas: Array, dx: Array, dweight: Array, relu: bool
    ) -> None:
        """Write dx (n_in, width), which may be x itself, and add the gradient to dweight."""
        motif.shared_backward_tile(indptr, indices, weight, x, deltas, dx, dweight, 0, x.shape[1], relu)

    @jit
    def shared_sddmm_tile(indptr: Array, indices: Array, x: Array, deltas: Array, dweight: Array) -> None:
        """Add the tile's part of the gradient to dweight."""
        motif.shared_sddmm_tile(indptr, indices, x, deltas, dweight, 0, x.shape[1])

    @jit
    def block_spmm_tile(
        indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, y: Array, relu: bool
    ) -> None:
        """Write `block_forward` into y (n_out, width); weight is flat."""
        motif.block_spmm_tile(indptr_out, rows_out, order_out, weight, bias, x, y, 0, x.shape[1], relu)

    @jit
    def block_backward_tile(
        indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, dx: Array, dweight: Array, relu: bool
    ) -> None:
        """Write dx (n_in, width), which may be x itself, and add the gradients to dweight, flat like weight."""
        motif.block_backward_tile(indptr, indices, weight, x, dy, dx, dweight, 0, x.shape[1], relu)

    @jit
    def block_sddmm_tile(indptr: Array, indices: Array, x: Array, dy: Array, dweight: Array) -> None:
        """Add the tile's part of the gradients to dweight, flat."""
        motif.block_sddmm_tile(indptr, indices, x, dy, dweight, 0, x.shape[1])


__all__ = [
    "SIMD",
    "bias_grad_tile",
    "block_backward_tile",
    "block_sddmm_tile",
    "block_spmm_tile",
    "linear_backward_tile",
    "load_block",
    "motif_sums_tile",
    "sddmm_tile",
    "shared_backward_tile",
    "shared_sddmm_tile",
    "shared_spmm_tile",
    "spmm_tile",
]
