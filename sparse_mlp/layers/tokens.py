"""Batches whose samples are the tokens of sentences, packed one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.layers.batch import Batch


@dataclass(eq=False)
class Tokens(Batch):
    """The tokens of a batch of sentences, or of the group of its sentences that one thread takes through the network.

    `n_samples` and `first` count tokens: the real ones of the tiles, and those of the batch before this group.

    Attributes
    ----------
    offsets : int64 (n_sentences + 1,)
        Sentence b of this group has the tokens from `offsets[b]` to before `offsets[b + 1]`; it begins with 0.
    before : int
        Sentences of the batch before this group.
    whole : Tokens or None
        The batch that this group is of; None where it is the batch itself.
    context : Tokens or None
        The sentences that attention over a context reads, one for each of these; None where there are none.

    Examples
    --------
    >>> tokens = Tokens.of(np.array([0, 3, 4]))
    >>> tokens.n_samples, tokens.positions()
    (4, array([0, 1, 2, 0]))
    """

    offsets: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    before: int = 0
    whole: Tokens | None = None
    context: Tokens | None = None

    @classmethod
    def of(cls, offsets: NDArray[np.int64], **options: Any) -> Tokens:
        """Return sentences that are a batch by themselves; `options` are other attributes."""
        return cls(int(offsets[-1]), offsets=offsets, **options)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each sentence, int64 (n_sentences,)."""
        return np.diff(self.offsets)

    def positions(self) -> NDArray[np.int64]:
        """Return the place of each token in its sentence, from 0 on, int64 (n_samples,)."""
        return np.arange(self.n_samples) - np.repeat(self.offsets[:-1], self.lengths)

    def group(self, first: int, last: int) -> Tokens:
        """Return sentences `first` to `last - 1` of this batch, with their part of the context, as a group.

        It has the draws of the batch, and its other options but memory and signals.
        """
        start, stop = int(self.offsets[first]), int(self.offsets[last])
        return Tokens(
            stop - start, self.training, start, self.draws, keep=self.keep,
            offsets=self.offsets[first : last + 1] - start, before=first, whole=self,
            context=None if self.context is None else self.context.group(first, last),
        )  # fmt: skip
