"""Every item is planned, carried out on a tiny store, judged and drawn; nothing is trained for drawing."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.experiments.planned_run import plan_run
from sparse_mlp.experiments.recipe import load_recipe, recipe_names
from sparse_mlp.experiments.reproduction import ITEMS, find_items, reproduce
from sparse_mlp.experiments.reproduction import motif_items as motifs
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.experiments.reproduction.tables import read_numbers, write_numbers
from sparse_mlp.experiments.reproduction.training_items import update_seconds
from sparse_mlp.experiments.store import Store
from sparse_mlp.topology import generate

TRAINED = [name for name, item in ITEMS.items() if item.recipes]
TINY = {"hidden": [24, 16], "density": 0.3, "epochs": 3, "batch_size": 128}
FEW = {"chts-table": ("FC", "SET", "CHTs"), "static-table": ("Random", "DNM mnist", "DNM standard")}


def tiny_recipe(name: str) -> Any:
    """Return a recipe whose smoke preset is smaller still."""
    recipe = load_recipe(name)
    smoke = recipe.presets["smoke"]
    measured = {"robustness": {"strengths": 5, "draws": 2}} if "robustness" in recipe.measurements else {}
    tiny = dataclasses.replace(smoke, settings={**smoke.settings, **TINY}, methods=FEW.get(name, ()),
                               seeds=(0, 1), measurements=measured)  # fmt: skip
    return dataclasses.replace(recipe, presets={"smoke": tiny})


@pytest.fixture(scope="module")
def recipes() -> dict[str, Any]:
    return {name: tiny_recipe(name) for name in recipe_names()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, recipes: dict[str, Any]) -> tuple[Store, dict[str, Any]]:
    """Return a store with all items that train, and what became of them; not to be changed."""
    store = Store(tmp_path_factory.mktemp("reproductions"))
    items, outcome = reproduce([ITEMS[name] for name in TRAINED], "smoke", store, recipes=recipes, progress=False)
    assert outcome.complete
    return store, {one.item.name: one for one in items}


@pytest.mark.parametrize("name", TRAINED)
def test_every_item_is_drawn_and_reported(name: str, made: tuple[Store, dict[str, Any]]) -> None:
    one = made[1][name]
    assert one.figures and not one.missing and not one.failed
    for figure in one.figures:
        with Image.open(figure) as picture:
            assert picture.width > 400 and len(picture.convert("L").getcolors()) > 5
    text = (one.folder / "report.md").read_text()
    for figure in one.figures:
        assert f"]({figure.name})" in text
    for verdict in one.verdicts:
        assert verdict.claim.text.replace("|", "\\|") in text
    assert "scikit-learn load_digits" in text and "seeds 0–1" in text and "numpy " in text
    assert max(map(len, text.split("## Notes")[0].splitlines())) < 400
    assert read_numbers(one.folder / "numbers.csv").rows


def test_claims_about_all_sets_are_judged_on_what_was_trained_on(made: tuple[Store, dict[str, Any]]) -> None:
    one = made[1]["robustness-4"]
    for verdict in one.verdicts:
        sets = [finding.dataset for finding in verdict.findings]
        assert sets == list(verdict.claim.datasets or ["digits"])
    assert (one.folder / "curves.csv").read_text().startswith("dataset,method,curve,x,n,mean,std")


def test_updates_keep_the_number_of_links(made: tuple[Store, dict[str, Any]]) -> None:
    (verdict,) = made[1]["robustness-7"].verdicts
    assert verdict.word == "holds" and verdict.findings[0].interval.n == (4,)


def test_items_of_one_recipe_share_their_runs(made: tuple[Store, dict[str, Any]]) -> None:
    """4 robustness runs, 3 x 2 of each table, 5 x 2 of each motif recipe."""
    assert len(made[0].run_ids()) == 4 + 6 + 6 + 10 + 10


def test_the_two_motif_recipes_stay_apart_on_one_data_set(made: tuple[Store, dict[str, Any]]) -> None:
    names = sorted(path.stem for path in made[1]["motif-trade-off"].figures)
    assert len(names) == 4 and sum("motif-lung" in name for name in names) == 2
    rows = read_numbers(made[1]["motif-trade-off"].folder / "numbers.csv").rows
    assert {row.dataset for row in rows} == {"digits, motif-fashion-mnist", "digits, motif-lung"}
    text = (made[1]["motif-trade-off"].folder / "report.md").read_text()
    for recipe in ("motif-fashion-mnist", "motif-lung"):
        assert f"- digits, {recipe}: 10 runs, 2 of each method, seeds 0–1; learning rate " in text


def test_each_motif_has_a_break_even_weight_or_none(made: tuple[Store, dict[str, Any]]) -> None:
    one = made[1]["motif-trade-off"]
    rows = [row for row in read_numbers(one.folder / "numbers.csv").rows if row.quantity == motifs.BREAK_EVEN]
    assert len(rows) == 2 * 4 and all(row.n == 2 for row in rows)
    text = (one.folder / "report.md").read_text()
    assert '"none"' in text and '"never level"' in text
    _, _, table = text.partition(f"### {motifs.BREAK_EVEN}\n\n")
    assert [line.split("|")[1].strip() for line in table.split("\n\n")[0].splitlines()[2:]] == [
        "m = 2 shared", "m = 4 shared", "m = 2 block", "m = 4 block",
    ]  # fmt: skip


def test_numbers_survive_the_way_through_csv(made: tuple[Store, dict[str, Any]], tmp_path: Path) -> None:
    numbers = read_numbers(made[1]["chts-table"].folder / "numbers.csv")
    write_numbers(tmp_path / "again.csv", numbers)
    assert read_numbers(tmp_path / "again.csv") == numbers
    assert (tmp_path / "again.csv").read_bytes() == (made[1]["chts-table"].folder / "numbers.csv").read_bytes()


def test_the_first_update_of_a_process_is_left_out(made: tuple[Store, dict[str, Any]], recipes: Any) -> None:
    store = made[0]
    runs = Runs.read(store, {"robustness": recipes["robustness"].plan("smoke")}, "smoke")
    run = runs.of("digits", "RLR")[0]
    seconds = [record["seconds"] for record in run.history.updates]
    assert len(seconds) == 2 and update_seconds(run).tolist() == seconds[1:]


def test_drawing_reads_the_store_alone(
    made: tuple[Store, dict[str, Any]], recipes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run and a measurement are taken away: both are named, the others drawn, no data and no training asked for."""
    store = Store(tmp_path / "copy")
    shutil.copytree(made[0].path / "runs", store.path / "runs", dirs_exist_ok=True)
    gone, unmeasured, *_ = recipes["robustness"].plan("smoke")
    shutil.rmtree(store.folder(gone.run_id))
    store.measurement_path(unmeasured.run_id, "robustness", unmeasured.measurements["robustness"]).unlink()

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing may be loaded or trained")

    monkeypatch.setattr("sparse_mlp.runs.run.load_data", never)
    monkeypatch.setattr("sparse_mlp.training.Trainer.fit", never)
    chosen = [ITEMS[f"robustness-{number}"] for number in (1, 4, 6, 7)]  # from checkpoints and from measurements
    drawn, _ = reproduce(chosen, "smoke", store, recipes=recipes, draw_only=True)
    for one in drawn:
        assert one.figures and one.missing == [gone.run_id, unmeasured.run_id]
        assert "2 of 4 runs are not finished: digits (2)" in (one.folder / "report.md").read_text()


