"""Beam search: stored cases of a Markov chain, all sentences by exhaustion, several sentences at once, ties."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.translation.beam import Hypothesis, Search, beam_search, search_all

STORED = Path(__file__).parents[2] / ".." / "shared" / "reference_cases" / "beam_cases.json"
END, START = 0, 9


class Chain:
    """The next word depends on the last one only; row 0 of the table follows the begin mark."""

    def __init__(self, table: Any, start: int = START) -> None:
        with np.errstate(divide="ignore"):
            self.logs, self.start = np.log(np.asarray(table, float)), start

    def step(self, parents: np.ndarray, words: np.ndarray) -> np.ndarray:
        return self.logs[np.where(words == self.start, 0, words)]


def search(table: Any, beam: int, alpha: float = 0.0, max_length: int = 4) -> list[Hypothesis]:
    return beam_search(Chain(table).step, start=START, end=END, beam=beam, alpha=alpha, max_length=max_length)


def all_sentences(table: Any, alpha: float, max_length: int) -> list[Hypothesis]:
    """Score every sentence that ends, or has as many words as there may be."""
    logs = Chain(table).logs
    found = []
    for length in range(1, max_length + 1):
        for words in itertools.product(range(len(logs)), repeat=length):
            if END in words[:-1] or (words[-1] != END and length < max_length):
                continue
            total = sum(logs[last, word] for last, word in zip((0, *words), words, strict=False))
            if total > -np.inf:
                found.append(Hypothesis(words, float(total), float(total / ((5 + length) / 6) ** alpha)))
    return sorted(found, key=lambda each: (-each.score, len(each.words), each.words))


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    if not STORED.is_file():
        pytest.skip("the stored cases of the beam search are not here")
    return json.loads(STORED.read_text("utf-8"))


@pytest.mark.parametrize("case", range(8))
def test_stored_cases(stored: dict[str, Any], case: int) -> None:
    assert len(stored["cases"]) == 8
    wanted = stored["cases"][case]
    with np.errstate(divide="ignore"):
        logs = np.log(np.array(stored["transition"]))
    found = beam_search(
        lambda parents, words: logs[words], start=stored["bos"], end=stored["eos"], banned=stored["banned"],
        beam=wanted["beam"], alpha=wanted["alpha"], max_length=stored["max_length"],
    )  # fmt: skip
    assert [list(each.words) for each in found] == [each["tokens"] for each in wanted["hypotheses"]]
    for name in ("log_probability", "score"):
        values = [getattr(each, name) for each in found]
        assert values == pytest.approx([each[name] for each in wanted["hypotheses"]], rel=1e-13)


def test_the_stored_exhaustive_best_is_found_by_a_wide_beam(stored: dict[str, Any]) -> None:
    with np.errstate(divide="ignore"):
        logs = np.log(np.array(stored["transition"]))
    for best in stored["exhaustive"]:
        found = beam_search(
            lambda parents, words: logs[words], start=stored["bos"], end=stored["eos"], banned=stored["banned"],
            beam=5**6, alpha=best["alpha"], max_length=stored["max_length"],
        )  # fmt: skip
        assert list(found[0].words) == best["tokens"]
        assert found[0].score == pytest.approx(best["score"], rel=1e-13)


def test_by_hand() -> None:
    # After the begin mark: end .1, a .6, b .3; after a: end .2, a .7, b .1; after b: end .9, a .1.
    table = [[0.1, 0.6, 0.3], [0.2, 0.7, 0.1], [0.9, 0.1, 0.0]]
    found = search(table, beam=2, max_length=2)
    # Length 1: a .6, b .3 live; the end, at place 3, is dropped. Length 2: aa .42, b-end .27, then a-end, dropped.
    # a-end .12 is at place 3; the second live one is ab .06. The live ones join at the end.
    assert [each.words for each in found] == [(1, 1), (2, END), (1, 2)]
    assert np.exp([each.log_probability for each in found]) == pytest.approx([0.42, 0.27, 0.06])


def test_the_length_penalty_by_hand() -> None:
    found = search([[0.5, 0.5], [0.8, 0.2]], beam=2, alpha=2.0, max_length=2)
    assert [each.words for each in found] == [(1, END), (END,)]
    assert found[0].score == pytest.approx(np.log(0.4) / (7 / 6) ** 2)
    assert [each.words for each in search([[0.5, 0.5], [0.8, 0.2]], beam=2, alpha=0.0)] == [(END,), (1, END)]


def test_ties_go_to_the_earlier_parent_then_to_the_smaller_word() -> None:
    found = search(np.full((4, 4), 0.25), beam=3, max_length=2)
    # Length 1: end finished at place 1, then 1, 2, 3 live. Length 2: (1, end) at place 1, then 11 12 13 live.
    assert [each.words for each in found] == [(END,), (1, END), (1, 1), (1, 2), (1, 3)]


def test_one_step_can_finish_more_than_the_beam() -> None:
    table = [[0.1, 0.45, 0.45], [0.8, 0.1, 0.1], [0.8, 0.1, 0.1]]
    found = search(table, beam=2, max_length=9)
    assert [each.words for each in found] == [(1, END), (2, END)]
    wider = search([[0.4, 0.3, 0.3], [0.8, 0.1, 0.1], [0.8, 0.1, 0.1]], beam=2, max_length=9)
    assert [each.words for each in wider] == [(END,), (1, END), (2, END)]


def test_nothing_of_probability_zero_and_no_banned_word() -> None:
    table = [[0.0, 1.0, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 0.0]]
    assert [each.words for each in search(table, beam=3)] == [(1, END)]
    found = beam_search(Chain(table).step, start=START, end=END, banned=[1], beam=3, alpha=0.0, max_length=4)
    assert found == []


TABLES = st.integers(2, 3).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 5), min_size=n, max_size=n), min_size=n, max_size=n)
)


@given(TABLES, st.integers(1, 4), st.sampled_from([0.0, 0.6, 1.0]))
def test_a_wide_beam_is_exhaustive(weights: list[list[int]], max_length: int, alpha: float) -> None:
    table = np.array(weights) / 8  # need not be probabilities of sum 1; eighths make many ties
    found = search(table, beam=len(table) ** max_length, alpha=alpha, max_length=max_length)
    assert found == all_sentences(table, alpha, max_length)


def in_plain_loops(table: np.ndarray, beam: int, alpha: float, max_length: int) -> list[Hypothesis]:
    logs, live, finished = Chain(table).logs, [(0.0, ())], []
    for length in range(1, max_length + 1):
        penalty = ((5 + length) / 6) ** alpha
        extensions = [
            (-(total + logs[words[-1] if words else 0, word]), parent, word)
            for parent, (total, words) in enumerate(live)
            for word in range(len(logs))
        ]
        longer: list[Any] = []
        for place, (minus, parent, word) in enumerate(sorted(extensions)):
            if len(longer) == beam or minus == np.inf:
                break
            words = (*live[parent][1], word)
            if word != END:
                longer.append((-minus, words))
            elif place < beam:
                finished.append(Hypothesis(words, -minus, -minus / penalty))
        live = longer
        if len(finished) >= beam or not live:
            break
        if length == max_length:
            finished += [Hypothesis(words, total, total / penalty) for total, words in live]
    return sorted(finished, key=lambda each: (-each.score, len(each.words), each.words))


@given(st.sampled_from([5, 127, 300, 700]), st.integers(1, 4), st.integers(0, 1000))
def test_as_in_plain_loops(n_words: int, beam: int, seed: int) -> None:
    """With many words, few of which have a high probability, and ties."""
    rng = np.random.default_rng(seed)
    table = np.ceil(rng.random((n_words, n_words)) ** 20 * 16) / 16
    table[:, END] = rng.integers(0, 17, n_words) / 16
    assert search(table, beam=beam, alpha=0.5) == in_plain_loops(table, beam, 0.5, 4)


@given(st.lists(TABLES, min_size=1, max_size=4), st.integers(1, 3), st.integers(0, 3))
def test_sentences_together_are_as_each_alone(tables: list[Any], beam: int, longer: int) -> None:
    """The step keeps for each row its sentence and all words so far, and reorders them by the parents."""
    rows: list[tuple[int, tuple[int, ...]]] = [(sentence, ()) for sentence in range(len(tables))]
    chains = [Chain(np.pad(np.array(table) / 8, ((0, 0), (0, 3 - len(table))))) for table in tables]

    def step(parents: np.ndarray, words: np.ndarray) -> np.ndarray:
        rows[:] = [(rows[parent][0], (*rows[parent][1], word)) for parent, word in zip(parents, words, strict=True)]
        return np.concatenate([chains[sentence].step(parents, np.array(so_far[-1:])) for sentence, so_far in rows])

    def begin(sentence: int) -> Search:
        return Search(start=START, end=END, banned=[], beam=beam, alpha=1.0, max_length=1 + longer + sentence)

    together = search_all(step, [begin(sentence) for sentence in range(len(tables))])
    alone = [search_all(chain.step, [begin(sentence)])[0] for sentence, chain in enumerate(chains)]
    assert together == alone


def test_the_words_so_far_follow_the_parents() -> None:
    so_far: list[tuple[int, ...]] = [()]
    table = np.random.default_rng(0).dirichlet(np.ones(5), 5)
    steps = Search(start=START, end=END, banned=[], beam=3, alpha=0.0, max_length=6)
    while not steps.done:
        so_far = [(*so_far[parent], word) for parent, word in zip(steps.parents, steps.words, strict=True)]
        assert [words[1:] for words in so_far] == steps.live
        steps.take(Chain(table).step(steps.parents, steps.words))


def test_no_sentences() -> None:
    assert search_all(Chain([[1.0]]).step, []) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam": 0}, "beam=0"),
        ({"alpha": -0.1}, r"alpha=-0\.1"),
        ({"alpha": float("inf")}, "alpha=inf"),
        ({"max_length": 0}, "max_length=0"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        search([[1.0]], **{"beam": 1, **options})


def test_steps_that_return_something_else() -> None:
    with pytest.raises(InvalidInputError, match="not a number"):
        search([[np.nan, 1.0], [1.0, 1.0]], beam=1)
    with pytest.raises(InvalidInputError, match=r"shape \(2, 3\)"):
        beam_search(lambda parents, words: np.zeros((2, 3)), start=9, end=0, beam=1, alpha=0.0, max_length=3)
