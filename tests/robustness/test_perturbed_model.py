"""Perturbed copies of networks: what they share, what changes, and which layers count."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.layers import Dense, ReLU, SparseLinear
from sparse_mlp.models import SparseMLP
from sparse_mlp.robustness import PERTURBATIONS, perturb
from sparse_mlp.structure import SparseStructure

X = np.random.default_rng(0).standard_normal((20, 12)).astype(np.float32)
PRUNING = PERTURBATIONS[:3]


def network(**options) -> SparseMLP:
    model = SparseMLP([12, 20, 16, 4], density=0.3, rng=0, **options)
    for layer in model.linear_layers:
        layer.bias[:] = np.linspace(-0.1, 0.1, len(layer.bias))
    return model


def weights_of(model: SparseMLP) -> list[np.ndarray]:
    return [layer.weight.copy() for layer in model.linear_layers]


def by_hand() -> SparseMLP:
    """Two sparse layers of four and two links, whose order in the whole is not that of the layers."""
    first = SparseLinear(SparseStructure.complete((2, 2)), [0.1, -2.0, 3.0, -0.4], name="a", dtype="float64")
    second = SparseLinear(SparseStructure.complete((2, 1)), [5.0, -0.2], name="b", dtype="float64")
    return SparseMLP.from_layers([first, ReLU(), second, ReLU(), Dense(1, 2, "kaiming", rng=0, dtype="float64")])


def test_links_of_each_layer_or_of_the_whole_by_hand():
    each = weights_of(perturb(by_hand(), "weight-order", 0.5))
    assert (each[0].tolist(), each[1].tolist()) == ([0.1, 0, 0, -0.4], [0, -0.2])
    whole = weights_of(perturb(by_hand(), "weight-order", 0.5, scope="global"))
    assert (whole[0].tolist(), whole[1].tolist()) == ([0.1, 0, 0, -0.4], [0, -0.2])
    whole = weights_of(perturb(by_hand(), "reverse-weight-order", 0.5, scope="global"))
    assert (whole[0].tolist(), whole[1].tolist()) == ([0, -2, 3, 0], [5, 0])
    whole = weights_of(perturb(by_hand(), "weight-order", 1 / 6, scope="global"))
    assert (whole[0].tolist(), whole[1].tolist()) == ([0.1, -2, 3, -0.4], [0, -0.2])
    each = weights_of(perturb(by_hand(), "weight-order", 1 / 6))
    assert (each[0].tolist(), each[1].tolist()) == ([0.1, -2, 0, -0.4], [5, -0.2])  # round(4 / 6) and round(2 / 6)


def test_noise_is_measured_by_the_layer_or_by_the_whole():
    noise = np.random.default_rng(7).standard_normal(6)
    layers, whole = [1.375, 2.6], 10.7 / 6  # mean magnitudes
    changed, given = weights_of(perturb(by_hand(), "weight-modification", 0.1, 7)), weights_of(by_hand())
    np.testing.assert_allclose(changed[0] - given[0].ravel(), 0.1 * layers[0] * noise[:4])
    np.testing.assert_allclose(changed[1] - given[1].ravel(), 0.1 * layers[1] * noise[4:])
    changed = weights_of(perturb(by_hand(), "weight-modification", 0.1, 7, scope="global"))
    np.testing.assert_allclose(np.concatenate(changed[:2]) - np.concatenate(given[:2]), 0.1 * whole * noise)


def test_shuffling_the_whole_carries_weights_between_layers():
    each, whole = (weights_of(perturb(by_hand(), "weight-shuffling", 1, 3, scope=s)) for s in ("layer", "global"))
    assert sorted(each[0]) == [-2, -0.4, 0.1, 3] and sorted(each[1]) == [-0.2, 5]
    assert sorted([*whole[0], *whole[1]]) == [-2, -0.4, -0.2, 0.1, 3, 5] and sorted(whole[1]) != [-0.2, 5]


@pytest.mark.parametrize("scope", ["layer", "global"])
@pytest.mark.parametrize("name", PERTURBATIONS)
def test_the_network_itself_stays_and_structures_are_shared(name, scope):
    model = network()
    values, scores = model.store.values.copy(), model.predict_scores(X)
    perturbed = perturb(model, name, 0.5, 1, scope=scope)
    assert model.store.values.tobytes() == values.tobytes() and model.store.is_bound()
    for old, new in zip(model.sparse_layers, perturbed.sparse_layers, strict=True):
        assert new.structure is old.structure and not np.shares_memory(new.weight, old.weight)
        assert not np.array_equal(new.weight, old.weight)
    for old, new in zip(model.linear_layers, perturbed.linear_layers, strict=True):
        assert new.bias.tobytes() == old.bias.tobytes()
    assert perturbed.linear_layers[-1].weight.tobytes() == model.linear_layers[-1].weight.tobytes()
    assert not np.array_equal(perturbed.predict_scores(X), scores)
    assert model.predict_scores(X).tobytes() == scores.tobytes()


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_no_strength_no_change(name):
    model = network()
    assert perturb(model, name, 0, 1).predict_scores(X).tobytes() == model.predict_scores(X).tobytes()


@pytest.mark.parametrize("name", PRUNING)
def test_a_removed_link_is_one_that_is_not_there(name):
    model = network(dtype=np.float64)
    pruned = perturb(model, name, 0.6, 2)
    layers = []
    for layer in pruned.layers:
        if isinstance(layer, SparseLinear):
            keep = layer.weight != 0
            assert np.sum(~keep) == round(0.6 * layer.structure.nnz)
            less = SparseLinear(layer.structure.select(keep), layer.weight[keep], name=layer.name, dtype="float64")
            less.bias[:] = layer.bias
            layers.append(less)
        else:
            layers.append(layer)
    np.testing.assert_allclose(SparseMLP.from_layers(layers).predict_scores(X), pruned.predict_scores(X), atol=1e-13)


@pytest.mark.parametrize("name", PRUNING)
def test_counts_over_the_whole(name):
    model = network()
    links = [layer.structure.nnz for layer in model.sparse_layers]
    for fraction in (0.1, 0.33, 0.9):
        pruned = perturb(model, name, fraction, 0, scope="global")
        gone = [int(np.sum(layer.weight == 0)) for layer in pruned.sparse_layers]
        assert sum(gone) == round(fraction * sum(links))


def test_without_any_link_only_biases_speak():
    scores = perturb(network(), "random-pruning", 1.0, 0).predict_scores(X)
    assert np.all(scores == scores[0])


def test_the_readout_is_perturbed_when_asked_for():
    model = network()
    for scope in ("layer", "global"):
        pruned = perturb(model, "weight-order", 1.0, readout=True, scope=scope)
        assert not any(layer.weight.any() for layer in pruned.linear_layers)
        assert pruned.linear_layers[-1].weight.shape == (16, 4)
    sparse = network(dense_readout=False)
    assert not perturb(sparse, "weight-order", 1.0).linear_layers[-1].weight.any()  # it is a sparse layer


@pytest.mark.parametrize("mode", ["shared", "block"])
def test_motifs_lose_stored_weights(mode):
    model = network(motif_size=2, motif_mode=mode)
    pruned = perturb(model, "random-pruning", 0.5, 0)
    for old, new in zip(model.sparse_layers, pruned.sparse_layers, strict=True):
        assert new.weight.shape == old.weight.shape
        assert np.sum(new.weight == 0) == round(0.5 * old.weight.size)
    block = perturb(model, "weight-order", 0.5).sparse_layers[0]
    if mode == "block":
        partly = np.any(block.weight == 0, axis=(1, 2)) & np.any(block.weight != 0, axis=(1, 2))
        assert partly.any()
    assert not np.array_equal(pruned.predict_scores(X), model.predict_scores(X))


@pytest.mark.parametrize("backend", ["reference", "scipy", "numba"])
def test_backends_agree(backend):
    ours = perturb(network(dtype=np.float64, backend=backend), "weight-shuffling", 0.3, 5)
    assert ours.backend == backend
    plain = perturb(network(dtype=np.float64, backend="scipy"), "weight-shuffling", 0.3, 5)
    assert ours.store.values.tobytes() == plain.store.values.tobytes()
    np.testing.assert_allclose(ours.predict_scores(X), plain.predict_scores(X), atol=1e-12)


def test_what_cannot_be_done_is_refused():
    model = network()
    with pytest.raises(InvalidInputError, match="did you mean 'weight-order'"):
        perturb(model, "weight-ordr", 0.1)
    for strength in (-0.1, 1.1, math.nan, "0.5"):
        with pytest.raises(InvalidInputError, match="strength"):
            perturb(model, "random-pruning", strength)
    with pytest.raises(InvalidInputError, match="percentage"):
        perturb(model, "weight-shuffling", 20)
    perturb(model, "weight-modification", 20, 0)
    with pytest.raises(InvalidInputError, match="scope"):
        perturb(model, "weight-order", 0.1, scope="net")
    dense = SparseMLP.dense([12, 5, 4], rng=0)
    with pytest.raises(InvalidInputError, match="readout=True"):
        perturb(dense, "weight-order", 0.1)
    assert perturb(dense, "weight-order", 0.5, readout=True).n_links == dense.n_links
    model.sparse_layers[1].weight[3] = np.nan
    with pytest.raises(InvalidInputError, match="sparse2"):
        perturb(model, "weight-order", 0.1)
