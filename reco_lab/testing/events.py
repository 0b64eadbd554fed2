"""What every log of decisions and events must do, whatever database is under it.

Each check takes a way to open the log (again, or for reading only) and the ManualClock it is opened with.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import numpy as np

from reco_lab.core.clock import Clock, ManualClock
from reco_lab.core.errors import InputError
from reco_lab.core.events import Decision, Feedback, FeedbackKind, Placed, Stage, Visit
from reco_lab.store.events import EventLog, Tracked


class Opens(Protocol):
    """Opens the log."""

    def __call__(self, *, writer: bool = True) -> EventLog:
        """Open it, for writing or for reading only."""
        ...


Check = Callable[[Opens, ManualClock], None]
WAIT = 30.0
_DAY = timedelta(days=1)


def decision(
    clock: Clock, number: int, customer: str = "p_ann", ads: Sequence[str] = ("A1",), **more: Any
) -> Decision:
    """A decision with a number of its own; its ads' decision ids are `d-NUMBER-PLACE`."""
    placed = tuple(
        Placed(f"d-{number}-{place}", ad, place, 0.5, 0.9, 0.01, 0.2) for place, ad in enumerate(ads)
    )
    one = Decision(
        f"r-{number:09d}",
        clock.now() + timedelta(microseconds=number),
        customer,
        "home",
        placed,
        "c0ffee",
        12,
        "model-1",
        "greedy",
        "",
        Stage.model,
        {"not in its flight": 3},
        140,
    )
    return replace(one, **more)


def feedback(
    clock: Clock, id_: str, of: str, kind: FeedbackKind = FeedbackKind.click, **more: Any
) -> Feedback:
    """An event of this moment."""
    return replace(Feedback(id_, of, kind, clock.now(), clock.now()), **more)


def visit(clock: Clock, id_: str, customer: str = "p_ann", item: str = "i-1", **more: Any) -> Visit:
    """A visit of this moment."""
    return replace(Visit(id_, customer, item, "view", clock.now(), clock.now()), **more)


def told(log: EventLog, events: Sequence[Feedback]) -> Tracked:
    """Track events and wait for the answer."""
    return log.track(events).result(WAIT)


def counted(answer: Tracked) -> tuple[int, int]:
    """How many were accepted and repeated, of a batch of which nothing was refused."""
    assert not answer.refused
    return answer.accepted, answer.duplicates


def check_a_decision_comes_back_as_it_was(opens: Opens, clock: ManualClock) -> None:
    """Every field, by its request and by each of its ads, with all that came of it."""
    log = opens()
    one = decision(clock, 1, ads=("A1", "A2"), slot="häuslich", latency_us=7)
    log.log(one)
    events = [
        feedback(clock, "e-1", "d-1-0", FeedbackKind.impression),
        feedback(clock, "e-2", "d-1-1", FeedbackKind.conversion, value=19.9),
    ]
    assert counted(told(log, events)) == (2, 0)
    for id_ in (one.request_id, "d-1-0", "d-1-1"):
        assert log.decision(id_) == (one, events)
    assert log.decision("never") is None
    log.close()


def check_decisions_are_found_by_who_what_where_and_when(opens: Opens, clock: ManualClock) -> None:
    """Newest first, in pages."""
    log = opens()
    made = [
        decision(clock, 1, "p_ann", ("A1", "A2")),
        decision(clock, 2, "p_ann", ("A2",), slot="cart"),
        decision(clock, 3, "p_bob", ("A3",)),
        decision(clock, 4, "", ("A1",)),
    ]
    for one in made:
        log.log(one)
    told(log, [])
    newest = made[::-1]
    assert log.decisions() == newest
    assert log.decisions(customer="p_ann") == newest[2:]
    assert log.decisions(ad="A1") == [made[3], made[0]]
    assert log.decisions(slot="cart") == [made[1]]
    assert log.decisions(since=made[1].at, until=made[3].at) == [made[2], made[1]]
    assert log.decisions(limit=2) == newest[:2]
    assert log.decisions(limit=2, after=made[2].request_id) == newest[2:]
    log.close()


