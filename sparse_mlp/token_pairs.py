"""Pairs of sentences as numbers of words, packed one after the other without padding."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class TokenPairs(NamedTuple):
    """Sentences and their translations: a data set, a batch of it, or a part of a batch.

    Attributes
    ----------
    source : int32 (S,)
        Words of all source sentences one after the other, each sentence with its end mark.
    source_offsets : int64 (n + 1,)
        Sentence i is `source[source_offsets[i]:source_offsets[i + 1]]`.
    target : int32 (T,)
        Words of the translations, each with its end mark; a network puts the begin mark in front by itself.
    target_offsets : int64 (n + 1,)

    Examples
    --------
    >>> pairs = TokenPairs.of([[4, 5, 3], [6, 3]], [[7, 3], [8, 9, 3]])
    >>> pairs.n_pairs, pairs.target_offsets
    (2, array([0, 2, 5]))
    >>> pairs.select([1, 0]).source
    array([6, 3, 4, 5, 3], dtype=int32)
    """

    source: NDArray[np.int32]
    source_offsets: NDArray[np.int64]
    target: NDArray[np.int32]
    target_offsets: NDArray[np.int64]

    @classmethod
    def of(cls, sources: list[list[int]], targets: list[list[int]]) -> TokenPairs:
        """Pack lists of words; both of a pair end with the end mark already."""
        return cls(*packed(sources), *packed(targets))

    @property
    def n_pairs(self) -> int:
        """How many pairs there are."""
        return len(self.source_offsets) - 1

    def select(self, pairs: NDArray[np.int64] | list[int]) -> TokenPairs:
        """Return some of the pairs, in the given order."""
        chosen = np.asarray(pairs, np.int64)
        return TokenPairs(
            *_selected(self.source, self.source_offsets, chosen), *_selected(self.target, self.target_offsets, chosen)
        )


def packed(sentences: list[list[int]]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the words of sentences one after the other, int32 (words,), and where each begins, int64 (n + 1,)."""
    lengths = [len(sentence) for sentence in sentences]
    words = [word for sentence in sentences for word in sentence]
    return np.array(words, np.int32), np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def _selected(
    words: NDArray[np.int32], offsets: NDArray[np.int64], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    starts, lengths = offsets[:-1][chosen], np.diff(offsets)[chosen]
    ends = np.cumsum(lengths)
    places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)
    return words[places], np.concatenate([[0], ends]).astype(np.int64)


def cut_by_words(lengths: NDArray[np.int64], n_parts: int) -> NDArray[np.int64]:
    """Cut sentences in a given order into parts with equal numbers of words, give or take a sentence.

    Parameters
    ----------
    lengths : int64 (n,)
        Words of each sentence.
    n_parts : int
        How many parts.

    Returns
    -------
    int64 (n_parts + 1,)
        Part i has the sentences `borders[i]` to `borders[i + 1]`, the latter not included; it may be empty.

    Notes
    -----
    The middle of a sentence decides: with N words in all, M parts, and c words up to the end of a sentence of n words,
    it goes to part (2c - n) M // (2N). If no sentence is longer than N / M, no part is empty.

    Examples
    --------
    >>> cut_by_words(np.array([2, 2, 3, 1]), 2)
    array([0, 2, 4])
    """
    ends = np.cumsum(lengths, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    parts = (2 * ends - lengths) * n_parts // max(1, 2 * total)
    return np.searchsorted(parts, np.arange(n_parts + 1)).astype(np.int64)
