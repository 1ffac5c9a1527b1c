"""The k absent links that a predictor likes best, without ever holding all scores."""

from __future__ import annotations

from typing import Any

from sparse_mlp.errors import check_choice
from sparse_mlp.kernels.dispatch import link_score_ops
from sparse_mlp.link_prediction.predictors import Links, as_structure, both_ways, checked_method
from sparse_mlp.link_prediction.streaming import best_of_all_rows, checked_count, with_zero_scores
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure

TIES = ("index", "random")


def top_links(
    structure: SparseStructure | Any,
    method: str,
    k: int,
    *,
    rng: RandomState = None,
    ties: str = "index",
    backend: str | None = None,
) -> Links:
    """Find the k absent links with the highest scores.

    Parameters
    ----------
    structure : SparseStructure or scipy.sparse array (n_in, n_out)
    method : str
        One of `PREDICTORS`.
    k : int
        How many, 0 to the number of absent links.
    rng : None, int or numpy.random.Generator
        Drawn from where ties are random, and where fewer than k links have a score above zero.
    ties : {"index", "random"}
        Among equal scores the first in row-major order wins, or a draw decides. Scores that agree to 12 significant
        digits are equal: beyond that, the order in which a sum was added up would decide.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`.

    Returns
    -------
    rows, cols : int64 (k,)
        Best first. Links with positive scores come first; if they run out, links without a path follow, uniformly at
        random.

    Raises
    ------
    InvalidInputError
        If the method or `ties` is unknown, or fewer than k links are absent.

    Notes
    -----
    Rows are scored one by one, each thread keeps its best in a buffer: O(links + k + threads * n_out) memory. Where
    links are so many, or crowd among so few neurons, that matrices of those neurons hold at most a hundred cells a
    link, scores may come from them. The choice does not depend on the number of threads.

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
    wiring, method = as_structure(structure), checked_method(method)
    k, stream, ops = checked_count(k, wiring), as_generator(rng), link_score_ops(backend)
    if ties == "index":
        positions = ops.top_scores(*both_ways(wiring), method, k)[1]
    else:
        positions = best_of_all_rows(ops.top_scores_at_random, wiring, method, k, stream, worst=(0.0, 0.0))
    return with_zero_scores(positions, wiring, k, stream, backend)
