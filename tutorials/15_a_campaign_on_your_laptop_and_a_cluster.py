# %% [markdown]
# # 15 A campaign on your laptop and on a cluster
#
# One run is an anecdote. To say that one method beats another you need data sets × methods × seeds, soon hundreds of
# runs, and they take nights. Nights end badly: a laptop is closed, a job hits its time limit, memory runs out. And next
# morning nobody knows which runs are done, which half done, and which were started twice.
#
# Here you write a small experiment down as a *recipe*, and carry it out as a *campaign*. You kill it in the middle, let
# two campaigns do one job, and move to a Dask cluster, and each time you end with the same bytes. All on the 8 × 8
# digits that come with scikit-learn, with networks that train in a second.
#
# It takes about 1 min. Its data come with scikit-learn.

# %%
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, sleep

import numpy as np

from sparse_mlp.cli.tutorial import begin

options = begin("fewer seeds; every idea stays")
figures = options.figures
temporary = tempfile.TemporaryDirectory(prefix="sparse_mlp_")
folder = Path(temporary.name)
SEEDS = 2 if options.fast else 3

# %% [markdown]
# ## 1. A recipe
#
# Our question: links that regrow at random (the rule `rlr`), or where a score predicts them (`ch3l3`)? And does the
# answer depend on how sparse the network is? Methods are tables with a name of your choice; an option is a further
# axis, each of its values is combined with everything. A preset says how much of all that is run.

# %%
RECIPE = f"""
title = "Random or predicted links on digits"

[settings]                      # of every run, tables as in `sparse-mlp train --config`
model.hidden = [100, 100]
training.learning_rate = 0.05

[methods."at random"]
rule.name = "rlr"

[methods.predicted]
rule.name = "ch3l3"

[options]                       # each value with everything else
wiring.density = [0.01, 0.05]

[measurements.weights]          # looked at when a run is trained

[presets.laptop]
datasets = ["digits"]
seeds = {list(range(SEEDS))}

[presets.laptop.settings]
training.epochs = 20
"""
path = folder / "digits.toml"
path.write_text(RECIPE)

from sparse_mlp.experiments import Store, load_recipe, make_run_id, run_campaign

planned = load_recipe(path).plan("laptop")
print(len(planned), "runs")
for run in planned[:4]:
    print(f"{run.run_id:<28} {run.method:<10} {run.options} seed {run.seed}")

# %% [markdown]
# You should see four lines for each seed: two methods × two densities. They come seed by seed, so that a campaign that
# is stopped early has something of everything.
#
# ## 2. What makes a run this run
#
# The last part of a name is a hash of *all* settings that a byte of the result depends on, also of those that you left
# at their defaults. What no byte depends on, such as the number of threads, is left out. So a name is a promise: same
# name, same bytes. Two recipes that need the same run share it.

# %%
settings = planned[0].settings
backwards = dict(reversed(settings.items()))
names = {
    "as planned": make_run_id(settings),
    "tables in another order": make_run_id(backwards),
    "on eight threads": make_run_id({**settings, "run": {**settings["run"], "threads": 8}}),
    "one epoch more": make_run_id({**settings, "training": {**settings["training"], "epochs": 21}}),
}
for what, name in names.items():
    print(f"{what:<24} {name}")

# %% [markdown]
# You should see the same name three times, and then another one.
#
# ## 3. On your laptop
#
# A *store* is a folder with one folder for each run. Two processes do the runs, with one thread each: for networks as
# small as these, more runs at a time are worth more than more threads for one.

# %%
store = Store(folder / "laptop")
began = perf_counter()
outcome = run_campaign(store, planned, jobs=2)
first_seconds = perf_counter() - began
began = perf_counter()
run_campaign(store, planned, jobs=2)
second_seconds = perf_counter() - began
print(f"complete: {outcome.complete}, {first_seconds:.1f} s; the same call once more: {second_seconds:.2f} s")
print("in the folder of a run:", *sorted(file.name for file in store.folder(planned[0].run_id).iterdir()))
print((store.path / "index.csv").read_text().splitlines()[1])

# %% [markdown]
# You should see that the second call takes no time, as nothing is left to do. A run is finished from the moment at
# which its `result.json` is there; that is written last, whole or not at all. `index.csv` lists all runs. It is for
# you: the library relies on the folders alone, and rewrites the index from them.
#
# From a terminal, all this is
#
# ```
#     sparse-mlp campaign digits.toml --store laptop --jobs 2
# ```
#
# ## 4. Look at the outcome
#
# Everything is read from the store, nothing is trained.

