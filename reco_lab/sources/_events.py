"""Events of web analytics as one table, whatever tool wrote them: a row for each item that an event names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from reco_lab.core.errors import DataError
from reco_lab.core.source import Refused, Table, sources
from reco_lab.sources._json import Bad, RowError, as_json, begins_as_json, parsed, told_objects
from reco_lab.sources._pages import guess_pattern, items_of
from reco_lab.sources._tables import check_refused, text_frame
from reco_lab.sources._visits import joined, moments, readable, visits

EVENT = ("user", "visitor", "session", "time", "event", "page", "agent", "order")
ITEM = ("item", "quantity", "title", "category", "price")
SHOWN = (
    "customer", "item", "time", "event", "quantity", "title", "category", "price", "order", "page", "session",
    "visitor", "user_agent",
)  # fmt: skip
_ALWAYS = ("customer", "item", "time", "event", "quantity")
_PACKED_ROWS = 1 << 16
_LONGEST_SHOWN = 500
_TOLD = 0.5
_WRITTEN = ("delimiter", "quote", "encoding", "allow_refused")


Said = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """One event: what `EVENT` names, and what `ITEM` names of each item in it."""

    said: Said
    items: Sequence[Said] = ()


Reader = Callable[[Said], Iterable[Event]]


@dataclass(eq=False)
class Events:
    """Events as they are read: packed into Arrow by the ten thousand, so that memory holds texts and no objects."""

    name: str
    events: int = 0
    several: int = 0
    refused: list[Refused] = field(default_factory=list)
    _rows: list[tuple[Any, ...]] = field(default_factory=list)
    _packed: list[pa.Table] = field(default_factory=list)
    _lines: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._lines)

    def take(self, line: int, told: Said, reader: Reader) -> None:
        """Take the events that an object or a row tells of; one that tells of none is refused."""
        try:
            for event in reader(told):
                self._add(line, event)
        except RowError as error:
            self.refuse(line, as_json(dict(told)), str(error))

    def _add(self, line: int, event: Event) -> None:
        """Take an event: a row for each item, one row where it names none."""
        said = tuple(_text(event.said.get(name)) for name in EVENT)
        rows = [said + tuple(_text(item.get(name)) for name in ITEM) for item in event.items or ({},)]
        self._rows += rows
        self._lines += [line] * len(rows)
        self.events += 1
        self.several += len(rows) > 1
        if len(self._rows) >= _PACKED_ROWS:
            self._pack()

    def refuse(self, line: int, text: str, reason: str) -> None:
        """Leave a line out."""
        shown = text.strip()[:_LONGEST_SHOWN].replace("\0", "").encode("utf-8", "replace").decode()
        self.refused.append(Refused(line, shown, reason))

    def table(self, dialect: Mapping[str, Any], options: Mapping[str, Any], rows: int | None) -> Table:
        """The table of what was taken: pages named items, cookies joined to persons, visits rebuilt.

        Raises DataError where nothing was, or more than 1 % refused.
        """
        if not options.get("allow_refused"):
            check_refused(self.refused, self.events + len(self.refused), self.name)
        if not self._lines:
            raise DataError("It holds no events.", where=self.name, fix="Export it with its rows.")
        self._pack()
        frame = text_frame(pa.concat_tables(self._packed).columns, [*EVENT, *ITEM], self._lines)
        self._packed.clear()
        shown, facts = shaped(frame, pages=options.get("pages"), join=options.get("join_ids", True))
        shown = shown if rows is None else shown.head(rows)
        facts |= {"count": self.events, "several": self.several}
        told = {**dialect, "events": facts, "shape": ["events", dialect["format"]]}
        told.pop("header_reason", None)
        return Table(shown, len(shown) + len(self.refused), tuple(self.refused), told)

    def _pack(self) -> None:
        if self._rows:
            columns = [pa.array(column, pa.large_string()) for column in zip(*self._rows, strict=True)]
            self._packed.append(pa.table(columns, names=[*EVENT, *ITEM]))
            self._rows = []


def shaped(raw: pd.DataFrame, *, pages: str | None, join: bool) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table a person sees and what was done to come to it, in numbers."""
    lines, raw = raw.index, raw.reset_index(drop=True)
    own = raw["visitor"].fillna(raw["session"])
    raw, facts = _paged(raw, own, pages)
    when = moments(raw["time"])
    person = joined(raw["user"], own, when) if join else raw["user"]
    strange = own.where(~own.isin(raw["user"].dropna().unique()), "visitor " + own)
    customer = person.fillna(strange)
    rebuilt = bool(raw["session"].isna().all())
    session = visits(own.fillna(customer), when) if rebuilt else raw["session"]
    facts |= {
        "joined": int((raw["user"].isna() & person.notna()).sum()),
        "shared": int(raw["user"].groupby(own).nunique().gt(1).sum()),
        "rebuilt": rebuilt,
        "visits": len((own.fillna("") + " " + session.fillna("")).unique()),
    }
    shown = raw.rename(columns={"agent": "user_agent"}).assign(
        customer=customer,
        session=session,
        quantity=raw["quantity"].fillna("1"),
        time=readable(raw["time"], when),
    )
    shown = shown[[name for name in SHOWN if name in _ALWAYS or shown[name].notna().any()]]
    return shown.set_axis(lines).astype("str"), facts


