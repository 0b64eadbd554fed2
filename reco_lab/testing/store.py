"""What every store and queue must do, whatever database is under it.

Each check takes a fresh store and queue that share a database and a ManualClock.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from reco_lab.core.ads import Ad
from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import DataError, NotFoundError
from reco_lab.store.bookings import Bookings
from reco_lab.store.ledger import Ledger
from reco_lab.store.queue import Queue
from reco_lab.store.records import Openings
from reco_lab.store.store import Store

Check = Callable[[Store, Queue, ManualClock], None]
_KEY = "0123456789abcdef" * 4


def check_the_same_content_makes_no_second_version(store: Store, _queue: Queue, _clock: ManualClock) -> None:
    """Importing twice what is already the newest version changes nothing."""
    first = store.add_dataset("shop", "print-1", "artefact-1", {"rows": 3}, synthetic=True, title="A shop")
    assert store.add_dataset("shop", "print-1", "artefact-1", {"rows": 3}, synthetic=True) == first
    assert (first.version, first.title, first.synthetic, first.summary) == (1, "A shop", True, {"rows": 3})


def check_versions_count_up_by_name(store: Store, _queue: Queue, clock: ManualClock) -> None:
    """New content is a new version of its own name; lists show the newest."""
    store.add_dataset("shop", "print-1", "artefact-1", {})
    clock.at += timedelta(days=1)
    store.add_dataset("shop", "print-2", "artefact-2", {})
    store.add_dataset("another", "print-1", "artefact-1", {})
    assert [(found.name, found.version) for found in store.datasets()] == [("another", 1), ("shop", 2)]
    assert [found.fingerprint for found in store.versions("shop")] == ["print-2", "print-1"]
    assert store.dataset("shop").created == clock.at
    assert store.dataset("shop", 1).artefact == "artefact-1"


def check_trials_are_kept_in_their_order(store: Store, _queue: Queue, clock: ManualClock) -> None:
    """A tuning that was interrupted finds what it had tried, and no other's."""
    ledger = Ledger(store.database, clock)
    for value in (0.25, 0.5):
        ledger.add_trial("study-1", {"value": value})
    ledger.add_trial("study-2", {"value": 1.0})
    assert ledger.trials("study-1") == [{"value": 0.25}, {"value": 0.5}]
    assert ledger.trials("study-3") == []


def check_every_opening_of_a_test_part_is_counted_once(
    store: Store, _queue: Queue, clock: ManualClock
) -> None:
    """The same experiment shown again has learnt nothing new from the test."""
    ledger = Ledger(store.database, clock)
    for experiment, recommenders in (("one", 7), ("two", 3), ("one", 7)):
        ledger.open_test("cut", experiment, recommenders)
    assert ledger.openings("cut") == Openings(experiments=2, recommenders=10)
    assert ledger.openings("another cut") == Openings(experiments=0, recommenders=0)


def check_an_ad_comes_back_as_it_was_booked(store: Store, _queue: Queue, clock: ManualClock) -> None:
    """Nothing of a booking is lost, booking again replaces, and what is withdrawn is gone."""
    bookings = Bookings(store.database, clock)
    full = Ad(
        id="läden \U0001f6d2",
        title="'x'; -- \0",
        item="i1",
        bid=0.1 + 0.2,
        starts=clock.at,
        ends=clock.at + timedelta(days=1),
        slots=("home", "a;b"),
        attributes={"country": ("DE", "AT")},
        daily_budget=0.0,
    )
    bookings.book([Ad(id="b", title="first"), full, Ad(id="b", title="second", house=True)])
    assert bookings.ads() == [Ad(id="b", title="second", house=True), full]
    assert (bookings.ad(full.id), bookings.ad("c")) == (full, None)
    bookings.withdraw("b")
    assert bookings.ads() == [full]
    assert refused(NotFoundError, lambda: bookings.withdraw("b"))


def check_every_change_of_an_ad_is_noticed(store: Store, _queue: Queue, clock: ManualClock) -> None:
    """Whoever serves sees from one short text that something changed, within the same microsecond too."""
    bookings = Bookings(store.database, clock)
    seen = [bookings.changed()]
    a, b = Ad(id="a", title="A"), Ad(id="b", title="B")
    for booked in ([a, b], [a], [b], [a, b]):
        bookings.book(booked)
        seen.append(bookings.changed())
    bookings.withdraw("b")
    seen.append(bookings.changed())
    assert len(set(seen)) == len(seen)
    bookings.book([])
    assert bookings.changed() == seen[-1]


