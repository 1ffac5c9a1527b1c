"""Recipes: what they expand to, who wins, and what is wrong with a bad one."""

from __future__ import annotations

import pytest
from campaign_cases import RECIPE, plan, write_recipe

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.experiments import load_recipe, recipe_names


def test_a_recipe_is_data_sets_times_methods_times_seeds_seed_by_seed(tmp_path):
    runs = plan(tmp_path)
    assert [(run.dataset, run.method, run.seed) for run in runs] == [
        ("digits", "SET", 0), ("digits", "RLR", 0), ("digits", "SET", 1), ("digits", "RLR", 1),
    ]  # fmt: skip
    assert len({run.run_id for run in runs}) == 4
    assert [run.run_id.rsplit("-", 1)[0] for run in runs] == ["digits-set-0", "digits-rlr-0", "digits-set-1",
                                                             "digits-rlr-1"]  # fmt: skip
    assert runs[0].measurements == {"weights": {}}
    assert (runs[1].settings["rule"]["zeta"], runs[0].settings["rule"]["zeta"]) == (0.2, 0.3)
    assert (runs[0].settings["training"]["batch_size"], runs[0].settings["training"]["epochs"]) == (64, 3)


def test_options_are_further_axes(tmp_path):
    runs = plan(tmp_path, RECIPE + "[options]\nwiring.density = [0.1, 0.5]\nrule.'update-every' = [1, 2, 3]\n")
    assert len(runs) == 4 * 6
    assert runs[0].options == {"density": 0.1, "update_every": 1}
    assert {(run.settings["wiring"]["density"], run.settings["rule"]["update_every"]) for run in runs[:6]} == {
        (density, every) for density in (0.1, 0.5) for every in (1, 2, 3)
    }


@pytest.mark.parametrize(
    ("given", "wins"),
    [
        (["recipe"], 1), (["recipe", "preset"], 2), (["recipe", "preset", "dataset"], 3),
        (["recipe", "preset", "dataset", "method"], 4), (["recipe", "preset", "dataset", "method", "option"], 5),
        (["preset", "option"], 5), (["dataset", "preset"], 3), (["recipe", "method"], 4),
    ],
)  # fmt: skip
def test_who_wins_where_a_setting_is_given_twice(tmp_path, given, wins):
    where = {"recipe": "settings", "preset": "presets.p.settings", "dataset": "datasets.digits", "method": "methods.M"}
    text = "[methods.M]\n" if "method" not in given else ""
    text += "[presets.p]\ndatasets = ['digits']\n"
    for number, name in enumerate(("recipe", "preset", "dataset", "method", "option"), 1):
        if name in given:
            text += f"[{where[name]}]\ntraining.epochs = {number}\n" if name != "option" else (
                "[options]\ntraining.epochs = [5]\n"
            )
    assert [run.settings["training"]["epochs"] for run in plan(tmp_path, text, "p")] == [wins]


def test_a_preset_chooses_and_its_own_measurements_and_options_win(tmp_path):
    text = RECIPE + """
[measurements.robustness]
draws = 5
[options]
wiring.density = [0.1, 0.2]
[presets.less]
methods = ["RLR"]
[presets.less.measurements.robustness]
draws = 1
strengths = 3
[presets.less.options]
wiring.density = [0.3]
"""
    runs = plan(tmp_path, text, "less")
    (run,) = runs
    assert (run.method, run.dataset, run.seed, run.settings["wiring"]["density"]) == ("RLR", "digits", 0, 0.3)
    assert runs[0].measurements == {"weights": {}, "robustness": {"draws": 1, "strengths": 3}}
    assert plan(tmp_path, text)[0].measurements == {"weights": {}, "robustness": {"draws": 5}}


def test_other_data_sets_may_be_asked_for(tmp_path):
    runs = plan(tmp_path, datasets=["synthetic-mnist"])
    assert {run.dataset for run in runs} == {"synthetic-mnist"}
    assert runs[0].settings["training"]["learning_rate"] == 0.1


def test_what_two_recipes_need_is_one_run(tmp_path):
    other = RECIPE.replace("[methods.SET]", "[methods.SparseEvolutionaryTraining]")
    assert [run.run_id for run in plan(tmp_path)] == [run.run_id for run in plan(tmp_path, other)]


def test_the_recipes_that_come_with_the_library_can_be_planned():
    for name in recipe_names():
        recipe = load_recipe(name)
        for preset in recipe.presets:
            assert recipe.plan(preset)


