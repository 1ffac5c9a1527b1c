"""Efficiency against accuracy: the comprehensive score of motif-based SET, and where it breaks even."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_fraction, check_number, invalid

if TYPE_CHECKING:
    from sparse_mlp.plotting import Display

EFFICIENCY_WEIGHT = 0.1
WEIGHTS = np.linspace(0, 1, 101)
DASHES = ("-", "--", "-.", ":")
MARKS = ("o", "s", "^", "D")
LOWEST = -0.5  # scores below it, of a model many times slower than the base, are cut off


def reduction(value: float, base: float) -> float:
    """Return (base - value) / base, how much smaller a value is than its base above 0; negative if it is larger."""
    base = check_number("base", base, strict=True)
    return (base - check_number("value", value)) / base


def comprehensive_score(
    time: float, base_time: float, accuracy: float, base_accuracy: float, weight: float = EFFICIENCY_WEIGHT
) -> float:
    """Return one number for speed and accuracy together; the base itself has 1 - weight.

    Parameters
    ----------
    time, base_time, accuracy, base_accuracy : float
        Of a model and of the one that it is compared with, times in the same unit, and accuracies.
    weight : float
        Weight of the time, in [0, 1]; the accuracy has the rest.

    Notes
    -----
    S = w R + (1 - w) (1 - A) with R = (T_base - T) / T_base and A = (Acc_base - Acc) / Acc_base: section 4.2, eqs. 1
    to 3 of [Chen2025], where w is 0.1.

    Of the four printed scores, one does not follow from the R and A printed with it: equation 6 (Fashion-MNIST, motif
    size 4) prints 0.8864, its own R = 0.637 and A = 0.097 give 0.8764, and the times and accuracies of the tables
    0.8819 (R = 0.635, A = 0.091; the text says "73.7 %" for R). Motif size 4 stays behind its base with all three.
    Equation 8 (Lung, motif size 2) prints R = 0.3039 where the times give 0.3037, and so 0.9199 for 0.9198. Equation 5
    (Fashion-MNIST, motif size 2) prints 0.9100, of inputs with three digits; the tables give 0.9102.

    Examples
    --------
    >>> round(comprehensive_score(14307.5, 25236.2, 0.733, 0.761), 4)
    0.9102
    """
    w = check_fraction("weight", weight, zero=True)
    return w * reduction(time, base_time) + (1 - w) * (1 - reduction(accuracy, base_accuracy))


def break_even_weight(time: float, base_time: float, accuracy: float, base_accuracy: float) -> float:
    """Return the weight of the time at which a model and its base have the same score.

    NaN if one of the two is ahead at every weight, or both are always equal. A model that is faster and less accurate
    is ahead above the weight, one that is slower and more accurate below it. Parameters as in `comprehensive_score`.

    Notes
    -----
    w R + (1 - w) (1 - A) = 1 - w where w = A / (A + R). [Chen2025] draws the crossings in its figures 8 and 9.

    Examples
    --------
    >>> round(break_even_weight(14307.5, 25236.2, 0.733, 0.761), 3)
    0.078
    """
    r, a = reduction(time, base_time), reduction(accuracy, base_accuracy)
    return a / (a + r) if a * r > 0 or (a == 0) != (r == 0) else float("nan")


@dataclass(frozen=True)
class TradeOff:
    """Hold time and accuracy of one base and of models that are compared with it.

    `PUBLISHED_TRADE_OFFS` has those of the tables of [Chen2025].

    Parameters
    ----------
    seconds, accuracy : mapping of str to float
        By model, the base first; the same models in both, at least one more.

    Examples
    --------
    >>> trade = TradeOff({"m = 1": 100.0, "m = 2": 60.0}, {"m = 1": 0.90, "m = 2": 0.81})
    >>> trade.time_reduction
    {'m = 1': 0.0, 'm = 2': 0.4}
    >>> round(trade.break_even["m = 2"], 6)
    0.2
    >>> trade.winner(0.1), trade.winner(0.3)
    ('m = 1', 'm = 2')
    >>> PUBLISHED_TRADE_OFFS["lung"].winner()
    'm = 2'
    """

    seconds: Mapping[str, float]
    accuracy: Mapping[str, float]

    def __post_init__(self) -> None:
        if list(self.seconds) != list(self.accuracy) or len(self.seconds) < 2:
            found = f"times of {', '.join(self.seconds)} and accuracies of {', '.join(self.accuracy)}"
            raise invalid(found, "the same models in the same order, the base first and at least one more")

    @property
    def base(self) -> str:
        """Name of the model that the others are compared with."""
        return next(iter(self.seconds))

    @property
    def time_reduction(self) -> dict[str, float]:
        """R of each model, 0 for the base."""
        return {name: reduction(value, self.seconds[self.base]) for name, value in self.seconds.items()}

    @property
    def accuracy_loss(self) -> dict[str, float]:
        """A of each model, 0 for the base."""
        return {name: reduction(value, self.accuracy[self.base]) for name, value in self.accuracy.items()}

    @property
    def break_even(self) -> dict[str, float]:
        """Break-even weight of each model but the base, NaN where there is none."""
        return {name: break_even_weight(*self._with_base(name)) for name in self.seconds if name != self.base}

    def scores(self, weights: ArrayLike = EFFICIENCY_WEIGHT) -> dict[str, NDArray[np.float64]]:
        """Return the score of each model at each weight of the time in [0, 1], float64 of the shape of `weights`."""
        w = np.asarray(weights, np.float64)
        score = np.vectorize(comprehensive_score, otypes=[np.float64])
        return {name: score(*self._with_base(name), w) for name in self.seconds}

    def winner(self, weight: float = EFFICIENCY_WEIGHT) -> str:
        """Return the model of the highest score, the first of several."""
        scores = self.scores(weight)
        return max(scores, key=lambda name: float(scores[name]))

    def drawing(self, title: str, *, mark: float = EFFICIENCY_WEIGHT) -> Display:
        """Draw the scores over the weight of the time; on the right how far each is ahead of the base.

        A vertical line is at the weight `mark`; the right panel shows weights from 0 to three times it. Figures 8 and 9
        of [Chen2025].
        """
        from sparse_mlp.plotting import CYCLE, INK, PanelsDisplay, grid, line_keys

        scores, break_even, end = self.scores(WEIGHTS), self.break_even, min(1.0, 3 * mark)
        looks: dict[str, dict[str, Any]] = {
            name: {"linestyle": DASHES[i % len(DASHES)], "color": CYCLE[i]} for i, name in enumerate(scores)
        }

        def draw(axes: Any, panel: str) -> None:
            near = panel == ahead
            x = WEIGHTS[end + 1e-9 >= WEIGHTS] if near else WEIGHTS
            values = {name: curve[: len(x)] - near * scores[self.base][: len(x)] for name, curve in scores.items()}
            for i, (name, curve) in enumerate(values.items()):
                axes.plot(x, curve, **looks[name])
                crossing = break_even.get(name, np.nan)
                height = np.interp(crossing, x, values[self.base], right=np.nan)
                axes.plot(crossing, height, MARKS[i % len(MARKS)], color=looks[name]["color"], markeredgecolor="white",
                          markersize=8, zorder=4)  # fmt: skip
            every = np.concatenate(list(values.values())).clip(LOWEST)
            room = 0.06 * float(np.ptp(every)) or 0.1
            axes.set(xlim=(0, x[-1]), ylim=(every.min() - room, every.max() + room))
            axes.set_ylabel(f"score less that of {self.base}" if near else "comprehensive score")
            axes.axvline(mark, color=INK, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
            axes.annotate(f"weight {mark:g}", (mark, 0.02), xycoords=("data", "axes fraction"), xytext=(4, 0),
                          textcoords="offset points", fontsize=8.5, color=INK)  # fmt: skip
            grid(axes)

        ahead = f"ahead of {self.base}"
        labels = {name: f"{name}, level at {weight:.3f}" if weight == weight else f"{name}, never level"
                  for name, weight in break_even.items()}  # fmt: skip
        keys = line_keys({labels.get(name, name): {**look, "marker": MARKS[i % len(MARKS)] if name in labels else ""}
                          for i, (name, look) in enumerate(looks.items())})  # fmt: skip
        return PanelsDisplay([title, ahead], draw, xlabel="weight of the time", keys=keys, height=3.2)

    def _with_base(self, name: str) -> tuple[float, float, float, float]:
        return self.seconds[name], self.seconds[self.base], self.accuracy[name], self.accuracy[self.base]


# Tables 1 and 2 and section 5.1.2 of [Chen2025]: seconds of 300 epochs, 3 hidden layers of 3000 neurons.
PUBLISHED_TRADE_OFFS = {
    "fashion-mnist": TradeOff(
        {"m = 1": 25236.2, "m = 2": 14307.5, "m = 4": 9209.3}, {"m = 1": 0.761, "m = 2": 0.733, "m = 4": 0.692}
    ),
    "lung": TradeOff(
        {"m = 1": 4953.2, "m = 2": 3448.7, "m = 4": 3417.3}, {"m = 1": 0.937, "m = 2": 0.926, "m = 4": 0.914}
    ),
}
# "Avg. running time (s)" of the same tables: first 30 epochs, 2 hidden layers of 1000 neurons (section 5.1.1).
PUBLISHED_SECONDS_PER_EPOCH = {"fashion-mnist": {"m = 1": 17.73, "m = 2": 9.14, "m = 4": 6.74}}
