"""The classifier of images: scikit-learn's own checks, then what it promises beyond those."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from sparse_mlp import SparseConvClassifier, SparseMLPClassifier
from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import make_rule
from sparse_mlp.layers import BatchNorm
from sparse_mlp.models import vgg
from sparse_mlp.options import options_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROWS = {"image_shape": (1, 1, -1), "max_iter": 30}  # the checks have rows of few features: images of one row
NORMED = SparseConvClassifier("8", **ROWS)
PLAIN = SparseConvClassifier("4", batch_norm=False, head=(20,), first="dense", dtype="float64", **ROWS)
# Name of a check → why it may fail; PLAIN passes all.
OF_BATCHES = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "the statistics of a batch count samples, whatever their weights",
) | {"check_fit2d_1feature": "an image of one pixel has room for one link, not for three of nine"}


@pytest.mark.filterwarnings("ignore:.*taps that see no pixel:UserWarning")
@parametrize_with_checks([NORMED, PLAIN], expected_failed_checks=lambda e: OF_BATCHES if e.batch_norm else {})
def test_keeps_the_contract_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    data = load_digits()
    return (data.images / 16 - 0.3).astype(np.float32), data.target


def quick(plan: Any = "4-M-8-M", **params: Any) -> SparseConvClassifier:
    return SparseConvClassifier(plan, **{"max_iter": 3, "random_state": 0, **params})


def same(one: Any, other: Any) -> None:
    np.testing.assert_array_equal(one.model_.store.values, other.model_.store.values)
    for mine, yours in zip(one.model_.store.state().values(), other.model_.store.state().values(), strict=True):
        np.testing.assert_array_equal(mine, yours)


def test_learns_digits(digits: Any) -> None:
    X, y = digits
    network = quick("8-M-16-M", max_iter=12, flip=0.0).fit(X[:1400], y[:1400])
    assert network.score(X[1400:], y[1400:]) > 0.85
    assert [layer.structure.degrees_out().tolist() for layer in network.model_.sparse_layers] == [[3] * 8, [22] * 16]
    assert len(network.history_.updates) == 8  # up to three quarters of twelve epochs
    assert (network.image_shape_, network.n_features_in_, network.n_layers_) == ((1, 8, 8), 64, 4)
    np.testing.assert_allclose(network.predict_proba(X[:5]).sum(axis=1), 1)


def test_images_in_every_form(digits: Any) -> None:
    X, y = digits[0][:200], digits[1][:200]
    network = quick().fit(X, y)
    rows = X.reshape(200, 64)
    forms = [
        (quick(), X[:, None]), (quick(image_shape=(1, 8, 8)), rows), (quick(image_shape=(8, 8)), rows),
        (quick(image_shape=(-1, 8)), rows), (quick(image_shape=[1, 8, 8]), X), (quick(), X.tolist()),
        (quick(image_shape=(8, 8)), csr_array(rows)),
    ]  # fmt: skip
    for estimator, form in forms:
        same(estimator.fit(form, y), network)
        np.testing.assert_array_equal(estimator.predict(form), network.predict(X))
    np.testing.assert_array_equal(network.predict(rows), network.predict(X[:, None]))  # once the shape is known


def test_channels_come_first(digits: Any) -> None:
    X, y = np.repeat(digits[0][:60, None], 3, axis=1), digits[1][:60]
    network = quick().fit(X, y)
    assert (network.image_shape_, network.n_features_in_) == ((3, 8, 8), 192)
    for wrong in (X.transpose(0, 2, 3, 1), X[:, :2], X[:, 0], X[..., None]):
        with pytest.raises(InvalidInputError, match="channels come first"):
            network.predict(wrong)
    with pytest.raises(ValueError, match="features"):
        network.predict(X[:, 0].reshape(60, 64))


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "flat X of 64 features"), ({"image_shape": (3, 8, 8)}, "image_shape"),
        ({"image_shape": (8,)}, "image_shape"),
        ({"image_shape": (1, 0, -1)}, "image_shape"), ({"image_shape": (-1, 7)}, "image_shape"),
        ({"plan": "4-M-M-M-M", "image_shape": (8, 8)}, "pooling 5"), ({"plan": "none"}, "plan"), ({"flip": 2}, "flip"),
        ({"image_shape": (8, 8), "rule": "cht"}, "for a convolution"), ({"first": "x", "image_shape": (8, 8)}, "first"),
        ({"image_shape": (8, 8), "topology": "snip"}, "topology=snip"), ({"density": 0.0}, "density"),
    ],
)  # fmt: skip
def test_refused(digits: Any, params: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        quick(**params).fit(digits[0][:60].reshape(60, 64), digits[1][:60])


def test_an_image_shape_that_images_do_not_have(digits: Any) -> None:
    with pytest.raises(InvalidInputError, match="image_shape"):
        quick(image_shape=(1, 4, 16)).fit(digits[0][:60], digits[1][:60])


def test_options_reach_the_network(digits: Any) -> None:
    X, y = digits[0][:100], digits[1][:100]
    network = quick(
        "4-M", first="dense", batch_norm=False, head=(7,), density=0.5, rule=make_rule("set", budget="kernel"), flip=1.0
    ).fit(X, y)
    layers = list(network.model_.root.children.values())
    assert not any(isinstance(layer, BatchNorm) for layer in layers)
    assert [layer.structure.nnz for layer in network.model_.sparse_layers] == [36]
    assert network.model_.evolving_layers == []
    mirrored = quick("4-M", first="dense", batch_norm=False, head=(7,), density=0.5, rule="static").fit(X[..., ::-1], y)
    same(network, mirrored)  # all images were mirrored
    whole = quick("4-M", per_kernel=False, density=0.28).fit(X, y)
    assert whole.model_.sparse_layers[0].structure.nnz == 10
    dense = quick(rule="dense").fit(X, y)
    assert [layer.structure.density for layer in dense.model_.sparse_layers] == [1.0, 1.0]


def test_goes_on_and_stops_early(digits: Any) -> None:
    X, y = digits[0][:200], digits[1][:200]
    whole, pieces = quick(max_iter=4, tol=0.0).fit(X, y), quick(max_iter=4, tol=0.0)
    for _ in range(4):
        pieces.partial_fit(X, y, classes=range(10))
    same(whole, pieces)
    warm = quick(warm_start=True).fit(X, y)
    before = warm.model_
    assert warm.fit(X, y).model_ is before and len(warm.loss_curve_) == 6
    with pytest.raises(InvalidInputError, match="warm_start=False"):
        warm.set_params(plan="4-8").fit(X, y)
    early = quick(max_iter=5, early_stopping=True, validation_fraction=0.3).fit(X, y)
    assert early.best_validation_score_ == max(early.validation_scores_)


def test_copies_and_company(digits: Any) -> None:
    X, y = digits[0][:120], digits[1][:120]
    network = quick(flip=0.5).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(network)).predict(X), network.predict(X))
    same(clone(network).fit(X, y), network)
    search = GridSearchCV(quick(max_iter=1), {"density": [0.3, 1.0]}, cv=2).fit(X, y)  # which cuts images, too
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))


def test_parameters_are_those_of_the_network_and_of_the_other_classifier() -> None:
    options, others, model = (options_of(kind) for kind in (SparseConvClassifier, SparseMLPClassifier, vgg))
    for name in ("first", "batch_norm", "per_kernel", "head", "topology"):
        assert options[name].default == model[name].default, name
    ours = {"plan", "image_shape", "head", "first", "batch_norm", "per_kernel", "flip"}
    theirs = {"hidden_layer_sizes", "activation", "motif_size", "motif_mode", "pad"}
    assert set(options) - set(others) == ours and set(others) - set(options) == theirs
    differing = {name for name in set(options) & set(others) if options[name].default != others[name].default}
    assert differing == {"rule", "max_iter"}
    assert all(option.help or option.choices for option in options.values())
