"""Steps run one after the other over a table, with an account of every row they leave out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reco_lab.core.step import Step, StepContext


@dataclass(frozen=True, eq=False)
class Effect:
    """What one step of a recipe did to the table it got."""

    step: Step
    dropped: int
    changed: int


@dataclass(frozen=True, eq=False)
class MendedTable:
    """The rows that stay, the reason of every row that does not (by its index), and each step's effect."""

    frame: pd.DataFrame
    reasons: pd.Series
    effects: tuple[Effect, ...]


def mend(frame: pd.DataFrame, steps: Sequence[Step], ctx: StepContext) -> MendedTable:
    """Run the steps in order. The frame's index must be different in every row."""
    reasons = [pd.Series([], index=frame.index[:0], dtype="str")]
    effects = []
    for step in steps:
        mended = step.apply(frame, ctx)
        frame = mended.frame
        reasons.append(
            pd.Series(np.full(len(mended.dropped), step.reason), mended.dropped.index, dtype="str")
        )
        effects.append(Effect(step, len(mended.dropped), mended.changed))
    return MendedTable(frame, pd.concat(reasons), tuple(effects))
