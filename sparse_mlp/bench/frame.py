"""What all subjects of the bench share: the machine's limits first, verdicts on ratios, notes and the file last."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path

from sparse_mlp.bench.ledger import Claim, Ledger, ratio
from sparse_mlp.bench.limits import Limits, check_compiled, measure_limits
from sparse_mlp.bench.machine import describe_machine
from sparse_mlp.bench.timing import Timing
from sparse_mlp.errors import check_integer
from sparse_mlp.kernels.threads import threads_limited


@dataclass
class Bench:
    """Hold what a subject adds its findings to.

    Attributes
    ----------
    threads : int
        Of every rival, where a line does not say otherwise.
    judged : bool
        Whether claims get verdicts.
    ledger : Ledger
    limits : dict of int to Limits
        By number of threads.
    """

    threads: int
    judged: bool
    ledger: Ledger
    limits: dict[int, Limits]

    def claim_ratio(
        self, name: str, slow: Timing | None, fast: Timing | None, floor: float, aim: float,
        *, times: float = 1.0, reason: str = "",
    ) -> None:  # fmt: skip
        """Claim how many times longer `slow` takes, `times` a known factor; the reason says why one is missing."""
        value, by_best = (None if number is None else times * number for number in ratio(slow, fast))
        quiet = all(timing is None or timing.quiet for timing in (slow, fast))
        missing = reason if value is None else ""
        self.ledger.claims.append(
            Claim(name, value, by_best, floor, aim, judged=self.judged, reason=missing, quiet=quiet)
        )

    def finish(self, notes: Sequence[str], json_path: str | PathLike[str] | None) -> Ledger:
        """Add notes and what disturbed, and write the ledger as JSON where a path is given, whole or not at all."""
        self.ledger.notes = list(notes)
        disturbed = sum(line.timing.disturbed for line in self.ledger.lines)
        if disturbed:
            self.ledger.notes.append(
                f"THE MACHINE WAS NOT IDLE: other work disturbed {disturbed} turns. They are left out where enough "
                "quiet ones remain; lines marked ? had to keep them, and their medians are too long. 'best' suffers "
                "least."
            )
        if not self.judged:
            self.ledger.notes.append("QUICK: tiny networks, nothing is judged.")
        if json_path is not None:
            from sparse_mlp.training.files import write_text

            write_text(Path(json_path), self.ledger.to_json())
        return self.ledger


def start_bench(threads: int | None, *, judged: bool, limit_repeats: int, precision: str = "float32") -> Bench:
    """Measure the machine's limits with one thread and with those asked for.

    Parameters
    ----------
    threads : int, optional
        Two at most if not given.
    judged : bool
    limit_repeats : int
        As `repeats` of `measure_limits`.
    precision : str
        What the header says of it.

    Returns
    -------
    Bench

    Raises
    ------
    InvalidInputError
        If `threads` is not a whole number of at least one.
    SparseMLPError
        If kernels are not compiled.
    """
    check_compiled()
    threads = min(2, os.cpu_count() or 1) if threads is None else check_integer("threads", threads)
    limits: dict[int, Limits] = {}
    with threads_limited(1):
        limits[1] = measure_limits(1, repeats=limit_repeats)
    with threads_limited(threads):
        limits[threads] = measure_limits(threads, repeats=limit_repeats, one=limits[1])
    ledger = Ledger(describe_machine(threads, precision), [asdict(found) for found in limits.values()])
    return Bench(threads, judged, ledger, limits)
