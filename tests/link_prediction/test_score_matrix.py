"""Scores of absent links: by hand, against the authors' scorer, route against route, and what no wiring may break."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wiring_cases import ABSENT, EDGES, EXAMPLE, ROUTES, route, wiring, wirings

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.pool import threads_limited
from sparse_mlp.link_prediction import PREDICTORS, score_matrix
from sparse_mlp.reference.link_scores import NODE_TERMS, PATH_TERMS, local_community
from sparse_mlp.topology import generate

# docs/algorithms.md, section 3.8: the scores of (0,2), (0,3), (1,0), (1,3), (2,1), to the last printed digit.
BY_HAND = {
    "ra-l3": [0.908248, 0.408248, 0.908248, 0.408248, 1],
    "ch1-l3p": [0.908248, 0.408248, 0.908248, 0.408248, 1],
    "ch2-l3p": [3.414214, 1.414214, 3.414214, 1.414214, 4],
    "ch3-l3p": [1.707107, 0.707107, 1.707107, 0.707107, 2],
    "ilcl-l3": [1, 0.5, 1, 0.5, 1],
    "ch3.1-l3p": [3.154701, 1.154701, 3.154701, 1.154701, 4],
    "ch2-l3n": [7, 3, 7, 3, 8],
    "ch3-l3n": [3.5, 1.5, 3.5, 1.5, 4],
    "path-count": [2, 1, 2, 1, 2],
}
# Names in the file of the authors' outputs; docs/algorithms.md, section 3.9, says where its numbers come from.
OFFICIAL = {
    "ra-l3": "RA", "ch1-l3p": "CH1", "ch2-l3p": "CH2p", "ch3-l3p": "CH3p", "ilcl-l3": "iLCL", "ch3.1-l3p": "CH31p",
    "ch2-l3n": "CH2n_f64", "ch3-l3n": "CH3n_f64",
}  # fmt: skip
CASES = Path(__file__).with_name("cannistraci_hebb.npz")


@pytest.mark.parametrize("way", ROUTES)
@pytest.mark.parametrize("method", PREDICTORS)
def test_the_worked_example(method, way):
    with route(way) as backend:
        scores = score_matrix(wiring(EXAMPLE), method, backend=backend)
    np.testing.assert_allclose(scores[ABSENT], BY_HAND[method], atol=5e-7)
    assert np.all(scores[EXAMPLE > 0] == 0)


def test_the_community_of_one_absent_link():
    structure = wiring(EXAMPLE)
    by_output = structure.by_output
    community = local_community(structure.indptr, structure.indices, by_output.indptr, by_output.indices, 0, 3)
    assert community.paths == [(2, 0)]
    assert community.internal == {("in", 2): 1, ("out", 0): 1}
    assert community.external == {("in", 2): 1, ("out", 0): 0}


@pytest.mark.parametrize("way", ROUTES)
@pytest.mark.parametrize("method", OFFICIAL)
def test_the_outputs_of_the_authors_scorer(method, way):
    stored = np.load(CASES)
    names = sorted({key.partition("_")[0] for key in stored if key.startswith("case")})
    assert len(names) == 10
    for name in names:
        present = stored[f"{name}_X"]
        if way == "reference" and present.size > 1000:
            continue  # loops over every absent link take a minute there
        with route(way) as backend:
            scores = score_matrix(wiring(present), method, backend=backend)
        expected = np.where(present, 0, stored[f"{name}_{OFFICIAL[method]}"])
        np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-10 if method in NODE_TERMS else 1e-11)


@pytest.mark.parametrize("way", ROUTES)
@pytest.mark.parametrize("method", PREDICTORS)
@pytest.mark.parametrize("edge", EDGES)
def test_edge_cases(edge, method, way):
    present = EDGES[edge]
    with route(way) as backend:
        scores = score_matrix(wiring(present), method, backend=backend)
    paths = present @ present.T @ present  # walks of length three; for an absent link, paths
    assert scores.shape == present.shape
    np.testing.assert_array_equal(scores > 0, (paths > 0) & (present == 0))


@given(wirings(), st.sampled_from(list(PREDICTORS)))
def test_routes_agree(structure, method):
    expected = score_matrix(structure, method, backend="reference")
    for way in ROUTES[1:]:
        with route(way) as backend:
            np.testing.assert_allclose(
                score_matrix(structure, method, backend=backend), expected, rtol=1e-12, atol=1e-13, err_msg=way
            )


@given(wirings(most=6))
def test_path_count_counts_simple_paths(structure):
    graph = nx.Graph()
    graph.add_nodes_from([("in", u) for u in range(structure.n_in)] + [("out", v) for v in range(structure.n_out)])
    links = zip(structure.rows().tolist(), structure.indices.tolist(), strict=True)
    graph.add_edges_from((("in", u), ("out", v)) for u, v in links)
    scores = score_matrix(structure, "path-count")
    for u in range(structure.n_in):
        for v in range(structure.n_out):
            if graph.has_edge(("in", u), ("out", v)):
                continue
            paths = [p for p in nx.all_simple_paths(graph, ("in", u), ("out", v), cutoff=3) if len(p) == 4]
            assert scores[u, v] == len(paths)


@given(wirings(), st.sampled_from(list(PREDICTORS)), st.integers(0, 1000))
def test_permuted_neurons_have_permuted_scores(structure, method, seed):
    rng = np.random.default_rng(seed)
    rows, cols = rng.permutation(structure.n_in), rng.permutation(structure.n_out)
    matrix = structure.to_scipy().toarray()
    permuted = score_matrix(wiring(matrix[rows][:, cols]), method)
    np.testing.assert_allclose(permuted, score_matrix(structure, method)[rows][:, cols], rtol=1e-12)


@given(wirings(), st.sampled_from(list(PREDICTORS)))
def test_the_transposed_layer_has_transposed_scores(structure, method):
    matrix = structure.to_scipy().toarray()
    np.testing.assert_allclose(score_matrix(wiring(matrix.T), method), score_matrix(structure, method).T, rtol=1e-12)


@pytest.mark.parametrize("method", ["ch3-l3p", "ch2-l3n"])
@pytest.mark.parametrize("density", [0.03, 0.4])
def test_the_same_bytes_for_any_number_of_threads(method, density):
    structure = generate("erdos-renyi", 70, 90, density, rng=1)
    with threads_limited(1):
        one = score_matrix(structure, method)
    assert one.tobytes() == score_matrix(structure, method).tobytes()


def test_scipy_arrays_are_taken():
    structure = wiring(EXAMPLE)
    np.testing.assert_array_equal(score_matrix(structure.to_scipy(), "ra-l3"), score_matrix(structure, "ra-l3"))


def test_bad_input():
    with pytest.raises(InvalidInputError, match=r"method='ch3-l3'.*ch3-l3p"):
        score_matrix(wiring(EXAMPLE), "ch3-l3")
    with pytest.raises(InvalidInputError, match=r"ndarray.*SparseStructure"):
        score_matrix(EXAMPLE, "ch3-l3p")


def test_every_predictor_has_a_reference():
    assert set(PREDICTORS) == set(PATH_TERMS) | set(NODE_TERMS)
