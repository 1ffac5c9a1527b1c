"""One name per wiring: the registry of generators.

A generator is a function `(n_in, n_out, links, rng, **params) -> SparseStructure`; registering it here is all that a
new one needs. It has to return exactly `links` links.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sparse_mlp.errors import check_choice, check_fraction, check_integer, check_options
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.erdos_renyi import erdos_renyi

Generator = Callable[..., SparseStructure]

GENERATORS: dict[str, Generator] = {"erdos-renyi": erdos_renyi}

_ALWAYS_GIVEN = ("n_in", "n_out", "links", "rng")


def generate(
    name: str, n_in: int, n_out: int, density: float, *, rng: RandomState = None, **params: Any
) -> SparseStructure:
    """Make the wiring of a layer.

    Parameters
    ----------
    name : str
        One of `GENERATORS`.
    n_in, n_out : int
        Neurons on either side.
    density : float
        Fraction of the possible links that is present, in (0, 1].
    rng : None, int or numpy.random.Generator
    **params
        What this generator takes beyond that.

    Returns
    -------
    SparseStructure
        With exactly `round(density * n_in * n_out)` links.

    Raises
    ------
    InvalidInputError
        If the name or a parameter is unknown, or a value is out of range.

    Examples
    --------
    >>> generate("erdos-renyi", 784, 1000, 0.01, rng=0)
    SparseStructure(784 x 1000, 7840 links, density 0.01)
    """
    make = GENERATORS[check_choice("topology", name, GENERATORS)]
    check_options(f"topology {name}", make, params, skip=_ALWAYS_GIVEN)
    n, m = check_integer("n_in", n_in), check_integer("n_out", n_out)
    links = round(check_fraction("density", density) * n * m)
    return make(n, m, links, as_generator(rng), **params)
