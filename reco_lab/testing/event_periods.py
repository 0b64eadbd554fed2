"""What every log must say of a period as a whole, whatever database is under it: see `testing.events`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np

from reco_lab.core.clock import ManualClock, microseconds
from reco_lab.core.events import Feedback, FeedbackKind, Stage
from reco_lab.store.events.log import EventLog
from reco_lab.store.events.measuring import AT_ONCE, NEVER, Mirror, Period
from reco_lab.testing.events import Opens, decision, feedback, told, visit

HOUR = 3_600_000_000


def spelled(period: Period) -> list[tuple[object, ...]]:
    """A period as rows that a person could read, an ad each; a decision without ads has none of its own."""
    of = period.placed["of"]
    texts = {name: np.array(period.names[name], object) for name in period.names}
    return [
        (
            int(period.decided["at"][row]),
            *(texts[name][period.decided[name][row]] for name in ("customer", "slot", "stage", "model_version", "arm")),
            texts["ad_id"][period.placed["ad_id"][place]],
            *(period.placed[name][place].item() for name in ("position", "propensity", "score", "cost", "click_cost")),
            *(period.placed[name][place].item() for name in ("seen", "clicked")),
        )
        for place, row in enumerate(of)
    ]  # fmt: skip


def _around(clock: ManualClock) -> tuple[int, int]:
    now = microseconds(clock.now())
    return now - HOUR, now + HOUR


def check_a_period_holds_every_decision_and_its_ads(opens: Opens, clock: ManualClock) -> None:
    """All columns, in the order of time and place, a decision without ads too, and nothing from outside of it."""
    log = opens()
    made = [
        decision(clock, 1, customer="", ads=("A1", "A2")),
        decision(clock, 2, ads=(), stage=Stage.house),
        decision(clock, 3, ads=("A3",), slot="cart", latency_us=7),
    ]
    for one in (*made, decision(clock, 4, at=clock.now() - timedelta(hours=2))):
        log.log(one)
    told(log, [feedback(clock, "e1", "d-1-1")])
    held = Mirror(log).period(*_around(clock))
    assert held.decided["at"].tolist() == [microseconds(one.at) for one in made]
    assert held.decided["latency_us"].tolist() == [140, 140, 7]
    assert held.decided["n_candidates"].tolist() == [12, 12, 12]
    expected = [
        (
            microseconds(one.at), one.customer, one.slot, str(one.stage), one.model_version, one.arm, each.ad_id,
            each.position, each.propensity, each.score, each.cost, each.click_cost, NEVER,
            microseconds(clock.now()) if each.ad_id == "A2" else NEVER,
        )
        for one in made
        for each in one.placed
    ]  # fmt: skip
    assert spelled(held) == expected


def check_a_mirror_is_as_good_as_reading_anew(opens: Opens, clock: ManualClock) -> None:
    """Whatever comes, in whatever order, and whichever period is asked for."""
    log, rng = opens(), np.random.default_rng(0)
    mirror, number = Mirror(log), 0
    for _ in range(6):
        for _ in range(int(rng.integers(0, 5))):
            number += 1
            log.log(decision(clock, number, customer=f"p{number % 3}", ads=("A1", f"A{number}")))
        told(log, _some(clock, rng, number))
        clock.at += timedelta(minutes=11)
        end = microseconds(clock.now())
        begin = end - int(rng.integers(1, 5)) * HOUR // 4
        assert spelled(mirror.period(begin, end)) == spelled(Mirror(log).period(begin, end))
    assert number


def check_a_mirror_finds_what_is_written_after_it_looked(opens: Opens, clock: ManualClock) -> None:
    """Decisions of a moment ago, and of long ago where a journal kept them."""
    log, number = opens(), 0
    mirror = Mirror(log)
    for late in (timedelta(), timedelta(milliseconds=50), timedelta(minutes=20)):
        for _ in range(3):
            number += 1
            log.log(decision(clock, number, at=clock.now() - late))
        told(log, [feedback(clock, f"e{number}", "nobody")])  # what came before it is written by then
        end = microseconds(clock.now()) + 1
        assert spelled(mirror.period(end - HOUR, end)) == spelled(Mirror(log).period(end - HOUR, end))
        assert len(mirror.period(end - HOUR, end)) == number
        clock.at += timedelta(milliseconds=10)


def check_a_period_longer_than_is_read_at_once_comes_whole(opens: Opens, clock: ManualClock) -> None:
    """Each ad of each decision once, in their order, wherever one reading ends and the next begins."""
    log, begin = opens(), microseconds(clock.now())
    count = AT_ONCE // 2 + 1
    for number in range(count):
        log.log(decision(clock, number, ads=("A1", "A2"), at=clock.now()))
        clock.at += timedelta(milliseconds=1)
    told(log, [feedback(clock, "e1", "nobody")])  # what came before it is written by then
    held = Mirror(log).period(begin, begin + HOUR)
    assert held.decided["at"].tolist() == [begin + 1000 * number for number in range(count)]
    assert held.placed["of"].tolist() == [number for number in range(count) for _ in range(2)]
    assert held.placed["position"].tolist() == [0, 1] * count


def _some(clock: ManualClock, rng: np.random.Generator, number: int) -> list[Feedback]:
    kinds = (FeedbackKind.impression, FeedbackKind.click)
    return [
        feedback(
            clock, f"e{rng.integers(1 << 60)}", f"d-{one}-{rng.integers(2)}", kinds[int(rng.integers(2))]
        )
        for one in rng.integers(1, number + 1, 3 if number else 0)
    ]


def check_where_there_is_too_much_the_oldest_is_left_out(opens: Opens, clock: ManualClock) -> None:
    """And that is said."""
    log = opens()
    for number in range(1, 8):
        log.log(decision(clock, number))
    told(log, [])
    held = Mirror(log, most=3).period(*_around(clock))
    assert (len(held), held.cut) == (3, True)
    assert not Mirror(log, most=7).period(*_around(clock)).cut


def check_conversions_come_with_their_decisions(opens: Opens, clock: ManualClock) -> None:
    """Those of the period's decisions, with what they were worth; purchases told as visits apart."""
    log = opens()
    log.log(decision(clock, 1, ads=("A1", "A2")))
    bought = feedback(clock, "e1", "d-1-1", FeedbackKind.conversion, value=7.5)
    told(log, [bought, feedback(clock, "e2", "d-1-0")])
    log.visit([visit(clock, "v1", kind="purchase", value=3.0), visit(clock, "v2")]).result()
    begin, end = _around(clock)
    found = log.conversions(begin, end)
    assert found[["ad_id", "position", "customer", "slot", "value"]].to_numpy().tolist() == [
        ["A2", 1, "p_ann", "home", 7.5]
    ]
    assert log.conversions(begin - HOUR, begin).empty
    assert log.purchases(begin, end)[["customer", "item_id", "value"]].to_numpy().tolist() == [
        ["p_ann", "i-1", 3.0]
    ]


