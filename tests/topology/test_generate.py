"""Names, options and values at the door of the generators."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.topology import GENERATORS, NEEDS_DATA, TOPOLOGIES, generate, generate_network
from sparse_mlp.topology.erdos_renyi import erdos_renyi


def test_unknown_name_names_the_nearest():
    with pytest.raises(InvalidInputError, match=r"topology='erdos-reny'; expected one of .*did you mean 'erdos-r"):
        generate("erdos-reny", 3, 3, 0.5)


def test_option_that_the_generator_does_not_take():
    with pytest.raises(InvalidInputError, match="option 'beta' of topology erdos-renyi; expected absent; topol"):
        generate("erdos-renyi", 3, 3, 0.5, beta=0.25)


def test_option_with_a_slip_of_the_pen(monkeypatch):
    def tilted(n_in, n_out, links, rng, *, slope=1.0):
        return erdos_renyi(n_in, n_out, links if slope else 0, rng)

    monkeypatch.setitem(GENERATORS, "tilted", tilted)
    assert generate("tilted", 4, 4, 0.5, rng=0, slope=0.0).nnz == 0
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


def test_whole_network_topology_for_a_single_layer():
    with pytest.raises(InvalidInputError, match=r"topology='snip' for a single layer; .*generate_network or Sp"):
        generate("snip", 4, 4, 0.5, data=X)


@pytest.mark.parametrize("name", NEEDS_DATA)
def test_missing_data(name):
    message = f"topology='{name}' without data; expected called with data=.*made from the training set"
    with pytest.raises(InvalidInputError, match=message):
        generate_network(name, [4, 5, 3], [8])


@pytest.mark.parametrize("params", [{}, {"data": None}])
def test_missing_data_of_a_layer(params):
    with pytest.raises(InvalidInputError, match=r"topology='correlated' without data; .* with data=inputs"):
        generate("correlated", 4, 5, 0.5, **params)


@pytest.mark.parametrize("name", TOPOLOGIES)
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
        ([1, 1, 1], {}, "links of 3 layers; expected of at most 2"),
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
