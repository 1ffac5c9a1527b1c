"""The recipes of the motif paper: how many runs each preset has, with which networks, and that one of them trains."""

from __future__ import annotations

import pytest

from sparse_mlp.experiments import Store, load_recipe, run_campaign

METHODS = {
    "m = 1": (1, "shared"), "m = 2 shared": (2, "shared"), "m = 4 shared": (4, "shared"), "m = 2 block": (2, "block"),
    "m = 4 block": (4, "block"),
}  # fmt: skip
DEEP, SHALLOW = [3000, 3000, 3000], [1000, 1000]


@pytest.mark.parametrize("name", ["motif-fashion-mnist", "motif-lung"])
def test_each_preset_has_all_methods_and_the_others_alone(name):
    recipe = load_recipe(name)
    assert recipe.paper == "Chen2025" and list(recipe.presets) == ["smoke", "laptop", "paper"]
    for preset in recipe.presets:
        runs = recipe.plan(preset)
        models = {run.method: run.settings["model"] for run in runs}
        found = {method: (model["motif_size"], model["motif_mode"]) for method, model in models.items()}
        assert found == METHODS
        fixed = {
            (s["wiring"]["density"], s["model"]["weights"], s["rule"]["name"], s["training"]["momentum"])
            for s in (run.settings for run in runs)
        }
        assert preset == "smoke" or fixed == {(0.01, "swi", "set", 0.0)}
        assert len({run.run_id for run in runs}) == len(runs)


@pytest.mark.parametrize(
    ("name", "preset", "datasets", "seeds", "hidden", "epochs", "rate"),
    [
        ("motif-fashion-mnist", "smoke", ["digits"], 1, [[80, 40]], 3, 0.05),
        ("motif-fashion-mnist", "laptop", ["fashion-mnist"], 3, [DEEP], 30, 0.05),
        ("motif-fashion-mnist", "paper", ["fashion-mnist"], 3, [DEEP, SHALLOW], 300, 0.05),
        ("motif-lung", "smoke", ["digits"], 1, [[40, 40]], 2, 0.01),
        ("motif-lung", "laptop", ["lung-1543"], 3, [DEEP], 30, 0.01),
        ("motif-lung", "paper", ["lung", "lung-1543"], 3, [DEEP, SHALLOW], 300, 0.05),
    ],
)
def test_protocols(name, preset, datasets, seeds, hidden, epochs, rate):
    runs = load_recipe(name).plan(preset)
    assert len(runs) == 5 * len(datasets) * seeds * len(hidden)
    assert sorted({run.dataset for run in runs}) == datasets
    assert sorted({run.seed for run in runs}) == list(range(seeds))
    for run in runs:
        model, training = run.settings["model"], run.settings["training"]
        assert model["hidden"] in hidden and (training["epochs"], training["learning_rate"]) == (epochs, rate)
        assert (training["batch_size"], model["pad"]) == ((2, True) if name == "motif-lung" else (40, False))
        assert training["schedule"] == ("constant" if preset == "paper" else "linear")
    if len(hidden) > 1:
        assert {tuple(run.options["hidden"]) for run in runs} == {tuple(sizes) for sizes in hidden}


@pytest.mark.parametrize("name", ["motif-fashion-mnist", "motif-lung"])
def test_the_smallest_runs_train_without_a_download(name, tmp_path):
    store, planned = Store(tmp_path), load_recipe(name).plan("smoke")
    outcome = run_campaign(store, planned, progress=False)
    assert len(outcome.finished) == 5 and not outcome.failed
    results = [store.result(run.run_id) for run in planned]
    assert [result["link_size"] for result in results] == [size for size, _ in METHODS.values()]
    assert all(result["test_accuracy"] > 0.15 for result in results)
