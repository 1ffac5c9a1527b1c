"""Parts of one's own are imported by name, or it is said why they cannot be."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparse_mlp import plugins
from sparse_mlp.errors import InvalidInputError

GOOD = "SIZE = 3\n\ndef banded(n):\n    return n + SIZE\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with modules of one's own, forgotten again at the end."""
    modules = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_part.py").write_text(GOOD)
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package" / "inner.py").write_text(GOOD)
    (tmp_path / "broken_part.py").write_text("raise RuntimeError('out of luck')\n")
    (tmp_path / "needing_part.py").write_text("import there_is_no_such_module\n")
    yield tmp_path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@pytest.mark.parametrize("text", ["own_part:banded", "own_package.inner:banded", "own_part.py:banded"])
def test_a_part_is_imported_by_its_name(folder: Path, text: str) -> None:
    before = list(sys.path)
    part = plugins.load(text, "topology")
    assert part(4) == 7
    assert plugins.load(text, "topology") is part
    assert pickle.loads(pickle.dumps(part)) is part
    assert sys.path == before


def test_a_file_is_imported_by_its_whole_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = folder / "elsewhere"
    other.mkdir()
    monkeypatch.chdir(other)
    assert plugins.load(f"{folder / 'own_part.py'}:banded", "topology")(1) == 4
    assert plugins.load("../own_part.py:banded", "topology")(1) == 4


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("own_part", "module:name"),
        ("own_part:", "module:name"),
        (":banded", "module:name"),
        ("own_part:two words", "module:name"),
        ("missing_part:banded", "no module 'missing_part'"),
        ("own_package.missing:banded", "no module 'own_package.missing'"),
        ("missing.py:banded", "no file missing.py"),
        ("own_part:bended", "'bended' is not in it"),
        ("own_part.py:bended", "'bended' is not in it"),
        ("broken_part:banded", "RuntimeError: out of luck"),
        ("broken_part.py:banded", "RuntimeError: out of luck"),
        ("needing_part:banded", "there_is_no_such_module"),
    ],
)
def test_what_went_wrong_is_said(folder: Path, text: str, named: str) -> None:
    before = list(sys.path)
    with pytest.raises(InvalidInputError, match="found topology=") as caught:
        plugins.load(text, "topology")
    assert named in str(caught.value)
    assert sys.path == before


def test_find_takes_a_known_name_a_module_or_the_part_itself(folder: Path) -> None:
    known = {"ring": len}
    assert plugins.find("topology", "ring", known) is len
    assert plugins.find("topology", sum, known) is sum
    assert plugins.find("topology", "own_part:banded", known)(1) == 4
    with pytest.raises(InvalidInputError, match="did you mean 'ring'"):
        plugins.find("topology", "rings", known)


def test_the_source_is_found_without_running_it(folder: Path) -> None:
    assert plugins.source("broken_part:banded") == folder / "broken_part.py"
    assert plugins.source("broken_part.py:banded") == folder / "broken_part.py"
    assert plugins.source("own_package.inner:banded") == folder / "own_package" / "inner"
    assert plugins.source("missing_part:banded") is None and plugins.source("set") is None
