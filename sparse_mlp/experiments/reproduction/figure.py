"""What a figure or table of a paper is here: recipes, how its runs are read, and what the paper claims."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sparse_mlp.experiments.reproduction.claims import Claim
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.experiments.reproduction.quantities import Curve, Quantities, Quantity

if TYPE_CHECKING:
    from sparse_mlp.plotting import Display

PRESETS = ("smoke", "laptop", "overnight", "paper")


@dataclass
class Results:
    """What was read from the runs of a figure."""

    displays: dict[str, Display] = field(default_factory=dict)  # file name without ending → drawing
    quantities: Quantities = field(default_factory=Quantities)
    curves: list[Curve] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what a reader must know: definitions, and what is left open
    # of a drawing that does not show all runs, those that it does
    drawn_runs: dict[str, Runs] = field(default_factory=dict)

    def draw(self, name: str, display: Display, runs: Runs | None = None) -> None:
        """Add a drawing; `runs` are those that it shows, if not all."""
        self.displays[name] = display
        if runs is not None:
            self.drawn_runs[name] = runs

    def measure(self, runs: Runs, name: str, unit: str, value: Callable[[FinishedRun], float | None]) -> None:
        """Add a quantity with a value for each finished run, None where a run has none."""
        self.quantities.add(Quantity(*pair, name, unit, runs.by_seed(*pair, value)) for pair in runs.pairs())


@dataclass(frozen=True)
class Figure:
    """Hold a figure or table of a paper that can be made again."""

    name: str  # what `sparse-mlp reproduce` knows it by
    title: str  # in a few words
    paper: str  # key of `references.bib`
    recipes: tuple[str, ...]  # where its runs come from; empty if it needs none
    # preset that it has → expected time on two cores, alone, from nothing
    minutes: Mapping[str, float]
    read: Callable[[Runs], Results]  # reads the store alone; never trains
    claims: tuple[Claim, ...] = ()
    datasets: tuple[str, ...] = ()  # those of the paper; claims about "all sets" mean them
    notes: tuple[str, ...] = ()  # of every report

    def judged_datasets(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Return the data sets that claims are judged on: the paper's, or others where only such were trained on."""
        return self.datasets if set(self.datasets) & set(wanted) else tuple(wanted)


def shared_presets(figures: Iterable[Figure]) -> list[str]:
    """Return the presets that all of these figures have."""
    several = list(figures)
    return [preset for preset in PRESETS if all(preset in figure.minutes for figure in several)]
