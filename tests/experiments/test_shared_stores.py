"""Campaigns at the same time on one store: between them they do all runs, none twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

from campaign_cases import essence, plan

from sparse_mlp.experiments import Store, run_campaign
from sparse_mlp.runs.locks import lock_folder

CAMPAIGN = """
import sys
from pathlib import Path
from sparse_mlp.experiments import Store, execute, load_recipe, run_campaign

recipe, store, log = map(Path, sys.argv[1:])
train = execute._train_and_measure

def logged(store, planned, data_dir):
    with open(log, "a") as file:
        file.write(planned[0].run_id + "\\n")
    return train(store, planned, data_dir)

execute._train_and_measure = logged
planned = load_recipe(recipe).plan("smoke")
print("ready", flush=True)
sys.stdin.readline()
outcome = run_campaign(Store(store), planned, progress=False)
assert not outcome.failed, outcome
"""


def test_two_processes_never_do_the_same_run(tmp_path):
    planned = plan(tmp_path)
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    command = [sys.executable, "-c", CAMPAIGN, *map(str, (tmp_path / "small.toml", store.path, log))]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.stdout.readline() for process in both] == ["ready\n"] * 2
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in both:
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert Counter(log.read_text().split()) == Counter(run.run_id for run in planned)
    alone = Store(tmp_path / "alone")
    assert run_campaign(alone, planned, progress=False).complete
    assert run_campaign(store, planned, progress=False).complete
    for run in planned:
        assert essence(store, run.run_id) == essence(alone, run.run_id)


def test_a_run_that_another_process_is_working_on_is_left_alone(tmp_path):
    planned, store = plan(tmp_path)[:2], Store(tmp_path / "store")
    with lock_folder(store.folder(planned[0].run_id)):
        outcome = run_campaign(store, planned, progress=False)
        assert (outcome.busy, outcome.finished) == ([planned[0].run_id], [planned[1].run_id])
        assert not outcome.complete and not (store.folder(planned[0].run_id) / "config.json").exists()
    assert run_campaign(store, planned, progress=False).complete


def test_at_the_end_it_is_looked_at_once_more(tmp_path, monkeypatch):
    planned, store = plan(tmp_path)[:2], Store(tmp_path / "store")
    held = lock_folder(store.folder(planned[0].run_id))
    held.__enter__()
    monkeypatch.setattr("sparse_mlp.experiments.campaign.CampaignProgress.tell", let_go_once(held))
    outcome = run_campaign(store, planned, progress=False)
    assert outcome.finished == [run.run_id for run in planned]


def let_go_once(held):
    """Return a way to hear of a run that ended, which frees the other one."""
    heard = []

    def tell(bar, run_id, what):
        if not heard:
            held.__exit__(None, None, None)
        heard.append(run_id)

    return tell
