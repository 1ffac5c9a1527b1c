"""One sweep each way leaves exactly the links on paths, as a search over the graph finds them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import percolate, warn_disconnected

BACKENDS = pytest.mark.parametrize("backend", ["reference", "numba"])


@pytest.fixture
def chain(make_layer):
    matrices = [[1, 1, 0], [0, 0, 1]], [[1, 0], [0, 0], [0, 1]], [[1], [0]]
    return [make_layer(m, name=f"sparse{i + 1}") for i, m in enumerate(matrices)]


def links_left(layers, keep):
    left = [layer.structure.select(mask) for layer, mask in zip(layers, keep, strict=True)]
    return [list(zip(s.rows().tolist(), s.indices.tolist(), strict=True)) for s in left]


def all_links(layers):
    return [np.ones(layer.structure.nnz, bool) for layer in layers]


@BACKENDS
def test_chain_by_hand(chain, backend):
    # Node 1 of the third column leads nowhere, hence 2 -> 1 goes; then nodes 1 and 2 of the second column lead nowhere.
    keep = percolate(chain, all_links(chain), backend=backend)
    assert links_left(chain, keep) == [[(0, 0)], [(0, 0)], [(0, 0)]]
    assert percolate(chain, keep, backend=backend)[0].tolist() == keep[0].tolist()


@BACKENDS
def test_each_sweep_alone(chain, backend):
    backward = percolate(chain, all_links(chain), forward=False, backend=backend)
    assert links_left(chain, backward) == [[(0, 0)], [(0, 0)], [(0, 0)]]
    forward = percolate(chain, all_links(chain), backward=False, backend=backend)
    assert links_left(chain, forward) == links_left(chain, all_links(chain))
    # Without the link 0 -> 0 nothing reaches node 0 of the later columns.
    keep = [np.array([False, True, True]), *all_links(chain)[1:]]
    forward = percolate(chain, keep, backward=False, backend=backend)
    assert links_left(chain, forward) == [[(0, 1), (1, 2)], [(2, 1)], []]
    neither = percolate(chain, keep, backward=False, forward=False, backend=backend)
    assert [mask.tolist() for mask in neither] == [mask.tolist() for mask in keep]


def test_the_masks_handed_in_stay_as_they_are(chain):
    keep = all_links(chain)
    percolate(chain, keep)
    assert all(mask.all() for mask in keep)


def test_one_layer_has_nothing_to_lose(make_layer):
    layer = make_layer([[0, 1], [0, 0]])
    assert percolate([layer], [np.array([True])])[0].tolist() == [True]
    assert percolate([], []) == []


@given(
    st.lists(st.integers(1, 7), min_size=2, max_size=6), st.floats(0.02, 0.6), st.integers(0, 10**6),
    st.sampled_from(["reference", "numba"]),
)  # fmt: skip
def test_equals_search_over_the_graph(make_net, sizes, density, seed, backend):
    layers = make_net(sizes, density, seed)
    rng = np.random.default_rng(seed)
    before = [rng.random(layer.structure.nnz) < 0.9 for layer in layers]
    reached, leading = _search(sizes, layers, before)
    start = np.concatenate(([0], np.cumsum(sizes)))
    expected, forward_only, backward_only = [], [], []
    for i, (layer, mask) in enumerate(zip(layers, before, strict=True)):
        tail, head = start[i] + layer.structure.rows(), start[i + 1] + layer.structure.indices
        expected.append(mask & reached[tail] & leading[head])
        forward_only.append(mask & reached[tail])
        backward_only.append(mask & leading[head])
    for wanted, options in (
        (expected, {}),
        (forward_only, {"backward": False}),
        (backward_only, {"forward": False}),
    ):
        actual = percolate(layers, before, backend=backend, **options)
        for e, a in zip(wanted, actual, strict=True):
            np.testing.assert_array_equal(a, e)


def _search(sizes, layers, keep):
    """Which neurons does an input reach, and which reach an output, by breadth-first search from a hub."""
    start = np.concatenate(([0], np.cumsum(sizes)))
    hub = start[-1]
    pairs = [
        (start[i] + layer.structure.rows()[mask], start[i + 1] + layer.structure.indices[mask])
        for i, (layer, mask) in enumerate(zip(layers, keep, strict=True))
    ]
    tails, heads = (np.concatenate(side) for side in zip(*pairs, strict=True))

    def reach(tails, heads, sources):
        tails, heads = np.append(tails, np.full(len(sources), hub)), np.append(heads, sources)
        graph = coo_array((np.ones(len(tails)), (tails, heads)), shape=(hub + 1, hub + 1)).tocsr()
        found = np.zeros(hub + 1, bool)
        found[breadth_first_order(graph, hub, return_predecessors=False)] = True
        return found

    inputs, outputs = np.arange(sizes[0]), np.arange(start[-2], hub)
    return reach(tails, heads, inputs), reach(heads, tails, outputs)


def test_layers_that_do_not_fit(make_layer):
    layers = [make_layer([[1, 1]], name="first"), make_layer([[1]], name="second")]
    with pytest.raises(InvalidInputError, match="layers 1 x 2, 1 x 1; expected a chain"):
        percolate(layers, all_links(layers))


def test_warning_names_the_layer(make_layer):
    layers = [make_layer([[1, 1]], name="first"), make_layer([[1], [0]], name="second")]
    with pytest.warns(UserWarning, match="layer second: none of its 1 links found on a path") as caught:
        warn_disconnected(layers, [np.array([True, False]), np.array([False])])
    assert len(caught) == 1


def test_no_warning_where_a_path_is_left_or_no_link_was(make_layer):
    layers = [make_layer([[1, 1]]), make_layer(np.zeros((2, 1)))]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_disconnected(layers, [np.array([True, False]), np.zeros(0, bool)])