def check_an_event_sent_again_is_counted_once(opens: Opens, clock: ManualClock) -> None:
    """In one batch, in another, in another process, and with another time."""
    log = opens()
    log.log(decision(clock, 1))
    event = feedback(clock, "e-1", "d-1-0", value=1.5)
    assert counted(told(log, [event, event])) == (1, 1)
    clock.at += timedelta(minutes=1)
    assert counted(told(log, [replace(event, at=clock.now(), received=clock.now())])) == (0, 1)
    seen = visit(clock, "e-1")
    assert counted(log.visit([seen, seen]).result(WAIT)) == (1, 1)
    log.close()
    again = opens()
    assert counted(told(again, [event])) == (0, 1)
    assert counted(again.visit([seen]).result(WAIT)) == (0, 1)
    counts = again.counts()
    assert (counts.feedback["click"], counts.visits, counts.duplicates) == (1, 1, 5)
    again.close()


def check_another_content_under_a_known_id_is_refused(opens: Opens, clock: ManualClock) -> None:
    """Whichever part of the content differs, in the same batch and later; the first one stays."""
    log = opens()
    for number in (1, 2):
        log.log(decision(clock, number))
    event = feedback(clock, "e-1", "d-1-0", value=1.5)
    others = [
        replace(event, value=2.5),
        replace(event, value=None),
        replace(event, kind=FeedbackKind.dismiss),
        replace(event, decision_id="d-2-0"),
    ]
    first = told(log, [event, others[0]])
    assert (first.accepted, [place for place, _ in first.refused]) == (1, [1])
    later = told(log, others)
    assert (later.accepted, later.duplicates, len(later.refused)) == (0, 0, 4)
    assert "different content" in later.refused[0][1]
    seen = visit(clock, "v-1")
    assert log.visit([seen, replace(seen, item_id="i-2")]).result(WAIT).accepted == 1
    assert len(log.refused()) == 6
    assert [event for _, event in log.feedback()] == [event]
    log.close()


def check_bad_events_are_kept_apart_and_the_good_ones_counted(opens: Opens, clock: ManualClock) -> None:
    """Each with its place in the batch and a reason, and what it said."""
    log = opens()
    log.log(decision(clock, 1))
    now = clock.now()
    bad = {
        1: ("No decision", feedback(clock, "b-1", "d-9-0")),
        3: ("5 minutes in the future", feedback(clock, "b-3", "d-1-0", at=now + timedelta(minutes=6))),
        4: ("before its decision", feedback(clock, "b-4", "d-1-0", at=now - timedelta(minutes=6))),
        5: ("90 days", feedback(clock, "b-5", "d-1-0", at=now - timedelta(days=91))),
        7: ("finite", feedback(clock, "b-7", "d-1-0", value=float("nan"))),
        8: ("An id", feedback(clock, "b-8\0", "d-1-0")),
        9: ("An id", feedback(clock, "b-9\ud800", "d-1-0")),
        11: ("An id", feedback(clock, "b" * 300, "d-1-0")),
    }
    batch = [bad[place][1] if place in bad else feedback(clock, f"e-{place}", "d-1-0") for place in range(13)]
    answer = told(log, batch)
    assert (answer.accepted, answer.duplicates) == (5, 0)
    assert [place for place, _ in answer.refused] == list(bad)
    assert all(bad[place][0] in reason for place, reason in answer.refused)
    apart = log.refused()
    assert sorted(one.reason for one in apart) == sorted(reason for _, reason in answer.refused)
    assert any("b-4" in one.payload for one in apart)
    assert log.counts().refused == len(bad)
    log.refuse([("{broken", "It is not JSON.")])
    told(log, [])
    assert [(one.payload, one.reason) for one in log.refused(1)] == [("{broken", "It is not JSON.")]
    log.close()


def check_what_was_refused_counts_when_it_is_tried_again_and_is_right_by_then(
    opens: Opens, clock: ManualClock
) -> None:
    """An event that came before its decision is refused, and counted once the decision is there."""
    log = opens()
    early, wrong = feedback(clock, "e-early", "d-77-0"), feedback(clock, "e-wrong", "d-nobody")
    assert len(told(log, [early, wrong]).refused) == 2
    log.log(decision(clock, 77))
    again = log.replay()
    assert (again.accepted, len(again.refused), again.first_clicks) == (1, 1, (("A1", 0.2),))
    assert [one.reason for one in log.refused()] == ["No decision has this decision_id."]
    assert counted(told(log, [early])) == (0, 1)
    log.close()


def check_every_split_of_a_batch_is_exact(opens: Opens, clock: ManualClock) -> None:
    """A hundred events of which any number are bad: just these are refused."""
    log = opens()
    log.log(decision(clock, 1))
    rng = np.random.default_rng(0)
    for bad in (0, 1, 17, 50, 99, 100):
        places = set(rng.choice(100, bad, replace=False).tolist())
        batch = [
            feedback(clock, f"e-{bad}-{place}", "nobody's" if place in places else "d-1-0")
            for place in range(100)
        ]
        answer = told(log, batch)
        assert answer.accepted == 100 - bad
        assert {place for place, _ in answer.refused} == places
    log.close()


