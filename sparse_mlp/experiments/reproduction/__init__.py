"""Figures and tables of the papers made again: what is trained, drawn and claimed, and whether it holds."""

from __future__ import annotations

from sparse_mlp.experiments.reproduction.claims import Claim
from sparse_mlp.experiments.reproduction.item import PRESETS, Findings, Item
from sparse_mlp.experiments.reproduction.items import ITEMS, find_items
from sparse_mlp.experiments.reproduction.reproduce import Reproduced, draw, reproduce
from sparse_mlp.experiments.reproduction.verdicts import Verdict, judge

__all__ = [
    "ITEMS",
    "PRESETS",
    "Claim",
    "Findings",
    "Item",
    "Reproduced",
    "Verdict",
    "draw",
    "find_items",
    "judge",
    "reproduce",
]
