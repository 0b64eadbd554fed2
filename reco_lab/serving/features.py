"""What a learner is told of a customer: a few numbers of the same meaning for everybody."""

from collections.abc import Mapping
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.batch import UserBatch
from reco_lab.core.interactions import Kind
from reco_lab.core.learner import WIDTH

MANY = 50.0
LONG_AGO_DAYS = 30.0
_PURCHASE = np.uint8(Kind.purchase)
_FIRST_HASHED = 4
_DAY = np.timedelta64(86_400_000_000, "us")


def features_of(
    attributes: Mapping[str, str], segments: frozenset[str], batch: UserBatch | None
) -> NDArray[np.float32]:
    """WIDTH numbers: 1, how much she did, how lately, how much of it she bought, and the rest from what is known of her.

    Each but the first is about 0 to 1 in size. Attributes (those that ads and routes ask for) and segments are hashed
    with a sign into the last places, so that alike customers have alike numbers whatever the names are.
    """
    numbers = np.zeros(WIDTH, np.float32)
    numbers[0] = 1.0
    if batch is not None and (count := len(batch.items)):
        numbers[1] = min(np.log1p(count) / np.log1p(MANY), 1.5)
        numbers[2] = _recency(batch)
        numbers[3] = np.count_nonzero(batch.kinds == _PURCHASE) / count
    known = [*attributes.items(), *(("segment", name) for name in segments)]
    for name, value in known:
        if value:
            place, sign = _hashed(name, value)
            numbers[place] += sign / np.float32(len(known)) ** 0.5
    return numbers


def _recency(batch: UserBatch) -> float:
    """1 for somebody who was just here, half of it after three weeks; 0 where no times are known."""
    if batch.times is None or batch.as_of is None:
        return 0.0
    days = max(float((batch.as_of - batch.times[-1]) / _DAY), 0.0)
    return float(np.exp(-days / LONG_AGO_DAYS))


@lru_cache(4096)
def _hashed(name: str, value: str) -> tuple[int, float]:
    """The place of a value and its sign."""
    code = crc32(f"{name}={value}".encode("utf-8", "surrogatepass"))
    return _FIRST_HASHED + code % (WIDTH - _FIRST_HASHED), 1.0 if code >> 16 & 1 else -1.0