def check_late_and_early_events_count_within_their_bounds(opens: Opens, clock: ManualClock) -> None:
    """Clocks differ by minutes, telephones are off for weeks."""
    log = opens()
    log.log(decision(clock, 1))
    edges = [clock.now() + timedelta(minutes=4, seconds=59), clock.now() - timedelta(minutes=4, seconds=59)]
    assert counted(told(log, [feedback(clock, f"e-{at}", "d-1-0", at=at) for at in edges])) == (2, 0)
    told_at = clock.now()
    clock.at += 89 * _DAY
    assert counted(told(log, [feedback(clock, "late", "d-1-0", at=told_at)])) == (1, 0)
    log.close()


def check_the_order_of_arrival_changes_nothing(opens: Opens, clock: ManualClock) -> None:
    """The same events in any order, in any batches, some of them twice, come to the same books."""
    log = opens()
    rng = np.random.default_rng(1)
    books = []
    for turn in range(6):
        ads = [f"{turn}-{ad}" for ad in range(3)]
        events = []
        for number in range(turn * 100, turn * 100 + 12):
            log.log(decision(clock, number, ads=ads))
        for place in range(36):
            of = f"d-{turn * 100 + place // 3}-{place % 3}"
            for minute, kind in enumerate((FeedbackKind.impression, FeedbackKind.click, FeedbackKind.click)):
                if (place + minute) % 4:
                    at = clock.now() + timedelta(hours=12 * minute + place)
                    events.append(
                        feedback(clock, f"{turn}-{place}-{minute}", of, kind, at=at, received=at + _DAY)
                    )
        events += events[::5]
        events = [events[place] for place in rng.permutation(len(events))]
        cuts = sorted(rng.choice(len(events), 5, replace=False).tolist())
        for begin, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
            told(log, events[begin:end])
        days = [log.spending(clock.now().date() + day * _DAY) for day in range(4)]
        rates = log.clicks()
        books.append([[tuple(round(x, 9) for x in day[ad]) for day in days] + [rates[ad]] for ad in ads])
    assert all(book == books[0] for book in books)
    log.close()


def check_the_books_are_right(opens: Opens, clock: ManualClock) -> None:
    """Decisions and first clicks are billed on their days; whoever tells impressions of some decisions only changes no rate."""
    log = opens()
    today, tomorrow = clock.now(), clock.now() + _DAY
    log.log(decision(clock, 1, ads=("A1", "A2")))
    log.log(decision(clock, 2, "p_bob", ads=("A1",)))
    log.log(decision(clock, 3, "", ads=("A2",)))
    clock.at = tomorrow
    log.log(decision(clock, 4, ads=("A1",)))
    events = [
        feedback(clock, "e-1", "d-1-0", FeedbackKind.impression, at=today),
        feedback(clock, "e-2", "d-1-0", at=tomorrow),
        feedback(clock, "e-3", "d-1-0", at=today),
        feedback(clock, "e-4", "d-4-0", at=tomorrow),
    ]
    assert told(log, events).accepted == 4
    assert _rounded(log.spending(today.date())) == {"A1": (0.22, 0.43), "A2": (0.02, 0.02)}
    assert _rounded(log.spending(tomorrow.date())) == {"A1": (0.21, 0.43), "A2": (0.0, 0.02)}
    assert log.shown(today.date()) == {("p_ann", "A1"): 1, ("p_ann", "A2"): 1, ("p_bob", "A1"): 1}
    assert log.shown(tomorrow.date()) == {("p_ann", "A1"): 1}
    assert log.clicks() == {"A1": (3, 2), "A2": (2, 0)}
    assert log.outcomes() == {"A1": (3, 1, 2), "A2": (2, 0, 0)}
    log.close()


def check_what_was_new_and_which_clicks_were_first_is_told_once(opens: Opens, clock: ManualClock) -> None:
    """To the call that brought them, so that whoever counts along counts right."""
    log = opens()
    log.log(decision(clock, 1, ads=("A1", "A2")))
    clicks = [feedback(clock, f"e-{number}", f"d-1-{number % 2}") for number in range(4)]
    answer = told(log, [clicks[0], clicks[0], feedback(clock, "e-9", "nobody's"), clicks[2], clicks[1]])
    assert answer.new == (0, 3, 4)
    assert sorted(answer.first_clicks) == [("A1", 0.2), ("A2", 0.2)]
    later = told(log, clicks)
    assert (later.new, later.first_clicks) == ((3,), ())
    log.close()