BAD = [
    ("titel = 1\n" + RECIPE, "key='titel'; expected one of title, paper, .*did you mean 'title'"),
    (RECIPE.replace("rule.zeta", "rule.zetta"), "method RLR on digits: .*option 'zetta' in .*mean 'zeta'"),
    (RECIPE.replace("rule.zeta", "zeta"), "recipe small: methods.RLR: .*zeta outside of the tables.*as rule.zeta"),
    (RECIPE + "[options]\nwiring.densty = [0.3]", "option 'densty'.*did you mean 'density'"),
    (RECIPE.replace("density = 0.2", "density = 20"), "method SET on digits: .*density=20.0"),
    (RECIPE.replace("rule.zeta = 0.2", "rule.delta_start = 0.5"), "method RLR on digits: .*option 'delta_start'"),
    (RECIPE.replace("training.epochs = 3", "run.seed = 3"), r"run.seed in presets.smoke.settings; .* the recipe's"),
    (RECIPE.replace("training.epochs = 3", "run.threads = 3"), r"run.threads in presets.smoke.settings"),
    (RECIPE.replace("[datasets.digits]", "[datasets.digit]"), "datasets='digit'.*did you mean 'digits'"),
    (RECIPE.replace('datasets = ["digits"]', 'datasets = ["digit"]'), "presets.smoke.datasets='digit'"),
    (RECIPE.replace('datasets = ["digits"]', 'datasets = "digits"'),
     r"presets.smoke.datasets='digits'; expected a list; write it as \['digits'\]"),
    (RECIPE.replace("seeds = [0, 1]", "seeds = [0, -1]"), "presets.smoke.seeds=-1"),
    (RECIPE.replace("seeds = [0, 1]", "seedss = 3"), "key of presets.smoke='seedss'; .*did you mean 'seeds'"),
    (RECIPE.replace("seeds = [0, 1]", 'methods = ["CH3"]'), "presets.smoke.methods='CH3'; expected one of SET, R"),
    (RECIPE.replace("[measurements.weights]", "[measurements.weight]"), "measurements='weight'.*'weights'"),
    (RECIPE + "[measurements.robustness]\ndraw = 3", "option 'draw' of measurement robustness.*'draws'"),
    (RECIPE + "[options]\nwiring.density = 0.3", r"options.wiring.density=0.3; expected a list"),
    (RECIPE + "[options]\nwiring.density = [0.1, 0.3, 0.1]", "options.wiring.density with 0.1 twice"),
    (RECIPE.replace("seeds = [0, 1]", "seeds = [0, 1, 0]"), "presets.smoke.seeds with 0 twice"),
    (RECIPE.replace("seeds = [0, 1]", "options = 3"), r"presets.smoke.options=3; .* \[presets.smoke.options\]"),
    (RECIPE + "[measurements.robustness]\ndraws = 0", "measurement robustness: .*draws=0; expected a whole number"),
    (RECIPE + "[presets.smoke.measurements.robustness.strengths]\nrandom-pruning = [0, 2]",
     "measurement robustness: .*strength=2.0 of random-pruning; .*percentage"),
    (RECIPE + "[options]\nwiring.density = []", "options.wiring.density without a value"),
    ("title = 3", "recipe small: .*no methods"),
    ("[methods.SET]", r"no presets; expected at least one; \[presets.smoke\]"),
    ("[methods.SET]\n[presets.smoke]", r"presets.smoke without datasets"),
    ("title = 3\n[methods.SET]\n[presets.smoke]\ndatasets=['digits']", "title=3; expected text"),
    ("methods = 3", "methods=3; expected a table"),
    ("[methods]\nSET = 3", r"methods.SET=3; expected a table; write it as \[methods.SET\]"),
    ("[methods", "a TOML file that can be read"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BAD, ids=[words[:30] for _, words in BAD])
def test_a_bad_recipe_is_refused_by_name_with_a_remedy(tmp_path, text, words):
    with pytest.raises(InvalidInputError, match=words) as error:
        plan(tmp_path, text)
    assert str(error.value).startswith("recipe small")


@pytest.mark.parametrize(
    ("added", "place"),
    [
        ("[settings]\nrule.zeta = 0.1\n", "settings"), ("[datasets.digits]\nrule.zeta = 0.1\n", "datasets.digits"),
        ("[presets.smoke.settings]\nrule.zeta = 0.1\n", "presets.smoke.settings"),
        ("[options]\nrule.zeta = [0.1]\n", "options"),
    ],
)  # fmt: skip
def test_a_shared_setting_that_one_method_does_not_take_is_sent_to_the_others(tmp_path, added, place):
    text = "[methods.SET]\n[methods.fixed]\nrule.name = 'static'\n[presets.smoke]\ndatasets = ['digits']\n" + added
    with pytest.raises(InvalidInputError, match=r"method fixed on digits: .*option 'zeta' in") as error:
        plan(tmp_path, text)
    remedy = f"it is in [{place}]: move it to the methods that take it, here [methods.SET]"
    assert str(error.value).endswith(f"; {remedy}")


def test_a_method_s_own_wrong_setting_is_not_sent_elsewhere(tmp_path):
    with pytest.raises(InvalidInputError) as error:
        plan(tmp_path, RECIPE.replace("rule.zeta = 0.2", "rule.delta_start = 0.5"))
    assert "move it" not in str(error.value)


def test_names_that_do_not_exist_are_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"recipe='robusness'; expected one of .* ends in \.toml"):
        load_recipe("robusness")
    with pytest.raises(InvalidInputError, match="a TOML file that can be read"):
        load_recipe(tmp_path / "none.toml")
    with pytest.raises(InvalidInputError, match="preset='large'; expected one of smoke"):
        load_recipe(write_recipe(tmp_path)).plan("large")
    with pytest.raises(InvalidInputError, match=r"dataset='mnits'; .* did you mean 'mnist'"):
        load_recipe(write_recipe(tmp_path)).plan("smoke", datasets=["mnits"])
