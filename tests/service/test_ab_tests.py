"""A/B tests over HTTP: who is in which arm, what a look finds in the log, and how a test ends."""

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Barrier

import numpy as np
import pytest
from scipy import stats

from reco_lab.api.settings import ApiSettings
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.experiments.ab_verdict import verdict
from reco_lab.services import ab_test_plan, ab_tests, publishing
from reco_lab.services.ad_messages import EventIn
from reco_lab.services.ad_server import AdServer
from reco_lab.services.auditing import audit
from reco_lab.services.data import load_dataset
from reco_lab.services.decisions import open_log
from reco_lab.services.lineage import lineage
from reco_lab.store.keyring import Scope
from reco_lab.testing.service import asked
from reco_lab.testing.serving import NAME
from reco_lab.workspace import Workspace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
UNLIMITED = ApiSettings(rate_per_key=0, rate_per_customer=0)
SPEC = {
    "title": "Dare more",
    "arms": [
        {"name": "A", "share": 0.5},
        {"name": "B", "share": 0.5, "policy": {"policy": "epsilon_greedy", "epsilon": 0.5}},
    ],
    "traffic": 0.8,
    "holdout": 0.1,
    "minimum_lift": 0.5,
}


def arms_of(log):
    return {one.customer: one.arm for one in log.decisions(limit=10_000)}


def told(kind, number, decision):
    return EventIn(f"{kind}-{number}", decision, kind, 4.0 if kind == "conversion" else None, None)


def test_over_http_each_arm_gets_its_share_and_customers_stay_in_theirs(workspace):
    now = ab_tests.start(workspace, SPEC)
    who = [f"guest {n}" for n in range(250)]
    with asked(workspace, UNLIMITED, Scope.admin) as client:
        for one in who:
            assert client.get("/ads", params={"user_id": one}).status_code == 200
    with closing(open_log(workspace)) as log:
        before = arms_of(log)
    workspace.clock.at += timedelta(days=1)
    with asked(workspace, UNLIMITED, Scope.admin) as client:  # another process, another order
        for one in reversed(who):
            client.get("/ads", params={"user_id": one})
    with closing(open_log(workspace)) as log:
        decisions = log.decisions(limit=10_000)
        assert arms_of(log) == before
    assert all(before[one.customer] == one.arm for one in decisions)
    labels = [now.test.label(group) for group in now.test.groups]
    counts = Counter(before.values())
    expected = [0.8 * group.share for group in now.test.groups]
    found = [counts[label] for label in labels] + [counts["everybody"]]
    assert stats.chisquare(found, np.array([*expected, 0.2]) * len(who)).pvalue > 0.001
    assert {one.policy for one in decisions if one.arm == labels[1]} == {"epsilon_greedy"}
    assert {one.policy for one in decisions if one.arm == labels[2]} == {"uniform_random"}


def test_a_look_is_what_a_person_would_count_in_the_log(workspace):
    now, rng, events = ab_tests.start(workspace, SPEC), np.random.default_rng(3), []
    with closing(AdServer.open(workspace, rng=rng)) as server:
        for number in range(400):
            placed = server.ads(f"u{number % 60:02d}", n=2).decision.placed[0]
            kinds = [kind for kind, chance in (("click", 0.3), ("conversion", 0.1)) if rng.random() < chance]
            events += [told(kind, number, placed.decision_id) for kind in kinds]
            workspace.clock.at += timedelta(minutes=10)
        asyncio.run(server.track(events))
        log = server.log
        found = ab_tests.look_at(workspace, log, now)
        rows = [(one, log.decision(one.request_id)[1]) for one in log.decisions(limit=10_000)]
        segments = ab_tests.look_by_segment(workspace, log, now)
    for group, standing in zip(now.test.groups, found.standings, strict=True):
        mine = [(one, came) for one, came in rows if one.arm == now.test.label(group)]
        came = [event for _, events in mine for event in events]
        assert standing.customers == len({one.customer for one, _ in mine})
        assert standing.decisions == len(mine)
        assert standing.shown == sum(len(one.placed) for one, _ in mine)
        assert standing.clicks == sum(event.kind == "click" for event in came)
        assert standing.bought == sum(event.kind == "conversion" for event in came)
        assert standing.revenue == pytest.approx(4.0 * standing.bought)
    rate = {one.name: one.clicks / one.shown for one in found.standings}
    (row,) = found.ahead
    assert (row.rate, row.against) == pytest.approx((rate["B"], rate["A"]))
    assert row.relative == pytest.approx(rate["B"] / rate["A"] - 1)
    assert found.personal.relative == pytest.approx(rate["A"] / rate["holdout"] - 1)
    assert found.ratio_p > 0.01
    assert not found.strays
    assert verdict(now.test, found).kind == "unknown"
    assert {one.title for one in segments} == {"in the data"}


