"""What off-policy judgements read of the log: each answer with what it was chosen from, as far as that was kept."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from reco_lab.store.events import schema

_OF, _PLACED, _KEPT = schema.decisions.c, schema.placed.c, schema.weighed.c


@dataclass(frozen=True, eq=False)
class Served:
    """One answer with an ad: who got which ads with which chances, what was clicked, and what it was chosen from.

    `at` is in microseconds since 1970; `charged` is what each ad cost whether it is clicked or not,
    `click_cost` what its first click costs. `ids`, `scores` and `features` are None where they were not kept.
    """

    request_id: str
    at: int
    customer: str
    version: str
    stage: str
    candidates: int
    ads: tuple[str, ...]
    propensities: tuple[float, ...]
    clicked: tuple[bool, ...]
    charged: tuple[float, ...]
    click_cost: tuple[float, ...]
    ids: tuple[str, ...] | None = None
    scores: NDArray[np.float32] | None = None
    features: NDArray[np.float32] | None = None


def served(connection: sa.Connection, begin: int, end: int, most: int) -> list[Served]:
    """The newest answers (at most so many) from a moment on and before another, in microseconds."""
    bound = sa.select(_OF.at).where(_OF.at.between(begin, end - 1)).order_by(_OF.at.desc())
    oldest = connection.execute(bound.offset(most).limit(1)).scalar()
    first = begin if oldest is None else int(oldest) + 1
    query = (
        sa.select(
            _OF.request_id, _OF.at, _OF.customer, _OF.model_version, _OF.stage, _OF.n_candidates, _PLACED.ad_id,
            _PLACED.propensity, _PLACED.clicked, _PLACED.cost, _PLACED.click_cost, _KEPT.scores, _KEPT.features,
            schema.sets.c.ids,
        )
        .join_from(schema.decisions, schema.placed, _OF.request_id == _PLACED.request_id)
        .join(schema.weighed, _KEPT.request_id == _OF.request_id, isouter=True)
        .join(schema.sets, schema.sets.c.candidates == _OF.candidates, isouter=True)
        .where(_OF.at.between(first, end - 1))
        .order_by(_OF.at, _OF.request_id, _PLACED.position)
    )  # fmt: skip
    return list(_answers(connection.execute(query).all()))


def _answers(rows: Any) -> Iterator[Served]:
    for request_id, group in groupby(rows, key=lambda row: row.request_id):
        places = list(group)
        one = places[0]
        kept = bool(one.scores) and one.ids is not None
        yield Served(
            request_id=request_id,
            at=int(one.at),
            customer=one.customer,
            version=one.model_version,
            stage=one.stage,
            candidates=int(one.n_candidates),
            ads=tuple(row.ad_id for row in places),
            propensities=tuple(float(row.propensity) for row in places),
            clicked=tuple(row.clicked is not None for row in places),
            charged=tuple(float(row.cost) for row in places),
            click_cost=tuple(float(row.click_cost) for row in places),
            ids=_ids(one.ids) if kept else None,
            scores=_numbers(one.scores) if kept else None,
            features=_numbers(one.features) if kept and one.features else None,
        )


@lru_cache(256)
def _ids(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _numbers(block: bytes) -> NDArray[np.float32]:
    return np.frombuffer(block, "<f4").astype(np.float32)
