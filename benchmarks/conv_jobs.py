"""Both passes of one convolution: ours at some density, and PyTorch's dense one.

Maps and layers are made when a job is called and kept for the next call, but only those of the last sizes: a run goes
through sizes one after the other, and a worker holds the maps of a single one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.worker import Prepared

Array = NDArray[Any]

KERNEL = 3
DENSITIES_AT_ONCE = 8  # of which a worker keeps the layers


class Size(NamedTuple):
    """Channels, both of the input and the output, side of the maps, and samples."""

    channels: int
    side: int
    batch: int

    @property
    def image(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return self.channels, self.side, self.side


def sparse_passes(density: float, size: list[int]) -> Prepared:
    """Return forward and backward pass of ours, the weights brought into the kernels' order as before each batch."""
    of = Size(*size)
    links = _layer(of.channels, of.side, density)[0].structure.nnz
    windows = of.side**2 * of.batch
    padded = 4 * of.channels * (of.side + 2) ** 2 * of.batch
    # Written and read forward: x, y; backward: x, dy and dx. What is written is read before, by the cache.
    facts = {"links": links, "flops": 6 * links * windows, "bytes_read": 7 * padded, "tile_bytes": padded}
    return lambda: _ours(density, of), facts


def dense_passes(layout: str, size: list[int]) -> Prepared:
    """Return forward and backward pass of PyTorch; the layout is "contiguous_format" (NCHW) or "channels_last"."""
    of = Size(*size)
    return lambda: _dense(layout, of), {}


def _ours(density: float, size: Size) -> None:
    from sparse_mlp.layers.batch import Batch

    (layer, grads), (x, dy, arena) = _layer(size.channels, size.side, density), _maps(size)
    arena.reset()
    batch = Batch(size.batch, training=True, arena=arena, spread=True)
    for gradient in grads.values():
        gradient.fill(0)
    layer.prepare()
    _, cache = layer.forward_tiles(x, batch)
    layer.backward_tiles(dy, cache, batch, grads)


@lru_cache(maxsize=DENSITIES_AT_ONCE)
def _layer(channels: int, side: int, density: float) -> tuple[Any, dict[str, Array]]:
    """Return a layer and memory for its gradients."""
    from sparse_mlp.layers import SparseConv2d
    from sparse_mlp.topology import generate

    wiring = generate("erdos-renyi", channels * KERNEL**2, channels, density, rng=0)
    layer = SparseConv2d(wiring, (channels, side, side), kernel=KERNEL, rng=0)
    layer.clears_border = False  # nothing spoils the border between two of these layers
    return layer, {name: np.empty_like(array) for name, array in layer.parameters().items()}


@lru_cache(maxsize=1)
def _maps(size: Size) -> tuple[Array, Array, Any]:
    """Return x and dy in tiles, and the memory for what is computed."""
    from sparse_mlp.kernels.tiles import Arena

    layer, _ = _layer(size.channels, size.side, 0.01)
    x, dy = (shape.tiles(_images(size, i), layer.lanes) for i, shape in enumerate((layer.input_map, layer.output_map)))
    return x, dy, Arena()


def _dense(layout: str, size: Size) -> None:
    import torch

    x, weight, bias, dy = _tensors(layout, size)
    y = torch.nn.functional.conv2d(x, weight, bias, padding=KERNEL // 2)
    torch.autograd.grad(y, (x, weight, bias), dy)


@lru_cache(maxsize=2)
def _tensors(layout: str, size: Size) -> tuple[Any, ...]:
    import torch

    torch.manual_seed(0)
    x, dy = (torch.from_numpy(_images(size, i)).to(memory_format=getattr(torch, layout)) for i in range(2))
    weight = torch.randn(size.channels, size.channels, KERNEL, KERNEL).to(memory_format=getattr(torch, layout))
    return x.requires_grad_(), weight.requires_grad_(), torch.zeros(size.channels, requires_grad=True), dy


def _images(size: Size, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal((size.batch, *size.image), np.float32)
