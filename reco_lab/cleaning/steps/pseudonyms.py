"""Ids that are personal data become pseudonyms."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from reco_lab.cleaning.personal import addresses, personal_kind, pseudonym
from reco_lab.cleaning.steps._leaving import shown
from reco_lab.core.parameters import tunable
from reco_lab.core.step import Mended, Step, StepContext, Suggestion
from reco_lab.core.words import agree, count

_WORDS = {"email": "e-mail addresses", "phone": "telephone numbers", "name": "names"}


class Pseudonyms(Step):
    """Replace ids by a keyed hash (HMAC-SHA-256) that only this workspace can make.

    The same id always becomes the same pseudonym, so tables still join. Pseudonymous is not anonymous.
    """

    label: ClassVar[str] = "Personal data in ids"
    summary: ClassVar[str] = "Replace customers' ids by a keyed hash that only this workspace can make."
    role: Literal["user", "item"] = tunable("user", help="Whose ids.")
    which: Literal["all", "addresses"] = tunable(
        "all", help="All ids, or those alone that are e-mail addresses."
    )

    @property
    def reason(self) -> str:
        """Why a row is left out: none ever is."""
        return "is kept"

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """On: nothing is lost for learning, and no address lies in the workspace."""
        ids = pd.Series(frame["user"].dropna().unique()[:20_000], dtype="str")
        kind = personal_kind(ids, ctx.meanings.get("user", ""))
        if kind:
            yield Suggestion(
                cls(),
                f"The customers' ids are {_WORDS[kind]} ({shown([_masked(one) for one in ids[:2]])}). They become "
                "pseudonyms: the same customer stays the same, and no address is kept.",
                "doubt",
                on=True,
            )
            return
        everybody = pd.Series(frame["user"].dropna().unique(), dtype="str")
        found = everybody[addresses(everybody)]
        if len(found):
            yield Suggestion(
                cls(which="addresses"),
                f"{count(len(found), 'customer')} {agree(len(found), 'has', 'have')} an e-mail address for an id "
                f"({shown([_masked(one) for one in found[:2]])}). Such ids become pseudonyms, and no address is "
                "kept; the others stay as they are.",
                "doubt",
                on=True,
            )

    def apply(self, frame: pd.DataFrame, ctx: StepContext) -> Mended:
        """Replace every id that is meant."""
        codes, ids = pd.factorize(frame[self.role])
        texts = [str(one) for one in ids]
        meant = (
            addresses(pd.Series(texts, dtype="str")) if self.which == "addresses" else np.ones(len(ids), bool)
        )
        new = [pseudonym(ctx.key, one) if hide else one for one, hide in zip(texts, meant, strict=True)]
        column = pd.Series(np.array([*new, None], object)[codes], frame.index, dtype="str")
        changed = int(np.append(meant, False)[codes].sum())
        return Mended(frame.assign(**{self.role: column}), frame.iloc[:0], changed)


def _masked(text: str) -> str:
    return text[:1] + "…" + text[-4:] if len(text) > 5 else "…"
