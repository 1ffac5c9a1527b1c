"""Extreme values, broken text and marks of editors in files of settings: one line that names them, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_cases import TINY, assert_refused, run, run_json

from sparse_mlp import SparseMLP, SparseMLPClassifier
from sparse_mlp.errors import InvalidInputError
from sparse_mlp.experiments import load_recipe


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[training]\nlearning_rate = 1" + "0" * 400, "learning_rate=1000"),
        ("[training]\nmomentum = 1" + "0" * 400, "momentum=1000"),
        ("[training]\nlearning_rate = inf", "learning_rate=inf"),
        ("[run]\nseed = " + "9" * 5000, "seed = 9999999999… has 5000 digits"),
        ("[run]\nseed = -" + "9" * 4000, "seed=-999"),
        ("a = " + "[" * 5000, "nested too deeply"),
        ('[run]\nout = "\\u0000"', r"out='\x00'"),
        ('[data]\ndata_dir = "a\\u0000b"', r"data_dir='a\x00b'"),
        ("[model]\nhidden = [9223372036854775807]", "layer size=9223372036854775807"),
        ("[model]\nhidden = [2147483648]", "layer size=2147483648"),
        ("[model]\nhidden = [2000000000, 2000000000]", "weights, which needs"),
        ('[rule]\nname = "dense"\n[model]\nhidden = [2000000000]', "weights, which needs"),
        ("[training]\nbatch_size = 1e999", "batch_size=inf"),
    ],
)
def test_an_extreme_value_is_named(capsys, text, words):
    Path("own.toml").write_text(text)
    outcome = run(capsys, "train", "--config", "own.toml")
    assert_refused(outcome, words)
    assert len(outcome[2]) < 1000, "a long value is shortened"
    assert [path.name for path in Path().iterdir()] == ["own.toml"]


def test_a_recipe_that_is_nested_too_deeply():
    Path("own.toml").write_text("title = " + "[" * 5000)
    with pytest.raises(InvalidInputError, match="nested too deeply"):
        load_recipe("own.toml")


def test_sizes_are_checked_before_anything_is_drawn():
    for sizes, words in (([4, 2**31, 3], "2147483648"), ([4, 2**31 - 1, 2**31 - 1, 3], "GiB")):
        with pytest.raises(InvalidInputError, match=words):
            SparseMLP(sizes, density=1.0)
        with pytest.raises(InvalidInputError, match=words):
            SparseMLP.dense(sizes)
        with pytest.raises(InvalidInputError, match=words):
            SparseMLPClassifier(sizes[1:-1], density=1.0).fit([[0.0] * 4, [1.0] * 4, [2.0] * 4], [0, 1, 2])


def test_a_byte_order_mark_does_not_matter(capsys):
    text = "[training]\nepochs = 1\n"
    Path("own.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    words = [word for word in TINY if word not in ("--epochs", "3")]
    assert run_json(capsys, "train", "--config", "own.toml", *words, "--out", "x")["epochs"] == 1
    Path("recipe.toml").write_bytes(b"\xef\xbb\xbf" + RECIPE.encode())
    assert load_recipe("recipe.toml").title == "mine"


def test_another_encoding_is_named(capsys):
    Path("own.toml").write_bytes("[training]\nepochs = 1\n".encode("utf-16"))
    assert_refused(run(capsys, "train", "--config", "own.toml"), "save it as UTF-8")


RECIPE = """
title = "mine"
[methods.SET]
rule.name = "set"
[datasets.digits]
[presets.one]
seeds = [0]
"""
