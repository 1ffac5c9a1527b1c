"""Batches of whole sentences: as many in each epoch, each sentence once, none empty; groups by the same rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.token_pairs import cut_by_words
from sparse_mlp.training.token_batches import check_lengths, count_batches, token_batches

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=60).map(lambda lengths: np.array(lengths, np.int64))


def test_the_middle_decides_by_hand() -> None:
    # Ends 2, 4, 7, 8 of 8 words; middles 1, 3, 5.5, 7.5; the border of two parts is at 4.
    assert cut_by_words(np.array([2, 2, 3, 1]), 2).tolist() == [0, 2, 4]
    # A middle on the border goes to the part behind it.
    assert cut_by_words(np.array([3, 2, 3]), 2).tolist() == [0, 1, 3]


def test_groups_may_be_empty() -> None:
    assert cut_by_words(np.array([7]), 4).tolist() == [0, 0, 0, 1, 1]
    assert cut_by_words(np.array([9, 1]), 4).tolist() == [0, 0, 1, 1, 2]
    assert cut_by_words(np.array([], np.int64), 4).tolist() == [0, 0, 0, 0, 0]


@given(LENGTHS, st.integers(1, 9))
def test_the_rule_for_each_sentence(lengths: np.ndarray, n_parts: int) -> None:
    borders, total, end = cut_by_words(lengths, n_parts), int(lengths.sum()), 0
    for sentence, length in enumerate(lengths.tolist()):
        end += length
        part = (2 * end - length) * n_parts // (2 * total)
        assert borders[part] <= sentence < borders[part + 1]


@given(LENGTHS, st.integers(1, 100), st.integers(0, 9))
def test_each_sentence_once_and_no_batch_empty(lengths: np.ndarray, batch_words: int, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(lengths))
    total = int(lengths.sum())
    n_batches = count_batches(total, batch_words)
    assert (n_batches - 1) * batch_words < total <= n_batches * batch_words
    if lengths.max() * n_batches > total:
        with pytest.raises(InvalidInputError, match="leave the sentence out or make the batches larger"):
            check_lengths(lengths, batch_words)
        return
    check_lengths(lengths, batch_words)
    batches = token_batches(lengths, batch_words, order)
    assert len(batches) == n_batches and all(len(batch) for batch in batches)
    assert np.concatenate(batches).tolist() == order.tolist()
    assert all(abs(lengths[batch].sum() - total / n_batches) <= lengths.max() for batch in batches)


def test_a_long_sentence_is_named() -> None:
    with pytest.raises(InvalidInputError, match=r"9 words \(sentence 2\) with batch_tokens=6; .* at most 5 words"):
        check_lengths(np.array([1, 9, 1]), 6)
    with pytest.raises(InvalidInputError, match="no sentences"):
        check_lengths(np.array([], np.int64), 6)
    with pytest.raises(InvalidInputError, match="batch_tokens=0"):
        count_batches(10, 0)


def test_fifty_orders_have_equally_many_batches() -> None:
    lengths = np.random.default_rng(0).integers(4, 45, 3000)
    batches = [token_batches(lengths, 1024, np.random.default_rng(seed).permutation(3000)) for seed in range(50)]
    assert {len(each) for each in batches} == {count_batches(int(lengths.sum()), 1024)}


def test_multi30k(real_data_dir: Path) -> None:
    if not (real_data_dir / "multi30k").is_dir():
        pytest.skip("the real data files of multi30k are not here")
    from sparse_mlp.datasets import load_translation

    pairs = load_translation("multi30k", real_data_dir, download=False).train.pairs
    source, target = np.diff(pairs.source_offsets), np.diff(pairs.target_offsets)
    check_lengths(target, 1024)
    sizes = []
    for seed in range(50):
        batches = token_batches(target, 1024, np.random.default_rng(seed).permutation(29_000))
        assert len(batches) == 381
        sizes += [(target[batch].sum(), source[batch].sum()) for batch in batches]
    assert np.min(sizes, axis=0)[0] >= 990 and np.all(np.max(sizes, axis=0) <= [1050, 1160])
