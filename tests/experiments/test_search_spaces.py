"""Settings to try: the default first, plain values, no setting twice, options of the generator alone."""

from __future__ import annotations

import inspect
import json

import pytest
from scipy.stats import randint, uniform

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.experiments import SEARCHED, search_space
from sparse_mlp.experiments.search_spaces import draw_settings
from sparse_mlp.topology import GENERATORS, generate


@pytest.mark.parametrize("topology", SEARCHED)
def test_every_drawn_setting_can_be_wired(topology):
    space = search_space(topology)
    assert set(space) <= set(inspect.signature(GENERATORS[topology]).parameters)
    settings = draw_settings(space, {}, 20, seed=1)
    assert len(settings) == 20
    assert settings[0] == {}
    assert all(set(setting) == set(space) for setting in settings[1:])
    assert json.loads(json.dumps(settings)) == settings
    for setting in settings:
        assert generate(topology, 30, 20, 0.1, rng=0, **setting).nnz == 60


def test_the_default_is_in_the_space():
    parameters = inspect.signature(GENERATORS["dendritic"]).parameters
    for name, values in search_space("dendritic").items():
        if isinstance(values, list):
            assert parameters[name].default in values
    assert search_space("small-world")["beta"].support() == (0, 1)


def test_draws_follow_the_seed():
    space = {"beta": uniform(0, 1), "k": randint(1, 9)}
    drawn = draw_settings(space, {}, 12, seed=3)
    assert drawn == draw_settings(space, {}, 12, seed=3)
    assert drawn != draw_settings(space, {}, 12, seed=4)
    assert all(type(setting["k"]) is int and round(setting["beta"], 3) == setting["beta"] for setting in drawn[1:])


def test_a_small_space_is_tried_whole_and_nothing_twice():
    space = {"a": [1, 2], "b": ["x", "y", "y"]}
    settings = draw_settings(space, {}, 50, seed=0)
    assert settings[0] == {} and len(settings) == 5
    assert {tuple(sorted(setting.items())) for setting in settings[1:]} == {
        (("a", a), ("b", b)) for a in (1, 2) for b in "xy"
    }


def test_given_options_are_fixed_for_all():
    settings = draw_settings({"a": [1, 2, 3], "b": [4, 5]}, {"a": 7}, 9, seed=0)
    assert settings[0] == {"a": 7}
    assert sorted(setting["b"] for setting in settings[1:]) == [4, 5]
    assert all(setting["a"] == 7 for setting in settings)
    with pytest.raises(InvalidInputError, match="values for all of a, b; expected at least one left out"):
        draw_settings({"a": [1, 2, 3], "b": [4]}, {"a": 7, "b": 4}, 9, seed=0)


def test_topologies_without_options_are_refused():
    with pytest.raises(InvalidInputError, match="topology to search='erdos-renyi'; expected one of dendritic"):
        search_space("erdos-renyi")
    with pytest.raises(InvalidInputError, match="configurations=1; expected a whole number, 2 or more"):
        draw_settings({"a": [1]}, {}, 1, seed=0)
