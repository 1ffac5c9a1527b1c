"""Names, options and values at the door of the generators."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import (
    GENERATORS,
    NEEDS_DATA,
    NETWORK_GENERATORS,
    TOPOLOGIES,
    generate,
    generate_network,
    needs_data,
)
from sparse_mlp.topology.erdos_renyi import erdos_renyi


def test_unknown_name_names_the_nearest():
    with pytest.raises(InvalidInputError, match=r"topology='erdos-reny'; expected one of .*did you mean 'erdos-r"):
        generate("erdos-reny", 3, 3, 0.5)


def test_option_that_the_generator_does_not_take():
    with pytest.raises(InvalidInputError, match="option 'beta' of topology erdos-renyi; expected no option; topol"):
        generate("erdos-renyi", 3, 3, 0.5, beta=0.25)


def test_option_with_a_slip_of_the_pen(monkeypatch):
    def tilted(n_in, n_out, links, rng, *, slope=1.0):
        return first_links(n_in, n_out, links, rng, shift=int(slope))

    monkeypatch.setitem(GENERATORS, "tilted", tilted)
    assert generate("tilted", 2, 3, 0.5, rng=0, slope=2.0).keys().tolist() == [2, 3, 4]
    with pytest.raises(InvalidInputError, match=r"option 'slop' of topology tilted; .*did you mean 'slope'"):
        generate("tilted", 4, 4, 0.5, rng=0, slop=2.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3, 0.5), "n_in=0"),
        ((3, 2.5, 0.5), "n_out=2.5"),
        ((3, 3, 20), "did you pass a percentage"),
        ((3, 3, 0), "density=0"),
        ((3, 3, float("nan")), "density=nan"),
    ],
)
def test_values_out_of_range(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        generate("erdos-renyi", *arguments)


def test_rng_that_is_none():
    with pytest.raises(InvalidInputError, match="rng='seed'"):
        generate("erdos-renyi", 3, 3, 0.5, rng="seed")


# ------------------------------------------------------------------------------ topologies that look at data


X = np.random.default_rng(0).standard_normal((20, 4))
DATA = (X, np.arange(20) % 3)


def test_names_of_all_and_of_those_that_need_data():
    assert set(GENERATORS) < set(TOPOLOGIES) and "snip" in TOPOLOGIES
    assert set(NEEDS_DATA) == {"correlated", "snip"}


@pytest.mark.parametrize("make", [lambda: generate("snipp", 3, 3, 0.5), lambda: generate_network("snipp", [3, 3], [2])])
def test_unknown_name_lists_layers_and_networks(make):
    names = ", ".join(TOPOLOGIES)
    with pytest.raises(InvalidInputError, match=f"topology='snipp'; expected one of {names}; did you mean 'snip'"):
        make()


@pytest.mark.parametrize("make", [lambda: generate("snip", 4, 4, 0.5), lambda: generate_network("snip", [4, 4], [8])])
def test_a_wiring_that_needs_a_gradient_comes_from_elsewhere(make):
    with pytest.raises(InvalidInputError, match=r"topology='snip'; .*sparse_mlp.models.snip"):
        make()


@pytest.mark.parametrize("name", ["correlated"])
def test_missing_data(name):
    with pytest.raises(InvalidInputError, match=f"no data for topology {name}.*made from the training set"):
        generate_network(name, [4, 5, 3], [8])


@pytest.mark.parametrize("params", [{}, {"data": None}])
def test_missing_data_of_a_layer(params):
    with pytest.raises(InvalidInputError, match="no data for topology correlated; expected data=inputs"):
        generate("correlated", 4, 5, 0.5, **params)


@pytest.mark.parametrize("name", [*GENERATORS, *NETWORK_GENERATORS])
def test_every_topology_is_called_alike(name):
    structures = generate_network(name, [4, 5, 6, 3], [10, 12], rng=0, data=DATA)
    assert [structure.shape for structure in structures] == [(4, 5), (5, 6)]
    assert sum(structure.nnz for structure in structures) == 22
    assert structures == generate_network(name, [4, 5, 6, 3], [10, 12], rng=0, data=DATA)


def test_layers_of_a_network_are_drawn_one_after_the_other():
    stream = np.random.default_rng(7)
    expected = [generate("erdos-renyi", 4, 5, 0.5, rng=stream), generate("erdos-renyi", 5, 6, 0.4, rng=stream)]
    assert generate_network("erdos-renyi", [4, 5, 6, 3], [10, 12], rng=7) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (X, r"data of type ndarray; expected a pair \(inputs, target\)"),
        ((X,), "data of type tuple"),
        ((X[:, :3], None), r"data with inputs of shape \(20, 3\); expected \(n_samples, 4\)"),
        ((X[0], None), r"data with inputs of shape \(4,\)"),
    ],
)
def test_data_that_do_not_fit_the_network(data, message):
    with pytest.raises(InvalidInputError, match=message):
        generate_network("correlated", [4, 5, 3], [8], data=data)


@pytest.mark.parametrize(
    ("links", "params", "message"),
    [
        ([21], {}, "21 links for the layer 4 x 5; expected at most 20"),
        ([1, 1, 1], {}, "links of 3 layers; expected at most 2"),
        ([-1], {}, "links=-1"),
        ([8], {"scope": "layer"}, "option 'scope' of topology correlated"),
    ],
)
def test_counts_and_options_of_a_network(links, params, message):
    with pytest.raises(InvalidInputError, match=message):
        generate_network("correlated", [4, 5, 3], links, data=DATA, **params)


def test_a_layer_generator_that_takes_data_is_given_the_inputs(monkeypatch):
    seen = []

    def watching(n_in, n_out, links, rng, *, data):
        seen.append(data)
        return erdos_renyi(n_in, n_out, links, rng)

    monkeypatch.setitem(GENERATORS, "watching", watching)
    generate_network("watching", [4, 5, 6], [3, 4], data=DATA, rng=0)
    assert len(seen) == 2 and seen[0] is seen[1] is X


# ------------------------------------------------------------------------------ generators of the user's own


def first_links(n_in, n_out, links, rng, *, shift=0):
    return SparseStructure.from_keys((np.arange(links) + shift) % (n_in * n_out), (n_in, n_out))


def alike(sizes, links, rng):
    return [first_links(n, m, count, rng) for n, m, count in zip(sizes, sizes[1:], links, strict=False)]


def test_a_function_as_a_topology():
    assert generate(first_links, 2, 3, 0.5).keys().tolist() == [0, 1, 2]
    assert generate(first_links, 2, 3, 0.5, shift=2).keys().tolist() == [2, 3, 4]
    assert [s.nnz for s in generate_network(first_links, [2, 3, 4], [2, 5])] == [2, 5]
    assert [s.nnz for s in generate_network(alike, [2, 3, 4], [2, 5])] == [2, 5]
    with pytest.raises(InvalidInputError, match="option 'slope' of topology first_links"):
        generate(first_links, 2, 3, 0.5, slope=1)
    with pytest.raises(InvalidInputError, match="topology alike for a single layer"):
        generate(alike, 2, 3, 0.5)


def test_a_topology_in_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from sparse_mlp.structure import SparseStructure\n"
        "def wire(n_in, n_out, links, rng, *, data):\n"
        "    return SparseStructure.from_keys(range(links), (n_in, n_out))\n"
    )
    assert generate_network(f"{path}:wire", [4, 5, 3], [8], data=DATA)[0].keys().tolist() == list(range(8))
    assert needs_data(f"{path}:wire")
    with pytest.raises(InvalidInputError, match=f"no data for topology {path}:wire"):
        generate_network(f"{path}:wire", [4, 5, 3], [8])


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ("wires", "a str from topology"),
        (SparseStructure.complete((3, 3)), r"a wiring of shape \(3, 3\)"),
        (SparseStructure.complete((2, 3)), "6 links from topology .*; expected the 3 links"),
    ],
)
def test_what_a_generator_of_layers_returns_is_checked(made, found):
    with pytest.raises(InvalidInputError, match=found):
        generate(lambda n_in, n_out, links, rng: made, 2, 3, 0.5)


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (None, "a NoneType from topology"),
        ([SparseStructure.complete((2, 3))], "1 wirings from topology"),
        ([SparseStructure.complete((2, 3)), None], "a NoneType from topology"),
        ([SparseStructure.complete((2, 3)), SparseStructure.complete((3, 4))], "18 links from topology .* the 7 links"),
    ],
)
def test_what_a_generator_of_networks_returns_is_checked(made, found):
    with pytest.raises(InvalidInputError, match=found):
        generate_network(lambda sizes, links, rng: made, [2, 3, 4], [2, 5])
