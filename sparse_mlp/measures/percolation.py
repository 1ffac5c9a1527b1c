"""Percolation: which links of a network lie on a path from an input to an output."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.structure import SparseStructure

Mask = NDArray[np.bool_]


class Chain(NamedTuple):
    """Wirings that feed each other, and how they are fed.

    Attributes
    ----------
    structures : tuple of SparseStructure
        From the input of the chain to its output.
    name : str
        By which later chains name it among their sources.
    turned : tuple of bool
        Whether each structure is passed from its outputs to its inputs; () for none.
    sources : tuple of str
        Names of earlier chains whose outputs are added into this chain's input, as in a residual stream; () if all its
        inputs are alive.
    ends : bool
        Whether each output leads on by itself, because a dense layer or the output of the network reads it. Otherwise
        an output leads on only through later chains that name this one among their sources.
    alive : bool
        Whether all inputs are alive although there are sources: the stream begins at the network's input or behind a
        dense layer.
    """

    structures: tuple[SparseStructure, ...]
    name: str = "chain"
    turned: tuple[bool, ...] = ()
    sources: tuple[str, ...] = ()
    ends: bool = True
    alive: bool = False


def percolate(chains: Sequence[Chain], keep: Sequence[Mask] | None = None) -> list[Mask]:
    """Keep only links on a path from an input to an output of the network.

    Parameters
    ----------
    chains : sequence of Chain
        Each after its sources.
    keep : sequence of bool (nnz,), optional
        Links that are still there, for each structure of all chains in order; all of them by default. The masks stay
        as they are.

    Returns
    -------
    list of bool (nnz,)
        One for each structure.

    Raises
    ------
    InvalidInputError
        If a structure does not fit the next one, a source its reader, or a mask its structure.

    Notes
    -----
    Stage 2 of the update in the robustness paper [Sulyok2026], chain removal in CHT [Zhang2024]. One sweep from the
    last chain to the first drops the links into neurons that lead nowhere, another one from the first to the last the
    links out of neurons that nothing reaches. That is the fixed point: all links on the way to a link that leads on
    lead on as well, so the first sweep leaves every path on which the second one relies. Cost O(nnz).

    Examples
    --------
    >>> first = SparseStructure.from_coo([0, 0, 1], [0, 1, 2], (2, 3))
    >>> second = SparseStructure.from_coo([0, 2], [0, 1], (3, 2))
    >>> third = SparseStructure.from_coo([0], [0], (2, 1))
    >>> [mask.tolist() for mask in percolate([Chain((first, second, third))])]
    [[True, False, False], [True, False], [True]]

    What a block adds to a stream is alive where a later block reads it:

    >>> block = SparseStructure.from_coo([0, 1], [1, 0], (2, 2))
    >>> reader = SparseStructure.from_coo([0], [0], (2, 1))
    >>> blocks = [Chain((block,), "block", ends=False), Chain((reader,), sources=("block",))]
    >>> [mask.tolist() for mask in percolate(blocks)]
    [[False, True], [True]]
    """
    kept, _ = sweep(chains, keep)
    return kept


def sweep(chains: Sequence[Chain], keep: Sequence[Mask] | None = None) -> tuple[list[Mask], list[list[Mask]]]:
    """Percolate, and mark the neurons that are left.

    Parameters and errors are those of `percolate`.

    Returns
    -------
    keep : list of bool (nnz,)
        One for each structure.
    alive : list of list of bool arrays
        For each chain its columns of neurons, input first: those with a link that is kept.
    """
    steps = _steps(chains, keep)
    _check(chains, steps)
    leads_on: dict[str, Mask] = {}  # which inputs of each chain lead on to an output of the network
    for chain in reversed(chains):
        readers = [leads_on[later.name] for later in chains if chain.name in later.sources]
        alive = _union(readers, steps[chain.name][-1].n_out, chain.ends)
        for step in reversed(steps[chain.name]):
            alive = step.backward(alive)
        leads_on[chain.name] = alive
    reached: dict[str, list[Mask]] = {}  # columns of each chain
    for chain in chains:
        sources = [reached[name][-1] for name in chain.sources]
        columns = [leads_on[chain.name] & _union(sources, steps[chain.name][0].n_in, chain.alive or not sources)]
        for step in steps[chain.name]:
            columns.append(step.forward(columns[-1]))
        reached[chain.name] = columns
    return [step.keep for chain in chains for step in steps[chain.name]], list(reached.values())


def forms_chain(structures: Sequence[SparseStructure | _Step]) -> bool:
    """Tell whether each structure has as many outputs as the next one has inputs."""
    return all(here.n_out == following.n_in for here, following in pairwise(structures))


def check_chain(structures: Sequence[SparseStructure | _Step]) -> None:
    """Check that the layers feed each other."""
    if not forms_chain(structures):
        shapes = ", ".join(f"{s.n_in} x {s.n_out}" for s in structures)
        raise invalid(f"layers of shapes {shapes}", "a chain, each as wide as the inputs of the next")


class _Step:
    """One structure, passed from its inputs to its outputs or, turned, the other way; and the links that it keeps."""

    def __init__(self, structure: SparseStructure, keep: Mask, turned: bool) -> None:
        self.links, self.keep, self.turned = (structure.indptr, structure.indices), keep, turned
        self.columns, self.ops = structure.n_out, evolution_ops()
        self.n_in, self.n_out = structure.shape[::-1] if turned else structure.shape

    def backward(self, alive: Mask) -> Mask:
        """Drop links into neurons that lead nowhere; return which neurons in front of the links lead on."""
        return self._to_columns(alive) if self.turned else self._to_rows(alive)

    def forward(self, alive: Mask) -> Mask:
        """Drop links out of neurons that nothing reaches; return which neurons behind the links are reached."""
        return self._to_rows(alive) if self.turned else self._to_columns(alive)

    def _to_rows(self, alive: Mask) -> Mask:
        self.keep, rows = self.ops.backward_sweep(*self.links, self.keep, alive)
        return rows

    def _to_columns(self, alive: Mask) -> Mask:
        self.keep, columns = self.ops.forward_sweep(*self.links, self.keep, alive, self.columns)
        return columns


def _steps(chains: Sequence[Chain], keep: Sequence[Mask] | None) -> dict[str, list[_Step]]:
    structures = [structure for chain in chains for structure in chain.structures]
    masks = [np.ones(s.nnz, bool) for s in structures] if keep is None else [np.asarray(mask, bool) for mask in keep]
    found, wanted = [mask.shape for mask in masks], [(s.nnz,) for s in structures]
    if found != wanted:
        raise invalid(f"keep masks of shapes {found}", f"{wanted}, one entry for each link")
    left, steps = iter(masks), {}
    for chain in chains:
        turned = chain.turned or (False,) * len(chain.structures)
        steps[chain.name] = [
            _Step(structure, next(left), turn) for structure, turn in zip(chain.structures, turned, strict=True)
        ]
    return steps


def _check(chains: Sequence[Chain], steps: dict[str, list[_Step]]) -> None:
    widths: dict[str, int] = {}
    for chain in chains:
        passed = steps[chain.name]
        if chain.name in widths or not passed:
            raise invalid(f"chain {chain.name!r} twice or without layers", "names that differ, each of some layers")
        check_chain(passed)
        for source in chain.sources:
            if widths.get(source) != passed[0].n_in:
                found = f"{source!r} among the sources of {chain.name!r}"
                raise invalid(found, f"an earlier chain with {passed[0].n_in} outputs")
        widths[chain.name] = passed[-1].n_out


def _union(masks: Sequence[Mask], size: int, everything: bool) -> Mask:
    """Return where any of the masks is true, or everything."""
    return np.logical_or.reduce([np.full(size, everything), *masks])
