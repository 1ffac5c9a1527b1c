"""A network without a path from input to output, or without a gradient, is said to be so; any other is not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from sparse_mlp.models import SparseMLP
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training import Trainer

X, Y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2


def network(second_input: int, **options: object) -> SparseMLP:
    """Return 3-3-3-2 neurons: the inputs reach hidden neuron 0 alone, the second layer reads the one given."""
    first = SparseStructure.from_coo([0, 1, 2], [0, 0, 0], (3, 3))
    second = SparseStructure.from_coo([second_input], [1], (3, 3))
    return SparseMLP([3, 3, 3, 2], topology=[first, second], rng=0, backend="scipy", **options)  # type: ignore[arg-type]


def fit(model: SparseMLP, epochs: int = 2) -> None:
    Trainer(model, rule="static", rng=0).fit((X, Y), epochs=epochs)


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_no_path(activation: str) -> None:
    with pytest.warns(UserWarning, match=r"no path leads from the input through layer 'sparse2'"):
        fit(network(1, activation=activation))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(network(0, activation=activation, weights="kaiming"))


def test_no_active_neuron() -> None:
    model = network(0)
    model.sparse_layers[0].bias[:] = -100
    with pytest.warns(UserWarning, match=r"gradient of all weights is zero at step 1, with loss") as caught:
        fit(model, epochs=3)
    assert len(caught) == 1


def test_a_network_that_has_learned_everything_is_not_warned_of() -> None:
    model = SparseMLP.dense([3, 4, 2], rng=0, backend="scipy")
    model.linear_layers[-1].bias[:] = [0, 1000]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Trainer(model, rule="static", rng=0).fit((X, np.ones(20, int)), epochs=1)
