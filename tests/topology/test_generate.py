"""Names, options and values at the door of the generators."""

from __future__ import annotations

import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.topology import GENERATORS, generate
from sparse_mlp.topology.erdos_renyi import erdos_renyi


def test_unknown_name_names_the_nearest():
    with pytest.raises(InvalidInputError, match=r"topology='erdos-reny' found; must be one of .*did you mean 'erdos-r"):
        generate("erdos-reny", 3, 3, 0.5)


def test_option_that_the_generator_does_not_take():
    with pytest.raises(InvalidInputError, match="option 'beta' of topology erdos-renyi found; must be absent; topol"):
        generate("erdos-renyi", 3, 3, 0.5, beta=0.25)


def test_option_with_a_slip_of_the_pen(monkeypatch):
    def tilted(n_in, n_out, links, rng, *, slope=1.0):
        return erdos_renyi(n_in, n_out, links if slope else 0, rng)

    monkeypatch.setitem(GENERATORS, "tilted", tilted)
    assert generate("tilted", 4, 4, 0.5, rng=0, slope=0.0).nnz == 0
    with pytest.raises(InvalidInputError, match=r"option 'slop' of topology tilted found; .*did you mean 'slope'"):
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
