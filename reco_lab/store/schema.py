"""The tables of `state.db`: few writes, small rows. Arrays and tables of data are artefacts beside it."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class Moment(sa.TypeDecorator[datetime]):
    """A moment in UTC, aware on both sides, whatever the database makes of time zones."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To naive UTC."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Back to aware UTC."""
        return value.replace(tzinfo=UTC) if value else None


class Words(sa.TypeDecorator[str]):
    """Text for people. What no database keeps (NUL, half a surrogate pair) becomes the replacement character."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To text that any database keeps."""
        return None if value is None else keepable(value)


class JsonText(sa.TypeDecorator[Any]):
    """JSON as text: PostgreSQL's own type refuses NaN, which a metric may be, and the escaped NUL."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, *, none_as_null: bool = False) -> None:
        super().__init__()
        self.none_as_null = none_as_null

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To JSON."""
        return None if value is None and self.none_as_null else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """From JSON."""
        return None if value is None else json.loads(value)


def _json(*, none_as_null: bool = False) -> sa.types.TypeEngine[Any]:
    return sa.JSON(none_as_null=none_as_null).with_variant(JsonText(none_as_null=none_as_null), "postgresql")


def unkept(text: str) -> bool:
    """Whether a text has what no database keeps."""
    return "\0" in text if text.isascii() else _UNKEPT.search(text) is not None


def keepable(text: str) -> str:
    """The text with the replacement character for what no database keeps."""
    return _UNKEPT.sub("\N{REPLACEMENT CHARACTER}", text) if unkept(text) else text


_UNKEPT = re.compile("[\0\ud800-\udfff]")
metadata = sa.MetaData()

datasets = sa.Table(
    "datasets",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("title", Words, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("artefact", sa.String(64), nullable=False),
    sa.Column("summary", _json(), nullable=False),
    sa.Column("synthetic", sa.Boolean, nullable=False),
    sa.Column("created", Moment, nullable=False),
    sa.Column("dropped", Moment),
    sa.UniqueConstraint("name", "version", name="datasets_name_version"),
)

experiments = sa.Table(
    "experiments",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(16), nullable=False, unique=True),
    sa.Column("key", sa.String(64), nullable=False, unique=True),
    sa.Column("name", Words, nullable=False),
    sa.Column("spec", _json(), nullable=False),
    sa.Column("dataset", Words, nullable=False, index=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("comparison", _json(none_as_null=True)),
    sa.Column("created", Moment, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("result", _json(), nullable=False),
    sa.Column("artefact", sa.String(64)),
    sa.Column("created", Moment, nullable=False),
)

trials = sa.Table(
    "trials",
    metadata,
    sa.Column("study", sa.String(64), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("result", _json(), nullable=False),
    sa.Column("created", Moment, nullable=False),
)

openings = sa.Table(
    "openings",
    metadata,
    sa.Column("cut", sa.String(64), primary_key=True),
    sa.Column("experiment", sa.String(64), primary_key=True),
    sa.Column("recommenders", sa.Integer, nullable=False),
    sa.Column("opened", Moment, nullable=False),
)

ads = sa.Table(
    "ads",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("spec", _json(), nullable=False),
    sa.Column("changed", Moment, nullable=False),
)

publications = sa.Table(
    "publications",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("spec", _json(), nullable=False),
    sa.Column("artefact", sa.String(64)),
    sa.Column("created", Moment, nullable=False),
)

segments = sa.Table(
    "segments",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("dataset", sa.String(64), nullable=False, index=True),
    sa.Column("title", Words, nullable=False),
    sa.Column("definition", _json(), nullable=False),
    sa.Column("kept", _json(none_as_null=True)),
    sa.Column("created", Moment, nullable=False),
    sa.Column("changed", Moment, nullable=False),
)

campaigns = sa.Table(
    "campaigns",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("dataset", sa.String(64), nullable=False, index=True),
    sa.Column("title", Words, nullable=False),
    sa.Column("spec", _json(), nullable=False),
    sa.Column("artefact", sa.String(64)),
    sa.Column("result", _json(none_as_null=True)),
    sa.Column("created", Moment, nullable=False),
    sa.Column("changed", Moment, nullable=False),
)

ab_tests = sa.Table(
    "ab_tests",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("title", Words, nullable=False),
    sa.Column("spec", _json(), nullable=False),
    sa.Column("result", _json(none_as_null=True)),
    sa.Column("created", Moment, nullable=False),
    sa.Column("started", Moment),
    sa.Column("ended", Moment),
)

rounds = sa.Table(
    "rounds",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("spec", _json(), nullable=False),
    sa.Column("findings", _json(none_as_null=True)),
    sa.Column("created", Moment, nullable=False),
    sa.Column("changed", Moment, nullable=False),
)

schedules = sa.Table(
    "schedules",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("spec", _json(), nullable=False),
    sa.Column("next_run", Moment),
    sa.Column("last_run", Moment),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("name", Words, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", _json(), nullable=False),
    sa.Column("created", Moment, nullable=False),
    sa.Column("expires", Moment),
    sa.Column("revoked", Moment),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("who", Words, nullable=False),
    sa.Column("what", Words, nullable=False),
    sa.Column("subject", Words, nullable=False),
    sa.Column("chain", sa.String(64), nullable=False),
)

settings = sa.Table(
    "settings",
    metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("value", _json(), nullable=False),
)

LIVE = ("queued", "running")

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(16), nullable=False, unique=True),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("payload", _json(), nullable=False),
    sa.Column("key", sa.String(200)),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("fraction", sa.Float, nullable=False),
    sa.Column("message", Words, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("interrupted", sa.Integer, nullable=False),
    sa.Column("cancelling", sa.Boolean, nullable=False),
    sa.Column("worker", sa.String(64), nullable=False),
    sa.Column("result", _json(none_as_null=True)),
    sa.Column("error", Words, nullable=False),
    sa.Column("reference", sa.String(16), nullable=False),
    sa.Column("submitted", Moment, nullable=False),
    sa.Column("started", Moment),
    sa.Column("finished", Moment),
)

sa.Index(
    "jobs_one_live_per_key",
    jobs.c.key,
    unique=True,
    sqlite_where=jobs.c.state.in_(LIVE),
    postgresql_where=jobs.c.state.in_(LIVE),
)
