"""Randomness: one generator in, one named stream per purpose, state to and from JSON.

Kernels never draw. Whoever needs random numbers draws them from its own stream here and passes arrays on,
so that the number of threads cannot change a result and every stream can be stored in a checkpoint.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sparse_mlp.errors import invalid

RandomState = None | int | np.random.Generator

# The position in this tuple is part of what a seed means: append new purposes, never reorder.
PURPOSES = (
    "topology", "weights", "data_order", "removal", "regrowth", "new_weights", "dropout", "split", "augmentation",
)  # fmt: skip


def as_generator(rng: RandomState = None) -> np.random.Generator:
    """Turn None, a seed or a generator into a generator.

    Parameters
    ----------
    rng : None, int or numpy.random.Generator
        None draws fresh entropy, an int is a seed, a generator is passed through.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    InvalidInputError
        If `rng` is anything else.

    Examples
    --------
    >>> as_generator(0).integers(100) == as_generator(0).integers(100)
    np.True_
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None:
        return np.random.default_rng()
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(int(rng))
    raise invalid(f"rng={rng!r}", "None, a seed of 0 or more, or a numpy.random.Generator")


def spawn_streams(rng: RandomState = None) -> dict[str, np.random.Generator]:
    """Give each purpose of `PURPOSES` a stream of its own.

    Parameters
    ----------
    rng : None, int or numpy.random.Generator
        The one source of randomness that a user hands in.

    Returns
    -------
    dict of str to numpy.random.Generator
        Statistically independent streams; drawing from one never moves another.

    Examples
    --------
    >>> a, b = spawn_streams(7), spawn_streams(7)
    >>> _ = a["dropout"].random(1000)
    >>> a["regrowth"].integers(1000) == b["regrowth"].integers(1000)
    np.True_
    """
    children = as_generator(rng).spawn(len(PURPOSES))
    return dict(zip(PURPOSES, children, strict=True))


def state_to_json(generator: np.random.Generator) -> dict[str, Any]:
    """Return the generator's state as plain JSON types (Python ints hold its 128 bits)."""
    return _plain(generator.bit_generator.state)


def generator_from_json(state: dict[str, Any]) -> np.random.Generator:
    """Rebuild a generator from `state_to_json`.

    Raises
    ------
    InvalidInputError
        If the state names a bit generator that NumPy does not have.
    """
    kind = getattr(np.random, str(state.get("bit_generator")), None)
    if not isinstance(kind, type) or not issubclass(kind, np.random.BitGenerator):
        raise invalid(f"bit_generator={state.get('bit_generator')!r}", "a bit generator of numpy.random")
    bits = kind()
    bits.state = state
    return np.random.Generator(bits)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.integer):
        return int(value)
    return value
