"""Recipes: data sets × methods × seeds × options as a TOML file, expanded into runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sparse_mlp.datasets import names as dataset_names
from sparse_mlp.errors import InvalidInputError, check_choice, check_integer, invalid
from sparse_mlp.experiments.measurements import check_measurement
from sparse_mlp.experiments.planned_run import NO_MATTER, PlannedRun, plan_run
from sparse_mlp.runs.config import TrainConfig
from sparse_mlp.runs.settings import load_toml

RECIPES = Path(__file__).parent / "reproduction" / "figures"  # next to the figures that they are of
DECIDED = ("dataset", "seed", *NO_MATTER)  # settings that the axes or the campaign decide
SETTINGS = tuple(setting.name for setting in fields(TrainConfig) if setting.name not in DECIDED)

Table = dict[str, Any]


@dataclass(frozen=True)
class Preset:
    """Say how much of a recipe is run; what is empty is as the recipe has it."""

    name: str = ""
    datasets: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    settings: Table = field(default_factory=dict)
    options: dict[str, list[Any]] = field(default_factory=dict)
    measurements: dict[str, Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """Hold an experiment: what is trained on what, how, and what is measured.

    Attributes
    ----------
    name, title : str
    paper : str
        Key of `references.bib`, or empty.
    settings : dict
        Of every run; names as in `sparse-mlp train --config`.
    methods : dict of str to dict
        Label → its settings.
    datasets : dict of str to dict
        Name → the settings that hold for it only.
    options : dict of str to list
        Setting → its values; every combination is run.
    measurements : dict of str to dict
        Name → its arguments.
    presets : dict of str to Preset
    """

    name: str
    title: str
    paper: str
    settings: Table
    methods: dict[str, Table]
    datasets: dict[str, Table]
    options: dict[str, list[Any]]
    measurements: dict[str, Table]
    presets: dict[str, Preset]

    def plan(self, preset: str, *, datasets: Iterable[str] | None = None) -> list[PlannedRun]:
        """Expand the recipe into runs, seed by seed, so that one that was stopped has something of everything.

        Parameters
        ----------
        preset : str
            One of `presets`.
        datasets : iterable of str, optional
            Data sets instead of the preset's.

        Raises
        ------
        InvalidInputError
            If the preset or a data set is unknown, or the settings of a run cannot be used.

        Notes
        -----
        Who wins where a setting is told twice: option before method, data set, preset, recipe.
        """
        chosen = self.presets[check_choice("preset", preset, self.presets)]
        sets = list(datasets) if datasets is not None else list(chosen.datasets or self.datasets)
        for name in _once("datasets", sets):
            check_choice("dataset", name, dataset_names())
        axes = {**self.options, **chosen.options}
        combinations = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
        methods = chosen.methods or tuple(self.methods)
        return [
            self._planned(chosen, dataset, method, seed, options)
            for seed, dataset, method, options in itertools.product(chosen.seeds, sets, methods, combinations)
        ]

    def _planned(self, preset: Preset, dataset: str, method: str, seed: int, options: Table) -> PlannedRun:
        settings = self._merged(preset, dataset, method, seed, options)
        measurements = {
            name: {**self.measurements.get(name, {}), **preset.measurements.get(name, {})}
            for name in {**self.measurements, **preset.measurements}
        }
        try:
            return plan_run(settings, method, options, measurements)
        except InvalidInputError as error:
            words = f"recipe {self.name}, method {method} on {dataset}: {error}"
            raise InvalidInputError(words + self._moved(str(error), preset, dataset, method, seed, options)) from None

    def _merged(self, preset: Preset, dataset: str, method: str, seed: int, options: Table) -> Table:
        return {
            **self.settings, **preset.settings, **self.datasets.get(dataset, {}), **self.methods[method], **options,
            "dataset": dataset, "seed": seed,
        }  # fmt: skip

    def _moved(self, error: str, preset: Preset, dataset: str, method: str, seed: int, options: Table) -> str:
        """Say which methods take a setting that all have and this one refuses; nothing if that is not what is wrong."""
        shared = {
            "settings": self.settings, f"presets.{preset.name}.settings": preset.settings,
            f"datasets.{dataset}": self.datasets.get(dataset, {}), "options": options,
        }  # fmt: skip
        found = [(name, place) for place, told in shared.items() for name in told if _refuses(error, name)]
        if not found or found[-1][0] in self.methods[method]:
            return ""
        (name, place), takers = found[-1], []
        for other in self.methods:
            try:
                plan_run(self._merged(preset, dataset, other, seed, options), other)
            except InvalidInputError as refused:
                if _refuses(str(refused), name):
                    continue
            takers.append(f"[methods.{other}]")
        where = f", here {', '.join(takers)}" if takers else ""
        return f"; it stands in [{place}]: move it to the methods that take it{where}"


def _refuses(error: str, name: str) -> bool:
    return error.startswith(f"option {name!r} of ")


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the library."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def load_recipe(name: str | Path) -> Recipe:
    """Read a recipe by its name, or from a TOML file of one's own.

    Parameters
    ----------
    name : str or path
        One of `recipe_names`, or a path that ends in `.toml`.

    Raises
    ------
    InvalidInputError
        If there is none, or a key in it is unknown or has a value that cannot be used.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = RECIPES / f"{name}.toml"
        if not path.exists():
            remedy = "a file of your own ends in .toml, `sparse-mlp campaign --help` shows a small one"
            raise invalid(f"recipe={str(name)!r}", f"one of {', '.join(recipe_names()) or 'none yet'}", remedy)
    try:
        return _recipe(path.stem, load_toml(path))
    except InvalidInputError as error:
        raise InvalidInputError(f"recipe {path.stem}: {error}") from None


