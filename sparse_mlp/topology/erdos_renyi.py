"""The Erdős–Rényi wiring: a given number of links, placed uniformly at random."""

from __future__ import annotations

import numpy as np

from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.sampling import sample_distinct


def erdos_renyi(n_in: int, n_out: int, links: int, rng: np.random.Generator) -> SparseStructure:
    """Place exactly `links` links uniformly at random, without replacement.

    Parameters
    ----------
    n_in, n_out, links, rng
        As every generator of layers takes them, see `topology.generate`.

    Notes
    -----
    Every wiring with that many links is equally likely. Memory and time grow with the links alone. G(n, m, M) in the
    language of random graphs; SET [Mocanu2018], section "Methods", draws G(n, m, p).

    Differences from the original
    -----------------------------
    The 2018 code makes each possible link with probability p, so its count is binomial around p * n_in * n_out, and
    one number is drawn per possible link. Here the count is exact.
    """
    return SparseStructure.from_keys(sample_distinct(n_in * n_out, links, rng), (n_in, n_out))
