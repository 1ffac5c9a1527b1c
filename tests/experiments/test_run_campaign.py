"""Campaigns in this process and in several: all is done, once, alike, and what cannot be done is told."""

from __future__ import annotations

import csv
import json

import pytest
from campaign_cases import RECIPE, essence, plan

from sparse_mlp.experiments import Store, run_campaign


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Return store and plan of a finished campaign; not to be changed."""
    folder = tmp_path_factory.mktemp("campaign")
    planned, store = plan(folder), Store(folder / "store")
    outcome = run_campaign(store, planned, progress=False)
    assert outcome.complete and outcome.finished == [run.run_id for run in planned]
    return store, planned


def test_each_run_has_its_own_folder(done):
    store, planned = done
    for run in planned:
        assert store.finished(run.run_id) and store.complete(run)
        result = store.result(run.run_id)
        assert (result["dataset"], result["seed"], result["epochs"]) == ("digits", run.seed, 3)
        assert store.history(run.run_id).column("test_accuracy")[-1] == result["test_accuracy"] > 0.5
        assert "out" not in result  # a store may be moved
        config = json.loads((store.folder(run.run_id) / "config.json").read_text())
        assert (config["run"]["out"], config["data"]["data_dir"], config["run"]["threads"]) == (None, None, 1)
        weights = store.measurement(run, "weights")
        assert sum(weights["counts"]) + weights["above"] == weights["weights"] > 0
        assert len(weights["edges"]) == len(weights["counts"]) + 1
        assert store.measurement(run, "robustness") is None


def test_the_same_call_again_does_nothing(done, monkeypatch):
    store, planned = done
    monkeypatch.setattr("sparse_mlp.experiments.campaign.execute", pytest.fail)
    assert run_campaign(store, planned, progress=False).complete


def test_several_processes_give_the_same_bytes(done, tmp_path):
    store, planned = done
    other = Store(tmp_path)
    assert run_campaign(other, planned, jobs=2, progress=False).complete
    for run in planned:
        assert essence(other, run.run_id) == essence(store, run.run_id)


def test_the_index_mirrors_the_folders(done):
    store, planned = done
    written = (store.path / "index.csv").read_bytes()
    (store.path / "index.csv").unlink()
    assert store.rebuild_index().read_bytes() == written
    rows = list(csv.DictReader(written.decode().splitlines()))
    assert [row["run_id"] for row in rows] == sorted(run.run_id for run in planned)
    assert {row["state"] for row in rows} == {"finished"}
    assert all(float(row["test_accuracy"]) == store.result(row["run_id"])["test_accuracy"] for row in rows)


def test_a_run_that_fails_is_told_and_does_not_stop_the_others(tmp_path):
    text = RECIPE.replace("rule.zeta = 0.2", "training.learning_rate = 1e30")
    planned, store = plan(tmp_path, text), Store(tmp_path / "store")
    outcome = run_campaign(store, planned, progress=False)
    assert [run_id.split("-")[1] for run_id in outcome.finished] == ["set", "set"]
    assert [run_id.split("-")[1] for run_id in outcome.failed] == ["rlr", "rlr"]
    assert all("DivergenceError" in message for message in outcome.failed.values())
    assert not outcome.complete
    again = run_campaign(store, planned, progress=False)
    assert again == outcome
    failure = store.folder(next(iter(outcome.failed))) / "failure.json"
    before = failure.stat().st_mtime_ns
    assert run_campaign(store, planned, retry=True, progress=False) == outcome
    assert failure.stat().st_mtime_ns != before


def test_a_data_set_that_is_not_here_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("SPARSE_MLP_DATA", str(tmp_path))
    monkeypatch.setattr("sparse_mlp.experiments.campaign.available", lambda data_dir: ("digits",))
    planned = plan(tmp_path, datasets=["digits", "mnist"])
    with pytest.warns(RuntimeWarning, match="the files of mnist are not here, runs left out: 4"):
        outcome = run_campaign(Store(tmp_path / "store"), planned, progress=False)
    assert len(outcome.finished) == 4 and len(outcome.missing["mnist"]) == 4 and not outcome.complete
