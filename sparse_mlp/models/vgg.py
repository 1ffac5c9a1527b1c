"""VGG networks with sparse convolutions: stacks of 3 x 3 kernels between poolings, and a dense head."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sparse_mlp.convolution import ConvGeometry, conv_geometry
from sparse_mlp.errors import check_choice, check_integer, invalid
from sparse_mlp.layers import (
    BatchNorm,
    Dense,
    Flatten,
    MaxPool2d,
    ReLU,
    Sequential,
    SparseConv2d,
    Unflatten,
)
from sparse_mlp.layers.base import Layer
from sparse_mlp.models.architecture import DENSITY, check_memory, layer_links
from sparse_mlp.models.network import Network
from sparse_mlp.rng import RandomState, spawn_streams
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import allocate, generate_network
from sparse_mlp.topology.sampling import sample_distinct

KERNEL = 3
POOL = "M"
_VGG16 = (64, 64, POOL, 128, 128, POOL, 256, 256, 256, POOL, 512, 512, 512, POOL, 512, 512, 512, POOL)
PLANS: dict[str, tuple[int | str, ...]] = {
    "vgg16": _VGG16,
    "vgg16/4": tuple(size if size == POOL else int(size) // 4 for size in _VGG16),
    "vgg8s": (16, POOL, 32, POOL, 64, 64, POOL, 64, 64, POOL),
}
FOR_NEURONS = {  # wirings that vgg refuses, and why
    "correlated": "it joins neurons whose values correlate, and a tap sees all values of a channel",
    "snip": "it needs the gradient of a dense network of neurons",
}


def vgg(
    plan: str | Sequence[int | str] = "vgg16",
    input_shape: tuple[int, int, int] = (3, 32, 32),
    n_classes: int = 10,
    *,
    density: float | None = None,
    epsilon: float | None = None,
    topology: str | Callable[..., Any] = "erdos-renyi",
    topology_params: Mapping[str, Any] | None = None,
    allocation: str = "uniform",
    per_kernel: bool = True,
    first: str = "sparse",
    batch_norm: bool = True,
    head: Sequence[int] = (),
    weights: str = "swi",
    dense: bool = False,
    rng: RandomState = None,
    dtype: DTypeLike = np.float32,
    backend: str | None = None,
) -> Network:
    """Build a VGG network for small images, whose convolutions are truly sparse.

    Parameters
    ----------
    plan : str or sequence
        Output channels of each convolution, and "M" where maxima of 2 x 2 pixels are taken: [16, "M", 32, "M"], or as
        text "16-M-32-M". Or a name: "vgg16", "vgg16/4" with a quarter of the channels, or "vgg8s", a small one with
        five convolutions.
    input_shape : (int, int, int)
        Channels, height and width of an image.
    n_classes : int
    density : float, optional
        Fraction of the possible links of the sparse convolutions, in (0, 1]; 0.02 if not given.
    epsilon : float, optional
        Instead: epsilon * (9 channels_in + channels_out) links for each convolution.
    topology : str or callable
        Generator of the wiring of taps (rows) with kernels (columns); neighbours are taps of a channel.
    topology_params : mapping, optional
    allocation : {"uniform", "er", "erk"}
        How the links are shared among the convolutions, see `topology.allocate`.
    per_kernel : bool
        Whether each kernel of a layer gets as many links, where the topology is "erdos-renyi".
    first : {"sparse", "dense"}
        Whether the first convolution is sparse as well; a dense one does not evolve.
    batch_norm : bool
        Whether batch normalisation stands behind each convolution, which then has no bias.
    head : sequence of int
        Neurons of dense hidden layers between the convolutions and the scores.
    weights : str
        Distribution of the initial weights of sparse convolutions, one of `topology.INITIAL_WEIGHTS`.
    dense : bool
        Whether all convolutions have all links, for a network to compare with.
    rng : None, int or numpy.random.Generator
        Draws wiring and weights.
    dtype : float32 or float64
    backend : str, optional

    Returns
    -------
    Network
        Of layers named "conv1", "conv2", …; samples are flat rows, channel by channel.

    Raises
    ------
    InvalidInputError
        If the plan does not fit the images, or the topology is one for neurons.

    Notes
    -----
    VGG16 of [Simonyan2015] in the form for images of 32 x 32 pixels: thirteen convolutions of 3 x 3, and a dense layer
    that reads 512 numbers. [Li2025] makes its convolutions sparse and leaves the head dense.

    Examples
    --------
    >>> vgg("4-M-8-M", (1, 8, 8), 10, density=0.5, rng=0)
    Network(64 features, 10 outputs, 480 links)
    """
    stages, streams = stages_of(plan), spawn_streams(rng)
    geometries = _geometries(stages, input_shape)
    check_choice("first", first, ("sparse", "dense"))
    n_full = len(geometries) if dense else int(first == "dense")
    sparse = geometries[n_full:]
    counts = _links(sparse, density, epsilon, allocation) if sparse else []
    check_memory(counts, [g.structure_shape for g in geometries[:n_full]], dtype)
    wirings = _wired(topology, dict(topology_params or {}), sparse, counts, per_kernel, streams["topology"])
    common: dict[str, Any] = {"rng": streams["weights"], "dtype": dtype, "backend": backend}
    layers: list[Layer] = [Unflatten(input_shape, backend=backend)]
    shape, done = input_shape, 0
    for stage in stages:
        if stage == POOL:
            layers.append(MaxPool2d(shape, backend=backend))
            shape = layers[-1].output_shape  # type: ignore[attr-defined]
            continue
        full = done < n_full
        structure = _full(geometries[done]) if full else wirings[done - n_full]
        conv = SparseConv2d(
            structure, shape, "kaiming" if full else weights, kernel=KERNEL, bias=not batch_norm,
            name=f"conv{done + 1}", **common,
        )  # fmt: skip
        conv.evolves = not full
        shape, done = conv.output_shape, done + 1
        normed = [BatchNorm(shape, dtype=dtype, backend=backend)] if batch_norm else []
        layers += [conv, *normed, ReLU(backend=backend)]
    layers.append(Flatten(shape, backend=backend))
    sizes = [int(np.prod(shape)), *(check_integer("head", size) for size in head)]
    for i in range(len(head)):
        layers += [Dense(sizes[i], sizes[i + 1], name=f"head{i + 1}", **common), ReLU(backend=backend)]
    layers.append(Dense(sizes[-1], check_integer("n_classes", n_classes), name="readout", **common))
    return Network(Sequential(layers), int(np.prod(input_shape)))


def stages_of(plan: str | Sequence[int | str]) -> list[int | str]:
    """Return a plan as channels and "M", from its name, its text or its list.

    Raises
    ------
    InvalidInputError
        If it is none.
    """
    listed = (PLANS.get(plan) or plan.split("-")) if isinstance(plan, str) else plan
    stages = [int(each) if str(each).isdecimal() else each for each in listed]
    if set(stages) <= {POOL} or not all(each == POOL or (type(each) is int and each > 0) for each in stages):
        wanted = f"channels and {POOL!r}, such as '16-M-32-M', or one of {', '.join(PLANS)}"
        raise invalid(f"plan={plan!r}", wanted)
    return stages


def _geometries(stages: Sequence[int | str], input_shape: tuple[int, int, int]) -> list[ConvGeometry]:
    found, (channels, height, width) = [], input_shape
    for place, stage in enumerate(stages):
        if stage == POOL:
            if min(height, width) < 2:
                what = f"maps of {height} x {width} before pooling {place + 1} of the plan"
                raise invalid(what, "2 x 2 at least", "a shorter plan, or larger images")
            height, width = height // 2, width // 2
            continue
        found.append(conv_geometry((channels, height, width), int(stage), KERNEL))
        channels = int(stage)
    return found


def _links(
    geometries: Sequence[ConvGeometry], density: float | None, epsilon: float | None, allocation: str
) -> list[int]:
    shapes = [g.structure_shape for g in geometries]
    if epsilon is not None or allocation == "uniform":
        return layer_links(shapes, density, epsilon, allocation)
    with_kernels = [(g.channels_in, g.channels_out, KERNEL, KERNEL) for g in geometries]
    return allocate(with_kernels, DENSITY if density is None else density, allocation)


def _wired(
    topology: str | Callable[..., Any], params: Mapping[str, Any], geometries: Sequence[ConvGeometry],
    counts: Sequence[int], per_kernel: bool, rng: np.random.Generator,
) -> list[SparseStructure]:  # fmt: skip
    if topology in FOR_NEURONS:
        found = f"topology={topology} for convolutions, but {FOR_NEURONS[str(topology)]}"
        raise invalid(found, "one without data, such as erdos-renyi")
    if topology == "erdos-renyi" and per_kernel:
        pairs = zip(geometries, counts, strict=True)
        return [wire_kernels(g, round(count / g.channels_out), rng) for g, count in pairs]
    return [
        generate_network(topology, g.structure_shape, [count], rng=rng, **params)[0]
        for g, count in zip(geometries, counts, strict=True)
    ]


def wire_kernels(geometry: ConvGeometry, links: int, rng: np.random.Generator) -> SparseStructure:
    """Give each kernel of a convolution so many links, drawn uniformly from the taps that see a pixel.

    Raises
    ------
    InvalidInputError
        If that is none, or more than there are.
    """
    live = geometry.live_taps()
    if not 1 <= links <= len(live):
        found = f"{links} links for each kernel of a layer with {geometry.channels_in} input channels"
        remedy = "another density, a dense first layer, or per_kernel=False"
        raise invalid(found, f"1 to {len(live)}", remedy)
    rows = np.concatenate([live[sample_distinct(len(live), links, rng)] for _ in range(geometry.channels_out)])
    columns = np.repeat(np.arange(geometry.channels_out), links)
    return SparseStructure.from_coo(rows, columns, shape=geometry.structure_shape)


def _full(geometry: ConvGeometry) -> SparseStructure:
    shape = geometry.structure_shape
    return SparseStructure.from_keys(np.arange(shape[0] * shape[1]), shape)
