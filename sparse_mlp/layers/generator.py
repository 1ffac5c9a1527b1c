"""The generator of a Transformer: a score for each word of the vocabulary, and the loss against what came next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.kernels.dispatch import choose_backend, vocabulary_ops
from sparse_mlp.kernels.tiles import pack, unpack
from sparse_mlp.layers._checks import check_batch, check_dtype
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.embedding import Embedding
from sparse_mlp.rng import RandomState
from sparse_mlp.topology import initial_weights


class Generator(Layer):
    """Score all words of a vocabulary for each token.

    Parameters
    ----------
    features : int
    words : int
        In the vocabulary.
    weights : str
        Distribution of the initial weights, one of `topology.INITIAL_WEIGHTS`.
    rng : None, int or numpy.random.Generator
    dtype : float32 or float64
    backend : str, optional
    name : str

    Attributes
    ----------
    weight : float (words, features)
        As an embedding has it.
    bias : float (words,)

    Notes
    -----
    Dense. Together with its loss it is half of the work of a step, see `kernels.vocabulary`: the scores of all tokens
    never exist at once.

    Examples
    --------
    >>> generator = Generator(4, 10, rng=0)
    >>> generator.forward(np.ones((3, 4), np.float32))[0].shape
    (3, 10)
    """

    uses_blas = True
    decayed = ("weight",)
    dtype: np.dtype[Any]

    def __init__(
        self, features: int, words: int, *, weights: str = "glorot", rng: RandomState = None,
        dtype: DTypeLike = np.float32, backend: str | None = None, name: str = "generator",
    ) -> None:  # fmt: skip
        self.name, self.backend, self.dtype = name, choose_backend(backend).name, check_dtype(dtype)
        self.words, self.features = check_integer("words", words), check_integer("features", features)
        drawn = initial_weights(
            weights, self.words * self.features, fan_in=self.features, fan_out=self.words, rng=rng, dtype=dtype
        )
        self._weight: Array = drawn.reshape(self.words, self.features)
        self.bias = np.zeros(self.words, self.dtype)
        self._tied_to: Embedding | None = None

    @property
    def weight(self) -> Array:
        """The weight (words, features): its own, or that of the embedding that it is tied to."""
        return self._weight if self._tied_to is None else self._tied_to.weight

    @property
    def shape(self) -> tuple[int, int]:
        """(features, words)."""
        return self.features, self.words

    def tie(self, embedding: Embedding) -> None:
        """Use the weight of an embedding instead of one of its own.

        Raises
        ------
        InvalidInputError
            If it is of another shape or type.
        """
        if embedding.shape != (self.words, self.features):
            raise invalid(f"an embedding of shape {embedding.shape} to tie", f"({self.words}, {self.features})")
        if embedding.dtype != self.dtype:
            raise invalid(f"an embedding of {embedding.dtype} to tie", f"{self.dtype}, as the generator has")
        self._tied_to, self._weight = embedding, np.empty((0, 0), self.dtype)

    def n_in(self, n_out: int) -> int:
        """Return the number of features."""
        return self.features

    def n_out(self, n_in: int) -> int:
        """Return the number of words."""
        return self.words

    def loss_tiles(
        self, x: Array, target: NDArray[Any], total: float, label_smoothing: float, batch: Batch, grads: Gradients
    ) -> tuple[float, Array]:  # fmt: skip
        """Return the loss of tokens and its gradient by x.

        Parameters
        ----------
        x : float (n_tiles, features, lanes)
        target : int (tokens,)
            The words that come next.
        total : float
            Tokens of the whole batch, over which the mean is taken.
        label_smoothing : float
        batch : Batch
        grads : dict
            Gradients by weight and bias are added to it.

        Returns
        -------
        loss : float
            The part of these tokens in the mean loss.
        dx : float (n_tiles, features, lanes)
            Zero in lanes behind the last token.
        """
        h = np.ascontiguousarray(unpack(x, len(target)))
        loss, dh = vocabulary_ops(self.backend).loss_and_gradients(
            h, self.weight, self.bias, target, label_smoothing, total, dweight=grads["weight"], dbias=grads["bias"]
        )
        return loss, pack(dh, np.arange(len(dh)), batch.empty_like(x))

    def loss_only(
        self, x: Array, target: NDArray[Any], label_smoothing: float, batch: Batch
    ) -> tuple[float, int]:  # fmt: skip
        """Return the summed loss of tokens, and how many of their next words have the highest score."""
        h = np.ascontiguousarray(unpack(x, len(target)))
        return vocabulary_ops(self.backend).loss_only(h, self.weight, self.bias, target, label_smoothing)

    def scores_tiles(self, x: Array, batch: Batch) -> Array:
        """Return the scores (tokens, words) of the tokens of tiles."""
        h = np.ascontiguousarray(unpack(x, batch.n_samples))
        return vocabulary_ops(self.backend).scores(h, self.weight, self.bias)

    def forward(self, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Array]:
        """Return the scores (tokens, words) of x (tokens, features), and what `backward` needs."""
        h = check_batch(f"input of layer {self.name!r}", x, self.features).astype(self.dtype, copy=False)
        return vocabulary_ops(self.backend).scores(h, self.weight, self.bias), h

    def backward(self, dy: Array, cache: Array) -> tuple[Array, Gradients]:
        """Return the gradient by x and those by weight and bias."""
        dy = check_batch(f"gradient by the output of layer {self.name!r}", dy, self.words)
        dy = dy.astype(self.dtype, copy=False)
        return dy @ self.weight, {"weight": dy.T @ cache, "bias": dy.sum(axis=0)}

    def parameters(self) -> dict[str, Array]:
        """Return `weight`, unless it is an embedding's, and `bias`."""
        return {"bias": self.bias} if self._tied_to is not None else {"weight": self.weight, "bias": self.bias}

    def set_parameter(self, name: str, array: Array) -> None:
        """Let the layer use another array for a parameter."""
        setattr(self, "_weight" if name == "weight" else name, array)

    def __repr__(self) -> str:
        return f"Generator({self.features} features, {self.words} words)"
