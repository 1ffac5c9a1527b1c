"""The last table of [Zhang2025] and of [Cerretti2025]: BLEU of Transformers on Multi30k, by rule and sparsity."""

from __future__ import annotations

from functools import partial

from sparse_mlp.experiments.reproduction.claims import Claim, higher
from sparse_mlp.experiments.reproduction.figure import Figure, Results
from sparse_mlp.experiments.reproduction.figures.accuracy_table import drawing
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.experiments.reproduction.published import read_table
from sparse_mlp.experiments.reproduction.quantities import Quantity

DATASETS = ("multi30k",)
BLEU, OF_TEXT = "BLEU of tokens", "BLEU of the text, 13a"
TOKENS_RIGHT, LOSS = "validation tokens predicted right", "validation loss of a token"
COVERED, SECONDS = "positions ever tried", "an epoch"
SPARSITIES = ("95 %", "90 %")
BETTER_WIRING = "CHT{} from the dendritic network model is better than from receptive fields, {}"

# BLEU, mean of three seeds; rows of "^D" are those of the poster.
PUBLISHED = read_table(DATASETS, """
    FC           | 31.38 ± .38
    SET 95 %     | 28.99
    RigL 95 %    | 29.94
    CHT 95 %     | 27.79
    CHTs^B 95 %  | 28.94
    CHTs^D 95 %  | 30.54
    CHTss^B 95 % | 32.03
    CHTss^D 95 % | 32.62
    SET 90 %     | 29.73
    RigL 90 %    | 30.26
    CHT 90 %     | 28.38
    CHTs^B 90 %  | 29.81
    CHTs^D 90 %  | 31.45
    CHTss^B 90 % | 32.86
    CHTss^D 90 % | 33.00
""")  # fmt: skip


def _better(first: str, second: str, source: str, text: str = "") -> Claim:
    text = text or f"{first} is better than {second}"
    return higher(text, source, BLEU, first, second, "points")


CLAIMS = (
    *(_better(f"CHT{rule}^D {sparsity}", f"CHT{rule}^B {sparsity}", "poster", BETTER_WIRING.format(rule, sparsity))
      for rule in ("s", "ss") for sparsity in SPARSITIES),
    *(_better(f"CHTss^{wiring} {sparsity}", f"CHTs^{wiring} {sparsity}", "table 2, poster")
      for wiring in "BD" for sparsity in SPARSITIES),
    *(_better(f"CHTss^{wiring} {sparsity}", "FC", "table 2, poster") for wiring in "BD" for sparsity in SPARSITIES),
    _better("CHTs^D 90 %", "FC", "poster"),
)  # fmt: skip
NOTES = (
    "Published: 6 + 6 layers of 512 features, 5,000 steps; ours are smaller, see above. B: bipartite receptive fields, "
    "D: dendritic network model, as the first wiring; its parameters for translation are not published, ours are the "
    "generator's defaults.",
    "BLEU of tokens: lower-cased and tokenised, as the papers score, with sacrebleu (tok:none); BLEU of the text: "
    "joined words, 13a. Beam 2, length penalty alpha 1, unknown words replaced by the source word that attention reads "
    "most. The papers score the checkpoint that is best on validation, ours is the last one.",
    "Learning rate: noam; where the wiring evolves it rises again from nearly 0 over 20 steps after each update.",
)  # fmt: skip


def read(runs: Runs) -> Results:
    """Take what the table has of each run."""
    results = Results()
    for name, unit, value in (
        (BLEU, "", partial(_bleu, key="bleu_tokens")),
        (OF_TEXT, "", partial(_bleu, key="bleu")),
        (TOKENS_RIGHT, "%", lambda run: _scaled(run.result.get("validation_accuracy"), 100)),
        (LOSS, "nats", lambda run: run.history.epochs[-1].get("validation_loss")),
        (COVERED, "%", lambda run: _scaled(run.result.get("itop"), 100)),
        (SECONDS, "s", lambda run: run.result.get("seconds_per_epoch")),
    ):
        for dataset, method in runs.pairs():
            published = PUBLISHED.get(method, {}).get(dataset) if name == BLEU else None
            values = runs.by_seed(dataset, method, value)
            results.quantities.add([Quantity(dataset, method, name, unit, values, published)])
    if any(row.name == BLEU for row in results.quantities.rows):
        results.draw("bleu", drawing(results.quantities, BLEU, "BLEU of tokens", "published, a larger network"))
    results.notes += sorted({run.measurement("translation")["signature"] for run in runs.finished})
    return results


def _bleu(run: FinishedRun, key: str) -> float:
    return float(run.measurement("translation")[key])


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else factor * value


FIGURE = Figure(
    "translation-table", "table, translation by sparse Transformers", "Zhang2025", ("translation-table",),
    {"smoke": 0.5, "laptop": 90, "overnight": 600, "paper": 6000}, read, CLAIMS, DATASETS, NOTES,
)  # fmt: skip
