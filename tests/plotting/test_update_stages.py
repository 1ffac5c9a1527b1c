"""The three stages of a topology update."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import LayerUpdate, TopologyUpdate
from sparse_mlp.plotting import UpdateStagesDisplay
from sparse_mlp.plotting._layout import column_places
from sparse_mlp.plotting._sample import choose_neurons
from sparse_mlp.plotting._style import NEGATIVE, NEW
from sparse_mlp.plotting.update_stages import MAX_LINES
from sparse_mlp.structure import SparseStructure


def layer_update(name, shape, kept, removed, percolated, grown):
    def keys(pairs):
        return np.sort(np.array([u * shape[1] + v for u, v in pairs], np.int64))

    before = SparseStructure.from_keys(keys(kept + removed + percolated), shape)
    left, connected = np.isin(before.keys(), keys(kept + percolated)), np.isin(before.keys(), keys(kept))
    return LayerUpdate.from_stages(name, before, left, connected, keys(grown))


@pytest.fixture
def hand():
    first = layer_update("s1", (3, 2), kept=[(0, 0), (2, 1)], removed=[(1, 0)], percolated=[], grown=[(1, 1)])
    second = layer_update("s2", (2, 2), kept=[(0, 1)], removed=[(0, 0)], percolated=[(1, 1)], grown=[(0, 0), (1, 0)])
    return TopologyUpdate((first, second), zeta=0.3, seconds=0.0)


def random_update(rng, shapes=((784, 1000), (1000, 1000), (1000, 1000))):
    layers = []
    for i, (n_in, n_out) in enumerate(shapes):
        keys = rng.choice(n_in * n_out, n_in * n_out // 100 + 3000, replace=False)
        pairs = [(int(k) // n_out, int(k) % n_out) for k in keys]
        stages = (pairs[6000:], pairs[3100:6000], pairs[3000:3100], pairs[:3000])
        layers.append(layer_update(f"s{i}", (n_in, n_out), *stages))
    return TopologyUpdate(tuple(layers), zeta=0.3, seconds=0.0)


def test_stages_of_the_hand_case(hand):
    display = UpdateStagesDisplay.from_update(hand)
    assert [layer.name for layer in display.layers] == ["s1", "s2"]
    stages = ("kept", "removed", "percolated", "grown")
    counts = {stage: [len(getattr(layer, stage)[0]) for layer in display.layers] for stage in stages}
    assert counts == {"kept": [2, 1], "removed": [1, 1], "percolated": [0, 1], "grown": [1, 2]}
    assert [list(chosen) for chosen in display.shown] == [[0, 1, 2], [0, 1], [0, 1]]
    assert display.caption() == "all neurons and links shown"


def test_segments_join_the_neurons(hand):
    left, middle, _ = column_places([3, 2, 2])
    (removed, _) = UpdateStagesDisplay.from_update(hand).segments("removed")
    np.testing.assert_allclose(removed, [left[1], middle[0]])


def test_panels_show_removed_percolated_and_new(hand):
    display = UpdateStagesDisplay.from_update(hand).plot()
    titles = [axes.get_title() for axes in display.ax_]
    assert titles == ["(a) 2 links removed", "(b) 1 links percolated", "(c) 3 links grown"]
    drawn = [[c for c in axes.collections if isinstance(c, LineCollection)] for axes in display.ax_]
    # Grey: the percolated link is still there in (a); gone in (b); red dotted, red dotted, green solid on top.
    assert [[len(c.get_segments()) for c in pair] for pair in drawn] == [[4, 2], [3, 1], [3, 3]]
    for pair, color in zip(drawn, (NEGATIVE, NEGATIVE, NEW), strict=True):
        np.testing.assert_allclose(pair[1].get_colors()[0][:3], to_rgb(color))
    assert [pair[1].get_linestyle()[0][1] is not None for pair in drawn] == [True, True, False]


def test_links_between_groups_are_called_so(hand):
    display = UpdateStagesDisplay.from_update(hand, link_size=2).plot()
    assert display.caption() == "all groups of 2 neurons and links shown" == display.figure_.get_supxlabel()
    large = random_update(np.random.default_rng(3), shapes=((100, 100),))
    caption = UpdateStagesDisplay.from_update(large, link_size=4).caption()
    assert "drawn: groups of 4 neurons that share many changed links, 14 of 100" in caption


def test_large_update_shows_a_connected_sample():
    update = random_update(np.random.default_rng(3))
    display = UpdateStagesDisplay.from_update(update)
    assert [len(chosen) for chosen in display.shown] == [14] * 4
    assert "14 of 784, 14 of 1,000" in display.caption()
    for stage in ("kept", "removed", "percolated", "grown"):
        assert len(display.segments(stage)) >= 5, stage
    again = UpdateStagesDisplay.from_update(random_update(np.random.default_rng(3)))
    assert all(np.array_equal(a, b) for a, b in zip(display.shown, again.shown, strict=True))


def test_no_panel_is_a_carpet_of_lines():
    pairs = [(u, v) for u in range(12) for v in range(12)]
    layer = layer_update("s", (12, 12), kept=pairs[100:], removed=pairs[:100], percolated=[], grown=pairs[:100])
    display = UpdateStagesDisplay.from_update(TopologyUpdate((layer,), zeta=0.3, seconds=0.0)).plot()
    assert len(display.segments("removed")) == 100
    assert display.caption() == f"all neurons shown; at most {MAX_LINES} links of a kind"
    drawn = [c for axes in display.ax_ for c in axes.collections if isinstance(c, LineCollection)]
    assert max(len(lines.get_segments()) for lines in drawn) == MAX_LINES


def test_choice_by_hand():
    # Neuron 2 of the input is linked most; its strongest partner is 1, then the input's next best at 1 is 0.
    rows, cols = np.array([2, 2, 0, 1]), np.array([1, 0, 1, 2])
    links = [[((rows, cols), 1.0), ((np.array([2]), np.array([1])), 0.5)]]
    inputs, outputs = choose_neurons([3, 3], links, most=1)
    assert (list(inputs), list(outputs)) == ([2], [1])
    inputs, outputs = choose_neurons([3, 3], links, most=2)
    assert (list(inputs), list(outputs)) == ([0, 2], [0, 1])


def test_layers_must_follow_each_other(hand):
    gap = TopologyUpdate((hand.layers[1], hand.layers[0]), zeta=0.3, seconds=0.0)
    with pytest.raises(InvalidInputError, match="follow"):
        UpdateStagesDisplay.from_update(gap)
    with pytest.raises(InvalidInputError, match="at least one"):
        UpdateStagesDisplay.from_update(TopologyUpdate())


def test_numbers_of_links_may_change_and_a_layer_may_stand_still():
    """Density decays in the first layer, a link comes back where one was removed; the second layer was stopped."""
    first = layer_update("s1", (3, 2), kept=[(0, 0)], removed=[(1, 0), (2, 1), (2, 0)], percolated=[], grown=[(1, 0)])
    still = layer_update("s2", (2, 2), kept=[(0, 1), (1, 0)], removed=[], percolated=[], grown=[])
    display = UpdateStagesDisplay.from_update(TopologyUpdate((first, still), zeta=0.3, seconds=0.0)).plot()
    titles = [axes.get_title() for axes in display.ax_]
    assert titles == ["(a) 3 links removed", "(b) 1 links grown"], "nothing percolated, so there is no panel for it"
    assert [len(display.segments(stage)) for stage in ("kept", "removed", "percolated", "grown")] == [3, 3, 0, 1]
    nothing = UpdateStagesDisplay.from_update(TopologyUpdate((still,), zeta=0.3, seconds=0.0)).plot()
    assert [len(nothing.segments(stage)) for stage in ("kept", "removed", "grown")] == [2, 0, 0]
