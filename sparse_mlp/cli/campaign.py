"""`sparse-mlp campaign`: execute all runs of a recipe, go on where it was stopped, say what is there."""

from __future__ import annotations

import argparse
import json
import statistics
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparse_mlp.errors import invalid

if TYPE_CHECKING:
    from sparse_mlp.experiments import CampaignOutcome, PlannedRun, Store

# Looked up without the imports of `recipe_names`.
RECIPES = Path(__file__).parents[1] / "experiments" / "reproduction" / "figures"
SMALLEST = """\
title = "Two rules on digits"
[settings]
model.hidden = [100, 100]
wiring.density = 0.1
training.epochs = 10
[methods.SET]
rule.name = "set"
[methods.RLR]
rule.name = "rlr"
[datasets.digits]
[presets.laptop]
seeds = [0, 1, 2]
"""
WIDTH = 80  # of help texts that argparse does not wrap


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "campaign", help="execute all runs of a recipe",
        description=textwrap.fill(f"{__doc__} The same command again, also at the same time or on another machine that "
                                  "sees the store, does what is left; no run is done twice.", WIDTH),
        epilog=_epilog(), formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("recipe", metavar="RECIPE", help="name of a recipe, or a file of your own that ends in .toml")
    parser.add_argument("--preset", help="how much of it: one of the recipe's presets (needed if it has several)")
    add_campaign_options(parser)
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="folder of all runs")
    parser.add_argument("--datasets", nargs="+", metavar="NAME", help="data sets instead of the preset's")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.set_defaults(run=campaign, if_interrupted="; the same command goes on where it stopped")


def add_campaign_options(parser: argparse.ArgumentParser) -> None:
    """Declare how a campaign is executed, alike for all verbs that start one."""
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N",
        help="runs at the same time, of one thread each; no result depends on it (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster to use, such as tcp://host:8786")
    parser.add_argument("--data-dir", metavar="DIR",
                        help="existing data folder (for what it lacks: $SPARSE_MLP_DATA, the cache)")  # fmt: skip
    parser.add_argument("--retry", action="store_true", help="try once more what failed before")


def campaign_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return these options as `run_campaign` takes them."""
    return {name: getattr(arguments, name) for name in ("jobs", "dask", "data_dir", "retry")}


def campaign(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    from sparse_mlp.experiments.campaign import run_campaign
    from sparse_mlp.experiments.recipe import load_recipe
    from sparse_mlp.experiments.store import Store

    recipe = load_recipe(arguments.recipe)
    if not arguments.preset and len(recipe.presets) > 1:
        raise invalid("no preset", f"one of {', '.join(recipe.presets)}", "--preset says how much is run")
    planned = recipe.plan(arguments.preset or next(iter(recipe.presets)), datasets=arguments.datasets)
    store = Store(arguments.store)
    outcome = run_campaign(store, planned, **campaign_options(arguments))
    if arguments.json:
        print(json.dumps({"store": str(store.path), **asdict(outcome)}))
    else:
        print(campaign_table(store, planned, outcome))
    return 0 if outcome.complete else 1


def _epilog() -> str:
    names = ", ".join(sorted(path.stem for path in RECIPES.glob("*.toml")))
    listed = textwrap.fill(f"Recipes that come with the package: {names}", WIDTH, break_on_hyphens=False)
    words = (
        "A recipe is a TOML file. This one has 2 methods x 1 data set x 3 seeds = 6 runs; settings are written "
        "as in `sparse-mlp train --config`, and one under a method, data set or preset holds for that only:"
    )
    return f"{textwrap.fill(words, WIDTH)}\n\n{textwrap.indent(SMALLEST, '    ')}\n{listed}"


def campaign_table(store: Store, planned: Sequence[PlannedRun], outcome: CampaignOutcome) -> str:
    """Return what is finished, failed and missing as text for a terminal: a line for each setting but for seeds."""
    from sparse_mlp.experiments.campaign import missing_words

    rows: dict[tuple[str, str], list[str]] = {}
    for run in planned:
        label = " ".join([run.method, *(f"{name}={value}" for name, value in run.options.items())])
        rows.setdefault((run.dataset, label), []).append(run.run_id)
    widths = [max(len(key[k]) for key in [*rows, ("data set", "method")]) for k in range(2)]
    finished = {key: [run_id for run_id in run_ids if run_id in outcome.finished] for key, run_ids in rows.items()}
    spread = ", mean ± standard deviation over seeds" if any(len(several) > 1 for several in finished.values()) else ""
    lines = [f"{'data set':<{widths[0]}}  {'method':<{widths[1]}}  {'runs':>5}  {'finished':>8}  test accuracy{spread}"]
    for (dataset, label), run_ids in rows.items():
        done = finished[dataset, label]
        accuracy = _accuracy(store, done)
        lines.append(f"{dataset:<{widths[0]}}  {label:<{widths[1]}}  {len(run_ids):>5}  {len(done):>8}  {accuracy}")
    lines += [f"MISSING: {missing_words(dataset, run_ids)}" for dataset, run_ids in outcome.missing.items()]
    lines += [f"FAILED: {run_id}: {message}" for run_id, message in outcome.failed.items()]
    if outcome.failed:
        lines.append("--retry tries once more what failed")
    lines += [f"BUSY: {run_id}: another process is working on it" for run_id in outcome.busy]
    return "\n".join([*lines, f"store  {store.path}"])


def _accuracy(store: Store, run_ids: list[str]) -> str:
    outcomes = [store.result(run_id) or {} for run_id in run_ids]
    found = [outcome["test_accuracy"] for outcome in outcomes if outcome.get("test_accuracy") is not None]
    if not found:
        return ""
    mean = f"{statistics.mean(found):.2%}"
    stamp = "  SYNTHETIC" if any(outcome.get("synthetic") for outcome in outcomes) else ""
    return (f"{mean} ± {statistics.stdev(found):.2%}" if len(found) > 1 else mean) + stamp
