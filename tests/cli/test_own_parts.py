"""Parts of one's own on the command line: their options, their way into a run folder and out of it again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_cases import TINY, assert_refused, run, run_json

PARTS = '''
from sparse_mlp.evolution import make_rule
from sparse_mlp.layers import Tanh
from sparse_mlp.topology import GENERATORS


def ring(n_in, n_out, links, rng, *, share: float = 0.0):
    """Wire a ring.

    Parameters
    ----------
    share : float
        Of random links.
    """
    return GENERATORS["small-world"](n_in, n_out, links, rng, beta=share)


def half(*, zeta: float = 0.5):
    """Replace half of the links.

    Parameters
    ----------
    zeta : float
        How many.
    """
    return make_rule("set", zeta=zeta)


def plain(structure):
    import numpy as np
    return np.ones(structure.shape)


def soft():
    return Tanh()
'''


@pytest.fixture(autouse=True)
def _parts():
    Path("parts.py").write_text(PARTS)


def test_options_of_own_parts_are_flags_and_go_with_the_run(capsys):
    chosen = ["--rule", "parts.py:half", "--topology", "parts.py:ring", "--activation", "parts.py:soft"]
    outcome = run_json(capsys, "train", *TINY, *chosen, "--zeta", 0.4, "--share", 0.25, "--weights", "kaiming")
    assert outcome["out"] == str(Path("runs/digits-half-ring-seed0"))
    assert (outcome["rule"], outcome["topology"], outcome["links"]) == ("parts.py:half", "parts.py:ring", 466)
    tables = json.loads((Path(outcome["out"]) / "config.json").read_text())
    assert (tables["rule"]["zeta"], tables["wiring"]["share"]) == (0.4, 0.25)
    assert run_json(capsys, "evaluate", outcome["out"])["test_accuracy"] == outcome["test_accuracy"]
    assert run_json(capsys, "resume", outcome["out"])["test_accuracy"] == outcome["test_accuracy"]
    assert "--share FLOAT" in run(capsys, "train", "--topology", "parts.py:ring", "--help")[1]
    measured = run_json(capsys, "measure", "--topology", "parts.py:ring", "--sizes", 8, 8, "--density", 0.5,
                        "--only", "links")  # fmt: skip
    assert measured["network"] == {"links": 32} and measured["options"] == {"share": 0.0}


def test_an_own_predictor_is_an_option_of_the_rule(capsys):
    outcome = run_json(capsys, "train", *TINY, "--rule", "ch3l3", "--predictor", "parts.py:plain", "--out", "run")
    assert outcome["links"] == 466


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rule", "nowhere.py:half"], "there is no file nowhere.py"),
        (["--rule", "parts.py:quarter"], "'quarter' is not in it"),
        (["--rule", "parts.py:half", "--share", 0.1], "option 'share'"),
        (["--rule", "parts.py:half", "--delta-start", 0.1], "taken by rule chts, chtss"),
        (["--rule", "parts.py:half", "--zeta", "most"], "zeta='most'; expected a number"),
        (["--topology", "no_such_module:ring"], "no module 'no_such_module'"),
    ],
)
def test_what_cannot_be_imported_or_is_not_taken_is_refused(capsys, arguments, words):
    code, out, err = run(capsys, "train", *TINY, *arguments, "--out", "run")
    if "--share" in arguments:  # of a part that was not chosen, so nobody knows it
        assert code == 2 and "unrecognized arguments: --share" in err
    else:
        assert_refused((code, out, err), words)
    assert not Path("run").exists()


def test_code_in_a_run_folder_is_warned_of(capsys):
    run_json(capsys, "train", *TINY, "--rule", "parts.py:half", "--out", "run")
    tables = json.loads(Path("run/config.json").read_text())
    Path("run/own.py").write_text(PARTS)
    tables["rule"]["name"] = "run/own.py:half"
    Path("run/config.json").write_text(json.dumps(tables))
    with pytest.warns(UserWarning, match="runs its code"):
        assert run(capsys, "evaluate", "run")[0] == 0
