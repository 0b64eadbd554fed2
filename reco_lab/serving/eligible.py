"""Which ads may be shown in a slot to customers of one kind: found once, kept until something changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
    def not_house(self) -> Mask:
        """Which of them are not the shop's own."""
        return self.open & self.booked.regular

    @cached_property
    def regular(self) -> NDArray[np.int32]:
        """The places of those that are not the shop's own."""
        return np.flatnonzero(self.not_house).astype(np.int32)

    def candidates(self, gone: Sequence[int]) -> tuple[str, int]:
        """The hash of those that are not the shop's own without the places gone, and how many these are."""
        hashed, bits, count = self._candidates
        if not gone:
            return hashed, count
        left = bytearray(bits)
        for place in gone:
            byte, bit = place >> 3, 0x80 >> (place & 7)
            count -= bool(left[byte] & bit)
            left[byte] &= ~bit
        return self.booked.hashed(left), count

    @cached_property
    def _candidates(self) -> tuple[str, bytes, int]:
        """The hash of those that are not the shop's own, a bit for each, and how many there are."""
        bits = np.packbits(self.not_house).tobytes()
        return self.booked.hashed(bits), bits, len(self.regular)

    @cached_property
    def taken(self) -> dict[str, int]:
        """How many ads each rule takes out, where it takes any."""
        counts = {rule: len(mask) - int(np.count_nonzero(mask)) for rule, mask in self.rules.items()}
        return {rule: count for rule, count in counts.items() if count}


class Eligibility:
    """Finds the eligible ads; what it found holds within a second until a flight begins or ends or a budget closes."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._known: dict[tuple[int, int], Eligible] = {}
        self._begin = self._end = datetime.min.replace(tzinfo=UTC)
        self._changes = -1
        self._everywhere: dict[str, Mask] = {}

    def at(self, now: datetime, slot: str, hers: Rule | None = None) -> Eligible:
        """The ads that may be shown now in a slot to customers for whom also the rule `hers` holds."""
        if self._accounts.changes != self._changes or not self._begin <= now < self._end:
            self._look(now)
        here = self._accounts.booked.in_slot(slot)
        key = (
            id(here),
            id(hers[1]) if hers else 0,
        )  # no other gets these numbers: what is known holds the masks
        if (found := self._known.get(key)) is None:
            if len(self._known) >= MOST:
                self._known.clear()
            rules = {**self._everywhere, "not for this slot": here} | dict([hers] if hers else [])
            found = self._known[key] = Eligible(self._accounts.booked, rules)
        return found

    def _look(self, now: datetime) -> None:
        """Settle what holds everywhere, and keep what is known if that is as before."""
        booked, accounts = self._accounts.booked, self._accounts
        everywhere = {
            "not in its flight": booked.flying(now),
            "budget used up for now": accounts.open_at(now).copy(),
        }
        before = self._everywhere
        if not before or any((mask != before[rule]).any() for rule, mask in everywhere.items()):
            self._known.clear()
            self._everywhere = everywhere
        self._begin, self._changes = now, accounts.changes
        self._end = min(now.replace(microsecond=0) + timedelta(seconds=1), booked.flies_until(now))
