"""The tables of rules at 99 % sparsity: [Zhang2025], and CHTs and CHTss by first wiring of [Cerretti2025]."""

from __future__ import annotations

from sparse_mlp.experiments.reproduction.figures.accuracy_table import (
    ACCURACY,
    ACTIVE,
    DATASETS,
    accuracy_figure,
    better,
)
from sparse_mlp.experiments.reproduction.published import read_table

# Tables 1 and 7 of [Zhang2025]: three hidden layers of 1568 (CIFAR-10: 3072), 100 epochs, three seeds.
BY_RULE = read_table(DATASETS, """
    FC           | 98.78 ± .02 | 90.88 ± .02 | 87.13 ± .04 | 62.85 ± .16
    SET          | 98.14 ± .02 | 89.00 ± .09 | 86.31 ± .08 | 62.70 ± .11
    RigL         | 98.61 ± .01 | 89.91 ± .07 | 86.94 ± .08 | 63.90 ± .19
    CHT          | 98.48 ± .04 | 88.70 ± .07 | 86.35 ± .08 | 59.10 ± .06
    CHTs CH3-L3p | 98.81 ± .04 | 90.93 ± .03 | 87.61 ± .07 | -
    CHTs         | 98.76 ± .05 | 90.67 ± .05 | 87.82 ± .04 | 69.97 ± .06
    GMP          | 98.62 ± .03 | 90.29 ± .19 | 86.93 ± .08 | 65.11 ± .11
    GraNet       | 98.81 ± .00 | 89.98 ± .06 | 86.94 ± .03 | 69.31 ± .17
    CHTss        | 98.83 ± .02 | 90.81 ± .11 | 87.52 ± .04 | 71.29 ± .14
""")  # fmt: skip

# The same tables: neurons with a link onward after training, in %.
ACTIVE_NEURONS = read_table(DATASETS, """
    SET          | 100 | 100 | 100 | 100
    RigL         | 29  | 55  | 28  | 59
    CHT          | 29  | 30  | 21  | 96
    CHTs CH3-L3p | 20  | 89  | 24  | -
    CHTs         | 27  | 73  | 28  | 54
    GMP          | 58  | 69  | 75  | 75
    GraNet       | 35  | 53  | 45  | 61
    CHTss        | 32  | 40  | 35  | 63
""")  # fmt: skip

# CHTs and CHTss by first wiring, [Cerretti2025]: mean ± standard error of three seeds.
BY_WIRING = read_table(DATASETS, """
    CHTs, CSTI       | 98.81 ± .04 | 90.93 ± .03 | 87.82 ± .04 | 69.77 ± .06
    CHTs, Random     | 98.57 ± .04 | 90.42 ± .03 | 87.12 ± .13 | 66.96 ± .24
    CHTs, BSW        | 98.57 ± .04 | 90.46 ± .06 | 87.12 ± .13 | 66.96 ± .24
    CHTs, BRF        | 98.47 ± .03 | 90.04 ± .12 | 87.03 ± .07 | 64.96 ± .17
    CHTs, Ramanujan  | 98.57 ± .03 | 89.82 ± .14 | 87.24 ± .08 | 67.19 ± .17
    CHTs, DNM        | 98.66 ± .03 | 90.68 ± .09 | 87.40 ± .04 | 68.76 ± .11
    CHTss, CSTI      | 98.83 ± .02 | 90.81 ± .11 | -           | 71.29 ± .14
    CHTss, Random    | 98.61 ± .03 | 90.30 ± .10 | -           | 66.89 ± .23
    CHTss, BSW       | 98.61 ± .04 | 90.46 ± .06 | -           | 66.89 ± .23
    CHTss, BRF       | 98.47 ± .03 | 90.04 ± .12 | -           | 64.96 ± .17
    CHTss, Ramanujan | 98.57 ± .03 | 89.78 ± .08 | -           | 67.37 ± .12
    CHTss, DNM       | 98.90 ± .01 | 90.88 ± .03 | 87.55 ± .01 | 68.50 ± .21
""")  # fmt: skip

CLAIMS = (
    *(better("CHTs", rival, "Table 1") for rival in ("SET", "RigL", "CHT")),
    better("CHTss", "CHTs", "Table 1", "CHTss is better than CHTs on MNIST, Fashion-MNIST and CIFAR-10",
           ("mnist", "fashion-mnist", "cifar-10")),
    better("CHTs", "CHTss", "Table 1", "CHTs is better than CHTss on EMNIST", ("emnist-balanced",)),
    better("CHTss", "FC", "Table 1", "CHTss is better than the dense network on MNIST, EMNIST and CIFAR-10",
           ("mnist", "emnist-balanced", "cifar-10")),
    better("CHTs, DNM", "CHTs, Random", "poster", "CHTs from a first wiring by DNM is better than from a random one"),
)  # fmt: skip

FIGURE = accuracy_figure(
    "chts-table", "tables, rules at 99 % sparsity", "Zhang2025", {"smoke": 0.3, "laptop": 75, "paper": 2000},
    {ACCURACY: {**BY_RULE, **BY_WIRING}, ACTIVE: ACTIVE_NEURONS}, CLAIMS,
    ("Published: [Zhang2025], tables 1 and 7; by first wiring (CHTs, WIRING): [Cerretti2025], where some cells are "
     "copies of others (C-13), so no claim rests on them. Ours ± standard deviation.",
     "The laptop preset has hidden layers of 1000 instead of 1568 and 50 epochs instead of 100."),
)  # fmt: skip
