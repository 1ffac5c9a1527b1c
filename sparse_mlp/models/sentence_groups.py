"""The walk of sentences through a Transformer, in groups of whole sentences: forward, and back."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.pool import one_blas_thread, run
from sparse_mlp.kernels.tiles import Arena, Arenas
from sparse_mlp.layers.encoder_decoder import EncoderDecoder, tokens_of
from sparse_mlp.layers.losses import Loss
from sparse_mlp.layers.tokens import Tokens
from sparse_mlp.models.token_batch import TokenBatch
from sparse_mlp.models.walk import Buffer
from sparse_mlp.token_pairs import TokenPairs, cut_by_words

GROUPS = 4  # of a batch, whatever the number of threads; part of what the bytes of a result depend on
MEASURED = 2048  # target tokens of a group that is only evaluated


class SentenceWalk:
    """Take pairs of sentences through a Transformer.

    Parameters
    ----------
    root : EncoderDecoder

    Attributes
    ----------
    spread : bool
        False: threads take groups.

    Notes
    -----
    Attention needs nothing but its own sentence, so whole sentences can go through the whole network by themselves.
    A batch is cut into four groups of nearly equal numbers of target tokens; a thread packs a group into tiles of its
    own and takes it forward, through the loss and back, into a gradient of the group. Kernels and BLAS use one thread
    meanwhile. Random numbers of a batch are drawn before, so neither groups nor threads move a stream.
    """

    spread = False

    def __init__(self, root: EncoderDecoder) -> None:
        self.root = root
        self._arenas = Arenas()

    def bind(self) -> None:
        """Do nothing: nothing is kept of parameters or wiring."""

    def groups(self, batch: TokenBatch) -> list[tuple[int, int]]:
        """Return the groups of a batch, first and last sentence (exclusive) of each; none is empty."""
        return _cuts(batch.pairs, GROUPS)

    def gradients(
        self, batch: TokenBatch, loss: Loss, rng: np.random.Generator | None, buffers: list[Buffer],
        kept: list[dict[int, Any]] | None = None,
    ) -> float:  # fmt: skip
        """Take each group forward and back, each into its own buffer; return the mean loss. See `Walk.gradients`."""
        whole = tokens_of(batch.pairs, training=rng is not None)
        if rng is not None:
            self.root.draw_masks(0, whole, rng)
        smoothing = loss.label_smoothing  # type: ignore[attr-defined]
        tasks = [
            partial(self._group, batch, whole, group, smoothing, buffers[i], kept[i] if kept else None)
            for i, group in enumerate(self.groups(batch))
        ]
        with one_blas_thread():
            return sum(run(tasks))

    def scores(self, pairs: TokenPairs) -> NDArray[Any]:
        """Return the scores (target tokens, target words) of all pairs."""
        scores = np.empty((len(pairs.target), self.root.generator.words), self.root.dtype)
        with one_blas_thread():
            run([partial(self._scores, *part, scores) for part in _parts(pairs)])
        return scores

    def measure(self, pairs: TokenPairs, label_smoothing: float) -> tuple[float, int]:
        """Return the summed loss of all target tokens, and how many of them have the highest score."""
        with one_blas_thread():
            found = run([partial(self._measure, part, label_smoothing) for part, _ in _parts(pairs)])
        return float(sum(loss for loss, _ in found)), int(sum(right for _, right in found))

    def _group(
        self, batch: TokenBatch, whole: Tokens, group: tuple[int, int], label_smoothing: float, buffer: Buffer,
        kept: dict[int, Any] | None,
    ) -> float:  # fmt: skip
        buffer.flat.fill(0)
        arena = self._arenas.take()
        target = _in_arena(whole.group(*group), arena, kept)
        pairs = batch.pairs.select(np.arange(*group))
        value = self.root.gradients(pairs, target, batch.total, label_smoothing, buffer.tree)
        self._arenas.append(arena)
        return value

    def _decoded(self, pairs: TokenPairs, arena: Arena) -> tuple[Any, Tokens]:
        target = _in_arena(tokens_of(pairs), arena, None)
        memory, _ = self.root.encode(pairs.source, target.context)  # type: ignore[arg-type]
        return self.root.decode(pairs.target, memory, target)[0], target

    def _scores(self, pairs: TokenPairs, place: slice, scores: NDArray[Any]) -> None:
        arena = self._arenas.take()
        scores[place] = self.root.generator.scores_tiles(*self._decoded(pairs, arena))
        self._arenas.append(arena)

    def _measure(self, pairs: TokenPairs, label_smoothing: float) -> tuple[float, int]:
        arena = self._arenas.take()
        y, target = self._decoded(pairs, arena)
        found = self.root.generator.loss_only(y, pairs.target, label_smoothing, target)
        self._arenas.append(arena)
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_arenas": Arenas()}


def _in_arena(target: Tokens, arena: Arena, kept: dict[int, Any] | None) -> Tokens:
    """Let translations and their sentences take memory from an arena, and keep their signals where asked for."""
    for tokens in (target, target.context):
        assert tokens is not None  # `tokens_of` gives translations a context
        tokens.arena, tokens.signals = arena, kept
    return target


def _parts(pairs: TokenPairs) -> list[tuple[TokenPairs, slice]]:
    """Cut pairs into parts of some 2,000 target tokens, each with the place of its tokens."""
    offsets = pairs.target_offsets
    return [
        (pairs.select(np.arange(first, last)), slice(int(offsets[first]), int(offsets[last])))
        for first, last in _cuts(pairs, -(-len(pairs.target) // MEASURED))
    ]


def _cuts(pairs: TokenPairs, n_parts: int) -> list[tuple[int, int]]:
    """Return first and last sentence (exclusive) of parts of nearly equal numbers of target tokens; none is empty."""
    borders = cut_by_words(np.diff(pairs.target_offsets), n_parts).tolist()
    return [(first, last) for first, last in pairwise(borders) if last > first]
