"""The budget is kept to the link; densities are those of the papers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.topology import allocate

THREE = [(784, 1000), (1000, 1000), (1000, 1000)]
shapes = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=1, max_size=6)


def test_uniform_by_hand():
    assert allocate(THREE, 0.01, "uniform") == [7840, 10_000, 10_000]
    # shares 1.25, 1.25, .5 of a budget of 3: one link is left, the largest remainder gets it
    assert allocate([(5, 1), (1, 5), (1, 2)], 0.25) == [1, 1, 1]
    # shares 1.5 and 1.5: the tie goes to the earlier layer
    assert allocate([(3, 1), (1, 3)], 0.5) == [2, 1]


def test_er_densities_of_the_three_layer_net():
    links = allocate(THREE, 0.01, "er")
    assert sum(links) == 27_840
    assert [round(n / (a * b), 6) for n, (a, b) in zip(links, THREE, strict=True)] == [0.010953, 0.009627, 0.009626]
    epsilon = 27_840 / (1784 + 2000 + 2000)
    assert epsilon == pytest.approx(4.813278, abs=1e-6)
    densities = [epsilon * (a + b) / (a * b) for a, b in THREE]
    assert densities == pytest.approx([0.010953, 0.009627, 0.009627], abs=5e-7)


def test_a_layer_over_its_head_becomes_dense_and_epsilon_is_solved_again():
    # scores 20 and 11: of a budget of 60 the second would get 60 * 11 / 31 = 21.3, and has 10
    assert allocate([(10, 10), (1, 10)], 60 / 110, "er") == [50, 10]
    # possible 100, 100, 4: scores 20, 20, 4 give the last 100 * 4 / 44 = 9.1 of 4; 96 are left for two equals
    assert allocate([(10, 10), (10, 10), (2, 2)], 100 / 204, "er") == [48, 48, 4]


def test_erk_counts_the_kernel_and_er_does_not():
    convolution = [(3, 5, 2, 2), (7, 9)]  # possible 60 and 63
    # erk scores 12 and 16, er scores (3 + 5) * 4 = 32 and 16; budget 12
    assert sum(allocate(convolution, 12 / 123, "erk")) == 12
    assert allocate(convolution, 12 / 123, "erk") == [5, 7]
    assert allocate(convolution, 12 / 123, "er") == [8, 4]


@given(shapes, st.floats(0.001, 1), st.sampled_from(["uniform", "er", "erk"]))
def test_budget_is_exact_and_no_layer_overflows(layers, density, method):
    links = allocate(layers, density, method)
    possible = [math.prod(shape) for shape in layers]
    assert sum(links) == round(density * sum(possible))
    assert all(0 <= n <= most for n, most in zip(links, possible, strict=True))


@given(shapes, st.floats(0.001, 1))
def test_er_and_erk_agree_without_kernels(layers, density):
    assert allocate(layers, density, "er") == allocate(layers, density, "erk")


@given(shapes, st.floats(0.001, 1))
def test_uniform_is_within_one_link_of_the_same_density(layers, density):
    total = round(density * sum(math.prod(shape) for shape in layers)) / sum(math.prod(shape) for shape in layers)
    for n, shape in zip(allocate(layers, density), layers, strict=True):
        assert abs(n - total * math.prod(shape)) < 1


def test_everything_is_dense_at_density_one():
    assert allocate(THREE, 1.0, "er") == [784_000, 1_000_000, 1_000_000]


@pytest.mark.parametrize(
    ("layers", "density", "method", "message"),
    [
        ([], 0.5, "er", "no layers"),
        ([(3,)], 0.5, "er", r"shape=\(3,\)"),
        ([(3, 0)], 0.5, "er", "shape=0"),
        ([(3, 3)], 1.5, "er", "density=1.5"),
        ([(3, 3)], 0.5, "erg", "did you mean"),
    ],
)
def test_bad_input(layers, density, method, message):
    with pytest.raises(InvalidInputError, match=message):
        allocate(layers, density, method)
