"""The roofline: the least time of a job by its operations and by the bytes that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def cache_bytes(level: int) -> int:
    """Return the size of the second- or third-level cache that a core sees; a guess where the system does not say."""
    for entry in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        try:
            if int((entry / "level").read_text()) == level:
                return int((entry / "size").read_text().strip().rstrip("K")) * 1024
        except (OSError, ValueError):
            continue
    return 2**20 if level == 2 else 2**25


def roofline(facts: Mapping[str, float], limits: Mapping[str, float]) -> tuple[float, str]:
    """Return the least seconds of a job and what sets them: ``fma``, ``L2``, ``L3`` or ``DRAM``.

    Parameters
    ----------
    facts : mapping
        ``flops``, ``bytes_read`` and ``tile_bytes`` of the job, see `benchmarks.jobs.Job.facts`.
    limits : mapping
        As `benchmarks.limits.measure` returns them, with as many threads as the job runs on.

    Notes
    -----
    With feature-major activations each link reads one row of the batch forward and one backward; all other operands
    stay in registers. The rows come from the cache that holds a tile of the widest layer: the second level is each
    core's own, the third is shared.
    """
    level = "L3" if facts["tile_bytes"] * limits["threads"] <= cache_bytes(3) else "DRAM"
    if facts["tile_bytes"] <= cache_bytes(2):
        level = "L2"
    reading, computing = facts["bytes_read"] / limits[level], facts["flops"] / limits["fma"]
    return (computing, "fma") if computing > reading else (reading, level)
