"""Adversarial inputs, an extension: the robustness paper announces a study of attacks and shows none.

What its abstract calls an adversarial attack is the removal of the largest weights, see `perturbations.weight_order`.
Here it is the inputs that are changed, against the network. All functions take samples x, float (n_samples, n_in), and
labels y, integer (n_samples,), and refuse with `InvalidInputError` what does not fit the network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_choice, check_dense, check_integer, invalid
from sparse_mlp.layers import SoftmaxCrossEntropy
from sparse_mlp.layers.base import Array
from sparse_mlp.models import Network
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.robustness.curves import labelled, one_seed

SAMPLE_CHUNK = 1024  # samples whose activations are in memory at a time
ATTACKS = ("fgsm", "pgd")
Bounds = tuple[float, float] | None


def input_gradient(model: Network, x: ArrayLike, y: ArrayLike) -> Array:
    """Return the gradient of each sample's cross-entropy by its features.

    Returns
    -------
    float (n_samples, n_in)
        Row j is the gradient of the loss of sample j alone.

    Notes
    -----
    1,024 samples at a time. Where a softmax is certain beyond the network's precision the gradient is zero.
    """
    inputs, labels = labelled(check_dense("inputs", x), y, model)
    return _gradient(model, inputs, labels)


def fgsm(model: Network, x: ArrayLike, y: ArrayLike, epsilon: ArrayLike, *, bounds: Bounds = None) -> Array:
    """Change each feature by epsilon in the direction that raises the loss: the fast gradient sign method.

    Parameters
    ----------
    epsilon : float, or float (n_in,)
        0 or more, in the units of x, that is in standard deviations where the inputs were standardised. One grey value
        of 256 of images standardised by a deviation s is 1 / (256 s).
    bounds : (float, float), optional
        What features stay between, in the units of x.

    Returns
    -------
    float (n_samples, n_in)
        New inputs, of the network's dtype.

    Notes
    -----
    x + epsilon * sign(dL/dx) [Goodfellow2015].
    """
    inputs, labels = labelled(check_dense("inputs", x), y, model)
    radius = _radius(epsilon, inputs)
    return _within(inputs + radius * np.sign(_gradient(model, inputs, labels)), _checked(bounds), inputs)


def pgd(
    model: Network, x: ArrayLike, y: ArrayLike, epsilon: ArrayLike, steps: int = 10,
    step_size: ArrayLike | None = None, rng: RandomState = 0, *, bounds: Bounds = None,
) -> Array:  # fmt: skip
    """Climb the loss in steps, no feature further than epsilon from where it was: projected gradient descent.

    Parameters
    ----------
    epsilon, bounds
        As in `fgsm`.
    steps : int
    step_size : float or float (n_in,), optional
        In the units of x; 2.5 * epsilon / steps if not given, so that any point within reach can be reached.
    rng : None, int or numpy.random.Generator
        Draws the point to start from, uniformly among those within reach.

    Returns
    -------
    float (n_samples, n_in)
        New inputs, of the network's dtype.

    Notes
    -----
    [Madry2018], for the largest norm. The steps go up the loss; the name is that of the minimiser's view.
    """
    inputs, labels = labelled(check_dense("inputs", x), y, model)
    limits, radius = _checked(bounds), _radius(epsilon, inputs)
    check_integer("steps", steps)
    step = radius * 2.5 / steps if step_size is None else _radius(step_size, inputs, "step_size")
    start = inputs + radius * as_generator(rng).uniform(-1, 1, inputs.shape).astype(inputs.dtype)
    found = _within(start, limits, inputs)
    for _ in range(steps):
        ahead = found + step * np.sign(_gradient(model, found, labels))
        found = _within(np.clip(ahead, inputs - radius, inputs + radius), limits, inputs)
    return found


def adversarial_accuracy(
    model: Network, x: ArrayLike, y: ArrayLike, epsilons: Sequence[float] | NDArray[np.float64], *,
    attack: str = "fgsm", unit: ArrayLike = 1.0, steps: int = 10, bounds: Bounds = None, rng: RandomState = 0,
) -> NDArray[np.float64]:  # fmt: skip
    """Measure the accuracy on inputs that were changed against the network, by more and more.

    Parameters
    ----------
    epsilons : sequence of float
        Each 0 or more.
    attack : {"fgsm", "pgd"}
    unit : float, or float (n_in,)
        What an epsilon of 1 is in the units of x: with 1 / s, of images standardised by a deviation s, epsilons are
        grey values in [0, 1].
    steps, bounds
        As in `pgd`.
    rng : None, int or numpy.random.Generator
        Of "pgd", which starts for each epsilon in the same direction.

    Returns
    -------
    float64 (len(epsilons),)
        Fraction of right labels.

    Examples
    --------
    >>> from sparse_mlp.models import SparseMLP
    >>> model = SparseMLP([8, 20, 3], density=0.5, rng=0)
    >>> x = np.random.default_rng(0).random((30, 8))
    >>> labels = model.predict_scores(x).argmax(axis=1)
    >>> adversarial_accuracy(model, x, labels, [0, 5], attack="pgd").tolist()
    [1.0, 0.0]
    """
    check_choice("attack", attack, ATTACKS)
    inputs, labels = labelled(check_dense("inputs", x), y, model)
    scale, seed = np.asarray(unit, np.float64), one_seed(rng)

    def right(epsilon: float) -> float:
        reach = epsilon * scale
        if attack == "fgsm":
            changed = fgsm(model, inputs, labels, reach, bounds=bounds)
        else:
            changed = pgd(model, inputs, labels, reach, steps, rng=seed, bounds=bounds)
        return float(np.mean(model.predict_scores(changed).argmax(axis=1) == labels))

    return np.array([right(float(epsilon)) for epsilon in epsilons])


def _gradient(model: Network, x: Array, labels: NDArray[np.int64]) -> Array:
    loss, gradient = SoftmaxCrossEntropy(backend=model.backend), np.empty_like(x)
    for start in range(0, len(x), SAMPLE_CHUNK):
        part = slice(start, start + SAMPLE_CHUNK)
        scores, cache = model.forward(x[part])
        delta = len(scores) * loss.backward(loss.forward(scores, labels[part])[1])
        gradient[part] = model.root.backward(delta, cache)[0]
    return gradient


def _radius(epsilon: ArrayLike, x: Array, name: str = "epsilon") -> Array:
    radius = np.asarray(epsilon, np.float64)
    if radius.shape not in ((), x.shape[1:]) or not np.isfinite(radius).all() or np.any(radius < 0):
        raise invalid(f"{name}={epsilon!r}", f"one number of 0 or more, or {x.shape[1]}, one for each feature")
    return radius.astype(x.dtype)


def _checked(bounds: Bounds) -> Bounds:
    if bounds is not None and not bounds[0] < bounds[1]:
        raise invalid(f"bounds={bounds!r}", "a smaller and a larger number")
    return bounds


def _within(changed: Array, bounds: Bounds, x: Array) -> Array:
    """Return features between the bounds; those that were outside before stay no further outside than they were."""
    if bounds is None:
        return changed
    return np.clip(changed, np.minimum(x, bounds[0]), np.maximum(x, bounds[1]))
