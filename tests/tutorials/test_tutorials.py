"""Each tutorial runs from any folder, finds its own numbers right, and leaves pictures only where it should."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "tutorials"
TUTORIALS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
ON_REAL_DATA = [path for path in TUTORIALS if "in available(" in path.read_text()]
README = FOLDER.parent / "README.md"
LENGTH = r"^# It takes (?:about )?(\d+ s|\d+ min)\b"
SLOWING = ("NUMBA_DISABLE_JIT", "SPARSE_MLP_BACKEND")  # a tutorial shows the library as a reader gets it


def test_there_are_tutorials_and_each_has_its_own_number():
    numbers = [path.name[:2] for path in TUTORIALS]
    assert numbers[:4] == ["01", "02", "03", "04"] and ON_REAL_DATA
    assert len(set(numbers)) == len(numbers)


@pytest.mark.slow
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_it_runs_and_asserts_its_numbers(tutorial, tmp_path):
    output = run_in_a_folder_of_its_own(tutorial, tmp_path, SPARSE_MLP_DATA=str(tmp_path / "no data"))
    assert output.endswith("All numbers are as stated.\n")


@pytest.mark.slow
@pytest.mark.parametrize("tutorial", ON_REAL_DATA, ids=lambda path: path.stem)
def test_its_numbers_hold_on_the_real_data_as_on_the_stand_in(tutorial, tmp_path, real_data_dir):
    output = run_in_a_folder_of_its_own(tutorial, tmp_path, SPARSE_MLP_DATA=str(real_data_dir.resolve()))
    assert "SYNTHETIC" not in output
    assert output.endswith("All numbers are as stated.\n")


def run_in_a_folder_of_its_own(tutorial, tmp_path, **settings):
    figures, elsewhere = tmp_path / "figures", tmp_path / "elsewhere"
    elsewhere.mkdir()
    before = set(FOLDER.rglob("*"))
    inherited = {name: value for name, value in os.environ.items() if name not in SLOWING}
    run = subprocess.run(
        [sys.executable, str(tutorial), "--fast", "--figures", str(figures)],
        cwd=elsewhere, env={**inherited, "MPLBACKEND": "Agg", "PYTHONUTF8": "1", **settings},
        capture_output=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, f"{run.stdout[-2000:]}\n{run.stderr[-4000:]}"
    pictures = sorted(figures.iterdir())
    assert pictures and all(path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" for path in pictures)
    assert not list(elsewhere.iterdir())
    assert set(FOLDER.rglob("*")) == before
    return run.stdout


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_it_is_in_percent_format_and_ends_by_asserting(tutorial):
    text = tutorial.read_text()
    cells = re.split(r"^# %%", text, flags=re.MULTILINE)
    assert cells[0] == ""
    prose = [cell for cell in cells[1:] if cell.startswith(" [markdown]\n")]
    code = [cell for cell in cells[1:] if not cell.startswith(" [markdown]")]
    assert all(line.startswith("#") for cell in prose for line in cell.strip().splitlines()[1:])
    assert cells[1] == prose[0] and f"# # {tutorial.name[:2]} " in prose[0]
    assert cells[-1] == code[-1] and code[-1].count("assert ") >= 3
    assert text.count("ou should see") >= 3


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_it_says_how_long_it_takes_and_which_data_it_needs(tutorial):
    text = tutorial.read_text(encoding="utf-8")
    header = text.partition("# %%\n")[0]
    length = re.search(LENGTH, header, re.MULTILINE)[1]
    assert f"({tutorial.relative_to(FOLDER.parent).as_posix()}) ({length})" in README.read_text(encoding="utf-8")
    (begun,) = re.findall(r"^options = begin\((.*)\)$", text, re.MULTILINE)
    assert ("data=" in begun) == ("--data-dir" in header) == (tutorial in ON_REAL_DATA)
    assert sum(data in header for data in ("needs no data", "come with scikit-learn", "--data-dir")) == 1
    assert ("needs no data" in header) == (re.search(r"load\(\"|\"digits\"|load_iris|\"multi30k\"", text) is None)


def test_help_comes_at_once_and_a_mistyped_option_ends_it():
    command = [sys.executable, str(ON_REAL_DATA[0])]
    shown = subprocess.run([*command, "--help"], capture_output=True, encoding="utf-8", timeout=60, check=True).stdout
    assert "07 Cannistraci-Hebb training on Fashion-MNIST" in shown and "It takes" in shown and "--data-dir" in shown
    run = subprocess.run([*command, "--fasst"], capture_output=True, text=True, timeout=60)
    assert run.returncode == 2 and "--fasst" in run.stderr
