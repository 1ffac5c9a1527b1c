"""How a budget of links is shared among the layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from sparse_mlp.errors import check_choice, check_fraction, check_integer, invalid

Shape = tuple[int, ...]


def allocate(shapes: Sequence[Shape], density: float, method: str = "uniform") -> list[int]:
    """Share the links of a total density among layers.

    Parameters
    ----------
    shapes : sequence of tuples of int
        (n_in, n_out) of each layer; convolutions append the sides of their kernel.
    density : float
        Fraction of all possible links that is present, in (0, 1].
    method : {"uniform", "er", "erk"}
        The same density in each layer; or proportional to (n_in + n_out) / (n_in * n_out); or, for "erk", to the sum
        of all dimensions over their product. "er" and "erk" are the same for layers without a kernel.

    Returns
    -------
    list of int
        Links of each layer. They sum to exactly `round(density * possible links)`.

    Notes
    -----
    Erdős–Rényi (SET [Mocanu2018]) and Erdős–Rényi-Kernel (RigL [Evci2020]) densities
    :math:`\\rho_l = \\varepsilon (n_l + m_l) / (n_l m_l)`. A layer whose share exceeds its possible links becomes dense
    and epsilon is solved again for the others. Shares are rounded by largest remainder, ties to the earlier layer.

    Differences from the original
    -----------------------------
    The published codes round each layer by itself, so their sum can be off by up to one link per layer.

    Examples
    --------
    >>> allocate([(784, 1000), (1000, 1000), (1000, 1000)], 0.01, "er")
    [8587, 9627, 9626]
    """
    score = _SCORES[check_choice("allocation", method, _SCORES)]
    checked = [tuple(check_integer("shape", size) for size in shape) for shape in shapes]
    for shape in checked:
        if len(shape) < 2:
            raise invalid(f"shape={shape!r}", "(n_in, n_out) or (n_in, n_out, kernel sides)")
    if not checked:
        raise invalid("no layers", "at least one shape (n_in, n_out)")
    possible = [math.prod(shape) for shape in checked]
    budget = round(check_fraction("density", density) * sum(possible))
    return _largest_remainder(_shares(budget, [score(shape) for shape in checked], possible), budget)


def _shares(budget: int, scores: list[int], possible: list[int]) -> list[Fraction]:
    """Split the budget in proportion to the scores, no layer above its possible links."""
    dense: set[int] = set()
    while True:
        sparse = [layer for layer in range(len(scores)) if layer not in dense]
        left = budget - sum(possible[layer] for layer in dense)
        total = sum(scores[layer] for layer in sparse)
        shares = [Fraction(n) for n in possible]
        for layer in sparse:
            shares[layer] = Fraction(left * scores[layer], total)
        over = {layer for layer in sparse if shares[layer] > possible[layer]}
        if not over:
            return shares
        dense |= over


def _largest_remainder(shares: list[Fraction], budget: int) -> list[int]:
    links = [math.floor(share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda layer: links[layer] - shares[layer])
    for layer in by_remainder[: budget - sum(links)]:
        links[layer] += 1
    return links


# What each method shares out is proportional to: density times possible links, up to a common factor.
_SCORES: dict[str, Callable[[Shape], int]] = {
    "uniform": math.prod,
    "er": lambda shape: (shape[0] + shape[1]) * math.prod(shape[2:]),
    "erk": sum,
}