@pytest.mark.parametrize("name", TRAINED)
def test_an_empty_store_gives_a_report_without_figures(name: str, tmp_path: Path, recipes: Any) -> None:
    (one,), _ = reproduce([ITEMS[name]], "smoke", Store(tmp_path), recipes=recipes, draw_only=True)
    assert one.figures == [] and len(one.missing) > 0
    assert all(verdict.word == "no data" for verdict in one.verdicts)
    assert "not finished" in (one.folder / "report.md").read_text()


def test_a_failing_run_and_a_missing_data_set_stand_in_the_report(tmp_path: Path, recipes: Any) -> None:
    recipe = recipes["robustness"]
    smoke = dataclasses.replace(
        recipe.presets["smoke"], datasets=("digits", "emnist-letters"),
        settings={**recipe.presets["smoke"].settings, "learning_rate": 1e30},
    )  # fmt: skip
    broken = {"robustness": dataclasses.replace(recipe, presets={"smoke": smoke})}
    with pytest.warns(RuntimeWarning, match="emnist-letters"):
        (one,), outcome = reproduce(
            [ITEMS["robustness-3"]], "smoke", Store(tmp_path), recipes=broken, progress=False, data_dir=tmp_path
        )
    text = (one.folder / "report.md").read_text()
    assert len(one.failed) == 4 and len(outcome.missing["emnist-letters"]) == 4
    assert text.count("- Failed: digits-") == 4 and "emnist-letters (4)" in text


