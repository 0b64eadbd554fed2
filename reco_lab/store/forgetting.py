"""A customer out of the records: what was about her and what is without her change places in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.store.ab_tests import without_models
from reco_lab.store.database import Database
from reco_lab.store.publications import SERVING, let_serve
from reco_lab.store.records import DatasetVersion
from reco_lab.store.rounds import OPEN, RoundState
from reco_lab.store.schema import ab_tests, datasets, experiments, publications, rounds, runs, settings

LOST = "lost-a-customer"
ERASED = "A customer was erased from its data meanwhile."


@dataclass(frozen=True)
class Anew:
    """A version that knows her, and what takes its place; `artefact` is None where nothing is left without her."""

    old: DatasetVersion
    artefact: str | None = None
    fingerprint: str = ""
    summary: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Successor:
    """The publication that serves from now on, in place of one whose models knew her."""

    version: str
    spec: Mapping[str, Any]
    artefact: str


@dataclass(frozen=True)
class Forgotten:
    """How many records of each kind were replaced or removed."""

    versions: int
    experiments: int
    runs: int
    publications: int


def forget(
    database: Database, clock: Clock, anew: Sequence[Anew], successor: Successor | None, sentence: str
) -> Forgotten:
    """Put versions without her in place of those with her; runs, models and publications that learnt from her go.

    A data set's versions are numbered on from its first that knew her, in their order, so that the newest stays
    the newest. Experiments on them keep their answer with `sentence` among its warnings. Where none of their
    publications has a successor, nothing serves.
    """
    gone = {one.old.fingerprint for one in anew}
    with database.write() as connection:
        known = set(connection.execute(sa.select(datasets.c.fingerprint)).scalars())
        concerned = _Concerned(gone, {one.old.name for one in anew}, known)
        for name in sorted(concerned.names):
            _renumber(connection, name, {one.old.version: one for one in anew if one.old.name == name})
        told, kept = _tell(connection, concerned, sentence)
        dropped = _drop_runs(connection, kept)
        published = _republish(connection, clock, concerned, successor)
        _end_rounds(connection, clock, concerned)
        _let_go_of_arms(connection, concerned)
        for one in anew:
            _move_settings(connection, one)
    return Forgotten(len(anew), told, dropped, published)


def lost(database: Database, fingerprint: str) -> Mapping[str, Any] | None:
    """The name and size of data that a customer was taken out of, by its fingerprint; None for any other."""
    query = sa.select(settings.c.value).where(settings.c.name == f"{LOST}/{fingerprint}")
    with database.read() as connection:
        found: Mapping[str, Any] | None = connection.execute(query).scalar()
    return found


def learnt_from(plan: Mapping[str, Any]) -> set[str]:
    """The fingerprints of all data that models of a publication learnt from: those of a route or an arm may be older."""
    aside = [*((plan.get("test") or {}).get("arms") or ()), *(plan.get("routes") or ())]
    links = [*(plan.get("chain") or ()), *(one.get("model") for one in aside)]
    return {plan.get("fingerprint", ""), *(link["learnt"] for link in links if link and link.get("learnt"))}


@dataclass(frozen=True)
class _Concerned:
    """Which data learnt models may have met her in: versions that know her, and forgotten ones of the same data sets."""

    gone: set[str]
    names: set[str]
    known: set[str]

    def by(self, name: str | None, fingerprint: str) -> bool:
        return fingerprint in self.gone or (name in self.names and fingerprint not in self.known)


def _renumber(connection: sa.Connection, name: str, anew: Mapping[int, Anew]) -> None:
    query = sa.select(datasets).where(datasets.c.name == name).order_by(datasets.c.version)
    rows = connection.execute(query).all()
    number = max(row.version for row in rows)
    for row in rows:
        mine, new = datasets.c.number == row.number, anew.get(row.version)
        if row.version < min(anew):
            continue
        if new is not None and new.artefact is None:
            connection.execute(datasets.delete().where(mine))
            continue
        number += 1
        values: dict[str, Any] = {"version": number}
        if new is not None:
            values |= {"artefact": new.artefact, "fingerprint": new.fingerprint, "summary": new.summary}
        connection.execute(datasets.update().where(mine).values(values))


def _tell(connection: sa.Connection, concerned: _Concerned, sentence: str) -> tuple[int, set[str]]:
    """Warn on the answers concerned; how many experiments those are, and the runs behind the other answers."""
    told, kept = 0, set[str]()
    for row in connection.execute(sa.select(experiments)).all():
        answer = dict(row.comparison or {})
        if not concerned.by(row.dataset, row.fingerprint):
            kept |= {key for line in answer.get("leaderboard", ()) for key in line.get("run_keys", ())}
            continue
        told += 1
        warnings = [*answer.get("warnings", ())]
        if answer and sentence not in warnings:
            values = {"comparison": answer | {"warnings": [sentence, *warnings]}}
            connection.execute(experiments.update().where(experiments.c.number == row.number).values(values))
    return told, kept


def _drop_runs(connection: sa.Connection, kept: set[str]) -> int:
    """Remove every run that no answer on other data stands on: of an unfinished experiment nobody knows the data."""
    going = [key for key in connection.execute(sa.select(runs.c.key)).scalars() if key not in kept]
    for key in going:
        connection.execute(runs.delete().where(runs.c.key == key))
    return len(going)


def _republish(
    connection: sa.Connection, clock: Clock, concerned: _Concerned, successor: Successor | None
) -> int:
    rows = connection.execute(sa.select(publications)).all()
    going = [
        row.number
        for row in rows
        if any(concerned.by(row.spec.get("dataset"), one) for one in learnt_from(row.spec))
    ]
    serving = connection.execute(sa.select(settings.c.value).where(settings.c.name == SERVING)).scalar()
    if serving in going:
        connection.execute(settings.delete().where(settings.c.name == SERVING))
        if successor is not None:
            made = (successor.version, successor.spec, successor.artefact)
            let_serve(connection, clock.now(), *made, who="an erasure")
    for number in going:
        connection.execute(publications.delete().where(publications.c.number == number))
    return len(going)


def _end_rounds(connection: sa.Connection, clock: Clock, concerned: _Concerned) -> None:
    """Let go of challengers that learnt from her; an open round that knows her data is over."""
    for row in connection.execute(sa.select(rounds)).all():
        if not concerned.by(row.spec.get("dataset"), row.spec.get("fingerprint", "")):
            continue
        live = row.state in OPEN
        told = [{"step": "decision", "passed": None, "short": ERASED, "sentence": ERASED}] if live else []
        values = {
            "state": RoundState.cancelled if live else row.state,
            "spec": row.spec | {"plan": None},
            "findings": [*(row.findings or ()), *told],
            "changed": clock.now(),
        }
        connection.execute(rounds.update().where(rounds.c.id == row.id).values(values))


def _let_go_of_arms(connection: sa.Connection, concerned: _Concerned) -> None:
    """Let go of models of A/B tests that learnt from her; who is served by one is served by what is published anew."""
    for row in connection.execute(sa.select(ab_tests)).all():
        spec = without_models(
            row.spec, lambda learnt: learnt in concerned.gone or learnt not in concerned.known
        )
        connection.execute(ab_tests.update().where(ab_tests.c.id == row.id).values(spec=spec))


def _move_settings(connection: sa.Connection, one: Anew) -> None:
    """What was kept by the old fingerprint (its recipe, its files) goes with the data; what it was stays known."""
    names = connection.execute(sa.select(settings.c.name)).scalars().all()
    facts = {
        "name": one.old.name,
        **{part: one.old.summary.get(part, 0) for part in ("rows", "customers", "items")},
    }
    ours = f"{LOST}/{one.old.fingerprint}"
    for name in (name for name in names if name.endswith(f"/{one.old.fingerprint}") and name != ours):
        moved = name.removesuffix(one.old.fingerprint) + one.fingerprint
        connection.execute(settings.delete().where(settings.c.name == moved))
        if one.artefact is None:
            connection.execute(settings.delete().where(settings.c.name == name))
        else:
            connection.execute(settings.update().where(settings.c.name == name).values(name=moved))
    connection.execute(settings.delete().where(settings.c.name == ours))
    connection.execute(settings.insert().values(name=ours, value=facts))
