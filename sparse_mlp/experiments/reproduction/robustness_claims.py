"""What the robustness paper [Sulyok2026] claims, figure by figure; where it contradicts itself, both statements.

The paper gives no numbers. What is "about", "minor" or "the same" there has bounds of ours here, named in each text.
"""

from __future__ import annotations

from sparse_mlp.experiments.reproduction.claims import ALL, Claim, Side, higher, level

RLR, CH3L3 = "RLR", "CH3L3"
MNIST, FASHION, KMNIST, EMNIST = "mnist", "fashion-mnist", "kmnist", "emnist-letters"
ALL_BUT_EMNIST, ALL_BUT_KMNIST = (MNIST, FASHION, KMNIST), (MNIST, FASHION, EMNIST)

# Quantities, in the words of the reports.
UPDATE_TIME = "an update"
TO_99 = "epochs to 99 % of the final median"
AREA, FINAL, DIP = "area under the accuracy, log epochs", "final accuracy", "dip of the accuracy"
RANDOM, ORDER, REVERSE = "random-pruning", "weight-order", "reverse-weight-order"
SHUFFLING, MODIFICATION = "weight-shuffling", "weight-modification"
MIDDLE, LARGE, HOLLOW = "links with 0.2 < |w| < 1", "links with |w| > 1", "hollow of the density near 0"
LINK_CHANGE = "links after less before an update"


def area(perturbation: str) -> str:
    """Name the area under the curve of a perturbation."""
    return f"area under {perturbation}"


def bottom(perturbation: str) -> str:
    """Name the strength at which the accuracy has come down."""
    return f"bottom of {perturbation}"


def loss_at_80(perturbation: str) -> str:
    """Name what is lost where 80 % of the links are removed."""
    return f"lost at 80 % {perturbation}"


def loss_of_5(perturbation: str) -> str:
    """Name the strength that costs 5 points."""
    return f"strength that costs 5 points, {perturbation}"


def at_full(perturbation: str) -> str:
    """Name the accuracy at strength 1."""
    return f"accuracy at strength 1, {perturbation}"


TIME_CLAIMS = (
    Claim("an update by RLR takes about half the time of one by CH3L3 (1.5 to 2.5 times)", "2.1, Fig. 2",
          Side(UPDATE_TIME, CH3L3), Side(UPDATE_TIME, RLR), low=1.5, high=2.5, unit="times", ratio=True),
)  # fmt: skip

ACCURACY_CLAIMS = (
    higher("CH3L3 approaches its limit in fewer epochs", "2.1.1", TO_99, RLR, CH3L3, "epochs"),
    higher("CH3L3 is ahead on the way: larger area under the accuracy", "2.1.1", AREA, CH3L3, RLR, "points"),
    level("final accuracies are the same (within 0.5 points)", "2.1.1", FINAL, CH3L3, RLR, 0.5, "points",
          datasets=ALL_BUT_KMNIST),
    higher("the final accuracy of CH3L3 is slightly higher on KMNIST", "2.1.1", FINAL, CH3L3, RLR, "points",
           datasets=(KMNIST,)),
    level("final accuracies are consistently the same (within 0.5 points), KMNIST not excepted", "Discussion", FINAL,
          CH3L3, RLR, 0.5, "points", datasets=(MNIST, FASHION, KMNIST, EMNIST)),
    *(Claim(f"on Fashion-MNIST the accuracy dips (0.5 points at least) and recovers, {method}", "2.1.1",
            Side(DIP, method), low=0.5, unit="points", datasets=(FASHION,)) for method in (CH3L3, RLR)),
)  # fmt: skip

