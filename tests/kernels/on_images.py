"""Call the compiled kernels of the convolution with images (batch, channels, height, width), as their twins are."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from convolution_cases import ConvAnswer, ConvCase

from sparse_mlp.kernels import convolution
from sparse_mlp.kernels.conv_offsets import add_in_structure, conv_links, in_order
from sparse_mlp.layers.map_flow import MapShape

Array = np.ndarray

GUARD = 4096  # numbers around each map; NaN, so that whoever reads them is found out


class OnImages:
    """The kernels on maps in tiles of some lanes, with wider borders than they need and in some pieces.

    Weights and gradients are in the order of the structure, or `in_lists`, in that of the lists of links.

    Every border is zero, everything around a map NaN; of what a kernel writes, the border is NaN as well.
    """

    def __init__(self, lanes: int = 16, wider: int = 0, pieces: int = 1, in_lists: bool = False) -> None:
        self.lanes, self.wider, self.pieces, self.in_lists = lanes, wider, pieces, in_lists

    def answers(self, case: ConvCase, relu: bool = False) -> ConvAnswer:
        """All results of a case; the gradient of links is computed with dx and without, and both must agree."""
        return self.results(case, relu)[0]

    def results(self, case: ConvCase, relu: bool = False) -> tuple[ConvAnswer, Array]:
        """All results, and the gradient of links that comes without dx."""
        g, batch = case.geometry, len(case.x)
        taken = MapShape(g.channels_in, g.height, g.width, g.padding + self.wider)
        given = MapShape(g.channels_out, g.out_height, g.out_width, g.gradient_border + self.wider)
        x, dy = (self._maps(shape, images) for shape, images in ((taken, case.x), (given, case.dy)))
        y, dx = (self._maps(shape, images) for shape, images in ((given, case.dy), (taken, case.x)))
        y[:], dx[:] = np.nan, np.nan
        forward, backward = conv_links(case.structure, g, taken.border, given.border, self.lanes)
        lists, weights = (forward, backward), [case.weight] * 2
        if self.in_lists:
            weights = [in_order(case.weight, links, out=np.empty_like(case.weight)) for links in lists]
            forward, backward = (links.sorted() for links in lists)
        dbias, with_dx, alone = np.zeros_like(case.bias), np.zeros_like(case.weight), np.zeros_like(case.weight)
        for strips in self._cut(convolution.n_strips(g, len(x))):
            for outputs in self._cut(g.channels_out):
                args = forward, weights[0], case.bias, x, g, relu
                convolution.conv_forward(*args, out=y, strips=strips, outputs=outputs)
        for channels in self._cut(g.channels_in):
            args = backward, weights[1], x, dy, g, relu
            convolution.conv_backward(*args, out=dx, add_to=with_dx, channels=channels)
        for outputs in self._cut(g.channels_out):
            convolution.conv_weight_gradient(forward, x, dy, g, add_to=alone, outputs=outputs)
            convolution.bias_grad(dy, g, add_to=dbias, outputs=outputs)
        if self.in_lists:
            alone, with_dx = (
                add_in_structure(dweight, links, add_to=np.zeros_like(dweight))
                for dweight, links in zip((alone, with_dx), lists, strict=True)
            )
        images = [self._images(shape, maps, batch) for shape, maps in ((given, y), (taken, dx))]
        return ConvAnswer(*images, with_dx, dbias), alone

    def _maps(self, shape: MapShape, images: Array) -> Array:
        tiles = shape.maps(shape.tiles(images, self.lanes))
        memory = np.full(tiles.size + 2 * GUARD, np.nan, images.dtype)
        maps = memory[GUARD:-GUARD].reshape(tiles.shape)
        maps[:] = tiles
        return maps

    def _images(self, shape: MapShape, maps: Array, batch: int) -> Array:
        tiles = maps.reshape(len(maps), shape.features, self.lanes)
        inside = shape.interior(tiles)
        assert not np.isnan(inside).any(), "something that was not written, or that came from around a map"
        outside = np.isnan(maps).sum() == maps.size - inside.size
        memory = maps.base if maps.base.ndim == 1 else maps.base.base
        assert outside and np.isnan(memory[:GUARD]).all() and np.isnan(memory[-GUARD:]).all(), "written beyond the edge"
        return shape.nchw(tiles, batch)

    def _cut(self, count: int) -> list[Any]:
        if self.pieces == 1:
            return [None]
        bounds = [count * i // self.pieces for i in range(self.pieces + 1)]
        return list(pairwise(bounds))
