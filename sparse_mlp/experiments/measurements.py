"""What can be measured on a finished run, by name; results are plain JSON types in the folder of the run."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sparse_mlp.errors import InvalidInputError, check_choice, check_options
from sparse_mlp.runs.run import Run


def check_measurement(where: str, name: str, arguments: Mapping[str, Any]) -> None:
    """Refuse what is no measurement or argument, or a value that cannot be used, before the first run is trained."""
    check_choice(where, name, MEASUREMENTS)
    check_options(f"measurement {name}", MEASUREMENTS[name], arguments, skip=("run",))
    if name != "robustness":
        return
    from sparse_mlp.robustness.curves import check_curves

    try:
        check_curves(**{key: value for key, value in arguments.items() if key != "readout"})
    except InvalidInputError as error:
        raise InvalidInputError(f"measurement {name}: {error}") from None


def measure_robustness(
    run: Run, perturbations: list[str] | None = None, strengths: Any = None, draws: int = 5, scope: str = "layer",
    readout: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Return the accuracy on the test samples under perturbations as `RobustnessCurves.to_json` gives it.

    Arguments as in `robustness.robustness_curves`; the seed of the trained run is that of the draws, too.
    """
    from sparse_mlp.robustness import PERTURBATIONS, robustness_curves

    return robustness_curves(
        run.model, *run.test, perturbations=perturbations or PERTURBATIONS, strengths=strengths, draws=draws,
        scope=scope, readout=readout, rng=run.config.run["seed"],
    ).to_json()  # fmt: skip


# Edges of the bins of |w|: 1e-4 wide up to 0.02, where most weights are, 2e-3 up to 1, then ever wider. The same for
# all runs, so that their counts can be added.
EDGES = np.round(np.concatenate([
    np.linspace(0, 0.02, 201), np.linspace(0.02, 1, 491)[1:], np.geomspace(1, 100, 41)[1:], [np.inf],
]), 6)  # fmt: skip


def measure_weights(run: Run) -> dict[str, Any]:
    """Return how large the weights of the sparse layers are, all layers together.

    Returns
    -------
    dict
        `edges` (k + 1,) and `counts` (k,) of the bins of absolute weights, those beyond the last edge in `above`;
        `weights`, how many there are; `zeros`, how many are exactly 0; `mean` and `largest` absolute weight, None
        where no layer is sparse.
    """
    layers = [np.abs(layer.weight).ravel() for layer in run.model.sparse_layers]
    size = np.concatenate([np.zeros(0), *layers]).astype(np.float64)
    counts, _ = np.histogram(size, EDGES)
    return {
        "edges": EDGES[:-1].tolist(), "counts": counts[:-1].tolist(), "above": int(counts[-1]), "weights": len(size),
        "zeros": int(np.count_nonzero(size == 0)), "mean": float(size.mean()) if len(size) else None,
        "largest": float(size.max()) if len(size) else None,
    }  # fmt: skip


def measure_translation(run: Run, beam: int = 2, alpha: float = 1.0, examples: int = 3) -> dict[str, Any]:
    """Return what the translations of the test sentences are worth.

    Returns
    -------
    dict
        `bleu_tokens` of lower-cased words and `bleu` of the text, each with its signature; `beam` and `alpha`; the
        first `examples` with `source`, `reference` and `translation`.
    """
    from sparse_mlp.translation import score

    data = run.sentences
    scored = score(run.translator, run.vocabularies, data.test, beam=beam, alpha=alpha)
    shown = zip(data.test.source, data.test.reference, scored.translations, strict=True)
    return {
        "bleu_tokens": scored.of_tokens.score, "signature": scored.of_tokens.signature, "bleu": scored.of_text.score,
        "signature_of_text": scored.of_text.signature, "beam": beam, "alpha": alpha,
        "examples": [
            {"source": source, "reference": reference, "translation": translation}
            for source, reference, translation in itertools.islice(shown, examples)
        ],
    }  # fmt: skip


MEASUREMENTS: dict[str, Callable[..., dict[str, Any]]] = {
    "robustness": measure_robustness, "translation": measure_translation, "weights": measure_weights,
}  # fmt: skip
