"""One update of the wiring, fast: the twins of `reference.evolution`.

All are serial: a whole update of 30,000 links takes less than a launch of threads is worth.
Each costs O(nnz + k) time and memory; nothing of size n_in * n_out is made.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]

_SAMPLED = 64  # of so many values one


def share(zeta: float, count: int) -> int:
    """Return floor(zeta * count); see `reference.evolution.share`."""
    return math.floor(zeta * count * (1 + 1e-12))


def remove_by_magnitude(weight: Array, k: int) -> Array:
    """Remove the k links nearest to zero; see `reference.evolution.remove_by_magnitude`."""
    if k == 0:
        return np.ones(len(weight), bool)
    magnitude = np.abs(weight)
    threshold = np.partition(magnitude, k - 1)[k - 1]
    keep = magnitude > threshold
    tied = np.flatnonzero(magnitude == threshold)
    surplus = len(weight) - int(np.count_nonzero(keep)) - k
    keep[tied[len(tied) - surplus :]] = True
    return keep


def remove_by_sign(weight: Array, zeta: float) -> Array:
    """Remove of each sign the share nearest to zero; see `reference.evolution.remove_by_sign`."""
    negative = int(np.count_nonzero(weight < 0))
    k_negative, k_positive = share(zeta, negative), share(zeta, len(weight) - negative)
    gone = np.zeros(len(weight), bool)
    # In ascending order the links to remove stand right before and after the first weight of 0 or more.
    ends = [negative - k_negative] * (k_negative > 0) + [negative + k_positive - 1] * (k_positive > 0)
    ordered = np.partition(weight, ends) if ends else weight
    if k_negative:
        last = ordered[ends[0]]
        _mark(gone, (weight < 0) & (weight > last), weight == last, k_negative)
    if k_positive:
        last = ordered[ends[-1]]
        _mark(gone, (weight >= 0) & (weight < last), weight == last, k_positive)
    return ~gone


def _mark(gone: Array, nearer: Array, tied: Array, k: int) -> None:
    """Mark k links: those nearer to zero than the last one, then the first of those that tie with it."""
    gone |= nearer
    gone[np.flatnonzero(tied)[: k - int(np.count_nonzero(nearer))]] = True


def importance(indptr: Array, indices: Array, weight: Array, n_out: int, alpha: float) -> Array:
    """Weigh each link against its neurons' other links; see `reference.evolution.importance`."""
    n_in, magnitude = len(indptr) - 1, np.abs(weight.astype(np.float64))
    rows = np.repeat(np.arange(n_in), np.diff(indptr))
    # bincount adds one by one in link order, as the loops of the reference do
    into = np.bincount(indices, magnitude, minlength=n_out)[indices]
    out_of = np.bincount(rows, magnitude, minlength=n_in)[rows]
    score, weighs = np.zeros(len(weight)), magnitude > 0
    score[weighs] = magnitude[weighs] / (alpha + (1 - alpha) * into[weighs])
    score[weighs] += magnitude[weighs] / (alpha + (1 - alpha) * out_of[weighs])
    return score


def sample_without_replacement(score: Array, exponent: float, exponentials: Array, count: int) -> Array:
    """Draw links in proportion to score ** exponent; see `reference.evolution.sample_without_replacement`."""
    return take_largest(exponent * np.log(score) - np.log(exponentials), count)


def take_largest(values: Array, k: int) -> Array:
    """Take the k largest values; see `reference.evolution.take_largest`."""
    if k == 0:
        return np.zeros(len(values), bool)
    threshold = _kth_largest(values, k)
    take = values > threshold
    missing = k - int(np.count_nonzero(take))
    take[np.flatnonzero(values == threshold)[:missing]] = True
    return take


def _kth_largest(values: Array, k: int) -> Any:
    # A sample tells below which value the k largest can hardly lie. It spares NumPy's selection most of its work, and
    # all the zeros, gradients of silent neurons, with which that takes ten times longer.
    sample = values[::_SAMPLED]
    rank = 2 * k // _SAMPLED + 16
    if rank < len(sample):
        likely = values[values > np.partition(sample, len(sample) - rank)[len(sample) - rank]]
        values = likely if len(likely) >= k else values
    return np.partition(values, len(values) - k)[len(values) - k]


