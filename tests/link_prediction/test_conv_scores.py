"""Scores of convolutions: by hand, against the graph of all pixels, and what no wiring may break."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from conv_cases import ALL, BACKENDS, GRAPHS, HERE, METHODS, convolution, convolutions, stored, wiring
from hypothesis import given, settings
from hypothesis import strategies as st

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels import conv_link_scores
from sparse_mlp.kernels.pool import threads_limited
from sparse_mlp.link_prediction import conv_score_matrix, score_matrix
from sparse_mlp.reference.conv_link_scores import expanded_graph
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate

TWO_TAPS = [[[[1, 0, 0], [0, 1, 0], [0, 0, 0]]]]  # one channel, one kernel: taps (0, 0) and (1, 1)
both = pytest.mark.parametrize("method", METHODS)
graphs = pytest.mark.parametrize("graph", GRAPHS)
everywhere = pytest.mark.parametrize("backend", BACKENDS)


@everywhere
@graphs
@pytest.mark.parametrize(("method", "score"), [("ch2-l3n", 4), ("ch3-l3n", 2)])
def test_two_taps_by_hand(method, score, graph, backend):
    """Tap (2, 2) of window q reads pixel q + (1, 1), which window q + (1, 1) reads too, by tap (1, 1).

    That window reads pixel q by tap (0, 0), and window q reads it by tap (1, 1). Both nodes on this path have two
    links: one to the other node, one to an end. So each contributes (1 + 1) / 1, or 1 / 1, in each of the four windows
    that have the tap inside of an image of 3 x 3 pixels. No other tap closes a path.
    """
    scores = conv_score_matrix(*convolution(TWO_TAPS, 3, 3, 1, 1), method, graph=graph, backend=backend)
    assert scores.tolist() == [[0.0]] * 8 + [[score]]


def test_the_graph_of_two_taps():
    _, geometry = convolution(TWO_TAPS, 3, 3, 1, 1)
    graph = expanded_graph([{0, 4}], geometry, [0])
    assert graph["out", 0, 1, 1] == {("in", 0, 0, 0), ("in", 0, 1, 1)}
    assert graph["out", 0, 0, 2] == {("in", 0, 0, 2)}  # what tap (0, 0) would read there is outside
    assert graph["in", 0, 0, 0] == {("out", 0, 0, 0), ("out", 0, 1, 1)}
    assert sum(len(found) for node, found in graph.items() if node[0] == "out") == 9 + 4


@everywhere
@pytest.mark.parametrize(
    "path",
    [HERE, pytest.param(ALL, marks=pytest.mark.skipif(not ALL.is_file(), reason=f"{ALL.name} is not in shared/"))],
    ids=["here", "all"],
)
def test_stored_scores_of_the_graph_of_all_pixels(path, backend):
    cases = list(stored(path))
    assert len(cases) == (5 if path == HERE else 14)
    for name, structure, geometry, expected in cases:
        for (method, graph), scores in expected.items():
            found = conv_score_matrix(structure, geometry, method, graph=graph, backend=backend)
            np.testing.assert_allclose(found, scores, rtol=0, atol=1e-11, err_msg=f"{name} {method} {graph}")


def check_twins(case):
    for method, graph in product(METHODS, GRAPHS):
        expected = conv_score_matrix(*case, method, graph=graph, backend="reference")
        for backend in ("scipy", "numba"):
            found = conv_score_matrix(*case, method, graph=graph, backend=backend)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13, err_msg=f"{backend} {method} {graph}")
            np.testing.assert_array_equal(found == 0, expected == 0)


@given(convolutions())
def test_twins(case):
    check_twins(case)


@settings(max_examples=4)
@given(convolutions(channels=2, side=7, kernels=(4, 5)))
def test_twins_of_large_kernels(case):
    check_twins(case)


@given(convolutions(channels=5, kernels=(1,), strides=(1,)), st.sampled_from(METHODS))
def test_kernels_of_one_tap_score_as_a_linear_layer(case, method):
    structure, geometry = case
    for backend in BACKENDS:
        layer = conv_score_matrix(structure, geometry, method, graph="layer", backend=backend)
        np.testing.assert_allclose(layer, score_matrix(structure, method), rtol=1e-12)
        assert not conv_score_matrix(structure, geometry, method, graph="kernel", backend=backend).any()


@everywhere
@both
def test_the_worked_example_of_a_linear_layer(method, backend):
    matrix = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 1]])
    case = convolution(matrix.T[:, :, None, None], 4, 3, 1, 0)
    scores = conv_score_matrix(*case, method, graph="layer", backend=backend)
    expected = np.array([7, 3, 7, 3, 8]) / (1 if method == "ch2-l3n" else 2)  # docs/algorithms.md, section 3.8
    np.testing.assert_allclose(scores[matrix == 0], expected)
    assert not scores[matrix == 1].any()
    assert not conv_score_matrix(*case, method, backend=backend).any()


@everywhere
@both
def test_on_one_pixel_only_the_middle_tap_lives(method, backend):
    mask = np.random.default_rng(0).random((5, 4, 3, 3)) < 0.5
    structure, geometry = convolution(mask, 1, 1, 1, 1)
    scores = conv_score_matrix(structure, geometry, method, graph="layer", backend=backend)
    middle = scores.T.reshape(mask.shape)[:, :, 1, 1].T
    np.testing.assert_allclose(middle, score_matrix(wiring(mask[:, :, 1:2, 1:2]), method))
    assert middle.any() and np.count_nonzero(scores) == np.count_nonzero(middle)


@given(convolutions(channels=4), st.sampled_from(METHODS))
def test_with_one_output_both_graphs_are_the_same(case, method):
    structure, geometry = case
    keys = structure.keys()[structure.indices == 0] // structure.n_out
    one = SparseStructure.from_keys(keys, (structure.n_in, 1)), geometry._replace(channels_out=1)
    kernel, layer = (conv_score_matrix(*one, method, graph=graph) for graph in GRAPHS)
    np.testing.assert_allclose(kernel, layer, rtol=1e-12)
    of_all = conv_score_matrix(*case, method, graph="kernel")
    np.testing.assert_allclose(of_all[:, :1], kernel, rtol=1e-12)


@given(convolutions(kernels=(3,), strides=(1,)), st.sampled_from(METHODS), st.sampled_from(GRAPHS), st.integers(0, 99))
def test_mirrored_kernels_and_permuted_channels(case, method, graph, seed):
    structure, geometry = case
    shape = geometry.channels_out, geometry.channels_in, 3, 3
    mask = structure.to_scipy().toarray().T.reshape(shape)
    scores = conv_score_matrix(*case, method, graph=graph).T.reshape(shape)
    rng = np.random.default_rng(seed)
    outputs, inputs = rng.permutation(shape[0]), rng.permutation(shape[1])

    def turned(array):
        return array[outputs][:, inputs][:, :, ::-1, :]

    found = conv_score_matrix(wiring(turned(mask)), geometry, method, graph=graph)
    np.testing.assert_allclose(found.T.reshape(shape), turned(scores), rtol=1e-12)


@graphs
@both
def test_many_channels_by_all_threads_and_by_one(method, graph):
    """More rows than a block of BLAS has; the same bytes for any number of threads, and NumPy's numbers."""
    geometry = ConvGeometry(140, 20, kernel=3, stride=1, padding=1, height=4, width=5)
    structure = generate("erdos-renyi", *geometry.structure_shape, 0.3, rng=1)
    scores = conv_score_matrix(structure, geometry, method, graph=graph)
    with threads_limited(1):
        assert conv_score_matrix(structure, geometry, method, graph=graph).tobytes() == scores.tobytes()
    expected = conv_score_matrix(structure, geometry, method, graph=graph, backend="scipy")
    np.testing.assert_allclose(scores, expected, rtol=1e-12)


