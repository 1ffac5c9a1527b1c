"""`import sparse_mlp` is quick and pulls in no compiler, no plots, no estimators; the rest comes on first use."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import sparse_mlp

HEAVY = {"numba", "llvmlite", "matplotlib", "sklearn", "scipy", "joblib", "pooch", "torch", "pandas", "networkx"}


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh process holds after a statement."""
    script = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_import_pulls_in_nothing_heavy() -> None:
    assert modules_after("import sparse_mlp") & HEAVY == set()


def test_structures_and_reference_need_numpy_alone() -> None:
    statement = "import sparse_mlp.reference.linear; sparse_mlp.SparseStructure.complete((2, 2)); sparse_mlp.rng"
    assert modules_after(statement) & HEAVY == set()


@pytest.mark.parametrize(
    ("room", "unneeded"),
    [
        ("kernels.dispatch", {"numba", "matplotlib", "sklearn"}),
        ("topology", {"matplotlib", "sklearn"}),
        ("link_prediction", {"numba", "matplotlib", "sklearn"}),
        ("measures", {"numba", "matplotlib", "sklearn"}),
        ("layers", {"matplotlib", "sklearn"}),
        ("models", {"matplotlib", "sklearn"}),
        ("evolution", {"matplotlib", "sklearn"}),
        ("optim", {"matplotlib", "sklearn"}),
        ("training", {"matplotlib", "sklearn"}),
        ("datasets", {"matplotlib", "numba"}),
        ("plotting", {"numba", "sklearn"}),
    ],
)
def test_rooms_stay_apart(room: str, unneeded: set[str]) -> None:
    assert modules_after(f"import sparse_mlp.{room}") & unneeded == set()


def test_import_takes_no_time() -> None:
    """Loosely, for a busy machine: the second import, its byte code written, in less than two seconds."""
    script = "import time; t = time.perf_counter(); import sparse_mlp; print(time.perf_counter() - t)"
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert float(done.stdout) < 2


@pytest.mark.parametrize("name", sorted(sparse_mlp._LAZY))
def test_lazy_names_resolve(name: str) -> None:
    home = importlib.import_module(sparse_mlp._LAZY[name])
    assert getattr(sparse_mlp, name) is getattr(home, name)
    assert name in sparse_mlp.__all__ and name in dir(sparse_mlp)


@pytest.mark.parametrize("room", sparse_mlp._ROOMS)
def test_rooms_resolve(room: str) -> None:
    assert getattr(sparse_mlp, room).__name__ == f"sparse_mlp.{room}"
    assert room in dir(sparse_mlp)


def test_a_room_resolves_without_being_imported_first() -> None:
    statement = "import sys, sparse_mlp; assert 'sparse_mlp.models' not in sys.modules; sparse_mlp.SparseMLP([2, 1])"
    assert "scipy" in modules_after(f"{statement}; sparse_mlp.topology.generate('erdos-renyi', 2, 2, 0.5).by_output")


def test_all_rooms_are_listed() -> None:
    """All folders; the command line alone is not for import."""
    rooms = {path.parent.name for path in Path(sparse_mlp.__file__).parent.glob("*/__init__.py")}
    assert rooms - set(sparse_mlp._ROOMS) == {"cli"}


def test_star_import() -> None:
    names: dict[str, object] = {}
    exec("from sparse_mlp import *", names)
    assert set(sparse_mlp.__all__) <= set(names)


def test_unknown_names_are_attribute_errors() -> None:
    assert not hasattr(sparse_mlp, "no_such_thing")
    with pytest.raises(AttributeError, match="module 'sparse_mlp' has no attribute 'no_such_thing'"):
        _ = sparse_mlp.no_such_thing


def test_type_checkers_see_all_lazy_names() -> None:
    """They read the imports below `if TYPE_CHECKING`; without these every object of the library is `Any` to them."""
    tree = ast.parse(Path(sparse_mlp.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {(node.module, alias.name) for node in imports for alias in node.names}
    rooms = {("sparse_mlp", room) for room in sparse_mlp._ROOMS}
    assert seen == rooms | {(home, name) for name, home in sparse_mlp._LAZY.items()}


def test_dir_lists_what_users_need_once() -> None:
    assert dir(sparse_mlp) == sorted({*sparse_mlp.__all__, *sparse_mlp._ROOMS})
