"""Opening the database: how it is connected to, kept safe and brought up to date."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from reco_lab.core.errors import InputError
from reco_lab.store.locks import FileLock

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 15


@dataclass(frozen=True, eq=False)
class Database:
    """Connections to the state: `read` sees a consistent picture, `write` is one transaction, alone.

    On SQLite a write begins IMMEDIATE, so that it waits its turn instead of failing half way, and every
    commit reaches the disk (WAL, FULL). Automatic checkpoints are off: SQLite before 3.51.3 can corrupt a
    WAL that several connections checkpoint. Only the worker's supervisor, of which a lock file allows one,
    calls `checkpoint`; besides that SQLite does it when the very last connection closes.
    """

    engine: sa.Engine

    @classmethod
    def open(cls, home: Path, url: str | None = None) -> "Database":
        """Connect to `home/state.db`, or to the server at `url`, and migrate it; safe when two do so at once.

        Raises InputError if a newer Reco Lab wrote the database.
        """
        home.mkdir(parents=True, exist_ok=True)
        database = cls(_sqlite(home / "state.db") if url is None else sa.create_engine(url))
        with FileLock(home / "migrate.lock"):
            database.migrate()
        return database

    def read(self) -> AbstractContextManager[sa.Connection]:
        """A connection for reading; nothing is committed."""
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
        """Bring the schema to the newest revision, in one transaction."""
        revision, newest = self.revision(), newest_revision()
        if revision == newest:
            return
        if revision is not None and revision > newest:
            raise InputError(
                "This workspace was written by a newer Reco Lab.",
                fix="Update Reco Lab, or use another folder.",
            )
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database file; for its one owner. Nothing to do on a server."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def newest_revision() -> str:
    """The newest revision there is a migration for; their files are `r0001_....py` and so on."""
    return max(path.stem[1:5] for path in (MIGRATIONS / "versions").glob("r[0-9]*.py"))


def _sqlite(path: Path) -> sa.Engine:
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None})
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
