"""Messages say found → wanted → remedy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sparse_mlp import errors
from sparse_mlp.errors import InvalidInputError, SparseMLPError


def test_describe() -> None:
    assert errors.describe("x=1", "2") == "found x=1; expected 2"
    assert errors.describe("x=1", "2", "add 1") == "found x=1; expected 2; add 1"


def test_invalid_is_an_error_to_be_raised() -> None:
    error = errors.invalid("x=1", "2", "add 1")
    assert type(error) is InvalidInputError
    assert str(error) == "found x=1; expected 2; add 1"


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        (InvalidInputError, ValueError),
        (errors.StructureError, InvalidInputError),
        (errors.DataFileError, SparseMLPError),
        (errors.CheckpointError, SparseMLPError),
        (errors.DivergenceError, ArithmeticError),
    ],
)
def test_one_except_clause_catches_all(kind: type[Exception], also: type[Exception]) -> None:
    with pytest.raises(SparseMLPError):
        raise kind("x")
    with pytest.raises(also):
        raise kind("x")


def test_the_sentence_of_the_design() -> None:
    with pytest.raises(InvalidInputError) as caught:
        errors.check_fraction("density", 1.2)
    assert str(caught.value) == "found density=1.2; expected a number in (0, 1]; did you pass a percentage?"


@pytest.mark.parametrize(
    ("zero", "one", "interval"),
    [(False, True, "(0, 1]"), (True, True, "[0, 1]"), (True, False, "[0, 1)"), (False, False, "(0, 1)")],
)
def test_borders_of_fractions(zero: bool, one: bool, interval: str) -> None:
    for value, allowed in ((0, zero), (1, one), (0.5, True), (-1e-9, False), (1 + 1e-9, False)):
        if allowed:
            checked = errors.check_fraction("rate", value, zero=zero, one=one)
            assert checked == value and type(checked) is float
            continue
        with pytest.raises(InvalidInputError) as caught:
            errors.check_fraction("rate", value, zero=zero, one=one)
        assert f"rate={value!r}; expected a number in {interval}" in str(caught.value)


@pytest.mark.parametrize("value", [1, 0, -3, 250, 100.5])
def test_the_percentage_remedy_is_for_percentages_only(value: float) -> None:
    with pytest.raises(InvalidInputError) as caught:
        errors.check_fraction("rate", value, one=False)
    assert "percentage" not in str(caught.value)


@pytest.mark.parametrize("value", [None, "0.5", True, 1j, math.nan, math.inf, [0.5], np.array([0.5])])
def test_what_is_no_fraction(value: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"expected a number in \(0, 1\]"):
        errors.check_fraction("density", value)


@pytest.mark.parametrize("value", [np.float32(0.25), np.float64(0.25)])
def test_numpy_fractions_become_floats(value: Any) -> None:
    checked = errors.check_fraction("density", value)
    assert checked == 0.25 and type(checked) is float


@pytest.mark.parametrize("value", [3, np.int32(3), np.uint8(3)])
def test_integers_become_int(value: Any) -> None:
    checked = errors.check_integer("n", value)
    assert checked == 3 and type(checked) is int


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "3", None, np.float64(3)])
def test_what_is_no_count(value: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        errors.check_integer("n", value)
    assert str(caught.value) == f"found n={value!r}; expected a whole number, 1 or more"


def test_minimum_of_integers() -> None:
    assert errors.check_integer("n", 0, minimum=0) == 0
    with pytest.raises(InvalidInputError, match="a whole number, 5 or more"):
        errors.check_integer("n", 4, minimum=5)


def test_numbers() -> None:
    checked = errors.check_number("lr", np.float32(0.5))
    assert checked == 0.5 and type(checked) is float
    assert errors.check_number("lr", 0) == 0
    assert errors.check_number("lr", -2, minimum=-2) == -2


@pytest.mark.parametrize("value", [-1e-9, math.nan, math.inf, True, "1", None])
def test_what_is_no_number(value: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        errors.check_number("lr", value)
    assert str(caught.value) == f"found lr={value!r}; expected a finite number of at least 0"


def test_strict_minimum() -> None:
    assert errors.check_number("lr", 1e-9, strict=True) == 1e-9
    with pytest.raises(InvalidInputError, match="lr=0; expected a finite number above 0"):
        errors.check_number("lr", 0, strict=True)


def test_choices() -> None:
    assert errors.check_choice("rule", "set", ["set", "rlr"]) == "set"
    with pytest.raises(InvalidInputError) as caught:
        errors.check_choice("rule", "sett", (name for name in ["set", "rlr"]))
    assert str(caught.value) == "found rule='sett'; expected one of set, rlr; did you mean 'set'?"
    with pytest.raises(InvalidInputError) as caught:
        errors.check_choice("rule", "zzz", ["set", "rlr"])
    assert str(caught.value) == "found rule='zzz'; expected one of set, rlr"


def test_options() -> None:
    def make(links: int, zeta: float = 0.3, *, backend: str | None = None) -> None:
        """Take two options; the links are always given."""

    errors.check_options("rule set", make, {"zeta": 0.2, "backend": "no such"}, skip=["links"])
    with pytest.raises(InvalidInputError) as caught:
        errors.check_options("rule set", make, {"zeta": 0.2, "zetta": 1}, skip=["links"])
    assert str(caught.value) == "found option 'zetta' of rule set; expected one of zeta, backend; did you mean 'zeta'?"
    with pytest.raises(InvalidInputError, match="option 'links' of rule set; expected one of zeta, backend"):
        errors.check_options("rule set", make, {"links": 3}, skip=["links"])
    with pytest.raises(InvalidInputError, match="option 'zeta' of rule static; expected no option; rule static"):
        errors.check_options("rule static", lambda: None, {"zeta": 0.2})
    errors.check_options("rule mine", lambda **options: None, {"anything": 1})


@pytest.mark.parametrize(
    ("value", "known", "wanted"),
    [
        ("SET", ["static", "set"], "set"),
        ("MNIST", ["digits", "mnist", "fashion-mnist"], "mnist"),
        ("Fashion-Mnst", ["mnist", "fashion-mnist"], "fashion-mnist"),
        ("sgd", ["SGD", "Adam"], "SGD"),
        ("est", ["set"], "set"),
        ("sine", ["cosine"], "cosine"),
        ("gelu", ["relu", "leaky-relu"], ""),
        ("robustness-9", ["robustness-7", "robustness-6"], ""),
        ("robustnes-7", ["robustness-6", "robustness-7"], "robustness-7"),
        ("--Epoch", ["--epochs", "--out"], "--epochs"),
        ("nothing", [], ""),
    ],
)
def test_the_nearest_name_is_one_that_somebody_may_have_meant(value: str, known: list[str], wanted: str) -> None:
    assert errors.nearest(value, known) == wanted
