"""The named rules: their defaults, and what must hold after every update."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import RULES, make_rule, one_chain
from sparse_mlp.layers import SparseLinear
from sparse_mlp.link_prediction import sample_links, top_links
from sparse_mlp.options import options_of
from sparse_mlp.rng import spawn_streams

RANDOM = ["set", "rlr"]
PREDICTED = ["path-count", "ch3l3", "cht", "chts"]
EVOLVING = st.sampled_from([*RANDOM, *PREDICTED, "rigl"])
SIZES = st.lists(st.integers(1, 12), min_size=2, max_size=5)


@given(SIZES, st.floats(0.02, 1), st.floats(0, 1), EVOLVING, st.booleans(), st.integers(0, 99))
@pytest.mark.filterwarnings("ignore:layer .* none of its:UserWarning")
def test_after_every_update(make_net, sizes, density, zeta, name, percolate, seed):
    layers = make_net(sizes, density, seed, dtype=np.float32)
    rule = make_rule(name, zeta=zeta, percolate=percolate, overlap_stop=1.0)  # CHT would stop where all grow again
    rng = np.random.default_rng(seed)
    for _ in range(2):
        old = [(layer.structure, layer.weight) for layer in layers]
        log = rule.update(with_signals(layers, seed), 0.3, rng)
        assert len(log.layers) == (len(layers) if zeta > 0 else 0)
        for layer, (before, weight), change in zip(layers, old, log.layers, strict=False):
            _check_layer(layer, before, weight, change)
            assert percolate or len(change.percolated[0]) == 0


def with_signals(layers, seed, batch=5):
    """Let each layer record inputs and deltas, some of them zero, and return the layers as one chain."""
    rng = np.random.default_rng(seed)

    def draw(n):
        return (rng.normal(size=(n, batch)) * (rng.random((n, 1)) < 0.8)).astype(np.float32)

    for layer in layers:
        layer.recorded = draw(layer.structure.n_in), draw(layer.structure.n_out)
    return one_chain(layers)


@given(SIZES, st.floats(0, 1), st.floats(0, 1), st.booleans(), st.integers(0, 99))
@pytest.mark.filterwarnings("ignore:layer .* none of its:UserWarning")
def test_after_every_update_while_the_density_decays(make_net, sizes, zeta, alpha, percolate, seed):
    layers = make_net(sizes, 0.5, seed, dtype=np.float32)
    rule = make_rule("chtss", density=0.2, zeta=zeta, alpha=alpha, percolate=percolate, decay_end=0.6)
    rng = np.random.default_rng(seed)
    for progress in (0.0, 0.2, 0.5, 0.6, 1.0):
        old = [(layer.structure, layer.weight) for layer in layers]
        log = rule.update(one_chain(layers), progress, rng)
        changed = any(layer.structure is not before for layer, (before, _) in zip(layers, old, strict=True))
        assert changed == bool(log.layers)
        assert changed or zeta == 0
        for layer, (before, weight), change in zip(layers, old, log.layers, strict=False):
            links = round(rule.density_at(progress) * before.n_in * before.n_out)
            _check_layer(layer, before, weight, change, links)
    assert [layer.structure.nnz for layer in layers] == [
        round(0.2 * layer.structure.n_in * layer.structure.n_out) for layer in layers
    ]


def _check_layer(layer, before, weight, change, links=None):
    assert (change.layer, change.before, change.after) == (layer.name, before, layer.structure)
    assert layer.structure.nnz == (before.nnz if links is None else links) == len(layer.weight)
    assert layer.weight.dtype == weight.dtype
    keys, survives = layer.structure.keys(), change.carry >= 0
    np.testing.assert_array_equal(before.keys()[change.carry[survives]], keys[survives])
    np.testing.assert_array_equal(weight[change.carry[survives]], layer.weight[survives])

    def positions(links):
        return links[0].astype(np.int64) * before.n_out + links[1]

    gone = np.concatenate((positions(change.removed), positions(change.percolated)))
    assert len(np.unique(gone)) == len(gone) == len(change.grown[0]) + before.nnz - layer.structure.nnz
    np.testing.assert_array_equal(np.setdiff1d(before.keys(), gone), keys[survives])
    np.testing.assert_array_equal(positions(change.grown), keys[~survives])


@given(SIZES, EVOLVING, st.integers(0, 99))
@pytest.mark.filterwarnings("ignore:layer .* none of its:UserWarning")
def test_same_bytes_on_every_backend(make_net, sizes, name, seed):
    results = []
    for backend in ("reference", "scipy", "numba"):
        layers = make_net(sizes, 0.4, seed, dtype=np.float32)
        for layer in layers:
            layer.backend = backend
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SPARSE_MLP_BACKEND", backend)
            make_rule(name, zeta=0.4).update(with_signals(layers, seed), 0.5, seed)
        results.append([(layer.structure.fingerprint(), layer.weight.tobytes()) for layer in layers])
    assert results[0] == results[1] == results[2]


def test_set_removes_by_sign_and_draws_he_uniform(make_layer):
    weight = np.array([-0.9, -0.5, -0.3, -0.1, 0.05, 0.2, 0.4, 0.8, 1.0])
    layer = make_layer(np.ones((1, 9)), weight)
    (change,) = make_rule("set").update(one_chain([layer]), 0.0, 0).layers
    assert change.removed[1].tolist() == [3, 4]
    bound = np.sqrt(6 / 1000)
    values = _new_weights(make_layer, make_rule("set", zeta=0.5))
    assert kstest(values, "uniform", args=(-bound, 2 * bound)).pvalue > 1e-6


def test_rlr_removes_by_magnitude_and_draws_kaiming(make_layer):
    weight = np.array([-0.9, -0.5, -0.3, -0.1, 0.05, 0.2, 0.4, 0.8, 0.02])
    layer = make_layer(np.ones((1, 9)), weight)
    (change,) = make_rule("rlr", zeta=0.34).update(one_chain([layer]), 0.0, 0).layers
    assert change.removed[1].tolist() == [3, 4, 8]
    values = _new_weights(make_layer, make_rule("rlr", zeta=0.5))
    assert kstest(values, "norm", args=(0, np.sqrt(2 / 1000))).pvalue > 1e-6


def _new_weights(make_layer, rule):
    layer = make_layer(np.eye(1000, 999) + np.eye(1000, 999, k=1))
    (change,) = rule.update(one_chain([layer]), 0.0, 3).layers
    return layer.weight[change.carry < 0]


@pytest.mark.parametrize("name", ["path-count", "ch3l3"])
def test_robustness_rules_remove_by_magnitude_percolate_and_draw_kaiming(make_net, name):
    layers = make_net([400, 400, 400], 0.01)
    weight, keys = layers[0].weight, layers[0].structure.keys()
    first, _ = make_rule(name).update(one_chain(layers), 0.0, 1).layers
    n_out = first.before.n_out
    removed = first.removed[0].astype(np.int64) * n_out + first.removed[1]
    by_magnitude = keys[np.argsort(np.abs(weight))]
    np.testing.assert_array_equal(removed, np.sort(by_magnitude[:480]))
    assert len(first.percolated[0]) > 0
    values = layers[0].weight[first.carry < 0]
    assert kstest(values, "norm", args=(0, np.sqrt(2 / 400))).pvalue > 1e-6


@pytest.mark.parametrize("name", ["cht", "chts", "rigl", "chtss"])
def test_links_start_at_zero_but_those_that_grow_back(make_layer, name):
    # A complete layer has room for nothing but what was removed.
    layer = make_layer(np.ones((4, 5)), np.arange(1, 21))
    options = {"density": 1.0, "density_start": 1.0} if name == "chtss" else {}
    make_rule(name, **options).update(with_signals([layer], 0), 0.0, 0)
    assert layer.weight.tolist() == list(range(1, 21))
    make_rule(name, keep_regrown=False, **options).update(with_signals([layer], 0), 0.0, 0)
    assert np.count_nonzero(layer.weight == 0) == 6


def test_options_reach_the_stages(make_layer):
    weight = [0.1, 0.2, 0.3, 0.4, -5, -6, -7, -8]
    matrix = [[1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0]]
    layer = make_layer(matrix, weight)
    rule = make_rule("set", zeta=0.5, removal="magnitude", exclude_removed=True, new_weights="zero")
    (change,) = rule.update(one_chain([layer]), 0.0, 0).layers
    assert change.removed[0].tolist() == [0, 0, 0, 0]
    assert change.grown[1].min() >= 4
    assert np.count_nonzero(layer.weight == 0) == 4
    assert (
        make_rule("rlr", zeta=0.4, zeta_schedule="cosine", zeta_end=1.0).update(one_chain([layer]), 0.5, 0).zeta == 0.2
    )


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("set", {}, {"regrowth", "weights"}),
        ("chts", {}, {"removal", "regrowth"}),
        ("chts", {"new_weights": "normal"}, {"removal", "regrowth", "weights"}),
        ("cht", {"ties": "index"}, set()),
        ("rigl", {}, set()),
    ],
)
def test_only_the_named_streams_move(make_net, name, options, expected):
    layers, streams, untouched = make_net([20, 20], 0.3), spawn_streams(4), spawn_streams(4)
    make_rule(name, **options).update(with_signals(layers, 0), 0.0, streams)
    moved = {name for name in streams if streams[name].integers(2**62) != untouched[name].integers(2**62)}
    assert moved == expected


def test_one_generator_serves_removals_then_regrowth_then_weights(make_net):
    from_one, from_streams = (make_net([20, 20, 20], 0.3) for _ in range(2))
    rng = np.random.default_rng(6)
    make_rule("chts", new_weights="normal").update(one_chain(from_one), 0.0, np.random.default_rng(6))
    rng.standard_exponential(120), rng.standard_exponential(120)
    regrowth = np.random.default_rng()
    regrowth.bit_generator.state = rng.bit_generator.state
    streams = {"removal": np.random.default_rng(6), "regrowth": regrowth, "weights": np.random.default_rng(0)}
    make_rule("chts", new_weights="normal").update(one_chain(from_streams), 0.0, streams)
    assert [layer.structure for layer in from_one] == [layer.structure for layer in from_streams]


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("path-count", {}, ("top_links", "path-count", "random")),
        ("ch3l3", {}, ("top_links", "ch3-l3p", "index")),
        ("cht", {}, ("top_links", "ch3-l3p", "index")),
        ("cht", {"predictor": "ra-l3", "ties": "random"}, ("top_links", "ra-l3", "random")),
        ("chts", {}, ("sample_links", "ch2-l3n", None)),
        ("chts", {"predictor": "ch3-l3p", "regrowth": "hard"}, ("top_links", "ch3-l3p", "index")),
        ("chtss", {}, ("sample_links", "ch2-l3n", None)),
    ],
)
def test_predictors_of_the_papers(make_net, monkeypatch, name, options, expected):
    asked = []
    for chooser in (top_links, sample_links):

        def listen(layer, left, predictor, k, *, rng, ties=None, chooser=chooser):
            asked.append((chooser.__name__, predictor, ties))
            return chooser(left, predictor, k, rng=rng)

        monkeypatch.setattr(SparseLinear, chooser.__name__, listen)
    make_rule(name, **options).update(one_chain(make_net([12, 12], 0.5)), 0.0, 0)
    assert asked == [expected]


@pytest.mark.parametrize(("alpha", "removed"), [(1.0, [2, 3]), (0.0, [0, 2])])
def test_alpha_of_chts(make_layer, alpha, removed):
    # Relative importance: 3/5 + 3/4 = 1.35, 2/5 + 2/2 = 1.4, 1/1 + 1/4 = 1.25, and 2 for the only link of its neurons.
    layer = make_layer([[1, 1, 0], [1, 0, 0], [0, 0, 1]], [3, 2, 1, 0.1])
    rule = make_rule("chts", zeta=0.5, delta_start=1, delta_end=1, alpha=alpha, percolate=False)
    (change,) = rule.update(one_chain([layer]), 0.0, 0).layers
    keys = change.removed[0].astype(int) * 3 + change.removed[1]
    assert np.searchsorted(change.before.keys(), keys).tolist() == removed


def test_chts_hardens_in_the_course_of_training(make_layer):
    def removed(progress, **options):
        layer = make_layer(np.tile([1, 0], (40, 20)), np.arange(1, 801) / 100)
        (change,) = make_rule("chts", alpha=1.0, **options).update(one_chain([layer]), progress, 3).layers
        return np.mean((change.removed[0].astype(int) * 20 + change.removed[1] // 2) < 240)

    assert removed(0.0) < removed(0.75) < removed(0.0, delta_start=1, delta_end=1) == 1.0
    assert removed(0.75) == removed(1.0)


def test_chtss_prunes_by_importance_then_removes_a_share_of_what_is_left(make_layer):
    # 12 of 24 links may stay at density .25. Links of the small block matter to their neurons, though they are small.
    matrix = np.zeros((6, 8))
    matrix[:4, :4], matrix[4:, 4:] = 1.0, 1.0
    weight = np.where(matrix > 0, 1.0, 0.0)
    weight[4:, 4:] = 0.001
    layer = make_layer(matrix, weight[matrix > 0])
    rule = make_rule(
        "chtss", density=0.25, density_start=0.5, decay="linear", decay_end=0.5, delta_start=1, delta_end=1
    )
    (change,) = rule.update(one_chain([layer]), 0.5, 0).layers
    survived = change.before.rows()[change.carry[change.carry >= 0]]
    assert layer.structure.nnz == 12
    assert len(survived) == 12 - 3  # floor(.3 * 12) go
    # The small block has a relative importance of 1/4 + 1/2, the large one of 1/4 + 1/4: all 8 are kept. Then 3 of
    # smallest magnitude go.
    assert np.count_nonzero(survived >= 4) == 8 - 3
    assert len(change.removed[0]) == 24 - 9


def test_chtss_hands_on_the_steepness():
    rule = make_rule("chtss", density=0.1, decay_end=1.0, steepness=1e-6)
    assert rule.density_at(0.25) == pytest.approx(0.4, abs=1e-6)  # almost a straight line


def test_zeta_of_zero_lets_the_density_decay_all_the_same(make_net):
    layers = make_net([20, 20], 0.5)
    rule = make_rule("chtss", density=0.1, zeta=0.0, percolate=False)
    assert len(rule.update(one_chain(layers), 0.25, 0).layers[0].grown[0]) == 0
    assert layers[0].structure.nnz == 120
    rule.update(one_chain(layers), 0.9, 0)
    assert layers[0].structure.nnz == 40
    assert rule.update(one_chain(layers), 0.9, 0).layers == ()


def test_distribution_of_the_weights_does_not_change_the_wiring(make_net):
    wirings = []
    for law in ("zero", "he-uniform"):
        layers = make_net([20, 20, 20], 0.3)
        make_rule("set", new_weights=law).update(one_chain(layers), 0.0, spawn_streams(4))
        wirings.append([layer.structure for layer in layers])
    assert wirings[0] == wirings[1]


def test_smallest_layers(make_layer):
    empty, single = make_layer(np.zeros((2, 3))), make_layer([[0, 1]])
    log = make_rule("rlr", zeta=1.0).update(one_chain([empty]), 0.0, 0)
    assert (log.layers[0].before, log.layers[0].after.nnz) == (empty.structure, 0)
    make_rule("rlr", zeta=1.0).update(one_chain([single]), 0.0, 0)
    assert single.structure.nnz == 1
    assert make_rule("set").update([], 0.0, 0).layers == ()


@pytest.mark.parametrize("name", ["static", "dense"])
def test_fixed_rules_touch_nothing(make_net, name):
    layers = make_net([9, 9], 0.5)
    before = layers[0].structure
    rule = make_rule(name)
    assert rule.update(one_chain(layers), 0.5, 0).layers == ()
    assert layers[0].structure is before
    assert rule.wants_dense == (name == "dense")


@pytest.mark.parametrize("name", RULES)
def test_rules_begin_without_state(name):
    rule = make_rule(name)
    assert rule.name == name
    rule.load_state(rule.state())
    assert rule.state() == {}


def test_names_and_options():
    with pytest.raises(InvalidInputError, match=r"rule='sett'; .*did you mean 'set'"):
        make_rule("sett")
    with pytest.raises(InvalidInputError, match=r"option 'zetta' of rule set; .*did you mean 'zeta'"):
        make_rule("set", zetta=0.2)
    with pytest.raises(InvalidInputError, match="option 'zeta' of rule static"):
        make_rule("static", zeta=0.3)
    with pytest.raises(InvalidInputError, match="removal='sing'"):
        make_rule("set", removal="sing")
    with pytest.raises(InvalidInputError, match="new_weights='he'"):
        make_rule("rlr", new_weights="he")
    with pytest.raises(InvalidInputError, match="progress=2"):
        make_rule("rlr").update([], 2, 0)


def test_a_rule_of_ones_own(tmp_path, make_net):
    code = "from sparse_mlp.evolution import make_rule\ndef mine(zeta=0.1): return make_rule('rlr', zeta=zeta)\n"
    (tmp_path / "rules.py").write_text(code)
    rule = make_rule(f"{tmp_path}/rules.py:mine", zeta=0.2)
    (change,) = rule.update(one_chain(make_net([10, 10], 0.5)), 0.0, 0).layers
    assert len(change.removed[0]) == 10
    with pytest.raises(InvalidInputError, match=r"option 'zetta' of rule .*rules\.py:mine"):
        make_rule(f"{tmp_path}/rules.py:mine", zetta=0.2)


@pytest.mark.parametrize(
    ("name", "defaults"),
    [
        ("set", {"zeta": 0.3, "removal": "sign", "percolate": False, "new_weights": "he-uniform"}),
        ("rlr", {"zeta": 0.3, "removal": "magnitude", "percolate": False, "new_weights": "kaiming"}),
        ("path-count", {"zeta": 0.3, "regrowth": "hard", "ties": "random", "percolate": True,
                        "new_weights": "kaiming", "keep_regrown": False}),
        ("ch3l3", {"zeta": 0.3, "predictor": "ch3-l3p", "regrowth": "hard", "ties": "index", "percolate": True,
                   "new_weights": "kaiming", "keep_regrown": False, "overlap_stop": 1.0}),
        ("cht", {"zeta": 0.3, "predictor": "ch3-l3p", "regrowth": "hard", "percolate": True, "new_weights": "zero",
                 "keep_regrown": True, "overlap_stop": 0.9, "overlap_stop_scope": "global"}),
        ("chts", {"zeta": 0.3, "predictor": "ch2-l3n", "regrowth": "soft", "percolate": True, "new_weights": "zero",
                  "delta_start": 0.5, "delta_end": 0.75, "zeta_end": 0.75, "alpha": 0.0, "overlap_stop": 1.0}),
        ("chtss", {"density": 0.01, "density_start": 0.5, "decay": "sigmoid", "decay_end": 0.5, "steepness": 6.0,
                   "delta_start": 0.5, "delta_end": 0.75, "alpha": 0.0, "predictor": "ch2-l3n", "regrowth": "soft"}),
        ("rigl", {"zeta": 0.3, "zeta_schedule": "cosine", "zeta_end": 0.75, "update_steps": 100, "percolate": False,
                  "new_weights": "zero", "keep_regrown": True}),
    ],
)  # fmt: skip
def test_defaults(name, defaults):
    parameters = inspect.signature(RULES[name]).parameters
    assert {option: parameters[option].default for option in defaults} == defaults
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters.values())


@pytest.mark.parametrize("name", RULES)
def test_every_option_is_documented(name):
    options = options_of(RULES[name])
    assert list(options) == list(inspect.signature(RULES[name]).parameters)
    assert all(option.help or option.name == "zeta_end" for option in options.values())


def test_options_that_a_rule_sets_itself_are_unknown():
    for name, option in (("path-count", "predictor"), ("chtss", "overlap_stop"), ("set", "predictor")):
        with pytest.raises(InvalidInputError, match=f"option '{option}' of rule {name}"):
            make_rule(name, **{option: 0.5})


def test_rigl_falls_by_a_cosine(make_layer):
    layer = make_layer(np.tile([1, 0], (10, 10)), np.arange(1, 101))
    update = make_rule("rigl").update(with_signals([layer], 0), 0.25, 0)
    assert update.zeta == pytest.approx(0.225)  # a straight line would give 0.2


@pytest.mark.parametrize(("name", "density"), [("chts", {}), ("chtss", {"density_start": 0.5, "density": 0.5})])
def test_soft_removal_hardens_until_zeta_end(make_layer, name, density):
    def removed(progress, **options):
        layer = make_layer(np.tile([1, 0], (40, 20)), np.arange(1, 801) / 100)
        (change,) = make_rule(name, alpha=1.0, **density, **options).update(one_chain([layer]), progress, 3).layers
        return change.removed[0].tolist(), change.removed[1].tolist()

    assert removed(0.3, zeta_end=0.3) == removed(0.9, zeta_end=0.3) == removed(0.75, zeta_end=0.75)
    assert removed(0.3, zeta_end=0.3) != removed(0.3, zeta_end=0.75)


def test_soft_removal_after_a_prune_sees_the_weights_that_are_left(make_layer):
    # The first half of the links is pruned; then the hard removal takes the smallest of the rest.
    layer = make_layer(np.ones((4, 4)), [1, 1, 1, 1, 1, 1, 1, 1, 9, 8, 7, 6, 5, 4, 3, 2])
    rule = make_rule(
        "chtss", density_start=1.0, density=0.5, decay_end=0.1, zeta=0.25, alpha=1.0, delta_start=1, delta_end=1,
        percolate=False,
    )  # fmt: skip
    (change,) = rule.update(one_chain([layer]), 0.5, 0).layers
    keys = change.removed[0].astype(int) * 4 + change.removed[1]
    assert sorted(keys.tolist()) == [*range(8), 14, 15]


@pytest.mark.parametrize("name", ["set", "rlr", *PREDICTED, "rigl", "chtss"])
@pytest.mark.parametrize("percolate", [True, False])
def test_links_that_are_cut_off_go_where_the_rule_percolates(make_layer, name, percolate):
    # Output 1 of the first layer leads nowhere, and nothing leads to input 2 of the second.
    layers = [make_layer([[1, 1, 0], [1, 1, 0]], name="a"), make_layer([[1, 1], [0, 0], [1, 0]], name="b")]
    options = {"density_start": 0.6, "density": 0.6} if name == "chtss" else {}
    rule = make_rule(name, zeta=0.01, percolate=percolate, **options)
    log = rule.update(with_signals(layers, 0), 0.1, 0)
    assert [len(change.percolated[0]) for change in log.layers] == ([2, 1] if percolate else [0, 0])


def test_parts_of_ones_own_plug_in(make_layer):
    layer = make_layer([[1, 1, 0], [0, 0, 1]], [1, 2, 3])
    last = make_rule("ch3l3", zeta=0.4, percolate=False, predictor=lambda s: np.arange(6.0).reshape(2, 3))
    (change,) = last.update(one_chain([layer]), 0.0, 0).layers
    assert [links.tolist() for links in change.grown] == [[1], [1]]
    sevens = make_rule("set", zeta=0.4, new_weights=lambda rng, count, fan_in, density: np.full(count, 7.0))
    (change,) = sevens.update(one_chain([layer]), 0.0, 0).layers
    assert layer.weight[change.carry < 0].tolist() == [7.0]
