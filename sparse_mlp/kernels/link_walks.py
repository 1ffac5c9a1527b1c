"""Rows of scores from walks u – b – a – v: what `link_scores` adds up where no dense matrix pays.

How many links of a node b lead back to neighbours of v does not depend on u. So the walks b – a – v of each output b
are listed once, with the factor of b, and a row of scores is a run through the lists of the neighbours of u.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels.link_factors import NODE_FACTORS
from sparse_mlp.kernels.link_layer import LinkLayer, even_ranges
from sparse_mlp.kernels.pool import run

Array = NDArray[Any]

STEPS_A_LINK = 128  # listed walks b – a – v for each link, 16 bytes each; where there are more, lists are made again


class Walks(NamedTuple):
    """What rows of scores are made from."""

    in_ptr: Array  # this and the next three: the links, unsigned, see `LinkLayer`
    in_idx: Array
    out_ptr: Array
    out_idx: Array
    in_table: Array  # float64 (links + 1,): factors of inputs and outputs, see `LinkLayer.tables`
    out_table: Array
    of_nodes: bool  # whether each node on a walk counts once, or each walk
    list_ptr: Array  # uint64 (n_out + 1,): where the list of each output begins; (0,) if lists are made for each row
    inner: Array  # uint32 (steps,): a and v of each listed walk
    outer: Array
    factor: Array  # float64 (steps,): that of b; 0 where a node counts once and v has been reached before
    longest: int  # length of a list that is made for a row


def list_walks(layer: LinkLayer, method: str) -> Walks:
    """Return what the rows of a layer are made from; O(steps) time, at most `STEPS_A_LINK` steps a link are kept."""
    steps = layer.steps
    total = int(steps.sum())
    common: Any = *layer.links, *layer.tables(method), method in NODE_FACTORS
    if total > STEPS_A_LINK * len(layer.links[1]):
        return Walks._make((*common, *_no_lists(), int(steps.max())))
    lists: Any = np.empty(total, np.uint32), np.empty(total, np.uint32), np.empty(total)
    walks = Walks._make((*common, np.concatenate(([0], np.cumsum(steps))).astype(np.uint64), *lists, 0))
    run([partial(_list_all, *outputs, walks) for outputs in even_ranges(steps)])
    return walks


def no_walks() -> Walks:
    """Return what stands for the walks where all rows are given."""
    links = np.zeros(1, np.uint64), np.zeros(0, np.uint32)
    return Walks._make((*links, *links, np.zeros(1), np.zeros(1), False, *_no_lists(), 0))


def _no_lists() -> tuple[Array, Array, Array, Array]:
    return np.empty(0, np.uint64), np.empty(0, np.uint32), np.empty(0, np.uint32), np.empty(0)


@jit
def new_scratch(walks: Walks) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
    """Return the working memory of `add_row`; one thread uses it."""
    n_in, n_out = len(walks.in_ptr) - 1, len(walks.out_ptr) - 1
    return (  # a slot more than there are neurons: an entry is written before it is known to be new
        np.zeros(n_in, np.uint32), np.zeros(n_in), np.zeros(n_in + 1, np.uint32), np.zeros(n_out, np.uint32),
        np.empty(walks.longest, np.uint32), np.empty(walks.longest, np.uint32), np.empty(walks.longest),
    )  # fmt: skip


@jit
def add_row(
    u: int, walks: Walks, scratch: tuple[Array, Array, Array, Array, Array, Array, Array], row: Array
) -> None:
    """Add the scores of all links from u to `row`, which comes as zeros; present links stay zero.

    Walks may come back to u on their way: they go on to neighbours of u, whose entries are present links.
    """
    common, left, near, count, inner, outer, factor = scratch
    n_near = np.uint32(0)
    for i in range(walks.in_ptr[u], walks.in_ptr[u + 1]):
        b = walks.in_idx[i]
        for j in range(walks.out_ptr[b], walks.out_ptr[b + 1]):
            a = walks.out_idx[j]
            near[n_near] = a
            n_near += np.uint32(common[a] == 0)
            common[a] += np.uint32(1)
    for i in range(n_near):
        a = near[i]
        left[a] = walks.in_table[walks.in_ptr[a] + common[a]]
        common[a] = np.uint32(0)
        if walks.of_nodes:
            for j in range(walks.in_ptr[a], walks.in_ptr[a + 1]):
                row[walks.in_idx[j]] += left[a]
    for i in range(walks.in_ptr[u], walks.in_ptr[u + 1]):
        b = walks.in_idx[i]
        if len(walks.list_ptr):
            first, last = walks.list_ptr[b], walks.list_ptr[b + 1]
            _add_list(first, last, walks.inner, walks.outer, walks.factor, left, walks.of_nodes, row)
        else:
            first = np.uint64(0)
            last = _list_steps(b, first, walks, count, inner, outer, factor)
            _add_list(first, last, inner, outer, factor, left, walks.of_nodes, row)
    for i in range(walks.in_ptr[u], walks.in_ptr[u + 1]):
        row[walks.in_idx[i]] = 0.0


@jit
def _add_list(
    first: Any, last: Any, inner: Array, outer: Array, factor: Array, left: Array, of_nodes: bool, row: Array
) -> None:
    if of_nodes:
        for i in range(first, last):
            row[outer[i]] += factor[i]
    else:
        for i in range(first, last):
            row[outer[i]] += left[inner[i]] * factor[i]


@jit
def _list_all(begin: int, end: int, walks: Walks) -> None:
    """Fill the lists of outputs `begin` to `end - 1`."""
    count = np.zeros(len(walks.out_ptr) - 1, np.uint32)
    for b in range(begin, end):
        _list_steps(b, walks.list_ptr[b], walks, count, walks.inner, walks.outer, walks.factor)


@jit
def _list_steps(
    b: Any, first: Any, walks: Walks, count: Array, inner: Array, outer: Array, factor: Array
) -> Any:
    """List the walks b – a – v from place `first` on; return where the list ends. `count` comes and goes as zeros."""
    last = first
    for i in range(walks.out_ptr[b], walks.out_ptr[b + 1]):
        a = walks.out_idx[i]
        for j in range(walks.in_ptr[a], walks.in_ptr[a + 1]):
            v = walks.in_idx[j]
            inner[last], outer[last] = a, v
            last += np.uint64(1)
            count[v] += np.uint32(1)
    for i in range(first, last):
        factor[i] = walks.out_table[walks.out_ptr[b] + count[outer[i]]]
    for i in range(first, last):
        if walks.of_nodes and count[outer[i]] == 0:
            factor[i] = 0.0
        count[outer[i]] = np.uint32(0)
    return last