def test_what_is_published_meanwhile_changes_no_arm(workspace):
    now = ab_tests.start(workspace, SPEC)
    publishing.change(workspace, policy={"policy": "uniform_random"})
    again = ab_tests.running(workspace)
    assert again.served
    assert again.test == now.test
    assert again.test.arms[0].policy == {"policy": "greedy"}
    assert again.test.arms[0].model["stage"] == "model"


def test_models_trained_anew_are_those_of_the_arms_too(workspace):
    ab_tests.start(workspace, SPEC)
    plan = publishing.serving_plan(workspace)
    data = load_dataset(workspace, NAME)
    fresh = publishing.train_again(workspace, plan, data.take(np.arange(200)), lambda _done, _what: None)
    assert fresh.test.arms[1].model == fresh.chain[0].model_dump(mode="json")
    assert fresh.chain[0].artefact != plan.chain[0].artefact


def test_an_arm_that_is_shipped_serves_everybody_and_the_trail_tells_it(workspace):
    ab_tests.start(workspace, SPEC, who="ann")
    record = ab_tests.stop(workspace, ship="B", who="ann")
    plan = publishing.serving_plan(workspace)
    assert (plan.test, plan.policy) == (None, {"policy": "epsilon_greedy", "epsilon": 0.5})
    assert (record.ended, record.result["shipped"]) == (NOON, "B")
    assert ab_tests.kept_look(record).customers == 0
    assert ab_tests.running(workspace) is None
    told = [entry.what for entry in audit(workspace).entries(2)]
    assert told[0].endswith("B serves everybody")
    assert told[1].startswith("started the A/B test “Dare more”")


def test_a_test_that_is_ended_leaves_what_served_before(workspace):
    before = publishing.serving_plan(workspace)
    ab_tests.start(workspace, SPEC)
    ab_tests.stop(workspace)
    after = publishing.serving_plan(workspace)
    assert after.model_dump(exclude={"parent"}) == before.model_dump(exclude={"parent"})


def test_each_publication_says_what_is_other_about_it(workspace):
    publishing.change(workspace, policy={"policy": "softmax", "temperature": 0.2})
    publishing.change(workspace, bid_weight=0.5, hide_bought=False)
    ab_tests.start(workspace, SPEC)
    ab_tests.stop(workspace, ship="B")
    ab_tests.start(workspace, SPEC)
    ab_tests.stop(workspace)
    told = [one.why for one in lineage(workspace)]
    assert told[-1] == "Published by a person; nothing served before."
    assert told[::-1][1:] == [
        "The same models. The policy is “The better, the likelier” (temperature 0.2).",
        "The same models. Bids count by 0.5. What was bought is shown again.",
        "The A/B test “Dare more” began.",
        "The A/B test “Dare more” ended. The policy is “Best first, with some chance” (epsilon 0.5).",
        "The A/B test “Dare more” began.",
        "The A/B test “Dare more” ended.",
    ]


def test_after_going_back_the_test_is_said_to_serve_nobody(workspace):
    ab_tests.start(workspace, SPEC)
    publishing.rollback(workspace)
    assert not ab_tests.running(workspace).served
    ab_tests.stop(workspace)
    assert ab_tests.running(workspace) is None


def test_who_goes_back_past_the_end_of_a_test_begins_nothing_and_can_start_another(workspace):
    ab_tests.start(workspace, SPEC)
    ab_tests.stop(workspace, ship="B")
    publishing.rollback(workspace)
    assert publishing.serving_plan(workspace).test is None
    publishing.change(workspace, policy={"policy": "uniform_random"})
    assert workspace.publications.serving().spec["test"] is None
    publishing.rollback(workspace)
    again = ab_tests.start(workspace, SPEC)
    assert ab_tests.running(workspace).record.id == again.record.id
    assert ab_tests.running(workspace).served


def test_of_two_who_start_or_end_at_once_one_is_told_so(workspace, monkeypatch):
    looks, real = Barrier(2), ab_tests.publishing.change

    def slowly(*args, **settings):
        time.sleep(0.3)
        return real(*args, **settings)

    monkeypatch.setattr(ab_tests.publishing, "change", slowly)

    def both(*acts):
        def one(act):
            looks.wait()
            try:
                act()
            except InputError as error:
                return error.what
            return "done"

        with ThreadPoolExecutor(2) as pool:
            return sorted(pool.map(one, acts))

    found = both(*(lambda: ab_tests.start(workspace, SPEC),) * 2)
    assert found == ["A test runs already.", "done"]
    assert len(workspace.ab_tests.listing()) == 1
    ended = both(lambda: ab_tests.stop(workspace, ship="B"), lambda: ab_tests.stop(workspace))
    assert ended == ["No A/B test runs.", "done"]
    (record,) = workspace.ab_tests.listing()
    shipped = publishing.serving_plan(workspace).policy == {"policy": "epsilon_greedy", "epsilon": 0.5}
    assert (record.result["shipped"] == "B") == shipped


