"""Campaigns whose workers, and which themselves, are killed end as if nothing had happened.

SPARSE_MLP_LONG_TESTS=1 adds one of 24 runs that is killed at random.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest
from campaign_cases import RECIPE, essence, write_recipe

from sparse_mlp.experiments import Store, load_recipe, run_campaign

psutil = pytest.importorskip("psutil", reason="psutil, which comes with dask[distributed], finds the workers")

PATIENCE = 120  # seconds


class Campaign:
    """A campaign on two workers in a process of its own, and ways to kill parts of it."""

    def __init__(self, recipe, store):
        self.recipe, self.store, self.process = recipe, store, None
        self.output, self.results = recipe.with_suffix(".log"), {}

    def start(self):
        command = [sys.executable, "-m", "sparse_mlp", "campaign", self.recipe, "--store", self.store.path]
        with open(self.output, "w") as output:  # not a pipe, which workers that outlive the campaign would keep open
            self.process = subprocess.Popen([*map(str, command), "--jobs", "2"], stdout=output, stderr=output)

    def workers(self):
        """Return the processes that carry out runs."""
        try:
            children = psutil.Process(self.process.pid).children()
            return [child for child in children if "LokyProcess" in " ".join(child.cmdline())]
        except psutil.Error:
            return []

    def wait_until(self, what, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"never came: {what}"
            assert self.process.poll() is None, f"before {what}: {self.output.read_text()}"
            time.sleep(0.02)
        self.look()

    def look(self):
        """Remember when each result was written: it expected once."""
        for run_id in self.store.run_ids():
            if (self.store.folder(run_id) / "result.json").exists():
                written = (self.store.folder(run_id) / "result.json").stat().st_mtime_ns
                assert self.results.setdefault(run_id, written) == written

    def end(self):
        assert self.process.wait(PATIENCE) == 0, self.output.read_text()
        self.look()

    def epochs(self):
        """Return how many epochs are on the disk."""
        return sum(self.store.epochs_done(run_id) for run_id in self.store.run_ids())

    def under_way(self, name):
        """Return the runs that are not finished but have such a file."""
        folders = [self.store.folder(run_id) for run_id in self.store.run_ids()]
        return [folder for folder in folders if (folder / name).exists() and not (folder / "result.json").exists()]


def check_alike(planned, disturbed, undisturbed):
    assert disturbed.run_ids() == undisturbed.run_ids() == sorted(run.run_id for run in planned)
    for run in planned:
        assert essence(disturbed, run.run_id) == essence(undisturbed, run.run_id)
    lines = (disturbed.path / "index.csv").read_text().splitlines()[1:]
    assert [line.split(",")[:2] for line in lines] == [[run_id, "finished"] for run_id in disturbed.run_ids()]


def make_campaign(folder, seeds, epochs):
    text = RECIPE.replace("seeds = [0, 1]", f"seeds = {list(range(seeds))}").replace("epochs = 3", f"epochs = {epochs}")
    recipe = write_recipe(folder, text)
    planned, undisturbed = load_recipe(recipe).plan("smoke"), Store(folder / "undisturbed")
    assert run_campaign(undisturbed, planned, progress=False).complete
    return planned, undisturbed, Campaign(recipe, Store(folder / "killed"))


@pytest.mark.slow
def test_workers_and_the_campaign_itself_may_be_killed(tmp_path):
    planned, undisturbed, campaign = make_campaign(tmp_path, 2, 120)
    campaign.start()
    campaign.wait_until("a run begins", lambda: campaign.under_way("metrics.jsonl"))
    campaign.workers()[0].kill()
    campaign.wait_until("a checkpoint", lambda: campaign.under_way("checkpoint.json"))
    for worker in campaign.workers():
        worker.kill()
    campaign.wait_until("two workers again", lambda: len(campaign.workers()) == 2)
    campaign.wait_until("a result", lambda: next(campaign.store.path.glob("runs/*/result.json"), None))
    workers = campaign.workers()
    campaign.process.kill()
    campaign.process.wait()
    assert not psutil.wait_procs(workers, timeout=30)[1]  # they do not outlive the campaign
    campaign.start()
    campaign.end()
    check_alike(planned, campaign.store, undisturbed)
    records = campaign.store.path.glob("runs/*/system.json")
    assert max(record.read_text().count('"started"') for record in records) > 1  # some run went on from its checkpoint


@pytest.mark.slow
@pytest.mark.skipif("SPARSE_MLP_LONG_TESTS" not in os.environ, reason="takes a minute or two: SPARSE_MLP_LONG_TESTS=1")
@pytest.mark.parametrize("seed", range(int(os.environ.get("SPARSE_MLP_LONG_TESTS") or 1)))
def test_24_runs_whose_workers_are_killed_at_random_five_times(tmp_path, seed):
    planned, undisturbed, campaign = make_campaign(tmp_path, 12, 200)
    assert len(planned) == 24
    chance, total = random.Random(seed), sum(run.settings["training"]["epochs"] for run in planned)
    campaign.start()
    for kill, part in enumerate(sorted(chance.uniform(0, 0.95) for _ in range(6))):
        campaign.wait_until("the time to kill", lambda part=part: campaign.epochs() > part * total)
        if kill == 3:
            campaign.process.kill()
            campaign.process.wait()
            campaign.start()
        else:
            campaign.wait_until("a worker", campaign.workers)
            chance.choice(campaign.workers()).kill()
        print(f"kill {kill + 1} after {part:.0%} of all epochs, {len(campaign.results)} of 24 runs finished")
    campaign.end()
    check_alike(planned, campaign.store, undisturbed)
