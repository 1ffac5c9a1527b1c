"""Removal, percolation, absent positions, insertion: by hand, then reference against kernel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.kernels import evolution as kernel
from sparse_mlp.reference import evolution as reference
from sparse_mlp.structure import SparseStructure

TWINS = pytest.mark.parametrize("twin", [reference, kernel], ids=["reference", "kernel"])

# Quarters tie often, also across signs; both zeros are among them.
quarters = st.integers(-6, 6).map(lambda n: n / 4) | st.just(-0.0)
weights = st.builds(np.array, st.lists(quarters, max_size=40), st.sampled_from([np.float32, np.float64]))


@st.composite
def wirings(draw):
    n_in, n_out = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    keys = draw(st.sets(st.integers(0, n_in * n_out - 1)))
    structure = SparseStructure.from_keys(np.array(sorted(keys), np.int64), (n_in, n_out))
    keep = np.array(draw(st.lists(st.booleans(), min_size=structure.nnz, max_size=structure.nnz)), bool)
    return structure, keep


def masks(n):
    return st.lists(st.booleans(), min_size=n, max_size=n).map(lambda bits: np.array(bits, bool))


@TWINS
def test_magnitude_of_eight(twin):
    weight = np.array([0.5, -0.1, 0.3, 0.1, -0.3, 0.9, -0.2, 0.1])
    # |w| ascending: .1 at 1, 3, 7; .2 at 6; .3 at 2, 4
    assert np.flatnonzero(~twin.remove_by_magnitude(weight, 2)).tolist() == [1, 3]
    assert np.flatnonzero(~twin.remove_by_magnitude(weight, 3)).tolist() == [1, 3, 7]
    assert np.flatnonzero(~twin.remove_by_magnitude(weight, 5)).tolist() == [1, 2, 3, 6, 7]
    assert twin.remove_by_magnitude(weight, 0).tolist() == [True] * 8
    assert twin.remove_by_magnitude(weight, 8).tolist() == [False] * 8


@TWINS
def test_sign_of_nine(twin):
    weight = np.array([-0.9, -0.5, -0.3, -0.1, 0.05, 0.2, 0.4, 0.8, 1.0])
    # floor(.3 * 4) = 1 of the negative and floor(.3 * 5) = 1 of the positive weights
    assert weight[~twin.remove_by_sign(weight, 0.3)].tolist() == [-0.1, 0.05]
    assert weight[~twin.remove_by_sign(weight, 0.6)].tolist() == [-0.3, -0.1, 0.05, 0.2, 0.4]
    assert weight[~twin.remove_by_sign(weight[::-1], 0.3)[::-1]].tolist() == [-0.1, 0.05]


@TWINS
def test_sign_differs_from_magnitude_where_the_signs_are_uneven(twin):
    weight = np.array([-0.9, -0.8, -0.7, -0.6, 0.1, 0.2, 0.3, 0.4])
    assert weight[~twin.remove_by_sign(weight, 0.5)].tolist() == [-0.7, -0.6, 0.1, 0.2]
    assert weight[~twin.remove_by_magnitude(weight, 4)].tolist() == [0.1, 0.2, 0.3, 0.4]


@TWINS
def test_zeros_count_as_positive_and_ties_go_in_order(twin):
    weight = np.array([0.0, -0.0, 1.0, 1.0, -1.0, -1.0])
    assert np.flatnonzero(~twin.remove_by_sign(weight, 0.5)).tolist() == [0, 1, 4]
    assert np.flatnonzero(~twin.remove_by_sign(weight, 0.75)).tolist() == [0, 1, 2, 4]


@TWINS
def test_one_sign_only_and_no_link_at_all(twin):
    assert np.flatnonzero(~twin.remove_by_sign(np.array([-3.0, -1.0, -2.0]), 0.4)).tolist() == [1]
    assert len(twin.remove_by_sign(np.zeros(0), 0.3)) == 0
    assert len(twin.remove_by_magnitude(np.zeros(0), 0)) == 0


@TWINS
def test_smallest_of_two_groups(twin):
    values, groups = np.array([3.0, 1.0, 2.0, 1.0, 0.5, 2.0]), np.array([0, 2, 0, 2, 2, 0])
    # group 0 has 3 at 0, 2 at 2 and 5; group 2 has 1 at 1 and 3, .5 at 4
    assert np.flatnonzero(twin.take_smallest_of_groups(values, groups, np.array([1, 0, 2]))).tolist() == [1, 2, 4]
    assert twin.take_smallest_of_groups(values, groups, np.array([9, 9, 9])).all()
    assert not twin.take_smallest_of_groups(values, groups, np.zeros(3, np.int64)).any()
    assert len(twin.take_smallest_of_groups(values[:0], groups[:0], np.array([1]))) == 0


@TWINS
def test_share_is_a_floor_that_forgives_binary_fractions(twin):
    assert 0.29 * 100 < 29
    assert [twin.share(0.29, 100), twin.share(0.3, 9), twin.share(1.0, 7), twin.share(0.0, 7)] == [29, 2, 7, 0]


EXAMPLE = SparseStructure.complete((2, 2))


@TWINS
def test_importance_by_hand(twin):
    # |w| = .5 1 / 2 .1; sums of the rows 1.5 and 2.1, of the columns 2.5 and 1.1
    weight = np.array([0.5, -1.0, 2.0, 0.1])
    s = EXAMPLE
    relative = [0.5 / 2.5 + 0.5 / 1.5, 1 / 1.1 + 1 / 1.5, 2 / 2.5 + 2 / 2.1, 0.1 / 1.1 + 0.1 / 2.1]
    np.testing.assert_allclose(relative, [0.533333, 1.575758, 1.752381, 0.138528], atol=5e-7)
    np.testing.assert_allclose(twin.importance(s.indptr, s.indices, weight, 2, 0.0), relative, rtol=1e-15)
    assert twin.importance(s.indptr, s.indices, weight, 2, 1.0).tolist() == [1.0, 2.0, 4.0, 0.2]
    half = twin.importance(s.indptr, s.indices, weight, 2, 0.5)
    np.testing.assert_allclose(half[0], 0.5 / (0.5 + 1.25) + 0.5 / (0.5 + 0.75), rtol=1e-15)


@TWINS
def test_importance_of_links_beside_nothing_but_zeros(twin):
    s = SparseStructure.from_coo([0, 0, 2], [1, 2, 3], (3, 4))
    assert twin.importance(s.indptr, s.indices, np.array([0.0, 0.0, 3.0]), 4, 0.0).tolist() == [0.0, 0.0, 2.0]
    none = SparseStructure.from_coo([], [], (3, 4))
    assert len(twin.importance(none.indptr, none.indices, np.zeros(0, np.float32), 4, 0.0)) == 0


@TWINS
def test_the_first_links_to_arrive_are_drawn(twin):
    score, exponentials = np.array([1.0, 2.0, 4.0, 1.0]), np.array([1.0, 3.0, 4.1, 2.0])
    # at exponent 1 they arrive at 1, 1.5, 1.025, 2; at exponent 0 at 1, 3, 4.1, 2; at exponent 3 at 1, .375, .064, 2
    assert np.flatnonzero(twin.sample_without_replacement(score, 1.0, exponentials, 2)).tolist() == [0, 2]
    assert np.flatnonzero(twin.sample_without_replacement(score, 0.0, exponentials, 2)).tolist() == [0, 3]
    assert np.flatnonzero(twin.sample_without_replacement(score, 3.0, exponentials, 2)).tolist() == [1, 2]
    assert twin.sample_without_replacement(score, 1.0, exponentials, 0).tolist() == [False] * 4
    assert twin.sample_without_replacement(score, 1.0, exponentials, 4).tolist() == [True] * 4


@TWINS
def test_scores_far_apart_neither_overflow_nor_vanish(twin):
    score, exponentials = np.array([1e-12, 1e-11, 1e12]), np.array([1.0, 1e-3, 5.0])
    assert np.flatnonzero(twin.sample_without_replacement(score, 99.0, exponentials, 2)).tolist() == [1, 2]


@TWINS
def test_largest_of_six(twin):
    values = np.array([2.0, 5.0, 2.0, 7.0, 2.0, 1.0], np.float32)
    assert np.flatnonzero(twin.take_largest(values, 2)).tolist() == [1, 3]
    assert np.flatnonzero(twin.take_largest(values, 4)).tolist() == [0, 1, 2, 3]  # the first two of the three twos
    assert twin.take_largest(values, 0).tolist() == [False] * 6
    assert twin.take_largest(values, 6).tolist() == [True] * 6


@TWINS
def test_sweeps_by_hand(twin):
    s = SparseStructure.from_coo([0, 0, 1, 2], [0, 1, 2, 1], (4, 3))
    everything = np.ones(4, bool)
    keep, alive_in = twin.backward_sweep(s.indptr, s.indices, everything, np.array([True, False, True]))
    assert (keep.tolist(), alive_in.tolist()) == ([True, False, True, False], [True, True, False, False])
    alive = np.array([False, True, True, True])
    keep, alive_out = twin.forward_sweep(s.indptr, s.indices, np.array([True, True, True, False]), alive, 3)
    assert (keep.tolist(), alive_out.tolist()) == ([False, False, True, False], [False, False, True])


@TWINS
def test_absent_positions_by_hand(twin):
    present = np.array([1, 4, 5, 7])  # of 9, so absent are 0 2 3 6 8
    assert twin.sample_absent(present, 9, np.array([0, 2, 3])).tolist() == [0, 3, 6]
    assert twin.sample_absent(present, 9, np.arange(5)).tolist() == [0, 2, 3, 6, 8]
    assert twin.sample_absent(np.arange(4), 6, np.array([1])).tolist() == [5]
    assert twin.sample_absent(np.zeros(0, np.int64), 6, np.array([0, 5])).tolist() == [0, 5]
    assert len(twin.sample_absent(present, 9, np.zeros(0, np.int64))) == 0


@TWINS
def test_insertion_by_hand(twin):
    s = SparseStructure.from_coo([0, 0, 2, 2], [1, 3, 0, 2], (4, 4))
    keep = np.array([True, False, True, True])
    # rows afterwards: 0 has 0, 1 · 1 has 2 · 2 has 0, 2, 3 · 3 has none
    indptr, indices, carry, _ = twin.insert_links(s.indptr, s.indices, keep, np.array([0, 6, 11]), 4)
    assert indptr.tolist() == [0, 2, 3, 6, 6]
    assert indices.tolist() == [0, 1, 2, 0, 2, 3]
    assert carry.tolist() == [-1, 0, -1, 2, 3, -1]


@TWINS
def test_a_link_that_was_removed_can_be_inserted_again_as_a_new_one(twin):
    s = SparseStructure.from_coo([0, 1], [1, 0], (2, 2))
    _, indices, carry, found = twin.insert_links(s.indptr, s.indices, np.array([False, True]), np.array([1]), 2)
    assert (indices.tolist(), carry.tolist(), found.tolist()) == ([1, 0], [-1, 1], [0])


@TWINS
def test_links_that_grow_again_by_hand(twin):
    before = SparseStructure.from_coo([0, 0, 2, 2], [1, 3, 0, 2], (4, 4))
    keep, new = np.array([True, False, False, True]), np.array([2, 3, 8, 15])  # 0 -> 3 and 2 -> 0 came back
    *_, carry, found = twin.insert_links(before.indptr, before.indices, keep, new, 4)
    assert carry.tolist() == [0, -1, -1, -1, 3, -1]
    assert (found.dtype, found.tolist()) == (np.int64, [-1, 1, 2, -1])
    none = SparseStructure.from_coo([], [], (4, 4))
    assert twin.insert_links(none.indptr, none.indices, np.zeros(0, bool), new, 4)[3].tolist() == [-1] * 4
    nothing = np.zeros(0, np.int64)
    assert twin.insert_links(before.indptr, before.indices, keep, nothing, 4)[3].tolist() == []


@TWINS
def test_a_set_of_positions_by_hand(twin):
    words, bits, added = twin.add_positions(np.zeros(0, np.int64), np.zeros(0, np.uint64), np.array([0, 2, 64, 191]))
    assert (words.tolist(), bits.tolist(), added) == ([0, 1, 2], [0b101, 1, 2**63], 4)
    words, bits, added = twin.add_positions(words, bits, np.array([2, 3, 130, 640]))
    assert (words.tolist(), bits.tolist(), added) == ([0, 1, 2, 10], [0b1101, 1, 2**63 + 4, 1], 3)
    assert (words.dtype, bits.dtype) == (np.int64, np.uint64)
    same, _, added = twin.add_positions(words, bits, np.zeros(0, np.int64))
    assert (same.tolist(), added) == (words.tolist(), 0)


@given(st.lists(st.sets(st.integers(0, 400), max_size=40), max_size=4))
def test_sets_of_positions_twins(groups):
    words, bits = np.zeros(0, np.int64), np.zeros(0, np.uint64)
    for group in groups:
        both = words, bits, np.array(sorted(group), np.int64)
        words, bits, added = reference.add_positions(*both)
        for one, other in zip(kernel.add_positions(*both), (words, bits, added), strict=True):
            np.testing.assert_array_equal(one, other)


@given(weights, st.data())
def test_magnitude_twins(weight, data):
    k = data.draw(st.integers(0, len(weight)))
    expected = reference.remove_by_magnitude(weight, k)
    np.testing.assert_array_equal(kernel.remove_by_magnitude(weight, k), expected)
    assert np.count_nonzero(~expected) == k


@given(weights, st.floats(0, 1))
def test_sign_twins(weight, zeta):
    expected = reference.remove_by_sign(weight, zeta)
    np.testing.assert_array_equal(kernel.remove_by_sign(weight, zeta), expected)
    assert np.count_nonzero(~expected[weight < 0]) == reference.share(zeta, np.count_nonzero(weight < 0))


@given(wirings(), st.floats(0, 1) | st.sampled_from([0.0, 1.0]), st.data())
def test_importance_twins(wiring, alpha, data):
    s, _ = wiring
    values = st.lists(quarters | st.floats(-1e6, 1e6), min_size=s.nnz, max_size=s.nnz)
    weight = np.array(data.draw(values), data.draw(st.sampled_from([np.float32, np.float64])))
    expected = reference.importance(s.indptr, s.indices, weight, s.n_out, alpha)
    actual = kernel.importance(s.indptr, s.indices, weight, s.n_out, alpha)
    assert actual.dtype == expected.dtype == np.float64
    assert actual.tobytes() == expected.tobytes()
    assert np.all((expected > 0) == (weight != 0))


positive = st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0]) | st.floats(1e-12, 1e12)


@given(st.lists(st.tuples(positive, positive), max_size=30), st.floats(0, 100), st.data())
def test_sampling_twins(pairs, exponent, data):
    score, exponentials = np.array(pairs).reshape(-1, 2).T
    count = data.draw(st.integers(0, len(pairs)))
    expected = reference.sample_without_replacement(score, exponent, exponentials, count)
    np.testing.assert_array_equal(kernel.sample_without_replacement(score, exponent, exponentials, count), expected)
    assert np.count_nonzero(expected) == count


@given(weights, st.data())
def test_largest_twins(values, data):
    k = data.draw(st.integers(0, len(values)))
    expected = reference.take_largest(values, k)
    np.testing.assert_array_equal(kernel.take_largest(values, k), expected)
    assert np.count_nonzero(expected) == k


@pytest.mark.parametrize("k", [1, 40, 900, 2500, 5999])
@pytest.mark.parametrize("kind", ["distinct", "half zero", "all equal", "five values", "the sample sees the largest"])
def test_largest_of_many(kind, k):
    rng = np.random.default_rng(k)
    values = rng.random(6000)
    if kind == "half zero":
        values[rng.random(6000) < 0.5] = 0
    elif kind == "all equal":
        values[:] = 3.0
    elif kind == "five values":
        values = rng.integers(0, 5, 6000) * 1.0
    elif kind == "the sample sees the largest":
        values[::64] += 5  # so that its guess leaves fewer than k above it
    np.testing.assert_array_equal(kernel.take_largest(values, k), reference.take_largest(values, k))


@given(wirings(), st.data())
def test_sweep_twins(wiring, data):
    s, keep = wiring
    alive_out, alive_in = data.draw(masks(s.n_out)), data.draw(masks(s.n_in))
    for name, *arguments in (("backward_sweep", alive_out), ("forward_sweep", alive_in, s.n_out)):
        expected = getattr(reference, name)(s.indptr, s.indices, keep, *arguments)
        actual = getattr(kernel, name)(s.indptr, s.indices, keep, *arguments)
        for e, a in zip(expected, actual, strict=True):
            np.testing.assert_array_equal(a, e)


@given(wirings(), st.data())
def test_absent_and_insertion_twins(wiring, data):
    s, keep = wiring
    population = s.n_in * s.n_out
    present = s.keys()[keep]
    some = data.draw(masks(population - len(present)))
    ranks = np.flatnonzero(some)
    expected = reference.sample_absent(present, population, ranks)
    actual = kernel.sample_absent(present, population, ranks)
    np.testing.assert_array_equal(actual, expected)
    assert actual.dtype == expected.dtype == np.int64
    np.testing.assert_array_equal(expected, np.setdiff1d(np.arange(population), present)[ranks])

    wanted = reference.insert_links(s.indptr, s.indices, keep, expected, s.n_out)
    built = kernel.insert_links(s.indptr, s.indices, keep, expected, s.n_out)
    for e, a in zip(wanted, built, strict=True):
        assert a.dtype == e.dtype
        np.testing.assert_array_equal(a, e)
    after = SparseStructure(s.shape, built[0], built[1])
    np.testing.assert_array_equal(after.keys(), np.union1d(present, expected))


@given(weights, st.integers(1, 4), st.integers(0, 99))
def test_smallest_of_groups(values, n_groups, seed):
    rng = np.random.default_rng(seed)
    groups, counts = rng.integers(0, n_groups, len(values)), rng.integers(0, 12, n_groups)
    expected = reference.take_smallest_of_groups(values, groups, counts)
    np.testing.assert_array_equal(kernel.take_smallest_of_groups(values, groups, counts), expected)
