"""Robustness curves: by hand, against single perturbed copies, and what a seed means."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tqdm

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.pool import threads_limited
from sparse_mlp.layers import ReLU, SparseLinear
from sparse_mlp.models import SparseMLP
from sparse_mlp.robustness import PERTURBATIONS, RobustnessCurves, perturb, robustness_curves
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training import Trainer

GRID = [0, 0.25, 0.5, 1.0]


@pytest.fixture(scope="module")
def trained() -> tuple[SparseMLP, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=400)
    x = (rng.standard_normal((4, 12))[labels] + 0.7 * rng.standard_normal((400, 12))).astype(np.float32)
    model = SparseMLP([12, 30, 30, 4], density=0.2, rng=0)
    Trainer(model, rule="static", optimizer="sgd", rng=0).fit((x, labels), epochs=5)
    return model, x, labels


def same(a: RobustnessCurves, b: RobustnessCurves) -> bool:
    return json.dumps(a.to_json()) == json.dumps(b.to_json())


def test_a_network_of_four_links_by_hand():
    """Scores are (3 a, 0.5 b) and the biases (0, 0.1): which of them wins is seen without a pencil."""
    first = SparseLinear(SparseStructure.from_coo([0, 1], [0, 1], (2, 2)), [3.0, 0.5], name="a")
    second = SparseLinear(SparseStructure.from_coo([0, 1], [0, 1], (2, 2)), [1.0, 1.0], name="b")
    second.bias[:] = [0, 0.1]
    model = SparseMLP.from_layers([first, ReLU(), second])
    x, y = np.array([[1, 0], [1, 1], [0, 1], [1, 9]]), np.array([0, 0, 1, 1])
    curves = robustness_curves(model, x, y, strengths=[0, 0.5, 1], draws=3)
    # scores (3, .1) (3, .6) (0, .6) (3, 4.6): all right. Without the 3 and the first 1, class 0 never wins: 2 of 4.
    # Without .5 and the first 1 all scores are (0, .1). Without any link as well.
    assert curves.baseline == 1.0 and curves.samples == 4
    assert curves.accuracy["weight-order"].tolist() == [[1.0, 0.5, 0.5]]
    assert curves.accuracy["reverse-weight-order"].tolist() == [[1.0, 0.5, 0.5]]
    assert curves.area("weight-order") == pytest.approx((0.75 + 0.5) / 2)
    assert [curves.accuracy[name].shape for name in PERTURBATIONS] == [(3, 3), (1, 3), (1, 3), (3, 3), (3, 3)]
    for name in PERTURBATIONS:
        assert np.all(curves.accuracy[name][:, 0] == 1.0)
    assert np.all(curves.accuracy["random-pruning"][:, 2] == 0.5)


@pytest.mark.parametrize("scope", ["layer", "global"])
@pytest.mark.parametrize("readout", [False, True])
def test_points_without_chance_are_those_of_perturbed_copies(trained, scope, readout):
    model, x, y = trained
    names = ["weight-order", "reverse-weight-order"]
    curves = robustness_curves(model, x, y, perturbations=names, strengths=GRID, scope=scope, readout=readout)
    assert (curves.scope, curves.readout, list(curves.accuracy)) == (scope, readout, names)
    for name in names:
        for strength, found in zip(GRID, curves.accuracy[name][0], strict=True):
            copy = perturb(model, name, strength, scope=scope, readout=readout)
            assert found == np.mean(copy.predict_scores(x).argmax(axis=1) == y)
    assert curves.baseline == np.mean(model.predict_scores(x).argmax(axis=1) == y) > 0.9
    assert curves.accuracy["weight-order"][0, -1] < 0.5


def test_points_with_chance_lie_where_single_copies_lie(trained):
    model, x, y = trained
    names = ["random-pruning", "weight-shuffling", "weight-modification"]
    curves = robustness_curves(model, x, y, perturbations=names, strengths=[0.5], draws=40)
    for name in names:
        copies = [perturb(model, name, 0.5, seed) for seed in range(40)]
        single = np.array([np.mean(copy.predict_scores(x).argmax(axis=1) == y) for copy in copies])
        ours = curves.accuracy[name][:, 0]
        assert ours.std() > 0.01
        spread = np.sqrt((ours.var(ddof=1) + single.var(ddof=1)) / 40)
        assert abs(ours.mean() - single.mean()) < 4 * spread


def test_a_point_is_the_same_in_any_company(trained):
    model, x, y = trained
    all_ = robustness_curves(model, x, y, strengths=GRID, draws=3, rng=5)
    for name in PERTURBATIONS:
        alone = robustness_curves(model, x, y, perturbations=[name], strengths=[0.25, 0.4, 0.5], draws=2, rng=5)
        many = len(alone.accuracy[name])
        np.testing.assert_array_equal(alone.accuracy[name][:, [0, 2]], all_.accuracy[name][:many, 1:3])
    backwards = robustness_curves(model, x, y, perturbations=PERTURBATIONS[::-1], strengths=GRID, draws=3, rng=5)
    assert all(np.array_equal(backwards.accuracy[name], all_.accuracy[name]) for name in PERTURBATIONS)


def test_seeds_draws_and_strengths_differ(trained):
    model, x, y = trained
    one, other = (robustness_curves(model, x, y, strengths=GRID, rng=seed) for seed in (0, 1))
    for name in ("random-pruning", "weight-shuffling", "weight-modification"):
        assert not np.array_equal(one.accuracy[name], other.accuracy[name])
        assert len(np.unique(one.accuracy[name][:, 2])) > 1
    # nearly equal strengths remove as many links, but others
    near = robustness_curves(
        model, x, y, perturbations=["random-pruning"], strengths=np.linspace(0.5, 0.501, 9), draws=1
    )
    assert len(np.unique(near.accuracy["random-pruning"])) > 1


def test_a_generator_is_drawn_from_once(trained):
    model, x, y = trained
    rng = np.random.default_rng(3)
    one = robustness_curves(model, x, y, strengths=GRID, draws=2, rng=rng)
    assert same(one, robustness_curves(model, x, y, strengths=GRID, draws=2, rng=np.random.default_rng(3)))
    assert not same(one, robustness_curves(model, x, y, strengths=GRID, draws=2, rng=rng))


def test_the_network_stays_and_threads_do_not_matter(trained):
    model, x, y = trained
    values = model.store.values.tobytes()
    with threads_limited(1):
        one = robustness_curves(model, x, y, strengths=5, draws=2)
    with threads_limited(2):
        two = robustness_curves(model, x, y, strengths=5, draws=2)
    assert same(one, two) and model.store.values.tobytes() == values


def test_grids(trained):
    model, x, y = trained
    names = ["weight-order", "reverse-weight-order"]
    default = robustness_curves(model, x, y, perturbations=names)
    np.testing.assert_array_equal(default.strengths[names[1]], np.arange(51) / 50)
    steep = default.strengths[names[0]]
    assert (len(steep), steep[1], steep[25], steep[26], steep[-1]) == (44, 0.004, 0.1, 0.15, 1)
    assert np.all(np.diff(steep) > 0)
    even = robustness_curves(model, x, y, perturbations=names[:1], strengths=11)
    assert even.strengths[names[0]].tolist() == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
    mixed = robustness_curves(model, x, y, perturbations=names, strengths={"weight-order": [0, 0.01, 0.02]})
    assert (len(mixed.strengths[names[0]]), len(mixed.strengths[names[1]])) == (3, 51)
    loud = robustness_curves(model, x, y, perturbations=["weight-modification"], strengths=[0, 3.0], draws=1)
    assert loud.accuracy["weight-modification"].shape == (1, 2)


def test_json_there_and_back(trained):
    model, x, y = trained
    curves = robustness_curves(model, x, y, strengths=7, draws=2)
    again = RobustnessCurves.from_json(json.loads(json.dumps(curves.to_json())))
    assert same(curves, again) and again.accuracy["random-pruning"].shape == (2, 7)
    assert again.strengths["weight-order"].tobytes() == curves.strengths["weight-order"].tobytes()
    for broken in ({}, {**curves.to_json(), "strengths": 3}, {**curves.to_json(), "accuracy": {}}):
        with pytest.raises(InvalidInputError):
            RobustnessCurves.from_json(broken)
    short = curves.to_json()
    short["accuracy"]["weight-order"] = [[0.5]]
    with pytest.raises(InvalidInputError, match="weight-order"):
        RobustnessCurves.from_json(short)


def test_area_is_the_mean_over_the_span():
    curves = RobustnessCurves(
        {"a": np.array([0.0, 0.1, 0.5]), "b": np.array([0.3])},
        {"a": np.array([[1.0, 0.5, 0.1], [1.0, 0.7, 0.1]]), "b": np.array([[0.5], [0.7]])},
        1.0, "layer", False, 10,
    )  # fmt: skip
    # mean 1, .6, .1: (.8 * .1 + .35 * .4) / .5
    assert curves.area("a") == pytest.approx(0.44)
    assert curves.area("b") == pytest.approx(0.6)
    assert curves.mean("a").tolist() == pytest.approx([1.0, 0.6, 0.1])


def test_a_bar_counts_the_points(trained, capsys, monkeypatch):
    model, x, y = trained
    robustness_curves(model, x, y, strengths=3, draws=1)
    assert capsys.readouterr().err == ""
    bars = []

    class Bar(tqdm.tqdm):
        def close(self):
            bars.append((self.n, self.total))
            super().close()

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    robustness_curves(model, x, y, strengths=3, draws=2, progress=True)
    assert bars[0] == (24, 24) and "perturbed networks" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"perturbations": ["noise"]}, "perturbation"),
        ({"strengths": [0.5, 0.5]}, "ascending"),
        ({"strengths": []}, "ascending"),
        ({"strengths": [0, np.nan]}, "ascending"),
        ({"strengths": [0, 1.5]}, "strength"),
        ({"strengths": 1}, "strengths"),
        ({"strengths": {"noise": [0, 1]}}, "perturbation"),
        ({"draws": 0}, "draws"),
        ({"scope": "net"}, "scope"),
        ({"rng": -1}, "rng"),
    ],
)
def test_what_cannot_be_done_is_refused(trained, options, words):
    model, x, y = trained
    with pytest.raises(InvalidInputError, match=words):
        robustness_curves(model, x, y, **options)
    with pytest.raises(InvalidInputError, match="labels"):
        robustness_curves(model, x, np.zeros((len(x), 4)))
