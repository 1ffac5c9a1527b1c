"""Words and their numbers: by hand, saved and read again, pieces of words twice with the same bytes."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.datasets.reversal import reversal_pairs
from sparse_mlp.datasets.vocabulary import Vocabulary
from sparse_mlp.datasets.words import Ready, Subwords, Words, make_tokenizer, train_subwords
from sparse_mlp.errors import InvalidInputError

SENTENCES = [
    "A dog runs across the green grass.",
    "A man in a blue T-shirt is riding a bicycle.",
    "Zwei Männer kochen im Freien, während ein Hund zuschaut.",
    "Ein Mädchen klettert in ein Spielhaus aus Holz.",
] * 3


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("Zwei  Männer\u00a0kochen.", ["zwei", "männer", "kochen", "."]),
        ("rock-n-roll isn't 'quoted' it’s", ["rock-n-roll", "isn't", "'", "quoted", "'", "it’s"]),
        ("-dash- 3.5 a--b", ["-", "dash", "-", "3", ".", "5", "a", "-", "-", "b"]),
        ("one\x85two", ["one", "two"]),
        (" \t\u00a0", []),
    ],
)
def test_words_by_hand(sentence: str, words: list[str]) -> None:
    assert Words().split(sentence) == words


def test_no_blank_before_some_marks() -> None:
    words = ["so", ",", "what", "(", "is", ")", ":", "this", ";", "a", "-", "b", "!", "?", "."]
    assert Words().join(words) == "so, what ( is ): this; a - b!?."
    assert Words().separate(words) == " ".join(words)


def test_parts_of_words_are_joined() -> None:
    assert Ready().join(["un@@", "der@@", "stand", "it@@"]) == "understand it"


def test_words_are_numbered_by_count_then_by_code_point() -> None:
    vocabulary = Vocabulary.of(["ä b a B", "z z z ä b a B b", "once"], Ready())
    assert vocabulary.words == ("<pad>", "<unk>", "<s>", "</s>", "b", "z", "B", "a", "ä")
    assert Vocabulary.of(["b a"], min_count=1).words[4:] == ("a", "b")


def test_numbers_by_hand() -> None:
    vocabulary = Vocabulary.of(["a dog a dog ."], min_count=1)
    assert vocabulary.words[4:] == ("a", "dog", ".")
    assert vocabulary.encode("A dog barks.") == [4, 5, 1, 6, 3]
    assert vocabulary.encode("") == [3]
    assert vocabulary.decode([2, 4, 5, 0, 6, 3, 4]) == "a dog."
    assert vocabulary.words_of([4, 1]) == ["a", "<unk>"]
    assert len(vocabulary) == 7


def test_marks_in_a_text_are_unknown_words() -> None:
    vocabulary = Vocabulary.of(["a </s> <s> </s> <s> a"], Ready())
    assert vocabulary.encode("<s> a </s> <pad>") == [1, 4, 1, 1, 3]


@pytest.mark.parametrize("number", [-1, 7])
def test_a_number_outside_is_refused(number: int) -> None:
    with pytest.raises(InvalidInputError, match=f"the word number {number}; expected a number from 0 to 6"):
        Vocabulary.of(["a dog a dog ."], min_count=1).decode([4, number])


def test_no_word_often_enough() -> None:
    with pytest.raises(InvalidInputError, match="min_count=3"):
        Vocabulary.of(["a a b"], min_count=3)


@given(st.lists(st.text(), max_size=5))
def test_what_is_written_is_read(sentences: list[str]) -> None:
    vocabulary = Vocabulary.of([*sentences, "a"], min_count=1)
    again = Vocabulary.from_bytes(vocabulary.to_bytes())
    assert again.words == vocabulary.words and again.tokenizer.kind == "words"
    assert again.fingerprint == vocabulary.fingerprint
    assert all(1 not in again.encode(sentence) for sentence in sentences)


def test_the_fingerprint_knows_words_order_and_kind() -> None:
    vocabularies = [Vocabulary.of(["a b"], kind, 1) for kind in (Words(), Ready())] + [
        Vocabulary.of(["b a b"], None, 1)
    ]
    assert len({vocabulary.fingerprint for vocabulary in vocabularies}) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "damaged bytes"),
        (b"{}", "damaged bytes"),
        (b'{"tokens": "words"}', "damaged bytes"),
        (b'{"tokens": "letters", "words": []}', "tokens='letters'"),
        (b'{"tokens": "words", "words": [4]}', "a list of words"),
        (b'{"tokens": "words", "words": ["a"]}', "the specials"),
        (json.dumps({"tokens": "ready", "words": ["<pad>", "<unk>", "<s>", "</s>", "a", "a"]}).encode(), "twice"),
    ],
)
def test_damaged_vocabularies_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Vocabulary.from_bytes(content)


@pytest.mark.parametrize("content", [b"", b"\nnonsense"])
def test_damaged_models_are_refused(content: bytes) -> None:
    pytest.importorskip("sentencepiece")
    with pytest.raises(InvalidInputError, match="expected a model of sentencepiece"):
        Vocabulary.from_bytes(content)


def test_pieces_twice_with_the_same_bytes() -> None:
    pytest.importorskip("sentencepiece")
    first, second = (train_subwords(SENTENCES, 80) for _ in range(2))
    assert first.model == second.model


def test_pieces_have_the_numbers_of_the_model_and_join_exactly() -> None:
    sentencepiece = pytest.importorskip("sentencepiece")
    tokenizer = make_tokenizer("sentencepiece", SENTENCES, 80)
    vocabulary = Vocabulary.of(SENTENCES, tokenizer)
    assert len(vocabulary) == 80
    assert isinstance(tokenizer, Subwords)
    again = Vocabulary.from_bytes(vocabulary.to_bytes())
    model = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.model)
    for sentence in {*SENTENCES, "<s> new Zürich </s>"}:
        assert vocabulary.encode(sentence) == [*model.encode(sentence), 3] == again.encode(sentence)
    assert all(vocabulary.decode(vocabulary.encode(sentence)) == sentence for sentence in SENTENCES)
    assert tokenizer.separate(tokenizer.split("A dog, ein Hund.")) == "a dog , ein hund ."
    assert again.fingerprint == vocabulary.fingerprint


def test_more_pieces_than_the_sentences_have() -> None:
    pytest.importorskip("sentencepiece")
    with pytest.raises(InvalidInputError, match="subwords=5000"):
        train_subwords(SENTENCES, 5000)


def test_without_the_library_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(InvalidInputError, match=r"pip install 'sparse_mlp\[translation\]'"):
        train_subwords(SENTENCES, 80)


def test_an_unknown_kind_of_tokens() -> None:
    with pytest.raises(InvalidInputError, match="did you mean 'words'"):
        make_tokenizer("word", SENTENCES, 80)


def test_reversed_strings_are_the_same_each_time() -> None:
    pairs = reversal_pairs(500)
    assert pairs == reversal_pairs(500) != reversal_pairs(500, rng=1)
    assert len(set(pairs.source)) == 500
    assert {len(sentence.split()) for sentence in pairs.source} == set(range(3, 9))
    assert {word for sentence in pairs.source for word in sentence.split()} == set("abcdefghijklmnopqrst")
    assert all(target == source[::-1] for source, target in zip(pairs.source, pairs.target, strict=True))
