"""The second singular value of a wiring: how far it is from mixing all neurons alike, and what is best possible."""

from __future__ import annotations

from sparse_mlp.kernels import spectrum
from sparse_mlp.structure import SparseStructure


def second_singular_value(structure: SparseStructure) -> float:
    """Measure the second largest singular value of the adjacency matrix of a layer.

    It is 0 if one side has a single neuron or there are no links, and exact to about 1e-8 times the largest one.

    Notes
    -----
    Where all neurons of a side have d_in and d_out links, the largest singular value is :math:`\\sqrt{d_{in} d_{out}}`.
    The smaller the second one, the more evenly any set of inputs is linked with any set of outputs. Up to 256 neurons
    on the smaller side all values are computed, beyond that the first two by Lanczos iterations (SciPy's `svds`).

    Examples
    --------
    >>> ring = SparseStructure.from_coo([0, 0, 1, 1, 2, 2, 3, 3], [0, 1, 1, 2, 2, 3, 3, 0], (4, 4))
    >>> round(second_singular_value(ring), 4)
    1.4142
    """
    return spectrum.second_singular_value(structure.to_scipy())


def ramanujan_bound(structure: SparseStructure) -> float:
    """Compute the second singular value that a Ramanujan graph with these mean degrees may have at most.

    Notes
    -----
    :math:`\\sqrt{L / n_{in} - 1} + \\sqrt{L / n_{out} - 1}` with L links; NaN if a mean degree is below 1. Where all
    neurons of a side have the same degree, the graph is Ramanujan if its second singular value is at most this, and in
    the long run no family of such graphs stays below it [Feng1996]. For other wirings the mean degrees stand in for the
    degrees.

    Examples
    --------
    >>> ramanujan_bound(SparseStructure.complete((5, 2)))
    3.0
    """
    return spectrum.ramanujan_bound(*structure.shape, structure.nnz)
