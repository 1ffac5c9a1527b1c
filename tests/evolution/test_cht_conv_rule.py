"""CHT-Conv: one update by hand, what holds after each, links that come back, and the messages."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparse_mlp.convolution import conv_geometry
from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import make_rule, one_chain
from sparse_mlp.kernels.pool import threads_limited
from sparse_mlp.layers import Dense, Flatten, ReLU, Sequential, SparseConv2d, Unflatten
from sparse_mlp.link_prediction import conv_score_matrix
from sparse_mlp.models import Network
from sparse_mlp.optim import make_optimizer
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate
from sparse_mlp.training import Callback, Trainer


def by_hand():
    """Three kernels on one channel: taps (0, 0), (0, 2) and (1, 1); (2, 2) alone; none."""
    structure = SparseStructure.from_coo([0, 2, 4, 8], [0, 0, 0, 1], (9, 3))
    return SparseConv2d(structure, (1, 3, 3), [2.0, 0.1, -3.0, 0.2], kernel=3, dtype=np.float64)


def random_layer(channels_in=8, channels_out=12, density=0.3, seed=0, size=(5, 4), **options):
    rng = np.random.default_rng(seed)
    structure = generate("erdos-renyi", 9 * channels_in, channels_out, density, rng=rng)
    live = conv_geometry((channels_in, *size), channels_out, 3).live_taps()
    structure = structure.select(np.isin(structure.rows(), live))
    weights = rng.normal(size=structure.nnz)
    return SparseConv2d(structure, (channels_in, *size), weights, kernel=3, dtype=np.float64, **options)


def update(layer, progress=0.0, rng=0, **options):
    (change,) = make_rule("cht-conv", **options).update(one_chain([layer]), progress, rng).layers
    return change


def pairs(links):
    return list(zip(links[0].tolist(), links[1].tolist(), strict=True))


@pytest.mark.usefixtures("backend")
def test_one_update_by_hand():
    """Of three links one goes, .1 at tap (0, 2); what is left scores at tap (2, 2) alone, see case 4.5."""
    layer = by_hand()
    change = update(layer, zeta=0.4)
    assert pairs(change.removed) == [(2, 0)] and pairs(change.grown) == [(8, 0)]
    assert pairs((layer.structure.rows(), layer.structure.indices)) == [(0, 0), (4, 0), (8, 0), (8, 1)]
    assert layer.weight.tolist() == [2.0, -3.0, 0.0, 0.2]


def test_a_budget_of_the_layer_goes_to_the_best_kernel():
    """Of four links two go, .1 and .2: kernel 1 is left without a link, and its place goes where one is drawn."""
    seen = set()
    for seed in range(60):
        layer = by_hand()
        change = update(layer, zeta=0.5, budget="layer", rng=seed)
        assert pairs(change.removed) == [(2, 0), (8, 1)] and (8, 0) in pairs(change.grown)
        seen |= set(pairs(change.grown)) - {(8, 0)}
        assert layer.structure.nnz == 4
    assert {kernel for _, kernel in seen} == {0, 1, 2}


def test_a_kernel_without_links_is_filled_at_random():
    seen = set()
    for seed in range(60):
        layer = by_hand()
        change = update(layer, zeta=1.0, rng=seed)
        assert layer.structure.degrees_out().tolist() == [3, 1, 0]
        seen |= {tap for tap, kernel in pairs(change.grown) if kernel == 1}
    assert seen == set(range(9))


@settings(max_examples=40)
@given(
    st.integers(1, 4), st.integers(1, 4), st.sampled_from([(1, 4), (2, 1), (4, 3), (1, 1)]), st.floats(0.02, 0.9),
    st.floats(0.05, 1), st.integers(0, 99), st.fixed_dictionaries({
        "graph": st.sampled_from(["kernel", "layer"]), "budget": st.sampled_from(["kernel", "layer"]),
        "regrowth": st.sampled_from(["hard", "soft"]), "ties": st.sampled_from(["random", "index"]),
        "predictor": st.sampled_from(["ch2-l3n", "ch3-l3n"]), "percolate": st.booleans(),
    }),
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:layer .* none of its:UserWarning")
def test_after_every_update(channels_in, channels_out, size, density, zeta, seed, options):
    layer = random_layer(channels_in, channels_out, density, seed, size)
    live = np.zeros(layer.geometry.taps, bool)
    live[layer.geometry.live_taps()] = True
    for progress in (0.0, 0.5):
        before, weight = layer.structure, layer.weight
        change = update(layer, progress, seed, zeta=zeta, **options)
        assert change.after is layer.structure and layer.structure.nnz == before.nnz
        if options["budget"] == "kernel":
            np.testing.assert_array_equal(layer.structure.degrees_out(), before.degrees_out())
        assert live[layer.structure.rows()].all()
        kept = change.carry >= 0
        np.testing.assert_array_equal(layer.weight[kept], weight[change.carry[kept]])
        assert not layer.weight[~kept].any()
        assert options["percolate"] or len(change.percolated[0]) == 0


def test_the_best_links_of_each_kernel_grow():
    layer = random_layer()
    change = update(layer, predictor="ch2-l3n")
    left = change.before.select(change.after_percolation)
    for graph in ("kernel", "layer"):
        layer = random_layer()
        change = update(layer, predictor="ch2-l3n", graph=graph)
        scores = conv_score_matrix(left, layer.geometry, "ch2-l3n", graph=graph)
        for kernel in range(12):
            rows = change.grown[0][change.grown[1] == kernel]
            best = np.sort(scores[:, kernel])[::-1][: len(rows)]
            np.testing.assert_allclose(np.sort(scores[rows, kernel])[::-1], best)


def courses(**options):
    """The shares of returning links in four updates; in between, all weights move a little."""
    layer, rng, shares = random_layer(16, 16), np.random.default_rng(1), []
    name = options.pop("rule", "cht-conv")
    for _ in range(4):
        (change,) = make_rule(name, budget="kernel", **options).update(one_chain([layer]), 0.0, rng).layers
        shares.append(change.overlap)
        layer.weight += 0.01 * rng.normal(size=len(layer.weight))
    return shares


def test_the_literal_method_nearly_freezes():
    """New links start at 0, go first, and the scores bring them back; other ways of regrowth do not."""
    hard, soft, random = courses(), courses(regrowth="soft"), courses(rule="rlr")
    assert hard[0] < 0.3 and min(hard[1:]) > 0.8
    assert max(random) < 0.2 and np.mean(random) < np.mean(soft[1:]) < 0.4
    assert courses(exclude_removed=True) == [0.0] * 4
    assert min(courses(predictor="ch2-l3n")[1:]) > 0.8


def test_a_rule_that_stops_when_links_come_back():
    layers, rng = [random_layer(16, 16)], np.random.default_rng(1)
    rule = make_rule("cht-conv", overlap_stop=0.8)
    sizes = [len(rule.update(one_chain(layers), 0.0, rng).layers) for _ in range(4)]
    assert sizes == [1, 1, 0, 0]


def test_returning_links_keep_their_weights_where_they_are_asked_to():
    layer = random_layer(2, 3, 1.0)
    weight = layer.weight.copy()
    update(layer, keep_regrown=True)
    np.testing.assert_array_equal(layer.weight, weight)
    update(layer)
    assert np.count_nonzero(layer.weight == 0) == 3 * 5  # floor(.3 * 18) of each kernel


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_evolution_ends_at_zeta_end(schedule):
    rule, layer = make_rule("cht-conv", zeta_schedule=schedule, zeta_end=0.6), random_layer()
    assert rule.zeta_at(0.0) == 0.3 and rule.planned_end == 0.6
    assert len(rule.update(one_chain([layer]), 0.59, 0).layers) == 1
    assert [rule.update(one_chain([layer]), progress, 0).layers for progress in (0.6, 1.0)] == [(), ()]


@pytest.mark.parametrize("options", [{}, {"regrowth": "soft", "graph": "layer"}])
def test_the_same_bytes_for_a_seed_and_any_number_of_threads(options):
    found = []
    for threads in (None, 1):
        layer, rule = random_layer(30, 40), pickle.loads(pickle.dumps(make_rule("cht-conv", **options)))
        if threads:
            with threads_limited(1):
                rule.update(one_chain([layer]), 0.0, 3)
        else:
            rule.update(one_chain([layer]), 0.0, 3)
        found.append((layer.structure.fingerprint(), layer.weight.tobytes()))
    assert found[0] == found[1]
    layer = random_layer(30, 40)
    update(layer, rng=4, **options)
    assert layer.structure.fingerprint() != found[0][0]


def test_in_training_new_links_rest_and_the_history_says_how_many_came_back():
    layer = random_layer(4, 6)
    ends = Dense(6 * 20, 3, rng=0, dtype=np.float64)
    model = Network(Sequential([Unflatten((4, 5, 4)), layer, ReLU(), Flatten((6, 5, 4)), ends]))
    rng = np.random.default_rng(0)
    before, overlaps = layer.structure.degrees_out(), []

    class Look(Callback):
        def on_update(self, trainer, update, record):
            (change,) = update.layers
            overlaps.append(change.overlap)
            velocity, kept = trainer.optimizer.arrays["velocity"][: layer.structure.nnz], change.carry >= 0
            assert np.shares_memory(layer.weight, model.store.values[: layer.structure.nnz])
            assert not velocity[~kept].any() and velocity[kept].any() and not layer.weight[~kept].any()
            np.testing.assert_array_equal(layer.structure.degrees_out(), before)

    optimizer = make_optimizer("sgd", learning_rate=0.01)
    trainer = Trainer(model, rule=make_rule("cht-conv"), optimizer=optimizer, rng=1, callbacks=[Look()])
    trainer.fit((rng.normal(size=(40, 80)), rng.integers(0, 3, 40)), epochs=4)
    assert len(overlaps) == 2 and overlaps[1] > 0.5  # none at three quarters of training
    assert [record["layers"][0]["overlap"] for record in trainer.history.updates] == overlaps


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("set", {"budget": "kernel"}), ("rlr", {"exclude_removed": True}), ("rigl", {"budget": "kernel"}), ("rigl", {}),
        ("cht", {"predictor": "ch3-l3n", "overlap_stop": 1.0}), ("chts", {"predictor": "ch2-l3n"}), ("cht-conv", {}),
    ],
)  # fmt: skip
def test_no_rule_grows_links_on_dead_taps(name, options):
    """On an image of one row, taps that read above or below it see nothing."""
    layer = random_layer(8, 4, 0.4, size=(1, 6), backend="scipy")
    parts = [Unflatten((8, 1, 6), backend="scipy"), layer, ReLU(backend="scipy"), Flatten((4, 1, 6), backend="scipy")]
    model = Network(Sequential([*parts, Dense(24, 3, rng=0, dtype=np.float64, backend="scipy")]))
    before, rng = layer.structure, np.random.default_rng(0)
    rule, optimizer = make_rule(name, **options), make_optimizer("sgd", learning_rate=0.01)
    trainer = Trainer(model, rule=rule, optimizer=optimizer, rng=1, update_every=1)
    trainer.fit((rng.normal(size=(20, 48)), rng.integers(0, 3, 20)), epochs=4)
    assert len(trainer.history.updates) >= 2
    _, row, _ = layer.geometry.tap(layer.structure.rows())
    assert (row == 1).all() and layer.structure.nnz == before.nnz and layer.structure != before
    if "budget" in options or name == "cht-conv":
        np.testing.assert_array_equal(layer.structure.degrees_out(), before.degrees_out())


def test_a_linear_layer_beside_convolutions_knows_the_graph_of_the_layer_only(make_net):
    layers = [random_layer(4, 6), *make_net([6, 9], 0.5)]
    before = [layer.structure.degrees_out().tolist() for layer in layers]
    with pytest.raises(InvalidInputError, match="graph='kernel' for linear layer 'sparse1'; expected 'layer'"):
        make_rule("cht-conv").update(one_chain(layers), 0.0, 0)
    assert layers[0].weight.all()  # nothing was done to it
    log = make_rule("cht-conv", graph="layer").update(one_chain(layers), 0.0, 0)
    assert [len(change.grown[0]) > 0 for change in log.layers] == [True, True]
    assert [layer.structure.degrees_out().tolist() for layer in layers] == before


def test_messages():
    with pytest.raises(InvalidInputError, match=r"predictor 'ch3-l3p' .*expected ch2-l3n or ch3-l3n"):
        make_rule("cht-conv", predictor="ch3-l3p")
    with pytest.raises(InvalidInputError, match="graph='kernels'"):
        make_rule("cht-conv", graph="kernels")
    with pytest.raises(InvalidInputError, match="budget='link'"):
        make_rule("cht-conv", budget="link")
    full = random_layer(1, 2, 1.0)
    for budget, asked in (("kernel", "2 new links of output 0"), ("layer", "5 new links")):
        with pytest.raises(InvalidInputError, match=f"0 free positions for {asked}.*or set exclude_removed=False"):
            update(full, exclude_removed=True, budget=budget)
