"""The record that loaders hand over: its checks, its subsets, its one mean and one deviation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sparse_mlp import datasets
from sparse_mlp.datasets import Dataset, class_counts, standardize, summary
from sparse_mlp.datasets.scaling import pixel_mean_std
from sparse_mlp.errors import InvalidInputError


def small(**changes: Any) -> Dataset:
    fields: dict[str, Any] = {
        "name": "small",
        "train_x": np.array([[0, 0, 0, 1], [1, 1, 1, 0], [0, 0, 1, 1]], dtype=np.float32),
        "train_y": np.array([0, 1, 1]),
        "test_x": np.array([[0.5, 0.5, 0.5, 1]], dtype=np.float32),
        "test_y": np.array([1]),
        "n_classes": 2,
        "image_shape": (2, 2),
        "class_names": ("a", "b"),
        "provenance": "by hand",
    }
    return Dataset(**{**fields, **changes})


def test_repr_is_short_and_stamped() -> None:
    assert repr(small()) == "Dataset('small', 3 train, 1 test, 4 features, 2 classes)"
    assert "SYNTHETIC" in repr(small(synthetic=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_x": np.zeros((3, 4))}, "train_x of float64"),
        ({"train_x": np.zeros((3, 2, 2), np.float32)}, "train_x of float32"),
        ({"test_x": np.zeros((1, 5), np.float32)}, "found test_x with 5 features; expected 4 features, as in train_x"),
        ({"train_y": np.array([0, 1, 1], dtype=np.int32)}, "train_y of int32"),
        ({"train_y": np.array([0, 1])}, "3 rows of train_x with 2 labels"),
        ({"train_y": np.array([0, 1, 2])}, "train_y from 0 to 2"),
        ({"test_y": np.array([-1])}, "test_y from -1 to -1"),
        ({"test_x": np.zeros((0, 4), np.float32), "test_y": np.zeros(0, np.int64)}, "at least one"),
        ({"image_shape": (3, 2)}, "image_shape"),
        ({"class_names": ("a",)}, "1 class names"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        small(**changes)


def test_subset_is_seeded_and_keeps_pairs() -> None:
    digits = datasets.load("digits")
    one, two, other = digits.subset(50, 20, rng=3), digits.subset(50, 20, rng=3), digits.subset(50, 20, rng=4)
    assert (len(one.train_y), len(one.test_y)) == (50, 20)
    np.testing.assert_array_equal(one.train_x, two.train_x)
    assert not np.array_equal(one.train_x, other.train_x)
    assert "subset" in one.provenance
    known = {row.tobytes(): label for row, label in zip(digits.train_x, digits.train_y, strict=True)}
    assert all(known[row.tobytes()] == label for row, label in zip(one.train_x, one.train_y, strict=True))
    assert len({row.tobytes() for row in one.train_x}) == 50


def test_subset_refuses_more_than_there_is() -> None:
    with pytest.raises(InvalidInputError, match="n_train=4"):
        small().subset(4, 1)
    with pytest.raises(InvalidInputError, match="n_test"):
        small().subset(1, 0)


def test_standardize_by_hand_uses_training_pixels_alone() -> None:
    # Training pixels: six ones among twelve, so mean 1/2 and standard deviation 1/2.
    result = standardize(small())
    np.testing.assert_array_equal(result.train_x[0], np.array([-1, -1, -1, 1], dtype=np.float32))
    assert result.test_x.tolist() == [[0, 0, 0, 1]]
    assert result.train_x.dtype == np.float32
    assert "standardised by mean 0.5000 and standard deviation 0.5000" in result.provenance


def test_standardize_agrees_with_float64_over_several_blocks() -> None:
    x = np.random.default_rng(0).random((9000, 3), dtype=np.float32)
    mean, std = pixel_mean_std(x)
    assert mean == pytest.approx(x.astype(np.float64).mean(), rel=1e-12)
    assert std == pytest.approx(x.astype(np.float64).std(), rel=1e-6)


def test_standardize_refuses_one_grey() -> None:
    with pytest.raises(InvalidInputError, match="training images"):
        standardize(small(train_x=np.full((3, 4), 0.25, np.float32)))


def test_summary_counts_classes() -> None:
    train, test = class_counts(small())
    assert train.tolist() == [1, 2]
    assert test.tolist() == [0, 1]
    lines = summary(small()).splitlines()
    assert lines[-2].split() == ["a", "1", "0"]
    assert lines[-1].split() == ["b", "2", "1"]


def test_features_of_a_table_are_standardised_one_by_one() -> None:
    x = np.array([[1, 5, 1000], [3, 5, 3000]], np.float32)
    y = np.array([0, 1])
    table = Dataset("t", x, y, np.array([[5, 6, 0]], np.float32), y[:1], 2, None, ("a", "b"), "made")
    scaled = standardize(table)
    assert scaled.train_x.tolist() == [[-1, 0, -1], [1, 0, 1]] and scaled.train_x.dtype == np.float32
    assert scaled.test_x.tolist() == [[3, 0, -2]]  # a feature that never changes in training tells nothing
    assert scaled.provenance == "made; each feature standardised by its mean and standard deviation in training"
    with pytest.raises(InvalidInputError, match="training samples"):
        standardize(replace(table, train_x=np.ones((2, 3), np.float32)))
