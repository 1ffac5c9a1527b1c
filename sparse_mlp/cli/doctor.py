"""`sparse-mlp doctor`: what this installation uses, and why."""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = (
    "numpy", "scipy", "numba", "matplotlib", "scikit-learn", "joblib", "tqdm", "pooch", "networkx", "filelock",
    "distributed", "torch",
)  # fmt: skip


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("doctor", help="say what is used here, and why", description=__doc__)
    parser.add_argument("--warm", action="store_true",
                        help="compile now what training needs, about two minutes, so no run has to wait")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=doctor)


def doctor(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    from sparse_mlp.runs.warm_up import warm_up

    findings = describe_environment()
    if arguments.warm:
        seconds = warm_up(("float32", "float64"), progress=True)
        findings["compiled in"] = f"{seconds:.1f} s"
    if arguments.json:
        print(json.dumps(findings))
        return 0
    width = max(map(len, findings))
    print("\n".join(f"{name:<{width}}  {value}" for name, value in findings.items()))
    return 0


def describe_environment() -> dict[str, str]:
    """Return what is used here, and why, as one line each."""
    import sparse_mlp
    from sparse_mlp.kernels.dispatch import choose_backend
    from sparse_mlp.kernels.threads import describe_threads

    backend = choose_backend()
    return {
        "sparse_mlp": sparse_mlp.__version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        **{name: _version(name) for name in PACKAGES},
        "backend": f"{backend.name}: {backend.reason}",
        **describe_threads(),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
