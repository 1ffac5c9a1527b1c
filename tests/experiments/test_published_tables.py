"""The printed numbers stand in the data as they stand in the papers; claims point at quantities that are measured."""

from __future__ import annotations

import pytest

from sparse_mlp.experiments.reproduction import FIGURES
from sparse_mlp.experiments.reproduction.claims import Claim
from sparse_mlp.experiments.reproduction.figures import robustness_4, robustness_5
from sparse_mlp.experiments.reproduction.figures.accuracy_table import DATASETS, table_label
from sparse_mlp.experiments.reproduction.figures.chts_table import ACTIVE_NEURONS, BY_RULE, BY_WIRING
from sparse_mlp.experiments.reproduction.figures.chts_table import CLAIMS as DYNAMIC_CLAIMS
from sparse_mlp.experiments.reproduction.figures.motif_table import PRINTED_SCORES
from sparse_mlp.experiments.reproduction.figures.robustness import area
from sparse_mlp.experiments.reproduction.figures.static_table import CLAIMS as STATIC_CLAIMS
from sparse_mlp.experiments.reproduction.figures.static_table import PUBLISHED as STATIC


@pytest.mark.parametrize(
    ("table", "method", "dataset", "mean", "spread"),
    [
        (BY_RULE, "FC", "mnist", 98.78, 0.02),
        (BY_RULE, "CHTs", "cifar-10", 69.97, 0.06),
        (BY_RULE, "CHTss", "emnist-balanced", 87.52, 0.04),
        (BY_RULE, "GMP", "fashion-mnist", 90.29, 0.19),
        (ACTIVE_NEURONS, "CHT", "cifar-10", 96, None),
        (STATIC, "DNM", "fashion-mnist", 89.19, 0.01),
        (STATIC, "SNIP", "cifar-10", 61.81, 0.58),
        (BY_WIRING, "CHTs, CSTI", "cifar-10", 69.77, 0.06),
        (BY_WIRING, "CHTss, DNM", "emnist-balanced", 87.55, 0.01),
        (BY_WIRING, "CHTs, Ramanujan", "fashion-mnist", 89.82, 0.14),
    ],
)
def test_printed_numbers(table, method, dataset, mean, spread):
    found = table[method][dataset]
    assert (found.mean, found.spread) == (mean, spread)


def test_cells_that_are_not_printed_are_absent():
    assert "cifar-10" not in BY_RULE["CHTs CH3-L3p"] and "emnist-balanced" not in BY_WIRING["CHTss, BSW"]
    assert {len(row) for row in STATIC.values()} == {4} and len(STATIC) == 7 and len(BY_RULE) == 9
    assert PRINTED_SCORES["fashion-mnist"]["m = 4"] == 0.8864  # as printed, though it does not follow (C-7)


@pytest.mark.parametrize("claim", [*STATIC_CLAIMS, *DYNAMIC_CLAIMS], ids=lambda claim: claim.text)
def test_claims_from_tables_agree_with_the_printed_numbers(claim):
    """Each "A is better than B" holds for the printed means on each of its sets."""
    printed = {**STATIC, **BY_RULE, **BY_WIRING}
    table = STATIC if claim in STATIC_CLAIMS else printed
    for dataset in claim.datasets or DATASETS:
        first, second = (table[side.method][dataset].mean for side in (claim.operand, claim.baseline))
        assert first > second, dataset


def _directions(claims: tuple[Claim, ...], mark: str, quantity: str) -> list[tuple[str, str]]:
    found = [claim for claim in claims if mark in claim.source and claim.operand.quantity == quantity]
    return [(claim.operand.method, claim.source.split(",")[0].split(" ")[0]) for claim in found]


def test_where_the_paper_contradicts_itself_both_statements_stand():
    modification, shuffling = area(robustness_5.MODIFICATION), area(robustness_5.SHUFFLING)
    assert _directions(robustness_5.CLAIMS, "C-1", modification) == [("CH3L3", "2.2"), ("RLR", "Discussion")]
    assert _directions(robustness_5.CLAIMS, "C-2", shuffling) == [
        ("CH3L3", "2.2"), ("RLR", "2.2"), ("CH3L3", "Discussion"),
    ]  # fmt: skip
    minima = [(claim.low, claim.high) for claim in robustness_4.CLAIMS if "C-4" in claim.source]
    assert minima == [(1, 5), (3, 10)]


def test_three_of_four_sets_is_said_of_shuffling_alone():
    claims = [claim for claim in robustness_5.CLAIMS if claim.needed is not None]
    assert [(claim.needed, claim.of, len(claim.datasets)) for claim in claims] == [(3, 4, 4)]


def test_every_figure_has_a_name_a_paper_and_times_for_all_presets():
    assert len(FIGURES) == 16
    for name, figure in FIGURES.items():
        assert name == figure.name and figure.title
        assert set(figure.minutes) - {"overnight"} == {"smoke", "laptop", "paper"}


def test_a_preset_that_was_searched_on_a_set_is_the_row_of_the_poster_there():
    assert table_label("DNM fashion-mnist", "fashion-mnist") == "DNM"
    assert table_label("DNM standard", "cifar-10") == "DNM" and table_label("DNM standard", "mnist") == "DNM standard"
    assert table_label("CHTs, Random", "mnist") == "CHTs, Random"
