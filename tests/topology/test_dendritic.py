"""The dendritic wiring: the worked example, exact counts, blocks inside their fields, rewiring."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import dendritic_controls as module
from sparse_mlp.topology import generate
from sparse_mlp.topology.dendritic import BORDERS, DISTRIBUTIONS, dendritic, lay_dendrites, receptive_fields

SETTINGS = st.fixed_dictionaries(
    {
        "dendrites": st.floats(1, 12),
        "field_width": st.floats(0, 1),
        "degree_distribution": st.sampled_from(DISTRIBUTIONS),
        "dendritic_distribution": st.sampled_from(DISTRIBUTIONS),
        "width_distribution": st.sampled_from(DISTRIBUTIONS),
        "synaptic_distribution": st.sampled_from(DISTRIBUTIONS),
        "border": st.sampled_from(BORDERS),
    },
    optional={
        "rewiring": st.floats(0, 1),
        "degree_std": st.sampled_from([0.0, 1e-300, 0.1, 3.0, 1e9]),
        "dendrite_std": st.sampled_from([0.0, 1e-300, 0.1, 3.0, 1e9]),
        "width_std": st.sampled_from([0.0, 1e-300, 0.1, 3.0, 1e9]),
        "synaptic_std": st.sampled_from([0.0, 1e-300, 0.1, 3.0, 1e9]),
    },
)
LAYERS = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
    lambda shape: st.tuples(st.just(shape[0]), st.just(shape[1]), st.integers(0, shape[0] * shape[1]))
)


def wire(n_in, n_out, links, seed=0, **settings):
    return dendritic(n_in, n_out, links, np.random.default_rng(seed), **settings)


def inputs_of(structure):
    return [np.flatnonzero(column).tolist() for column in structure.to_scipy().toarray().T]


def blocks_of(*blocks):
    return [i for first, last in blocks for i in range(first, last + 1)]


# 12 inputs, 6 outputs of 4 links each in 2 dendrites; output j stands opposite input 2 j.
WORKED = {
    (1.0, "bounded"): [
        blocks_of((0, 3)), blocks_of((0, 1), (4, 5)), blocks_of((0, 1), (6, 7)),
        blocks_of((2, 3), (8, 9)), blocks_of((4, 5), (10, 11)), blocks_of((6, 7), (10, 11)),
    ],
    (1.0, "wrap"): [
        blocks_of((2, 3), (8, 9)), blocks_of((4, 5), (10, 11)), blocks_of((0, 1), (6, 7)),
    ] * 2,
    (0.5, "bounded"): [
        blocks_of(block) for block in [(0, 3), (0, 3), (2, 5), (4, 7), (6, 9), (8, 11)]
    ],
    (0.5, "wrap"): [
        blocks_of((0, 1), (10, 11)), *(blocks_of(block) for block in [(0, 3), (2, 5), (4, 7), (6, 9), (8, 11)])
    ],
    # A field of 4 inputs, C - 2 to C + 1, has no other room for 4 links.
    (0.0, "bounded"): [
        blocks_of(block) for block in [(0, 3), (0, 3), (2, 5), (4, 7), (6, 9), (8, 11)]
    ],
    (0.0, "wrap"): [
        blocks_of((0, 1), (10, 11)), *(blocks_of(block) for block in [(0, 3), (2, 5), (4, 7), (6, 9), (8, 11)])
    ],
}  # fmt: skip


@pytest.mark.parametrize(("alpha", "border"), WORKED)
def test_worked_example(alpha, border):
    structure = wire(12, 6, 24, dendrites=2, field_width=alpha, border=border)
    assert inputs_of(structure) == WORKED[alpha, border]


def test_three_dendrites_of_unequal_links_by_hand():
    # Of 30 inputs, output 1 of 3 stands opposite input 10. Its field is all of them, from 10 - 15 = -5 to 24, cells of
    # 10 with the middles 0, 10, 20; 7 links are blocks of 2 or 3 around them.
    fields = receptive_fields(30, np.array([7, 7, 7]), np.ones(3), "wrap")
    assert [field.tolist() for field in fields] == [[0, 10, 20], [1, 1, 1], [-15, -5, 5], [30, 30, 30]]
    blocks = lay_dendrites(30, np.array([7, 7, 7]), np.array([3, 3, 3]), fields, np.random.default_rng(1))
    assert blocks.outputs.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    middles = [-10, 0, 10, 0, 10, 20, 10, 20, 30]
    expected = {2: -1, 3: -1}  # {C - 1, C} and {C - 1, C, C + 1}
    assert sorted(blocks.sizes[3:6]) == [2, 2, 3]
    assert blocks.starts.tolist() == [m + expected[size] for m, size in zip(middles, blocks.sizes, strict=True)]


def test_a_field_at_a_bounded_border_is_shifted_into_the_layer():
    degrees = np.full(5, 2)
    widths = np.full(5, 0.5)  # 2 + (20 - 2) / 2 = 11 inputs
    starts = {border: receptive_fields(20, degrees, widths, border).starts.tolist() for border in BORDERS}
    assert starts == {"wrap": [-5, -1, 3, 7, 11], "bounded": [0, 0, 3, 7, 9]}


@given(LAYERS, SETTINGS, st.integers(0, 9))
def test_counts_are_exact_whatever_is_asked(layer, settings, seed):
    n_in, n_out, links = layer
    structure = wire(n_in, n_out, links, seed, **settings)
    assert structure.shape == (n_in, n_out) and structure.nnz == links
    assert structure == wire(n_in, n_out, links, seed, **settings)
    if links >= n_out and not settings.get("rewiring"):
        assert structure.degrees_out().min() >= 1


@given(LAYERS, st.floats(1, 12), st.floats(0, 1), st.sampled_from(BORDERS), st.integers(0, 9))
def test_fixed_degrees_are_as_equal_as_can_be_and_in_as_many_runs_as_dendrites(layer, dendrites, alpha, border, seed):
    n_in, n_out, links = layer
    structure = wire(n_in, n_out, links, seed, dendrites=dendrites, field_width=alpha, border=border)
    degrees = structure.degrees_out()
    assert degrees.max() - degrees.min() <= 1
    present = structure.to_scipy().toarray().astype(int)
    before = np.roll(present, 1, axis=0)
    if border == "bounded":
        before[0] = 0
    runs = ((present == 1) & (before == 0)).sum(axis=0)
    assert runs.max() <= min(np.ceil(dendrites), max(1, degrees.max()))


@st.composite
def outputs_with_dendrites(draw):
    n_in, n_out = draw(st.integers(1, 60)), draw(st.integers(1, 8))
    degrees = draw(st.lists(st.integers(0, n_in), min_size=n_out, max_size=n_out))
    counts = [draw(st.integers(min(1, degree), degree)) for degree in degrees]
    widths = draw(st.lists(st.floats(0, 1), min_size=n_out, max_size=n_out))
    return n_in, np.array(degrees), np.array(counts), np.array(widths)


@given(outputs_with_dendrites(), st.sampled_from(BORDERS), st.sampled_from(DISTRIBUTIONS), st.integers(0, 9))
def test_dendrites_lie_side_by_side_in_their_field(outputs, border, distribution, seed):
    n_in, degrees, counts, widths = outputs
    fields = receptive_fields(n_in, degrees, widths, border)
    assert (fields.sizes >= degrees).all() and (fields.sizes <= n_in).all()
    if border == "bounded":
        assert (fields.starts >= 0).all() and (fields.starts + fields.sizes <= n_in).all()
    blocks = lay_dendrites(n_in, degrees, counts, fields, np.random.default_rng(seed), distribution)
    for j in range(len(degrees)):
        mine = blocks.outputs == j
        starts, sizes = blocks.starts[mine], blocks.sizes[mine]
        assert len(sizes) == counts[j] and sizes.sum() == degrees[j] and (sizes >= 1).all()
        ends = starts + sizes
        assert (starts[1:] >= ends[:-1]).all()
        if len(starts):
            assert starts[0] >= fields.starts[j] and ends[-1] <= fields.starts[j] + fields.sizes[j]


def test_a_bounded_layer_gathers_at_its_borders_and_a_wrapped_one_does_not():
    wrap, bounded = (generate("dendritic", 784, 1568, 0.01, rng=0, border=border).degrees_in() for border in BORDERS)
    # The public generator's wirings of this size have these extremes too.
    assert (wrap.min(), wrap.max()) == (12, 19)
    assert (bounded.min(), bounded.max()) == (8, 528) and bounded[0] > 400 and bounded[-1] > 400


def test_narrow_fields_leave_a_band():
    structure = wire(200, 200, 2000, field_width=0.05)
    offset = (structure.rows() - structure.indices + 100) % 200 - 100
    assert np.abs(offset).max() <= 10  # 10 + 0.05 * 190 = 20 inputs around the diagonal


@pytest.mark.parametrize(
    ("control", "names"),
    [
        ("draw_degrees", ("degree_distribution", "degree_std")),
        ("draw_dendrites", ("dendritic_distribution", "dendrite_std")),
        ("draw_widths", ("width_distribution", "width_std")),
        ("draw_shares", ("synaptic_distribution", "synaptic_std")),
    ],
)
def test_each_control_is_asked_with_its_own_distribution_and_spread(control, names, monkeypatch):
    asked = {}
    for other in ("draw_degrees", "draw_dendrites", "draw_widths", "draw_shares"):
        kept = getattr(module, other)
        monkeypatch.setattr(module, other, lambda *a, of=other, kept=kept: (asked.update({of: a[-2:]}), kept(*a))[1])
    wire(30, 30, 90, **dict(zip(names, ("gaussian", 0.75), strict=True)))
    rest = {other: pair for other, pair in asked.items() if other != control}
    assert asked[control] == ("gaussian", 0.75) and len(rest) == 3
    assert set(rest.values()) == {("fixed", None)}


def test_spatial_degrees_make_hubs_in_the_middle():
    hubs = wire(784, 1568, 12_293, degree_distribution="spatial-gaussian", degree_std=0.01).degrees_out()
    assert hubs[783:785].min() > 250 and (hubs[:600] == 1).all() and (hubs == hubs[::-1]).mean() > 0.9


@pytest.mark.parametrize("rewiring", [0.25, 1.0])
def test_rewiring_draws_a_fraction_of_the_links_anew(rewiring):
    before, after = wire(100, 100, 1000, 3), wire(100, 100, 1000, 3, rewiring=rewiring)
    stayed = (before.positions_in(after) >= 0).sum()
    assert after.nnz == 1000
    # All but the fraction stay for sure, and the new links meet one of the absent ones that were there by chance.
    assert 1000 * (1 - rewiring) <= stayed <= 1000 * (1 - rewiring) + 140


def test_links_to_rewire_are_taken_from_everywhere():
    before, after = wire(100, 100, 2000, 3), wire(100, 100, 2000, 3, rewiring=0.5)
    stays = np.isin(before.keys(), after.keys()).reshape(4, 500).sum(axis=1)
    # 250 of each quarter and, of its 250 others, those that were drawn again: up to 1000 of 9000 absent places
    assert (np.abs(stays - 250 - 28) < 60).all()


def test_rewired_links_are_anywhere():
    counts = wire(40, 40, 400, 0, field_width=0.0, rewiring=1.0).degrees_in()
    far = wire(40, 40, 400, 0, field_width=0.0, rewiring=1.0)
    assert ((far.rows() - far.indices) % 40 > 10).sum() > 200 and counts.min() < 10 < counts.max()


@pytest.mark.parametrize("settings", [{}, {"rewiring": 0.5}, {"border": "bounded", "dendrites": 1000}])
@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (3, 70), (70, 3)])
def test_complete_and_empty_layers(shape, settings):
    assert wire(*shape, shape[0] * shape[1], **settings) == SparseStructure.complete(shape)
    assert wire(*shape, 0, **settings).nnz == 0


def test_draws_and_memory_grow_with_links_and_outputs_alone():
    tracemalloc.start()
    try:
        structure = wire(100_000, 2000, 20_000, border="bounded")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert structure.nnz == 20_000 and peak < 5e6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dendrites": 0.5}, "dendrites=0.5; expected a finite number of at least 1"),
        ({"field_width": 1.5}, r"field_width=1.5; expected a number in \[0, 1\]"),
        ({"rewiring": -0.1}, "rewiring=-0.1"),
        ({"border": "wrapped"}, "border='wrapped'; .*did you mean 'wrap'"),
        ({"degree_distribution": "gausian"}, "degree_distribution='gausian'; .*did you mean 'gaussian'"),
        ({"dendritic_distribution": "normal"}, "dendritic_distribution='normal'"),
        ({"width_distribution": "normal"}, "width_distribution='normal'"),
        ({"synaptic_distribution": "normal"}, "synaptic_distribution='normal'"),
        ({"degree_std": -1}, "degree_std=-1"),
        ({"dendrite_std": 1e10}, r"dendrite_std=10000000000.0; expected at most 1e\+09"),
        ({"width_std": float("nan")}, "width_std=nan"),
        ({"synaptic_std": "wide"}, "synaptic_std='wide'"),
    ],
)
def test_values_out_of_range(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        generate("dendritic", 10, 10, 0.3, rng=0, **settings)
