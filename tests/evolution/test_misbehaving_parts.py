"""Removals, regrowths and rules of one's own that return something wrong are named, with what they returned."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from sparse_mlp import SparseMLP, Trainer
from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import LayerUpdate, TopologyUpdate, make_rule, one_chain, regrow_random
from sparse_mlp.evolution.removal import remove_by_magnitude
from sparse_mlp.evolution.three_stages import three_stage_rule

WIRING = [[1, 1, 0, 0], [1, 1, 0, 0]]  # two of four links go, and two of six positions are taken


def rule(remove=remove_by_magnitude, regrow=regrow_random):
    return three_stage_rule("mine", remove=remove, regrow=regrow, zeta=0.5)


def refused(make_layer, message, **parts):
    layer = make_layer(WIRING)
    before = layer.structure, layer.weight.copy()
    with pytest.raises(InvalidInputError, match=message):
        rule(**parts).update(one_chain([layer]), 0.0, rng=0)
    assert layer.structure is before[0] and (layer.weight == before[1]).all(), "nothing was changed"


@pytest.mark.parametrize(
    ("keep", "words"),
    [(np.ones(3, bool), r"bool \(3,\)"), (np.arange(4), r"int64 \(4,\)"), (None, r"object \(\)")],
)
def test_a_removal_that_returns_no_mask_over_the_links(make_layer, keep, words):
    def forgetful(links, zeta, **_):
        return keep

    refused(make_layer, rf"{words} from removal .*forgetful in layer sparse1; expected bool \(4,\)", remove=forgetful)


@pytest.mark.parametrize(
    ("positions", "words"),
    [
        ([2], r"int64 \(1,\)"),
        ([2.0, 3.0], r"float64 \(2,\)"),
        ([2, 8], "positions from 2 to 8"),
        ([-1, 2], "positions from -1 to 2"),
        ([3, 2], "position 3 before 2"),
        ([2, 2], "position 2 before 2"),
        ([2, 5], "position 5, which has a link"),  # the weights are 1, 2, 3, 4: the last two stay
    ],
)
def test_a_regrowth_that_returns_other_positions(make_layer, positions, words):
    def careless(layer, keep, k, *, rng):
        return positions

    message = rf"{words} from regrowth .*careless in layer sparse1"
    refused(make_layer, message, regrow=careless)
    refused(make_layer, message, regrow=partial(careless))


def test_right_ones_of_ones_own_are_taken(make_layer):
    layer = make_layer(WIRING)
    update = rule(regrow=lambda layer, keep, k, *, rng: np.array([0, 2])).update(one_chain([layer]), 0.0, rng=0)
    assert update.layers[0].grown_positions.tolist() == [0, 2] and layer.structure.nnz == 4


def test_what_is_not_a_rule_is_refused():
    model = SparseMLP([4, 6, 2], density=0.5, rng=0)
    with pytest.raises(InvalidInputError, match=r"a SimpleNamespace as a rule, without wants_dense, .*load_state"):
        Trainer(model, rule=SimpleNamespace(name="mine"))


class Own:
    """A rule from scratch that returns what it was given."""

    name, wants_dense, initial_density, update_steps, wants_signals = "own", False, None, None, False

    def __init__(self, answer):
        self.answer = answer

    def update(self, units, progress, rng=None):
        return self.answer(units[0].layers[0])

    def state(self):
        return {}

    def load_state(self, state):
        pass


def _unlike(layer):
    everything = np.ones(layer.structure.nnz, bool)
    return LayerUpdate.from_stages(layer.name, layer.structure, ~everything, ~everything, [1])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda layer: None, "a NoneType from an update by rule 'own'"),
        (lambda layer: TopologyUpdate((_unlike(layer),)), "has to call layer.rewire"),
        (lambda layer: TopologyUpdate((SimpleNamespace(layer="other"),)), "layer 'other' by rule 'own'"),
    ],
)
def test_an_update_must_say_what_was_done(answer, words):
    model = SparseMLP([4, 6, 2], density=0.5, rng=0)
    with pytest.raises(InvalidInputError, match=words):
        Trainer(model, rule=Own(answer), rng=0).fit((np.ones((4, 4)), np.arange(4) % 2), epochs=2)


def test_a_function_that_makes_no_rule_is_named(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("def five(*, zeta: float = 0.3):\n    return 5\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError, match=r"a int from rule mine\.py:five"):
        make_rule("mine.py:five")
