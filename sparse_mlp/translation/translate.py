"""Text in, text out: sentences become numbers, a network and beam search find words, words become text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from sparse_mlp.datasets import TranslationPart, Vocabulary
from sparse_mlp.datasets.words import END, PAD, START, UNKNOWN
from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.kernels.pool import one_blas_thread, run
from sparse_mlp.models import SparseTransformer
from sparse_mlp.token_pairs import TokenPairs, packed
from sparse_mlp.translation.beam import Search, search_all
from sparse_mlp.translation.bleu import Bleu, bleu, bleu_tokens

AT_ONCE = 64  # sentences that are searched together; part of what the bytes of a result depend on
LONGER = 50  # words that a translation may have more than its source


class Vocabularies(NamedTuple):
    """Hold the words of both languages."""

    source: Vocabulary
    target: Vocabulary


class Scored(NamedTuple):
    """Hold what translations of a part of a data set are worth.

    Attributes
    ----------
    of_tokens : Bleu
        Lower-cased words, as the papers score.
    of_text : Bleu
        Of the text, in lower case, by rule 13a.
    translations : list of str
    """

    of_tokens: Bleu
    of_text: Bleu
    translations: list[str]


def translate(
    network: SparseTransformer, vocabularies: Vocabularies, sentences: Sequence[str], *, beam: int = 2,
    alpha: float = 1.0, max_length: int | None = None, replace_unknown: bool = True,
) -> list[str]:  # fmt: skip
    """Translate sentences.

    Parameters
    ----------
    network : SparseTransformer
    vocabularies : Vocabularies
        Those that the network was trained with.
    sentences : sequence of str
        An empty one stays empty.
    beam : int
        Beginnings that are kept for each sentence; 1 takes the most probable word each time.
    alpha : float
        Strength of the length penalty; 0 for no penalty.
    max_length : int, optional
        Most words of a translation; 50 more than the sentence has if not given.
    replace_unknown : bool
        Whether an unknown word becomes the source word that the last decoder layer reads most.

    Returns
    -------
    list of str

    Raises
    ------
    InvalidInputError
        If an option is out of its range, or the vocabularies are not those of the network.
    """
    options: dict[str, Any] = {
        "beam": beam, "alpha": alpha, "max_length": max_length, "replace_unknown": replace_unknown,
    }  # fmt: skip
    join = vocabularies.target.tokenizer.join
    return [join(words) for words in translated_words(network, vocabularies, sentences, **options)]


def translated_words(
    network: SparseTransformer, vocabularies: Vocabularies, sentences: Sequence[str], *, beam: int = 2,
    alpha: float = 1.0, max_length: int | None = None, replace_unknown: bool = True,
) -> list[list[str]]:  # fmt: skip
    """Return the words of translations; see `translate`."""
    found = {
        i: numbers[:-1]
        for i, numbers in enumerate(
            translate_numbers(network, vocabularies, sentences, beam=beam, alpha=alpha, max_length=max_length)
        ) if numbers
    }  # fmt: skip
    numbers = [vocabularies.source.encode(sentence) for sentence in sentences]
    reads = _most_read(network, numbers, found) if replace_unknown else {}
    return [
        _spelled(vocabularies, sentence, found[i], reads.get(i)) if i in found else []
        for i, sentence in enumerate(sentences)
    ]


def translate_numbers(
    network: SparseTransformer, vocabularies: Vocabularies, sentences: Sequence[str], *, beam: int = 2,
    alpha: float = 1.0, max_length: int | None = None,
) -> list[list[int]]:  # fmt: skip
    """Return the numbers of the words of translations, with the end mark; none for an empty sentence."""
    _check(network, vocabularies, beam)
    if max_length is not None:
        check_integer("max_length", max_length)
    numbers = [vocabularies.source.encode(sentence) for sentence in sentences]
    asked = [i for i, words in enumerate(numbers) if len(words) > 1]
    parts = [asked[first : first + AT_ONCE] for first in range(0, len(asked), AT_ONCE)]
    search = partial(_search, network, beam=beam, alpha=alpha, max_length=max_length)
    with one_blas_thread():
        chunks = run([partial(search, [numbers[i] for i in part]) for part in parts])
    found = dict(zip(asked, (words for chunk in chunks for words in chunk), strict=True))
    return [[*found[i], END] if i in found else [] for i in range(len(sentences))]


def score(
    network: SparseTransformer, vocabularies: Vocabularies, part: TranslationPart, *, beam: int = 2, alpha: float = 1.0
) -> Scored:
    """Translate a part of a data set and compare with its references.

    Parameters
    ----------
    network, vocabularies, beam, alpha
        As in `translate`.
    part : TranslationPart
    """
    words = translated_words(network, vocabularies, part.source, beam=beam, alpha=alpha)
    tokenizer = vocabularies.target.tokenizer
    texts = [tokenizer.join(each) for each in words]
    references = [tokenizer.separate(tokenizer.split(reference)) for reference in part.reference]
    of_tokens = bleu_tokens([tokenizer.separate(each) for each in words], references)
    return Scored(of_tokens, bleu(texts, part.reference, lower_case=True), texts)


def _search(
    network: SparseTransformer, numbers: list[list[int]], *, beam: int, alpha: float, max_length: int | None
) -> list[list[int]]:
    """Return the words of the best translation of each sentence, without the end mark."""
    searches = [
        Search(start=START, end=END, banned=(PAD, START), beam=beam, alpha=alpha,
               max_length=max_length or len(words) - 1 + LONGER)
        for words in numbers
    ]  # fmt: skip
    found = search_all(network.begin(*packed(numbers)).advance, searches)
    return [[word for word in hypotheses[0].words if word != END] if hypotheses else [] for hypotheses in found]


def _most_read(
    network: SparseTransformer, numbers: list[list[int]], found: dict[int, list[int]]
) -> dict[int, Any]:  # fmt: skip
    """Return, for translations with unknown words, which source word was read most for each of their words."""
    asked = [i for i, words in found.items() if UNKNOWN in words]
    if not asked:
        return {}
    pairs = TokenPairs.of([numbers[i] for i in asked], [[*found[i], END] for i in asked])
    with one_blas_thread():
        weights = network.attention(pairs)
    # The end mark is no word that could be taken over.
    return {i: each.mean(axis=0)[:, :-1].argmax(axis=1) for i, each in zip(asked, weights, strict=True)}


def _spelled(vocabularies: Vocabularies, sentence: str, numbers: list[int], reads: Any) -> list[str]:
    words = vocabularies.target.words_of(numbers)
    if reads is None:
        return words
    source = vocabularies.source.tokenizer.split(sentence)
    return [source[reads[i]] if numbers[i] == UNKNOWN else word for i, word in enumerate(words)]


def _check(network: SparseTransformer, vocabularies: Vocabularies, beam: int) -> None:
    sizes = len(vocabularies.source), len(vocabularies.target)
    if sizes != (network.n_features, network.n_outputs):
        found = f"vocabularies of {sizes[0]} and {sizes[1]} words"
        raise invalid(found, f"{network.n_features} and {network.n_outputs}, as the network has")
    if check_integer("beam", beam) > network.n_outputs - 2:
        raise invalid(f"beam={beam}", f"at most {network.n_outputs - 2}, the words that may come next")
