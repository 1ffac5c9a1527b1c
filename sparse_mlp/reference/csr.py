"""Rows of a sparse data set as a batch: how samples that are stored by their non-zero entries come into tiles."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


def pack_csr(data: Array, indices: Array, indptr: Array, rows: Array, out: Array) -> Array:
    """Write samples in compressed sparse rows into tiles.

    Parameters
    ----------
    data : float (nnz,)
    indices : integer (nnz,)
        Feature of each entry, in [0, n_in).
    indptr : integer (n_samples + 1,)
        Sample s has the entries `indptr[s]` to `indptr[s + 1] - 1`; those of the same feature are added up.
    rows : int64 (count,)
        Which samples, in the order of the lanes; in range.
    out : float (n_tiles, n_in, lanes)
        Of the type of the data, with room for all samples.

    Returns
    -------
    float (n_tiles, n_in, lanes)
        `out`; sample n is lane `n % lanes` of tile `n // lanes`, and all else is 0.
    """
    lanes = out.shape[2]
    out[...] = 0
    for n, s in enumerate(rows):
        for k in range(indptr[s], indptr[s + 1]):
            out[n // lanes, indices[k], n % lanes] += data[k]
    return out
