"""A whole Transformer as a tree of layers: words in, what the vocabulary reads out, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.dropout import Dropout
from sparse_mlp.layers.embedding import Embedding
from sparse_mlp.layers.flow import Flow, Trace
from sparse_mlp.layers.generator import Generator
from sparse_mlp.layers.layer_norm import LayerNorm
from sparse_mlp.layers.tokens import Tokens
from sparse_mlp.token_pairs import TokenPairs

START = 2  # the word that the network puts in front of a translation


class _Stack(Layer):
    """Layers one after the other, and a norm behind the last of them."""

    needs_batch = True

    def __init__(self, layers: Sequence[Any], norm: LayerNorm) -> None:
        self.layers, self.norm = tuple(layers), norm
        self.backend, self.dtype = norm.backend, norm.dtype

    @property
    def children(self) -> Mapping[str, Layer]:
        """The layers by number, then `norm`."""
        return {**{str(i): layer for i, layer in enumerate(self.layers)}, "norm": self.norm}

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Let each layer say what evolves in it."""
        for layer in self.layers:
            flow = layer.trace(flow, trace)
        return flow


class Encoder(_Stack):
    """Pass the tokens of sentences through encoder layers one after the other, then normalise them.

    Parameters
    ----------
    layers : sequence of EncoderLayer
    norm : LayerNorm
    """

    def forward_tiles(self, x: Array, batch: Tokens) -> tuple[Array, list[Any]]:  # type: ignore[override]
        """Return the memory (n_tiles, features, lanes) that a decoder reads."""
        caches = []
        for layer in (*self.layers, self.norm):
            x, cache = layer.forward_tiles(x, batch)
            caches.append(cache)
        return x, caches

    def backward_tiles(  # type: ignore[override]
        self, dy: Array, cache: list[Any], batch: Tokens, grads: Gradients, wants_dx: bool = True
    ) -> Array:
        """Add the gradients by the parameters and return that by the input."""
        for (name, layer), inner in zip(reversed(list(self.children.items())), reversed(cache), strict=True):
            dy = layer.backward_tiles(dy, inner, batch, grads[name])
        return dy


class Decoder(_Stack):
    """Pass the tokens of translations through decoder layers, each of which reads the memory, then normalise them.

    Parameters
    ----------
    layers : sequence of DecoderLayer
    norm : LayerNorm
    """

    def forward_tiles(self, x: Array, batch: Tokens, memory: Array) -> tuple[Array, list[Any]]:  # type: ignore[override]
        """Return what the generator reads, (n_tiles, features, lanes); `memory` are tiles of `batch.context`."""
        caches = []
        for layer in self.layers:
            x, cache = layer.forward_tiles(x, batch, memory)
            caches.append(cache)
        x, cache = self.norm.forward_tiles(x, batch)
        return x, [*caches, cache]

    def backward_tiles(  # type: ignore[override]
        self, dy: Array, cache: list[Any], batch: Tokens, grads: Gradients, wants_dx: bool = True
    ) -> tuple[Array, Array]:
        """Add the gradients by the parameters and return those by the input and by the memory, summed over layers."""
        dx = self.norm.backward_tiles(dy, cache[-1], batch, grads["norm"])
        dmemory: Array | None = None
        for number in range(len(self.layers) - 1, -1, -1):
            dx, part = self.layers[number].backward_tiles(dx, cache[number], batch, grads[str(number)])
            dmemory = part if dmemory is None else np.add(dmemory, part, out=dmemory)
        assert dmemory is not None  # there is a layer at least
        return dx, dmemory


