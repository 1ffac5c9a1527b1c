"""The options of a tutorial, and what its `--help` says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sparse_mlp.cli.tutorial import begin

TEXT = "# %% [markdown]\n# # 99 A tutorial\n#\n# What it is about.\n#\n# It takes a second.\n\n# %%\nimport numpy\n"


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Return a function that begins a tutorial with options as from a shell."""
    script = tmp_path / "99_a_tutorial.py"
    script.write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)

    def start(*words, **settings):
        monkeypatch.setattr(sys, "argv", [str(script), *map(str, words)])
        return begin(**settings)

    return start


def test_without_options_pictures_go_to_a_temporary_folder(started):
    options = started()
    assert not options.fast and options.figures.is_dir() and not list(options.figures.iterdir())
    options.figures.rmdir()


def test_options_are_read(started, tmp_path):
    options = started("--fast", "--figures", tmp_path / "a" / "b", "--data-dir", tmp_path, data="mnist")
    assert (options.fast, options.figures, options.data_dir) == (True, tmp_path / "a" / "b", str(tmp_path))
    assert options.figures.is_dir()


def test_help_is_the_first_cell_and_names_the_options(started, capsys):
    with pytest.raises(SystemExit, match="0"):
        started("--help", fast="fewer runs", data="mnist")
    told = capsys.readouterr().out
    assert "\n99 A tutorial\n\nWhat it is about.\n\nIt takes a second.\n\noptions:" in told and "numpy" not in told
    assert "fewer runs" in told and "--figures" in told and "files of mnist" in told


def test_only_a_tutorial_on_data_takes_a_folder_of_them(started, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        started("--data-dir", tmp_path)
    assert "unrecognized arguments: --data-dir" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_refused_before_anything_is_made(started, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        started("--data-dir", tmp_path / "no", "--figures", tmp_path / "figures", data="mnist")
    assert "a folder that exists" in capsys.readouterr().err
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize("words", [["--fasst"], ["--fas"]])
def test_a_mistyped_option_is_refused_but_not_in_a_notebook(started, monkeypatch, words):
    with pytest.raises(SystemExit, match="2"):
        started(*words)
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    monkeypatch.delattr(sys.modules["__main__"], "__file__")
    options = started(*words, data="mnist")
    assert not options.fast and options.data_dir is None
    options.figures.rmdir()


def test_a_script_without_text_has_options_all_the_same(started, capsys):
    Path(sys.modules["__main__"].__file__).write_text("import numpy\n")
    with pytest.raises(SystemExit, match="0"):
        started("--help")
    assert "--fast" in capsys.readouterr().out
