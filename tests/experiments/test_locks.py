"""Locks: one holder at a time, and none beyond the life of its process."""

from __future__ import annotations

import subprocess
import sys

from sparse_mlp.experiments.locks import lock_run

HOLD = """
import sys
from pathlib import Path
from sparse_mlp.experiments.locks import lock_run
with lock_run(Path(sys.argv[1]), "run") as free:
    print(free, flush=True)
    sys.stdin.read()
"""


def test_a_run_can_be_locked_once_and_again_when_it_is_free(tmp_path):
    with lock_run(tmp_path, "run") as free:
        assert free
        with lock_run(tmp_path, "run") as again, lock_run(tmp_path, "other run") as other:
            assert (again, other) == (False, True)
        with lock_run(tmp_path, "run") as again:
            assert not again
    with lock_run(tmp_path, "run") as free:
        assert free


def test_the_lock_of_another_process_ends_with_it_however_it_ends(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)  # fmt: skip
    try:
        assert holder.stdout.readline() == "True\n"
        with lock_run(tmp_path, "run") as free:
            assert not free
    finally:
        holder.kill()
        holder.communicate()
    with lock_run(tmp_path, "run") as free:
        assert free
