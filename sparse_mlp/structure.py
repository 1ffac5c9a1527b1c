"""SparseStructure: who is linked to whom in one layer, and nothing else.

A structure is immutable. Weights, gradients and momenta are separate 1-D arrays of length `nnz`
that run parallel to its links; when the wiring evolves, a new structure is made and
`positions_in` tells each value array where its survivors went.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import StructureError, describe
from sparse_mlp.structure_checks import check_indptr, check_range, check_sorted, checked_shape, integers

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class ByOutput(NamedTuple):
    """The same links, sorted by output neuron (CSC)."""

    indptr: NDArray[Any]  # int32 or int64 (n_out + 1,): links of output v are `indptr[v]:indptr[v + 1]`
    indices: NDArray[Any]  # int32 (nnz,): input neuron of each link
    order: NDArray[Any]  # int32 or int64 (nnz,): place of each link in CSR order; `weight[order]` is by output


class SparseStructure:
    """Hold the links of one bipartite layer: rows are inputs, columns are outputs.

    Parameters
    ----------
    shape : (int, int)
        (n_in, n_out), both at least 1.
    indptr : integer array (n_in + 1,)
        Links of input u are `indices[indptr[u]:indptr[u + 1]]`.
    indices : integer array (nnz,)
        Output neuron of each link, ascending within each input, without duplicates.

    Raises
    ------
    StructureError
        If an array is of another type, out of range, unsorted or has duplicates.

    Examples
    --------
    >>> s = SparseStructure.from_coo([0, 1, 1], [1, 0, 2], shape=(2, 3))
    >>> s
    SparseStructure(2 x 3, 3 links, density 0.5)
    >>> s.to_scipy().toarray().astype(int)
    array([[0, 1, 0],
           [1, 0, 1]])
    """

    __slots__ = ("__dict__", "indices", "indptr", "shape")

    shape: tuple[int, int]
    indptr: NDArray[Any]
    indices: NDArray[Any]

    def __init__(self, shape: tuple[int, int], indptr: ArrayLike, indices: ArrayLike) -> None:
        n_in, n_out = checked_shape(shape)
        pointers, columns = integers("indptr", indptr), integers("indices", indices)
        check_indptr(pointers, n_in, len(columns))
        check_range("indices", columns, n_out, "an output neuron")
        check_sorted(pointers, columns)
        self._take((n_in, n_out), np.array(pointers, _pointer_type(columns)), np.array(columns, np.int32))

    def _take(self, shape: tuple[int, int], indptr: NDArray[Any], indices: NDArray[Any]) -> None:
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "indptr", _frozen(indptr, _pointer_type(indices)))
        object.__setattr__(self, "indices", _frozen(indices, np.int32))

    def __setattr__(self, name: str, value: Any) -> None:
        raise StructureError(f"assignment to {name!r} found; a structure is immutable; build a new one")

    @classmethod
    def unchecked(cls, shape: tuple[int, int], indptr: NDArray[Any], indices: NDArray[Any]) -> SparseStructure:
        """Build a structure from arrays that a kernel has just made: without checks, and without copies.

        The arrays are taken over and made read-only. For arrays that anybody else may have made, call the class.
        """
        structure = cls.__new__(cls)
        structure._take(shape, indptr, indices)
        return structure

    @classmethod
    def from_coo(cls, rows: ArrayLike, cols: ArrayLike, shape: tuple[int, int]) -> SparseStructure:
        """Build a structure from the input and output neuron of each link, integers (nnz,), in any order.

        Raises
        ------
        StructureError
            If lengths differ, a neuron is out of range or a link occurs twice.
        """
        n_in, n_out = checked_shape(shape)
        u, v = integers("rows", rows), integers("cols", cols)
        if len(u) != len(v):
            raise StructureError(describe(f"{len(u)} rows and {len(v)} cols", "equal lengths"))
        check_range("rows", u, n_in, "an input neuron")
        check_range("cols", v, n_out, "an output neuron")
        return cls.from_keys(np.sort(_flat(u, v, n_out)), (n_in, n_out))

    @classmethod
    def from_keys(cls, keys: ArrayLike, shape: tuple[int, int]) -> SparseStructure:
        """Build a structure from ascending row-major positions `u * n_out + v` (int64, as `keys` returns them)."""
        n_in, n_out = checked_shape(shape)
        flat = integers("keys", keys).astype(np.int64)
        if np.any(np.diff(flat) <= 0):
            at = int(np.flatnonzero(np.diff(flat) <= 0)[0])
            kind = "duplicate" if flat[at] == flat[at + 1] else "unsorted"
            raise StructureError(describe(f"{kind} link {_pair(flat[at + 1], n_out)}", "ascending, each link once"))
        check_range("keys", flat, n_in * n_out, "a row-major position")
        rows, cols = np.divmod(flat, n_out)
        indptr = np.zeros(n_in + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=n_in), out=indptr[1:])
        return cls((n_in, n_out), indptr, cols)

    @classmethod
    def from_scipy(cls, matrix: Any) -> SparseStructure:
        """Build a structure from the stored entries of any SciPy sparse array (n_in, n_out).

        A stored zero is a link like any other; call `eliminate_zeros()` first where it should be none.

        Raises
        ------
        StructureError
            If the array does not have two dimensions.
        """
        if matrix.ndim != 2:
            raise StructureError(describe(f"a sparse array of shape {matrix.shape}", "a two-dimensional one"))
        coo = matrix.tocoo()
        return cls.from_coo(coo.coords[0], coo.coords[1], matrix.shape)

    @classmethod
    def complete(cls, shape: tuple[int, int]) -> SparseStructure:
        """Build the wiring in which every possible link is present."""
        n_in, n_out = checked_shape(shape)
        return cls((n_in, n_out), np.arange(n_in + 1) * n_out, np.tile(np.arange(n_out), n_in))

    @property
    def n_in(self) -> int:
        """Number of input neurons."""
        return self.shape[0]

    @property
    def n_out(self) -> int:
        """Number of output neurons."""
        return self.shape[1]

    @property
    def nnz(self) -> int:
        """Number of links."""
        return len(self.indices)

    @property
    def density(self) -> float:
        """Fraction of the possible links that is present."""
        return self.nnz / (self.n_in * self.n_out)

    @property
    def sparsity(self) -> float:
        """Fraction of the possible links that is absent."""
        return 1.0 - self.density

    @cached_property
    def by_output(self) -> ByOutput:
        """The links sorted by output neuron, with the permutation from CSR order."""
        from scipy.sparse import csr_array

        positions = np.arange(self.nnz, dtype=self.indptr.dtype)
        csc = csr_array((positions, self.indices, self.indptr), shape=self.shape).tocsc()
        return ByOutput(*(_frozen(a, a.dtype) for a in (csc.indptr, csc.indices, csc.data)))

    def to_scipy(self) -> csr_array:
        """Return the adjacency matrix as a boolean `scipy.sparse.csr_array` (n_in, n_out)."""
        from scipy.sparse import csr_array

        return csr_array((np.ones(self.nnz, bool), self.indices.copy(), self.indptr.copy()), shape=self.shape)

    def rows(self) -> NDArray[np.int32]:
        """Return the input neuron of each link, int32 (nnz,)."""
        return np.repeat(np.arange(self.n_in, dtype=np.int32), np.diff(self.indptr))

    def keys(self) -> NDArray[np.int64]:
        """Return the ascending row-major position `u * n_out + v` of each link, int64 (nnz,)."""
        starts = np.arange(0, self.n_in * self.n_out, self.n_out, dtype=np.int64)
        keys = np.repeat(starts, np.diff(self.indptr))
        keys += self.indices
        return keys

    def degrees_in(self) -> NDArray[np.int64]:
        """Return the number of links of each input neuron, int64 (n_in,)."""
        return np.diff(self.indptr).astype(np.int64)

    def degrees_out(self) -> NDArray[np.int64]:
        """Return the number of links of each output neuron, int64 (n_out,)."""
        return np.bincount(self.indices, minlength=self.n_out)

    def contains(self, rows: ArrayLike, cols: ArrayLike) -> NDArray[np.bool_]:
        """Tell for each pair (u, v) of rows and cols, integers (k,), whether the link is present; bool (k,)."""
        u, v = integers("rows", rows), integers("cols", cols)
        check_range("rows", u, self.n_in, "an input neuron")
        check_range("cols", v, self.n_out, "an output neuron")
        return _find(self.keys(), _flat(u, v, self.n_out)) >= 0

    def positions_in(self, other: SparseStructure) -> NDArray[np.int64]:
        """Return where each link of this structure stands in `other`, -1 where it does not.

        This is the `carry` of a topology update: `new_value = old_value[carry]` for survivors.
        """
        self._check_same_shape(other)
        return _find(other.keys(), self.keys())

    def select(self, keep: ArrayLike) -> SparseStructure:
        """Return the structure of the links where the boolean array `keep` (nnz,) is true."""
        mask = np.asarray(keep)
        if mask.dtype != bool or mask.shape != (self.nnz,):
            raise StructureError(describe(f"keep of {mask.dtype} {mask.shape}", f"bool ({self.nnz},)"))
        counts = np.concatenate(([0], np.cumsum(mask)))
        return SparseStructure.unchecked(self.shape, counts[self.indptr], self.indices[mask])

    def union(self, other: SparseStructure) -> SparseStructure:
        """Return the links that are in this structure, in `other`, or in both."""
        self._check_same_shape(other)
        return SparseStructure.from_keys(np.union1d(self.keys(), other.keys()), self.shape)

    def difference(self, other: SparseStructure) -> SparseStructure:
        """Return the links of this structure that `other` does not have."""
        return self.select(self.positions_in(other) < 0)

    def fingerprint(self) -> str:
        """Return a SHA-256 of shape and links, in hexadecimal, equal exactly for equal structures."""
        digest = hashlib.sha256(repr(self.shape).encode())
        digest.update(self.indptr.astype("<i8").tobytes())
        digest.update(self.indices.astype("<i8").tobytes())
        return digest.hexdigest()

    def _check_same_shape(self, other: SparseStructure) -> None:
        if self.shape != other.shape:
            raise StructureError(describe(f"structures of shape {self.shape} and {other.shape}", "equal shapes"))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SparseStructure):
            return NotImplemented
        same = self.shape == other.shape and np.array_equal(self.indptr, other.indptr)
        return same and np.array_equal(self.indices, other.indices)

    def __hash__(self) -> int:
        return hash(self.fingerprint())

    def __deepcopy__(self, memo: dict[int, Any]) -> SparseStructure:
        return self  # immutable

    def __reduce__(self) -> tuple[Any, ...]:
        return SparseStructure, (self.shape, self.indptr, self.indices)

    def __repr__(self) -> str:
        return f"SparseStructure({self.n_in} x {self.n_out}, {self.nnz} links, density {self.density:.4g})"


def _frozen(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    frozen = np.ascontiguousarray(array, dtype)
    frozen.setflags(write=False)
    return frozen


def _pointer_type(columns: NDArray[Any]) -> type[np.signedinteger[Any]]:
    return np.int64 if len(columns) >= 2**31 else np.int32


def _find(sorted_keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(sorted_keys) == 0:
        return np.full(len(wanted), -1, np.int64)
    at = np.searchsorted(sorted_keys, wanted)
    at[at == len(sorted_keys)] = 0
    return np.where(sorted_keys[at] == wanted, at, -1)


def _flat(rows: NDArray[Any], cols: NDArray[Any], n_out: int) -> NDArray[np.int64]:
    # Both in int64 first: NumPy adds int64 and uint64 to float64, and 32 bits overflow.
    return rows.astype(np.int64) * n_out + cols.astype(np.int64)


def _pair(key: int, n_out: int) -> str:
    return f"({key // n_out}, {key % n_out})"
