"""`sparse-mlp resume`: go on with an interrupted run; the result is the one of a run that was never interrupted."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from sparse_mlp.cli.of_run import add_run_options
from sparse_mlp.runs.files import CONFIG, check_run, read_config


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("resume", help="go on with an interrupted run", description=__doc__)
    add_run_options(parser, threads=True)
    parser.set_defaults(run=resume)


def resume(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    check_run(arguments.folder)
    config = read_config(arguments.folder / CONFIG)

    from sparse_mlp.cli.train import finish
    from sparse_mlp.kernels.pool import set_threads
    from sparse_mlp.runs.saved import reopen_run

    set_threads(config.run["threads"] if arguments.threads is None else arguments.threads)
    run = reopen_run(arguments.folder, arguments.data_dir)
    if run.trainer.step:
        print(f"resumed at epoch {run.trainer.epoch}, step {run.trainer.step}", file=sys.stderr)
    else:
        print("no checkpoint yet: the run starts again from its seed", file=sys.stderr)
    return finish(run, as_json=arguments.json)
