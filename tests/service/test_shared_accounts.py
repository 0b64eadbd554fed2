"""Caps and budgets hold across workers that share a server."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.core.events import Unbilled
from reco_lab.store.events import Claim, EventLog, SharedAccounts
from reco_lab.testing.events import decision, feedback

DAY = date(2026, 5, 1)
WORKERS = 4


@pytest.fixture
def workers(postgresql, tmp_path):
    url = postgresql.schema()
    opened = [SharedAccounts.open(tmp_path, url) for _ in range(WORKERS)]
    opened[0].url = url
    yield opened
    for one in opened:
        one.close()


def granted(worker, customer, wanted, day):
    return worker.claim(customer, wanted, day, 0).granted


def at_once(workers, claim, times):
    with ThreadPoolExecutor(WORKERS) as pool:
        return [
            one for many in pool.map(lambda one: [claim(one) for _ in range(times)], workers) for one in many
        ]


def test_a_cap_holds_exactly_across_workers(workers):
    wanted = [Claim("A1", cap=5), Claim("A2")]
    told = at_once(workers, lambda one: granted(one, "p_ann", wanted, DAY), 6)
    assert sum(first for first, _ in told) == 5
    assert all(second for _, second in told)
    assert granted(workers[0], "p_bob", wanted, DAY) == (True, True)
    assert granted(workers[0], "p_ann", wanted, DAY + timedelta(days=1)) == (True, True)
    assert granted(workers[0], "", wanted, DAY) == (True, True)


def test_a_budget_is_passed_by_at_most_one_decision_a_worker(workers):
    told = at_once(
        workers, lambda one: granted(one, "", [Claim("A1", 0.5, daily=10.0, total=100.0)], DAY), 20
    )
    today, ever = workers[0].billed(DAY)["A1"]
    assert today == ever == 0.5 * sum(first for (first,) in told)
    assert 10.0 <= today <= 10.0 + 0.5 * WORKERS
    assert granted(workers[1], "", [Claim("A1", 0.5, daily=10.0, total=100.0)], DAY) == (False,)
    tomorrow = DAY + timedelta(days=1)
    assert granted(workers[1], "", [Claim("A1", 0.5, daily=10.0, total=100.0)], tomorrow) == (True,)
    assert granted(workers[1], "", [Claim("A1", 0.5, total=today)], tomorrow) == (False,)


def test_what_a_budget_forbids_is_not_counted_against_the_cap(workers):
    assert granted(workers[0], "p_ann", [Claim("A1", cap=1, daily=0.0)], DAY) == (False,)
    assert granted(workers[0], "p_ann", [Claim("A1", cap=1)], DAY) == (True,)


def test_first_clicks_are_billed_once_whichever_worker_hears_of_them(workers, tmp_path):
    clock = ManualClock(datetime(2026, 5, 1, 12, tzinfo=UTC))
    logs = [EventLog.open(tmp_path / name, clock, workers[0].url, writer=True) for name in ("one", "two")]
    for number in range(20):
        logs[0].log(decision(clock, number))
    logs[0].track([]).result(20)
    told = [
        log.track([feedback(clock, f"{place}-{number}", f"d-{number}-0") for number in range(20)])
        for place, log in enumerate(logs)
    ]
    assert [one.result(20).accepted for one in told] == [20, 20]
    assert workers[0].billed(DAY)["A1"] == pytest.approx((4.0, 4.0))
    assert logs[0].clicks() == {"A1": (20, 20)}
    for log in logs:
        log.close()


def test_decisions_that_the_books_do_not_know_are_billed_once_as_the_log_takes_them_in(workers, tmp_path):
    clock = ManualClock(datetime(2026, 5, 1, 12, tzinfo=UTC))
    logs = [EventLog.open(tmp_path / name, clock, workers[0].url, writer=True) for name in ("one", "two")]
    for number in range(20):
        told = decision(clock, number)
        logs[0].log(Unbilled(**vars(told)) if number % 2 else told)
    click = logs[0].track([feedback(clock, "e-1", "d-1-0")])  # in one batch with them
    assert click.result(20).accepted == 1
    for log in logs:
        log.log(Unbilled(**vars(decision(clock, 1))))
        log.flush()
    assert workers[0].billed(DAY)["A1"] == pytest.approx((10 * 0.01 + 0.2,) * 2)
    told = decision(clock, 1)
    ad = told.placed[0].ad_id
    assert granted(workers[1], told.customer, [Claim(ad, cap=1)], clock.now().date()) == (False,)
    assert granted(workers[1], "p_somebody_else", [Claim(ad, cap=1)], clock.now().date()) == (True,)
    for log in logs:
        log.close()


def test_who_got_what_before_yesterday_is_forgotten_and_what_was_billed_is_not(workers):
    wanted = [Claim("A1", 0.5, cap=1)]
    assert granted(workers[0], "p_ann", wanted, DAY) == (True,)
    assert granted(workers[1], "", [Claim("A1", 2.0)], DAY) == (True,)
    workers[1].close_before(DAY)
    assert granted(workers[0], "p_ann", wanted, DAY) == (False,)
    for worker in workers:
        assert granted(worker, "", [Claim("A2", 1.0)], DAY) == (True,)
        worker.close_before(tomorrow := DAY + timedelta(days=1))
        assert workers[0].billed(tomorrow)["A1"] == (0.0, 2.5)
    assert workers[0].billed(tomorrow)["A2"] == (0.0, float(WORKERS))
    assert granted(workers[0], "p_ann", wanted, DAY) == (True,)
    assert granted(workers[0], "", [Claim("A1", total=2.5)], tomorrow) == (False,)


def test_nothing_wanted_is_nothing_granted(workers):
    assert granted(workers[0], "p_ann", [], DAY) == ()


@pytest.mark.parametrize("way", [pytest.param("erase", marks=pytest.mark.slow), "expire"])
def test_money_is_kept_once_where_all_workers_remove_the_same_decisions_at_once(workers, tmp_path, way):
    clock = ManualClock(datetime(2026, 5, 1, 12, tzinfo=UTC))
    logs = [
        EventLog.open(tmp_path / str(number), clock, workers[0].url, writer=True) for number in range(WORKERS)
    ]
    for number in range(1000):
        logs[0].log(decision(clock, number))
    logs[0].track([feedback(clock, "e-1", "d-1-0")]).result(20)
    before = logs[0].spending(DAY)
    clock.at += timedelta(days=100)
    deeds = {"erase": lambda log: log.erase("p_ann"), "expire": lambda log: log.expire(clock.at)}
    with ThreadPoolExecutor(WORKERS) as pool:
        assert sum(pool.map(deeds[way], logs)) > 1000
    assert logs[0].counts().decisions == 0
    assert logs[0].spending(DAY)["A1"] == pytest.approx(before["A1"])
    for log in logs:
        log.close()


def test_what_two_workers_try_again_at_once_is_kept_apart_once(workers, tmp_path):
    clock = ManualClock(datetime(2026, 5, 1, 12, tzinfo=UTC))
    logs = [
        EventLog.open(tmp_path / str(number), clock, workers[0].url, writer=True) for number in range(WORKERS)
    ]
    early = [feedback(clock, f"e-{number}", f"d-{number}-0") for number in range(300)]
    assert len(logs[0].track(early).result(20).refused) == 300
    for number in range(100):
        logs[0].log(decision(clock, number))
    logs[0].track([]).result(20)
    with ThreadPoolExecutor(WORKERS) as pool:
        told = list(pool.map(lambda log: log.replay(), logs))
    assert sum(one.accepted for one in told) == 100
    assert len(logs[0].refused(1000)) == 200
    for log in logs:
        log.close()
