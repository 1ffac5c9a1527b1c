"""Reference implementation of one update of the wiring, as plain loops: remove, percolate, find room, insert.

A link's position is its place in row-major order, so positions decide ties. `keep` masks run parallel to the links.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Mask = NDArray[np.bool_]


def share(zeta: float, count: int) -> int:
    """Return floor(zeta * count), where 0.29 * 100 counts as 29 although its float is just below."""
    return math.floor(zeta * count * (1 + 1e-12))


def remove_by_magnitude(weight: Array, k: int) -> Mask:
    """Remove the k links whose weights, float (nnz,), are nearest to zero; of equal ones the lower position goes first.

    The result is the keep mask, bool (nnz,), with exactly k entries false.
    """
    by_magnitude = sorted(range(len(weight)), key=lambda position: (abs(float(weight[position])), position))
    keep = np.ones(len(weight), bool)
    for position in by_magnitude[:k]:
        keep[position] = False
    return keep


def remove_by_sign(weight: Array, zeta: float) -> Mask:
    """Remove of each sign the share zeta whose weights, float (nnz,), are nearest to zero.

    These are the smallest positive and the largest negative weights of SET [Mocanu2018], floor(zeta * count) of each
    sign; zeros count as positive weights. The result is the keep mask, bool (nnz,).
    """
    keep = np.ones(len(weight), bool)
    negative = [position for position in range(len(weight)) if weight[position] < 0]
    positive = [position for position in range(len(weight)) if not weight[position] < 0]
    for positions in (negative, positive):
        kept = remove_by_magnitude(weight[positions], share(zeta, len(positions)))
        for i, position in enumerate(positions):
            keep[position] = kept[i]
    return keep


def importance(indptr: Array, indices: Array, weight: Array, n_out: int, alpha: float) -> Array:
    """Weigh each link against the other links of its two neurons.

    Parameters
    ----------
    indptr, indices : integer (n_in + 1,), (nnz,)
        The wiring, by input.
    weight : float (nnz,)
        Finite.
    alpha : float
        In [0, 1]: 0 compares a weight with the sums, 1 leaves the sums out.

    Returns
    -------
    float64 (nnz,)
        0 for a weight of zero. Sums run over the links in order, so that every backend rounds alike.

    Notes
    -----
    :math:`|w_{uv}| / (\\alpha + (1 - \\alpha) \\sum_{u'} |w_{u'v}|) + |w_{uv}| / (\\alpha + (1 - \\alpha) \\sum_{v'}
    |w_{uv'}|)`: with alpha = 0 the relative importance of [Zhang2025], with alpha = 1 twice the magnitude.
    """
    out_of, into = [0.0] * (len(indptr) - 1), [0.0] * n_out
    for u in range(len(indptr) - 1):
        for link in range(indptr[u], indptr[u + 1]):
            out_of[u] += abs(float(weight[link]))
            into[indices[link]] += abs(float(weight[link]))
    score = np.zeros(len(indices))
    for u in range(len(indptr) - 1):
        for link in range(indptr[u], indptr[u + 1]):
            magnitude = abs(float(weight[link]))
            if magnitude > 0:
                among_inputs = magnitude / (alpha + (1 - alpha) * into[indices[link]])
                among_outputs = magnitude / (alpha + (1 - alpha) * out_of[u])
                score[link] = among_inputs + among_outputs
    return score


def sample_without_replacement(score: Array, exponent: float, exponentials: Array, count: int) -> Mask:
    """Draw links one after the other without replacement, each time in proportion to score ** exponent.

    Parameters
    ----------
    score : float64 (nnz,)
        Above 0.
    exponentials : float64 (nnz,)
        Standard exponential numbers, above 0; drawn by the caller.
    count : int
        How many to draw, 0 to nnz.

    Returns
    -------
    bool (nnz,)
        With exactly `count` entries true. Of equal arrival times the lower position is drawn.

    Notes
    -----
    Each link arrives at the time exponential / score ** exponent, and the first `count` to arrive are drawn: the first
    of several exponential clocks is each of them with probability proportional to its rate, and so on among the others.
    Times are compared as logarithms, which neither overflow nor vanish.
    """
    time = [float(np.log(exponentials[i]) - exponent * np.log(score[i])) for i in range(len(score))]
    drawn = np.zeros(len(score), bool)
    for position in sorted(range(len(score)), key=lambda position: (time[position], position))[:count]:
        drawn[position] = True
    return drawn


def take_largest(values: Array, k: int) -> Mask:
    """Take the k largest of the values (n,), of equal ones the lower position first: bool (n,), exactly k true."""
    take = np.zeros(len(values), bool)
    for position in sorted(range(len(values)), key=lambda position: (-float(values[position]), position))[:k]:
        take[position] = True
    return take


def take_smallest_of_groups(values: Array, groups: Array, counts: Array) -> Mask:
    """Take in each group the smallest values, of equal ones the lower position first.

    Parameters
    ----------
    values : float (n,)
    groups : integer (n,)
        Which group each value belongs to, below len(counts).
    counts : int64 (groups,)
        How many to take of each; all, if there are fewer.

    Returns
    -------
    bool (n,)
    """
    take = np.zeros(len(values), bool)
    for group, count in enumerate(counts):
        members = [position for position in range(len(values)) if groups[position] == group]
        for position in sorted(members, key=lambda position: (float(values[position]), position))[:count]:
            take[position] = True
    return take


def backward_sweep(indptr: Array, indices: Array, keep: Mask, alive_out: Mask) -> tuple[Mask, Mask]:
    """Drop the links that lead to a neuron from which no output is reached.

    Parameters
    ----------
    indptr, indices : integer (n_in + 1,), (nnz,)
        The wiring, by input.
    keep : bool (nnz,)
        Links still there.
    alive_out : bool (n_out,)
        Output neurons of this layer that lead on to an output of the network.

    Returns
    -------
    keep : bool (nnz,)
    alive_in : bool (n_in,)
        Input neurons of this layer that still have a link.
    """
    kept, alive_in = np.zeros(len(indices), bool), np.zeros(len(indptr) - 1, bool)
    for u in range(len(indptr) - 1):
        for link in range(indptr[u], indptr[u + 1]):
            if keep[link] and alive_out[indices[link]]:
                kept[link] = alive_in[u] = True
    return kept, alive_in


def forward_sweep(indptr: Array, indices: Array, keep: Mask, alive_in: Mask, n_out: int) -> tuple[Mask, Mask]:
    """Drop the links that start at a neuron that no input of the network reaches: the mirror of `backward_sweep`.

    `alive_in`, bool (n_in,), marks the input neurons that are reached; the second result, bool (n_out,), the output
    neurons that still have a link.
    """
    kept, alive_out = np.zeros(len(indices), bool), np.zeros(n_out, bool)
    for u in range(len(indptr) - 1):
        for link in range(indptr[u], indptr[u + 1]):
            if keep[link] and alive_in[u]:
                kept[link] = alive_out[indices[link]] = True
    return kept, alive_out


def sample_absent(present: NDArray[np.int64], population: int, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the absent positions of given ranks.

    Parameters
    ----------
    present : int64 (nnz,)
        Ascending positions that are taken, of `population` = n_in * n_out.
    ranks : int64 (k,)
        Ascending and distinct, each in [0, population - nnz); drawn by the caller.

    Returns
    -------
    int64 (k,)
        Ascending; entry i is the absent position that has `ranks[i]` absent positions before it.
    """
    taken, wanted = set(present.tolist()), set(ranks.tolist())
    found, rank = [], 0
    for position in range(population):
        if position in taken:
            continue
        if rank in wanted:
            found.append(position)
        rank += 1
    return np.array(found, np.int64)


