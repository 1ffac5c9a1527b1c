"""What the machine says of itself, and what is left where it says nothing."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparse_mlp import machine


def test_this_machine_is_described_in_json() -> None:
    found = json.loads(json.dumps(machine.describe_system()))
    assert found["processor"] and found["cores"] == os.cpu_count()
    assert 1 <= found["usable_cores"] <= found["cores"]
    assert found["python"].endswith(".".join(map(str, sys.version_info[:3])))
    assert found["packages"]["numpy"] == np.__version__
    assert set(found["packages"]) == set(machine.PACKAGES)


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="no /proc to hold it against")
def test_memory_is_that_of_proc() -> None:
    kilobytes = int(Path("/proc/meminfo").read_text().split()[1])
    assert machine.total_memory() == pytest.approx(kilobytes * 1024, rel=0.01)


def test_packages_that_are_not_installed_are_none() -> None:
    assert machine.package_versions(["no-such-package"]) == {"no-such-package": None}


def test_a_system_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows: no /proc, no resource module, none of the calls of Unix."""

    read_text = Path.read_text

    def without_proc(path: Path, *arguments: Any, **options: Any) -> str:
        if path.is_relative_to("/proc"):
            raise FileNotFoundError
        return read_text(path, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", without_proc)
    for name in ("getloadavg", "sysconf", "sched_getaffinity"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setitem(sys.modules, "resource", None)
    found = machine.describe_system()
    assert found["memory_bytes"] is None and found["usable_cores"] == os.cpu_count()
    assert isinstance(found["processor"], str)
    assert machine.peak_memory() is None and machine.load_average() is None


def test_peak_memory_without_proc_is_that_of_the_resource_module(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")

    read_text = Path.read_text

    def without_proc(path: Path, *arguments: Any, **options: Any) -> str:
        if path.is_relative_to("/proc"):
            raise FileNotFoundError
        return read_text(path, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", without_proc)
    unit = 1 if sys.platform == "darwin" else 1024
    assert machine.peak_memory() == resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit > 10**7
