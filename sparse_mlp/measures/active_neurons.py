"""Active neurons: how much of a net still takes part, by two definitions.

All functions take the sparse layers from input to output, each feeding the next, and refuse an empty sequence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sparse_mlp.errors import invalid
from sparse_mlp.measures.percolation import Chain, Mask, sweep
from sparse_mlp.structure import SparseStructure


def active_by_links(structures: Sequence[SparseStructure]) -> list[Mask]:
    """Mark the neurons that have a link onwards; of the last column, those that have a link at all.

    Returns
    -------
    list of bool arrays
        One for each column of neurons, so one more than layers: (n_0,), (n_1,), …, (n_L,).
    """
    _check_layers(structures)
    return [*(np.diff(s.indptr) > 0 for s in structures), structures[-1].degrees_out() > 0]


def active_by_paths(structures: Sequence[SparseStructure]) -> list[Mask]:
    """Mark the neurons on a path from an input to an output, with arrays as from `active_by_links`.

    Raises
    ------
    InvalidInputError
        If one layer does not fit the next.

    Notes
    -----
    After percolation a neuron lies on a path exactly if it has a link: the two definitions agree on what is left.
    """
    _check_layers(structures)
    _, (alive,) = sweep([Chain(tuple(structures))])
    return alive


def anp_by_links(structures: Sequence[SparseStructure]) -> float:
    """Return the active neuron post-percolation rate as the released code counts it, in [0, 1].

    Notes
    -----
    (sum over the layers of inputs with a link + outputs of the last layer with a link) / (n_0 + n_1 + … + n_L), in
    the released code of [Zhang2024]. A hidden neuron counts by its links onwards alone, so one that nothing reaches
    counts as active. Regrowth follows percolation in an update, so a wiring between two updates has such neurons.

    Examples
    --------
    >>> first = SparseStructure.from_coo([0, 0, 1], [0, 1, 2], (2, 3))
    >>> second = SparseStructure.from_coo([0, 2], [0, 1], (3, 2))
    >>> anp_by_links([first, second])  # (2 + 2 + 2) of 2 + 3 + 2 neurons
    0.8571428571428571
    """
    return _rate(active_by_links(structures))


def anp_by_paths(structures: Sequence[SparseStructure]) -> float:
    """Return the active neuron post-percolation rate after a final percolation, in [0, 1].

    Notes
    -----
    Neurons on a path from an input to an output / all neurons, (n_0 + n_1 + … + n_L): the definition in the text of
    [Zhang2024], the share of neurons that are left. Never above `anp_by_links`.

    Examples
    --------
    >>> first = SparseStructure.from_coo([0], [0], (2, 3))
    >>> second = SparseStructure.from_coo([0, 2], [0, 1], (3, 2))
    >>> anp_by_paths([first, second])  # hidden neuron 2 and output 1 have a link, but no input reaches them
    0.42857142857142855
    """
    return _rate(active_by_paths(structures))


def _rate(active: Sequence[Mask]) -> float:
    return sum(int(np.count_nonzero(column)) for column in active) / sum(len(column) for column in active)


def _check_layers(structures: Sequence[SparseStructure]) -> None:
    if not structures:
        raise invalid("no layer", "at least one sparse layer")
