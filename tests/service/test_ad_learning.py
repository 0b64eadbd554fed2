"""Policies learn while they serve: within a tick of an event, in any order, and the same after a crash."""

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import orjson
import pytest

from reco_lab.core.memory import Memory
from reco_lab.core.policy import Choice, policy
from reco_lab.policies.softmax import Softmax
from reco_lab.services import ad_learning, bookings, publishing
from reco_lab.services.ad_learning import Learning, known_before, of_each_ad
from reco_lab.services.ad_messages import EventIn
from reco_lab.services.ad_server import AdServer
from reco_lab.store.events import EventLog, learning
from reco_lab.store.events.journal import line, read_entry
from reco_lab.testing.events import feedback

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEARNERS = ("thompson", "lin_ucb", "lin_thompson", "popularity")


def serving(workspace, name="thompson", **settings):
    publishing.change(workspace, policy={"policy": name, **settings})
    return AdServer.open(workspace, rng=np.random.default_rng(0))


def do(work):
    return asyncio.run(work)


def visit(server, workspace, number, clicks=(), n=2):
    """So many customers are shown ads; those that get one of `clicks` click it."""
    told = []
    for one in range(number):
        workspace.clock.at += timedelta(seconds=1)
        answer = server.ads(f"u{one % 60:02d}", n=n)
        told += [
            EventIn(f"click-{placed.decision_id}", placed.decision_id, "click")
            for placed in answer.decision.placed
            if placed.ad_id in clicks
        ]
    do(server.track(told))
    return told


def memory_of(server):
    return server.learning.learnt.of(server.snapshot.everybody.policy)


def same(one, other):
    assert one.ids == other.ids
    for mine, others in ((one.own, other.own), (one.shared, other.shared)):
        assert all(np.allclose(mine[name], others[name], 1e-12, 1e-12) for name in mine)


@pytest.mark.parametrize("name", LEARNERS)
def test_what_is_clicked_is_shown_more_often_and_what_was_learnt_is_told(workspace, name):
    server = serving(workspace, name, floor=0.3)
    visit(server, workspace, 250, clicks={"ad-i03"})
    do(server.learn())
    best = of_each_ad(server.snapshot.everybody.policy, memory_of(server))[0]
    assert best.ad == "ad-i03"
    assert best.clicked > 0
    assert best.low < best.rate < best.high
    answers = [server.ads(f"u{one:02d}").decision.placed[0].ad_id for one in range(1, 40, 2)]
    server.close()
    assert answers.count("ad-i03") > 5


def test_a_learner_that_died_knows_the_same_as_one_that_did_not(workspace, monkeypatch):
    monkeypatch.setattr(ad_learning, "SETTLING_SECONDS", 0.0)
    server = serving(workspace, "lin_thompson")
    for _ in range(3):
        visit(server, workspace, 30, clicks={"ad-i03", "ad-i04"})
        do(server.learn())
    server.learning.keep(at_once=True)
    upto = server.log.recall(server.snapshot.everybody.policy.remembered_as)[0]
    visit(server, workspace, 30, clicks={"ad-i05"})
    do(server.learn())
    before = memory_of(server)
    again = Learning(workspace, server.log)
    recalled = again.catch_up([server.snapshot.everybody.policy]).of(server.snapshot.everybody.policy)
    fresh = server.snapshot.everybody.policy
    every = fresh.fold(fresh.nothing(), again.outcomes(server.log.since(0, None, ad_learning.CLICK_WINDOW)))
    server.close()
    assert upto > 0
    same(before, recalled)
    same(before, every)
    assert before.own["shown"].sum() > 120


def test_what_a_learner_knew_at_a_moment_is_read_part_by_part(workspace, monkeypatch):
    server, enough, since, parts = serving(workspace, "lin_thompson"), learning.enough, EventLog.since, []
    visit(server, workspace, 60, clicks={"ad-i03"})
    workspace.clock.at += timedelta(minutes=1)
    moment = workspace.clock.now()
    visit(server, workspace, 10, clicks={"ad-i03"})
    learner = server.snapshot.everybody.policy
    whole = known_before(workspace, server.log, learner, moment)

    def told(*asked):
        parts.append(found := since(*asked))
        return found

    monkeypatch.setattr(learning, "enough", lambda connection, begin: enough(connection, begin, 20))
    monkeypatch.setattr(EventLog, "since", told)
    found = known_before(workspace, server.log, learner, moment)
    server.close()
    assert [int((~one.clicked).sum()) for one in parts] == [40, 40, 40]
    assert all(np.array_equal(found.own[name], whole.own[name]) for name in whole.own)
    assert whole.own["clicked"].sum() > 0


