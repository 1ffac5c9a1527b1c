"""The printed numbers stand in the data as they stand in the papers; claims point at quantities that are measured."""

from __future__ import annotations

import pytest

from sparse_mlp.experiments.reproduction import ITEMS
from sparse_mlp.experiments.reproduction import robustness_claims as robust
from sparse_mlp.experiments.reproduction.claims import Claim
from sparse_mlp.experiments.reproduction.published import (
    ACTIVE_NEURONS,
    BY_WIRING,
    DYNAMIC,
    PRINTED_SCORES,
    STATIC,
)
from sparse_mlp.experiments.reproduction.table_items import DYNAMIC_CLAIMS, SETS, STATIC_CLAIMS, table_label


@pytest.mark.parametrize(
    ("table", "method", "dataset", "mean", "spread"),
    [
        (DYNAMIC, "FC", "mnist", 98.78, 0.02),
        (DYNAMIC, "CHTs", "cifar-10", 69.97, 0.06),
        (DYNAMIC, "CHTss", "emnist-balanced", 87.52, 0.04),
        (DYNAMIC, "GMP", "fashion-mnist", 90.29, 0.19),
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
    assert "cifar-10" not in DYNAMIC["CHTs CH3-L3p"] and "emnist-balanced" not in BY_WIRING["CHTss, BSW"]
    assert {len(row) for row in STATIC.values()} == {4} and len(STATIC) == 7 and len(DYNAMIC) == 9
    assert PRINTED_SCORES["fashion-mnist"]["m = 4"] == 0.8864  # as printed, though it does not follow (C-7)


@pytest.mark.parametrize("claim", [*STATIC_CLAIMS, *DYNAMIC_CLAIMS], ids=lambda claim: claim.text)
def test_claims_from_tables_agree_with_the_printed_numbers(claim):
    """Each "A is better than B" holds for the printed means on each of its sets."""
    printed = {**STATIC, **DYNAMIC, **BY_WIRING}
    table = STATIC if claim in STATIC_CLAIMS else printed
    for dataset in claim.datasets or SETS:
        first, second = (table[side.method][dataset].mean for side in (claim.side, claim.beside))
        assert first > second, dataset


def _directions(claims: tuple[Claim, ...], mark: str, quantity: str) -> list[tuple[str, str]]:
    found = [claim for claim in claims if mark in claim.source and claim.side.quantity == quantity]
    return [(claim.side.method, claim.source.split(",")[0].split(" ")[0]) for claim in found]


def test_where_the_paper_contradicts_itself_both_statements_stand():
    modification, shuffling = robust.area(robust.MODIFICATION), robust.area(robust.SHUFFLING)
    assert _directions(robust.NOISE_CLAIMS, "C-1", modification) == [("CH3L3", "2.2"), ("RLR", "Discussion")]
    assert _directions(robust.NOISE_CLAIMS, "C-2", shuffling) == [
        ("CH3L3", "2.2"), ("RLR", "2.2"), ("CH3L3", "Discussion"),
    ]  # fmt: skip
    bottoms = [(claim.low, claim.high) for claim in robust.PRUNING_CLAIMS if "C-4" in claim.source]
    assert bottoms == [(1, 5), (3, 10)]


def test_three_of_four_sets_is_said_of_shuffling_alone():
    claims = [claim for claim in robust.NOISE_CLAIMS if claim.needed is not None]
    assert [(claim.needed, claim.of, len(claim.datasets)) for claim in claims] == [(3, 4, 4)]


def test_every_item_has_a_name_a_paper_and_times_for_all_presets():
    assert len(ITEMS) == 13
    for name, item in ITEMS.items():
        assert name == item.name and item.title and set(item.minutes) == {"smoke", "laptop", "paper"}


def test_a_preset_that_was_searched_on_a_set_is_the_row_of_the_poster_there():
    assert table_label("DNM fashion-mnist", "fashion-mnist") == "DNM"
    assert table_label("DNM standard", "cifar-10") == "DNM" and table_label("DNM standard", "mnist") == "DNM standard"
    assert table_label("CHTs, Random", "mnist") == "CHTs, Random"
