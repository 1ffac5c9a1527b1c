"""Word embeddings: words become vectors, with what tells their places in the sentence apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.kernels.dispatch import choose_backend, embedding_ops
from sparse_mlp.kernels.tiles import WIDE, aligned_empty
from sparse_mlp.layers._checks import check_batch, check_dtype, check_numbers
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.packing import packed, unpacked
from sparse_mlp.rng import RandomState
from sparse_mlp.topology import initial_weights

FIRST_POSITIONS = 64  # of the table of places; longer sentences double it


class Embedding(Layer):
    """Look up a vector for each word, and add one for its place in the sentence.

    Parameters
    ----------
    words : int
        In the vocabulary.
    features : int
        Of a vector; even.
    weights : str
        Distribution of the initial vectors, one of `topology.INITIAL_WEIGHTS`.
    rng : None, int or numpy.random.Generator
    dtype : float32 or float64
    backend : str, optional
    name : str

    Attributes
    ----------
    weight : float (words, features)

    Notes
    -----
    [Vaswani2017], section 3.4 and 3.5: sqrt(d) times the vector, plus `reference.embedding.sinusoid`, which is computed
    in float64 and rounded once.

    Examples
    --------
    >>> x, cache = Embedding(10, 4, rng=0).forward(np.array([7, 3]), np.array([0, 1]))
    >>> x.shape
    (2, 4)
    """

    decayed = ("weight",)
    dtype: np.dtype[Any]

    def __init__(
        self, words: int, features: int, *, weights: str = "glorot", rng: RandomState = None,
        dtype: DTypeLike = np.float32, backend: str | None = None, name: str = "embedding",
    ) -> None:  # fmt: skip
        self.words, self.features = check_integer("words", words), check_integer("features", features)
        if self.features % 2:
            raise invalid(f"features={features} of an embedding", "an even number", "sine and cosine take turns")
        self.name, self.backend, self.dtype = name, choose_backend(backend).name, check_dtype(dtype)
        drawn = initial_weights(
            weights, self.words * self.features, fan_in=self.words, fan_out=self.features, rng=rng, dtype=dtype
        )
        self.weight: Array = drawn.reshape(self.words, self.features)
        self._table = np.zeros((0, self.features), self.dtype)

    @property
    def shape(self) -> tuple[int, int]:
        """(words, features)."""
        return self.words, self.features

    def n_in(self, n_out: int) -> int:
        """Return the number of words."""
        return self.words

    def n_out(self, n_in: int) -> int:
        """Return the number of features."""
        return self.features

    def forward_tiles(  # type: ignore[override]
        self, words: NDArray[Any], positions: NDArray[Any], batch: Batch
    ) -> tuple[Array, NDArray[Any]]:
        """Return the vectors of words at places, on tiles (n_tiles, features, lanes), and, as cache, the words."""
        lanes = WIDE if self.backend == "numba" else len(words)
        x = batch.empty((max(1, -(-len(words) // max(1, lanes))), self.features, lanes), self.dtype)
        table = self.places(int(positions.max(initial=0)) + 1)
        embedding_ops(self.backend).embed(self.weight, words, positions, table, out=x)
        return x, words

    def backward_tiles(
        self, dy: Array, cache: NDArray[Any], batch: Batch, grads: Gradients, wants_dx: bool = False
    ) -> None:
        """Add the gradient by the weight; words have none."""
        embedding_ops(self.backend).embed_backward(dy, cache, self.words, add_to=grads["weight"])

    def forward(  # type: ignore[override]
        self, words: NDArray[Any], positions: NDArray[Any]
    ) -> tuple[Array, NDArray[Any]]:
        """Return the vectors of words at places, (tokens, features), and what `backward` needs.

        Raises
        ------
        InvalidInputError
            If there are not as many places as words, or a number is out of range: compiled code would read
            memory that is not the table's.
        """
        words = check_numbers("words", words, self.words)
        positions = check_numbers("positions", positions)
        if len(words) != len(positions):
            raise invalid(f"{len(positions)} positions of {len(words)} words", "one for each word")
        tiles, cache = self.forward_tiles(words, positions, Batch(len(words)))
        return unpacked(tiles, len(words), None), cache

    def backward(self, dy: Array, cache: NDArray[Any]) -> tuple[None, Gradients]:  # type: ignore[override]
        """Return None, since words have no gradient, and that by the weight."""
        dy = check_batch(f"gradient by the output of layer {self.name!r}", dy, self.features)
        if len(dy) != len(cache):
            raise invalid(f"gradients of {len(dy)} tokens", f"{len(cache)}, as many as words went in")
        grads: Gradients = {"weight": np.zeros_like(self.weight)}
        lanes = WIDE if self.backend == "numba" else len(cache)
        self.backward_tiles(packed(dy, None, lanes, self.dtype), cache, Batch(len(cache)), grads)
        return None, grads

    def places(self, count: int) -> Array:
        """Return the vectors of at least so many places, (n, features)."""
        if count > len(self._table):
            rows = max(FIRST_POSITIONS, 2 * len(self._table), count)
            p, even = np.arange(rows)[:, None], np.arange(0, self.features, 2)
            angles = p / 10000 ** (even / self.features)
            table = aligned_empty((rows, self.features), np.float64)
            table[:, 0::2], table[:, 1::2] = np.sin(angles), np.cos(angles)
            self._table = table.astype(self.dtype)
        return self._table

    def parameters(self) -> dict[str, Array]:
        """Return `weight`."""
        return {"weight": self.weight}

    def __repr__(self) -> str:
        return f"Embedding({self.words} words, {self.features} features)"
