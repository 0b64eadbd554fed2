"""One section of the report on the screen, and on the projector in larger type."""

import streamlit as st

from reco_lab.charts.bars import bars
from reco_lab.charts.leaderboard import leaderboard
from reco_lab.charts.theme import Figure, Palette
from reco_lab.ui import report_file, show
from reco_lab.ui.report_sections import Column, Drawn, Item, Section
from reco_lab.ui.words import md

FEW, AT_ONCE = 2, 3
ROOM = 0.45  # so that what is written beside a bar is not cut on a phone
LARGE = (
    "<style>html{font-size:clamp(13px,min(1.3vw,1.95vh),32px)}"
    "[data-testid=stMainBlockContainer]{padding-top:3.5rem;padding-bottom:1rem}</style>"
)


def draw(one: Section, colours: Palette, *, large: bool = False) -> None:
    """Draw a section: its title says the finding, then sentences, the figure with its table, cards, lists.

    If `large`, all of it is to be seen at once: what is said stands beside the figure, not above it.
    """
    with st.container(gap="small"):
        st.markdown(f":primary[**{md(one.label)}**]")
        (st.title if large else st.header)(md(one.finding), anchor=False)
        beside = large and one.figure is not None and len(one.figure.rows) > FEW
        words, picture = st.columns([1, 1.4], gap="large") if beside else (st.container(), st.container())
        with words:
            for line in one.lines[: 1 if large and one.columns else None]:
                st.markdown(md(line))
        with picture:
            if one.sums:
                _sums(one)
            _figure(one, colours, large=large)
        if one.columns:
            _columns(one, large=large)
        if one.lists:
            _lists(one)


def enlarge() -> None:
    """Let everything on this page grow with the screen, as on a projector, and waste no room around it."""
    st.html(LARGE)


def _figure(one: Section, colours: Palette, *, large: bool) -> None:
    if one.figure is not None and not one.figure.rows.empty:
        if large:
            st.image(report_file.figure(one.figure, one.finding, colours), width="stretch", alt=one.finding)
        else:
            st.plotly_chart(
                _chart(one.figure, colours),
                theme=None,
                alt=one.finding,
                config=show.MODEBAR,
                key=f"chart-{one.id}",
            )
        if large or one.figure.form == "bars":  # dots have an axis that says it
            st.caption(md(one.figure.axis))
    if one.table is not None:
        with st.expander("Show as table", icon=":material/table_rows:"):
            show.numbers(one.table, alt=one.finding, key=one.id)


def _chart(drawn: Drawn, colours: Palette) -> Figure:
    if drawn.form == "bars":
        return bars(
            drawn.rows, palette=colours, form=".0%" if drawn.percent else ",", axis=drawn.axis, room=ROOM
        )
    return leaderboard(drawn.rows, axis=drawn.axis, palette=colours, percent=drawn.percent, zero=drawn.zero)


def _sums(one: Section) -> None:
    with st.grid(len(one.sums), min_column_width=140):
        for what, value, about in one.sums:
            with st.container(border=True, gap="xxsmall"):
                st.metric(what, value)
                st.caption(md(about))


def _lists(one: Section) -> None:
    for (title, points), slot in zip(one.lists, st.columns(len(one.lists), gap="large"), strict=True):
        with slot:
            st.subheader(md(title), anchor=False)
            st.markdown("\n".join(f"- {md(point)}" for point in points))


def _columns(one: Section, *, large: bool) -> None:
    if one.facts and not large:
        st.markdown(" ".join(f":gray-badge[{md(fact)}]" for fact in one.facts))
    slots = st.grid(len(one.columns), min_column_width=240, gap="medium")
    for column in one.columns:
        with slots.container(gap="xsmall"):
            _column(column, large=large)


def _column(column: Column, *, large: bool) -> None:
    st.subheader(md(column.title), anchor=False)
    if not large:
        st.caption(md(column.about))
    for item in column.items[: AT_ONCE if large else None]:
        with st.container(border=True, gap="xxsmall"):
            _card(item)


def _card(item: Item) -> None:
    st.markdown(f"**{md(item.title)}**")
    if facts := " · ".join(filter(None, (item.facts, item.why))):
        st.caption(md(facts))
    if item.chosen:
        st.badge("Chosen afterwards", icon=":material/check:", color="green")
