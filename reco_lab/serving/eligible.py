"""Which ads may be shown in a slot to customers of one kind: found once, kept until something changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reco_lab.serving.accounts import Accounts
from reco_lab.serving.booked import Booked, Mask

MOST = 128
Rule = tuple[str, Mask]


@dataclass(frozen=True, eq=False)
class Eligible:
    """The ads that may be shown at a moment, and the rules that take the others out, each with the ads it lets through."""

    booked: Booked
    rules: Mapping[str, Mask]

    @cached_property
    def open(self) -> Mask:
        """Which ads every rule lets through."""
        left = np.ones(len(self.booked), bool)
        for allowed in self.rules.values():
            left &= allowed
        return left

    @cached_property
    def regular(self) -> NDArray[np.int32]:
        """The places of those that are not the shop's own."""
        return np.flatnonzero(self.not_house).astype(np.int32)

    @cached_property
    def not_house(self) -> Mask:
        """Which of them are not the shop's own."""
        return self.open & self.booked.regular

    @cached_property
    def taken(self) -> dict[str, int]:
        """How many ads each rule takes out, where it takes any."""
        counts = {rule: len(mask) - int(np.count_nonzero(mask)) for rule, mask in self.rules.items()}
        return {rule: count for rule, count in counts.items() if count}


class Eligibility:
    """Finds the eligible ads, and again only when a flight begins or ends, or a budget opens or closes."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._known: dict[tuple[int, int], Eligible] = {}
        self._flying: Mask | None = None
        self._changes = 0

    def at(self, now: datetime, slot: str, hers: Rule | None = None) -> Eligible:
        """The ads that may be shown now in a slot to customers for whom also the rule `hers` holds."""
        accounts, booked = self._accounts, self._accounts.booked
        flying, funded = booked.flying(now), accounts.open_at(now)
        if flying is not self._flying or accounts.changes != self._changes or len(self._known) >= MOST:
            self._known.clear()
            self._flying, self._changes = flying, accounts.changes
        here = booked.in_slot(slot)
        key = (
            id(here),
            id(hers[1]) if hers else 0,
        )  # what is known holds the masks, so that no other gets their numbers
        if (found := self._known.get(key)) is None:
            rules = {
                "not in its flight": flying,
                "not for this slot": here,
                "budget used up for now": funded.copy(),
            }
            found = self._known[key] = Eligible(booked, rules | dict([hers] if hers else []))
        return found
