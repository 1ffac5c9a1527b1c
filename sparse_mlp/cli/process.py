"""What a command needs of its process: output of any text, figures without a screen, signals that end it well."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

LIKE_CTRL_C = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def prepare() -> None:
    """Let output never fail for its encoding, and figures be drawn without a screen, whatever the environment says."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if "matplotlib" not in sys.modules:
        os.environ["MPLBACKEND"] = "Agg"  # notebooks set another one for all their children


class Ending:
    """The signal that ends the command: that of Ctrl-C, unless another one came.

    Attributes
    ----------
    number : int
    """

    number = int(signal.SIGINT)

    @property
    def code(self) -> int:
        """The exit code that shells use for it."""
        return 128 + self.number


@contextmanager
def signals_like_ctrl_c() -> Iterator[Ending]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does; a second one of a kind acts at once.

    Batch systems end jobs so. A signal that whoever started the command ignores, as `nohup` does, stays ignored.
    """
    ending, before = Ending(), {}

    def interrupt(number: int, frame: FrameType | None) -> None:
        ending.number = number
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)

    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in LIKE_CTRL_C}
    for number, handler in before.items():
        if handler == signal.SIG_DFL:
            signal.signal(number, interrupt)
    try:
        yield ending
    finally:
        for number, handler in before.items():
            if handler is not None:  # None for one that was not set by Python
                signal.signal(number, handler)


def os_error_text(error: OSError) -> str:
    """Say which file the system refused, why, and what to do."""
    reason = error.strerror or str(error) or type(error).__name__
    parts = [f"{error.filename}: {reason}" if error.filename else reason]
    if error.errno in FULL:
        parts.append("free space")
    elif error.errno in FORBIDDEN:
        parts.append("choose a folder that you may write to")
    elif error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        parts.append("look whether the path is right, and whether somebody moved it")
    return "; ".join([*parts, *getattr(error, "__notes__", ())])
