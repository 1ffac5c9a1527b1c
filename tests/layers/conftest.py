"""Central differences: what every backward pass is held against."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _central_differences(value: Callable[[], float], array: Array, h: float = 1e-5) -> Array:
    gradient = np.zeros_like(array)
    for at in np.ndindex(array.shape):
        kept = array[at]
        array[at] = kept + h
        above = value()
        array[at] = kept - h
        below = value()
        array[at] = kept
        gradient[at] = (above - below) / (2 * h)
    return gradient


@pytest.fixture
def assert_gradient() -> Callable[[Callable[[], float], Array, Array], None]:
    """Compare a gradient with central differences of `value()` by the entries of a float64 array."""

    def check(value: Callable[[], float], array: Array, gradient: Array) -> None:
        expected = _central_differences(value, array)
        assert gradient.shape == array.shape
        scale = np.maximum(np.maximum(np.abs(expected), np.abs(gradient)), 1e-3)
        assert np.max(np.abs(gradient - expected) / scale) < 1e-6

    return check
