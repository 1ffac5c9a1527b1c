"""Strings of words to be turned round: a small task for a translator, made here, without files."""

from __future__ import annotations

from sparse_mlp.datasets.text_pairs import SentencePairs
from sparse_mlp.errors import check_integer
from sparse_mlp.rng import RandomState, as_generator

WORDS = "abcdefghijklmnopqrst"
SHORTEST, LONGEST = 3, 8


def reversal_pairs(n: int = 4000, *, rng: RandomState = 0) -> SentencePairs:
    """Draw different strings of 3 to 8 of 20 words, each with the same words from the last to the first.

    Parameters
    ----------
    n : int
        Number of pairs.
    rng : None, int or numpy.random.Generator
        The same seed gives the same pairs.

    Examples
    --------
    >>> pairs = reversal_pairs(2)
    >>> pairs.source[0], pairs.target[0]
    ('m k f g a b a d', 'd a b a g f k m')
    """
    check_integer("n", n)
    generator = as_generator(rng)
    sentences: dict[str, str] = {}
    while len(sentences) < n:
        words = [WORDS[word] for word in generator.integers(len(WORDS), size=generator.integers(SHORTEST, LONGEST + 1))]
        sentences[" ".join(words)] = " ".join(reversed(words))
    return SentencePairs(tuple(sentences), tuple(sentences.values()))


def reversal_parts(n: int = 4000, n_unseen: int = 200, *, rng: RandomState = 0) -> list[SentencePairs]:
    """Return training, validation and test pairs; no string is in two of them.

    Parameters
    ----------
    n : int
        Pairs to train with.
    n_unseen : int
        Pairs in each of the other two.
    rng : None, int or numpy.random.Generator
    """
    source, target, _ = reversal_pairs(n + 2 * n_unseen, rng=rng)
    places = slice(n), slice(n, n + n_unseen), slice(n + n_unseen, None)
    return [SentencePairs(source[place], target[place]) for place in places]