PRUNING_CLAIMS = (
    Claim("strongest links first: the bottom is reached at 1 to 5 % removed", "2.2, Fig. 4 (C-4)",
          Side(bottom(ORDER), ALL), low=1, high=5, unit="%"),
    Claim("strongest links first: the bottom is reached at 3 to 10 % removed", "Discussion (C-4)",
          Side(bottom(ORDER), ALL), low=3, high=10, unit="%"),
    Claim("random links: the bottom is reached near 80 % removed (70 to 90 %)", "2.2, Fig. 4",
          Side(bottom(RANDOM), ALL), low=70, high=90, unit="%"),
    Claim("weakest links first: minor loss (5 points at most) with 80 % removed", "2.2, Fig. 4",
          Side(loss_at_80(REVERSE), ALL), high=5, unit="points"),
    Claim("weakest links first: networks by RLR bear 80 % removed without critical loss (5 points)", "Discussion",
          Side(loss_at_80(REVERSE), RLR), high=5, unit="points"),
    higher("weakest links first: RLR is more resilient on all sets", "2.2, Fig. 4", area(REVERSE), RLR, CH3L3,
           "points"),
    higher("random links: CH3L3 is slightly more resilient on MNIST, Fashion-MNIST, KMNIST", "2.2, Fig. 4",
           area(RANDOM), CH3L3, RLR, "points", datasets=ALL_BUT_EMNIST),
    level("random links: no difference on EMNIST (0.5 points)", "2.2, Fig. 4", area(RANDOM), CH3L3, RLR, 0.5, "points",
          datasets=(EMNIST,)),
    higher("strongest links first: CH3L3 is slightly more resilient on MNIST and Fashion-MNIST", "2.2, Fig. 4",
           area(ORDER), CH3L3, RLR, "points", datasets=(MNIST, FASHION)),
    higher("strongest links first: RLR is slightly more resilient on KMNIST and EMNIST", "2.2, Fig. 4",
           area(ORDER), RLR, CH3L3, "points", datasets=(KMNIST, EMNIST)),
)  # fmt: skip

NOISE_CLAIMS = (
    Claim("shuffling costs accuracy sooner: a smaller strength takes 5 points", "2.2, Fig. 5",
          Side(loss_of_5(MODIFICATION)), Side(loss_of_5(SHUFFLING)), low=0.0, unit=""),
    Claim("the curves cross: at strength 1 shuffling leaves more accuracy", "2.2, Fig. 5",
          Side(at_full(SHUFFLING)), Side(at_full(MODIFICATION)), low=0.0, unit="points"),
    higher("modification: CH3L3 is more resilient on all sets", "2.2, Fig. 5 (C-1)", area(MODIFICATION), CH3L3, RLR,
           "points"),
    higher("modification: RLR is more resilient", "Discussion (C-1)", area(MODIFICATION), RLR, CH3L3, "points"),
    higher("shuffling: CH3L3 is more resilient on MNIST and Fashion-MNIST", "2.2, Fig. 5 (C-2)", area(SHUFFLING),
           CH3L3, RLR, "points", datasets=(MNIST, FASHION)),
    higher("shuffling: RLR is more resilient on KMNIST and EMNIST", "2.2, Fig. 5 (C-2)", area(SHUFFLING), RLR, CH3L3,
           "points", datasets=(KMNIST, EMNIST)),
    higher("shuffling: CH3L3 is more resilient on three of the four sets", "Discussion (C-2)", area(SHUFFLING), CH3L3,
           RLR, "points", datasets=(MNIST, FASHION, KMNIST, EMNIST), needed=3),
)  # fmt: skip

WEIGHT_CLAIMS = (
    higher("RLR has more links with 0.2 < |w| < 1 on all sets", "2.2, Fig. 6", MIDDLE, RLR, CH3L3, "% of the links"),
    *(Claim(f"the density has a narrow minimum near 0 (20 % deep at least), {method}", "2.2, Fig. 6",
            Side(HOLLOW, method), low=20, unit="%") for method in (CH3L3, RLR)),
    higher("|w| > 1: CH3L3 has more links on MNIST and EMNIST", "2.2, Fig. 6 (C-5)", LARGE, CH3L3, RLR,
           "% of the links", datasets=(MNIST, EMNIST)),
    higher("|w| > 1: RLR has more links on Fashion-MNIST", "2.2, Fig. 6 (C-5)", LARGE, RLR, CH3L3, "% of the links",
           datasets=(FASHION,)),
    level("|w| > 1: no difference on KMNIST (0.1 % of the links)", "2.2, Fig. 6 (C-5)", LARGE, CH3L3, RLR, 0.1,
          "% of the links", datasets=(KMNIST,)),
)  # fmt: skip

STAGE_CLAIMS = (
    Claim("an update leaves the number of links in each layer unchanged", "4.3, Fig. 7", Side(LINK_CHANGE, ALL),
          low=0, high=0, unit="links"),
)  # fmt: skip
