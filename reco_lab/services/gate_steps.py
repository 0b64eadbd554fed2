"""The steps of a round, each of which is kept before the next begins."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from reco_lab.core.errors import CorruptError, DataError, InputError
from reco_lab.core.progress import Report
from reco_lab.core.words import count, day
from reco_lab.services import ab_tests, ancestry, canary, publishing
from reco_lab.services.gate_settings import GateSettings
from reco_lab.services.gate_words import (
    NO_WORSE,
    Finding,
    forward_finding,
    log_finding,
    milestone_finding,
    said,
)
from reco_lab.services.publishing import Plan
from reco_lab.store.records import DatasetVersion
from reco_lab.store.rounds import Round, RoundState
from reco_lab.workspace import Workspace

if TYPE_CHECKING:
    from reco_lab.services.challengers import Parties
    from reco_lab.services.replayed import Sides

OVERTAKEN = said(
    "decision",
    "something else was published while it was judged, so it was judged against what serves no more.",
    passed=False,
)


def collect(workspace: Workspace, found: Round, report: Report) -> Round:
    """Make a version of what was served and done, and ask whether it can be learnt from."""
    from reco_lab.analysis.soundness import soundness
    from reco_lab.services.keeping import load_version

    report(0.0, "collecting what was served and done")
    plan = challenged(workspace, found)
    version, made, note = _version(workspace, found)
    if version.fingerprint == plan.fingerprint:
        words = f"Nothing new has come since the champion was trained. {note}".strip()
        short = "nothing new has come since the champion was trained."
        return refuse(workspace, found, [said("data", words, passed=False, short=short)])
    report(0.1, "looking whether it can be learnt from")
    known = load_version(workspace, publishing.version_of(workspace, plan.dataset, plan.fingerprint))
    new = load_version(workspace, version)
    limits = settings_of(found).limits
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
        return refuse(workspace, found, [said("data", words, passed=False, short=short, **values)], about)
    words = f"Version {version.version} of {version.title} is sound, with {count(max(rows, 0), 'row')} more than the champion knew."
    return workspace.rounds.advance(
        found, RoundState.training, about, [said("data", words, passed=True, **values)]
    )


def _version(workspace: Workspace, found: Round) -> tuple[DatasetVersion, bool, str]:
    """The version to learn from, whether this round made it of the log, and why it could not where it did not."""
    from reco_lab.services.feedback_data import made_by, save_feedback

    dataset = str(found.spec["dataset"])
    newest = workspace.store.dataset(dataset)
    if made_by(workspace, newest, found.id):
        return newest, True, ""
    try:
        return save_feedback(workspace, dataset, onto=dataset, by=found.id).dataset, True, ""
    except DataError as error:
        return workspace.store.dataset(dataset), False, error.what


def train(workspace: Workspace, found: Round, report: Report) -> Round:
    """Train the challenger on all of the new version."""
    from reco_lab.services.challengers import challenge
    from reco_lab.services.keeping import load_version

    version = publishing.version_of(workspace, str(found.spec["dataset"]), str(found.spec["fingerprint"]))
    plan = challenge(
        workspace,
        challenged(workspace, found),
        load_version(workspace, version),
        lambda fraction, message: report(0.2 + 0.4 * fraction, message),
        from_experiment=settings_of(found).challenger == "experiment",
    )
    plan = plan.model_copy(update={"round": found.id, "parent": found.spec["champion"]})
    words = f"{plan.model} was trained on version {version.version}."
    kept = {"plan": plan.model_dump(mode="json")}
    return workspace.rounds.advance(found, RoundState.judging, kept, [said("training", words, passed=True)])


def judge(workspace: Workspace, found: Round, report: Report) -> Round:
    """Hold the challenger against the champion on what came later."""
    from reco_lab.services import challengers

    version = publishing.version_of(workspace, str(found.spec["dataset"]), str(found.spec["fingerprint"]))
    both = challengers.parties(workspace, challenged(workspace, found), challenger(found), version)
    settings = settings_of(found)
    seen, sides = challengers.judge(
        workspace,
        both,
        settings.judged_share,
        lambda fraction, message: report(0.6 + 0.35 * fraction, message),
    )
    told = [forward_finding(seen, settings)]
    if told[0]["rule"] == NO_WORSE:
        told += _beside_the_milestone(workspace, found, both, sides)
    if all(one["passed"] is not False for one in told):
        told.append(_by_the_log(workspace, sides))
    if any(one["passed"] is False for one in told):
        return refuse(workspace, found, told)
    return workspace.rounds.advance(found, RoundState.canary, {}, told)


def _beside_the_milestone(
    workspace: Workspace, found: Round, both: "Parties", sides: "Sides"
) -> Sequence[Finding]:
    """How a challenger that is only no worse than the champion stands to the last milestone; nothing where that serves."""
    from reco_lab.services import challengers

    settings = settings_of(found)
    earlier = ancestry.milestone(workspace, int(found.spec["champion"]))
    if earlier is None:
        return ()
    name = f"what served from {day(earlier.created)} on, version {earlier.version}"
    try:
        seen = challengers.judge_beside(workspace, both, sides, settings.judged_share, earlier)
    except (InputError, CorruptError) as error:
        workspace.log.reference(error)
        return [said("milestone", f"It cannot be held against {name}, which is gone.", passed=None)]
    return [milestone_finding(seen, settings, name)]


def _by_the_log(workspace: Workspace, sides: "Sides") -> Finding:
    """What the challenger would have earned with the decisions that were logged since, where the log can tell."""
    from reco_lab.services.replayed import replayed

    try:
        return log_finding(replayed(workspace, sides))
    except InputError as error:
        return said("off-policy", f"The log cannot judge it: {error.what}", passed=None)


def try_out(workspace: Workspace, found: Round, report: Report) -> Round:
    """Let it serve a share of the customers first, look how it does, and promote it once it ran and no harm was seen."""
    settings, test = settings_of(found), found.spec.get("test")
    if test is None and (settings.canary_share == 0 or not canary.served_lately(workspace)):
        why = "By the settings it is tried on nobody first."
        if settings.canary_share:
            why = "Nobody was served within a day, so there is nobody to try it on."
        return promote(workspace, found, said("canary", why, passed=None))
    if _overtaken(workspace, found):
        return refuse(workspace, found, [OVERTAKEN])
    if test is None:
        report(0.97, "beginning to serve a share of the customers by it")
        test = canary.begin(workspace, found.id, challenger(found), settings.canary_share)
        kept = {"test": test, "serving": canary.begun_as(workspace, test)}
        begun = workspace.rounds.advance(found, RoundState.canary, kept)
        tidy(workspace, begun)
        return begun
    report(0.97, "looking how customers take it")
    seen = canary.trial(workspace, str(test), settings.canary_hours, settings.canary_customers)
    if not seen.over:
        return workspace.rounds.advance(found, RoundState.canary, {"trial": seen.sentence})
    told = said("canary", seen.sentence, passed=seen.held, short=seen.short)
    if seen.held:
        return promote(workspace, found, told)
    if seen.held is None:
        return workspace.rounds.advance(found, RoundState.cancelled, {"plan": None}, [told])
    return refuse(workspace, found, [told])


def promote(workspace: Workspace, found: Round, told: Finding) -> Round:
    """Let the challenger serve, unless something else was published since the round began."""
    made = workspace.rounds.promote(
        found,
        publishing.kept_plan(workspace, challenger(found)),
        [told],
        instead_of=_instead_of(found),
    )
    ended = workspace.rounds.get(found.id)
    if made is None and ended.live:
        return refuse(workspace, ended, [told, OVERTAKEN])
    tidy(workspace, ended)
    return ended


def refuse(
    workspace: Workspace, found: Round, told: Sequence[Finding], about: Mapping[str, Any] | None = None
) -> Round:
    """End a round without its challenger, whose models go with the next tidying."""
    ended = workspace.rounds.advance(found, RoundState.refused, {**(about or {}), "plan": None}, told)
    tidy(workspace, ended)
    return ended


def tidy(workspace: Workspace, found: Round) -> None:
    """End the trial of a round that came to an end, should it have begun one."""
    if not found.live:
        canary.end(workspace, found.id)


def _instead_of(found: Round) -> int:
    """The publication whose place a challenger may take: the champion's, or that of its trial."""
    return int(found.spec.get("serving", found.spec["champion"]))


def _overtaken(workspace: Workspace, found: Round) -> bool:
    """Whether another publication serves by now than the one it is tried against, so that nobody need wait for the end."""
    serving, now = workspace.publications.serving(), ab_tests.running(workspace)
    tried = now is not None and canary.round_of(now.record.title) == found.id
    if tried != ("test" in found.spec):  # it began and that was not noted yet, or was ended by hand
        return False
    return serving is not None and serving.number != _instead_of(found)


def settings_of(found: Round) -> GateSettings:
    """What was asked for when the round began."""
    return GateSettings.model_validate(found.spec["settings"])


def challenger(found: Round) -> Plan:
    """The challenger of a round that has one."""
    return Plan.model_validate(found.spec["plan"])


def challenged(workspace: Workspace, found: Round) -> Plan:
    """The champion of a round; InputError where it is gone."""
    champion = workspace.publications.get(int(found.spec["champion"]))
    if champion is None:
        raise InputError("What served when the round began is gone.", fix="Start a new round.")
    return publishing.plan_of(workspace, champion)