@pytest.mark.parametrize(("first", "then"), [("B", ""), ("", "B"), ("B", "B"), ("", ""), ("B", "A")])
def test_who_ends_it_again_after_its_process_died_gets_what_she_asks_for(workspace, monkeypatch, first, then):
    before = publishing.serving_plan(workspace)
    ab_tests.start(workspace, SPEC)
    with monkeypatch.context() as patched:
        patched.setattr(
            type(workspace.ab_tests), "end", lambda *_args: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            ab_tests.stop(workspace, ship=first)
    half = workspace.publications.serving().number
    record = ab_tests.stop(workspace, ship=then)
    plan = publishing.serving_plan(workspace)
    wanted = {"policy": "epsilon_greedy", "epsilon": 0.5} if then == "B" else before.policy
    assert (plan.test, plan.policy) == (None, wanted)
    assert [link.artefact for link in plan.chain] == [link.artefact for link in before.chain]
    said = f"{then} serves everybody" if then else "what served before serves everybody again"
    assert (record.result["shipped"], record.result["decision"]) == (then, said)
    assert (workspace.publications.serving().number == half) == (first == then)


def test_a_test_that_something_else_took_the_place_of_changes_nothing_as_it_ends(workspace):
    publishing.change(workspace, policy={"policy": "uniform_random"})
    ab_tests.start(workspace, SPEC)
    publishing.rollback(workspace)
    serves = workspace.publications.serving().number
    assert ab_tests.stop(workspace).result["decision"] == "what serves by now goes on"
    assert workspace.publications.serving().number == serves


def test_a_test_that_ended_keeps_the_names_of_its_models_and_not_the_models(workspace):
    ab_tests.start(workspace, SPEC)
    pinned = {arm.model["artefact"] for arm in ab_tests.running(workspace).test.arms}
    ab_tests.stop(workspace)
    (record,) = workspace.ab_tests.listing()
    assert [(arm["model"]["name"], arm["model"]["artefact"]) for arm in record.spec["arms"]] == [
        ("Item k-NN", "")
    ] * 2
    assert not pinned & {word for word in str(record.spec).split("'") if len(word) == 64} - {
        record.spec["arms"][0]["model"]["learnt"]
    }


def test_what_cannot_start_is_said_and_changes_nothing(workspace, tmp_path):
    ab_tests.start(workspace, SPEC)
    with pytest.raises(InputError, match="runs already"):
        ab_tests.start(workspace, SPEC)
    ab_tests.stop(workspace)
    with pytest.raises(NotFoundError, match="No A/B test runs"):
        ab_tests.stop(workspace)
    with pytest.raises(InputError, match="needs two arms"):
        ab_tests.start(workspace, SPEC | {"arms": SPEC["arms"][:1], "holdout": 0.0})
    with pytest.raises(NotFoundError, match="Nothing is published"):
        ab_tests.start(Workspace.open(tmp_path / "empty"), SPEC)
    assert len(workspace.ab_tests.listing()) == 1
    assert publishing.serving_plan(workspace).test is None


def test_customers_without_consent_are_in_no_arm(workspace):
    now = ab_tests.start(workspace, SPEC | {"traffic": 1.0})
    with closing(AdServer.open(workspace)) as server:
        asyncio.run(server.put_user("shy", {"consent": "no"}))
        assert server.ads("shy").decision.arm == "everybody"
        assert server.ads("bold").decision.arm.startswith(now.test.id)


def test_the_plan_tells_customers_days_and_money_by_the_log(workspace):
    rng, events = np.random.default_rng(4), []
    test = ab_tests.ab_test(SPEC)
    assert ab_test_plan.outlook(test, None).days is None
    with closing(AdServer.open(workspace, rng=rng)) as server:
        for number in range(240):
            placed = server.ads(f"guest {number}").decision.placed[0]
            events += [told("click", number, placed.decision_id)] if number % 5 == 0 else []
            workspace.clock.at += timedelta(hours=1)
        asyncio.run(server.track(events))
        known = ab_test_plan.traffic(workspace, server.log)
    found = ab_test_plan.outlook(test, known)
    assert known.days == pytest.approx(10)
    assert found.rate == pytest.approx(0.2)
    assert found.at_stake == pytest.approx(found.customers * 0.55 * (0.2 * 0.2) * 0.5)
    a_day = 24 * 0.8
    assert found.days == pytest.approx(found.customers / a_day, rel=0.1)
    bought = test.model_copy(update={"metric": "conversion"})
    assert "no buyers yet" in ab_test_plan.outlook(bought, known).sentence
