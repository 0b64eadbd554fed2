"""The way into a database: one connection, watched while it is used, closed whatever happens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reco_lab.core.errors import CancelledError, InputError
from reco_lab.sources.sql.duck import Duck
from reco_lab.sources.sql.mysql import Mysql
from reco_lab.sources.sql.postgres import Postgres
from reco_lab.sources.sql.session import Account, Session, too_long
from reco_lab.sources.sql.sqlite import Sqlite
from reco_lab.sources.sql.watch import Watch

SESSIONS: dict[str, type[Session]] = {
    "postgresql": Postgres,
    "mysql": Mysql,
    "sqlite": Sqlite,
    "duckdb": Duck,
}


@contextmanager
def opened(account: Account, wanted: Callable[[], None] = lambda: None) -> Iterator[Session]:
    """A connection that is closed after the block, and whose errors are sentences.

    `wanted` is called a few times a second from another thread; it raises CancelledError to end what runs.
    Raises InputError, or CancelledError.
    """
    kind, watch, session = SESSIONS[account.place.kind], None, None
    try:
        session = kind(account)
        with Watch(session.interrupt, account.seconds, wanted) as watch:
            session.watch = watch
            yield session
    except (InputError, CancelledError):
        raise
    except Exception as error:
        if watch is not None and watch.cancelled:
            raise CancelledError from None
        if watch is not None and watch.late:
            raise too_long(account) from None
        told = kind.told(error, account)
        if told is None:
            raise
        raise told from None
    finally:
        if session is not None:
            session.close()
