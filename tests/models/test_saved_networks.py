"""A network that was saved and loaded is the same, whatever its wiring has become; nothing else is loaded."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import DataFileError, InvalidInputError
from sparse_mlp.models import SparseMLP
from sparse_mlp.training import Trainer

X = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)
Y = np.arange(40) % 4


def make(rng: int, hidden: int = 16, **options: object) -> SparseMLP:
    return SparseMLP([12, hidden, 8, 4], density=0.3, rng=rng, backend="scipy", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{}, {"motif_size": 2, "motif_mode": "block"}])
def test_saved_and_loaded_is_the_same(tmp_path, options):
    model, other = make(0, **options), make(1, **options)
    Trainer(model, rng=0).fit((X, Y), epochs=3)
    assert model.save(tmp_path / "model.npz") == tmp_path / "model.npz"
    other.load(str(tmp_path / "model.npz"))
    np.testing.assert_array_equal(other.predict_scores(X), model.predict_scores(X))
    assert [layer.structure for layer in other.sparse_layers] == [layer.structure for layer in model.sparse_layers]
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]


def test_the_network_of_another_shape_is_refused_and_left_alone(tmp_path):
    make(0).save(tmp_path / "model.npz")
    other = make(1, hidden=10)
    before = other.store.values.copy()
    with pytest.raises(InvalidInputError, match="another network"):
        other.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(other.store.values, before)


@pytest.mark.parametrize("damage", ["absent", "empty", "cut", "foreign"])
def test_what_is_not_a_saved_network_is_refused(tmp_path, damage):
    path = tmp_path / "model.npz"
    if damage != "absent":
        make(0).save(path)
        path.write_bytes(path.read_bytes()[: 200 if damage == "cut" else 0])
    if damage == "foreign":
        np.savez(path, x=X)
    with pytest.raises(DataFileError, match=r"model\.npz"):
        make(1).load(path)


def test_predict_is_the_class_of_the_highest_score_also_of_sparse_samples():
    from scipy.sparse import csr_array

    model = make(0)
    wanted = model.predict_scores(X).argmax(axis=1)
    np.testing.assert_array_equal(model.predict(X), wanted)
    np.testing.assert_array_equal(model.predict(csr_array(X)), wanted)
