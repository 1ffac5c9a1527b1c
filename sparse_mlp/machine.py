"""What the machine is and how busy it is, from the standard library and Linux's /proc; None where it is not known."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterable
from pathlib import Path

PACKAGES = ("sparse_mlp", "numpy", "scipy", "numba", "scikit-learn", "matplotlib", "joblib", "networkx", "filelock")


def describe_system() -> dict[str, object]:
    """Return what stays the same while a process runs, as plain JSON types by name."""
    return {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "usable_cores": usable_cores(),
        "memory_bytes": total_memory(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": package_versions(PACKAGES),
    }


def processor_name() -> str:
    """Return the model of the processor, or at least its kind."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def usable_cores() -> int | None:
    """Return how many cores this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # no such call but on Linux
        return os.cpu_count()


def total_memory() -> int | None:
    """Return the bytes of memory that the machine has."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def peak_memory() -> int | None:
    """Return the most bytes of memory that this process has held since its program was started.

    Notes
    -----
    `ru_maxrss` of a fresh process still holds the peak of the process that it was forked from, so Linux's VmHWM, which
    starts again with each program, is read where it exists.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def load_average() -> list[float] | None:
    """Return the mean number of processes that wanted to run during the last 1, 5 and 15 minutes."""
    try:
        return [round(value, 2) for value in os.getloadavg()]
    except (AttributeError, OSError):
        return None


def package_versions(names: Iterable[str]) -> dict[str, str | None]:
    """Return the installed version of each package, None for one that is not installed."""
    versions: dict[str, str | None] = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions
