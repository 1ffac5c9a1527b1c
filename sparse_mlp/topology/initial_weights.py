"""The values that links start with."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.plugins import find
from sparse_mlp.rng import RandomState, as_generator

Floats = NDArray[Any]
Distribution = Callable[[np.random.Generator, int, int, float], Any]


def initial_weights(
    distribution: str | Distribution, count: int, *, fan_in: int, fan_out: int | None = None, density: float = 1.0,
    rng: RandomState = None, dtype: DTypeLike = np.float32,
) -> Floats:  # fmt: skip
    """Draw weights.

    Parameters
    ----------
    distribution : str or callable
        One of `INITIAL_WEIGHTS`, see Notes; or your own, as a function `(rng, count, fan_in, density)` that returns
        `count` numbers, or as `module:name`.
    count : int
        How many to draw, 0 or more.
    fan_in : int
        n, the inputs that a neuron would have in a dense layer.
    fan_out : int, optional
        m, the outputs that a neuron would feed in a dense layer, for distributions that look at both sides.
    density : float
        rho, the fraction of them that it has on average, weighted by how much each adds to the variance of its sum;
        above 1 where few weights carry the sum of many equal inputs each.
    rng : None, int or numpy.random.Generator
    dtype : floating dtype
        Values are drawn in float64 and rounded, so that one seed means one net in any precision.

    Returns
    -------
    float (count,)

    Raises
    ------
    InvalidInputError
        If the name is unknown, or a distribution of yours returns something else.

    Notes
    -----
    =============  ==========================================  =========================================
    kaiming        :math:`N(0, 2 / n)`                         [He2015], dense fan-in
    swi            :math:`N(0, 2 / (\\rho n))`                  sparse weight initialization [Zhang2024]
    he-uniform     :math:`U(-\\sqrt{6/n}, \\sqrt{6/n})`          SET [Mocanu2018]
    normal         :math:`N(0, 0.1^2)`                         an option of later SET codes
    glorot         :math:`U(-g, g), g = \\sqrt{6/(n + m)}`      [Glorot2010], dense fans
    glorot-sparse  :math:`U(-g, g)`, g over :math:`\\sqrt\\rho`  the same variance of sums as if dense
    zero           0                                           new links of RigL [Evci2020]
    =============  ==========================================  =========================================

    What n and rho are is the layer's affair: see `layers.Linked.draw`.

    Differences from the original
    -----------------------------
    The published code of [Zhang2024] divides by rho times the number of *outputs*; the formula above is the paper's.
    They agree for square layers.

    Examples
    --------
    >>> initial_weights("normal", 2, fan_in=100, rng=0, dtype="float64").round(4)
    array([ 0.0126, -0.0132])
    >>> initial_weights(lambda rng, count, fan_in, density: rng.laplace(size=count), 1, fan_in=100, rng=0).shape
    (1,)
    """
    draw, number = find("weights", distribution, INITIAL_WEIGHTS), check_integer("count", count, minimum=0)
    if draw in (_glorot, _glorot_sparse):
        if fan_out is None:
            raise invalid(
                f"weights={distribution} without fan_out", "the outputs of a neuron", "they look at both sides"
            )
        draw = partial(draw, m=fan_out)
    drawn = np.asarray(draw(as_generator(rng), number, check_integer("fan_in", fan_in), density))
    if drawn.shape != (number,) or drawn.dtype.kind not in "fiu" or not np.isfinite(drawn).all():
        name = distribution if isinstance(distribution, str) else getattr(draw, "__qualname__", repr(draw))
        found = f"{drawn.dtype} {drawn.shape} from the distribution {name}"
        raise invalid(found, f"finite numbers ({number},)")
    return drawn.astype(dtype)


def _swi(rng: np.random.Generator, count: int, n: int, density: float) -> Floats:
    if count == 0:
        return np.zeros(0)  # a layer without links has no sparse fan-in
    return rng.normal(0.0, math.sqrt(2 / (density * n)), count)


def _glorot(rng: np.random.Generator, count: int, n: int, density: float, *, m: int = 0) -> Floats:
    bound = math.sqrt(6 / (n + m))
    return rng.uniform(-bound, bound, count)


def _glorot_sparse(rng: np.random.Generator, count: int, n: int, density: float, *, m: int = 0) -> Floats:
    if count == 0:
        return np.zeros(0)
    return _glorot(rng, count, n, density, m=m) / math.sqrt(density)


INITIAL_WEIGHTS: dict[str, Distribution] = {
    "kaiming": lambda rng, count, n, density: rng.normal(0.0, math.sqrt(2 / n), count),
    "swi": _swi,
    "he-uniform": lambda rng, count, n, density: rng.uniform(-math.sqrt(6 / n), math.sqrt(6 / n), count),
    "normal": lambda rng, count, n, density: rng.normal(0.0, 0.1, count),
    "glorot": _glorot,
    "glorot-sparse": _glorot_sparse,
    "zero": lambda rng, count, n, density: np.zeros(count),
}
