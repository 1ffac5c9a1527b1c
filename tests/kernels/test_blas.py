"""Dense products: right, and the same bytes for any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from sparse_mlp.kernels.blas import BLOCK, matmul
from sparse_mlp.kernels.pool import most_threads, threads_limited


def test_by_hand() -> None:
    product = matmul(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[10.0], [1.0]]))
    np.testing.assert_array_equal(product, [[12.0], [34.0]])


@pytest.mark.parametrize("rows", [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_every_row_is_there(rows: int) -> None:
    rng = np.random.default_rng(rows)
    a, b = rng.standard_normal((rows, 30)), rng.standard_normal((30, 7))
    np.testing.assert_allclose(matmul(a, b), np.einsum("ik,kj->ij", a, b), rtol=0, atol=1e-12)


@pytest.mark.parametrize("transposed", [False, True])
def test_same_bytes_for_one_and_two_threads(transposed: bool) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((777, 1000)).astype(np.float32), rng.standard_normal((1000, 100)).astype(np.float32)
    if transposed:
        a = np.ascontiguousarray(a.T).T
    products = []
    for threads in (1, most_threads()):
        with threads_limited(threads):
            products.append(matmul(a, b).tobytes())
    assert products[0] == products[1]


def test_thread_setting_is_put_back() -> None:
    from threadpoolctl import threadpool_info

    with threadpool_limits(2, user_api="blas"):
        before = [pool["num_threads"] for pool in threadpool_info()]
        matmul(np.ones((3, 3)), np.ones((3, 3)))
        assert [pool["num_threads"] for pool in threadpool_info()] == before
