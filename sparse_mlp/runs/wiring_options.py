"""What can be told about the first wiring, and which topology takes what of it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields
from typing import Any

from sparse_mlp.errors import check_choice, check_integer, invalid
from sparse_mlp.runs.options import option

# Settings that are called otherwise than the generator's own parameter, which would say too little beside the others.
SETTING_NAMES = {"scope": "snip_scope", "batch": "snip_batch"}
SPREADS = {
    "degree_std": "degree_distribution", "dendrite_std": "dendritic_distribution", "width_std": "width_distribution",
    "synaptic_std": "synaptic_distribution",
}  # fmt: skip
COMMON = ("density", "epsilon", "topology", "allocation")


@dataclass
class WiringOptions:
    """The first wiring; an option of a generator that is None is left to the generator."""

    density: float = option(0.02, "fraction of the possible links that the sparse layers have; the read-out has all")
    epsilon: float | None = option(None, "SET's parameter, instead of a density")
    topology: str | None = option(
        None, "first wiring: erdos-renyi, small-world, scale-free, receptive-field, ramanujan, dendritic, correlated "
        "or snip (default: correlated for cht, chts and chtss, else erdos-renyi)",
    )  # fmt: skip
    allocation: str = option("uniform", "how the links are shared among layers: uniform, er or erk")
    preset: str | None = option(None, "dendritic: stored options, given ones win: standard, mnist, fashion-mnist")
    dendrites: float | None = option(None, "dendritic: mean number of dendrites of an output neuron (default: 3)")
    field_width: float | None = option(
        None, "dendritic: width of the receptive window, 0 just holds the links, 1 is the whole layer (default: 1)"
    )
    degree_distribution: str | None = option(
        None, "dendritic: of the links of an output neuron, fixed, uniform, gaussian, spatial-gaussian or "
        "spatial-inverse-gaussian; receptive-field: fixed or uniform (default: fixed)",
    )  # fmt: skip
    dendritic_distribution: str | None = option(None, "dendritic: of the number of dendrites, one of the same five")
    width_distribution: str | None = option(None, "dendritic: of the width of the window, one of the same five")
    synaptic_distribution: str | None = option(
        None, "dendritic: of the links among the dendrites of a neuron, one of the same five"
    )
    degree_std: float | None = option(None, "dendritic: spread of the degrees, where they are not fixed")
    dendrite_std: float | None = option(None, "dendritic: spread of the number of dendrites")
    width_std: float | None = option(None, "dendritic: spread of the widths")
    synaptic_std: float | None = option(None, "dendritic: spread of the links among the dendrites")
    border: str | None = option(
        None, "dendritic: windows wrap around the end of the layer, or are bounded by it (default: wrap)"
    )
    rewiring: float | None = option(None, "dendritic: fraction of the links that is placed anew at random (default: 0)")
    r: float | None = option(None, "receptive-field: randomness, 0 nearest inputs, 1 random ones (default: 0.25)")
    degree_side: str | None = option(
        None, "receptive-field: whose degrees are designed, output or input (default: output)"
    )
    beta: float | None = option(None, "small-world: fraction of the links that is placed at random (default: 0.25)")
    attempts: int | None = option(None, "ramanujan: wirings that are tried at most for the bound to hold (default: 10)")
    snip_scope: str | None = option(
        None, "snip: links that compete, global or layer (default: layer for chtss, else global)"
    )
    snip_batch: int | None = option(None, "snip: samples that it looks at (default: 128)")

    def check_wiring(self, topology: str) -> None:
        """Refuse options that the topology does not take, or that can be told to be wrong without making it.

        Raises
        ------
        InvalidInputError
            Naming the first bad one.
        """
        from sparse_mlp.models.snip import SCOPES
        from sparse_mlp.topology import TOPOLOGIES

        check_choice("topology", topology, TOPOLOGIES)
        for name in _own_settings():
            if getattr(self, name) is not None and name not in taken_by(topology):
                raise invalid(f"{name} with topology={topology}", "left out", _who_takes(name))
        if self.snip_scope is not None:
            check_choice("snip_scope", self.snip_scope, SCOPES)
        if self.snip_batch is not None:
            check_integer("snip_batch", self.snip_batch)
        if self.preset is not None:
            from sparse_mlp.topology.presets import DENDRITIC_PRESETS

            check_choice("preset", self.preset, DENDRITIC_PRESETS)

    def asked_links(self) -> dict[str, float | None]:
        """Return the density and the epsilon that were asked for, one of them None."""
        return {"density": self.density if self.epsilon is None else None, "epsilon": self.epsilon}

    def generator_params(self, topology: str) -> dict[str, Any]:
        """Return the options that were set, the preset's first, under the names that the generator knows them by."""
        params: dict[str, Any] = {}
        if self.preset is not None:
            from sparse_mlp.topology.presets import DENDRITIC_PRESETS

            params.update(DENDRITIC_PRESETS[self.preset])
        for setting, parameter in taken_by(topology).items():
            if setting != "preset" and getattr(self, setting) is not None:
                params[parameter] = getattr(self, setting)
        return params


def refuse_idle_spreads(params: dict[str, Any]) -> None:
    """Refuse a spread among the options of a generator where what it would spread is fixed.

    Raises
    ------
    InvalidInputError
        Naming both.
    """
    for spread, distribution in SPREADS.items():
        if spread in params and params.get(distribution, "fixed") == "fixed":
            raise invalid(f"{spread} with {distribution}=fixed", "left out", f"{spread} would change nothing")


def taken_by(topology: str) -> dict[str, str]:
    """Return the settings that a topology takes, with the names of its generator's parameters."""
    from sparse_mlp.models import WIRINGS

    settings = {SETTING_NAMES.get(name, name): name for name in inspect.signature(WIRINGS[topology]).parameters}
    taken = {setting: settings[setting] for setting in _own_settings() if setting in settings}
    return {"preset": "", **taken} if topology == "dendritic" else taken


def _own_settings() -> list[str]:
    return [setting.name for setting in fields(WiringOptions) if setting.name not in COMMON]


def _who_takes(name: str) -> str:
    from sparse_mlp.topology import TOPOLOGIES

    return f"{' and '.join(topology for topology in TOPOLOGIES if name in taken_by(topology))} would take it"
