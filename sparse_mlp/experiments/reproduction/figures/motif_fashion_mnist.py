"""Tables 1 and 2 of [Chen2025] on Fashion-MNIST, with the seconds of an epoch that Figure 7 shows."""

from __future__ import annotations

from sparse_mlp.experiments.reproduction.figures.motif_table import motif_figure

FIGURE = motif_figure("fashion-mnist", "Fashion-MNIST", {"smoke": 0.2, "laptop": 25, "paper": 300})
