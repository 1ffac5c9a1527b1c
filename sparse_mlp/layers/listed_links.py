"""The passes of a sparse convolution by the compiled kernels: lists of links, and what threads share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.kernels import convolution as kernels
from sparse_mlp.kernels.conv_offsets import BACKWARD_PATCH, FORWARD_PATCH, add_in_structure, conv_links, in_order
from sparse_mlp.kernels.pool import run, width
from sparse_mlp.kernels.tape import launch
from sparse_mlp.layers.base import Array, Gradients
from sparse_mlp.layers.batch import Batch
from sparse_mlp.structure import SparseStructure

ALONE = 2**16  # links: fewer weights are brought into order faster by one thread than by two


class ListedLinks:
    """The links of a wiring as the kernels read them, for maps with some borders.

    Where a kernel visits each link many times, it gets the weights in the order of its list, and gives the gradients in
    that order; on maps of a single patch of positions it looks each up in the order of the structure.

    Parameters
    ----------
    structure : SparseStructure
    geometry : ConvGeometry
    borders : (int, int)
        Of the input and of the output.
    dtype : float32 or float64
    """

    def __init__(
        self, structure: SparseStructure, geometry: ConvGeometry, borders: tuple[int, int], dtype: np.dtype[Any]
    ) -> None:
        self.structure, self.geometry, self.borders, self.dtype = structure, geometry, borders, dtype
        self._forward, self._backward = conv_links(structure, geometry, *borders)
        size = geometry.out_height, geometry.out_width
        self._forward_weight = self._memory(size, FORWARD_PATCH)
        self._backward_weight = self._memory((geometry.height, geometry.width), BACKWARD_PATCH)

    def _memory(self, size: tuple[int, int], patch: tuple[int, int]) -> Array | None:
        """Return memory for weights in the order of a list where maps of a size take several patches."""
        return np.empty(self.structure.nnz, self.dtype) if size[0] > patch[0] or size[1] > patch[1] else None

    def fit(self, structure: SparseStructure, borders: tuple[int, int]) -> bool:
        """Tell whether they were listed for this wiring and these borders."""
        return self.structure is structure and self.borders == borders

    def take(self, weight: Array) -> None:
        """Bring weights, float (nnz,), into the orders of the kernels."""
        pieces = cut(len(weight), 1 if len(weight) < ALONE else width())
        both = (self._forward, self._forward_weight), (self._backward, self._backward_weight)
        run([
            partial(in_order, weight, links, out=out, part=part)
            for links, out in both if out is not None for part in pieces
        ])  # fmt: skip

    def forward(self, weight: Array, bias: Array, x: Array, y: Array, relu: bool, batch: Batch) -> None:
        """Write the convolution of the maps x into y.

        Threads share strips of rows; where kernels take several tiles at a time, or strips are few, they share output
        channels: each then reads some of the links only.
        """
        g, links, threads = self.geometry, self._forward, width() if batch.spread else 1
        if self._forward_weight is not None:
            links, weight = links.sorted(), self._forward_weight
        small = max(g.out_height, g.out_width) <= kernels.SMALL
        strips = [None] if small else cut(kernels.n_strips(g, len(x)), threads)
        outputs = cut(g.channels_out, threads // len(strips))
        task = partial(kernels.conv_forward, links, weight, bias, x, g, relu, out=y)
        run([partial(task, strips=some, outputs=part) for some in strips for part in outputs])

    def backward(
        self, weight: Array, x: Array, dy: Array, dx: Array | None, rectified: bool, batch: Batch, grads: Gradients
    ) -> None:
        """Add the gradients by weight and bias, and write that by the maps x into dx where it is wanted.

        Threads share the input channels, or the kernels where there is no dx: each link's gradient has one owner.
        """
        g, by_output, dweight = self.geometry, self.structure.by_output.indptr, grads["weight"]
        if "bias" in grads:
            batch.over_neurons(by_output, lambda part: kernels.bias_grad(dy, g, add_to=grads["bias"], outputs=part))
        if dx is None:
            task: Callable[..., Any] = partial(kernels.conv_weight_gradient, self._forward, x, dy, g, add_to=dweight)
            batch.over_neurons(by_output, lambda part: task(outputs=part))
            return
        links = self._backward
        if self._backward_weight is not None:
            links, weight, dweight = links.sorted(), self._backward_weight, batch.empty(weight.shape, self.dtype)
            launch(dweight.fill, 0)
        task = partial(kernels.conv_backward, links, weight, x, dy, g, rectified, out=dx, add_to=dweight)
        batch.over_neurons(self.structure.indptr[:: g.kernel**2], lambda part: task(channels=part))
        if self._backward_weight is not None:
            pieces, total = cut(len(dweight), width() if batch.spread else 1), grads["weight"]
            run([partial(add_in_structure, dweight, self._backward, add_to=total, part=part) for part in pieces])


def cut(count: int, pieces: int) -> list[tuple[int, int]]:
    """Cut `range(count)` into pieces of equal length, at least one."""
    pieces = max(1, min(pieces, count))
    return [(i * count // pieces, (i + 1) * count // pieces) for i in range(pieces)]
