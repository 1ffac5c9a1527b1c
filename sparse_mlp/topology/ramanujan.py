"""The Ramanujan wiring: near-equal degrees, and a second singular value as small as it can be."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer
from sparse_mlp.kernels.dispatch import evolution_ops, generator_ops
from sparse_mlp.kernels.spectrum import ramanujan_bound, second_singular_value
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.degrees import fit_degrees

Integers = NDArray[np.int64]

_ROUNDS = 64  # of swaps; at half density one in four swaps succeeds, so no more than a small layer needs a new matching


def ramanujan(n_in: int, n_out: int, links: int, rng: np.random.Generator, *, attempts: int = 10) -> SparseStructure:
    """Draw near-regular wirings until the second singular value keeps the Ramanujan bound.

    Parameters
    ----------
    n_in, n_out, links, rng
        As every generator of layers takes them, see `topology.generate`.
    attempts : int
        How many wirings are drawn at most, 1 or more.

    Returns
    -------
    SparseStructure
        The first that keeps the bound; if none does, the one with the smallest second singular value. Compare
        `measures.second_singular_value` with `measures.ramanujan_bound` to see which.

    Notes
    -----
    The inputs have L / n_in links each, the outputs L / n_out, rounded up or down (who gets one more is drawn). A
    biregular graph is Ramanujan if its second singular value is at most
    :math:`\\sqrt{d_{in} - 1} + \\sqrt{d_{out} - 1}`; here the mean degrees are put in, whole or not. Random biregular
    graphs come as near to the bound as one likes when they grow [Brito2022]. Drawn with whole mean degrees, nearly all
    of them keep it, and so do most with mean degrees like 15.68 and 7.84. Smaller mean degrees that are not whole may
    stay above it at any number of attempts, because the degrees rounded up weigh more than those rounded down: at 7.5
    and 7.5 by 0.4 %, at 2.5 and 5 by 2 %, at 2.5 and 2.5 by 9 %.

    With a mean degree of 1 or less on a side, a wiring falls into stars, its largest singular values are equal and the
    bound does not hold or does not exist: the first wiring is returned unchecked.

    Each neuron has as many stubs as links; the stubs of both sides are matched at random, and links that occur twice
    swap partners with links drawn at random. Above half of all positions the absent links are drawn in this way
    instead. Because of the swaps not all near-regular wirings are equally likely: of the 90 of a layer 4 x 4 with two
    links each, the rarest comes 0.7 times as often as the mean. O(links log links) time and O(links) memory, and some
    hundred products with the wiring for the check.

    Differences from the original
    -----------------------------
    [Cerretti2025] names Ramanujan graphs as a baseline without a construction; this one is ours.

    Examples
    --------
    >>> wiring = ramanujan(6, 4, 12, np.random.default_rng(0))
    >>> wiring.degrees_in().tolist(), wiring.degrees_out().tolist()
    ([2, 2, 2, 2, 2, 2], [3, 3, 3, 3])
    """
    check_integer("attempts", attempts)
    bound = ramanujan_bound(n_in, n_out, links)
    best, smallest = _near_regular(n_in, n_out, links, rng), math.inf
    if links <= max(n_in, n_out):
        return best
    wiring = best
    for left in reversed(range(attempts)):
        value = second_singular_value(wiring.to_scipy())
        if value < smallest:
            best, smallest = wiring, value
        if value <= bound * (1 + 1e-7) or left == 0:
            break
        wiring = _near_regular(n_in, n_out, links, rng)
    return best


def _near_regular(n_in: int, n_out: int, links: int, rng: np.random.Generator) -> SparseStructure:
    """Draw a wiring in which the degrees of either side differ by at most one."""
    population = n_in * n_out
    if 2 * links > population:
        absent = _near_regular(n_in, n_out, population - links, rng).keys()
        keys = evolution_ops().sample_absent(absent, population, np.arange(links))
    elif n_in >= n_out:  # the side with the shorter lists does the searching
        neuron, partner = _matched(n_in, n_out, links, rng)
        keys = neuron * n_out + partner
    else:
        neuron, partner = _matched(n_out, n_in, links, rng)
        keys = partner * n_out + neuron
    return SparseStructure.from_keys(np.sort(keys), (n_in, n_out))


def _matched(count: int, n: int, links: int, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Match stubs and swap until no link occurs twice; return both ends of each link."""
    ops = generator_ops("ramanujan")
    degrees = fit_degrees(np.full(count, links / count), links, 0, n, rng)
    stubs = np.repeat(np.arange(n), fit_degrees(np.full(n, links / n), links, 0, count, rng))
    indptr = np.concatenate(([0], np.cumsum(degrees)))
    while True:
        partner = rng.permutation(stubs)
        for _ in range(_ROUNDS):
            doubled = ops.doubled_links(indptr, partner)
            if len(doubled) == 0:
                return np.repeat(np.arange(count), degrees), partner
            partner = ops.swap_apart(indptr, partner, doubled, rng.integers(0, links, len(doubled)))
