"""Units of a network: which evolving layers feed which, and that percolation over them is that of the real graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sparse_mlp.evolution import make_rule
from sparse_mlp.evolution.percolation import percolate
from sparse_mlp.layers import Dense, Dropout, Layer, ReLU, Residual, Sequential, SparseLinear, Tanh
from sparse_mlp.models import Network, SparseMLP
from sparse_mlp.structure import SparseStructure

WIDTH = 4


def sparse(name: str, n_in: int = WIDTH, n_out: int = WIDTH, seed: int = 0, density: float = 1.0) -> SparseLinear:
    """Make a layer with random links."""
    there = np.random.default_rng(seed).random(n_in * n_out) < density
    structure = SparseStructure.from_keys(np.flatnonzero(there), (n_in, n_out))
    return SparseLinear(structure, np.ones(structure.nnz), name=name)


def block(first: str, second: str = "") -> Residual:
    layers = [sparse(first)] if not second else [sparse(first, WIDTH, 6), ReLU(), sparse(second, 6, WIDTH)]
    return Residual(Sequential(layers))


def stem() -> Dense:
    return Dense(3, WIDTH)


Unit = tuple[str, tuple[str, ...], bool, bool]  # name, sources, whether all inputs are alive, ends


def units(*layers: Layer) -> list[Unit]:
    found = Network(Sequential(layers)).units
    for unit in found:
        assert unit.turned == () and len({layer.name for layer in unit.layers}) == len(unit.layers)
    return [(unit.name, unit.sources, unit.alive, unit.ends) for unit in found]


# ------------------------------------------------------------------------------------------------ by hand


def test_a_multilayer_perceptron_is_one_chain() -> None:
    assert units(sparse("a"), ReLU(), sparse("b"), Dropout(0.5), sparse("c"), Dense(4, 2)) == [("a-c", (), True, True)]
    model = SparseMLP([5, 6, 7, 3], density=0.5, rng=0)
    assert [[layer.name for layer in unit.layers] for unit in model.units] == [["sparse1", "sparse2"]]


def test_a_sparse_layer_at_the_end_ends_a_chain_where_it_evolves() -> None:
    assert units(sparse("a"), Tanh(), sparse("b")) == [("a-b", (), True, True)]
    model = SparseMLP([5, 6, 7, 3], density=0.5, dense_readout=False, rng=0)
    assert [(unit.name, unit.ends) for unit in model.units] == [("sparse1-sparse2", True)]
    assert model.fixed_layers == ["readout"]


def test_a_dense_layer_in_the_middle_parts_two_chains() -> None:
    found = units(sparse("a"), ReLU(), sparse("b"), Dense(4, 4), ReLU(), sparse("c"), Dense(4, 2))
    assert found == [("a-b", (), True, True), ("c", (), True, True)]


def test_a_residual_stream_that_begins_with_a_dense_layer_is_alive() -> None:
    assert units(stem(), block("a", "b"), block("c"), ReLU(), Dense(4, 2)) == [
        ("a-b", (), True, True), ("c", ("a-b",), True, True),
    ]  # fmt: skip


def test_a_residual_stream_that_begins_with_the_input_is_alive() -> None:
    assert units(block("a"), block("b", "c"), sparse("d"), Dense(4, 2)) == [
        ("a", (), True, False), ("b-c", ("a",), True, False), ("d", ("a", "b-c"), True, True),
    ]  # fmt: skip


def test_a_residual_stream_that_begins_with_a_sparse_layer() -> None:
    """A neuron of the stream that the stem does not fill lives if a block adds to it."""
    assert units(sparse("stem"), block("a", "b"), block("c"), Dense(4, 2)) == [
        ("stem", (), True, True), ("a-b", ("stem",), False, True), ("c", ("stem", "a-b"), False, True),
    ]  # fmt: skip


def test_a_sparse_layer_behind_a_residual_block_reads_both_ways() -> None:
    assert units(sparse("stem"), block("a", "b"), sparse("head"), ReLU(), Dense(4, 2)) == [
        ("stem", (), True, False), ("a-b", ("stem",), False, False), ("head", ("stem", "a-b"), False, True),
    ]  # fmt: skip


def test_blocks_inside_blocks() -> None:
    inner = Residual(Sequential([sparse("b"), ReLU(), Residual(sparse("c")), sparse("d")]))
    assert units(sparse("a"), inner, Dense(4, 2)) == [
        ("a", (), True, True), ("b", ("a",), False, False), ("c", ("b",), False, False), ("d", ("b", "c"), False, True),
    ]  # fmt: skip


def test_a_dense_branch_reads_the_stream_and_fills_it() -> None:
    assert units(sparse("a"), Residual(Dense(4, 4)), sparse("b"), Dense(4, 2)) == [
        ("a", (), True, True), ("b", ("a",), True, True),
    ]  # fmt: skip


def test_percolation_by_hand() -> None:
    """A stem that fills neuron 0 alone, a block 0 -> 1, 2 -> 3, a head that reads 1 and 3: 2 -> 3 and 3 -> head die."""
    first, branch = sparse("stem", 2, 4), sparse("branch")
    first.structure = SparseStructure.from_coo([0, 1], [0, 0], (2, 4))
    branch.structure = SparseStructure.from_coo([0, 2], [1, 3], (4, 4))
    head = sparse("head", 4, 2)
    head.structure = SparseStructure.from_coo([1, 3], [0, 1], (4, 2))
    for layer in (first, branch, head):
        layer.weight = np.ones(2, np.float32)
    model = Network(Sequential([first, Residual(branch), head]))
    kept = percolate(model.units, [np.ones(2, bool)] * 3)
    assert [mask.tolist() for mask in kept] == [[True, True], [True, False], [True, False]]


# --------------------------------------------------------------------------------- against the real graph


class Graph:
    """The neurons of a tree of layers, found by walking it, and an edge for each link, weight and identity."""

    def __init__(self, model: Network, keep: dict[str, Any]) -> None:
        self.graph, self.keep, self.count = nx.DiGraph(), keep, 0
        self.links: dict[str, list[tuple[Any, Any]]] = {}
        self.dense: list[tuple[list[int], list[int]]] = []
        inputs = self.new(model.n_features)
        outputs = self.walk(model.root, inputs)
        self.graph.add_edges_from([("input", n) for n in inputs] + [(n, "output") for n in outputs])

    def new(self, count: int) -> list[int]:
        self.count += count
        return list(range(self.count - count, self.count))

    def walk(self, layer: Layer, x: list[int]) -> list[int]:
        if isinstance(layer, Sequential):
            for child in layer.layers:
                x = self.walk(child, x)
            return x
        if isinstance(layer, Residual):
            y, branch = self.new(len(x)), self.walk(layer.branch, x)
            self.graph.add_edges_from([*zip(x, y, strict=True), *zip(branch, y, strict=True)])
            return y
        if isinstance(layer, SparseLinear):
            y, wiring = self.new(layer.shape[1]), layer.structure
            links = [(x[u], y[v]) for u, v in zip(wiring.rows(), wiring.indices, strict=True)]
            self.links[layer.name] = links
            self.graph.add_edges_from(edge for edge, there in zip(links, self.keep[layer.name], strict=True) if there)
            return y
        if isinstance(layer, Dense):
            y = self.new(layer.shape[1])
            self.dense.append((x, y))
            self.graph.add_edges_from((u, v) for u in x for v in y)
            return y
        return x  # activations keep neurons apart

    def alive(self) -> tuple[set[Any], set[Any]]:
        """Return the neurons that the input reaches, and those that lead on to the output."""
        self.graph.add_nodes_from(["input", "output"])
        reached = {"input", *(head for _, head in nx.bfs_edges(self.graph, "input"))}
        return reached, {"output", *(head for _, head in nx.bfs_edges(self.graph.reverse(), "output"))}


KINDS = ("sparse", "sparse", "block", "block", "small block", "nested block", "dense", "dense block", "tanh")


def tree(kinds: list[str], density: float, seed: int) -> Network:
    numbers: Iterator[int] = iter(range(seed, seed + 100))

    def layer(n_in: int = WIDTH, n_out: int = WIDTH) -> SparseLinear:
        number = next(numbers)
        return sparse(f"layer{number}", n_in, n_out, number, density)

    def made(kind: str) -> Layer:
        return {
            "sparse": layer,
            "block": lambda: Residual(Sequential([layer(WIDTH, 3), ReLU(), layer(3, WIDTH)])),
            "small block": lambda: Residual(layer()),
            "nested block": lambda: Residual(Sequential([layer(), Residual(Sequential([layer(), Tanh(), layer()]))])),
            "dense": lambda: Dense(WIDTH, WIDTH, rng=0),
            "dense block": lambda: Residual(Sequential([Dense(WIDTH, 2, rng=0), ReLU(), Dense(2, WIDTH, rng=0)])),
            "tanh": Tanh,
        }[kind]()

    return Network(Sequential([made(kind) for kind in kinds]), n_features=WIDTH)


@settings(max_examples=60)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=6), density=st.sampled_from([0.2, 0.35, 0.6]),
    seed=st.integers(0, 10**6), readout=st.booleans(),
)  # fmt: skip
def test_percolation_is_that_of_the_real_graph(kinds: list[str], density: float, seed: int, readout: bool) -> None:
    """Links stay if they lie on a path from an input to an output; a dense layer counts as reached and leading on."""
    model = tree([*kinds, "dense"] if readout or "tanh" in kinds else [*kinds, "sparse"], density, seed)
    rng, layers = np.random.default_rng(seed), model.evolving_layers
    keep = {layer.name: rng.random(layer.structure.nnz) < 0.85 for layer in layers}
    graph = Graph(model, keep)
    reached, leading = graph.alive()
    assume(all(reached & set(x) and leading & set(y) for x, y in graph.dense))
    found = percolate(model.units, [keep[layer.name] for layer in layers])
    for layer, mask in zip(layers, found, strict=True):
        links = zip(keep[layer.name].tolist(), graph.links[layer.name], strict=True)
        assert mask.tolist() == [there and tail in reached and head in leading for there, (tail, head) in links]


@pytest.mark.parametrize("rule", ["cht", "rlr"])
def test_an_update_leaves_no_link_that_does_nothing(rule: str) -> None:
    model = tree(["sparse", "block", "block", "sparse", "dense"], 0.45, 5)
    counts = [layer.structure.nnz for layer in model.evolving_layers]
    update = make_rule(rule, zeta=0.3, percolate=True).update(model.units, 0.0, np.random.default_rng(0))
    model.apply(update)
    assert [layer.structure.nnz for layer in model.evolving_layers] == counts
    assert sum(np.count_nonzero(change.carry < 0) for change in update.layers) > 5
