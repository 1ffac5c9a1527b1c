"""Locks of folders: one holder at a time, and none beyond the life of its process."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import filelock
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.runs.locks import clear, lock_folder, writing_into

HOLD = """
import sys
from pathlib import Path
from sparse_mlp.runs.locks import lock_folder
with lock_folder(Path(sys.argv[1])) as free:
    print(free, flush=True)
    sys.stdin.read()
"""


def test_a_folder_can_be_locked_once_and_again_when_it_is_free(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    with lock_folder(one) as free:
        assert free
        with lock_folder(one) as again, lock_folder(two) as other:
            assert (again, other) == (False, True)
        with lock_folder(one) as again:
            assert not again
    with lock_folder(one) as free:
        assert free


def test_the_lock_of_another_process_names_it_and_ends_with_it_however_it_ends(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)  # fmt: skip
    try:
        assert holder.stdout.readline() == "True\n"
        with pytest.raises(InvalidInputError, match=f"process {holder.pid} on "), writing_into(tmp_path):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with writing_into(tmp_path), lock_folder(tmp_path) as again:
        assert not again


def test_a_folder_is_cleared_but_for_its_lock(tmp_path):
    with lock_folder(tmp_path):
        (tmp_path / "file").touch()
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "file").touch()
        (tmp_path / "link").symlink_to(os.curdir)
        clear(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} <= {".lock", ".lock-holder"}
        with lock_folder(tmp_path) as again:
            assert not again


def test_without_locks_of_the_file_system_one_warning_and_on(tmp_path, monkeypatch):
    def refuse(self, **options):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with pytest.warns(RuntimeWarning, match="has no locks") as warned, writing_into(tmp_path):
        pass
    assert len(warned) == 1
