"""One choice of links in a process of its own, so that its peak of memory is its own too.

Run as ``python -m sparse_mlp.bench.link_memory METHOD N_IN N_OUT DENSITY THREADS``; it prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from time import perf_counter
from typing import Any

from sparse_mlp.bench.link_scoring import draw_layer
from sparse_mlp.kernels.threads import threads_limited
from sparse_mlp.link_prediction import top_links
from sparse_mlp.machine import peak_memory


def measure_choice(method: str, n_in: int, n_out: int, density: float, threads: int) -> dict[str, Any]:
    """Choose links once and say what it took.

    Returns
    -------
    dict
        ``seconds`` of `top_links`; ``peak_bytes`` of the whole process; ``growth_bytes``, by how much the call raised
        the peak that the process had reached with the layer drawn and the kernels loaded; ``links`` and ``chosen``.
    """
    with threads_limited(threads):
        top_links(*_small(method))  # loads the kernels
        structure, k = draw_layer(n_in, n_out, density)
        structure.by_output  # noqa: B018  made when first asked for, then kept: it belongs to the layer
        before, began = peak_memory() or 0, perf_counter()
        top_links(structure, method, k)
        seconds = perf_counter() - began
    peak = peak_memory() or 0
    return {
        "seconds": seconds, "peak_bytes": peak, "growth_bytes": peak - before, "links": structure.nnz, "chosen": k,
    }  # fmt: skip


def _small(method: str) -> tuple[Any, str, int]:
    structure, k = draw_layer(100, 100, 0.02)
    return structure, method, k


if __name__ == "__main__":
    name, *numbers = sys.argv[1:]
    found = measure_choice(name, int(numbers[0]), int(numbers[1]), float(numbers[2]), int(numbers[3]))
    sys.stdout.write(json.dumps(found) + "\n")
