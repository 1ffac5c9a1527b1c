"""`sparse-mlp evaluate`: how good a trained network is, class by class, or by BLEU."""

from __future__ import annotations

import argparse
import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.cli.of_run import add_run_options

if TYPE_CHECKING:
    from sparse_mlp.runs.run import Run


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

    run = load_run(arguments.folder, arguments.data_dir)
    facts = about(run)
    outcome = run.tasks.test.bound("test", run.model).evaluate(run.model)
    found, lines = (_by_class if facts["translates"] is False else _by_bleu)(run)
    if arguments.json:
        print(json.dumps({
            **facts, "epochs": run.trainer.epoch, "test_accuracy": outcome["accuracy"], "test_loss": outcome["loss"],
            **found, "out": str(arguments.folder),
        }))  # fmt: skip
        return 0
    print(f"{run.model} after {run.trainer.epoch} epochs, {run.data.provenance}")
    print(f"wiring {describe_wiring(facts)}, rule {facts['rule']}")
    print(f"test accuracy {outcome['accuracy']:.2%}, loss {outcome['loss']:.4f}, {lines[0]}\n")
    print("\n".join(lines[1:]))
    return 0


def _by_class(run: Run) -> tuple[dict[str, Any], list[str]]:
    """Return the accuracy of each class, and what is printed."""
    data, (x, y) = run.samples, run.test
    right = run.model.predict_scores(x).argmax(axis=1) == y
    names = data.class_names or [str(c) for c in range(data.n_classes)]
    classes = {str(name): float(np.mean(right[y == c])) for c, name in enumerate(names) if c in y}
    width = max(len(name) for name in classes)
    lines = [f"{name:<{width}}  {share:7.2%}" for name, share in classes.items()]
    return {"class_accuracy": classes}, [f"{len(right):,} samples", *lines]


def _by_bleu(run: Run) -> tuple[dict[str, Any], list[str]]:
    """Return BLEU of the translations of the test sentences, and what is printed."""
    from sparse_mlp.experiments.measurements import measure_translation

    data = run.sentences.test
    size = f"{len(data.pairs.target):,} words of {len(data):,} sentences"
    if find_spec("sacrebleu") is None:
        remedy = "BLEU needs sacrebleu: pip install 'sparse_mlp[translation]'"
        return {"bleu_tokens": None, "bleu": None}, [size, remedy]
    found = measure_translation(run)
    lines = [
        size,
        f"BLEU of tokens  {found['bleu_tokens']:.2f}  {found['signature']}",
        f"BLEU of text    {found['bleu']:.2f}  {found['signature_of_text']}",
        f"beam {found['beam']}, length penalty alpha {found['alpha']:g}",
    ]
    for example in found["examples"]:
        lines += ["", *(f"{name:<12} {text}" for name, text in example.items())]
    return found, lines
