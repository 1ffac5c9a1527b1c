"""Sets of sentence pairs as numbers of words, with their vocabularies: by name, from a folder, or from sentences."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path

from sparse_mlp.datasets.download import fetch_set, missing_error
from sparse_mlp.datasets.locate import DataDir, check_data_dir, locate
from sparse_mlp.datasets.official import Verdict, mismatch_error, read_official, what_is_verified
from sparse_mlp.datasets.opening import file_error, find_file
from sparse_mlp.datasets.reversal import reversal_parts
from sparse_mlp.datasets.text_pairs import SentencePairs, pair_up, read_pairs
from sparse_mlp.datasets.text_registry import REVERSAL, TEXT_SETS, TextSet, text_names
from sparse_mlp.datasets.vocabulary import Vocabulary
from sparse_mlp.datasets.words import Ready, Words, make_tokenizer
from sparse_mlp.errors import check_choice, invalid, shown
from sparse_mlp.options import options_of
from sparse_mlp.token_pairs import TokenPairs

STEMS = {"train": ("train",), "validation": ("valid", "val"), "test": ("test",)}


@dataclass(frozen=True, eq=False, repr=False)
class TranslationPart:
    """Hold the pairs of one part.

    Attributes
    ----------
    pairs : TokenPairs
        The words as numbers.
    source, reference : tuple of str
        The same sentences and their translations as text.
    """

    pairs: TokenPairs
    source: tuple[str, ...]
    reference: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True, eq=False, repr=False)
class TranslationSet:
    """Hold sentences and their translations in three parts, with the words that a network knows.

    Attributes
    ----------
    name : str
        Its name in `load_translation`, or that of its folder.
    train, validation, test : TranslationPart
        The parts.
    source_vocabulary, target_vocabulary : Vocabulary
        The words of the training part.
    tokens : {"words", "ready", "sentencepiece"}
        How sentences become words.
    provenance : str
        Where the sentences come from and what was verified; starts with 'SYNTHETIC' for generated ones.
    synthetic : bool
        True for generated sentences.
    """

    name: str
    train: TranslationPart
    validation: TranslationPart
    test: TranslationPart
    source_vocabulary: Vocabulary
    target_vocabulary: Vocabulary
    tokens: str
    provenance: str
    synthetic: bool = False

    @cached_property
    def fingerprint(self) -> str:
        """Return a checksum of vocabularies and training words, by which a run knows its data."""
        digest = hashlib.sha256()
        for vocabulary in (self.source_vocabulary, self.target_vocabulary):
            digest.update(vocabulary.fingerprint.encode())
        for array in self.train.pairs:
            digest.update(array.tobytes())
        return digest.hexdigest()

    def __repr__(self) -> str:
        stamp = "SYNTHETIC, " if self.synthetic else ""
        sizes = f"{len(self.train):,} train, {len(self.validation):,} validation, {len(self.test):,} test"
        words = f"{len(self.source_vocabulary):,} → {len(self.target_vocabulary):,} {self.tokens}"
        return f"TranslationSet({self.name!r}, {stamp}{sizes}, {words})"


def load_translation(
    name_or_folder: str | PathLike[str] = "multi30k",
    data_dir: DataDir = None,
    *,
    direction: str = "en-de",
    tokens: str | None = None,
    min_count: int = 2,
    subwords: int = 4000,
    skip_empty: bool = False,
    download: bool = True,
) -> TranslationSet:
    """Load a set of sentence pairs by name, or from a folder of your own.

    Parameters
    ----------
    name_or_folder : str or path-like
        One of `text_names`; or a folder with the files train, valid (or val) and test, which end by the language:
        train.en and train.de, plain or as train.en.gz. A folder is named with a separator, as ./pairs.
    data_dir : path-like, optional
        Folder that is searched first for a set by name; after it $SPARSE_MLP_DATA and the user's cache.
    direction : str
        Source and target language, joined by a hyphen; the reversal task has none.
    tokens : {"words", "ready", "sentencepiece"}, optional
        "words": lower-cased words and punctuation marks. "ready": what stands between blanks in the file.
        "sentencepiece": pieces of words, which need that library. By default words, but ready for iwslt14 and reversal.
    min_count : int
        Words that occur less often in the training part are unknown; pieces always are known.
    subwords : int
        Number of pieces of each language, of sentencepiece.
    skip_empty : bool
        Leave out pairs in which a line is empty, instead of refusing them.
    download : bool
        Download missing files of a set by name, where there is a place to download them from.

    Returns
    -------
    TranslationSet

    Raises
    ------
    InvalidInputError
        If the name or an option is unknown, or the options do not fit the sentences.
    DataFileError
        If a file is missing, damaged, not UTF-8, or not what its name says; if its lines do not fit those of its
        twin; or if `data_dir` is not an existing folder.

    Warns
    -----
    UserWarning
        If the last line of a file has no end, as if the file were cut.

    Examples
    --------
    >>> load_translation("reversal")
    TranslationSet('reversal', SYNTHETIC, 4,000 train, 200 validation, 200 test, 24 → 24 ready)
    """
    check_data_dir(data_dir)
    name = str(name_or_folder)
    if name == REVERSAL:
        if direction != options_of(load_translation)["direction"].default:
            raise invalid(f"direction={shown(direction)} with {REVERSAL}", "none: strings have no languages")
        provenance = "SYNTHETIC: strings of 3 to 8 of 20 words, to be turned round"
        return from_sentences(
            name, *reversal_parts(), tokens=tokens or Ready.kind, min_count=min_count, subwords=subwords,
            provenance=provenance, synthetic=True,
        )  # fmt: skip
    if "/" in name or "\\" in name or not isinstance(name_or_folder, str):
        parts = _read_folder(Path(name_or_folder).expanduser(), _languages(direction), skip_empty)
        name, usual, provenance = Path(name_or_folder).name, Words.kind, f"files of the folder {name_or_folder}"
    else:
        entry = TEXT_SETS[check_choice("the set of sentence pairs", name, text_names())]
        check_choice("direction", direction, ["-".join(entry.languages[::-1]), "-".join(entry.languages)])
        parts, provenance = _read_set(entry, data_dir, _languages(direction), skip_empty, download)
        usual = entry.tokens
    return from_sentences(
        name, *parts, tokens=tokens or usual, min_count=min_count, subwords=subwords, provenance=provenance
    )


def from_sentences(
    name: str,
    train: SentencePairs,
    validation: SentencePairs,
    test: SentencePairs,
    *,
    tokens: str = "words",
    min_count: int = 2,
    subwords: int = 4000,
    provenance: str = "sentences of your own",
    synthetic: bool = False,
) -> TranslationSet:
    """Build a set of sentence pairs from text; `read_pairs` reads it from two files with any names.

    Parameters
    ----------
    name : str
    train, validation, test : SentencePairs
        The vocabularies are those of the training part.
    tokens, min_count, subwords
        As in `load_translation`.
    provenance : str
        Where the sentences come from.
    synthetic : bool
        They are generated.

    Raises
    ------
    InvalidInputError
        If an option does not fit the sentences, or a sentence has no words.
    """
    parts = {"train": train, "validation": validation, "test": test}
    vocabularies = [
        Vocabulary.of(sentences, make_tokenizer(tokens, sentences, subwords), min_count)
        for sentences in (train.source, train.target)
    ]
    encoded = {part: _encode(part, pairs, *vocabularies) for part, pairs in parts.items()}
    if skipped := sum(pairs.skipped for pairs in parts.values()):
        provenance = f"{provenance}; {skipped:,} pairs with an empty line left out"
    return TranslationSet(
        name, **encoded, source_vocabulary=vocabularies[0], target_vocabulary=vocabularies[1], tokens=tokens,
        provenance=provenance, synthetic=synthetic,
    )  # fmt: skip


def _encode(part: str, pairs: SentencePairs, source: Vocabulary, target: Vocabulary) -> TranslationPart:
    numbers = []
    for vocabulary, sentences in ((source, pairs.source), (target, pairs.target)):
        numbers.append([vocabulary.encode(sentence) for sentence in sentences])
        if (empty := next((i for i, words in enumerate(numbers[-1]) if len(words) == 1), None)) is not None:
            found = f"the sentence {shown(sentences[empty])}, number {empty + 1:,} of the part {part}, without words"
            raise invalid(found, "at least one word in each sentence", "leave the pair out")
    return TranslationPart(TokenPairs.of(*numbers), pairs.source, pairs.target)


def _read_set(
    entry: TextSet, data_dir: DataDir, languages: tuple[str, str], skip_empty: bool, download: bool
) -> tuple[list[SentencePairs], str]:
    location = locate(entry.files, data_dir)
    if not location.complete and download and entry.files.mirrors and not (location.near and data_dir is not None):
        location = fetch_set(entry.files, data_dir)
    if not location.complete:
        raise missing_error(entry.files, location, data_dir, [])
    verdicts: dict[str, Verdict] = {}
    lines: dict[str, list[str]] = {}
    for file in entry.files.files:
        content = read_official(entry.files, file, location.found[file.role])
        verdicts[file.name], lines[file.name] = content.verdict, list(content.samples)  # type: ignore[arg-type]
        if content.verdict.status == "mismatch":
            raise mismatch_error(file, location.found[file.role], content.verdict)
    parts = []
    for stems in entry.parts.values():
        files = [tuple(f"{stem}.{language}" for language in languages) for stem in stems]
        pairs = [pair_up((location.found[a], location.found[b]), [lines[a], lines[b]], skip_empty) for a, b in files]
        parts.append(_joined(pairs))
    title = f"{entry.files.title}: {what_is_verified(verdicts)}"
    return parts, f"{title}; {entry.files.citation}; {entry.files.licence}"


def _joined(pairs: list[SentencePairs]) -> SentencePairs:
    return SentencePairs(
        tuple(sentence for each in pairs for sentence in each.source),
        tuple(sentence for each in pairs for sentence in each.target),
        sum(each.skipped for each in pairs),
    )


def _read_folder(folder: Path, languages: tuple[str, str], skip_empty: bool) -> list[SentencePairs]:
    if not folder.is_dir():
        raise file_error(folder, "no such folder", "one with the files train, valid and test", "check the path")
    source, target = languages
    return [
        read_pairs(_named(folder, part, source), _named(folder, part, target), skip_empty=skip_empty) for part in STEMS
    ]


def _named(folder: Path, part: str, language: str) -> Path:
    names = [f"{stem}.{language}{packed}" for stem in STEMS[part] for packed in ("", ".gz")]
    there = next((folder / name for name in names if (folder / name).is_file()), None)
    return there or find_file(folder / names[0])


def _languages(direction: str) -> tuple[str, str]:
    if not isinstance(direction, str) or not re.fullmatch(r"[^-\s]+-[^-\s]+", direction):
        raise invalid(f"direction={shown(direction)}", "two languages joined by a hyphen, as en-de")
    source, target = direction.split("-")
    if source == target:
        raise invalid(f"direction={direction!r}", "two different languages")
    return source, target
