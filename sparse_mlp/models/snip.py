"""SNIP: keep the links that the loss of a dense network, at its start, depends on most."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from sparse_mlp.errors import check_choice, check_integer, invalid
from sparse_mlp.layers import Dense, MeanSquaredError, Sequential, SoftmaxCrossEntropy
from sparse_mlp.models.architecture import with_activations
from sparse_mlp.models.batch import Samples
from sparse_mlp.models.network import Network
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.correlation import check_inputs
from sparse_mlp.topology.sampling import add_absent, sample_distinct

Floats = NDArray[Any]

SCOPES = ("global", "layer")


def snip(
    sizes: Sequence[int],
    links: Sequence[int],
    rng: np.random.Generator,
    *,
    data: tuple[ArrayLike, ArrayLike],
    scope: str = "global",
    batch: int = 128,
) -> list[SparseStructure]:
    """Wire the first layers of a network by connection sensitivity.

    Parameters
    ----------
    sizes : sequence of int
        Neurons of the input, of each hidden layer and of the output.
    links : sequence of int
        Of each sparse layer, from the input on; a layer without a count (the read-out) is dense and no part of the
        budget. For the scope "global" only their sum counts.
    rng : numpy.random.Generator
        Draws the batch, then the weights.
    data : (float, sparse or not (n_samples, sizes[0]), integer (n_samples,) or float (n_samples, sizes[-1]))
        Training inputs, scaled as in training, and labels or numbers to hit.
    scope : {"global", "layer"}
        Whether all sparse layers compete for the links, or each layer keeps its own count.
    batch : int
        Samples that the gradient is taken on; all, if there are fewer.

    Returns
    -------
    list of SparseStructure
        One for each entry of `links`.

    Raises
    ------
    InvalidInputError
        If data or options cannot be used, or no link is left to a layer.

    Notes
    -----
    :math:`s = |w \\, \\partial L / \\partial w|` [Lee2019], with weights :math:`N(0, 2 / n)`, no biases and ReLU; the
    loss is softmax cross-entropy for labels, half the mean squared error for numbers. The k largest stay, ties go to
    the earlier layer, then the earlier position by row. Links of score 0 (from inputs that are 0, or at neurons that
    no sample wakes) are never preferred: what is missing when the others run out is drawn uniformly.

    This is an exception to the rule that no dense matrix is made: the dense network, its gradient, once for each group
    of samples, and the scores are held in float64 before training begins.

    Differences from the original
    -----------------------------
    [Lee2019] divides the scores by their sum, which changes no order, and trains the weights that were scored; here
    the network draws other weights for the kept links, from the distribution that it was asked for. The read-out of
    [Lee2019] is pruned with the rest. Scope "layer" is what the published code of [Evci2020] does.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, labels = rng.standard_normal((50, 8)), rng.integers(0, 3, 50)
    >>> snip([8, 10, 10, 3], [20, 20], rng, data=(x, labels), scope="layer")
    [SparseStructure(8 x 10, 20 links, density 0.25), SparseStructure(10 x 10, 20 links, density 0.2)]
    """
    check_choice("scope", scope, SCOPES)
    if not links:
        return []
    shapes = list(pairwise(sizes))
    x, target = _batch(data, sizes[-1], check_integer("batch", batch), rng)
    pruned = sensitivities(sizes, x, target, rng)[: len(links)]
    if scope == "layer":
        keys = [_exactly(scores, count, rng) for scores, count in zip(pruned, links, strict=True)]
    else:
        ends = np.cumsum([scores.size for scores in pruned])
        kept = _exactly(np.concatenate(pruned), sum(links), rng)
        parts = np.split(kept, np.searchsorted(kept, ends[:-1]))
        keys = [part - (end - scores.size) for part, end, scores in zip(parts, ends, pruned, strict=True)]
    for part, shape in zip(keys, shapes, strict=False):
        if len(part) == 0:
            found = f"no link of SNIP in the layer {shape[0]} x {shape[1]}"
            raise invalid(found, "at least one", "raise the density, or use scope='layer'")
    return [SparseStructure.from_keys(part, shape) for part, shape in zip(keys, shapes, strict=False)]


def sensitivities(sizes: Sequence[int], x: Floats, target: Floats, rng: np.random.Generator) -> list[Floats]:
    """Score all links of a dense network with ReLU and weights N(0, 2 / n).

    Parameters
    ----------
    sizes : sequence of int
    x : float64 (batch, sizes[0])
    target : int64 (batch,) or float64 (batch, sizes[-1])
    rng : numpy.random.Generator
        Draws the weights, layer after layer.

    Returns
    -------
    list of float64 (n_in * n_out,)
        `sensitivity` of each link of each layer, in row-major order.
    """
    layers = [Dense(n, m, "kaiming", rng=rng, dtype=np.float64) for n, m in pairwise(sizes)]
    network = Network(Sequential(with_activations(layers, "relu", 0.0, None)))
    loss = SoftmaxCrossEntropy() if target.ndim == 1 else MeanSquaredError()
    network.gradient(Samples(x, np.arange(len(x)), target), loss)
    gradients = [network.store.gradient[entry.part] for entry in network.store.entries if entry.name == "weight"]
    return [sensitivity(layer.weight.ravel(), gradient) for layer, gradient in zip(layers, gradients, strict=True)]


def sensitivity(weight: Floats, gradient: Floats) -> Floats:
    """Return how much the loss changes, to first order, when a link is taken away: :math:`|w g|`."""
    return np.abs(weight * gradient)


def largest(scores: Floats, k: int) -> NDArray[np.int64]:
    """Return the positions of the k largest scores above 0, ascending, ties to the earlier; fewer if there are fewer.

    Examples
    --------
    >>> largest(sensitivity(np.array([1, -2, 0.5, 0.1]), np.array([0.1, 0.01, 0.4, 3])), 2)
    array([2, 3])
    """
    if k == 0:
        return np.zeros(0, np.int64)
    border = np.partition(scores, len(scores) - k)[len(scores) - k]
    take = scores > max(border, 0.0)
    if border > 0:
        ties = np.flatnonzero(scores == border)
        take[ties[: k - np.count_nonzero(take)]] = True
    return np.flatnonzero(take)


def _exactly(scores: Floats, k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    kept = largest(scores, k)
    return add_absent(kept, len(scores), k - len(kept), rng)


def _batch(
    data: tuple[ArrayLike, ArrayLike], n_out: int, batch: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    inputs: Any = data[0]
    inputs = inputs.tocsr() if issparse(inputs) else check_inputs(inputs)
    n_samples = inputs.shape[0]
    target = check_targets(data[1], n_samples, n_out)
    samples = sample_distinct(n_samples, min(batch, n_samples), rng)
    chosen = inputs[samples]
    x = check_inputs(chosen.toarray() if issparse(chosen) else chosen).astype(np.float64)
    if not (np.isfinite(x).all() and np.isfinite(target[samples]).all()):
        raise invalid("data with infinite or missing numbers", "finite numbers", "fill or drop the missing ones")
    return x, target[samples]


def check_targets(target: ArrayLike | None, n_samples: int, n_out: int) -> Floats:
    """Return labels as int64 (n_samples,) or numbers as float64 (n_samples, n_out).

    Raises
    ------
    InvalidInputError
        If the target is missing or of another shape, or a label is outside 0 … n_out - 1.
    """
    if target is None:
        raise invalid("no target", "labels (n_samples,) or numbers (n_samples, n_out)", "SNIP needs a gradient")
    array = np.asarray(target)
    if array.dtype.kind in "iu" and array.shape == (n_samples,):
        if array.min() < 0 or array.max() >= n_out:
            raise invalid(f"labels from {array.min()} to {array.max()}", f"labels in [0, {n_out}), the outputs")
        return array.astype(np.int64)
    if array.ndim == 1 and n_out == 1:
        array = array[:, None]
    if array.dtype.kind == "f" and array.shape == (n_samples, n_out):
        return array.astype(np.float64)
    wanted = f"integer labels ({n_samples},) or floating numbers ({n_samples}, {n_out})"
    raise invalid(f"a target of {array.dtype} {array.shape}", wanted)
