"""Where the numbers of a figure come from, in a few words: data sets, seeds, settings, versions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sparse_mlp.datasets.registry import file_sets
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.machine import describe_system

SHOWN_PACKAGES = ("sparse_mlp", "numpy", "scipy", "numba")
DIGITS = 12  # of a checksum
SHOWN_SETTINGS = {  # option → its table
    "hidden": "model", "plan": "model", "density": "wiring", "epochs": "training", "batch_size": "training",
    "optimizer": "training", "learning_rate": "training", "momentum": "training", "schedule": "training",
    "weight_decay": "training", "weights": "model", "zeta": "rule",
}  # fmt: skip


def stamp_text(runs: Runs) -> str:
    """Return the lines below a figure that shows these runs."""
    lines = [f"{name}: {dataset_words(runs, name)}" for name in runs.datasets] or ["no data set"]
    rest = f"preset {runs.preset}; {_versions(runs)}"
    if not runs.finished:
        return f"{lines[0]}; {rest}"
    return "\n".join([*lines, f"{_seeds(runs)}; {rest}"])


def dataset_words(runs: Runs, dataset: str) -> str:
    """Return what is known of a data set: SYNTHETIC, or what was verified, with the checksum of its training images."""
    result = next(run.result for run in runs.finished if run.planned.dataset == dataset)
    words = str(result.get("provenance") or "provenance unknown").split(";")[0]
    if result.get("synthetic"):
        return words if words.startswith("SYNTHETIC") else f"SYNTHETIC, {words}"
    entry = file_sets().get(dataset)
    if entry is not None and "verified by SHA-256" in words and entry.files[0].sha256:
        return f"{words} ({entry.files[0].name} {entry.files[0].sha256[:DIGITS]}…)"
    return words


def origin(runs: Runs) -> list[str]:
    """Return lines about data, amount and settings of runs, versions and processors."""
    if not runs.finished:
        return [f"Nothing trained. {_versions(runs)}."]
    sets = [f"{name}: {dataset_words(runs, name)}." for name in runs.datasets]
    processors = dict.fromkeys(f"{part.get('processor')}, {part.get('cores')} cores" for part in _systems(runs))
    return [*sets, *_trained(runs), f"{_versions(runs)}; {' and '.join(processors)}."]


def ranges(numbers: Iterable[int]) -> str:
    """Return whole numbers in short.

    Examples
    --------
    >>> ranges([4, 0, 1, 2, 7])
    '0–2, 4, 7'
    """
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in found)


def _trained(runs: Runs) -> list[str]:
    """Say how many runs there are, with which seeds and settings; group by group where these differ."""
    common = _common_settings(runs)
    groups = runs.apart()
    own = {name: _words(_common_settings(group), but=common) for name, group in groups.items()}
    amounts = {name: _amount(group) for name, group in groups.items()}
    if len(set(own.values())) == 1 and len(set(amounts.values())) == 1:
        each, seeds = next(iter(amounts.values()))
        return [f"{len(runs.finished)} runs, {each} of each method and data set, {seeds}; {_words(common)}."]
    lines = [f"{len(runs.finished)} runs" + (f", all with {_words(common)}." if common else ".")]
    for name, group in groups.items():
        each, seeds = amounts[name]
        settings = f"; {own[name]}" if own[name] else ""
        lines.append(f"{name}: {len(group.finished)} runs, {each} of each method, {seeds}{settings}.")
    return lines


def _amount(runs: Runs) -> tuple[str, str]:
    """Return how many runs of each method there are, and their seeds, in words."""
    counts = {len(runs.of(*pair)) for pair in runs.pairs()}
    return (f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"), _seeds(runs)


def _seeds(runs: Runs) -> str:
    return f"seeds {ranges({run.planned.seed for run in runs.finished})}"


def _common_settings(runs: Runs) -> dict[str, str]:
    """Return the settings that all runs share."""
    found = {
        name: {str(run.planned.settings[table].get(name)) for run in runs.finished}
        for name, table in SHOWN_SETTINGS.items()
    }
    return {name: values.pop() for name, values in found.items() if len(values) == 1 and values != {"None"}}


def _words(settings: Mapping[str, str], but: Collection[str] = ()) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items() if name not in but)


def _systems(runs: Runs) -> list[dict[str, Any]]:
    return [part for run in runs.finished for part in run.system] or [describe_system()]


def _versions(runs: Runs) -> str:
    """Return the versions of the packages that computed, all that occur."""
    parts, words = _systems(runs), []
    for name in SHOWN_PACKAGES:
        found = dict.fromkeys(str((part.get("packages") or {}).get(name)) for part in parts)
        words.append(f"{name} {' and '.join(found)}")
    return ", ".join([*words, *dict.fromkeys(str(part.get("python")) for part in parts)])
