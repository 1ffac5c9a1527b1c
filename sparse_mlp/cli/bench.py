"""`sparse-mlp bench`: speed and memory beside dense NumPy, PyTorch and what the machine could do."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

SUBJECTS = ("mlp", "motif", "robustness", "topology")
WHAT = (
    "mlp: training steps, epochs and memory; motif: training steps by motif size; robustness: accuracy of perturbed "
    "networks; topology: generators of wirings, link prediction, updates of the wiring"
)
LARGE = "leave out what takes long: the network of 50,000s, the layer of 10,000 x 10,000"


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("bench", help="measure speed and memory", description=__doc__)
    parser.add_argument("subject", choices=SUBJECTS, help=WHAT)
    parser.add_argument("--quick", action="store_true", help="small sizes and few repeats, to see that it works")
    parser.add_argument("--no-large", dest="large", action="store_false", help=LARGE)
    parser.add_argument("--threads", type=int, help="threads to use (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ledger as JSON as well")
    parser.set_defaults(run=bench)


def bench(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    subject = importlib.import_module(f"sparse_mlp.bench.{arguments.subject}")
    ledger = subject.run(
        quick=arguments.quick, json_path=arguments.json, large=arguments.large, threads=arguments.threads
    )
    print(ledger.table())
    return 0
