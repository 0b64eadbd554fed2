"""Databases as a source: connections by name, a look into their tables, and rows brought into a file."""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from reco_lab.core.errors import DataError, InputError, NotFoundError
from reco_lab.core.progress import Report
from reco_lab.core.recipe import Origin
from reco_lab.core.stored import known
from reco_lab.core.words import count
from reco_lab.sources._tables import unique_names
from reco_lab.sources.sql import statement
from reco_lab.sources.sql.allowed import (
    FOLDERS,
    HOSTS,
    address,
    allowed_folders,
    allowed_hosts,
    database_file,
    files_of,
)
from reco_lab.sources.sql.marks import Mark
from reco_lab.sources.sql.place import LABELS, PORTS, Place, place
from reco_lab.sources.sql.reading import opened
from reco_lab.sources.sql.session import Account, Relation, Session
from reco_lab.sources.sql.sink import Most, Sink
from reco_lab.sources.sql.text import as_text
from reco_lab.workspace import Workspace

__all__ = [
    "FOLDERS",
    "HOSTS",
    "LABELS",
    "PORTS",
    "Place",
    "Relation",
    "allowed_folders",
    "allowed_hosts",
    "files_of",
    "place",
]

JOB = "database"
SHOWN_ROWS = 50
LOOK_SECONDS = 10.0
COUNT_SECONDS = 3.0
WHOLE_SECONDS = 1800.0
_KEPT = "databases"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_MARK = ".mark.json"


@dataclass(frozen=True)
class Tables:
    """What may be read, and what the administrator of the database should know (empty if nothing)."""

    relations: tuple[Relation, ...]
    advice: str


@dataclass(frozen=True, eq=False)
class Peek:
    """The first rows of a table or a query, as text; `count` is how many there are (None: not counted in time)."""

    rows: pd.DataFrame
    columns: tuple[tuple[str, str], ...]
    count: int | None


@dataclass(frozen=True)
class Fetched:
    """Rows in a file, with what was noticed on the way (`notes`)."""

    path: Path
    rows: int
    notes: tuple[str, ...] = ()


def connections(workspace: Workspace) -> dict[str, Place]:
    """The connections there are, by name."""
    kept = workspace.store.get_setting(_KEPT, {})
    return {name: place(**fields) for name, fields in sorted(kept.items())}


def connect(workspace: Workspace, name: str, where: Place) -> Tables:
    """Try a connection, and keep it under a name if it works. Raises InputError, and keeps nothing, if not."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be the name of a connection.",
            where="Name",
            fix="Begin with a letter; then come lower-case letters, digits and _, at most 31 signs.",
            key="name",
        )
    found = _tables(_account(workspace, name, where, LOOK_SECONDS))
    kept = workspace.store.get_setting(_KEPT, {})
    workspace.store.set_setting(_KEPT, kept | {name: where.model_dump(exclude_defaults=True)})
    return found


def forget(workspace: Workspace, name: str) -> None:
    """Forget a connection. What was brought through it stays."""
    kept = workspace.store.get_setting(_KEPT, {})
    workspace.store.set_setting(_KEPT, {one: fields for one, fields in kept.items() if one != name})


def password_variable(name: str) -> str:
    """The variable of the environment, or the line of `.streamlit/secrets.toml`, that holds a connection's password."""
    return f"RECO_LAB_DB_{name.upper()}_PASSWORD"


def tables(workspace: Workspace, name: str) -> Tables:
    """What may be read through a connection."""
    return _tables(_known(workspace, name, LOOK_SECONDS))


