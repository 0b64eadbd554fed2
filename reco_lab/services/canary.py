"""The canary: a challenger that holds on what came later serves a share of the customers, before it serves all."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reco_lab.core.events import Stage
from reco_lab.core.words import count
from reco_lab.experiments.ab_look import Look
from reco_lab.experiments.ab_verdict import Verdict, distrust, effect, harmed
from reco_lab.services import ab_tests
from reco_lab.services.decisions import open_log
from reco_lab.services.publishing import Plan
from reco_lab.workspace import Workspace

CHAMPION, CHALLENGER = "champion", "challenger"
WHO = "the gate"
TITLE = "The gate tries its challenger, round "
LOOKS = 50
PATIENCE = 7
RECENT = timedelta(days=1)
HARM = 0.5  # the part of its clicks whose loss is to be seen soonest: bounds made for small lifts see hardly any harm in a day


@dataclass(frozen=True)
class Trial:
    """How the canary stands: over or not, and if so whether it held; the reason in a few words and with its figures."""

    over: bool
    held: bool | None
    short: str
    sentence: str


def served_lately(workspace: Workspace) -> bool:
    """Whether anybody was served within a day, so that there is somebody to try a challenger on."""
    with closing(open_log(workspace)) as log:
        return bool(log.decisions(since=workspace.clock.now() - RECENT, limit=1))


def begin(workspace: Workspace, round_: str, plan: Plan, part: float) -> str:
    """Let the challenger serve a share of the customers; the id of the A/B test. What was begun already goes on."""
    title = f"{TITLE}{round_}"
    now = ab_tests.running(workspace)
    if now is not None and now.record.title == title:
        if now.served:
            return now.record.id
        ab_tests.stop(workspace, who=WHO)  # it was kept, but its process died before it served
    model = next(link for link in plan.chain if link.stage is Stage.model)
    learnt = model.model_copy(update={"learnt": plan.fingerprint})
    arms: list[dict[str, Any]] = [
        {"name": CHAMPION, "share": 1 - part},
        {"name": CHALLENGER, "share": part, "model": learnt.model_dump(mode="json")},
    ]
    spec = {"title": title, "arms": arms, "minimum_lift": HARM}
    return ab_tests.start(workspace, spec, who=WHO).record.id


def so_far(title: str, found: Verdict) -> str:
    """How a running test stands in a sentence; of a canary it is asked whether it does harm, not how much better it is."""
    asked = round_of(title) is None or found.kind not in {"no", "unknown"}
    return found.sentence if asked else "No harm is seen so far."


def round_of(title: str) -> str | None:
    """The round that a test of this title tries a challenger for; None for any other test."""
    return title.removeprefix(TITLE) if title.startswith(TITLE) else None


def begun_as(workspace: Workspace, test: str) -> int:
    """The number of the publication with which a canary began to serve, whatever was published since."""
    history = workspace.publications.history()
    return min(one.number for one in history if (one.spec.get("test") or {}).get("id") == test)


def end(workspace: Workspace, round_: str) -> None:
    """End the canary of a round where it still runs; what serves stays, or if it is the canary's, what served before it."""
    now = ab_tests.running(workspace)
    if now is not None and round_of(now.record.title) == round_:
        ab_tests.stop(workspace, who=WHO)


def trial(workspace: Workspace, test: str, hours: float, fewest: int) -> Trial:
    """Look at a canary: refused as soon as it does harm, held when it ran its hours and none was seen.

    Enough customers must have come. That none was seen is no proof that there is none. Intervals hold however
    often one looks.
    """
    now = ab_tests.running(workspace)
    if now is None or now.record.id != test:
        words = "Its trial with real customers was ended by hand."
        return Trial(over=True, held=None, short=words, sentence=words)
    with closing(open_log(workspace)) as log:
        found = ab_tests.look_at(workspace, log, now)
    customers = next((one.customers for one in found.standings if one.name == CHALLENGER), 0)
    told = f"{count(customers, 'customer')} were served by it ({fewest:,} are needed). {_effects(found)}"
    if reason := distrust(found) if customers else "":
        return Trial(over=True, held=False, short="its trial cannot be trusted.", sentence=f"{reason} {told}")
    if worse := [one for one in (*found.ahead, *harmed(found, CHALLENGER)) if one.good < 0]:
        short = f"it did harm with real customers ({', '.join(dict.fromkeys(one.outcome for one in worse))})."
        return Trial(over=True, held=False, short=short, sentence=told)
    ran = (workspace.clock.now() - _began(now)) / timedelta(hours=1)
    known = any(one.low is not None for one in found.ahead)
    if ran >= hours and customers >= fewest and known:
        return Trial(over=True, held=True, short="no harm was seen with real customers.", sentence=told)
    if ran >= PATIENCE * hours:
        short = "too few customers came to try it on, or did anything."
        return Trial(over=True, held=False, short=short, sentence=told)
    return Trial(over=False, held=None, short="", sentence=told)


def _began(now: ab_tests.Running) -> datetime:
    return now.record.started or now.record.created


def _effects(found: Look) -> str:
    told = [effect(one) for one in found.ahead]
    return f"{'; '.join(told)[:1].upper()}{'; '.join(told)[1:]}." if told else ""
