"""The rounds of the gate: each challenger's way from the data it was trained on to serving, or to being refused."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.core.errors import NotFoundError
from reco_lab.store.database import Database
from reco_lab.store.publications import PROMOTED, Publication, let_serve, serving_number
from reco_lab.store.schema import rounds


class RoundState(StrEnum):
    """Where a round stands; the last three are ends."""

    collecting = "collecting"
    training = "training"
    judging = "judging"
    canary = "canary"
    promoted = "promoted"
    refused = "refused"
    cancelled = "cancelled"


OPEN = (RoundState.collecting, RoundState.training, RoundState.judging, RoundState.canary)


@dataclass(frozen=True)
class Round:
    """One round: what it is about as JSON values, and what each of its steps found, in their order."""

    id: str
    state: RoundState
    spec: Mapping[str, Any]
    findings: tuple[Mapping[str, Any], ...]
    created: datetime
    changed: datetime

    @property
    def live(self) -> bool:
        """Whether it has not come to an end."""
        return self.state in OPEN


@dataclass(frozen=True, eq=False)
class Rounds:
    """At most one round is open. Every method is one transaction; a step changes a round only if nobody did meanwhile."""

    database: Database
    clock: Clock

    def begin(self, spec: Mapping[str, Any]) -> Round:
        """Begin a round; if one is open, that one instead."""
        id_, now = uuid.uuid4().hex[:12], self.clock.now()
        row = {"id": id_, "state": RoundState.collecting, "spec": dict(spec), "findings": []}
        with self.database.write() as connection:
            there = connection.execute(_open()).one_or_none()
            if there is not None:
                return _round(there)
            connection.execute(rounds.insert().values(row | {"created": now, "changed": now}))
            return _round(connection.execute(_one(id_)).one())

    def advance(
        self,
        was: Round,
        state: RoundState,
        spec: Mapping[str, Any] | None = None,
        findings: Sequence[Mapping[str, Any]] = (),
    ) -> Round:
        """The round in its next state, with more said of it and more found; as it is where it was changed meanwhile."""
        values = {
            "state": state,
            "spec": {**was.spec, **(spec or {})},
            "findings": [*was.findings, *findings],
            "changed": self.clock.now(),
        }
        with self.database.write() as connection:
            connection.execute(_unchanged(was).values(values))
            return _found(connection, was.id)

    def promote(
        self,
        was: Round,
        publication: tuple[str, Mapping[str, Any], str],
        findings: Sequence[Mapping[str, Any]],
        *,
        instead_of: int,
    ) -> Publication | None:
        """Let a challenger (version, specification, artefact) serve and end its round, both or neither.

        None, and nothing done, where another publication than `instead_of` serves by now or the round was changed.
        """
        now = self.clock.now()
        with self.database.write() as connection:
            current = _found(connection, was.id)
            if serving_number(connection) != instead_of or current != was:
                return None
            made = let_serve(connection, now, *publication, how=PROMOTED, who="the gate")
            values = {
                "state": RoundState.promoted,
                "spec": {**was.spec, "plan": None, "publication": made.number},
                "findings": [*was.findings, *findings],
                "changed": now,
            }
            connection.execute(rounds.update().where(rounds.c.id == was.id).values(values))
        return made

    def get(self, id_: str) -> Round:
        """One round; NotFoundError if it is not there."""
        with self.database.read() as connection:
            return _found(connection, id_)

    def open(self) -> Round | None:
        """The round that has not come to an end; None where there is none."""
        with self.database.read() as connection:
            row = connection.execute(_open()).one_or_none()
        return None if row is None else _round(row)

    def listing(self, limit: int = 50) -> list[Round]:
        """The rounds, newest first."""
        query = sa.select(rounds).order_by(rounds.c.created.desc(), rounds.c.id).limit(limit)
        with self.database.read() as connection:
            return [_round(row) for row in connection.execute(query)]


def _one(id_: str) -> sa.Select[Any]:
    return sa.select(rounds).where(rounds.c.id == id_)


def _open() -> sa.Select[Any]:
    return sa.select(rounds).where(rounds.c.state.in_(OPEN)).order_by(rounds.c.created).limit(1)


def _unchanged(was: Round) -> sa.Update:
    return rounds.update().where(
        rounds.c.id == was.id, rounds.c.state == was.state, rounds.c.changed == was.changed
    )


def _found(connection: sa.Connection, id_: str) -> Round:
    row = connection.execute(_one(id_)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no round {id_!r}.", fix="Look at the gate on the page Monitor.")
    return _round(row)


def _round(row: Any) -> Round:
    return Round(row.id, RoundState(row.state), row.spec, tuple(row.findings or ()), row.created, row.changed)
