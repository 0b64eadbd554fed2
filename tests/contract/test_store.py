"""Every store keeps the contract, and each villain is caught by the check that names its crime."""

from datetime import UTC, datetime

import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import NotFoundError
from reco_lab.store.database import Database
from reco_lab.store.queue import Queue
from reco_lab.store.schema import jobs
from reco_lab.store.store import Store
from reco_lab.testing.queue import QUEUE_CHECKS
from reco_lab.testing.store import STORE_CHECKS

CHECKS = (*STORE_CHECKS, *QUEUE_CHECKS)


class MakesVersionsForEver(Store):
    def add_dataset(self, name, fingerprint, *rest, **more):
        super().add_dataset(name, f"{fingerprint}-before", *rest, **more)
        return super().add_dataset(name, fingerprint, *rest, **more)


class ForgetsRuns(Store):
    def run(self, key):
        return None


class MixesUpSettings(Store):
    def set_setting(self, name, value):
        super().set_setting(name, str(value))


class PushesAside(Store):
    def add_dataset(self, *given, after="", **more):
        return super().add_dataset(*given, **more)


class DropsForGood(Store):
    def bring_back(self, name, version):
        found = next(one for one in self.dropped() if (one.name, one.version) == (name, version))
        self.forget_versions([found])
        return found


class GivesNumbersAgain(Store):
    def drop_dataset(self, name, version):
        gone = super().drop_dataset(name, version)
        self.forget_versions([gone])
        return gone


class ForgetsTheLiving(Queue):
    def forget(self, ids):
        with self.database.write() as connection:
            connection.execute(jobs.delete().where(jobs.c.id.in_(list(ids))))


class LooksAtDatasetsOnly(Store):
    def references(self):
        return {one.artefact for one in self.datasets()}


class NeverGivesUp(Queue):
    def _after_death(self, row):
        return super()._after_death(row) | {"interrupted": 0, "state": "queued"}


class TrustsEveryWorker(Queue):
    def _update(self, claim, values):
        return super()._update(self.get(claim.id), values)


class QueuesEveryClick(Queue):
    def submit(self, kind, payload, *, key=None):
        return super().submit(kind, payload)


VILLAINS = [
    (MakesVersionsForEver, Queue, "check_the_same_content_makes_no_second_version"),
    (PushesAside, Queue, "check_a_version_follows_the_one_that_it_was_made_of"),
    (ForgetsRuns, Queue, "check_a_run_is_found_by_its_key"),
    (MixesUpSettings, Queue, "check_settings_keep_json"),
    (DropsForGood, Queue, "check_a_dropped_version_is_gone_and_can_be_brought_back"),
    (GivesNumbersAgain, Queue, "check_the_number_of_a_dropped_version_is_not_given_again"),
    (Store, ForgetsTheLiving, "check_what_is_forgotten_is_gone_for_good"),
    (LooksAtDatasetsOnly, Queue, "check_every_artefact_that_a_record_names_is_known"),
    (Store, NeverGivesUp, "check_a_job_is_taken_up_again_once"),
    (Store, TrustsEveryWorker, "check_a_worker_that_lost_its_job_cannot_touch_it"),
    (Store, QueuesEveryClick, "check_a_live_job_with_the_same_key_is_joined"),
]


def perform(check, database, store=Store, queue=Queue):
    clock = ManualClock(datetime(2026, 5, 1, 12, tzinfo=UTC))
    try:
        check(store(database, clock), queue(database, clock), clock)
    finally:
        database.close()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_store_on_sqlite_keeps_its_contract(check, tmp_path):
    perform(check, Database.open(tmp_path))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_store_on_postgresql_keeps_its_contract(check, postgresql, tmp_path):
    perform(check, Database.open(tmp_path, postgresql.schema()))


@pytest.mark.parametrize(("store", "queue", "crime"), VILLAINS)
def test_a_villain_is_caught_by_the_check_that_names_its_crime(store, queue, crime, tmp_path):
    check = next(one for one in CHECKS if one.__name__ == crime)
    with pytest.raises((AssertionError, NotFoundError)):
        perform(check, Database.open(tmp_path), store, queue)
