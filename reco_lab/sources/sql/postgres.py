"""PostgreSQL: every value as the server writes it, rows through a cursor of the server."""

import os
from contextlib import suppress
from typing import Any, ClassVar

from reco_lab.core.errors import InputError
from reco_lab.sources.sql.session import (
    CONNECT_SECONDS,
    Account,
    Session,
    refused,
    too_long,
    unreachable,
    writes,
    wrong_password,
)

_MORE = 2.0
_REFUSES_PLAIN = 160_000
_FORBIDDEN = {"25006", "0A000", "55000"}
_ADVICE = (
    "This user may do more than read. Have one made that may only SELECT, so that not even a mistake in a view can "
    "harm the server."
)


class Postgres(Session):
    """A transaction of a PostgreSQL server that reads one state of the data."""

    marker: ClassVar[str] = "%s"
    catalogue: ClassVar[str] = """
        SELECT n.nspname, c.relname, CASE WHEN c.relkind IN ('r', 'p') THEN c.reltuples::bigint END,
               (c.relkind IN ('v', 'm'))::int
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
          AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
          AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')"""
    described: ClassVar[str] = """
        SELECT a.attname, format_type(a.atttypid, a.atttypmod)
        FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = \0 AND c.relname = \0 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""

    def _connect(self) -> Any:
        try:
            import psycopg
        except ImportError as error:
            raise InputError(
                "The driver for PostgreSQL is not installed.",
                where="Database",
                fix='Install it with: pip install -e ".[postgres]"',
            ) from error
        place = self.account.place
        connection = psycopg.connect(
            host=place.host, hostaddr=self.account.target, port=place.port, dbname=place.database, user=place.user,
            password=self.account.password, sslmode=place.encryption, connect_timeout=CONNECT_SECONDS,
            application_name="reco_lab", client_encoding="utf8", gssencmode="disable", passfile=os.devnull,
            # without encryption the password is never sent as it is, whoever asks for it
            require_auth="!password" if place.encryption == "prefer" and psycopg.pq.version() >= _REFUSES_PLAIN else None,
            sslrootcert="system" if place.encryption == "verify-full" else None,
            keepalives_idle=10, keepalives_interval=5, keepalives_count=2, tcp_user_timeout=15_000,
        )  # fmt: skip
        _as_text(connection)
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        limit = f"{int(self.account.seconds * 1000)}"
        for name, value in (
            ("statement_timeout", limit), ("lock_timeout", limit), ("TimeZone", "UTC"), ("synchronize_seqscans", "off"), ("DateStyle", "ISO"),
            ("standard_conforming_strings", "on"), ("bytea_output", "hex"),
        ):  # fmt: skip
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.commit()
        return connection

    def cursor(self) -> Any:
        """A cursor of the server, which holds a query and nothing else."""
        return self.connection.cursor(name="reco_lab")

    def interrupt(self) -> None:
        """Ask the server to end what runs."""
        with suppress(Exception):
            self.connection.cancel_safe(timeout=_MORE)

    def advice(self) -> str:
        """What the user may do besides reading."""
        _, rows = self.first(
            "SELECT (rolsuper OR pg_has_role('pg_read_server_files', 'member') OR "
            "pg_has_role('pg_execute_server_program', 'member'))::int FROM pg_roles WHERE rolname = current_user",
            1,
        )
        return _ADVICE if rows and int(rows[0][0]) else ""

    @staticmethod
    def told(error: Exception, account: Account) -> InputError | None:
        """What an error of psycopg means."""
        import psycopg

        if not isinstance(error, psycopg.Error):
            return None
        state = error.sqlstate or ""
        if state == "57014":
            return too_long(account)
        if state in _FORBIDDEN:
            return writes(account)
        if state.startswith("28") or "password authentication failed" in str(error):
            return wrong_password(account)
        words = error.diag.message_primary or str(error).rpartition("FATAL:")[2]
        if not state and "FATAL:" not in str(error) and isinstance(error, psycopg.OperationalError):
            return unreachable(account)
        return refused(account, words)


def _as_text(connection: Any) -> None:
    """Have every value come as the server writes it: nothing is rounded, and no date is out of bounds."""
    from psycopg.types.string import TextLoader

    for kind in connection.adapters.types:
        if kind.name != "bool":
            connection.adapters.register_loader(kind.oid, TextLoader)
            connection.adapters.register_loader(kind.array_oid, TextLoader)
