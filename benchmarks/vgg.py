"""A whole training step of VGG16 with batch normalisation and Adam, next to PyTorch's dense network."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import at_least
from benchmarks.run import Run
from benchmarks.timing import Timing, ratio
from benchmarks.worker import Prepared, peak_memory

LAYOUTS = {"PyTorch NCHW": "contiguous_format", "PyTorch channels_last": "channels_last"}
# By density: how many times faster than PyTorch, with batches of 128 on two threads.
CLAIMS = {0.5: at_least(1.15, aim=1.7), 0.3: at_least(1.6, aim=2.5), 0.1: at_least(2.6, aim=4.5)}
IMAGE, CLASSES = (3, 32, 32), 10


def benchmark(run: Run) -> None:
    """Time forward pass, loss, backward pass and update; report the peak of memory of each process."""
    plan, batch = run.pick(("vgg16", 128), ("8-M-8-M", 16))
    entries = {
        f"ours, density {density:g}": run.worker(_side(density)).prepare(
            sparse_step, plan=plan, density=density, batch=batch
        )
        for density in CLAIMS
    }
    for name, layout in LAYOUTS.items() if find_spec("torch") else ():
        entries[name] = run.worker(name).prepare(dense_step, plan=plan, layout=layout, batch=batch)
    timings = run.race(f"{plan}, batch {batch}, threads: {run.threads}", entries, rounds=5)
    dense = [timings[name] for name in LAYOUTS if name in timings]
    for density, claim in CLAIMS.items() if dense else ():
        fastest: Timing = min(dense, key=lambda timing: timing.figure.value)
        figure = ratio(fastest, timings[f"ours, density {density:g}"])
        run.report.claim(f"PyTorch / ours, density {density:g}, threads: {run.threads}", claim, figure)
    sides = {f"ours, density {density:g}": _side(density) for density in CLAIMS} | dict.fromkeys(LAYOUTS)
    for name in entries:
        gigabytes = run.worker(sides[name] or name).call(peak_memory) / 1e9
        run.report.add_fact(f"peak memory of the process: {name}", gigabytes, "GB")
    run.report.notes += [
        "The first convolution is dense, as in the experiments; its links take part in the step all the same.",
        "PyTorch: the same network with all weights, eager, in the faster of its two layouts.",
        *([] if find_spec("torch") else ["PyTorch was left out: it is not installed."]),
    ]


def _side(density: float) -> str:
    """Return the name of a worker of its own, so that the peak of its memory is that of one network."""
    return f"density {density:g}"


def sparse_step(plan: str, density: float, batch: int) -> Prepared:
    """Return a step of ours."""
    from sparse_mlp.layers import SoftmaxCrossEntropy
    from sparse_mlp.models import Samples, vgg
    from sparse_mlp.optim import Adam

    network = vgg(plan, IMAGE, CLASSES, density=density, first="dense", rng=0)
    loss, optimizer, rng = SoftmaxCrossEntropy(), Adam(0.001, weight_decay=0.0), np.random.default_rng(0)
    x, y = _samples(batch)
    samples, store = Samples(x.reshape(batch, -1), np.arange(batch), y), network.store
    optimizer.init(len(store.values))

    def step() -> None:
        network.gradient(samples, loss, rng)
        optimizer.step(store.values, store.gradient, store.n_decayed)

    return step, {"links": network.n_links}


def dense_step(plan: str, layout: str, batch: int) -> Prepared:
    """Return a step of PyTorch; the layout is "contiguous_format" (NCHW) or "channels_last"."""
    import torch
    from torch import nn

    from sparse_mlp.models.vgg import POOL, stages_of

    torch.manual_seed(0)
    modules: list[Any] = []
    channels = IMAGE[0]
    for stage in stages_of(plan):
        if stage == POOL:
            modules.append(nn.MaxPool2d(2))
            continue
        convolution = nn.Conv2d(channels, int(stage), 3, padding=1, bias=False)
        modules += [convolution, nn.BatchNorm2d(int(stage)), nn.ReLU(inplace=True)]
        channels = int(stage)
    memory_format = getattr(torch, layout)
    with torch.no_grad():
        features = nn.Sequential(*modules)(torch.zeros(2, *IMAGE)).flatten(1).shape[1]
    model = nn.Sequential(*modules, nn.Flatten(), nn.Linear(features, CLASSES)).to(memory_format=memory_format)
    optimizer, criterion = torch.optim.Adam(model.parameters(), 0.001), nn.CrossEntropyLoss()
    images, labels = _samples(batch)
    x, y = torch.from_numpy(images).to(memory_format=memory_format), torch.from_numpy(labels)

    def step() -> None:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

    return step, {}


def _samples(batch: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((batch, *IMAGE), np.float32), rng.integers(CLASSES, size=batch)
