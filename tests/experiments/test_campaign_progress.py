"""Progress: epochs of all processes from the store, a line for each run that ends, the time left."""

from __future__ import annotations

import re

from campaign_cases import RECIPE, plan

from sparse_mlp.experiments import Store, run_campaign
from sparse_mlp.experiments.campaign_progress import CampaignProgress


def write_epochs(store, run_id, count):
    store.folder(run_id).mkdir(exist_ok=True)
    lines = "".join(f'{{"kind":"epoch","epoch":{k}}}\n{{"kind":"update","epoch":{k}}}\n' for k in range(count))
    (store.folder(run_id) / "metrics.jsonl").write_text(lines)


def test_epochs_of_runs_under_way_count_and_a_run_that_ended_counts_as_whole(tmp_path, capsys):
    store = Store(tmp_path)
    write_epochs(store, "before", 3)  # stopped early, of 10
    write_epochs(store, "now", 2)
    with CampaignProgress(store, {"before": 10, "now": 10, "later": 5}, {"now", "later"}) as bar:
        assert (bar._bar.total, bar._bar.n) == (25, 12)
        write_epochs(store, "now", 7)
        assert bar._done() == 17
        bar.tell("now", "was stopped")
        assert bar._done() == 20
        bar.tell("later", "is done")
        assert bar._done() == 25
    first, last = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"2/3  now  was stopped, \d\d:\d\d left", first)
    assert last == "3/3  later  is done"


def test_the_time_left_is_at_the_pace_so_far(tmp_path, monkeypatch):
    store = Store(tmp_path)
    monkeypatch.setattr("sparse_mlp.experiments.campaign_progress.perf_counter", iter([100.0, 130.0]).__next__)
    with CampaignProgress(store, {"one": 40}, {"one"}) as bar:
        write_epochs(store, "one", 10)
        assert bar._time_left() == ", 01:30 left"  # 10 epochs in 30 seconds, 30 to go


def test_a_campaign_tells_each_run_and_nothing_when_nothing_is_left(tmp_path, capsys):
    text = RECIPE.replace("rule.zeta = 0.2", "training.learning_rate = 1e30")
    planned, store = plan(tmp_path, text)[:2], Store(tmp_path / "store")
    run_campaign(store, planned)
    lines = capsys.readouterr().err.splitlines()
    assert re.match(rf"1/2  {planned[0].run_id}  test accuracy \d\d.\d\d%, 3 epochs", lines[0])
    assert lines[1].startswith(f"2/2  {planned[1].run_id}  failed: DivergenceError")
    assert len(lines) == 2
    run_campaign(store, planned)
    assert capsys.readouterr().err == ""
