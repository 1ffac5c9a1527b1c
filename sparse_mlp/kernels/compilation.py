"""The compilation of kernels: announced on standard error, and kept out of all measured times.

Numba compiles a kernel when it is first called with arguments of certain types, which may be in the middle of a
training. Kernels that come from the cache are not compiled, so most processes never get here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter

# What the kernels of a file are for; a file that is not here is called by its name.
TOPICS = {
    "batch_norm": "maps", "csr": "batches", "dendritic": "wirings", "dense": "dense layers",
    "dense_link_scores": "link prediction", "edges": "maps", "elementwise": "activations and losses",
    "evolution": "topology updates", "flattening": "maps", "linear": "sparse layers", "link_scores": "link prediction",
    "link_walks": "link prediction", "motif": "motif layers", "optim": "optimizers", "pools": "maps",
    "ramanujan": "wirings", "receptive_field": "wirings", "scale_free": "wirings", "selection": "link prediction",
    "simd_batch_norm": "maps", "simd_block_motif": "motif layers", "simd_dense": "dense layers",
    "simd_elementwise": "activations and losses", "simd_flattening": "maps", "simd_linear": "sparse layers",
    "simd_pools": "maps", "simd_shared_motif": "motif layers", "small_world": "wirings", "spinning": "threads",
    "sum_tree": "link prediction", "tiles": "batches", "topology": "wirings",
}  # fmt: skip


class Compilation:
    """Follow when kernels are compiled; Numba's lock lets one thread compile at a time.

    Parameters
    ----------
    say : callable
        Gets each announcement, once for each topic.

    Attributes
    ----------
    seconds : float
        That compiling has taken so far.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say, self.seconds = say, 0.0
        self._depth, self._began = 0, 0.0
        self._announced: set[str] = set()

    def begin(self, module: str) -> None:
        """Note that a kernel of a module is compiled from now on, perhaps for the sake of another one."""
        self._depth += 1
        if self._depth > 1:
            return
        self._began = perf_counter()
        file = module.rpartition(".")[2]
        topic = TOPICS.get(file, file.strip("_").replace("_", " "))
        if topic not in self._announced:
            self._announced.add(topic)
            self.say(f"compiling kernels for {topic}, once")

    def end(self) -> None:
        """Note that it is compiled."""
        self._depth -= 1
        if self._depth == 0:
            self.seconds += perf_counter() - self._began

    def clock(self) -> float:
        """Return the seconds of a clock that stands still while kernels are compiled; only differences mean anything.

        Measure with it what is reported as the time of a training step, an epoch or a topology update.
        """
        now, depth = perf_counter(), self._depth
        return (self._began if depth else now) - self.seconds


def _say(line: str) -> None:
    """Write a line on standard error, above a progress bar if there is one."""
    if sys.stderr is None:
        return
    if "tqdm" in sys.modules:
        sys.modules["tqdm"].tqdm.write(line, file=sys.stderr)
    else:
        print(line, file=sys.stderr)


compilation = Compilation(_say)
clock = compilation.clock
