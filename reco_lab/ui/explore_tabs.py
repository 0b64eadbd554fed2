"""The tabs of the Explore page: which charts are in each, and how one filters the page."""

from collections.abc import Callable, Iterator

import streamlit as st

from reco_lab.charts.theme import Palette
from reco_lab.services.explore import Parts, Portrait
from reco_lab.ui import explore_items as items
from reco_lab.ui import explore_people as people
from reco_lab.ui import page, scope, show
from reco_lab.ui.explore_shown import Shown
from reco_lab.ui.words import md

SECTIONS: dict[str, tuple[Callable[[Parts, Palette], Shown | str], ...]] = {
    "Activity": (people.activity, people.hours),
    "Customers": (people.newcomers, people.retention, people.cohorts, people.histories),
    "Items": (items.top_items, items.movers, items.long_tail, items.audiences),
    "Baskets": (items.pairs, items.sizes),
    "Funnel": (items.funnel,),
    "Catalogue": (items.categories, items.prices),
    "Gaps": (items.missing,),
}
_CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]], "responsive": True, "scrollZoom": False}
_MARKS = {
    "good": ":green[:material/check_circle:]",
    "thin": ":orange[:material/error:]",
    "lacking": ":red[:material/cancel:]",
}


def draw(name: str, found: Portrait, colours: Palette) -> None:
    """Draw a tab: its charts, or why there is none."""
    for make in SECTIONS[name]:
        shown = make(found.parts, colours)
        if isinstance(shown, Shown):
            _chart(shown, found)
        elif shown:
            st.markdown(md(shown))


def charts(found: Portrait, colours: Palette) -> Iterator[Shown]:
    """Every chart there is, in the order of the tabs."""
    for makers in SECTIONS.values():
        for make in makers:
            shown = make(found.parts, colours)
            if isinstance(shown, Shown):
                yield shown


def readiness(whole: Portrait) -> None:
    """The list of what training takes, each point with its threshold and why it matters."""
    found = whole.readiness
    if found is None:
        return
    st.header(md(found.sentence), anchor=False)
    st.caption("Of the whole data set, whatever is filtered above: a recommender is trained on all of it.")
    with st.container(border=True):
        for point in found.points:
            with st.container(gap="xxsmall"):
                helps = "" if point.needed else " (not needed, but it helps)"
                st.markdown(
                    f"{_MARKS[point.state]} **{md(point.label)}**: {md(point.found)} · {point.state}{helps}"
                )
                st.caption(md(f"{point.asked}. {point.why}"))
    if st.button("Compare recommenders", type="primary", icon=":material/experiment:", key="explore-compare"):
        show.go(page.EXPERIMENT)


def _chart(shown: Shown, found: Portrait) -> None:
    st.header(md(shown.finding), anchor=False, help=md(shown.explained) or None)
    # a new key for each scope: what was marked before is not marked in what it led to
    key = f"chart-explore-{shown.key}-{found.scope}"
    st.plotly_chart(
        shown.figure,
        theme=None,
        alt=shown.finding,
        config=_CONFIG,
        key=key,
        on_select=_marking(shown, found, key) if shown.marks else "ignore",
        selection_mode=("points", "box") if shown.marks == "days" else ("points",),
    )
    if shown.note:
        st.caption(md(shown.note))
    with st.expander("Show as table", icon=":material/table_rows:"):
        st.dataframe(shown.table, hide_index=True, alt=shown.finding, placeholder="–")


def _marking(shown: Shown, found: Portrait, key: str) -> Callable[[], None]:
    activity = found.parts.activity
    if shown.marks == "days" and activity is not None:
        starts = list(activity.series["start"])
        return lambda: scope.mark_days(key, starts, shown.ends)
    return lambda: scope.mark_category(key, shown.names)
