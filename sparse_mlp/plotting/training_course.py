"""The course of one training: losses on the left, accuracies on the right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from matplotlib.axes import Axes

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import CYCLE, panel_axes, root_figure, style
from sparse_mlp.plotting.learning_curve import LearningCurveDisplay

PANELS = (("loss", "validation_loss", "test_loss"), ("validation_accuracy", "test_accuracy"))
LOOKS = {"loss": (CYCLE[0], "-"), "validation": (CYCLE[2], "--"), "test": (CYCLE[1], "-.")}


@dataclass(eq=False, repr=False)
class TrainingCourseDisplay(Display):
    """Hold the learning curves of one run.

    Attributes
    ----------
    panels : list of dict
        For each panel, the curves by the name of their quantity; at least one panel.
    title : str
        Such as the data set and the rule.
    unit : str
        What loss and accuracy are means over, in the singular.
    """

    panels: list[dict[str, LearningCurveDisplay]]
    title: str = ""
    unit: str = "sample"

    @classmethod
    def from_history(cls, history: Iterable[Mapping[str, Any]], title: str = "", unit: str = "sample") -> Self:
        """Read all losses and accuracies of a run's records.

        Raises
        ------
        InvalidInputError
            If there are none.
        """
        records = [record for record in history if record.get("kind", "epoch") == "epoch"]
        found = [
            {
                name: LearningCurveDisplay.from_history(records, name)
                for name in names
                if any(record.get(name) is not None for record in records)
            }
            for names in PANELS
        ]
        if not any(found):
            raise invalid("a history without losses and accuracies", "at least one epoch", "did training run?")
        return cls([curves for curves in found if curves], title, unit)

    def plot(self, ax: Sequence[Axes] | None = None) -> Self:
        """Draw all curves.

        Parameters
        ----------
        ax : sequence of Axes, optional
            One for each panel; a new figure by default.
        """
        with style():
            panels = panel_axes(ax, len(self.panels), (5.2 * len(self.panels), 4.0))
            for axes, curves in zip(panels, self.panels, strict=True):
                for name, curve in curves.items():
                    kind = name.partition("_")[0]
                    (color, linestyle), label = LOOKS[kind], "training" if kind == "loss" else kind
                    curve.plot(axes, label=label, color=color, linestyle=linestyle)
                of = "" if self.unit == "sample" else f"{self.unit} "
                loss, accuracy = f"loss (mean per {self.unit})", f"{of}accuracy (fraction correct)"
                axes.set_ylabel(loss if "loss" in next(iter(curves)) else accuracy)
                epochs = max(int(curve.epochs[-1]) for curve in curves.values())
                axes.set_xlim(0, max(epochs, 2))  # a single epoch would be blown up to fractions of it
            figure = root_figure(panels[0])
            if ax is None and self.title:
                figure.suptitle(self.title)
        self.ax_, self.figure_ = panels, figure
        return self
