"""The estimators: scikit-learn's own checks, then what they promise beyond those."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tracemalloc
import warnings

import joblib
import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix, random_array
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_friedman1
from sklearn.ensemble import AdaBoostClassifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from sparse_mlp import SparseMLPClassifier, SparseMLPRegressor
from sparse_mlp.errors import DivergenceError, InvalidInputError
from sparse_mlp.estimators.validation import split_by_class
from sparse_mlp.estimators.warm_start import resume_density
from sparse_mlp.evolution import RULES, make_rule
from sparse_mlp.kernels.pool import most_threads, threads_limited
from sparse_mlp.models import SparseMLP
from sparse_mlp.models.wirings import wire
from sparse_mlp.optim import OPTIMIZERS, SCHEDULES, SGD, Adam
from sparse_mlp.options import options_of
from sparse_mlp.rng import spawn_streams
from sparse_mlp.topology import NETWORK_GENERATORS
from sparse_mlp.training import Callback, Progress, Trainer

# Name of a check → why it may fail; `test_a_weight_counts_like_as_many_samples` passes both in float64.
ROUNDED = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "float32 rounds to 6e-8, and 1e-7 is asked for",
)

BOTH = pytest.mark.parametrize("kind", [SparseMLPClassifier, SparseMLPRegressor])
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@parametrize_with_checks(
    [
        SparseMLPClassifier(max_iter=60),
        SparseMLPRegressor(max_iter=60),
        SparseMLPClassifier(max_iter=60, motif_size=2, motif_mode="block", pad=True),
    ],
    expected_failed_checks=lambda estimator: ROUNDED,
)
def test_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return train_test_split(X, y, test_size=400, stratify=y, random_state=0)


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def quick(kind=SparseMLPClassifier, **params):
    return kind(**{"hidden_layer_sizes": (20,), "max_iter": 6, "random_state": 0, **params})


def parameters(estimator):
    return estimator.model_.store.values


def assert_same_network(one, other):
    np.testing.assert_array_equal(parameters(one), parameters(other))
    for mine, yours in zip(one.model_.sparse_layers, other.model_.sparse_layers, strict=True):
        assert mine.structure.fingerprint() == yours.structure.fingerprint()


# What it learns


def test_digits_with_a_twentieth_of_the_links(digits):
    X_train, X_test, y_train, y_test = digits
    # In float64: trained to a loss of 0.001, float32 leaves the result to rounding (0.92 to 0.98 over seeds).
    classifier = SparseMLPClassifier((200, 200), density=0.05, random_state=0, dtype="float64")
    network = make_pipeline(StandardScaler(), classifier)
    assert network.fit(X_train, y_train).score(X_test, y_test) >= 0.95
    model = network[-1].model_
    assert [layer.structure.nnz for layer in model.sparse_layers] == [640, 2000]
    assert model.n_links / (64 * 200 + 200 * 200 + 200 * 10) < 0.1  # the dense read-out counted in


def test_friedman_better_than_a_line():
    X, y = make_friedman1(1000, noise=0.5, random_state=0)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    regressor = make_pipeline(StandardScaler(), SparseMLPRegressor(random_state=0))
    network = TransformedTargetRegressor(regressor, transformer=StandardScaler()).fit(X_train, y_train)
    line = LinearRegression().fit(X_train, y_train).score(X_test, y_test)
    assert network.score(X_test, y_test) > line + 0.1


def test_diabetes_better_than_the_mean():
    X, y = load_diabetes(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    regressor = make_pipeline(StandardScaler(), SparseMLPRegressor(alpha=0.1, early_stopping=True, random_state=0))
    network = TransformedTargetRegressor(regressor, transformer=StandardScaler()).fit(X_train, y_train)
    assert network.score(X_test, y_test) > 0.2  # 0 is the mean, 0.36 the line of least squares


def test_several_outputs_of_their_own(iris):
    X, _ = iris
    Y = np.column_stack([X[:, 0] + X[:, 1], 10 * X[:, 2]])
    network = SparseMLPRegressor((50,), density=0.5, learning_rate_init=0.02, random_state=0).fit(X[:, :3], Y)
    assert network.predict(X[:, :3]).shape == (150, 2) and network.n_outputs_ == 2
    assert network.score(X[:, :3], Y) > 0.9


def test_column_target_is_a_single_output(iris):
    X, y = iris
    with pytest.warns(DataConversionWarning):
        network = quick(SparseMLPRegressor).fit(X, y[:, None].astype(float))
    assert network.predict(X).shape == (150,)


# Labels, probabilities and inputs


@pytest.mark.parametrize(
    "name", [lambda y: np.array(["ivy", "elm", "ash"])[y], lambda y: np.array([40, -2, 7])[y], lambda y: y == 1]
)
def test_any_labels(iris, name):
    X, y = iris
    labels = name(y)
    network = quick(max_iter=40, density=0.5).fit(X, labels)
    np.testing.assert_array_equal(network.classes_, np.unique(labels))
    assert network.predict(X).dtype == labels.dtype
    assert network.score(X, labels) > 0.8
    winners = network.classes_[network.predict_proba(X).argmax(axis=1)]
    np.testing.assert_array_equal(winners, network.predict(X))


def test_probabilities_and_their_logarithms(iris):
    X, y = iris
    network = quick().fit(X, y)
    probability = network.predict_proba(X)
    assert probability.shape == (150, 3) and np.all(probability >= 0)
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(np.exp(network.predict_log_proba(X)), probability, rtol=1e-12)
    assert np.all(np.isfinite(network.predict_log_proba(1e6 * X)))
    assert network.predict_proba(1e6 * X).min() == 0


@BOTH
@pytest.mark.parametrize("container", [csr_matrix, csr_array])
def test_sparse_inputs_equal_dense_ones(digits, kind, container):
    X, X_test, y, _ = digits
    dense, sparse = quick(kind).fit(X[:200], y[:200]), quick(kind).fit(container(X[:200]), y[:200])
    assert_same_network(dense, sparse)
    np.testing.assert_array_equal(dense.predict(X_test), sparse.predict(container(X_test)))


@BOTH
def test_sparse_inputs_equal_dense_ones_where_a_part_is_set_aside(digits, kind):
    X, _, y, _ = digits
    options = {"early_stopping": True, "validation_fraction": 0.3}
    dense, sparse = (quick(kind, **options).fit(x, y[:200]) for x in (X[:200], csr_array(X[:200])))
    assert_same_network(dense, sparse)
    assert dense.validation_scores_ == sparse.validation_scores_


@pytest.mark.parametrize("early_stopping", [False, True])
def test_memory_of_wide_sparse_inputs_is_like_that_of_scikit_learn(early_stopping):
    """Dense they would take 2 GB; a tile of 64 samples takes 33 MB."""
    X = random_array((4000, 130_107), density=0.001, format="csr", dtype=np.float32, rng=0)
    y, peaks = np.arange(4000) % 5, []
    ours = SparseMLPClassifier((20,), density=0.01, max_iter=1, early_stopping=early_stopping)
    with threads_limited(min(2, most_threads())):
        for network in (MLPClassifier((20,), max_iter=1), ours):
            clone(network).fit(X[:100], y[:100])  # compiles
            tracemalloc.start()
            network.fit(X, y).predict(X)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] - 5 * ours.model_.store.values.nbytes < 2 * peaks[0]


def test_read_only_inputs_are_left_alone(iris):
    X, y = iris[0].astype(np.float32), iris[1]
    before = X.copy()
    X.flags.writeable = False
    assert_same_network(quick().fit(X, y), quick().fit(before, y))
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("container", [np.asarray, csr_array])
@pytest.mark.parametrize("params", [{"rule": "static"}, {}, {"rule": "rigl"}, {"solver": "sgd", "rule": "cht"}])
def test_what_was_loaded_as_a_map_predicts_and_trains(digits, tmp_path, params, container):
    """Arrays of a file that may only be read: of the estimator and of the samples."""
    X, X_test, y, _ = digits
    options = {"hidden_layer_sizes": (1000, 300), "max_iter": 3, "density": 0.1, **params}
    network = quick(**options).fit(container(X[:300]), y[:300])
    joblib.dump((network, container(X[:300])), tmp_path / "file")
    mapped, samples = joblib.load(tmp_path / "file", mmap_mode="r")
    np.testing.assert_array_equal(mapped.predict_proba(X_test), network.predict_proba(X_test))
    for _ in range(2):
        mapped.partial_fit(samples, y[:300])
        network.partial_fit(container(X[:300]), y[:300])
    assert_same_network(mapped, network)
    mapped.set_params(warm_start=True).fit(samples, y[:300])
    network.set_params(warm_start=True).fit(samples, y[:300])
    assert_same_network(mapped, network)


# Parameters are those of the functions that take them


SOURCES = {
    "activation": (SparseMLP, "activation"), "topology": (SparseMLP, "topology"), "pad": (SparseMLP, "pad"),
    "motif_size": (SparseMLP, "motif_size"), "motif_mode": (SparseMLP, "motif_mode"), "zeta": (RULES["set"], "zeta"),
    "momentum": (SGD, "momentum"), "beta_1": (Adam, "beta1"), "beta_2": (Adam, "beta2"), "epsilon": (Adam, "epsilon"),
    "backend": (SparseMLP, "backend"), "shuffle": (Trainer, "shuffle"), "rule": (Trainer, "rule"),
}  # fmt: skip


def test_parameters_have_the_defaults_and_choices_of_what_takes_them():
    options = options_of(SparseMLPClassifier)
    assert list(options_of(SparseMLPRegressor)) == list(options) and set(SOURCES) < set(options)
    for name, (source, option) in SOURCES.items():
        assert options[name].default == options_of(source)[option].default, name
        assert options[name].choices == options_of(source)[option].choices, name
    assert set(options["solver"].choices) == set(OPTIMIZERS)
    assert set(options["learning_rate"].choices) == set(SCHEDULES) - {"noam"}  # which is for Transformers
    undocumented = {name for name, option in options.items() if not (option.help or option.choices)}
    assert not undocumented


# Reproducibility, copies and company


@BOTH
def test_same_seed_same_network(digits, kind):
    X, _, y, _ = digits
    one, other = quick(kind).fit(X[:200], y[:200]), quick(kind, random_state=np.random.RandomState(0))
    assert_same_network(one, other.fit(X[:200], y[:200]))
    different = quick(kind, random_state=1).fit(X[:200], y[:200])
    assert one.model_.sparse_layers[0].structure != different.model_.sparse_layers[0].structure
    orders = [estimator._trainer.state.streams["data_order"].permutation(100) for estimator in (one, different)]
    assert not np.array_equal(*orders)


@BOTH
def test_pickled_network_predicts_and_trains_alike(digits, kind, monkeypatch):
    X, X_test, y, _ = digits
    monkeypatch.setattr("sparse_mlp.estimators.base.Progress", lambda: Progress(bar=True))  # an open bar has no pickle
    network = quick(kind, verbose=True).fit(X[:200], y[:200])
    copied = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(network.predict(X_test), copied.predict(X_test))
    before = parameters(network).copy()
    for estimator in (network, copied):
        estimator.partial_fit(X[:200], y[:200])
    assert not np.array_equal(parameters(network)[:20], before[:20])
    assert_same_network(network, copied)
    np.testing.assert_array_equal(copied.model_.layers[0].bias, network.model_.layers[0].bias)


def test_clone_is_unfitted_and_alike(iris):
    X, y = iris
    rule = make_rule("set", zeta_schedule="cosine")
    network = quick(rule=rule, density=0.5).fit(X, y)
    copied = clone(network)
    with pytest.raises(NotFittedError):
        copied.predict(X)
    assert_same_network(copied.fit(X, y), network)


def test_grid_search_over_a_pipeline_in_two_processes(iris):
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), quick(max_iter=30))
    grid = {"sparsemlpclassifier__density": [0.25, 1.0], "sparsemlpclassifier__rule": ["static", "set"]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, y)
    assert search.best_score_ > 0.8
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))
    alone = clone(pipeline).set_params(**search.best_params_).fit(X, y)
    np.testing.assert_array_equal(search.predict(X), alone.predict(X))


def test_importing_the_package_leaves_scikit_learn_alone():
    code = "import sys, sparse_mlp; assert 'sklearn' not in sys.modules; print(sparse_mlp.SparseMLPClassifier)"
    subprocess.run([sys.executable, "-c", code], check=True)


# Going on


@BOTH
def test_partial_fit_on_all_data_is_one_epoch_of_fit(digits, kind):
    X, _, y, _ = digits
    X, y = X[:200], y[:200].astype(np.int64 if kind is SparseMLPClassifier else float)
    params = {"tol": 0.0, "n_iter_no_change": 100, "max_iter": 4, "learning_rate": "cosine"}
    whole, pieces = quick(kind, **params).fit(X, y), quick(kind, **params)
    first = {"classes": np.unique(y)} if kind is SparseMLPClassifier else {}
    for options in (first, {}, {}, {}):
        pieces.partial_fit(X, y, **options)
    assert len(whole.history_.updates) == 3
    assert_same_network(whole, pieces)
    assert pieces.loss_curve_ == whole.loss_curve_ and pieces.n_iter_ == whole.n_iter_ == 4


OPTIONS = {"rigl": {"update_steps": 3}, "cht-conv": {"graph": "layer"}}  # 7 batches an epoch; no kernels


@pytest.mark.parametrize("name", RULES)
def test_partial_fit_equals_fit_with_every_rule(digits, name):
    X, _, y, _ = digits
    rule = make_rule(name, **OPTIONS[name]) if name in OPTIONS else name
    params = {"tol": 0.0, "max_iter": 4, "density": 0.1, "hidden_layer_sizes": (30, 20), "rule": rule}
    whole, pieces = quick(**params).fit(X[:200], y[:200]), quick(**params)
    for _ in range(4):
        pieces.partial_fit(X[:200], y[:200], classes=range(10))
    assert_same_network(whole, pieces)
    expected = {"static": 0, "dense": 0, "rigl": 6, "cht-conv": 2}.get(name, 3)  # the last two up to three quarters
    if name != "cht":  # which may settle before
        assert len(pieces.history_.updates) == expected
    if name == "chtss":
        assert [layer.structure.nnz for layer in pieces.model_.sparse_layers] == [192, 60]


@pytest.mark.parametrize("name", ["set", "rigl", "chtss"])
def test_pieces_that_get_smaller(digits, name):
    X, _, y, _ = digits
    network = quick(rule=name, density=0.1, max_iter=2).partial_fit(X, y, classes=range(10))
    for size in (40, 300, 1):
        network.partial_fit(X[:size], y[:size])
    assert network.n_iter_ == 4


def test_partial_fit_sees_classes_before_their_samples(iris):
    X, y = iris
    later = y > 0
    network = quick(density=0.5).partial_fit(X[later], y[later], classes=[2, 0, 1])
    for _ in range(30):
        network.partial_fit(X[later], y[later])
    assert network.predict_proba(X).shape == (150, 3)
    assert network.score(X[later], y[later]) > 0.8
    for _ in range(30):
        network.partial_fit(X, y)
    assert set(network.predict(X)) == {0, 1, 2}


def test_partial_fit_goes_on_after_an_early_stop(iris):
    X, y = iris
    network = quick(early_stopping=True).fit(X, y)
    with pytest.raises(InvalidInputError, match="early_stopping=True"):
        network.partial_fit(X, y)
    before = parameters(network).copy()
    network.set_params(early_stopping=False).partial_fit(X, y)
    assert network.n_iter_ == 1 and not np.array_equal(before, parameters(network))


def test_warm_start_goes_on(digits):
    X, _, y, _ = digits
    network = quick(warm_start=True, max_iter=3).fit(X, y)
    first = list(network.loss_curve_)
    network.set_params(learning_rate_init=0.002).fit(X, y)
    assert network.loss_curve_[:3] == first and len(network.loss_curve_) == 6 and network.n_iter_ == 3
    assert network.loss_curve_[3] < 0.7 * first[0]
    assert network.history_[0]["kind"] == "update"  # the one that the first training left out
    cold = quick(max_iter=3).fit(X, y).fit(X, y)
    assert cold.loss_curve_ == first


@pytest.mark.parametrize("name", RULES)
def test_warm_start_with_every_rule(digits, name):
    X, _, y, _ = digits
    rule = make_rule(name, **OPTIONS[name]) if name in OPTIONS else name
    params = {"tol": 0.0, "density": 0.1, "hidden_layer_sizes": (30, 20), "rule": rule, "max_iter": 3}
    network = quick(warm_start=True, **params).fit(X[:200], y[:200])
    links = [layer.structure.nnz for layer in network.model_.sparse_layers]
    assert links == ([] if name == "dense" else [192, 60])
    network.fit(X[:200], y[:200])
    assert [layer.structure.nnz for layer in network.model_.sparse_layers] == links
    kinds = [record["kind"] for record in network.history_]
    assert (kinds[0] == "update") == (name not in ("static", "dense"))
    if name == "rigl":  # up to three quarters of 21 batches
        assert [update["step"] for update in network.history_.updates] == [3, 6, 9, 12, 15]


@pytest.mark.parametrize("rule", ["chtss", make_rule("chtss", density=0.1)])
def test_a_decay_goes_on_from_where_it_stands(digits, rule):
    X, _, y, _ = digits
    sizes = {"hidden_layer_sizes": (30, 20, 7, 5), "density": 0.1, "rule": rule, "max_iter": 8, "warm_start": True}
    network = quick(**sizes)
    for _ in range(3):
        network.partial_fit(X, y, classes=np.unique(y))  # in the middle of it
    before = [layer.structure.nnz for layer in network.model_.sparse_layers]
    assert 192 < before[0] < 960
    network.set_params(tol=0.0, n_iter_no_change=10).fit(X, y)
    after = [sum(update["layers"][i]["after"] for i in range(4)) for update in network.history_.updates]
    assert after[0] <= sum(before) and after == sorted(after, reverse=True)
    assert [layer.structure.nnz for layer in network.model_.sparse_layers] == [192, 60, 14, 4]


def test_density_from_here_is_what_the_net_has_or_less():
    net = SparseMLP([10, 20, 30, 3], density=0.3, rng=0)
    rule = resume_density(make_rule("chtss", density=0.1), net)
    assert rule.density_at(0.0) == pytest.approx(0.3, abs=1e-12) and rule.density_at(1.0) == 0.1
    higher = resume_density(make_rule("chtss", density=0.4), net)
    assert higher.density_at(0.0) == higher.density_at(1.0) == pytest.approx(0.3, abs=1e-12)
    fixed = make_rule("set")
    assert resume_density(fixed, net) is fixed


def test_warm_start_says_what_it_cannot_go_on_with(iris):
    X, y = iris
    network = quick(warm_start=True).fit(X, y)
    with pytest.raises(InvalidInputError, match=r"\[4, 30, 3\] for a network of \[4, 20, 3\]"):
        network.set_params(hidden_layer_sizes=(30,)).fit(X, y)


# Stopping


def test_stops_where_the_loss_is_flat(iris):
    X, y = iris
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = quick(max_iter=500, tol=10.0, n_iter_no_change=3).fit(X, y)
    assert network.n_iter_ == 4  # the first epoch is an improvement over nothing
    assert network.loss_ == network.loss_curve_[-1] and network.best_loss_ == min(network.loss_curve_)
    with pytest.warns(ConvergenceWarning, match="max_iter=3 epochs are over"):
        quick(max_iter=3).fit(X, y)


@BOTH
@pytest.mark.parametrize("topology", ["correlated", "snip"])
def test_topologies_that_look_at_the_training_set(iris, kind, topology):
    X, y = iris
    params = {"topology": topology, "hidden_layer_sizes": (20, 30), "density": 0.25, "rule": "static"}
    network = quick(kind, **params).fit(X, y)
    target = y if kind is SparseMLPClassifier else y.reshape(-1, 1).astype(float)
    stream = spawn_streams(np.random.RandomState(0).randint(np.iinfo(np.int32).max))["topology"]
    sizes = [4, 20, 30, network.n_outputs_]
    expected = wire(topology, sizes, [20, 150], data=(X.astype(np.float32), target), rng=stream)
    assert [layer.structure for layer in network.model_.sparse_layers] == expected
    classes = {"classes": np.unique(y)} if kind is SparseMLPClassifier else {}
    pieces = quick(kind, **params).partial_fit(X, y, **classes)
    assert [layer.structure for layer in pieces.model_.sparse_layers] == expected


def test_snip_wires_all_layers_alike_where_the_density_decays(iris):
    network = quick(topology="snip", rule="chtss", hidden_layer_sizes=(20, 30), density=0.25).fit(*iris)
    assert network.history_.epochs[0]["links"] == [40, 300]
    assert [layer.structure.nnz for layer in network.model_.sparse_layers] == [20, 150]


def test_options_of_the_topology_reach_it(iris):
    params = {"topology": "snip", "hidden_layer_sizes": (20, 30), "density": 0.25, "rule": "static"}
    counts = {}
    for scope in ("global", "layer"):
        network = quick(**params, topology_params={"scope": scope}).fit(*iris)
        counts[scope] = [layer.structure.nnz for layer in network.model_.sparse_layers]
    assert counts["layer"] == [20, 150]
    assert sum(counts["global"]) == 170 and counts["global"] != [20, 150]


def test_options_do_not_undo_what_a_decaying_density_asks_for(iris):
    params = {"topology": "snip", "rule": "chtss", "hidden_layer_sizes": (20, 30), "density": 0.25}
    network = quick(**params, topology_params={"batch": 64}).fit(*iris)
    assert network.history_.epochs[0]["links"] == [40, 300]


def test_wiring_does_not_look_at_the_validation_set(iris, monkeypatch):
    X, y = iris
    seen, generator = [], NETWORK_GENERATORS["correlated"]

    def watching(sizes, links, rng, *, data):
        seen.append(data)
        return generator(sizes, links, rng, data=data)

    monkeypatch.setitem(NETWORK_GENERATORS, "correlated", watching)
    quick(topology="correlated", early_stopping=True).fit(X, y)
    assert [(len(x), len(target)) for x, target in seen] == [(135, 135)]


@BOTH
def test_early_stopping_keeps_the_best_network(digits, kind):
    X, _, y, _ = digits
    network = quick(kind, early_stopping=True, max_iter=200, n_iter_no_change=4, learning_rate_init=0.03).fit(X, y)
    scores = network.validation_scores_
    assert len(scores) == network.n_iter_ < 200
    assert network.best_validation_score_ == max(scores) > scores[-1]
    rng = np.random.default_rng(np.random.RandomState(0).randint(np.iinfo(np.int32).max))
    labels = y if kind is SparseMLPClassifier else None
    _, X_validation, _, y_validation = train_test_split(
        X, y, test_size=0.1, random_state=int(rng.integers(2**31)), stratify=labels
    )
    assert network.score(X_validation, y_validation) == pytest.approx(max(scores), abs=1e-6)


def test_interrupt_keeps_whole_epochs_only(iris, monkeypatch):
    X, y = iris

    class Interrupts(Callback):
        def on_step(self, trainer):
            if trainer.step == self.at:
                import signal

                signal.raise_signal(signal.SIGINT)

    interrupts = Interrupts()
    monkeypatch.setattr("sparse_mlp.estimators.base.Progress", lambda: interrupts)
    interrupts.at = 8  # 5 batches an epoch
    with pytest.warns(UserWarning, match="interrupted"):
        network = quick(verbose=True).fit(X, y)
    assert network.n_iter_ == len(network.loss_curve_) == 1
    assert network.set_params(verbose=False).partial_fit(X, y).n_iter_ == 1
    interrupts.at = 3
    with pytest.raises(KeyboardInterrupt):
        quick(verbose=True).fit(X, y)


def test_divergence_is_an_error(iris):
    X, y = iris
    with pytest.raises(DivergenceError), np.errstate(all="ignore"):
        quick(SparseMLPRegressor, solver="sgd", learning_rate_init=1e3, max_iter=50).fit(X, y.astype(float))


# Parameters


def test_density_is_exact_and_auto_gives_each_neuron_a_link(digits, iris):
    X, _, y, _ = digits
    assert quick(density=0.03).fit(X, y).model_.sparse_layers[0].structure.nnz == round(0.03 * 64 * 20)
    assert quick().fit(X, y).model_.sparse_layers[0].structure.nnz == 128
    assert quick().fit(*iris).model_.sparse_layers[0].structure.nnz == 20


@pytest.mark.parametrize("mode", ["shared", "block"])
@BOTH
def test_links_between_motifs(digits, kind, mode):
    X_train, X_test, y_train, y_test = digits
    network = quick(kind, motif_size=2, motif_mode=mode, hidden_layer_sizes=(80,), density=0.3, max_iter=15)
    first = network.fit(X_train / 16, y_train).model_.sparse_layers[0]
    assert (first.motif_size, first.mode, first.structure.shape) == (2, mode, (32, 40))
    assert first.structure.nnz == 384 and len(network.history_.updates) == 14
    assert network.score(X_test / 16, y_test) > (0.8 if kind is SparseMLPClassifier else 0.5)


def test_features_that_motifs_do_not_divide_are_padded(iris):
    """Four features are two motifs of three; "auto" then gives each motif a link, and more would be 0.1 of 2 x 3."""
    network = quick(motif_size=3, pad=True, hidden_layer_sizes=(9,)).fit(*iris)
    first = network.model_.sparse_layers[0]
    assert first.structure.shape == (2, 3) and first.structure.nnz == 3
    assert network.model_.sizes == [4, 9, 3] and network.predict(iris[0]).shape == (150,)


@pytest.mark.parametrize("name", ["static", "set", "rlr", "dense"])
def test_rules(iris, name):
    network = quick(rule=name, zeta=0.5, density=0.5).fit(*iris)
    assert len(network.history_.updates) == (5 if name in ("set", "rlr") else 0)
    assert [layer.structure.nnz for layer in network.model_.sparse_layers] == ([] if name == "dense" else [40])
    grown = [update["layers"][0]["grown"] for update in network.history_.updates]
    assert set(grown) <= {19, 20}  # half of 40, for set rounded down in each sign


@pytest.mark.parametrize("name", ["path-count", "ch3l3", "rigl", "cht", "chts", "chtss"])
def test_rules_that_predict_links(digits, name):
    X, _, y, _ = digits
    network = quick(rule=name, density=0.1, hidden_layer_sizes=(30, 20), max_iter=12).fit(X, y)
    assert network.history_.updates
    assert network.history_.updates[0]["layers"][0]["grown"] > 0
    assert [layer.structure.nnz for layer in network.model_.sparse_layers] == [192, 60]


@pytest.mark.parametrize("backend", ["reference", "scipy"])
@BOTH
def test_backends_agree(iris, kind, backend):
    X, y = iris[0][::5], iris[1][::5]
    params = {"max_iter": 3, "hidden_layer_sizes": (6,), "dtype": "float64"}
    one, other = quick(kind, **params).fit(X, y), quick(kind, backend=backend, **params).fit(X, y)
    np.testing.assert_allclose(parameters(one), parameters(other), rtol=1e-9, atol=1e-12)
    assert other.model_.backend == backend


@pytest.mark.parametrize(
    "params",
    [
        {"activation": "logistic"}, {"activation": "tanh"}, {"solver": "sgd", "momentum": 0.0}, {"batch_size": 7},
        {"hidden_layer_sizes": 9}, {"hidden_layer_sizes": np.array([9, 8])}, {"hidden_layer_sizes": ()},
        {"learning_rate": "linear", "shuffle": False, "solver": "sgd"}, {"dtype": "float64"}, {"batch_size": 10**6},
    ],
)  # fmt: skip
def test_parameters_that_are_understood(iris, params):
    network = quick(**{"max_iter": 40, "learning_rate_init": 0.05, "density": 0.5, **params}).fit(*iris)
    assert network.score(*iris) > 0.6
    assert network.n_layers_ == len(network.model_.sizes)


@BOTH
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"density": 5}, "density=5"),
        ({"density": "some"}, "density='some'"),
        ({"zeta": 1.5}, "zeta=1.5"),
        ({"rule": "sett"}, "rule='sett'.*did you mean 'set'"),
        ({"topology": "erdos"}, "topology='erdos'.*did you mean 'erdos-renyi'"),
        ({"topology_params": {"scope": "layer"}}, "option 'scope' of topology erdos-renyi"),
        ({"solver": "lbfgs"}, "solver='lbfgs'"),
        ({"activation": "gelu"}, "activation='gelu'"),
        ({"learning_rate": "adaptive"}, "learning_rate='adaptive'"),
        ({"learning_rate_init": 0}, "learning_rate_init=0"),
        ({"hidden_layer_sizes": (10, 0)}, "hidden_layer_sizes=0"),
        ({"hidden_layer_sizes": "10"}, "hidden_layer_sizes='1'"),
        ({"batch_size": "big"}, "batch_size='big'"),
        ({"max_iter": 0}, "max_iter=0"),
        ({"n_iter_no_change": 2.5}, "n_iter_no_change=2.5"),
        ({"momentum": 1.0}, "momentum=1.0"),
        ({"beta_2": 1.0}, "beta_2=1.0"),
        ({"epsilon": 0.0}, "epsilon=0.0"),
        ({"alpha": -1.0}, "alpha=-1.0"),
        ({"tol": np.nan}, "tol=nan"),
        ({"validation_fraction": 1.0}, "validation_fraction=1.0"),
        ({"backend": "torch"}, "backend='torch'"),
        ({"dtype": "float16"}, "dtype='float16'"),
        ({"motif_size": 0}, "motif_size=0"),
        ({"motif_mode": "blocks"}, "motif_mode='blocks'.*did you mean 'block'"),
        ({"motif_size": 3}, "input of 4 features for motif_size=3"),
        ({"motif_size": 2, "hidden_layer_sizes": (21,)}, "hidden layer 1 of 21 neurons for motif_size=2"),
        ({"motif_size": 2, "rule": "dense"}, "motif_size=2 with a rule for dense layers"),
        ({"random_state": "seven"}, "'seven' cannot be used to seed"),
    ],
)
def test_bad_parameters_say_so_at_fit(iris, kind, params, message):
    with pytest.raises(ValueError, match=message):
        quick(kind, **params).fit(*iris)


def test_bad_classes_say_so(iris):
    X, y = iris
    with pytest.raises(InvalidInputError, match="classes=None"):
        quick().partial_fit(X, y)
    with pytest.raises(InvalidInputError, match=r"unknown classes \[2\]; expected among \[0 1\]"):
        quick().partial_fit(X, y, classes=[0, 1])
    network = quick().partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(InvalidInputError, match="as in the first call"):
        network.partial_fit(X, y, classes=[0, 1, 2, 3])


# Sample weights


@BOTH
@pytest.mark.parametrize("check", ROUNDED)
def test_a_weight_counts_like_as_many_samples(kind, check):
    getattr(estimator_checks, check)(kind.__name__, kind(max_iter=60, dtype="float64"))


@BOTH
@pytest.mark.parametrize("params", [{}, {"early_stopping": True, "validation_fraction": 0.2}, {"backend": "scipy"}])
def test_weights_of_1_give_the_bytes_of_none(iris, kind, params):
    X, y = iris
    plain, weighted = quick(kind, **params).fit(X, y), quick(kind, **params).fit(X, y, sample_weight=np.ones(150))
    assert_same_network(plain, weighted)
    assert plain.loss_curve_ == weighted.loss_curve_
    assert plain.validation_scores_ == weighted.validation_scores_


@BOTH
def test_a_sample_of_weight_0_might_as_well_have_another_target(iris, kind):
    X, y = iris
    weights, other = np.ones(150), y.copy()
    weights[::3], other[::3] = 0, (y[::3] + 1) % 3
    networks = [quick(kind, early_stopping=True).fit(X, target, sample_weight=weights) for target in (y, y)]
    assert_same_network(*networks)
    if kind is SparseMLPRegressor:  # a classifier splits by class
        assert_same_network(networks[0], quick(kind, early_stopping=True).fit(X, other, sample_weight=weights))
    assert_same_network(*(quick(kind).fit(X, target, sample_weight=weights) for target in (y, other)))


def test_weights_pull_towards_the_heavy_class(iris):
    X, y = iris
    labels, noise = y == 1, np.random.default_rng(0).normal(size=X.shape)
    shares = []
    for weight in (0.1, 1, 10):
        network = quick(max_iter=30).fit(X + 2 * noise, labels, sample_weight=np.where(labels, weight, 1))
        shares.append(network.predict(X + 2 * noise).mean())
    assert shares[0] < shares[1] < shares[2]


@BOTH
def test_pieces_with_weights(iris, kind):
    X, y = iris
    weights = np.random.default_rng(0).random(150)
    whole, pieces = quick(kind, max_iter=3).fit(X, y, weights), quick(kind, max_iter=3)
    for _ in range(3):
        classes = {"classes": [0, 1, 2]} if kind is SparseMLPClassifier else {}
        pieces.partial_fit(X, y, **classes, sample_weight=weights)
    assert_same_network(whole, pieces)


def test_boosting_takes_the_classifier(iris):
    X, y = iris
    assert AdaBoostClassifier(quick(max_iter=20), n_estimators=3, random_state=0).fit(X, y).score(X, y) > 0.7


@pytest.mark.parametrize(
    ("weights", "named"),
    [
        (np.zeros(150), "all zero"),
        (np.ones(149), r"shape \(149,\)"),
        (-np.ones(150), "negative"),
        (np.full(150, np.inf), "infinite"),
        (np.ones(150, complex), "complex"),
    ],
)
def test_weights_that_cannot_be_used(iris, weights, named):
    with pytest.raises(InvalidInputError, match=f"sample weights.*{named}"):
        quick().fit(*iris, sample_weight=weights)


def test_a_validation_part_of_weight_0_is_refused(iris):
    X, y = iris
    seen = quick(early_stopping=True).fit(X, y)
    with pytest.raises(InvalidInputError, match="validation sample weights"):
        for i in range(150):  # until all that counts is trained on
            seen.fit(X, y, sample_weight=np.arange(150) == i)


# Rare classes


def test_a_class_with_one_sample_is_trained_on_and_named(iris):
    X, y = iris
    labels = np.array(["ivy", "elm", "ash"], object)[y]
    labels[0] = "mistyped"
    with pytest.warns(UserWarning, match=r"'mistyped' \(1 sample\)"):
        network = quick(early_stopping=True).fit(X, labels)
    assert network.classes_.tolist() == ["ash", "elm", "ivy", "mistyped"]


def test_too_few_samples_for_each_class_are_drawn_regardless_of_class(iris):
    X, y = iris
    with pytest.warns(UserWarning, match="regardless of class"):
        quick(early_stopping=True).fit(X[::10], y[::10])
    with pytest.warns(UserWarning, match="regardless of class"):
        quick(early_stopping=True).fit(X[:12], np.arange(12))


def test_split_by_hand():
    """Ten samples: 4 + 4 of two classes, one of class 2, one of class 3. A quarter of the eight, one of each class."""
    target, classes = np.array([0, 1, 0, 1, 2, 0, 1, 0, 1, 3]), np.array([*"abcd"])
    with pytest.warns(UserWarning, match=r"'c' \(1 sample\), 'd' \(1 sample\)"):
        kept, aside = split_by_class(target, classes, 0.25, seed=0)
    assert sorted([*kept, *aside]) == list(range(10)) and sorted(target[aside]) == [0, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept, aside = split_by_class(target[:4], classes[:2], 0.5, seed=0)
    assert sorted(target[kept]) == sorted(target[aside]) == [0, 1]
