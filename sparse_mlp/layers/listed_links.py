"""The passes of a sparse convolution by the compiled kernels: lists of links, and what threads share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.kernels import convolution as kernels
from sparse_mlp.kernels.conv_offsets import add_in_structure, conv_links, in_order
from sparse_mlp.kernels.pool import run, width
from sparse_mlp.kernels.tape import launch
from sparse_mlp.layers.base import Array, Gradients
from sparse_mlp.layers.batch import Batch
from sparse_mlp.structure import SparseStructure

ALONE = 2**16  # links: fewer weights are brought into order faster by one thread than by two


class ListedLinks:
    """The links of a wiring as the kernels read them, for maps with some borders, and their weights in both orders.

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
        self._forward_weight, self._backward_weight = (np.empty(structure.nnz, dtype) for _ in range(2))

    def fit(self, structure: SparseStructure, borders: tuple[int, int]) -> bool:
        """Tell whether they were listed for this wiring and these borders."""
        return self.structure is structure and self.borders == borders

    def take(self, weight: Array) -> None:
        """Bring weights, float (nnz,), into the orders of the kernels."""
        pieces = cut(len(weight), 1 if len(weight) < ALONE else width())
        both = (self._forward, self._forward_weight), (self._backward, self._backward_weight)
        run([partial(in_order, weight, links, out=out, part=part) for links, out in both for part in pieces])

    def forward(self, x: Array, y: Array, bias: Array, relu: bool, batch: Batch) -> None:
        """Write the convolution of the maps x into y; threads share strips of rows, and kernels where those are few."""
        args = self._forward, self._forward_weight, bias, x, self.geometry, relu
        threads, strips = width() if batch.spread else 1, kernels.n_strips(self.geometry, len(x))
        kernels_at_once = max(1, threads // max(1, strips))
        run([
            partial(kernels.conv_forward, *args, out=y, strips=some, outputs=outputs)
            for some in cut(strips, threads) for outputs in cut(self.geometry.channels_out, kernels_at_once)
        ])  # fmt: skip

    def backward(self, x: Array, dy: Array, dx: Array | None, rectified: bool, batch: Batch, grads: Gradients) -> None:
        """Add the gradients by weight and bias, and write that by the maps x into dx where it is wanted.

        Threads share the input channels, or the kernels where there is no dx: each link's gradient has one owner.
        """
        g, by_output = self.geometry, self.structure.by_output.indptr
        if "bias" in grads:
            batch.over_neurons(by_output, lambda part: kernels.bias_grad(dy, g, add_to=grads["bias"], outputs=part))
        links = self._forward if dx is None else self._backward
        dweight = batch.empty(links.offset.shape, self.dtype)
        launch(dweight.fill, 0)
        if dx is None:
            task: Callable[..., Any] = partial(kernels.conv_weight_gradient, links, x, dy, g, add_to=dweight)
            batch.over_neurons(by_output, lambda part: task(outputs=part))
        else:
            args = links, self._backward_weight, x, dy, g, rectified
            task = partial(kernels.conv_backward, *args, out=dx, add_to=dweight)
            batch.over_neurons(self.structure.indptr[:: g.kernel**2], lambda part: task(channels=part))
        pieces = cut(len(dweight), width() if batch.spread else 1)
        run([partial(add_in_structure, dweight, links, add_to=grads["weight"], part=part) for part in pieces])


def cut(count: int, pieces: int) -> list[tuple[int, int]]:
    """Cut `range(count)` into pieces of equal length, at least one."""
    pieces = max(1, min(pieces, count))
    return [(i * count // pieces, (i + 1) * count // pieces) for i in range(pieces)]