class EncoderDecoder(Layer):
    """Read sentences, and say of each word of their translations which is likely to come next.

    Parameters
    ----------
    source_embedding, target_embedding : Embedding
    encoder : Encoder
    decoder : Decoder
    generator : Generator
        Where its weight is the target embedding's, it is stored once, with the sum of both gradients.
    dropout : float
        Rate behind both embeddings.

    Notes
    -----
    [Vaswani2017], with norms before each block as in OpenNMT. In the decoder, position i sees the begin mark and words
    0 to i - 1, and is compared with word i.
    """

    needs_batch = True
    uses_blas = True

    def __init__(
        self, source_embedding: Embedding, target_embedding: Embedding, encoder: Encoder, decoder: Decoder,
        generator: Generator, *, dropout: float = 0.1,
    ) -> None:  # fmt: skip
        self.source_embedding, self.target_embedding = source_embedding, target_embedding
        self.encoder, self.decoder, self.generator = encoder, decoder, generator
        self.backend, self.dtype, self.name = generator.backend, generator.dtype, "transformer"
        self.source_dropout = Dropout(dropout, backend=self.backend, name="source_dropout")
        self.target_dropout = Dropout(dropout, backend=self.backend, name="target_dropout")

    @property
    def tied(self) -> bool:
        """Whether the generator's weight is that of the target embedding."""
        return "weight" not in self.generator.parameters()

    @property
    def children(self) -> Mapping[str, Layer]:
        """The parts in the order of the forward pass."""
        return {
            "source_embedding": self.source_embedding, "source_dropout": self.source_dropout, "encoder": self.encoder,
            "target_embedding": self.target_embedding, "target_dropout": self.target_dropout, "decoder": self.decoder,
            "generator": self.generator,
        }  # fmt: skip

    def n_in(self, n_out: int) -> int:
        """Return the number of source words."""
        return self.source_embedding.words

    def n_out(self, n_in: int) -> int:
        """Return the number of target words."""
        return self.target_embedding.words

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Let encoder and decoder say what evolves; everything else is dense."""
        self.encoder.trace(Flow(), trace)
        self.decoder.trace(Flow(), trace)
        return Flow()

    def draw_masks(self, n_in: int, batch: Tokens, rng: np.random.Generator) -> None:  # type: ignore[override]
        """Draw for all sentences of a batch; `batch` are the translations, its context the sentences."""
        source, width = _context(batch), self.source_embedding.features
        self.source_dropout.draw_masks(width, source, rng)
        self.encoder.draw_masks(width, source, rng)
        self.target_dropout.draw_masks(width, batch, rng)
        self.decoder.draw_masks(width, batch, rng)

    def encode(self, words: NDArray[np.int32], source: Tokens) -> tuple[Array, Any]:
        """Return the memory (n_tiles, features, lanes) of source sentences, and what the backward pass needs."""
        x, embedded = self.source_embedding.forward_tiles(words, source.positions(), source)
        x, _ = self.source_dropout.forward_tiles(x, source)
        memory, cache = self.encoder.forward_tiles(x, source)
        return memory, (embedded, cache)

    def decode(self, words: NDArray[np.int32], memory: Array, target: Tokens) -> tuple[Array, Any]:
        """Return what the generator reads (n_tiles, features, lanes) for translations, the words that are compared."""
        x, embedded = self.target_embedding.forward_tiles(shifted(words, target.offsets), target.positions(), target)
        x, _ = self.target_dropout.forward_tiles(x, target)
        y, cache = self.decoder.forward_tiles(x, target, memory)
        return y, (embedded, cache)

    def gradients(
        self, pairs: TokenPairs, target: Tokens, total: int, label_smoothing: float, grads: Gradients
    ) -> float:  # fmt: skip
        """Take sentences forward and back.

        Parameters
        ----------
        pairs : TokenPairs
        target : Tokens
            Of the translations; its context are the source sentences.
        total : int
            Target tokens of the whole batch, over which the mean is taken.
        label_smoothing : float
        grads : dict
            Gradients of the parameters are added to it.

        Returns
        -------
        float
            Their part of the mean loss.
        """
        source = _context(target)
        memory, encoded = self.encode(pairs.source, source)
        y, decoded = self.decode(pairs.target, memory, target)
        of_generator = grads["generator"]
        if self.tied:
            of_generator = {**of_generator, "weight": grads["target_embedding"]["weight"]}
        loss, dy = self.generator.loss_tiles(y, pairs.target, total, label_smoothing, target, of_generator)
        dx, dmemory = self.decoder.backward_tiles(dy, decoded[1], target, grads["decoder"])
        dx = self.target_dropout.backward_tiles(dx, None, target, {})
        self.target_embedding.backward_tiles(dx, decoded[0], target, grads["target_embedding"])
        dx = self.encoder.backward_tiles(dmemory, encoded[1], source, grads["encoder"])
        dx = self.source_dropout.backward_tiles(dx, None, source, {})
        self.source_embedding.backward_tiles(dx, encoded[0], source, grads["source_embedding"])
        return loss

    def attention(self, pairs: TokenPairs) -> list[Array]:
        """Return how the last decoder layer reads the memory, (heads, words, source words) for each pair.

        Row i of a pair is what was read to predict word i of the translation.
        """
        target = tokens_of(pairs)
        memory, _ = self.encode(pairs.source, _context(target))
        _, (_, caches) = self.decode(pairs.target, memory, target)
        return self.decoder.layers[-1].context_weights(caches[len(self.decoder.layers) - 1], target)

    def outputs(self, x: TokenPairs) -> Iterator[tuple[Layer, Array]]:  # type: ignore[override]
        """Pass pairs through and yield each large part with its output."""
        target = tokens_of(x)
        memory, _ = self.encode(x.source, _context(target))
        yield self.encoder, memory
        y, _ = self.decode(x.target, memory, target)
        yield self.decoder, y

    def kind(self) -> str:
        """Return what networks share whose states fit each other."""
        attention, features = self.encoder.layers[0].self_attention, self.source_embedding.features
        inner = self.encoder.layers[0].feed_forward.w_1.n_out(features)
        return (
            f"EncoderDecoder({self.n_in(0)} source words, {self.n_out(0)} target words, {features} features, "
            f"{attention.heads} heads, {inner} inside, {len(self.encoder.layers)} + {len(self.decoder.layers)} layers, "
            f"{'tied' if self.tied else 'untied'}, {type(attention.query).__name__})"
        )

    def __repr__(self) -> str:
        return self.kind()


def shifted(words: NDArray[np.int32], offsets: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return what a decoder reads: each translation without its last word, behind the begin mark.

    Examples
    --------
    >>> shifted(np.array([7, 8, 3, 9, 3], np.int32), np.array([0, 3, 5]))
    array([2, 7, 8, 2, 9], dtype=int32)
    """
    read = np.empty_like(words)
    read[1:] = words[:-1]
    read[offsets[:-1]] = START
    return read


def tokens_of(pairs: TokenPairs, *, training: bool = False) -> Tokens:
    """Return the target tokens of pairs as a batch, with the source tokens as its context; both draw together."""
    source = Tokens.of(pairs.source_offsets, training=training)
    return Tokens.of(pairs.target_offsets, training=training, draws=source.draws, context=source)


def _context(batch: Tokens) -> Tokens:
    if batch.context is None:
        raise invalid("translations without the sentences that they are of", "Tokens with a context")
    return batch.context
