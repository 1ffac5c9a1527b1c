"""What link-bearing layers answer: by hand, and motifs compared with the same layer over single links."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.layers import Linked, MotifLinear, SparseLinear
from sparse_mlp.link_prediction import score_matrix
from sparse_mlp.structure import SparseStructure

WIRING = SparseStructure.from_coo([0, 1, 1], [1, 0, 2], (2, 3))


def make(kind, weights="normal"):
    common = {"rng": 0, "dtype": np.float64, "name": "one"}
    if kind == "single":
        return SparseLinear(WIRING, weights, **common)
    return MotifLinear(WIRING, weights, motif_size=2, mode=kind, **common)


KINDS = pytest.mark.parametrize("kind", ["single", "shared", "block"])


@KINDS
def test_answers_have_the_form_of_the_links(kind):
    layer: Linked = make(kind)
    structure, unit_link = layer.units()
    assert (structure, unit_link.tolist(), layer.growable()) == (WIRING, [0, 1, 2], None)
    assert layer.weights_to_judge().shape == (3,)
    new = layer.draw("swi", WIRING, 5, np.random.default_rng(0))
    assert new.shape == (5, *layer.weight.shape[1:]) and new.dtype == layer.weight.dtype
    assert layer.shape == (2 * layer.link_size, 3 * layer.link_size)
    assert layer.ends == (("neuron", "neuron") if kind == "single" else ("group", "group")) and layer.taps == 1
    np.testing.assert_allclose(layer.input_strength(), np.abs(layer.expanded().weights.toarray()).sum(axis=1))
    layer.check_scores("ch3-l3p")
    layer.check_scores("path-count", "layer")
    with pytest.raises(InvalidInputError, match="no kernels"):
        layer.check_scores("ch3-l3n", "kernel")
    assert layer.note == ("" if kind == "single" else "links join motifs of 2 neurons, each stands for 4 single ones")


def test_a_block_is_judged_by_its_norm_and_a_block_of_one_by_its_weight():
    assert make("single", [1, -2, 3]).weights_to_judge().tolist() == [1, -2, 3]
    assert make("shared", [1, -2, 3]).weights_to_judge().tolist() == [1, -2, 3]
    blocks = [[[3, 0], [0, 4]], [[1, 1], [-1, 1]], [[0, 0], [-5, 0]]]
    assert make("block", blocks).weights_to_judge().tolist() == [5, 2, 5]
    one = MotifLinear(WIRING, [[[1]], [[-2]], [[3]]], motif_size=1, mode="block", dtype=np.float64)
    assert one.weights_to_judge().tolist() == [1, -2, 3]


@KINDS
def test_gradient_magnitudes_are_those_of_the_complete_layer(kind):
    rng = np.random.default_rng(1)
    layer = make(kind)
    x, dy = rng.normal(size=(5, layer.shape[0])), rng.normal(size=(5, layer.shape[1]))
    layer.recorded = np.ascontiguousarray(x.T), np.ascontiguousarray(dy.T)
    complete = SparseStructure.complete(WIRING.shape)
    layer.rewire(complete, np.full(6, -1), np.zeros((6, *layer.weight.shape[1:])))
    gradient = layer.backward(dy, layer.forward(x)[1])[1]["weight"]
    expected = np.abs(gradient) if gradient.ndim == 1 else np.linalg.norm(gradient, axis=(1, 2))
    actual = [layer.gradient_magnitudes(first, first + 1) for first in range(2)]
    np.testing.assert_allclose(np.concatenate(actual), expected.reshape(2, 3), rtol=1e-12)
    np.testing.assert_allclose(layer.gradient_magnitudes(0, 2), expected.reshape(2, 3), rtol=1e-12)


def test_signals_by_hand():
    """Inputs 1, 2 | 3, 4 and deltas 1, 10 | 100, 1000 | 0, 1: summed over motifs where links share a weight."""
    x, dy = np.array([[1.0], [2], [3], [4]]), np.array([[1.0], [10], [100], [1000], [0], [1]])
    for kind, inputs, deltas in [
        ("shared", [3, 7], [11, 1100, 1]), ("block", [1, 2, 3, 4], [1, 10, 100, 1000, 0, 1])
    ]:  # fmt: skip
        layer = make(kind)
        layer.recorded = x, dy
        assert [signal.ravel().tolist() for signal in layer.signals()] == [inputs, deltas]


@KINDS
def test_signals_that_were_not_recorded(kind):
    layer = make(kind)
    for ask in (layer.signals, lambda: layer.gradient_magnitudes(0, 1)):
        with pytest.raises(InvalidInputError, match="no signals of layer 'one'"):
            ask()


@KINDS
def test_predictions_are_of_the_wiring_that_is_handed_in(kind):
    layer = make(kind)
    other = SparseStructure.from_coo([0, 0, 1], [0, 1, 0], (2, 3))
    scores = layer.link_scores("ra-l3", other)
    np.testing.assert_array_equal(scores, score_matrix(other, "ra-l3"))
    rows, cols = layer.top_links(other, "ra-l3", 1, rng=np.random.default_rng(0))
    assert (rows.tolist(), cols.tolist()) == ([1], [1]) and scores[1, 1] == scores.max() > 0
    rows, cols = layer.sample_links(other, "ra-l3", 3, rng=np.random.default_rng(0))
    assert sorted(zip(rows.tolist(), cols.tolist(), strict=True)) == [(0, 2), (1, 1), (1, 2)]
