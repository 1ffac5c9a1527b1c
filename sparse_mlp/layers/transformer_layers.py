"""A layer of the encoder and one of the decoder of a Transformer: blocks that add to a residual stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sparse_mlp.layers.attention import MultiHeadAttention
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.dropout import Dropout
from sparse_mlp.layers.feed_forward import FeedForward
from sparse_mlp.layers.flow import Flow, Trace
from sparse_mlp.layers.layer_norm import LayerNorm
from sparse_mlp.layers.tokens import Tokens


class _Blocks(Layer):
    """Blocks that read the normalised stream and add to it: x + drop(block(norm(x))), one after the other.

    `blocks` are those by name, in the order of the forward pass; each gets a norm, "norm_1", "norm_2", …, and dropout.
    """

    needs_batch = True

    def __init__(self, blocks: Mapping[str, Layer], *, dropout: float, name: str) -> None:
        self.blocks, self.name = dict(blocks), name
        first = next(iter(self.blocks.values()))
        self.backend, self.dtype, features = first.backend, np.dtype(first.dtype or np.float32), first.n_in(0)
        self.norms = {
            f"norm_{i}": LayerNorm(features, dtype=self.dtype, backend=self.backend, name=f"{name}.norm_{i}")
            for i in range(1, len(self.blocks) + 1)
        }
        self.dropouts = [Dropout(dropout, backend=self.backend, name=f"{name}.dropout_{i}") for i in range(len(blocks))]

    @property
    def children(self) -> Mapping[str, Layer]:
        """Each norm and the block behind it."""
        pairs = zip(self.norms.items(), self.blocks.items(), strict=True)
        return dict(entry for pair in pairs for entry in pair)

    @property
    def uses_blas(self) -> bool:  # type: ignore[override]
        """Whether a block does."""
        return any(block.uses_blas for block in self.blocks.values())

    def n_in(self, n_out: int) -> int:
        """Return the number of features."""
        return next(iter(self.blocks.values())).n_in(0)

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Let each block say what evolves in it; the stream keeps the rest alive."""
        for block in self.blocks.values():
            block.trace(flow, trace)
        return Flow()

    def draw_masks(self, n_in: int, batch: Tokens, rng: np.random.Generator) -> None:  # type: ignore[override]
        """Draw for each block and then for what it adds."""
        for block, dropout in zip(self.blocks.values(), self.dropouts, strict=True):
            block.draw_masks(n_in, batch, rng)
            dropout.draw_masks(n_in, batch, rng)

    def _forward(self, x: Array, batch: Tokens, number: int, *context: Array) -> tuple[Array, Any]:
        """Pass the stream by one block."""
        norm, block = list(self.norms.values())[number], list(self.blocks.values())[number]
        normed, of_norm = norm.forward_tiles(x, batch)
        y, of_block = block.forward_tiles(normed, batch, *context)
        y, _ = self.dropouts[number].forward_tiles(y, batch)
        return np.add(x, y, out=batch.empty_like(x)), (of_norm, of_block)

    def _backward(self, dy: Array, cache: Any, batch: Tokens, grads: Gradients, number: int) -> Any:
        """Return the gradient by the stream before a block, and by the context where the block reads one."""
        (norm_name, norm), (name, block) = list(self.norms.items())[number], list(self.blocks.items())[number]
        of_norm, of_block = cache
        inner = batch.empty_like(dy)
        np.copyto(inner, dy)
        inner = self.dropouts[number].backward_tiles(inner, None, batch, {})
        found = block.backward_tiles(inner, of_block, batch, grads[name])
        dnormed, *dcontext = found if isinstance(found, tuple) else (found,)
        dx = norm.backward_tiles(dnormed, of_norm, batch, grads[norm_name])
        return np.add(dx, dy, out=dx), *dcontext

    def kind(self) -> str:
        """Describe the blocks."""
        return f"{type(self).__name__}({', '.join(block.kind() for block in self.blocks.values())})"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_in(0)} features)"


