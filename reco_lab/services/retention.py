"""How long things are kept."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from reco_lab.store.events.log import EventLog
from reco_lab.workspace import Workspace

SETTING = "retention"
# an event is accepted for 90 days: until then the log must know that it has it already
SHORTEST = 91


class Retention(BaseModel):
    """How many days things are kept; None keeps them for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dropped: int = Field(7, ge=0, description="Days in which a dropped version can be brought back.")
    versions: int | None = Field(
        None, ge=0, description="Days for a version that is neither the newest nor used."
    )
    runs: int | None = Field(
        None, ge=0, description="Days for trained models; asked again, they are trained again."
    )
    jobs: int | None = Field(90, ge=0, description="Days for jobs that are over.")
    log: int | None = Field(30, ge=0, description="Days for the log of the app itself.")
    publications: int | None = Field(
        None, ge=0, description="Days for a publication that serves no more, with its models."
    )
    decisions: int | None = Field(
        None, ge=SHORTEST, description="Days for served ads, what came of them, and visits."
    )


def retention(workspace: Workspace) -> Retention:
    """How long things are kept in this workspace."""
    return Retention.model_validate(workspace.store.get_setting(SETTING, {}))


def set_retention(workspace: Workspace, wanted: Retention) -> None:
    """Keep things so long from now on; nothing is removed yet."""
    workspace.store.set_setting(SETTING, wanted.model_dump())


def moment_before(now: datetime, days: int | None) -> datetime:
    """What is from before this moment is older than so many days; with None, nothing is."""
    return datetime.min.replace(tzinfo=now.tzinfo) if days is None else now - timedelta(days=days)


def expire(workspace: Workspace, log: EventLog) -> int:
    """Remove from the log of decisions what is older than the retention allows; how many rows."""
    days = retention(workspace).decisions
    return 0 if days is None else log.expire(moment_before(workspace.clock.now(), days))
