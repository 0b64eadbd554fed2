"""When a challenger is trained by itself: off, or every so many hours, with the next run kept in the store."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from reco_lab.workspace import Workspace

GATE = "gate"
DAY, WEEK = 24, 168


class Schedule(BaseModel):
    """How often; None is never."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_hours: int | None = Field(None, ge=1, le=24 * 365)

    @property
    def words(self) -> str:
        """The same in words."""
        hours = self.every_hours
        if hours is None:
            return "never by itself"
        named = {1: "every hour", DAY: "every day", WEEK: "every week"}
        return named.get(hours) or (
            f"every {hours // DAY} days" if hours % DAY == 0 else f"every {hours} hours"
        )


def schedule(workspace: Workspace) -> Schedule:
    """How often a challenger is trained."""
    found = workspace.schedules.get(GATE)
    return Schedule() if found is None else Schedule.model_validate(found.spec)


def next_run(workspace: Workspace) -> datetime | None:
    """When the next one is; None while it is off."""
    found = workspace.schedules.get(GATE)
    return None if found is None else found.next_run


def set_schedule(workspace: Workspace, wanted: Schedule) -> None:
    """Train one so often from now on; the first time when the first span is over."""
    if wanted == schedule(workspace):
        return
    hours = wanted.every_hours
    first = None if hours is None else workspace.clock.now() + timedelta(hours=hours)
    workspace.schedules.set(GATE, wanted.model_dump(), first)


def due(workspace: Workspace) -> bool:
    """Whether its time has come."""
    at = next_run(workspace)
    return at is not None and at <= workspace.clock.now()


def take(workspace: Workspace) -> bool:
    """Take a run that is due: True for one process alone. Runs that were missed while nobody looked are one."""
    found, now = workspace.schedules.get(GATE), workspace.clock.now()
    if found is None or found.next_run is None or found.next_run > now:
        return False
    hours = Schedule.model_validate(found.spec).every_hours
    return hours is not None and workspace.schedules.take(found, now + timedelta(hours=hours))
