"""What all optimizers promise: state that is saved, restored and carried over a topology update."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.optim import OPTIMIZERS, SGD, Adam, Optimizer, make_optimizer

every_optimizer = pytest.mark.parametrize("name", list(OPTIMIZERS))


def stepped(name, size=4, dtype="float64"):
    optimizer = make_optimizer(name)
    optimizer.init(size, dtype)
    gradient = np.arange(1, size + 1).astype(dtype)
    optimizer.step(np.ones(size, dtype), gradient, size)
    return optimizer


@every_optimizer
def test_remap_by_hand(name):
    optimizer = stepped(name)
    before = optimizer.state()
    optimizer.remap(np.array([3, -1, 0, -1, 1]), 5)
    after = optimizer.state()
    for key in optimizer.STATE:
        a, b, _, d = before[key]
        np.testing.assert_array_equal(after[key], [d, 0.0, a, 0.0, b])
    assert after.get("step") == before.get("step")


@every_optimizer
@given(data=st.data())
def test_survivors_keep_theirs_and_new_links_start_at_zero(name, data):
    size = data.draw(st.integers(1, 20))
    carry = np.array(data.draw(st.lists(st.integers(-1, size - 1), max_size=30)), np.int64)
    optimizer = stepped(name, size)
    before = optimizer.state()
    optimizer.remap(carry, len(carry))
    for key in optimizer.STATE:
        assert optimizer.arrays[key].dtype == before[key].dtype
        for value, position in zip(optimizer.arrays[key], carry, strict=True):
            assert value == (0.0 if position < 0 else before[key][position])
    optimizer.step(np.ones(len(carry)), np.ones(len(carry)), len(carry))  # it still fits


@every_optimizer
def test_an_identity_carry_changes_nothing(name):
    optimizer = stepped(name)
    before = optimizer.state()
    optimizer.remap(np.arange(4), 4)
    for key in optimizer.STATE:
        np.testing.assert_array_equal(optimizer.arrays[key], before[key])


@every_optimizer
def test_state_is_a_copy_and_init_starts_afresh(name):
    optimizer = stepped(name)
    optimizer.state()[optimizer.STATE[0]][:] = 99.0
    assert not np.any(optimizer.arrays[optimizer.STATE[0]] == 99.0)
    optimizer.init(4, "float64")
    assert all(not np.any(entry) for entry in optimizer.state().values())


@every_optimizer
def test_loaded_arrays_are_copies(name):
    optimizer, state = stepped(name), stepped(name).state()
    optimizer.load_state(state)
    kept = state[optimizer.STATE[0]].copy()
    optimizer.step(np.ones(4), np.ones(4), 4)
    np.testing.assert_array_equal(state[optimizer.STATE[0]], kept)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda o: o.load_state(stepped("adam").state()), "optimizer state with first, second, step"),
        (lambda o: o.load_state(stepped("sgd", 5).state()), r"of float64 \(5,\)"),
        (lambda o: o.load_state(stepped("sgd", 4, "float32").state()), r"'velocity' of float32 \(4,\)"),
        (lambda o: o.remap(np.array([0, 4]), 2), r"carry from 0 to 4"),
        (lambda o: o.remap(np.array([-2, 0]), 2), "carry from -2 to 0"),
        (lambda o: o.remap(np.array([0, 1]), 3), r"carry of int64 \(2,\)"),
        (lambda o: o.remap(np.array([0.0]), 1), "carry of float64"),
        (lambda o: o.step(np.ones(3), np.ones(3), 3), r"values of float64 \(3,\)"),
        (lambda o: o.step(np.ones(4), np.ones(4, np.float32), 4), "gradient of float32"),
        (lambda o: o.step(np.ones(4), np.ones(4), 5), r"n_decayed=5"),
        (lambda o: SGD().step(np.ones(4), np.ones(4), 4), r"call init\(size, dtype\) first"),
    ],
)
def test_misfits_are_refused_and_leave_the_state(act, message):
    optimizer = stepped("sgd")
    before = optimizer.state()
    with pytest.raises(InvalidInputError, match=message):
        act(optimizer)
    np.testing.assert_array_equal(optimizer.state()["velocity"], before["velocity"])


def test_a_bad_step_count_is_refused():
    optimizer = stepped("adam")
    with pytest.raises(InvalidInputError, match="step=-3"):
        optimizer.load_state({**optimizer.state(), "step": -3})


@every_optimizer
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["copied", "pickled"])
def test_a_copy_goes_on_alike_and_apart(name, backend, twin_of):
    optimizer = make_optimizer(name, backend=backend, weight_decay=0.1)
    assert twin_of(optimizer).arrays == {}  # before init, too
    optimizer.init(3, "float64")
    optimizer.step(np.ones(3), np.arange(1.0, 4.0), 2)
    twin, ours, theirs = twin_of(optimizer), np.ones(3), np.ones(3)
    optimizer.step(ours, np.ones(3), 2)
    assert not np.array_equal(optimizer.arrays[optimizer.STATE[0]], twin.arrays[optimizer.STATE[0]])
    twin.step(theirs, np.ones(3), 2)
    np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("n_decayed", [0, 2, 3])
def test_decay_pulls_on_the_leading_values_alone(n_decayed):
    optimizer, values = SGD(0.5, momentum=0.0, weight_decay=0.5, backend="scipy"), np.full(3, 4.0)
    optimizer.init(3, "float64")
    optimizer.step(values, np.ones(3), n_decayed)  # 4 - 0.5 * (1 + 0.5 * 4) with decay, 4 - 0.5 without
    assert values.tolist() == [2.5] * n_decayed + [3.5] * (3 - n_decayed)


def test_a_rule_of_ones_own_needs_a_step_alone():
    class Sign(Optimizer):
        STATE = ("unused",)

        def _apply(self, values, gradient, *state, learning_rate, weight_decay):
            values -= learning_rate * np.sign(gradient)

    optimizer, values = Sign(0.5, 0.0, False, False, None), np.zeros(2)
    optimizer.init(2, "float64")
    optimizer.step(values, np.array([3.0, -3.0]), 2)
    assert values.tolist() == [-0.5, 0.5]


def test_make_optimizer():
    assert isinstance(make_optimizer("sgd", momentum=0.5), SGD) and isinstance(make_optimizer("adam"), Adam)
    with pytest.raises(InvalidInputError, match="did you mean 'adam'"):
        make_optimizer("adma")
    with pytest.raises(InvalidInputError, match="option 'momentum' of optimizer adam"):
        make_optimizer("adam", momentum=0.9)
