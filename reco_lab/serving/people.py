"""Who asks: known by code or by name, with what is known of her and what she wished."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.cleaning.consent import consenting
from reco_lab.core.batch import UNKNOWN
from reco_lab.serving.decide import Customer

CONSENT, SEGMENT = "consent", "segment"


@dataclass(eq=False)
class People:
    """The customers' table of the data set by code, what websites told of customers since, and who wants no advertising.

    `asked_for` are the attributes that ads and routes look at. `told` is by name (pseudonym); it outranks the
    table. `objecting` are the names on the suppression list. `members` says by code who was in which saved
    segment when the data were published; a website may tell of more in the attribute "segment".
    """

    table: pd.DataFrame | None
    asked_for: frozenset[str]
    told: dict[str, dict[str, str]] = field(default_factory=dict)
    objecting: frozenset[str] = frozenset()
    members: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take the columns that are asked for out of the table once."""
        frame = self.table if self.table is not None else pd.DataFrame()
        self._columns: dict[str, list[str]] = {
            name: frame[name].astype("str").where(frame[name].notna(), "").tolist()
            for name in sorted(self.asked_for | {SEGMENT})
            if name in frame
        }
        self._consents = consenting(frame[CONSENT]).to_numpy(bool) if CONSENT in frame else None

    def customer(self, code: int, name: str) -> Customer:
        """The customer as serving sees her."""
        told = self.told.get(name, {})
        if name in self.objecting or not self._consented(code, told):
            return Customer(UNKNOWN, "", personal=False)
        attributes = {column: values[code] for column, values in self._columns.items()} if code >= 0 else {}
        attributes |= told
        segment = attributes.get(SEGMENT, "")
        segments = frozenset(part.strip() for part in segment.split(";")) if segment else frozenset[str]()
        if code >= 0:
            segments |= {title for title, inside in self.members.items() if inside[code]}
        return Customer(code, name, attributes, segments, table=self._row(code, told))

    def with_her_wish(self, name: str, attributes: Mapping[str, str]) -> dict[str, str]:
        """What a website tells now, with the consent it told before where it says nothing of it this time.

        A consent that was withdrawn stays so until somebody says otherwise.
        """
        told = {
            CONSENT if key.strip().casefold() == CONSENT else key: text for key, text in attributes.items()
        }
        before = self.told.get(name, {}).get(CONSENT)
        return told if before is None or CONSENT in told else told | {CONSENT: before}

    def tell(self, name: str, attributes: Mapping[str, str]) -> None:
        """Keep what a website told of a customer, in place of what it told before."""
        self.told[name] = dict(attributes)

    def forget(self, name: str) -> None:
        """Drop what was told of a customer, and never use anything of her again."""
        self.told.pop(name, None)
        self.objecting |= {name}

    def _consented(self, code: int, told: Mapping[str, str]) -> bool:
        if CONSENT in told:
            return bool(consenting(pd.Series([told[CONSENT]], dtype="str")).iloc[0])
        return self._consents is None or (code >= 0 and bool(self._consents[code])) or code == UNKNOWN

    def _row(self, code: int, told: Mapping[str, str]) -> pd.DataFrame | None:
        """Her attributes as a table of one row, where a website told some; models know the others by code."""
        if self.table is None or not told:
            return None
        known = self.table.iloc[code].to_dict() if code >= 0 else {}
        heard = {name: _like(value, self.table[name]) for name, value in told.items() if name in self.table}
        return pd.DataFrame([known | heard], columns=self.table.columns)


def _like(value: str, column: pd.Series) -> object:
    """A text as the column has its values: a number where the column has numbers and the text is one."""
    if not pd.api.types.is_numeric_dtype(column):
        return value
    number = pd.to_numeric(pd.Series([value]), errors="coerce").iloc[0]
    return None if pd.isna(number) else float(number)
