"""`sparse-mlp resume`: go on with an interrupted run; the result is the one of a run that was never interrupted."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from sparse_mlp.cli.of_run import add_run_options
from sparse_mlp.runs.files import check_run, read_config
from sparse_mlp.runs.run import CONFIG

STRETCHED = (
    "the schedules of learning rate and density are stretched to {0} epochs, and an update that was left out after the "
    "former last epoch stays left out: {0} epochs from the start would give another run"
)


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("resume", help="go on with an interrupted run", description=__doc__)
    add_run_options(parser, threads=True)
    parser.add_argument("--epochs", type=int, metavar="INT", help="train to so many epochs, counted from the first")
    parser.set_defaults(run=resume)


def resume(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    check_run(arguments.folder)
    config = read_config(arguments.folder / CONFIG)

    from sparse_mlp.cli.train import finish
    from sparse_mlp.kernels.pool import set_threads
    from sparse_mlp.runs.locks import writing_into
    from sparse_mlp.runs.saved import reopen_run

    set_threads(config.run["threads"] if arguments.threads is None else arguments.threads)
    with writing_into(arguments.folder, "wait until it is done"):
        run = reopen_run(arguments.folder, arguments.data_dir, arguments.epochs)
        if run.trainer.step:
            print(f"resumed at epoch {run.trainer.epoch}, step {run.trainer.step}", file=sys.stderr)
        else:
            print("no checkpoint yet: the run starts again from its seed", file=sys.stderr)
        if arguments.epochs is not None:
            print(STRETCHED.format(run.config.training["epochs"]), file=sys.stderr)
        return finish(run, as_json=arguments.json)
