"""SQLite files: opened read-only, and allowed to do nothing but read."""

import sqlite3
import time
from typing import Any, ClassVar
from urllib.parse import quote

from reco_lab.core.errors import InputError
from reco_lab.sources.sql.session import Account, Relation, Session, locked, refused, too_long, writes
from reco_lab.sources.sql.statement import counted, everything, written

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
_FORBIDDEN_FUNCTIONS = {"load_extension"}
_COUNT_SECONDS = 1.0
_LOCKED_SECONDS = 3.0
_LONGEST_VALUE = 64 << 20


class Sqlite(Session):
    """A transaction of a SQLite file that reads one state of the data."""

    catalogue: ClassVar[str] = (
        "SELECT '', name, NULL, type = 'view' FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    described: ClassVar[str] = "SELECT name, type FROM pragma_table_info(\0)"

    def _connect(self) -> Any:
        address = f"file:{quote(self.account.target)}?mode=ro"
        # nothing can interrupt the waiting for a lock
        patience = min(self.account.seconds, _LOCKED_SECONDS)
        connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=patience)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("BEGIN")
        connection.execute("SELECT 1 FROM pragma_table_info('')").fetchall()  # its first use declares a table
        connection.set_authorizer(_allowed)
        return connection

    def interrupt(self) -> None:
        """End what runs."""
        self.connection.interrupt()

    def relations(self) -> tuple[Relation, ...]:
        """The tables and views there are, counted as long as that takes no time."""
        until, found = time.monotonic() + _COUNT_SECONDS, []
        for one in super().relations():
            rows = None
            if not one.view and time.monotonic() < until:
                _, ((rows,),) = self.first(written(counted(everything("", one.name)), "sqlite"), 1)
            found.append(Relation("", one.name, rows, one.view))
        return tuple(found)

    @staticmethod
    def told(error: Exception, account: Account) -> InputError | None:
        """What an error of SQLite means."""
        if not isinstance(error, sqlite3.Error):
            return None
        words = str(error)
        if words == "interrupted":
            return too_long(account)
        if "locked" in words:
            return locked(account)
        if "not authorized" in words or "prohibited" in words or "readonly" in words:
            return writes(account)
        return refused(account, words)


def _allowed(action: int, first: str | None, second: str | None, *_where: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if second in _FORBIDDEN_FUNCTIONS else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if first == "table_info" else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
