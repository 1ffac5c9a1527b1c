"""New links where link prediction expects them, from the wiring alone."""

from __future__ import annotations

from functools import partial

import numpy as np

from sparse_mlp.errors import check_choice
from sparse_mlp.evolution.regrowth import Positions, Regrowth, check_room
from sparse_mlp.evolution.update import LayerSignals, Mask, WeightedLinks
from sparse_mlp.link_prediction import PREDICTORS, TIES, sample_links, top_links
from sparse_mlp.structure import SparseStructure


def regrow_best(
    layer: WeightedLinks,
    keep: Mask,
    k: int,
    rng: np.random.Generator,
    signals: LayerSignals | None = None,
    *,
    predictor: str,
    ties: str = "index",
    backend: str | None = None,
) -> Positions:
    """Choose the k absent positions of highest score in the wiring of the links that stay.

    Parameters
    ----------
    layer : WeightedLinks
        Still with the wiring from before the update.
    keep : bool (nnz,)
        Links that stay. Positions of the others are as good as any absent one.
    k : int
        How many to grow.
    rng : numpy.random.Generator
        Decides among equal scores, and fills up at random where too few scores are positive.
    signals
        For the likeness of all regrowths; the wiring alone decides.
    predictor : str
        One of `link_prediction.PREDICTORS`.
    ties : {"random", "index"}
        Which of equal scores come first: any, or the first in row-major order.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`.

    Returns
    -------
    int64 (k,)
        Ascending row-major positions.

    Raises
    ------
    InvalidInputError
        If fewer than k positions are absent.

    Notes
    -----
    Regrowth of CHT [Zhang2024] and of the robustness paper [Sulyok2026].

    Differences from the original
    -----------------------------
    The code beside [Zhang2024] lets all links in that tie with the k-th, so that the layer may grow; here k grow.
    """
    left = _room_for(layer, keep, k)
    rows, cols = top_links(left, predictor, k, rng=rng, ties=ties, backend=backend)
    return _positions(layer, rows, cols)


def regrow_likely(
    layer: WeightedLinks,
    keep: Mask,
    k: int,
    rng: np.random.Generator,
    signals: LayerSignals | None = None,
    *,
    predictor: str,
    backend: str | None = None,
) -> Positions:
    """Draw k absent positions without replacement, with probability proportional to their scores.

    Parameters, errors and returned positions are those of `regrow_best`; positions without a score are drawn, all
    alike, where the others do not suffice.

    Notes
    -----
    Soft regrowth of CHTs [Zhang2025].
    """
    left = _room_for(layer, keep, k)
    rows, cols = sample_links(left, predictor, k, rng=rng, backend=backend)
    return _positions(layer, rows, cols)


def predicted_regrowth(predictor: str, choice: str, *, ties: str = "index", backend: str | None = None) -> Regrowth:
    """Make a regrowth by link prediction.

    Parameters
    ----------
    predictor : str
        One of `link_prediction.PREDICTORS`.
    choice : {"hard", "soft"}
        The best positions, or a draw in proportion to the scores.
    ties : {"random", "index"}
        For the hard choice, see `regrow_best`.
    backend : str, optional

    Returns
    -------
    callable
        (layer, keep, k, rng, signals) -> ascending positions. It can be pickled.

    Raises
    ------
    InvalidInputError
        If a name is unknown.
    """
    check_choice("predictor", predictor, PREDICTORS)
    check_choice("ties", ties, TIES)
    if check_choice("regrowth", choice, ("hard", "soft")) == "soft":
        return partial(regrow_likely, predictor=predictor, backend=backend)
    return partial(regrow_best, predictor=predictor, ties=ties, backend=backend)


def _room_for(layer: WeightedLinks, keep: Mask, k: int) -> SparseStructure:
    left = layer.structure.select(keep)
    check_room(layer, left.n_in * left.n_out - left.nnz, k)
    return left


def _positions(layer: WeightedLinks, rows: np.ndarray, cols: np.ndarray) -> Positions:
    return np.sort(rows.astype(np.int64) * layer.structure.n_out + cols)
