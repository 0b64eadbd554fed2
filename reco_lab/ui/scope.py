"""The part of a data set that the Explore page shows: it stands in the address, and charts and boxes change it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from reco_lab.services import explore
from reco_lab.services.explore import Choices, Scope
from reco_lab.store.segments import SegmentRecord
from reco_lab.ui import state
from reco_lab.ui.words import md

FROM, TO, CATEGORY, KIND, SEGMENT = "from", "to", "category", "kind", "segment"
_DAYS, _CATEGORIES, _KINDS, _OWNER = "filter-days", "filter-categories", "filter-kinds", "filter-owner"
_SEGMENT, _EVERYBODY = "filter-segment", ""


def asked(known: Choices, dataset: str, saved: Sequence[SegmentRecord] = ()) -> Scope:
    """The scope that the address names, `saved` the segments it may name; another data set starts without one."""
    if state.chosen(_OWNER) not in (None, dataset):
        clear()
    state.choose(_OWNER, dataset)
    found = explore.scope(
        known,
        start=st.query_params.get(FROM, ""),
        end=st.query_params.get(TO, ""),
        categories=st.query_params.get_all(CATEGORY),
        kinds=st.query_params.get_all(KIND),
        segment=next((one for one in saved if one.id == st.query_params.get(SEGMENT)), None),
    )
    lost = [name for name in st.query_params.get_all(CATEGORY) if name not in found.categories]
    if lost:
        st.warning(
            f"There is no category {', '.join(f'“{md(name)}”' for name in lost)} here; it filters nothing.",
            icon=":material/link_off:",
        )
    return found


def boxes(known: Choices, chosen: Scope, saved: Sequence[SegmentRecord] = ()) -> None:
    """Draw the boxes that change the scope, with what is chosen in them."""
    if len(known.kinds) > 1:
        state.choose(_KINDS, [kind.name for kind in chosen.kinds])
        st.pills(
            "Kinds",
            [kind.name for kind in known.kinds],
            selection_mode="multi",
            key=_KINDS,
            on_change=_kinds,
            label_visibility="collapsed",
        )
    if known.first or known.categories or saved:
        with st.popover("Filter", icon=":material/filter_alt:"):
            _fields(known, chosen)
            _segments(chosen, saved)
    if chosen:
        st.button("Show everything", icon=":material/filter_alt_off:", on_click=clear, key="filter-clear")


def words(chosen: Scope) -> str:
    """The scope as a person says it."""
    low, high = (f"{day:%d %b %Y}".lstrip("0") if day else "" for day in (chosen.start, chosen.end))
    both = low if low == high else f"{low} – {high}"
    days = both if low and high else f"from {low}" if low else f"until {high}" if high else ""
    kinds = ", ".join(kind.name for kind in chosen.kinds)
    segment = f"customers in “{chosen.segment}”" if chosen.segment else ""
    return " · ".join(part for part in (days, ", ".join(chosen.categories), kinds, segment) if part)


def clear() -> None:
    """Show everything again."""
    for name in (FROM, TO, CATEGORY, KIND, SEGMENT):
        _put(name, [])


def mark_days(key: str, starts: Sequence[date], ends: Sequence[date]) -> None:
    """Take over what was marked on a chart over time, a box or a point: the periods' first and last days are given."""
    days = span(_selection(key), starts, ends)
    if days is not None:
        _put(FROM, [days[0].isoformat()])
        _put(TO, [days[1].isoformat()])


def mark_category(key: str, names: Sequence[str]) -> None:
    """Take over the bar that was clicked: it is added, or taken out where it was chosen before."""
    points = _selection(key).get("points", [])
    chosen = st.query_params.get_all(CATEGORY)
    for point in points:
        name = names[int(point["point_index"])]
        chosen = [one for one in chosen if one != name] if name in chosen else [*chosen, name]
    if points:
        _put(CATEGORY, chosen)


def span(
    selection: Mapping[str, Any], starts: Sequence[date], ends: Sequence[date]
) -> tuple[date, date] | None:
    """The first and the last day of the periods that a box or a click marked; None where it marked none."""
    boxed = selection.get("box") or []
    if boxed:
        low, high = sorted(pd.Timestamp(edge).date() for edge in boxed[0]["x"])
        inside = [at for at, start in enumerate(starts) if low <= start <= high]
    else:
        inside = [at for point in selection.get("points", []) for at in _place(point, starts)]
    return (starts[min(inside)], ends[max(inside)]) if inside else None


def _place(point: Mapping[str, Any], starts: Sequence[date]) -> list[int]:
    day = pd.Timestamp(point["x"]).date()
    return [at for at, start in enumerate(starts) if start == day]


def _fields(known: Choices, chosen: Scope) -> None:
    if known.first and known.last:
        state.choose(_DAYS, (chosen.start or known.first, chosen.end or known.last))
        st.date_input(
            "Days",
            min_value=known.first,
            max_value=known.last,
            key=_DAYS,
            on_change=_days,
            args=(known.first, known.last),
        )
    if known.categories:
        state.choose(_CATEGORIES, list(chosen.categories))
        st.multiselect("Categories", known.categories, key=_CATEGORIES, on_change=_categories)


def _segments(chosen: Scope, saved: Sequence[SegmentRecord]) -> None:
    if not saved:
        return
    titles = {_EVERYBODY: "Everybody", **{one.id: one.title for one in saved}}
    state.choose(_SEGMENT, next((one.id for one in saved if one.title == chosen.segment), _EVERYBODY))
    st.selectbox(
        "Customers in the segment",
        list(titles),
        format_func=titles.__getitem__,
        key=_SEGMENT,
        on_change=_segment,
    )


def _segment() -> None:
    picked = str(state.chosen(_SEGMENT) or _EVERYBODY)
    _put(SEGMENT, [picked] if picked else [])


def _days(first: date, last: date) -> None:
    picked = state.chosen(_DAYS)
    if isinstance(picked, tuple) and len(picked) == 2:
        low, high = picked
        _put(FROM, [low.isoformat()] if low > first else [])
        _put(TO, [high.isoformat()] if high < last else [])


def _categories() -> None:
    picked = state.chosen(_CATEGORIES)
    _put(CATEGORY, [str(one) for one in picked] if isinstance(picked, list) else [])


def _kinds() -> None:
    picked = state.chosen(_KINDS)
    _put(KIND, [str(one) for one in picked] if isinstance(picked, list) else [])


def _selection(key: str) -> Mapping[str, Any]:
    found = state.chosen(key)
    marked = found.get("selection", {}) if isinstance(found, Mapping) else {}
    return marked if isinstance(marked, Mapping) else {}


def _put(name: str, values: list[str]) -> None:
    if values:
        st.query_params[name] = values
    elif name in st.query_params:
        del st.query_params[name]
