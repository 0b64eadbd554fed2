"""The only caches: one workspace a process, data and models by fingerprint, all of them bounded."""

from pathlib import Path

from reco_lab.services.erasure import last_erasure
from reco_lab.ui.cache import _customers, _files, _judging, _lab, _market, _opening
from reco_lab.ui.cache._customers import choices, look, portrait, shop
from reco_lab.ui.cache._files import peek, preview, quality, survey, tables, traffic
from reco_lab.ui.cache._judging import judged, logged_table
from reco_lab.ui.cache._lab import (
    alternatives,
    cold_start,
    comparison,
    cut,
    dragged,
    evidence,
    inspection,
    microscope,
    preview_cut,
    saved_ways,
    story,
    work,
)
from reco_lab.ui.cache._market import (
    ab_look,
    ab_segments,
    ab_traffic,
    caller,
    campaign_plan,
    events,
    monitor,
    onlooker,
    prepared,
    price_tags,
    reached,
)
from reco_lab.ui.cache._opening import dataset, rehearsal, workspace
from reco_lab.workspace import Workspace

__all__ = ["ab_look", "ab_segments", "ab_traffic", "alternatives", "caller", "campaign_plan", "choices", "cold_start", "comparison", "cut", "dataset", "dragged", "events", "evidence", "forget_people", "heed_erasures", "inspection", "judged", "logged_table", "look", "microscope", "monitor", "onlooker", "peek", "portrait", "prepared", "preview", "preview_cut", "price_tags", "quality", "reached", "rehearsal", "saved_ways", "shop", "story", "survey", "tables", "traffic", "work", "workspace"]  # fmt: skip


_heard: dict[Path, int] = {}


def heed_erasures(opened: Workspace) -> None:
    """Drop what may hold data of people once one of them was erased, by this process or another."""
    now = last_erasure(opened)
    if _heard.setdefault(opened.home, now) != now:
        _heard[opened.home] = now
        forget_people()


def forget_people() -> None:
    """Drop whatever may hold data of a customer who was erased; it is read anew when it is asked for."""
    for part in (_opening, _files, _lab, _customers, _market, _judging):
        for one in part.OF_PEOPLE:
            one.clear()
