"""Several servers of ads on one database server: what one is told all know, and none stands still when it is gone."""

import asyncio
import os
import signal
import sys
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from reco_lab.api.settings import ApiSettings
from reco_lab.core.ads import Ad, Billing
from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import NotNowError
from reco_lab.services import bookings
from reco_lab.services.ad_messages import VisitIn
from reco_lab.services.ad_server import AdServer
from reco_lab.store.events import accounts
from reco_lab.store.keyring import Scope
from reco_lab.testing.service import asked
from reco_lab.testing.serving import open_shop
from reco_lab.testing.waiting import until
from reco_lab.workspace import Workspace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
do = asyncio.run


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, postgresql):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECO_LAB_DATABASE_URL", postgresql.schema())
        opened = Workspace.open(tmp_path_factory.mktemp("workers") / "home", clock=ManualClock(NOON))
        open_shop(opened)
        dear = {"bid": 1.0, "billing": Billing.decision, "slots": ("top",), "daily_budget": 20.0}
        bookings.book(opened, Ad(id="dear", title="Dear", item="i01", **dear))
        yield opened
        opened.close()


@pytest.fixture
def workers(workspace):
    opened = [AdServer.open(workspace, rng=np.random.default_rng(seed)) for seed in (0, 1)]
    yield opened
    for one in opened:
        one.close()


def test_what_one_worker_is_told_of_a_customer_every_worker_knows(workers):
    one, other = workers
    do(one.put_user("u01", {"consent": "no"}))
    do(other.refresh())
    assert not other.weigh("u01").personal
    do(one.put_user("u02", {"consent": "no"}))
    do(other.put_user("u02", {"country": "NL"}))  # it does not undo a wish that it had not heard of yet
    assert not other.weigh("u02").personal
    do(one.refresh())
    assert not one.weigh("u02").personal
    assert other.log.described("users")[other.name_of("u02")] == {"country": "NL", "consent": "no"}
    with closing(AdServer.open(one.workspace)) as later:
        assert not later.weigh("u01").personal


def test_while_the_server_is_gone_ads_are_served_and_what_they_cost_is_billed_when_it_is_back(
    workers, postgresql
):
    one, other = workers
    assert one.ads("u03", "top", n=25).decision.placed
    spent = one.sharing.books.billed(NOON.date())["dear"][0]
    postgresql.stop()
    try:
        shown = [one.ads(f"u{number:02d}", "top", n=25) for number in range(4, 40)]
        bills = sum(ad.id == "dear" for answer in shown for ad in answer.ads)
        assert 3 <= spent + bills <= 12  # what is released of 20 by noon
        assert one.recommendations("u05").items
        assert do(one.visit([VisitIn("v-1", "u05", "i03")])).accepted == 1
        assert any("does not answer" in problem for problem in one.readiness().problems)
        with pytest.raises(NotNowError):
            do(one.refresh())
        with pytest.raises(NotNowError):
            do(one.user("u05"))
    finally:
        postgresql.start()
    until(lambda: one.log.healthy() == "")
    for worker in workers:
        do(worker.refresh())
        assert worker.readiness().ready
    assert one.sharing.books.billed(NOON.date())["dear"] == pytest.approx((spent + bills,) * 2)
    place = other.snapshot.booked.places["dear"]
    assert other.standing.accounts.billed(place).today == pytest.approx(spent + bills)
    assert one.ads("u05").decision.placed
    assert not one.sharing.silent


def test_what_a_worker_showed_while_the_server_was_gone_is_billed_though_it_died_before_it_was_back(
    workspace, postgresql
):
    bookings.book(workspace, Ad(id="owed", title="Owed", bid=1.0, billing=Billing.decision, slots=("owed",)))
    with closing(AdServer.open(workspace)) as one:
        one.ads("u09", "owed", n=25)
        postgresql.stop()
        try:
            for number in range(10, 14):
                one.ads(f"u{number:02d}", "owed", n=25)
            one.close()  # the books were not asked again
        finally:
            postgresql.start()
    for _ in range(2):
        with closing(AdServer.open(workspace)) as later:
            assert later.sharing.books.billed(NOON.date())["owed"] == (5.0, 5.0)
            place = later.snapshot.booked.places["owed"]
            assert later.standing.accounts.billed(place).today == 5.0


def test_who_asks_for_what_needs_the_server_is_told_when_to_try_again(workspace, postgresql):
    with asked(workspace, ApiSettings(rate_per_customer=0), Scope.admin) as client:
        postgresql.stop()
        try:
            assert client.get("/ads?user_id=u05").status_code == 200
            booked = client.put("/ads/new", json={"title": "New"})
            copied = client.get("/users/u05")
            erased = client.delete("/users/u59")
            assert client.get("/ready").status_code == 503
        finally:
            postgresql.start()
        for answer in (booked, copied, erased):
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_now"), answer.text
            assert int(answer.headers["Retry-After"]) > 0
        until(lambda: client.get("/ready").status_code == 200)
        assert client.put("/ads/new", json={"title": "New"}).status_code == 200


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the server's processes are looked up in /proc")
def test_a_server_that_falls_silent_holds_up_one_answer_for_some_seconds_and_the_rest_not_at_all(
    workers, postgresql
):
    one = workers[0]
    one.ads("u05")
    with frozen(postgresql):
        begun = time.monotonic()
        assert one.ads("u06").decision.placed
        assert time.monotonic() - begun < 3 * accounts.SLOWEST
        begun = time.monotonic()
        assert all(one.ads(f"u{number:02d}").decision.placed for number in range(20, 30))
        assert time.monotonic() - begun < accounts.SLOWEST
        assert not one.readiness().ready
    do(one.refresh())
    until(lambda: one.readiness().ready)


@contextmanager
def frozen(server):
    """The server's processes stand still."""
    first = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    every = [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]
    for process in every:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in every:
            os.kill(process, signal.SIGCONT)
