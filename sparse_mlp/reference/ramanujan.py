"""Reference implementation, as plain loops: find links that occur twice after matching stubs, and swap them away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def doubled_links(indptr: Integers, partners: Integers) -> Integers:
    """Find the links that repeat an earlier link of the same neuron: ascending positions in `partners`, int64.

    Links of neuron i are `partners[indptr[i]:indptr[i + 1]]`, in any order and with repetitions.
    """
    doubled = []
    for i in range(len(indptr) - 1):
        for link in range(indptr[i], indptr[i + 1]):
            if partners[link] in partners[indptr[i] : link]:
                doubled.append(link)
    return np.array(doubled, np.int64)


def swap_apart(indptr: Integers, partners: Integers, doubled: Integers, others: Integers) -> Integers:
    """Exchange the partners of doubled links with those of other links if no new double arises.

    Parameters
    ----------
    doubled : int64 (k,)
        What `doubled_links` found.
    others : int64 (k,)
        For each doubled link the position of a link to swap with, drawn uniformly by the caller.

    Returns
    -------
    int64 (links,)
        The partners after the swaps. The degrees of both sides are as before.

    Notes
    -----
    The links (a, x) and (b, y) become (a, y) and (b, x), one pair after the other, unless a is linked with y, b is
    linked with x, or (a, x) is no longer doubled because of an earlier swap.
    """
    after = partners.copy()
    neuron_of = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    for here, there in zip(doubled, others, strict=True):
        of_a = after[indptr[neuron_of[here]] : indptr[neuron_of[here] + 1]]
        of_b = after[indptr[neuron_of[there]] : indptr[neuron_of[there] + 1]]
        x, y = after[here], after[there]
        if np.count_nonzero(of_a == x) > 1 and y not in of_a and x not in of_b:
            after[here], after[there] = y, x
    return after
