"""Batches of whole sentences with about the same number of words, equally many in each epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.token_pairs import cut_by_words

Numbers = NDArray[np.int64]


def count_batches(n_words: int, batch_words: int) -> int:
    """Return how many batches an epoch has: the words of all targets by those of a batch, rounded up."""
    return -(-n_words // check_integer("batch_tokens", batch_words))


def check_lengths(lengths: Numbers, batch_words: int) -> None:
    """Refuse a sentence that is longer than a batch: no batch could hold it.

    Parameters
    ----------
    lengths : int64 (n,)
        Words of each target, with its end mark.
    batch_words : int
        Words of a batch.

    Raises
    ------
    InvalidInputError
        If there are no sentences, or the longest has more words than there are for each batch.
    """
    if not len(lengths):
        raise invalid("no sentences", "at least one")
    total, longest = int(lengths.sum()), int(np.argmax(lengths))
    n_batches = count_batches(total, batch_words)
    if int(lengths[longest]) * n_batches > total:
        found = f"a target of {lengths[longest]:,} words (sentence {longest + 1:,}) with batch_tokens={batch_words}"
        wanted = (
            f"targets of at most {total // n_batches:,} words, an even share of {total:,} for {n_batches:,} batches"
        )
        raise invalid(found, wanted, "leave the sentence out or make the batches larger")


def token_batches(lengths: Numbers, batch_words: int, order: Numbers) -> list[Numbers]:
    """Deal out sentences to batches.

    Parameters
    ----------
    lengths : int64 (n,)
        Words of each target, with its end mark; they pass `check_lengths`.
    batch_words : int
        Words of a batch, give or take a sentence.
    order : int64 (n,)
        A permutation of the sentences.

    Returns
    -------
    list of int64 arrays
        The sentences of each batch, in the given order. There are `count_batches` of them for any order, none empty.

    Examples
    --------
    >>> token_batches(np.array([2, 3, 1, 2]), 4, np.array([3, 0, 1, 2]))
    [array([3, 0]), array([1, 2])]
    """
    in_order = lengths[order]
    borders = cut_by_words(in_order, count_batches(int(lengths.sum()), batch_words))
    return np.split(order, borders[1:-1])
