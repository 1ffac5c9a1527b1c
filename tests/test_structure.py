"""SparseStructure: every way to hand in a wrong wiring, and set algebra against Python's own sets."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import sparse

from sparse_mlp.errors import InvalidInputError, StructureError
from sparse_mlp.structure import SparseStructure

Link = tuple[int, int]


@st.composite
def link_sets(draw: st.DrawFn, layers: int = 1) -> tuple[Any, ...]:
    """A shape and as many sets of links in it as asked for, empty and complete ones included."""
    n_in, n_out = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    links = st.tuples(st.integers(0, n_in - 1), st.integers(0, n_out - 1))
    return ((n_in, n_out), *(draw(st.sets(links, max_size=n_in * n_out)) for _ in range(layers)))


def structure_of(links: set[Link], shape: tuple[int, int]) -> SparseStructure:
    pairs = np.array(sorted(links), np.int64).reshape(-1, 2)
    return SparseStructure.from_coo(pairs[:, 0], pairs[:, 1], shape)


def links_of(structure: SparseStructure) -> list[Link]:
    return [
        (u, int(structure.indices[k]))
        for u in range(structure.n_in)
        for k in range(structure.indptr[u], structure.indptr[u + 1])
    ]


@pytest.fixture
def small() -> SparseStructure:
    """Input 0 → 2; input 1 → nobody; input 2 → 0, 1, 2; output 3 has no link."""
    return SparseStructure((3, 4), [0, 1, 1, 4], [2, 0, 1, 2])


# ------------------------------------------------------------------------------------------------ by hand


def test_hand_case(small: SparseStructure) -> None:
    assert (small.n_in, small.n_out, small.nnz) == (3, 4, 4)
    assert small.density == pytest.approx(4 / 12)
    assert small.sparsity == pytest.approx(8 / 12)
    assert small.rows().tolist() == [0, 2, 2, 2]
    assert small.keys().tolist() == [2, 8, 9, 10]
    assert small.degrees_in().tolist() == [1, 0, 3]
    assert small.degrees_out().tolist() == [1, 1, 2, 0]
    assert small.to_scipy().toarray().tolist() == [
        [False, False, True, False],
        [False, False, False, False],
        [True, True, True, False],
    ]
    assert repr(small) == "SparseStructure(3 x 4, 4 links, density 0.3333)"


def test_by_output_by_hand(small: SparseStructure) -> None:
    assert small.by_output.indptr.tolist() == [0, 1, 2, 4, 4]
    assert small.by_output.indices.tolist() == [2, 2, 0, 2]
    assert small.by_output.order.tolist() == [1, 2, 0, 3]
    assert small.by_output is small.by_output, "sorted once, then kept"


def test_from_coo_sorts() -> None:
    made = SparseStructure.from_coo([2, 0, 2, 2], [1, 2, 2, 0], (3, 4))
    assert made == SparseStructure((3, 4), [0, 1, 1, 4], [2, 0, 1, 2])


def test_from_scipy_takes_every_format_and_stored_zeros() -> None:
    matrix = sparse.coo_array(([5.0, 0.0, -1.0], ([1, 0, 1], [0, 1, 2])), shape=(2, 3))
    wanted = SparseStructure.from_coo([0, 1, 1], [1, 0, 2], (2, 3))
    for form in ("coo", "csr", "csc"):
        assert SparseStructure.from_scipy(matrix.asformat(form)) == wanted


def test_from_scipy_refuses_entries_stored_twice() -> None:
    with pytest.raises(StructureError, match=r"duplicate link \(0, 1\)"):
        SparseStructure.from_scipy(sparse.coo_array(([1.0, 1.0], ([0, 0], [1, 1])), shape=(1, 2)))


def test_complete() -> None:
    made = SparseStructure.complete((2, 3))
    assert links_of(made) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert made.density == 1 and made.sparsity == 0


def test_empty_wiring_is_a_wiring() -> None:
    made = SparseStructure.from_coo([], [], (3, 2))
    assert made.nnz == 0 and made.density == 0
    assert made.by_output.indptr.tolist() == [0, 0, 0]
    assert made.contains([1], [1]).tolist() == [False]
    assert made.positions_in(SparseStructure.complete((3, 2))).tolist() == []
    assert SparseStructure.complete((3, 2)).positions_in(made).tolist() == [-1] * 6
    assert made.union(made) == made.difference(made) == made


# -------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("indptr", "indices", "message"),
    [
        ([0, 1, 3], [1, 2, 0], "unsorted output 0 in input 1"),
        ([0, 0, 2], [2, 1], "unsorted output 1 in input 1"),
        ([0, 1, 3], [1, 2, 2], "duplicate output 2 in input 1"),
        ([0, 2, 2], [0, 0], "duplicate output 0 in input 0"),
        ([0, 1, 2], [1, 3], r"indices\[1\] = 3"),
        ([0, 1, 2], [-1, 0], r"indices\[0\] = -1"),
        ([0, 1, 2], [0.0, 1.0], "indices of float64 with 1 dimensions"),
        ([0, 1, 2], [True, False], "indices of bool with 1 dimensions"),
        ([0, 1, 2], [[0, 1]], "indices of int64 with 2 dimensions"),
        ([0.0, 1.0, 2.0], [0, 1], "indptr of float64 with 1 dimensions"),
        ([0, 2], [0, 1], "indptr of length 2"),
        ([0, 0, 1, 2], [0, 1], "indptr of length 4"),
        ([1, 1, 2], [0, 1], "indptr from 1 to 2"),
        ([0, 1, 1], [0, 1], "indptr from 0 to 1"),
        ([0, 1, 3], [0, 1], "indptr from 0 to 3"),
        ([0, 3, 2], [0, 1], "indptr that falls after input 1"),
    ],
)
def test_wrong_links_are_named(indptr: Any, indices: Any, message: str) -> None:
    with pytest.raises(StructureError, match=message):
        SparseStructure((2, 3), indptr, indices)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (-1, 2), (2.0, 3), (True, 3), (2, 3, 4), (2,), ("2", 3)])
def test_wrong_shapes_are_named(shape: Any) -> None:
    with pytest.raises(StructureError, match="two whole numbers of at least 1"):
        SparseStructure.complete(shape)


def test_sizes_beyond_int32_are_refused() -> None:
    with pytest.raises(StructureError, match=r"2147483648"):
        SparseStructure.from_coo([], [], (1, 2**31))


def test_rows_may_start_where_the_last_one_ended() -> None:
    """An output may fall, or repeat, from one input to the next, empty inputs between them or not."""
    assert SparseStructure((4, 3), [0, 2, 2, 3, 4], [0, 2, 2, 1]).nnz == 4


@pytest.mark.parametrize(
    ("rows", "cols", "message"),
    [
        ([0, 1, 0], [1, 0, 1], r"duplicate link \(0, 1\)"),
        ([0, 1], [1], "2 rows and 1 cols"),
        ([0, 2], [1, 1], r"rows\[1\] = 2"),
        ([0, 1], [1, 3], r"cols\[1\] = 3"),
        ([0, -1], [1, 1], r"rows\[1\] = -1"),
        ([0.5], [1], "rows of float64 with 1 dimensions"),
        ([0], [[1]], "cols of int64 with 2 dimensions"),
    ],
)
def test_wrong_coordinates_are_named(rows: Any, cols: Any, message: str) -> None:
    with pytest.raises(StructureError, match=message):
        SparseStructure.from_coo(rows, cols, (2, 3))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([1, 0], r"unsorted link \(0, 0\)"),
        ([1, 4, 4], r"duplicate link \(1, 1\)"),
        ([1, 6], r"keys\[1\] = 6"),
        ([-1, 0], r"keys\[0\] = -1"),
        ([0.5], "keys of float64"),
    ],
)
def test_wrong_keys_are_named(keys: Any, message: str) -> None:
    with pytest.raises(StructureError, match=message):
        SparseStructure.from_keys(keys, (2, 3))


def test_structure_errors_are_value_errors() -> None:
    assert issubclass(StructureError, InvalidInputError) and issubclass(StructureError, ValueError)


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (np.ones(3, bool), r"keep of bool \(3,\)"),
        (np.ones(4, np.int64), r"keep of int64 \(4,\)"),
        (np.ones((4, 1), bool), r"keep of bool \(4, 1\)"),
    ],
)
def test_wrong_masks_are_named(small: SparseStructure, keep: Any, message: str) -> None:
    with pytest.raises(StructureError, match=message):
        small.select(keep)


@pytest.mark.parametrize("operation", ["union", "difference", "positions_in"])
def test_structures_of_other_shapes_do_not_mix(small: SparseStructure, operation: str) -> None:
    with pytest.raises(StructureError, match=r"shape \(3, 4\) and \(4, 3\)"):
        getattr(small, operation)(SparseStructure.complete((4, 3)))


def test_contains_checks_its_neurons(small: SparseStructure) -> None:
    with pytest.raises(StructureError, match=r"rows\[0\] = 3"):
        small.contains([3], [0])
    with pytest.raises(StructureError, match=r"cols\[0\] = 4"):
        small.contains([0], [4])


# ------------------------------------------------------------------------------- types and immutability


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64"])
def test_any_integer_type_comes_in_and_int32_goes_out(small: SparseStructure, dtype: str) -> None:
    direct = SparseStructure((3, 4), small.indptr.astype(dtype), small.indices.astype(dtype))
    by_coo = SparseStructure.from_coo(small.rows().astype(dtype), small.indices.astype(dtype), (3, 4))
    by_keys = SparseStructure.from_keys(small.keys().astype(dtype), (3, 4))
    assert direct == by_coo == by_keys == small
    assert small.contains(small.rows().astype(dtype), small.indices.astype(dtype)).all()
    arrays = [direct.indptr, direct.indices, direct.rows(), *direct.by_output]
    assert {array.dtype for array in arrays} == {np.dtype(np.int32)}
    assert direct.keys().dtype == direct.positions_in(small).dtype == np.int64


def test_keys_do_not_overflow_int32() -> None:
    made = SparseStructure.from_coo([99_999, 3], [99_998, 7], (100_000, 100_000))
    assert made.keys().tolist() == [300_007, 9_999_999_998]
    assert made.contains([99_999, 99_998], [99_998, 99_998]).tolist() == [True, False]
    assert SparseStructure.from_keys(made.keys(), made.shape) == made


def test_attributes_cannot_be_assigned(small: SparseStructure) -> None:
    for name in ("shape", "indptr", "indices", "by_output", "anything"):
        with pytest.raises(StructureError, match=f"assignment to '{name}' found; a structure is immutable"):
            setattr(small, name, None)


def test_arrays_cannot_be_written(small: SparseStructure) -> None:
    for array in (small.indptr, small.indices, *small.by_output):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_arrays_are_copies_both_ways() -> None:
    indptr, indices = np.array([0, 1, 2], np.int32), np.array([0, 1], np.int32)
    made = SparseStructure((2, 3), indptr, indices)
    before = made.fingerprint()
    indices[0], indptr[1] = 2, 2
    matrix = made.to_scipy()
    matrix.indices[0] = 2
    assert made.fingerprint() == before
    assert made.indices.tolist() == [0, 1] and made.indptr.tolist() == [0, 1, 2]


@pytest.mark.parametrize("duplicate", [lambda s: pickle.loads(pickle.dumps(s)), copy.copy, copy.deepcopy])
def test_copies_are_equal_and_still_immutable(small: SparseStructure, duplicate: Any) -> None:
    twin = duplicate(small)
    assert twin == small and twin.fingerprint() == small.fingerprint() and hash(twin) == hash(small)
    assert not twin.indices.flags.writeable and not twin.indptr.flags.writeable
    assert np.array_equal(twin.by_output.order, small.by_output.order)


def test_fingerprint_tells_structures_apart() -> None:
    shapes = [(2, 6), (3, 4), (4, 3), (6, 2)]
    made = [SparseStructure.from_keys([0, 1], shape) for shape in shapes]
    made += [SparseStructure.from_keys(keys, (3, 4)) for keys in ([], [0], [0, 2], [0, 4], [1, 4])]
    assert len({s.fingerprint() for s in made}) == len(made)
    assert len(set(made)) == len(made)
    assert all(len(s.fingerprint()) == 64 for s in made)


def test_fingerprint_stays_the_same_between_releases() -> None:
    """It is written into checkpoints: shape as text, then both arrays as little-endian int64."""
    import hashlib

    made = SparseStructure.from_coo([0, 1], [1, 0], (2, 3))
    digest = hashlib.sha256(b"(2, 3)")
    digest.update(np.array([0, 1, 2], "<i8").tobytes() + np.array([1, 0], "<i8").tobytes())
    assert made.fingerprint() == digest.hexdigest()


def test_equality_with_strangers(small: SparseStructure) -> None:
    assert small != "SparseStructure"
    assert small != SparseStructure((4, 4), [0, 1, 1, 4, 4], [2, 0, 1, 2])
    assert small != SparseStructure((3, 4), [0, 1, 1, 4], [3, 0, 1, 2])
    assert small != SparseStructure((3, 4), [0, 0, 1, 4], [2, 0, 1, 2])


# ---------------------------------------------------------------------------------- against Python's sets


@given(link_sets(1), st.randoms(use_true_random=False))
def test_every_road_leads_to_the_same_structure(case: Any, random: Any) -> None:
    shape, links = case
    shuffled = list(links)
    random.shuffle(shuffled)
    pairs = np.array(shuffled, np.int64).reshape(-1, 2)
    made = SparseStructure.from_coo(pairs[:, 0], pairs[:, 1], shape)
    assert links_of(made) == sorted(links)
    assert SparseStructure.from_keys(made.keys(), shape) == made
    assert SparseStructure.from_scipy(made.to_scipy()) == made
    assert SparseStructure(shape, made.indptr, made.indices) == made
    assert made.degrees_in().tolist() == [sum(u == i for u, _ in links) for i in range(shape[0])]
    assert made.degrees_out().tolist() == [sum(v == j for _, v in links) for j in range(shape[1])]
    assert made.density == len(links) / (shape[0] * shape[1])


@given(link_sets(1))
def test_by_output_is_the_same_links_in_another_order(case: Any) -> None:
    shape, links = case
    made = structure_of(links, shape)
    indptr, rows, order = made.by_output
    assert sorted(order.tolist()) == list(range(made.nnz))
    columns = np.repeat(np.arange(shape[1]), np.diff(indptr))
    assert list(zip(columns.tolist(), rows.tolist(), strict=True)) == sorted((v, u) for u, v in links)
    assert np.array_equal(made.rows()[order], rows)
    assert np.array_equal(made.indices[order], columns)


@given(link_sets(2))
def test_set_algebra(case: Any) -> None:
    shape, first, second = case
    a, b = structure_of(first, shape), structure_of(second, shape)
    assert links_of(a.union(b)) == sorted(first | second)
    assert links_of(a.difference(b)) == sorted(first - second)
    assert (a == b) == (first == second) == (a.fingerprint() == b.fingerprint())


@given(link_sets(2))
def test_contains_every_pair(case: Any) -> None:
    shape, links, _ = case
    u, v = (axis.ravel() for axis in np.indices(shape))
    found = structure_of(links, shape).contains(u, v)
    assert found.tolist() == [(i, j) in links for i, j in zip(u.tolist(), v.tolist(), strict=True)]


@given(link_sets(2))
def test_positions_in(case: Any) -> None:
    shape, first, second = case
    carry = structure_of(first, shape).positions_in(structure_of(second, shape))
    order = sorted(second)
    assert carry.tolist() == [order.index(link) if link in second else -1 for link in sorted(first)]


@given(link_sets(1), st.data())
def test_select(case: Any, data: st.DataObject) -> None:
    shape, links = case
    keep = data.draw(st.lists(st.booleans(), min_size=len(links), max_size=len(links)))
    kept = structure_of(links, shape).select(np.array(keep, bool))
    assert links_of(kept) == [link for link, stays in zip(sorted(links), keep, strict=True) if stays]


@given(link_sets(1), st.data())
def test_two_links_swapped_are_noticed(case: Any, data: st.DataObject) -> None:
    shape, links = case
    made = structure_of(links, shape)
    long = np.flatnonzero(made.degrees_in() >= 2)
    assume(len(long) > 0)
    start = made.indptr[data.draw(st.sampled_from(long.tolist()))]
    swapped = made.indices.copy()
    swapped[[start, start + 1]] = swapped[[start + 1, start]]
    with pytest.raises(StructureError, match="unsorted output"):
        SparseStructure(shape, made.indptr, swapped)
