"""Classifiers on fewer and fewer features: which columns they see, what is left at the end, the same for any jobs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.experiments import FeatureEvaluation, draw_evaluations, evaluate_selection
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


def test_sparse_samples_are_judged_like_dense_ones() -> None:
    train, test = ((csr_array(x), y) for x, y in (TRAIN, TEST))
    for x, _ in (train, test):  # as from a file of svmlight
        x.indices, x.indptr = x.indices.astype(np.int64), x.indptr.astype(np.int64)
    sparse, dense = (evaluate_selection(GOOD, *parts, dropped=(0.5, 0.9)) for parts in ((train, test), (TRAIN, TEST)))
    for name in ("k-nn", "svc"):
        np.testing.assert_allclose(sparse.accuracy[name], dense.accuracy[name], atol=0.02)


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


def evaluation(*values: float, chance: float = 0.1) -> FeatureEvaluation:
    accuracy = {"svc": np.array(values), "k-nn": np.array(values) - 0.05}
    return FeatureEvaluation(np.array([0.0, 0.5, 1.0]), np.array([20, 10, 0]), accuracy, chance, 9, 9)


def test_lines_are_the_accuracies_where_features_are_left() -> None:
    display = draw_evaluations([evaluation(0.9, 0.8, 0.1)], [evaluation(0.9, 0.6, 0.1)], "set").plot()
    (axes,) = display.ax_
    drawn = {(line.get_linestyle(), tuple(np.round(line.get_ydata(), 3))) for line in axes.lines}
    assert drawn == {("-", (0.9, 0.8)), ("-", (0.85, 0.75)), ("--", (0.9, 0.6)), ("--", (0.85, 0.55))}
    assert axes.get_ylim()[0] > 0.4
    upper, lower = ([text.get_text() for text in legend.get_texts()] for legend in display.figure_.legends)
    assert upper == ["svc", "k-nn"] and len(lower) == 3 and "10.0%" in lower[-1]


def test_several_runs_are_a_mean_and_a_band() -> None:
    (axes,) = draw_evaluations([evaluation(0.9, 0.8, 0.1), evaluation(0.7, 0.7, 0.3)]).plot().ax_
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.8, 0.75])
    assert len(axes.collections) == 2


def test_evaluations_that_do_not_fit_are_refused() -> None:
    other = dataclasses.replace(evaluation(0.9, 0.8, 0.1), dropped=np.array([0.0, 0.4, 1.0]))
    for given in ([evaluation(0.9, 0.8, 0.1), other], []):
        with pytest.raises(InvalidInputError):
            draw_evaluations(given)
