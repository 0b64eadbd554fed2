"""The parts of the Customer page: who, the history that can be changed, the lists, how far they agree."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reco_lab.experiments.results import Comparison
from reco_lab.experiments.verdict import POPULAR
from reco_lab.services.customers import STRENGTH, Look, Microscope
from reco_lab.services.recommending import Recommended, examples, recommend, sheet
from reco_lab.store.records import ExperimentRecord
from reco_lab.ui import cache, cards, export, linked, page, records, show, state, told
from reco_lab.ui.state import Edits
from reco_lab.ui.story import did
from reco_lab.ui.words import day, joined, md
from reco_lab.workspace import Workspace

SHOWN = 8
FOUND = 500
LENGTHS = (4, 6, 8, 12, 20)
ADDED = "what-if-item"
OUT = "what-if-out"
FOLLOWED = "_link_what_if"
PARAMETERS = ("without", "with")


@dataclass(frozen=True)
class Choice:
    """What the page is about: the models of an experiment, a customer, which lists and how long."""

    microscope: Microscope
    who: str
    names: tuple[str, ...]
    length: int


def ask(workspace: Workspace, done: Sequence[ExperimentRecord]) -> Choice:
    """Ask which customer, in one row; what else can be chosen is behind one button."""
    notice = st.container()
    row = st.container(horizontal=True, vertical_alignment="bottom")
    customer, surprise = row.container(width="stretch"), row.container(width="content")
    with row.popover("Settings", icon=":material/tune:"):
        chosen = linked.choice(
            "Experiment", records.labels(done), key=state.EXPERIMENT, noun="experiment", notice=notice
        )
        microscope = cache.microscope(workspace, chosen)
        names, length = _lists_wanted(microscope, cache.comparison(workspace, chosen))
    found = microscope.customers("", FOUND)
    with customer:
        who = _customer(microscope, found, notice)
    surprise.button(
        "Surprise me", icon=":material/casino:", on_click=_surprise, args=(tuple(found), who), key="surprise"
    )
    return Choice(microscope, who, names, length)


def _customer(microscope: Microscope, found: list[str], notice: DeltaGenerator) -> str:
    known = microscope.data.interactions.user_ids
    typed = state.chosen(state.CUSTOMER)
    if typed is not None and typed not in known:
        near = nearest(microscope, joined(str(typed)))
        if near is None:
            notice.warning(f"No customer's id contains “{md(typed)}”.", icon=":material/search_off:")
        state.choose(state.CUSTOMER, near or found[0])
    named = (st.query_params.get(state.CUSTOMER), state.chosen(state.CUSTOMER))
    options = list(dict.fromkeys([*(str(one) for one in named if one in known), *found]))
    return linked.choice(
        "Customer",
        {one: one for one in options},
        key=state.CUSTOMER,
        noun="customer",
        help_text="Choose one, or type an id or a part of it.",
        typed=True,
        notice=notice,
    )


def nearest(microscope: Microscope, typed: str) -> str | None:
    """The customer with this id, else the first whose id contains it; None where nobody's does."""
    if typed in microscope.data.interactions.user_ids:
        return typed
    return next(iter(microscope.customers(typed, 1)), None)


def _surprise(found: tuple[str, ...], now: str) -> None:
    others = [one for one in found if one != now] or [now]
    state.choose(state.CUSTOMER, str(np.random.default_rng(state.turn()).choice(others)))


def _lists_wanted(microscope: Microscope, comparison: Comparison) -> tuple[tuple[str, ...], int]:
    """Ask which models to put side by side, and how long the lists are."""
    names = [model.name for model in microscope.models]
    order = [row.name for row in comparison.leaderboard if row.name in names]
    chosen = st.multiselect(
        "Recommenders side by side",
        order,
        first_three(microscope, comparison),
        key="models",
        bind="query-params",
        max_selections=6,
        placeholder="All",
        help="The champion, the next best and popular items, unless you choose others.",
    )
    length = st.segmented_control(
        "Items in a list", LENGTHS, default=6, required=True, key="length", bind="query-params"
    )
    return tuple(chosen or order), int(length or 6)


