"""Training with motifs: every rule, exact counts, states that follow, the same bytes after a resume and at m = 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from training_cases import fingerprint, samples, state, weight_parts

from sparse_mlp.errors import CheckpointError
from sparse_mlp.evolution import RULES, make_rule
from sparse_mlp.layers import MOTIF_MODES, MotifLinear, SparseLinear
from sparse_mlp.models import SparseMLP
from sparse_mlp.optim import OPTIMIZERS, make_optimizer
from sparse_mlp.training import Trainer, load_checkpoint, save_checkpoint, structures_of

MODES = pytest.mark.parametrize("mode", MOTIF_MODES)
SIZES = [12, 16, 20, 4]
OPTIONS: dict[str, dict[str, Any]] = {
    "chtss": {"density": 0.3, "density_start": 0.6},  # its usual end is too sparse for so small a network
    "cht-conv": {"graph": "layer"},
}


def make_trainer(
    mode: str, rule: str = "set", m: int = 2, optimizer: str = "sgd", *, model: SparseMLP | None = None, **options: Any
) -> Trainer:
    made = make_rule(rule, **options)
    density = made.initial_density or 0.3
    net = model or SparseMLP(SIZES, density=density, motif_size=m, motif_mode=mode, rng=1)
    steps = {"update_steps": 7} if rule == "rigl" else {}
    return Trainer(
        net, rule=made, optimizer=make_optimizer(optimizer, learning_rate=0.02), batch_size=8, rng=5, **steps
    )


@MODES
@pytest.mark.parametrize("rule", [name for name in RULES if name not in ("dense", "static")])
def test_every_rule_keeps_exact_counts_of_pairs(rule: str, mode: str) -> None:
    options = OPTIONS.get(rule, {})
    trainer = make_trainer(mode, rule, optimizer="adam", **options)
    layers = trainer.model.evolving_layers
    pairs = [layer.structure.nnz for layer in layers]
    trainer.fit(samples(), epochs=5)
    updates = [record for record in trainer.history if record["kind"] == "update"]
    assert updates and sum(entry["grown"] for record in updates for entry in record["layers"]) > 0
    possible = [6 * 8, 8 * 10]
    wanted = pairs if rule != "chtss" else [round(0.3 * n) for n in possible]
    assert [layer.structure.nnz for layer in layers] == wanted
    assert [layer.structure.shape for layer in layers] == [(6, 8), (8, 10)]
    for layer in layers:
        assert isinstance(layer, MotifLinear)
        assert layer.weight.shape == (layer.structure.nnz, *((2, 2) if mode == "block" else ()))
        assert np.shares_memory(layer.weight, trainer.model.store.values)
    for array in trainer.optimizer.arrays.values():
        assert len(array) == len(trainer.model.store.values)
    last = updates[-1]
    assert all(0 <= entry["itop"] <= 1 and entry["after"] == n for entry, n in zip(last["layers"], wanted, strict=True))
    assert 0 < last["anp_by_links"] <= 1


@MODES
def test_new_pairs_start_with_an_optimizer_at_rest(mode: str) -> None:
    trainer = make_trainer(mode)
    trainer.fit(samples(), epochs=1)
    before = trainer.optimizer.arrays["velocity"].copy()
    parts, layers = weight_parts(trainer.model), trainer.model.evolving_layers
    old = [layer.weight.copy() for layer in layers]
    trainer.update_topology()
    assert trainer.last_update is not None
    after = trainer.optimizer.arrays["velocity"]
    for i, (layer, change) in enumerate(zip(layers, trainer.last_update.layers, strict=True)):
        now = after[weight_parts(trainer.model)[layer.name]].reshape(layer.weight.shape)
        then = before[parts[layer.name]].reshape(old[i].shape)
        kept = change.carry >= 0
        assert (~kept).any() and not now[~kept].any()
        assert np.array_equal(now[kept], then[change.carry[kept]]) and now[kept].any()
        assert np.array_equal(layer.weight[kept], old[i][change.carry[kept]])
        assert np.abs(layer.weight[~kept]).max() <= np.sqrt(6 / layer.shape[0]), "he-uniform, n counted in neurons"


def test_blocks_go_by_their_norm() -> None:
    trainer = make_trainer("block", "rlr", zeta=0.25)
    first = trainer.model.evolving_layers[0]
    norms = np.sqrt((first.weight.astype(np.float64) ** 2).sum(axis=(1, 2)))
    before, gone = first.structure, len(norms) // 4
    trainer.update_topology()
    assert trainer.last_update is not None
    rows, cols = trainer.last_update.layers[0].removed
    at = np.searchsorted(before.keys(), rows.astype(np.int64) * before.n_out + cols)
    assert sorted(at) == sorted(np.argsort(norms)[:gone])


@MODES
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("rule", [name for name in RULES if name != "dense"])
def test_a_resumed_run_gives_the_same_bytes(rule: str, optimizer: str, mode: str, tmp_path: Any) -> None:
    options = OPTIONS.get(rule, {})
    whole = make_trainer(mode, rule, optimizer=optimizer, **options)
    first = whole.model.store.values.copy()
    whole.fit(samples(), epochs=4)
    assert not np.array_equal(whole.model.store.values[: len(first)], first)
    half = make_trainer(mode, rule, optimizer=optimizer, **options)
    half.callbacks.append(_Kill(after=2))
    half.fit(samples(), epochs=4)
    save_checkpoint(tmp_path, half.checkpoint())
    again = make_trainer(mode, rule, optimizer=optimizer, **options)
    again.resume(load_checkpoint(tmp_path))
    assert state(again) == fingerprint(half.checkpoint()) and again.epoch == 2
    again.fit(samples(), epochs=4)
    assert _bytes(again) == _bytes(whole)


@MODES
@pytest.mark.parametrize("sizes", [[11, 16, 4], SIZES])
def test_the_wirings_of_motifs_can_be_read_without_a_network(sizes: list[int], mode: str, tmp_path: Any) -> None:
    """Eleven inputs are six motifs of two: the last one is padded."""
    trainer = make_trainer(mode, model=SparseMLP(sizes, density=0.3, motif_size=2, motif_mode=mode, pad=True, rng=1))
    x, labels = samples()
    trainer.fit((np.ascontiguousarray(x[:, : sizes[0]]), labels), epochs=2)
    save_checkpoint(tmp_path, trainer.checkpoint())
    found = structures_of(load_checkpoint(tmp_path))
    assert found == [layer.structure for layer in trainer.model.sparse_layers]
    assert found[0].shape == (6, 8) and len(found) == len(sizes) - 2


def test_a_checkpoint_of_other_motifs_is_refused() -> None:
    checkpoint = make_trainer("shared").checkpoint()
    for mode, m in (("block", 2), ("shared", 4), ("shared", 1)):
        with pytest.raises(CheckpointError):
            make_trainer(mode, m=m).resume(checkpoint)


@MODES
@pytest.mark.parametrize("rule", ["set", "rigl", "cht", "chts"])
def test_a_run_with_motifs_of_one_neuron_gives_the_bytes_of_single_links(mode: str, rule: str) -> None:
    plain = make_trainer("shared", rule, m=1)
    assert all(type(layer) is SparseLinear for layer in plain.model.sparse_layers)
    layers: list[Any] = []
    for layer in SparseMLP(SIZES, density=0.3, rng=1).layers:
        if isinstance(layer, SparseLinear):
            weight = layer.weight if mode == "shared" else layer.weight[:, None, None]
            layer = MotifLinear(layer.structure, weight, motif_size=1, mode=mode, name=layer.name)
        layers.append(layer)
    motifs = make_trainer(mode, rule, model=SparseMLP.from_layers(layers))
    for trainer in (plain, motifs):
        trainer.fit(samples(), epochs=4)
    assert motifs.model.store.values.tobytes() == plain.model.store.values.tobytes()
    for a, b in zip(motifs.model.sparse_layers, plain.model.sparse_layers, strict=True):
        assert a.structure == b.structure
    assert [r["loss"] for r in motifs.history if "loss" in r] == [r["loss"] for r in plain.history if "loss" in r]


class _Kill:
    """Stop the run after an epoch's topology update, as an interrupt would."""

    def __init__(self, after: int) -> None:
        self.after = after

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None

    def on_state(self, trainer: Trainer) -> None:
        if trainer.epoch == self.after:
            trainer.state.epochs = trainer.epoch


def _bytes(trainer: Trainer) -> dict[str, Any]:
    return state(trainer)
