"""Beam search: keep the few most probable beginnings of a translation, and lengthen all of them by a word at a time.

It needs no network: any function that gives the log probabilities of the next word will do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, check_number, invalid

Numbers = NDArray[np.int64]
BLOCK = 128  # sums that are looked at one by one only if the highest of them is high enough
Step = Callable[[Numbers, Numbers], NDArray[Any]]


class Hypothesis(NamedTuple):
    """A translation that was found.

    Attributes
    ----------
    words : tuple of int
        Its words, with the end mark if it has one, without the begin mark.
    log_probability : float
        The sum over its words.
    score : float
        That sum, divided by the length penalty.
    """

    words: tuple[int, ...]
    log_probability: float
    score: float


class Search:
    """Search the translations of one sentence, a word at a time.

    Parameters
    ----------
    start, end : int
        The marks before and after a sentence.
    banned : sequence of int
        Words that never occur.
    beam : int
        How many beginnings are kept.
    alpha : float
        Strength of the length penalty; 0 for no penalty.
    max_length : int
        Most words of a translation, with the end mark.

    Attributes
    ----------
    parents : int64 (n,)
        Which of the former live hypotheses each live one continues; of one begin mark at first.
    words : int64 (n,)
        The last word of each live hypothesis, to which the next log probabilities belong.
    live : list of tuple of int
        The words of each, without the begin mark.
    finished : list of Hypothesis
        In the order in which they were found.
    done : bool
        Nothing is left to do.

    Notes
    -----
    At length n, with the end mark:

    1. All extensions by one word, but banned words and those of probability 0, are sorted by (-sum of log
       probabilities, parent, word).
    2. They are gone through until `beam` live ones are found. One by the end mark is finished if it is among the first
       `beam`, with the score sum / ((5 + n) / 6)^alpha, else dropped; the others become live.
    3. The search ends if `beam` are finished (one step may make it more, which all count) or none is live. After
       `max_length` words the live ones join the finished.

    To leave at the *first* finished one would be right only without a length penalty.
    """

    def __init__(
        self, *, start: int, end: int, banned: Sequence[int], beam: int, alpha: float, max_length: int
    ) -> None:
        self.end, self.banned = end, list(banned)
        self.beam = check_integer("beam", beam)
        self.alpha = check_number("alpha", alpha)
        self.max_length = check_integer("max_length", max_length)
        self.parents = np.zeros(1, np.int64)
        self.words = np.array([start], np.int64)
        self.live: list[tuple[int, ...]] = [()]
        self.finished: list[Hypothesis] = []
        self.done = False
        self._sums = np.zeros(1)
        self._length = 0

    def take(self, log_probabilities: NDArray[Any]) -> None:
        """Lengthen the live hypotheses by a word.

        Parameters
        ----------
        log_probabilities : float (n, vocabulary)
            Of the next word of each live hypothesis, in the order of `words`.

        Raises
        ------
        InvalidInputError
            If there is another number of rows, or a log probability is not a number.
        """
        if log_probabilities.ndim != 2 or len(log_probabilities) != len(self.live):
            wanted = f"({len(self.live)}, vocabulary), a row for each live hypothesis"
            raise invalid(f"log probabilities of shape {log_probabilities.shape}", wanted)
        sums = self._sums[:, None] + log_probabilities
        sums[:, self.banned] = -np.inf
        parents, words = self._best(sums)
        self._length += 1
        lengthened = [(*self.live[parent], word) for parent, word in zip(parents.tolist(), words.tolist(), strict=True)]
        ends = words == self.end
        for place in np.flatnonzero(ends[: self.beam]):
            self._finish(lengthened[place], float(sums[parents[place], words[place]]))
        kept = np.flatnonzero(~ends)[: self.beam]
        self.parents, self.words = parents[kept], words[kept]
        self._sums = sums[self.parents, self.words]
        self.live = [lengthened[place] for place in kept]
        self.done = len(self.finished) >= self.beam or not self.live
        if not self.done and self._length == self.max_length:
            self.done = True
            for hypothesis, total in zip(self.live, self._sums.tolist(), strict=True):
                self._finish(hypothesis, total)

    def results(self) -> list[Hypothesis]:
        """Return the finished hypotheses: best score first, then the shorter, then the one with smaller numbers."""
        return sorted(self.finished, key=lambda found: (-found.score, len(found.words), found.words))

    def _best(self, sums: NDArray[np.float64]) -> tuple[Numbers, Numbers]:
        """Return parents and words of all extensions that the walk can reach, and perhaps more, in its order.

        A parent has one extension by the end mark, so that `beam` live ones are among the first `beam` + parents.
        """
        flat = sums.ravel()
        peaks = np.maximum.reduceat(flat, np.arange(0, len(flat), BLOCK))
        if np.isnan(peaks).any():
            raise invalid("a log probability that is not a number", "numbers", "did the training diverge?")
        # Each of the highest `reach` blocks has a sum of at least `least`, so that no lower sum is among the first.
        reach = self.beam + len(sums)
        least = np.partition(peaks, -reach)[-reach] if len(peaks) >= reach else -np.inf
        places = np.flatnonzero((flat >= least) & (flat > -np.inf))
        # Equal sums stay in the order of their places, which is that of parents and then words.
        order = places[np.argsort(-flat[places], kind="stable")]
        parents, words = np.divmod(order, sums.shape[1])
        return parents, words

    def _finish(self, words: tuple[int, ...], total: float) -> None:
        penalty = ((5 + self._length) / 6) ** self.alpha
        self.finished.append(Hypothesis(words, total, total / penalty))


def beam_search(
    step: Step, *, start: int, end: int, banned: Sequence[int] = (), beam: int, alpha: float, max_length: int
) -> list[Hypothesis]:
    """Find the most probable translations of one sentence; the same probabilities give the same ones.

    Parameters
    ----------
    step : callable
        ``step(parents, words)`` returns the log probabilities (n, vocabulary) of the words that follow `words`,
        int64 (n,). Row i continues row `parents[i]` of the call before; in the first call the only row is the begin
        mark, and its parent 0 is the sentence. So whatever a network keeps for each row is reordered by `parents`.
    start, end, banned, beam, alpha, max_length
        As for `Search`.

    Returns
    -------
    list of Hypothesis
        Best first; empty if nothing has a probability above 0.

    Raises
    ------
    InvalidInputError
        If an option is out of its range, or the step returns something else than log probabilities.

    Examples
    --------
    >>> import numpy as np
    >>> def coin(parents, words):  # of words 0 (end) and 1, whatever came before
    ...     return np.log(np.tile([0.75, 0.25], (len(words), 1)))
    >>> [found.words for found in beam_search(coin, start=2, end=0, beam=2, alpha=0.0, max_length=3)]
    [(0,), (1, 0)]
    """
    search = Search(start=start, end=end, banned=banned, beam=beam, alpha=alpha, max_length=max_length)
    return search_all(step, [search])[0]


def search_all(step: Step, searches: Sequence[Search]) -> list[list[Hypothesis]]:
    """Run the searches of several sentences together, all live hypotheses in one call.

    Parameters
    ----------
    step : callable
        As for `beam_search`. In the first call there is one row a sentence, and `parents` are the sentences. The rows
        of a sentence stand together, sentences in order; those that are done have none any more.
    searches : sequence of Search
        One for each sentence, at its beginning.

    Returns
    -------
    list of list of Hypothesis
        Of each sentence what `beam_search` finds for it alone.
    """
    running = list(searches)
    first_rows = np.arange(len(running))  # of each running search in the call before
    while running:
        parents = np.concatenate([first + each.parents for first, each in zip(first_rows, running, strict=True)])
        scores = step(parents, np.concatenate([each.words for each in running]))
        borders = np.cumsum([0, *(len(each.live) for each in running)])
        if len(scores) != borders[-1]:
            found = f"a step that returns log probabilities of shape {scores.shape}"
            raise invalid(found, f"({borders[-1]}, vocabulary), a row for each live hypothesis")
        for each, first, last in zip(running, borders[:-1], borders[1:], strict=True):
            each.take(scores[first:last])
        first_rows = np.array(
            [first for each, first in zip(running, borders[:-1], strict=True) if not each.done], np.int64
        )
        running = [each for each in running if not each.done]
    return [each.results() for each in searches]