def first_three(microscope: Microscope, comparison: Comparison) -> list[str]:
    """The champion, the next best and popular items, as far as they are there."""
    names = {model.name for model in microscope.models}
    rows = [row for row in comparison.leaderboard if row.name in names]
    champion = [row.name for row in rows if row.name == comparison.champion]
    popular = [row.name for row in rows if row.algorithm == POPULAR]
    rest = [row.name for row in rows if row.name not in champion + popular]
    return list(dict.fromkeys([*champion, *rest[:1], *popular]))[:3]


def looks(workspace: Workspace, microscope: Microscope, found: Comparison, number: int, k: int) -> list[Look]:
    """The first customers of a microscope who may be shown, with the champion's and the bestsellers' lists."""
    three = first_three(microscope, found)
    names = list(dict.fromkeys([three[0], three[-1]]))
    return [in_order(look, names) for look in examples(workspace, microscope, number, k=k, models=names)]


@st.fragment(key="bench")
def bench(workspace: Workspace, choice: Choice, *, expert: bool) -> None:
    """Draw everything that a what-if changes; only this part is drawn again when an item is left out or added."""
    with page.guard(workspace):
        microscope, who, names = choice.microscope, choice.who, choice.names
        edits = _edits(microscope, who)
        found = recommend(workspace, microscope, who, models=names, k=choice.length)
        if found.look is None:
            show.answer(f"{who} wants no advertising, so nothing is recommended", found.sentence)
            return
        before = look = in_order(found.look, names)
        if edits:
            changed = recommend(
                workspace,
                microscope,
                who,
                models=names,
                k=choice.length,
                struck=edits.struck,
                added=edits.added,
            )
            look = in_order(changed.look or found.look, names)
        show.answer(*_headline(look, before, edits, microscope))
        known, lists = st.columns([1, 2.6], gap="medium")
        with known.expander("What we know", icon=":material/history:") if show.phone() else known:
            _history(look, edits, microscope)
        with lists:
            _lists(look, before, expert=expert)
            _take(workspace, microscope, found, look)


def _edits(microscope: Microscope, who: str) -> Edits:
    """The what-if of this customer; a link's is taken over once, and the address always says what holds."""
    ids = microscope.data.interactions.item_ids
    asked = tuple(tuple(st.query_params.get_all(name)) for name in PARAMETERS)
    if any(asked) and asked != state.chosen(FOLLOWED) and not state.edits(who):
        for item in (one for one in asked[0] if one in ids):
            state.strike(who, item)
        for item in (one for one in asked[1] if one in ids):
            state.add(who, item)
    edits = state.edits(who)
    now = (edits.struck, edits.added)
    if asked != now:
        for name, items in zip(PARAMETERS, now, strict=True):
            st.query_params[name] = list(items)
    state.choose(FOLLOWED, now)
    return edits


def in_order(look: Look, names: Sequence[str]) -> Look:
    """The panels in the order in which they were chosen."""
    order = sorted(range(len(look.panels)), key=lambda place: names.index(look.panels[place].name))
    panels = tuple(look.panels[place] for place in order)
    return replace(look, panels=panels, overlap=look.overlap[np.ix_(order, order)])


def _headline(look: Look, before: Look, edits: Edits, microscope: Microscope) -> tuple[str, str]:
    if not edits:
        return told.headline(look)
    out, in_ = ([microscope.title(item) for item in items] for items in (edits.struck, edits.added))
    return told.moved(
        look, before, out, in_
    ), "Every recommender that can take this into account has ranked anew."


