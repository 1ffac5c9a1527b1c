"""All parameters in one flat array, of which the layers hold views."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from sparse_mlp.evolution import LayerUpdate, TopologyUpdate
from sparse_mlp.layers import Dense, SparseLinear
from sparse_mlp.models.store import ParameterStore
from sparse_mlp.structure import SparseStructure


def made_layers() -> list[Any]:
    """Weights 10, 11, 12 | 20, 21 | 30 … 33 and biases 1, 2 | 3, 4 | 5, 6."""
    first = SparseLinear(SparseStructure.from_keys([0, 3, 4], (3, 2)), [10, 11, 12], dtype=np.float64, name="one")
    second = SparseLinear(SparseStructure.from_keys([1, 2], (2, 2)), [20, 21], dtype=np.float64, name="two")
    third = Dense(2, 2, dtype=np.float64, name="three")
    third.weight[:] = [[30, 31], [32, 33]]
    for layer, bias in zip((first, second, third), ([1, 2], [3, 4], [5, 6]), strict=True):
        layer.bias[:] = bias
    return [first, second, third]


FLAT = [10, 11, 12, 20, 21, 30, 31, 32, 33, 1, 2, 3, 4, 5, 6]


def assert_bound(store: ParameterStore) -> None:
    """Each array of each layer is a view of its part of the flat values."""
    seen = []
    for layer in store.layers:
        assert all(np.shares_memory(a, store.values) for a in (layer.weight, layer.bias) if a.size)
    for layer in store.layers:
        seen += layer.weight.ravel().tolist()
    for layer in store.layers:
        seen += layer.bias.tolist()
    assert seen == store.values.tolist()
    assert store.n_weights == sum(layer.weight.size for layer in store.layers)
    assert store.gradient.shape == store.values.shape and store.gradient.dtype == store.values.dtype


def test_weights_come_first_then_biases() -> None:
    store = ParameterStore(made_layers())
    assert store.values.tolist() == FLAT
    assert store.n_weights == 9
    assert store.weight_parts == [slice(0, 3), slice(3, 5), slice(5, 9)]
    assert store.bias_parts == [slice(9, 11), slice(11, 13), slice(13, 15)]
    assert store.gradient.tolist() == [0] * 15
    assert_bound(store)


def test_layers_and_store_write_the_same_memory() -> None:
    layers = made_layers()
    store = ParameterStore(layers)
    store.values[:] = np.arange(15)
    assert layers[0].weight.tolist() == [0, 1, 2] and layers[2].weight.tolist() == [[5, 6], [7, 8]]
    assert layers[1].bias.tolist() == [11, 12]
    layers[2].weight[1, 0] = -7
    layers[0].bias[1] = -10
    assert store.values[[7, 10]].tolist() == [-7, -10]
    assert layers[0].weights.toarray().tolist() == [[0, 0], [0, 1], [2, 0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_is_the_layers(dtype: Any) -> None:
    layer = SparseLinear(SparseStructure.complete((2, 2)), dtype=dtype)
    store = ParameterStore([layer])
    assert store.values.dtype == store.gradient.dtype == layer.weight.dtype == dtype


def test_a_layer_without_links_takes_no_room() -> None:
    empty = SparseLinear(SparseStructure.from_keys([], (2, 2)), dtype=np.float64, name="empty")
    store = ParameterStore([empty, *made_layers()[1:]])
    assert store.weight_parts[0] == slice(0, 0) and store.n_weights == 6
    assert_bound(store)


def test_collect() -> None:
    store = ParameterStore(made_layers())
    store.collect([
        {"weight": np.array([1.0, 2, 3]), "bias": np.array([10.0, 11])},
        {"weight": np.array([4.0, 5]), "bias": np.array([12.0, 13])},
        {"weight": np.array([[6.0, 7], [8, 9]]), "bias": np.array([14.0, 15])},
    ])  # fmt: skip
    assert store.gradient.tolist() == list(range(1, 16))


def rewired(layer: SparseLinear, keys: list[int], new_weights: list[float]) -> LayerUpdate:
    """Give the layer other links and return the log of it."""
    before, after = layer.structure, SparseStructure.from_keys(keys, layer.structure.shape)
    carry = after.positions_in(before)
    layer.rewire(after, carry, np.array(new_weights))
    return LayerUpdate(layer.name, before, after, carry, np.zeros(before.nnz, bool))


def test_rebind_after_one_layer_grew() -> None:
    """The link 3 of layer two is new, and everything behind it moves up by one."""
    store = ParameterStore(made_layers())
    carry = store.rebind(TopologyUpdate((rewired(store.layers[1], [1, 2, 3], [99.0]),)))
    assert store.values.tolist() == [10, 11, 12, 20, 21, 99, 30, 31, 32, 33, 1, 2, 3, 4, 5, 6]
    assert carry.tolist() == [0, 1, 2, 3, 4, -1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert carry.dtype == np.int64
    assert_bound(store)


def test_rebind_after_two_layers_changed() -> None:
    """Layer one: link 0 goes, 1 and 5 come. Layer two: link 2 goes."""
    store = ParameterStore(made_layers())
    changes = rewired(store.layers[0], [1, 3, 4, 5], [77.0, 88.0]), rewired(store.layers[1], [1], [])
    carry = store.rebind(TopologyUpdate(changes))
    assert store.values.tolist() == [77, 11, 12, 88, 20, 30, 31, 32, 33, 1, 2, 3, 4, 5, 6]
    assert carry.tolist() == [-1, 1, 2, -1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert store.n_weights == 9 and store.gradient.tolist() == [0] * 15
    assert_bound(store)


def test_carry_takes_any_value_array_along() -> None:
    store = ParameterStore(made_layers())
    momentum = store.values * 100
    carry = store.rebind(TopologyUpdate((rewired(store.layers[0], [0, 4, 5], [-1.0]),)))
    moved = np.where(carry < 0, 0, momentum[carry])
    assert moved.tolist() == np.where(store.values == -1, 0, store.values * 100).tolist()


def test_rebind_after_nothing_happened() -> None:
    store = ParameterStore(made_layers())
    assert store.rebind(TopologyUpdate()).tolist() == list(range(15))
    assert store.values.tolist() == FLAT


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda store: pickle.loads(pickle.dumps(store))])
def test_a_copy_is_bound_to_itself(duplicate: Any) -> None:
    store = ParameterStore(made_layers())
    twin = duplicate(store)
    assert twin.values.tolist() == FLAT
    assert_bound(twin)
    twin.values[:] = 0
    assert twin.layers[0].weight.tolist() == [0, 0, 0] and store.values.tolist() == FLAT
