"""Growth by the dense gradient, compared with the whole matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import gradient_regrowth, make_rule, one_chain, regrow_by_gradient


def grow(layer, keep, k, signals):
    layer.recorded = signals
    return regrow_by_gradient(layer, keep, k, rng=None)


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
    assert grow(layer, keep, 1, signals).tolist() == [4]  # just removed, and the best
    assert grow(layer, keep, 2, signals).tolist() == [2, 4]
    assert grow(layer, keep, 3, signals).tolist() == [1, 2, 4]  # of the two twos the first
    assert grow(layer, keep, 5, signals).tolist() == [0, 1, 2, 3, 4]


@given(
    st.integers(1, 9), st.integers(1, 9), st.floats(0, 1), st.integers(1, 4), st.integers(0, 999), st.integers(1, 20),
)  # fmt: skip
def test_as_the_whole_matrix_says(make_net, n_in, n_out, density, batch, seed, entries):
    (layer,) = make_net([n_in, n_out], max(density, 0.01), seed)
    rng = np.random.default_rng(seed)
    keep = rng.random(layer.structure.nnz) < 0.6
    signals = rng.integers(-2, 3, (n_in, batch)) / 4, rng.integers(-2, 3, (n_out, batch)) / 4  # exact, many ties
    k = int(rng.integers(0, n_in * n_out - np.count_nonzero(keep) + 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradient_regrowth, "ROWS", 1)
        patch.setattr(gradient_regrowth, "BLOCK_SIZE", entries)
        grown = grow(layer, keep, k, signals)
    assert grown.dtype == np.int64
    assert grown.tolist() == plain(layer, keep, k, signals)


def test_several_blocks_of_rows(make_net):
    (layer,) = make_net([300, 9000], 0.001, dtype=np.float32)
    keep = np.arange(layer.structure.nnz) % 3 > 0
    rng = np.random.default_rng(3)
    # Small whole numbers: products and sums are exact in single precision, whatever their order.
    signals = tuple(rng.integers(-3, 4, (n, 16)).astype(np.float32) for n in (300, 9000))
    assert gradient_regrowth.BLOCK_SIZE // 9000 < 300
    grown = grow(layer, keep, 900, signals)
    assert grown.tolist() == plain(layer, keep, 900, signals)


def test_chance_plays_no_part(make_net):
    (layer,) = make_net([9, 9], 0.3)
    rng = np.random.default_rng(0)
    layer.recorded = np.ones((9, 2)), np.ones((9, 2))
    regrow_by_gradient(layer, np.ones(layer.structure.nnz, bool), 3, rng=rng)
    assert rng.random() == np.random.default_rng(0).random()


def test_rigl_update_by_hand(make_layer):
    # cosine of zeta: .3 at the start, .15 half way to the end; 10 links, so 3 and 1 go
    layer = make_layer(np.tri(4), np.arange(10, 0, -1) / 10)
    layer.recorded = np.eye(4), np.arange(16.0).reshape(4, 4).T  # gradient 0 to 15 in row-major order
    rule = make_rule("rigl")
    (change,) = rule.update(one_chain([layer]), 0.0, 0).layers
    assert list(zip(*change.removed, strict=True)) == [(3, 1), (3, 2), (3, 3)]
    assert list(zip(*change.grown, strict=True)) == [(3, 1), (3, 2), (3, 3)]  # gradients 13, 14, 15
    np.testing.assert_array_equal(layer.weight, np.arange(10, 0, -1) / 10)  # regrown links keep their weights
    layer.recorded = np.eye(4), -np.arange(16.0)[::-1].reshape(4, 4).T
    log = rule.update(one_chain([layer]), 0.375, 0)
    assert log.zeta == pytest.approx(0.15)
    assert list(zip(*log.layers[0].grown, strict=True)) == [(0, 1)]
    assert layer.weight[1] == 0.0
    assert rule.update(one_chain([layer]), 0.75, 0).layers == ()
    assert (rule.update_steps, rule.wants_signals) == (100, True)


def test_errors(make_net):
    (layer,) = make_net([4, 3], 0.5)
    with pytest.raises(InvalidInputError, match="no signals of layer 'sparse1'"):
        make_rule("rigl").update(one_chain([layer]), 0.0, 0)
    good = np.ones((4, 2)), np.ones((3, 2))
    with pytest.raises(InvalidInputError, match="an infinite gradient in layer sparse1"):
        grow(layer, np.ones(6, bool), 1, (good[0] * np.nan, good[1]))
    with pytest.raises(InvalidInputError, match="6 free positions for 7 new links in layer sparse1"):
        grow(layer, np.ones(6, bool), 7, good)


def test_without_a_gradient_the_first_absent_positions_grow(make_layer):
    layer = make_layer([[1, 0, 1], [0, 1, 0]], [1, 2, 3])
    signals = np.zeros((2, 1)), np.zeros((3, 1))
    assert grow(layer, np.array([True, True, True]), 1, signals).tolist() == [1]
    assert grow(layer, np.array([True, False, True]), 2, signals).tolist() == [1, 2]


def test_a_product_that_overflows_is_named(make_layer):
    layer = make_layer([[1, 0]], [1], dtype=np.float32)
    huge = np.full((1, 2), 3e38, np.float32), np.array([[3e38, -3e38], [1, 1]], np.float32)
    with np.errstate(all="ignore"), pytest.raises(InvalidInputError, match="an infinite gradient in layer sparse1"):
        grow(layer, np.array([True]), 1, huge)
