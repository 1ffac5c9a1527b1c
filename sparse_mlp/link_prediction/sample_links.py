"""k absent links, drawn in proportion to their scores: the soft rule of Cannistraci–Hebb training."""

from __future__ import annotations

from typing import Any

from sparse_mlp.kernels.dispatch import link_score_ops
from sparse_mlp.link_prediction.predictors import Links, Predictor, as_structure, both_ways, own_predictor, own_scores
from sparse_mlp.link_prediction.streaming import checked_count, chosen, row_blocks, with_zero_scores
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure


def sample_links(
    structure: SparseStructure | Any, method: str | Predictor, k: int, *, rng: RandomState = None,
    backend: str | None = None,
) -> Links:  # fmt: skip
    """Draw k absent links one after the other, each time in proportion to the scores of those that are left.

    Parameters
    ----------
    structure, method, k, backend
        As in `top_links`.
    rng : None, int or numpy.random.Generator
        Moves by one uniform number for each position of the layer, and by what a fill takes.

    Returns
    -------
    rows, cols : int64 (k,)
        In the order drawn. Links without a path come only when all others are in, uniformly at random.

    Notes
    -----
    Soft regrowth of CHTs [Zhang2025]. A link with score s and uniform number u arrives after the time
    :math:`-\\log(1 - u) / s`, and the first k to arrive are drawn; equivalently, the k largest Gumbel keys
    :math:`\\log s - \\log(-\\log(1 - u))` [Efraimidis2006]. Numbers are drawn row by row, so another backend that takes
    the same numbers makes the same choice. Memory as in `top_links` with random ties.

    Differences from the original
    -----------------------------
    Released codes add 1e-5 to all scores when the positive ones may run out; one of them takes the top k instead.

    Examples
    --------
    >>> layer = SparseStructure.from_coo([0, 0, 1, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2, 3], shape=(3, 4))
    >>> rows, cols = sample_links(layer, "ch2-l3n", 5, rng=0)
    >>> sorted(zip(rows.tolist(), cols.tolist()))
    [(0, 2), (0, 3), (1, 0), (1, 3), (2, 1)]
    """
    wiring, own = as_structure(structure), own_predictor(method)
    k, stream = checked_count(k, wiring), as_generator(rng)
    blocks = row_blocks(wiring, stream)
    if own is not None:
        positions = chosen(own_scores(wiring, own, method), k, blocks, sampling=True)
    else:
        positions = link_score_ops(backend).sample_links(*both_ways(wiring), method, k, blocks)[2]
    return with_zero_scores(positions, wiring, k, stream, backend)
