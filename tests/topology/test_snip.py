"""SNIP: the worked example, exact counts by layer and over all, silent units, and one result for any threads."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.topology import generate_network
from sparse_mlp.topology.dense_gradient import dense_gradient
from sparse_mlp.topology.sampling import sample_distinct
from sparse_mlp.topology.snip import largest, sensitivity

SIZES = [8, 10, 12, 3]


def problem(n_samples=60, n_in=8, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n_samples, n_in)), rng.integers(0, n_classes, n_samples)


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
    kept = generate_network("snip", SIZES, links, rng=1, data=(x, labels), scope=scope, batch=60)
    # The same weights again: no sample is left out, and drawing the batch then moves the stream by nothing.
    rng = np.random.default_rng(1)
    weights = [rng.normal(0.0, math.sqrt(2 / n), (n, m)) for n, m in [(8, 10), (10, 12), (12, 3)]]
    _, gradients = dense_gradient(weights, x, labels)
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
        structures = generate_network("snip", sizes, links, rng=2, data=pair, scope=scope)
    except InvalidInputError as error:
        assert scope == "global" and "leaves no link to the layer" in str(error)
        return
    assert [structure.shape for structure in structures] == shapes
    assert sum(structure.nnz for structure in structures) == sum(links)
    assert scope == "global" or [structure.nnz for structure in structures] == links


def test_silent_inputs_get_links_only_when_the_others_run_out():
    x, labels = problem()
    x[:, [2, 5]] = 0.0
    few, _ = generate_network("snip", SIZES, [30, 30], rng=0, data=(x, labels))
    assert few.degrees_in()[[2, 5]].tolist() == [0, 0]
    many = {tuple(generate_network("snip", SIZES, [75, 30], rng=seed, data=(x, labels), scope="layer")[0]
                  .degrees_in()[[2, 5]].tolist()) for seed in range(4)}  # fmt: skip
    assert all(sum(pair) >= 15 for pair in many) and len(many) > 1, "6 x 10 links can have a score, 15 are filled in"


def test_a_target_of_numbers():
    x, _ = problem()
    structures = generate_network("snip", [8, 10, 1], [20], rng=0, data=(x, x[:, 0]))
    assert structures == generate_network("snip", [8, 10, 1], [20], rng=0, data=(x, x[:, :1]))
    assert structures[0].nnz == 20


def test_batch_is_drawn_and_small():
    x, labels = problem(500)
    target = np.eye(3)[labels]
    base, other, whole = (
        generate_network("snip", SIZES, [20, 20], rng=seed, data=(x, target), batch=batch)
        for seed, batch in [(0, 10), (1, 10), (0, 10_000)]
    )
    assert base != other and base != whole
    in_the_batch = sample_distinct(500, 10, np.random.default_rng(0))
    left_out = np.setdiff1d(np.arange(500), in_the_batch)
    x[left_out] = target[left_out] = np.nan  # what is not drawn is not looked at
    assert generate_network("snip", SIZES, [20, 20], rng=0, data=(x, target), batch=10) == base


def test_seed_decides_and_threads_do_not():
    x, labels = problem(200, 300)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            found.append(generate_network("snip", [300, 400, 3], [3000], rng=5, data=(x, labels)))
    assert found[0] == found[1]
    assert found[0] != generate_network("snip", [300, 400, 3], [3000], rng=6, data=(x, labels))


def test_no_sparse_layer_needs_no_gradient():
    assert generate_network("snip", [8, 3], [], data=problem(), rng=0) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scope": "globe"}, "scope='globe'; expected one of global, layer; did you mean 'global'"),
        ({"batch": 0}, "batch=0"),
        ({"data": (np.full((60, 8), np.inf), problem()[1])}, "data with infinite or missing numbers"),
        ({"data": (problem()[0], None)}, "a target of None"),
        ({"data": (problem()[0], problem(59)[1])}, r"a target of int64 \(59,\)"),
        ({"links": [1, 0]}, r"SNIP that leaves no link to the layer .*; .*raise the density, or take scope='la"),
    ],
)
def test_what_is_refused(change, message):
    arguments = {"links": [20, 20], "data": problem(), **change}
    links = arguments.pop("links")
    with pytest.raises(InvalidInputError, match=message):
        generate_network("snip", SIZES, links, rng=0, **arguments)
