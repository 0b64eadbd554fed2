"""Connections to the tables of the log: one that writes, others that only read."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from reco_lab.core.errors import InputError, NotNowError
from reco_lab.store import server
from reco_lab.store.events.schema import VERSION, metadata, version

FILE = "events.db"
LOCK = "events.lock"
READ_SECONDS = 15
WRITE_SECONDS = 0.25  # nobody else may write, so whoever holds the file longer is an outage
SYNCHRONOUS = "FULL"
WAL_PAGES = 4_000
WAL_BYTES = 32 << 20
_CREATING = 0x5EC0_1AC
GONE = "The database server of the log does not answer."


def writing(home: Path, url: str | None) -> sa.Engine:
    """An engine for the one that writes, with the tables made.

    InputError if a newer Reco Lab made them, NotNowError if the server does not answer.
    """
    engine = server.connect(url) if url else _sqlite_writer(home / FILE)
    with ExitStack() as unless_whole:
        unless_whole.callback(engine.dispose)
        with answering(url), engine.begin() as connection:
            _make(connection, alone=url is None)
        unless_whole.pop_all()
    return engine


@contextmanager
def answering(url: str | None) -> Iterator[None]:
    """Say it with NotNowError where a server is gone."""
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        if url is None:
            raise
        raise NotNowError(GONE, fix="Try again when it does.") from error


def reading(home: Path, url: str | None) -> sa.Engine | None:
    """An engine that reads while others write; None while there is nothing yet."""
    if url is None and not (home / FILE).exists():
        return None
    engine = server.connect(url) if url else _sqlite_reader(home / FILE)
    with ExitStack() as unless_whole:
        unless_whole.callback(engine.dispose)
        if not sa.inspect(engine).has_table(version.name):
            return None
        with engine.connect() as connection:
            found = connection.execute(sa.select(version.c.number)).scalar()
        _check(found)
        if found is not None and found < VERSION:
            # no service of now has opened it: what was new since then is empty
            writing(home, url).dispose()
        unless_whole.pop_all()
    return engine


def _make(connection: sa.Connection, *, alone: bool) -> None:
    """Make the tables that are lacking; InputError if a newer Reco Lab made them."""
    if not alone:  # several workers may start at once
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATING})")
    metadata.create_all(connection)
    found = connection.execute(sa.select(version.c.number)).scalar()
    if found is None:
        connection.execute(version.insert().values(number=VERSION))
    _check(found)
    if found is not None and found < VERSION:  # the tables that were new are made above
        connection.execute(version.update().values(number=VERSION))


def _check(found: int | None) -> None:
    if found is not None and found > VERSION:
        raise InputError(
            f"The log of decisions was written by a newer Reco Lab (its version {found}, known is {VERSION}).",
            where=FILE,
            fix="Update this Reco Lab.",
        )


def _sqlite_writer(path: Path) -> sa.Engine:
    url = sa.URL.create("sqlite", database=str(path))
    options: dict[str, Any] = {
        "timeout": WRITE_SECONDS,
        "isolation_level": None,
        "check_same_thread": False,
        "cached_statements": 200,
    }
    engine = sa.create_engine(url, connect_args=options, poolclass=sa.pool.StaticPool)
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _sqlite_reader(path: Path) -> sa.Engine:
    def connect() -> sqlite3.Connection:
        address = f"file:{quote(str(path))}?mode=ro"
        return sqlite3.connect(address, uri=True, timeout=READ_SECONDS, check_same_thread=False)

    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.QueuePool)


def _prepare(connection: Any, _record: Any) -> None:
    # every commit reaches the disk; this connection is the only one that moves the write-ahead log into the file
    for pragma in (
        "journal_mode=WAL",
        f"synchronous={SYNCHRONOUS}",
        f"wal_autocheckpoint={WAL_PAGES}",
        f"journal_size_limit={WAL_BYTES}",
        "secure_delete=ON",
        "cache_size=-16384",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
