"""Campaigns on a Dask cluster: a scheduler and two workers, real processes, also when one is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from campaign_cases import RECIPE, essence, plan, write_recipe

from sparse_mlp.errors import InvalidInputError, SparseMLPError
from sparse_mlp.experiments import Store, run_campaign
from sparse_mlp.experiments.workers import work_on_dask

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'sparse_mlp[dask]'")


class Cluster:
    """A scheduler and workers of one thread each, all processes of their own."""

    def __init__(self, folder):
        self.folder, self.workers = folder, []
        self.file = folder / "scheduler.json"
        self.scheduler = self._start("dask_scheduler", "--port", "0", "--dashboard-address", ":0")
        end = time.monotonic() + 60
        while not self.file.exists():
            assert time.monotonic() < end and self.scheduler.poll() is None
            time.sleep(0.05)
        self.address = json.loads(self.file.read_text())["address"]

    def add_worker(self):
        worker = self._start("dask_worker", "--nthreads", "1", "--no-nanny", "--no-dashboard")
        self.workers.append(worker)
        return worker

    def wait_for_workers(self, count):
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=60)

    def close(self):
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()

    def _start(self, program, *options):
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--scheduler-file", str(self.file), *options]
        path = os.pathsep.join([str(folder) for folder in sys.path if folder])
        return subprocess.Popen(command, cwd=self.folder, env={**os.environ, "PYTHONPATH": path},
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.close()


def process_of(task):
    """Return which process did the task."""
    time.sleep(0.3)
    return task, os.getpid()


def die(path):
    """Kill the worker, as a run without enough memory does."""
    if path.name == "dies":
        with open(path, "a") as file:
            file.write("x")
        os._exit(9)
    return path.name


@pytest.mark.slow
def test_two_workers_do_a_campaign_together_also_when_one_is_killed(tmp_path, cluster):
    planned = plan(tmp_path, RECIPE.replace("epochs = 3", "epochs = 40"))
    alone, store = Store(tmp_path / "alone"), Store(tmp_path / "store")
    assert run_campaign(alone, planned, progress=False).complete
    workers = [cluster.add_worker(), cluster.add_worker()]
    cluster.wait_for_workers(2)
    done = dict(work_on_dask(process_of, {str(n): n for n in range(8)}, cluster.address))
    assert set(done) == set(range(8))
    assert set(done.values()) == {worker.pid for worker in workers}
    assert run_campaign(store, planned[:2], dask=cluster.address, progress=False).complete
    command = [sys.executable, "-m", "sparse_mlp", "campaign", tmp_path / "small.toml", "--store", store.path]
    rest = subprocess.Popen([*map(str, command), "--dask", cluster.address], stdout=subprocess.PIPE, text=True)
    end = time.monotonic() + 120
    while not store.folder(planned[3].run_id).exists():
        assert time.monotonic() < end and rest.poll() is None
        time.sleep(0.01)
    workers[0].kill()
    output, _ = rest.communicate(timeout=120)
    assert rest.returncode == 0, output
    for run in planned:
        assert essence(store, run.run_id) == essence(alone, run.run_id)


@pytest.mark.slow
def test_a_task_over_which_the_workers_die_ends_the_campaign_after_all_others(tmp_path, cluster):
    for _ in range(5):
        cluster.add_worker()
    cluster.wait_for_workers(5)  # else those that come one by one die over all three
    (tmp_path / "dies").write_text("")
    tasks, done = {name: tmp_path / name for name in ("dies", "a", "b")}, []
    with pytest.raises(SparseMLPError, match=r"over dies; .*too little memory"):
        for name in work_on_dask(die, tasks, cluster.address):
            done.append(name)
    assert set(done) == {"a", "b"}
    assert len((tmp_path / "dies").read_text()) == 4  # as Dask itself allows


@pytest.mark.slow
def test_a_cluster_that_goes_is_told(tmp_path, cluster):
    cluster.add_worker()
    tasks = work_on_dask(process_of, {str(n): n for n in range(1000)}, cluster.address)
    next(tasks)
    cluster.close()
    with pytest.raises(SparseMLPError, match=r"the cluster at tcp.* is gone; the same command goes on"):
        list(tasks)


def test_what_is_no_cluster_is_refused(tmp_path, monkeypatch):
    planned, store = plan(tmp_path)[:1], Store(tmp_path / "store")
    monkeypatch.setattr("sparse_mlp.experiments.workers.CONNECTION_SECONDS", 0.5)
    for address in ("tcp://127.0.0.1:1", "nonsense"):
        with pytest.raises(InvalidInputError, match=f"dask={address}: .*; expected the address of a scheduler"):
            run_campaign(store, planned, dask=address, progress=False)
    with pytest.raises(InvalidInputError, match="jobs=2 with dask=tcp://host:1; expected one of the two"):
        run_campaign(store, planned, dask="tcp://host:1", jobs=2, progress=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InvalidInputError, match=r"Dask is missing; .*pip install 'sparse_mlp\[dask\]'"):
        run_campaign(store, planned, dask="tcp://host:1", progress=False)


def test_a_wrong_address_is_told_at_once_in_one_line(tmp_path):
    recipe = write_recipe(tmp_path)
    command = [sys.executable, "-m", "sparse_mlp", "campaign", recipe, "--store", tmp_path / "s", "--dask", "nonsense"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=50)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.slow
def test_a_cluster_without_workers_is_refused(tmp_path, cluster, monkeypatch):
    monkeypatch.setattr("sparse_mlp.experiments.workers.CONNECTION_SECONDS", 2)
    with pytest.raises(InvalidInputError, match=f"a cluster at {cluster.address} without workers"):
        run_campaign(Store(tmp_path / "store"), plan(tmp_path), dask=cluster.address, progress=False)
