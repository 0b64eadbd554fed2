"""The gate: what was served and done trains a challenger, which is judged, and serves only if it holds.

A round goes through its steps one by one, and each is kept before the next begins: a process that dies at any moment
leaves a round that goes on where it stood. Nothing serves but what a round promoted, or a person published.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from reco_lab.analysis.soundness import Limits
from reco_lab.core.errors import DataError, InputError, NotFoundError
from reco_lab.core.words import count
from reco_lab.jobs.start import ensure_worker
from reco_lab.services import publishing, schedules
from reco_lab.services.publishing import Plan
from reco_lab.store.records import DatasetVersion, JobState
from reco_lab.store.rounds import Round, RoundState
from reco_lab.workspace import Workspace

if TYPE_CHECKING:
    from reco_lab.services.forward import Duel

JOB = "gate"
SETTING = "gate"
MOST_ATTEMPTS = 3

RULES = {
    "better": "it is better than what served.",
    "no worse": "it is newer, and no worse than what served.",
    "worse": "it is worse than what serves.",
    "unsure": "too few customers to show that it is no worse than what serves.",
    "too few": "hardly anybody did anything since, so it cannot be judged.",
}

Report = Callable[[float, str], None]
Finding = dict[str, Any]


class GateSettings(BaseModel):
    """What the gate asks for. Shares are from 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    challenger: Literal["again", "experiment"] = Field(
        "again", description="the champion trained anew, or the winner of the latest experiment"
    )
    judged_share: float = Field(0.3, gt=0, lt=1, description="of what is new, the latest, that judges")
    margin: float = Field(
        0.1, ge=0, lt=1, description="how much of the champion's value a newer model may be short of"
    )
    fewest_customers: int = Field(30, ge=2, description="behind the judgement")
    limits: Limits = Limits()


def gate_settings(workspace: Workspace) -> GateSettings:
    """What the gate asks for in this workspace."""
    return GateSettings.model_validate(workspace.store.get_setting(SETTING, {}))


def set_gate(workspace: Workspace, wanted: GateSettings) -> None:
    """Ask for this from the next round on."""
    workspace.store.set_setting(SETTING, wanted.model_dump())


def run_round(workspace: Workspace, report: Report = lambda _fraction, _message: None) -> Round:
    """Bring the open round as far as it goes, or begin one; the round as it ended or waits.

    NotFoundError where nothing is published, so that there is nobody to challenge.
    """
    found = settled(workspace)
    found = _begun(workspace) if found is None else _taken_up(workspace, found)
    steps = {
        RoundState.collecting: _collect,
        RoundState.training: _train,
        RoundState.judging: _judge,
    }
    while found.live and found.state in steps:
        try:
            found = steps[found.state](workspace, found, report)
        except InputError as error:
            found = _refuse(workspace, found, _said(_STEP[found.state], str(error), passed=False))
    return found


def submit(workspace: Workspace) -> str:
    """Queue a round, or the going on of the open one; the job's id. NotFoundError where nothing is published."""
    settled(workspace)
    _, plan = _champion(workspace)
    data = [
        one.fingerprint for one in workspace.store.versions(plan.dataset)
    ]  # an erasure stops work on these
    return workspace.queue.submit(JOB, {"name": "Training and judging a challenger", "data": data}, key=JOB)


