"""BLEU: stored cases, the formula by hand, signatures, and a clear word where the library is missing."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.translation.bleu import bleu, bleu_tokens

pytest.importorskip("sacrebleu")
STORED = Path(__file__).parents[2] / ".." / "shared" / "reference_cases" / "bleu_cases.json"


@pytest.fixture(scope="module")
def stored() -> list[dict[str, Any]]:
    if not STORED.is_file():
        pytest.skip("the stored cases of BLEU are not here")
    return json.loads(STORED.read_text("utf-8"))


@pytest.mark.parametrize("case", range(9))
def test_stored_cases(stored: list[dict[str, Any]], case: int) -> None:
    assert len(stored) == 9
    wanted = stored[case]
    found = bleu_tokens(wanted["hypotheses"], wanted["references"])
    assert found.score == pytest.approx(wanted["bleu"], abs=1e-9)
    assert list(found.matches) == wanted["matches"] and list(found.totals) == wanted["totals"]
    assert found.brevity_penalty == pytest.approx(wanted["brevity_penalty"])
    assert (found.n_words, found.n_reference_words) == (wanted["hyp_len"], wanted["ref_len"])
    assert bleu(wanted["hypotheses"], wanted["references"]).score == pytest.approx(wanted["bleu_13a"], abs=1e-9)


def test_by_hand() -> None:
    # 5 of 6 words, 3 of 5 pairs, 2 of 4 triples, 1 of 3 quadruples; nothing is too short.
    found = bleu_tokens(["the cat sat on a mat"], ["The cat sat on the mat"])
    assert found.matches == (5, 3, 2, 1) and found.totals == (6, 5, 4, 3)
    assert found.score == pytest.approx(100 * math.prod([5 / 6, 3 / 5, 2 / 4, 1 / 3]) ** 0.25)


def test_capitals_and_marks() -> None:
    pair = ["ein mann fährt rad."], ["Ein Mann fährt Rad."]
    assert bleu(*pair, lower_case=True).score == pytest.approx(100)
    assert bleu(*pair).score < 50
    assert bleu(*pair).n_words == 5 and bleu_tokens(*pair).n_words == 4


def test_signatures() -> None:
    pair = ["a b c d"], ["a b c d"]
    assert bleu_tokens(*pair).signature.startswith("nrefs:1|case:lc|eff:no|tok:none|smooth:exp|version:")
    assert bleu(*pair).signature.startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")
    assert bleu(*pair, lower_case=True).signature.startswith("nrefs:1|case:lc|eff:no|tok:13a|")
    assert str(bleu(*pair)).startswith("BLEU 100.00 (nrefs:1|")


@pytest.mark.parametrize(("hypotheses", "references"), [([], []), (["a"], []), (["a", "b"], ["a"])])
def test_what_is_refused(hypotheses: list[str], references: list[str]) -> None:
    with pytest.raises(InvalidInputError, match=f"{len(hypotheses)} hypotheses and {len(references)} references"):
        bleu(hypotheses, references)


def test_without_the_library_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(InvalidInputError, match=r"pip install 'sparse_mlp\[translation\]'"):
        bleu_tokens(["a"], ["a"])
