"""No reader answers damaged bytes with anything but the library's errors, a hang, or the machine's memory.

Seconds here; hours with SPARSE_MLP_FUZZ_ROUNDS=100000 pytest tests/fuzz.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fuzz_mutations import DEEP, change_member, change_value, mutate, nest
from fuzz_readers import READERS, npz

CHILD = Path(__file__).with_name("fuzz_child.py")
ROUNDS = int(os.environ.get("SPARSE_MLP_FUZZ_ROUNDS", 0))


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_raise_errors_of_the_library_or_none(name: str, tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="memory is measured as on Linux")
    rounds = ROUNDS or READERS[name].rounds
    command = [sys.executable, str(CHILD), name, "0", str(rounds), str(tmp_path)]
    root = str(CHILD.parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    child = subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=60 + 11 * rounds,
        env={**os.environ, "PYTHONPATH": path}, check=False,
    )  # fmt: skip
    assert child.returncode == 0, f"crash or hang: {child.stderr[-3000:]}"
    assert not child.stdout, child.stdout[:3000]


def test_mutations_are_seeded_and_change_something() -> None:
    content = npz(X=np.arange(5))
    rounds = [mutate(content, np.random.default_rng(k)) for k in range(50)]
    assert rounds == [mutate(content, np.random.default_rng(k)) for k in range(50)]
    assert len(set(rounds)) > 40 and sum(other != content for other in rounds) > 45


def test_members_and_values_are_damaged_within_sound_wrappers() -> None:
    import io
    import zipfile

    content, rng = npz(a=np.arange(5), b=np.arange(3)), np.random.default_rng(0)
    names = set()
    for _ in range(40):
        with zipfile.ZipFile(io.BytesIO(change_member(content, rng))) as archive:
            assert archive.testzip() is None
            names.add(tuple(archive.namelist()))
    assert len(names) > 4
    values = [change_value(b'{"a": [1, {"b": 2}], "c": "d"}', rng) for _ in range(60)]
    assert sum(b"[" * DEEP in value for value in values) > 1
    kinds = {type(json.loads(value).get("c")) for value in values if len(value) < DEEP}
    assert len(kinds) > 4 and len(nest(b"abc", rng)) == DEEP + 3
