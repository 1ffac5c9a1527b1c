"""What a bench must say about where and when it ran."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from datetime import datetime

from sparse_mlp.bench.limits import cache_bytes
from sparse_mlp.machine import package_versions, processor_name


def describe_machine(threads: int, precision: str = "float32") -> dict[str, str]:
    """Return processor, caches, versions, threads and date as text by name."""
    found = package_versions(("numpy", "scipy", "numba", "torch"))
    versions = [f"Python {platform.python_version()}", *(f"{n} {v or 'not installed'}" for n, v in found.items())]
    caches = f"L2 {cache_bytes(2) // 1024} KB, L3 {cache_bytes(3) // 1024} KB"
    own, now = importlib.metadata.version("sparse_mlp"), datetime.now().astimezone()
    return {
        "bench": f"sparse_mlp {own}, {now:%Y-%m-%d %H:%M %z}",
        "machine": f"{processor_name()}, {os.cpu_count()} cores, {caches}, {platform.system()} {platform.release()}",
        "versions": ", ".join(versions),
        "threads": f"{threads} for every rival, on cores of their own while timed; {precision}",
    }
