"""What every log of decisions must add up by customer, whatever database is under it."""

from datetime import timedelta

from reco_lab.core.clock import ManualClock
from reco_lab.core.events import FeedbackKind, Stage
from reco_lab.store.events.by_customer import COUNTED
from reco_lab.testing.events import WAIT, Opens, decision, feedback

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


def adds_up_by_customer_arm_and_day(opens: Opens, clock: ManualClock) -> None:
    """What came of her ads counts once, on the day of its decision, if it came in time; nobody is no customer."""
    log, begin = opens(), clock.now()
    log.log(decision(clock, 1, ads=("A1", "A2"), arm="t/A"))
    log.log(decision(clock, 2, arm="t/A", stage=Stage.popular, latency_us=60))
    log.log(decision(clock, 3, "p_bob", ads=(), arm="t/B"))
    log.log(decision(clock, 4, "", arm="t/A"))
    log.log(decision(clock, 5, "p_cleo", arm="everybody"))
    clock.at += _DAY
    log.log(decision(clock, 6, arm="t/A"))
    came = [
        feedback(clock, "e1", "d-1-0"),
        feedback(clock, "e2", "d-1-0"),
        feedback(clock, "e3", "d-1-0", FeedbackKind.conversion, value=5.0),
        feedback(clock, "e4", "d-1-0", FeedbackKind.conversion, value=2.5),
        feedback(clock, "e5", "d-2-0", FeedbackKind.dismiss),
        feedback(clock, "e6", "d-2-0", FeedbackKind.dismiss),
    ]
    log.track(came).result(WAIT)
    clock.at += 10 * _DAY
    log.track(
        [feedback(clock, "e7", "d-2-0"), feedback(clock, "e8", "d-6-0", FeedbackKind.conversion)]
    ).result(WAIT)
    found = log.by_customer(begin, clock.now(), step=_DAY, within=_WEEK, arms=("t/A", "t/B"))
    rows = {
        (row.customer, row.arm, row.step): tuple(getattr(row, name) for name in COUNTED)
        for row in found.itertuples()
    }
    cost, click = 0.01, 0.2
    assert rows == {
        ("p_ann", "t/A", 0): (2, 200, 1, 3, 1, 3 * cost + click, 1, 2, 7.5),
        ("p_ann", "t/A", 1): (1, 140, 0, 1, 0, cost, 0, 0, 0),
        ("p_bob", "t/B", 0): (1, 140, 0, 0, 0, 0, 0, 0, 0),
    }, "each customer's sums are those of her own decisions"
    everybody = log.by_customer(begin, clock.now(), step=_DAY, within=_WEEK)
    assert set(everybody["customer"]) == {"p_ann", "p_bob", "p_cleo"}, "nobody is no customer"


def adds_up_nothing_where_nothing_is(opens: Opens, clock: ManualClock) -> None:
    """An empty log gives an empty table with its columns."""
    found = opens().by_customer(clock.now() - _DAY, clock.now(), step=_DAY, within=_WEEK)
    assert found.empty, "nothing was decided"
    assert list(found.columns) == ["customer", "arm", "step", *COUNTED], "its columns are there"


SUM_CHECKS = (adds_up_by_customer_arm_and_day, adds_up_nothing_where_nothing_is)
