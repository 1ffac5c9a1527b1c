"""Classifiers on fewer and fewer features: which columns they see, what is left at the end, the same for any jobs."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.experiments import evaluate_selection
from sparse_mlp.experiments.feature_evaluation import CLASSIFIERS, DROPPED

RNG = np.random.default_rng(0)
Y = np.array([0, 1, 1] * 60)
# Two features that tell the classes apart, one by an offset and one by its sign, among eighteen that tell nothing.
X = RNG.normal(size=(180, 20)).astype(np.float32)
X[:, 4] += 4 * Y
X[:, 11] += np.where(Y, 5, -5)
TRAIN, TEST = (X[:120], Y[:120]), (X[120:], Y[120:])
GOOD = np.zeros(20)
GOOD[[4, 11]] = 2, 3


def test_good_features_suffice_and_bad_ones_do_not() -> None:
    by_strength = evaluate_selection(GOOD, TRAIN, TEST, dropped=(0.0, 0.9, 1.0))
    assert by_strength.kept.tolist() == [20, 2, 0] and list(by_strength.accuracy) == list(CLASSIFIERS)
    for values in by_strength.accuracy.values():
        assert values[1] > 0.95 and values[2] == by_strength.chance == pytest.approx(2 / 3)
    backwards = evaluate_selection(-GOOD, TRAIN, TEST, dropped=(0.5,))
    assert max(values[0] for values in backwards.accuracy.values()) < 0.8
    assert (by_strength.n_train, by_strength.n_test) == (120, 60)


def test_the_columns_are_those_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    from sparse_mlp.experiments import feature_evaluation

    seen = []

    class Spy:
        def fit(self, x, y):
            seen.append(x)
            return self

        def score(self, x, y):
            return float(x[0, 0])

    monkeypatch.setattr(feature_evaluation, "_classifier", lambda name, seed: Spy())
    found = evaluate_selection(GOOD, TRAIN, TEST, dropped=(0.9, 0.95), classifiers=("svc",))
    np.testing.assert_array_equal(seen[0], TRAIN[0][:, [4, 11]])
    np.testing.assert_array_equal(seen[1], TRAIN[0][:, [11]])
    assert found.accuracy["svc"].tolist() == [float(TEST[0][0, 4]), float(TEST[0][0, 11])]


def test_eleven_steps_and_the_same_for_any_number_of_jobs() -> None:
    one, two = (evaluate_selection(GOOD, TRAIN, TEST, seed=3, jobs=jobs) for jobs in (1, 2))
    assert one.dropped.tolist() == list(DROPPED) and one.kept.tolist() == list(range(20, -1, -2))
    for name in CLASSIFIERS:
        assert one.accuracy[name].tobytes() == two.accuracy[name].tobytes()
    other = evaluate_selection(GOOD[::-1], TRAIN, TEST, seed=3)
    assert other.accuracy["svc"].tolist() != one.accuracy["svc"].tolist()


def test_the_most_frequent_class_is_that_of_the_training_samples() -> None:
    flipped = (TEST[0], 1 - TEST[1])
    assert evaluate_selection(GOOD, TRAIN, flipped, dropped=(1.0,)).chance == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strength": np.ones(19)}, r"training samples of shape \(120, 20\) with 120 classes"),
        ({"test": (X[:, :3], Y)}, "test samples of shape"),
        ({"train": (X, Y[:5])}, r"\(180, 20\) with 5 classes"),
        ({"strength": 1.0}, r"strength of shape \(\); expected \(n_features,\)"),
        ({"train": (X[:2], Y[:2])}, "2 training samples, of 2 different classes; expected at least 3"),
        ({"train": (X[1:180:3], Y[1:180:3])}, "60 training samples, of 1 different classes"),
        ({"dropped": (0.0, 1.5)}, "dropped=1.5"),
        ({"classifiers": ("knn",)}, "did you mean 'k-nn'"),
    ],
)
def test_bad_input_is_refused(change: dict, message: str) -> None:
    given = {"strength": GOOD, "train": TRAIN, "test": TEST, **change}
    with pytest.raises(InvalidInputError, match=message):
        evaluate_selection(given.pop("strength"), given.pop("train"), given.pop("test"), **given)
