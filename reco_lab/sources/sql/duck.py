"""DuckDB files: opened read-only, with every way out of the file locked."""

from typing import Any, ClassVar

import duckdb

from reco_lab.core.errors import InputError
from reco_lab.sources.sql.session import Account, Blocks, Session, Values, refused, too_long, writes

LOCKED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "memory_limit": "2GB",
    "threads": "2",
    "temp_directory": "",
    "lock_configuration": "true",
}


class Duck(Session):
    """A DuckDB file that can be read and nothing else."""

    catalogue: ClassVar[str] = """
        SELECT schema_name, table_name, estimated_size, 0 FROM duckdb_tables() WHERE NOT internal
        UNION ALL SELECT schema_name, view_name, NULL, 1 FROM duckdb_views() WHERE NOT internal"""
    described: ClassVar[str] = """
        SELECT column_name, data_type FROM information_schema.columns
        WHERE table_schema = \0 AND table_name = \0 ORDER BY ordinal_position"""

    def _connect(self) -> Any:
        return duckdb.connect(self.account.target, read_only=True, config=dict(LOCKED))

    def cursor(self) -> Any:
        """The connection itself: a cursor of its own could not be interrupted."""
        return _Cursor(self.connection)

    def blocks(self, sql: str, values: Values = (), size: int = 5_000) -> Blocks:
        """Rows of one SELECT; the database's own parser says whether it is one."""
        found = self.connection.extract_statements(self._marked(sql, values))
        if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
            raise writes(self.account)
        return super().blocks(sql, values, size)

    def interrupt(self) -> None:
        """End what runs."""
        self.connection.interrupt()

    @staticmethod
    def told(error: Exception, account: Account) -> InputError | None:
        """What an error of DuckDB means."""
        if not isinstance(error, duckdb.Error):
            return None
        if isinstance(error, duckdb.InterruptException):
            return too_long(account)
        return refused(account, str(error).partition(":")[2] or str(error))


class _Cursor:
    """The connection as a cursor that does not close it."""

    def __init__(self, connection: Any) -> None:
        self.execute, self.fetchmany, self._connection = connection.execute, connection.fetchmany, connection

    @property
    def description(self) -> Any:
        return self._connection.description

    def close(self) -> None:
        """Nothing to close."""