def test_the_dendritic_figure_needs_no_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The true figure takes ten seconds; a small one stands in for it."""
    from sparse_mlp import plotting

    def small(rng: int, *, repeats: int) -> Any:
        wirings = {f"({letter})": [generate("dendritic", 12, 12, 0.5, rng=rng) for _ in range(2)] for letter in "ab"}
        return plotting.WiringPanelsDisplay.from_wirings(wirings, repeats=repeats, rng=rng)

    monkeypatch.setattr(plotting, "dendritic_figure", small)
    (one,), _ = reproduce([ITEMS["dendritic-network"]], "smoke", Store(tmp_path))
    text = (one.folder / "report.md").read_text()
    assert [path.name for path in one.figures] == ["wirings.png"] and "path-length" in text
    assert {row.n for row in read_numbers(one.folder / "numbers.csv").rows} == {1, 2}


def test_unknown_names_are_told_with_all_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"robustness-1, .*motif-trade-off.*did you mean 'robustness-7'"):
        find_items(["robustness-77"])
    with pytest.raises(InvalidInputError, match=r"preset='huge'; expected one of smoke, laptop, paper"):
        reproduce([ITEMS["robustness-1"]], "huge", Store(tmp_path))


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("preset", ["smoke", "laptop", "paper"])
def test_every_recipe_can_be_planned(name: str, preset: str) -> None:
    for recipe in ITEMS[name].recipes:
        planned = load_recipe(recipe).plan(preset)
        assert planned and all(set(run.measurements) <= {"robustness", "weights"} for run in planned)


@pytest.mark.parametrize(
    ("hidden", "epochs", "shown"),
    [
        ((3000, 3000, 3000), 300, {motifs.ACCURACY: 73.3, motifs.SECONDS: 14307.5, motifs.SCORE: 0.91}),
        ((3000, 3000, 3000), 30, {motifs.ACCURACY: 73.3, motifs.SECONDS: None, motifs.EPOCH: None}),
        ((1000, 1000), 30, {motifs.ACCURACY: None, motifs.EPOCH: 9.14, motifs.SCORE: None}),
    ],
)
def test_printed_numbers_of_motifs_stand_beside_networks_like_theirs(
    hidden: tuple[int, ...], epochs: int, shown: dict[str, float | None], tmp_path: Path
) -> None:
    planned = plan_run({"dataset": "fashion-mnist", "hidden": list(hidden), "epochs": epochs}, "m = 2 shared")
    runs = Runs("paper", (planned,), (FinishedRun(Store(tmp_path), planned, {}),))
    printed = motifs._printed("fashion-mnist, hidden", runs)
    for quantity, value in shown.items():
        assert printed.get(quantity, {}).get("m = 2") == value
