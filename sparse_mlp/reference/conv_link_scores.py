"""Reference implementation of the link scores of a convolution, by sets, on the graph of its pixels.

A convolution is a layer of links between pixels: the node (o, i, j) of the output is linked to each pixel of the input
that a link of kernel o reads in its window. Zeros around the image are no nodes. A link that is absent from the
convolution is absent from all windows; its score is the mean of their scores in that graph.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.reference.link_scores import NODE_TERMS

Array = NDArray[Any]
Node = tuple[str, int, int, int]  # ("in", c, i, j) or ("out", o, i, j)
Graph = dict[Node, set[Node]]


def score_matrix(indptr: Array, indices: Array, geometry: ConvGeometry, method: str, graph: str) -> Array:
    """Score each absent link of a convolution by a method of `NODE_TERMS`.

    Parameters
    ----------
    indptr, indices : integer (taps + 1,), (nnz,)
        The wiring by tap.
    geometry : ConvGeometry
    method : str
    graph : {"kernel", "layer"}
        Whether the graph has the links of the same kernel only, or those of all kernels.

    Returns
    -------
    float64 (taps, channels_out)
        0 for links that are present, and for taps that no window has inside of the image.

    Notes
    -----
    With S the score of `reference.link_scores.score_matrix` between pixel p of channel c and output q of kernel o:

    .. math:: A[(c, t), o] = \\mathrm{mean}_{q: s q + t - P \\mathrm{\\ inside}} S((c, s q + t - P), (o, q)).
    """
    scores = np.zeros(geometry.structure_shape)
    links = [{row for row in range(geometry.taps) if o in _of(indptr, indices, row)} for o in range(scores.shape[1])]
    everyone = range(geometry.channels_out)
    whole = expanded_graph(links, geometry, everyone) if graph == "layer" else None
    for o in everyone:
        neighbours = whole or expanded_graph(links, geometry, [o])
        for row in set(geometry.live_taps().tolist()) - links[o]:
            pairs = [(("in", *pixel), ("out", o, *window)) for window, pixel in windows(geometry, row)]
            scores[row, o] = sum(_score(neighbours, *pair, method) for pair in pairs) / len(pairs)
    return scores


def expanded_graph(links: list[set[int]], geometry: ConvGeometry, kernels: Iterable[int]) -> Graph:
    """Return the neighbours of each pixel in the graph of some kernels; `links` has the rows of each kernel's links."""
    neighbours: Graph = defaultdict(set)
    for o in kernels:
        for row in links[o]:
            for window, pixel in windows(geometry, row):
                neighbours["out", o, *window].add(("in", *pixel))
                neighbours["in", *pixel].add(("out", o, *window))
    return neighbours


def windows(geometry: ConvGeometry, row: int) -> Iterator[tuple[tuple[int, int], tuple[int, int, int]]]:
    """Go through the windows that have a tap inside of the image: their place (i, j), and the pixel (c, i, j)."""
    channel, a, b = geometry.tap(row)
    for i in range(geometry.out_height):
        for j in range(geometry.out_width):
            y = geometry.stride * i + a - geometry.padding
            x = geometry.stride * j + b - geometry.padding
            if 0 <= y < geometry.height and 0 <= x < geometry.width:
                yield (i, j), (channel, y, x)


def _score(neighbours: Graph, u: Node, v: Node, method: str) -> float:
    """Add up the terms of the nodes on paths of length three from u to v, which are not linked."""
    community = {b for b in neighbours[u] if neighbours[b] & neighbours[v]}
    community |= {a for a in neighbours[v] if neighbours[a] & neighbours[u]}
    score = 0.0
    for z in sorted(community):
        internal = neighbours[z] & community
        external = neighbours[z] - community - {u, v}
        score += NODE_TERMS[method](len(internal), len(external))
    return score


def _of(indptr: Array, indices: Array, row: int) -> set[int]:
    return set(indices[indptr[row] : indptr[row + 1]].tolist())
