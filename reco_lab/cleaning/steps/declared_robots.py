"""Programs that say so: search engines and monitors whose user agent names them."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pandas as pd

from reco_lab.cleaning.steps._leaving import LeavesOut, Mask, counted, flag
from reco_lab.core.step import StepContext, Suggestion, require_column

_COLUMNS = ("user_agent", "useragent", "agent")
_NAMES = (
    r"(?i)bot\b|bot[/;+ ]|crawl|spider|slurp|headless|phantomjs|lighthouse|pingdom|uptime|monitor|preview|"
    r"facebookexternalhit|curl/|wget/|python-requests|httpclient|java/|scrapy"
)


class DeclaredRobots(LeavesOut):
    """Leave out rows whose user agent is that of a program."""

    label: ClassVar[str] = "Robots that say so"
    summary: ClassVar[str] = "Leave out rows whose browser calls itself a robot, a crawler or a monitor."

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return "is of a robot, as its user agent says"

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """On: no customer's browser calls itself so."""
        if _column(frame) is None:
            return
        flagged = cls().flagged(frame, ctx)
        if flagged.any():
            yield Suggestion(cls(), f"{counted(flagged)} came from programs that say what they are.", on=True)

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:  # noqa: ARG002 - the contract of steps
        """The rows whose user agent names a robot."""
        agents = require_column(frame, _column(frame) or _COLUMNS[0], self)
        codes, texts = pd.factorize(agents)
        robots = flag(pd.Series(texts, dtype="str").str.contains(_NAMES, regex=True))
        return np.append(robots, False)[codes]


def _column(frame: pd.DataFrame) -> str | None:
    return next(
        (str(name) for name in frame.columns if str(name).lower().replace("-", "_") in _COLUMNS), None
    )
