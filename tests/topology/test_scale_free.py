"""Attachment by hand, twins, exact counts, and a power law on both sides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from sparse_mlp.kernels import scale_free as kernel
from sparse_mlp.reference import scale_free as reference
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate
from sparse_mlp.topology.scale_free import scale_free

TWINS = pytest.mark.parametrize("twin", [reference, kernel], ids=["reference", "kernel"])


def attach(twin, side, brings, uniforms):
    side, brings = np.array(side), np.array(brings)
    inputs, outputs = twin.attach(side, brings, np.array(uniforms, float), int(np.sum(side == 0)), int(np.sum(side)))
    assert inputs.dtype == outputs.dtype == np.int64
    return list(zip(inputs.tolist(), outputs.tolist(), strict=True))


@TWINS
def test_growth_by_hand(twin):
    # Inputs 0, 1, 2 arrive; output 0 finds none with links and takes the two oldest; input 3 takes the only output.
    # Inputs have 1, 1, 0, 1 links: output 1 takes input 3 by 0.7 of 3 and then input 1 by 0.5 of the 2 left.
    # They have 1, 2, 0, 2: output 2 takes input 1 by 0.5 of 5, input 3 by 0.9 of 3, input 0, and last input 2 by age.
    side = [0, 0, 0, 1, 0, 1, 1]
    links = attach(twin, side, [0, 0, 0, 2, 1, 2, 4], [0.9, 0.9, 0.4, 0.7, 0.5, 0.5, 0.9, 0.0, 0.0])
    assert links == [(0, 0), (1, 0), (3, 0), (3, 1), (1, 1), (1, 2), (3, 2), (0, 2), (2, 2)]


@TWINS
def test_links_made_by_one_newcomer_do_not_count_for_it(twin):
    # inputs 0 and 1 have 2 and 1 links; 0.6 of 3 is input 0 and not, as after a link more, input 1
    side, brings = [0, 0, 1, 1, 1], [0, 0, 2, 1, 1]
    assert attach(twin, side, brings, [0.0, 0.0, 0.4, 0.6])[2:] == [(0, 1), (0, 2)]


@TWINS
def test_nobody_brings_anything(twin):
    assert attach(twin, [0, 1], [0, 0], []) == []


@given(st.integers(1, 12), st.integers(1, 12), st.floats(0, 1), st.integers(0, 99))
def test_reference_is_kernel(n_in, n_out, share, seed):
    rng = np.random.default_rng(seed)
    side = rng.permutation(np.repeat([0, 1], [n_in, n_out]))
    before = np.where(side == 0, np.cumsum(side), np.cumsum(1 - side))
    brings = rng.binomial(before, share)
    uniforms = rng.random(brings.sum())
    uniforms[::4] = [0.0, 1 - 2**-53][seed % 2]
    assert attach(kernel, side, brings, uniforms) == attach(reference, side, brings, uniforms)


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 9))
def test_count_is_exact(n_in, n_out, fraction, seed):
    links = round(fraction * n_in * n_out)
    assert scale_free(n_in, n_out, links, np.random.default_rng(seed)).nnz == links


def test_partners_are_preferred_in_proportion_to_their_links():
    # three inputs with 3, 2 and 1 links before the last output arrives
    counts, side, brings = np.zeros(3), [0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 3, 2, 1, 1]
    for u in np.random.default_rng(0).random(3000):
        counts[attach(kernel, side, brings, [0.0] * 6 + [u])[-1][0]] += 1
    assert chisquare(counts, [1500, 1000, 500]).pvalue > 1e-6


@pytest.mark.parametrize(("n_in", "n_out", "links"), [(3000, 3000, 30_000), (1500, 6000, 30_000)])
def test_both_sides_follow_a_power_law_with_the_exponent_three(n_in, n_out, links):
    # maximum likelihood of the tail from the mean degree on, for whole numbers [Clauset2009]
    wiring = scale_free(n_in, n_out, links, np.random.default_rng(0))
    for degrees in (wiring.degrees_in(), wiring.degrees_out()):
        lowest = round(degrees.mean())
        tail = degrees[degrees >= lowest]
        gamma = 1 + len(tail) / np.log(tail / (lowest - 0.5)).sum()
        assert 2.6 < gamma < 3.4
        assert degrees.max() > 10 * degrees.mean()


def test_order_of_arrival_does_not_depend_on_the_number_of_a_neuron():
    degrees = np.zeros(20)
    for seed in range(400):
        degrees += scale_free(20, 30, 60, np.random.default_rng(seed)).degrees_in()
    # single degrees vary about as much as their mean of 3; 400 of them leave 0.15
    np.testing.assert_allclose(degrees / 400, 3, atol=0.9)


def test_dense_layers():
    assert scale_free(30, 20, 600, np.random.default_rng(0)) == SparseStructure.complete((30, 20))
    wiring = generate("scale-free", 100, 100, 0.5, rng=0)
    assert wiring.nnz == 5000
    assert wiring.degrees_in().std() > 2 * generate("erdos-renyi", 100, 100, 0.5, rng=0).degrees_in().std()
