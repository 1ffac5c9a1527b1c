"""All parameters in one flat array, of which the layers hold views."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import LayerUpdate, TopologyUpdate
from sparse_mlp.layers import Dense, Layer, ReLU, Residual, Sequential, SparseLinear
from sparse_mlp.layers.base import leaves
from sparse_mlp.models.store import ParameterStore
from sparse_mlp.structure import SparseStructure


def made_tree() -> Sequential:
    """Weights 10, 11, 12 | 20, 21 | 30 … 33 and biases 1, 2 | 3, 4 | 5, 6."""
    first = SparseLinear(SparseStructure.from_keys([0, 3, 4], (3, 2)), [10, 11, 12], dtype=np.float64, name="one")
    second = SparseLinear(SparseStructure.from_keys([1, 2], (2, 2)), [20, 21], dtype=np.float64, name="two")
    third = Dense(2, 2, dtype=np.float64, name="three")
    third.weight[:] = [[30, 31], [32, 33]]
    for layer, bias in zip((first, second, third), ([1, 2], [3, 4], [5, 6]), strict=True):
        layer.bias[:] = bias
    return Sequential([first, ReLU(), second, third])


def layers_of(store: ParameterStore) -> list[Any]:
    return [layer for _, layer in leaves(store.root)]


FLAT = [10, 11, 12, 20, 21, 30, 31, 32, 33, 1, 2, 3, 4, 5, 6]


def assert_bound(store: ParameterStore) -> None:
    """Each array of each layer is a view of its part of the flat values, and no number is left over."""
    assert sorted(at for entry in store.entries for at in range(entry.part.start, entry.part.stop)) == list(
        range(len(store.values))
    )
    for entry in store.entries:
        array = getattr(entry.layer, entry.name)
        assert array.shape == entry.shape and array.ravel().tolist() == store.values[entry.part].tolist()
        assert np.shares_memory(array, store.values) or not array.size
    assert store.is_bound()
    assert store.n_decayed == sum(layer.weight.size for layer in layers_of(store))
    assert store.gradient.shape == store.values.shape and store.gradient.dtype == store.values.dtype


def test_weights_come_first_then_biases() -> None:
    store = ParameterStore(made_tree())
    assert store.values.tolist() == FLAT
    assert store.n_decayed == 9
    assert [(entry.key, entry.part.start, entry.part.stop, entry.shape) for entry in store.entries] == [
        ("one/weight", 0, 3, (3,)), ("two/weight", 3, 5, (2,)), ("three/weight", 5, 9, (2, 2)),
        ("one/bias", 9, 11, (2,)), ("two/bias", 11, 13, (2,)), ("three/bias", 13, 15, (2,)),
    ]  # fmt: skip
    assert store.shapes() == {entry.key: list(entry.shape) for entry in store.entries}
    assert store.gradient.tolist() == [0] * 15
    assert_bound(store)


def test_keys_are_paths_in_the_tree() -> None:
    inner = Residual(Sequential([SparseLinear(SparseStructure.complete((2, 2)), name="a")]), name="block")
    store = ParameterStore(Sequential([inner, Residual(Dense(2, 2)), Dense(2, 2), Dense(2, 1)]))
    assert [entry.key for entry in store.entries] == [
        f"{path}/{name}" for name in ("weight", "bias") for path in ("block.branch.a", "1.branch", "2", "3")
    ]


class Running(Layer):
    """A layer with a parameter that does not decay, and with numbers that nothing trains."""

    def __init__(self) -> None:
        self.scale, self.means = np.array([5.0]), np.array([6.0, 7.0])

    def parameters(self) -> dict[str, Any]:
        return {"scale": self.scale}

    def state(self) -> dict[str, Any]:
        return {"means": self.means}


def test_what_does_not_decay_stands_behind_and_what_nothing_trains_apart() -> None:
    running, layer = Running(), Dense(1, 1, weights="zero", dtype=np.float64)
    store = ParameterStore(Sequential([running, layer]))
    assert [entry.key for entry in store.entries] == ["dense/weight", "0/scale", "dense/bias"]
    assert store.values.tolist() == [0, 5, 0] and store.n_decayed == 1
    assert list(store.state()) == ["0/means"] and store.state()["0/means"] is running.means


def test_gradients_are_views_in_the_form_of_the_tree() -> None:
    inner = Residual(SparseLinear(SparseStructure.complete((1, 1)), name="a"), name="block")
    store, flat = ParameterStore(Sequential([inner, ReLU(), Dense(1, 2)])), np.arange(6.0)
    tree = store.views(flat)
    assert {key: set(value) for key, value in tree.items()} == {
        "block": {"branch"}, "relu": set(), "dense": {"weight", "bias"}
    }  # fmt: skip
    assert tree["block"]["branch"]["weight"].tolist() == [0] and tree["dense"]["weight"].tolist() == [[1, 2]]
    tree["dense"]["bias"][1] = 9
    assert flat.tolist() == [0, 1, 2, 3, 4, 9]


def test_layers_and_store_write_the_same_memory() -> None:
    store = ParameterStore(made_tree())
    layers = layers_of(store)
    store.values[:] = np.arange(15)
    assert layers[0].weight.tolist() == [0, 1, 2] and layers[2].weight.tolist() == [[5, 6], [7, 8]]
    assert layers[1].bias.tolist() == [11, 12]
    layers[2].weight[1, 0] = -7
    layers[0].bias[1] = -10
    assert store.values[[7, 10]].tolist() == [-7, -10]
    assert layers[0].weights.toarray().tolist() == [[0, 0], [0, 1], [2, 0]]
    assert store.is_bound()
    layers[1].bias = np.zeros(2)
    assert not store.is_bound()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_is_the_layers(dtype: Any) -> None:
    layer = SparseLinear(SparseStructure.complete((2, 2)), dtype=dtype)
    store = ParameterStore(layer)
    assert store.values.dtype == store.gradient.dtype == layer.weight.dtype == dtype
    assert [entry.key for entry in store.entries] == ["/weight", "/bias"]


def test_a_layer_without_links_takes_no_room() -> None:
    empty = SparseLinear(SparseStructure.from_keys([], (2, 2)), dtype=np.float64, name="empty")
    store = ParameterStore(Sequential([empty, *made_tree().layers[2:]]))
    assert store.entries[0].part == slice(0, 0) and store.n_decayed == 6
    assert_bound(store)


def test_what_cannot_be_stored_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="without parameters"):
        ParameterStore(Sequential([ReLU()]))
    with pytest.raises(InvalidInputError, match="float32 and float64"):
        ParameterStore(Sequential([Dense(1, 1), Dense(1, 1, dtype=np.float64)]))


def rewired(layer: SparseLinear, keys: list[int], new_weights: list[float]) -> LayerUpdate:
    """Give the layer other links and return the log of it."""
    keep = np.isin(layer.structure.keys(), keys)
    grown = np.setdiff1d(keys, layer.structure.keys())
    change = LayerUpdate.from_stages(layer.name, layer.structure, keep, keep, grown)
    layer.rewire(change.after, change.carry, np.array(new_weights))
    return change


def test_rebind_after_one_layer_grew() -> None:
    """The link 3 of layer two is new, and everything behind it moves up by one."""
    store = ParameterStore(made_tree())
    carry = store.rebind(TopologyUpdate((rewired(layers_of(store)[1], [1, 2, 3], [99.0]),)))
    assert store.values.tolist() == [10, 11, 12, 20, 21, 99, 30, 31, 32, 33, 1, 2, 3, 4, 5, 6]
    assert carry.tolist() == [0, 1, 2, 3, 4, -1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert carry.dtype == np.int64
    assert_bound(store)


def test_rebind_after_two_layers_changed() -> None:
    """Layer one: link 0 goes, 1 and 5 come. Layer two: link 2 goes."""
    store = ParameterStore(made_tree())
    changes = rewired(layers_of(store)[0], [1, 3, 4, 5], [77.0, 88.0]), rewired(layers_of(store)[1], [1], [])
    carry = store.rebind(TopologyUpdate(changes))
    assert store.values.tolist() == [77, 11, 12, 88, 20, 30, 31, 32, 33, 1, 2, 3, 4, 5, 6]
    assert carry.tolist() == [-1, 1, 2, -1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert store.n_decayed == 9 and store.gradient.tolist() == [0] * 15
    assert_bound(store)


def test_carry_takes_any_value_array_along() -> None:
    store = ParameterStore(made_tree())
    momentum = store.values * 100
    carry = store.rebind(TopologyUpdate((rewired(layers_of(store)[0], [0, 4, 5], [-1.0]),)))
    moved = np.where(carry < 0, 0, momentum[carry])
    assert moved.tolist() == np.where(store.values == -1, 0, store.values * 100).tolist()


def test_rebind_after_nothing_happened() -> None:
    store = ParameterStore(made_tree())
    assert store.rebind(TopologyUpdate()).tolist() == list(range(15))
    assert store.values.tolist() == FLAT


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda store: pickle.loads(pickle.dumps(store))])
def test_a_copy_is_bound_to_itself(duplicate: Any) -> None:
    store = ParameterStore(made_tree())
    twin = duplicate(store)
    assert twin.values.tolist() == FLAT
    assert_bound(twin)
    twin.values[:] = 0
    assert layers_of(twin)[0].weight.tolist() == [0, 0, 0] and store.values.tolist() == FLAT