def take_smallest_of_groups(values: Array, groups: Array, counts: Array) -> Array:
    """Take the smallest values of each group; see `reference.evolution.take_smallest_of_groups`.

    O(n log n): both sorts are stable, so that in each group values ascend, and equal ones stand in order.
    """
    order = np.argsort(values, kind="stable")
    names = groups[order].astype(np.min_scalar_type(len(counts)))  # NumPy sorts short integers in linear time
    order = order[np.argsort(names, kind="stable")]
    sizes = np.bincount(groups, minlength=len(counts))
    rank = np.arange(len(values)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    take = np.zeros(len(values), bool)
    take[order] = rank < np.repeat(counts, sizes)
    return take


@jit
def backward_sweep(indptr: Array, indices: Array, keep: Array, alive_out: Array) -> tuple[Array, Array]:
    """Drop links that lead to no output; see `reference.evolution.backward_sweep`."""
    kept = np.empty(len(indices), np.bool_)
    alive_in = np.zeros(len(indptr) - 1, np.bool_)
    for u in range(len(indptr) - 1):
        alive = False
        for link in range(indptr[u], indptr[u + 1]):
            kept[link] = keep[link] and alive_out[indices[link]]
            alive = alive or kept[link]
        alive_in[u] = alive
    return kept, alive_in


@jit
def forward_sweep(indptr: Array, indices: Array, keep: Array, alive_in: Array, n_out: int) -> tuple[Array, Array]:
    """Drop links that no input reaches; see `reference.evolution.forward_sweep`."""
    kept = np.zeros(len(indices), np.bool_)
    alive_out = np.zeros(n_out, np.bool_)
    for u in range(len(indptr) - 1):
        if not alive_in[u]:
            continue
        for link in range(indptr[u], indptr[u + 1]):
            if keep[link]:
                kept[link] = True
                alive_out[indices[link]] = True
    return kept, alive_out


@jit
def sample_absent(present: Array, population: int, ranks: Array) -> Array:
    """Find the absent positions of given ranks; see `reference.evolution.sample_absent`.

    An absent position is its rank plus the number of present positions before it; one pass over both lists.
    """
    found = np.empty(len(ranks), np.int64)
    before = 0
    for i in range(len(ranks)):
        while before < len(present) and present[before] <= ranks[i] + before:
            before += 1
        found[i] = ranks[i] + before
    return found


@jit
def insert_links(
    indptr: Array, indices: Array, keep: Array, new: Array, n_out: int
) -> tuple[Array, Array, Array, Array]:
    """Build the wiring of kept and new links; see `reference.evolution.insert_links`.

    One merge of two ascending lists, input by input.
    """
    n_in = len(indptr) - 1
    capacity = len(new)
    for link in range(len(keep)):
        capacity += keep[link]
    after = np.empty(n_in + 1, np.int64)
    columns = np.empty(capacity, np.int32)
    carry = np.empty(capacity, np.int64)
    regrown_from = np.full(len(new), -1)
    at, i = 0, 0
    for u in range(n_in):
        after[u] = at
        first = np.int64(u) * n_out
        for link in range(indptr[u], indptr[u + 1]):
            position = first + indices[link]
            while i < len(new) and new[i] < position:
                columns[at], carry[at] = new[i] - first, -1
                at, i = at + 1, i + 1
            if keep[link]:
                columns[at], carry[at] = indices[link], link
                at += 1
            elif i < len(new) and new[i] == position:
                regrown_from[i] = link
        while i < len(new) and new[i] < first + n_out:
            columns[at], carry[at] = new[i] - first, -1
            at, i = at + 1, i + 1
    after[n_in] = at
    return after, columns, carry, regrown_from


@jit
def add_positions(words: Array, bits: Array, positions: Array) -> tuple[Array, Array, int]:
    """Add positions to a set of words with 64 bits each; see `reference.evolution.add_positions`.

    One merge of two ascending lists.
    """
    numbers = np.empty(len(words) + len(positions), np.int64)
    sets = np.empty(len(numbers), np.uint64)
    at = old = added = 0
    i = 0
    while i < len(positions) or old < len(words):
        word = positions[i] >> 6 if i < len(positions) else words[old]
        known = np.uint64(0)
        if old < len(words) and words[old] <= word:
            word, known, old = words[old], bits[old], old + 1
        while i < len(positions) and positions[i] >> 6 == word:
            bit = np.uint64(1) << np.uint64(positions[i] & 63)
            added += known & bit == 0
            known |= bit
            i += 1
        numbers[at], sets[at] = word, known
        at += 1
    return numbers[:at].copy(), sets[:at].copy(), added
