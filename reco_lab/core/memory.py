"""What a policy has learnt: sums over what was shown and clicked, which come out the same in any order."""

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.errors import CorruptError

Floats = NDArray[np.float64]
_GRAIN = 2.0**20


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What came of ads that were placed, a row each: that one was shown, that it was clicked, or both at once.

    `ads` are ids, `places` begin at 0, `shown` and `clicked` are 1 or 0, `relevance` is what the ranking gave
    the ad without its bid, `at` the moment of the decision in microseconds since 1970, `features` (rows x
    width) what was known of the customer. A click may come in a later row than its decision, and before it.
    """

    ads: tuple[str, ...]
    places: NDArray[np.int64]
    shown: Floats
    clicked: Floats
    relevance: Floats
    at: NDArray[np.int64]
    features: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ads)

    def among(self, mask: NDArray[np.bool_]) -> Self:
        """Those of a mask."""
        return type(self)(
            ads=tuple(compress(self.ads, mask.tolist())),
            places=self.places[mask],
            shown=self.shown[mask],
            clicked=self.clicked[mask],
            relevance=self.relevance[mask],
            at=self.at[mask],
            features=self.features[mask],
        )


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The ids of ads in their order, and the row of each."""

    ids: tuple[str, ...]

    @cached_property
    def places(self) -> dict[str, int]:
        """The row of each id."""
        return {id_: row for row, id_ in enumerate(self.ids)}

    def rows(self, ids: Iterable[str]) -> NDArray[np.intp]:
        """The row of each ad, the last one for those never heard of."""
        places, nothing = self.places, len(self.ids)
        return np.array([places.get(id_, nothing) for id_ in ids], np.intp)


@dataclass(frozen=True, eq=False)
class Memory:
    """Named sums: `own` with a row for each ad (sorted by id) and a last one, always nothing, for all others.

    `shared` are sums over all ads. `known` is for what is worked out of them once. Never changed: folding
    makes another.
    """

    vocabulary: Vocabulary
    own: Mapping[str, Floats]
    shared: Mapping[str, Floats]
    known: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ads it knows."""
        return self.vocabulary.ids

    def rows(self, ids: Iterable[str]) -> NDArray[np.intp]:
        """The row of each ad, the last one for those never heard of."""
        return self.vocabulary.rows(ids)

    def over(self, ids: Iterable[str]) -> Self:
        """The same with room for more ads."""
        places = self.vocabulary.places
        more = set(ids) - places.keys()
        if not more:
            return self
        grown = Vocabulary(tuple(sorted(more | places.keys())))
        before, own = grown.rows(self.ids), {}
        for name, values in self.own.items():
            own[name] = np.zeros((len(grown.ids) + 1, *values.shape[1:]))
            own[name][before] = values[:-1]
        return type(self)(grown, own, self.shared)

    def alike(self, other: Self) -> bool:
        """Whether it has sums of the same names and shapes for each ad and over all."""
        mine, others = ({name: sums.shape[1:] for name, sums in one.own.items()} for one in (self, other))
        shared = [{name: sums.shape for name, sums in one.shared.items()} for one in (self, other)]
        return mine == others and shared[0] == shared[1]

    def to_bytes(self) -> bytes:
        """The arrays and ids as one block."""
        stream = io.BytesIO()
        ids = np.frombuffer("\0".join(self.ids).encode("utf-8", "surrogatepass"), np.uint8)
        parts: dict[str, Any] = {f"own.{name}": values for name, values in self.own.items()}
        parts |= {f"shared.{name}": values for name, values in self.shared.items()}
        np.savez_compressed(stream, count=np.array(len(self.ids)), ids=ids, **parts)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, block: bytes) -> Self:
        """Read a block again; CorruptError where it is none."""
        try:
            with np.load(io.BytesIO(block), allow_pickle=False) as read:
                text = read["ids"].tobytes().decode("utf-8", "surrogatepass")
                ids = tuple(text.split("\0")) if int(read["count"]) else ()
                parts: dict[str, dict[str, Floats]] = {"own": {}, "shared": {}}
                for name in set(read.files) - {"count", "ids"}:
                    kind, _, key = name.partition(".")
                    parts[kind][key] = read[name]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise CorruptError("What a policy learnt cannot be read.") from error
        return cls(Vocabulary(ids), parts["own"], parts["shared"])


def exact(values: Floats) -> Floats:
    """Round to whole multiples of 2^-20: sums of them are the same to the last bit in whatever order they are taken."""
    return np.asarray(np.round(values * _GRAIN) / _GRAIN)
