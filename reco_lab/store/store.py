"""What the workspace remembers: data sets and their versions, experiments, runs and settings."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.core.errors import DataError, NotFoundError
from reco_lab.store.database import Database
from reco_lab.store.records import DatasetVersion, ExperimentRecord, RunRecord
from reco_lab.store.schema import datasets, experiments, metadata, runs, settings

_ID = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_KEYS = {"datasets": ("name", "version"), "runs": ("key",), "jobs": ("id",), "publications": ("number",)}
ID_LENGTH = 12


@dataclass(frozen=True, eq=False)
class Store:
    """Records by name, id or key. Every method is one transaction; any process may call any of them."""

    database: Database
    clock: Clock

    def add_dataset(
        self,
        name: str,
        fingerprint: str,
        artefact: str,
        summary: Mapping[str, Any],
        synthetic: bool = False,
        *,
        title: str = "",
        after: str = "",
    ) -> DatasetVersion:
        """Add a version under a name; the content of its newest version again makes no second one.

        `after` is the fingerprint of the newest version where this one was made of it. Raises DataError where another
        took its place meanwhile, and for a name that is not lower-case letters, digits, - and _ (at most 64).
        """
        if not _NAME.fullmatch(name):
            raise DataError(
                f"{name!r} cannot be the name of a data set.",
                fix="Use at most 64 lower-case letters, digits, - and _, beginning with a letter or a digit.",
            )
        with self.database.write() as connection:
            newest = connection.execute(_newest(name)).one_or_none()
            if after and (newest is None or newest.fingerprint not in {after, fingerprint}):
                raise DataError(
                    f"The data set {name!r} was changed while rows were added to what it was.",
                    fix="Do it again: it begins with what is there now.",
                )
            if newest is None or newest.fingerprint != fingerprint:
                last = sa.select(sa.func.max(datasets.c.version)).where(datasets.c.name == name)
                values = {
                    "name": name,
                    "version": (connection.execute(last).scalar() or 0) + 1,
                    "title": title or (newest.title if newest else name),
                    "fingerprint": fingerprint,
                    "artefact": artefact,
                    "summary": dict(summary),
                    "synthetic": synthetic,
                    "created": self.clock.now(),
                }
                connection.execute(datasets.insert().values(values))
                newest = connection.execute(_newest(name)).one()
        return _dataset(newest)

    def datasets(self) -> list[DatasetVersion]:
        """The newest version of each data set, by name."""
        kept = sa.select(sa.func.max(datasets.c.number)).where(datasets.c.dropped.is_(None))
        newest = kept.group_by(datasets.c.name)
        query = sa.select(datasets).where(datasets.c.number.in_(newest)).order_by(datasets.c.name)
        with self.database.read() as connection:
            return [_dataset(row) for row in connection.execute(query)]

    def versions(self, name: str) -> list[DatasetVersion]:
        """All versions of a data set, newest first; NotFoundError if there is none."""
        kept = sa.select(datasets).where(datasets.c.name == name, datasets.c.dropped.is_(None))
        query = kept.order_by(datasets.c.version.desc())
        with self.database.read() as connection:
            found = [_dataset(row) for row in connection.execute(query)]
        if not found:
            raise _unknown("data set", name, [known.name for known in self.datasets()])
        return found

    def dataset(self, name: str, version: int | None = None) -> DatasetVersion:
        """One version of a data set, by default the newest; NotFoundError names near ones."""
        found = self.versions(name)
        if version is None:
            return found[0]
        for candidate in found:
            if candidate.version == version:
                return candidate
        raise NotFoundError(
            f"The data set {name!r} has no version {version}.", fix=f"Its newest is {found[0].version}."
        )

    def drop_dataset(self, name: str, version: int) -> DatasetVersion:
        """Take a version away: of the newest, the one before is the newest then.

        Nothing is deleted until it is forgotten, and `bring_back` undoes it. NotFoundError names near ones.
        """
        found = self.dataset(name, version)
        return self._mark(found.name, found.version, self.clock.now())

    def bring_back(self, name: str, version: int) -> DatasetVersion:
        """Undo a drop; NotFoundError if this version was not dropped, or is forgotten by now."""
        if (name, version) not in {(found.name, found.version) for found in self.dropped()}:
            raise NotFoundError(
                f"Version {version} of {name!r} cannot be brought back.",
                fix="It was not dropped, or that is so long ago that it was forgotten.",
            )
        return self._mark(name, version, None)

    def dropped(self) -> list[DatasetVersion]:
        """The versions that were dropped and can be brought back, the last dropped first."""
        gone = sa.select(datasets).where(datasets.c.dropped.is_not(None))
        query = gone.order_by(datasets.c.dropped.desc(), datasets.c.number.desc())
        with self.database.read() as connection:
            return [_dataset(row) for row in connection.execute(query)]

    def all_versions(self) -> list[DatasetVersion]:
        """Every version of every data set, dropped or not, oldest first."""
        with self.database.read() as connection:
            return [
                _dataset(row) for row in connection.execute(sa.select(datasets).order_by(datasets.c.number))
            ]

    def forget_versions(self, versions: Iterable[DatasetVersion]) -> None:
        """Remove the records of versions for good, dropped or not."""
        with self.database.write() as connection:
            for one in versions:
                mine = (datasets.c.name == one.name, datasets.c.version == one.version)
                connection.execute(datasets.delete().where(*mine))

    def save_experiment(
        self, key: str, name: str, spec: Mapping[str, Any], dataset: str, fingerprint: str
    ) -> str:
        """Remember a question and return its id; the same key again is the same question and returns the same id."""
        id_ = key[:ID_LENGTH]
        with self.database.write() as connection:
            if connection.execute(sa.select(experiments.c.id).where(experiments.c.key == key)).first():
                return id_
            values = {
                "id": id_,
                "key": key,
                "name": name,
                "spec": dict(spec),
                "dataset": dataset,
                "fingerprint": fingerprint,
                "created": self.clock.now(),
            }
            connection.execute(experiments.insert().values(values))
        return id_

    def set_comparison(self, id_: str, comparison: Mapping[str, Any]) -> None:
        """Keep the answer of an experiment."""
        query = experiments.update().where(experiments.c.id == id_).values(comparison=dict(comparison))
        with self.database.write() as connection:
            if not connection.execute(query).rowcount:
                raise _unknown("experiment", id_, [])

    def experiment(self, id_: str) -> ExperimentRecord:
        """One experiment; NotFoundError if there is none with this id."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(experiments).where(experiments.c.id == id_)).one_or_none()
        if row is None:
            raise _unknown("experiment", id_, [known.id for known in self.experiments()])
        return _experiment(row)

    def experiments(self, dataset: str | None = None) -> list[ExperimentRecord]:
        """All experiments, or those on one data set, newest first."""
        query = sa.select(experiments).order_by(experiments.c.number.desc())
        if dataset is not None:
            query = query.where(experiments.c.dataset == dataset)
        with self.database.read() as connection:
            return [_experiment(row) for row in connection.execute(query)]

    def save_run(self, key: str, result: Mapping[str, Any], artefact: str | None = None) -> None:
        """Remember the result of a run; the same key again replaces it."""
        with self.database.write() as connection:
            connection.execute(runs.delete().where(runs.c.key == key))
            row = {"key": key, "result": dict(result), "artefact": artefact, "created": self.clock.now()}
            connection.execute(runs.insert().values(row))

    def run(self, key: str) -> RunRecord | None:
        """The run with this key, None if it was never done."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(runs).where(runs.c.key == key)).one_or_none()
        return None if row is None else RunRecord(**row._mapping)  # noqa: SLF001 - a row's documented mapping

    def runs_before(self, moment: datetime) -> list[str]:
        """The keys of the runs that were saved before a moment."""
        query = sa.select(runs.c.key).where(runs.c.created < moment).order_by(runs.c.created)
        with self.database.read() as connection:
            return list(connection.execute(query).scalars())

    def forget_runs(self, keys: Iterable[str]) -> None:
        """Remove runs for good: asked again, they are computed again."""
        with self.database.write() as connection:
            for key in keys:
                connection.execute(runs.delete().where(runs.c.key == key))

    def references(self, but: Collection[tuple[str, ...]] = ()) -> set[str]:
        """The id of every artefact that any record names, in whatever column or JSON value.

        `but` leaves records out: ("datasets", name, version), ("runs", key), ("jobs", id), ("publications", number), each part as text.
        """
        with self.database.read() as connection:
            return {
                id_
                for table in metadata.sorted_tables
                for row in connection.execute(_speaking(table))
                if (table.name, *row[:-1]) not in but
                for id_ in _ID.findall(row[-1])
            }

    def get_setting(self, name: str, default: Any = None) -> Any:
        """The JSON value of a setting."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(settings.c.value).where(settings.c.name == name)).one_or_none()
        return default if row is None else row.value

    def set_setting(self, name: str, value: Any) -> None:
        """Keep the JSON value of a setting."""
        with self.database.write() as connection:
            connection.execute(settings.delete().where(settings.c.name == name))
            connection.execute(settings.insert().values(name=name, value=value))

    def _mark(self, name: str, version: int, dropped: datetime | None) -> DatasetVersion:
        mine = (datasets.c.name == name, datasets.c.version == version)
        with self.database.write() as connection:
            connection.execute(datasets.update().where(*mine).values(dropped=dropped))
            return _dataset(connection.execute(sa.select(datasets).where(*mine)).one())


