"""In-time over-parameterisation: which fraction of all positions was a link at some time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.structure import SparseStructure


class EverActive:
    """Remember the positions of a layer that ever held a link.

    Parameters
    ----------
    structure : SparseStructure
        The wiring at the start.

    Attributes
    ----------
    shape : (int, int)
        (n_in, n_out).
    count : int
        Positions that ever held a link.

    Notes
    -----
    The rate is R_s of [Liu2021], ever active positions / n_in n_out. Positions are kept as an ascending list of those
    64-position words that hold one, with one bit for each position: at most 16 bytes for each ever active position,
    and never more than a quarter byte for each possible one. Adding k positions costs O(k + words).

    Examples
    --------
    >>> tried = EverActive(SparseStructure.from_coo([0, 1], [1, 2], (2, 3)))
    >>> tried.add([0, 1])
    >>> tried.positions(), tried.rate
    (array([0, 1, 5]), 0.5)
    """

    def __init__(self, structure: SparseStructure) -> None:
        self.shape, self.count = structure.shape, 0
        self._words, self._bits = np.empty(0, np.int64), np.empty(0, np.uint64)
        self.add(structure.keys())

    @property
    def size(self) -> int:
        """Number of possible positions, n_in n_out."""
        return self.shape[0] * self.shape[1]

    @property
    def rate(self) -> float:
        """Fraction of the possible positions that ever held a link."""
        return self.count / self.size

    def add(self, positions: ArrayLike) -> None:
        """Add positions that hold a link now; those already known may be among them.

        Parameters
        ----------
        positions : int64 (k,)
            Row-major positions `u * n_out + v`, ascending and distinct.

        Raises
        ------
        InvalidInputError
            If they are out of order or out of range.
        """
        keys = np.asarray(positions, np.int64)
        if len(keys) == 0:
            return
        if np.any(keys[1:] <= keys[:-1]) or keys[0] < 0 or keys[-1] >= self.size:
            raise invalid("positions out of order or out of range", f"ascending, distinct ones in [0, {self.size})")
        self._words, self._bits, added = evolution_ops().add_positions(self._words, self._bits, keys)
        self.count += int(added)

    def positions(self) -> NDArray[np.int64]:
        """Return the positions that ever held a link, ascending, int64 (count,)."""
        bits = np.unpackbits(self._bits.astype("<u8").view(np.uint8), bitorder="little").reshape(-1, 64)
        word, bit = np.nonzero(bits)
        return (self._words[word] << 6) + bit

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that is known as arrays, for a checkpoint: `shape`, `words` and `bits`."""
        return {"shape": np.array(self.shape, np.int64), "words": self._words.copy(), "bits": self._bits.copy()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> EverActive:
        """Rebuild from what `to_arrays` gave."""
        missing = {"shape", "words", "bits"} - set(arrays)
        if missing:
            raise invalid(f"saved positions without {', '.join(sorted(missing))}", "shape, words and bits")
        n_in, n_out = (int(n) for n in arrays["shape"])
        tried = cls(SparseStructure.from_keys([], (n_in, n_out)))
        tried._words, tried._bits = np.array(arrays["words"], np.int64), np.array(arrays["bits"], np.uint64)
        tried.count = int(np.bitwise_count(tried._bits).sum())
        return tried