@pytest.mark.parametrize("kernel", [3, 6])
def test_a_table_for_each_kernel_where_patterns_are_too_many(monkeypatch, kernel):
    geometry = ConvGeometry(4, 3, kernel, 1, 1, 7, 7)
    structure = generate("erdos-renyi", *geometry.structure_shape, 0.4, rng=2)
    one_table = conv_score_matrix(structure, geometry, "ch2-l3n")
    monkeypatch.setattr(conv_link_scores, "MOST_PATTERNS", 5)
    np.testing.assert_allclose(conv_score_matrix(structure, geometry, "ch2-l3n"), one_table, rtol=1e-12)


def test_patterns_of_more_taps_than_an_integer_has_bits():
    rng = np.random.default_rng(3)
    distinct = rng.random((6, 81)) < 0.5
    which = rng.integers(0, 6, (5, 4))
    links = distinct[which].transpose(2, 0, 1).astype(float)
    patterns, found = conv_link_scores._patterns(links)
    assert len(patterns) == len(np.unique(which))
    np.testing.assert_array_equal(patterns[found], distinct[which])


@graphs
def test_a_predictor_of_ones_own_sees_taps_and_kernels(graph):
    structure, geometry = convolution(np.ones((2, 1, 3, 3)) * [[[[0], [1], [0]]]], 1, 5, 1, 1)
    structure = structure.select(np.arange(structure.nnz) > 0)
    scores = conv_score_matrix(structure, geometry, lambda s: np.full(s.shape, 0.5), graph=graph)
    assert np.argwhere(scores).tolist() == [[3, 0]]  # the others are links, or read above and below the image


def test_bad_input():
    structure, geometry = convolution(TWO_TAPS, 3, 3, 1, 1)
    with pytest.raises(InvalidInputError, match=r"predictor 'ch3-l3p' .*; expected ch2-l3n or ch3-l3n; .* closed form"):
        conv_score_matrix(structure, geometry, "ch3-l3p")
    with pytest.raises(InvalidInputError, match=r"\(9, 1\); expected \(27, 1\) for 3 channels and kernel 3"):
        conv_score_matrix(structure, geometry._replace(channels_in=3), "ch3-l3n")
    with pytest.raises(InvalidInputError, match="graph='all'"):
        conv_score_matrix(structure, geometry, "ch3-l3n", graph="all")
