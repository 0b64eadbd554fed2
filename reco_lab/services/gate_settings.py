"""What the gate asks for before a challenger may serve."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from reco_lab.analysis.soundness import Limits
from reco_lab.workspace import Workspace

SETTING = "gate"


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
    canary_share: float = Field(
        0.1, ge=0, le=0.5, description="of the customers, who are served by it first (0: nobody)"
    )
    canary_hours: float = Field(24.0, gt=0, description="for which they are")
    canary_customers: int = Field(200, ge=2, description="who must have come by then")
    limits: Limits = Limits()


def gate_settings(workspace: Workspace) -> GateSettings:
    """What the gate asks for in this workspace."""
    return GateSettings.model_validate(workspace.store.get_setting(SETTING, {}))


def set_gate(workspace: Workspace, wanted: GateSettings) -> None:
    """Ask for this from the next round on."""
    workspace.store.set_setting(SETTING, wanted.model_dump())
