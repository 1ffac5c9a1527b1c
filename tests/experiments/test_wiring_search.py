"""The search as a whole: its trials are runs in a store, and stopping it changes nothing."""

from __future__ import annotations

import math
import shutil

import pytest

from sparse_mlp.errors import InvalidInputError, SparseMLPError
from sparse_mlp.experiments import Store, search_wirings, wiring_search
from sparse_mlp.experiments.campaign import run_campaign
from sparse_mlp.runs.build import build
from sparse_mlp.runs.config import make_config, merge
from sparse_mlp.topology import GENERATORS

TINY = {
    "wiring": {"topology": "small-world", "density": 0.2}, "model": {"hidden": [20, 15]}, "run": {"seed": 2},
    "data": {"validation_fraction": 0.2},
}  # fmt: skip
BUDGET = {"configurations": 6, "min_epochs": 1, "max_epochs": 2, "factor": 2, "progress": False}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search") / "small-world"
    return search_wirings(TINY, folder, **BUDGET), folder


def _table(search):
    return search.configurations, [list(scores.items()) for scores in search.ladder]


def test_the_ladder(found):
    search, folder = found
    assert search.epochs == [1, 2]
    assert sorted(search.ladder[0]) == list(range(6))
    assert set(search.ladder[1]) == {*list(search.ladder[0])[:3], 0}
    assert search.configurations[0] == {} and search.sizes == [64, 20, 15, 10]
    assert search.best == max(search.ladder[1], key=search.ladder[1].__getitem__)
    assert search.ahead(search.best) == search.ladder[1][search.best] - search.ladder[1][0]
    assert search.validation_samples == 287
    assert len(Store(folder).run_ids()) == 6 + len(search.ladder[1])


def test_a_trial_is_a_run_of_train_judged_by_the_samples_set_aside(found):
    search, _ = found
    number = search.best
    own = {"rule": {"name": "static"}, "wiring": search.configurations[number], "training": {"epochs": 2}}
    run = build(make_config(merge(TINY, own)))
    run.fit()
    record = run.trainer.history.epochs[-1]
    assert search.ladder[1][number] == record["validation_accuracy"] != record["test_accuracy"]


def test_a_search_that_was_stopped_ends_alike(found, tmp_path):
    search, folder = found
    shutil.copytree(folder, tmp_path / "again")
    store = Store(tmp_path / "again")
    for run_id in store.run_ids()[::2]:
        shutil.rmtree(store.folder(run_id))
    (store.folder(store.run_ids()[0]) / "result.json").unlink()
    assert _table(search_wirings(TINY, tmp_path / "again", **BUDGET)) == _table(search)


def test_the_number_of_processes_changes_nothing(found, tmp_path):
    assert _table(search_wirings(TINY, tmp_path, **BUDGET, jobs=2)) == _table(found[0])


def test_the_worst_default_still_climbs_to_the_last_rung(tmp_path, monkeypatch):
    monkeypatch.setattr(wiring_search, "_accuracy", lambda store, run_id, failed: -1.0)
    search = search_wirings(TINY, tmp_path, **BUDGET, space={"beta": [0.1, 0.2, 0.3]})
    assert all(0 in scores for scores in search.ladder)


def test_given_options_and_presets_are_not_searched(tmp_path):
    settings = merge(TINY, {"wiring": {"topology": "receptive-field", "r": 0.5}})
    search = search_wirings(settings, tmp_path, **{**BUDGET, "configurations": 2, "max_epochs": 1})
    assert search.configurations == [{"r": 0.5}, {"r": 0.5, "degree_distribution": search.configurations[1]
                                                  ["degree_distribution"]}]  # fmt: skip
    fixed = wiring_search._fixed({"wiring": {"preset": "mnist", "dendrites": 7.0, "density": 0.1}}, "dendritic")
    assert (fixed["dendrites"], fixed["border"]) == (7.0, "wrap") and "density" not in fixed


def test_a_training_that_diverges_is_the_worst(tmp_path):
    settings = merge(TINY, {"training": {"learning_rate": 1e30}})
    search = search_wirings(settings, tmp_path, **{**BUDGET, "configurations": 2})
    assert all(math.isnan(score) for score in search.ladder[0].values())


def test_another_failure_ends_the_search(tmp_path, monkeypatch):
    make = GENERATORS["small-world"]
    calls = []

    def broken(n_in, n_out, links, rng, *, beta=0.25):
        calls.append(beta)
        if len(calls) > 2:  # the network that is built to see whether it can be
            raise RuntimeError("out of luck")
        return make(n_in, n_out, links, rng, beta=beta)

    monkeypatch.setitem(GENERATORS, "small-world", broken)
    with pytest.raises(SparseMLPError, match="RuntimeError: out of luck"):
        search_wirings(TINY, tmp_path, **BUDGET)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": {"validation_fraction": 0.0}}, "validation_fraction=0"),
        ({"model": {"motif_size": 3}}, "input of 64 features"),
        ({"wiring": {"topology": "erdos-renyi"}}, "topology to search='erdos-renyi'"),
        ({"wiring": {"beta": 0.5}}, "values for all of beta"),
    ],
)
def test_what_cannot_be_searched_is_refused_and_nothing_is_written(tmp_path, changes, words):
    with pytest.raises(InvalidInputError, match=words):
        search_wirings(merge(TINY, changes), tmp_path / "found", **BUDGET)
    assert not (tmp_path / "found").exists()


def test_the_runs_of_a_search_may_come_from_a_campaign(found, tmp_path):
    """Whoever has trained a run of the same settings in the same store has done the trial."""
    search, _ = found
    own = {"rule": {"name": "static"}, "training": {"epochs": 1}}
    planned = [
        wiring_search.plan_run(merge(TINY, own, {"wiring": options}), "mine") for options in search.configurations
    ]
    run_campaign(Store(tmp_path), planned, progress=False)
    before = len(Store(tmp_path).run_ids())
    again = search_wirings(TINY, tmp_path, **{**BUDGET, "max_epochs": 1})
    assert len(Store(tmp_path).run_ids()) == before
    assert again.ladder[0] == search.ladder[0]