def look(workspace: Workspace, origin: Origin) -> Peek:
    """The first 50 rows of a table or a query, its columns and their types, and how many rows there are."""
    account = _known(workspace, origin.database, LOOK_SECONDS)
    with opened(account) as session:
        query = _query(session, origin)
        names, rows = session.first(statement.written(query, account.place.kind), SHOWN_ROWS)
        kinds = dict(session.columns(Relation(*origin.table))) if origin.table else {}
    columns = [as_text(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    names = unique_names(names)
    frame = pd.DataFrame(dict(zip(names, columns, strict=True)), dtype="str")
    return Peek(frame, tuple((name, kinds.get(name, "")) for name in names), _count(account, query))


def fetch(
    workspace: Workspace,
    origin: Origin,
    folder: Path,
    report: Report = lambda _fraction, _message: None,
    *,
    after: Mark | None = None,
    expected: int = 0,
    seconds: float = WHOLE_SECONDS,
    most: Most = Most(),  # noqa: B008 - frozen
) -> Fetched:
    """Bring all rows of a table or a query into a file in `folder`; with `after`, those that came since. About `expected` rows are.

    Beside the file stands how far the growing column was read (`mark_beside`). Raises InputError, and CancelledError
    where `report` does; no half of a file is left then.
    """
    workspace.require_room()
    account = _known(workspace, origin.database, seconds)
    path = folder / f"{_title(origin)}.parquet"
    sink = Sink(path, most, origin.grows_by, after.known() if after else {})
    try:
        with opened(account, lambda: _tell(report, sink.rows, expected)) as session:
            query = _query(session, origin)
            kind, late = account.place.kind, 0
            values = () if after is None else (after.bound(),)
            if origin.grows_by is not None:
                if after is not None:
                    earlier = statement.written(statement.before(query, origin.grows_by), kind)
                    late = int(session.first(earlier, 1, values)[1][0][0]) - after.below
                query = statement.since(query, origin.grows_by, known=after is not None)
            sink.write(session.blocks(statement.written(query, kind), values), lambda _rows: session.check())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if (mark := sink.mark(after)) is not None:
        path.with_suffix(_MARK).write_text(json.dumps(asdict(mark)))
    return Fetched(path, sink.rows, tuple(_notes(origin, late)))


def mark_beside(path: Path) -> Mark | None:
    """How far the growing column was read into a file; None where there is none."""
    beside = path.with_suffix(_MARK)
    return known(Mark, json.loads(beside.read_text())) if beside.exists() else None


def submit(workspace: Workspace, origin: Origin, folder: Path, expected: int = 0) -> str:
    """Queue the fetching of rows into a folder of the staging; returns the job's id."""
    payload = {
        "name": f"Reading {_title(origin)}",
        "origin": origin.model_dump(),
        "folder": str(folder),
        "expected": expected,
    }
    return workspace.queue.submit(JOB, payload)


def compute(workspace: Workspace, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Fetch rows as they were queued."""
    origin, folder = Origin.model_validate(payload["origin"]), Path(payload["folder"])
    found = fetch(workspace, origin, folder, report, expected=int(payload["expected"]))
    if not found.rows:
        raise DataError("It has no rows.", where=_title(origin))
    return {"path": str(found.path), "rows": found.rows}


def arrived(result: Mapping[str, Any]) -> Path:
    """The file of a job that is done. Raises InputError where it is not kept any more."""
    path = Path(result["path"])
    if not path.is_file():
        raise InputError(
            "The rows that were read are not kept any more.", where=path.stem, fix="Read it again."
        )
    return path


def _tables(account: Account) -> Tables:
    with opened(account) as session:
        advice = session.advice()
        return Tables(session.relations(), advice)


def _count(account: Account, query: Any) -> int | None:
    with suppress(InputError), opened(replace(account, seconds=COUNT_SECONDS)) as session:
        counted = statement.written(statement.counted(query), account.place.kind)
        return int(session.first(counted, 1)[1][0][0])
    return None


def _query(session: Session, origin: Origin) -> Any:
    """What is asked: a table that is there, or the query as it was understood."""
    there = {(one.schema, one.name) for one in session.relations()}
    if origin.table is None:
        return statement.understood(origin.query, session.account.place.kind, there)
    if origin.table not in there:
        raise NotFoundError(
            f"There is no table {'.'.join(filter(None, origin.table))!r} that may be read.",
            where=session.account.place.words,
            fix="Look at its tables again; it may have been renamed or dropped.",
        )
    return statement.everything(*origin.table)


def _known(workspace: Workspace, name: str, seconds: float) -> Account:
    known = connections(workspace)
    if name not in known:
        raise NotFoundError(
            f"There is no connection {name!r}.", fix=f"There are: {', '.join(known) or 'none yet'}."
        )
    return _account(workspace, name, known[name], seconds)


def _account(workspace: Workspace, name: str, where: Place, seconds: float) -> Account:
    if not where.served:
        return Account(where, str(database_file(where.file, workspace.home)), seconds)
    target = address(where.host, where.port)
    variable = password_variable(name)
    if variable not in os.environ:
        raise InputError(
            "The password is not known.",
            where=where.words,
            fix=f"Set {variable} in the environment, or as a line of .streamlit/secrets.toml, and start Reco Lab again.",
        )
    return Account(where, target, seconds, variable, os.environ[variable])


def _tell(report: Report, rows: int, expected: int) -> None:
    share = min(rows / expected, 1.0) if expected else 0.0
    report(share, f"{count(rows, 'row')} read" + (f" of {expected:,}" if expected else ""))


def _title(origin: Origin) -> str:
    name = origin.table[1] if origin.table else f"{origin.database}-query"
    return re.sub(r"[^\w-]", "_", name)[:60] or origin.database


def _notes(origin: Origin, late: int) -> list[str]:
    if late > 0:
        return [
            (
                f"{count(late, 'row')} with an earlier {origin.grows_by!r} came late or changed, and "
                "are not here. Read everything anew to have them."
            )
        ]
    if late < 0:
        return [
            (
                f"{count(-late, 'row')} that had been read are not in the database any more, but still here. "
                "Read everything anew to be without them."
            )
        ]
    return []
