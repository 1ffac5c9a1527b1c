"""`sparse-mlp reproduce`: make figures and tables of the papers again, and judge their claims by our numbers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparse_mlp.cli.campaign import add_campaign_options, campaign_options
from sparse_mlp.errors import check_choice, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sparse_mlp.experiments.reproduction import Figure, Reproduced

STORE = Path("reproductions")


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "reproduce", help="make figures and tables of the papers again",
        description=f"{__doc__} Networks are trained once for all figures and kept in the store; the same command "
        "again goes on where it was stopped, and draws.",
    )  # fmt: skip
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="names, see --list")
    parser.add_argument("--all", action="store_true", help="make all figures")
    parser.add_argument("--list", action="store_true", help="show the figures and how long each takes on two cores")
    parser.add_argument("--preset", default="laptop",
                        help="smoke, laptop or paper; conv-table also overnight (%(default)s)")  # fmt: skip
    parser.add_argument("--store", type=Path, default=STORE, metavar="DIR",
                        help="folder of all runs and reports (%(default)s)")  # fmt: skip
    add_campaign_options(parser)
    parser.add_argument("--draw-only", action="store_true", help="train nothing; draw what is in the store")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.set_defaults(run=reproduce, if_interrupted="; the same command goes on where it stopped")


def reproduce(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    from sparse_mlp.experiments.reproduction import FIGURES, find_figures, shared_presets
    from sparse_mlp.experiments.reproduction import reproduce as reproduce_figures
    from sparse_mlp.experiments.store import Store

    if arguments.list:
        facts = [figure_facts(figure) for figure in FIGURES.values()]
        print(json.dumps(facts) if arguments.json else figure_table(FIGURES))
        return 0
    if bool(arguments.figures) == arguments.all:
        found = "no figure" if not arguments.figures else "figures and --all"
        raise invalid(found, f"some of {', '.join(FIGURES)}", "--all makes every one, --list says what they are")
    figures = find_figures(FIGURES if arguments.all else arguments.figures)
    check_choice("preset", arguments.preset, shared_presets(figures))
    made, outcome = reproduce_figures(figures, arguments.preset, Store(arguments.store),
                                      draw_only=arguments.draw_only, **campaign_options(arguments))  # fmt: skip
    facts = [made_facts(one) for one in made]
    if arguments.json:
        print(json.dumps({"preset": arguments.preset, "figures": facts, "missing_datasets": outcome.missing}))
    else:
        print("\n".join(line for one in made for line in made_lines(one)))
    return 1 if any(one.failed or not one.pictures for one in made) else 0


def figure_table(figures: Mapping[str, Figure]) -> str:
    """Return what can be made again, at most 100 columns wide."""
    lines = [f"{'figure':21}{'paper':14}{'what':45}{'smoke':>6}{'laptop':>7}{'paper':>7}"]
    for name, figure in figures.items():
        times = [duration(figure.minutes[preset]) for preset in ("smoke", "laptop", "paper")]
        lines.append(f"{name:21}{figure.paper:14}{figure.title[:44]:45}{times[0]:>6}{times[1]:>7}{times[2]:>7}")
    lines += [
        "", "Times: alone, on two cores with --jobs 2. Figures of one recipe share their networks: all seven",
        "figures of robustness take as long as one, motif-trade-off nothing more than its two tables. The",
        "first run of all compiles the kernels, which takes some two minutes more. conv-table also has the",
        f"preset overnight ({duration(figures['conv-table'].minutes['overnight'])}).",
    ]  # fmt: skip
    return "\n".join(lines)


def figure_facts(figure: Figure) -> dict[str, Any]:
    """Return a figure as plain JSON types."""
    return {"figure": figure.name, "paper": figure.paper, "title": figure.title, "recipes": list(figure.recipes),
            "minutes": dict(figure.minutes), "claims": len(figure.claims)}  # fmt: skip


def made_facts(made: Reproduced) -> dict[str, Any]:
    """Return what became of a figure as plain JSON types."""
    verdicts = [
        {"claim": verdict.claim.text, "source": verdict.claim.source, "verdict": verdict.word,
         "datasets": {finding.dataset: finding.verdict for finding in verdict.findings}}
        for verdict in made.verdicts
    ]  # fmt: skip
    return {"figure": made.figure.name, "folder": str(made.folder), "pictures": [path.name for path in made.pictures],
            "verdicts": verdicts, "missing_runs": made.missing, "failed": made.failed}  # fmt: skip


def made_lines(made: Reproduced) -> list[str]:
    """Return what became of a figure as lines for a terminal."""
    from sparse_mlp.experiments.reproduction.report import tally

    lines = [f"{made.figure.name:21}{tally(made.verdicts)}: {made.folder / 'report.md'}"]
    left = [run for run in made.missing if run not in made.failed]
    if left:
        lines.append(f"{'':21}{len(left)} runs are missing: {', '.join(left[:3])}{' …' if len(left) > 3 else ''}")
    lines += [f"{'':21}failed: {run}: {why}" for run, why in made.failed.items()]
    return lines


def duration(minutes: float) -> str:
    """Return a time in short.

    Examples
    --------
    >>> duration(0.5), duration(90), duration(12000)
    ('30 s', '1.5 h', '8.3 d')
    """
    for unit, length in (("d", 1440.0), ("h", 60.0), ("min", 1.0)):
        if minutes >= length:
            return f"{minutes / length:.2g} {unit}"
    return f"{60 * minutes:.0f} s"
