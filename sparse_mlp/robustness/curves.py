"""Robustness curves: the accuracy of a trained network as it is perturbed more and more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_choice, check_integer, invalid
from sparse_mlp.models import Network
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.robustness.perturbations import FUNCTIONS, PERTURBATIONS
from sparse_mlp.robustness.perturbed_model import SCOPES, WorkingCopy, check_strength
from sparse_mlp.training.task import as_task

Grid = None | int | ArrayLike
EVEN = np.arange(51) / 50
# Where the largest weights go first, a few percent of the links decide.
USUAL = {"weight-order": np.concatenate([np.arange(25) / 250, np.arange(10, 101, 5) / 100])}


@dataclass(frozen=True, eq=False)
class RobustnessCurves:
    """Hold the accuracy of one network under perturbations.

    Attributes
    ----------
    strengths : dict of str to float64 (s,)
        Of each perturbation, ascending.
    accuracy : dict of str to float64 (draws, s)
        Fraction of right labels. A perturbation without chance has one draw.
    baseline : float
        Accuracy of the network as it is.
    scope, readout
        As in `perturb`.
    samples : int
        Samples that the accuracies are over.
    """

    strengths: dict[str, NDArray[np.float64]]
    accuracy: dict[str, NDArray[np.float64]]
    baseline: float
    scope: str
    readout: bool
    samples: int

    def mean(self, name: str) -> NDArray[np.float64]:
        """Return the curve of a perturbation, float64 (s,): the mean over its draws."""
        return self.accuracy[name].mean(axis=0)

    def area(self, name: str) -> float:
        """Return the area under the mean curve of a perturbation, by trapezia, over the span of its strengths.

        This is the mean accuracy over that span; of a grid of one strength, the accuracy there.
        """
        strengths, mean = self.strengths[name], self.mean(name)
        if len(strengths) == 1:
            return float(mean[0])
        return float(np.trapezoid(mean, strengths) / (strengths[-1] - strengths[0]))

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON types; numbers survive the way there and back to the last bit."""
        return {
            "strengths": {name: values.tolist() for name, values in self.strengths.items()},
            "accuracy": {name: values.tolist() for name, values in self.accuracy.items()},
            "baseline": self.baseline, "scope": self.scope, "readout": self.readout, "samples": self.samples,
        }  # fmt: skip

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> RobustnessCurves:
        """Return the curves that `to_json` gave; refuse other records."""
        try:
            strengths = {name: np.array(values, np.float64) for name, values in record["strengths"].items()}
            accuracy = {name: np.array(record["accuracy"][name], np.float64) for name in strengths}
            rest = float(record["baseline"]), str(record["scope"]), bool(record["readout"]), int(record["samples"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise invalid(f"a record without usable {error}", "one that RobustnessCurves.to_json gave") from None
        for name, values in accuracy.items():
            if values.ndim != 2 or values.shape[1:] != strengths[name].shape:
                raise invalid(f"accuracies of {name} of shape {values.shape}", f"(draws, {strengths[name].size})")
        return cls(strengths, accuracy, *rest)


def robustness_curves(
    model: Network, x: ArrayLike, y: ArrayLike, *, perturbations: Sequence[str] = PERTURBATIONS,
    strengths: Grid | Mapping[str, Grid] = None, draws: int = 5, scope: str = "layer", readout: bool = False,
    rng: RandomState = 0, progress: bool = False,
) -> RobustnessCurves:  # fmt: skip
    """Measure how accurate a network stays under perturbations of growing strength, without training it again.

    Parameters
    ----------
    model : Network
        Stays as it is.
    x : float array or scipy.sparse array (n_samples, n_in)
    y : integer (n_samples,)
        Labels.
    perturbations : sequence of str
        Some of `PERTURBATIONS`.
    strengths : None, int, sequence of float, or mapping of perturbations to these
        The grid: so many from 0 to 1 in equal steps, or the strengths themselves, strictly ascending. None stands for
        51; for "weight-order", which is steep near 0, for steps of 0.004 up to 0.1 and of 0.05 from there. So does a
        perturbation that the mapping lacks.
    draws : int
        Repeats of the perturbations that chance takes part in; the others have one.
    scope, readout
        As in `perturb`.
    rng : None, int or numpy.random.Generator
        Each perturbation, draw and strength has its own stream.
    progress : bool
        Whether to show a bar on standard error.

    Raises
    ------
    InvalidInputError
        If the data do not fit the network, the labels are no integers, or as in `perturb`.

    Notes
    -----
    The curves of Figs. 4 and 5 of [Sulyok2026], for one network; the paper shows means over 32.

    A stream depends on the seed, the perturbation, the draw and the strength (to nine digits), on nothing else: a
    point of a curve is the same in any grid, whatever the other curves and the number of draws. So the links that
    random pruning removes at two strengths are independent; the paper does not say whether they are nested.

    For each point of a curve weights are written into the same network, and the samples are predicted: cost
    O(nnz * n_samples).

    Examples
    --------
    >>> from sparse_mlp.models import SparseMLP
    >>> model = SparseMLP([8, 10, 3], density=0.5, rng=0)
    >>> x, y = np.random.default_rng(0).random((30, 8)), np.arange(30) % 3
    >>> curves = robustness_curves(model, x, y, perturbations=["random-pruning"], strengths=[0, 0.5, 1], draws=2)
    >>> curves.accuracy["random-pruning"].shape, bool(curves.baseline == curves.accuracy["random-pruning"][0, 0])
    ((2, 3), True)
    """
    from tqdm import tqdm

    grids = check_curves(perturbations, strengths, draws, scope)
    repeats = {name: draws if FUNCTIONS[name].draw else 1 for name in grids}
    inputs, labels = labelled(x, y, model)
    working, seed = WorkingCopy(model, scope=scope, readout=readout), one_seed(rng)

    def right(network: Network) -> float:
        return float(np.mean(network.predict_scores(inputs).argmax(axis=1) == labels))

    baseline = right(working.model)
    accuracy = {name: np.empty((repeats[name], len(grid))) for name, grid in grids.items()}
    points = [(name, *at) for name, values in accuracy.items() for at in np.ndindex(*values.shape)]
    for name, draw, at in tqdm(points, "perturbed networks", disable=not progress, leave=False, dynamic_ncols=True):
        strength = float(grids[name][at])
        # A stream for each point: see Notes.
        key = (PERTURBATIONS.index(name), draw, round(1e9 * strength))
        stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
        accuracy[name][draw, at] = right(working.perturbed(name, strength, stream))
    return RobustnessCurves(grids, accuracy, baseline, scope, readout, len(labels))


def check_curves(
    perturbations: Sequence[str] | None = None, strengths: Grid | Mapping[str, Grid] = None, draws: int = 5,
    scope: str = "layer",
) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    """Return the strengths of each perturbation; refuse arguments that `robustness_curves` cannot use."""
    check_integer("draws", draws)
    check_choice("scope", scope, SCOPES)
    return {name: _grid(name, strengths) for name in (PERTURBATIONS if perturbations is None else perturbations)}


def _grid(name: str, strengths: Grid | Mapping[str, Grid]) -> NDArray[np.float64]:
    check_choice("perturbation", name, FUNCTIONS)
    if isinstance(strengths, Mapping):
        for other in strengths:
            check_choice("perturbation", other, FUNCTIONS)
        strengths = strengths.get(name)
    if strengths is None:
        return USUAL.get(name, EVEN).copy()
    if isinstance(strengths, (int, np.integer)):
        last = check_integer("strengths", strengths, minimum=2) - 1
        return np.arange(last + 1) / last
    try:
        grid = np.asarray(strengths, np.float64)
    except (TypeError, ValueError):
        grid = np.empty(0)
    if grid.ndim != 1 or not len(grid) or not np.all(np.diff(grid) > 0):
        raise invalid(f"strengths={strengths!r}", "numbers in ascending order, no two alike")
    return np.array([check_strength(name, float(strength)) for strength in grid])


def labelled(x: ArrayLike, y: ArrayLike, model: Network) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return inputs of the network's dtype, sparse ones as rows, and integer labels, if they fit the network."""
    task = as_task((x, y)).bound("test", model)
    if not np.issubdtype(task.target.dtype, np.integer):
        raise invalid(f"targets of {task.target.dtype}", "integer labels", "accuracy is the fraction of right labels")
    return task.x, task.target


def one_seed(rng: RandomState) -> int:
    """Return one number that all streams come from: an int as it is, of a generator its next 63 bits."""
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0:
        return int(rng)
    return int(as_generator(rng).integers(2**63))
