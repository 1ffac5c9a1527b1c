"""``python -m benchmarks NAME``: measure speed and memory; see the README in this folder."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks.processes import old_tree
from benchmarks.run import Run

NAMES = {
    "mlp": "training steps next to PyTorch, SciPy, NumPy, scikit-learn and the machine's limits",
    "update": "topology updates by each rule, and epochs, as the Trainer pays for them",
    "compile": "the first gradient and the first training run from an empty kernel cache",
    "growth": "time and memory per link of networks of up to 47 million links",
    "topology": "generators of wirings, and links chosen by their scores",
    "motif": "training steps of motif layers next to single links",
    "conv": "both passes of sparse convolutions next to PyTorch's dense ones",
    "vgg": "a whole training step of VGG16 next to PyTorch's dense network",
    "transformer": "a whole training step of a Transformer next to PyTorch's dense one",
    "robustness": "accuracy of perturbed networks",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark or all, print each report and write them as JSON."""
    described = "\n".join(f"  {name:12}{what}" for name, what in NAMES.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=f"{__doc__}\n\n{described}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("name", choices=("all", *NAMES), metavar="NAME", help=f"one of all, {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="tiny jobs, to see within seconds that it works")
    parser.add_argument("--threads", type=int, metavar="N", help="default: two at most")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the reports as JSON as well")
    parser.add_argument("--against", metavar="COMMIT_OR_FOLDER", help="time this older code in turns with ours")
    parser.add_argument("--old-python", metavar="PYTHON", help="interpreter of the older code (default: the same)")
    options = parser.parse_args(arguments)
    reports = {}
    with ExitStack() as stack:
        try:
            old = stack.enter_context(old_tree(options.against, options.old_python)) if options.against else None
        except ValueError as error:
            parser.error(str(error))
        for name in NAMES if options.name == "all" else [options.name]:
            with Run(name, quick=options.quick, threads=options.threads, old=old) as run:
                importlib.import_module(f"benchmarks.{name}").benchmark(run)
            print(run.report.text(), flush=True)
            reports[name] = vars(run.report)
            if options.json:  # after each one, so that what is measured is not lost
                options.json.write_text(json.dumps(reports, indent=1, allow_nan=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