def test_a_click_counts_once_within_a_day_of_its_decision_however_often_and_late_it_comes(workspace):
    server = serving(workspace)
    decisions = [server.ads("u01").decision for _ in range(3)]
    ids = [one.placed[0].decision_id for one in decisions]
    workspace.clock.at += timedelta(days=3)
    late, early = NOON + timedelta(days=2), NOON + timedelta(hours=1)
    do(server.track([EventIn("a", ids[0], "click", at=late), EventIn("b", ids[1], "click", at=late)]))
    do(server.learn())
    assert memory_of(server).own["clicked"].sum() == 0
    do(server.track([EventIn("c", ids[1], "click", at=early), EventIn("d", ids[1], "click", at=early)]))
    do(server.learn())
    clicked = memory_of(server).own["clicked"].sum()
    server.close()
    assert clicked == 1


def test_what_was_weighed_is_kept_and_goes_with_its_decision(workspace):
    server = serving(workspace, "lin_ucb")
    made = [server.ads("u02", n=2).decision, server.ads("u03", n=2).decision]
    do(server.track([]))
    kept = server.log.weighings([one.request_id for one in made])
    first = kept[made[0].request_id]
    assert len(first.ids) == len(first.scores) == made[0].n_candidates
    scores = dict(zip(first.ids, first.scores.tolist(), strict=True))
    assert [scores[one.ad_id] for one in made[0].placed] == [one.score for one in made[0].placed]
    assert first.features[0] == 1
    server.log.erase(made[0].customer)
    assert set(server.log.weighings([one.request_id for one in made])) == {made[1].request_id}
    server.log.expire(NOON + timedelta(days=1))
    assert not server.log.weighings([made[1].request_id])
    server.close()


def test_a_decision_in_the_journal_keeps_what_was_weighed(workspace):
    server = serving(workspace)
    made = server.ads("u02").decision
    server.close()
    again = read_entry(*orjson.loads(line(made)[9:-1]))
    assert again == made
    assert again.considered.ids == made.considered.ids
    assert np.array_equal(again.considered.scores, made.considered.scores)


def test_a_damaged_memory_is_learnt_anew_from_the_log(workspace):
    server = serving(workspace)
    visit(server, workspace, 20, clicks={"ad-i03"})
    server.log.remember(server.snapshot.everybody.policy.remembered_as, 5, b"nothing of the kind")
    do(server.learn())
    shown = memory_of(server).own["shown"].sum()
    server.close()
    assert shown > 20


def test_without_an_ad_that_may_be_shown_the_house_ad_comes_and_nothing_is_learnt(workspace):
    for ad in bookings.ads(workspace):
        if not ad.house:
            bookings.pause(workspace, ad.id)
    server = serving(workspace)
    answer = server.ads("u01", n=2)
    do(server.learn())
    known = memory_of(server)
    server.close()
    assert [ad.id for ad in answer.ads] == ["house"]
    assert known.own["shown"].sum() == 0
    assert answer.decision.considered is None


def test_a_policy_that_does_not_learn_costs_no_look_at_the_log(workspace):
    server = serving(workspace, "softmax")
    visit(server, workspace, 5)
    do(server.learn())
    assert not server.learning.learnt.memories
    assert policy({"policy": "softmax"}) == server.snapshot.everybody.policy
    server.close()


def test_two_workers_on_one_server_know_the_same(workspace, postgresql, tmp_path):
    url, clock = postgresql.schema(), workspace.clock
    learner = policy({"policy": "lin_ucb"})
    server = serving(workspace, "lin_ucb")
    made = [server.ads(f"u{one:02d}", n=2).decision for one in range(20)]
    server.close()
    logs = [EventLog.open(tmp_path / name, clock, url, writer=True) for name in ("one", "other")]
    for number, one in enumerate(made):
        logs[number % 2].log(one)
    for log in logs:
        log.track([]).result()
    clicks = [feedback(clock, f"e{n}", one.placed[0].decision_id) for n, one in enumerate(made)]
    logs[0].track(clicks[:12]).result()
    logs[1].track(clicks[8:]).result()
    memories = [Learning(workspace, log).catch_up([learner]).of(learner) for log in logs]
    kept = logs[0].weighings([one.request_id for one in made])
    logs[0].remember(learner.remembered_as, 7, memories[0].to_bytes())
    logs[1].remember(learner.remembered_as, 3, b"older")
    found = logs[1].recall(learner.remembered_as)
    for log in logs:
        log.close()
    assert len(kept) == 20
    assert memories[0].own["clicked"].sum() == 20
    assert memories[0].own["shown"].sum() == 20 * 1.75
    assert found[0] == 7
    same(*memories)
    same(memories[0], Memory.from_bytes(found[1]))


@pytest.mark.parametrize("told", [np.nan, 0.0, 1.5])
def test_a_policy_that_says_no_chances_is_passed_over_and_nothing_untrue_is_logged(
    workspace, monkeypatch, told
):
    server = serving(workspace, "softmax")

    def lying(self, scores, n, rng):
        return Choice(np.arange(n), np.full(n, told))

    monkeypatch.setattr(Softmax, "choose", lying)
    made = server.ads("u01", n=2).decision
    problems = server.readiness().problems
    server.close()
    assert [one.propensity for one in made.placed] == [1.0, 1.0]
    assert made.placed[0].score >= made.placed[1].score
    assert any("The better, the likelier fails and is passed over" in one for one in problems)
