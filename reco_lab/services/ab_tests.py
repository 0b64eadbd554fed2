"""A/B tests of what serves: started, looked at, ended with a decision, each step in the audit trail."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reco_lab.core.ab_test import HOLDOUT, AbTest, Arm, ab_test
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.core.events import Stage
from reco_lab.core.words import share
from reco_lab.experiments.ab_course import Course
from reco_lab.experiments.ab_look import Ahead, Look, by_segment, look
from reco_lab.services import publishing
from reco_lab.services.ab_segments import segments_of
from reco_lab.services.auditing import audit
from reco_lab.services.decisions import open_log
from reco_lab.services.publishing import Link, Plan, arm_model
from reco_lab.store.ab_tests import AbTestRecord
from reco_lab.store.events.log import EventLog
from reco_lab.store.locks import FileLock
from reco_lab.workspace import Workspace

WHO = "the app"
HISTORY = timedelta(days=28)
LOOKS = 30
SHORTEST = timedelta(minutes=1)
OTHERS_SECONDS = 30.0
Period = tuple[datetime, datetime, timedelta]


@dataclass(frozen=True, eq=False)
class Running:
    """A test, its record, and whether what serves now tells customers apart by it."""

    record: AbTestRecord
    test: AbTest
    served: bool


def start(workspace: Workspace, spec: Mapping[str, Any], *, who: str = WHO) -> Running:
    """Start a test: from now on customers are told apart, each for good, and the log names her arm.

    `spec` is an AbTest without its id. An arm without a policy or a model gets those that serve everybody
    now, and keeps them whatever is published meanwhile. Raises SpecError for what cannot be tested,
    NotFoundError for a policy that is not there or where nothing is published, InputError while another test
    runs.
    """
    with _one_at_a_time(workspace):
        return _started(workspace, spec, who)


def _started(workspace: Workspace, spec: Mapping[str, Any], who: str) -> Running:
    plan = publishing.serving_plan(workspace)
    if plan is None:
        raise NotFoundError(
            "Nothing is published yet, so there is nothing to test.", fix="Publish a model first."
        )
    if plan.test is not None or any(one.running for one in workspace.ab_tests.listing()):
        raise InputError("A test runs already.", fix="End it first.")
    test = ab_test(dict(spec) | {"id": workspace.ab_tests.new_id()})
    test = test.model_copy(update={"arms": tuple(_pinned(arm, plan) for arm in test.arms)})
    record = workspace.ab_tests.start(test.id, test.title, test.model_dump(mode="json"))
    try:
        publishing.change(workspace, test=test)
    except BaseException as error:
        workspace.ab_tests.end(test.id, {"decision": f"It could not start: {error}"})
        raise
    parts = ", ".join(f"{one.name} {share(one.share)}" for one in test.groups)
    audit(workspace).add(
        who,
        f"started the A/B test “{test.title}” ({test.id}) on {share(test.traffic)} of the customers: {parts}",
    )
    return Running(record, test, served=True)


@contextmanager
def _one_at_a_time(workspace: Workspace) -> Iterator[None]:
    """Let one person after the other start or end a test: whoever comes second sees what the first one did."""
    lock = FileLock(workspace.home / "ab-test.lock")
    if not lock.acquire(OTHERS_SECONDS):
        raise InputError("Somebody else starts or ends a test just now.", fix="Look again in a moment.")
    try:
        yield
    finally:
        lock.release()


def running(workspace: Workspace) -> Running | None:
    """The test that runs; None where none does."""
    record = next((one for one in workspace.ab_tests.listing() if one.running), None)
    if record is None:
        return None
    plan = publishing.serving_plan(workspace)
    served = plan.test if plan is not None and plan.test is not None and plan.test.id == record.id else None
    return Running(record, served or test_of(record), served is not None)


def test_of(record: AbTestRecord) -> AbTest:
    """The test as it was started."""
    return AbTest.model_validate(dict(record.spec))


def kept_look(record: AbTestRecord) -> Look | None:
    """The last look at a test that ended."""
    kept = (record.result or {}).get("look")
    return None if kept is None else Look.model_validate(kept)


def stop(workspace: Workspace, *, ship: str = "", who: str = WHO, seen: Look | None = None) -> AbTestRecord:
    """End the test that runs and let one of its arms serve everybody (`ship`), else what served before it.

    The look it was decided by (`seen`), else a last one, is kept with the decision. Raises NotFoundError
    where no test runs or it has no such arm.
    """
    with _one_at_a_time(workspace):
        return _stopped(workspace, ship, who, seen)


def _stopped(workspace: Workspace, ship: str, who: str, seen: Look | None) -> AbTestRecord:
    now = running(workspace)
    if now is None:
        raise NotFoundError("No A/B test runs.", fix="Start one on the Monitor page.")
    arms = {arm.name: arm for arm in now.test.groups}
    if ship and ship not in arms:
        raise NotFoundError(f"This test has no arm {ship!r}.", fix=f"There are: {', '.join(arms)}.")
    if seen is None:
        with closing(open_log(workspace)) as log:
            seen = look_at(workspace, log, now)
    decision = _decided(workspace, now, arms.get(ship))
    kept = {"decision": decision, "shipped": ship, "look": seen.model_dump(mode="json")}
    workspace.ab_tests.end(now.record.id, kept)
    audit(workspace).add(who, f"ended the A/B test “{now.test.title}” ({now.test.id}): {decision}")
    return workspace.ab_tests.get(now.record.id)


def _decided(workspace: Workspace, now: Running, shipped: Arm | None) -> str:
    """Let what was decided serve, whatever a process decided that died before it noted so; the decision in words."""
    plan = publishing.serving_plan(workspace)
    carried = _carried(workspace, plan, now.record.id)
    base = carried or plan
    if base is None or plan is None or (carried is None and shipped is None):
        return "what serves by now goes on"
    wanted = base if shipped is None else _shipped(base, shipped)
    if now.served or (wanted.policy, wanted.chain) != (plan.policy, plan.chain):
        publishing.change(workspace, test=None, policy=wanted.policy, chain=wanted.chain)
    return f"{shipped.name} serves everybody" if shipped else "what served before serves everybody again"


def _carried(workspace: Workspace, plan: Plan | None, test: str) -> Plan | None:
    """The plan that carries a test, or did until the one that serves took its place; None where others came since."""
    before = None if plan is None or plan.parent is None else workspace.publications.get(plan.parent)
    earlier = None if before is None else Plan.model_validate(before.spec)
    found = (one for one in (plan, earlier) if one is not None and one.test is not None)
    carried = next((one for one in found if one.test is not None and one.test.id == test), None)
    return carried if carried is None or plan is None or carried.dataset == plan.dataset else None


def look_at(workspace: Workspace, log: EventLog, now: Running) -> Look:
    """What is known of a running test at this moment, read from the log."""
    begin, end, step = _period(workspace, now)
    course = _course(log, now, (begin, end, step))
    return look(now.test, course, _before(log, now.test, begin), (begin, end, step))


def look_by_segment(workspace: Workspace, log: EventLog, now: Running) -> tuple[Ahead, ...]:
    """The same in each saved segment, of those who are in the data, and of all others."""
    period = _period(workspace, now)
    course = _course(log, now, period)
    return by_segment(
        now.test, course, _before(log, now.test, period[0]), segments_of(workspace, course.names)
    )


def _period(workspace: Workspace, now: Running) -> Period:
    """Begin, now, and a step: LOOKS of them at most, in whole minutes."""
    begin, end = now.record.started or now.record.created, workspace.clock.now()
    return begin, end, max(SHORTEST, SHORTEST * -(-(end - begin) // (LOOKS * SHORTEST)))


def _course(log: EventLog, now: Running, period: Period) -> Course:
    labels = [now.test.label(group) for group in now.test.groups]
    within = timedelta(days=now.test.days_after)
    begin, end, step = period
    return Course.of(log.by_customer(begin, end + SHORTEST, step=step, within=within, arms=labels), labels)


def _before(log: EventLog, test: AbTest, begin: datetime) -> Any:
    return log.by_customer(begin - HISTORY, begin, step=HISTORY, within=timedelta(days=test.days_after))


def _pinned(arm: Arm, plan: Plan) -> Arm:
    """An arm that says all it needs, so that what is published meanwhile does not change it."""
    first = next((link for link in plan.chain if link.stage is Stage.model), None)
    model = arm_model(arm) or first
    return arm.model_copy(
        update={
            "policy": dict(arm.policy or plan.policy),
            "model": None if model is None else _learnt_from(model, plan).model_dump(mode="json"),
        }
    )


def _shipped(plan: Plan, arm: Arm) -> Plan:
    """The plan by which an arm serves everybody."""
    model = arm_model(arm)
    if arm.name == HOLDOUT or model is None:
        return plan.model_copy(update={"policy": arm.policy})
    rest = (link for link in plan.chain if link.stage is not Stage.model)
    return plan.model_copy(update={"policy": arm.policy, "chain": (model, *rest)})


def models(workspace: Workspace) -> dict[str, Link]:
    """The models an arm may have, by what they are called: all that were published on the data that serve now."""
    plan = publishing.serving_plan(workspace)
    found: dict[str, Link] = {}
    for one in workspace.publications.history():
        earlier = Plan.model_validate(one.spec)
        first = next((link for link in earlier.chain if link.stage is Stage.model), None)
        if plan is not None and first is not None and earlier.dataset == plan.dataset:
            found.setdefault(first.name, _learnt_from(first, earlier))
    return found


def _learnt_from(link: Link, plan: Plan) -> Link:
    """The model with the data it learnt from, so that it serves beside models of other versions."""
    return link.model_copy(update={"learnt": link.learnt or plan.fingerprint})
