"""The table and the figure of sparse convolutions: their numbers by hand, and what the printed table says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sparse_mlp.experiments.planned_run import plan_run
from sparse_mlp.experiments.reproduction import FIGURES, reproduce
from sparse_mlp.experiments.reproduction.figures import conv_figure, conv_table
from sparse_mlp.experiments.reproduction.figures.conv_table import (
    AGAINST_SET,
    BELOW_DENSE,
    CLAIMS,
    OF_ALL,
    PUBLISHED,
    RETURNING,
    drawing,
    read,
    returning_share,
)
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.experiments.reproduction.quantities import Quantities, Quantity
from sparse_mlp.experiments.reproduction.verdicts import judge_all
from sparse_mlp.experiments.store import Store
from sparse_mlp.link_prediction import conv_score_matrix
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training import History

METHODS = ["FC", *(f"{rule} {part}" for part in ("50 %", "70 %") for rule in ("SET", "CHT-CH2", "CHT-CH3"))]


class Run(FinishedRun):
    """A run whose history is given."""

    @property
    def history(self) -> History:
        return History({"kind": "update", **update} for update in self.result["updates"])


def finished(folder: Path, dataset: str, accuracy: dict[str, dict[int, float]]) -> Runs:
    """Return runs by their accuracies in percent, all with the same two updates."""
    layers = [{"grown": 10, "overlap": 0.5}, {"grown": 30, "overlap": 0.9}], [{"grown": 4, "overlap": 0.0}]
    updates = [{"layers": several} for several in layers]
    found = []
    for method, by_seed in accuracy.items():
        for seed, percent in by_seed.items():
            planned = plan_run({"data": {"dataset": dataset}, "run": {"seed": seed}}, method)
            result = {"test_accuracy": percent / 100, "itop": 0.5, "updates": [] if method == "FC" else updates}
            found.append(Run(Store(folder), planned, result))
    return Runs("laptop", tuple(run.planned for run in found), tuple(found))


def test_the_printed_table() -> None:
    assert list(PUBLISHED) == METHODS
    assert [PUBLISHED["FC"][name].mean for name in conv_table.DATASETS] == [92.14, 72.58]
    assert (PUBLISHED["CHT-CH3 70 %"]["cifar-10"].mean, PUBLISHED["CHT-CH3 70 %"]["cifar-100"].spread) == (92.04, 0.0)
    assert (PUBLISHED["CHT-CH2 50 %"]["cifar-10"].spread, PUBLISHED["SET 70 %"]["cifar-100"].mean) == (0.21, 71.03)


def test_claims_hold_for_the_printed_means_but_for_the_one_that_the_notes_name() -> None:
    quantities = Quantities()
    for dataset in conv_table.DATASETS:
        accuracy = {method: {0: row[dataset].mean, 1: row[dataset].mean} for method, row in PUBLISHED.items()}
        quantities.rows += read(finished(Path(), dataset, accuracy)).quantities.rows
    words = {}
    for verdict in judge_all(CLAIMS, quantities, conv_table.DATASETS):
        words |= {(verdict.claim.text, finding.dataset): finding.verdict for finding in verdict.findings}
    failed = [key for key, word in words.items() if word != "holds"]
    assert failed == [("accuracy falls from no sparsity to 50 %", "cifar-10")] and len(words) == 2 * 2 + 8
    assert quantities.find("cifar-10", "50 %", OF_ALL).mean == pytest.approx(92.1467, abs=1e-3)
    assert "92.14 and 92.15" in " ".join(conv_table.NOTES)


def test_runs_are_compared_seed_by_seed(tmp_path: Path) -> None:
    accuracy = {"FC": {14: 80.0, 15: 82.0}, "SET 50 %": {14: 70.0, 15: 74.0}, "CHT-CH2 50 %": {14: 71.0},
                "CHT-CH3 50 %": {14: 75.0, 15: 73.0}, "static 70 %": {15: 60.0}}  # fmt: skip
    found = read(finished(tmp_path, "cifar-10", accuracy)).quantities
    assert found.find("cifar-10", "CHT-CH3 50 %", BELOW_DENSE).by_seed == pytest.approx({14: -5.0, 15: -9.0})
    assert found.find("cifar-10", "CHT-CH3 50 %", AGAINST_SET).by_seed == pytest.approx({14: 5.0, 15: -1.0})
    assert found.find("cifar-10", "50 %", OF_ALL).by_seed == pytest.approx({14: 72.0})  # the seed that all three have
    assert found.find("cifar-10", "0 %", OF_ALL).by_seed == pytest.approx({14: 80.0, 15: 82.0})
    for method, name in (("static 70 %", AGAINST_SET), ("SET 50 %", AGAINST_SET), ("FC", BELOW_DENSE)):
        assert found.find("cifar-10", method, name) is None
    printed = found.find("cifar-10", "CHT-CH3 50 %", AGAINST_SET).published
    assert (printed.mean, printed.spread) == pytest.approx((0.24, np.hypot(0.06, 0.10)))
    assert found.find("cifar-10", "static 70 %", BELOW_DENSE).published is None


def test_the_share_of_links_that_come_back_is_of_all_layers_of_an_update(tmp_path: Path) -> None:
    runs = finished(tmp_path, "cifar-10", {"FC": {14: 80.0}, "SET 50 %": {14: 70.0}})
    dense, grown = runs.finished
    assert returning_share(dense) is None
    assert returning_share(grown) == pytest.approx(100 * ((5 + 27) / 40 + 0) / 2)
    assert read(runs).quantities.methods("cifar-10", RETURNING) == ["SET 50 %"]


def test_points_means_intervals_and_printed_differences_are_drawn(tmp_path: Path) -> None:
    accuracy = {
        "FC": {14: 80.0, 15: 82.0, 16: 81.0},
        "SET 50 %": {14: 79.0, 15: 80.0, 16: 78.0},
        "static 70 %": {14: 70.0},
    }
    results = read(finished(tmp_path, "cifar-10", accuracy))
    assert list(results.displays) == ["below_dense"]
    (axes,) = drawing(results.quantities, BELOW_DENSE, "points").plot().ax_
    assert [label.get_text() for label in axes.get_yticklabels()] == ["SET 50 %", "static 70 %"]
    lines = {len(line.get_xdata()): line.get_xdata() for line in axes.lines if line.get_marker() == "."}
    np.testing.assert_allclose(lines[3], [-1.0, -2.0, -3.0])
    ends = [line.get_xdata() for line in axes.lines if line.get_marker() == "None" and len(line.get_xdata()) == 2]
    half = 4.302653 / np.sqrt(3)  # Student's t with two degrees of freedom, deviation 1
    np.testing.assert_allclose(ends[1], [-2 - half, -2 + half], rtol=1e-6)  # the first is the line at 0
    assert len(ends) == 2, "one network has no interval"
    (diamond,) = [line for line in axes.lines if line.get_marker() == "D"]
    assert diamond.get_xdata() == pytest.approx([-0.06])


def test_an_update_by_hand_is_the_figure() -> None:
    display = conv_figure.one_update()
    assert display.removed.tolist() == [5, 7] and display.grown.tolist() == [3, 5]
    expected = [[np.nan, np.nan, 0.625], [1.25, np.nan, 0.875], [0, 0.625, 0.25]]
    np.testing.assert_allclose(display.means.reshape(3, 3), expected)
    left = SparseStructure.from_coo([0, 1, 4], [0, 0, 0], (9, 1))
    for predictor in ("ch2-l3n", "ch3-l3n"):
        means = conv_figure.one_update(predictor).means
        scores = conv_score_matrix(left, display.geometry, predictor).ravel()
        np.testing.assert_allclose(means[np.isfinite(means)], scores[np.isfinite(means)])


def test_the_figure_needs_no_run(tmp_path: Path) -> None:
    (one,), outcome = reproduce([FIGURES["conv-figure"]], "smoke", Store(tmp_path))
    assert outcome.complete and [path.name for path in one.pictures] == ["update.png"]
    text = (one.folder / "report.md").read_text()
    assert "| tap (1, 0) | 1.25 ± " in text and "Nothing trained." in text


def test_no_drawing_without_numbers(tmp_path: Path) -> None:
    assert read(finished(tmp_path, "cifar-10", {"FC": {14: 80.0}})).displays == {}
    assert Quantity("a", "b", "c", "", {}).n == 0
