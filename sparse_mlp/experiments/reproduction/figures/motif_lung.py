"""Tables 1 and 2 of [Chen2025] on Lung, with the seconds of an epoch that Figure 6 shows."""

from __future__ import annotations

from sparse_mlp.experiments.reproduction.figures.motif_table import motif_figure

FIGURE = motif_figure(
    "lung", "Lung", {"smoke": 0.2, "laptop": 5, "paper": 130},
    "Lung is a microarray, as the paper's table 3 says, not X-ray scans, as its text does (C-10).",
    "lung-1543 is a stand-in, the same samples with other genes: published numbers are of the official Lung.",
)  # fmt: skip
