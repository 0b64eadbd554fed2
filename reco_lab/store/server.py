"""A database server instead of `state.db`: which addresses are taken, and what is told of them."""

import re
from typing import Any

import sqlalchemy as sa

from reco_lab.core.errors import InputError

VARIABLE = "RECO_LAB_DATABASE_URL"
EXAMPLE = "postgresql://user:password@host:5432/database"
_DRIVERS = {"postgresql", "postgresql+psycopg"}
_OPTIONS = {"sslmode", "sslrootcert", "connect_timeout", "application_name", "options"}
_SCHEMA = re.compile(r"-csearch_path=[a-z_][a-z0-9_]*")
_ALONE = 0x5EC0_1AB
# a machine that is gone says nothing: without an end to that, whoever asked would wait for a quarter of an hour
_PATIENCE = {
    "connect_timeout": "10",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
}


def connect(url: str) -> sa.Engine:
    """An engine for a PostgreSQL server. Nothing is connected to yet.

    Only what is known to be harmless is taken: this driver, host, port, user, password, database and a few
    options. Raises InputError, which never repeats the address, for anything else.
    """
    parsed = _parsed(url)
    if parsed.drivername not in _DRIVERS:
        raise _refused("Only PostgreSQL can be used as a database server.")
    if not parsed.host or not parsed.database:
        raise _refused("It names no host or no database.")
    unknown = sorted(set(parsed.query) - _OPTIONS)
    if unknown:
        raise _refused(f"The option {unknown[0]!r} is not taken; known are {', '.join(sorted(_OPTIONS))}.")
    if "options" in parsed.query and not _SCHEMA.fullmatch(str(parsed.query["options"])):
        raise _refused("Its options may only name a schema, as -csearch_path=NAME.")
    try:
        engine = sa.create_engine(
            parsed.set(drivername="postgresql+psycopg").update_query_dict(_PATIENCE | dict(parsed.query)),
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ImportError:
        raise _refused(
            "The driver is not installed.", 'Install it with: pip install -e ".[postgres]"'
        ) from None
    sa.event.listen(engine, "begin", _begin)
    return engine


def place(url: sa.URL) -> str:
    """Where a server is, without who connects to it."""
    return f"{url.host}:{url.port or 5432}/{url.database}"


def secrets(url: sa.URL) -> tuple[str, ...]:
    """What of an address must not be seen by anybody: the password, as it is and as it stands in the address."""
    if not url.password:
        return ()
    written = (
        url.render_as_string(hide_password=False).partition("://")[2].rpartition("@")[0].partition(":")[2]
    )
    return (str(url.password), written)


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise _refused("It is not the address of a database.") from None


def _refused(what: str, fix: str = f"Write it as {EXAMPLE}.") -> InputError:
    return InputError(what, where=VARIABLE, fix=fix)


def _begin(connection: Any) -> None:
    if connection.get_execution_options().get("write", False):
        # one writer at a time, as on SQLite: versions count up and jobs are joined without a retry anywhere
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ALONE})")
