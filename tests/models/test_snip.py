"""SNIP: the worked example, exact counts by layer and over all, silent units, and one result for any threads."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.pool import most_threads, threads_limited
from sparse_mlp.models.snip import check_targets, largest, sensitivities, sensitivity
from sparse_mlp.models.wirings import GRADIENT_WIRINGS, WIRINGS, wire
from sparse_mlp.topology import FROM_MODELS, TOPOLOGIES
from sparse_mlp.topology.sampling import sample_distinct

SIZES = [8, 10, 12, 3]


def problem(n_samples=60, n_in=8, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n_samples, n_in)), rng.integers(0, n_classes, n_samples)


def gradients_by_hand(weights, x, labels):
    activations = [x]
    for weight in weights[:-1]:
        activations.append(np.maximum(activations[-1] @ weight, 0.0))
    scores = np.exp(activations[-1] @ weights[-1])
    delta = (scores / scores.sum(axis=1, keepdims=True) - np.eye(weights[-1].shape[1])[labels]) / len(x)
    gradients = []
    for activation, weight in zip(reversed(activations), reversed(weights), strict=True):
        gradients.append(activation.T @ delta)
        delta = delta @ weight.T * (activation > 0)
    return gradients[::-1]


def test_sensitivities_of_a_whole_network():
    x, labels = problem()
    rng = np.random.default_rng(3)
    weights = [rng.normal(0.0, math.sqrt(2 / n), (n, m)) for n, m in pairwise(SIZES)]
    expected = [np.abs(w * g).ravel() for w, g in zip(weights, gradients_by_hand(weights, x, labels), strict=True)]
    for found, wanted in zip(sensitivities(SIZES, x, labels, np.random.default_rng(3)), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-14)


def test_sensitivities_for_numbers():
    x, _ = problem()
    rng = np.random.default_rng(4)
    weight = rng.normal(0.0, math.sqrt(2 / 8), (8, 2))  # of half the mean squared error, by the definition
    target = x[:, :2]
    expected = np.abs(weight * (x.T @ (x @ weight - target)) / target.size)
    (found,) = sensitivities([8, 2], x, target, np.random.default_rng(4))
    np.testing.assert_allclose(found, expected.ravel(), rtol=1e-11)


def test_names_of_wirings_that_need_a_gradient():
    assert set(GRADIENT_WIRINGS) == set(FROM_MODELS) and set(WIRINGS) == set(TOPOLOGIES)


def test_worked_example():
    scores = sensitivity(np.array([1, -2, 0.5, 0.1]), np.array([0.1, 0.01, 0.4, 3]))
    np.testing.assert_allclose(scores, [0.1, 0.02, 0.2, 0.3])
    assert largest(scores, 2).tolist() == [2, 3]


def test_ties_go_to_the_earlier_and_zeros_are_left_out():
    scores = np.array([1.0, 0.0, 2.0, 1.0, 1.0, 0.0])
    assert largest(scores, 0).tolist() == []
    assert largest(scores, 1).tolist() == [2]
    assert largest(scores, 3).tolist() == [0, 2, 3]
    assert largest(scores, 5).tolist() == largest(scores, 6).tolist() == [0, 2, 3, 4]


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=30), st.data())
def test_largest_is_the_head_of_the_sorted(values, data):
    scores = np.array(values)
    k = data.draw(st.integers(0, len(values)))
    head = np.argsort(-scores, kind="stable")[: min(k, np.count_nonzero(scores))]
    assert largest(scores, k).tolist() == sorted(head.tolist())


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_scores_of_the_kept_links_beat_all_others(scope):
    x, labels = problem()
    links = [25, 30]
    kept = wire("snip", SIZES, links, rng=1, data=(x, labels), scope=scope, batch=60)
    # The same weights again: no sample is left out, and drawing the batch then moves the stream by nothing.
    rng = np.random.default_rng(1)
    weights = [rng.normal(0.0, math.sqrt(2 / n), (n, m)) for n, m in [(8, 10), (10, 12), (12, 3)]]
    gradients = gradients_by_hand(weights, x, labels)
    scores = [np.abs(w * g) for w, g in zip(weights, gradients, strict=True)][:2]
    masks = [structure.to_scipy().toarray() for structure in kept]
    if scope == "layer":
        assert [structure.nnz for structure in kept] == links
        for score, mask in zip(scores, masks, strict=True):
            assert score[mask].min() > score[~mask].max()
    else:
        chosen, left = (np.concatenate([s[m] for s, m in zip(scores, sides, strict=True)])
                        for sides in (masks, [~mask for mask in masks]))  # fmt: skip
        assert len(chosen) == 55 and chosen.min() > left.max()
        assert [structure.nnz for structure in kept] != links


@given(st.lists(st.integers(2, 9), min_size=3, max_size=5), st.sampled_from(["global", "layer"]), st.data())
def test_counts_are_exact(sizes, scope, data):
    shapes = list(pairwise(sizes))[: len(sizes) - data.draw(st.sampled_from([1, 2]))]
    links = [data.draw(st.integers(1, n * m)) for n, m in shapes]
    pair = problem(20, sizes[0], sizes[-1])
    try:
        structures = wire("snip", sizes, links, rng=2, data=pair, scope=scope)
    except InvalidInputError as error:
        assert scope == "global" and "no link of SNIP in the layer" in str(error)
        return
    assert [structure.shape for structure in structures] == shapes
    assert sum(structure.nnz for structure in structures) == sum(links)
    assert scope == "global" or [structure.nnz for structure in structures] == links


def test_silent_inputs_get_links_only_when_the_others_run_out():
    x, labels = problem()
    x[:, [2, 5]] = 0.0
    few, _ = wire("snip", SIZES, [30, 30], rng=0, data=(x, labels))
    assert few.degrees_in()[[2, 5]].tolist() == [0, 0]
    many = {tuple(wire("snip", SIZES, [75, 30], rng=seed, data=(x, labels), scope="layer")[0]
                  .degrees_in()[[2, 5]].tolist()) for seed in range(4)}  # fmt: skip
    assert all(sum(pair) >= 15 for pair in many) and len(many) > 1, "6 x 10 links can have a score, 15 are filled in"


def test_a_target_of_numbers():
    x, _ = problem()
    structures = wire("snip", [8, 10, 1], [20], rng=0, data=(x, x[:, 0]))
    assert structures == wire("snip", [8, 10, 1], [20], rng=0, data=(x, x[:, :1]))
    assert structures[0].nnz == 20


def test_batch_is_drawn_and_small():
    x, labels = problem(500)
    target = np.eye(3)[labels]
    base, other, whole = (
        wire("snip", SIZES, [20, 20], rng=seed, data=(x, target), batch=batch)
        for seed, batch in [(0, 10), (1, 10), (0, 10_000)]
    )
    assert base != other and base != whole
    in_the_batch = sample_distinct(500, 10, np.random.default_rng(0))
    left_out = np.setdiff1d(np.arange(500), in_the_batch)
    x[left_out] = target[left_out] = np.nan  # what is not drawn is not looked at
    assert wire("snip", SIZES, [20, 20], rng=0, data=(x, target), batch=10) == base


def test_seed_decides_and_threads_do_not():
    x, labels = problem(200, 300)
    found = []
    for threads in (1, most_threads()):
        with threads_limited(threads):
            found.append(wire("snip", [300, 400, 3], [3000], rng=5, data=(x, labels)))
    assert found[0] == found[1]
    assert found[0] != wire("snip", [300, 400, 3], [3000], rng=6, data=(x, labels))


def test_no_sparse_layer_needs_no_gradient():
    assert wire("snip", [8, 3], [], data=problem(), rng=0) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scope": "globe"}, "scope='globe'"),
        ({"batch": 0}, "batch=0"),
        ({"data": (np.full((60, 8), np.inf), problem()[1])}, "data with infinite or missing numbers"),
        ({"data": (problem()[0], None)}, "no target"),
        ({"data": (problem()[0], problem(59)[1])}, r"a target of int64 \(59,\)"),
        ({"links": [1, 0]}, r"no link of SNIP in the layer .*; .*raise the density, or use scope='la"),
    ],
)
def test_what_is_refused(change, message):
    arguments = {"links": [20, 20], "data": problem(), **change}
    links = arguments.pop("links")
    with pytest.raises(InvalidInputError, match=message):
        wire("snip", SIZES, links, rng=0, **arguments)


def test_targets_that_are_taken():
    assert check_targets([0, 1, 1], 3, 2).dtype == np.int64
    assert check_targets(np.array([0.5, 1.5], np.float32), 2, 1).shape == (2, 1)
    assert check_targets(np.zeros((2, 3)), 2, 3).dtype == np.float64


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([0, 1], r"a target of int64 \(2,\)"),
        ([0, 1, 2], "labels from 0 to 2"),
        ([-1, 0, 1], "labels from -1 to 1"),
        ([0.0, 1.0, 2.0], r"a target of float64 \(3,\)"),
        (np.zeros((3, 2), int), r"a target of int64 \(3, 2\)"),
    ],
)
def test_targets_that_are_refused(target, message):
    with pytest.raises(InvalidInputError, match=message):
        check_targets(target, 3, 2)
