"""Ids that name nobody and nothing: placeholders, and codes written unlike all others."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from reco_lab.cleaning.steps._leaving import LeavesOut, Mask, counted, flag, shown
from reco_lab.core.parameters import tunable
from reco_lab.core.step import StepContext, Suggestion

MOST_IDS = 200
_WORDS = {"user": "customer", "item": "item"}
_PLACEHOLDERS = [
    "0",
    "00",
    "000",
    "0000",
    "00000",
    "-1",
    "-99",
    "999",
    "9999",
    "99999",
    "999999",
    "99999999",
    "na",
    "n/a",
    "#n/a",
    "#na",
    "nan",
    "null",
    "none",
    "nil",
    "undefined",
    "unknown",
    "anonymous",
    "guest",
    "test",
    "tester",
    "dummy",
    "default",
    "admin",
    "?",
    "-",
    "--",
    ".",
    "x",
    "xx",
    "xxx",
    "tba",
    "tbd",
    "unbekannt",
    "gast",
    "anonym",
    "inconnu",
    "invité",
    "desconocido",
    "anónimo",
    "invitado",
    "true",
    "false",
    "(blank)",
    "(empty)",
    "(not_set)",
    "not_set",
    "[object_object]",
]
_DIGIT = r"\d"


class RogueIds(LeavesOut):
    """Leave out rows of ids that are no customer or item."""

    label: ClassVar[str] = "Rogue ids"
    summary: ClassVar[str] = "Leave out rows of ids that stand for nobody, or for postage, fees and the like."
    role: Literal["user", "item"] = tunable("user", help="Whose ids.")
    ids: tuple[str, ...] = Field((), description="The ids to leave out.")

    @property
    def title(self) -> str:
        """A heading for the report."""
        return f"Odd {_WORDS[self.role]} ids"

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return f"has {'an' if self.role == 'item' else 'a'} {_WORDS[self.role]} id that stands for nothing"

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """On for placeholders that hold far more rows than an id usually does; off for unlike ids."""
        for role, word in _WORDS.items():
            counts = frame[role].value_counts()
            names = pd.Series(counts.index, dtype="str")
            holders = _placeholders(names, counts)
            if len(holders):
                step = cls.model_validate({"role": role, "ids": tuple(holders)})
                flagged = step.flagged(frame, ctx)
                yield Suggestion(
                    step, f"{counted(flagged)} have {shown(holders)} for a {word}: nobody's name.", "doubt", on=True
                )  # fmt: skip
            unlike = _unlike(names[~names.isin(holders)]) if role == "item" else []
            if unlike:
                step = cls.model_validate({"role": role, "ids": tuple(unlike)})
                yield Suggestion(
                    step,
                    f"{counted(step.flagged(frame, ctx))} are of items written unlike all others, such as "
                    f"{shown(unlike)}: postage, fees, vouchers? Leave them out if nobody should be shown them.",
                    "doubt",
                )

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:  # noqa: ARG002 - the contract of steps
        """Rows with one of the ids."""
        return flag(frame[self.role].isin(self.ids))


def _placeholders(names: pd.Series, counts: pd.Series) -> list[str]:
    words = names.str.strip().str.lower().str.replace(" ", "_", regex=False)
    listed = names[words.isin(_PLACEHOLDERS).to_numpy(bool)]
    usual = float(np.median(counts)) if len(counts) else 0.0
    return [name for name in listed if counts[name] > max(10 * usual, 0.005 * counts.sum())]


def _unlike(names: pd.Series) -> list[str]:
    """Ids without a digit where nearly all others have some."""
    if len(names) < 100:
        return []
    without = ~names.str.contains(_DIGIT, regex=True)
    return sorted(names[without])[:MOST_IDS] if 0 < without.mean() < 0.02 else []
