"""VGG networks: plans, exact links in each kernel, backends and threads that agree, rules that keep the counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from sparse_mlp.errors import CheckpointError, InvalidInputError
from sparse_mlp.evolution import make_rule
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.kernels.pool import most_threads, threads_limited
from sparse_mlp.layers import BatchNorm, Dense, MaxPool2d, SoftmaxCrossEntropy, SparseConv2d
from sparse_mlp.measures import anp_by_paths
from sparse_mlp.models import Network, Samples, summarize, vgg
from sparse_mlp.models.vgg import PLANS, wire_kernels
from sparse_mlp.optim import make_optimizer
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training import Classification, RandomFlip, Trainer, structures_of, taps_of

IMAGE = (1, 8, 8)
PLAN = "4-M-8-M"
RNG = np.random.default_rng(0)
LABELS = np.arange(90) % 4
X = RNG.normal(size=(90, 8, 8))
for image, label in zip(X, LABELS, strict=True):  # the class is the bright quarter
    image[4 * (label // 2) :, 4 * (label % 2) :][:4, :4] += 2
X = X.reshape(90, 64).astype(np.float32)


def small(plan: str | Sequence[int | str] = PLAN, **options: Any) -> Network:
    return vgg(plan, IMAGE, 4, **{"density": 0.3, "rng": 0, **options})


def counts(model: Network) -> list[list[int]]:
    """Links of each kernel of each convolution."""
    return [layer.structure.degrees_out().tolist() for layer in model.sparse_layers]


def kinds(model: Network) -> list[str]:
    return [type(layer).__name__ for layer in model.root.children.values()]


def test_each_kernel_has_as_many_links() -> None:
    """.3 of 36 possible links are 11, 2.75 for each of 4 kernels; .3 of 288 are 86, 10.75 for each of 8."""
    assert counts(small()) == [[3] * 4, [11] * 8]
    assert [sum(links) for links in counts(small(per_kernel=False))] == [11, 86]
    assert counts(small(density=None, epsilon=1.0)) == [[3] * 4, [6] * 8]  # 9 + 4 links, and 36 + 8
    assert counts(small(density=1.0)) == [[9] * 4, [36] * 8]
    dense = sum(counts(small(per_kernel=False, allocation="erk"))[0])
    assert dense > 11, "small layers are denser"


def test_kernels_are_wired_alike_by_chance_and_differently_by_seed() -> None:
    first, same, other = small(), small(), small(rng=1)
    assert [a.structure == b.structure for a, b in zip(first.sparse_layers, same.sparse_layers, strict=True)] == [
        True
    ] * 2
    assert first.sparse_layers[1].structure != other.sparse_layers[1].structure
    geometry = small("64-1", density=1.0).sparse_layers[1].geometry  # type: ignore[attr-defined]
    found = np.concatenate([wire_kernels(geometry, 288, np.random.default_rng(i)).rows() for i in range(20)])
    assert np.bincount(found, minlength=576).min() > 0, "every tap may be drawn"


def test_no_link_sees_nothing() -> None:
    """On images of one row, the taps above and below it see no pixel: six of nine for each channel."""
    layer = vgg("4", (2, 1, 6), 3, density=0.25, rng=0).sparse_layers[0]
    assert layer.structure.degrees_out().tolist() == [4] * 4
    assert set(layer.structure.rows().tolist()) <= {3, 4, 5, 12, 13, 14}
    pooled = vgg("4-M-2", (1, 3, 3), 3, density=0.11, rng=0).sparse_layers[1]  # on single pixels: a pool drops the rest
    assert pooled.structure.rows().tolist() == [4, 4, 13, 13, 22, 22, 31, 31]
    with pytest.raises(InvalidInputError, match=r"9 links for each kernel .* expected 1 to 6"):
        vgg("4", (2, 1, 6), 3, density=0.5, rng=0)
    with pytest.raises(InvalidInputError, match="0 links for each kernel"):
        small(density=0.02)


@pytest.mark.parametrize("plan", [PLAN, [4, "M", 8, "M"], ("4", "M", np.int64(8), "M"), "M-4-8-M", "8"])
def test_plans(plan: Any) -> None:
    model = small(plan)
    listed = plan.split("-") if isinstance(plan, str) else plan
    convs = [layer for layer in model.root.children.values() if isinstance(layer, SparseConv2d)]
    assert [layer.geometry.channels_out for layer in convs] == [int(stage) for stage in listed if stage != "M"]
    assert [layer.name for layer in convs] == [f"conv{i + 1}" for i in range(len(convs))]
    assert kinds(model).count("MaxPool2d") == list(listed).count("M")
    pooled = 8 // 2 ** list(listed).count("M")
    assert model.root.children["readout"].shape[0] == convs[-1].geometry.channels_out * pooled**2  # type: ignore[attr-defined]
    assert kinds(model)[:4] == ["Unflatten", *(["MaxPool2d"] if listed[0] == "M" else []), "SparseConv2d", "BatchNorm",
                                "ReLU"][:4]  # fmt: skip


def test_named_plans() -> None:
    full = vgg("vgg16", density=0.02, rng=0)
    shapes = [row.shape for row in summarize(full)]
    assert len(shapes) == 14 and shapes[0] == (27, 64) and shapes[-1] == (512, 10)
    assert sum(n_in * n_out for n_in, n_out in shapes[:-1]) == 14_710_464
    assert [stage for stage in PLANS["vgg16/4"] if stage != "M"] == [16, 16, 32, 32, *[64] * 3, *[128] * 6]
    assert [row.shape for row in summarize(vgg("vgg8s", rng=0, density=0.3))][-2:] == [(576, 64), (256, 10)]


@pytest.mark.parametrize(
    "plan", ["", "M", "M-M", "4-X", "4-0", "4--8", "vgg", [4, "m"], [], [4, -8], [2.5], [True, "M"]]
)
def test_what_is_no_plan_is_refused(plan: Any) -> None:
    with pytest.raises(InvalidInputError, match="vgg16/4"):
        small(plan)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"plan": "4-M-M-M-M"}, "1 x 1 before pooling 5 of the plan"),
        ({"first": "full"}, "first"), ({"topology": "correlated"}, "erdos-renyi"), ({"topology": "snip"}, "gradient"),
        ({"head": [0]}, "head"), ({"allocation": "even"}, "allocation"), ({"density": 1.5}, "density"),
        ({"topology": "ring"}, "topology"),
    ],
)  # fmt: skip
def test_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        small(**options)


def test_the_dense_twin_has_all_links_and_keeps_them() -> None:
    model = small(dense=True)
    assert counts(model) == [[9] * 4, [36] * 8]
    assert model.evolving_layers == [] and model.units == () and model.fixed_layers == []
    assert model.n_links == 36 + 288 + 32 * 4
    weight = model.sparse_layers[1].weight
    assert np.std(weight) == pytest.approx(np.sqrt(2 / 36), rel=0.15), "as a dense layer begins"


def test_a_dense_first_layer_is_read_as_a_dense_one() -> None:
    model = small(first="dense", density=0.2, weights="zero")
    assert counts(model) == [[9] * 4, [7] * 8]
    assert [np.any(layer.weight) for layer in model.sparse_layers] == [True, False]
    assert [layer.name for layer in model.evolving_layers] == ["conv2"]
    assert model.fixed_layers == [] and model.units[0].alive and model.units[0].ends
    Trainer(model, rule=make_rule("set", percolate=True), rng=0)  # which refuses layers that may be dead


def test_without_batch_norm_and_with_a_head() -> None:
    model = small(batch_norm=False, head=(6, 5))
    assert kinds(model) == [
        "Unflatten", "SparseConv2d", "ReLU", "MaxPool2d", "SparseConv2d", "ReLU", "MaxPool2d", "Flatten",
        "Dense", "ReLU", "Dense", "ReLU", "Dense",
    ]  # fmt: skip
    assert [row.shape for row in summarize(model)][2:] == [(32, 6), (6, 5), (5, 4)]
    assert [len(layer.bias) for layer in model.sparse_layers] == [4, 8]  # type: ignore[attr-defined]
    assert [len(layer.bias) for layer in small().sparse_layers] == [0, 0]  # type: ignore[attr-defined]
    assert model.store.state() == {} and len(small().store.state()) == 4
    normed = [layer for layer in small().root.children.values() if isinstance(layer, BatchNorm)]
    assert [layer.input_shape for layer in normed] == [(4, 8, 8), (8, 4, 4)]


@pytest.mark.parametrize("options", [{}, {"batch_norm": False, "head": (6,), "first": "dense", "plan": "3-5-M"}])
def test_backends_agree(options: dict[str, Any]) -> None:
    found = []
    for backend in BACKENDS:
        model = small(dtype="float64", backend=backend, **options)
        batch = Samples(X.astype(float), np.arange(35), LABELS)
        losses = [model.gradient(batch, SoftmaxCrossEntropy(), np.random.default_rng(0)) for _ in range(2)]
        found.append(
            (losses, model.store.gradient, model.predict_scores(X.astype(float)), *model.store.state().values())
        )
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_allclose(one, two, 1e-10, 1e-12)


def trained(model: Network, rule: Any = "set", epochs: int = 3, flip: bool = True) -> Trainer:
    optimizer = make_optimizer("adam", learning_rate=0.02)
    trainer = Trainer(model, rule=rule, optimizer=optimizer, batch_size=32, rng=0)
    change = RandomFlip(IMAGE) if flip else None
    trainer.fit(Classification(X, LABELS, batch_size=32, loss=trainer.loss, augmentation=change), epochs=epochs)
    return trainer


def test_it_learns() -> None:
    model = trained(small(), "cht-conv", epochs=12, flip=False).model
    assert np.mean(model.predict(X) == LABELS) > 0.9


@pytest.mark.skipif(most_threads() < 2, reason="this process has one thread")
@pytest.mark.parametrize("options", [{}, {"batch_norm": False}])
def test_one_thread_and_two_give_the_same_bytes(options: dict[str, Any]) -> None:
    found = []
    for threads in (1, 2):
        with threads_limited(threads):
            model = trained(small(**options), "cht-conv").model
        found.append([model.store.values.tobytes(), *(array.tobytes() for array in model.store.state().values())])
    assert found[0] == found[1]


RULES: dict[str, dict[str, Any]] = {
    "static": {}, "set": {}, "rlr": {}, "chts": {}, "cht-conv": {}, "rigl": {"update_steps": 2},
    "set kernel": {"budget": "kernel"}, "cht": {"predictor": "ch3-l3n"}, "set percolating": {"percolate": True},
    "cht-conv layer": {"graph": "layer"},
}  # fmt: skip
PER_KERNEL = ("set kernel", "cht-conv", "cht-conv layer", "static")


@pytest.mark.parametrize("rule", RULES)
def test_rules_keep_the_counts(rule: str) -> None:
    model = small()
    before = [layer.structure for layer in model.sparse_layers]
    links = counts(model)
    trained(model, make_rule(rule.split()[0], **RULES[rule]))
    assert [sum(kernel) for kernel in counts(model)] == [12, 88]
    assert rule not in PER_KERNEL or counts(model) == links
    assert (rule == "static") == (before == [layer.structure for layer in model.sparse_layers])


def test_a_density_that_decays() -> None:
    """It begins at .5, 4.5 links for each kernel of 9 taps, rounded to 4: as near as kernels come to it."""
    model = small(density=0.5)
    trained(model, make_rule("chtss", density=0.3, decay_end=0.3))
    assert [sum(kernel) for kernel in counts(model)] == [11, 86]


@pytest.mark.parametrize("rule", ["path-count", "ch3l3", "cht"])
def test_scores_that_convolutions_have_not_are_refused_before_training(rule: str) -> None:
    with pytest.raises(InvalidInputError, match="for a convolution; expected ch2-l3n or ch3-l3n"):
        Trainer(small(), rule=make_rule(rule), rng=0)


@pytest.mark.parametrize("topology", ["dendritic", "receptive-field", "small-world", "scale-free", "ramanujan"])
def test_wirings_of_taps_and_kernels(topology: str) -> None:
    model = small(topology=topology)
    assert [sum(kernel) for kernel in counts(model)] == [11, 86]
    trained(model, epochs=2)
    assert [sum(kernel) for kernel in counts(model)] == [11, 86]


def test_own_topology_sees_taps_and_kernels() -> None:
    def first_taps(n_in: int, n_out: int, links: int, rng: np.random.Generator) -> SparseStructure:
        return SparseStructure.from_keys(np.arange(links), (n_in, n_out))

    model = small(topology=first_taps)
    assert [layer.structure.keys().tolist() for layer in model.sparse_layers] == [list(range(11)), list(range(86))]


def test_channels_that_nobody_reads_percolate() -> None:
    """Channel 2 of the first layer is read by no kernel of the second: what leads there goes, and comes elsewhere."""
    model = small()
    first, second = model.sparse_layers
    rows = second.structure.rows() // 9
    left = second.structure.select(rows != 2)
    second.rewire(left, np.flatnonzero(rows != 2), np.zeros(0, np.float32))
    assert anp_by_paths([layer.units()[0] for layer in model.sparse_layers]) == 12 / 13
    update = make_rule("set", percolate=True, zeta=0.01).update(model.units, 0.0, np.random.default_rng(0))
    assert set(update.layers[0].percolated[1].tolist()) == {2} and len(update.layers[0].percolated[0]) == 3
    assert len(update.layers[1].percolated[0]) == 0
    assert first.structure.nnz == 12 and second.structure.nnz == left.nnz
    assert model.sparse_layers[0].ends == ("tap", "channel") and first.taps == second.taps == 9


def test_a_saved_network_has_its_running_statistics(tmp_path: Any) -> None:
    model, other = trained(small(), "cht-conv").model, small(rng=5)
    other.load(model.save(tmp_path / "net.npz"))
    assert [layer.structure for layer in other.sparse_layers] == [layer.structure for layer in model.sparse_layers]
    assert all(array.any() and not np.all(array == 1) for array in model.store.state().values())
    for one, two in zip(model.store.state().values(), other.store.state().values(), strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(other.predict_scores(X), model.predict_scores(X))
    for network in (small("4-M-8"), small(batch_norm=False)):
        with pytest.raises(InvalidInputError, match="another network"):
            network.load(tmp_path / "net.npz")


def test_checkpoints_say_what_rows_are() -> None:
    trainer = trained(small(), epochs=1)
    checkpoint = trainer.checkpoint()
    assert taps_of(checkpoint) == [9, 9]
    assert [structure.shape for structure in structures_of(checkpoint)] == [(9, 4), (36, 8)]
    for value in (0, 7, 2.0, [9]):
        arrays = {**checkpoint.arrays, "structure/conv2/taps": np.array(value)}
        with pytest.raises(CheckpointError, match="structure/conv2/taps"):
            taps_of(checkpoint._replace(arrays=arrays))


def test_layers_are_of_the_classes_that_they_seem() -> None:
    layers = small(head=(6,)).root.children
    assert isinstance(layers["head1"], Dense) and isinstance(layers["readout"], Dense)
    pools = [layer for layer in layers.values() if isinstance(layer, MaxPool2d)]
    assert [pool.output_shape for pool in pools] == [(4, 4, 4), (8, 2, 2)]
