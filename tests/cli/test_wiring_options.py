"""Options of the first wiring: each reaches the generator that takes it, and every other topology refuses it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from cli_cases import assert_refused, run, run_json

from sparse_mlp.models import WIRINGS
from sparse_mlp.runs.build import wiring_options
from sparse_mlp.runs.config import make_config
from sparse_mlp.runs.files import read_config
from sparse_mlp.runs.tables import TABLES
from sparse_mlp.topology import GENERATORS
from sparse_mlp.topology.presets import DENDRITIC_PRESETS, PRESET_EVIDENCE

SMALL = ["--hidden", "20", "15", "--density", "0.2", "--epochs", "1", "--no-figures", "--threads", "1"]


def params(**wiring):
    return wiring_options(make_config({"wiring": wiring}).wiring)["topology_params"]


@pytest.mark.parametrize("name", sorted(WIRINGS))
def test_every_option_of_a_generator_can_be_set(name):
    parameters = inspect.signature(WIRINGS[name]).parameters.values()
    options = {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY} - {"data"}
    assert set(TABLES["wiring"].part_options("topology", name)) == options


@pytest.mark.parametrize(
    ("topology", "options"),
    [
        ("dendritic", {
            "dendrites": 2.0, "field_width": 0.5, "degree_distribution": "spatial-gaussian",
            "dendritic_distribution": "gaussian", "width_distribution": "uniform",
            "synaptic_distribution": "spatial-inverse-gaussian", "border": "bounded", "rewiring": 0.25,
            "degree_std": 1.5, "dendrite_std": 0.5, "width_std": 0.125, "synaptic_std": 0.25,
        }),
        ("receptive-field", {"r": 0.5, "degree_distribution": "uniform", "degree_side": "input"}),
        ("small-world", {"beta": 0.75}),
    ],
)  # fmt: skip
def test_options_reach_the_generator_of_each_layer(capsys, monkeypatch, topology, options):
    calls, make = [], GENERATORS[topology]

    def watching(n_in, n_out, links, rng, **given):
        calls.append(given)
        return make(n_in, n_out, links, rng, **given)

    watching.__signature__ = inspect.signature(make)
    monkeypatch.setitem(GENERATORS, topology, watching)
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    outcome = run_json(capsys, "train", *SMALL, "--topology", topology, *words, "--out", "run")
    assert calls == [options, options]
    assert outcome["links"] == 256 + 60 + 150
    assert options.items() <= read_config(Path("run/config.json")).wiring.items()
    assert run_json(capsys, "evaluate", "run")["test_accuracy"] == outcome["test_accuracy"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--beta", 0.5], "option 'beta' in [wiring] with topology erdos-renyi"),
        (["--topology", "small-world", "--dendrites", 3], "taken by topology dendritic"),
        (["--topology", "snip", "--degree-distribution", "fixed"], "taken by topology dendritic, receptive-field"),
        (["--topology", "small-world", "--preset", "standard"], "preset of topology small-world='standard'"),
        (["--rule", "chts", "--degree-distribution", "fixed"], "with topology correlated"),
        (["--topology", "dendritic", "--degree-std", 4], "degree_std with degree_distribution=fixed"),
        (["--topology", "dendritic", "--preset", "standard", "--width-std", 0.1], "width_std with width_distribution"),
        (["--topology", "dendritic", "--preset", "standart"], "did you mean 'standard'?"),
        (["--topology", "dendritic", "--border", "around"], "expected one of wrap, bounded"),
        (["--topology", "small-world", "--beta", "much"], "beta='much'; expected a number"),
        (["--topology", "snip", "--scope", "all"], "scope='all'; expected one of global, layer"),
        (["--topology", "snip", "--batch", 0], "batch=0"),
        (["--rule", "dense", "--topology", "small-world", "--beta", 0.5], "with rule dense"),
    ],
)  # fmt: skip
def test_options_of_other_topologies_are_refused(capsys, arguments, words):
    assert_refused(run(capsys, "train", *SMALL, *arguments, "--out", "run"), words)
    assert not Path("run").exists()


def test_a_preset_is_its_options_and_options_win(monkeypatch):
    monkeypatch.setitem(DENDRITIC_PRESETS, "narrow", {"field_width": 0.25, "dendrites": 5.0})
    plain = params(topology="dendritic")
    narrow = {"topology": "dendritic", "preset": "narrow"}
    assert params(**narrow) == {**plain, "field_width": 0.25, "dendrites": 5.0}
    assert params(**narrow, dendrites=7) == {**plain, "field_width": 0.25, "dendrites": 7.0}
    assert DENDRITIC_PRESETS["narrow"] == {"field_width": 0.25, "dendrites": 5.0}


@pytest.mark.parametrize("name", sorted(DENDRITIC_PRESETS))
def test_each_preset_is_made_of_options_and_has_its_evidence(name):
    assert PRESET_EVIDENCE[name]
    assert set(PRESET_EVIDENCE) == set(DENDRITIC_PRESETS)
    assert DENDRITIC_PRESETS[name].items() <= params(topology="dendritic", preset=name).items()


def test_the_standard_preset_is_what_the_generator_does_unasked():
    assert params(topology="dendritic", preset="standard") == params(topology="dendritic")
