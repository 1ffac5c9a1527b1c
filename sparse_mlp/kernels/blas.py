"""Dense matrix products with the same bytes for any number of threads.

A BLAS library that splits a product over its threads may round differently for each number of them. Here the split is
fixed, `BLOCK` rows at a time, each block is computed by one BLAS thread, and the blocks are shared among as many
threads as BLAS would have used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BLOCK = 128  # rows of the product; enough work for one call, and enough blocks for some threads


def matmul(a: Array, b: Array) -> Array:
    """Multiply two matrices.

    Parameters
    ----------
    a : float (n, k)
    b : float (k, m)

    Returns
    -------
    float (n, m)
    """
    product = np.empty((len(a), b.shape[1]), np.result_type(a, b))
    blocks = [slice(start, start + BLOCK) for start in range(0, len(a), BLOCK)]
    threads = min(_blas_threads(), len(blocks))
    with _controller().limit(limits=1, user_api="blas"):
        if threads <= 1:
            for rows in blocks:
                np.matmul(a[rows], b, out=product[rows])
        else:
            list(_executor(threads, os.getpid()).map(lambda rows: np.matmul(a[rows], b, out=product[rows]), blocks))
    return product


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS to one thread for a while, where a decomposition must not depend on their number.

    Notes
    -----
    SciPy brings a BLAS library of its own, which can only be limited once it is loaded.
    """
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield


def _blas_threads() -> int:
    """Return the threads of the BLAS library, the fewest if several are loaded."""
    counts = [library.num_threads for library in _controller().lib_controllers if library.user_api == "blas"]
    return min(counts, default=1)


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@cache
def _executor(threads: int, process: int) -> ThreadPoolExecutor:
    """Return the threads of a process; a forked child needs its own."""
    return ThreadPoolExecutor(threads, thread_name_prefix="sparse_mlp-blas")