def _paged(raw: pd.DataFrame, own: pd.Series, pages: str | None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Items from pages, where an event names none itself."""
    pattern = _needed(raw, own) if pages is None else pages
    if not pattern:
        return raw, {"pages": "", "by_page": 0}
    found = items_of(raw["page"], pattern)
    new = raw["item"].isna() & found.notna()
    return raw.assign(item=raw["item"].where(~new, found)), {"pages": pattern, "by_page": int(new.sum())}


def _needed(raw: pd.DataFrame, own: pd.Series) -> str:
    """The usual pattern that fits; none where most visits to such a page have an event that names the item already."""
    pattern = guess_pattern(raw["page"])
    if not pattern:
        return ""
    known = raw["item"].notna().groupby([own, raw["page"]]).any()
    of_item = items_of(pd.Series(known.index.get_level_values(1), dtype="str"), pattern).notna().to_numpy()
    return pattern if of_item.any() and known.to_numpy()[of_item].mean() < _TOLD else ""


def read_events(
    path: Path, label: str, rows: int | None, options: Mapping[str, Any], of_object: Reader, of_row: Reader
) -> Table:
    """The events of a file of a tool (`label`): of JSON by `of_object`, of delimited text by `of_row`."""
    events = Events(path.name)
    dialect: Mapping[str, Any] = {}
    if begins_as_json(path):
        of_objects(events, path, rows, of_object)
    else:
        dialect = of_rows(events, path, rows, options, of_row)
    return events.table({**dialect, "format": label}, options, rows)


def of_objects(events: Events, path: Path, rows: int | None, reader: Reader) -> None:
    """Take the events of a JSON file; what is no event is refused by line."""
    for line, told in told_objects(path, rows):
        if rows is not None and len(events) >= rows:
            break
        if isinstance(told, Bad):
            events.refuse(line, told.text, told.reason)
        elif isinstance(told, dict):
            events.take(line, told, reader)
        else:
            events.refuse(line, str(told), "is not an object with names and values")


def of_rows(
    events: Events, path: Path, rows: int | None, options: Mapping[str, Any], reader: Reader,
    names: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """Take the events of delimited text, whose cells may hold JSON; how it is written.

    `names` are those of a file without a header.
    """
    written = {key: value for key, value in options.items() if key in _WRITTEN}
    table = sources()["delimited"].read(path, header=not names, rows=rows, **written)
    events.refused += table.refused
    columns = list(names) or [str(name) for name in table.frame.columns]
    for start in range(0, len(table.frame), _PACKED_ROWS):
        part = table.frame.iloc[start : start + _PACKED_ROWS]
        arrays = [
            part.iloc[:, at].astype(object).where(part.iloc[:, at].notna(), None)
            for at in range(part.shape[1])
        ]
        for line, cells in zip(part.index.tolist(), zip(*arrays, strict=True), strict=True):
            said = zip(columns, cells, strict=False)
            events.take(line, {key: cell for key, cell in said if cell is not None}, reader)
    return table.dialect


def inner(value: Any) -> Any:
    """What a cell holds: JSON where it is a text of JSON."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        found = parsed(value)
        if isinstance(found, Bad):
            raise RowError(f"holds a list that cannot be read: it {found.reason}")
        return found
    return value


def objects_in(value: Any) -> list[Said]:
    """The objects that a cell holds, as a list."""
    found = inner(value)
    if isinstance(found, dict):
        found = [found]
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def first(told: Said, *names: str) -> Any:
    """The first of these that is said."""
    return next((told[name] for name in names if told.get(name) not in (None, "")), None)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else as_json(value)
    if "\0" in text:
        raise RowError("has NUL characters")
    return str(text)
