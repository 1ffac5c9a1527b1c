"""Stand-ins: the right shapes, the same bytes for the same seed, learnable, and never without their stamp."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp import datasets
from sparse_mlp.datasets import make_synthetic
from sparse_mlp.datasets.registry import IDX_SETS
from sparse_mlp.errors import InvalidInputError


@pytest.mark.parametrize("name", IDX_SETS)
def test_shapes_and_stamp(name: str) -> None:
    data = make_synthetic(f"synthetic-{name}", 94, 47)
    assert data.train_x.shape == (94, 784)
    assert data.n_classes == IDX_SETS[name].n_classes
    assert data.synthetic and data.provenance.startswith("SYNTHETIC") and "SYNTHETIC" in repr(data)
    assert data.train_x.min() >= 0 and data.train_x.max() <= 1
    assert np.ptp(np.bincount(data.train_y, minlength=data.n_classes)) <= 1


def test_same_seed_same_bytes_other_name_or_seed_other_bytes() -> None:
    one = make_synthetic("synthetic-mnist", 20, 10, rng=1)
    assert one.train_x.tobytes() == make_synthetic("synthetic-mnist", 20, 10, rng=1).train_x.tobytes()
    assert one.train_x.tobytes() != make_synthetic("synthetic-mnist", 20, 10, rng=2).train_x.tobytes()
    assert one.train_x.tobytes() != make_synthetic("synthetic-kmnist", 20, 10, rng=1).train_x.tobytes()


def test_nearest_class_mean_learns_it() -> None:
    data = make_synthetic("synthetic-mnist", 1000, 300)
    means = np.stack([data.train_x[data.train_y == label].mean(axis=0) for label in range(10)])
    nearest = ((data.test_x[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == data.test_y).mean() > 0.8


def test_load_gives_a_modest_default() -> None:
    data = datasets.load("synthetic-mnist", download=False)
    assert (len(data.train_y), len(data.test_y)) == (6000, 1000)


def test_bad_requests() -> None:
    with pytest.raises(InvalidInputError, match="did you mean 'synthetic-mnist'"):
        make_synthetic("synthetic-mnits")
    with pytest.raises(InvalidInputError, match="n_train"):
        make_synthetic("synthetic-mnist", 0)
