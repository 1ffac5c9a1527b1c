"""All figures and tables that can be made again, by name: one file each, their recipes next to them."""

from __future__ import annotations

from collections.abc import Iterable

from sparse_mlp.errors import check_choice
from sparse_mlp.experiments.reproduction.figure import Figure
from sparse_mlp.experiments.reproduction.figures import (
    chts_table,
    conv_figure,
    conv_table,
    dendritic_network,
    motif_fashion_mnist,
    motif_lung,
    motif_trade_off,
    robustness_1,
    robustness_2,
    robustness_3,
    robustness_4,
    robustness_5,
    robustness_6,
    robustness_7,
    static_table,
    translation_table,
)

FIGURES: dict[str, Figure] = {
    module.FIGURE.name: module.FIGURE
    for module in (
        robustness_1, robustness_2, robustness_3, robustness_4, robustness_5, robustness_6, robustness_7,
        dendritic_network, static_table, chts_table, motif_fashion_mnist, motif_lung, motif_trade_off,
        conv_figure, conv_table, translation_table,
    )
}  # fmt: skip


def find_figures(names: Iterable[str]) -> list[Figure]:
    """Return figures by their names, each once; `InvalidInputError` lists all names where one is unknown."""
    return [FIGURES[check_choice("figure", name, FIGURES)] for name in dict.fromkeys(names)]
