"""The figures of the Dendritic Network Model: four wirings, and a row for each control."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.experiments.reproduction.figures.dendritic_network import controls, four_wirings
from sparse_mlp.measures import p_value
from sparse_mlp.plotting import save
from sparse_mlp.topology import generate


@pytest.mark.slow
def test_figure_of_the_paper(tmp_path):
    display = four_wirings(0, repeats=2)
    random, standard, degrees, synapses = display.wirings
    assert [len(panel.disk.links) for panel in display.wirings] == [1921 + 3842] * 4
    assert standard.disk.mean_span < 30 < 80 < random.disk.mean_span, "dendrites are local, random links are not"
    assert len(np.unique(standard.first.degrees_out())) == 2, "fixed degrees differ by one at most"
    middle = degrees.first.degrees_out()
    assert middle[88:108].mean() > 3 * middle[:20].mean()
    assert _near(synapses.first) > 0.6 > 0.4 > _near(standard.first), "synapses gather on the dendrite in the middle"
    for panel in (standard, degrees, synapses):
        assert p_value(np.bincount(panel.disk.links.ravel()), repeats=20, rng=0) <= 0.1, "no power law"
    assert save(display.plot(), tmp_path / "dendritic.png", dpi=100).stat().st_size < 400_000
    again = four_wirings(0, repeats=2)
    np.testing.assert_array_equal(again.wirings[3].disk.angle, synapses.disk.angle)
    np.testing.assert_array_equal(
        again.wirings[3].measures["structural-consistency"].values, synapses.measures["structural-consistency"].values
    )


def _near(structure):
    """Return the share of links whose input lies within a twelfth of the ring of the place opposite the output."""
    n_in, n_out = structure.shape
    apart = np.abs(structure.rows() - structure.indices * (n_in / n_out))
    return np.mean(np.minimum(apart, n_in - apart) <= n_in / 12)


def test_there_is_a_row_for_each_control_that_changes_it_alone():
    rng, found = np.random.default_rng(0), controls(0, n_in=20, n_out=30, density=0.2).rows
    names = ["fixed", "uniform", "gaussian", "spatial-gaussian", "spatial-inverse-gaussian"]
    rows = [
        ("number of dendrites", "dendrites", [1, 2, 3, 5, 9], {}),
        ("degree distribution", "degree_distribution", names, {}),
        ("receptive field width", "field_width", [0.0, 0.4, 0.6, 0.8, 1.0], {}),
        ("dendritic distribution", "dendritic_distribution", names, {}),
        ("synaptic distribution", "synaptic_distribution", names, {}),
        ("receptive field width distribution", "width_distribution", names, {"field_width": 0.5}),
    ]
    for (title, control, values, others), (name, row) in zip(rows, found.items(), strict=True):
        assert name.startswith(f"Effect of the {title} on the network topology")
        wanted = [generate("dendritic", 20, 30, 0.2, rng=rng, **others, **{control: value}) for value in values]
        assert list(row.values()) == wanted and list(row) == [f"{v:g}" if control[-4:] != "tion" else v for v in values]
        assert {structure.nnz for structure in wanted} == {120}
    first = found["Effect of the number of dendrites on the network topology"]
    np.testing.assert_array_equal([np.mean([_runs(first[n], j) for j in range(30)]) for n in "12"], [1, 2])


def _runs(structure, output):
    """Count the blocks of consecutive inputs of an output around the ring."""
    column = structure.to_scipy().toarray()[:, output]
    return np.sum(column & ~np.roll(column, 1))
