"""Figures of a command: drawn when its results are out, one after the other; one that fails is a warning."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def results_first(what: str) -> Iterator[None]:
    """Turn whatever goes wrong while something is drawn into a warning; what was printed before is out already.

    Warns
    -----
    UserWarning
        Naming what is missing.
    """
    sys.stdout.flush()
    try:
        yield
    except Exception as error:  # fonts, settings and versions of matplotlib fail in any way
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        warnings.warn(f"{what} not drawn ({reason}); all results are complete", UserWarning, stacklevel=3)


def save_figures(folder: Path, figures: Mapping[str, Callable[[], Any]], origin: str = "") -> list[Path]:
    """Draw figures into a folder and return the files.

    Parameters
    ----------
    folder : path
    figures : mapping of str to callable
        File name → function that makes the display.
    origin : str, optional
        Where the numbers come from, to be written below each figure.
    """
    from sparse_mlp import plotting

    saved = []
    for name, make in figures.items():
        with results_first(f"{folder / name} was"):
            display = make()
            saved.append(plotting.save(plotting.stamp(display, origin) if origin else display, folder / name))
    return saved
