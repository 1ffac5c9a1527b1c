"""What can be told about the evolution of the wiring."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sparse_mlp.runs.options import option

# Settings of this group that are not handed to the rule.
NOT_THE_RULES = ("rule", "update_every", "update_steps")


@dataclass
class RuleOptions:
    """The rule, and the settings that go to it; what is not set is left to the rule."""

    rule: str = option(
        "set", "how the wiring evolves: static, set, rlr, path-count, ch3l3, rigl, cht, chts, chtss or dense; each "
        "takes some of the settings of this group, and has defaults of its own",
    )  # fmt: skip
    zeta: float | None = option(None, "fraction of the links that an update replaces (default: 0.3)")
    zeta_schedule: str | None = option(
        None, "course of zeta: constant, cosine or linear (default: cosine for rigl, else constant)"
    )
    zeta_end: float | None = option(None, "fraction of training after which a falling zeta is 0 (default: 0.75)")
    removal: str | None = option(
        None, "set, rlr: which weights go, by sign, magnitude or importance (default: sign for set, magnitude for rlr)"
    )
    exclude_removed: bool | None = option(
        None, "set, rlr: close positions to new links that were just removed (default: no)"
    )
    delta_start: float | None = option(
        None, "chts, chtss: softness of the removal at the start, 0 draws all links alike, 1 none (default: 0.5)",
    )  # fmt: skip
    delta_end: float | None = option(None, "chts, chtss: the same at zeta_end (default: 0.75)")
    alpha: float | None = option(
        None, "chts, chtss: what removal looks at, 1 magnitude, 0 relative importance (default: 0)"
    )
    percolate: bool | None = option(
        None, "also replace links that are cut off from input or output (default: no for set, rlr and rigl, else yes)",
    )  # fmt: skip
    predictor: str | None = option(
        None, "ch3l3, cht, chts, chtss: score of absent links (default: ch2-l3n for chts and chtss, else ch3-l3p)",
    )  # fmt: skip
    regrowth: str | None = option(
        None, "rules with a predictor: hard takes the best links, soft draws by score (default: soft for chts, chtss)",
    )  # fmt: skip
    ties: str | None = option(
        None, "hard regrowth: who wins among equal scores, index or random (default: random for path-count, else "
        "index)",
    )  # fmt: skip
    new_weights: str | None = option(None, "law of the new weights (default: the rule's own)")
    keep_regrown: bool | None = option(
        None, "a link that is removed and grows again at once keeps its weight (default: yes for rigl, cht, chts and "
        "chtss)",
    )  # fmt: skip
    overlap_stop: float | None = option(
        None, "cht, chts: layers have settled when more of their new links were just removed (default: 0.9 for cht, "
        "1, that is never, for chts)",
    )  # fmt: skip
    overlap_stop_scope: str | None = option(
        None, "cht, chts: global, evolution ends when all have settled, or layer, each rests at once (default: global)",
    )  # fmt: skip
    density_start: float | None = option(
        None, "chtss: density at the start, from which it decays to the one asked for (default: 0.5)"
    )
    decay: str | None = option(None, "chtss: course of the density, sigmoid, cubic or linear (default: sigmoid)")
    decay_end: float | None = option(
        None, "chtss: fraction of training at which the density has its last value (default: 0.5)"
    )
    steepness: float | None = option(None, "chtss: of the sigmoid (default: 6)")
    update_every: int | None = option(None, "epochs between two updates of the wiring (default: 1, but for rigl)")
    update_steps: int | None = option(None, "batches between two updates, instead of epochs (default: 100 for rigl)")

    def rule_params(self) -> dict[str, Any]:
        """Return the options of the rule that were set."""
        names = [setting.name for setting in fields(RuleOptions) if setting.name not in NOT_THE_RULES]
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}
