"""BLEU of a corpus, by sacrebleu, always with the signature that says how it was computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sparse_mlp.errors import invalid


class Bleu(NamedTuple):
    """Hold BLEU and what it is made of.

    Attributes
    ----------
    score : float
        From 0 to 100.
    signature : str
        How sacrebleu computed it; scores with different signatures must not be compared.
    matches, totals : tuple of four int
        How many sequences of 1 to 4 words of the hypotheses are in their references, and how many there are.
    brevity_penalty : float
        Below 1 if the hypotheses are shorter than the references.
    n_words, n_reference_words : int
        Words of all hypotheses and of all references.
    """

    score: float
    signature: str
    matches: tuple[int, ...]
    totals: tuple[int, ...]
    brevity_penalty: float
    n_words: int
    n_reference_words: int

    def __str__(self) -> str:
        return f"BLEU {self.score:.2f} ({self.signature})"


def bleu(hypotheses: Sequence[str], references: Sequence[str], *, lower_case: bool = False) -> Bleu:
    """Compute BLEU of sentences as they are read, whose words sacrebleu finds by its rule 13a.

    Parameters
    ----------
    hypotheses, references : sequence of str
        Translations, and one reference for each.
    lower_case : bool
        Compare both in lower case, as a network without capital letters needs.

    Returns
    -------
    Bleu
        Of the corpus, with exponential smoothing.

    Raises
    ------
    InvalidInputError
        If sacrebleu is missing, there are no sentences, or the two have different numbers of them.
    """
    return _corpus_bleu(hypotheses, references, "13a", lower_case)


def bleu_tokens(hypotheses: Sequence[str], references: Sequence[str]) -> Bleu:
    """Compute BLEU in lower case of sentences whose words stand between blanks.

    Parameters
    ----------
    hypotheses, references : sequence of str
        As the `separate` of a vocabulary's tokeniser returns them; references with all their words, the unknown too.

    Returns
    -------
    Bleu
        Of the corpus, with exponential smoothing.

    Raises
    ------
    InvalidInputError
        If sacrebleu is missing, there are no sentences, or the two have different numbers of them.
    """
    return _corpus_bleu(hypotheses, references, "none", lower_case=True)


def _corpus_bleu(hypotheses: Sequence[str], references: Sequence[str], tokenize: str, lower_case: bool) -> Bleu:
    if not hypotheses or len(hypotheses) != len(references):
        found = f"{len(hypotheses):,} hypotheses and {len(references):,} references"
        raise invalid(found, "one reference for each hypothesis, and at least one")
    # force: no advice on standard error that the sentences seem to be cut into words
    metric = _sacrebleu().BLEU(tokenize=tokenize, lowercase=lower_case, smooth_method="exp", force=True)
    found = metric.corpus_score(list(hypotheses), [list(references)])
    return Bleu(
        found.score, str(metric.get_signature()), tuple(found.counts), tuple(found.totals), found.bp, found.sys_len,
        found.ref_len,
    )  # fmt: skip


def _sacrebleu() -> Any:
    try:
        import sacrebleu
    except ImportError:
        raise invalid("no sacrebleu", "that library for BLEU", "pip install 'sparse_mlp[translation]'") from None
    return sacrebleu
