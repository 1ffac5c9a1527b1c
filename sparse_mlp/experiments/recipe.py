"""Recipes: data sets × methods × seeds × options as a TOML file, expanded into runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from sparse_mlp.datasets import known_names as dataset_names
from sparse_mlp.errors import InvalidInputError, check_choice, check_integer, invalid
from sparse_mlp.experiments.measurements import check_measurement
from sparse_mlp.experiments.planned_run import NOT_IN_RUN_ID, PlannedRun, plan_run
from sparse_mlp.runs.config import check_tables, merge
from sparse_mlp.runs.files import load_toml, underscored
from sparse_mlp.runs.own_files import anchored
from sparse_mlp.runs.places import OptionError
from sparse_mlp.runs.tables import FILE, TABLES

RECIPES = Path(__file__).parent / "reproduction" / "figures"  # next to the figures that they are of
# Settings that the axes or the campaign decide.
SET_BY_CAMPAIGN = {"data": ("dataset", *NOT_IN_RUN_ID["data"]), "run": ("seed", *NOT_IN_RUN_ID["run"])}

Table = dict[str, Any]
Settings = dict[str, Table]  # table → option → value


@dataclass(frozen=True)
class Preset:
    """Say how much of a recipe is run; what is empty is as the recipe has it."""

    name: str = ""
    datasets: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    settings: Settings = field(default_factory=dict)
    options: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    measurements: dict[str, Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """Hold an experiment: what is trained on what, how, and what is measured."""

    name: str
    title: str
    paper: str  # key of `references.bib`, or empty
    settings: Settings  # of every run; tables as in `sparse-mlp train --config`
    methods: dict[str, Settings]  # label → its settings
    datasets: dict[str, Settings]  # name, or label of a file → the settings that hold for it only
    options: dict[tuple[str, str], list[Any]]  # (table, option) → its values; every combination is run
    measurements: dict[str, Table]  # name → its arguments
    presets: dict[str, Preset]

    def plan(self, preset: str, *, datasets: Iterable[str] | None = None) -> list[PlannedRun]:
        """Expand the recipe into runs, seed by seed, so that one that was stopped has something of everything.

        `datasets` replace those of the preset. Where a setting is given twice, an option wins over a method, then data
        set, preset, recipe. `InvalidInputError` says what is unknown or cannot be used.
        """
        chosen = self.presets[check_choice("preset", preset, self.presets)]
        sets = list(datasets) if datasets is not None else list(chosen.datasets or self.datasets)
        for name in _without_duplicates("datasets", sets):
            check_choice("dataset", name, [*dataset_names(), *self.datasets])
        axes = {**self.options, **chosen.options}
        combinations = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
        methods = chosen.methods or tuple(self.methods)
        return [
            self._planned(chosen, dataset, method, seed, options)
            for seed, dataset, method, options in itertools.product(chosen.seeds, sets, methods, combinations)
        ]

    def _planned(
        self, preset: Preset, dataset: str, method: str, seed: int, options: Mapping[tuple[str, str], Any]
    ) -> PlannedRun:
        measurements = {
            name: {**self.measurements.get(name, {}), **preset.measurements.get(name, {})}
            for name in {**self.measurements, **preset.measurements}
        }
        axes: Settings = merge(*({table: {name: value}} for (table, name), value in options.items()))
        shared = {
            "settings": self.settings, f"presets.{preset.name}.settings": preset.settings,
            f"datasets.{dataset}": self.datasets.get(dataset, {}),
        }  # fmt: skip
        data = {"dataset": dataset, **self.datasets.get(dataset, {}).get("data", {})}
        fixed: Settings = {"data": data, "run": {"seed": seed}}

        def plan(label: str) -> PlannedRun:
            settings = merge(*shared.values(), self.methods[label], axes, fixed)
            run = plan_run(settings, method, {name: value for (_, name), value in options.items()}, measurements)
            return replace(run, dataset=dataset)

        try:
            return plan(method)
        except InvalidInputError as error:
            words = f"recipe {self.name}, method {method} on {dataset}: {error}"
            places = {**shared, "options": axes}
            raise InvalidInputError(words + self._suggest_table(error, places, method, plan)) from None

    def _suggest_table(
        self, error: InvalidInputError, places: Mapping[str, Settings], method: str,
        plan: Callable[[str], PlannedRun],
    ) -> str:  # fmt: skip
        """Say which methods take an option that all have and this one refuses; nothing if the error is another one."""
        if not isinstance(error, OptionError) or error.option in self.methods[method].get(error.table, {}):
            return ""
        found = [place for place, settings in places.items() if error.option in settings.get(error.table, {})]
        takers = []
        for other in self.methods:
            try:
                plan(other)
            except OptionError as refused:
                if (refused.table, refused.option) == (error.table, error.option):
                    continue
            except InvalidInputError:
                pass
            takers.append(f"[methods.{other}]")
        where = f", here {', '.join(takers)}" if takers else ""
        return f"; it is in [{found[-1]}]: move it to the methods that take it{where}" if found else ""


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the library."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def load_recipe(name: str | Path) -> Recipe:
    """Read a recipe by its name, or from your TOML file.

    Parameters
    ----------
    name : str or path
        One of `recipe_names`, or a path that ends in `.toml`.

    Raises
    ------
    InvalidInputError
        If it does not exist, or a key in it is unknown or has a value that cannot be used.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = RECIPES / f"{name}.toml"
        if not path.exists():
            remedy = "a file of your own ends in .toml, `sparse-mlp campaign --help` shows a small one"
            raise invalid(f"recipe={str(name)!r}", f"one of {', '.join(recipe_names()) or 'none yet'}", remedy)
    try:
        return _recipe(path.stem, load_toml(path), path.parent)
    except InvalidInputError as error:
        raise InvalidInputError(f"recipe {path.stem}: {error}") from None