def _newest(name: str) -> sa.Select[Any]:
    query = sa.select(datasets).where(datasets.c.name == name, datasets.c.dropped.is_(None))
    return query.order_by(datasets.c.version.desc()).limit(1)


def _speaking(table: sa.Table) -> sa.Select[Any]:
    """A row's key as texts, then all its columns that may name an artefact, as one text."""
    keys = [sa.cast(table.c[name], sa.Text) for name in _KEYS.get(table.name, ())]
    named = [column for column in table.c if column.name == "artefact" or isinstance(column.type, sa.JSON)]
    text: sa.ColumnElement[str] = sa.literal("")
    for column in named:
        text = text.concat(" ").concat(sa.func.coalesce(sa.cast(column, sa.Text), ""))
    columns: list[sa.ColumnElement[Any]] = [*keys, text]
    return sa.select(*columns)


def _dataset(row: sa.Row[Any]) -> DatasetVersion:
    return DatasetVersion(**{name: value for name, value in row._mapping.items() if name != "number"})  # noqa: SLF001 - a row's documented mapping


def _experiment(row: sa.Row[Any]) -> ExperimentRecord:
    return ExperimentRecord(**{name: value for name, value in row._mapping.items() if name != "number"})  # noqa: SLF001 - a row's documented mapping


def _unknown(kind: str, name: str, known: list[str]) -> NotFoundError:
    near = get_close_matches(name, known, n=3)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else _listing(known)
    return NotFoundError(f"There is no {kind} called {name!r}.", fix=hint)


def _listing(known: list[str]) -> str:
    return f"There are: {', '.join(known[:10])}." if known else "There are none yet."
