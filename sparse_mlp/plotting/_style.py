"""One look for all figures, applied in a context so that the user's own settings stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sparse_mlp.errors import invalid

# Paul Tol's vibrant palette with Okabe and Ito's green: distinguishable with every common colour blindness.
POSITIVE = "#0077BB"
NEGATIVE = "#CC3311"
NEW = "#009E73"
NEUTRAL = "#8A8A8A"
INK = "#222222"
PLANE = "#F4F4F1"
LAYERS = ("#EE7733", "#0077BB", "#009E73", "#AA4499", "#33BBEE", "#CC3311")  # of the columns of neurons, inputs first
CYCLE = ("#0077BB", "#CC3311", "#009E73", "#EE7733", "#AA4499", "#33BBEE", "#555555")
ROUNDS = ("-", "--", ":")  # of more curves than there are colours

STYLE: Any = {  # matplotlib's stubs ask for literal keys that differ between its versions
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.labelsize": 10.0,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "legend.fontsize": 9.0,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.prop_cycle": cycler(linestyle=ROUNDS) * cycler(color=CYCLE),
    "lines.linewidth": 1.6,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
}


def style() -> AbstractContextManager[None]:
    """Return the context in which every figure of the library is drawn.

    matplotlib fixes the look of axes and legends when they are made: make your own in this context to draw a Display
    on them. On leaving it, matplotlib's settings are what they were.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> with style():
    ...     axes = Figure().add_subplot()
    >>> axes.spines["top"].get_visible()
    False
    """
    return mpl.rc_context(STYLE)


def single_axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return `ax`, or the axes of a new figure of `size` inches that no pyplot state knows of."""
    if ax is not None:
        return ax
    return Figure(figsize=size, layout="constrained").add_subplot()


def panel_axes(
    ax: Sequence[Axes] | None, count: int, size: tuple[float, float], *, rows: int = 1, **kw: Any
) -> list[Axes]:
    """Return the `count` axes of `ax`, or those of a new figure of `size` inches with panels in `rows` rows."""
    if ax is None:
        figure = Figure(figsize=size, layout="constrained")
        return list(figure.subplots(rows, -(-count // rows), squeeze=False, **kw).ravel())
    if isinstance(ax, Axes):
        raise invalid("a single axes", f"a sequence of {count} axes", "this figure has several panels")
    panels = list(ax)
    if len(panels) != count:
        raise invalid(f"{len(panels)} axes", f"{count} of them, one for each panel")
    return panels


def root_figure(ax: Axes) -> Figure:
    """Return the whole figure of `ax`, past any subfigures."""
    figure: Any = ax.figure
    return figure.figure


def curve_look(number: int) -> dict[str, Any]:
    """Return colour and line style of one of many curves, counted from 0."""
    return {"color": CYCLE[number % len(CYCLE)], "linestyle": ROUNDS[number // len(CYCLE) % len(ROUNDS)]}


def grid(ax: Axes, axis: Any = "both") -> None:
    """Draw thin grey lines behind the data."""
    ax.grid(True, axis=axis, color="#E5E5E5", linewidth=0.6)
    ax.set_axisbelow(True)


def count_axis(ax: Axes, axis: str = "x") -> None:
    """Put round whole numbers on an axis that counts something."""
    getattr(ax, f"{axis}axis").set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def neuron_axes(ax: Axes, ends: tuple[str, str] = ("neuron", "neuron")) -> None:
    """Label and frame a picture of a matrix (inputs, outputs), given what stands on either side."""
    ax.set(xlabel=f"output {ends[1]}", ylabel=f"input {ends[0]}")
    ax.spines[:].set_visible(True)
    for axis in "xy":
        count_axis(ax, axis)
