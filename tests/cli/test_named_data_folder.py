"""`--data-dir` that is no folder is an error of one line with every verb, and nothing is written or lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_cases import TINY, run


@pytest.mark.parametrize(
    "words",
    [
        ["data", "list"], ["data", "check", "digits"], ["train", *TINY, "--out", "run"],
        ["campaign", "robustness", "--preset", "smoke", "--store", "store"],
        ["reproduce", "robustness-3", "--preset", "smoke", "--store", "store"],
        ["reproduce", "robustness-3", "--preset", "smoke", "--store", "store", "--draw-only"],
        ["search", "--topology", "receptive-field", "--out", "found"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_verbs_without_a_run(capsys, words):
    refused(run(capsys, *words, "--data-dir", "nowhere"))
    assert not [path for path in Path.cwd().rglob("*") if path.is_file()]


@pytest.mark.parametrize("verb", ["evaluate", "features", "robustness", "resume"])
def test_verbs_of_a_run(capsys, finished, verb):
    folder, _ = finished
    before = {path.name: path.stat().st_mtime_ns for path in Path(folder).iterdir()}
    for place in ("nowhere", ""):
        refused(run(capsys, verb, folder, "--data-dir", place))
    assert before == {path.name: path.stat().st_mtime_ns for path in Path(folder).iterdir()}


def refused(outcome):
    code, out, err = outcome
    assert (code, out) == (2, ""), err
    assert len(err.splitlines()) == 1 and "expected a folder that exists" in err