def check_visits_come_in_the_order_of_arrival(opens: Opens, clock: ManualClock) -> None:
    """Each with its running number, from which one reads on."""
    log = opens()
    came = [visit(clock, f"v-{number}", value=number + 0.5) for number in range(5)]
    for one in came:
        log.visit([one]).result(WAIT)
    seen = log.visits()
    assert [one for _, one in seen] == came
    assert log.visits(after=seen[1][0], limit=2) == seen[2:4]
    assert log.visits(after=seen[-1][0]) == []
    log.close()


def check_what_is_told_of_customers_and_items_replaces_what_was(opens: Opens, clock: ManualClock) -> None:
    """The newest description counts."""
    log = opens()
    log.describe("users", "p_ann", {"city": "Ghent", "age": "40"}).result(WAIT)
    log.describe("items", "p_ann", {"colour": "red"}).result(WAIT)
    clock.at += timedelta(seconds=1)
    log.describe("users", "p_ann", {"city": "Bruges"}).result(WAIT)
    assert log.described("users") == {"p_ann": {"city": "Bruges"}}
    assert log.described("items") == {"p_ann": {"colour": "red"}}
    log.close()


def check_erasing_leaves_nothing_of_a_customer(opens: Opens, clock: ManualClock) -> None:
    """Her rows in every table; other customers keep theirs."""
    log = opens()
    log.log(decision(clock, 1, "p_ann"))
    log.log(decision(clock, 2, "p_bob"))
    told(log, [feedback(clock, "e-1", "d-1-0"), feedback(clock, "e-2", "d-2-0")])
    told(log, [feedback(clock, "e-1", "d-1-0", value=3.0)])
    log.visit([visit(clock, "v-1"), visit(clock, "v-2", "p_bob")]).result(WAIT)
    log.visit([visit(clock, "v-1", value=2.0)]).result(WAIT)
    log.refuse([("p_ann was here", "why not")])
    log.describe("users", "p_ann", {"city": "Ghent"}).result(WAIT)
    assert log.erase("p_ann") == 8
    assert [one.customer for one in log.decisions()] == ["p_bob"]
    assert [event.event_id for _, event in log.feedback()] == ["e-2"]
    assert [one.customer for _, one in log.visits()] == ["p_bob"]
    assert log.described("users") == {}
    assert log.refused() == []
    assert log.decision("d-1-0") is None
    assert log.erase("p_ann") == 0
    log.close()


def check_a_reader_sees_what_a_writer_commits(opens: Opens, clock: ManualClock) -> None:
    """Before there is anything, while it is written, and afterwards; and cannot write itself."""
    reader = opens(writer=False)
    assert reader.decisions() == []
    assert reader.decision("d-1-0") is None
    assert reader.counts().decisions == 0
    assert reader.spending(clock.now().date()) == {}
    log = opens()
    log.log(decision(clock, 1))
    told(log, [feedback(clock, "e-1", "d-1-0")])
    assert reader.decision("d-1-0") == log.decision("d-1-0")
    for attempt in (partial(reader.log, decision(clock, 2)), partial(reader.track, [])):
        try:
            attempt()
        except InputError:
            continue
        raise AssertionError("A reader wrote.")
    log.close()
    assert reader.counts().decisions == 1
    reader.close()


def check_the_last_hour_is_counted_by_the_minute(opens: Opens, clock: ManualClock) -> None:
    """Sixty minutes, the present one last."""
    log = opens()
    log.log(decision(clock, 1))
    told(log, [feedback(clock, "e-1", "d-1-0")])
    clock.at += timedelta(minutes=3)
    log.log(decision(clock, 2))
    log.visit([visit(clock, "v-1")]).result(WAIT)
    minutes = log.counts().minutes
    assert [(one.decisions, one.events) for one in minutes[-4:]] == [(1, 1), (0, 0), (0, 0), (1, 1)]
    assert (len(minutes), sum(one.decisions for one in minutes)) == (60, 2)
    clock.at += timedelta(hours=2)
    assert sum(one.decisions + one.events for one in log.counts().minutes) == 0
    log.close()


EVENT_LOG_CHECKS: tuple[Check, ...] = tuple(
    check for name, check in sorted(globals().items()) if name.startswith("check_")
)


def _rounded(books: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    return {ad: (round(today, 9), round(ever, 9)) for ad, (today, ever) in books.items()}
