"""Every store keeps the contract, and each villain is caught by the check that names its crime."""

import os
import uuid
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from reco_lab.core.clock import ManualClock
from reco_lab.store.database import Database
from reco_lab.store.queue import Queue
from reco_lab.store.store import Store
from reco_lab.testing.store import STORE_CHECKS


def on_sqlite(folder):
    return Database.open(folder)


def on_postgres(folder):
    server = os.environ.get("RECO_LAB_TEST_POSTGRES")
    if not server:
        pytest.skip("RECO_LAB_TEST_POSTGRES names no PostgreSQL server to test on")
    schema = f"test_{uuid.uuid4().hex}"
    engine = sa.create_engine(server)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    engine.dispose()
    url = sa.make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
    return Database.open(folder, url.render_as_string(hide_password=False))


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
    (ForgetsRuns, Queue, "check_a_run_is_found_by_its_key"),
    (MixesUpSettings, Queue, "check_settings_keep_json"),
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


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("opened", [on_sqlite, on_postgres])
def test_the_store_keeps_its_contract(opened, check, tmp_path):
    perform(check, opened(tmp_path))


@pytest.mark.parametrize(("store", "queue", "crime"), VILLAINS)
def test_a_villain_is_caught_by_the_check_that_names_its_crime(store, queue, crime, tmp_path):
    caught = []
    for check in STORE_CHECKS:
        try:
            perform(check, Database.open(tmp_path / check.__name__), store, queue)
        except AssertionError:
            caught.append(check.__name__)
    assert crime in caught
