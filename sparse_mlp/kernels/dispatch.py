"""Which backend computes, and why.

Three rungs compute the same: `reference` (loops in float64), `scipy` (explicit `scipy.sparse` products and vectorised
NumPy), `numba` (compiled kernels, the default). The choice is the `backend=` argument, else `$SPARSE_MLP_BACKEND`,
else `numba`. A module is imported when it is first asked for.
"""

from __future__ import annotations

import importlib
import os
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from sparse_mlp.errors import check_choice
from sparse_mlp.kernels.on_maps import OnMaps
from sparse_mlp.kernels.one_tile import OneTile, OneTileAttention, OneVocabulary
from sparse_mlp.kernels.one_tile_maps import OneTileMaps

BACKENDS = ("reference", "scipy", "numba")
VARIABLE = "SPARSE_MLP_BACKEND"

# Drawing and changing a wiring has no sparse product in it: `scipy` takes the compiled twins there.
_MODULES = {
    "linear": {"reference": "reference.linear", "scipy": "kernels.scipy_linear", "numba": "kernels.linear"},
    "convolution": {
        "reference": "reference.convolution",
        "scipy": "kernels.scipy_convolution",
        "numba": "kernels.convolution",
    },
    "layer_norm": {
        "reference": "reference.layer_norm",
        "scipy": "kernels.numpy_layer_norm",
        "numba": "kernels.layer_norm",
    },
    "embedding": {
        "reference": "reference.embedding",
        "scipy": "kernels.numpy_embedding",
        "numba": "kernels.embedding",
    },
    "vocabulary": {
        "reference": "reference.vocabulary",
        "scipy": "kernels.vocabulary",
        "numba": "kernels.vocabulary",
    },
    "attention": {
        "reference": "reference.attention",
        "scipy": "kernels.numpy_attention",
        "numba": "kernels.attention",
    },
    "motif": {"reference": "reference.motif", "scipy": "kernels.scipy_motif", "numba": "kernels.motif"},
    "elementwise": {
        "reference": "reference.elementwise",
        "scipy": "kernels.numpy_elementwise",
        "numba": "kernels.elementwise",
    },
    "maps": {"reference": "reference.maps", "scipy": "reference.maps", "numba": "kernels.maps"},
    "optim": {"reference": "reference.optim", "scipy": "kernels.numpy_optim", "numba": "kernels.optim"},
    "topology": {"reference": "reference.topology", "scipy": "kernels.topology", "numba": "kernels.topology"},
    "evolution": {"reference": "reference.evolution", "scipy": "kernels.evolution", "numba": "kernels.evolution"},
    "link_scores": {
        "reference": "reference.link_scores",
        "scipy": "kernels.scipy_link_scores",
        "numba": "kernels.link_scores",
    },
    "conv_link_scores": {
        "reference": "reference.conv_link_scores",
        "scipy": "kernels.numpy_conv_link_scores",
        "numba": "kernels.conv_link_scores",
    },
}


class Backend(NamedTuple):
    """A backend's name and the reason for which it was chosen."""

    name: str
    reason: str


def choose_backend(name: str | None = None) -> Backend:
    """Choose the backend and say why.

    Parameters
    ----------
    name : str, optional
        One of `BACKENDS`; None leaves the choice to `$SPARSE_MLP_BACKEND`, then to the default.

    Raises
    ------
    InvalidInputError
        If the name, from wherever it comes, is not a backend.

    Examples
    --------
    >>> choose_backend("scipy")
    Backend(name='scipy', reason='asked for by the backend argument')
    """
    if name is not None:
        return Backend(check_choice("backend", name, BACKENDS), "asked for by the backend argument")
    if os.environ.get(VARIABLE):
        return Backend(check_choice(VARIABLE, os.environ[VARIABLE], BACKENDS), f"asked for by {VARIABLE}")
    return Backend("numba", f"the default; set {VARIABLE} or pass backend= to change it")


@cache  # looked up in each pass through each layer
def linear_ops(backend: str) -> Any:
    """Return `spmm`, `spmm_transpose`, `sddmm`, `bias_grad` and `linear_backward` on tiles."""
    return _on_tiles("linear", backend)


@cache
def conv_ops(backend: str) -> Any:
    """Return `conv_forward`, `conv_input_gradient`, `conv_weight_gradient`, `conv_backward` and `bias_grad`.

    `reference` and `scipy` compute on maps (batch, channels, height, width), `numba` on tiles of 16 samples.
    """
    module = _module("convolution", backend)
    return OnMaps(module) if backend == "reference" else module


@cache
def attention_ops(backend: str) -> Any:
    """Return `attention_forward` and `attention_backward` on tiles."""
    module = _module("attention", backend)
    return module if backend == "numba" else OneTileAttention(module)


@cache
def layer_norm_ops(backend: str) -> Any:
    """Return `layer_norm_forward` and `layer_norm_backward` on tiles."""
    return _on_tiles("layer_norm", backend)


@cache
def embedding_ops(backend: str) -> Any:
    """Return `embed` and `embed_backward` on tiles."""
    return _on_tiles("embedding", backend)


@cache
def vocabulary_ops(backend: str) -> Any:
    """Return `scores`, `loss_and_gradients` and `loss_only` on rows (tokens, features)."""
    module = _module("vocabulary", backend)
    return OneVocabulary(module) if backend == "reference" else module


@cache
def motif_ops(backend: str) -> Any:
    """Return `motif_sums` and the forward and backward passes of motifs, `shared_forward` and so on, on tiles."""
    return _on_tiles("motif", backend)


@cache
def elementwise_ops(backend: str) -> Any:
    """Return activations, dropout and losses on tiles."""
    return _on_tiles("elementwise", backend)


@cache
def map_ops(backend: str) -> Any:
    """Return batch normalisation and pooling of maps in tiles, as `kernels.maps` has them."""
    module = _module("maps", backend)
    return module if backend == "numba" else OneTileMaps(module)


def optim_ops(backend: str | None = None) -> ModuleType:
    """Return the module with the optimizer steps."""
    return _module("optim", backend)


def topology_ops(backend: str | None = None) -> ModuleType:
    """Return the module with `distinct_integers`; all backends give the same bytes."""
    return _module("topology", backend)


def generator_ops(generator: str, backend: str | None = None) -> ModuleType:
    """Return the module with the loops of a generator, such as "dendritic"; all backends give the same bytes."""
    room = "reference" if choose_backend(backend).name == "reference" else "kernels"
    return importlib.import_module(f"sparse_mlp.{room}.{generator}")


def evolution_ops(backend: str | None = None) -> ModuleType:
    """Return the module with removal, percolation and insertion of links; all backends give the same bytes."""
    return _module("evolution", backend)


def link_score_ops(backend: str | None = None) -> ModuleType:
    """Return the module that scores absent links and chooses the best: `score_matrix`, `top_scores` and so on."""
    return _module("link_scores", backend)


def conv_link_score_ops(backend: str | None = None) -> ModuleType:
    """Return the module with the `score_matrix` of a convolution."""
    return _module("conv_link_scores", backend)


def _module(room: str, backend: str | None) -> ModuleType:
    return _imported(room, choose_backend(backend).name)


@cache
def _imported(room: str, backend: str) -> ModuleType:
    return importlib.import_module(f"sparse_mlp.{_MODULES[room][backend]}")


def _on_tiles(room: str, backend: str) -> Any:
    module = _module(room, backend)
    return module if backend == "numba" else OneTile(module)
