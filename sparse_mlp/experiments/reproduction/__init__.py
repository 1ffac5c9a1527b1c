"""Figures and tables of the papers made again: what is trained, drawn and claimed, and whether it holds.

Each is a file in `figures`.
"""

from __future__ import annotations

from sparse_mlp.experiments.reproduction.figure import Figure, shared_presets
from sparse_mlp.experiments.reproduction.figures import FIGURES, find_figures
from sparse_mlp.experiments.reproduction.reproduce import Reproduced, reproduce

__all__ = ["FIGURES", "Figure", "Reproduced", "find_figures", "reproduce", "shared_presets"]
