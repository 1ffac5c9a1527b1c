"""Adversarial inputs: by hand, against central differences, and what may never leave its bounds."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.layers import Dropout, SoftmaxCrossEntropy, SparseLinear
from sparse_mlp.models import SparseMLP
from sparse_mlp.robustness import adversarial, adversarial_accuracy, fgsm, input_gradient, pgd
from sparse_mlp.robustness.adversarial import SAMPLE_CHUNK
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training import Trainer

# Two features, two classes; the score of a class is its feature, times 2 for the first.
STRAIGHT = SparseMLP.from_layers(
    [SparseLinear(SparseStructure.from_coo([0, 1], [0, 1], (2, 2)), [2.0, 1.0], dtype="float64")]
)


@pytest.fixture(scope="module")
def trained() -> tuple[SparseMLP, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=400)
    x = (rng.standard_normal((4, 12))[labels] + 0.5 * rng.standard_normal((400, 12))).astype(np.float32)
    model = SparseMLP([12, 30, 30, 4], density=0.3, rng=0)
    Trainer(model, rule="static", optimizer="sgd", rng=0).fit((x, labels), epochs=5)
    return model, x, labels


def losses(model: SparseMLP, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    loss = SoftmaxCrossEntropy()
    return np.array([loss.forward(model.forward(x[j : j + 1])[0], labels[j : j + 1])[0] for j in range(len(x))])


def test_gradient_by_hand():
    # scores (0, 0), probabilities a half: the gradient by the scores is (-.5, .5) for class 0
    gradient = input_gradient(STRAIGHT, np.zeros((2, 2)), np.array([0, 1]))
    np.testing.assert_allclose(gradient, [[-1.0, 0.5], [1.0, -0.5]])


def test_fgsm_by_hand():
    changed = fgsm(STRAIGHT, np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([0, 1]), 0.25)
    assert changed.tolist() == [[0.75, 0.25], [0.25, 2.75]]
    each = fgsm(STRAIGHT, np.array([[1.0, 0.0]]), np.array([0]), [0.5, 0.0])
    assert each.tolist() == [[0.5, 0.0]]
    # class 0 wins until 2 (1 - e) < e, class 1 until 3 - e < 2 e
    epsilons = [0, 0.6, 0.7, 0.9, 1.1]
    x, y = np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([0, 1])
    for attack in ("fgsm", "pgd"):
        assert adversarial_accuracy(STRAIGHT, x, y, epsilons, attack=attack).tolist() == [1, 1, 0.5, 0.5, 0]
    halved = adversarial_accuracy(STRAIGHT, x, y, 2 * np.array(epsilons), unit=0.5)
    assert halved.tolist() == [1, 1, 0.5, 0.5, 0]
    only_first = adversarial_accuracy(STRAIGHT, x, y, [1.1, 3.1], unit=[1.0, 0.0])
    assert only_first.tolist() == [0.5, 0.0]  # 2 (1 - 1.1) < 0, but 2 * 1.1 < 3


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "tanh"},
        {"activation": "relu"},
        {"activation": "sigmoid", "dense_readout": False},
        {"activation": "tanh", "motif_size": 5, "pad": True},
        {"activation": "tanh", "motif_size": 5, "motif_mode": "block", "pad": True},
        {"activation": "tanh", "dropout": 0.5},
    ],
    ids=str,
)
@pytest.mark.parametrize("backend", ["numba", "scipy"])
def test_gradient_against_central_differences(options, backend):
    model = SparseMLP([8, 20, 15, 4], density=0.4, rng=1, dtype=np.float64, backend=backend, **options)
    assert ("dropout" in options) == any(isinstance(layer, Dropout) for layer in model.layers)
    rng = np.random.default_rng(0)
    x, labels, step = rng.standard_normal((3, 8)), np.array([0, 3, 1]), 1e-6
    gradient = input_gradient(model, x, labels)
    assert np.abs(gradient).max() > 1e-3
    for u in range(8):
        shift = step * np.eye(8)[u]
        numeric = (losses(model, x + shift, labels) - losses(model, x - shift, labels)) / (2 * step)
        np.testing.assert_allclose(gradient[:, u], numeric, rtol=1e-6, atol=1e-9)


def test_a_gradient_does_not_know_its_company():
    model = SparseMLP([8, 20, 4], density=0.4, rng=1, dtype=np.float64)
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((SAMPLE_CHUNK + 5, 8)), rng.integers(4, size=SAMPLE_CHUNK + 5)
    whole = input_gradient(model, x, labels)
    for at in (0, SAMPLE_CHUNK - 1, SAMPLE_CHUNK, SAMPLE_CHUNK + 4):
        np.testing.assert_allclose(whole[at], input_gradient(model, x[[at]], labels[[at]])[0], rtol=1e-12)


def test_attacks_raise_the_loss_and_stay_within_reach(trained):
    model, x, labels = trained
    before = losses(model, x, labels).mean()
    quick, slow = fgsm(model, x, labels, 0.2), pgd(model, x, labels, 0.2)
    assert before < losses(model, quick, labels).mean() <= losses(model, slow, labels).mean()
    for changed in (quick, slow):
        assert changed.dtype == np.float32 and changed.shape == x.shape
        assert np.abs(changed - x).max() <= 0.2 + 1e-6
    noise = np.random.default_rng(1).choice([-0.2, 0.2], x.shape).astype(np.float32)
    assert losses(model, x + noise, labels).mean() < losses(model, quick, labels).mean()


def test_bounds_hold_and_what_lay_outside_stays(trained):
    model, x, labels = trained
    bounds = (-1.0, 1.0)
    inside = np.clip(x, *bounds)
    for changed in (fgsm(model, inside, labels, 0.5, bounds=bounds), pgd(model, inside, labels, 0.5, bounds=bounds)):
        assert changed.min() >= -1 and changed.max() <= 1 and np.abs(changed - inside).max() <= 0.5 + 1e-6
    changed = fgsm(model, x, labels, 0.5, bounds=bounds)
    assert np.all(changed <= np.maximum(x, 1)) and np.all(changed >= np.minimum(x, -1))
    assert np.abs(changed - x).max() <= 0.5 + 1e-6


def test_the_way_up_never_leaves_the_bounds(trained, monkeypatch):
    model, x, labels = trained
    seen, gradient = [], adversarial._gradient
    monkeypatch.setattr(adversarial, "_gradient", lambda *given: (seen.append(given[1]), gradient(*given))[1])
    pgd(model, np.clip(x, -1, 1), labels, 0.5, bounds=(-1.0, 1.0))
    assert len(seen) == 10 and all(np.abs(points).max() <= 1 for points in seen)


def test_pgd_starts_at_random_and_steps_as_told(trained):
    model, x, labels = trained
    one = pgd(model, x, labels, 0.3, rng=1)
    assert one.tobytes() == pgd(model, x, labels, 0.3, rng=1).tobytes()
    assert one.tobytes() != pgd(model, x, labels, 0.3, rng=2).tobytes()
    start = pgd(model, x, labels, 0.3, 1, 0.0, rng=1)  # no step at all: where it starts
    assert 0.29 < np.abs(start - x).max() <= 0.3 + 1e-6 and abs((start - x).mean()) < 0.02
    step = pgd(model, x, labels, 0.3, 1, 0.01, rng=1)
    assert np.abs(step - start).max() <= 0.01 + 1e-6
    assert np.all(pgd(model, x, labels, 0.0) == x)


def test_accuracy_falls_from_that_of_the_network(trained):
    model, x, labels = trained
    clean = np.mean(model.predict_scores(x).argmax(axis=1) == labels)
    values = model.store.values.tobytes()
    for attack in ("fgsm", "pgd"):
        found = adversarial_accuracy(model, x, labels, [0, 0.2, 0.5, 1.0], attack=attack)
        assert found[0] == clean > 0.9 and np.all(np.diff(found) < 0) and found[-1] < 0.5
    assert model.store.values.tobytes() == values
    first, again = (adversarial_accuracy(model, x, labels, e, attack="pgd", rng=4) for e in ([0.2, 0.5], [0.5]))
    assert first[1] == again[0]  # the starts of one epsilon do not depend on the others
    rng = np.random.default_rng(1)
    assert len(set(adversarial_accuracy(model, x, labels, [0.35] * 8, attack="pgd", steps=1, rng=rng))) == 1
    few, many = (adversarial_accuracy(model, x, labels, [0.3], attack="pgd", steps=n) for n in (1, 10))
    assert few[0] > many[0]


@pytest.mark.parametrize("epsilon", [-0.1, np.nan, [0.1, 0.2, 0.3]])
def test_no_epsilon_is_refused(epsilon):
    for attack in (fgsm, pgd):
        with pytest.raises(InvalidInputError, match="epsilon"):
            attack(STRAIGHT, np.zeros((1, 2)), np.array([0]), epsilon)


def test_what_cannot_be_done_is_refused():
    x, y = np.zeros((1, 2)), np.array([0])
    with pytest.raises(InvalidInputError, match="attack"):
        adversarial_accuracy(STRAIGHT, x, y, [0.1], attack="cw")
    with pytest.raises(InvalidInputError, match="steps"):
        pgd(STRAIGHT, x, y, 0.1, 0)
    with pytest.raises(InvalidInputError, match="steps=0"):
        pgd(STRAIGHT, x, y, 0.1, 0, 0.1)
    with pytest.raises(InvalidInputError, match="step_size=-1"):
        pgd(STRAIGHT, x, y, 0.1, 5, -1)
    with pytest.raises(InvalidInputError, match="bounds"):
        fgsm(STRAIGHT, x, y, 0.1, bounds=(1.0, 0.0))
    with pytest.raises(InvalidInputError, match="labels"):
        fgsm(STRAIGHT, x, np.array([5]), 0.1)
