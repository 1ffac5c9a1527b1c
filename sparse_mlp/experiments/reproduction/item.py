"""What an item of a paper is: recipes, what is read off its runs, and what the paper claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sparse_mlp.experiments.reproduction.claims import Claim
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.numbers import Curve, Numbers

PRESETS = ("smoke", "laptop", "paper")


@dataclass
class Findings:
    """What an item read off the runs.

    Attributes
    ----------
    displays : dict of str to Display
        File name without ending → figure.
    numbers : Numbers
    curves : list of Curve
    notes : list of str
        What a reader must know: definitions, and what is left open.
    shown : dict of str to Runs
        Of a figure that does not show all runs, those that it does.
    """

    displays: dict[str, Any] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    curves: list[Curve] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shown: dict[str, Runs] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """Hold a figure or table of a paper that can be made again.

    Attributes
    ----------
    name : str
        What `sparse-mlp reproduce` knows it by.
    title : str
        In a few words.
    paper : str
        Key of `references.bib`.
    recipes : tuple of str
        Where its runs come from; empty if it needs none.
    minutes : mapping of str to float
        Preset → expected time on two cores, alone, from nothing.
    read : callable (Runs) -> Findings
        Reads the store alone; never trains.
    claims : tuple of Claim
    datasets : tuple of str
        Those of the paper; claims about "all sets" mean them.
    notes : tuple of str
        Of every report.
    """

    name: str
    title: str
    paper: str
    recipes: tuple[str, ...]
    minutes: Mapping[str, float]
    read: Callable[[Runs], Findings]
    claims: tuple[Claim, ...] = ()
    datasets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def judged_datasets(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Return the data sets that claims are held against: the paper's, or others where only such were trained on."""
        return self.datasets if set(self.datasets) & set(wanted) else tuple(wanted)
