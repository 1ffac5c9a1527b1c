"""The passes of a sparse convolution by the compiled kernels: lists of links, and what threads share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.kernels import convolution as kernels
from sparse_mlp.kernels.conv_offsets import (
    BACKWARD_PATCH,
    FORWARD_PATCH,
    LinkList,
    add_in_structure,
    conv_links,
    in_order,
    takes_pairs,
    visits,
)
from sparse_mlp.kernels.pool import run, width
from sparse_mlp.kernels.tape import launch
from sparse_mlp.layers.base import Array, Gradients
from sparse_mlp.layers.batch import Batch
from sparse_mlp.structure import SparseStructure

ALONE = 2**16  # links: fewer weights are brought into order faster by one thread than by two
OFTEN = 4  # visits of a link in a pass: from then on it pays to bring the weights into the order of the visits


class ListedLinks:
    """The links of a wiring as the kernels read them, for maps with some borders.

    Parameters
    ----------
    structure : SparseStructure
    geometry : ConvGeometry
    borders : (int, int)
        Of the input and of the output.

    Notes
    -----
    A kernel that visits each link often gets the weights in the order of its list, and gives the gradients in that
    order; otherwise it looks each up in the order of the structure. The results have the same bytes.
    """

    def __init__(self, structure: SparseStructure, geometry: ConvGeometry, borders: tuple[int, int]) -> None:
        self.structure, self.geometry, self.borders = structure, geometry, borders
        self._forward, self._backward = conv_links(structure, geometry, *borders)

    def fit(self, structure: SparseStructure, borders: tuple[int, int]) -> bool:
        """Tell whether they were listed for this wiring and these borders."""
        return self.structure is structure and self.borders == borders

    def forward(self, weight: Array, bias: Array, x: Array, y: Array, relu: bool, batch: Batch) -> None:
        """Write the convolution of the maps x into y.

        Threads share strips of rows; where kernels take several tiles at a time, or strips are few, they share output
        channels: each then reads some of the links only.
        """
        g, threads = self.geometry, width() if batch.spread else 1
        often = visits(len(x), g.out_height, g.out_width, FORWARD_PATCH) >= OFTEN
        links, weight = self._ordered(self._forward, weight, batch) if often else (self._forward, weight)
        pairs = takes_pairs(g.out_height, g.out_width)
        strips = [None] if pairs else cut(kernels.n_strips(g, len(x)), threads)
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
        links, often = self._backward, visits(len(x), g.height, g.width, BACKWARD_PATCH) >= OFTEN
        if often:
            links, weight = self._ordered(links, weight, batch)
            dweight = batch.empty_like(weight)
            launch(dweight.fill, 0)
        task = partial(kernels.conv_backward, links, weight, x, dy, g, rectified, out=dx, add_to=dweight)
        batch.over_neurons(self.structure.indptr[:: g.kernel**2], lambda part: task(channels=part))
        if often:
            task = partial(add_in_structure, dweight, self._backward, add_to=grads["weight"])
            run([partial(task, part=part) for part in self._pieces(batch)])

    def _ordered(self, links: LinkList, weight: Array, batch: Batch) -> tuple[LinkList, Array]:
        """Return a list, and the weights brought into its order."""
        out = batch.empty_like(weight)
        run([partial(in_order, weight, links, out=out, part=part) for part in self._pieces(batch)])
        return links.sorted(), out

    def _pieces(self, batch: Batch) -> list[tuple[int, int]]:
        """Cut the links for threads, where they are many."""
        nnz = self.structure.nnz
        return cut(nnz, width() if batch.spread and nnz >= ALONE else 1)


def cut(count: int, pieces: int) -> list[tuple[int, int]]:
    """Cut `range(count)` into pieces of equal length, at least one."""
    pieces = max(1, min(pieces, count))
    return [(i * count // pieces, (i + 1) * count // pieces) for i in range(pieces)]
