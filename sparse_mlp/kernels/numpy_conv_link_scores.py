"""Scores of absent links of a convolution in NumPy, as the equation stands: the rung between loops and kernels.

The graph of a kernel is that of a layer with one output, so each kernel is scored by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.kernels.axis_tables import AxisTables, both_axes
from sparse_mlp.kernels.blas import matmul
from sparse_mlp.kernels.conv_link_scores import dense_links, means
from sparse_mlp.kernels.link_factors import NODE_FACTORS

Array = NDArray[Any]


def score_matrix(indptr: Array, indices: Array, geometry: ConvGeometry, method: str, graph: str) -> Array:
    """Score each absent link of a convolution; see `reference.conv_link_scores.score_matrix`.

    Notes
    -----
    The closed form in Notes of `kernels.conv_link_scores.score_matrix`. Graph "kernel" takes the time of graph "layer"
    with one output, once for each output.
    """
    links = dense_links(indptr, indices, geometry)
    layers = [links] if graph == "layer" else [links[:, :, [o]] for o in range(geometry.channels_out)]
    axes = both_axes(geometry)
    return means(np.concatenate([_sums(layer, axes, method) for layer in layers], axis=2), links, geometry)


def _sums(links: Array, axes: tuple[AxisTables, AxisTables], method: str) -> Array:
    """Add up what pixels and outputs contribute, over all windows; ordered as the links."""
    rows, columns = axes
    by_output = _side(links.transpose(0, 2, 1), rows.outputs, columns.outputs, method)
    return _side(links, rows.pixels, columns.pixels, method) + by_output.transpose(0, 2, 1)


def _side(links: Array, rows: Any, columns: Any, method: str) -> Array:
    """Add up what the nodes of one side contribute; `links` is float64 (k * k, n, m) with n channels on that side."""
    kernel = round(len(links) ** 0.5)
    degrees, sums = links.sum(axis=2), np.zeros(links.shape)
    for dy, dx in ((dy, dx) for dy in rows for dx in columns):
        gram, factors = {}, {}
        for a, b in np.ndindex(kernel, kernel):
            if 0 <= a + dy < kernel and 0 <= b + dx < kernel:
                t = a * kernel + b
                gram[a, b] = matmul(links[t], links[t + dy * kernel + dx].T)
                factors[a, b] = np.zeros_like(gram[a, b])
        for y, x in ((y, x) for y in rows[dy] for x in columns[dx]):
            common = np.sum([gram[a, b] for a in y.shared for b in x.shared], axis=0)
            degree = np.sum([degrees[a * kernel + b] for a in y.present for b in x.present], axis=0)
            factor = _factor(common, np.maximum(degree, 1), method)
            for a, b in factors:
                factors[a, b] += y.counts[a] * x.counts[b] * factor
        for (a, b), factor in factors.items():
            t = a * kernel + b
            sums[t] += matmul(factor, links[t + dy * kernel + dx])
    return sums


def _factor(common: Array, degree: Array, method: str) -> Array:
    """Return what a node of a given degree contributes that shares so many neighbours with an end of the link."""
    factor = NODE_FACTORS[method](np.minimum(common, degree - 1), degree)
    factor[common == 0] = 0.0
    return factor
