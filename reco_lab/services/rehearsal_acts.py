"""What a careful team does while customers come: an A/B test of a policy that learns, and the gate on its schedule.

Both are the product's own, with its own thresholds; here is only who presses the buttons, and when.
"""

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from reco_lab.core.policy import policies
from reco_lab.core.words import day
from reco_lab.experiments.ab_verdict import Verdict, harmed, verdict
from reco_lab.jobs.supervisor import lock_path
from reco_lab.services import ab_tests, gate_words, publishing, schedules
from reco_lab.services.decisions import open_log
from reco_lab.services.gate_settings import GateSettings, set_gate
from reco_lab.services.schedules import Schedule
from reco_lab.store.ab_tests import AbTestRecord
from reco_lab.store.durable import replaced
from reco_lab.store.rounds import Round, RoundState
from reco_lab.workspace import Workspace

STORY = "story.json"
WHO = "the rehearsal"
CONTROL, LEARNER = "By lot", "Learning"
LEARNING: Mapping[str, Any] = {"policy": "lin_thompson"}
GATE_HOURS = 24
TRIED_BY = 0.5
MOST_DAYS = 12
WORTH_HAVING = 0.25
LOOK_SECONDS = 5.0
GATE_PATIENCE_SECONDS = 45.0
UNDECIDED = "The time was up before it was decided."


class Story(BaseModel):
    """How the acts stand, a sentence each; empty where there is nothing to say. `decided` and `passed`: how it ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    serves: str = ""
    test: str = ""
    decided: bool = False
    gate: str = ""
    passed: bool | None = None


@dataclass(eq=False)
class Acts:
    """The acts of one rehearsal. `note` is where the story goes."""

    room: Workspace
    note: Path
    _looked: float = 0.0
    _id: str = ""
    _test: str = ""
    _decided: bool = False
    _over: bool = False

    def begin(self) -> None:
        """Start the A/B test and put the gate on its schedule.

        In a small shop a tenth of the customers would be too few to try a challenger on, so half of them are.
        Latency is no guardrail here: on a machine that plays the customers as well it says nothing.
        """
        arms = ({"name": CONTROL, "share": 0.5}, {"name": LEARNER, "share": 0.5, "policy": dict(LEARNING)})
        spec = {"title": "Does learning pay?", "arms": arms, "minimum_lift": WORTH_HAVING}
        begun = ab_tests.start(
            self.room, spec | {"guardrails": ("fallback", "dismissed", "revenue")}, who=WHO
        )
        self._id = begun.record.id
        set_gate(self.room, GateSettings(canary_share=TRIED_BY))
        schedules.set_schedule(self.room, Schedule(every_hours=GATE_HOURS))
        self._tell()

    def tick(self) -> None:
        """Look again, if it is time to; called all the time. The gate is looked after by the service, as anywhere."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._look()
            self._tell()
            self._looked = time.monotonic()

    def end(self) -> None:
        """Let work of the gate that is under way come to its end, send its worker home, and tell how everything ended."""
        until = time.monotonic() + GATE_PATIENCE_SECONDS
        while any(job.live for job in self.room.queue.recent(1)) and time.monotonic() < until:
            time.sleep(0.2)
        lock_path(self.room.home).unlink(missing_ok=True)
        self._over = True
        self._look()
        self._tell()

    def _look(self) -> None:
        """Look at the test, and end it once it is decided, or has taken as long as one has time for."""
        now = ab_tests.running(self.room)
        if now is None or now.record.id != self._id:  # the gate tries its challenger in a test of its own
            return
        with closing(open_log(self.room)) as log:
            seen = ab_tests.look_at(self.room, log, now)
        found = verdict(now.test, seen)
        self._test = f"{found.sentence} {found.detail}".strip()
        winner = "" if harmed(seen, found.winner) else found.winner
        if winner or found.kind in {"worse", "no", "untrusted"} or seen.days >= MOST_DAYS:
            ended = ab_tests.stop(self.room, ship=winner, who=WHO, seen=seen)
            self._test, self._decided = _ended(found, ended, self.room), True
            self._looked = 0.0

    def _tell(self) -> None:
        rounds = self.room.rounds.listing(2)
        ended = next((one for one in rounds if not one.live), None)
        plan = publishing.serving_plan(self.room)
        serves = "" if plan is None else f"{plan.model}, {policies()[plan.policy['policy']].info.label}"
        story = Story(
            serves=serves,
            test=self._so_far(self._test, open_=not self._decided),
            decided=self._decided,
            gate=" ".join(self._so_far(_round(one), open_=one.live) for one in reversed(rounds)),
            passed=None if ended is None else ended.state is RoundState.promoted,
        )
        with replaced(self.note) as draft:
            draft.write_text(story.model_dump_json(), "utf-8")

    def _so_far(self, told: str, *, open_: bool) -> str:
        """How something stands, and once the customers are gone, that it ends with them."""
        return f"{told} {UNDECIDED}" if told and open_ and self._over else told


def story(home: Path) -> Story:
    """What was told last."""
    try:
        return Story.model_validate_json((home / STORY).read_text("utf-8"))
    except (OSError, ValidationError):
        return Story()


def _round(one: Round) -> str:
    return f"{day(one.created)}: {gate_words.sentence(one)}"


def _ended(found: Verdict, ended: AbTestRecord, room: Workspace) -> str:
    decision = str((ended.result or {}).get("decision", ""))
    return f"Ended on {day(room.clock.now())}: {found.sentence} {found.detail} So {decision}."
