"""Scores of the absent links of a convolution, averaged over its windows, and the links that they choose."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.kernels.dispatch import conv_link_score_ops
from sparse_mlp.link_prediction.choose_links import choose_links
from sparse_mlp.link_prediction.predictors import Links, Predictor, as_structure, own_predictor, own_scores
from sparse_mlp.rng import RandomState
from sparse_mlp.structure import SparseStructure

CONV_PREDICTORS = ("ch2-l3n", "ch3-l3n")
GRAPHS = ("kernel", "layer")


def conv_score_matrix(
    structure: SparseStructure | Any, geometry: ConvGeometry, method: str | Predictor, *, graph: str = "kernel",
    backend: str | None = None,
) -> NDArray[np.float64]:  # fmt: skip
    """Score all absent links of a convolution.

    Parameters
    ----------
    structure : SparseStructure or scipy.sparse array (channels_in * k * k, channels_out)
        The wiring, as `ConvGeometry` has it.
    geometry : ConvGeometry
    method : str or callable
        "ch2-l3n" or "ch3-l3n"; or your own predictor, as in `score_matrix`: it sees the wiring of taps and kernels.
    graph : {"kernel", "layer"}
        Which links a link is judged by: those of its own kernel, or those of all kernels.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`; "scipy" is NumPy here.

    Returns
    -------
    float64 (channels_in * k * k, channels_out)
        0 for links that are present, for taps that see no pixel, and where no path of length three closes.

    Raises
    ------
    InvalidInputError
        If the wiring has another shape, or the method or graph is unknown.

    Notes
    -----
    CHT-Conv [Li2025] unfolds a convolution into the graph of all its pixels: the inputs are the pixels of all channels,
    the outputs the windows of the kernels, and a link of a kernel joins a window with the pixel that it reads there. A
    link that is absent scores the mean, over the windows that have its tap inside of the image, of its scores in that
    graph (docs/algorithms.md, section 8). Here that is exact and takes no graph: the time does not depend on the size
    of the image. Channels that a kernel sees by the same taps have equal scores in graph "kernel", and channels that it
    does not see score 0.

    Examples
    --------
    One kernel with the taps (0, 0) and (1, 1), on an image of 3 x 3 pixels: only the tap (2, 2) would close paths.

    >>> geometry = ConvGeometry(1, 1, kernel=3, stride=1, padding=1, height=3, width=3)
    >>> structure = SparseStructure.from_coo([0, 4], [0, 0], geometry.structure_shape)
    >>> conv_score_matrix(structure, geometry, "ch2-l3n").reshape(3, 3)
    array([[0., 0., 0.],
           [0., 0., 0.],
           [0., 0., 4.]])
    """
    wiring, own = as_structure(structure), _own(method)
    check_choice("graph", graph, GRAPHS)
    if wiring.shape != geometry.structure_shape:
        wanted = f"{geometry.structure_shape} for {geometry.channels_in} channels and kernel {geometry.kernel}"
        raise invalid(f"structure of shape {wiring.shape}", wanted)
    if own is None:
        scores = conv_link_score_ops(backend).score_matrix(wiring.indptr, wiring.indices, geometry, method, graph)
        return np.asarray(scores, np.float64)
    scores, live = own_scores(wiring, own, method), geometry.live_taps()
    scores[np.setdiff1d(np.arange(geometry.taps), live)] = 0.0
    return scores


def conv_top_links(
    structure: SparseStructure | Any, geometry: ConvGeometry, method: str | Predictor, counts: int | ArrayLike, *,
    graph: str = "kernel", rng: RandomState = None, ties: str = "random", backend: str | None = None,
) -> Links:  # fmt: skip
    """Find the absent links of a convolution with the highest scores.

    Parameters
    ----------
    structure, geometry, method, graph, backend
        As in `conv_score_matrix`.
    counts : int, or int (channels_out,)
        How many links of the layer, or how many of each kernel.
    rng, ties
        As in `choose_links`. Equal scores are the rule in graph "kernel".

    Returns
    -------
    rows, cols : int64
        In row-major order. Where too few have a score above 0, others of the kernel, or of the layer, follow, uniformly
        at random; never a tap that sees no pixel.

    Examples
    --------
    >>> geometry = ConvGeometry(1, 1, kernel=3, stride=1, padding=1, height=3, width=3)
    >>> structure = SparseStructure.from_coo([0, 4], [0, 0], geometry.structure_shape)
    >>> conv_top_links(structure, geometry, "ch3-l3n", [1])
    (array([8]), array([0]))
    """
    scores = conv_score_matrix(structure, geometry, method, graph=graph, backend=backend)
    return choose_links(structure, scores, counts, rng=rng, rows=geometry.live_taps(), ties=ties, backend=backend)


def conv_sample_links(
    structure: SparseStructure | Any, geometry: ConvGeometry, method: str | Predictor, counts: int | ArrayLike, *,
    graph: str = "kernel", rng: RandomState = None, backend: str | None = None,
) -> Links:  # fmt: skip
    """Draw absent links of a convolution one after the other, each time in proportion to the scores of those left.

    Parameters and results are those of `conv_top_links`.

    Examples
    --------
    >>> geometry = ConvGeometry(1, 1, kernel=3, stride=1, padding=1, height=3, width=3)
    >>> structure = SparseStructure.from_coo([0, 4], [0, 0], geometry.structure_shape)
    >>> conv_sample_links(structure, geometry, "ch3-l3n", 1)
    (array([8]), array([0]))
    """
    scores = conv_score_matrix(structure, geometry, method, graph=graph, backend=backend)
    return choose_links(structure, scores, counts, rng=rng, rows=geometry.live_taps(), soft=True, backend=backend)


def check_conv_predictor(method: str | Predictor) -> None:
    """Refuse a predictor that convolutions do not have.

    Raises
    ------
    InvalidInputError
        If it is none of `CONV_PREDICTORS` and none of one's own.
    """
    _own(method)


def _own(method: str | Predictor) -> Predictor | None:
    if isinstance(method, str) and ":" not in method and method not in CONV_PREDICTORS:
        remedy = "scores that add up over paths have no closed form there"
        raise invalid(f"predictor {method!r} for a convolution", " or ".join(CONV_PREDICTORS), remedy)
    return None if method in CONV_PREDICTORS else own_predictor(method)
