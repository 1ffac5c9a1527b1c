"""The process in which MATLAB files are read: one for several files, started again after a crash or a timeout."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

from sparse_mlp.datasets import mat_child

SECONDS = 300
TOO_LONG = f"a file that took more than {SECONDS} s to read"
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # saves their memory
_THREAD = threading.local()


class ReaderError(Exception):
    """Say what was found instead of a file that can be read."""


class MatReader:
    """Read files, one after the other, in a process of its own; it is started when a file needs it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, content: bytes | bytearray) -> bytes:
        """Return the variables of a file as the bytes of a `.npz`, see `mat_child.variables`.

        Raises
        ------
        ReaderError
            If the file is damaged, crashes the process, or takes it more than `SECONDS`.
        """
        process = self._process = self._process or _start()
        ended = True
        try:
            with _killed_after(SECONDS, process) as late:
                sound, answer = _ask(process, content)
            ended = late.is_set()  # the answer may have come just in time
        except (EOFError, OSError):
            raise ReaderError(TOO_LONG if late.is_set() else _last_words(process)) from None
        finally:
            if ended:  # or interrupted: what it said next would belong to this file
                self.close()
        if not sound:
            raise ReaderError(_damaged(answer))
        return answer

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            with contextlib.suppress(OSError), self._process as process:  # its pipe may be broken
                process.kill()
            self._process = None


@contextlib.contextmanager
def one_reader() -> Iterator[MatReader]:
    """Let all MATLAB files that this thread reads within it share one process, as starting one takes half a second."""
    if (shared := getattr(_THREAD, "reader", None)) is not None:
        yield shared
        return
    reader = _THREAD.reader = MatReader()
    try:
        yield reader
    finally:
        _THREAD.reader = None
        reader.close()


def _start() -> subprocess.Popen[bytes]:
    # Warnings are silent: nobody reads them, and the process would wait for ever once they have filled the pipe.
    command = [sys.executable, "-P", "-W", "ignore", mat_child.__file__]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, **ONE_THREAD})


@contextlib.contextmanager
def _killed_after(seconds: float, process: subprocess.Popen[bytes]) -> Iterator[threading.Event]:
    """Kill the process if it takes longer; the value tells whether that was so."""
    late = threading.Event()

    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, kill)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        timer.join()


def _ask(process: subprocess.Popen[bytes], content: bytes | bytearray) -> tuple[bool, bytes]:
    """Hand over a file, and return whether it is sound, and its variables or what is wrong with it."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(len(content).to_bytes(8, "big"))
    process.stdin.write(content)
    process.stdin.flush()
    head = process.stdout.read(9)
    size = int.from_bytes(head[1:], "big")
    answer = process.stdout.read(size)
    if len(head) < 9 or len(answer) < size:
        raise EOFError
    return bool(head[0]), answer


def _last_words(process: subprocess.Popen[bytes]) -> str:
    """Return why a process ended: the last line that it wrote, unless a signal ended it."""
    assert process.stderr is not None
    lines = process.stderr.read().splitlines()
    return _damaged(lines[-1] if lines and process.wait() > 0 else b"its reader crashed")


def _damaged(reason: bytes) -> str:
    return f"a file that is not a complete MATLAB 5 file ({reason.decode(errors='replace')[:200]})"