def compute(workspace: Workspace, _payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """What a worker does with a queued round."""
    found = run_round(workspace, report)
    return {"round": found.id, "state": found.state.value, "sentence": sentence(found)}


def due(workspace: Workspace) -> bool:
    """Whether a round should begin by its schedule."""
    return schedules.due(workspace)


def tick(workspace: Workspace) -> str | None:
    """Queue what is due: called now and then by whoever serves or shows the app. The job's id, None if nothing is."""
    if not schedules.take(workspace) or workspace.publications.serving() is None:
        return None
    return submit(workspace)


def begin_due(workspace: Workspace) -> None:
    """The same, with a worker to do it."""
    if tick(workspace) is not None:
        ensure_worker(workspace)


def cancel(workspace: Workspace, id_: str) -> Round:
    """End an open round by hand; nothing of it serves."""
    found = workspace.rounds.get(id_)
    if not found.live:
        return found
    return workspace.rounds.advance(
        found, RoundState.cancelled, {"plan": None}, [_said("decision", "It was cancelled.", passed=None)]
    )


def settled(workspace: Workspace) -> Round | None:
    """The open round; one whose work was cancelled on the board is cancelled."""
    found, job = workspace.rounds.open(), workspace.queue.latest(JOB)
    if found is None or job is None or job.state is not JobState.cancelled:
        return found
    if job.finished is not None and job.finished >= found.changed:
        cancel(workspace, found.id)
        return None
    return found


def sentence(found: Round) -> str:
    """What came of a round, in a sentence or two."""
    if found.state is RoundState.refused:
        told = next((str(one["short"]) for one in found.findings if one["passed"] is False), "")
        return f"The challenger was refused: {told}"
    words = {
        RoundState.collecting: "What was served and done is being collected.",
        RoundState.training: "A challenger is being trained.",
        RoundState.judging: "The challenger is being judged.",
        RoundState.canary: "The challenger is tried on a share of the customers.",
        RoundState.cancelled: "The round was cancelled; nothing of it serves.",
    }
    if found.state is RoundState.promoted:
        return f"The challenger serves: {found.findings[-1]['short']}"
    return words[found.state]


def reason(found: Round) -> str:
    """The same with its figure, where it ended for a reason."""
    if found.state is RoundState.promoted:
        return str(found.findings[-1]["sentence"])
    return next((str(one["sentence"]) for one in found.findings if one["passed"] is False), "")


def _champion(workspace: Workspace) -> tuple[int, Plan]:
    serving = workspace.publications.serving()
    if serving is None:
        raise NotFoundError(
            "Nothing is published yet, so there is no champion to challenge.",
            fix="Publish a model on the page Ads or with: reco-lab publish.",
        )
    return serving.number, Plan.model_validate(serving.spec)


def _begun(workspace: Workspace) -> Round:
    number, plan = _champion(workspace)
    version = workspace.store.dataset(plan.dataset).version
    return workspace.rounds.begin(
        {
            "dataset": plan.dataset,
            "champion": number,
            "model": plan.model,
            "before": version,
            "settings": gate_settings(workspace).model_dump(),
            "attempts": 1,
        }
    )


def _taken_up(workspace: Workspace, found: Round) -> Round:
    """Go on with a round whose process died, but not for ever."""
    attempts = int(found.spec.get("attempts", 1)) + 1
    if attempts > MOST_ATTEMPTS:
        words = f"Its work was interrupted {MOST_ATTEMPTS} times, so it was given up."
        return _refuse(workspace, found, _said("decision", words, passed=False))
    return workspace.rounds.advance(found, found.state, {"attempts": attempts})


def _collect(workspace: Workspace, found: Round, report: Report) -> Round:
    """Make a version of what was served and done, and ask whether it can be learnt from."""
    from reco_lab.analysis.soundness import soundness
    from reco_lab.services.challengers import version_of
    from reco_lab.services.keeping import load_version

    report(0.0, "collecting what was served and done")
    plan = _challenged(workspace, found)
    version, made, note = _version(workspace, found)
    if version.fingerprint == plan.fingerprint:
        words = f"Nothing new has come since the champion was trained. {note}".strip()
        short = "nothing new has come since the champion was trained."
        return _refuse(workspace, found, _said("data", words, passed=False, short=short))
    report(0.1, "looking whether it can be learnt from")
    known = load_version(workspace, version_of(workspace, plan.dataset, plan.fingerprint))
    new = load_version(workspace, version)
    limits = GateSettings.model_validate(found.spec["settings"]).limits
    checks = soundness(known.interactions, new.interactions, limits, np.random.default_rng(workspace.seed))
    wrong = [one for one in checks if one.passed is False]
    rows = len(new.interactions) - len(known.interactions)
    about = {"version": version.version, "fingerprint": version.fingerprint, "made": made}
    values: Finding = {"checks": [asdict(one) for one in checks], "rows": rows}
    if wrong:
        taken = " The version was taken out again; it can be brought back for some days." if made else ""
        if made:
            workspace.store.drop_dataset(version.name, version.version)
        words = f"Version {version.version} of the data looks poisoned. {' '.join(one.sentence for one in wrong)}{taken}"
        short = f"its data look poisoned ({', '.join(one.name for one in wrong)})."
        return _refuse(workspace, found, _said("data", words, passed=False, short=short, **values), about)
    words = f"Version {version.version} of {version.title} is sound, with {count(max(rows, 0), 'row')} more than the champion knew."
    return workspace.rounds.advance(
        found, RoundState.training, about, [_said("data", words, passed=True, **values)]
    )


def _version(workspace: Workspace, found: Round) -> tuple[DatasetVersion, bool, str]:
    """The version to learn from, whether this round made it of the log, and why it could not where it did not."""
    from reco_lab.services.feedback_data import LOG, save_feedback
    from reco_lab.services.merging import parts

    dataset = str(found.spec["dataset"])
    newest = workspace.store.dataset(dataset)
    made = parts(workspace, newest)[-1:]
    if newest.version > int(found.spec["before"]) and made and made[0].file == LOG:
        return newest, True, ""
    try:
        return save_feedback(workspace, dataset, onto=dataset).dataset, True, ""
    except DataError as error:
        return newest, False, error.what


def _train(workspace: Workspace, found: Round, report: Report) -> Round:
    from reco_lab.services.challengers import challenge, version_of
    from reco_lab.services.keeping import load_version

    champion = _challenged(workspace, found)
    version = version_of(workspace, str(found.spec["dataset"]), str(found.spec["fingerprint"]))
    settings = GateSettings.model_validate(found.spec["settings"])
    plan = challenge(
        workspace,
        champion,
        load_version(workspace, version),
        lambda fraction, message: report(0.2 + 0.4 * fraction, message),
        from_experiment=settings.challenger == "experiment",
    )
    plan = plan.model_copy(update={"round": found.id, "parent": found.spec["champion"]})
    words = f"{plan.model} was trained on version {version.version}."
    return workspace.rounds.advance(
        found,
        RoundState.judging,
        {"plan": plan.model_dump(mode="json")},
        [_said("training", words, passed=True)],
    )


def _judge(workspace: Workspace, found: Round, report: Report) -> Round:
    from reco_lab.services.challengers import judge, parties, version_of

    champion, challenger = _challenged(workspace, found), Plan.model_validate(found.spec["plan"])
    version = version_of(workspace, str(found.spec["dataset"]), str(found.spec["fingerprint"]))
    settings = GateSettings.model_validate(found.spec["settings"])
    seen = judge(
        workspace,
        parties(workspace, champion, challenger, version),
        settings.judged_share,
        lambda fraction, message: report(0.6 + 0.35 * fraction, message),
    )
    told = forward_finding(seen, settings)
    if not told["passed"]:
        return _refuse(workspace, found, told)
    return _promote(workspace, found, challenger, told)


def forward_finding(seen: "Duel", settings: GateSettings) -> Finding:
    """Whether a challenger may serve by what came after: better, or newer and no worse than the margin allows."""
    from reco_lab.experiments.verdict import shown

    apart, margin = seen.difference, settings.margin * abs(seen.champion)
    low, high = (apart.low, apart.high) if seen.sign > 0 else (-apart.high, -apart.low)
    few = seen.customers < settings.fewest_customers
    rule = "too few" if few else _rule(low, high, margin if seen.champion > 0 else 0.0)
    gap = f"{seen.challenger:.3f} against {seen.champion:.3f} {shown(seen.metric)}"
    span = f"the difference lies between {apart.low:+.3f} and {apart.high:+.3f}".replace(
        "-", "\N{MINUS SIGN}"
    )
    words = (
        f"{gap}, over {count(seen.customers, 'customer')} after {_day(seen)}; {span}. A newer model may be short of "
        f"{margin:.3f}, and {settings.fewest_customers} customers are needed."
    )
    figures = {
        "metric": seen.metric,
        "champion": seen.champion,
        "challenger": seen.challenger,
        "low": apart.low,
        "high": apart.high,
        "margin": margin,
        "customers": seen.customers,
        "begins": str(seen.begins.astype("datetime64[s]")),
        "rule": rule,
    }
    short = RULES[rule]
    return _said(
        "forward",
        f"{short.capitalize()} {words}",
        passed=rule in {"better", "no worse"},
        short=short,
        **figures,
    )


def _rule(low: float, high: float, margin: float) -> str:
    if low > 0:
        return "better"
    if low >= -margin and margin > 0:
        return "no worse"
    return "worse" if high < 0 else "unsure"


def _promote(workspace: Workspace, found: Round, plan: Plan, told: Finding) -> Round:
    made = workspace.rounds.promote(
        found, publishing.kept_plan(workspace, plan), told, instead_of=int(found.spec["champion"])
    )
    found = workspace.rounds.get(found.id)
    if made is not None or not found.live:
        return found
    words = "Something else was published while it was judged, so it was judged against what serves no more."
    return _refuse(workspace, found, {**told, "passed": None}, {}, _said("decision", words, passed=False))


def _refuse(
    workspace: Workspace, found: Round, told: Finding, about: Mapping[str, Any] | None = None, *more: Finding
) -> Round:
    """End a round without its challenger, whose models go with the next tidying."""
    return workspace.rounds.advance(found, RoundState.refused, {**(about or {}), "plan": None}, [told, *more])


def _challenged(workspace: Workspace, found: Round) -> Plan:
    """The champion of a round; InputError where it is gone."""
    number = int(found.spec["champion"])
    champion = workspace.publications.get(number)
    if champion is None:
        raise InputError("What served when the round began is gone.", fix="Start a new round.")
    return Plan.model_validate(champion.spec)


def _said(step: str, words: str, *, passed: bool | None, short: str = "", **figures: Any) -> Finding:
    """What a step found: in a few words for the title, in full with its figure, and as numbers."""
    return {"step": step, "passed": passed, "short": short or words, "sentence": words, **figures}


def _day(seen: "Duel") -> str:
    return str(seen.begins.astype("datetime64[D]"))


_STEP = {
    RoundState.collecting: "data",
    RoundState.training: "training",
    RoundState.judging: "forward",
    RoundState.canary: "canary",
}
