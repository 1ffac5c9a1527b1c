"""The store: what is finished, what is damaged, and an index that only mirrors the folders."""

from __future__ import annotations

import csv
import shutil

import pytest
from campaign_cases import RECIPE, essence, plan

from sparse_mlp.experiments import Store, run_campaign

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*damaged:RuntimeWarning", "ignore:.*previous checkpoint:RuntimeWarning"
)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    planned, store = plan(folder)[:1], Store(folder / "store")
    assert run_campaign(store, planned, progress=False).complete
    return store, planned[0]


@pytest.fixture
def copy(original, tmp_path):
    store, planned = original
    shutil.copytree(store.path, tmp_path / "store")
    return Store(tmp_path / "store"), planned


def test_a_new_store_is_empty(tmp_path):
    store = Store(tmp_path / "a" / "b")
    assert store.run_ids() == [] and not store.finished("digits-set-0-0") and store.epochs_done("digits-set-0-0") == 0
    assert store.rebuild_index().read_text().startswith("run_id,state,dataset")
    assert len(store.rebuild_index().read_text().splitlines()) == 1


@pytest.mark.parametrize("name", ["config.json", "metrics.jsonl", "checkpoint.json", "result.json"])
def test_a_run_without_one_of_its_files_is_not_finished_and_is_brought_back(original, copy, name):
    store, planned = copy
    (store.folder(planned.run_id) / name).unlink()
    if name == "result.json":
        assert not store.finished(planned.run_id)
    else:
        with pytest.warns(RuntimeWarning, match=f"damaged and taken for not finished: {name} is missing"):
            assert not store.finished(planned.run_id)
    check_that_it_is_brought_back(original, copy)


DAMAGE = ["result.json", "config.json", "checkpoint.json", "checkpoint-*.npz", "weights-*.json"]


@pytest.mark.parametrize("text", ["", '{"run_id": "another"}'])
@pytest.mark.parametrize("pattern", DAMAGE)
def test_a_damaged_run_is_brought_back(original, copy, pattern, text):
    store, planned = copy
    folder = store.folder(planned.run_id)
    for path in folder.glob(pattern):
        path.write_text(text)
    if pattern.startswith(("config", "checkpoint")):
        (folder / "result.json").unlink()
    check_that_it_is_brought_back(original, copy)


def check_that_it_is_brought_back(original, copy):
    (store, planned), (first, _) = copy, original
    assert not store.complete(planned)
    assert run_campaign(store, [planned], progress=False).complete
    assert essence(store, planned.run_id) == essence(first, planned.run_id)


def test_the_folder_of_another_run_is_not_taken_for_this_one(original, copy):
    store, planned = copy
    shutil.rmtree(store.folder(planned.run_id))
    other = plan(store.path)[1]
    assert run_campaign(store, [other], progress=False).complete
    store.folder(other.run_id).rename(store.folder(planned.run_id))
    with pytest.warns(RuntimeWarning, match=r"result.json is not that of this run"):
        assert not store.finished(planned.run_id)
    check_that_it_is_brought_back(original, copy)


def test_more_can_be_measured_on_a_finished_run_without_training_it_again(copy):
    store, planned = copy
    before = (store.folder(planned.run_id) / "result.json").stat().st_mtime_ns
    arguments = {"strengths": 3, "draws": 1, "perturbations": ["random-pruning"]}
    text = "[measurements.robustness]\nstrengths = 3\ndraws = 1\nperturbations = ['random-pruning']\n"
    more = plan(store.path, RECIPE + text)[0]
    assert more.run_id == planned.run_id and more.measurements["robustness"] == arguments
    assert store.complete(planned) and not store.complete(more)
    assert run_campaign(store, [planned, more], progress=False).complete
    assert len(store.measurement(more, "robustness")["accuracy"]["random-pruning"][0]) == 3
    assert (store.folder(planned.run_id) / "result.json").stat().st_mtime_ns == before
    assert len(list(store.folder(planned.run_id).glob("weights-*.json"))) == 1


def test_the_index_tells_what_is_not_finished(copy):
    store, planned = copy
    for run_id, content in {"digits-rlr-0-failed": '{"message": "too, \\"bad\\""}', "digits-rlr-1-begun": None}.items():
        store.folder(run_id).mkdir()
        (store.folder(run_id) / "config.json").write_text('{"rule": {"name": "rlr"}, "run": {"seed": 1}}')
        (store.folder(run_id) / "metrics.jsonl").write_text('{"kind":"epoch","epoch":1}\n')
        if content:
            (store.folder(run_id) / "failure.json").write_text(content)
    (store.path / "index.csv").write_text("nonsense")
    rows = {row["run_id"]: row for row in csv.DictReader(store.rebuild_index().read_text().splitlines())}
    assert {run_id: row["state"] for run_id, row in rows.items()} == {
        planned.run_id: "finished", "digits-rlr-0-failed": "failed", "digits-rlr-1-begun": "begun",
    }  # fmt: skip
    assert rows["digits-rlr-0-failed"]["error"] == 'too, "bad"'
    assert rows["digits-rlr-1-begun"]["epochs"] == "1" and rows["digits-rlr-1-begun"]["seed"] == "1"
