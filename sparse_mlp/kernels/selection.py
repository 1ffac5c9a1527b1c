"""The k best of a stream of candidates, in a buffer of fixed size: how `link_scores` chooses without a score matrix.

A candidate has a key, the higher the better, and a tie-breaker, the lower the better. Once the buffer holds k, its k-th
best is a bound below which nothing gets in any more, so that of N candidates in random order only some k log(N / k) do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]

_DIGITS, _LARGE = 12, 1e12
_POWERS = 10.0 ** np.arange(23)  # those that float64 holds exactly


@jit
def capacity(k: int) -> int:
    """Return how many candidates a buffer holds before it is compacted."""
    return 2 * k + 64


@jit
def rounded(score: float) -> float:
    """Round a positive score to 12 significant digits; see `reference.link_scores.rounded`."""
    exponent_of_two = (np.float64(score).view(np.int64) >> 52) - 1023
    exponent = int(np.floor(exponent_of_two * 0.3010299956639812))  # of ten, or one too small
    scale = _power(_DIGITS - 1 - exponent)
    if score * scale >= _LARGE:
        scale = _power(_DIGITS - 2 - exponent)
    return np.rint(score * scale) / scale


@jit
def round_all(scores: Array) -> None:
    """Round positive scores in place."""
    for i in range(len(scores)):
        scores[i] = rounded(scores[i])


@jit
def _power(exponent: int) -> float:
    return _POWERS[exponent] if 0 <= exponent < len(_POWERS) else 10.0**exponent


@jit
def offer_scores(
    row: Array, cols: Array, draws: Array, base: int, k: int, n: int, bound: Array,
    keys: Array, ties: Array, positions: Array,
) -> int:  # fmt: skip
    """Offer the positive scores of a row, ties by position or, where there are draws, by draw.

    Parameters
    ----------
    row, cols : float64 (m,), int64 (m,)
        Scores, and which output each is of.
    draws : float64 (n_out,) or (0,)
    base : int
        Position of the row's link to output 0.
    k, n : int
        How many are wanted, how many the buffer holds.
    bound : float64 (2,)
        Key and tie-breaker that a candidate has to beat; updated.
    keys, ties, positions : float64, float64, int64 (capacity(k),)
        The buffer; updated. Scores are rounded when it is compacted; `round_all` does the others.

    Returns
    -------
    int
        How many the buffer holds now.
    """
    by_draw = len(draws) > 0
    least, doubtful = bound[0] * (1 - 1e-11), bound[0] * (1 + 1e-11)  # rounding moves a score by less
    for v in range(len(row)):
        if row[v] <= least:
            continue
        tie = draws[cols[v]] if by_draw else float(base + cols[v])
        if row[v] < doubtful and _loses(row[v], tie, bound):
            continue
        n = _push(row[v], tie, base + cols[v], k, n, bound, keys, ties, positions, True)
        least, doubtful = bound[0] * (1 - 1e-11), bound[0] * (1 + 1e-11)
    return n


@jit
def _loses(score: float, tie: float, bound: Array) -> bool:
    """Tell whether a score, once rounded, does not beat the bound."""
    key = rounded(score)
    return key < bound[0] or (key == bound[0] and tie >= bound[1])


@jit
def offer_samples(
    row: Array, cols: Array, draws: Array, base: int, k: int, n: int, bound: Array,
    keys: Array, ties: Array, positions: Array,
) -> int:  # fmt: skip
    """Offer the links of a row by arrival, exponential with the score as its rate; arguments as in `offer_scores`.

    The key is the arrival -log(1 - draw) / score with a minus, so that the first comes out best.
    """
    for v in range(len(row)):
        if row[v] <= 0 or draws[cols[v]] > -bound[0] * row[v]:
            continue
        key = np.log1p(-draws[cols[v]]) / row[v]
        tie = float(base + cols[v])
        if key < bound[0] or (key == bound[0] and tie >= bound[1]):
            continue
        n = _push(key, tie, base + cols[v], k, n, bound, keys, ties, positions, False)
    return n


@jit
def compact(keys: Array, ties: Array, positions: Array, n: int, k: int) -> int:
    """Move the k best of the first n candidates to the front, in their order; return how many there are."""
    if n <= k or k == 0:
        return min(n, k)
    least = np.partition(keys[:n], n - k)[n - k]
    tied = ties[:n][keys[:n] == least]
    room = k - np.sum(keys[:n] > least)
    last = np.partition(tied, room - 1)[room - 1]
    equals = room - np.sum(tied < last)  # how many of those that tie in both are kept
    kept = 0
    for i in range(n):
        take = keys[i] > least or (keys[i] == least and ties[i] < last)
        if not take and keys[i] == least and ties[i] == last and equals > 0:
            take = True
            equals -= 1
        if take:
            keys[kept], ties[kept], positions[kept] = keys[i], ties[i], positions[i]
            kept += 1
    return kept


@jit
def _push(
    key: float, tie: float, position: int, k: int, n: int, bound: Array, keys: Array, ties: Array, positions: Array,
    are_scores: bool,
) -> int:  # fmt: skip
    keys[n], ties[n], positions[n] = key, tie, position
    n += 1
    if n < len(keys):
        return n
    if are_scores:
        round_all(keys)
    n = compact(keys, ties, positions, n, k)
    bound[0] = keys[:n].min()
    bound[1] = -1.0
    for i in range(n):
        if keys[i] == bound[0]:
            bound[1] = max(bound[1], ties[i])
    return n
