"""All measures of a wiring in one call, and the degrees of its columns."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
from graphs import worked_layer
from hypothesis import given
from hypothesis import strategies as st
from wirings import random_chain, wiring, worked_chain

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.measures import (
    MEASURES,
    Repeated,
    column_degrees,
    degree_distribution,
    measure_wiring,
    network_graph,
    power_law,
)
from sparse_mlp.structure import SparseStructure


def test_one_layer_by_hand():
    found = measure_wiring(worked_layer(), repeats=4, rng=0)
    assert list(found) == list(MEASURES)
    exact = {
        "neurons": 7.0,
        "links": 7.0,
        "density": 7 / 12,
        "giant-component": 1.0,
        "path-length": 2.0,
        "clustering": 0.0,
        "lcp-correlation": 0.0,
        "active-neurons": 1.0,
        "mean-degree": 2.0,
        "max-degree": 3.0,
        "ramanujan-bound": math.sqrt(7 / 3 - 1) + math.sqrt(7 / 4 - 1),
        "second-singular-value": np.linalg.svd(worked_layer().to_scipy().toarray().astype(float))[1][1],
        "gamma": power_law([2, 2, 3, 2, 2, 2, 1]).gamma,
    }
    assert {name: found[name] for name in exact} == pytest.approx(exact)
    assert all(type(found[name]) is float for name in exact)
    for name in set(MEASURES) - set(exact):
        assert isinstance(found[name], Repeated) and len(found[name].values) == 4


def test_a_network_is_one_graph_but_for_the_singular_values():
    chain = worked_chain()
    found = measure_wiring(chain, repeats=2, rng=0)
    assert (found["neurons"], found["links"], found["density"]) == (8.0, 6.0, 6 / (6 + 6 + 2))
    assert found["giant-component"] == 5 / 8  # 1-4-6 is another component
    assert found["path-length"] == pytest.approx((2 * (4 + 3 * 2 + 2 * 3 + 4) + 2 * (2 + 2)) / (20 + 6))
    assert found["active-neurons"] == 4 / 8
    of_layers = [f"{name}-{k}" for name in ("second-singular-value", "ramanujan-bound") for k in (1, 2, 3)]
    assert set(found) == set(MEASURES) - {"second-singular-value", "ramanujan-bound"} | set(of_layers)
    assert found["second-singular-value-1"] == pytest.approx(1.0)  # of [[1, 1, 0], [0, 0, 1]]: sqrt 2 and 1


def test_a_value_does_not_depend_on_what_else_is_measured():
    chain = random_chain([20, 30, 25], 0.2, 0)
    everything = measure_wiring(chain, repeats=3, rng=1)
    for name in ("structural-consistency", "modularity"):
        alone = measure_wiring(chain, repeats=3, rng=1, names=[name])
        assert list(alone) == [name] and alone[name].values.tobytes() == everything[name].values.tobytes()


def test_what_a_wiring_has_not_is_nan():
    empty = measure_wiring(wiring(np.zeros((2, 2))), repeats=2, rng=0)
    assert math.isnan(empty["path-length"]) and math.isnan(empty["gamma"])
    assert empty["modularity"].mean == 0.0 and math.isnan(empty["structural-consistency"].mean)
    regular = measure_wiring(SparseStructure.complete((3, 3)), repeats=2, rng=0)
    assert math.isnan(regular["gamma"]) and regular["structural-consistency"].mean == 1.0


def test_structural_consistency_of_a_large_network_is_for_those_who_name_it(monkeypatch):
    monkeypatch.setattr(importlib.import_module("sparse_mlp.measures.wiring_measures"), "LARGE", 6)
    found = measure_wiring(worked_layer(), repeats=1, rng=0)
    assert set(MEASURES) - set(found) == {"structural-consistency"}
    assert "structural-consistency" in measure_wiring(
        worked_layer(), repeats=1, rng=0, names=["structural-consistency"]
    )


def test_unknown_names():
    with pytest.raises(InvalidInputError, match="did you mean 'modularity'"):
        measure_wiring(worked_layer(), names=["modularty"])
    with pytest.raises(InvalidInputError, match="no layer"):
        measure_wiring([])


def test_degrees_by_hand():
    assert [d.tolist() for d in column_degrees(worked_chain())] == [[2, 1], [2, 1, 2], [2, 1], [1]]
    assert [d.tolist() for d in column_degrees(worked_layer())] == [[2, 2, 3], [2, 2, 2, 1]]
    found = degree_distribution([2, 2, 3, 2, 2, 2, 1])
    assert (found.degree.tolist(), found.neurons.tolist()) == ([1, 2, 3], [1, 5, 1])
    np.testing.assert_allclose(found.ccdf, [1, 6 / 7, 1 / 7], rtol=1e-15)


@given(st.lists(st.integers(1, 8), min_size=2, max_size=5), st.floats(0.1, 1), st.integers(0, 1000))
def test_degrees_are_those_of_the_graph(sizes, density, seed):
    chain = random_chain(sizes, density, seed)
    columns = column_degrees(chain)
    assert [len(column) for column in columns] == sizes
    np.testing.assert_array_equal(np.concatenate(columns), np.diff(network_graph(chain).indptr))
    spread = degree_distribution(np.concatenate(columns))
    assert spread.neurons.sum() == sum(sizes) and spread.ccdf[0] == 1.0
    assert (spread.degree * spread.neurons).sum() == 2 * sum(s.nnz for s in chain)


@pytest.mark.parametrize("degrees", [[], [0.5], [[1]]])
def test_what_are_no_degrees(degrees):
    with pytest.raises(InvalidInputError, match="at least one"):
        degree_distribution(degrees)
