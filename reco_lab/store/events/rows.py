"""Rows in and out of the tables of the log, many at a time, on either database."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
import orjson
import sqlalchemy as sa
from numpy.typing import NDArray

from reco_lab.core.clock import microseconds, moment
from reco_lab.core.events import Decision, Feedback, FeedbackKind, Placed, Stage, Visit
from reco_lab.store.schema import keepable

Row = tuple[Any, ...]
MOST_ROWS = 256
FLOATS = "<f4"
_ARRAYS = {sa.Text: "text[]", sa.BigInteger: "bigint[]", sa.Float: "float8[]", sa.LargeBinary: "bytea[]"}


def add(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> set[str] | None:
    """Add rows (values of all columns but `number`, in order), except those whose id is there already.

    Says which ids were added where another writer may have been quicker; None where there is no other.
    """
    if not rows:
        return set()
    if connection.dialect.name == "sqlite":
        _add_to_file(connection, table, rows)
        return None
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    return {row[0] for row in connection.exec_driver_sql(_insert(table), columns)}


def _add_to_file(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Many rows with one command: between two commands, other threads would take over."""
    begun = 0
    while begun < len(rows):
        count = min(
            MOST_ROWS, 1 << (len(rows) - begun).bit_length() - 1
        )  # few different commands, each prepared once
        values = tuple(chain.from_iterable(rows[begun : begun + count]))
        connection.exec_driver_sql(_insert_or_ignore(table, count), values)
        begun += count


def among(dialect: str, column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """The condition that a column is one of the many texts that are `listed` as the parameter "ids"."""
    if dialect == "sqlite":
        texts = sa.func.json_each(sa.bindparam("ids", type_=sa.Text)).table_valued("value")
        return column.in_(sa.select(texts.c.value))
    return column == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Text)))


def listed(dialect: str, ids: Iterable[str]) -> dict[str, Any]:
    """Many texts as the one parameter that `among` asks for."""
    texts = list(ids)
    return {"ids": orjson.dumps(texts).decode() if dialect == "sqlite" else texts}


def decision_row(one: Decision) -> Row:
    """The row of a decision."""
    return (
        one.request_id,
        microseconds(one.at),
        one.customer,
        keepable(one.slot),
        one.candidates,
        int(one.n_candidates),
        one.model_version,
        one.policy,
        one.arm,
        one.stage.value,
        orjson.dumps(one.rules).decode(),
        int(one.latency_us),
    )


def weighed_row(one: Decision) -> Row | None:
    """The row of what a decision was chosen from, where that is kept."""
    told = one.considered
    return None if told is None else (one.request_id, _block(told.scores), _block(told.features))


def set_row(one: Decision) -> Row | None:
    """The row of the ids of a decision's candidates, where it tells them."""
    told = one.considered
    return None if told is None or told.ids is None else (one.candidates, orjson.dumps(told.ids).decode())


def placed_row(one: Placed, request: str, at: int) -> Row:
    """The row of an ad in a decision."""
    numbers = (float(one.propensity), float(one.score), float(one.cost), float(one.click_cost))
    return (one.decision_id, request, one.ad_id, int(one.position), *numbers, at, None, None)


def feedback_row(one: Feedback) -> Row:
    """The row of an event about a decision."""
    return (
        one.event_id,
        one.decision_id,
        str(one.kind),
        microseconds(one.received),
        microseconds(one.at),
        None if one.value is None else float(one.value),
    )


def visit_row(one: Visit) -> Row:
    """The row of a visit."""
    times = (microseconds(one.at), microseconds(one.received))
    return (one.event_id, one.customer, one.item_id, one.kind, *times, float(one.value))


def as_decision(row: sa.Row[Any], placed: Iterable[sa.Row[Any]]) -> Decision:
    """The decision of a row, with the ads that were placed."""
    return Decision(
        request_id=row.request_id,
        at=moment(row.at),
        customer=row.customer,
        slot=row.slot,
        placed=tuple(
            Placed(
                one.decision_id,
                one.ad_id,
                one.position,
                one.propensity,
                one.score,
                one.cost,
                one.click_cost,
            )
            for one in placed
        ),
        candidates=row.candidates,
        n_candidates=row.n_candidates,
        model_version=row.model_version,
        policy=row.policy,
        arm=row.arm,
        stage=Stage(row.stage),
        rules=json.loads(row.rules),
        latency_us=row.latency_us,
    )


def as_feedback(row: sa.Row[Any]) -> Feedback:
    """The event of a row."""
    kind = FeedbackKind(row.kind)
    return Feedback(row.event_id, row.decision_id, kind, moment(row.received), moment(row.at), row.value)


def as_visit(row: sa.Row[Any]) -> Visit:
    """The visit of a row."""
    return Visit(
        row.event_id, row.customer, row.item_id, row.kind, moment(row.at), moment(row.received), row.value
    )


def _block(numbers: NDArray[np.float32]) -> bytes:
    return numbers.astype(FLOATS).tobytes()


@cache
def _insert_or_ignore(table: sa.Table, count: int) -> str:
    """The command that adds so many rows to a file; names come from the schema alone."""
    columns = [column.name for column in table.c if column.name != "number"]
    marks = ", ".join([f"({', '.join('?' * len(columns))})"] * count)
    return f"INSERT OR IGNORE INTO {table.name} ({', '.join(columns)}) VALUES {marks}"  # noqa: S608 - the schema's own names


@cache
def _insert(table: sa.Table) -> str:
    """The command that adds many rows on a server; names come from the schema alone."""
    columns = [column for column in table.c if column.name != "number"]
    names = ", ".join(column.name for column in columns)
    arrays = ", ".join(f"%s::{_ARRAYS[type(column.type)]}" for column in columns)
    return (
        f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays}) "  # noqa: S608 - the schema's own names
        f"ON CONFLICT DO NOTHING RETURNING {columns[0].name}"
    )
