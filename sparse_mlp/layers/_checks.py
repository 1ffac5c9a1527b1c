"""What layers and losses ask of the arrays that users hand them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from sparse_mlp.errors import invalid

if TYPE_CHECKING:
    from sparse_mlp.layers.base import Layer


def check_batch(name: str, x: ArrayLike, n_features: int | None = None) -> NDArray[Any]:
    """Return x as an array, or say why it is not floating point of shape (batch, n_features)."""
    array = np.asarray(x)
    features = "features" if n_features is None else n_features
    if array.ndim != 2 or (n_features is not None and array.shape[1] != n_features):
        remedy = "one row for each sample, even for a single one"
        raise invalid(f"{name} of shape {array.shape}", f"shape (batch, {features})", remedy)
    if array.dtype not in (np.float32, np.float64):
        raise invalid(f"{name} of {array.dtype}", "float32 or float64", "use x.astype('float32')")
    return array


def check_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return the type of a layer's numbers, or say why it cannot compute with them."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in (np.float32, np.float64):
        raise invalid(f"dtype={dtype!r}", "float32 or float64")
    return found


def checked_features(layer: Layer, n_in: int) -> None:
    """Refuse another number of features than a layer with a `shape` takes."""
    expected = layer.shape[0]  # type: ignore[attr-defined]
    if n_in != expected:
        raise invalid(f"{n_in} features at the input of layer {layer.name!r}", f"{expected}")
