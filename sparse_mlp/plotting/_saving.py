"""Write a picture so that a reader finds either the old file or the whole new one."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any

from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.plotting._display import Display, drawn

FORMATS = ("png", "svg", "pdf")
COLOURS = 128  # in the palette of a PNG


def save(display: Display, path: str | os.PathLike[str], dpi: float = 150) -> Path:
    """Write the figure of a Display to a file, whole or not at all.

    Parameters
    ----------
    display : Display
        Drawn first, with default options, if `plot` was not called yet.
    path : path
        Where to write; the ending (png, svg, pdf) gives the format. A file of that name is replaced.
    dpi : float
        Resolution of a PNG in dots per inch.

    Raises
    ------
    InvalidInputError
        If the ending is unknown or the folder is not there.
    """
    from sparse_mlp.training.files import write_atomically  # comes with the kernels' compiler, which drawing can spare

    target = Path(path)
    kind = check_choice("picture format", target.suffix.lstrip(".").lower(), FORMATS)
    if not target.parent.is_dir():
        raise invalid(f"{target.parent}, which does not exist", "an existing folder", "create it first")
    # Without the date and version stamps the same figure gives the same bytes.
    stamp: dict[str, Any] = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    picture = BytesIO()
    drawn(display).savefig(picture, format=kind, dpi=dpi, metadata=stamp)
    content = _with_palette(picture) if kind == "png" else picture.getvalue()
    write_atomically(target, lambda file: file.write(content))
    return target


def _with_palette(picture: BytesIO) -> bytes:
    """Return a PNG with a palette of its main colours, a quarter of the size of one with full colours."""
    from PIL import Image

    small = BytesIO()
    colours = Image.open(picture).convert("RGB")
    colours.quantize(COLOURS, dither=Image.Dither.NONE).save(small, "png", optimize=True, dpi=colours.info.get("dpi"))
    return small.getvalue()
