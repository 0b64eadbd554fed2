from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
from pydantic import field_validator

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import SplitError
from reco_lab.core.parameters import tunable
from reco_lab.core.splitting import Split, Splitter
from reco_lab.splits._parts import begin_of_latest, checked, times_of


class GlobalTime(Splitter):
    """Cuts everybody's rows at one moment, as a shop meets the future."""

    label = "Global time"
    summary = (
        "What happened before one moment is learned from, what happened after judges. The most honest cut: nothing "
        "of the future is known. Customers and items that appear only after the moment are cold."
    )
    needs_times = True
    time_aware = True

    share: float = tunable(0.2, 0.01, 0.9, help="Share of all rows, the latest, that judges.")
    cutoff: str | None = None

    @field_validator("cutoff")
    @classmethod
    def _a_moment(cls, cutoff: str | None) -> str | None:
        if cutoff is not None:
            try:
                datetime.fromisoformat(cutoff)
            except ValueError:
                raise ValueError(f"{cutoff!r} is no date such as 2024-05-31 or 2024-05-31T18:00") from None
        return cutoff

    def split(self, data: Dataset, rng: np.random.Generator) -> Iterator[Split]:  # noqa: ARG002 - part of the contract
        """One cut at `cutoff` (ISO date or time, UTC) if given, else where the latest share of rows begins.

        The test begins at the moment: all rows of that very time are test rows. Validation is the latest
        share of the rows before it, cut in the same way.
        """
        times = times_of(data, self.label)
        as_of = begin_of_latest(times, self.share) if self.cutoff is None else _moment(self.cutoff)
        before = np.flatnonzero(times < as_of)
        if not len(before) or len(before) == len(times):
            raise SplitError(
                f"The {self.label} split leaves no rows {'before' if not len(before) else 'after'} {as_of}.",
                fix=f"The rows reach from {times.min()} to {times.max()}; choose a moment between.",
            )
        validation_as_of = begin_of_latest(times[before], self.share)
        late = times[before] >= validation_as_of
        yield checked(
            Split(
                self.label,
                data,
                before[~late],
                before[late],
                np.flatnonzero(times >= as_of),
                validation_as_of=validation_as_of,
                as_of=as_of,
            )
        )


def _moment(text: str) -> np.datetime64:
    given = datetime.fromisoformat(text)
    naive = given if given.tzinfo is None else given.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(naive, "us")
