"""Progress over a whole campaign: epochs done by all processes, read from the store, and the time left."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from tqdm import tqdm

from sparse_mlp.experiments.store import Store

INTERVAL = 1.0  # seconds between two looks at the store


class CampaignProgress:
    """Show how far a campaign is, on standard error: a line for each run that ends, in a terminal a bar as well.

    `epochs` are those that each run of the campaign has, by its id; `left` are the runs that are not finished.
    """

    def __init__(self, store: Store, epochs: Mapping[str, int], left: set[str], *, shown: bool = True) -> None:
        self.store, self.epochs, self.left, self.shown = store, dict(epochs), set(left), shown
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._bar: Any = None

    def __enter__(self) -> CampaignProgress:
        """Begin to look at the store."""
        if self.shown:
            self._bar = tqdm(
                total=sum(self.epochs.values()), initial=self._done(), unit="epoch", smoothing=0, dynamic_ncols=True,
                leave=False, disable=not sys.stderr.isatty(),
            )  # fmt: skip
            self._began, self._before = perf_counter(), self._done()
            self._watch = threading.Thread(target=self._look, daemon=True)
            self._watch.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Close the bar."""
        self._over.set()
        if self._bar is not None:
            self._watch.join()
            self._bar.close()

    def tell(self, run_id: str, what: str) -> None:
        """Write a line about a run that has ended."""
        with self._lock:
            self.left.discard(run_id)
        if self._bar is not None:
            count = len(self.epochs) - len(self.left)
            width = len(str(len(self.epochs)))
            line = f"{count:>{width}}/{len(self.epochs)}  {run_id}  {what}{self._time_left()}"
            self._bar.write(line, file=sys.stderr)

    def _look(self) -> None:
        while not self._over.wait(INTERVAL):
            self._bar.n = self._done()
            self._bar.refresh()

    def _time_left(self) -> str:
        """Say how long the rest will take at the pace so far, as the bar does in a terminal."""
        done, total = self._done(), sum(self.epochs.values())
        if not self._before < done < total:
            return ""
        seconds = (perf_counter() - self._began) / (done - self._before) * (total - done)
        return f", {tqdm.format_interval(seconds)} left"

    def _done(self) -> int:
        """Return the epochs that are over; a run that ended counts as whole, though it may have stopped early."""
        with self._lock:
            left = set(self.left)
        return sum(
            min(self.store.epochs_done(run_id), epochs) if run_id in left else epochs
            for run_id, epochs in self.epochs.items()
        )