def _recipe(name: str, content: Table, folder: Path) -> Recipe:
    for key in content:
        check_choice("key", key, [known.name for known in fields(Recipe) if known.name != "name"])
    methods = _tables("methods", content)
    if not methods:
        raise invalid("no methods", "at least one", '[methods.SET] with rule.name = "set" makes one')
    for label in methods:
        methods[label] = _settings(f"methods.{label}", methods[label])
    datasets = {name: _dataset(name, given, folder) for name, given in _tables("datasets", content).items()}
    presets = {label: _preset(label, given, methods, datasets) for label, given in _tables("presets", content).items()}
    if not presets:
        raise invalid("no presets", "at least one", "[presets.smoke] with datasets and seeds makes one")
    for label, preset in presets.items():
        if not preset.datasets and not datasets:
            raise invalid(f"presets.{label} without datasets", "at least one", "[datasets.digits] names one for all")
    return Recipe(
        name, _text("title", content), _text("paper", content), _settings("settings", _table("settings", content)),
        methods, datasets, _options(content), _measurements(content), presets,
    )  # fmt: skip


def _dataset(name: str, given: Table, folder: Path) -> Settings:
    """Return the settings of a data set; those of own data have its file and how it is read."""
    if "file" not in given:
        check_choice("datasets", name, dataset_names())
        return _settings(f"datasets.{name}", given)
    if name in dataset_names():
        raise invalid(f"datasets.{name}.file", "a label that is no known data set", "name it otherwise")
    options = TABLES["data"].part_options("dataset", FILE)
    own = {key.replace("-", "_"): value for key, value in given.items() if key.replace("-", "_") in options}
    rest = {key: value for key, value in given.items() if key != "file" and key.replace("-", "_") not in options}
    settings = _settings(f"datasets.{name}", rest)
    data = anchored({"data": {"dataset": str(given["file"]), **own}}, folder)["data"]
    return {**settings, "data": {**settings.get("data", {}), **data}}


def _preset(label: str, given: Table, methods: Iterable[str], known: Iterable[str]) -> Preset:
    for key in given:
        check_choice(f"key of presets.{label}", key, [known.name for known in fields(Preset) if known.name != "name"])
    where = f"presets.{label}"
    sets, chosen, seeds = (_list(f"{where}.{key}", given.get(key, [])) for key in ("datasets", "methods", "seeds"))
    return Preset(
        label,
        tuple(check_choice(f"{where}.datasets", dataset, [*dataset_names(), *known]) for dataset in sets),
        tuple(check_choice(f"{where}.methods", method, methods) for method in chosen),
        tuple(check_integer(f"{where}.seeds", seed, minimum=0) for seed in seeds) or (0,),
        _settings(f"{where}.settings", _table("settings", given, where)),
        _options(given, where), _measurements(given, where),
    )  # fmt: skip


def _settings(where: str, given: Table) -> Settings:
    """Return tables of settings; which options there are is checked when the runs are planned."""
    settings: Settings = underscored(given)
    try:
        check_tables(settings)
    except InvalidInputError as error:
        raise InvalidInputError(f"{where}: {error}") from None
    for table, values in settings.items():
        for name in values:
            if name in SET_BY_CAMPAIGN.get(table, ()):
                remedy = "the recipe's axes and the campaign decide it"
                raise invalid(f"{table}.{name} in {where}", "other settings", remedy)
    return settings


def _options(content: Table, where: str = "") -> dict[tuple[str, str], list[Any]]:
    place, axes = _place("options", where), {}
    for table, options in _settings(place, _table("options", content, where)).items():
        for name, values in options.items():
            if not _list(f"{place}.{table}.{name}", values):
                raise invalid(f"{place}.{table}.{name} without a value", "a list with at least one")
            axes[table, name] = values
    return axes


def _measurements(content: Table, where: str = "") -> dict[str, Table]:
    table = _tables("measurements", content, where)
    for name, arguments in table.items():
        check_measurement(_place("measurements", where), name, arguments)
    return table


def _tables(key: str, content: Table, where: str = "") -> dict[str, Table]:
    table = _table(key, content, where)
    return {name: _table(name, table, _place(key, where)) for name in table}


def _table(key: str, content: Table, where: str = "") -> Table:
    value = content.get(key, {})
    if not isinstance(value, dict):
        place = _place(key, where)
        raise invalid(f"{place}={value!r}", "a table", f"write it as [{place}]")
    return dict(value)


def _place(key: str, where: str) -> str:
    return f"{where}.{key}" if where else key


def _list(where: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise invalid(f"{where}={value!r}", "a list", f"write it as [{value!r}]")
    return _without_duplicates(where, value)


def _without_duplicates(where: str, values: list[Any]) -> list[Any]:
    """Return the values if none is there twice: the same run would count twice in means and deviations."""
    for k, value in enumerate(values):
        if value in values[:k]:
            raise invalid(f"{where} with {value!r} twice", "each value once")
    return values


def _text(key: str, content: Table) -> str:
    value = content.get(key, "")
    if not isinstance(value, str):
        raise invalid(f"{key}={value!r}", "text")
    return value