def insert_links(
    indptr: Array, indices: Array, keep: Mask, new: NDArray[np.int64], n_out: int
) -> tuple[Array, Array, NDArray[np.int64], NDArray[np.int64]]:
    """Build the wiring of the kept links and the new ones.

    Parameters
    ----------
    indptr, indices, keep
        The wiring before, and which of its links stay.
    new : int64 (k,)
        Ascending positions `u * n_out + v` of new links, none of them kept.

    Returns
    -------
    indptr : int64 (n_in + 1,)
    indices : int32 (nnz_after,)
    carry : int64 (nnz_after,)
        Where each link stood before, -1 for a new one.
    regrown_from : int64 (k,)
        For each new link where one that is not kept stood at its position, -1 if none did.
    """
    links, lost = {int(position): -1 for position in new}, dict[int, int]()
    for u in range(len(indptr) - 1):
        for link in range(indptr[u], indptr[u + 1]):
            (links if keep[link] else lost)[u * n_out + int(indices[link])] = link
    after = sorted(links)
    counts = [0] * len(indptr)
    for position in after:
        counts[position // n_out + 1] += 1
    columns = np.array([position % n_out for position in after], np.int32)
    carry = np.array([links[position] for position in after], np.int64)
    regrown_from = np.array([lost.get(int(position), -1) for position in new], np.int64)
    return np.cumsum(counts).astype(np.int64), columns, carry, regrown_from


def add_positions(words: Array, bits: Array, positions: NDArray[np.int64]) -> tuple[Array, Array, int]:
    """Add positions to a set that is kept as words of 64 neighbouring positions, one bit each.

    Parameters
    ----------
    words : int64 (w,)
        Ascending numbers of the words that hold a position: position // 64.
    bits : uint64 (w,)
        Bit position % 64 of a word is set where the position is in the set.
    positions : int64 (k,)
        Ascending and distinct.

    Returns
    -------
    words : int64 (w',)
    bits : uint64 (w',)
    added : int
        How many of the positions were not in the set.
    """
    known = {int(word): int(bit) for word, bit in zip(words, bits, strict=True)}
    added = 0
    for position in positions.tolist():
        word, bit = position // 64, 1 << position % 64
        added += not known.get(word, 0) & bit
        known[word] = known.get(word, 0) | bit
    after = sorted(known)
    return np.array(after, np.int64), np.array([known[word] for word in after], np.uint64), added
