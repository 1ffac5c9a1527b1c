"""The printed tables, number by number, and what is to be said about them.

Accuracies in %, "±" as printed. Rows are by the labels of the methods in the recipes.
"""

from __future__ import annotations

from sparse_mlp.experiments.reproduction.numbers import Published

Table = dict[str, dict[str, Published]]  # method → data set → number

_SETS = ("mnist", "fashion-mnist", "emnist-balanced", "cifar-10")


def _rows(text: str) -> Table:
    """Read lines of "method | number ± spread | ...", one column a data set; "-" where nothing is printed."""
    table: Table = {}
    for line in text.strip().splitlines():
        method, *cells = (cell.strip() for cell in line.split("|"))
        numbers = {name: _number(cell) for name, cell in zip(_SETS, cells, strict=True) if cell != "-"}
        table[method] = numbers
    return table


def _number(cell: str) -> Published:
    mean, _, spread = cell.partition("±")
    return Published(float(mean), float(spread) if spread else None)


# Tables 1 and 7 of [Zhang2025]: 99 % sparse, three hidden layers of 1568 (CIFAR-10: 3072), 100 epochs, three seeds.
DYNAMIC = _rows("""
    FC           | 98.78 ± .02 | 90.88 ± .02 | 87.13 ± .04 | 62.85 ± .16
    SET          | 98.14 ± .02 | 89.00 ± .09 | 86.31 ± .08 | 62.70 ± .11
    RigL         | 98.61 ± .01 | 89.91 ± .07 | 86.94 ± .08 | 63.90 ± .19
    CHT          | 98.48 ± .04 | 88.70 ± .07 | 86.35 ± .08 | 59.10 ± .06
    CHTs CH3-L3p | 98.81 ± .04 | 90.93 ± .03 | 87.61 ± .07 | -
    CHTs         | 98.76 ± .05 | 90.67 ± .05 | 87.82 ± .04 | 69.97 ± .06
    GMP          | 98.62 ± .03 | 90.29 ± .19 | 86.93 ± .08 | 65.11 ± .11
    GraNet       | 98.81 ± .00 | 89.98 ± .06 | 86.94 ± .03 | 69.31 ± .17
    CHTss        | 98.83 ± .02 | 90.81 ± .11 | 87.52 ± .04 | 71.29 ± .14
""")

# The same tables: neurons with a link onward after training, in %.
ACTIVE_NEURONS = _rows("""
    SET          | 100 | 100 | 100 | 100
    RigL         | 29  | 55  | 28  | 59
    CHT          | 29  | 30  | 21  | 96
    CHTs CH3-L3p | 20  | 89  | 24  | -
    CHTs         | 27  | 73  | 28  | 54
    GMP          | 58  | 69  | 75  | 75
    GraNet       | 35  | 53  | 45  | 61
    CHTss        | 32  | 40  | 35  | 63
""")

# Static training, 99 % sparse, [Cerretti2025]: mean ± standard error of three seeds.
STATIC = _rows("""
    CSTI      | 98.07 ± .02 | 88.52 ± .14 | 84.66 ± .13 | 52.64 ± .30
    SNIP      | 97.59 ± .08 | 87.85 ± .22 | 84.08 ± .08 | 61.81 ± .58
    Random    | 96.72 ± .04 | 87.34 ± .11 | 82.66 ± .08 | 55.28 ± .09
    BSW       | 97.32 ± .02 | 88.18 ± .18 | 82.94 ± .06 | 56.54 ± .15
    BRF       | 96.85 ± .01 | 87.41 ± .13 | 82.98 ± .02 | 54.73 ± .07
    Ramanujan | 96.51 ± .17 | 86.45 ± .15 | 81.80 ± .13 | 55.05 ± .40
    DNM       | 97.82 ± .03 | 89.19 ± .01 | 84.76 ± .13 | 61.63 ± .18
""")

# CHTs and CHTss by first wiring, [Cerretti2025]: mean ± standard error of three seeds.
BY_WIRING = _rows("""
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
""")

# Equations 5, 6, 8 and 9 of [Chen2025]. The third does not follow from the R and A beside it (C-7), see `trade_off`.
PRINTED_SCORES = {
    "fashion-mnist": {"m = 2": 0.9100, "m = 4": 0.8864},
    "lung": {"m = 2": 0.9199, "m = 4": 0.9089},
}
