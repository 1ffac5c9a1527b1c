"""Updates between epochs: the same as ever, whole, and charged to the right stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from sparse_mlp.bench import updates
from sparse_mlp.bench.job import make_job
from sparse_mlp.bench.updates import RULES, STAGES, Stopwatch, UpdatesBetweenEpochs, time_updates, watched
from sparse_mlp.evolution import ThreeStageRule, TopologyUpdate, make_rule, one_chain, three_stages
from sparse_mlp.evolution.new_weights import NewWeights

JOB = make_job("tiny", (12, 25, 20, 5), batch=8, density=0.3, n_samples=24)


def made(name: str, **options: Any) -> ThreeStageRule:
    return cast(ThreeStageRule, make_rule(name, **options))


def test_a_stopwatch_charges_each_stretch_once() -> None:
    times = iter([0.0, 10.0, 11.0, 13.0, 20.0, 24.0])
    watch = Stopwatch(lambda: next(times))
    watch.start()
    watch.charge("remove")
    watch.charge("percolate")
    watch.charge("remove")
    watch.charge("new weights", until=21.5)
    watch.charge("percolate")
    assert watch.began == 10.0
    assert watch.spent == {**dict.fromkeys(STAGES, 0.0), "remove": 8.0, "percolate": 2.0 + 2.5, "new weights": 1.5}
    first = watch.spent
    watch = Stopwatch(lambda: 0.0)
    watch.start()
    assert set(watch.spent.values()) == {0.0} and first["remove"] == 8.0


@pytest.mark.parametrize("name", ["rlr", "chts", "cht"])
def test_a_watched_rule_does_the_same(name: str) -> None:
    plain, under_watch = JOB.model().evolving_layers, JOB.model().evolving_layers
    rule = made(name)
    for progress in (0.1, 0.6):
        rule.update(one_chain(plain), progress, 7)
        watched(made(name), Stopwatch()).update(one_chain(under_watch), progress, 7)
    for one, other in zip(plain, under_watch, strict=True):
        np.testing.assert_array_equal(one.structure.indices, other.structure.indices)
        np.testing.assert_array_equal(one.weight, other.weight)


class Slow:
    """A clock that stands still except where something is made slow."""

    def __init__(self) -> None:
        self.now = 0.0

    def after(self, seconds: float, call: Any) -> Any:
        def slow(*arguments: Any, **options: Any) -> Any:
            self.now += seconds
            return call(*arguments, **options)

        return slow


def test_each_stage_pays_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, rule = Slow(), made("rlr", percolate=True)
    weights = NewWeights("kaiming")
    monkeypatch.setattr(three_stages, "percolate", slow.after(1000.0, three_stages.percolate))
    monkeypatch.setattr(three_stages, "_change", slow.after(10_000.0, three_stages._change))
    monkeypatch.setattr(NewWeights, "draw", slow.after(100.0, NewWeights.draw))
    rule = replace(rule, remove=slow.after(1.0, rule.remove), regrow=slow.after(10.0, rule.regrow), new_weights=weights)
    watch = Stopwatch(lambda: slow.now)
    slow.now = 5.0
    watched(rule, watch).update(one_chain(JOB.model().evolving_layers), 0.5, 0)
    assert watch.began == 5.0
    assert watch.spent == {
        "remove": 2.0, "percolate": 1000.0, "score and choose": 20.0, "insert and rewire": 20_000.0,
        "new weights": 200.0, "remap and log": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_every_call_is_one_whole_update(name: str) -> None:
    run = UpdatesBetweenEpochs(JOB, name, RULES[name])
    for calls in (1, 2, 3, 4):
        seconds = run()
        update = run.trainer.last_update
        assert update is not None and update.zeta == 0.3
        assert len(update.layers) == 2
        assert all(len(change.grown[0]) >= change.before.nnz // 4 for change in update.layers)
        assert seconds == run.trainer.history[-2]["seconds"] > 0
        assert len(run.stages) == calls and run.trainer.epoch == 2 * calls


def test_stages_add_up_to_the_update() -> None:
    run = UpdatesBetweenEpochs(JOB, "ch3l3", RULES["ch3l3"])
    whole = [run() for _ in range(5)]
    left_over = [seconds - sum(stages.values()) for seconds, stages in zip(whole, run.stages, strict=True)]
    assert min(map(abs, left_over)) < 2e-4
    assert all(seconds > 0 for stages in run.stages for seconds in stages.values())


def test_what_follows_the_rule_is_charged_to_the_remap() -> None:
    run = UpdatesBetweenEpochs(JOB, "rlr", RULES["rlr"])
    now = iter([10.0, 12.0, 20.0])
    run.watch.clock = lambda: next(now)
    run.watch.start()
    run.watch.charge("new weights")
    run.on_update(run.trainer, TopologyUpdate(seconds=5.0), {"seconds": 9.0})
    assert run.seconds == 9.0
    spent = {stage: seconds for stage, seconds in run.stages[0].items() if seconds}
    assert spent == {"new weights": 2.0, "insert and rewire": 3.0, "remap and log": 5.0}


def test_only_updates_count_and_not_the_training_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UpdatesBetweenEpochs, "__call__", lambda run: 1000.0)
    monkeypatch.setattr(updates, "_stage_lines", lambda *arguments: [])
    assert {line.timing.median for line in time_updates(JOB, rounds=2)} == {1000.0}


def test_all_rules_get_a_line_and_two_their_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "RULES", {name: RULES[name] for name in ("rlr", "ch3l3")})
    lines = time_updates(JOB, rounds=2)
    sections = list(dict.fromkeys(line.section for line in lines))
    assert len(sections) == 3 and sections[0] == updates.section_of(JOB)
    by_section = {section: [line for line in lines if line.section == section] for section in sections}
    assert [line.name for line in by_section[sections[0]]] == ["rlr", "ch3l3"]
    for rule, section, whole in zip(("rlr", "ch3l3"), sections[1:], by_section[sections[0]], strict=True):
        assert f"by {rule};" in section
        assert [line.name for line in by_section[section]] == ["whole update", *STAGES]
        assert by_section[section][0].timing == whole.timing
