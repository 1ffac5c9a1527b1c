"""The README's examples do what it says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", README.read_text(), re.DOTALL)


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


def test_the_files_that_it_names_exist() -> None:
    text = README.read_text()
    named = re.findall(r"\]\(([^)#]+)\)", text)
    named += [f"sparse_mlp/{path}" for path in re.findall(r"`((?:\w+/)*\w+\.py)`", text)]
    missing = [path for path in named if not (README.parent / path).exists()]
    assert not missing
