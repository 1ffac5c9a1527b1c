"""The README's examples do what it says; the documents name files that exist and commands that are understood."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import re
import shlex
from pathlib import Path

import pytest

from sparse_mlp import cli
from sparse_mlp.runs.config import make_config, refuse_unused

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


COMMANDS = sorted(
    {
        line.split("#")[0].strip()
        for path in DOCUMENTS
        for block in re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith("sparse-mlp ") and "--help" not in line
    }
)
PLACEHOLDERS = {
    "DATASET": "mnist", "RULE": "chts", "WIRING": "dendritic", "TOPOLOGY": "dendritic", "RATE": "0.05",
    "SEED": "0", "BATCH": "40", "EPOCHS": "30", "RUN": "runs/mine", "ADDRESS": "tcp://host:8786",
    "FILE.csv": str(README),
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_command_is_one_that_the_command_line_takes(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    verb, *words = [PLACEHOLDERS.get(word, word) for word in shlex.split(command)[1:]]
    module, understood = importlib.import_module(f"sparse_mlp.cli.{verb}"), []

    def instead(arguments: argparse.Namespace) -> int:
        if verb == "train":
            given = module.settings_options().given(arguments)
            refuse_unused(given, make_config(given))
        understood.append(arguments)
        return 0

    monkeypatch.setattr(module, verb, instead)
    assert cli.main([verb, *words]) == 0
    assert len(understood) == 1
