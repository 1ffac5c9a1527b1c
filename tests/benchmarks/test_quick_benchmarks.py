"""The quick mode of each benchmark runs, judges nothing, and leaves figures that belong together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import NAMES, main
from benchmarks.processes import ROOT

# What each one claims, as far as it does not depend on the threads.
CLAIMED = {
    "mlp": "residual blocks / plain, threads: 1",
    "update": "update by set",
    "compile": "CPU seconds of network and first gradient",
    "growth": "memory per link of the largest",
    "topology": "dendritic, 16 times the places",
    "motif": "ours, block, m = 4 / single links",
    "conv": "ours / roofline, density 0.5, threads: 1",
    "robustness": "whole curves, all five perturbations",
}
AGAINST_PYTORCH_ALONE = {"transformer", "vgg"}


def quick(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    file = tmp_path / "found.json"
    assert main([*arguments, "--quick", "--threads", "1", "--json", str(file)]) == 0
    return json.loads(file.read_text())


@pytest.mark.parametrize("name", NAMES)
def test_each_benchmark_runs(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = quick(tmp_path, name)
    assert list(found) == [name]
    claims = {claim["name"]: claim for claim in found[name]["claims"]}
    assert {claim["verdict"] for claim in claims.values()} <= {"not judged"}
    assert name in AGAINST_PYTORCH_ALONE or claims[CLAIMED[name]]["value"] > 0
    assert all(0 < row["low"] <= row["value"] <= row["high"] for row in found[name]["rows"])
    printed = capsys.readouterr().out
    assert f"benchmark: {name}, " in printed and "QUICK: " in printed


def test_old_code_takes_part(tmp_path: Path) -> None:
    """Ours compared with itself: the figures lie around 1."""
    found = quick(tmp_path, "motif", "--against", str(ROOT))["motif"]
    assert {row["name"] for row in found["rows"]} >= {"ours", "old", "ours, shared, m = 2", "old, shared, m = 2"}
    ratios = {fact["name"]: fact for fact in found["facts"] if "new / old" in fact["name"]}
    assert len(ratios) == 5 and all(fact["low"] <= fact["value"] <= fact["high"] for fact in ratios.values())


def test_wrong_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, word in (["toaster"], "toaster"), (["mlp", "--against", "no-such-commit"], "no-such-commit"):
        with pytest.raises(SystemExit):
            main(arguments)
        assert word in capsys.readouterr().err
