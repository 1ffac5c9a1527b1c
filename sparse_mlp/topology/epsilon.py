"""Density as SET [Mocanu2018] writes it: epsilon links per neuron."""

from __future__ import annotations

from sparse_mlp.errors import check_fraction, check_integer, check_number


def density_from_epsilon(epsilon: float, n_in: int, n_out: int) -> float:
    """Convert SET's epsilon, above 0, to the fraction of possible links that is present, in (0, 1].

    A layer holds about `epsilon * (n_in + n_out)` links; one that is too small for so many is dense.

    Notes
    -----
    :math:`p = \\min(1, \\varepsilon (n + m) / (n m))`, the Erdős–Rényi probability of SET [Mocanu2018].

    Examples
    --------
    >>> round(density_from_epsilon(20, 784, 1000), 6)
    0.04551
    """
    n, m = check_integer("n_in", n_in), check_integer("n_out", n_out)
    return min(1.0, check_number("epsilon", epsilon, strict=True) * (n + m) / (n * m))


def epsilon_from_density(density: float, n_in: int, n_out: int) -> float:
    """Convert the fraction of possible links that is present, in (0, 1], to SET's epsilon.

    Examples
    --------
    >>> epsilon_from_density(0.01, 1000, 1000)
    5.0
    """
    n, m = check_integer("n_in", n_in), check_integer("n_out", n_out)
    return check_fraction("density", density) * n * m / (n + m)
