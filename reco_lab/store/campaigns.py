"""The campaigns of a workspace: what was asked for, the lists that were made of it, and what came of them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.core.errors import NotFoundError
from reco_lab.store.database import Database
from reco_lab.store.schema import campaigns

ARTEFACT = "campaign"


@dataclass(frozen=True)
class CampaignRecord:
    """One campaign: its specification as JSON, the artefact with its lists once they are made, and its results.

    `changed` is when it was last saved, prepared or judged.
    """

    id: str
    dataset: str
    title: str
    spec: Mapping[str, Any]
    artefact: str | None
    result: Mapping[str, Any] | None
    created: datetime
    changed: datetime


@dataclass(frozen=True, eq=False)
class Campaigns:
    """Every method is one transaction; those that name a campaign raise NotFoundError where it is not there."""

    database: Database
    clock: Clock

    def add(self, dataset: str, title: str, spec: Mapping[str, Any]) -> str:
        """Keep a new campaign; its id."""
        id_, now = uuid.uuid4().hex[:12], self.clock.now()
        row = {
            "id": id_,
            "dataset": dataset,
            "title": title,
            "spec": dict(spec),
            "artefact": None,
            "result": None,
        }
        with self.database.write() as connection:
            connection.execute(campaigns.insert().values(row | {"created": now, "changed": now}))
        return id_

    def change(self, id_: str, title: str, spec: Mapping[str, Any]) -> None:
        """Ask for something else: lists and results of what was asked before go."""
        self._update(id_, title=title, spec=dict(spec), artefact=None, result=None)

    def prepared(self, was: CampaignRecord, spec: Mapping[str, Any], artefact: str) -> bool:
        """Keep the lists that were made of what was asked for, with the data version they were made on.

        False, and nothing kept, where something else is asked for by now.
        """
        values = {"spec": dict(spec), "artefact": artefact, "result": None, "changed": self.clock.now()}
        with self.database.write() as connection:
            row = connection.execute(sa.select(campaigns).where(campaigns.c.id == was.id)).one_or_none()
            if row is None:
                raise _gone(was.id)
            if row.spec != was.spec:
                return False
            connection.execute(campaigns.update().where(campaigns.c.id == was.id).values(values))
        return True

    def replaced(self, was: CampaignRecord, artefact: str) -> None:
        """Keep other lists in place of those that were made, unless others were made meanwhile; everything else stays."""
        mine = (campaigns.c.id == was.id, campaigns.c.artefact == was.artefact)
        with self.database.write() as connection:
            connection.execute(campaigns.update().where(*mine).values(artefact=artefact))

    def judged(self, id_: str, result: Mapping[str, Any]) -> None:
        """Keep what came of a campaign."""
        self._update(id_, result=dict(result))

    def get(self, id_: str) -> CampaignRecord:
        """One campaign."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(campaigns).where(campaigns.c.id == id_)).one_or_none()
        if row is None:
            raise NotFoundError(
                f"There is no campaign {id_!r}.", fix="It may have been deleted; look at the Campaigns page."
            )
        return _record(row)

    def listing(self, dataset: str | None = None) -> list[CampaignRecord]:
        """The campaigns of a data set, or all, the last changed first."""
        query = sa.select(campaigns).order_by(campaigns.c.changed.desc(), campaigns.c.id)
        if dataset is not None:
            query = query.where(campaigns.c.dataset == dataset)
        with self.database.read() as connection:
            return [_record(row) for row in connection.execute(query)]

    def delete(self, id_: str) -> None:
        """Forget a campaign with its lists and results."""
        self.get(id_)
        with self.database.write() as connection:
            connection.execute(campaigns.delete().where(campaigns.c.id == id_))

    def _update(self, id_: str, **values: Any) -> None:
        query = campaigns.update().where(campaigns.c.id == id_).values(values | {"changed": self.clock.now()})
        with self.database.write() as connection:
            if not connection.execute(query).rowcount:
                raise _gone(id_)


def _gone(id_: str) -> NotFoundError:
    return NotFoundError(f"There is no campaign {id_!r}.", fix="It was deleted meanwhile.")


def _record(row: Any) -> CampaignRecord:
    return CampaignRecord(
        row.id, row.dataset, row.title, row.spec, row.artefact, row.result, row.created, row.changed
    )
