"""Every figure is planned, executed on a tiny store, judged and drawn; nothing is trained for drawing."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from reading_tables import read_quantities

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.experiments.recipe import load_recipe, recipe_names
from sparse_mlp.experiments.reproduction import FIGURES, find_figures, reproduce
from sparse_mlp.experiments.reproduction.figures import motif_table as motifs
from sparse_mlp.experiments.reproduction.figures.robustness_2 import update_seconds
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.tables import write_quantities
from sparse_mlp.experiments.store import Store
from sparse_mlp.runs.config import merge

TRAINED = [name for name, figure in FIGURES.items() if figure.recipes]
TINY = {"model": {"hidden": [24, 16]}, "wiring": {"density": 0.3}, "training": {"epochs": 3, "batch_size": 128}}
TINY_IMAGES = {"training": {"epochs": 3, "batch_size": 240}}
TINY_SENTENCES = {"model": {"d_model": 16, "d_ff": 16}, "training": {"epochs": 1}, "data": {"batch_tokens": 2048}}
FEW = {
    "chts-table": ("FC", "SET", "CHTs"), "static-table": ("Random", "DNM mnist", "DNM standard"),
    **dict.fromkeys(("conv-cifar-10", "conv-cifar-100"), ("FC", "SET 70 %", "CHT-CH3 70 %")),
    "translation-table": ("FC", "CHTs^D 90 %"),
}  # fmt: skip


def tiny_recipe(name: str) -> Any:
    """Return a recipe whose smoke preset is smaller still."""
    recipe = load_recipe(name)
    smoke = recipe.presets["smoke"]
    measured = {**recipe.measurements, "robustness": {"strengths": 5, "draws": 2}}
    measured = {what: given for what, given in measured.items() if what in recipe.measurements}
    kinds = {"vgg": TINY_IMAGES, "transformer": TINY_SENTENCES}
    settings = kinds.get(recipe.settings["model"].get("name"), TINY)
    tiny = dataclasses.replace(smoke, settings=merge(smoke.settings, settings), methods=FEW.get(name, ()),
                               seeds=(0, 1), measurements=measured)  # fmt: skip
    return dataclasses.replace(recipe, presets={"smoke": tiny})


@pytest.fixture(scope="module")
def recipes() -> dict[str, Any]:
    return {name: tiny_recipe(name) for name in recipe_names()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, recipes: dict[str, Any]) -> tuple[Store, dict[str, Any]]:
    """Return a store with all figures that train, and what became of them; not to be changed."""
    store = Store(tmp_path_factory.mktemp("reproductions"))
    figures, outcome = reproduce([FIGURES[name] for name in TRAINED], "smoke", store, recipes=recipes, progress=False)
    assert outcome.complete
    return store, {one.figure.name: one for one in figures}


@pytest.mark.parametrize("name", TRAINED)
def test_every_figure_is_drawn_and_reported(name: str, made: tuple[Store, dict[str, Any]]) -> None:
    one = made[1][name]
    assert one.pictures and not one.missing and not one.failed
    for path in one.pictures:
        with Image.open(path) as picture:
            assert picture.width > 400 and len(picture.convert("L").getcolors()) > 5
    text = (one.folder / "report.md").read_text()
    for path in one.pictures:
        assert f"]({path.name})" in text
    for verdict in one.verdicts:
        assert verdict.claim.text.replace("|", "\\|") in text
    source = "SYNTHETIC: strings" if name == "translation-table" else "scikit-learn load_digits"
    assert source in text and "seeds 0–1" in text and "numpy " in text
    assert max(map(len, text.split("## Notes")[0].splitlines())) < 400
    assert read_quantities(one.folder / "numbers.csv").rows


def test_claims_about_all_sets_are_judged_on_what_was_trained_on(made: tuple[Store, dict[str, Any]]) -> None:
    one = made[1]["robustness-4"]
    for verdict in one.verdicts:
        sets = [finding.dataset for finding in verdict.findings]
        assert sets == list(verdict.claim.datasets or ["digits"])
    assert (one.folder / "curves.csv").read_text().startswith("dataset,method,curve,x,n,mean,std")


def test_updates_keep_the_number_of_links(made: tuple[Store, dict[str, Any]]) -> None:
    (verdict,) = made[1]["robustness-7"].verdicts
    assert verdict.word == "holds" and verdict.findings[0].interval.n == (4,)


def test_figures_of_one_recipe_share_their_runs(made: tuple[Store, dict[str, Any]]) -> None:
    """4 robustness runs, 3 x 2 of each table and of each of its recipes, 5 x 2 of each motif recipe, 2 x 2."""
    assert len(made[0].run_ids()) == 4 + 6 + 6 + 6 + 6 + 10 + 10 + 4


def test_the_two_motif_recipes_stay_apart_on_one_data_set(made: tuple[Store, dict[str, Any]]) -> None:
    names = sorted(path.stem for path in made[1]["motif-trade-off"].pictures)
    assert len(names) == 4 and sum("motif-lung" in name for name in names) == 2
    rows = read_quantities(made[1]["motif-trade-off"].folder / "numbers.csv").rows
    assert {row.dataset for row in rows} == {"digits, motif-fashion-mnist", "digits, motif-lung"}
    text = (made[1]["motif-trade-off"].folder / "report.md").read_text()
    for recipe in ("motif-fashion-mnist", "motif-lung"):
        assert f"- digits, {recipe}: 10 runs, 2 of each method, seeds 0–1; learning rate " in text


def test_each_motif_has_a_break_even_weight_or_none(made: tuple[Store, dict[str, Any]]) -> None:
    one = made[1]["motif-trade-off"]
    rows = [row for row in read_quantities(one.folder / "numbers.csv").rows if row.name == motifs.BREAK_EVEN]
    assert len(rows) == 2 * 4 and all(row.n == 2 for row in rows)
    text = (one.folder / "report.md").read_text()
    assert '"none"' in text and '"never level"' in text
    _, _, table = text.partition(f"### {motifs.BREAK_EVEN}\n\n")
    assert [line.split("|")[1].strip() for line in table.split("\n\n")[0].splitlines()[2:]] == [
        "m = 2 shared", "m = 4 shared", "m = 2 block", "m = 4 block",
    ]  # fmt: skip


def test_numbers_survive_the_way_through_csv(made: tuple[Store, dict[str, Any]], tmp_path: Path) -> None:
    numbers = read_quantities(made[1]["chts-table"].folder / "numbers.csv")
    write_quantities(tmp_path / "again.csv", numbers)
    assert read_quantities(tmp_path / "again.csv") == numbers
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

    monkeypatch.setattr("sparse_mlp.runs.build.load_data", never)
    monkeypatch.setattr("sparse_mlp.training.Trainer.fit", never)
    chosen = [FIGURES[f"robustness-{number}"] for number in (1, 4, 6, 7)]  # from checkpoints and from measurements
    drawn, _ = reproduce(chosen, "smoke", store, recipes=recipes, draw_only=True)
    for one in drawn:
        assert one.pictures and one.missing == [gone.run_id, unmeasured.run_id]
        assert "2 of 4 runs are not finished: digits (2)" in (one.folder / "report.md").read_text()


@pytest.mark.parametrize("name", TRAINED)
def test_an_empty_store_gives_a_report_without_figures(name: str, tmp_path: Path, recipes: Any) -> None:
    (one,), _ = reproduce([FIGURES[name]], "smoke", Store(tmp_path), recipes=recipes, draw_only=True)
    assert one.pictures == [] and len(one.missing) > 0
    assert all(verdict.word == "no data" for verdict in one.verdicts)
    assert "not finished" in (one.folder / "report.md").read_text()


def test_a_failing_run_and_a_missing_data_set_stand_in_the_report(tmp_path: Path, recipes: Any) -> None:
    recipe = recipes["robustness"]
    smoke = dataclasses.replace(
        recipe.presets["smoke"], datasets=("digits", "emnist-letters"),
        settings=merge(recipe.presets["smoke"].settings, {"training": {"learning_rate": 1e30}}),
    )  # fmt: skip
    broken = {"robustness": dataclasses.replace(recipe, presets={"smoke": smoke})}
    with pytest.warns(RuntimeWarning, match="emnist-letters"):
        (one,), outcome = reproduce(
            [FIGURES["robustness-3"]], "smoke", Store(tmp_path), recipes=broken, progress=False, data_dir=tmp_path
        )
    text = (one.folder / "report.md").read_text()
    assert len(one.failed) == 4 and len(outcome.missing["emnist-letters"]) == 4
    assert text.count("- Failed: digits-") == 4 and "emnist-letters (4)" in text


def test_the_dendritic_figure_needs_no_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The true figures take fifteen seconds; small ones stand in for them."""
    from sparse_mlp.experiments.reproduction.figures import dendritic_network

    monkeypatch.setattr(dendritic_network, "SIZES", (12, 12, 12))
    monkeypatch.setattr(dendritic_network, "DENSITY", 0.5)
    monkeypatch.setattr(dendritic_network, "CONTROLS", dendritic_network.CONTROLS[:1])
    (one,), _ = reproduce([FIGURES["dendritic-network"]], "smoke", Store(tmp_path))
    text = (one.folder / "report.md").read_text()
    assert [path.name for path in one.pictures] == ["wirings.png", "controls.png"] and "path-length" in text
    assert {row.n for row in read_quantities(one.folder / "numbers.csv").rows} == {1, 2}


def test_unknown_names_are_told_with_all_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"robustness-1, .*motif-trade-off.*did you mean 'chts-table'"):
        find_figures(["CHTS-table"])
    with pytest.raises(InvalidInputError, match=r"preset='huge'; expected one of smoke, laptop, paper"):
        reproduce([FIGURES["robustness-1"]], "huge", Store(tmp_path))


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("preset", ["smoke", "laptop", "paper"])
def test_every_recipe_can_be_planned(name: str, preset: str) -> None:
    for recipe in FIGURES[name].recipes:
        planned = load_recipe(recipe).plan(preset)
        assert planned and all(set(run.measurements) <= {"robustness", "translation", "weights"} for run in planned)
