"""MySQL and MariaDB: every value as the server writes it, rows as they are asked for."""

import socket
import ssl
from contextlib import closing, suppress
from decimal import Decimal
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

_TOO_LONG, _WRITES, _NOT_LET_IN, _LOST = (
    {1317, 1969, 3024},
    {1290, 1792},
    {1044, 1045, 1698},
    {2003, 2006, 2013},
)
_MORE = 5


class Mysql(Session):
    """A transaction of a MySQL or MariaDB server that reads one state of the data."""

    marker: ClassVar[str] = "%s"
    catalogue: ClassVar[str] = """
        SELECT table_schema, table_name, table_rows, table_type <> 'BASE TABLE' FROM information_schema.tables
        WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"""
    described: ClassVar[str] = """
        SELECT column_name, column_type FROM information_schema.columns
        WHERE table_schema = \0 AND table_name = \0 ORDER BY ordinal_position"""

    def _connect(self) -> Any:
        connection = self._enter()
        maria = "MariaDB" in connection.get_server_info()
        limit = (
            f"max_statement_time = {self.account.seconds:.0f}"
            if maria
            else f"max_execution_time = {self.account.seconds * 1000:.0f}"
        )
        with connection.cursor() as cursor:
            # no other mode: our parser reads quotes and backslashes as this one does
            cursor.execute("SET SESSION sql_mode = 'STRICT_TRANS_TABLES'")
            cursor.execute(f"SET SESSION {limit}")
            cursor.execute("SET SESSION time_zone = '+00:00'")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        return connection

    def _enter(self) -> Any:
        try:
            from pymysql import connections, converters, cursors
        except ImportError as error:
            raise InputError(
                "The driver for MySQL is not installed.",
                where="Database",
                fix='Install it with: pip install -e ".[mysql]"',
            ) from error
        place = self.account.place
        connection = connections.Connection(
            host=place.host, port=place.port, user=place.user, password=self.account.password,
            database=place.database, charset="utf8mb4", cursorclass=cursors.SSCursor, local_infile=False,
            connect_timeout=CONNECT_SECONDS, read_timeout=int(self.account.seconds) + _MORE, defer_connect=True,
            conv=_exact(converters.conversions),
            ssl=_encryption(place.encryption),
            auth_plugin_map={"mysql_clear_password": _Plain, "dialog": _Plain} if place.encryption == "prefer" else None,
        )  # fmt: skip
        try:
            line = socket.create_connection((self.account.target, place.port), CONNECT_SECONDS)
        except OSError as error:
            raise unreachable(self.account) from error
        line.settimeout(None)
        connection.connect(line)
        return connection

    def interrupt(self) -> None:
        """Ask the server, over another connection, to end what runs."""
        with suppress(Exception), closing(self._enter()) as other, other.cursor() as cursor:
            cursor.execute(f"KILL QUERY {int(self.connection.thread_id())}")

    def close(self) -> None:
        """Close the connection at once; rows that were not read are not waited for."""
        with suppress(Exception):
            self.connection._force_close()  # noqa: SLF001 - its own close reads all rows that remain

    @staticmethod
    def told(error: Exception, account: Account) -> InputError | None:
        """What an error of PyMySQL means."""
        from pymysql import err

        if not isinstance(error, err.MySQLError):
            return None
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        if code in _TOO_LONG:
            return too_long(account)
        if code in _WRITES:
            return writes(account)
        if code in _NOT_LET_IN:
            return wrong_password(account)
        if code in _LOST:
            return unreachable(account)
        return refused(account, str(error.args[-1]) if error.args else "")


class _Plain:
    """A password sent as it is: never without encryption, whoever asks for it."""

    def __init__(self, _connection: Any) -> None:
        """Nothing to know."""

    def authenticate(self, _packet: Any) -> None:
        """Refuse."""
        from pymysql import err

        raise err.OperationalError(1045, "the password would be sent as it is")


def _encryption(wanted: str) -> ssl.SSLContext | None:
    if wanted == "prefer":
        return None
    context = ssl.create_default_context()
    if wanted == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _exact(known: dict[Any, Any]) -> dict[Any, Any]:
    """Ways to write values, and to read whole and exact numbers; all else is read as the server writes it."""
    from pymysql.constants import FIELD_TYPE as KIND

    whole = (KIND.TINY, KIND.SHORT, KIND.INT24, KIND.LONG, KIND.LONGLONG)
    writing = {kind: one for kind, one in known.items() if isinstance(kind, type)}
    return writing | dict.fromkeys(whole, int) | {KIND.DECIMAL: Decimal, KIND.NEWDECIMAL: Decimal}
