"""Translation as a task: batches of whole sentences with equal numbers of tokens, loss and accuracy per token."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.layers import Loss, SoftmaxCrossEntropy
from sparse_mlp.models.token_batch import TokenBatch
from sparse_mlp.models.transformer import SparseTransformer
from sparse_mlp.token_pairs import TokenPairs
from sparse_mlp.training.task import Metrics
from sparse_mlp.training.token_batches import check_lengths, count_batches, token_batches


class Translation:
    """Learn to translate sentences.

    Parameters
    ----------
    pairs : TokenPairs
    batch_tokens : int
        Target tokens of a batch, nearly: an epoch has always `ceil(tokens / batch_tokens)` batches.
    label_smoothing : float
        Fraction of the target that is spread evenly over all words.
    loss : SoftmaxCrossEntropy, optional
        Instead of the label smoothing.

    Attributes
    ----------
    n_samples : int
        Pairs of sentences.
    n_batches : int

    Raises
    ------
    InvalidInputError
        If the loss is another one: the scores of all words are never in memory at once, as other losses would need.

    Notes
    -----
    An epoch's sentences come in a new order and are cut where a batch is full, by where the middle of a sentence lies,
    see `token_batches`. So no sentence is padded, and the number of batches does not depend on the order.
    """

    def __init__(
        self, pairs: TokenPairs, *, batch_tokens: int = 1024, label_smoothing: float = 0.1,
        loss: SoftmaxCrossEntropy | None = None,
    ) -> None:  # fmt: skip
        self.pairs, self.batch_tokens = pairs, check_integer("batch_tokens", batch_tokens)
        if loss is not None and not isinstance(loss, SoftmaxCrossEntropy):
            raise invalid(f"loss {type(loss).__name__} for translations", "SoftmaxCrossEntropy, or none")
        self._loss: Loss = loss or SoftmaxCrossEntropy(label_smoothing)
        self.n_samples = pairs.n_pairs
        self.n_batches = count_batches(len(pairs.target), self.batch_tokens)

    @property
    def weight(self) -> float:
        """Target tokens."""
        return float(len(self.pairs.target))

    @property
    def counted(self) -> tuple[str, float]:
        """What speed is counted in: source and target tokens."""
        return "tokens", float(len(self.pairs.source) + len(self.pairs.target))

    @property
    def loss(self) -> Loss:
        """Cross-entropy of the next word, with label smoothing."""
        return self._loss

    def bound(self, name: str, network: SparseTransformer) -> Translation:
        """Return the task, checked for a network.

        Raises
        ------
        InvalidInputError
            If there is no pair, a word is outside of the network's vocabulary, or a sentence is longer than a batch.
        """
        TokenBatch(self.pairs).check(network.n_features, network.n_outputs, network.dtype)
        if name == "train":
            check_lengths(self._lengths, self.batch_tokens)
        return copy.copy(self)

    def batches(self, order: NDArray[np.int64]) -> list[TokenBatch]:
        """Return the batches of an epoch whose sentences come in this order."""
        return [TokenBatch(self.pairs.select(part)) for part in token_batches(self._lengths, self.batch_tokens, order)]

    @property
    def _lengths(self) -> NDArray[np.int64]:
        return np.diff(self.pairs.target_offsets)

    def weight_of(self, batch: TokenBatch) -> float:
        """Return the number of its target tokens."""
        return float(batch.total)

    def evaluate(self, network: SparseTransformer) -> Metrics:
        """Return the mean loss of a target token, and the fraction of tokens that are predicted right as accuracy."""
        loss, accuracy = network.measure(self.pairs, self.loss.label_smoothing)  # type: ignore[attr-defined]
        return {"loss": loss, "accuracy": accuracy}
