"""Images mirrored by chance: which pixels move, and that a resumed training sees the same ones."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.models import Samples, SparseMLP
from sparse_mlp.training import Classification, RandomFlip, Trainer
from sparse_mlp.training.augmentation import augmented


def test_flip_by_hand() -> None:
    image = np.arange(12.0).reshape(1, 12)
    found = RandomFlip((2, 2, 3), 1.0)(image.copy(), np.random.default_rng(0))
    assert found.tolist() == [[2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9]]
    assert RandomFlip((2, 2, 3), 0.0)(image.copy(), np.random.default_rng(0)).tolist() == image.tolist()


def test_each_image_is_mirrored_by_itself() -> None:
    x = np.tile([0.0, 1.0], (1000, 1))
    found = RandomFlip((1, 2), 0.3)(x, np.random.default_rng(1))
    assert 250 < (found[:, 0] == 1).sum() < 350


def test_the_data_set_stays_as_it_is() -> None:
    x, y = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], np.float32), np.array([0, 1, 2])
    batch = augmented(Samples(x, np.array([2, 0]), y, np.array([1.0, 2, 3])), RandomFlip((1, 2), 1.0), rng())
    assert x.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert batch.inputs().tolist() == [[5, 4], [1, 0]]
    assert (batch.target.tolist(), batch.weights.tolist(), batch.total) == ([2, 0], [3, 1], 4)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def trained(epochs: int, flip: float, stop_after: int | None = None) -> Trainer:
    data = rng()
    x, y = data.random((50, 12), dtype=np.float32), data.integers(3, size=50)
    task = Classification(x, y, batch_size=8, augmentation=RandomFlip((3, 4), flip) if flip else None)
    trainer = Trainer(SparseMLP([12, 20, 3], density=0.3, rng=0), rule="set", rng=1)
    if stop_after is not None:
        trainer.fit(task, epochs=stop_after)
        kept = trainer.checkpoint()
        trainer = Trainer(SparseMLP([12, 20, 3], density=0.3, rng=0), rule="set", rng=1)
        trainer.resume(kept)
    trainer.fit(task, epochs=epochs)
    return trainer


def test_flips_have_a_stream_of_their_own() -> None:
    """Without flips the other streams give what they gave: only the images change."""
    plain, flipped = trained(2, 0.0), trained(2, 0.5)
    assert not np.array_equal(plain.model.store.values, flipped.model.store.values)
    for name in ("data_order", "removal", "regrowth"):
        assert plain.state.streams[name].integers(2**60) == flipped.state.streams[name].integers(2**60)


def test_checkpoints_hold_the_stream() -> None:
    kept = trained(2, 0.5).checkpoint()
    assert "augmentation" in kept.meta["streams"]


@pytest.mark.parametrize("flip", [RandomFlip((3, 5)), RandomFlip((12,)), RandomFlip((3, 4), 1.5)])
def test_what_does_not_fit_is_refused(flip: RandomFlip) -> None:
    x, y = np.zeros((4, 12), np.float32), np.array([0, 1, 2, 0])
    trainer = Trainer(SparseMLP([12, 20, 3], density=0.3, rng=0), rule="static")
    with pytest.raises(InvalidInputError):
        trainer.fit(Classification(x, y, augmentation=flip), epochs=1)
