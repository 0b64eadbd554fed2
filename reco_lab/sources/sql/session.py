"""A connection that only reads: opened for one purpose, limited in time, and closed again."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

from reco_lab.core.errors import CancelledError, DataError, InputError
from reco_lab.sources.sql.place import Place
from reco_lab.sources.sql.statement import VALUE
from reco_lab.sources.sql.watch import Watch

CONNECT_SECONDS = 5
MOST_TABLES = 10_000
WEIGHED_ROWS = 50
FASTER = 4
MOST_HELD = 32 << 20
Values = Sequence[Any]
Rows = Sequence[Sequence[Any]]
Blocks = Generator[tuple[list[str], Rows]]


@dataclass(frozen=True)
class Relation:
    """A table or a view, with about how many rows it has (None: nobody knows)."""

    schema: str
    name: str
    rows: int | None = None
    view: bool = False

    @property
    def title(self) -> str:
        """How a person calls it."""
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, eq=False)
class Account:
    """Who reads what: a place, the one address or path it was found at, the password, and for how long.

    `secret` is the name of the variable that holds the password, which nothing shows.
    """

    place: Place
    target: str
    seconds: float
    secret: str = ""
    password: str = field(default="", repr=False)


class Session(ABC):
    """One read-only transaction. Rows come in blocks, so that memory does not grow with them."""

    marker: ClassVar[str] = "?"
    catalogue: ClassVar[str]
    described: ClassVar[str]

    def __init__(self, account: Account) -> None:
        self.account = account
        self.connection: Any = self._connect()
        self.watch: Watch | None = None

    @abstractmethod
    def _connect(self) -> Any:
        """A connection in a read-only transaction."""

    @abstractmethod
    def interrupt(self) -> None:
        """End what runs now; called from another thread."""

    @staticmethod
    @abstractmethod
    def told(error: Exception, account: Account) -> InputError | None:
        """What the driver's error means, in a sentence; None for one that is a fault of ours."""

    def cursor(self) -> Any:
        """A cursor that leaves rows where they are until they are asked for."""
        return self.connection.cursor()

    def advice(self) -> str:
        """What should be different about the user that connects; empty if nothing."""
        return ""

    def relations(self) -> tuple[Relation, ...]:
        """The tables and views that may be read, by schema and name."""
        _, rows = self.first(self.catalogue, MOST_TABLES)
        found = [
            Relation(str(schema or ""), str(name), None if size is None or int(size) < 0 else int(size), bool(int(view)))
            for schema, name, size, view in rows
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda one: (one.schema, one.name)))

    def columns(self, relation: Relation) -> tuple[tuple[str, str], ...]:
        """The columns of a table with their types, in order."""
        values = (relation.schema, relation.name) if relation.schema else (relation.name,)
        _, rows = self.first(self.described, MOST_TABLES, values)
        return tuple((str(name), str(kind)) for name, kind in rows)

    def first(self, sql: str, rows: int, values: Values = ()) -> tuple[list[str], Rows]:
        """The names of the columns, and at most so many rows; fewer where they are so long that memory would suffer."""
        names: list[str] = []
        found: list[Sequence[Any]] = []
        blocks = self.blocks(sql, values, rows)
        try:
            for columns, block in blocks:
                names, found = columns, [*found, *block]
                if len(found) >= rows or _weight(found) * len(found) > MOST_HELD:
                    break
        finally:
            blocks.close()
        return names, found[:rows]

    def blocks(self, sql: str, values: Values = (), size: int = 5_000) -> Blocks:
        """The names of the columns with the rows, block by block; the first comes even without rows.

        A block has at most `size` rows, and the longer rows are, the fewer.
        """
        cursor = self.cursor()
        try:
            cursor.execute(self._marked(sql, values), *([tuple(values)] if values else []))
            names = [str(one[0]) for one in cursor.description or ()]
            many = 1
            rows = cursor.fetchmany(many)
            yield names, rows
            while rows:
                self.check()
                many = max(1, min(size, many * FASTER, int(MOST_HELD / max(_weight(rows), 1))))
                rows = cursor.fetchmany(many)
                if rows:
                    yield names, rows
        finally:
            with suppress(Exception):
                cursor.close()

    def check(self) -> None:
        """Raise CancelledError where nobody wants the rows any more, DataError where their time is over."""
        if self.watch is not None and self.watch.cancelled:
            raise CancelledError
        if self.watch is not None and self.watch.late:
            raise too_long(self.account)

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        with suppress(Exception):
            self.connection.close()

    def _marked(self, sql: str, values: Values) -> str:
        if values and self.marker == "%s":
            sql = sql.replace("%", "%%")
        return sql.replace(VALUE, self.marker)


def _weight(rows: Rows) -> float:
    """About how many bytes of text a row has, by some of them."""
    some = rows[:: -(-len(rows) // WEIGHED_ROWS) or 1]
    held = sum(len(value) for row in some for value in row if isinstance(value, str | bytes))
    return held / max(len(some), 1)


def too_long(account: Account) -> DataError:
    """The sentence about a query that was ended."""
    return DataError(
        f"The database did not answer within {account.seconds:.0f} seconds, so the query was ended.",
        where=account.place.words,
        fix="Ask for less, or have an index or a smaller table made for it.",
    )


def locked(account: Account) -> DataError:
    """The sentence about a file that somebody else is writing to."""
    return DataError(
        "Somebody else is writing to the database.",
        where=account.place.words,
        fix="Try again when that has ended, or read a copy of it.",
    )


def unreachable(account: Account) -> InputError:
    """The sentence about a server that does not answer."""
    return InputError(
        "The database server cannot be reached.",
        where=account.place.words,
        fix="Check host and port, and whether the server accepts connections from this machine.",
    )


def wrong_password(account: Account) -> InputError:
    """The sentence about a server that lets nobody in."""
    return InputError(
        f"The database did not let {account.place.user!r} in.",
        where=account.place.words,
        fix=f"Check the user, and the password in {account.secret}.",
    )


def writes(account: Account) -> DataError:
    """The sentence about a query that changes something."""
    return DataError(
        "The query would change the database; only reading is allowed.",
        where=account.place.words,
        fix="Write a SELECT that only reads.",
    )


def refused(account: Account, words: str) -> DataError:
    """The sentence about a query that the database does not run, in its own words and without the password."""
    line = words.strip().splitlines()[0].strip() if words.strip() else "it refused the query"
    line = line.replace(account.password, "***") if account.password else line
    return DataError(
        f"The database says: {line.rstrip('.')[:300]}.",
        where=account.place.words,
        fix="Look at its tables again, or change the query.",
    )
