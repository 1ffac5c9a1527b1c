"""Figures and tables of the papers made again: what is trained, drawn and claimed, and whether it holds.

Each has its own file in `figures`.
"""

from __future__ import annotations

from sparse_mlp.experiments.reproduction.claims import Claim
from sparse_mlp.experiments.reproduction.figure import PRESETS, Figure, Results
from sparse_mlp.experiments.reproduction.figures import FIGURES, find_figures
from sparse_mlp.experiments.reproduction.reproduce import Reproduced, draw, reproduce
from sparse_mlp.experiments.reproduction.verdicts import Verdict, judge

__all__ = [
    "FIGURES",
    "PRESETS",
    "Claim",
    "Figure",
    "Reproduced",
    "Results",
    "Verdict",
    "draw",
    "find_figures",
    "judge",
    "reproduce",
]
