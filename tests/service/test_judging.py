"""What the service logged is what off-policy judgements read: on either database, and with the chances it had."""

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.core.policy import policies, policy
from reco_lab.policies.greedy import Greedy
from reco_lab.policies.uniform_random import UniformRandom
from reco_lab.services import publishing
from reco_lab.services.ad_messages import EventIn
from reco_lab.services.ad_server import AdServer
from reco_lab.services.decisions import open_log
from reco_lab.services.judged_answers import Asked
from reco_lab.services.judging import judge_policy
from reco_lab.store.events.log import EventLog
from reco_lab.testing.answered import log_answers
from reco_lab.testing.serving import open_shop
from reco_lab.workspace import Workspace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A shop that served 240 answers by a policy that leaves much to chance."""
    workspace = Workspace.open(tmp_path_factory.mktemp("served") / "home", clock=ManualClock(NOON))
    open_shop(workspace)
    spec = {"policy": "softmax", "temperature": 1.0}
    publishing.change(workspace, policy=spec)
    server = AdServer.open(workspace, rng=np.random.default_rng(0))
    made = []
    for one in range(240):
        workspace.clock.at += timedelta(seconds=1)
        made.append(server.ads(f"u{one % 60:02d}", n=2).decision)
    clicks = [
        EventIn(f"c{n}", one.placed[n % 2].decision_id, "click") for n, one in enumerate(made) if n % 3 == 0
    ]
    asyncio.run(server.track(clicks))
    server.close()
    log = open_log(workspace)
    yield workspace, log, policy(spec)
    log.close()
    workspace.close()


@pytest.mark.parametrize("places", ["first", "all"])
def test_the_policy_that_served_is_given_back_the_chances_it_had(served, places):
    workspace, log, serving = served
    found = judge_policy(workspace, log, serving, Asked(NOON, NOON + timedelta(days=1), places))
    assert found.told.used == found.told.answers == 240
    assert found.judgement.support.largest == pytest.approx(1, abs=1e-6)
    assert found.judgement.support.weight == pytest.approx(1, abs=1e-6)
    assert found.judgement.best.difference.value == pytest.approx(0, abs=1e-9)


def test_every_policy_can_be_judged_by_what_was_served(served):
    workspace, log, _ = served
    for kind in policies().values():
        found = judge_policy(workspace, log, kind(), Asked(NOON, NOON + timedelta(days=1)))
        support = found.judgement.support
        assert found.told.used
        assert abs(support.weight - 1) < 5 * max(support.weight_error, 0.05), kind.policy()


def test_a_server_of_databases_judges_alike(tmp_path, postgresql):
    url, rng = postgresql.schema(), np.random.default_rng(1)
    scores = rng.random((90, 4)).astype(np.float32)
    judged = []
    for name, where in (("file", None), ("server", url)):
        workspace = Workspace.open(tmp_path / name, clock=ManualClock(NOON))
        log_answers(
            workspace,
            UniformRandom(),
            scores,
            scores.astype(float),
            np.random.default_rng(2),
            places=2,
            url=where,
        )
        log = EventLog.open(workspace.home, workspace.clock, where, writer=False)
        judged.append(judge_policy(workspace, log, Greedy(), Asked(NOON - timedelta(days=1), NOON)))
        log.close()
        workspace.close()
    assert judged[0].told == judged[1].told
    assert judged[0].judgement == judged[1].judgement
