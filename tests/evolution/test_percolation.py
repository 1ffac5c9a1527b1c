"""Percolation over units: by hand, and compared with a search over the graph of all neurons."""

from __future__ import annotations

import warnings

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import EvolvingUnit, make_rule, one_chain, percolate, warn_disconnected
from sparse_mlp.layers import MotifLinear, SparseLinear
from sparse_mlp.structure import SparseStructure


@pytest.fixture
def chain(make_layer):
    matrices = [[1, 1, 0], [0, 0, 1]], [[1, 0], [0, 0], [0, 1]], [[1], [0]]
    return [make_layer(m, name=f"sparse{i + 1}") for i, m in enumerate(matrices)]


def links_left(layers, keep):
    left = [layer.structure.select(mask) for layer, mask in zip(layers, keep, strict=True)]
    return [list(zip(s.rows().tolist(), s.indices.tolist(), strict=True)) for s in left]


def all_links(layers):
    return [np.ones(layer.structure.nnz, bool) for layer in layers]


@pytest.mark.usefixtures("backend")
def test_chain_by_hand(chain):
    # Node 1 of the third column leads nowhere, hence 2 -> 1 goes; then nodes 1 and 2 of the second column lead nowhere.
    keep = percolate(one_chain(chain), all_links(chain))
    assert links_left(chain, keep) == [[(0, 0)], [(0, 0)], [(0, 0)]]
    assert percolate(one_chain(chain), keep)[0].tolist() == keep[0].tolist()
    # Without the link 0 -> 0 nothing reaches node 0 of the later columns.
    keep = percolate(one_chain(chain), [np.array([False, True, True]), *all_links(chain)[1:]])
    assert links_left(chain, keep) == [[], [], []]


def test_the_masks_handed_in_stay_as_they_are(chain):
    keep = all_links(chain)
    percolate(one_chain(chain), keep)
    assert all(mask.all() for mask in keep)


def test_one_layer_has_nothing_to_lose(make_layer):
    layer = make_layer([[0, 1], [0, 0]])
    assert percolate(one_chain([layer]), [np.array([True])])[0].tolist() == [True]
    assert percolate([], []) == []


@pytest.mark.usefixtures("backend")
def test_query_and_key_keep_the_units_into_which_both_lead(make_layer):
    query, key = make_layer([[1, 0, 1], [0, 0, 1]], name="query"), make_layer([[0, 1, 1], [0, 1, 0]], name="key")
    unit = EvolvingUnit("query-key", (query, key), turned=(False, True))
    keep = percolate([unit], all_links([query, key]))
    assert links_left([query, key], keep) == [[(0, 2), (1, 2)], [(0, 2)]]
    log = make_rule("rlr", zeta=0.01, percolate=True).update([unit], 0.0, 0)
    assert [(len(c.percolated[0]), len(c.grown[0])) for c in log.layers] == [(1, 1), (2, 2)]
    assert [layer.structure.nnz for layer in (query, key)] == [3, 3]


def test_a_block_between_stem_and_head(make_layer):
    """Stream of 3: the stem fills 0, the block reads 0 and 1 and adds to 1 and 2, the head reads 0 and 1."""
    matrices = [[1, 0, 0]], [[0, 1, 1], [0, 1, 0], [0, 0, 0]], np.eye(3)[:, :2]
    layers = stem, block, head = [make_layer(matrix) for matrix in matrices]
    units = [
        EvolvingUnit("stem", (stem,), ends=False),
        EvolvingUnit("block", (block,), sources=("stem",), ends=False),
        EvolvingUnit("head", (head,), sources=("stem", "block")),
    ]
    expected = [[(0, 0)], [(0, 1)], [(0, 0), (1, 1)]]
    assert links_left(layers, percolate(units, all_links(layers))) == expected
    # With a dense head all outputs lead on; with a dense stem all inputs are alive.
    assert links_left(layers[:2], percolate([u._replace(ends=True) for u in units[:2]], all_links(layers[:2]))) == [
        [(0, 0)], [(0, 1), (0, 2)]
    ]  # fmt: skip
    free = [units[1]._replace(sources=()), units[2]._replace(sources=("block",))]
    assert links_left(layers[1:], percolate(free, all_links(layers[1:]))) == [[(0, 1), (1, 1)], [(1, 1)]]


