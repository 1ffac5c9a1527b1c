"""Networks whose links join motifs: built, padded, compared with single links, summed up, rewired."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import LayerUpdate, TopologyUpdate
from sparse_mlp.evolution.percolation import percolate
from sparse_mlp.layers import MOTIF_MODES, Dense, MotifLinear, Pad, ReLU, Sequential, SoftmaxCrossEntropy, SparseLinear
from sparse_mlp.models import Samples, SparseMLP, summarize, summary_table
from sparse_mlp.models.store import ParameterStore
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import TOPOLOGIES
from sparse_mlp.training import gradient_check

MODES = pytest.mark.parametrize("mode", MOTIF_MODES)
SIZES = [24, 48, 24, 5]


def make_model(m: int, mode: str, sizes: list[int] = SIZES, **options: Any) -> SparseMLP:
    settings = {"density": 0.3, "rng": 0, "dtype": "float64", **options}
    model = SparseMLP(sizes, motif_size=m, motif_mode=mode, **settings)
    biases = model.store.values[model.store.n_decayed :]
    biases[:] = np.random.default_rng(1).normal(0, 0.3, len(biases))
    return model


def make_batch(n: int = 150, features: int = 24) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    return rng.normal(size=(n, features)), rng.integers(0, 5, n), rng.permutation(n)[: n - 7]


def gradient(model: SparseMLP, x: np.ndarray, labels: np.ndarray, samples: np.ndarray) -> tuple[float, np.ndarray]:
    loss = SoftmaxCrossEntropy(backend=model.backend)
    return model.gradient(Samples(x, samples, labels), loss), model.store.gradient.copy()


@MODES
@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "identity"])
@pytest.mark.parametrize("m", [2, 3, 8])
def test_backends_agree(m: int, activation: str, mode: str) -> None:
    models = [make_model(m, mode, activation=activation, backend=backend) for backend in ("numba", "scipy")]
    x, labels, samples = make_batch()
    (loss, values), (wanted_loss, wanted) = (gradient(model, x, labels, samples) for model in models)
    assert loss == pytest.approx(wanted_loss, rel=1e-12)
    np.testing.assert_allclose(values, wanted, 0, 1e-12)
    np.testing.assert_allclose(models[0].predict_scores(x), models[1].predict_scores(x), 0, 1e-12)


@MODES
def test_gradients_are_central_differences(mode: str) -> None:
    model = make_model(2, mode, activation="sigmoid")
    x, labels, _ = make_batch(12)
    found = gradient_check(model, x, labels, SoftmaxCrossEntropy(), step=3e-5, entries=60)
    scale = max(abs(found.analytic), 1e-3)
    assert abs(found.analytic - found.numeric) < 1e-6 * scale


@MODES
def test_the_network_is_its_expanded_network(mode: str) -> None:
    model = make_model(2, mode)
    copied = pickle.loads(pickle.dumps(model)).layers
    single = SparseMLP.from_layers([layer.expanded() if isinstance(layer, MotifLinear) else layer for layer in copied])
    x, labels, samples = make_batch()
    assert gradient(model, x, labels, samples)[0] == pytest.approx(gradient(single, x, labels, samples)[0], rel=1e-12)
    np.testing.assert_allclose(model.predict_scores(x), single.predict_scores(x), 0, 1e-12)


@MODES
def test_motifs_of_one_neuron_make_the_same_network(mode: str) -> None:
    plain, one = make_model(1, "shared"), make_model(1, mode)
    layers: list[Any] = []
    for layer in plain.layers:
        if type(layer) is SparseLinear:
            weight = layer.weight if mode == "shared" else layer.weight[:, None, None]
            options: dict[str, Any] = {"motif_size": 1, "mode": mode, "dtype": "float64", "name": layer.name}
            layers.append(MotifLinear(layer.structure, weight, **options))
            layers[-1].bias[:] = layer.bias
        else:
            layers.append(layer)
    x, labels, samples = make_batch()
    wanted = gradient(plain, x, labels, samples)[1].tobytes()
    assert gradient(one, x, labels, samples)[1].tobytes() == wanted
    motifs = SparseMLP.from_layers([*layers[:-1], pickle.loads(pickle.dumps(layers[-1]))])
    assert gradient(motifs, x, labels, samples)[1].tobytes() == wanted


@MODES
def test_density_is_that_of_single_links(mode: str) -> None:
    model = make_model(4, mode, density=0.25)
    assert [layer.shape for layer in model.sparse_layers] == [(24, 48), (48, 24)]
    assert [layer.structure.shape for layer in model.sparse_layers] == [(6, 12), (12, 6)]
    assert [layer.structure.nnz for layer in model.sparse_layers] == [18, 18]
    assert [layer.expanded().structure.density for layer in model.sparse_layers] == [0.25, 0.25]  # type: ignore[attr-defined]
    assert model.sizes == SIZES
    assert make_model(2, mode, density=None, epsilon=2).sparse_layers[0].structure.nnz == 2 * (12 + 24)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([13, 12, 5], r"input of 13 features for motif_size=4; .* 12 or 16; pad=True"),
        ([3, 12, 5], "the nearest are 4;"),
        ([12, 12, 18, 5], r"hidden layer 2 of 18 neurons for motif_size=4; .* the nearest are 16 or 20"),
    ],
)
def test_motifs_that_do_not_divide_are_refused(sizes: list[int], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        SparseMLP(sizes, motif_size=4, density=0.5)


@pytest.mark.parametrize("pad", [False, True])
def test_a_network_of_a_read_out_alone_has_no_motifs_to_divide_it(pad: bool) -> None:
    model, plain = SparseMLP([13, 5], motif_size=4, pad=pad, rng=0), SparseMLP([13, 5], rng=0)
    assert model.sizes == [13, 5] and not model.sparse_layers and not isinstance(model.layers[0], Pad)
    x = np.ones((2, 13), np.float32)
    assert model.predict_scores(x).tobytes() == plain.predict_scores(x).tobytes()


def test_other_settings_that_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="hidden layer 1"):
        SparseMLP([13, 11, 5], motif_size=2, pad=True, density=0.5)
    with pytest.raises(InvalidInputError, match="sparse read-out"):
        SparseMLP([12, 12, 4], motif_size=2, dense_readout=False, density=0.5)
    with pytest.raises(InvalidInputError, match="motif_mode='free'"):
        SparseMLP([12, 12, 4], motif_size=2, motif_mode="free")


@MODES
@pytest.mark.parametrize("backend", ["numba", "scipy"])
def test_padding(mode: str, backend: str) -> None:
    model = make_model(4, mode, [22, 48, 24, 5], pad=True, backend=backend)
    assert isinstance(model.layers[0], Pad) and model.sizes == [22, 48, 24, 5]
    whole = SparseMLP.from_layers(pickle.loads(pickle.dumps(model)).layers[1:])
    x, labels, samples = make_batch(features=22)
    filled = np.hstack((x, np.zeros((len(x), 2))))
    loss, values = gradient(model, x, labels, samples)
    wanted_loss, wanted = gradient(whole, filled, labels, samples)
    assert loss == wanted_loss and np.array_equal(values, wanted)
    assert np.array_equal(model.predict_scores(x), whole.predict_scores(filled))
    with pytest.raises(InvalidInputError, match=r"\(n_samples, 22\)"):
        model.predict_scores(filled)
    assert not isinstance(make_model(4, mode, pad=True).layers[0], Pad)


def test_padding_that_is_not_in_front_ends_a_chain() -> None:
    wiring = SparseStructure.complete((25, 3))
    first, last = make_model(2, "shared").layers[0], MotifLinear(wiring, motif_size=2, dtype="float64", name="last")
    model = SparseMLP.from_layers([first, ReLU(), Pad(2), last, Dense(6, 5, dtype="float64")])
    assert model.predict_scores(np.ones((2, 24))).shape == (2, 5)
    assert [(unit.name, unit.sources, unit.ends) for unit in model.units] == [("sparse1", (), True), ("last", (), True)]
    assert all(mask.all() for mask in percolate(model.units, [np.ones(n.structure.nnz, bool) for n in (first, last)]))


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_every_topology_wires_motifs(topology: str) -> None:
    x, labels, _ = make_batch(features=22)
    model = make_model(2, "block", [22, 24, 24, 5], topology=topology, data=(x, labels), density=0.25, pad=True)
    assert [layer.structure.shape for layer in model.sparse_layers] == [(11, 12), (12, 12)]
    assert sum(layer.structure.nnz for layer in model.sparse_layers) == 33 + 36


def test_signals_of_shared_weights_are_sums_over_motifs() -> None:
    x, labels, _ = make_batch(20)
    for mode in MOTIF_MODES:
        model = make_model(2, mode)
        batch = Samples(x, np.arange(20), labels)
        model.record_signals(batch, SoftmaxCrossEntropy())
        model.gradient(batch, SoftmaxCrossEntropy())
        for layer, entry in zip(model.sparse_layers, model.store.entries, strict=False):
            inputs, deltas = layer.signals()
            dense, (n, m) = inputs @ deltas.T, layer.structure.shape
            if mode == "block":
                dense = dense.reshape(n, 2, m, 2).transpose(0, 2, 1, 3)
            found = dense[layer.structure.rows(), layer.structure.indices]
            np.testing.assert_allclose(found.ravel(), model.store.gradient[entry.part], 0, 1e-12)


def test_the_summary_counts_pairs_of_motifs() -> None:
    model = make_model(2, "block", density=0.25)
    first, second, readout = summarize(model)
    assert (first.shape, first.links, first.density, first.link_size) == ((24, 48), 72, 0.25, 2)
    wiring = model.sparse_layers[0].structure
    assert first.bytes_stored == 72 * 4 * 8 + 48 * 8 + wiring.indices.nbytes + wiring.indptr.nbytes
    assert (readout.links, readout.link_size) == (120, 1) and second.links == 72
    table = summary_table(model)
    total = (2 * 72 * 4 + 120) / (24 * 48 + 48 * 24 + 24 * 5)
    assert f"{100 * total:.2f} %" in table
    assert "sparse1: links join motifs of 2 neurons, each stands for 4 single ones" in table
    assert "motifs" not in summary_table(make_model(1, "shared"))


@MODES
def test_pictures_show_single_links(mode: str) -> None:
    from sparse_mlp.plotting import NetworkDisplay

    display = NetworkDisplay.from_model(make_model(2, mode))
    assert display.sizes == (24, 48, 24, 5)


def test_the_store_carries_blocks() -> None:
    """Pairs 0 1 | 2 of blocks 2 x 2; the first pair goes, a new one comes behind the second."""
    before = SparseStructure.from_keys([0, 1, 2], (2, 2))
    weight = np.arange(12.0).reshape(3, 2, 2)
    layer = MotifLinear(before, weight, motif_size=2, mode="block", dtype="float64", name="one")
    store = ParameterStore(Sequential([layer]))
    assert store.values[:12].tolist() == list(range(12)) and store.n_decayed == 12
    stays = np.array([False, True, True])
    change = LayerUpdate.from_stages("one", before, stays, stays, [3])
    layer.rewire(change.after, change.carry, np.full((1, 2, 2), 50.0))
    flat = store.rebind(TopologyUpdate((change,)))
    assert flat.tolist() == [4, 5, 6, 7, 8, 9, 10, 11, -1, -1, -1, -1, 12, 13, 14, 15]
    assert store.values.tolist() == [4, 5, 6, 7, 8, 9, 10, 11, 50, 50, 50, 50, 0, 0, 0, 0]
    assert np.shares_memory(layer.weight, store.values)
