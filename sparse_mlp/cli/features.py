"""`sparse-mlp features`: the most important inputs of a trained network, and what other classifiers make of them."""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.cli.of_run import Makers, add_run_options, at_most, data_lines, data_name, draw_findings, write_findings
from sparse_mlp.errors import check_fraction, check_integer, invalid
from sparse_mlp.runs.drawing import results_first

if TYPE_CHECKING:
    from sparse_mlp.experiments import FeatureEvaluation
    from sparse_mlp.robustness import StrengthCourse
    from sparse_mlp.runs.run import Run

FIGURES = ("feature_accuracy.png", "feature_strength.png")
FILES = ("features.json", *FIGURES)
STRENGTH_WORDS = {"scaled": "sum of |weights| times deviation of the input", "weights": "sum of |weights|"}


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("features", help="select features by the strength of input neurons", description=__doc__)
    add_run_options(parser, findings=True)
    parser.add_argument("--keep", type=float, default=0.2, metavar="FRACTION",
                        help="part of the features to select (%(default)s)")  # fmt: skip
    parser.add_argument("--samples", type=int, default=5000, metavar="INT",
                        help="samples to train and to test the classifiers on, each at most (%(default)s)")  # fmt: skip
    parser.add_argument("--strength", choices=tuple(STRENGTH_WORDS), default="scaled",
                        help="sum of an input's |weights|, times the input's deviation (scaled) or alone (weights, as "
                        "published); [%(default)s]")  # fmt: skip
    parser.add_argument("--random-draws", type=int, default=3, metavar="INT",
                        help="random selections to compare it with (%(default)s)")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=1, metavar="INT",
                        help="classifiers trained at the same time; the result does not depend on it")  # fmt: skip
    parser.set_defaults(run=features)