# %%
from matplotlib.figure import Figure

from sparse_mlp.plotting import style

METHODS, DENSITIES = ("at random", "predicted"), (0.01, 0.05)


def curves(method, density):
    runs = [run for run in planned if run.method == method and run.options["density"] == density]
    return np.array([store.history(run.run_id).column("test_accuracy") for run in runs])


found = {(method, density): curves(method, density) for method in METHODS for density in DENSITIES}
with style():
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
for axes, density in zip(panels, DENSITIES, strict=True):
    for method, look in zip(METHODS, ("C0--", "C1-"), strict=True):
        accuracy = found[method, density]
        epochs = np.arange(1, accuracy.shape[1] + 1)
        axes.fill_between(epochs, accuracy.min(axis=0), accuracy.max(axis=0), color=look[:2], alpha=0.2, lw=0)
        axes.plot(epochs, accuracy.mean(axis=0), look, label=f"links {method}")
    axes.set(xlabel="epoch", title=f"{density:.0%} of all links")
panels[0].set_ylabel("test accuracy")
panels[1].legend(loc="lower right")
figure.suptitle(f"digits: mean and range of {SEEDS} seeds")
figure.savefig(figures / "15_campaign.png", dpi=120)
print("picture:", figures / "15_campaign.png")
for (method, density), accuracy in found.items():
    print(f"{density:>4.0%} {method:<10} after 20 epochs {accuracy[:, -1].mean():.3f}, {np.round(accuracy[:, -1], 3)}")

# %% [markdown]
# You should see that the density matters far more than the rule, and that with 1 % of the links the seeds lie far
# apart. Look at the bands before you believe in a difference between the lines: that is what the seeds are for.
#
# ## 5. Pull the plug
#
# Now in a new store, started as you would from a terminal, one run after the other. As soon as one run is finished and
# the next begun, the campaign is killed as hard as the operating system can: no last words, no cleaning up.

# %%
plugged = Store(folder / "killed")
command = [sys.executable, "-m", "sparse_mlp", "campaign", str(path), "--store", str(plugged.path)]


def results(of):
    return {name for name in of.run_ids() if (of.folder(name) / "result.json").exists()}


def begun_runs(of):
    there = of.run_ids()  # looked up first: what finishes meanwhile counts as finished
    return set(there) - results(of)


with open(folder / "killed.log", "w") as log:
    campaign = subprocess.Popen(command, stdout=log, stderr=log)
    while campaign.poll() is None and not (results(plugged) and begun_runs(plugged)):
        sleep(0.002)
    campaign.kill()
    campaign.wait()
done_before, begun = results(plugged), begun_runs(plugged)
print(f"killed with {len(done_before)} of {len(planned)} runs finished, {len(begun)} begun")

again = subprocess.run([*command, "--jobs", "2"], capture_output=True, text=True, check=True)
print(again.stdout.splitlines()[0], *again.stdout.splitlines()[1:5], sep="\n")


def arrays(of, run_id):
    from sparse_mlp.training import load_checkpoint

    return {name: values.tobytes() for name, values in load_checkpoint(of.folder(run_id)).arrays.items()}


def same_bytes(of):
    return all(arrays(of, run.run_id) == arrays(store, run.run_id) for run in planned)


after_the_kill = same_bytes(plugged)
print("weights, wirings, optimizer: same bytes as in the undisturbed store:", after_the_kill)

# %% [markdown]
# You should see one run finished and one begun, that the second call did the rest, here with two processes, and `True`.
# Finished runs were left alone; the one that was begun went on from its last checkpoint, or from the start if it was
# killed before its first. A checkpoint holds the state of all random streams as well, so a run that was interrupted
# draws the same numbers as one that was not.
#
# ## 6. Two campaigns, one store
#
# You may start the same command twice, also on two machines that see one folder. A process that wants a run *claims*
# it first. A claim is a lock of the operating system that the process holds while it works on the run. When the
# process dies, however it dies, the lock is gone. A mere file that says "taken" would outlive it.

# %%
from sparse_mlp.runs.locks import lock_folder

