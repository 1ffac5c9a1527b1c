"""The search as a whole: its trials are runs of `train`, and stopping it changes nothing."""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.experiments import StaticTraining, search_wirings, static_training, wiring_search
from sparse_mlp.kernels.pool import width
from sparse_mlp.runs.settings import make_config
from sparse_mlp.topology import GENERATORS

TINY = StaticTraining("small-world", hidden=(20, 15), density=0.2, seed=2)
BUDGET = {"configurations": 6, "min_epochs": 1, "max_epochs": 2, "factor": 2}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search") / "small-world"
    return search_wirings(TINY, folder, **BUDGET), folder


def _table(search):
    return search.configurations, [list(scores.items()) for scores in search.ladder]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "activation": "tanh", "weights": "he-uniform", "dropout": 0.4, "density": 0.4, "allocation": "erk",
            "batch_size": 16, "learning_rate": 0.03, "momentum": 0.5, "nesterov": True, "weight_decay": 0.01,
            "schedule": "cosine", "warm_up_steps": 60, "label_smoothing": 0.3, "standardize": False,
        },
        {"epsilon": 5.0, "optimizer": "adam", "learning_rate": 0.002, "validation_fraction": 0.3, "backend": "scipy"},
    ],
)  # fmt: skip
def test_a_trial_is_a_run_of_train(changes):
    from sparse_mlp.runs.run import make_run

    training = dataclasses.replace(TINY, **changes)
    settings = {**dataclasses.asdict(training), "hidden": list(training.hidden), "rule": "static"}
    run = make_run(make_config({**settings, "beta": 0.5, "epochs": 2}))
    run.fit()
    record = run.trainer.history.epochs[-1]
    assert training.accuracy({"beta": 0.5}, 2) == record["validation_accuracy"] != record["test_accuracy"]


def test_the_test_set_is_never_looked_at(monkeypatch):
    train, aside = TINY.samples()
    data = static_training._data(TINY.dataset, None, True)
    samples = {row.tobytes() for row in data.train_x}
    assert len(train[0]) + len(aside[0]) == len(data.train_x)
    assert len(aside[0]) == round(0.2 * len(data.train_x))
    assert {row.tobytes() for row in np.concatenate([train[0], aside[0]])} == samples
    blind = SimpleNamespace(train_x=data.train_x, train_y=data.train_y, n_classes=data.n_classes)
    monkeypatch.setattr(static_training, "_data", lambda *arguments: blind)
    assert TINY.accuracy({}, 1) > 0.2


def test_the_ladder(found):
    search, _ = found
    assert search.epochs == [1, 2]
    assert sorted(search.ladder[0]) == list(range(6))
    assert set(search.ladder[1]) == {*list(search.ladder[0])[:3], 0}
    assert search.configurations[0] == {}
    assert search.best == max(search.ladder[1], key=search.ladder[1].__getitem__)
    assert search.ahead(search.best) == search.ladder[1][search.best] - search.ladder[1][0]
    assert search.validation_samples == 287
    for number, accuracy in search.ladder[1].items():
        assert accuracy == TINY.accuracy(search.configurations[number], 2)


def test_the_worst_default_still_climbs_to_the_last_rung_and_each_trial_has_one_thread(tmp_path, monkeypatch):
    threads = []

    def by_beta(self, params, epochs):
        threads.append(width())
        return params.get("beta", -1.0)

    monkeypatch.setattr(StaticTraining, "accuracy", by_beta)
    search = search_wirings(TINY, tmp_path, **BUDGET)
    assert [len(scores) for scores in search.ladder] == [6, 4]  # half of the settings, and the default
    assert [list(scores)[-1] for scores in search.ladder] == [0, 0]
    assert search.ahead(search.best) == max(setting["beta"] for setting in search.configurations[1:]) + 1
    assert set(threads) == {1}


