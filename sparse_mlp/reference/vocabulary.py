"""Reference implementation of the generator of a Transformer and its loss, as plain loops in float64.

Arrays are token-major here, (tokens, features), as all rungs have them: a vocabulary is much larger than anything else.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def scores(h: Array, weight: Array, bias: Array) -> Array:
    """Return how well each word fits behind each token, float64 (tokens, words): h (tokens, d), weight (words, d)."""
    z = np.zeros((len(h), len(weight)))
    for t in range(len(h)):
        for w in range(len(weight)):
            z[t, w] = bias[w] + sum(h[t, f] * weight[w, f] for f in range(h.shape[1]))
    return z


def loss_and_gradients(
    h: Array, weight: Array, bias: Array, target: Array, label_smoothing: float, total: float
) -> tuple[float, Array, Array, Array]:  # fmt: skip
    """Compare the scores of all words with the words that came next.

    Parameters
    ----------
    h : float (tokens, d)
    weight : float (words, d)
    bias : float (words,)
    target : int (tokens,)
    label_smoothing : float
        Fraction of the target that is spread evenly over all words.
    total : float
        Tokens of the whole batch, over which the mean is taken.

    Returns
    -------
    loss : float
        The part of these tokens in the mean loss.
    dh : float64 (tokens, d)
    dweight : float64 (words, d)
    dbias : float64 (words,)

    Notes
    -----
    With p the softmax of the scores, V words and N = total,
    :math:`L = \\frac1N \\sum_t [-(1 - \\epsilon) \\log p_y - \\frac\\epsilon V \\sum_w \\log p_w]` and
    :math:`dz = (p - \\epsilon / V - (1 - \\epsilon) [w = y]) / N`.
    """
    z, (n_words, d) = scores(h, weight, bias), weight.shape
    loss, dh, dweight, dbias = 0.0, np.zeros(h.shape), np.zeros(weight.shape), np.zeros(n_words)
    for t in range(len(h)):
        largest = max(z[t])
        powers = [math.exp(z[t, w] - largest) for w in range(n_words)]
        log_sum = largest + math.log(sum(powers))
        for w in range(n_words):
            right = label_smoothing / n_words + (1 - label_smoothing) * (w == target[t])
            loss -= right * (z[t, w] - log_sum) / total
            dz = (powers[w] / sum(powers) - right) / total
            dbias[w] += dz
            for f in range(d):
                dh[t, f] += dz * weight[w, f]
                dweight[w, f] += dz * h[t, f]
    return loss, dh, dweight, dbias