shared = Store(folder / "shared")
two_runs = planned[:2]
with lock_folder(shared.folder(two_runs[0].run_id)):  # we play another campaign, which is at the first run
    meanwhile = run_campaign(shared, two_runs, progress=False)
print("finished meanwhile:", meanwhile.finished, " another is at:", meanwhile.busy)
afterwards = run_campaign(shared, two_runs, progress=False)
print("finished afterwards:", len(afterwards.finished))

# %% [markdown]
# You should see the second run finished meanwhile, and both afterwards.
#
# ## 7. On a cluster
#
# A Dask cluster is a scheduler and as many workers as you have machines. On a real one they are running already, or
# you start them in three terminals:
#
# ```
#     dask scheduler
#     dask worker tcp://HOST:8786 --nthreads 1       (on each machine, as many as it has cores)
#     sparse-mlp campaign digits.toml --store /shared/digits --dask tcp://HOST:8786
# ```
#
# Store and data must be seen by all machines under the same path. Here all three run on your computer; `--nthreads 1`
# keeps the runs apart. If you have no Dask, this part says so and is left out: `pip install "sparse_mlp[dask]"`.

# %%
import importlib.util
import json

if importlib.util.find_spec("distributed"):
    meeting_point = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    where = ["--scheduler-file", str(meeting_point)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    quiet["env"] = {**os.environ, "PYTHONPATH": os.pathsep.join(name for name in sys.path if name)}
    cluster = [subprocess.Popen([*dask, "scheduler", "--port", "0", "--dashboard-address", ":0", *where], **quiet)]
    cluster += [
        subprocess.Popen([*dask, "worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", *where], **quiet)
        for _ in range(2)
    ]
    try:
        while not meeting_point.exists() and cluster[0].poll() is None:
            sleep(0.1)
        on_cluster = Store(folder / "cluster")
        address = json.loads(meeting_point.read_text())["address"]
        reached = run_campaign(on_cluster, planned, dask=address).complete
        on_the_cluster = same_bytes(on_cluster)
    finally:
        for process in cluster:
            process.kill()
            process.wait()
    print("complete:", reached, " same bytes as on the laptop:", on_the_cluster)
else:
    reached = on_the_cluster = None
    print("Dask is not installed: this part is left out")

# %% [markdown]
# You should see `True` twice. Where a run was trained is no part of its result. (Between processors of different kinds
# the last bits may differ: compare bytes on one kind of machine, and numbers everywhere.)
#
# ## What you have seen
#
# A recipe says what is to be done, names say what a run is, a store says what is done, a claim says which process
# works on it. None of this lives in the memory of a process, and that is why a campaign survives the death of any: at
# any moment, what is on the disk is either whole or will be done again, with the same outcome.
#
# **Try it.** (a) Add `[methods.set]` and start the campaign again: which runs are trained? (b) Change `epochs` to 21.
# Which now? Why is going on with the old runs not an option? (c) Kill one of the two processes of section 3 while it
# works, by its number. What does the campaign do? (d) Delete a `result.json`, then a `checkpoint.json`, and run again.

# %%
*same, other = names.values()
assert len(planned) == 4 * SEEDS and len(set(same)) == 1 and other not in same
assert outcome.complete and len(outcome.finished) == len(planned) and second_seconds < first_seconds / 5
mean = {key: float(accuracy[:, -1].mean()) for key, accuracy in found.items()}
spread = {key: float(np.ptp(accuracy[:, -1])) for key, accuracy in found.items()}
for method in METHODS:
    assert mean[method, 0.05] > mean[method, 0.01] + 0.05
between_rules = max(abs(mean[METHODS[0], density] - mean[METHODS[1], density]) for density in DENSITIES)
between_densities = min(mean[method, 0.05] - mean[method, 0.01] for method in METHODS)
assert between_densities > between_rules
assert max(spread[method, 0.01] for method in METHODS) > 2 * max(spread[method, 0.05] for method in METHODS)
assert 0 < len(done_before) < len(planned) and results(plugged) == {run.run_id for run in planned}
assert after_the_kill
assert meanwhile.finished == [two_runs[1].run_id] and meanwhile.busy == [two_runs[0].run_id]
assert afterwards.complete
assert reached is on_the_cluster and on_the_cluster in (True, None)
temporary.cleanup()
print("All numbers are as stated.")