@pytest.mark.parametrize("lines", [0, 1, 4, 7, 9])
@pytest.mark.parametrize("torn", ["", '{"configuration": 5, "epo'])
def test_a_search_that_was_killed_ends_alike(found, tmp_path, monkeypatch, lines, torn):
    search, folder = found
    done = (folder / "trials.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "search.json").write_bytes((folder / "search.json").read_bytes())
    (tmp_path / "trials.jsonl").write_text("".join(done[:lines]) + torn)
    trained, accuracy = [], StaticTraining.accuracy

    def counted(self, params, epochs):
        trained.append(params)
        return accuracy(self, params, epochs)

    monkeypatch.setattr(StaticTraining, "accuracy", counted)
    assert _table(search_wirings(TINY, tmp_path, **BUDGET)) == _table(search)
    assert len(trained) == len(done) - min(lines, len(done))


def test_a_trial_that_fails_halfway_leaves_the_finished_ones(found, tmp_path, monkeypatch):
    search, _ = found
    accuracy, left = StaticTraining.accuracy, [4]

    def stopped(self, params, epochs):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return accuracy(self, params, epochs)

    monkeypatch.setattr(StaticTraining, "accuracy", stopped)
    with pytest.raises(KeyboardInterrupt):
        search_wirings(TINY, tmp_path, **BUDGET)
    assert len((tmp_path / "trials.jsonl").read_text().splitlines()) == 4
    monkeypatch.setattr(StaticTraining, "accuracy", accuracy)
    assert _table(search_wirings(TINY, tmp_path, **BUDGET)) == _table(search)


@pytest.mark.slow
def test_the_number_of_jobs_changes_nothing(found, tmp_path):
    search, folder = found
    assert _table(search_wirings(TINY, tmp_path, jobs=2, **BUDGET)) == _table(search)
    assert len((tmp_path / "trials.jsonl").read_text().splitlines()) == len(
        (folder / "trials.jsonl").read_text().splitlines()
    )


def test_another_search_is_refused_its_folder(found):
    _, folder = found
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for change in ({"factor": 3}, {"configurations": 5}, {"max_epochs": 3}, {"space": {"beta": [0.1, 0.2]}}):
        with pytest.raises(InvalidInputError, match="take another folder"):
            search_wirings(TINY, folder, **{**BUDGET, **change})
    with pytest.raises(InvalidInputError, match="of a search with seed=2; expected of one with 3"):
        search_wirings(StaticTraining("small-world", hidden=(20, 15), density=0.2, seed=3), folder, **BUDGET)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_trainings_that_diverge_are_last(tmp_path):
    wild = StaticTraining("small-world", hidden=(20, 15), density=0.2, learning_rate=1e30)
    with np.errstate(all="ignore"):
        search = search_wirings(wild, tmp_path, configurations=2, min_epochs=1, max_epochs=1)
    assert all(math.isnan(score) for score in search.ladder[0].values())
    assert search.best == 0 and math.isnan(search.ahead(0))


def test_own_spaces_and_fixed_options(tmp_path):
    search = search_wirings(
        StaticTraining("receptive-field", hidden=(20,), density=0.2), tmp_path, space={"r": [0.5, 1.0]},
        fixed={"degree_side": "input"}, configurations=9, min_epochs=1, max_epochs=1,
    )  # fmt: skip
    assert search.configurations[0] == {"degree_side": "input"}
    assert sorted(setting["r"] for setting in search.configurations[1:]) == [0.5, 1.0]
    assert all(setting["degree_side"] == "input" for setting in search.configurations)


@pytest.mark.parametrize(
    ("changes", "budget", "words"),
    [
        ({"density": 2.0}, {}, "density=2.0"),
        ({"topology": "ring"}, {"space": {"beta": [1, 2]}}, "topology='ring'"),
        ({"validation_fraction": 0.0}, {}, "validation_fraction=0.0"),
        ({}, {"jobs": 0}, "jobs=0"),
        ({}, {"fixed": {"gamma": 1}}, "option 'gamma'"),
        ({}, {"min_epochs": 3, "max_epochs": 2}, "max_epochs=2 below min_epochs=3"),
    ],
)
def test_what_cannot_be_searched_is_refused_and_nothing_is_written(tmp_path, changes, budget, words):
    training = StaticTraining(**{"topology": "small-world", "hidden": (20,), **changes})
    with pytest.raises(InvalidInputError, match=words):
        search_wirings(training, tmp_path / "search", **budget)
    assert not (tmp_path / "search").exists()


def test_an_option_that_the_generator_refuses_stops_the_search(tmp_path):
    assert "small-world" in GENERATORS and wiring_search.DEFAULT == 0
    with pytest.raises(InvalidInputError, match="beta"):
        search_wirings(TINY, tmp_path, space={"beta": [3.0]}, configurations=2, min_epochs=1, max_epochs=1)
