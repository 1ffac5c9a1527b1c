"""The k absent links that a predictor likes best, without ever holding all scores."""

from __future__ import annotations

from typing import Any

from sparse_mlp.errors import check_choice
from sparse_mlp.kernels.dispatch import link_score_ops
from sparse_mlp.link_prediction.predictors import Links, Predictor, as_structure, both_ways, own_predictor, own_scores
from sparse_mlp.link_prediction.streaming import checked_count, chosen, row_blocks, with_zero_scores
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure

TIES = ("index", "random")


def top_links(
    structure: SparseStructure | Any, method: str | Predictor, k: int, *, rng: RandomState = None,
    ties: str = "index", backend: str | None = None,
) -> Links:  # fmt: skip
    """Find the k absent links with the highest scores.

    Parameters
    ----------
    structure, method, backend
        As in `score_matrix`; all scores of a predictor that is yours are held at a time. Each stored entry is a link,
        also a zero: call `eliminate_zeros()` first where it should not be one.
    k : int
        How many, 0 to the number of absent links.
    rng : None, int or numpy.random.Generator
        Drawn from where ties are random, and where fewer than k links have a score above zero.
    ties : {"index", "random"}
        Among equal scores the first in row-major order wins, or a draw decides. Scores that agree to 12 significant
        digits are equal: beyond that, the order in which a sum was added up would decide.

    Returns
    -------
    rows, cols : int64 (k,)
        Best first. Links with positive scores come first; if they run out, links without a path follow, uniformly at
        random.

    Raises
    ------
    StructureError
        If a sparse array does not have two dimensions.
    InvalidInputError
        If the method or `ties` is unknown, or fewer than k links are absent.

    Notes
    -----
    Rows are scored one by one, each thread keeps its best in a buffer of 2 k: O(links + threads * (k + n_out)) memory,
    with up to 2 kB a link for lists of walks. Where that is quicker, and matrices of the neurons that have links hold
    at most 100 cells for each link (from some 4 % density on in a square layer without idle neurons), scores come from
    those, with up to 1.5 kB a link. Random ties need a block of draws as well, 8 MB or 160 bytes a link. The choice
    does not depend on the number of threads.

    Differences from the original
    -----------------------------
    Released codes keep whatever reaches the k-th score, so that ties add links, or lose links when positive scores run
    out. Here it is always exactly k.

    Examples
    --------
    >>> layer = SparseStructure.from_coo([0, 0, 1, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2, 3], shape=(3, 4))
    >>> top_links(layer, "ch3-l3p", 3)
    (array([2, 0, 1]), array([1, 2, 0]))
    """
    check_choice("ties", ties, TIES)
    wiring, own = as_structure(structure), own_predictor(method)
    k, stream = checked_count(k, wiring), as_generator(rng)
    if own is not None:
        blocks = None if ties == "index" else row_blocks(wiring, stream)
        positions = chosen(own_scores(wiring, own, method), k, blocks)
    elif ties == "index":
        positions = link_score_ops(backend).top_scores(*both_ways(wiring), method, k)[1]
    else:
        blocks = row_blocks(wiring, stream)
        positions = link_score_ops(backend).top_scores_at_random(*both_ways(wiring), method, k, blocks)[2]
    return with_zero_scores(positions, wiring, k, stream, backend)
