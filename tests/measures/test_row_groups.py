"""Rows that are one: by hand, against a dense matrix, and sizes that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.measures import group_rows
from sparse_mlp.topology import generate


@pytest.mark.parametrize("size", [1, 3, 4, 12])
def test_groups_are_linked_where_a_row_is(size: int) -> None:
    taps = generate("erdos-renyi", 12, 7, density=0.2, rng=0)
    grouped, place = group_rows(taps, size)
    expected = taps.to_scipy().toarray().astype(bool).reshape(12 // size, size, 7).any(axis=1)
    np.testing.assert_array_equal(grouped.to_scipy().toarray().astype(bool), expected)
    np.testing.assert_array_equal(grouped.rows()[place], taps.rows() // size)
    np.testing.assert_array_equal(grouped.indices[place], taps.indices)
    assert (grouped is taps) == (size == 1)


@pytest.mark.parametrize("size", [0, 5, 24, 1.5])
def test_sizes_that_do_not_fit(size: float) -> None:
    with pytest.raises(InvalidInputError):
        group_rows(generate("erdos-renyi", 12, 7, density=0.2, rng=0), size)  # type: ignore[arg-type]