class EncoderLayer(_Blocks):
    """Let the tokens of a sentence read each other, then think about it: attention, then a feed-forward block.

    Parameters
    ----------
    self_attention : MultiHeadAttention
    feed_forward : FeedForward
    dropout : float
        On what each block adds.
    name : str

    Notes
    -----
    With the norm before each block: x += drop(attention(norm_1(x))); x += drop(feed_forward(norm_2(x))).
    """

    def __init__(
        self, self_attention: MultiHeadAttention, feed_forward: FeedForward, *, dropout: float = 0.1,
        name: str = "encoder",
    ) -> None:  # fmt: skip
        self.self_attention, self.feed_forward = self_attention, feed_forward
        super().__init__({"self_attention": self_attention, "feed_forward": feed_forward}, dropout=dropout, name=name)

    def forward_tiles(self, x: Array, batch: Tokens) -> tuple[Array, Any]:  # type: ignore[override]
        """Return the stream behind the layer, on tiles."""
        x, of_attention = self._forward(x, batch, 0)
        y, of_feed_forward = self._forward(x, batch, 1)
        return y, (of_attention, of_feed_forward)

    def backward_tiles(  # type: ignore[override]
        self, dy: Array, cache: Any, batch: Tokens, grads: Gradients, wants_dx: bool = True
    ) -> Array:
        """Add the gradients by the parameters and return that by the input."""
        of_attention, of_feed_forward = cache
        (dx,) = self._backward(dy, of_feed_forward, batch, grads, 1)
        (dx,) = self._backward(dx, of_attention, batch, grads, 0)
        return dx


class DecoderLayer(_Blocks):
    """Let the tokens of a translation read those before them and the sentence, then think about it.

    Parameters
    ----------
    self_attention : MultiHeadAttention
        Causal.
    context_attention : MultiHeadAttention
        That crosses.
    feed_forward : FeedForward
    dropout : float
        On what each block adds.
    name : str

    Notes
    -----
    As `EncoderLayer`, with attention over the memory between the two blocks. The memory is not normalised again.
    """

    def __init__(
        self, self_attention: MultiHeadAttention, context_attention: MultiHeadAttention, feed_forward: FeedForward, *,
        dropout: float = 0.1, name: str = "decoder",
    ) -> None:  # fmt: skip
        self.self_attention, self.context_attention = self_attention, context_attention
        self.feed_forward = feed_forward
        blocks: dict[str, Layer] = {
            "self_attention": self_attention, "context_attention": context_attention, "feed_forward": feed_forward,
        }  # fmt: skip
        super().__init__(blocks, dropout=dropout, name=name)

    def forward_tiles(self, x: Array, batch: Tokens, memory: Array) -> tuple[Array, Any]:  # type: ignore[override]
        """Return the stream behind the layer, on tiles; `memory` are tiles of `batch.context`."""
        x, of_self = self._forward(x, batch, 0)
        x, of_context = self._forward(x, batch, 1, memory)
        y, of_feed_forward = self._forward(x, batch, 2)
        return y, (of_self, of_context, of_feed_forward)

    def backward_tiles(  # type: ignore[override]
        self, dy: Array, cache: Any, batch: Tokens, grads: Gradients, wants_dx: bool = True
    ) -> tuple[Array, Array]:
        """Add the gradients by the parameters and return those by the input and by the memory."""
        of_self, of_context, of_feed_forward = cache
        (dx,) = self._backward(dy, of_feed_forward, batch, grads, 2)
        dx, dmemory = self._backward(dx, of_context, batch, grads, 1)
        (dx,) = self._backward(dx, of_self, batch, grads, 0)
        return dx, dmemory

    def context_weights(self, cache: Any, batch: Tokens) -> list[Array]:
        """Return how a forward pass on tiles has read the memory, (heads, words, source words) for each sentence."""
        _, (_, of_attention), _ = cache
        return self.context_attention.weights_of(of_attention, batch)
