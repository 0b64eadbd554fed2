"""What a rehearsal came to, day by day of its shop: clicked, by lot, and the best that was possible."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from reco_lab.simulation.traffic import Tally

FIRST = 3
LEAST_PLACES = 30
SURE = 2.0  # standard errors
_SUMS = ("places", "clicks", "by_lot", "possible", "best")


def by_day(tallies: Sequence[Tally], opening: datetime) -> pd.DataFrame:
    """A row a day of the shop (from 1): `day`, `places`, and the rates `clicked`, `by_lot`, `possible` and `best` of them.

    Days on which hardly any ad was shown are left out, and the last one as long as little of it has passed.
    """
    rows = pd.DataFrame(
        [[(datetime.fromisoformat(one.at) - opening).days + 1, *(getattr(one, name) for name in _SUMS)] for one in tallies],
        columns=["day", *_SUMS],
    )  # fmt: skip
    ends = rows.groupby("day", as_index=False).last()
    days = ends.diff().fillna(ends).assign(day=ends["day"])
    young = (days.index == days.index.max()) & (days["places"] < days["places"].median() / 2)
    days = days[(days["places"] >= LEAST_PLACES) & ~young].reset_index(drop=True)
    rates = days[list(_SUMS[1:])].div(days["places"], axis=0)
    told: pd.DataFrame = pd.concat([days[["day", "places"]], rates], axis=1).rename(
        columns={"clicks": "clicked"}
    )
    return told


def sentence(days: pd.DataFrame) -> str:
    """Whether the click rate climbed, in a sentence, with what chance and the best possible would have got."""
    if days.empty:
        return "The first customers are on their way."
    last = days.tail(FIRST)
    weights = last["places"] / last["places"].sum()
    now, lot, most = ((last[name] * weights).sum() for name in ("clicked", "by_lot", "possible"))
    told = f"ads drawn by lot would have got {_of(lot)}, the best possible {_of(most)}"
    if len(days) < 2 * FIRST:
        return f"{_of(now)} of the places are clicked; {told}."
    first = days.head(FIRST)
    then = (first["clicked"] * first["places"]).sum() / first["places"].sum()
    error = np.sqrt(
        sum(rate * (1 - rate) / part["places"].sum() for rate, part in ((then, first), (now, last)))
    )
    word = "climbed" if now - then > SURE * error else "fell" if then - now > SURE * error else "went"
    return f"The click rate {word} from {_of(then)} to {_of(now)}; {told}."


def _of(rate: float) -> str:
    return f"{rate:.1%}"
