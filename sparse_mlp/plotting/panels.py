"""Figures of comparisons: a panel for each data set, a look for each method, legends for the whole page."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Mapping, Sequence
from string import ascii_lowercase
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import CYCLE, panel_axes, root_figure, style

PAGE = 7.2  # inches: on a page of A4 or letter with usual margins hardly smaller, so that words stay readable
PANEL = 2.55  # height of a row of panels
ALONE = 3.6  # height of a single panel
TITLE_SIZE = 10.0
LEGEND_SIZE = 9.0
ROW = 0.19  # height of a line of a title or a legend
KEY = 0.55  # width of the line and the gaps next to the words of a legend
LETTER = 0.6  # mean width of a letter in parts of the size of the type, rather more than less
LINES: tuple[Any, ...] = ("-", (0, (4, 1.8)), (0, (1, 1.4)), (0, (6, 1.6, 1, 1.6)), (0, (2.5, 1.2, 1, 1.2, 1, 1.2)))


class PanelsDisplay(Display):
    """Draw a panel for each name, with legends for the whole figure.

    Parameters
    ----------
    names : sequence of str
        Titles of the panels, usually data sets.
    draw : callable (axes, name) -> None
        Fills a panel.
    xlabel, ylabel : str
        Below the lowest panel of each column, and left of the first column; empty where `draw` labels the axes.
    keys, upper_keys : sequence of legend handles
        Below and above the panels.
    height : float, optional
        Inches of a row of panels.
    """

    def __init__(
        self, names: Sequence[str], draw: Callable[[Axes, str], None], *, xlabel: str = "", ylabel: str = "",
        keys: Sequence[Any] = (), upper_keys: Sequence[Any] = (), height: float | None = None,
    ) -> None:  # fmt: skip
        self.names, self.draw, self.keys, self.upper_keys = list(names), draw, list(keys), list(upper_keys)
        self.xlabel, self.ylabel, self.height = xlabel, ylabel, height

    def plot(self, ax: Axes | Sequence[Axes] | None = None) -> Self:
        """Draw all panels.

        Parameters
        ----------
        ax : sequence of Axes, optional
            One for each panel; a new figure by default, in two columns.
        """
        count, columns = len(self.names), min(2, len(self.names))
        with style():
            given = [ax] if isinstance(ax, Axes) else ax
            panels = self._new_panels(columns) if given is None else panel_axes(given, count, (1, 1))
            width = 0.8 * PAGE / (columns if ax is None else count)
            letters = [f"{letter}) " for letter in ascii_lowercase] if 1 < count <= 26 else [""] * count
            for i, (axes, name) in enumerate(zip(panels, self.names, strict=True)):
                self.draw(axes, name)
                axes.set_title(wrap(letters[i] + name, width, TITLE_SIZE), fontsize=TITLE_SIZE, loc="left")
                axes.set_axisbelow(True)
                if self.xlabel:
                    axes.set_xlabel(self.xlabel if ax is not None or i + columns >= count else "")
                if self.ylabel:
                    axes.set_ylabel(self.ylabel if ax is not None or i % columns == 0 else "")
            panels[0].figure.align_ylabels(panels)
            self._legends(panels, own_figure=ax is None)
        return self._drawn_on(panels)

    def _new_panels(self, columns: int) -> list[Axes]:
        count = len(self.names)
        rows = -(-count // columns)
        lines = max(wrap(name, 0.8 * PAGE / columns, TITLE_SIZE).count("\n") for name in self.names)
        height = self.height or (PANEL if count > 1 else ALONE)
        size = (PAGE if count > 1 else 0.92 * PAGE, rows * (height + ROW * lines) + 0.55)
        panels = panel_axes(None, rows * columns, size, rows=rows)
        for empty in panels[count:]:
            empty.set_axis_off()
        return panels[:count]

    def _legends(self, panels: Sequence[Axes], *, own_figure: bool) -> None:
        for place, side, keys in (("upper", "right", self.upper_keys), ("lower", "left", self.keys)):
            if keys and own_figure:
                _add_legend(root_figure(panels[0]), keys, place)
            elif keys:
                axes: Any = panels[0]
                earlier = axes.get_legend()
                axes.legend(handles=keys, loc=f"{place} {side}")
                if earlier is not None:
                    axes.add_artist(earlier)


def _add_legend(figure: Any, keys: Sequence[Any], place: str) -> None:
    """Put a legend above or below all panels; the figure grows with it."""
    width, height = figure.get_size_inches()
    for key in keys:
        key.set_label(wrap(key.get_label(), width - 2 * KEY, LEGEND_SIZE))
    lines = [key.get_label().splitlines() for key in keys]
    widths = [KEY + max(map(len, several)) * LETTER * LEGEND_SIZE / 72 for several in lines]
    columns = next((n for n in range(len(keys), 1, -1) if sum(map(max, np.array_split(widths, n))) <= width), 1)
    rows = max(sum(map(len, lines[part[0] : part[-1] + 1])) for part in np.array_split(range(len(keys)), columns))
    figure.set_size_inches(width, height + ROW * (rows - 1))
    figure.legend(handles=list(keys), loc=f"outside {place} center", ncols=columns, handlelength=2.6)


def wrap(text: str, inches: float, size: float) -> str:
    """Break lines of type of `size` points so that they are about `inches` wide; breaks that are there stay.

    Examples
    --------
    >>> print(wrap("a-rather-long-name of a data set", 1.1, 10))
    a-rather-
    long-name of
    a data set
    """
    letters = max(1, int(72 * inches / (LETTER * size)))
    return "\n".join(textwrap.fill(line, letters) for line in text.splitlines())


def methods_of(table: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the methods of all data sets in the order in which they turn up."""
    return list(dict.fromkeys(method for methods in table.values() for method in methods))


def method_looks(methods: Sequence[str], known: Mapping[str, Any], others: Sequence[Any] = CYCLE) -> dict[str, Any]:
    """Give each method its own colour or line style: those in `known` what they have there, others what is left.

    Methods in `known` are found by their letters and digits, in capitals or not.

    Examples
    --------
    >>> method_looks(["SET", "CH3-L3"], {"ch3l3": "blue"}, ["blue", "red"])
    {'SET': 'red', 'CH3-L3': 'blue'}
    """
    looks: dict[str, Any] = {}
    for method in methods:
        look = known.get("".join(letter for letter in method.lower() if letter.isalnum()))
        if look is not None and look not in looks.values():
            looks[method] = look
    rest = [look for look in others if look not in looks.values()] or list(others)
    left = (method for method in methods if method not in looks)
    looks |= dict(zip(left, itertools.cycle(rest), strict=False))
    return {method: looks[method] for method in methods}


def line_keys(looks: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """Return a key for a legend, a line, for each name."""
    return [Line2D([], [], **{"color": "#444444", **look}, label=name) for name, look in looks.items()]


def band_key(label: str) -> Any:
    """Return a key for a legend that says what shaded bands are."""
    return Patch(color="#D5D5D5", label=label)


def with_count(table: Mapping[str, Mapping[str, Sequence[Any] | NDArray[Any]]], method: str) -> str:
    """Return the method with the number of its networks, such as ``RLR (5 networks)`` or ``RLR (4–5 networks)``."""
    counts = {len(methods[method]) for methods in table.values() if method in methods}
    low, high = min(counts), max(counts)
    number = f"{low}" if low == high else f"{low}–{high}"
    return f"{method} ({number} network{'' if high == 1 else 's'})"