WIDTH = 4
UNITS = st.lists(
    st.tuples(st.lists(st.integers(1, 4), max_size=2), st.lists(st.booleans(), min_size=3, max_size=3), st.booleans()),
    min_size=1, max_size=4,
)  # fmt: skip
BACKENDS = st.sampled_from(["reference", "numba"])


@given(UNITS, st.data(), st.floats(0.05, 0.8), st.integers(0, 10**6), BACKENDS)
def test_units_that_read_any_earlier_ones(specifications, data, density, seed, backend):
    rng, units = np.random.default_rng(seed), []
    for i, (inner, turned, ends) in enumerate(specifications):
        sources = data.draw(st.sets(st.sampled_from([u.name for u in units])) if units else st.just(set()))
        unit = random_unit(f"unit{i}", inner, turned, density, rng, tuple(sorted(sources)), ends)
        units.append(unit._replace(alive=data.draw(st.booleans())))
    graph = nx.DiGraph()
    for unit in units:
        ends = [((unit.name, len(unit.layers), n), "output") for n in range(WIDTH) if unit.ends]
        starts = [("input", (unit.name, 0, n)) for n in range(WIDTH) if unit.alive or not unit.sources]
        identities = [((s, column(units, s), n), (unit.name, 0, n)) for s in unit.sources for n in range(WIDTH)]
        graph.add_edges_from([*ends, *starts, *identities])
    check(units, graph, rng, backend)


@given(UNITS, st.booleans(), st.booleans(), st.floats(0.05, 0.8), st.integers(0, 10**6), BACKENDS)
def test_a_residual_stream(specifications, sparse_stem, dense_head, density, seed, backend):
    """Each block reads the stream and adds to it; the graph has the stream's neurons, and identities for the skips."""
    rng, units, stream = np.random.default_rng(seed), [], []
    for i, (inner, turned, _) in enumerate(specifications):
        unit = random_unit(f"unit{i}", inner, turned, density, rng, tuple(stream), dense_head)
        units.append(unit._replace(alive=not sparse_stem))
        stream.append(f"unit{i}")
    if not dense_head:
        head = random_unit("head", [], [False], density, rng, tuple(stream), True)
        units.append(head._replace(alive=not sparse_stem))
    graph, blocks = nx.DiGraph(), len(specifications)
    for n in range(WIDTH):
        graph.add_edge("input", ("stream", 0, n))
        for i in range(blocks):
            graph.add_edge(("stream", i, n), (f"unit{i}", 0, n))
            graph.add_edge((f"unit{i}", column(units, f"unit{i}"), n), ("stream", i + 1, n))
            if i or not sparse_stem:  # no skip around a stem, which fills the stream
                graph.add_edge(("stream", i, n), ("stream", i + 1, n))
        graph.add_edge(("stream", blocks, n), "output" if dense_head else ("head", 0, n))
        if not dense_head:
            graph.add_edge(("head", 1, n), "output")
    check(units, graph, rng, backend)


def random_unit(name, inner, turned, density, rng, sources, ends):
    """Make a chain of layers from the stream's width to the stream's width."""
    sizes = [WIDTH, *inner, WIDTH]
    turned, layers = tuple(turned[: len(sizes) - 1]), []
    for k, turn in enumerate(turned):
        passed = rng.random((sizes[k], sizes[k + 1])) < density
        matrix = passed.T if turn else passed
        structure = SparseStructure.from_coo(*np.nonzero(matrix), matrix.shape)
        layers.append(SparseLinear(structure, np.ones(structure.nnz), name=f"{name}.{k}"))
    return EvolvingUnit(name, tuple(layers), turned if any(turned) else (), sources, ends)


def column(units, name):
    """Return the number of the last column of neurons of a unit."""
    return len(next(unit for unit in units if unit.name == name).layers)


