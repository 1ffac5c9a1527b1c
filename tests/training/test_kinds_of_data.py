"""Kinds of data that a trainer takes, and those that it refuses before anything is trained."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from training_cases import N_IN, N_OUT, make_trainer, samples, state

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.training import Regression

X, Y = samples()
SPARSE = np.where(np.abs(X) > 1, X, 0)


def trained(x, y=Y, **options):
    trainer = make_trainer(**options)
    trainer.fit((x, y), (x, y), epochs=3)
    return state(trainer)


@pytest.mark.parametrize("rule", ["set", "rigl"])
def test_sparse_rows_train_to_the_same_bytes(rule):
    wanted = trained(SPARSE, rule=rule)
    assert trained(sp.csr_array(SPARSE), rule=rule) == wanted
    assert trained(sp.csc_matrix(SPARSE.astype(np.float64)), rule=rule) == wanted


def test_sparse_regression():
    target, found = np.eye(N_OUT)[Y], []
    for x in (SPARSE, sp.csr_array(SPARSE)):
        trainer = make_trainer()
        trainer.fit(Regression(x, target), Regression(x, target), epochs=2)
        found.append(state(trainer))
    assert found[0] == found[1]


def test_whole_numbers_booleans_and_data_frames_are_numbers():
    for x in (X > 0, (X > 0).tolist(), pd.DataFrame(X > 0), (X > 0).astype(np.uint8)):
        assert trained(x) == trained((X > 0).astype(np.float32))
    mixed = pd.DataFrame(X > 0).astype({0: "Int64", 1: "Float32", 2: np.int8})
    assert trained(mixed) == trained((X > 0).astype(np.float32))


@pytest.mark.parametrize(
    ("x", "named"),
    [
        (X + 1j, r"complex.*\.real"),
        (np.ma.masked_invalid(X), r"masked.*\.filled"),
        (np.zeros(X.shape, "datetime64[s]"), "datetime64"),
        (np.zeros(X.shape, "timedelta64[s]"), "timedelta64"),
        (X.astype(str), "<U.*encode text"),
        (X.astype(object), "object"),
        ((row for row in X), "generator.*list"),
        (3.0, "float"),
        (np.array(3.0), "ndarray"),
        ([[1.0] * N_IN, [1.0]], "rows of the same length"),
        (pd.DataFrame(X, columns=[*"abcdefghijkl"]).assign(c="red"), "column 'c'"),
        (pd.DataFrame(X, columns=[*"abcdefghijkl"]).assign(d=pd.Timestamp(0)), "column 'd'.*datetime64"),
        (sp.csr_array(X + 1j), "complex"),
        (sp.csr_array(X * np.inf), "infinite or missing"),
        (sp.coo_array(np.ones(N_IN)), "shape"),
        (X.astype(np.float64) * 1e300, "infinite or missing"),
    ],
)
def test_other_inputs_are_refused_by_type(x, named):
    trainer = make_trainer()
    before = state(trainer)
    with pytest.raises(InvalidInputError, match=named):
        trainer.fit((x, Y), epochs=1)
    assert state(trainer) == before


@pytest.mark.parametrize(
    ("target", "named"),
    [
        (np.eye(N_OUT)[Y] + 1j, "complex"),
        (np.ma.masked_equal(Y, 1), "masked"),
        (Y.astype(str), "<U"),
        (np.zeros(len(Y), "datetime64[s]"), "datetime64"),
        ((label for label in Y), "object"),
    ],
)
def test_other_targets_are_refused_by_type(target, named):
    with pytest.raises(InvalidInputError, match=f"target.*{named}|{named}.*target"):
        make_trainer().fit((X, target), epochs=1)