def check_bad_names_arerefused(store: Store, _queue: Queue, _clock: ManualClock) -> None:
    """A name is safe in a path, a URL and a command line."""
    for name in ("", "Shop", "../shop", "shop\n", "-shop", "s" * 65, "CON ", "läden"):
        assert refused(DataError, partial(store.add_dataset, name, "print", "artefact", {}))
    assert store.datasets() == []


def check_a_dropped_version_is_gone_and_can_be_brought_back(
    store: Store, _queue: Queue, clock: ManualClock
) -> None:
    """Undo of an import: the version before is the newest again, and the undo can be undone."""
    store.add_dataset("shop", "print-1", "artefact-1", {})
    store.add_dataset("shop", "print-2", "artefact-2", {})
    assert store.drop_dataset("shop", 2).version == 2
    assert store.dataset("shop").version == 1
    assert [found.version for found in store.versions("shop")] == [1]
    assert [(found.version, found.dropped) for found in store.dropped()] == [(2, clock.at)]
    assert refused(NotFoundError, lambda: store.dataset("shop", 2))
    assert store.bring_back("shop", 2).dropped is None
    assert (store.dataset("shop").version, store.dropped()) == (2, [])
    assert refused(NotFoundError, lambda: store.bring_back("shop", 2))
    store.drop_dataset("shop", 2)
    store.drop_dataset("shop", 1)
    assert store.datasets() == []
    assert refused(NotFoundError, lambda: store.drop_dataset("shop", 1))


def check_a_version_follows_the_one_that_it_was_made_of(
    store: Store, _queue: Queue, _clock: ManualClock
) -> None:
    """What came meanwhile is not pushed aside, and what went does not come back."""
    store.add_dataset("shop", "print-1", "artefact-1", {})
    store.add_dataset("shop", "print-2", "artefact-2", {}, after="print-1")
    assert store.add_dataset("shop", "print-2", "artefact-2", {}, after="print-1").version == 2
    late = refused(DataError, lambda: store.add_dataset("shop", "print-3", "artefact-3", {}, after="print-1"))
    assert "changed" in late
    store.drop_dataset("shop", 2)
    assert refused(DataError, lambda: store.add_dataset("shop", "print-3", "artefact-3", {}, after="print-2"))
    assert [found.version for found in store.versions("shop")] == [1]


def check_the_number_of_a_dropped_version_is_not_given_again(
    store: Store, _queue: Queue, _clock: ManualClock
) -> None:
    """A version number means one content for ever, as long as anything of it can come back."""
    store.add_dataset("shop", "print-1", "artefact-1", {})
    store.add_dataset("shop", "print-2", "artefact-2", {})
    store.drop_dataset("shop", 2)
    assert store.add_dataset("shop", "print-2", "artefact-2", {}).version == 3
    store.bring_back("shop", 2)
    assert [found.version for found in store.versions("shop")] == [3, 2, 1]


def check_what_is_forgotten_is_gone_for_good(store: Store, queue: Queue, clock: ManualClock) -> None:
    """Retention removes versions, runs and jobs that are over; what lives stays."""
    old = store.add_dataset("shop", "print-1", "artefact-1", {})
    store.add_dataset("shop", "print-2", "artefact-2", {})
    store.save_run("old" + _KEY[3:], {})
    queue.submit("train", {})
    claim = queue.claim("worker")
    assert claim is not None
    queue.finish(claim, {})
    live = queue.submit("train", {})
    clock.at += timedelta(days=1)
    store.save_run(_KEY, {})
    assert store.runs_before(clock.at) == ["old" + _KEY[3:]]
    assert queue.over_before(clock.at) == [claim.id]
    store.forget_versions([old])
    store.forget_runs(store.runs_before(clock.at))
    queue.forget([claim.id, live])
    assert [found.version for found in store.versions("shop")] == [2]
    assert store.run("old" + _KEY[3:]) is None
    assert store.run(_KEY) is not None
    assert [job.id for job in queue.recent()] == [live]


def check_every_artefact_that_a_record_names_is_known(
    store: Store, queue: Queue, _clock: ManualClock
) -> None:
    """Nothing that anybody can still ask for is taken for rubbish, wherever its id stands."""
    ids = [str(number) * 64 for number in range(6)]
    store.add_dataset("shop", "print", ids[0], {"report": ids[1]})
    store.add_dataset("gone", "print", ids[2], {})
    store.drop_dataset("gone", 1)
    store.save_run(_KEY, {"deep": [{"lists": ids[3]}]}, ids[4])
    queue.submit("train", {"model": ids[5]})
    assert set(ids) <= store.references()


