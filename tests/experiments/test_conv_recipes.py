"""The recipes of the table of sparse convolutions: the same methods in both, and each preset's protocol."""

from __future__ import annotations

import pytest

from sparse_mlp.experiments import load_recipe
from sparse_mlp.experiments.reproduction.figures.conv_table import PUBLISHED

NAMES = ("conv-cifar-10", "conv-cifar-100")
EXTRA = {"CHT-CH3 soft 70 %", "static 70 %"}


def test_both_recipes_have_the_same_methods_those_of_the_paper_and_two_more():
    first, second = (load_recipe(name).methods for name in NAMES)
    assert first == second and set(first) == {*PUBLISHED, *EXTRA}


@pytest.mark.parametrize("name", NAMES)
def test_methods_differ_by_rule_and_density_alone(name):
    for preset in load_recipe(name).presets:
        runs = load_recipe(name).plan(preset)
        rules = {run.method: run.settings["rule"] for run in runs}
        for method, rule in rules.items():
            if method in ("FC", "static 70 %"):
                continue
            shared = (rule["zeta"], rule["zeta_end"], rule["budget"], rule["new_weights"], rule["percolate"])
            assert shared == (0.3, 0.75, "kernel", "zero", False), method
            assert rule["zeta_schedule"] == ("step" if "SET" in method else "constant")  # cht-conv ends by itself
            assert rule.get("removal", "magnitude") == "magnitude"
        for run in runs:
            assert run.settings["data"]["scale_by"] == "channel" and run.settings["training"]["flip"] == 0.5
            if run.method != "FC":
                assert run.settings["wiring"]["density"] == {"50": 0.5, "70": 0.3}[run.method.split()[-2]]
        same = [{table: s[table] for table in ("data", "model", "training")} for s in (run.settings for run in runs)]
        assert all(settings == same[0] for settings in same)


@pytest.mark.parametrize(
    ("name", "preset", "seeds", "plan", "first", "epochs", "batch", "optimizer", "rate", "schedule", "warm"),
    [
        (NAMES[0], "smoke", 2, "8-M-16-M-16-M", "dense", 3, 64, "adam", 0.002, "linear", 0),
        (NAMES[1], "smoke", 2, "8-M-16-M-16-M", "sparse", 3, 64, "sgd", 0.05, "cosine", 0),
        (NAMES[0], "laptop", 5, "vgg8s", "dense", 20, 64, "adam", 0.002, "linear", 313),
        (NAMES[1], "laptop", 5, "vgg8s", "dense", 60, 64, "adam", 0.002, "linear", 79),
        (NAMES[0], "overnight", 3, "vgg16/4", "dense", 50, 64, "adam", 0.002, "linear", 782),
        (NAMES[1], "overnight", 3, "vgg16/4", "dense", 50, 64, "adam", 0.002, "linear", 782),
        (NAMES[0], "paper", 3, "vgg16", "sparse", 100, 128, "adam", 0.01, "linear", 1955),
        (NAMES[1], "paper", 3, "vgg16", "sparse", 240, 128, "sgd", 0.1, "cosine", 1955),
    ],
)
def test_protocols(name, preset, seeds, plan, first, epochs, batch, optimizer, rate, schedule, warm):
    runs = load_recipe(name).plan(preset)
    assert len(runs) == len({run.run_id for run in runs}) == 9 * seeds
    assert sorted({run.seed for run in runs}) == list(range(14, 14 + seeds))
    assert {run.dataset for run in runs} == {"digits" if preset == "smoke" else name.removeprefix("conv-")}
    model, training = runs[0].settings["model"], runs[0].settings["training"]
    assert (model["plan"], model["first"], model["batch_norm"]) == (plan, first, True)
    found = [training[key] for key in ("epochs", "batch_size", "optimizer", "learning_rate", "schedule")]
    assert found == [epochs, batch, optimizer, rate, schedule] and training["warm_up_steps"] == warm
    if preset == "paper":
        assert training["weight_decay"] == (0.0 if optimizer == "adam" else 5e-4)


@pytest.mark.parametrize(("steps", "images", "batch"), [(313, 20_000, 64), (79, 5_000, 64), (782, 50_000, 64)])
def test_the_warm_up_is_one_epoch(steps, images, batch):
    assert steps == -(-images // batch)
    assert 1955 == 5 * -(-50_000 // 128)
