"""Growth by the dense gradient, held against the whole matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import gradient_regrowth, make_rule, regrow_by_gradient

RNG = np.random.default_rng(0)


def plain(layer, keep, k, signals):
    """Sort all absent positions of the dense gradient."""
    gradient = np.abs(signals[0] @ signals[1].T).ravel()
    taken = set(layer.structure.keys()[keep].tolist())
    absent = [position for position in range(gradient.size) if position not in taken]
    return sorted(sorted(absent, key=lambda position: (-gradient[position], position))[:k])


def test_by_hand(make_layer):
    # gradient 1 2 3 / -2 -4 -6 (one sample); kept is (1, 2), removed (1, 1)
    layer = make_layer([[0, 0, 0], [0, 1, 1]], [1, 2])
    signals = np.array([[1.0], [-2.0]]), np.array([[1.0], [2.0], [3.0]])
    keep = np.array([False, True])
    assert regrow_by_gradient(layer, keep, 1, RNG, signals).tolist() == [4]  # just removed, and the best
    assert regrow_by_gradient(layer, keep, 2, RNG, signals).tolist() == [2, 4]
    assert regrow_by_gradient(layer, keep, 3, RNG, signals).tolist() == [1, 2, 4]  # of the two twos the first
    assert regrow_by_gradient(layer, keep, 5, RNG, signals).tolist() == [0, 1, 2, 3, 4]


@given(
    st.integers(1, 9), st.integers(1, 9), st.floats(0, 1), st.integers(1, 4), st.integers(0, 999), st.integers(1, 20),
    st.sampled_from(["reference", "numba"]),
)  # fmt: skip
def test_as_the_whole_matrix_says(make_net, n_in, n_out, density, batch, seed, rows, backend):
    (layer,) = make_net([n_in, n_out], max(density, 0.01), seed)
    rng = np.random.default_rng(seed)
    keep = rng.random(layer.structure.nnz) < 0.6
    signals = rng.integers(-2, 3, (n_in, batch)) / 4, rng.integers(-2, 3, (n_out, batch)) / 4  # exact, many ties
    k = int(rng.integers(0, n_in * n_out - np.count_nonzero(keep) + 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradient_regrowth, "BLOCK", 1)
        patch.setattr(gradient_regrowth, "ENTRIES_AT_ONCE", rows)
        grown = regrow_by_gradient(layer, keep, k, rng, signals, backend=backend)
    assert grown.dtype == np.int64
    assert grown.tolist() == plain(layer, keep, k, signals)


def test_several_blocks_of_rows(make_net):
    (layer,) = make_net([300, 9000], 0.001, dtype=np.float32)
    keep = np.arange(layer.structure.nnz) % 3 > 0
    rng = np.random.default_rng(3)
    # Small whole numbers: products and sums are exact in single precision, whatever their order.
    signals = tuple(rng.integers(-3, 4, (n, 16)).astype(np.float32) for n in (300, 9000))
    assert gradient_regrowth.ENTRIES_AT_ONCE // 9000 < 300
    grown = regrow_by_gradient(layer, keep, 900, rng, signals)
    assert grown.tolist() == plain(layer, keep, 900, signals)


def test_chance_plays_no_part(make_net):
    (layer,) = make_net([9, 9], 0.3)
    rng = np.random.default_rng(0)
    regrow_by_gradient(layer, np.ones(layer.structure.nnz, bool), 3, rng, (np.ones((9, 2)), np.ones((9, 2))))
    assert rng.random() == np.random.default_rng(0).random()


def test_rigl_update_by_hand(make_layer):
    # cosine of zeta: .3 at the start, .15 half way to the end; 10 links, so 3 and 1 go
    layer = make_layer(np.tri(4), np.arange(10, 0, -1) / 10)
    signals = {"sparse1": (np.eye(4), np.arange(16.0).reshape(4, 4).T)}  # gradient 0 to 15 in row-major order
    rule = make_rule("rigl")
    (change,) = rule.update([layer], 0.0, 0, signals).layers
    assert list(zip(*change.removed, strict=True)) == [(3, 1), (3, 2), (3, 3)]
    assert list(zip(*change.grown, strict=True)) == [(3, 1), (3, 2), (3, 3)]  # gradients 13, 14, 15
    np.testing.assert_array_equal(layer.weight, np.arange(10, 0, -1) / 10)  # regrown links keep their weights
    log = rule.update([layer], 0.375, 0, {"sparse1": (np.eye(4), -np.arange(16.0)[::-1].reshape(4, 4).T)})
    assert log.zeta == pytest.approx(0.15)
    assert list(zip(*log.layers[0].grown, strict=True)) == [(0, 1)]
    assert layer.weight[1] == 0.0
    assert rule.update([layer], 0.75, 0, signals).layers == ()
    assert (rule.update_steps, rule.wants_signals) == (100, True)


def test_errors(make_net):
    (layer,) = make_net([4, 3], 0.5)
    keep, good = np.ones(6, bool), (np.ones((4, 2)), np.ones((3, 2)))
    with pytest.raises(InvalidInputError, match="an update of rule 'rigl' without a batch"):
        make_rule("rigl").update([layer], 0.0, 0)
    with pytest.raises(InvalidInputError, match="layer sparse1 without a batch's signals"):
        regrow_by_gradient(layer, keep, 1, RNG)
    for signals in ((good[1], good[0]), (good[0], np.ones((3, 5)))):
        with pytest.raises(InvalidInputError, match=r"signals of shapes .* expected \(4, batch\) and \(3, batch\)"):
            regrow_by_gradient(layer, keep, 1, RNG, signals)
    with pytest.raises(InvalidInputError, match="signals of layer sparse1 that are not finite"):
        regrow_by_gradient(layer, keep, 1, RNG, (good[0] * np.nan, good[1]))
    with pytest.raises(InvalidInputError, match="6 positions for 7 new links in layer sparse1"):
        regrow_by_gradient(layer, keep, 7, RNG, good)


def test_without_a_gradient_the_first_absent_positions_grow(make_layer):
    layer = make_layer([[1, 0, 1], [0, 1, 0]], [1, 2, 3])
    signals = np.zeros((2, 1)), np.zeros((3, 1))
    assert regrow_by_gradient(layer, np.array([True, True, True]), 1, RNG, signals).tolist() == [1]
    assert regrow_by_gradient(layer, np.array([True, False, True]), 2, RNG, signals).tolist() == [1, 2]


def test_a_product_that_overflows_is_named(make_layer):
    layer = make_layer([[1, 0]], [1], dtype=np.float32)
    huge = np.full((1, 2), 3e38, np.float32), np.array([[3e38, -3e38], [1, 1]], np.float32)
    with np.errstate(all="ignore"), pytest.raises(InvalidInputError, match="gradient of layer sparse1"):
        regrow_by_gradient(layer, np.array([True]), 1, RNG, huge)
