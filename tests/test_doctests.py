"""The examples in all docstrings print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import sparse_mlp

MODULES = ["sparse_mlp"] + [m.name for m in pkgutil.walk_packages(sparse_mlp.__path__, "sparse_mlp.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


def test_there_are_examples() -> None:
    found = [doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)) for name in MODULES]
    assert sum(bool(test.examples) for tests in found for test in tests) > 20
