"""A measure that depends on chance, taken several times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Repeated:
    """Hold the values of all repeats.

    Parameters
    ----------
    values : float64 (repeats,)
        One for each repeat, in order.

    Examples
    --------
    >>> sigma = Repeated(np.array([0.25, 0.75]))
    >>> sigma.mean, sigma.std
    (0.5, 0.3535533905932738)
    >>> print(sigma)
    0.5000 ± 0.3536
    """

    values: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Mean over the repeats."""
        return float(self.values.mean())

    @property
    def std(self) -> float:
        """Standard deviation of one repeat, estimated with repeats - 1; 0 where there is only one."""
        return float(self.values.std(ddof=1)) if len(self.values) > 1 else 0.0

    def __str__(self) -> str:
        return f"{self.mean:.4f} ± {self.std:.4f}"
