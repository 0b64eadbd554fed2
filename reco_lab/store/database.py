"""Opening the database: how it is connected to, kept safe and brought up to date."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from reco_lab.core.errors import InputError, NotNowError
from reco_lab.store import server
from reco_lab.store.disk import full_disk, has_ballast, look
from reco_lab.store.durable import replaced
from reco_lab.store.locks import FileLock
from reco_lab.store.snapshot import snapshot

MIGRATIONS = Path(__file__).parent / "migrations"
STATE = "state.db"
BUSY_SECONDS = 15
HELPER_FILES = 1 << 20
WAL_BYTES = 8 << 20  # what is left of it once it was moved


@dataclass(frozen=True, eq=False)
class Database:
    """Connections to the state: `read` sees a consistent picture, `write` is one transaction, alone.

    On SQLite a write begins IMMEDIATE, so that it waits its turn instead of failing half way, and every
    commit reaches the disk (WAL, FULL). Automatic checkpoints are off: SQLite before 3.51.3 can corrupt a WAL
    that several connections checkpoint. Only who keeps the lock file of the worker's supervisor calls
    `checkpoint`: the supervisor, or a service where there is none; besides that SQLite does it when the very
    last connection closes. On PostgreSQL a lock of the server keeps writes apart. A full disk is an
    InputError that says so, and nothing is written.
    """

    engine: sa.Engine
    home: Path

    @classmethod
    def open(cls, home: Path, url: str | None = None) -> "Database":
        """Connect to `home/state.db`, or to the server at `url`, and migrate it; safe when two do so at once.

        Raises InputError if a newer Reco Lab wrote the database, or the server cannot be used.
        """
        with ExitStack() as unless_whole:
            database = unless_whole.enter_context(closing(cls.unmigrated(home, url)))
            with FileLock(home / "migrate.lock"):
                reserve = has_ballast(home)
                try:
                    database.migrate()
                except InputError:
                    if not reserve or has_ballast(home):
                        raise
                    database.migrate()  # the disk was full, and the reserve was given up
            unless_whole.pop_all()
        return database

    @classmethod
    def unmigrated(cls, home: Path, url: str | None = None) -> "Database":
        """Connect to the database as it is."""
        home.mkdir(parents=True, exist_ok=True)
        database = cls(_sqlite(home / STATE) if url is None else server.connect(url), home)
        sa.event.listen(database.engine, "handle_error", database._say)
        return database

    @property
    def on_server(self) -> bool:
        """Whether the state is on a database server."""
        return self.engine.dialect.name != "sqlite"

    @property
    def description(self) -> str:
        """Which database it is and where, without who connects to it."""
        if not self.on_server:
            return f"SQLite {sqlite3.sqlite_version}, {STATE}"
        with self.read() as connection:
            known = connection.execute(sa.text("SHOW server_version")).scalar()
        return f"PostgreSQL {known} at {server.place(self.engine.url)}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in a log."""
        return server.secrets(self.engine.url)

    def read(self) -> AbstractContextManager[sa.Connection]:
        """A connection for reading; nothing is committed."""
        if self.on_server:
            return self.engine.execution_options(isolation_level="REPEATABLE READ").connect()
        return self.engine.connect()

    def write(self) -> AbstractContextManager[sa.Connection]:
        """A connection in one transaction that commits at the end of the block."""
        return self.engine.execution_options(write=True).begin()

    def revision(self) -> str | None:
        """The schema's revision; None for an empty database."""
        if not sa.inspect(self.engine).has_table("alembic_version"):
            return None
        with self.read() as connection:
            return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()

    def migrate(self) -> None:
        """Bring the schema to the newest revision, in one transaction; a copy of the old state is kept before.

        The copy is `backups/state-REVISION.db` in the workspace. There is no way back but the copy.
        """
        revision, newest = self.revision(), newest_revision()
        if revision == newest:
            return
        if revision is not None and revision > newest:
            raise InputError(
                "This workspace was written by a newer Reco Lab.",
                fix="Update Reco Lab, or use another folder.",
            )
        if revision is not None:
            self.copy(self.home / "backups" / f"state-{revision}.db")
        self.upgrade(newest)

    def upgrade(self, revision: str) -> None:
        """Run the migrations up to a revision, all of them in one transaction."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

    def copy(self, path: Path) -> None:
        """Write a consistent copy into one SQLite file while others read and write; there whole or not at all."""
        if self.on_server:
            with self.read() as connection:
                snapshot(connection, path)
            return
        with (
            replaced(path) as draft,
            closing(sqlite3.connect(draft)) as target,
            self.engine.connect() as connection,
        ):
            source: Any = connection.connection.driver_connection
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")

    def check(self) -> list[str]:
        """What is wrong with the database itself, as its own checks say; empty if nothing."""
        if self.on_server:
            with self.read() as connection:
                return (
                    [] if connection.execute(sa.text("SELECT 1")).scalar() == 1 else ["It does not answer."]
                )
        with self.read() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            astray = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        return [str(line) for line in found if line != "ok"] + [
            f"A row refers to nothing: {row}" for row in astray
        ]

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database file; for its one owner. Nothing to do on a server."""
        if not self.on_server:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    @property
    def unmoved(self) -> int:
        """How long the write-ahead log has grown, in bytes; 0 on a server."""
        log = self.home / f"{STATE}-wal"
        return log.stat().st_size if not self.on_server and log.exists() else 0

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _say(self, context: sa.engine.ExceptionContext) -> None:
        """Say a full disk, or a server that is gone, in a sentence."""
        error = context.original_exception
        if _is_full(error, self.home):
            raise full_disk(self.home)
        gone = context.is_disconnect or context.connection is None
        if self.on_server and gone and not context.is_pre_ping:
            raise NotNowError(
                "The database server does not answer, or does not let Reco Lab in.",
                where=server.place(self.engine.url),
                fix=f"Look whether it runs, and whether {server.VARIABLE} is right.",
            )


def from_environment() -> str | None:
    """The address of the database server to use instead of `state.db`, if the environment names one."""
    return os.environ.get(server.VARIABLE) or None


def newest_revision() -> str:
    """The newest revision there is a migration for; their files are `r0001_....py` and so on."""
    return max(path.stem[1:5] for path in (MIGRATIONS / "versions").glob("r[0-9]*.py"))


def _is_full(error: BaseException, home: Path) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
    }:  # also said of the helper files beside the database
        return look(home).free < HELPER_FILES
    return code == sqlite3.SQLITE_FULL or getattr(error, "sqlstate", None) == "53100"


def _sqlite(path: Path) -> sa.Engine:
    url = sa.URL.create("sqlite", database=str(path))
    options: Mapping[str, Any] = {"timeout": BUSY_SECONDS, "isolation_level": None}
    engine = sa.create_engine(url, connect_args=dict(options))
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "wal_autocheckpoint=0",
        f"journal_size_limit={WAL_BYTES}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
