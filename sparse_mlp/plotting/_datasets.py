"""What figures with a panel for each data set and a look for each method share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from string import ascii_lowercase
from typing import Any, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._style import CYCLE, NEUTRAL, panel_axes, root_figure
from sparse_mlp.plotting._words import width_of, wrap_words

Given = TypeVar("Given")
Held = TypeVar("Held")

PAGE = 7.2  # inches: on a page of A4 or letter with usual margins hardly smaller, so that words stay readable
PANEL = 2.55  # height of a row of panels
TITLE_SIZE = 10.0
LEGEND_SIZE = 9.0
ROW = 0.19  # height of a row of a legend
KEY = 0.55  # width of the line and the gaps beside the words of a legend
SHADE = "#D5D5D5"  # of the key that tells what bands are
LINES: tuple[Any, ...] = ("-", (0, (4, 1.8)), (0, (1, 1.4)), (0, (6, 1.6, 1, 1.6)), (0, (2.5, 1.2, 1, 1.2, 1, 1.2)))
KNOWN_LINES: dict[str, Any] = {"ch3l3": LINES[0], "rlr": LINES[1]}


def check_table(
    data: Mapping[str, Mapping[str, Given]], read: Callable[[str, Given], Held], what: str
) -> dict[str, dict[str, Held]]:
    """Return `data`, by data set and method, with each entry passed through `read`, which is told whose it is.

    Raises
    ------
    InvalidInputError
        If there is no data set, or one has no method.
    """
    if not data:
        raise invalid("no data sets", f"a mapping: data set, then method, then {what}")
    for name, methods in data.items():
        if not methods:
            raise invalid(f"no methods for the data set {name!r}", f"a mapping from method to {what}")
    return {name: {m: read(f"{m} on {name}", given) for m, given in methods.items()} for name, methods in data.items()}


def rows_of_networks(whose: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return `values` as float64 (networks, points); one row is one network."""
    rows = np.atleast_2d(np.asarray(values, np.float64))
    if rows.ndim != 2 or not rows.size:
        raise invalid(f"values of shape {np.shape(values)} for {whose}", "an array (networks, points), none of them 0")
    return rows


def methods_of(table: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the methods of all data sets in the order in which they turn up."""
    return list(dict.fromkeys(method for methods in table.values() for method in methods))


def method_looks(methods: Sequence[str], known: Mapping[str, Any], others: Sequence[Any] = CYCLE) -> dict[str, Any]:
    """Give each method a colour or line style of its own: that of the paper to those in `known`, to others the rest.

    Methods in `known` are found by their letters and digits, in capitals or not.

    Examples
    --------
    >>> method_looks(["SET", "CH3-L3"], {"ch3l3": "blue"}, ["blue", "red"])
    {'CH3-L3': 'blue', 'SET': 'red'}
    """
    looks: dict[str, Any] = {}
    for method in methods:
        look = known.get("".join(letter for letter in method.lower() if letter.isalnum()))
        if look is not None and look not in looks.values():
            looks[method] = look
    rest = [look for look in others if look not in looks.values()] or list(others)
    left = (method for method in methods if method not in looks)
    return looks | dict(zip(left, itertools.cycle(rest), strict=False))


def dataset_panels(ax: Axes | Sequence[Axes] | None, names: Sequence[str], xlabel: str, ylabel: str) -> list[Axes]:
    """Return an axes for each data set, with its title, in two columns of a new figure or on those of `ax`.

    The words of the x axis stand below the lowest panel of each column, those of the y axis beside the first column.
    """
    count, columns = len(names), min(2, len(names))
    rows = -(-count // columns)
    if ax is None:
        size = (PAGE, PANEL * rows + 0.55) if count > 1 else (0.92 * PAGE, 3.9)
        panels = panel_axes(None, rows * columns, size, rows=rows)
        for empty in panels[count:]:
            empty.set_axis_off()
        width = 0.8 * size[0] / columns
    else:
        panels = panel_axes([ax] if isinstance(ax, Axes) else ax, count, (1, 1))
        width = 0.8 * PAGE / columns
    letters = [f"{letter}) " for letter in ascii_lowercase] if 1 < count <= len(ascii_lowercase) else [""] * count
    titles = [wrap_words(letter + name, width, TITLE_SIZE) for letter, name in zip(letters, names, strict=False)]
    if ax is None:
        figure: Any = root_figure(panels[0])
        more = sum(max(title.count("\n") for title in titles[i : i + columns]) for i in range(0, count, columns))
        figure.set_size_inches(size[0], size[1] + ROW * more)
    for i, (axes, title) in enumerate(zip(panels, titles, strict=False)):
        axes.set_title(title, fontsize=TITLE_SIZE, loc="left")
        axes.grid(True, color="#E5E5E5", linewidth=0.6)
        axes.set_axisbelow(True)
        if ax is not None or i + columns >= count:
            axes.set_xlabel(xlabel)
        if ax is not None or i % columns == 0:
            axes.set_ylabel(ylabel)
    return panels[:count]


def add_legend(panels: Sequence[Axes], keys: Sequence[Any], *, own_figure: bool, place: str = "lower") -> None:
    """Put a legend `place` (lower or upper) of all panels of our own figure, which grows with it; else inside one."""
    if not own_figure:
        axes = panels[0]
        earlier = axes.get_legend()
        axes.legend(handles=list(keys), loc="lower left" if place == "lower" else "upper right")
        if earlier is not None:
            axes.add_artist(earlier)
        return
    figure: Any = root_figure(panels[0])
    width, height = figure.get_size_inches()
    for key in keys:
        key.set_label(wrap_words(key.get_label(), width - 2 * KEY, LEGEND_SIZE))
    widths = [KEY + max(width_of(line, LEGEND_SIZE) for line in key.get_label().splitlines()) for key in keys]
    columns = len(keys) if sum(widths) <= width else max(1, int(width / max(widths)))
    rows = -(-sum(1 + key.get_label().count("\n") for key in keys) // columns)
    figure.set_size_inches(width, height + ROW * (rows - 1))
    figure.legend(handles=list(keys), loc=f"outside {place} center", ncols=columns, handlelength=2.6)


def line_keys(looks: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """Return a legend's key, a line, for each name."""
    return [Line2D([], [], **{"color": "#444444", **look}, label=name) for name, look in looks.items()]


def counted(table: Mapping[str, Mapping[str, NDArray[np.float64]]], method: str, unit: str = "network") -> str:
    """Return the method with the number of its networks, such as ``RLR (5 networks)`` or ``(4–5 networks)``."""
    counts = {len(methods[method]) for methods in table.values() if method in methods}
    low, high = min(counts), max(counts)
    number = f"{low}" if low == high else f"{low}–{high}"
    return f"{method} ({number} {unit}{'' if high == 1 else 's'})"


def not_measured(axes: Axes) -> None:
    """Say in an axes without data that there are none."""
    axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=NEUTRAL)
