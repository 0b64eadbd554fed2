from collections.abc import Iterator

import numpy as np

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import SplitError
from reco_lab.core.parameters import tunable
from reco_lab.core.splitting import Split, Splitter
from reco_lab.splits._parts import begin_of_latest, checked, times_of


class SlidingWindows(Splitter):
    """Cuts at several moments, one after another, each judged by what happened until the next (a backtest)."""

    label = "Sliding windows"
    summary = (
        "A backtest: the models are trained anew at several moments, each time on everything before, and judged by "
        "what happened until the next. Shows whether a recommender stays good as the shop moves on, at the price of "
        "as many fits as there are windows."
    )
    needs_times = True
    time_aware = True

    windows: int = tunable(4, 2, 12, help="How many times the models are trained and judged.")
    window: float = tunable(
        0.05, 0.01, 0.3, help="Share of all rows in each window; the windows are the latest rows."
    )
    validation: float = tunable(
        0.2, 0.01, 0.9, help="Share of the rows before each window, the latest, that chooses the champion."
    )

    def split(self, data: Dataset, rng: np.random.Generator) -> Iterator[Split]:  # noqa: ARG002 - part of the contract
        """One cut a window, the earliest first; rows after a window are in none of its parts.

        The rows of one moment are in one window. Raises SplitError where the windows need all rows or one of
        them is empty.
        """
        times = times_of(data, self.label)
        if self.windows * self.window >= 1:
            raise SplitError(
                f"{self.windows} windows with {self.window:.0%} of the rows each leave none to learn from.",
                fix="Choose fewer or smaller windows.",
            )
        begins = [begin_of_latest(times, self.window * number) for number in range(self.windows, 0, -1)]
        for number, as_of in enumerate(begins):
            until = begins[number + 1] if number + 1 < self.windows else None
            yield self._window(data, number, as_of, until)

    def _window(self, data: Dataset, number: int, as_of: np.datetime64, until: np.datetime64 | None) -> Split:
        times = times_of(data, self.label)
        name = f"window {number + 1} of {self.windows}"
        before = np.flatnonzero(times < as_of)
        inside = (times >= as_of) if until is None else (times >= as_of) & (times < until)
        if not len(before):
            raise SplitError(
                f"Nothing happened before {as_of}, where {name} begins.",
                fix="Choose fewer or smaller windows.",
            )
        validation_as_of = begin_of_latest(times[before], self.validation)
        late = times[before] >= validation_as_of
        return checked(
            Split(
                name,
                data,
                before[~late],
                before[late],
                np.flatnonzero(inside),
                validation_as_of=validation_as_of,
                as_of=as_of,
            )
        )
