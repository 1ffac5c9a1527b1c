"""How much the selected features are worth to classifiers that never saw the network."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from sparse_mlp.errors import check_choice, check_fraction, invalid
from sparse_mlp.robustness import select_features

if TYPE_CHECKING:
    from sparse_mlp.plotting import Display

CLASSIFIERS = ("svc", "k-nn", "extra-trees")
NEIGHBOURS = 3
DROPPED = tuple(step / 10 for step in range(11))
MARKS = ("o", "s", "^", "D", "v")

Samples = tuple[Any, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class FeatureEvaluation:
    """Hold the accuracy of classifiers on fewer and fewer features."""

    dropped: NDArray[np.float64]  # (k,): part of the features that was dropped, the weakest first
    kept: NDArray[np.int64]  # (k,): number of features that were left
    accuracy: dict[str, NDArray[np.float64]]  # (k,) of each classifier, on the test samples
    chance: float  # accuracy of naming the most frequent class of the training samples
    n_train: int
    n_test: int


def evaluate_selection(
    strength: ArrayLike,
    train: Samples,
    test: Samples,
    *,
    dropped: Sequence[float] = DROPPED,
    classifiers: Sequence[str] = CLASSIFIERS,
    seed: int = 0,
    jobs: int = 1,
    progress: bool = False,
) -> FeatureEvaluation:
    """Train classifiers on the strongest features alone, with more and more of the others dropped.

    Parameters
    ----------
    strength : float (n_features,)
        As `robustness.input_strength` gives it; random numbers give a random selection to compare with.
    train, test : (float array or scipy.sparse array (n, n_features), int (n,))
        Samples and classes. The strength should come from the training samples only.
    dropped : sequence of float
        Parts of the features to drop, in [0, 1].
    classifiers : sequence of str
        Of `CLASSIFIERS`.
    seed : int
        Of the trees; the other two draw nothing.
    jobs : int
        Classifiers that are trained at the same time, in threads; the result does not depend on it.
    progress : bool
        Show a bar on a terminal: a classifier on thousands of samples takes seconds.

    Raises
    ------
    InvalidInputError
        If a part is out of range, a classifier unknown, shapes do not fit, or there are fewer than 3 training samples
        or 2 classes of them.

    Notes
    -----
    The classifiers of [Kichler2021] with its parameters: a linear SVC with C = 1, 3 nearest neighbours, 50 extremely
    randomised trees. Where nothing is left, the accuracy is that of naming the most frequent training class.

    Differences from the original
    -----------------------------
    The public code keeps all features where it should drop all, and more than its share where inputs are tied; see
    `robustness.select_features`.

    Examples
    --------
    >>> x, y = np.array([[0.0, 5.0], [0.1, 6.0], [1.0, 5.0], [0.9, 6.0]] * 3), np.array([0, 0, 1, 1] * 3)
    >>> found = evaluate_selection([2.0, 1.0], (x, y), (x, y), dropped=(0.5, 1.0), classifiers=("svc",))
    >>> found.accuracy["svc"], found.kept
    (array([1. , 0.5]), array([1, 0]))
    """
    from joblib import Parallel, delayed
    from tqdm import tqdm

    values = np.asarray(strength, np.float64)
    if values.ndim != 1:
        raise invalid(f"strength of shape {values.shape}", "(n_features,)")
    for name, (x, y) in (("training", train), ("test", test)):
        if x.ndim != 2 or x.shape[1:] != values.shape or x.shape[0] != len(y) or not len(y):
            found = f"{name} samples of shape {x.shape} with {len(y)} classes"
            raise invalid(found, f"{len(values)} features, as many as strengths, and one class for each sample")
    chosen = [check_choice("classifier", name, CLASSIFIERS) for name in classifiers]
    parts = [check_fraction("dropped", part, zero=True) for part in dropped]
    kept = [select_features(values, 1 - part) for part in parts]
    labels, counts = np.unique(train[1], return_counts=True)
    if len(labels) < 2 or len(train[1]) < NEIGHBOURS:
        found = f"{len(train[1])} training samples, of {len(labels)} different classes"
        raise invalid(found, f"at least {NEIGHBOURS}, of at least 2 classes", "the classifiers cannot learn from fewer")
    chance = float(np.mean(test[1] == labels[counts.argmax()]))
    jobs_to_do = [(name, columns) for name in chosen for columns in kept]
    running = Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(
        delayed(_accuracy)(name, columns, train, test, chance, seed) for name, columns in jobs_to_do
    )
    hidden = not (progress and sys.stderr.isatty())
    with tqdm(running, "classifiers", len(jobs_to_do), disable=hidden, leave=False, dynamic_ncols=True) as bar:
        scores = list(bar)
    accuracy = np.array(scores, np.float64).reshape(len(chosen), len(parts))
    return FeatureEvaluation(
        np.array(parts), np.array([len(columns) for columns in kept]), dict(zip(chosen, accuracy, strict=True)), chance,
        len(train[1]), len(test[1]),
    )  # fmt: skip


def leads(by_strength: FeatureEvaluation, by_chance: Sequence[FeatureEvaluation]) -> NDArray[np.float64]:
    """Return by how much the strongest features are ahead of each random selection.

    Parameters
    ----------
    by_strength : FeatureEvaluation
    by_chance : sequence of FeatureEvaluation
        With the same parts and classifiers.

    Returns
    -------
    float64 (random selections,)
        Difference of the accuracies, mean over the classifiers and over all parts where some features are dropped and
        some are kept; 0 if there is no such part.
    """
    between = (by_strength.dropped > 0) & (by_strength.kept > 0)
    if not between.any():
        return np.zeros(len(by_chance))
    means = [
        np.mean([accuracy[between] for accuracy in evaluation.accuracy.values()])
        for evaluation in (by_strength, *by_chance)
    ]
    return means[0] - np.array(means[1:], np.float64)


def _accuracy(
    name: str, columns: NDArray[np.int64], train: Samples, test: Samples, chance: float, seed: int
) -> float:  # fmt: skip
    if not len(columns):
        return chance
    model = _classifier(name, seed).fit(_columns(train[0], columns), train[1])
    return float(model.score(_columns(test[0], columns), test[1]))


def _columns(x: Any, columns: NDArray[np.int64]) -> Any:
    """Return some columns of samples; sparse ones with the 32-bit indices that trees of scikit-learn insist on."""
    chosen = x[:, columns]
    if issparse(chosen):
        chosen.indices, chosen.indptr = chosen.indices.astype(np.int32), chosen.indptr.astype(np.int32)
    return chosen


def _classifier(name: str, seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    if name == "svc":
        return SVC(C=1, kernel="linear")
    return KNeighborsClassifier(NEIGHBOURS) if name == "k-nn" else ExtraTreesClassifier(50, random_state=seed)


def draw_evaluations(
    by_strength: Sequence[FeatureEvaluation], by_chance: Sequence[FeatureEvaluation] = (), title: str = ""
) -> Display:
    """Draw the accuracy of each classifier over the part of the features that was dropped.

    Where all features are dropped no classifier is left: that accuracy is in the legend, apart from the others.

    Parameters
    ----------
    by_strength : sequence of FeatureEvaluation
        Of one network, or of several that differ in their seed: then the line is their mean, the band their range.
    by_chance : sequence of FeatureEvaluation
        Of random selections, dashed; of the same parts and classifiers.
    title : str
        Such as the name of the data set.
    """
    from sparse_mlp.plotting import CYCLE, PanelsDisplay, grid, line_keys

    if not by_strength:
        raise invalid("no evaluations", "at least one")
    first = by_strength[0]
    for other in (*by_strength, *by_chance):
        if list(other.accuracy) != list(first.accuracy) or not np.array_equal(other.dropped, first.dropped):
            raise invalid("evaluations of other classifiers or parts", "the same ones in all evaluations")
    there = first.dropped < 1
    looks = {name: {"color": CYCLE[i], "marker": MARKS[i]} for i, name in enumerate(first.accuracy)}

    def draw(axes: Any, _: str) -> None:
        x = first.dropped[there]
        for name, look in looks.items():
            rows, chance = (np.array([e.accuracy[name][there] for e in each]) for each in (by_strength, by_chance))
            axes.plot(x, rows.mean(axis=0), markersize=5, **look)
            if len(rows) > 1:
                axes.fill_between(x, rows.min(axis=0), rows.max(axis=0), color=look["color"], alpha=0.2, linewidth=0)
            if len(chance):
                axes.plot(x, chance.mean(axis=0), linestyle="--", linewidth=1.1, alpha=0.7, markersize=3, **look)
        axes.set_xlim(-0.03, 1)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{100 * value:.3g}%")
        grid(axes)

    rest: dict[str, dict[str, Any]] = {f"weakest dropped first{_times(by_strength, 'runs')}": {}}
    if by_chance:
        rest[f"dropped at random{_times(by_chance, 'draws')}"] = {"linestyle": "--", "linewidth": 1.1}
    level = float(np.mean([evaluation.chance for evaluation in by_strength]))
    rest[f"all dropped: {level:.1%} (most frequent class)"] = {"linestyle": ""}
    return PanelsDisplay([title], draw, xlabel="features dropped", ylabel="test accuracy", keys=line_keys(rest),
                         upper_keys=line_keys(looks))  # fmt: skip


def _times(several: Sequence[Any], what: str) -> str:
    return f", {len(several)} {what}" if len(several) > 1 else ""
