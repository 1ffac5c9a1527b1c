"""The README's examples do what it says, and the documents name files that exist."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize(("code", "output"), EXAMPLES)
def test_example_prints_what_the_readme_says(code: str, output: str) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    number = re.compile(r"0\.\d+")  # an accuracy: another processor may round the training differently
    assert number.sub("#", printed.getvalue()) == number.sub("#", output)
    for got, said in zip(number.findall(printed.getvalue()), number.findall(output), strict=True):
        assert float(got) == pytest.approx(float(said), abs=0.015)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_files_that_it_names_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = [path.parent / link for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)]
    named = re.findall(r"`((?:[\w.-]+/)+\w+\.py)`", text)
    sources = [
        next((base / name for base in (ROOT / "sparse_mlp", ROOT) if (base / name).exists()), Path(name))
        for name in named
    ]
    assert [str(target) for target in [*links, *sources] if not target.exists()] == []
