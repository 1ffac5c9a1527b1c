"""Where a training step's time goes: each kernel on one tile of the batch, on one core."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sparse_mlp.bench.job import Array, Job
from sparse_mlp.bench.ledger import Line
from sparse_mlp.bench.limits import Limits
from sparse_mlp.bench.peers import Ours
from sparse_mlp.bench.timing import interleave
from sparse_mlp.models.compiled import NARROW, WIDEST


def time_operations(job: Job, one_core: Limits, *, rounds: int, slice_seconds: float) -> list[Line]:
    """Time every operation of a training step on one tile of the batch, on one core.

    Parameters
    ----------
    job : Job
    one_core : Limits
    rounds, slice_seconds
        As in `interleave`.

    Returns
    -------
    list of Line
        Two cores take a batch of 128 in the time of one tile; the optimizer's line is for all values at once.

    Notes
    -----
    A link reads 4 bytes of one activation per sample forward and as much backward; this over the bandwidth of the
    second-level cache is the least time of a product, unless the multiply-adds take longer.
    """
    ours = Ours(job)
    ours.gradient()
    parts = _products(ours, job) | _others(ours, job)
    calls = {name: call for name, (call, _, _) in parts.items()}
    timings = interleave(calls, rounds=rounds, slice_seconds=slice_seconds)
    section = f"{job.name}: operations on one tile of {_workspace(ours).shape[1]} samples, one core"
    lines = []
    for name, (_, flops, read) in parts.items():
        lines.append(Line(section, name, timings[name], flops, max(flops / one_core.fma, read / one_core.l2)))
    return lines


Part = tuple[Callable[[], object], float, float]


def _products(ours: Ours, job: Job) -> dict[str, Part]:
    from sparse_mlp.kernels.tile import linear_backward_tile, sddmm_tile, spmm_tile

    assert ours.model.compiled is not None
    net, values = ours.model.compiled.net, ours.model.store.values
    work, gradient = _workspace(ours), np.zeros_like(values)
    width = work.shape[1]
    forward: dict[str, Part] = {}
    backward: dict[str, Part] = {}
    last = len(net.kinds) - 1
    for i in range(last + 1):
        n_in, n_out, links = int(net.sizes[i]), int(net.sizes[i + 1]), job.links[i]
        start, out = net.activation_start[i], net.activation_start[i + 1]
        x, y = work[start : start + n_in], work[out : out + n_out]
        dx = work[net.spare_start : net.spare_start + n_in]
        bias = values[net.bias_start[i] : net.bias_start[i + 1]]
        by_output = net.by_output[net.by_output_start[i] : net.by_output_start[i + 1]]
        by_input = net.by_input[net.by_input_start[i] : net.by_input_start[i + 1]]
        here = slice(net.link_start[i], net.link_start[i + 1])
        rows, order, indices = net.rows[here], net.order[here], net.indices[here]
        weight, dweight = (a[net.weight_start[i] : net.weight_start[i + 1]] for a in (values, gradient))
        flops, read = 2.0 * links * width, 4.0 * links * width
        call = _bound(spmm_tile, by_output, rows, order, weight, bias, x, y, i < last)
        forward[f"forward {n_in} x {n_out} ({i + 1})"] = (call, flops, read)
        if i == 0:
            call = _bound(sddmm_tile, by_input, indices, x, y, dweight)
            backward[f"link gradient {n_in} x {n_out} (1)"] = (call, flops, read)
        else:
            call = _bound(linear_backward_tile, by_input, indices, weight, x, y, dx, dweight, True)
            backward[f"backward {n_in} x {n_out} ({i + 1})"] = (call, 2 * flops, read)
    return forward | dict(reversed(backward.items()))


def _others(ours: Ours, job: Job) -> dict[str, Part]:
    from sparse_mlp.kernels.linear import sum_in_order
    from sparse_mlp.kernels.network import load_tile
    from sparse_mlp.kernels.tile import bias_grad_tile
    from sparse_mlp.kernels.tile_losses import softmax_cross_entropy_tile

    store, work, n_out = ours.model.store, _workspace(ours), job.sizes[-1]
    width = work.shape[1]
    tile, hidden = work[: job.sizes[0]], work[job.sizes[0] : sum(job.sizes)]
    dbias = np.zeros(len(hidden), np.float32)
    scores = np.zeros((n_out, width), np.float32)
    partial = np.zeros((2, len(store.values)), np.float32)

    def clear() -> None:
        partial[0] = 0

    return {
        "input: gather and transpose": (_bound(load_tile, job.x, job.samples, 0, width, tile), 0.0, float(tile.nbytes)),
        "softmax cross-entropy": (
            _bound(softmax_cross_entropy_tile, scores, job.labels, job.samples, 0, width, 0.0, job.batch), 0.0, 0.0,
        ),
        "bias sums, all layers": (_bound(bias_grad_tile, hidden, dbias), 0.0, float(hidden.nbytes)),
        "gradient to zero": (clear, 0.0, 0.0),
        "sum of two gradients": (
            _bound(sum_in_order, partial, store.gradient, 0, len(store.gradient)), 0.0, float(partial.nbytes),
        ),
        "optimizer, all values": (ours.update, 0.0, 3.0 * store.values.nbytes),
    }  # fmt: skip


def _workspace(ours: Ours) -> Array:
    """Return the memory in which the first tile of the step was computed: where it lies matters."""
    compiled, batch = ours.model.compiled, ours.job.batch
    assert compiled is not None
    return compiled.workspace(batch, WIDEST if batch >= 2 * WIDEST else NARROW)[0]


def _bound(kernel: Callable[..., object], *arguments: object) -> Callable[[], object]:
    return lambda: kernel(*arguments)
