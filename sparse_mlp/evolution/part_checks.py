"""What the removals, regrowths and rules that users write must return; else an error names the part and what it did."""

from __future__ import annotations

from typing import Any

import numpy as np

from sparse_mlp.errors import InvalidInputError, invalid
from sparse_mlp.evolution.update import Mask
from sparse_mlp.layers import Linked
from sparse_mlp.plugins import called, is_own


def checked_mask(remove: Any, layer: str, nnz: int, keep: Any) -> Mask:
    """Return what a removal returned, if it is a mask over the links of a layer.

    Raises
    ------
    InvalidInputError
        If it has another shape or type.
    """
    mask = np.asarray(keep)
    if mask.shape != (nnz,) or mask.dtype != bool:
        found = f"{mask.dtype} {mask.shape} from removal {called(remove)} in layer {layer}"
        raise invalid(found, f"bool ({nnz},)", "True for each link that stays")
    return mask


def checked_positions(regrow: Any, layer: Linked, keep: Mask, k: int, found: Any) -> Any:
    """Return what a regrowth returned, if it is k ascending positions without a link.

    Raises
    ------
    InvalidInputError
        If their number or type is another, or one of them cannot take a link.
    """
    positions = np.asarray(found)
    if positions.shape != (k,) or positions.dtype.kind not in "iu":
        what = f"{positions.dtype} {positions.shape}"
        raise _wrong(regrow, layer, what, f"whole numbers ({k},), a position for each new link")
    if not k or not is_own(regrow):
        return positions
    shape = layer.structure.shape
    if positions.min() < 0 or positions.max() >= shape[0] * shape[1]:
        extremes = f"positions from {positions.min()} to {positions.max()}"
        raise _wrong(regrow, layer, extremes, f"positions u * {shape[1]} + v in [0, {shape[0] * shape[1]})")
    if not (np.diff(positions) > 0).all():
        at = int(np.flatnonzero(np.diff(positions) <= 0)[0])
        pair = f"position {positions[at]} before {positions[at + 1]}"
        raise _wrong(regrow, layer, pair, "ascending positions, each once")
    taken = positions[np.isin(positions, layer.structure.keys()[keep])]
    if len(taken):
        raise _wrong(regrow, layer, f"position {taken[0]}, which has a link", "positions without a link that stays")
    return positions


def check_rule_parts(rule: Any, name: str = "") -> None:
    """Refuse as a rule what lacks something that training asks of it; `name` is what it was chosen by.

    Raises
    ------
    InvalidInputError
        Naming what is missing.
    """
    wanted = (
        "name", "wants_dense", "initial_density", "update_steps", "wants_signals", "update", "state", "load_state"
    )  # fmt: skip
    missing = [attribute for attribute in wanted if not hasattr(rule, attribute)]
    if missing:
        what = f"a {type(rule).__name__}" + (f" from rule {name}" if name else " as a rule")
        raise invalid(f"{what}, without {', '.join(missing)}", "a Rule, such as three_stage_rule makes")


def _wrong(regrow: Any, layer: Linked, what: str, wanted: str) -> InvalidInputError:
    return invalid(f"{what} from regrowth {called(regrow)} in layer {layer.name}", wanted)
