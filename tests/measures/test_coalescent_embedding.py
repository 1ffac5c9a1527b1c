"""Coalescent embedding: weights and radii by hand, circular orders and communities that must come back."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from scipy.linalg import eigh
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.measures import network_graph, power_law
from sparse_mlp.measures.coalescent_embedding import REDUCTIONS, coalescent_embedding, equidistant, radii
from sparse_mlp.measures.coalescent_embedding_axes import ANGULAR, LINEAR, isomap, laplacian_eigenmaps, polar_angle
from sparse_mlp.measures.coalescent_embedding_weights import edge_betweenness, ra1, ra2
from sparse_mlp.topology import generate


def graph_of(links, n):
    matrix = np.zeros((n, n), bool)
    matrix[tuple(np.transpose(links))] = True
    return csr_array(matrix | matrix.T)


def ring(n, neighbours=1, relabel=None):
    names = np.arange(n) if relabel is None else relabel
    return graph_of([(names[i], names[(i + k) % n]) for i in range(n) for k in range(1, neighbours + 1)], n)


def circular_order(angle, start=0):
    """Read the neurons around the circle from `start` towards its lower-numbered neighbour."""
    order = np.roll(np.argsort(angle), -int(np.flatnonzero(np.argsort(angle) == start)[0]))
    return order if order[1] < order[-1] else np.roll(order[::-1], 1)


# A triangle 0-1-2 with a tail 2-3: degrees 2, 2, 3, 1; every link of the triangle has one common neighbour.
TAILED = graph_of([(0, 1), (0, 2), (1, 2), (2, 3)], 4)
TAILED_TWICE = graph_of([(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (4, 5), (1, 6)], 7)


def test_repulsion_attraction_by_hand():
    # RA1: (2+2+4)/2, (2+3+6)/2, the tail (3+1+3)/1.
    wanted = [[0, 4, 5.5, 0], [4, 0, 5.5, 0], [5.5, 5.5, 0, 7], [0, 0, 7, 0]]
    np.testing.assert_allclose(ra1(TAILED).toarray(), wanted)
    # RA2, e = d - CN - 1: (0,1) e=0,0 -> 1/2; (0,2) e=0,1 -> 2/2; (2,3) e=2,0 -> 3/1.
    np.testing.assert_allclose(ra2(TAILED).toarray(), [[0, 0.5, 1, 0], [0.5, 0, 1, 0], [1, 1, 0, 3], [0, 0, 3, 0]])


def test_weights_do_not_ask_for_sorted_indices():
    shuffled = csr_array((np.ones(8), [2, 1, 2, 0, 3, 1, 0, 2], [0, 2, 4, 7, 8]), shape=(4, 4))
    assert not shuffled.has_sorted_indices
    np.testing.assert_array_equal(ra1(shuffled).toarray(), ra1(TAILED).toarray())


def test_without_common_neighbours_only_degrees_count():
    path = graph_of([(0, 1), (1, 2), (2, 3)], 4)
    np.testing.assert_allclose(ra1(path).toarray()[[0, 1], [1, 2]], [1 + 2 + 2, 2 + 2 + 4])
    np.testing.assert_allclose(ra2(path).toarray()[[0, 1], [1, 2]], [1 + 0 + 1 + 0, 1 + 1 + 1 + 1])


def test_edge_betweenness_by_hand():
    # The tail carries the paths of 3 pairs; (0,2) those of 0-2 and 0-3; (0,1) its own pair only.
    wanted = [[0, 1, 2, 0], [1, 0, 2, 0], [2, 2, 0, 3], [0, 0, 3, 0]]
    np.testing.assert_allclose(edge_betweenness(TAILED).toarray(), wanted)


def test_radii_by_hand():
    degrees = np.array([2, 5, 1, 3])  # ranks 3, 1, 4, 2 of N = 4
    np.testing.assert_allclose(radii(degrees, 3.0), np.log([3, 1, 4, 2]) + np.log(4))  # beta 1/2
    np.testing.assert_allclose(radii(degrees, 2.0), 2 * np.log([3, 1, 4, 2]))  # beta 1
    np.testing.assert_allclose(radii(degrees, np.inf), 2 * np.log([4] * 4))  # beta 0
    # gamma 1.5, beta 2: 4 ln i - 2 ln 4 is 0 up to rank 2.
    np.testing.assert_allclose(radii(degrees, 1.5), [4 * np.log(3) - 2 * np.log(4), 0, 2 * np.log(4), 0], atol=1e-12)


def test_equal_degrees_share_a_radius():
    shared = np.log([2, 3, 4]).mean()
    np.testing.assert_allclose(
        radii(np.array([2, 2, 7, 2, 1]), 2.0), 2 * np.array([shared] * 2 + [0, shared, np.log(5)])
    )


def test_equidistant_keeps_the_order():
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 50)
    even = equidistant(angle)
    np.testing.assert_array_equal(np.argsort(even), np.argsort(angle))
    np.testing.assert_allclose(np.diff(np.sort(even)), 2 * np.pi / 50)


@pytest.mark.parametrize("weighting", ["ra1", "ra2", "edge-betweenness"])
@pytest.mark.parametrize("reduction", sorted(ANGULAR))
def test_ring_comes_back_in_order(reduction, weighting):
    names = np.random.default_rng(1).permutation(24)
    place = coalescent_embedding(ring(24, 2, names), reduction=reduction, weighting=weighting)
    found = circular_order(place.angle[names])
    np.testing.assert_array_equal(found, np.arange(24))
    assert place.gamma == np.inf
    np.testing.assert_allclose(place.radius, 2 * np.log(24))


@pytest.mark.parametrize("reduction", sorted(ANGULAR))
def test_angles_of_a_plain_ring_are_equidistant_by_themselves(reduction):
    angle = np.sort(coalescent_embedding(ring(17), reduction=reduction, spacing="original").angle)
    np.testing.assert_allclose(np.diff(angle), 2 * np.pi / 17, atol=1e-9)


def test_order_over_the_tree_follows_a_path():
    names = np.random.default_rng(2).permutation(12)
    path = graph_of([(names[i], names[i + 1]) for i in range(11)], 12)
    angle = coalescent_embedding(path, gamma=3.0, reduction="minimum-curvilinear").angle[names]
    steps = np.diff(angle)
    np.testing.assert_allclose(np.abs(steps), 2 * np.pi / 12)
    assert len(np.unique(np.sign(steps))) == 1
    bent = coalescent_embedding(path, gamma=3.0, reduction="minimum-curvilinear", spacing="original").angle
    assert np.ptp(bent) == pytest.approx(2 * np.pi * 11 / 12)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_communities_separate_in_angle(reduction):
    block = nx.stochastic_block_model([40, 40], [[0.5, 0.02], [0.02, 0.5]], seed=3)
    place = coalescent_embedding(nx.to_scipy_sparse_array(block), gamma=3.0, reduction=reduction)
    assert len(place.nodes) == 80
    # Around the circle the communities change sides twice, or a few times more where single neurons stray.
    sides = place.nodes[np.argsort(place.angle)] >= 40
    assert np.sum(sides != np.roll(sides, 1)) <= 8
    pairs = {
        same: np.mean(
            [_apart(place.angle, i, j) for i in range(80) for j in range(i) if ((i < 40) == (j < 40)) == same]
        )
        for same in (True, False)
    }
    assert pairs[True] < 0.6 * pairs[False]


def _apart(angle, i, j):
    return np.pi - abs(np.pi - abs(angle[i] - angle[j]))


def test_isomap_finds_points_in_the_plane_again():
    points = np.random.default_rng(4).normal(size=(30, 2)) * [2.0, 1.0]
    points -= points.mean(axis=0)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    axes = points @ np.linalg.svd(points, full_matrices=False)[2].T
    found, wanted = isomap(csr_array(distances)), np.arctan2(axes[:, 1], axes[:, 0])
    assert _same_up_to_reflection(found, wanted)


def _same_up_to_reflection(found, wanted):
    there = np.exp(1j * found)
    return min(np.abs(m - np.exp(1j * wanted)).max() for m in (there, -there, there.conj(), -there.conj())) < 1e-9


def test_only_the_giant_component_is_embedded():
    links = [(0, 5), (5, 2), (2, 7), (7, 0), (0, 2), (1, 3), (3, 4)]  # 6 has no link
    place = coalescent_embedding(graph_of(links, 8), gamma=2.5)
    np.testing.assert_array_equal(place.nodes, [0, 2, 5, 7])
    alone = coalescent_embedding(graph_of([(0, 2), (2, 1), (1, 3), (3, 0), (0, 1)], 4), gamma=2.5)
    np.testing.assert_allclose(place.angle, alone.angle)
    np.testing.assert_allclose(place.radius, alone.radius)


def test_of_equal_components_the_one_with_the_lowest_neuron():
    place = coalescent_embedding(graph_of([(0, 3), (1, 2), (1, 4), (3, 5)], 6), gamma=2.5)
    np.testing.assert_array_equal(place.nodes, [0, 3, 5])


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_smallest_graphs(reduction):
    lone = coalescent_embedding(csr_array((3, 3)), reduction=reduction)
    assert (lone.nodes.tolist(), lone.angle.tolist(), lone.radius.tolist()) == ([0], [0.0], [0.0])
    for spacing in ("equidistant", "original"):
        pair = coalescent_embedding(graph_of([(1, 2)], 3), reduction=reduction, spacing=spacing)
        assert pair.nodes.tolist() == [1, 2]
        assert np.isfinite(pair.angle).all()
        assert ((pair.angle >= 0) & (pair.angle < 2 * np.pi)).all()


def test_slow_diffusions_by_the_generalised_eigenproblem():
    weights = ra1(TAILED_TWICE).toarray()
    mean = weights[weights > 0].mean()
    kernel = np.where(weights > 0, np.exp(-((weights / mean) ** 2)), 0.0)
    degree = np.diag(kernel.sum(axis=1))
    _, vectors = eigh(degree - kernel, degree)  # ascending; the first is constant
    wanted, found = np.arctan2(vectors[:, 2], vectors[:, 1]), laplacian_eigenmaps(csr_array(weights))
    assert _same_up_to_reflection(found, wanted)


def test_a_long_bridge_does_not_vanish():
    # Two stars whose hubs meet in neuron 0: almost all paths go over its links, 150 times as many as over others.
    links = [(0, 1), (0, 2), *((1, 3 + i) for i in range(150)), *((2, 153 + i) for i in range(150))]
    weighting = "edge-betweenness"
    place = coalescent_embedding(graph_of(links, 303), gamma=2.1, reduction="laplacian-eigenmaps", weighting=weighting)
    assert np.isfinite(place.angle).all()


def test_defaults_spelt_out():
    graph = network_graph(generate("scale-free", 20, 30, 0.15, rng=0))
    place = coalescent_embedding(graph)
    gamma = power_law(np.diff(graph.indptr)[place.nodes]).gamma
    options = {"weighting": "ra1", "reduction": "isomap", "spacing": "equidistant", "gamma": gamma}
    spelt_out = coalescent_embedding(graph, **options)
    assert place.gamma == gamma
    np.testing.assert_array_equal([place.angle, place.radius], [spelt_out.angle, spelt_out.radius])
    others = {"weighting": "ra2", "reduction": "laplacian-eigenmaps", "spacing": "original"}
    for name, other in others.items():
        assert not np.array_equal(coalescent_embedding(graph, **(options | {name: other})).angle, place.angle)
    assert not np.array_equal(coalescent_embedding(graph, gamma=gamma + 1).radius, place.radius)


def test_signs_of_axes_are_fixed():
    from sparse_mlp.measures.coalescent_embedding_axes import _signed

    vectors = np.array([[0.5, -0.5], [-0.5 * (1 + 1e-15), 0.1], [0.1, 0.7]])
    np.testing.assert_array_equal(_signed(vectors), _signed(-vectors))
    assert _signed(vectors)[0, 0] > 0, "of entries equal but for rounding the first decides"


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_same_bytes_for_any_number_of_threads(reduction):
    graph = network_graph(generate("dendritic", 120, 160, 0.1, rng=0))
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            place = coalescent_embedding(graph, gamma=3.0, reduction=reduction, spacing="original")
            found.append(place.angle.tobytes())
    assert found[0] == found[1]


def test_polar_angles_lie_on_one_turn():
    xy = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0], [0.0, -3.0], [1.0, -1e-30]])
    np.testing.assert_allclose(polar_angle(xy), [0, np.pi / 2, np.pi, 3 * np.pi / 2, 0])


def test_weights_of_the_adjacency_are_not_looked_at():
    graph = TAILED.astype(float)
    graph.data[:] = 7.0
    np.testing.assert_array_equal(
        coalescent_embedding(graph, gamma=3.0).angle, coalescent_embedding(TAILED, gamma=3.0).angle
    )


def test_linear_reductions_are_the_other_ones():
    assert set(REDUCTIONS) == set(ANGULAR) | set(LINEAR)
    assert not set(ANGULAR) & set(LINEAR)


def test_refusals():
    with pytest.raises(InvalidInputError, match="symmetric"):
        coalescent_embedding(csr_array(np.array([[0, 1], [0, 0]])))
    with pytest.raises(InvalidInputError, match="above 1"):
        coalescent_embedding(TAILED, gamma=1.0)
    with pytest.raises(InvalidInputError, match="isomap"):
        coalescent_embedding(TAILED, reduction="isomapp")
    with pytest.raises(InvalidInputError, match="ra1"):
        coalescent_embedding(TAILED, weighting="ra3")
