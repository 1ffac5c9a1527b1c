"""Attention with several heads over packed sentences, on projections that may be sparse."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.kernels.dispatch import attention_ops
from sparse_mlp.layers._checks import check_batch
from sparse_mlp.layers.base import Array, Gradients, Layer, zero_gradients
from sparse_mlp.layers.dropout import rate_in_256ths
from sparse_mlp.layers.flow import Flow, Trace
from sparse_mlp.layers.packing import lanes_of, packed, unpacked
from sparse_mlp.layers.tokens import Tokens
from sparse_mlp.reference.attention import n_pairs

PROJECTIONS = ("query", "key", "value", "output")


class MultiHeadAttention(Layer):
    """Let each token read the tokens of its sentence, or of the sentence that it translates.

    Parameters
    ----------
    query, key, value, output : Layer
        The projections, such as `SparseLinear` (features, features); those of queries, keys and values are computed
        from the input, the last one mixes what the heads have read.
    heads : int
        Each has its own share of the features: head h those from h * d_k on, of the d_k = features / heads that follow.
    causal : bool
        Whether a token reads itself and those before it only.
    crosses : bool
        Whether keys and values come from a context: the sentences that `Tokens.context` names.
    dropout : float
        Fraction of the attention weights that are silenced in training, rounded to a multiple of 1 / 256.
    name : str

    Raises
    ------
    InvalidInputError
        If the projections do not fit each other or the heads.

    Notes
    -----
    [Vaswani2017], see `reference.attention`; tokens are packed, so there are no masks for padding. Queries and keys
    meet at the outputs of their projections, and evolve as a unit in which the key is turned round; values and output
    are another one. The gradient by the bias of the keys is 0 exactly: softmax ignores what is added to all keys of a
    query.

    Examples
    --------
    >>> from sparse_mlp.layers import Dense
    >>> layer = MultiHeadAttention(*(Dense(4, 4, rng=i) for i in range(4)), 2, causal=True)
    >>> y, cache = layer.forward(np.ones((3, 4), np.float32), np.array([0, 2, 3]))
    >>> y.shape
    (3, 4)
    """

    needs_batch = True

    def __init__(
        self, query: Layer, key: Layer, value: Layer, output: Layer, heads: int, *, causal: bool = False,
        crosses: bool = False, dropout: float = 0.1, name: str = "attention",
    ) -> None:  # fmt: skip
        self.query, self.key, self.value, self.output = query, key, value, output
        self.heads, self.causal, self.crosses, self.name = check_integer("heads", heads), causal, crosses, name
        self.rate, self.threshold = rate_in_256ths(dropout)
        self.backend, self.dtype = query.backend, query.dtype
        features = query.n_in(0)
        shapes = [(layer.n_in(0), layer.n_out(features)) for layer in self.children.values()]
        if len(set(shapes)) > 1 or features % self.heads:
            found = f"projections {', '.join(f'{n} x {m}' for n, m in shapes)} for {self.heads} heads"
            raise invalid(found, "four of the same square shape, a multiple of the heads")

    @property
    def children(self) -> Mapping[str, Layer]:
        """The four projections."""
        return {"query": self.query, "key": self.key, "value": self.value, "output": self.output}

    @property
    def uses_blas(self) -> bool:  # type: ignore[override]
        """Whether a projection does."""
        return any(layer.uses_blas for layer in self.children.values())

    def n_out(self, n_in: int) -> int:
        """Return the number of features."""
        return self.output.n_out(n_in)

    def n_in(self, n_out: int) -> int:
        """Return the number of features."""
        return self.query.n_in(0)

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Say which projections evolve together."""
        trace.apart(f"{self.name}.query-key", (self.query, self.key), (False, True))
        trace.apart(f"{self.name}.value-output", (self.value, self.output))
        return Flow()

    def draw_masks(self, n_in: int, batch: Tokens, rng: np.random.Generator) -> None:  # type: ignore[override]
        """Draw which attention weights of a whole batch stay."""
        if self.threshold:
            pairs = n_pairs(batch.offsets, self._read(batch).offsets, self.heads)
            batch.draws[id(self)] = np.frombuffer(rng.bytes(pairs), np.uint8) >= self.threshold

    def forward_tiles(self, x: Array, batch: Tokens, context: Array | None = None) -> tuple[Array, Any]:  # type: ignore[override]
        """Return what the tokens have read, on tiles (n_tiles, features, lanes).

        `context` are the tiles that keys and values come from where the layer `crosses`, of the tokens `batch.context`.
        """
        read = self._read(batch)
        source = x if context is None else context
        (q, of_q), (k, of_k), (v, of_v) = (
            self.query.forward_tiles(x, batch), self.key.forward_tiles(source, read),
            self.value.forward_tiles(source, read),
        )  # fmt: skip
        c, weights = batch.empty_like(q), batch.empty((n_pairs(batch.offsets, read.offsets, self.heads),), x.dtype)
        keep, scale = self._dropout(batch)
        attention_ops(self.backend).attention_forward(
            q, k, v, batch.offsets, read.offsets, self.heads, self.causal, keep, scale, out=c, weights=weights
        )
        y, of_c = self.output.forward_tiles(c, batch)
        return y, (q, k, v, weights, of_q, of_k, of_v, of_c)

    def backward_tiles(  # type: ignore[override]
        self, dy: Array, cache: Any, batch: Tokens, grads: Gradients, wants_dx: bool = True
    ) -> Any:
        """Add the gradients by the parameters and return that by the input; where the layer crosses, (dx, dcontext)."""
        q, k, v, weights, of_q, of_k, of_v, of_c = cache
        read = self._read(batch)
        dc = self.output.backward_tiles(dy, of_c, batch, grads["output"])
        dq, dk, dv = batch.empty_like(q), batch.empty_like(k), batch.empty_like(v)
        keep, scale = self._dropout(batch)
        attention_ops(self.backend).attention_backward(
            q, k, v, weights, dc, batch.offsets, read.offsets, self.heads, keep, scale, out=(dq, dk, dv)
        )
        dx = self.query.backward_tiles(dq, of_q, batch, grads["query"])
        without_bias = {**grads["key"], "bias": batch.empty_like(self.key.parameters()["bias"])}
        without_bias["bias"].fill(0)
        of_key = self.key.backward_tiles(dk, of_k, read, without_bias)
        of_value = self.value.backward_tiles(dv, of_v, read, grads["value"])
        dcontext = np.add(of_key, of_value, out=of_key)
        return (dx, dcontext) if self.crosses else np.add(dx, dcontext, out=dx)

    def forward(  # type: ignore[override]
        self, x: Array, offsets: NDArray[np.int64], context: Array | None = None,
        context_offsets: NDArray[np.int64] | None = None, rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:  # fmt: skip
        """Return what tokens have read, and what `backward` needs.

        Parameters
        ----------
        x : float (tokens, features)
        offsets : int64 (n_sentences + 1,)
            Sentence b has the rows from `offsets[b]` to before `offsets[b + 1]`.
        context : float (context tokens, features), optional
            What is read where the layer `crosses`, with its offsets.
        context_offsets : int64 (n_sentences + 1,), optional
        rng : numpy.random.Generator, optional
            Given while training.

        Returns
        -------
        y : float (tokens, features)
        cache : object
        """
        options: dict[str, Any] = {"training": rng is not None, "keep": True}
        batch = Tokens.of(np.asarray(offsets, np.int64), **options)
        sides = [x]
        if self.crosses:
            if context is None or context_offsets is None:
                raise invalid(f"attention {self.name!r} without a context", "context and context_offsets")
            batch.context = Tokens.of(np.asarray(context_offsets, np.int64), **options)
            sides.append(context)
        tiles = [self._packed(side) for side in sides]
        if rng is not None:
            self.draw_masks(x.shape[1], batch, rng)
        y, cache = self.forward_tiles(tiles[0], batch, *tiles[1:])
        return unpacked(y, len(x), None), (cache, batch)

    def backward(self, dy: Array, cache: Any) -> Any:
        """Return (dx, grads), or (dx, dcontext, grads) where the layer crosses."""
        inner, batch = cache
        grads = zero_gradients(self)
        found = self.backward_tiles(self._packed(dy), inner, batch, grads)
        if not self.crosses:
            return unpacked(found, batch.n_samples, None), grads
        dx, dcontext = found
        return unpacked(dx, batch.n_samples, None), unpacked(dcontext, self._read(batch).n_samples, None), grads

    def attend(self, q: Array, k: Array, v: Array, offsets: NDArray[np.int64], key_offsets: NDArray[np.int64]) -> Array:
        """Return what projected queries read of projected keys and values, before the output projection.

        All are rows (tokens, features); nothing is causal or random. A sentence may have no query.
        """
        tiles = [self._packed(np.ascontiguousarray(side)) for side in (q, k, v)]
        c, weights = np.empty_like(tiles[0]), np.empty(n_pairs(offsets, key_offsets, self.heads), q.dtype)
        attention_ops(self.backend).attention_forward(
            *tiles, offsets, key_offsets, self.heads, False, None, 1.0, out=c, weights=weights
        )
        return unpacked(c, len(q), None)

    def weights_of(self, cache: Any, batch: Tokens) -> list[Array]:
        """Return the attention of a forward pass on tiles, (heads, queries, keys) for each sentence."""
        lengths = zip(batch.lengths.tolist(), self._read(batch).lengths.tolist(), strict=True)
        shapes = [(self.heads, n_queries, n_keys) for n_queries, n_keys in lengths]
        ends = np.cumsum([math.prod(shape) for shape in shapes])
        return [part.reshape(shape) for part, shape in zip(np.split(cache[3], ends[:-1]), shapes, strict=True)]

    def _packed(self, x: Array) -> Array:
        x = check_batch(f"input of layer {self.name!r}", x, self.n_in(0))
        return packed(x, None, lanes_of(self, len(x)), self.dtype)

    def _read(self, batch: Tokens) -> Tokens:
        """Return the tokens that keys and values are of."""
        if not self.crosses:
            return batch
        if batch.context is None:
            raise invalid(f"attention {self.name!r} without a context", "tokens that have one")
        return batch.context

    def _dropout(self, batch: Tokens) -> tuple[NDArray[np.bool_] | None, float]:
        """Return which attention weights of a group stay, and their scale; None for all of them."""
        if not (batch.training and self.threshold):
            return None, 1.0
        keep, read = batch.draws[id(self)], self._read(batch)
        start = 0
        if batch.whole is not None:
            lengths = batch.whole.lengths, self._read(batch.whole).lengths
            start = self.heads * int(np.dot(*(each[: batch.before] for each in lengths)))
        stop = start + n_pairs(batch.offsets, read.offsets, self.heads)
        return keep[start:stop], 256 / (256 - self.threshold)

    def kind(self) -> str:
        """Describe the projections."""
        inner = ", ".join(layer.kind() for layer in self.children.values())
        return f"MultiHeadAttention({inner}, {self.heads} heads{', causal' * self.causal})"

    def __repr__(self) -> str:
        features = self.n_in(0)
        return f"MultiHeadAttention({features} features, {self.heads} heads, d_k={math.floor(features / self.heads)})"
