"""Run ids: the same for the same bytes, another for other bytes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import RULES
from sparse_mlp.experiments import make_run_id, plan_run
from sparse_mlp.experiments.planned_run import NOT_IN_RUN_ID
from sparse_mlp.runs.config import make_config, merge
from sparse_mlp.runs.places import options_anywhere
from sparse_mlp.runs.tables import TABLES
from sparse_mlp.runs.values import kinds_of, value_of
from sparse_mlp.topology import TOPOLOGIES

GIVEN = {
    "data": {"dataset": "mnist"}, "rule": {"name": "chts", "zeta": 0.2, "alpha": 0.5}, "model": {"hidden": [30, 20]},
    "wiring": {"density": 0.1, "topology": "correlated"}, "run": {"seed": 4},
    "training": {"epochs": 7, "batch_size": 64, "learning_rate": 0.05, "weight_decay": 0.0},
}  # fmt: skip


def test_an_id_says_data_set_rule_and_seed():
    assert re.fullmatch(r"mnist-chts-4-[0-9a-f]{12}", make_run_id(GIVEN))
    assert plan_run(GIVEN, "CHTs").run_id == make_run_id(GIVEN)


@given(st.permutations(sorted(GIVEN)), st.permutations(sorted(GIVEN["training"])))
def test_the_order_of_names_does_not_matter(tables, options):
    other = {table: GIVEN[table] for table in tables}
    other["training"] = {name: GIVEN["training"][name] for name in options}
    assert make_run_id(other) == make_run_id(GIVEN)


@given(
    st.fixed_dictionaries({}, optional={
        "out": st.text(max_size=5), "threads": st.integers(1, 8), "figures": st.booleans(),
        "checkpoint_every": st.integers(1, 9), "input_strengths": st.booleans(),
    }),
    st.text(max_size=5),
)  # fmt: skip
def test_what_changes_no_byte_does_not_matter(run, data_dir):
    assert set(run) <= set(NOT_IN_RUN_ID["run"])
    assert make_run_id(merge(GIVEN, {"run": run, "data": {"data_dir": data_dir}})) == make_run_id(GIVEN)


def test_defaults_may_be_written_out_or_left_out():
    assert make_run_id(make_config({}).tables) == make_run_id({})
    assert make_run_id({"wiring": {"density": 1}}) == make_run_id({"wiring": {"density": 1.0}})
    assert make_run_id({"rule": {"zeta": 0.3}}) == make_run_id({})


def test_the_backend_that_is_chosen_counts(monkeypatch):
    named = make_run_id({"run": {"backend": "scipy"}})
    assert named != make_run_id({"run": {"backend": "numba"}})
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "scipy")
    assert make_run_id({}) == named


@given(st.lists(st.integers(0, 2**31), min_size=2, max_size=2, unique=True))
def test_other_seeds_have_other_ids(seeds):
    one, other = (make_run_id(merge(GIVEN, {"run": {"seed": seed}})) for seed in seeds)
    assert one != other


BASES = [
    {"data": {"validation_fraction": 0.1}}, {"data": {"dataset": "t.csv", "dataset_sha256": {"t.csv": "0" * 64}}},
    {"training": {"optimizer": "adam"}}, {"model": {"name": "vgg"}},
    {"model": {"name": "transformer"}, "data": {"dataset": "multi30k"}},
    *({"rule": {"name": rule}} for rule in RULES), *({"wiring": {"topology": name}} for name in TOPOLOGIES),
    *({"training": {"schedule": name}} for name in ("constant", "cosine", "step")),
]  # fmt: skip
WORDS = [
    "mnist", "sigmoid", "he-uniform", "block", "scipy", "adam", "cosine", "er", "dendritic", "mnist", "uniform",
    "bounded", "input", "global", "layer", "rlr", "linear", "magnitude", "ch2-l3n", "ch3-l3p", "hard", "soft",
    "random", "index", "zero", "cubic", "csv", "mean", "channel", "dense", "de-en", "words", "ready", "fr-en", "en-fr",
    "sentencepiece",
]  # fmt: skip
VALUES = [*WORDS, ["a"], ["b", "c"], 2, 5, 0.3, 0.7, True, False, [40, 30], [0.2, 0.6]]
OPTIONS = [
    (table, name) for table in TABLES for name in options_anywhere(table)
    if name not in NOT_IN_RUN_ID.get(table, ()) and (table, name) != ("model", "name")
]  # fmt: skip


@pytest.mark.parametrize(("table", "name"), OPTIONS, ids=lambda part: part)
def test_each_option_that_changes_bytes_changes_the_id(table, name):
    option, tried = options_anywhere(table)[name], 0
    assert kinds_of(option)
    for base in BASES:
        for value in VALUES:
            try:
                value = value_of(option, value)
                before = make_config(base).tables[table].get(name)
                other = make_run_id(merge(base, {table: {name: value}}))
            except InvalidInputError:
                continue  # not an option of this rule or topology, or not such a value
            if value == before or (table == "wiring" and base.get("rule", {}).get("name") == "dense"):
                continue
            tried += 1
            assert other != make_run_id(base), (base, value)
        if tried > 3:
            break
    assert tried
