"""Orders that were cancelled, told by a mark on their number or a word of their status."""

from collections.abc import Iterator
from typing import ClassVar

import pandas as pd
from pydantic import Field

from reco_lab.cleaning.steps._leaving import LeavesOut, Mask, counted, flag, shown
from reco_lab.core.step import StepContext, Suggestion, require_column
from reco_lab.core.words import agree

_MARKED = r"([A-Za-z]{1,3})[-_ ]?\d+"
_WORDS = [
    "cancelled",
    "canceled",
    "cancel",
    "returned",
    "return",
    "refunded",
    "refund",
    "void",
    "voided",
    "chargeback",
    "failed",
    "declined",
    "abandoned",
    "storniert",
    "storno",
    "retoure",
    "erstattet",
    "annulé",
    "annule",
    "remboursé",
    "rembourse",
    "retourné",
    "cancelado",
    "cancelada",
    "devuelto",
    "devuelta",
    "reembolsado",
    "annullato",
    "rimborsato",
    "geannuleerd",
]


class CancelledOrders(LeavesOut):
    """Leave out rows of orders that were cancelled or sent back."""

    label: ClassVar[str] = "Cancelled orders"
    summary: ClassVar[str] = (
        "Leave out orders whose number carries a mark, or whose status says they were cancelled."
    )
    column: str = Field(description="The column with the order's number or status.")
    mark: str = Field("", description="Orders whose number begins with these letters are cancelled.")
    words: tuple[str, ...] = Field((), description="Orders whose status is one of these words are cancelled.")

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return "belongs to a cancelled order"

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """On: what was cancelled is no sign of a wish fulfilled."""
        for column in ctx.called("order"):
            yield from cls._marked(column, frame, ctx)
        for column in ctx.called("status"):
            texts = frame[column].dropna().unique()
            words = tuple(sorted(text for text in texts if text.strip().lower() in _WORDS))
            if words and len(words) < len(texts):
                step = cls(column=column, words=words)
                yield _suggestion(step, frame, ctx, f"{column!r} says {shown(words)}")

    @classmethod
    def _marked(cls, column: str, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        orders = pd.Series(frame[column].dropna().unique(), dtype="str")
        marks = orders.str.extract(f"^{_MARKED}$", expand=False).dropna()
        plain = float(orders.str.fullmatch(r"\d+").mean()) if len(orders) else 0.0
        if plain < 0.5:
            return
        for mark in marks.value_counts().index[:3]:
            step = cls(column=column, mark=str(mark))
            flagged = step.flagged(frame, ctx)
            if str(mark).upper() == "C" or _taken_back(frame, flagged):
                yield _suggestion(step, frame, ctx, f"the number in {column!r} begins with {str(mark)!r}")

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:  # noqa: ARG002 - the contract of steps
        """Rows with the mark or one of the words."""
        texts = require_column(frame, self.column, self)
        found = flag(texts.isin(self.words))
        return found | flag(texts.str.startswith(self.mark)) if self.mark else found


def _suggestion(step: CancelledOrders, frame: pd.DataFrame, ctx: StepContext, why: str) -> Suggestion:
    flagged = step.flagged(frame, ctx)
    orders = frame[step.column][flagged].nunique() if step.mark else 0
    of = f" of {orders:,} orders" if orders else ""
    return Suggestion(
        step,
        f"{counted(flagged)}{of} {agree(flagged.sum(), 'was', 'were')} cancelled or sent back: {why}.",
        "doubt",
        on=True,
    )


def _taken_back(frame: pd.DataFrame, flagged: Mask) -> bool:
    """Whether nearly all flagged rows have a negative value."""
    return bool("value" in frame and flagged.any() and (frame["value"][flagged] < 0).mean() > 0.9)
