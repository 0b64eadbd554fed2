"""Web analytics on the way in: which events there are, what each becomes, and what was done to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reco_lab.analysis.columns import ColumnGuess, Guess
from reco_lab.cleaning.kinds import LEFT_OUT, kind_of
from reco_lab.core.experiment import Columns
from reco_lab.core.interactions import Kind
from reco_lab.core.recipe import Reading
from reco_lab.core.source import Table
from reco_lab.core.words import count
from reco_lab.sources import sniff
from reco_lab.sources._pages import items_of

COUNTS: Mapping[str, float] = {Kind.view.name: 0.2, Kind.click.name: 0.2, Kind.cart.name: 0.5}
"""How much one of a kind counts beside a purchase, unless a person says otherwise: an assumption, and shown as one."""
ROLES = {"user": "customer", "item": "item", "time": "time", "kind": "event", "value": "quantity"}
PAGES, JOIN = "pages", "join_ids"
MOST_SHOWN = 8


@dataclass(frozen=True, eq=False)
class Traffic:
    """The events of a file of web analytics.

    `events` has a row for each type: event, rows, with_item, becomes (the name of a `Kind` or nothing), weight.
    `facts` are what was done on the way in, in numbers, `pages` the pages that name no item yet, most frequent first.
    """

    format: str
    events: pd.DataFrame
    facts: Mapping[str, Any]
    rows: int
    customers: int

    @property
    def reading(self) -> Reading:
        """What the events become as the table proposes it."""
        return reading_of(self.events)

    @property
    def headline(self) -> str:
        """What the file is, in a sentence."""
        matter = int((self.events["becomes"] != LEFT_OUT).sum())
        kinds = f"{count(matter, 'type')} of event {'matters' if matter == 1 else 'matter'}"
        return f"This is {self.format}: {count(self.facts['count'], 'event')}, {kinds}."

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was done to the events on the way in."""
        return tuple(_sentences(self.facts))


def is_traffic(dialect: Mapping[str, Any]) -> bool:
    """Whether a file that was read so holds web analytics."""
    return isinstance(dialect.get("events"), Mapping)


def traffic(path: Path, options: Mapping[str, Any]) -> Traffic:
    """Read the whole file and count its events. Raises DataError where it cannot be used."""
    table = sniff(path, options.get("format")).read(
        path, **{k: v for k, v in options.items() if k != "format"}
    )
    frame = table.frame
    return Traffic(
        str(table.dialect["format"]),
        census(frame),
        table.dialect["events"],
        len(frame),
        frame["customer"].nunique(),
    )


def census(frame: pd.DataFrame) -> pd.DataFrame:
    """The types of event, most frequent first, with what each becomes and how much it counts.

    A type that names no item, or is not known to be a view, a click, a cart or a purchase, becomes nothing.
    """
    named = frame["item"].notna().groupby(frame["event"]).agg(["size", "sum"])
    named = named.sort_values("size", ascending=False, kind="stable")
    kinds = [kind_of(str(event)) for event in named.index]
    becomes = [
        kind.name if items and kind not in (None, Kind.interaction) else LEFT_OUT
        for kind, items in zip(kinds, named["sum"], strict=True)
    ]
    return pd.DataFrame(
        {
            "event": named.index.astype("str"),
            "rows": named["size"].to_numpy(),
            "with_item": named["sum"].to_numpy(),
            "becomes": becomes,
            "weight": [COUNTS.get(kind, 1.0) for kind in becomes],
        }
    )


def reading_of(events: pd.DataFrame) -> Reading:
    """The answers that a table of events gives. A purchase counts as 1, and the others beside it: its value is pieces."""
    kept = events[events["becomes"] != LEFT_OUT]
    bought = (kept["becomes"] == Kind.purchase.name).to_numpy(bool)
    weights = kept["weight"].to_numpy(np.float64)
    one = weights[bought].max() if bought.any() else 1.0
    return Reading(
        kinds=dict(zip(events["event"], events["becomes"], strict=True)),
        weights=dict(zip(kept["event"], np.where(bought, 1.0, weights / one).tolist(), strict=True)),
    )


def proposed(table: Table) -> Reading:
    """How a file is read while nobody said more: of web analytics by its events, of others as it stands."""
    return reading_of(census(table.frame)) if is_traffic(table.dialect) else Reading()


def columns_of(frame: pd.DataFrame) -> Columns:
    """What the columns of web analytics mean; they have their names from us."""
    said = {role: role for role in ("title", "category", "price") if role in frame}
    return Columns(**ROLES, **said)


def told_columns(table: Table) -> Columns | None:
    """What the columns of a file mean where its kind says so; None where they have to be guessed."""
    return columns_of(table.frame) if is_traffic(table.dialect) else None


def guess_of(table: Table) -> Guess | None:
    """The same as a guess that is certain."""
    columns = told_columns(table)
    if columns is None:
        return None
    reason = f"{table.dialect['format']} is read so"
    named = {role: name for role, name in columns.model_dump().items() if isinstance(name, str)}
    return Guess(**{role: ColumnGuess(name, 1.0, reason) for role, name in named.items()})


def named_by(pages: pd.Series, pattern: str) -> pd.DataFrame:
    """What a pattern makes of some pages, for the eye: page and item, those it names first. SpecError as it raises."""
    known = pages.dropna().drop_duplicates().head(2000)
    table = pd.DataFrame({"page": known, "item": items_of(known, pattern)})
    return table.sort_values("item", na_position="last", kind="stable").head(MOST_SHOWN)


def _sentences(facts: Mapping[str, Any]) -> list[str]:
    said = []
    if facts.get("several"):
        said.append(f"{count(facts['several'], 'event')} with several items became a row for each item.")
    if facts.get("by_page"):
        said.append(f"{count(facts['by_page'], 'row')} got the item from the page, by {facts['pages']}.")
    if facts.get("joined"):
        said.append(
            f"{count(facts['joined'], 'row')} without a log-in belong to the person who logged in with the same cookie."
        )
    if facts.get("shared"):
        said.append(
            f"{count(facts['shared'], 'cookie')} saw several persons log in; what happened without a log-in is the "
            "next one's."
        )
    visits = count(facts["visits"], "visit")
    said.append(
        f"{visits} rebuilt: one ends after 30 minutes without an event." if facts["rebuilt"] else f"{visits}."
    )
    return said
