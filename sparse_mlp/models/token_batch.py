"""What a translating network is trained on in one step: some pairs of sentences."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.kernels.tiles import in_range
from sparse_mlp.token_pairs import TokenPairs


class TokenBatch:
    """Some pairs of sentences.

    Parameters
    ----------
    pairs : TokenPairs

    Attributes
    ----------
    total : int
        Target tokens, over which the mean loss is taken.
    """

    def __init__(self, pairs: TokenPairs) -> None:
        self.pairs, self.total = pairs, len(pairs.target)

    def __len__(self) -> int:
        return self.pairs.n_pairs

    def check(self, n_features: int, n_outputs: int, dtype: Any) -> None:
        """Refuse what does not fit a network of so many source and target words.

        Raises
        ------
        InvalidInputError
            If there is no pair, a sentence without words, or a word outside of its vocabulary.
        """
        if not len(self):
            raise invalid("a batch without sentences", "at least one pair")
        _check_side("source", self.pairs.source, self.pairs.source_offsets, n_features)
        _check_side("target", self.pairs.target, self.pairs.target_offsets, n_outputs)

    def inputs(self) -> TokenPairs:
        """Return the pairs, from which `outputs` of the layers begins."""
        return self.pairs


def _check_side(side: str, words: NDArray[np.int32], offsets: NDArray[np.int64], count: int) -> None:
    if np.diff(offsets).min() < 1:
        found = f"{side} sentence {int(np.argmin(np.diff(offsets)))} without words"
        raise invalid(found, "at least its end mark")
    if int(offsets[-1]) != len(words):
        raise invalid(f"{side} offsets up to {int(offsets[-1])} for {len(words)} words", "offsets that end with them")
    if not in_range(words, count):
        raise invalid(f"{side} words from {words.min()} to {words.max()}", f"numbers in [0, {count})")
