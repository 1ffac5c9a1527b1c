"""Options of the first wiring: each reaches the generator that takes it, and every other topology refuses it."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest
from cli_cases import assert_refused, run, run_json

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.runs.settings import make_config, read_config
from sparse_mlp.runs.wiring_options import SETTING_NAMES, WiringOptions, taken_by
from sparse_mlp.topology import GENERATORS, NETWORK_GENERATORS
from sparse_mlp.topology.presets import DENDRITIC_PRESETS, PRESET_EVIDENCE

SMALL = ["--hidden", "20", "15", "--density", "0.2", "--epochs", "1", "--no-figures", "--threads", "1"]


@pytest.mark.parametrize("name", sorted({*GENERATORS, *NETWORK_GENERATORS}))
def test_every_option_of_a_generator_can_be_set(name):
    make = NETWORK_GENERATORS.get(name) or GENERATORS[name]
    parameters = inspect.signature(make).parameters.values()
    options = {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY} - {"data"}
    assert {parameter for setting, parameter in taken_by(name).items() if setting != "preset"} == options
    assert all(setting == SETTING_NAMES.get(parameter, parameter) for setting, parameter in taken_by(name).items()
               if setting != "preset")  # fmt: skip


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

    def watching(n_in, n_out, links, rng, **params):
        calls.append(params)
        return make(n_in, n_out, links, rng, **params)

    watching.__signature__ = inspect.signature(make)
    monkeypatch.setitem(GENERATORS, topology, watching)
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    outcome = run_json(capsys, "train", *SMALL, "--topology", topology, *words, "--out", "run")
    assert calls == [options, options]
    assert outcome["links"] == 256 + 60 + 150
    config = read_config(Path("run/config.json"))
    assert config.topology_params() == options and config.first_wiring == topology
    assert run_json(capsys, "evaluate", "run")["test_accuracy"] == outcome["test_accuracy"]


def test_the_help_tells_the_defaults_of_the_generators():
    told = {
        setting.name: default.group(1)
        for setting in fields(WiringOptions)
        if (default := re.search(r"\(default: ([^ ,)]+)\)", setting.metadata["help"]))
    }
    for topology in {*GENERATORS, *NETWORK_GENERATORS}:
        parameters = inspect.signature(NETWORK_GENERATORS.get(topology) or GENERATORS[topology]).parameters
        for setting, parameter in taken_by(topology).items():
            if setting in told:
                default = parameters[parameter].default
                assert told[setting] == (f"{default:g}" if isinstance(default, float) else str(default)), setting
    assert {"dendrites", "degree_distribution", "r", "beta", "attempts", "snip_batch"} <= set(told)


def test_what_is_not_set_is_left_to_the_generator():
    assert make_config({"topology": "dendritic"}).topology_params() == {}
    assert make_config({"topology": "dendritic", "rewiring": 0}).topology_params() == {"rewiring": 0.0}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--beta", 0.5], "beta with topology=erdos-renyi; expected left out; small-world would take it"),
        (["--topology", "dendritic", "--beta", 0.5], "beta with topology=dendritic"),
        (["--topology", "small-world", "--dendrites", 3], "expected left out; dendritic would take it"),
        (["--topology", "small-world", "--preset", "standard"], "preset with topology=small-world"),
        (["--rule", "chts", "--degree-distribution", "fixed"], "degree_distribution with topology=correlated"),
        (["--topology", "snip", "--degree-distribution", "fixed"], "dendritic and receptive-field would take it"),
        (["--topology", "receptive-field", "--border", "wrap"], "border with topology=receptive-field"),
        (["--topology", "dendritic", "--snip-scope", "layer"], "snip_scope with topology=dendritic"),
        (["--topology", "dendritic", "--degree-std", 4], "degree_std with degree_distribution=fixed"),
        (["--topology", "dendritic", "--preset", "standard", "--width-std", 0.1], "width_std with width_distribution"),
        (["--topology", "dendritic", "--synaptic-std", 1, "--synaptic-distribution", "fixed"], "would change nothing"),
        (["--topology", "dendritic", "--dendrite-std", 1], "dendrite_std with dendritic_distribution=fixed"),
        (["--topology", "dendritic", "--preset", "standart"], "did you mean 'standard'?"),
        (["--topology", "small-world", "--beta", "much"], "invalid float value: 'much'"),
        (["--rule", "dense", "--beta", 0.5], "beta with topology=erdos-renyi"),
        (["--rule", "dense", "--topology", "small-world", "--beta", 0.5], "with rule=dense; expected left out"),
    ],
)
def test_options_of_other_topologies_are_refused(capsys, arguments, words):
    code, out, err = run(capsys, "train", *SMALL, *arguments, "--out", "run")
    assert_refused((code, out, err), words)
    assert not Path("run").exists()


def test_a_preset_is_its_options_and_options_win(monkeypatch):
    monkeypatch.setitem(DENDRITIC_PRESETS, "narrow", {"field_width": 0.25, "dendrites": 5.0})
    settings = {"topology": "dendritic", "preset": "narrow"}
    assert make_config(dict(settings)).topology_params() == {"field_width": 0.25, "dendrites": 5.0}
    config = make_config({**settings, "dendrites": 7, "border": "bounded"})
    assert config.topology_params() == {"field_width": 0.25, "dendrites": 7.0, "border": "bounded"}
    assert DENDRITIC_PRESETS["narrow"] == {"field_width": 0.25, "dendrites": 5.0}


@pytest.mark.parametrize("name", sorted(DENDRITIC_PRESETS))
def test_each_preset_is_made_of_options_and_has_its_evidence(name):
    assert PRESET_EVIDENCE[name]
    assert set(PRESET_EVIDENCE) == set(DENDRITIC_PRESETS)
    settings = make_config({"topology": "dendritic", "preset": name, **DENDRITIC_PRESETS[name]})
    assert settings.topology_params() == DENDRITIC_PRESETS[name]


def test_the_standard_preset_is_what_the_generator_does_unasked():
    parameters = inspect.signature(GENERATORS["dendritic"]).parameters
    standard = DENDRITIC_PRESETS["standard"]
    assert standard == {name: parameters[name].default for name in standard}


def test_a_file_gives_the_same_options(capsys):
    Path("run.toml").write_text('topology = "small-world"\nbeta = 1\nhidden = [20]\nepochs = 1\nfigures = false\n')
    run_json(capsys, "train", "--config", "run.toml", "--out", "run")
    assert read_config(Path("run/config.json")).topology_params() == {"beta": 1.0}
    with pytest.raises(InvalidInputError, match="beta='1'; expected a number"):
        make_config({"topology": "small-world", "beta": "1"})
