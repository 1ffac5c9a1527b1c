"""Fuzz one reader: `python tests/fuzz/fuzz_child.py READER FIRST ROUNDS FOLDER`; a line for each failure.

A failure is any exception but the library's errors, more than ten seconds of computing or a minute of waiting, or more
than two gigabytes. A hang ends the process with a traceback, a crash without one; the last line then says in which
round.
"""

from __future__ import annotations

import faulthandler
import resource
import signal
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
from fuzz_mutations import mutate
from fuzz_readers import READERS

from sparse_mlp.datasets.mat_process import one_reader
from sparse_mlp.errors import SparseMLPError

SECONDS, WAITING, KILOBYTES = 10, 60, 2 << 20  # a busy machine lets a process wait for long


def main(name: str, first: int, rounds: int, folder: Path) -> None:
    warnings.simplefilter("ignore")
    faulthandler.register(signal.SIGPROF, chain=True)
    reader = READERS[name]
    files = reader.files()
    for file, content in files.items():
        (folder / file).write_bytes(content)
    with one_reader():
        reader.read(folder)  # the sound files
        for number in range(first, first + rounds):
            read_damaged(name, number, files, folder)
            check_memory(number)
    check_memory(first + rounds - 1)  # the process that read MATLAB files counts when it has ended


def read_damaged(name: str, number: int, files: dict[str, bytes], folder: Path) -> None:
    rng = np.random.default_rng([zlib.crc32(name.encode()), number])
    file = sorted(files)[rng.integers(len(files))]
    (folder / file).write_bytes(mutate(files[file], rng))
    faulthandler.dump_traceback_later(WAITING, exit=True)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    print(f"{name}, round {number}, {file}", file=sys.stderr)
    try:
        READERS[name].read(folder)
    except SparseMLPError:
        pass
    except Exception as error:
        print(f"round {number}: {type(error).__name__}: {str(error)[:300]}", flush=True)
    signal.setitimer(signal.ITIMER_PROF, 0)
    faulthandler.cancel_dump_traceback_later()
    (folder / file).write_bytes(files[file])


def check_memory(number: int) -> None:
    used = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    if used > KILOBYTES:
        print(f"round {number}: {used:,} kB", flush=True)
        sys.exit()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
