"""Stand-ins: the right shapes, the same bytes for the same seed, learnable, and never without their stamp."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp import datasets
from sparse_mlp.datasets import make_synthetic, synthetic
from sparse_mlp.datasets.registry import file_sets
from sparse_mlp.errors import InvalidInputError


@pytest.mark.parametrize("name", file_sets())
def test_shapes_and_stamp(name: str) -> None:
    data = make_synthetic(f"synthetic-{name}", 94, 47)
    assert data.train_x.shape == (94, int(np.prod(file_sets()[name].shape)))
    assert data.image_shape == file_sets()[name].image_shape
    assert data.n_classes == file_sets()[name].n_classes
    assert data.synthetic and data.provenance.startswith("SYNTHETIC") and "SYNTHETIC" in repr(data)
    if data.image_shape is not None:
        assert data.train_x.min() >= 0 and data.train_x.max() <= 1
    assert np.ptp(np.bincount(data.train_y, minlength=data.n_classes)) <= 1


def test_the_stamp_names_what_the_shape_is_of() -> None:
    assert "shape of Lung stand-in with 1,543 genes: random numbers" in datasets.load("synthetic-lung-1543").provenance
    assert "shape of Madelon: random numbers" in datasets.load("synthetic-madelon").provenance


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


def test_colour_planes_have_drawings_of_their_own_and_move_together() -> None:
    data = make_synthetic("synthetic-cifar-10", 200, 10)
    red, green, blue = data.train_x[data.train_y == 0].mean(axis=0).reshape(data.image_shape)
    for one, other in ((red, green), (green, blue)):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.7
    drawing = np.zeros((1, 3, 8, 8))
    drawing[0, 0, 4, 4] = 1
    moved = synthetic._shifted(drawing).reshape(-1, 3, 8, 8)
    assert np.all(moved[:, 0].sum(axis=(1, 2)) == 1) and not moved[:, 1:].any(), "what is red stays red"
    # Cells of a drawing are four pixels wide and blurred: neighbours below and beside are alike, within each plane.
    assert np.corrcoef(red[1:].ravel(), red[:-1].ravel())[0, 1] > 0.8
    assert np.corrcoef(red[:, 1:].ravel(), red[:, :-1].ravel())[0, 1] > 0.8


def test_load_gives_a_modest_default() -> None:
    data = datasets.load("synthetic-mnist", download=False)
    assert (len(data.train_y), len(data.test_y)) == (6000, 1000)


def test_a_table_has_as_many_rows_as_the_real_one() -> None:
    data = datasets.load("synthetic-lung")
    assert (data.train_x.shape, data.test_x.shape) == ((135, 3312), (68, 3312))
    assert len(datasets.load("synthetic-madelon").train_y) + 867 == 2600


def test_a_twentieth_of_the_features_of_a_table_tells_the_classes_apart() -> None:
    data = make_synthetic("synthetic-madelon", 4000, 1000)
    means = np.stack([data.train_x[data.train_y == label].mean(axis=0) for label in (0, 1)])
    # Means of 2000 normal numbers have a standard deviation of 0.022: no noise feature differs by a fifth.
    informative = np.abs(means[0] - means[1]) > 0.2
    assert 15 <= informative.sum() <= 25 and abs(data.train_x[:, ~informative].std() - 1) < 0.01
    nearest = ((data.test_x[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == data.test_y).mean() > 0.9


def test_bad_requests() -> None:
    with pytest.raises(InvalidInputError, match="did you mean 'synthetic-mnist'"):
        make_synthetic("synthetic-mnits")
    with pytest.raises(InvalidInputError, match="n_train"):
        make_synthetic("synthetic-mnist", 0)
