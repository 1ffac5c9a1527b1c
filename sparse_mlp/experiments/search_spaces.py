"""What a search varies: the options of each topology, as lists or distributions to draw from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sparse_mlp.errors import check_choice, check_integer, invalid

SEARCHED = ("dendritic", "receptive-field", "small-world")
DIGITS = 3  # of drawn fractions: finer ones make no other wiring worth telling apart


def search_space(topology: str) -> dict[str, Any]:
    """Return what is searched for a topology: a list of values or a SciPy distribution for each option.

    `topology` is one of `SEARCHED`. `sklearn.model_selection.ParameterSampler` takes the result; spreads are left to
    the generator.
    """
    from scipy.stats import uniform

    check_choice("topology to search", topology, SEARCHED)
    if topology == "small-world":
        return {"beta": uniform(0, 1)}
    if topology == "receptive-field":
        return {"r": uniform(0, 1), "degree_distribution": ["fixed", "uniform"]}
    from sparse_mlp.topology.dendritic import BORDERS, DISTRIBUTIONS

    return {
        "dendrites": [1.0, 2.0, 3.0, 5.0, 7.0, 9.0, 11.0, 15.0],
        "field_width": uniform(0, 1),
        "degree_distribution": list(DISTRIBUTIONS),
        "dendritic_distribution": list(DISTRIBUTIONS),
        "width_distribution": list(DISTRIBUTIONS),
        "synaptic_distribution": list(DISTRIBUTIONS),
        "border": list(BORDERS),
    }


def draw_settings(space: dict[str, Any], fixed: dict[str, Any], count: int, seed: int) -> list[dict[str, Any]]:
    """Draw settings; the first is the generator's own default.

    Parameters
    ----------
    space
        As from `search_space`.
    fixed : dict
        Options that all settings share; they are not drawn.
    count : int
        How many settings, 2 or more, the default among them; fewer if the space has fewer.

    Returns
    -------
    list of dict
        Plain numbers and names, no setting twice; fractions have `DIGITS` digits.
    """
    from sklearn.model_selection import ParameterSampler

    check_integer("configurations", count, minimum=2)
    free = {name: values for name, values in space.items() if name not in fixed}
    settings: list[dict[str, Any]] = [dict(fixed)]
    if not free:
        raise invalid(f"values for all of {', '.join(space)}", "at least one left out", "nothing is left to search")
    finite = all(isinstance(values, list) for values in free.values())
    size = math.prod(len(values) for values in free.values()) if finite else math.inf
    # More than asked for, as some may come twice.
    for options in ParameterSampler(free, int(min(10 * count, size)), random_state=seed):
        setting = {**fixed, **{name: _plain(value) for name, value in sorted(options.items())}}
        if setting not in settings:
            settings.append(setting)
    return settings[:count]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return round(value, DIGITS) if isinstance(value, float) else value
