"""Wirings in which neighbouring rows are one: the channels of a convolution, whose rows are taps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.structure import SparseStructure


def group_rows(structure: SparseStructure, size: int) -> tuple[SparseStructure, NDArray[np.int64]]:
    """Return the wiring of groups of neighbouring rows with columns, linked where any of their links is.

    Parameters
    ----------
    structure : SparseStructure
    size : int
        Rows of a group; divides `structure.n_in`. For a convolution of k x k taps k * k, so that groups are channels.

    Returns
    -------
    grouped : SparseStructure
        Of shape (n_in / size, n_out).
    place : int64 (structure.nnz,)
        Where the link between its group and its column stands there, for each link.

    Raises
    ------
    InvalidInputError
        If the size does not divide the rows.

    Examples
    --------
    >>> taps = SparseStructure.from_coo([0, 1, 3], [1, 1, 0], (4, 2))
    >>> channels, place = group_rows(taps, 2)
    >>> channels.to_scipy().toarray().astype(int), place
    (array([[0, 1],
           [1, 0]]), array([0, 0, 1]))
    """
    if structure.n_in % check_integer("size", size):
        raise invalid(f"groups of {size} of {structure.n_in} rows", "a size that divides them")
    if size == 1:
        return structure, np.arange(structure.nnz)
    pairs = structure.rows().astype(np.int64) // size * structure.n_out + structure.indices
    keys, place = np.unique(pairs, return_inverse=True)
    return SparseStructure.from_keys(keys, (structure.n_in // size, structure.n_out)), place
