"""Names and lines that are broken to the width that they have on the page."""

from __future__ import annotations

import re

from matplotlib.font_manager import FontProperties, findfont, get_font

PIECES = re.compile(r"[^\s\-_/]*[\s\-_/]+|[^\s\-_/]+")  # a line may end after a blank, a hyphen, an underscore, a slash
FITTED = 1.06  # letters that are fitted to coarse pixels take more room than their outlines
MEASURED = 100.0  # points at which letters are measured, so large that their fit to pixels means nothing


def width_of(text: str, size: float) -> float:
    """Return the width of `text` in inches, in the usual font at `size` points, at most."""
    font = get_font(findfont(FontProperties()))
    font.set_size(MEASURED, 72)
    font.set_text(text, 0.0)
    return float(font.get_width_height()[0]) / 64 / MEASURED * size / 72 * FITTED


def wrap_words(text: str, inches: float, size: float) -> str:
    """Break `text` into lines that are at most `inches` wide at `size` points; breaks that are there stay.

    A piece that is too long for a line, such as a checksum, is broken anywhere.

    Examples
    --------
    >>> print(wrap_words("a-rather-long-name of a data set", 1.1, 10))
    a-rather-long-
    name of a
    data set
    """
    return "\n".join(broken for line in text.splitlines() for broken in _wrap_line(line, inches, size))


def _wrap_line(text: str, inches: float, size: float) -> list[str]:
    lines, line = [], ""
    for piece in PIECES.findall(text):
        if line and width_of((line + piece).rstrip(), size) > inches:
            lines.append(line.rstrip())
            line = ""
        line += piece
        while width_of(line.rstrip(), size) > inches and len(line) > 1:
            cut = _longest(line, inches, size)
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line.rstrip()]


def _longest(text: str, inches: float, size: float) -> int:
    """Return how many of the first characters of `text` fit, at least one."""
    return next((n for n in range(len(text) - 1, 1, -1) if width_of(text[:n], size) <= inches), 1)
