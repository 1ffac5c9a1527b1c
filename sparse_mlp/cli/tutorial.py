"""The options of a tutorial; its `--help` says what it is about, how long it takes and which data it needs."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from sparse_mlp.datasets.locate import check_data_dir
from sparse_mlp.errors import DataFileError

TEXT_CELL = "# %% [markdown]"
COMPILING = "The first run also compiles kernels, for up to a minute; `sparse-mlp doctor --warm` does so ahead."


def begin(fast: str = "halve the sizes; every idea stays", *, data: str = "") -> argparse.Namespace:
    """Read the options of the tutorial that runs, and make the folder for its pictures.

    Parameters
    ----------
    fast : str
        What `--fast` does.
    data : str
        Name of the data set that the tutorial takes if it is there; such a tutorial has `--data-dir`.

    Returns
    -------
    Namespace
        `fast`, bool; `figures`, Path of an existing folder; `data_dir`, str or None, if the tutorial takes data.
        In a notebook there are no options: all are as by default.
    """
    parser = argparse.ArgumentParser(
        description=_about(), epilog=COMPILING, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fast", action="store_true", help=fast)
    parser.add_argument("--figures", type=Path, help="folder for the pictures; a temporary one by default")
    if data:
        where = f"folder with the files of {data}; $SPARSE_MLP_DATA and the cache by default"
        parser.add_argument("--data-dir", help=where)
    options = parser.parse_args([] if "ipykernel" in sys.modules else None)
    try:
        check_data_dir(getattr(options, "data_dir", None))
    except DataFileError as error:
        parser.error(str(error))
    options.figures = options.figures or Path(tempfile.mkdtemp(prefix="sparse_mlp_"))
    options.figures.mkdir(parents=True, exist_ok=True)
    return options


def _about() -> str:
    """Return the text with which the running script begins, its first cell."""
    file = getattr(sys.modules["__main__"], "__file__", None)
    lines = Path(file).read_text(encoding="utf-8").splitlines() if file else []
    if not lines or lines.pop(0) != TEXT_CELL:
        return ""
    end = next((k for k, line in enumerate(lines) if not line.startswith("#") or line.startswith("# %%")), None)
    text = "\n".join(line[1:].removeprefix(" ") for line in lines[:end])
    return text.removeprefix("# ")
