"""Links, dendrites, fields and shares: what each distribution gives each output."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.topology.dendritic_controls import (
    DISTRIBUTIONS,
    draw_degrees,
    draw_dendrites,
    draw_shares,
    draw_widths,
)

SPATIAL = DISTRIBUTIONS[3:]
INVERSE = "spatial-inverse-gaussian"


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_degrees_add_up_and_stay_within_the_layer(distribution):
    degrees = draw_degrees(300, 1000, 20_300, rng(), distribution)
    assert degrees.sum() == 20_300 and degrees.min() >= 1 and degrees.max() <= 300


def test_degrees_of_each_distribution():
    fixed, uniform, gaussian, middle, outside = (draw_degrees(900, 1001, 20_020, rng(), name) for name in DISTRIBUTIONS)
    assert (fixed == 20).all()
    assert uniform.min() == 1 and 37 <= uniform.max() <= 40 and abs(uniform.std() - 38 / np.sqrt(12)) < 0.5
    assert abs(gaussian.std() - 2) < 0.2
    # a bell with a standard deviation of 0.1 layers: 1 / (0.1 sqrt(2 pi)) = 3.99 means above the one link in the middle
    assert abs(middle[500] - (1 + 19 * 3.99)) < 1.5
    assert abs(middle[400] - (1 + 19 * 3.99 * np.exp(-0.5))) < 1.5 and middle[0] == 1
    assert np.abs(middle - middle[::-1]).max() <= 1
    assert outside[500] == 1 and abs(outside[0] - (1 + 19 / (1 - 1 / 3.99))) < 1.5


def test_spreads_of_degrees():
    assert abs(draw_degrees(900, 1000, 50_000, rng(), "gaussian", 7.0).std() - 7) < 0.5
    uniform = draw_degrees(900, 1000, 50_000, rng(), "uniform", 7.0)
    assert uniform.min() >= 42 and uniform.max() <= 58 and uniform.std() > 3.5
    narrow = draw_degrees(900, 1001, 2001, rng(), "spatial-gaussian", 0.0)
    assert narrow[500] == 900 and np.delete(narrow, 500).max() <= 3
    assert draw_degrees(900, 4, 24, rng(), "spatial-gaussian", 0.0).tolist() == [1, 11, 11, 1]
    # by default the uniform ones reach from 1 to 2 * 2 - 1
    assert (draw_degrees(900, 10_000, 20_000, rng(), "uniform") > 3).mean() < 0.01
    assert (draw_degrees(900, 1000, 50_000, rng(), "gaussian", 0.0) == 50).all()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_fewer_links_than_outputs(distribution):
    degrees = draw_degrees(50, 100, 30, rng(), distribution)
    assert degrees.sum() == 30 and degrees.min() == 0


@pytest.mark.parametrize("distribution", SPATIAL)
def test_one_and_two_outputs_are_equally_near_to_the_middle(distribution):
    assert draw_degrees(50, 1, 30, rng(), distribution).tolist() == [30]
    assert draw_degrees(50, 2, 30, rng(), distribution).tolist() == [15, 15]


@pytest.mark.parametrize("distribution", SPATIAL)
def test_wide_bells(distribution):
    flat = draw_degrees(900, 1000, 50_000, rng(), "spatial-gaussian", 1e9)
    assert (flat == 50).all()
    # one minus a wide bell is a parabola, from 1 to three times the mean
    parabola = draw_degrees(900, 1001, 50_050, rng(), INVERSE, 1e9)
    assert parabola[500] == 1 and abs(parabola[0] - (1 + 49 * 3)) < 1.5


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("mean", [1.0, 2.4, 3.0, 15.0])
def test_dendrites_have_the_mean_that_was_asked_for(distribution, mean):
    counts = draw_dendrites(np.full(1000, 300), 400, mean, rng(), distribution)
    assert abs(counts.mean() - mean) <= 5e-4 and counts.min() >= 1


def test_dendrites_of_each_distribution():
    degrees = np.full(1001, 300)
    fixed, uniform, gaussian, middle, outside = (draw_dendrites(degrees, 400, 9, rng(), d) for d in DISTRIBUTIONS)
    assert (fixed == 9).all()
    assert uniform.min() == 1 and uniform.max() == 17
    assert 3.5 < gaussian.std() < 4.6
    assert abs(middle[500] - (1 + 8 / (0.15 * np.sqrt(2 * np.pi)))) < 1.2 and middle[0] == 1
    assert outside[500] == 1 and outside[0] > 12
    assert sorted(set(draw_dendrites(degrees, 400, 2.5, rng()))) == [2, 3]


def test_no_more_dendrites_than_links_or_inputs():
    degrees = np.array([0, 1, 2, 3, 10])
    assert draw_dendrites(degrees, 10, 4, rng()).tolist() == [0, 1, 2, 3, 4]
    assert draw_dendrites(degrees, 10, 1e300, rng()).tolist() == [0, 1, 2, 3, 10]


def test_widths_of_each_distribution():
    fixed, uniform, gaussian, middle, outside = (draw_widths(1001, 0.5, rng(), name) for name in DISTRIBUTIONS)
    assert (fixed == 0.5).all()
    assert 0.25 <= uniform.min() < 0.26 and 0.74 < uniform.max() <= 0.75
    assert abs(gaussian.std() - 0.2) < 0.02 and gaussian.min() >= 0
    assert middle[500] == 0.5 and middle[0] == pytest.approx(0.5 * np.exp(-0.5 * (500 / 200.2) ** 2))
    assert np.allclose(outside, 0.5 - middle)


def test_widths_are_cut_off_at_nothing_and_the_whole():
    widths = draw_widths(1000, 1.0, rng(), "gaussian", 2.0)
    assert widths.min() == 0 and widths.max() == 1


def shares(distribution, distances, pointers, spread=None):
    return draw_shares(np.array(distances, float), np.array(pointers), 100, rng(), distribution, spread)


def test_shares_of_each_distribution():
    distances, pointers = np.tile([30.0, 10.0, 10.0, 30.0], 500), np.arange(0, 2001, 4)
    fixed, uniform, gaussian, near, far = (shares(name, distances, pointers) for name in DISTRIBUTIONS)
    assert (fixed == 1).all()
    assert 0 <= uniform.min() < 0.01 and 1.99 < uniform.max() <= 2
    assert gaussian.min() == 0 and abs(gaussian.std() - 0.5) < 0.03
    # a standard deviation of 10 inputs: exp(-(30^2 - 10^2) / 200) and, from the far end, exp(-20^2 / 200)
    assert near[:4] == pytest.approx([np.exp(-4), 1, 1, np.exp(-4)])
    assert far[:4] == pytest.approx([1, np.exp(-2), np.exp(-2), 1])


@pytest.mark.parametrize("distribution", SPATIAL)
def test_shares_beside_outputs_without_dendrites(distribution):
    found = shares(distribution, [5, 5, 90, 80, 90], [0, 0, 2, 2, 5, 5], 0.0)
    assert found.tolist() == ([1, 1, 0, 1, 0] if distribution == "spatial-gaussian" else [1, 1, 1, 0, 1])
    assert shares(distribution, [], [0, 0, 0]).size == 0
