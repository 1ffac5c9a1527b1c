"""Power law of degrees: samples of a known exponent, the published search step by step, the bootstrap."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import zeta

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.measures import PowerLaw, p_value, power_law
from sparse_mlp.measures.power_law import _fit, _resample

GRID = [round(1.01 + 0.01 * step, 2) for step in range(900)]


def step_by_step(x):
    """The published search: for each xmin the whole grid, then both distributions at each whole number."""
    fits = []
    for xmin in sorted(set(x))[:-1]:
        tail = [k for k in x if k >= xmin]
        logs = sum(np.log(tail))
        gamma = max(GRID, key=lambda g: -g * logs - len(tail) * np.log(zeta(g, xmin)))
        fitted = seen = gap = 0.0
        for k in range(xmin, max(x) + 1):
            fitted += k**-gamma / zeta(gamma, xmin)
            seen += tail.count(k) / len(tail)
            gap = max(gap, abs(fitted - seen))
        fits.append((gap, xmin, gamma))
    return fits


@pytest.mark.parametrize("exponent", [1.8, 2.5, 3.2])
def test_known_exponent(exponent):
    law = power_law(np.random.default_rng(0).zipf(exponent, 20_000).clip(max=10**7))
    assert law.gamma == pytest.approx(exponent, abs=0.06) and law.distance < 0.02


def test_a_body_before_the_tail_is_left_out():
    rng = np.random.default_rng(1)
    tail = _resample(np.array([1000]), PowerLaw(2.5, 8, 0.0), rng)
    assert tail.min() >= 8
    wide = np.full(8000, 60)
    tail = _resample(wide, PowerLaw(2.5, 8, 0.0), rng)
    law = power_law(np.concatenate([tail, rng.integers(1, 8, 8000)]))
    assert 7 <= law.xmin <= 10 and law.gamma == pytest.approx(2.5, abs=0.1)


def test_likelihood_and_correction_by_hand():
    degrees = np.array([1, 1, 1, 2, 0])
    best = minimize_scalar(lambda g: g * np.log(2) + 4 * np.log(zeta(g)), bounds=(1.01, 10), method="bounded").x
    law = power_law(degrees)
    uncorrected = round(best, 2)
    assert law.xmin == 1 and law.gamma == pytest.approx((uncorrected * 3 + 1) / 4, rel=1e-12)
    assert law.distance == pytest.approx(abs(1 / zeta(uncorrected) - 3 / 4), rel=1e-9)  # at degree 1
    many = power_law(np.repeat(degrees, 25))
    assert many.gamma == uncorrected
    few = np.repeat([1, 2], [74, 25])
    assert power_law(few).gamma == pytest.approx((_fit(few).gamma * 98 + 1) / 99, rel=1e-12)


def test_the_fit_ends_at_ten():
    law = power_law(np.random.default_rng(0).binomial(200, 0.1, 490))  # as of a random wiring
    assert law.gamma == GRID[-1] == 10.0 and law.xmin > 20


def test_the_karate_club():
    # igraph 1.0, which corrects for few nodes too but has no grid, finds 2.1263 from degree 2 on.
    law = power_law(np.repeat([1, 2, 3, 4, 5, 6, 9, 10, 12, 16, 17], [1, 11, 6, 6, 3, 2, 1, 1, 1, 1, 1]))
    assert law.xmin == 2 and law.gamma == pytest.approx(2.1263, abs=0.005)


@given(st.lists(st.integers(0, 30), min_size=2, max_size=30))
def test_equals_the_search_step_by_step(degrees):
    linked = [k for k in degrees if k > 0]
    assume(len(set(linked)) > 1)
    fits = step_by_step(linked)
    law, (gap, _, _) = _fit(np.array(linked)), min(fits)
    assert law.distance == pytest.approx(gap, abs=1e-10)
    chosen = next(fit for fit in fits if fit[1] == law.xmin)
    assert chosen[0] == pytest.approx(gap, abs=1e-10)  # the same but for ties
    assert chosen[2] == pytest.approx(law.gamma, abs=0.0101)


def test_a_law_is_told_from_what_is_none():
    rng = np.random.default_rng(2)
    assert p_value(rng.zipf(2.5, 400).clip(max=1000), repeats=60, rng=0) > 0.1
    assert p_value(np.concatenate([np.full(300, 5), np.full(300, 6)]), repeats=60, rng=0) < 0.1


def test_samples_follow_the_law_and_the_body():
    law, degrees = PowerLaw(2.0, 3, 0.0), np.repeat([1, 2, 3, 9], [4000, 2000, 3000, 1000])
    drawn = _resample(degrees, law, np.random.default_rng(0))
    assert len(drawn) == 10_000 and 90 < drawn.max() <= 180
    assert np.mean(drawn < 3) == pytest.approx(0.6, abs=0.02)
    assert np.mean(drawn == 1) == pytest.approx(0.4, abs=0.02)
    assert np.mean(drawn == 3) == pytest.approx(0.4 * 3**-2 / zeta(2, 3), abs=0.02)
    assert np.mean(drawn >= 10) == pytest.approx(0.4 * zeta(2, 10) / zeta(2, 3), abs=0.02)


def test_as_far_counts_as_far(monkeypatch):
    degrees = np.array([1, 1, 1, 2, 3])
    module = importlib.import_module("sparse_mlp.measures.power_law")
    monkeypatch.setattr(module, "_distance", lambda drawn: _fit(degrees).distance)
    assert p_value(degrees, repeats=5, rng=0) == 1.0


def test_same_value_for_a_seed():
    degrees = np.random.default_rng(3).zipf(2.2, 100).clip(max=200)
    assert p_value(degrees, repeats=10, rng=5) == p_value(degrees, repeats=10, rng=5)


@pytest.mark.parametrize("degrees", [[3, 3, 3], [0, 4], [], [1.5, 2.0], [[1, 2]]])
def test_errors(degrees):
    with pytest.raises(InvalidInputError, match=r"expected (at least two|whole numbers)"):
        power_law(np.array(degrees, int if not degrees else None))