def _history(look: Look, edits: Edits, microscope: Microscope) -> None:
    if not show.phone():
        st.header("What we know", anchor=False)
    if facts := told.facts(look.attributes):
        st.markdown(" ".join(f":gray-badge[{md(fact)}]" for fact in facts))
    st.caption("Leave out or add an item and the lists are made again. Nothing is saved.")
    if edits:
        st.button("Back to the true history", icon=":material/undo:", on_click=state.forget_edits)
    titles = dict(microscope.items("", FOUND))
    _what_if("Add an item", titles, ADDED, "What if there were also…", look.customer_id)
    for item in edits.added:
        _entry(look.customer_id, item, microscope.title(item), "added", struck=False)
    entries = had(look.history)
    head = entries[entries["item_id"].isin(edits.struck) | (entries.index < SHOWN)]
    for item, title, what in head.to_numpy().tolist():
        _entry(look.customer_id, item, title, what, struck=item in edits.struck)
    if entries.empty:
        st.markdown("Nothing: a new customer.")
    if len(entries) > SHOWN:
        with st.expander(f"All {len(entries)} items"):
            rest = dict(entries[["item_id", "title"]].to_numpy().tolist())
            _what_if("Leave out another item", rest, OUT, "Any item of the history", look.customer_id)
            show.numbers(look.history, alt="The customer's whole history", key="history")


def _what_if(label: str, titles: dict[str, str], key: str, placeholder: str, customer: str) -> None:
    st.selectbox(
        label,
        list(titles),
        None,
        format_func=lambda item: titles.get(item, item),
        key=key,
        placeholder=placeholder,
        on_change=_change,
        args=(customer, key),
    )


def _change(customer: str, key: str) -> None:
    chosen = state.chosen(key)
    if chosen is not None:
        (state.add if key == ADDED else state.strike)(customer, str(chosen))
        state.choose(key, None)


def had(history: pd.DataFrame) -> pd.DataFrame:
    """One line an item with the strongest thing that was done and when that was; the latest of these days first."""
    if history.empty:
        return pd.DataFrame(columns=["item_id", "title", "what"])
    strength = history["kind"].map(STRENGTH.index)
    best = history.loc[strength.sort_values(ascending=False, kind="stable").index].drop_duplicates("item_id")
    found = best.set_index("item_id").loc[history["item_id"].drop_duplicates()].reset_index()
    found["what"] = [did((kind,)) for kind in found["kind"]]
    if "time" in history:
        newest = history["time"].max().year
        found = found.sort_values("time", ascending=False, kind="stable", ignore_index=True)
        found["what"] += [f" · {_short(moment, newest)}" for moment in found["time"]]
    return found[["item_id", "title", "what"]]


def _short(moment: pd.Timestamp, year: int) -> str:
    """The day, with its year only where that is not the latest one."""
    words = day(moment.to_pydatetime())
    return words.rpartition(" ")[0] if moment.year == year else words


def _entry(customer: str, item: str, title: str, what: str, *, struck: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
        with st.container(gap=None, width="stretch"):
            st.markdown(f":gray[~~{md(title)}~~]" if struck else md(title))
            st.caption(f"{md(what)}{' · left out' if struck else ''}")
        st.button(
            "Put back" if struck else "Leave out",
            key=f"{'back' if struck else 'strike'}-{item}",
            type="tertiary",
            icon=":material/undo:" if struck else ":material/close:",
            on_click=state.add if struck else state.strike,
            args=(customer, item),
        )


def _lists(look: Look, before: Look, *, expert: bool) -> None:
    st.header("What they would see", anchor=False)
    if show.phone() and len(look.panels) > 1:
        slots: Sequence[DeltaGenerator] = st.tabs([md(panel.name) for panel in look.panels])
    else:
        grid = st.grid(max(1, len(look.panels)), min_column_width=175, gap="small")
        slots = [grid.container(gap="xsmall") for _ in look.panels]
    for place, (slot, panel, known) in enumerate(zip(slots, look.panels, before.panels, strict=True)):
        with slot:
            cards.panel(panel, known, look, key=f"{place}", expert=expert)
    if words := told.agreement(look):
        st.caption(md(words))


def _take(workspace: Workspace, microscope: Microscope, found: Recommended, look: Look) -> None:
    """Offer the lists as a file, unless the customer wants no advertising."""
    if not found.permitted:
        st.info(
            f"For study only: these lists may not be sent or taken away. {md(found.sentence)}",
            icon=":material/block:",
        )
        return
    export.menu(
        [export.Sheet("These lists", "customer-lists", lambda: sheet(workspace, microscope, look))],
        key="customer",
        note="The address holds the customer, the recommenders and what was left out or added. ",
    )
