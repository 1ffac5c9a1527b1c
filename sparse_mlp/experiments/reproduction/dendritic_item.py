"""The figure of the Dendritic Network Model: four wirings, nothing trained."""

from __future__ import annotations

from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.item import Findings
from sparse_mlp.experiments.reproduction.numbers import Number
from sparse_mlp.measures.repeated import Repeated

REPEATS = {"smoke": 2, "laptop": 10, "paper": 100}  # of measures that are random
SEED = 0
NETWORK = "98-196-196"


def read_wirings(runs: Runs) -> Findings:
    """Make the four wirings anew from their seed, embed and measure them."""
    from sparse_mlp.plotting import dendritic_figure

    found = Findings()
    display = dendritic_figure(SEED, repeats=REPEATS[runs.preset])
    found.displays["wirings"] = display
    for panel in display.wirings:
        for name, value in panel.measures.items():
            values = list(value.values) if isinstance(value, Repeated) else [value]
            found.numbers.add([Number(NETWORK, panel.label, name, "", dict(enumerate(map(float, values))))])
    found.notes.append(f"Wirings of seed {SEED}; n counts the repeats of a measure that is random, on the same wiring.")
    return found
