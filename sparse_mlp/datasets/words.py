"""Sentences to words and back: words by a regular expression, tokens that a file has ready, or pieces of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any, Protocol

from sparse_mlp.errors import InvalidInputError, check_choice, check_integer, describe, invalid

PAD, UNKNOWN, START, END = range(4)
SPECIALS = ("<pad>", "<unk>", "<s>", "</s>")
WORD = re.compile(r"\w+(?:[-'’]\w+)*|[^\w\s]")
KINDS = ("words", "ready", "sentencepiece")


class Tokenizer(Protocol):
    """Cut sentences into words and put them together again."""

    kind: str

    def split(self, sentence: str) -> list[str]:
        """Return the words of a sentence."""

    def join(self, words: Sequence[str]) -> str:
        """Return words as a sentence to be read."""

    def separate(self, words: Sequence[str]) -> str:
        """Return words with a blank between any two, as BLEU without a tokeniser of its own needs them."""


class Words:
    """Cut lower-cased text into words and punctuation marks.

    Notes
    -----
    Letters, digits, and hyphens and apostrophes between them are one word; any other character but white space is one
    by itself.

    Examples
    --------
    >>> Words().split("A man's T-shirt, well-worn.")
    ['a', "man's", 't-shirt', ',', 'well-worn', '.']
    >>> Words().join(["no", "blank", "here", ",", "please", "!"])
    'no blank here, please!'
    """

    kind = "words"

    def split(self, sentence: str) -> list[str]:
        """Return the words of a sentence."""
        return WORD.findall(sentence.lower())

    def join(self, words: Sequence[str]) -> str:
        """Return words as a sentence: no blank before ``.,!?;:``."""
        return re.sub(r" ([.,!?;:])", r"\1", " ".join(words))

    def separate(self, words: Sequence[str]) -> str:
        """Return words with a blank between any two."""
        return " ".join(words)


class Ready:
    """Take tokens that stand between blanks as they are; `@@` joins the parts of a word.

    Examples
    --------
    >>> Ready().split("a break@@ through"), Ready().join(["a", "break@@", "through"])
    (['a', 'break@@', 'through'], 'a breakthrough')
    """

    kind = "ready"

    def split(self, sentence: str) -> list[str]:
        """Return the tokens of a sentence."""
        return sentence.split()

    def join(self, words: Sequence[str]) -> str:
        """Return tokens as a sentence, with parts of words joined."""
        return re.sub(r"@@( |$)", "", " ".join(words))

    def separate(self, words: Sequence[str]) -> str:
        """Return whole words with a blank between any two."""
        return self.join(words)


class Subwords:
    """Cut text into pieces of words by a model of sentencepiece, which also puts them together exactly.

    Parameters
    ----------
    model : bytes
        The model, as `train_subwords` makes it.

    Raises
    ------
    InvalidInputError
        If sentencepiece is missing, or the bytes are not such a model.
    """

    kind = "sentencepiece"

    def __init__(self, model: bytes) -> None:
        self.model = model
        if not model:
            raise invalid("no bytes", "a model of sentencepiece")
        try:
            self._processor = _sentencepiece().SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise invalid(f"{len(model):,} bytes ({_short(error)})", "a model of sentencepiece") from None
        if self.pieces[: len(SPECIALS)] != SPECIALS:
            raise invalid(f"a model that begins with {self.pieces[:4]}", f"one with the specials {SPECIALS}")

    @property
    def pieces(self) -> tuple[str, ...]:
        """Return all pieces; the place of a piece is its number."""
        processor = self._processor
        return tuple(processor.id_to_piece(place) for place in range(processor.get_piece_size()))

    def split(self, sentence: str) -> list[str]:
        """Return the pieces of a sentence."""
        return list(self._processor.encode(sentence, out_type=str))

    def join(self, words: Sequence[str]) -> str:
        """Return pieces as a sentence."""
        return str(self._processor.decode(list(words)))

    def separate(self, words: Sequence[str]) -> str:
        """Return the words that `Words` finds in the sentence, with a blank between any two."""
        return " ".join(Words().split(self.join(words)))


def train_subwords(sentences: Iterable[str], size: int) -> Subwords:
    """Learn pieces of words from sentences by byte pair encoding; the same sentences give the same bytes.

    Parameters
    ----------
    sentences : iterable of str
    size : int
        How many pieces, the four specials included.

    Raises
    ------
    InvalidInputError
        If sentencepiece is missing, or the sentences do not have so many pieces.
    """
    model = BytesIO()
    options = {"pad_id": PAD, "unk_id": UNKNOWN, "bos_id": START, "eos_id": END, "character_coverage": 1.0}
    try:
        _sentencepiece().SentencePieceTrainer.train(
            sentence_iterator=iter(sentences), model_writer=model, model_type="bpe", num_threads=1,
            vocab_size=check_integer("subwords", size, minimum=len(SPECIALS) + 1), minloglevel=2, **options,
        )  # fmt: skip
    except RuntimeError as error:
        raise invalid(f"subwords={size}", "a number that the training sentences allow", _short(error)) from None
    return Subwords(model.getvalue())


def make_tokenizer(kind: str, sentences: Iterable[str], subwords: int) -> Tokenizer:
    """Return the tokeniser of a kind; only sentencepiece learns anything from the sentences."""
    check_choice("tokens", kind, KINDS)
    if kind == "sentencepiece":
        return train_subwords(sentences, subwords)
    return Words() if kind == "words" else Ready()


def _sentencepiece() -> Any:
    try:
        import sentencepiece
    except ImportError:
        found = "tokens=sentencepiece, but sentencepiece is missing"
        raise InvalidInputError(
            describe(found, "that library", "pip install 'sparse_mlp[translation]', or choose tokens=words")
        ) from None
    return sentencepiece


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[-200:]