def check_what_was_sent_is_counted_by_its_arrival(opens: Opens, clock: ManualClock) -> None:
    """Accepted and refused, in steps of time."""
    log = opens()
    log.log(decision(clock, 1))
    none = log.told(*_around(clock), HOUR)
    assert none.empty
    assert set(none.dtypes) == {np.dtype(np.int64)}
    told(log, [feedback(clock, "e1", "d-1-0"), feedback(clock, "e2", "nobody")])
    clock.at += timedelta(minutes=30)
    log.refuse([("{", "no JSON")])
    told(log, [replace(feedback(clock, "e3", "d-1-0"), kind=FeedbackKind.dismiss)])
    begin = microseconds(clock.now()) - HOUR // 2
    found = log.told(begin, begin + HOUR, HOUR // 4)
    assert found.to_numpy().tolist() == [[0, 1, 1], [2, 1, 1]]


def check_the_pulse_beats_when_something_comes(opens: Opens, clock: ManualClock) -> None:
    """A decision or an event changes it, nothing else does."""
    log: EventLog = opens()
    assert log.pulse() == (0, 0)
    log.log(decision(clock, 1))
    told(log, [])
    first = log.pulse()
    assert first == log.pulse() != (0, 0)
    told(log, [feedback(clock, "e1", "d-1-0")])
    assert log.pulse() > first


PERIOD_CHECKS: tuple[Callable[[Opens, ManualClock], None], ...] = (
    check_a_period_holds_every_decision_and_its_ads,
    check_a_mirror_is_as_good_as_reading_anew,
    check_a_mirror_finds_what_is_written_after_it_looked,
    check_a_period_longer_than_is_read_at_once_comes_whole,
    check_where_there_is_too_much_the_oldest_is_left_out,
    check_conversions_come_with_their_decisions,
    check_what_was_sent_is_counted_by_its_arrival,
    check_the_pulse_beats_when_something_comes,
)
