"""`sparse-mlp campaign`: execute all runs of a recipe, go on where it was stopped, say what is there."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sparse_mlp.errors import invalid

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
    parser.set_defaults(run=campaign)


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


def campaign(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    from sparse_mlp.cli.campaign_report import campaign_table
    from sparse_mlp.experiments.campaign import run_campaign
    from sparse_mlp.experiments.recipe import load_recipe
    from sparse_mlp.experiments.store import Store

    recipe = load_recipe(arguments.recipe)
    planned = recipe.plan(arguments.preset or _only(recipe), datasets=arguments.datasets)
    store = Store(arguments.store)
    try:
        outcome = run_campaign(
            store, planned, jobs=arguments.jobs, dask=arguments.dask, data_dir=arguments.data_dir,
            retry=arguments.retry,
        )  # fmt: skip
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it stopped", file=sys.stderr)
        return 130
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


def _only(recipe: Any) -> str:
    if len(recipe.presets) > 1:
        raise invalid("no preset", f"one of {', '.join(recipe.presets)}", "--preset says how much is run")
    return str(next(iter(recipe.presets)))
