"""The contract of a log about what is old: gone when asked for, billed for ever, and never counted again."""

from datetime import timedelta

from reco_lab.core.clock import ManualClock
from reco_lab.core.events import FeedbackKind
from reco_lab.testing.events import Check, Opens, decision, feedback, told, visit

_KEPT = timedelta(days=100)


def check_what_is_old_goes_and_what_it_was_billed_stays(opens: Opens, clock: ManualClock) -> None:
    """Decisions with what came of them, visits and refused events; younger ones and the sums of money stay."""
    log = opens()
    long_ago = clock.now()
    log.log(decision(clock, 1))
    old = [feedback(clock, "e-1", "d-1-0"), feedback(clock, "e-2", "d-1-0", FeedbackKind.impression)]
    told(log, old)
    visits = [visit(clock, "v-1")]
    log.visit(visits).result(10)
    log.refuse([("not an event", "why not")])
    billed = log.spending(long_ago.date())
    clock.at += _KEPT
    log.log(decision(clock, 2, "p_bob"))
    told(log, [feedback(clock, "e-3", "d-2-0")])
    log.visit([visit(clock, "v-2", "p_bob")]).result(10)
    ever = {ad: both[1] for ad, both in log.spending(clock.now().date()).items()}
    assert log.decided_before(clock.now()) == 1
    assert log.expire(clock.now() - timedelta(days=1)) > 0
    assert log.decided_before(clock.now()) == 0
    assert [one.request_id for one in log.decisions()] == ["r-000000002"]
    assert [event.event_id for _, event in log.feedback()] == ["e-3"]
    assert [one.event_id for _, one in log.visits()] == ["v-2"]
    assert log.refused() == []
    assert log.spending(long_ago.date()).keys() >= billed.keys()
    for ad, (that_day, _) in billed.items():
        assert abs(log.spending(long_ago.date())[ad][0] - that_day) < 1e-9
    assert all(
        abs(both[1] - ever[ad]) < 1e-9 for ad, both in log.spending(clock.now().date()).items() if ad in ever
    )
    assert log.expire(clock.now() - timedelta(days=1)) == 0
    log.close()


def check_what_went_is_not_counted_when_it_is_sent_again(opens: Opens, clock: ManualClock) -> None:
    """Its time is too long ago by then, for events and visits alike."""
    log = opens()
    log.log(decision(clock, 1))
    old, visits = [feedback(clock, "e-1", "d-1-0")], [visit(clock, "v-1")]
    told(log, old)
    log.visit(visits).result(10)
    clock.at += _KEPT
    log.expire(clock.now() - timedelta(days=91))
    assert told(log, old).accepted == 0
    assert log.visit([visit(clock, "v-1", at=visits[0].at)]).result(10).accepted == 0
    assert log.feedback() == []
    assert log.visits() == []
    log.close()


EXPIRY_CHECKS: tuple[Check, ...] = (
    check_what_is_old_goes_and_what_it_was_billed_stays,
    check_what_went_is_not_counted_when_it_is_sent_again,
)
