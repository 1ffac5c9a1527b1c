"""From sizes to layers: shapes, densities, and what stands between the linear layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sparse_mlp.errors import check_dense, check_fraction, check_integer, invalid, shown
from sparse_mlp.layers import AllReLU, Dense, Dropout, LeakyReLU, MotifLinear, ReLU, Sigmoid, SparseLinear, Tanh
from sparse_mlp.layers._checks import check_dtype
from sparse_mlp.layers.base import Layer
from sparse_mlp.machine import total_memory
from sparse_mlp.plugins import find
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import allocate, density_from_epsilon

ACTIVATIONS: dict[str, Callable[..., Layer] | None] = {
    "relu": ReLU, "leaky-relu": LeakyReLU, "all-relu": AllReLU, "sigmoid": Sigmoid, "tanh": Tanh, "identity": None,
}  # fmt: skip
Activation = str | Callable[[], Layer]  # one of your own is a function, or the class itself, that makes a layer
MAX_NEURONS, GIB = 2**31, 2**30
DENSITY = 0.02  # of the sparse layers, where nothing else is said


def layer_shapes(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Return (n_in, n_out) of each layer between given sizes."""
    checked = [check_integer("layer size", size) for size in sizes]
    if max(checked, default=0) >= MAX_NEURONS:
        raise invalid(f"layer size={shown(max(checked))}", "fewer than 2**31 neurons in each layer")
    if len(checked) < 2:
        raise invalid(f"sizes={list(sizes)}", "at least an input and an output size")
    return list(pairwise(checked))


def check_memory(links: Sequence[int], dense: Sequence[tuple[int, int]], dtype: DTypeLike, per_link: int = 1) -> None:
    """Refuse a network that this machine has no memory for, before anything is drawn.

    Parameters
    ----------
    links : sequence of int
        Of each sparse layer.
    dense : sequence of (int, int)
        Shapes of the other layers.
    dtype : float32 or float64
    per_link : int
        Weights of a link.

    Raises
    ------
    InvalidInputError
        If weights, gradient, one array of an optimizer and the wiring need more bytes than there are.
    """
    weights = sum(links) * per_link + sum(n_in * n_out for n_in, n_out in dense)
    needed = 3 * weights * check_dtype(dtype).itemsize + 12 * sum(links)
    memory = total_memory()
    if memory is not None and needed > memory:
        found = f"a network of {weights:,} weights, which needs {needed / GIB:,.1f} GiB"
        raise invalid(found, f"at most the {memory / GIB:,.1f} GiB of this machine", "fewer neurons, a lower density")


def layer_links(
    shapes: list[tuple[int, int]], density: float | None, epsilon: float | None, allocation: str
) -> list[int]:
    """Return the links of each sparse layer: of SET's epsilon, or a share of all links by the allocation's rule.

    Raises
    ------
    InvalidInputError
        If both a density and an epsilon are given, or one is out of range.
    """
    if epsilon is not None:
        if density is not None:
            raise invalid(f"density={density} and epsilon={epsilon}", "only one of the two")
        counts, given = [round(density_from_epsilon(epsilon, n, m) * n * m) for n, m in shapes], f"epsilon={epsilon:g}"
    else:
        wanted = check_fraction("density", DENSITY if density is None else density)
        counts, given = allocate(shapes, wanted, allocation) if shapes else [], f"density={wanted:g}"
    for count, (n, m) in zip(counts, shapes, strict=True):
        if count == 0:
            raise invalid(f"{given}, which leaves no link to the layer {n} x {m}", "a larger one")
    return counts


