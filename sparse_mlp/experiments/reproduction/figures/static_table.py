"""The table of static training of [Cerretti2025]: accuracy by first wiring, 99 % sparse."""

from __future__ import annotations

from sparse_mlp.experiments.reproduction.figures.accuracy_table import ACCURACY, DATASETS, DNM, accuracy_figure, better
from sparse_mlp.experiments.reproduction.published import read_table

PUBLISHED = read_table(DATASETS, """
    CSTI      | 98.07 ± .02 | 88.52 ± .14 | 84.66 ± .13 | 52.64 ± .30
    SNIP      | 97.59 ± .08 | 87.85 ± .22 | 84.08 ± .08 | 61.81 ± .58
    Random    | 96.72 ± .04 | 87.34 ± .11 | 82.66 ± .08 | 55.28 ± .09
    BSW       | 97.32 ± .02 | 88.18 ± .18 | 82.94 ± .06 | 56.54 ± .15
    BRF       | 96.85 ± .01 | 87.41 ± .13 | 82.98 ± .02 | 54.73 ± .07
    Ramanujan | 96.51 ± .17 | 86.45 ± .15 | 81.80 ± .13 | 55.05 ± .40
    DNM       | 97.82 ± .03 | 89.19 ± .01 | 84.76 ± .13 | 61.63 ± .18
""")  # fmt: skip

CLAIMS = (
    *(better(DNM, rival, "table") for rival in ("Random", "BSW", "BRF", "Ramanujan")),
    better(DNM, "SNIP", "table", "DNM is better than SNIP, which sees the data, on all sets but CIFAR-10",
           DATASETS[:3]),
    better(DNM, "CSTI", "table", "DNM is better than CSTI, which sees the data, on Fashion-MNIST and CIFAR-10",
           ("fashion-mnist", "cifar-10")),
    better("CSTI", DNM, "table", "CSTI is better than DNM on MNIST", ("mnist",)),
)  # fmt: skip

FIGURE = accuracy_figure(
    "static-table", "table, static training by first wiring", "Cerretti2025",
    {"smoke": 0.3, "laptop": 40, "paper": 180}, {ACCURACY: PUBLISHED}, CLAIMS,
    ("Published: mean ± standard error of three seeds; ours ± standard deviation.",
     "DNM has the options that our search found on the data set, the standard setting where none were searched."),
)  # fmt: skip
