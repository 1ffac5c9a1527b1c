"""Where the numbers of a figure come from, in a few words: data sets, seeds, versions."""

from __future__ import annotations

from collections.abc import Iterable

from sparse_mlp.datasets.registry import file_sets
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.machine import describe_system

SHOWN_PACKAGES = ("sparse_mlp", "numpy", "scipy", "numba")
DIGITS = 12  # of a checksum


def stamp_text(runs: Runs) -> str:
    """Return the lines below a figure that shows these runs."""
    lines = [f"{name}: {dataset_words(runs, name)}" for name in runs.datasets]
    if lines:
        seeds = {run.planned.seed for run in runs.finished}
        lines.append(f"seeds {ranges(seeds)}; preset {runs.preset}; {versions(runs)}")
    else:
        lines.append(f"no data set; preset {runs.preset}; {versions(runs)}")
    return "\n".join(lines)


def dataset_words(runs: Runs, dataset: str) -> str:
    """Return what is known of a data set: SYNTHETIC, or what was verified, with the checksum of its training images."""
    told = next(run.result for run in runs.finished if run.planned.dataset == dataset)
    words = str(told.get("provenance") or "provenance unknown").split(";")[0]
    if told.get("synthetic"):
        return words if words.startswith("SYNTHETIC") else f"SYNTHETIC, {words}"
    entry = file_sets().get(dataset)
    if entry is not None and "verified by SHA-256" in words and entry.files[0].sha256:
        return f"{words} ({entry.files[0].name} {entry.files[0].sha256[:DIGITS]}…)"
    return words


def versions(runs: Runs) -> str:
    """Return the versions of the packages that computed, all that occur."""
    parts = [part for run in runs.finished for part in run.system] or [describe_system()]
    words = []
    for name in SHOWN_PACKAGES:
        found = dict.fromkeys(str((part.get("packages") or {}).get(name)) for part in parts)
        words.append(f"{name} {' and '.join(found)}")
    pythons = dict.fromkeys(str(part.get("python")) for part in parts)
    return ", ".join([*words, *pythons])


def machines(runs: Runs) -> str:
    """Return the processors that computed."""
    parts = [part for run in runs.finished for part in run.system] or [describe_system()]
    return " and ".join(dict.fromkeys(f"{part.get('processor')}, {part.get('cores')} cores" for part in parts))


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
