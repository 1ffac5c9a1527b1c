"""What a run prints and draws at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sparse_mlp.layers import Linked
from sparse_mlp.models import summary_table
from sparse_mlp.runs.build import translates
from sparse_mlp.runs.drawing import save_figures
from sparse_mlp.runs.result import result
from sparse_mlp.runs.run import Run

FIGURES = (
    "learning_curve", "network", "adjacency", "degrees", "weights", "link_survival", "wiring_course", "topology_update",
)  # fmt: skip
OF_TRANSLATION = ("attention", "wiring")  # drawn instead of all but the learning curve by a run that translates
Makers = dict[str, Callable[[], Any]]


def table(run: Run) -> str:
    """Return the outcome as text for a terminal."""
    outcome = result(run)
    stamp = "SYNTHETIC data: this accuracy says nothing about the real set\n" if outcome["synthetic"] else ""
    lines = [
        summary_table(run.model),
        "",
        f"data             {outcome['dataset']}: {brief(outcome['provenance'])}",
        f"wiring           {describe_wiring(outcome)}",
        f"rule             {outcome['rule']}, {_updates(len(run.trainer.history.updates))}",
        f"links stored     {outcome['links']:,} ({outcome['density']:.2%}{_joined(outcome['link_size'])}); "
        f"a dense network would store {outcome['dense_parameters']:,}",
        *_asked(outcome),
        *_active(outcome, run.model.evolving_layers),
        f"epochs           {outcome['epochs']}{_ended(outcome)}, {_seconds(outcome['seconds_per_epoch'])} each "
        "(median, training alone)",
        f"topology update  {_seconds(outcome['seconds_per_update'])}",
        f"test accuracy    {_percent(outcome['test_accuracy'])}",
        f"run folder       {outcome['out']}",
    ]
    return stamp + "\n".join(lines)


def draw_figures(run: Run) -> list[Path]:
    """Write the figures of a run into its folder and return their paths."""
    from sparse_mlp import plotting

    title = f"{run.config.data['dataset']}, rule {run.config.rule['name']}, seed {run.config.run['seed']}"
    unit = "token" if translates(run.config.data) else "sample"
    figures: Makers = {
        "learning_curve": partial(plotting.TrainingCourseDisplay.from_history, run.trainer.history, title, unit)
    }
    figures |= (_of_translation if translates(run.config.data) else _of_layers)(run)
    return save_figures(run.folder, {f"{name}.png": make for name, make in figures.items()})


def _of_layers(run: Run) -> Makers:
    """Return the pictures of layers that feed each other."""
    from sparse_mlp import plotting

    model, history, update = run.model, run.trainer.history, run.trainer.last_update
    figures: Makers = {}
    if model.sparse_layers:
        figures["network"] = partial(plotting.NetworkDisplay.from_model, model)
        figures["adjacency"] = partial(plotting.AdjacencyDisplay.from_layer, model.sparse_layers[0])
        figures["degrees"] = partial(plotting.DegreeDisplay.from_model, model)
        figures["weights"] = partial(plotting.WeightDistributionDisplay.from_model, model, update)
    if history.updates:
        figures["link_survival"] = partial(plotting.LinkSurvivalDisplay.from_history, history)
        figures["wiring_course"] = partial(plotting.WiringCourseDisplay.from_history, history)
    if update is not None:
        figures["topology_update"] = partial(
            plotting.UpdateStagesDisplay.from_update, update, link_size=model.sparse_layers[0].link_size,
            taps={layer.name: layer.taps for layer in model.sparse_layers},
        )  # fmt: skip
    return figures


def _of_translation(run: Run) -> Makers:
    """Return the pictures of a network that translates: the attention of a sentence, and the wiring of a layer."""
    from sparse_mlp import plotting
    from sparse_mlp.runs.build import build

    figures: Makers = {"attention": partial(_attention, run)}
    if run.model.sparse_layers:
        last = run.model.sparse_layers[:6]  # those of the first layer of the encoder
        figures["wiring"] = lambda: plotting.MatricesDisplay.from_layers(
            build(run.config).model.sparse_layers[:6], last, "wiring of the first encoder layer"
        )
    return figures


def _attention(run: Run) -> Any:
    """Draw the attention of a test sentence of middle length and its translation."""
    from sparse_mlp.plotting import AttentionDisplay
    from sparse_mlp.token_pairs import TokenPairs
    from sparse_mlp.translation import translate_numbers

    data, words = run.sentences, run.vocabularies
    lengths = [len(words.source.encode(sentence)) for sentence in data.test.source[:50]]
    sentence = data.test.source[sorted(range(len(lengths)), key=lengths.__getitem__)[len(lengths) // 2]]
    source, target = words.source.encode(sentence), translate_numbers(run.translator, words, [sentence])[0]
    (weights,) = run.translator.attention(TokenPairs.of([source], [target]))
    read, written = ([vocabulary.words[number] for number in numbers]
                     for vocabulary, numbers in zip(words, (source, target), strict=True))  # fmt: skip
    return AttentionDisplay.from_weights(weights, read, written, "attention of the last decoder layer")


def describe_wiring(facts: dict[str, Any]) -> str:
    """Return the first wiring in words."""
    return (facts["topology"] or "dense") + (f", preset {facts['preset']}" if facts["preset"] else "")


def brief(provenance: str) -> str:
    """Return what is known of the files, without the citation and licence that follow."""
    return provenance.split(";")[0]


def _asked(outcome: dict[str, Any]) -> list[str]:
    if outcome["density_asked"] is None or outcome["sparse_density"] is None:
        return []
    reached, asked = outcome["sparse_density"], outcome["density_asked"]
    return [f"sparse layers    {reached:.2%} of their possible links; asked for {asked:.2%}"]


def _ended(outcome: dict[str, Any]) -> str:
    if not outcome["stop_reason"]:
        return ""
    return f" of {outcome['epochs_asked']} ({outcome['stop_reason'].replace('_', ' ')})"


def _joined(link_size: int) -> str:
    return "" if link_size == 1 else f" of all pairs of neurons, a link joins {link_size**2}"


def _updates(count: int) -> str:
    if count == 0:
        return "the wiring stayed as it was"
    return f"{count} topology update{'s' * (count > 1)} (none after the last epoch)"


def _active(outcome: dict[str, Any], layers: Sequence[Linked]) -> list[str]:
    """Return the line of active neurons, or channels, none for a network without layers that evolve."""
    if outcome["anp_by_paths"] is None:
        return []
    paths, links = _percent(outcome["anp_by_paths"]), _percent(outcome["anp_by_links"])
    return [f"{f'active {layers[0].ends[1]}s':<17}{paths} on a path from input to output, {links} with a link onward"]


def _seconds(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def _percent(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2%}"
