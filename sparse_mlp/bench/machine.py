"""What a bench must say about where and when it ran."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from datetime import datetime
from pathlib import Path

from sparse_mlp.bench.limits import cache_bytes


def describe_machine(threads: int, precision: str = "float32") -> dict[str, str]:
    """Return processor, caches, versions, threads and date as text by name."""
    versions = [f"Python {platform.python_version()}"]
    for name in ("numpy", "scipy", "numba", "torch"):
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} not installed")
    caches = f"L2 {cache_bytes(2) // 1024} KB, L3 {cache_bytes(3) // 1024} KB"
    own, now = importlib.metadata.version("sparse_mlp"), datetime.now().astimezone()
    return {
        "bench": f"sparse_mlp {own}, {now:%Y-%m-%d %H:%M %z}",
        "machine": f"{_processor()}, {os.cpu_count()} cores, {caches}, {platform.system()} {platform.release()}",
        "versions": ", ".join(versions),
        "threads": f"{threads} for every rival, on cores of their own while timed; {precision}",
    }


def peak_memory() -> int:
    """Return the most bytes of memory that this process has held since its program was started.

    Notes
    -----
    `ru_maxrss` of a fresh process still holds the peak of the process that it was forked from, so Linux's VmHWM, which
    starts anew with each program, is read where it exists.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
