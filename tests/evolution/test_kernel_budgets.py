"""Budgets of outputs: who loses what, who gets it back, and that nobody gets another's."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import gradient_regrowth, make_rule, one_chain, regrow_by_gradient
from sparse_mlp.evolution.per_kernel import lost_by_kernel, regrow_random_per_kernel, remove_per_kernel
from sparse_mlp.layers import SparseLinear
from sparse_mlp.structure import SparseStructure

# Output 0 has the weights 1, -2, 3, 4 and output 1 has -.5, .4, -.3, .2, .1.
MATRIX = [[1, 1], [1, 1], [1, 1], [1, 1], [0, 1]]
WEIGHT = [1, -0.5, -2, 0.4, 3, -0.3, 4, 0.2, 0.1]


class Fenced(SparseLinear):
    """A layer where only rows 1 and 3 may bear links."""

    def growable(self):
        return np.array([1, 3])


@pytest.mark.usefixtures("backend")
def test_each_output_loses_its_share(make_layer):
    layer = make_layer(MATRIX, WEIGHT)

    def gone(zeta, by):
        return sorted(layer.weight[~remove_per_kernel(layer, zeta, by=by)].tolist())

    assert gone(0.5, "magnitude") == [-2, 0.1, 0.2, 1]  # 2 of 4, and 2 of 5
    assert gone(0.2, "magnitude") == [0.1]
    assert gone(0.5, "sign") == [-0.3, 0.1, 1]  # none of one negative and 1 of 3; 1 of 2 and 1 of 3
    assert gone(1.0, "sign") == sorted(WEIGHT) and gone(0.0, "sign") == []
    # |w| / sum of the output + |w| / sum of the input: 1 of output 0 has .1 + .667, .2 of output 1 has .133 + .048,
    # while .1 is the only weight of its input.
    assert gone(0.25, "importance") == [0.2, 1]


def test_of_equal_weights_the_first_go(make_layer):
    layer = make_layer(np.ones((4, 2)), np.ones(8))
    assert remove_per_kernel(layer, 0.5).tolist() == [False] * 4 + [True] * 4


def test_random_regrowth_is_uniform_in_each_output(make_layer):
    # Output 0 keeps input 1 and lost input 2, output 1 keeps all, output 2 lost inputs 0 and 1.
    layer = make_layer([[0, 1, 1], [1, 0, 1], [1, 0, 0], [0, 1, 0]])
    keep, rng = np.array([True, False, True, False, False, True]), np.random.default_rng(3)
    assert lost_by_kernel(layer, keep).tolist() == [1, 0, 2]
    seen = Counter(tuple(regrow_random_per_kernel(layer, keep, 3, rng=rng).tolist()) for _ in range(3000))
    allowed = [tuple(sorted((a, *b))) for a in (0, 6, 9) for b in combinations((2, 5, 8, 11), 2)]
    assert set(seen) == set(allowed) and chisquare(list(seen.values())).pvalue > 1e-6
    seen = {tuple(regrow_random_per_kernel(layer, keep, 3, rng=rng, exclude_removed=True)) for _ in range(99)}
    assert seen == {(0, 8, 11), (8, 9, 11)}


def test_an_output_without_room_is_named(make_layer):
    layer, rng = make_layer([[1, 1], [1, 0]], name="narrow"), np.random.default_rng(0)
    with pytest.raises(InvalidInputError, match=r"0 free positions for 1 new links of output 0 .* narrow; .*exclude"):
        regrow_random_per_kernel(layer, np.array([True, True, False]), 1, rng=rng, exclude_removed=True)


def test_rows_that_bear_no_links_stay_closed():
    # Row 0 bears a link of output 2 that it may keep. Output 0 lost its link of row 1, output 1 that of row 2.
    structure = SparseStructure.from_coo([0, 1, 2, 3], [2, 0, 1, 1], (4, 3))
    layer = Fenced(structure, [1.0, 2.0, 3.0, 4.0], name="fenced", dtype=np.float64)
    keep, rng = np.array([True, False, False, True]), np.random.default_rng(14)
    seen = {tuple(regrow_random_per_kernel(layer, keep, 2, rng=rng).tolist()) for _ in range(60)}
    assert seen == {(3, 4), (4, 9)}
    layer.recorded = np.array([[9.0], [1], [9], [2]]), np.array([[1.0], [1], [1]])
    assert regrow_by_gradient(layer, keep, 2, per_kernel=True).tolist() == [4, 9]
    with pytest.raises(InvalidInputError, match="1 free positions for 2 new links of output 1 in layer fenced"):
        two = SparseStructure.from_coo([0, 1, 2, 3], [1, 0, 1, 1], (4, 3))
        lost = np.array([False, True, False, True])
        regrow_random_per_kernel(Fenced(two, [1.0] * 4, name="fenced"), lost, 2, rng=rng)


@given(st.integers(1, 9), st.integers(1, 9), st.floats(0.01, 1), st.integers(0, 999), st.integers(1, 20))
def test_the_largest_gradients_of_each_output(make_net, n_in, n_out, density, seed, entries):
    (layer,) = make_net([n_in, n_out], density, seed)
    rng = np.random.default_rng(seed)
    keep = rng.random(layer.structure.nnz) < 0.6
    layer.recorded = rng.integers(-2, 3, (n_in, 3)) / 4, rng.integers(-2, 3, (n_out, 3)) / 4  # exact, many ties
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradient_regrowth, "ROWS", 1)
        patch.setattr(gradient_regrowth, "BLOCK_SIZE", entries)
        grown = regrow_by_gradient(layer, keep, np.count_nonzero(~keep), per_kernel=True)
    gradient, taken = np.abs(layer.recorded[0] @ layer.recorded[1].T), layer.structure.keys()[keep]
    expected = []
    for output in range(n_out):
        free = [u for u in range(n_in) if u * n_out + output not in taken]
        lost = np.count_nonzero(layer.structure.indices[~keep] == output)
        expected += [u * n_out + output for u in sorted(free, key=lambda u: (-gradient[u, output], u))[:lost]]
    assert grown.tolist() == sorted(expected)


@given(
    st.lists(st.integers(1, 12), min_size=2, max_size=4), st.floats(0.02, 1), st.floats(0, 1), st.booleans(),
    st.sampled_from([("set", {}), ("set", {"removal": "importance"}), ("rlr", {}), ("rigl", {})]), st.integers(0, 99),
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:layer .* none of its:UserWarning")
def test_every_output_keeps_its_count(make_net, sizes, density, zeta, percolate, rule, seed):
    name, options = rule
    results = []
    for backend in ("reference", "numba"):
        layers, rng = make_net(sizes, density, seed, dtype=np.float32), np.random.default_rng(seed)
        for layer in layers:
            layer.recorded = tuple(rng.normal(size=(n, 4)).astype(np.float32) for n in layer.structure.shape)
        before = [layer.structure.degrees_out().tolist() for layer in layers]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SPARSE_MLP_BACKEND", backend)
            made = make_rule(name, zeta=zeta, budget="kernel", percolate=percolate, **options)
            made.update(one_chain(layers), 0.0, rng)
        assert [layer.structure.degrees_out().tolist() for layer in layers] == before
        results.append([(layer.structure.fingerprint(), layer.weight.tobytes()) for layer in layers])
    assert results[0] == results[1]


def test_with_one_output_both_budgets_are_the_same(make_layer):
    rng = np.random.default_rng(2)
    matrix, weight = rng.random((60, 1)) < 0.5, rng.normal(size=60)
    results = []
    for budget in ("layer", "kernel"):
        layer = make_layer(matrix, weight[: np.count_nonzero(matrix)])
        make_rule("set", budget=budget).update(one_chain([layer]), 0.0, 7)
        results.append((layer.structure.keys().tolist(), layer.weight.tolist()))
    assert results[0] == results[1]


@pytest.mark.parametrize("name", ["set", "rlr", "rigl"])
def test_an_unknown_budget(name):
    with pytest.raises(InvalidInputError, match=r"budget='kernels'; .*did you mean 'kernel'"):
        make_rule(name, budget="kernels")
