"""`sparse-mlp evaluate`: how good a trained network is, class by class."""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from sparse_mlp.cli.of_run import add_run_options


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("evaluate", help="evaluate the network of a run on the test samples", description=__doc__)
    add_run_options(parser)
    parser.set_defaults(run=evaluate)


def evaluate(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    from sparse_mlp.cli.report import describe_wiring
    from sparse_mlp.runs.result import about
    from sparse_mlp.runs.saved import load_run
    from sparse_mlp.training import Classification

    run = load_run(arguments.folder, arguments.data_dir)
    facts = about(run)
    assert run.trainer.loss is not None
    outcome = Classification(*run.test, loss=run.trainer.loss).bound("test", run.model).evaluate(run.model)
    right = run.model.predict_scores(run.test[0]).argmax(axis=1) == run.test[1]
    names = run.data.class_names or [str(c) for c in range(run.data.n_classes)]
    classes = {str(name): float(np.mean(right[run.test[1] == c])) for c, name in enumerate(names) if c in run.test[1]}
    if arguments.json:
        print(json.dumps({
            **facts, "epochs": run.trainer.epoch, "test_accuracy": outcome["accuracy"], "test_loss": outcome["loss"],
            "class_accuracy": classes, "out": str(arguments.folder),
        }))  # fmt: skip
        return 0
    print(f"{run.model} after {run.trainer.epoch} epochs, {run.data.provenance}")
    print(f"wiring {describe_wiring(facts)}, rule {facts['rule']}")
    print(f"test accuracy {outcome['accuracy']:.2%}, loss {outcome['loss']:.4f}, {len(right):,} samples\n")
    width = max(len(name) for name in classes)
    print("\n".join(f"{name:<{width}}  {share:7.2%}" for name, share in classes.items()))
    return 0
