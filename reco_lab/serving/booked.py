"""The ads as arrays: which of them may be shown at a moment, in a slot, to a customer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.ads import Ad, Billing
from reco_lab.core.clock import microseconds
from reco_lab.serving.promoted import Promoted

NO_ITEM = -1
LEAST_BID = 1e-6
MOST_REACHES = 256
ALWAYS = np.iinfo(np.int64)
DAY_MICROS = 86_400_000_000
Mask = NDArray[np.bool_]
Target = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, eq=False)
class Booked:
    """All ads in the order of their ids, as columns; a position in them stands for an ad everywhere in serving.

    `promoted` is the code of the item an ad is for (NO_ITEM for none, and for an item nobody knows). `categories`
    are the places of the ads that promote a category, with the items of it.
    """

    ads: tuple[Ad, ...]
    promoted: NDArray[np.int32]
    categories: tuple[tuple[NDArray[np.intp], NDArray[np.int32]], ...]

    @classmethod
    def of(cls, ads: Iterable[Ad], items: pd.Index, categories: Sequence[str] | None = None) -> "Booked":
        """The ads over a catalogue: item ids by code and, where known, the category of each."""
        ordered = tuple(sorted(ads, key=lambda ad: ad.id))
        wanted = pd.Index([ad.item or "" for ad in ordered], dtype="str")
        promoted = items.get_indexer(wanted).astype(np.int32)
        promoted[[ad.item is None for ad in ordered]] = NO_ITEM
        named: dict[str, list[int]] = {}
        for place, ad in enumerate(ordered):
            if ad.category is not None:
                named.setdefault(ad.category, []).append(place)
        column = np.asarray([] if categories is None else categories, object)
        groups = (
            (np.array(places, np.intp), np.flatnonzero(column == name).astype(np.int32))
            for name, places in sorted(named.items())
        )
        return cls(ordered, promoted, tuple(groups))

    def __len__(self) -> int:
        return len(self.ads)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The id of each ad."""
        return tuple(ad.id for ad in self.ads)

    @cached_property
    def places(self) -> dict[str, int]:
        """The position of each id."""
        return {id_: place for place, id_ in enumerate(self.ids)}

    @cached_property
    def bids(self) -> NDArray[np.float64]:
        """What a click, or a decision, costs the advertiser."""
        return np.array([ad.bid for ad in self.ads], np.float64)

    @cached_property
    def every(self) -> NDArray[np.int32]:
        """All positions."""
        return np.arange(len(self.ads), dtype=np.int32)

    @cached_property
    def house(self) -> Mask:
        """The shop's own ads."""
        return np.array([ad.house for ad in self.ads], bool)

    @cached_property
    def n_house(self) -> int:
        """How many are the shop's own."""
        return int(np.count_nonzero(self.house))

    @cached_property
    def regular(self) -> Mask:
        """All but the shop's own."""
        return ~self.house

    def worth(self, weight: float) -> NDArray[np.float32]:
        """What the bid of each ad multiplies its score by, where bids count so much."""
        if (known := self._worths.get(weight)) is None:
            known = np.power(np.maximum(self.bids, LEAST_BID), weight).astype(np.float32)
            self._worths[weight] = known
        return known

    def promotions(self, n_items: int) -> Promoted:
        """What each ad promotes of so many items."""
        if (known := self._promotions.get(n_items)) is None:
            known = self._promotions[n_items] = Promoted.of(self.promoted, self.categories, n_items)
        return known

    @cached_property
    def costs(self) -> tuple[tuple[float, float], ...]:
        """What a decision for each ad is billed, and what its first click."""
        return tuple((ad.bid, 0.0) if ad.billing is Billing.decision else (0.0, ad.bid) for ad in self.ads)

    @cached_property
    def digest(self) -> bytes:
        """A hash of the ids in their order: what a mask over them is about."""
        return blake2b("\0".join(self.ids).encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def flying(self, now: datetime) -> Mask:
        """Which ads are within their flight at this moment and not paused."""
        starts, ends, paused = self._flights
        moment = microseconds(now)
        return (starts <= moment) & (moment < ends) & ~paused

    def flies_until(self, now: datetime) -> datetime:
        """The first moment after this one at which any flight begins or ends, a day later at the latest."""
        following = self._changes[np.searchsorted(self._changes, moment := microseconds(now), side="right") :]
        ahead = min(int(following[0]) - moment, DAY_MICROS) if len(following) else DAY_MICROS
        return now + timedelta(microseconds=ahead)

    def in_slot(self, slot: str) -> Mask:
        """Which ads may stand in this slot."""
        return self._slots.get(slot, self._slots[""])

    def reached(self, attributes: Mapping[str, str], segments: frozenset[str]) -> Mask | None:
        """Which ads may go to a customer of these attributes and segments; None where no ad asks for any."""
        if not self._targets:
            return None
        names, named = self._demanded
        key = (tuple(attributes.get(name) for name in names), segments & named)
        if (mask := self._reaches.get(key)) is None:
            if len(self._reaches) >= MOST_REACHES:
                self._reaches.clear()
            mask = self._reaches[key] = self._reaching(attributes, segments)
        return mask

    def promoting(self, items: Iterable[int]) -> list[int]:
        """The places of the ads that promote any of these items."""
        found = self._promoters
        return [place for item in items if item in found for place in found[item]]

    def _reaching(self, attributes: Mapping[str, str], segments: frozenset[str]) -> Mask:
        mask = np.ones(len(self), bool)
        for wanted, named, places in self._targets:
            hit = all(attributes.get(name) in values for name, values in wanted)
            if not hit or not (not named or segments.intersection(named)):
                mask[places] = False
        return mask

    def candidates(self, mask: Mask) -> str:
        """A short hash of the ads in a mask; the same ads have the same one as long as no ad is booked or withdrawn."""
        return self.hashed(np.packbits(mask).tobytes())

    def hashed(self, bits: bytes | bytearray) -> str:
        """The same of a mask as bits."""
        return blake2b(bits, key=self.digest, digest_size=8).hexdigest()

    @cached_property
    def _worths(self) -> dict[float, NDArray[np.float32]]:
        """What bids multiply scores by, for each weight that was asked for."""
        return {}

    @cached_property
    def _promotions(self) -> dict[int, Promoted]:
        """What ads promote, for each number of items that a model has."""
        return {}

    @cached_property
    def _demanded(self) -> tuple[tuple[str, ...], frozenset[str]]:
        """The attributes and the segments that any ad asks for."""
        names = {name for wanted, _, _ in self._targets for name, _ in wanted}
        return tuple(sorted(names)), frozenset(name for _, named, _ in self._targets for name in named)

    @cached_property
    def _reaches(self) -> dict[tuple[tuple[str | None, ...], frozenset[str]], Mask]:
        """Which ads reach customers of some kinds, as far as they were asked for."""
        return {}

    @cached_property
    def _promoters(self) -> dict[int, list[int]]:
        """For each item the places of the ads that promote it."""
        found: dict[int, list[int]] = {}
        for place, item in enumerate(self.promoted.tolist()):
            if item != NO_ITEM:
                found.setdefault(item, []).append(place)
        return found

    @cached_property
    def _changes(self) -> NDArray[np.int64]:
        """The moments at which any flight begins or ends."""
        starts, ends, _ = self._flights
        return np.unique(np.concatenate((starts, ends)))

    @cached_property
    def _flights(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Mask]:
        starts = [ALWAYS.min if ad.starts is None else microseconds(ad.starts) for ad in self.ads]
        ends = [ALWAYS.max if ad.ends is None else microseconds(ad.ends) for ad in self.ads]
        return (
            np.array(starts, np.int64),
            np.array(ends, np.int64),
            np.array([ad.paused for ad in self.ads], bool),
        )

    @cached_property
    def _slots(self) -> dict[str, Mask]:
        names = {""}.union(*(ad.slots for ad in self.ads))
        anywhere = np.array([not ad.slots for ad in self.ads], bool)
        return {name: anywhere | np.array([name in ad.slots for ad in self.ads], bool) for name in names}

    @cached_property
    def _targets(self) -> tuple[tuple[Target, tuple[str, ...], NDArray[np.intp]], ...]:
        """The different demands on a customer, each with the ads that make it."""
        groups: dict[tuple[Target, tuple[str, ...]], list[int]] = {}
        for place, ad in enumerate(self.ads):
            wanted: Target = tuple(sorted(ad.attributes.items()))
            if wanted or ad.segments:
                groups.setdefault((wanted, ad.segments), []).append(place)
        return tuple((*demand, np.array(places, np.intp)) for demand, places in groups.items())