def _recipe(name: str, content: Table) -> Recipe:
    for key in content:
        check_choice("key", key, [known.name for known in fields(Recipe) if known.name != "name"])
    methods = _tables("methods", content)
    if not methods:
        raise invalid("no methods", "named", "[methods.SET] with rule = \"set\" makes one")
    for label in methods:
        methods[label] = _settings(f"methods.{label}", methods[label])
    datasets = {
        check_choice("datasets", dataset, dataset_names()): _settings(f"datasets.{dataset}", told)
        for dataset, told in _tables("datasets", content).items()
    }
    presets = {label: _preset(label, told, methods) for label, told in _tables("presets", content).items()}
    if not presets:
        raise invalid("no presets", "named", "[presets.smoke] with datasets and seeds makes one")
    for label, preset in presets.items():
        if not preset.datasets and not datasets:
            raise invalid(f"presets.{label} without datasets", "with some", "or name them for all: [datasets.digits]")
    return Recipe(
        name, _text("title", content), _text("paper", content), _settings("settings", _table("settings", content)),
        methods, datasets, _options(content), _measurements(content), presets,
    )  # fmt: skip


def _preset(label: str, told: Table, methods: Mapping[str, Table]) -> Preset:
    for key in told:
        check_choice(f"key of presets.{label}", key, [known.name for known in fields(Preset) if known.name != "name"])
    where = f"presets.{label}"
    datasets, chosen, seeds = (_list(f"{where}.{key}", told.get(key, [])) for key in ("datasets", "methods", "seeds"))
    return Preset(
        label,
        tuple(check_choice(f"{where}.datasets", dataset, dataset_names()) for dataset in datasets),
        tuple(check_choice(f"{where}.methods", method, methods) for method in chosen),
        tuple(check_integer(f"{where}.seeds", seed, minimum=0) for seed in seeds) or (0,),
        _settings(f"{where}.settings", _table("settings", told, where)),
        _options(told, where), _measurements(told, where),
    )  # fmt: skip


def _settings(where: str, told: Table) -> Table:
    settings = {name.replace("-", "_"): value for name, value in told.items()}
    for name in settings:
        if name in DECIDED:
            raise invalid(f"{where}.{name}", "left out", "the recipe's axes and the campaign decide it")
        check_choice(f"key of {where}", name, SETTINGS)
    return settings


def _options(content: Table, where: str = "") -> dict[str, list[Any]]:
    place = _place("options", where)
    table = _settings(place, _table("options", content, where))
    for name, values in table.items():
        if not _list(f"{place}.{name}", values):
            raise invalid(f"{place}.{name} without a value", "a list with at least one")
    return table


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
    return _once(where, value)


def _once(where: str, values: list[Any]) -> list[Any]:
    """Return the values if none stands there twice: the same run would count twice in means and deviations."""
    for k, value in enumerate(values):
        if value in values[:k]:
            raise invalid(f"{where} with {value!r} twice", "named once each")
    return values


def _text(key: str, content: Table) -> str:
    value = content.get(key, "")
    if not isinstance(value, str):
        raise invalid(f"{key}={value!r}", "text")
    return value