def check(units, graph, rng, backend):
    """Compare percolation with a breadth-first search, after some links have gone."""
    layers = [layer for unit in units for layer in unit.layers]
    keep = [rng.random(layer.structure.nnz) < 0.9 for layer in layers]
    edges, masks = [], iter(keep)
    for unit in units:
        for k, layer in enumerate(unit.layers):
            rows, cols = layer.structure.rows().tolist(), layer.structure.indices.tolist()
            tails, heads = (cols, rows) if unit.turned and unit.turned[k] else (rows, cols)
            edges.append([((unit.name, k, t), (unit.name, k + 1, h)) for t, h in zip(tails, heads, strict=True)])
            graph.add_edges_from(edge for edge, there in zip(edges[-1], next(masks), strict=True) if there)
    graph.add_nodes_from(["input", "output"])
    reached = {"input", *(head for _, head in nx.bfs_edges(graph, "input"))}
    leading = {"output", *(head for _, head in nx.bfs_edges(graph.reverse(), "output"))}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARSE_MLP_BACKEND", backend)
        found = percolate(units, keep)
    for mask, links, left in zip(keep, edges, found, strict=True):
        wanted = [bool(m) and tail in reached and head in leading for m, (tail, head) in zip(mask, links, strict=True)]
        assert left.tolist() == wanted


class Taps(SparseLinear):
    """A layer with two rows for each channel of its input, such as the taps of a kernel."""

    def units(self):
        channels = self.structure.rows() // 2 * self.structure.n_out + self.structure.indices
        keys, unit_link = np.unique(channels, return_inverse=True)
        return SparseStructure.from_keys(keys, (self.structure.n_in // 2, self.structure.n_out)), unit_link


def test_taps_stay_while_their_channels_are_linked(make_layer):
    # Channel 0 has taps 0 and 1, channel 1 taps 2 and 3. Only channel 1 of the first layer's output leads on.
    first = Taps(SparseStructure.from_coo([0, 1, 1, 3], [1, 0, 1, 1], (4, 2)), np.ones(4))
    second = make_layer([[0], [1]])
    keep = percolate(one_chain([first, second]), all_links([first, second]))
    assert [mask.tolist() for mask in keep] == [[True, False, True, True], [True]]
    keep = percolate(one_chain([first, second]), [np.array([True, True, False, True]), np.array([True])])
    assert keep[0].tolist() == [True, False, False, True]


def test_motifs_are_followed_as_motifs():
    first = MotifLinear(SparseStructure.from_coo([0, 1], [0, 1], (2, 2)), [1, 2], motif_size=3)
    second = MotifLinear(SparseStructure.from_coo([1], [0], (2, 1)), [1], motif_size=3)
    keep = percolate(one_chain([first, second]), [np.ones(2, bool), np.ones(1, bool)])
    assert [mask.tolist() for mask in keep] == [[False, True], [True]]


def test_units_that_do_not_fit(make_layer):
    first, second = make_layer([[1, 1]], name="first"), make_layer([[1]], name="second")
    for units, found in [
        (one_chain([first, second]), "layers of shapes 1 x 2, 1 x 1; expected a chain"),
        ([EvolvingUnit("a", (first,)), EvolvingUnit("b", (second,), sources=("a",))], "'a' among the sources of 'b'"),
        ([EvolvingUnit("a", (second,), sources=("b",)), EvolvingUnit("b", (second,))], "'b' among the sources of 'a'"),
        ([EvolvingUnit("a", (first,)), EvolvingUnit("a", (first,))], "chain 'a' twice"),
    ]:
        layers = [layer for unit in units for layer in unit.layers]
        with pytest.raises(InvalidInputError, match=found):
            percolate(units, all_links(layers))
    turned = EvolvingUnit("a", (first, second), turned=(True, True))  # 2 to 1 to 1: fits
    assert all(mask.all() for mask in percolate([turned], all_links([first, second])))


def test_warning_names_the_layer(make_layer):
    layers = [make_layer([[1, 1]], name="first"), make_layer([[1], [0]], name="second")]
    with pytest.warns(UserWarning, match="layer second: none of its 1 links lies on a path") as caught:
        warn_disconnected(layers, [np.array([True, False]), np.array([False])])
    assert len(caught) == 1


def test_no_warning_where_a_path_is_left_or_no_link_was(make_layer):
    layers = [make_layer([[1, 1]]), make_layer(np.zeros((2, 1)))]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_disconnected(layers, [np.array([True, False]), np.zeros(0, bool)])
