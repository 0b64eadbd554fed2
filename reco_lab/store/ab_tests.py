"""The A/B tests of a workspace: what was asked, when it ran, and what came of it."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.core.errors import NotFoundError
from reco_lab.store.database import Database
from reco_lab.store.schema import ab_tests


@dataclass(frozen=True)
class AbTestRecord:
    """One A/B test: its specification as JSON, when it started and ended, and what was found and decided at the end."""

    id: str
    title: str
    spec: Mapping[str, Any]
    result: Mapping[str, Any] | None
    created: datetime
    started: datetime | None
    ended: datetime | None

    @property
    def running(self) -> bool:
        """Whether it was started and not ended."""
        return self.started is not None and self.ended is None


@dataclass(frozen=True, eq=False)
class AbTests:
    """Every method is one transaction; those that name a test raise NotFoundError where it is not there."""

    database: Database
    clock: Clock

    @staticmethod
    def new_id() -> str:
        """An id for a new test."""
        return uuid.uuid4().hex[:12]

    def start(self, id_: str, title: str, spec: Mapping[str, Any]) -> AbTestRecord:
        """Keep a test that starts now."""
        now = self.clock.now()
        row = {"id": id_, "title": title, "spec": dict(spec), "result": None, "created": now, "started": now}
        with self.database.write() as connection:
            connection.execute(ab_tests.insert().values(row))
        return self.get(id_)

    def end(self, id_: str, result: Mapping[str, Any]) -> None:
        """Keep that a test ended now, with what was found and decided; its models are nobody's any more."""
        mine = ab_tests.c.id == id_
        with self.database.write() as connection:
            spec = connection.execute(sa.select(ab_tests.c.spec).where(mine)).scalar()
            if spec is None:
                raise _missing(id_)
            values = {"result": dict(result), "ended": self.clock.now(), "spec": without_models(spec)}
            connection.execute(ab_tests.update().where(mine).values(values))

    def get(self, id_: str) -> AbTestRecord:
        """One test."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(ab_tests).where(ab_tests.c.id == id_)).one_or_none()
        if row is None:
            raise _missing(id_)
        return AbTestRecord(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping

    def listing(self) -> list[AbTestRecord]:
        """All tests, the last one first."""
        query = sa.select(ab_tests).order_by(ab_tests.c.created.desc(), ab_tests.c.id)
        with self.database.read() as connection:
            return [AbTestRecord(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - likewise


def without_models(
    spec: Mapping[str, Any], learnt: Callable[[str], bool] = lambda _of: True
) -> dict[str, Any]:
    """A test's specification that names its models and holds none of them: those that learnt from data `learnt` is true of."""
    arms = [dict(arm) for arm in spec.get("arms", ())]
    for arm in arms:
        if (model := arm.get("model")) and learnt(str(model.get("learnt", ""))):
            arm["model"] = {**model, "artefact": ""}
    return {**spec, "arms": arms}


def _missing(id_: str) -> NotFoundError:
    return NotFoundError(f"There is no A/B test {id_!r}.", fix="Look at the A/B tests on the Monitor page.")
