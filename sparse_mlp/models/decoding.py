"""Translate word by word: what a Transformer keeps of each beginning, and how it is lengthened by a word."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.tiles import unpack
from sparse_mlp.layers.encoder_decoder import EncoderDecoder
from sparse_mlp.layers.tokens import Tokens
from sparse_mlp.layers.transformer_layers import DecoderLayer

Array = NDArray[Any]


class Decoding:
    """Lengthen translations of some sentences, all of them by one word at a time.

    Parameters
    ----------
    root : EncoderDecoder
    source : int32 (S,)
        Words of the sentences, each with its end mark.
    offsets : int64 (n_sentences + 1,)

    Attributes
    ----------
    sentences : int64 (rows,)
        Of which sentence each row is a translation; rows of a sentence stand together.
    length : int
        Words that each row has read, the begin mark among them.

    Notes
    -----
    A word that is read once is not read again: for each row and layer the keys and values of its words are kept, and
    for each sentence those of its memory. `translation.search_all` takes `advance` as its step.
    """

    def __init__(self, root: EncoderDecoder, source: NDArray[np.int32], offsets: NDArray[np.int64]) -> None:
        self.root, self.length, self.offsets = root, 0, offsets
        tiles, _ = root.encode(source, Tokens.of(offsets))
        memory = np.ascontiguousarray(unpack(tiles, len(source)))
        self._memory = [
            (layer.context_attention.key.forward(memory)[0], layer.context_attention.value.forward(memory)[0])
            for layer in root.decoder.layers
        ]
        self.sentences = np.arange(len(offsets) - 1)
        features = memory.shape[1]
        none = np.empty((len(self.sentences), 0, features), memory.dtype)
        self._kept = [(none, none) for _ in root.decoder.layers]

    def advance(self, parents: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.float64]:
        """Read a word in each row and return the log probabilities of the next one.

        Parameters
        ----------
        parents : int64 (rows,)
            Which row of before each row continues; at first there is one for each sentence.
        words : int64 (rows,)

        Returns
        -------
        float64 (rows, target words)
        """
        self.sentences = self.sentences[parents]
        counts = np.bincount(self.sentences, minlength=len(self.offsets) - 1)
        queries = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        x, _ = self.root.target_embedding.forward(words, np.full(len(words), self.length))
        for number, layer in enumerate(self.root.decoder.layers):
            keys, values = (kept[parents] for kept in self._kept[number])
            x = self._through(layer, number, x, keys, values, queries)
        self.length += 1
        scores, _ = self.root.generator.forward(self.root.decoder.norm.forward(x)[0])
        return _log_softmax(scores)

    def _through(
        self, layer: DecoderLayer, number: int, x: Array, keys: Array, values: Array, queries: NDArray[np.int64]
    ) -> Array:
        """Pass the rows through a layer, and keep their keys and values."""
        norm_1, norm_2, norm_3 = layer.norms.values()
        attention, u = layer.self_attention, norm_1.forward(x)[0]
        q, k, v = (part.forward(u)[0] for part in (attention.query, attention.key, attention.value))
        keys, values = (np.concatenate([old, new[:, None]], axis=1) for old, new in ((keys, k), (values, v)))
        self._kept[number] = keys, values
        x = x + attention.output.forward(_read_own(q, keys, values, attention.heads))[0]
        attention, u = layer.context_attention, norm_2.forward(x)[0]
        read = attention.attend(attention.query.forward(u)[0], *self._memory[number], queries, self.offsets)
        x = x + attention.output.forward(read)[0]
        return x + layer.feed_forward.forward(norm_3.forward(x)[0])[0]


def _read_own(q: Array, keys: Array, values: Array, heads: int) -> Array:
    """Let each row read its own words: q (rows, features), keys and values (rows, words, features)."""
    rows, n_words, features = keys.shape
    k, v = (side.reshape(rows, n_words, heads, -1) for side in (keys, values))
    weights = np.einsum("rhf,rwhf->rhw", q.reshape(rows, heads, -1), k) * q.dtype.type((features // heads) ** -0.5)
    weights = np.exp(weights - weights.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    return np.einsum("rhw,rwhf->rhf", weights, v).reshape(rows, features)


def _log_softmax(scores: Array) -> NDArray[np.float64]:
    z = scores.astype(np.float64)
    z -= z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))
