"""Splits: every sample once, every class alike, the same draw for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp import datasets
from sparse_mlp.datasets import resplit, stratified_split
from sparse_mlp.errors import InvalidInputError


@given(counts=st.lists(st.integers(3, 40), min_size=2, max_size=5), seed=st.integers(0, 2**32 - 1))
def test_every_sample_once_and_every_class_alike(counts: list[int], seed: int) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    train, test = stratified_split(y, rng=seed)
    assert sorted([*train, *test]) == list(range(len(y))) and len(test) == -(-len(y) // 3)
    assert np.all(np.diff(train) > 0) and np.all(np.diff(test) > 0)
    assert np.abs(np.bincount(y[test], minlength=len(counts)) - np.array(counts) / 3).max() < 1.5


def test_the_seed_decides() -> None:
    y = np.arange(90) % 3
    assert stratified_split(y)[1].tolist() == stratified_split(y, rng=0)[1].tolist()
    assert stratified_split(y, rng=1)[1].tolist() != stratified_split(y, rng=0)[1].tolist()
    assert len(stratified_split(y, 0.5)[1]) == 45


def test_resplit_takes_both_parts_and_says_so() -> None:
    digits = datasets.load("digits")
    other = resplit(digits, rng=3)
    assert (len(other.train_y), len(other.test_y)) == (1198, 599)
    assert other.provenance.endswith("; split again: stratified, 1,198 to train, 599 to test, seed 3")
    whole = np.concatenate([digits.train_x, digits.test_x])
    np.testing.assert_array_equal(
        np.sort(np.concatenate([other.train_x, other.test_x]), axis=0), np.sort(whole, axis=0)
    )
    assert resplit(digits, rng=np.int64(3)).provenance == other.provenance
    assert resplit(digits, rng=np.random.default_rng(3)).provenance.endswith("drawn at random")
    assert resplit(digits, rng=3).test_x.tobytes() == other.test_x.tobytes() != resplit(digits).test_x.tobytes()


@pytest.mark.parametrize("y", [[0, 0, 0, 1], [0, 0, 1, 1, 2, 2], []])
def test_too_few_samples_are_refused(y: list[int]) -> None:
    with pytest.raises(InvalidInputError, match="at least two of each class"):
        stratified_split(np.array(y, np.int64))


def test_a_bad_share_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="did you pass a percentage"):
        stratified_split(np.arange(10) % 2, 30)
