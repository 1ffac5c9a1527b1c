"""Settings of the Dendritic Network Model that have a name, and why they were chosen."""

from __future__ import annotations

from typing import Any

# Options of `topology.dendritic`; what a preset leaves out has the generator's default.
DENDRITIC_PRESETS: dict[str, dict[str, Any]] = {
    "standard": {
        "dendrites": 3.0,
        "field_width": 1.0,
        "degree_distribution": "fixed",
        "dendritic_distribution": "fixed",
        "width_distribution": "fixed",
        "synaptic_distribution": "fixed",
        "border": "wrap",
        "rewiring": 0.0,
    },
}

# What each preset rests on: the command that found it and the accuracy on validation samples, or the publication.
PRESET_EVIDENCE: dict[str, str] = {
    "standard": (
        "the standard Dendritic Network Model of [Cerretti2025], all distributions fixed; the number of dendrites and "
        "the width of the window, which the paper does not give, are the defaults of the public generator"
    ),
}
