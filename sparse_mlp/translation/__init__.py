"""Translations: beam search for the most probable ones, and BLEU to judge them."""

from __future__ import annotations

from sparse_mlp.translation.beam import Hypothesis, Search, beam_search, search_all
from sparse_mlp.translation.bleu import Bleu, bleu, bleu_tokens
from sparse_mlp.translation.translate import Scored, Vocabularies, score, translate, translate_numbers

__all__ = [
    "Bleu", "Hypothesis", "Scored", "Search", "Vocabularies", "beam_search", "bleu", "bleu_tokens", "score",
    "search_all", "translate", "translate_numbers",
]  # fmt: skip
