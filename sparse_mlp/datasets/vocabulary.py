"""The words that a network knows, with their numbers."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from sparse_mlp.datasets.words import END, PAD, SPECIALS, START, UNKNOWN, Ready, Subwords, Tokenizer, Words
from sparse_mlp.errors import check_choice, check_integer, invalid, shown


@dataclass(frozen=True, eq=False, repr=False)
class Vocabulary:
    """Number the words of a language.

    Attributes
    ----------
    tokenizer : Tokenizer
        How sentences become words.
    words : tuple of str
        All words; the place of a word is its number. The first four are ``<pad>``, which is never used, ``<unk>`` for
        words that are not here, ``<s>`` and ``</s>``, the marks before and after a sentence.

    Examples
    --------
    >>> vocabulary = Vocabulary.of(["a dog", "a cat and a dog"])
    >>> vocabulary
    Vocabulary(6 words)
    >>> vocabulary.encode("A cat."), vocabulary.decode([4, 5, 3, 4])
    ([4, 1, 1, 3], 'a dog')
    """

    tokenizer: Tokenizer
    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.words[: len(SPECIALS)] != SPECIALS:
            raise invalid(f"a vocabulary that begins with {shown(self.words[:4])}", f"the specials {SPECIALS}")
        if len(self._numbers) != len(self.words) - len(SPECIALS):
            raise invalid("a vocabulary with the same word twice", "each word once")

    @classmethod
    def of(cls, sentences: Iterable[str], tokenizer: Tokenizer | None = None, min_count: int = 2) -> Vocabulary:
        """Collect the words of sentences, by falling count, then by the numbers of their characters in Unicode.

        Parameters
        ----------
        sentences : iterable of str
            The training sentences.
        tokenizer : Tokenizer, optional
            `Words` by default. One of sentencepiece brings its words with it.
        min_count : int
            Words that occur less often are unknown.

        Raises
        ------
        InvalidInputError
            If no word occurs so often.
        """
        check_integer("min_count", min_count)
        tokenizer = tokenizer or Words()
        if isinstance(tokenizer, Subwords):
            return cls(tokenizer, tokenizer.pieces)
        counts = Counter(word for sentence in sentences for word in tokenizer.split(sentence))
        known = [word for word, count in counts.items() if count >= min_count and word not in SPECIALS]
        if not known:
            raise invalid(
                "no word in the training sentences often enough", f"some that occur min_count={min_count} times"
            )
        return cls(tokenizer, (*SPECIALS, *sorted(known, key=lambda word: (-counts[word], word))))

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self):,} {'pieces' if self.tokenizer.kind == Subwords.kind else 'words'})"

    def encode(self, sentence: str) -> list[int]:
        """Return the numbers of the words of a sentence, then that of the end mark."""
        return [*(self._numbers.get(word, UNKNOWN) for word in self.tokenizer.split(sentence)), END]

    def decode(self, numbers: Iterable[int]) -> str:
        """Return numbers as a sentence to be read, up to the first end mark."""
        return self.tokenizer.join(self.words_of(numbers))

    def words_of(self, numbers: Iterable[int]) -> list[str]:
        """Return the words of numbers up to the first end mark, without ``<pad>`` and ``<s>``.

        Raises
        ------
        InvalidInputError
            If a number is outside the vocabulary.
        """
        words = []
        for number in numbers:
            if not 0 <= number < len(self):
                raise invalid(f"the word number {number}", f"a number from 0 to {len(self) - 1}")
            if number == END:
                break
            if number not in (PAD, START):
                words.append(self.words[number])
        return words

    @cached_property
    def fingerprint(self) -> str:
        """Return a checksum of the kind of tokens and of all words, by which a run knows its vocabulary."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> bytes:
        """Return what a file holds: JSON in UTF-8, or the model of sentencepiece."""
        if isinstance(self.tokenizer, Subwords):
            return self.tokenizer.model
        content = {"tokens": self.tokenizer.kind, "words": self.words}
        return (json.dumps(content, ensure_ascii=False, indent=0) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Vocabulary:
        """Return the vocabulary that `to_bytes` wrote.

        Raises
        ------
        InvalidInputError
            If the bytes are something else.
        """
        if not content.startswith(b"{"):
            subwords = Subwords(content)
            return cls(subwords, subwords.pieces)
        try:
            read = json.loads(content.decode())
            kind, words = read["tokens"], read["words"]
        except (ValueError, KeyError, RecursionError) as error:
            raise invalid(f"damaged bytes ({type(error).__name__}: {error})", "a vocabulary in JSON") from None
        check_choice("tokens", kind, (Words.kind, Ready.kind))
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise invalid(f"words={shown(words)}", "a list of words")
        return cls(Words() if kind == Words.kind else Ready(), tuple(words))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words) if number >= len(SPECIALS)}
