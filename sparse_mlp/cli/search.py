"""`sparse-mlp search`: find options of a topology that train well without evolving, by successive halving."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparse_mlp.cli.arguments import add_settings, given_settings
from sparse_mlp.errors import invalid
from sparse_mlp.runs.config import TrainConfig
from sparse_mlp.runs.rule_options import RuleOptions
from sparse_mlp.runs.settings import make_config, refuse_contradictions

if TYPE_CHECKING:
    from sparse_mlp.experiments import StaticTraining

DEFAULTS = {"validation_fraction": 0.2}  # where they are not those of `train`
HELPS = {"topology": "whose options are searched: dendritic, receptive-field or small-world"}
# Settings of a run that a search decides itself or has no use for.
UNUSED = (
    "epochs", "early_stop", "threads", "out", "checkpoint_every", "figures", "attempts", "snip_scope", "snip_batch",
    "motif_size", "motif_mode", "pad",
)  # fmt: skip


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "search", help="search for good options of a topology",
        description=f"{__doc__} An option of the topology that is given stays as it is; the others are searched: those "
        "of dendritic but its spreads and rewiring, of receptive-field but its side, of small-world. Judged by samples "
        "set aside from the training set, never by the test set. The best are printed as options ready for `train`.",
    )  # fmt: skip
    budget = parser.add_argument_group("budget")
    for name, default, help_text in (
        ("configurations", 27, "settings on the first rung, the topology's own default among them"),
        ("min-epochs", 3, "epochs of each on the first rung"),
        ("max-epochs", 27, "epochs of each on the last rung"),
        ("factor", 3, "from rung to rung, so many times the epochs for that part of the settings"),
        ("jobs", 1, "trials at the same time, of one thread each; the result does not depend on it"),
    ):
        budget.add_argument(f"--{name}", type=int, default=default, metavar="INT", help=f"{help_text} (%(default)s)")
    parser.add_argument("--out", dest="folder", type=Path, required=True, metavar="DIR",
                        help="folder of the search; the same command again goes on where it stopped")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    add_settings(parser, skip=(*UNUSED, *(setting.name for setting in fields(RuleOptions))), defaults=DEFAULTS,
                 helps=HELPS)  # fmt: skip
    parser.set_defaults(run=search)


def search(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    settings = {**DEFAULTS, **given_settings(arguments), "rule": "static"}
    if "topology" not in settings:
        raise invalid("no topology", "named, since the search is for its options", "--topology dendritic")
    config = make_config(settings)
    refuse_contradictions(settings)

    from sparse_mlp.cli.search_report import search_result, search_table
    from sparse_mlp.experiments import search_wirings

    try:
        found = search_wirings(
            static_training(config), arguments.folder, fixed=config.topology_params(),
            configurations=arguments.configurations, min_epochs=arguments.min_epochs,
            max_epochs=arguments.max_epochs, factor=arguments.factor, jobs=arguments.jobs,
        )  # fmt: skip
    except KeyboardInterrupt:
        print("interrupted; the same command goes on with what is finished", file=sys.stderr)
        return 130
    print(json.dumps(search_result(found, arguments.folder)) if arguments.json else search_table(found))
    return 0


def static_training(config: TrainConfig) -> StaticTraining:
    """Return what a trial is by the settings of a run with the rule "static"."""
    from sparse_mlp.experiments import StaticTraining
    from sparse_mlp.runs.run import LEARNING_RATES

    settings = {setting.name: getattr(config, setting.name) for setting in fields(StaticTraining)}
    settings["topology"] = config.first_wiring
    settings["hidden"] = tuple(config.hidden)
    settings["learning_rate"] = config.learning_rate or LEARNING_RATES[config.optimizer]
    return StaticTraining(**settings)
