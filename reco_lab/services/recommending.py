"""The one way to a customer's recommendations, for screen, file, command line and website: it asks for her wishes."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.services.customers import Look, Microscope, Panel
from reco_lab.services.privacy import allowed
from reco_lab.workspace import Workspace

ASKED_AT_ONCE = 50


@dataclass(frozen=True, eq=False)
class Recommended:
    """What each model would show one customer, as far as her wishes let anybody see it.

    `look` is None where she objected (the suppression list): then nothing is worked out for her. Without
    consent her lists may be studied here, but `permitted` is false: nothing of them may be sent or taken away.
    """

    customer_id: str
    look: Look | None
    permitted: bool
    sentence: str

    @property
    def to_send(self) -> tuple[Panel, ...]:
        """The lists that may be shown to her or taken away: none where she does not want it."""
        return self.look.panels if self.look is not None and self.permitted else ()


def recommend(
    workspace: Workspace,
    microscope: Microscope,
    customer_id: str,
    *,
    k: int = 8,
    struck: Sequence[str] = (),
    added: Sequence[str] = (),
    models: Sequence[str] = (),
) -> Recommended:
    """What each model (all, or those named) would show this customer, `k` items each.

    `struck` and `added` are item ids taken out of or put into her history. NotFoundError for an unknown
    customer or item.
    """
    microscope.require_customer(customer_id)
    asked = allowed(workspace, [customer_id], microscope.data)
    look = (
        None
        if asked.suppressed
        else microscope.look(customer_id, k=k, struck=struck, added=added, models=models)
    )
    return Recommended(customer_id, look, bool(asked.mask[0]), asked.sentence)


def permitted(workspace: Workspace, data: Dataset, customers: Sequence[str]) -> list[bool]:
    """Which of these customers may be shown to others."""
    return [bool(one) for one in allowed(workspace, customers, data).mask]


def examples(
    workspace: Workspace, microscope: Microscope, number: int, *, k: int, models: Sequence[str]
) -> list[Look]:
    """The lists of the first customers of the exam, longest histories first, who may be shown to others."""
    first = microscope.customers("", ASKED_AT_ONCE)
    shown = [who for who, may in zip(first, permitted(workspace, microscope.data, first), strict=True) if may]
    return [microscope.look(who, k=k, models=models) for who in shown[:number]]


def sheet(workspace: Workspace, microscope: Microscope, look: Look) -> pd.DataFrame:
    """One customer's lists as a table to take away: a line a model and place.

    Her wishes are asked for once more, as they may have changed since she was looked at. Raises InputError
    where she does not want it.
    """
    asked = allowed(workspace, [look.customer_id], microscope.data)
    if not asked.mask.all():
        raise InputError(f"Nothing may be sent to {look.customer_id}.", fix=asked.sentence)
    return pd.DataFrame(
        [
            {
                "customer": look.customer_id,
                "model": panel.name,
                "place": place,
                "item": card.item_id,
                "title": card.title,
                "score": card.score,
                "chosen_afterwards": card.held_out,
                "because": "; ".join(f"{part.text} {part.weight:+.4f}" for part in card.because),
            }
            for panel in look.panels
            for place, card in enumerate(panel.cards, start=1)
        ]
    )
