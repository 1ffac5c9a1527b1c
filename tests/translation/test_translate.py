"""Text in, text out: with a network that knows too little to be right, but must be consistent."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.datasets import Vocabulary
from sparse_mlp.errors import InvalidInputError
from sparse_mlp.models import SparseTransformer
from sparse_mlp.token_pairs import TokenPairs
from sparse_mlp.translation import Vocabularies, translate
from sparse_mlp.translation.translate import AT_ONCE

SENTENCES = ["a dog runs", "a cat sleeps", "the dog sleeps here"]


@pytest.fixture(scope="module")
def made():
    vocabularies = Vocabularies(
        Vocabulary.of(SENTENCES, min_count=1), Vocabulary.of(["ein hund rennt", "eine katze schläft"], min_count=1)
    )
    model = SparseTransformer(
        len(vocabularies.source), len(vocabularies.target), d_model=8, heads=2, d_ff=8, layers=1, density=1.0,
        topology="erdos-renyi", rng=2,
    )  # fmt: skip
    return model, vocabularies


def test_the_same_for_one_and_many_in_order(made):
    together = translate(*made, SENTENCES, max_length=6)
    assert together == [translate(*made, [sentence], max_length=6)[0] for sentence in SENTENCES]
    many = translate(*made, SENTENCES * AT_ONCE, max_length=6)
    assert many == together * AT_ONCE


def test_an_empty_line_stays_empty(made):
    found = translate(*made, ["", "a dog runs", "  "], max_length=4)
    assert found[0] == found[2] == "" and found[1] == translate(*made, ["a dog runs"], max_length=4)[0]
    assert translate(*made, []) == []


def test_lengths_end(made):
    assert all(len(text.split()) <= 2 for text in translate(*made, SENTENCES, max_length=2))


def test_an_unknown_word_becomes_the_word_that_is_read_most(made, monkeypatch):
    model, vocabularies = made
    generator = model.root.generator
    bias = generator.bias.copy()
    generator.bias[1] = 100.0  # the network says <unk> wherever it may
    try:
        kept = translate(model, vocabularies, ["the dog sleeps here"], max_length=3, replace_unknown=False)
        found = translate(model, vocabularies, ["the dog sleeps here"], max_length=3)
        pairs = TokenPairs.of([vocabularies.source.encode("the dog sleeps here")], [[1, 1, 1, 3]])
        (weights,) = model.attention(pairs)
    finally:
        generator.bias[:] = bias
    words, read = ["the", "dog", "sleeps", "here"], weights.mean(axis=0)[:3, :4].argmax(axis=1)
    assert kept == ["<unk> <unk> <unk>"] and found == [" ".join(words[place] for place in read)]
    assert read.any()  # else the first word would always do


def test_attention_of_pairs(made):
    weights = made[0].attention(TokenPairs.of([[4, 5, 3], [4, 3]], [[5, 3], [4, 5, 6, 3]]))
    assert [each.shape for each in weights] == [(2, 2, 3), (2, 4, 2)]
    for each in weights:
        np.testing.assert_allclose(each.sum(axis=2), 1, rtol=1e-5)


@pytest.mark.parametrize("options", [{"beam": 0}, {"beam": 99}, {"alpha": -1.0}, {"alpha": np.nan}, {"max_length": 0}])
def test_options_out_of_range(made, options):
    with pytest.raises(InvalidInputError):
        translate(*made, SENTENCES, **options)


def test_vocabularies_of_another_network(made):
    model, vocabularies = made
    with pytest.raises(InvalidInputError, match="vocabularies"):
        translate(model, Vocabularies(vocabularies.target, vocabularies.source), SENTENCES)
