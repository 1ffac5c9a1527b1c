"""`sparse-mlp search`: find options of a topology that train well without evolving, by successive halving."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparse_mlp.errors import invalid

if TYPE_CHECKING:
    from sparse_mlp.cli.arguments import SettingsOptions

DEFAULTS = {"data": {"validation_fraction": 0.2}}  # where they are not those of `train`
HELPS = {"wiring.topology": "topology whose options are searched: dendritic, receptive-field or small-world"}
UNUSED = (  # settings of a run that a search decides itself or has no use for
    "training.epochs", "training.early_stop", "run.threads", "run.out", "run.checkpoint_every", "run.figures",
    "run.input_strengths",
)  # fmt: skip


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "search", help="search for good options of a topology",
        usage="sparse-mlp search --topology NAME --out DIR [options]",
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
                        help="folder of the trials; the same command again goes on where it stopped")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.settings = settings_options
    parser.set_defaults(run=search, if_interrupted="; the same command goes on with what is finished")


def settings_options() -> SettingsOptions:
    """Return the settings that the verb has as options: all of a run but for its rule."""
    from sparse_mlp.cli.arguments import SettingsOptions

    return SettingsOptions(("data", "model", "wiring", "training", "run"), UNUSED, DEFAULTS, HELPS)


def search(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    from sparse_mlp.cli.search_report import search_result, search_table
    from sparse_mlp.experiments import search_wirings
    from sparse_mlp.runs.config import make_config, refuse_unused

    settings = settings_options().given(arguments)
    if "topology" not in settings.get("wiring", {}):
        raise invalid("no topology", "the name of one, whose options are searched", "--topology dendritic")
    refuse_unused(settings, make_config({**settings, "rule": {"name": "static"}}))
    found = search_wirings(
        settings, arguments.folder, configurations=arguments.configurations, min_epochs=arguments.min_epochs,
        max_epochs=arguments.max_epochs, factor=arguments.factor, jobs=arguments.jobs,
    )  # fmt: skip
    print(json.dumps(search_result(found, arguments.folder)) if arguments.json else search_table(found))
    return 0
