"""The figures of [Cerretti2025] that show wirings: four networks, and what each control of the model does."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sparse_mlp.experiments.reproduction.figure import Figure, Results
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.quantities import Quantity
from sparse_mlp.measures.repeated import Repeated
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.topology import generate
from sparse_mlp.topology.dendritic import DISTRIBUTIONS

if TYPE_CHECKING:
    from sparse_mlp.plotting import WiringGalleryDisplay, WiringPanelsDisplay

REPEATS = {"smoke": 2, "laptop": 10, "paper": 100}  # of measures that are random
SEED = 0
SIZES = (98, 196, 196)
DENSITY = 0.1
WIRINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "(a) random": ("erdos-renyi", {}),
    "(b) standard DNM": ("dendritic", {}),
    "(c) DNM, spatial-Gaussian degrees": ("dendritic", {"degree_distribution": "spatial-gaussian"}),
    "(d) DNM, spatial-Gaussian synapses": ("dendritic", {"synaptic_distribution": "spatial-gaussian"}),
}
# The six panels of controls: name, control, the values shown, and what differs from the standard model in the row.
CONTROLS: tuple[tuple[str, str, tuple[Any, ...], dict[str, Any]], ...] = (
    ("number of dendrites", "dendrites", (1, 2, 3, 5, 9), {}),
    ("degree distribution", "degree_distribution", DISTRIBUTIONS, {}),
    ("receptive field width", "field_width", (0.0, 0.4, 0.6, 0.8, 1.0), {}),
    ("dendritic distribution", "dendritic_distribution", DISTRIBUTIONS, {}),
    ("synaptic distribution", "synaptic_distribution", DISTRIBUTIONS, {}),
    ("receptive field width distribution", "width_distribution", DISTRIBUTIONS, {"field_width": 0.5}),
)


def read(runs: Runs) -> Results:
    """Make the four wirings from their seed, embed and measure them."""
    results, display = Results(), four_wirings(SEED, repeats=REPEATS[runs.preset])
    results.draw("wirings", display)
    results.draw("controls", controls(SEED))
    for panel in display.wirings:
        for name, value in panel.measures.items():
            values = list(value.values) if isinstance(value, Repeated) else [value]
            by_repeat = dict(enumerate(map(float, values)))
            results.quantities.add([Quantity("-".join(map(str, SIZES)), panel.label, name, "", by_repeat)])
    results.notes.append(
        f"Wirings of seed {SEED}; n counts the repeats of a measure that is random, on the same wiring."
    )
    return results


def four_wirings(rng: RandomState = SEED, *, repeats: int = 10, reduction: str = "isomap") -> WiringPanelsDisplay:
    """Build the figure of the Dendritic Network Model: four wirings of 98-196-196 neurons, 90 % sparse.

    (a) random, (b) the standard model with every distribution fixed, and this model with one distribution changed to
    spatial Gaussian: (c) that of the degrees, (d) that of the synapses over the dendrites. Measures that are random are
    taken `repeats` times; `reduction` as in `measures.coalescent_embedding`.

    Notes
    -----
    [Cerretti2025] names neither the pre-weighting nor the reduction of the embedding: RA1 and Isomap here. A layered
    network is bipartite between even and odd layers, which is all the structure that a random one has: Isomap sets
    layer 1 apart from the others, and the mean angle of a link exceeds the 90° of a random order. The blocks of
    dendrites put every link between neurons close in angle. γ is that of the best power law, not a sign that there is
    one: `measures.p_value` rules it out for (b), (c) and (d). It takes some 15 seconds, most of it for the measures.
    """
    from sparse_mlp.plotting import WiringPanelsDisplay

    random = as_generator(rng)
    wirings = {
        label: [generate(name, n, m, DENSITY, rng=random, **options) for n, m in pairwise(SIZES)]
        for label, (name, options) in WIRINGS.items()
    }
    return WiringPanelsDisplay.from_wirings(wirings, reduction=reduction, repeats=repeats, rng=random)


def controls(
    rng: RandomState = SEED, *, n_in: int = 60, n_out: int = 120, density: float = 0.15
) -> WiringGalleryDisplay:
    """Wire one small layer for each value of the six controls of the Dendritic Network Model.

    All other controls are at the defaults of `topology.dendritic` (3 dendrites, a full window, every distribution
    fixed, wrapped borders), but for the row of the width distribution, around a field width of 0.5. The six panels
    "Effect of … on the network topology" of [Cerretti2025].

    Examples
    --------
    >>> gallery = controls(n_in=12, n_out=24, density=0.25)
    >>> gallery.rows["Effect of the number of dendrites on the network topology"]["2"]
    SparseStructure(12 x 24, 72 links, density 0.25)
    """
    from sparse_mlp.plotting import WiringGalleryDisplay

    random, rows = as_generator(rng), {}
    for title, control, values, others in CONTROLS:
        rest = "".join(f" ({other.replace('_', ' ')} {value:g})" for other, value in others.items())
        rows[f"Effect of the {title} on the network topology{rest}"] = {
            value if isinstance(value, str) else f"{value:g}": generate(
                "dendritic", n_in, n_out, density, rng=random, **others, **{control: value}
            )
            for value in values
        }
    return WiringGalleryDisplay.from_structures(rows)


FIGURE = Figure(
    "dendritic-network", "the Dendritic Network Model, four wirings", "Cerretti2025", (),
    {"smoke": 0.2, "laptop": 0.3, "paper": 2}, read,
    notes=("The numbers in the image of the poster cannot be read. It names neither pre-weighting nor reduction "
           "of its embedding: RA1 and Isomap here.",),
)  # fmt: skip
