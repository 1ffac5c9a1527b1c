"""What layers and losses ask of the arrays that users hand them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import invalid

if TYPE_CHECKING:
    from sparse_mlp.layers.base import Layer


def check_batch(name: str, x: ArrayLike, n_features: int | None = None) -> NDArray[Any]:
    """Return x as an array, or say why it is not floating point of shape (batch, n_features)."""
    array = np.asarray(x)
    features = "features" if n_features is None else n_features
    if array.ndim != 2 or (n_features is not None and array.shape[1] != n_features):
        remedy = "one row for each sample, even for a single one"
        raise invalid(f"{name} of shape {array.shape}", f"of shape (batch, {features})", remedy)
    if array.dtype not in (np.float32, np.float64):
        raise invalid(f"{name} of {array.dtype}", "of float32 or float64", "use x.astype('float32')")
    return array


def check_features(layer: Layer, x: NDArray[Any]) -> None:
    """Refuse tiles x (n_tiles, n_in, lanes) of other features or another type than a layer takes."""
    n_in = layer.shape[0]  # type: ignore[attr-defined]
    if x.shape[1] != n_in:
        raise invalid(f"{x.shape[1]} features at the input of layer {layer.name!r}", f"{n_in}")
    if x.dtype != layer.dtype:
        raise invalid(f"input of {x.dtype} at layer {layer.name!r}", f"{layer.dtype}", "build all layers in one dtype")
