"""A Transformer that translates, whose projections are truly sparse and can evolve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.layers import (
    DecoderLayer,
    Dense,
    Embedding,
    EncoderLayer,
    FeedForward,
    Generator,
    LayerNorm,
    MultiHeadAttention,
    SparseLinear,
)
from sparse_mlp.layers.attention import PROJECTIONS
from sparse_mlp.layers.base import Array, Gradients
from sparse_mlp.layers.encoder_decoder import Decoder, Encoder, EncoderDecoder
from sparse_mlp.models.architecture import check_memory, layer_links
from sparse_mlp.models.decoding import Decoding
from sparse_mlp.models.network import Network
from sparse_mlp.models.sentence_groups import SentenceWalk
from sparse_mlp.models.token_batch import TokenBatch
from sparse_mlp.rng import RandomState, spawn_streams
from sparse_mlp.structure import SparseStructure
from sparse_mlp.token_pairs import TokenPairs
from sparse_mlp.topology import generate

WITHOUT_DATA = {  # wirings that a Transformer refuses, and why
    "correlated": "it joins neurons whose values correlate, and words have none before the training",
    "snip": "it needs the gradient of a dense network of neurons",
}


class _Sizes(NamedTuple):
    """Hold how large the tree of layers is, but for what is inside the feed-forward blocks."""

    source_words: int
    target_words: int
    d_model: int
    heads: int
    layers: int


class SparseTransformer(Network):
    """Translate sentences by a Transformer whose attention and feed-forward matrices are truly sparse.

    Parameters
    ----------
    source_words, target_words : int
        Words of both vocabularies; numbers 0 to 3 are padding (never used), unknown, begin and end.
    d_model : int
        Features of a token; even, and a multiple of `heads`.
    heads : int
        Of each attention.
    d_ff : int
        Neurons inside each feed-forward block.
    layers : int
        Of the encoder, and of the decoder.
    density : float, optional
        Fraction of the possible links of each of the 16 matrices per layer of both, in (0, 1]; 0.1 if not given.
    epsilon : float, optional
        Instead: epsilon * (n_in + n_out) links for each matrix.
    topology : str or callable
        Generator of the first wiring of each matrix.
    topology_params : mapping, optional
    weights : str
        Distribution of the initial weights, one of `topology.INITIAL_WEIGHTS`, also of embeddings and generator.
    dropout : float
        Rate behind the embeddings, inside and behind each block.
    attention_dropout : float
        Rate on the attention weights.
    tied : bool
        Whether the generator's weight is the target embedding's.
    rng : None, int or numpy.random.Generator
        Draws wirings and weights.
    dtype : float32 or float64
    backend : str, optional

    Raises
    ------
    InvalidInputError
        If sizes do not fit each other, a matrix would have no link, or the topology needs data.

    Notes
    -----
    [Vaswani2017] with norms before each block, as OpenNMT has it and [Zhang2025] makes it sparse. Embeddings, norms and
    generator are dense. Tokens are packed, never padded. Units that evolve together are, in each layer, the query and
    the key projection, which meet at their outputs, value and output projection, and the two feed-forward matrices;
    the residual stream keeps everything else alive.

    Examples
    --------
    >>> model = SparseTransformer(20, 24, d_model=16, heads=2, d_ff=32, layers=1, density=0.5, rng=0)
    >>> [unit.name for unit in model.units][:3]
    ['encoder.0.self_attention.query-key', 'encoder.0.self_attention.value-output', 'encoder.0.feed_forward']
    >>> pairs = TokenPairs.of([[4, 5, 3], [6, 3]], [[7, 3], [8, 9, 3]])
    >>> model.predict_scores(pairs).shape
    (5, 24)
    """

    def __init__(
        self, source_words: int, target_words: int, *, d_model: int = 128, heads: int = 4, d_ff: int = 512,
        layers: int = 3, density: float | None = None, epsilon: float | None = None,
        topology: str | Callable[..., Any] = "receptive-field", topology_params: Mapping[str, Any] | None = None,
        weights: str = "glorot", dropout: float = 0.1, attention_dropout: float = 0.1, tied: bool = False,
        rng: RandomState = None, dtype: DTypeLike = np.float32, backend: str | None = None,
    ) -> None:  # fmt: skip
        streams = spawn_streams(rng)
        shapes = _checked_shapes(d_model, heads, d_ff, layers)
        links = layer_links(shapes, 0.1 if density is None and epsilon is None else density, epsilon, "uniform")
        common: dict[str, Any] = {"rng": streams["weights"], "dtype": dtype, "backend": backend}
        check_memory(links, [(d_model, source_words), (d_model, 2 * target_words)], dtype)
        wirings = _wired(topology, dict(topology_params or {}), shapes, links, streams["topology"])

        def linear(number: int, name: str) -> SparseLinear:
            return SparseLinear(wirings[number], weights, name=name, **common)

        sizes = _Sizes(source_words, target_words, d_model, heads, layers)
        super().__init__(_built(linear, sizes, dropout, attention_dropout, tied, weights, common))

    @classmethod
    def dense(
        cls, source_words: int, target_words: int, *, d_model: int = 128, heads: int = 4, d_ff: int = 512,
        layers: int = 3, weights: str = "glorot", dropout: float = 0.1, attention_dropout: float = 0.1,
        tied: bool = False, rng: RandomState = None, dtype: DTypeLike = np.float32, backend: str | None = None,
    ) -> SparseTransformer:  # fmt: skip
        """Build the same network with dense matrices, to compare with; parameters as above."""
        shapes = _checked_shapes(d_model, heads, d_ff, layers)
        common: dict[str, Any] = {"rng": spawn_streams(rng)["weights"], "dtype": dtype, "backend": backend}

        def linear(number: int, name: str) -> Dense:
            return Dense(*shapes[number], weights, name=name, **common)

        network = cls.__new__(cls)
        sizes = _Sizes(source_words, target_words, d_model, heads, layers)
        Network.__init__(network, _built(linear, sizes, dropout, attention_dropout, tied, weights, common))
        return network

    @property
    def width(self) -> int:
        """Features of a token."""
        return self.root.source_embedding.features  # type: ignore[attr-defined]

    def _make_walk(self) -> SentenceWalk:
        return SentenceWalk(self.root)  # type: ignore[arg-type]

    def forward(self, x: TokenPairs, rng: np.random.Generator | None = None) -> tuple[Array, Any]:  # type: ignore[override]
        """Return the scores (target tokens, target words) of pairs and what `backward` needs."""
        return self.root.forward(x, rng)  # type: ignore[arg-type]

    def backward(self, dscores: Array, cache: Any) -> Gradients:
        """Pass the gradient by the scores back and return that by each parameter, by layer and name."""
        return self.root.backward(dscores, cache)[1]

    def predict_scores(self, x: TokenPairs) -> NDArray[Any]:  # type: ignore[override]
        """Return the scores (target tokens, target words) that pairs give to each next word of their translations.

        Raises
        ------
        InvalidInputError
            If a word is outside of its vocabulary.
        """
        return self.scores_of(x)

    def scores_of(self, x: TokenPairs) -> NDArray[Any]:
        """Return what `predict_scores` does."""
        TokenBatch(x).check(self.n_features, self.n_outputs, self.dtype)
        self._check_bound()
        return self._walk.scores(x)

    def measure(self, pairs: TokenPairs, label_smoothing: float = 0.0) -> tuple[float, float]:
        """Return the mean loss of a target token, in nats, and the fraction that has the highest score.

        Memory does not grow with the number of pairs.
        """
        TokenBatch(pairs).check(self.n_features, self.n_outputs, self.dtype)
        self._check_bound()
        loss, right = self._walk.measure(pairs, label_smoothing)
        return loss / len(pairs.target), right / len(pairs.target)

    def begin(self, source: NDArray[np.int32], offsets: NDArray[np.int64]) -> Decoding:
        """Read sentences, to translate them word by word; see `decoding.Decoding`."""
        self._check_bound()
        return Decoding(self.root, source, offsets)  # type: ignore[arg-type]

    def attention(self, pairs: TokenPairs) -> list[NDArray[Any]]:
        """Return how the last decoder layer reads each source sentence, (heads, words, source words) for each pair.

        Row i is what was read to predict word i of the translation.
        """
        TokenBatch(pairs).check(self.n_features, self.n_outputs, self.dtype)
        self._check_bound()
        return self.root.attention(pairs)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        root: Any = self.root
        words = f"{self.n_features} -> {self.n_outputs} words, {self.width} features"
        layers = f"{len(root.encoder.layers)} + {len(root.decoder.layers)} layers"
        return f"{type(self).__name__}({words}, {layers}, {self.n_links} links)"


def _checked_shapes(d_model: int, heads: int, d_ff: int, layers: int) -> list[tuple[int, int]]:
    """Return the shapes of all matrices in the order of the layers, or say what does not fit."""
    sizes = {"d_model": d_model, "heads": heads, "d_ff": d_ff, "layers": layers}
    width, count, inner, depth = (check_integer(name, value) for name, value in sizes.items())
    if width % 2 or width % count:
        raise invalid(f"d_model={width} with heads={count}", "an even multiple of the heads")
    square, block = [(width, width)] * len(PROJECTIONS), [(width, inner), (inner, width)]
    return (square + block) * depth + (square + square + block) * depth


def _wired(
    topology: str | Callable[..., Any], params: dict[str, Any], shapes: list[tuple[int, int]], links: list[int],
    rng: np.random.Generator,
) -> list[SparseStructure]:  # fmt: skip
    if topology in WITHOUT_DATA:
        found = f"topology={topology} for a Transformer, but {WITHOUT_DATA[str(topology)]}"
        raise invalid(found, "one without data, such as receptive-field, dendritic, erdos-renyi or small-world")
    return [
        generate(topology, n_in, n_out, count / (n_in * n_out), rng=rng, **params)
        for (n_in, n_out), count in zip(shapes, links, strict=True)
    ]


def _built(
    linear: Callable[[int, str], Any], sizes: _Sizes, dropout: float, attention_dropout: float, tied: bool,
    weights: str, common: dict[str, Any],
) -> EncoderDecoder:  # fmt: skip
    """Return the tree of layers; `linear` makes a matrix of a given number and name, in the order of the layers."""
    source_words, target_words, d_model, heads, layers = sizes
    numbers = iter(range(16 * layers))
    rest = {name: common[name] for name in ("dtype", "backend")}

    def attention(name: str, **options: Any) -> MultiHeadAttention:
        query, key, value, output = (linear(next(numbers), f"{name}.{part}") for part in PROJECTIONS)
        return MultiHeadAttention(
            query, key, value, output, heads, dropout=attention_dropout, name=name, **options
        )  # fmt: skip

    def feed_forward(name: str) -> FeedForward:
        w_1, w_2 = (linear(next(numbers), f"{name}.{part}") for part in ("w_1", "w_2"))
        return FeedForward(w_1, w_2, dropout=dropout, name=name)

    source = Embedding(source_words, d_model, weights=weights, name="source_embedding", **common)
    encoder = [
        EncoderLayer(
            attention(f"{name}.self_attention"), feed_forward(f"{name}.feed_forward"), dropout=dropout, name=name
        )
        for name in (f"encoder.{i}" for i in range(layers))
    ]
    target = Embedding(target_words, d_model, weights=weights, name="target_embedding", **common)
    decoder = [
        DecoderLayer(
            attention(f"{name}.self_attention", causal=True), attention(f"{name}.context_attention", crosses=True),
            feed_forward(f"{name}.feed_forward"), dropout=dropout, name=name,
        )
        for name in (f"decoder.{i}" for i in range(layers))
    ]  # fmt: skip
    generator = Generator(d_model, target_words, weights=weights, **common)
    if tied:
        generator.tie(target)
    norms = [LayerNorm(d_model, name=f"{name}.norm", **rest) for name in ("encoder", "decoder")]
    return EncoderDecoder(
        source, target, Encoder(encoder, norms[0]), Decoder(decoder, norms[1]), generator, dropout=dropout
    )