def motif_counts(sizes: Sequence[int], motif_size: int, pad: bool) -> list[int]:
    """Return how many motifs the input and each hidden layer have, and the neurons of the output, which has none.

    A network without hidden layers has none at all, since its one layer is the read-out: its neurons are returned.

    Parameters
    ----------
    sizes : sequence of int
        Neurons of the input, of each hidden layer and of the output.
    motif_size : int
    pad : bool
        Whether the input gets features up to the next multiple.

    Raises
    ------
    InvalidInputError
        If motifs do not fit, naming the layer and the nearest sizes that would do.
    """
    m, counts = check_integer("motif_size", motif_size), []
    if len(sizes) == 2:
        return list(sizes)
    for i, size in enumerate(sizes[:-1]):
        above = -(-size // m)
        if size % m and not (pad and i == 0):
            layer = f"hidden layer {i} of {size} neurons" if i else f"input of {size} features"
            nearest = " or ".join(str(n) for n in (size // m * m, above * m) if n)
            also = "" if i else "; pad=True adds features that are zero"
            raise invalid(f"{layer} for motif_size={m}", f"a multiple of {m}", f"the nearest are {nearest}{also}")
        counts.append(above)
    return [*counts, sizes[-1]]


def motif_means(data: tuple[Any, Any] | None, motifs: int, motif_size: int) -> tuple[Any, Any] | None:
    """Return a data set whose features are the means over the motifs of the input, for wirings that data make.

    A mean is the sum that a link with a shared weight carries, over m. So features that are missing from the last motif
    count as the zeros with which the network pads its input, and are not left out of the mean.
    """
    if data is None or motif_size == 1 or np.ndim(data[0]) != 2:
        return data
    x = np.asarray(check_dense("data", data[0]), np.float64)
    missing = motifs * motif_size - x.shape[1]
    if not 0 <= missing < motif_size:
        return data  # whoever makes the wiring says what is wrong
    filled = np.pad(x, ((0, 0), (0, missing)))
    return filled.reshape(len(x), motifs, motif_size).mean(axis=2), data[1]


def sparse_layer(structure: SparseStructure, weights: str, motif_size: int, mode: str, **common: Any) -> SparseLinear:
    """Make a layer of single links, or of links between motifs."""
    if motif_size == 1:
        return SparseLinear(structure, weights, **common)
    return MotifLinear(structure, weights, motif_size=motif_size, mode=mode, **common)


def given_structures(
    structures: Sequence[SparseStructure], shapes: list[tuple[int, int]], **unused: object
) -> list[SparseStructure]:
    """Return wirings that the caller made.

    Raises
    ------
    InvalidInputError
        If they are no structures of the sparse layers' shapes, or one of the options that they leave no use for is
        given.
    """
    for option, value in unused.items():
        if value is not None:
            remedy = "the structures have their links"
            raise invalid(f"{option}={value!r} with given structures", f"no {option}", remedy)
    given = list(structures) if isinstance(structures, Sequence) else [structures]
    if not all(isinstance(structure, SparseStructure) for structure in given):
        raise invalid(f"topology={structures!r}", "a name or a sequence of SparseStructure")
    found = [structure.shape for structure in given]
    if found != shapes:
        raise invalid(f"structures of shapes {found}", f"shapes {shapes}, one for each sparse layer")
    return given


def with_activations(
    linear: Sequence[SparseLinear | Dense], activation: Activation, dropout: float, backend: str | None
) -> list[Layer]:
    """Put an activation, and dropout if there is any, behind each linear layer but the last.

    Raises
    ------
    InvalidInputError
        If the activation is unknown, or one of your own does not make a layer.
    """
    make = find("activation", activation, ACTIVATIONS)
    rate = check_fraction("dropout", dropout, zero=True, one=False)
    layers: list[Layer] = []
    for i, layer in enumerate(linear[:-1]):
        layers.append(layer)
        if make is not None:
            layers.append(_made(activation, make, i, backend))
        if rate > 0:
            layers.append(Dropout(rate, backend=backend))
    return [*layers, linear[-1]]


def _made(activation: Activation, make: Callable[..., Any], index: int, backend: str | None) -> Layer:
    if make is AllReLU:
        return AllReLU(layer_index=index, backend=backend)
    layer = make(backend=backend) if make in ACTIVATIONS.values() else make()
    if not isinstance(layer, Layer):
        found = f"activation {activation!r}, which makes a {type(layer).__name__}"
        raise invalid(found, "a function that makes a Layer")
    return layer