def check_any_text_and_any_number_comes_back(store: Store, queue: Queue, _clock: ManualClock) -> None:
    """What a person typed and what a model computed do not depend on the database."""
    values = [
        float("inf"),
        0.1 + 0.2,
        1e-320,
        2**63,
        "NUL \0 and \ud800",
        "Grüße 日本 🛒",
        {"": [None, True]},
    ]
    store.set_setting("odd", values)
    assert store.get_setting("odd") == values
    store.save_run(_KEY, {"metric": float("nan")})
    found = store.run(_KEY)
    assert found is not None
    assert found.result["metric"] != found.result["metric"]
    kept = store.add_dataset("shop", "print", "artefact", {}, title="Läden \0 \ud800 'x'; --")
    assert store.dataset("shop").title == kept.title == "Läden \ufffd \ufffd 'x'; --"
    id_ = queue.submit("train", {})
    claim = queue.claim("worker")
    assert claim is not None
    assert queue.fail(claim, "It broke at \0.")
    assert queue.get(id_).error == "It broke at \ufffd."


def check_versions_count_up_however_many_add_them_at_once(
    store: Store, _queue: Queue, _clock: ManualClock
) -> None:
    """Two imports at the same moment are two versions."""
    with ThreadPoolExecutor(4) as threads:
        added = list(
            threads.map(lambda n: store.add_dataset("shop", f"print-{n}", f"artefact-{n}", {}), range(12))
        )
        list(threads.map(lambda n: store.set_setting("mode", n), range(12)))
    assert sorted(found.version for found in added) == list(range(1, 13))


def check_nothing_new_is_begun_where_there_is_no_room(store: Store, queue: Queue, clock: ManualClock) -> None:
    """What guards the queue decides before anything is written."""

    def refuse() -> None:
        raise DataError("The disk is nearly full.")

    guarded = type(queue)(queue.database, clock, refuse)
    assert refused(DataError, lambda: guarded.submit("train", {}))
    assert queue.recent() == []
    assert store.get_setting("mode") is None


def check_an_unknown_name_is_answered_with_near_ones(
    store: Store, _queue: Queue, _clock: ManualClock
) -> None:
    """A typing mistake costs nobody a search."""
    store.add_dataset("demo-shop", "print-1", "artefact-1", {})
    assert "demo-shop" in refused(NotFoundError, lambda: store.dataset("demo-shp"))
    assert "newest is 1" in refused(NotFoundError, lambda: store.dataset("demo-shop", 9))
    assert "experiment" in refused(NotFoundError, lambda: store.experiment("nothing"))
    assert "experiment" in refused(NotFoundError, lambda: store.set_comparison("nothing", {}))


def check_the_same_question_keeps_its_id(store: Store, _queue: Queue, _clock: ManualClock) -> None:
    """An experiment is its key, and its answer stays with it."""
    id_ = store.save_experiment(_KEY, "first", {"seed": 0}, "shop", "print-1")
    other = store.save_experiment(_KEY[::-1], "second", {"seed": 1}, "another", "print-2")
    store.set_comparison(id_, {"champion": "ease", "low": 0.1})
    assert store.save_experiment(_KEY, "renamed", {"seed": 0}, "shop", "print-1") == id_
    assert store.experiment(id_).comparison == {"champion": "ease", "low": 0.1}
    assert store.experiment(other).comparison is None
    assert [found.id for found in store.experiments()] == [other, id_]
    assert [found.spec for found in store.experiments("shop")] == [{"seed": 0}]


def check_a_run_is_found_by_its_key(store: Store, _queue: Queue, _clock: ManualClock) -> None:
    """A rerun is a look-up; a saved run can be replaced."""
    assert store.run(_KEY) is None
    store.save_run(_KEY, {"ndcg@10": 0.1})
    store.save_run(_KEY, {"ndcg@10": 0.123456789012345678}, "artefact")
    found = store.run(_KEY)
    assert found is not None
    assert (found.result, found.artefact) == ({"ndcg@10": 0.123456789012345678}, "artefact")


def check_settings_keep_json(store: Store, _queue: Queue, _clock: ManualClock) -> None:
    """A setting is any JSON value, the last one written."""
    assert store.get_setting("mode", "plain") == "plain"
    for value in ("expert", ["a", 1], {"k": None}, False):
        store.set_setting("mode", value)
        assert store.get_setting("mode", "plain") == value


STORE_CHECKS: tuple[Check, ...] = tuple(
    check for name, check in sorted(globals().items()) if name.startswith("check_")
)


def refused(kind: type[Exception], attempt: Callable[[], object]) -> str:
    """What an attempt is told that must fail with this error."""
    try:
        attempt()
    except kind as error:
        return str(error)
    raise AssertionError(f"It was not refused with {kind.__name__}.")
