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


def check_numbers(name: str, numbers: ArrayLike, bound: int | None = None) -> NDArray[Any]:
    """Return numbers as an integer array (n,), or say what else they are, or which of them is not in [0, bound)."""
    array = np.asarray(numbers)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise invalid(f"{name} of {array.dtype} and shape {array.shape}", "whole numbers of shape (tokens,)")
    outside = np.flatnonzero((array < 0) if bound is None else (array < 0) | (array >= bound))
    if len(outside):
        expected = "0 or more" if bound is None else f"a number in [0, {bound})"
        raise invalid(f"{name}[{outside[0]}] = {array[outside[0]]}", expected)
    return array


def check_images(name: str, x: ArrayLike, image: tuple[int, int, int]) -> NDArray[Any]:
    """Return x as an array, or say why it is not floating point of shape (batch, channels, height, width)."""
    array, shape = np.asarray(x), ", ".join(map(str, image))
    if array.shape[1:] != image:
        remedy = "one image for each sample, even for a single one"
        if array.ndim == 2:
            remedy = "use x.reshape(-1, *dataset.image_shape)"
        elif array.shape[1:] == (*image[1:], image[0]):
            remedy = "channels come first: use x.transpose(0, 3, 1, 2)"
        raise invalid(f"{name} of shape {array.shape}", f"(batch, {shape})", remedy)
    if array.dtype not in (np.float32, np.float64):
        raise invalid(f"{name} of {array.dtype}", "float32 or float64", "scale pixels: x.astype('float32') / 255")
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


def checked_pair(layer: Layer, method: str, found: Any) -> tuple[Any, Any]:
    """Return what a pass of a user's layer returned, if it is a pair."""
    if not isinstance(found, tuple) or len(found) != 2:
        second = "cache" if method == "forward" else "gradients by name"
        what = f"a {type(found).__name__}" + (f" of {len(found)}" if isinstance(found, tuple) else "")
        raise invalid(f"{what} from {_pass(layer, method)}", f"a pair: an array and its {second}")
    return found


def checked_output(layer: Layer, method: str, found: Any, shape: tuple[int, int]) -> NDArray[Any]:
    """Return the array that a pass of a user's layer returned, if it is floating point of a shape."""
    array = np.asarray(found)
    if array.shape != shape or array.dtype.kind != "f":
        remedy = "the layer's n_out says how many features leave it" if method == "forward" else ""
        raise invalid(f"{array.dtype} {array.shape} from {_pass(layer, method)}", f"floating point {shape}", remedy)
    return array


def checked_gradients(layer: Layer, found: Any) -> dict[str, Any]:
    """Return the gradients that a user's layer returned, if there is one of the right shape for each parameter."""
    parameters = layer.parameters()
    if not isinstance(found, dict) or found.keys() != parameters.keys():
        names = ", ".join(map(str, found)) or "none" if isinstance(found, dict) else f"a {type(found).__name__}"
        wanted = f"a dict with those of: {', '.join(parameters) or 'none'}"
        raise invalid(f"gradients of: {names} from {_pass(layer, 'backward')}", wanted)
    for name, gradient in found.items():
        if np.shape(gradient) != parameters[name].shape:
            what = f"a gradient of {name!r} of shape {np.shape(gradient)} from {_pass(layer, 'backward')}"
            raise invalid(what, f"shape {parameters[name].shape}, that of the parameter")
    return found


def _pass(layer: Layer, method: str) -> str:
    name = f" of layer {layer.name!r}" if layer.name else ""
    return f"{type(layer).__name__}.{method}{name}"
