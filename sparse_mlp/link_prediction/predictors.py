"""The predictors by name, and the scores that they give to absent links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.kernels.dispatch import link_score_ops
from sparse_mlp.plugins import load
from sparse_mlp.structure import SparseStructure

# What each adds up, with i internal and e external links of a node in the local community, d = i + e + 1 its degree.
PREDICTORS: dict[str, str] = {
    "path-count": "paths: 1",
    "ra-l3": "paths: 1 / sqrt(d_a d_b)",
    "ch1-l3p": "paths: sqrt(i_a i_b) / sqrt(d_a d_b)",
    "ch2-l3p": "paths: sqrt((1 + i_a)(1 + i_b)) / sqrt((1 + e_a)(1 + e_b))",
    "ch3-l3p": "paths: 1 / sqrt((1 + e_a)(1 + e_b))",
    "ch3.1-l3p": "paths: 1 / sqrt((1 / (1 + i_a) + e_a)(1 / (1 + i_b) + e_b))",
    "ilcl-l3": "paths: sqrt(i_a i_b) / sqrt((1 + i_a)(1 + i_b))",
    "ch2-l3n": "nodes: (1 + i) / (1 + e)",
    "ch3-l3n": "nodes: 1 / (1 + e)",
}

Links = tuple[NDArray[np.int64], NDArray[np.int64]]
Predictor = Callable[[SparseStructure], Any]


def score_matrix(
    structure: SparseStructure | Any, method: str | Predictor, *, backend: str | None = None
) -> NDArray[np.float64]:
    """Score all absent links of a layer.

    Parameters
    ----------
    structure : SparseStructure or scipy.sparse array (n_in, n_out)
        The wiring; of an array, the stored entries.
    method : str or callable
        One of `PREDICTORS`, which says what is added up; or your own, as a function or `module:name`: it takes the
        structure and returns a score for each position, float (n_in, n_out), 0 or more; those of links do not matter.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`. Backends add up in different orders: they agree to rounding.

    Returns
    -------
    float64 (n_in, n_out)
        Zero for present links, and where no path of length three leads from the input to the output.

    Raises
    ------
    InvalidInputError
        If the method is unknown or returns something else, or the structure has another type.

    Notes
    -----
    A path of length three is u – b – a – v. The nodes on such paths are the local community of (u, v); a node's
    internal links lead to other members, its external ones to strangers, one more to u or v. Cannistraci–Hebb theory
    rewards communities that keep to themselves, by few external links: see `reference.link_scores.score_matrix`,
    [Zhang2024] for CH3-L3p and [Zhang2025] for CH2-L3n. Scores do not depend on the number of threads.

    Differences from the original
    -----------------------------
    The released scorer builds the graph of all n_in + n_out nodes, stores every path and fills a matrix of its square;
    on bipartite layers its scores are the same to 1e-11, its three conventions of "internal" coincide.

    Examples
    --------
    >>> layer = SparseStructure.from_coo([0, 0, 1, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2, 3], shape=(3, 4))
    >>> score_matrix(layer, "ch3-l3p").round(6)
    array([[0.      , 0.      , 1.707107, 0.707107],
           [1.707107, 0.      , 0.      , 0.707107],
           [0.      , 2.      , 0.      , 0.      ]])
    >>> score_matrix(layer, lambda structure: np.outer(structure.degrees_in(), structure.degrees_out()))
    array([[0., 0., 4., 2.],
           [4., 0., 0., 2.],
           [0., 6., 0., 0.]])
    """
    wiring, own = as_structure(structure), own_predictor(method)
    if own is not None:
        return own_scores(wiring, own, method)
    scores: NDArray[np.float64] = link_score_ops(backend).score_matrix(*both_ways(wiring), method)
    return scores


def own_predictor(method: str | Predictor) -> Predictor | None:
    """Return the function of a predictor that is not one of the package's, None for those.

    Raises
    ------
    InvalidInputError
        If a name is unknown or cannot be imported, or what it names is not a function.
    """
    if isinstance(method, str) and ":" not in method:
        check_choice("method", method, PREDICTORS)
        return None
    function = load(method, "predictor") if isinstance(method, str) else method
    if not callable(function):
        raise invalid(f"predictor of type {type(function).__name__}", "a name or a function")
    return cast(Predictor, function)


def own_scores(structure: SparseStructure, predict: Predictor, method: str | Predictor) -> NDArray[np.float64]:
    """Return the scores of a user's predictor, float64 (n_in, n_out), 0 on links; `method` is what it was named by."""
    name = method if isinstance(method, str) else getattr(predict, "__qualname__", repr(predict))
    scores = np.array(predict(structure))
    if scores.shape != structure.shape or scores.dtype.kind not in "fiub":
        raise invalid(f"{scores.dtype} {scores.shape} from predictor {name}", f"numbers {structure.shape}")
    scores = scores.astype(np.float64, copy=False)
    scores[np.repeat(np.arange(structure.n_in), structure.degrees_in()), structure.indices] = 0.0
    if not (np.isfinite(scores).all() and (scores >= 0).all()):
        raise invalid(f"scores from {scores.min()} to {scores.max()} by predictor {name}", "finite numbers, 0 or more")
    return scores


def as_structure(structure: SparseStructure | Any) -> SparseStructure:
    """Return the wiring of a structure or of a `scipy.sparse` array."""
    if isinstance(structure, SparseStructure):
        return structure
    if not hasattr(structure, "tocoo"):
        raise invalid(f"a wiring of type {type(structure).__name__}", "a SparseStructure or a scipy.sparse array")
    return SparseStructure.from_scipy(structure)


def both_ways(structure: SparseStructure) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the wiring by input and by output, as the kernels want it."""
    by_output = structure.by_output
    return structure.indptr, structure.indices, by_output.indptr, by_output.indices
