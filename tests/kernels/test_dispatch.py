"""Which backend computes: the argument, else the environment, else the default."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels import dispatch
from sparse_mlp.kernels.dispatch import BACKENDS, choose_backend

WAYS = ("forward", "backward", "sddmm")
ON_TILES = {
    "linear": ("spmm", "spmm_transpose", "sddmm", "bias_grad", "linear_backward"),
    "motif": ("motif_sums", *(f"{mode}_{way}" for mode in ("shared", "block") for way in WAYS)),
    "elementwise": (
        *(f"{name}_{way}" for name in ("piecewise_linear", "sigmoid", "tanh") for way in WAYS[:2]),
        "dropout", "softmax", "softmax_cross_entropy", "mean_squared_error",
    ),
}  # fmt: skip
ON_MAPS = ("conv_forward", "conv_input_gradient", "conv_weight_gradient", "conv_backward", "bias_grad")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARSE_MLP_BACKEND", raising=False)


def test_the_default_is_compiled() -> None:
    assert choose_backend().name == "numba"
    assert choose_backend().reason == "the default; set SPARSE_MLP_BACKEND or pass backend= to change it"


def test_the_variable_beats_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "scipy")
    assert choose_backend() == ("scipy", "asked for by SPARSE_MLP_BACKEND")
    assert dispatch.optim_ops().__name__ == "sparse_mlp.kernels.numpy_optim"


def test_the_argument_beats_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "scipy")
    assert choose_backend("reference") == ("reference", "asked for by the backend argument")
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "no such thing")
    assert choose_backend("numba").name == "numba"


def test_an_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "")
    assert choose_backend().name == "numba"


@pytest.mark.parametrize("name", ["nunba", "", "NUMBA", 3])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^found backend=.*; expected one of reference, scipy, numba"):
        choose_backend(name)
    with pytest.raises(InvalidInputError, match="did you mean 'numba'"):
        choose_backend("nunba")


def test_an_unknown_variable_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "sciyp")
    with pytest.raises(InvalidInputError, match=r"^found SPARSE_MLP_BACKEND='sciyp'; .*; did you mean 'scipy'"):
        choose_backend()


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_backend_offers_the_same_functions(backend: str) -> None:
    """The same names with the same arguments in the same order."""
    for room in (getattr(dispatch, f"{name}_ops") for name in ("optim", "topology", "evolution")):
        truth, twin = room("reference"), room(backend)
        offered = [name for name, f in vars(truth).items() if inspect.isfunction(f) and not name.startswith("_")]
        offered = [name for name in offered if hasattr(twin, name)]
        assert offered
        for name in offered:
            got, wanted = (inspect.signature(getattr(m, name)).parameters for m in (twin, truth))
            assert list(got) == list(wanted), f"{name} of {twin.__name__}"


@pytest.mark.parametrize("name", ON_MAPS)
def test_functions_on_maps_are_complete(name: str) -> None:
    truth, twin = dispatch.conv_ops("reference").module, dispatch.conv_ops("scipy")
    got, wanted = (list(inspect.signature(getattr(module, name)).parameters) for module in (twin, truth))
    assert got == wanted
    assert callable(getattr(dispatch.conv_ops("reference"), name))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("room", ON_TILES)
def test_functions_on_tiles_are_complete(room: str, backend: str) -> None:
    """All of them, with the arguments of the reference; those on tiles may take some more, by name alone."""
    ops = getattr(dispatch, f"{room}_ops")

    def module(name: str) -> Any:
        return getattr(ops(name), "module", ops(name))

    for name in ON_TILES[room]:
        assert callable(getattr(ops(backend), name))
        got, wanted = (inspect.signature(getattr(module(b), name)).parameters for b in (backend, "reference"))
        assert [key for key, one in got.items() if one.kind is not one.KEYWORD_ONLY] == list(wanted), name
