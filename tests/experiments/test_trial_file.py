"""The file of trials: lines are whole or gone, a folder belongs to one search."""

from __future__ import annotations

import json
import math

import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.experiments.trial_file import TrialFile

PLAN = {"density": 0.1, "hidden": [3, 4], "configurations": [{}, {"beta": 0.5}]}


def test_trials_are_found_again(tmp_path):
    trials = TrialFile(tmp_path / "search", PLAN)
    assert trials.accuracy == {}
    trials.append(0, 3, 0.5, 1.23456)
    trials.append(1, 3, math.nan, 2)
    assert json.loads((tmp_path / "search" / "search.json").read_text()) == PLAN
    assert (tmp_path / "search" / "trials.jsonl").read_text() == (
        '{"configuration": 0, "epochs": 3, "accuracy": 0.5, "seconds": 1.235}\n'
        '{"configuration": 1, "epochs": 3, "accuracy": null, "seconds": 2}\n'
    )
    again = TrialFile(tmp_path / "search", PLAN).accuracy
    assert again[0, 3] == trials.accuracy[0, 3] == 0.5
    assert math.isnan(again[1, 3]) and math.isnan(trials.accuracy[1, 3])


@pytest.mark.parametrize(
    "torn", ['{"configuration": 1, "ep', "{", '{"configuration": 1, "epochs": 3, "accuracy": 0.5}']
)
def test_a_half_written_line_is_cut_off(tmp_path, torn):
    TrialFile(tmp_path, PLAN).append(0, 3, 0.5, 1)
    path = tmp_path / "trials.jsonl"
    whole = path.read_text()
    path.write_text(whole + torn)
    trials = TrialFile(tmp_path, PLAN)
    assert set(trials.accuracy) == {(0, 3)}
    assert path.read_text() == whole
    trials.append(1, 3, 0.25, 1)
    assert set(TrialFile(tmp_path, PLAN).accuracy) == {(0, 3), (1, 3)}


def test_a_damaged_line_in_the_middle_is_named(tmp_path):
    TrialFile(tmp_path, PLAN)
    (tmp_path / "trials.jsonl").write_text("{\n{}\n")
    with pytest.raises(InvalidInputError, match=r"trials.jsonl with a line that is no trial; .*remove that line"):
        TrialFile(tmp_path, PLAN)
    (tmp_path / "trials.jsonl").write_text("{}\n")
    with pytest.raises(InvalidInputError, match="no trial"):
        TrialFile(tmp_path, PLAN)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"density": 0.2}, "with density=0.1; expected of one with 0.2; take another folder"),
        ({"hidden": [3]}, r"with hidden=\[3, 4\]"),
        ({"seed": 1}, "with seed=null; expected of one with 1"),
        ({"configurations": [{"long": "name" * 40}]}, "of length 2; expected of one with length 1;"),
        ({"hidden": "long" * 40}, r"hidden=\[3, 4\]; expected of one with \"(long){14}lon\.\.\.;"),
    ],
)
def test_a_folder_of_another_search_is_refused(tmp_path, change, words):
    TrialFile(tmp_path, PLAN)
    with pytest.raises(InvalidInputError, match=words):
        TrialFile(tmp_path, {**PLAN, **change})
    assert json.loads((tmp_path / "search.json").read_text()) == PLAN


LONG = [{"beta": k / 10, "border": "wrap"} for k in range(9)]


@pytest.mark.parametrize(
    ("value", "found", "wanted"),
    [
        (LONG[:7], "of length 9", "length 7"),
        ([*LONG[:8], {"beta": 0.25}], r'[8]={"beta": 0.8, "border": "wrap"}', '{"beta": 0.25}'),
        ([*LONG[:8], {"beta": 0.8, "border": "b" * 80}], '[8].border="wrap"', f'"{"b" * 59}...'),
        ([*LONG[:8], {"beta": 0.8, "border": "wrap", "x": "b" * 80}], "[8].x=null", f'"{"b" * 59}...'),
    ],
)
def test_of_long_settings_the_message_says_what_differs(tmp_path, value, found, wanted):
    TrialFile(tmp_path, {"configurations": LONG})
    with pytest.raises(InvalidInputError) as error:
        TrialFile(tmp_path, {"configurations": value})
    told = "configurations" + found if found[0] in "[." else f"configurations {found}"
    assert f"of a search with {told}; expected of one with {wanted}; take another folder" in str(error.value)


def test_long_texts_are_cut_around_their_difference(tmp_path):
    TrialFile(tmp_path, {"provenance": "a" * 200 + "old" + "b" * 200})
    with pytest.raises(InvalidInputError) as error:
        TrialFile(tmp_path, {"provenance": "a" * 200 + "new" + "b" * 200})
    other, own = (f"...{'a' * 15}{word}{'b' * 42}..." for word in ("old", "new"))
    assert f"with provenance={other}; expected of one with {own};" in str(error.value)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InvalidInputError, match=r"with files, but without search.json"):
        TrialFile(tmp_path, PLAN)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_in_its_place_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InvalidInputError, match=r"notes.txt, a file; expected a folder"):
        TrialFile(tmp_path / "notes.txt", PLAN)


@pytest.mark.parametrize("text", ["", "{", "3", "null"])
def test_a_damaged_plan_is_named(tmp_path, text):
    (tmp_path / "search.json").write_text(text)
    with pytest.raises(InvalidInputError, match=r"search.json damaged; expected as a search wrote it"):
        TrialFile(tmp_path, PLAN)
