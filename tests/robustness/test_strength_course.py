"""The course of the strengths: what is recorded, what a resumed run keeps, what a damaged file does."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import DataFileError
from sparse_mlp.models import SparseMLP
from sparse_mlp.robustness import InputStrengths, StrengthCourse, input_strength, load_course
from sparse_mlp.robustness.strength_course import save_course
from sparse_mlp.training import Callback, Trainer

X = np.random.default_rng(0).random((40, 12)).astype(np.float32)
Y = np.arange(40) % 3


class Weights(Callback):
    """Keep the strength at the moments that count, by the trainer's own words."""

    def __init__(self):
        self.seen = []

    def on_fit_begin(self, trainer):
        self.seen.append(input_strength(trainer.model))

    def on_epoch_end(self, trainer, record):
        self.seen.append(input_strength(trainer.model))


def trainer(*callbacks: Callback) -> Trainer:
    model = SparseMLP([12, 20, 20, 3], density=0.3, rng=0)
    return Trainer(model, rule="set", optimizer="sgd", batch_size=8, rng=0, callbacks=list(callbacks))


def test_before_training_and_after_each_epoch(tmp_path: Path) -> None:
    recorded, weights = InputStrengths(tmp_path / "s.npz"), Weights()
    run = trainer(recorded, weights)
    before = input_strength(run.model)
    run.fit((X, Y), epochs=3)
    assert recorded.course.epochs.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(recorded.course.strength, np.array(weights.seen, np.float32))
    np.testing.assert_array_equal(recorded.course.strength[0], before.astype(np.float32))
    np.testing.assert_array_equal(recorded.course.strength[-1], input_strength(run.model).astype(np.float32))
    found = load_course(tmp_path / "s.npz")
    assert found.epochs.tolist() == [0, 1, 2, 3] and found.strength.tobytes() == recorded.course.strength.tobytes()
    assert [path.name for path in tmp_path.iterdir()] == ["s.npz"]


def test_a_resumed_run_has_the_course_of_one_that_was_never_interrupted(tmp_path: Path) -> None:
    trainer(InputStrengths(tmp_path / "whole.npz")).fit((X, Y), epochs=4)

    class Save(Callback):
        def on_state(self, trainer):
            if trainer.epoch == 2:
                self.checkpoint = trainer.checkpoint()

    save = Save()
    trainer(InputStrengths(tmp_path / "cut.npz"), save).fit((X, Y), epochs=4)  # the file knows the epochs 3 and 4
    again = trainer(InputStrengths(tmp_path / "cut.npz"))
    again.resume(save.checkpoint)
    again.callbacks[0].on_fit_begin(again)
    assert again.callbacks[0].course.epochs.tolist() == [0, 1, 2]
    again.fit((X, Y), epochs=4)
    whole, cut = load_course(tmp_path / "whole.npz"), load_course(tmp_path / "cut.npz")
    assert whole.epochs.tolist() == cut.epochs.tolist() == [0, 1, 2, 3, 4]
    assert whole.strength.tobytes() == cut.strength.tobytes()
    (tmp_path / "cut.npz").write_bytes(b"damaged")
    again = trainer(InputStrengths(tmp_path / "cut.npz"))
    again.resume(save.checkpoint)
    with pytest.warns(UserWarning, match="cannot be read"):
        again.fit((X, Y), epochs=4)
    assert load_course(tmp_path / "cut.npz").epochs.tolist() == [3, 4]


def test_a_new_run_does_not_take_up_an_old_file(tmp_path: Path) -> None:
    save_course(tmp_path / "s.npz", StrengthCourse(np.array([0, 9]), np.ones((2, 12), np.float32)))
    recorded = InputStrengths(tmp_path / "s.npz")
    trainer(recorded).fit((X, Y), epochs=1)
    assert recorded.course.epochs.tolist() == [0, 1]


def test_of_a_long_run_about_a_hundred_epochs_are_recorded() -> None:
    recorded = InputStrengths()
    trainer(recorded).fit((X[:3], Y[:3]), epochs=251)
    assert recorded.course.epochs.tolist() == [*range(11), *range(12, 250, 3), 251]


def test_without_a_path_it_stays_in_memory() -> None:
    recorded = InputStrengths()
    trainer(recorded).fit((X, Y), epochs=1)
    assert recorded.course.strength.shape == (2, 12)


def test_agreement_by_hand() -> None:
    strength = np.array([[4, 3, 2, 1], [1, 2, 4, 3], [1, 3, 4, 2]], np.float32)
    course = StrengthCourse(np.array([0, 1, 5]), strength)
    assert course.agreement(0.5).tolist() == [0.5, 0.5, 1.0]
    assert course.agreement(0.25).tolist() == [0.0, 1.0, 1.0]
    assert np.isnan(course.agreement(0.1)).all()


@pytest.mark.parametrize(
    ("epochs", "strength"),
    [
        (np.array([1, 0]), np.ones((2, 3), np.float32)),
        (np.array([], np.int64), np.ones((0, 3), np.float32)),
        (np.array([0.0]), np.ones((1, 3), np.float32)),
        (np.array([0]), np.ones((1, 3))),
        (np.array([0]), np.ones((2, 3), np.float32)),
        (np.array([0]), np.full((1, 3), np.nan, np.float32)),
        (np.array([0]), np.array([["a"]])),
    ],
)
def test_files_of_something_else_are_refused(tmp_path: Path, epochs: np.ndarray, strength: np.ndarray) -> None:
    np.savez(tmp_path / "s.npz", epochs=epochs, strength=strength)
    with pytest.raises(DataFileError, match=r"s\.npz"):
        load_course(tmp_path / "s.npz")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    path = tmp_path_factory.mktemp("course") / "s.npz"
    save_course(path, StrengthCourse(np.arange(3), np.ones((3, 4), np.float32)))
    return path, path.read_bytes()


@given(data=st.data())
def test_a_damaged_file_is_a_course_or_a_data_file_error(sound: tuple[Path, bytes], data: st.DataObject) -> None:
    path, content = sound[0], bytearray(sound[1])
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        found = load_course(path)
    except DataFileError:
        return
    assert len(found.epochs) == len(found.strength)


def test_the_lowest_bit_of_any_byte_flipped_is_a_course_or_a_data_file_error(sound: tuple[Path, bytes]) -> None:
    """One of them makes the zip file an encrypted one."""
    path, content = sound
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1
        path.write_bytes(flipped)
        with contextlib.suppress(DataFileError):
            load_course(path)


def test_no_file_is_a_data_file_error(tmp_path: Path) -> None:
    with pytest.raises(DataFileError):
        load_course(tmp_path / "absent.npz")