def features(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    check_fraction("keep", arguments.keep)
    check_integer("samples", arguments.samples)
    check_integer("random_draws", arguments.random_draws, minimum=0)
    check_integer("jobs", arguments.jobs)

    from sparse_mlp.experiments import evaluate_selection
    from sparse_mlp.robustness import input_strength, select_features
    from sparse_mlp.runs.saved import load_run

    run = load_run(arguments.folder, arguments.data_dir)
    config = run.config
    inputs = run.train[0] if arguments.strength == "scaled" else None
    strength, course = input_strength(run.model, inputs), _course(arguments.folder, run, inputs)
    if not len(select_features(strength, arguments.keep)):
        raise invalid(f"keep={arguments.keep:g} of {len(strength):,} features", "a part that holds at least one")
    train, test = at_most(run.train, arguments.samples, 0), at_most(run.test, arguments.samples, 1)
    draws = [np.random.default_rng([config.run["seed"], draw]) for draw in range(arguments.random_draws)]
    by_strength, *by_chance = (
        evaluate_selection(values, train, test, seed=config.run["seed"], jobs=arguments.jobs, progress=True)
        for values in (strength, *(rng.random(len(strength)) for rng in draws))
    )
    outcome = _outcome(run, strength, course, arguments.keep, by_strength, by_chance)
    outcome["strength_by"], outcome["out"] = arguments.strength, str(arguments.folder)
    write_findings(arguments.folder, outcome, FILES)
    print(json.dumps(outcome) if arguments.json else _table(outcome))
    if not arguments.no_figures:
        how = f"classifiers of {by_strength.n_train:,} training and {by_strength.n_test:,} test samples"
        with results_first("the figures were"):
            draw_findings(arguments.folder, _displays(run, course, by_strength, by_chance), run, how)
    return 0


def _course(folder: Path, run: Run, inputs: Any) -> StrengthCourse:
    """Return the recorded strengths up to the checkpoint's epoch; only those of the checkpoint if there are none."""
    from sparse_mlp.errors import DataFileError
    from sparse_mlp.robustness import StrengthCourse, input_strength, load_course
    from sparse_mlp.robustness.feature_selection import deviations
    from sparse_mlp.robustness.strength_course import FILE_NAME

    try:
        found = load_course(folder / FILE_NAME)
    except DataFileError:
        found = None
    last = input_strength(run.model).astype(np.float32)
    scale = np.float32(1) if inputs is None else deviations(inputs).astype(np.float32)
    if found is None or found.strength.shape[1] != len(last):
        return StrengthCourse(np.array([run.trainer.epoch]), last[None] * scale)
    before = found.epochs < run.trainer.epoch
    epochs = np.append(found.epochs[before], run.trainer.epoch)
    return StrengthCourse(epochs, np.vstack([found.strength[before], last]) * scale)


def _outcome(
    run: Run, strength: Any, course: StrengthCourse, keep: float, by_strength: FeatureEvaluation,
    by_chance: list[FeatureEvaluation],
) -> dict[str, Any]:  # fmt: skip
    from sparse_mlp.experiments.feature_evaluation import leads
    from sparse_mlp.robustness import input_strength, select_features

    selected = select_features(strength, keep)
    accuracy = {name: values.tolist() for name, values in by_strength.accuracy.items()}
    chance = {name: np.mean([e.accuracy[name] for e in by_chance], axis=0).tolist() for name in accuracy if by_chance}
    return {
        "dataset": run.data.name, "synthetic": run.data.synthetic, "provenance": run.data.provenance,
        "epochs": run.trainer.epoch, "features": len(strength), "keep": keep, "selected": selected.tolist(),
        "selected_constant": _constant(run.train[0], selected), "weights": run.config.model.get("weights"),
        "strength": strength.tolist(), "share_of_strength": float(strength[selected].sum() / (strength.sum() or 1)),
        "unlinked": int(np.sum(input_strength(run.model) == 0)),
        "recorded_epochs": course.epochs.tolist(), "selected_already": course.agreement(keep).tolist(),
        "dropped": by_strength.dropped.tolist(), "kept": by_strength.kept.tolist(), "accuracy": accuracy,
        "accuracy_of_random_selection": chance, "random_draws": len(by_chance),
        "leads": leads(by_strength, by_chance).tolist(),
        "accuracy_of_most_frequent_class": by_strength.chance,
        "train_samples": by_strength.n_train, "test_samples": by_strength.n_test,
    }  # fmt: skip


def _constant(x: Any, selected: Any) -> int:
    """Return how many of the selected inputs have one value in all samples that the network was trained on."""
    span = x.max(axis=0) - x.min(axis=0)
    return int(np.sum(np.ravel(span.toarray() if hasattr(span, "toarray") else span)[selected] == 0))


def _verdict_lines(leads: list[float], outcome: dict[str, Any]) -> list[str]:
    """Say whether the strongest features are better than random ones."""
    if not leads:
        return ["verdict    none: compare with chance by --random-draws"]
    points = f"{100 * np.mean(leads):+.1f} points, mean of all classifiers and parts"
    each = f"each of {len(leads)} random selections" if len(leads) > 1 else "the random selection"
    if min(leads) > 0:
        return [f"verdict    better than {each}: {points}"]
    if max(leads) < 0:
        return [f"verdict    WORSE than {each}: {points}", *_remedy_lines(outcome)]
    spread = f"{100 * min(leads):+.1f} to {100 * max(leads):+.1f} against one selection"
    return [f"verdict    no better than chance: {points}; {spread}", *_remedy_lines(outcome)]


def _remedy_lines(outcome: dict[str, Any]) -> list[str]:
    remedies = ["train longer"]
    if outcome["weights"] != "he-uniform":
        remedies.append("train with `--weights he-uniform`, the small first weights of SET")
    if outcome["strength_by"] != "scaled":
        remedies.append("`--strength scaled`")
    return [f"           much of the strength may be left from the first weights; {', or '.join(remedies)}"]


def _constant_lines(count: int, weights: str) -> list[str]:
    """Say that strength misleads where an input never changes, and what helps."""
    if not count:
        return []
    subject, whose = ("is", "its") if count == 1 else ("are", "their")
    remedy = "; strength tells more after `train --weights he-uniform`, the small ones of SET"
    return [
        f"constant   {count:,} of them {subject} constant in the training samples; most of {whose} strength is left "
        f"from {whose} first weights{'' if weights == 'he-uniform' else remedy}"
    ]  # fmt: skip


def _table(outcome: dict[str, Any]) -> str:
    names = list(outcome["accuracy"])
    random = outcome["accuracy_of_random_selection"]
    lines = [
        *data_lines(outcome),
        f"network    after {outcome['epochs']} epochs, {outcome['features']:,} inputs, "
        f"{outcome['unlinked']:,} of them without links",
        f"selected   {len(outcome['selected']):,} features with {outcome['share_of_strength']:.1%} of the strength "
        f"({STRENGTH_WORDS[outcome['strength_by']]})",
        *_constant_lines(outcome["selected_constant"], outcome["weights"]),
        *(["course     not recorded: the figure shows the last strengths; `train --input-strengths` records all"]
          if len(outcome["recorded_epochs"]) < 2 else []),
        f"samples    {outcome['train_samples']:,} to train the classifiers, {outcome['test_samples']:,} to test them",
        "",
        "accuracy on the strongest features" + (
            f" (on random ones, mean of {outcome['random_draws']})" if random else ""),
        "dropped    kept" + "".join(f"{name:>20}" for name in names),
    ]  # fmt: skip
    for i, (dropped, kept) in enumerate(zip(outcome["dropped"], outcome["kept"], strict=True)):
        cells = (_cell(outcome["accuracy"][name][i], random[name][i] if random else None) for name in names)
        lines.append(f"{dropped:>6.0%} {kept:>8,}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join([*lines, "", *_verdict_lines(outcome["leads"], outcome), f"run folder {outcome['out']}"])


def _cell(accuracy: float, random: float | None) -> str:
    return f"{accuracy:.2%}" if random is None else f"{accuracy:.2%} ({random:.2%})"


def _displays(run: Run, course: StrengthCourse, by_strength: Any, by_chance: list[Any]) -> Makers:
    from sparse_mlp.experiments import draw_evaluations
    from sparse_mlp.plotting import StrengthCourseDisplay

    title = data_name(run)
    makers = (
        partial(draw_evaluations, [by_strength], by_chance, title),
        partial(StrengthCourseDisplay.from_course, course, run.samples.image_shape, title),
    )
    return dict(zip(FIGURES, makers, strict=True))
