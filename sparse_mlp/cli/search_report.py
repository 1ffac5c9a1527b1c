"""What a search prints at its end."""

from __future__ import annotations

import math
import shlex
import statistics
import textwrap
from pathlib import Path
from typing import Any

from sparse_mlp.experiments import WiringSearch
from sparse_mlp.experiments.wiring_search import DEFAULT
from sparse_mlp.runs.own_files import label_of

WIDTH = 80
TIED = "\N{NO-BREAK SPACE}"  # holds an option and its value together while lines are broken


def search_result(found: WiringSearch, folder: Path) -> dict[str, Any]:
    """Return the outcome of a search as plain JSON types; the accuracy of a training that diverged is None."""
    rungs = [
        {"epochs": epochs, "accuracy": {str(number): _number(score) for number, score in scores.items()}}
        for epochs, scores in zip(found.epochs, found.ladder, strict=True)
    ]
    wiring = found.config.wiring
    return {
        "topology": wiring["topology"], "dataset": label_of(found.config.data),
        "density": wiring["density"] if wiring["epsilon"] is None else None, "epsilon": wiring["epsilon"],
        "validation_samples": found.validation_samples, "configurations": found.configurations, "rungs": rungs,
        "best": _one(found, found.best), "default": _one(found, DEFAULT), "seed": found.config.run["seed"],
        "out": str(folder),
    }  # fmt: skip


def search_table(found: WiringSearch) -> str:
    """Return the outcome of a search as text for a terminal: the rungs, then the settings of the last one."""
    wiring, sizes = found.config.wiring, "-".join(map(str, found.sizes))
    links = f"density {wiring['density']:g}" if wiring["epsilon"] is None else f"epsilon {wiring['epsilon']:g}"
    lines = [
        f"{wiring['topology']} on {label_of(found.config.data)}, {sizes}, {links}, static",
        f"accuracy on {found.validation_samples:,} validation samples{_standard_error(found)}",
        "",
        f"{'epochs':>6}  {'settings':>8}  {'best':>8}  {'median':>8}  {'worst':>8}  {'default':>8}  rank",
    ]
    for epochs, scores in zip(found.epochs, found.ladder, strict=True):
        values = [score for score in scores.values() if not math.isnan(score)] or [math.nan]
        shown = (max(values), statistics.median(values), min(values), scores[DEFAULT])
        columns = "  ".join(f"{_percent(value):>8}" for value in shown)
        lines.append(f"{epochs:>6}  {len(scores):>8}  {columns}  {list(scores).index(DEFAULT) + 1:>4}")
    lines += ["", f"after {found.epochs[-1]} epochs", f"{'no.':>4}  {'accuracy':>8}  {'ahead':>7}  options"]
    for number, score in found.ladder[-1].items():
        ahead = "" if number == DEFAULT else _signed(found.ahead(number))
        head = f"{number:>4}  {_percent(score):>8}  {ahead:>7}  "
        text = _options(found.configurations[number]) or "the default"
        lines += textwrap.wrap(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head),
                               break_on_hyphens=False)  # fmt: skip
    return "\n".join(lines).replace(TIED, " ")


def _standard_error(found: WiringSearch) -> str:
    best = found.ladder[-1][found.best]
    return "" if math.isnan(best) else f", standard error {math.sqrt(best * (1 - best) / found.validation_samples):.2%}"


def _one(found: WiringSearch, number: int) -> dict[str, Any]:
    return {
        "configuration": number, "options": found.configurations[number],
        "accuracy": _number(found.ladder[-1][number]), "ahead_of_default": _number(found.ahead(number)),
    }  # fmt: skip


def _options(options: dict[str, Any]) -> str:
    """Return options as `train` takes them."""
    shown = {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in options.items()}
    return " ".join(f"--{name.replace('_', '-')}{TIED}{shlex.quote(value)}" for name, value in shown.items())


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _percent(value: float) -> str:
    return "diverged" if math.isnan(value) else f"{value:.2%}"


def _signed(value: float) -> str:
    return "" if math.isnan(value) else f"{value:+.2%}"
