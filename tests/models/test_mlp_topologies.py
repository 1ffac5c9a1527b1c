"""SparseMLP built by every topology: from names, from the training set, from given structures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.models import SparseMLP
from sparse_mlp.rng import spawn_streams
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import TOPOLOGIES, allocate, generate, generate_network

SIZES = [12, 20, 15, 4]
X = np.random.default_rng(0).standard_normal((40, 12)).astype(np.float32)
Y = np.arange(40) % 4
DATA = (X, Y)


def structures(model: SparseMLP) -> list[SparseStructure]:
    return [layer.structure for layer in model.sparse_layers]


@pytest.mark.parametrize("name", TOPOLOGIES)
@pytest.mark.parametrize("dense_readout", [True, False])
def test_every_topology_with_the_training_set(name: str, dense_readout: bool) -> None:
    model = SparseMLP(SIZES, density=0.2, topology=name, data=DATA, dense_readout=dense_readout, rng=0)
    again = SparseMLP(SIZES, density=0.2, topology=name, data=DATA, dense_readout=dense_readout, rng=0)
    assert structures(model) == structures(again)
    assert sum(s.nnz for s in structures(model)) == round(0.2 * (240 + 300 + (0 if dense_readout else 60)))
    assert model.predict_scores(X).shape == (40, 4)


def test_random_wiring_does_not_look_at_data() -> None:
    # As it has always been drawn: layer after layer from the stream of that name.
    stream = spawn_streams(3)["topology"]
    expected = [generate("erdos-renyi", 12, 20, 0.25, rng=stream), generate("erdos-renyi", 20, 15, 0.25, rng=stream)]
    assert structures(SparseMLP(SIZES, density=0.25, rng=3)) == expected
    assert structures(SparseMLP(SIZES, density=0.25, rng=3, data=("neither", "of these"))) == expected


def test_correlated_with_allocation_or_epsilon() -> None:
    model = SparseMLP(SIZES, density=0.2, allocation="er", topology="correlated", data=(X, None), rng=0)
    counts = allocate([(12, 20), (20, 15)], 0.2, "er")
    assert [s.nnz for s in structures(model)] == counts != [48, 60]
    assert structures(model) == generate_network("correlated", SIZES, counts, data=DATA)
    model = SparseMLP(SIZES, epsilon=2, topology="correlated", data=DATA, rng=0)
    assert [s.nnz for s in structures(model)] == [64, 70]


def test_options_of_snip() -> None:
    by_layer = SparseMLP(SIZES, density=0.2, topology="snip", topology_params={"scope": "layer"}, data=DATA, rng=0)
    over_all = SparseMLP(SIZES, density=0.2, topology="snip", data=DATA, rng=0)
    assert [s.nnz for s in structures(by_layer)] == [48, 60] != [s.nnz for s in structures(over_all)]


def test_given_structures() -> None:
    first, second = generate("erdos-renyi", 12, 20, 0.1, rng=5), SparseStructure.complete((20, 15))
    model = SparseMLP(SIZES, topology=[first, second], rng=0)
    assert model.sparse_layers[0].structure is first and model.sparse_layers[1].structure is second
    assert [layer.name for layer in model.linear_layers] == ["sparse1", "sparse2", "readout"]


GIVEN = [SparseStructure.complete((12, 20)), SparseStructure.complete((20, 15))]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"topology": "correlated"}, r"no data for topology correlated"),
        ({"topology": "snip"}, "no data for topology snip"),
        ({"topology": "snipp"}, "expected one of .*correlated, .*snip; did you mean 'snip'"),
        ({"topology": "correlated", "data": (X[:, :5], Y)}, r"inputs of shape \(40, 5\)"),
        ({"topology_params": {"scope": "layer"}}, "option 'scope' of topology erdos-renyi"),
        ({"topology": GIVEN[:1]}, r"structures of shapes \[\(12, 20\)\]"),
        ({"topology": GIVEN[::-1]}, r"structures of shapes \[\(20, 15\), \(12, 20\)\]"),
        ({"topology": GIVEN[0]}, "structures of shapes"),
        ({"topology": [1, 2]}, "expected a name or a sequence of SparseStructure"),
        ({"topology": GIVEN, "density": 0.1}, "density=0.1 with given structures"),
        ({"topology": GIVEN, "epsilon": 3}, "epsilon=3 with given structures"),
        ({"topology": GIVEN, "topology_params": {"scope": "layer"}}, "topology_params=.* given structures"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        SparseMLP(SIZES, rng=0, **options)
