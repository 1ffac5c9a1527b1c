"""One thread unless a test says otherwise: on a busy machine two wait for each other at every small step."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sparse_mlp.kernels.pool import threads_limited


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threads_limited(1):
        yield
