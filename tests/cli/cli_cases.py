"""How the tests of the command line run it, in this process or in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sparse_mlp.cli import main
from sparse_mlp.training import load_checkpoint

TINY = ["--hidden", "20", "15", "--density", "0.2", "--epochs", "3", "--no-figures", "--threads", "1"]


def run(capsys: Any, *arguments: Any) -> tuple[int, str, str]:
    """Run `sparse-mlp` in this process; return exit code, standard output and standard error."""
    capsys.readouterr()
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as error:
        code = int(error.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def run_json(capsys: Any, *arguments: Any) -> dict[str, Any]:
    """Run a verb with `--json` and return its object: the only line on standard output."""
    code, out, err = run(capsys, *arguments, "--json")
    assert code == 0, err
    lines = out.splitlines()
    assert len(lines) == 1, out
    return json.loads(lines[-1])


def start(*arguments: Any) -> subprocess.Popen[str]:
    """Start `sparse-mlp` in a process of its own."""
    command = [sys.executable, "-c", "from sparse_mlp.cli import main; raise SystemExit(main())", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def final_bytes(folder: Path) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """Return all arrays of a run's checkpoint: values, structures, optimizer state, ages of the links."""
    arrays = load_checkpoint(folder).arrays
    assert "values" in arrays
    return {name: (str(array.dtype), array.shape, array.tobytes()) for name, array in arrays.items()}


def assert_refused(outcome: tuple[int, str, str], words: str) -> None:
    """One line on standard error that holds `words`, nothing on standard output, exit code 2."""
    code, out, err = outcome
    assert (code, out) == (2, ""), err
    assert len(err.splitlines()) == 1, err
    assert words in err
