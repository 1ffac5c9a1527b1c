"""Small grey lines below a figure that say where it comes from."""

from __future__ import annotations

from typing import TypeVar

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.text import Text

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display, drawn
from sparse_mlp.plotting.panels import wrap

Stamped = TypeVar("Stamped", Display, Figure)

SIZE = 6.5  # points
LINE = 1.35 * SIZE / 72  # inches from line to line
EDGE = 0.06  # inches between the words and the edge of the figure, and between figure and words
GREY = "#777777"
MARK = "sparse_mlp stamp"


def stamp(target: Stamped, text: str) -> Stamped:
    """Add lines below a figure that say where it comes from: data, versions, seeds.

    The figure grows by the height of the lines; all else keeps its size and place.

    Parameters
    ----------
    target : Display or Figure
        Is returned. A Display is drawn first, with default options, if `plot` was not called yet. Plotting it again
        removes the stamp.
    text : str
        Broken into lines as wide as the figure; breaks that are there stay.

    Raises
    ------
    InvalidInputError
        If there are no words, or the figure has a stamp.

    Examples
    --------
    >>> figure = Figure(figsize=(4, 3), layout="constrained")
    >>> _ = figure.add_subplot()
    >>> stamp(figure, "digits, SHA-256 1c0ffee, seeds 0–4").texts[-1].get_text()
    'digits, SHA-256 1c0ffee, seeds 0–4'
    """
    figure = target if isinstance(target, Figure) else drawn(target)
    if not text.strip():
        raise invalid("no words for the stamp", "text, such as data set, versions, seeds")
    if any(words.get_gid() == MARK for words in figure.texts):
        raise invalid("a figure with a stamp", "one without", "plot() draws a new one")
    lines = wrap(text.strip(), figure.get_size_inches()[0] - 2 * EDGE, SIZE)
    _grow(figure, LINE * (lines.count("\n") + 1) + 2 * EDGE)
    figure.text(
        EDGE, EDGE, lines, transform=figure.dpi_scale_trans, size=SIZE, color=GREY, ha="left", va="bottom",
        linespacing=1.2, gid=MARK,
    )  # fmt: skip
    return target


def _grow(figure: Figure, inches: float) -> None:
    """Make room at the lower edge: everything else moves up and keeps its size."""
    figure.draw_without_rendering()  # so that everything is where it belongs
    engine = figure.get_layout_engine()
    furniture: list[Text | Legend] = [*figure.texts, *figure.legends]
    boxes = [box for box in (axes.get_tightbbox() for axes in figure.axes) if box is not None]
    lowest = min((box.y0 for box in boxes), default=0.0)
    # Words and legends below all axes, for which the layout has made room.
    below = [item for item in furniture if item.get_window_extent().y1 <= lowest]
    taken = max((item.get_window_extent().y1 for item in below), default=0.0) / figure.dpi
    width, height = figure.get_size_inches()
    share = inches / (height + inches)
    if isinstance(engine, ConstrainedLayoutEngine):
        floor = (inches + taken) / (height + inches)
        left, low, wide, high = engine.get()["rect"]
        engine.set(rect=(left, floor + low * (1 - floor), wide, high * (1 - floor)))
    else:
        below = furniture
        for axes in figure.axes:
            box = axes.get_position(original=True)
            axes.set_position((box.x0, share + box.y0 * (1 - share), box.width, box.height * (1 - share)))
    for item in below:
        _lift(figure, item, share)
    figure.set_size_inches(width, height + inches)


def _lift(figure: Figure, item: Text | Legend, share: float) -> None:
    if isinstance(item, Legend):
        item.set_bbox_to_anchor((0, share, 1, 1 - share), transform=figure.transFigure)
        return
    y = share + item.get_position()[1] * (1 - share)
    if item.get_text() == figure.get_supxlabel():  # then the layout leaves it where it is put
        figure.supxlabel(item.get_text(), y=y, fontproperties=item.get_fontproperties())
    item.set_y(y)
