"""What was spent before a number was shown: the trials of every tuning, and every opening of a test part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.store.database import Database
from reco_lab.store.records import Openings
from reco_lab.store.schema import openings, trials


@dataclass(frozen=True, eq=False)
class Ledger:
    """Only ever written to, never corrected. Every method is one transaction."""

    database: Database
    clock: Clock

    def add_trial(self, study: str, result: Mapping[str, Any]) -> None:
        """Keep one more trial of a study."""
        last = sa.select(sa.func.coalesce(sa.func.max(trials.c.place), -1)).where(trials.c.study == study)
        with self.database.write() as connection:
            place = int(connection.execute(last).scalar_one()) + 1
            row = {"study": study, "place": place, "result": dict(result), "created": self.clock.now()}
            connection.execute(trials.insert().values(row))

    def trials(self, study: str) -> list[Mapping[str, Any]]:
        """The trials of a study, in the order they were kept."""
        query = sa.select(trials.c.result).where(trials.c.study == study).order_by(trials.c.place)
        with self.database.read() as connection:
            return list(connection.execute(query).scalars())

    def open_test(self, cut: str, experiment: str, recommenders: int) -> None:
        """Note that an experiment looked at the test part of a cut; the same experiment again looks at nothing new.

        `experiment` is its key, or that of something more that was tried on it.
        """
        mine = (openings.c.cut == cut, openings.c.experiment == experiment)
        with self.database.write() as connection:
            if connection.execute(sa.select(openings.c.cut).where(*mine)).first() is None:
                row = {"cut": cut, "experiment": experiment, "recommenders": recommenders}
                connection.execute(openings.insert().values(**row, opened=self.clock.now()))

    def openings(self, cut: str) -> Openings:
        """How often the test part of a cut was looked at, and by how many recommenders altogether."""
        count, total = sa.func.count(), sa.func.coalesce(sa.func.sum(openings.c.recommenders), 0)
        with self.database.read() as connection:
            row = connection.execute(sa.select(count, total).where(openings.c.cut == cut)).one()
        return Openings(experiments=int(row[0]), recommenders=int(row[1]))
