"""Explore a data set: everything that can be said of it, in sentences and in tables, for any part of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from reco_lab.analysis.activity import activity
from reco_lab.analysis.baskets import baskets
from reco_lab.analysis.category_mix import category_mix
from reco_lab.analysis.cohorts import cohorts
from reco_lab.analysis.findings import Finding, Parts, findings
from reco_lab.analysis.funnel import funnel
from reco_lab.analysis.histories import per_customer, per_item
from reco_lab.analysis.hours import hours
from reco_lab.analysis.long_tail import long_tail
from reco_lab.analysis.measured import Measured
from reco_lab.analysis.membership import mask
from reco_lab.analysis.missing import missing
from reco_lab.analysis.prices import price_bands
from reco_lab.analysis.profile import profile
from reco_lab.analysis.readiness import Readiness, readiness
from reco_lab.analysis.repeats import repeats
from reco_lab.analysis.scope import Scope
from reco_lab.analysis.top_items import top_items
from reco_lab.analysis.view import View, look
from reco_lab.core.catalogue import category_pairs
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import Kind
from reco_lab.store.segments import SegmentRecord
from reco_lab.workspace import Workspace

__all__ = ["Choices", "Finding", "Parts", "Portrait", "Readiness", "Scope", "choices", "portrait", "scope"]

_SIDES: dict[str, Callable[[View], Any]] = {
    "activity": activity,
    "long_tail": long_tail,
    "customers": per_customer,
    "items": per_item,
    "repeats": repeats,
    "cohorts": cohorts,
    "hours": hours,
    "top_items": top_items,
    "baskets": baskets,
    "funnel": funnel,
    "prices": price_bands,
    "categories": category_mix,
    "missing": lambda view: missing(view.data),
}


@dataclass(frozen=True, eq=False)
class Portrait:
    """What was found in one scope of a data set.

    `findings` are ranked. `readiness` is None in a filtered portrait: one trains on all of a data set.
    `faults` maps a part that failed to the reference under which the log has it. `seconds` is what it took.
    """

    scope: Scope
    parts: Parts
    findings: tuple[Finding, ...]
    readiness: Readiness | None
    faults: dict[str, str]
    seconds: float


@dataclass(frozen=True)
class Choices:
    """What a data set can be filtered by: its first and last day, its categories, its kinds."""

    first: date | None
    last: date | None
    categories: tuple[str, ...]
    kinds: tuple[Kind, ...]


def portrait(workspace: Workspace, data: Dataset, asked: Scope | None = None) -> Portrait:
    """Look at a data set from every side; a side that fails is left out and named, the others stay.

    Raises DataError where the scope leaves nothing, NotFoundError for a segment that these data cannot answer.
    """
    asked = asked or Scope()
    began = time.perf_counter()
    view = look(_members(data, asked), asked)
    found: dict[str, Any] = {"profile": profile(view), "scope": asked}
    faults: dict[str, str] = {}
    for name, measure in _SIDES.items():
        _attempt(workspace, name, partial(measure, view), found, faults)
    ready: dict[str, Any] = {}
    if not asked:
        _attempt(workspace, "readiness", partial(readiness, view), ready, faults)
    parts = Parts(**found)
    said: dict[str, Any] = {}
    _attempt(workspace, "findings", partial(findings, parts), said, faults)
    return Portrait(
        asked, parts, said.get("findings", ()), ready.get("readiness"), faults, time.perf_counter() - began
    )


def _members(data: Dataset, asked: Scope) -> Dataset:
    """The data with the rows of the customers in the scope's segment alone."""
    if asked.rule is None:
        return data
    inside = mask(Measured(data), asked.rule)
    return data.take(np.flatnonzero(inside[data.interactions.users]))


def _attempt(
    workspace: Workspace, name: str, measure: Callable[[], Any], found: dict[str, Any], faults: dict[str, str]
) -> None:
    try:
        found[name] = measure()
    except Exception as error:  # noqa: BLE001 - one side that fails must not hide the others; it is logged
        faults[name] = workspace.log.reference(error)


def choices(data: Dataset) -> Choices:
    """What the filter can offer."""
    log, pairs = data.interactions, category_pairs(data)
    first, last = (None, None) if log.times is None else (log.times.min(), log.times.max())
    return Choices(
        first=None if first is None else first.astype("datetime64[D]").item(),
        last=None if last is None else last.astype("datetime64[D]").item(),
        categories=() if pairs is None else tuple(sorted(pairs["category"].unique())),
        kinds=tuple(kind for kind in Kind if (log.kinds == kind).any()),
    )


def scope(
    known: Choices,
    *,
    start: str,
    end: str,
    categories: list[str],
    kinds: list[str],
    segment: SegmentRecord | None = None,
) -> Scope:
    """A scope from the words of an address; what is not known there filters nothing."""
    days = [_day(text) for text in (start, end)]
    if known.first is None or (days[0] and days[1] and days[0] > days[1]):
        days = [None, None]
    return Scope(
        start=days[0],
        end=days[1],
        categories=tuple(sorted({one for one in categories if one in known.categories})),
        kinds=tuple(kind for kind in known.kinds if kind.name in kinds),
        segment=segment.title if segment else "",
        rule=segment.definition if segment else None,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
