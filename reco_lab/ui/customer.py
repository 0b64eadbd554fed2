"""The parts of the Customer page: who, the history that can be changed, the lists, how far they agree."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from reco_lab.charts.overlap import overlap
from reco_lab.experiments.results import Comparison
from reco_lab.services.customers import Look, Microscope, Panel
from reco_lab.ui import cards, export, linked, page, show, state
from reco_lab.ui.words import count, md
from reco_lab.workspace import Workspace

SHOWN = 12
FOUND = 200
LENGTHS = (4, 6, 8, 12, 20)
ADDED = "what-if-item"


def pick(microscope: Microscope) -> str:
    """Ask which customer; the id is in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search customers",
            key="search",
            type="search",
            placeholder="Part of an id",
            live=True,
            max_chars=256,
        )
        found = microscope.customers(search, FOUND)
        if not found:
            st.warning(f"No customer's id contains “{md(search)}”.", icon=":material/search_off:")
            found = microscope.customers("", FOUND)
        options = list(dict.fromkeys([*_asked(microscope, search), *found]))
        who = linked.choice("Customer", {one: one for one in options}, key=state.CUSTOMER, noun="customer")
        st.button(
            "Surprise me",
            icon=":material/casino:",
            shortcut="S",
            on_click=_surprise,
            args=(tuple(found), who),
        )
    return who


def _asked(microscope: Microscope, search: str) -> list[str]:
    """A customer that a link or the session names stays a choice, however far down the list."""
    named = (st.query_params.get(state.CUSTOMER), state.chosen(state.CUSTOMER))
    known = microscope.data.interactions.user_ids
    return [] if search else [str(one) for one in named if one in known]


def _surprise(found: tuple[str, ...], now: str) -> None:
    state.choose(
        state.CUSTOMER,
        str(np.random.default_rng(state.turn()).choice([one for one in found if one != now] or [now])),
    )


def models(microscope: Microscope, comparison: Comparison) -> tuple[tuple[str, ...], int]:
    """Ask which models to put side by side, and how long the lists are."""
    names = [model.name for model in microscope.models]
    order = [row.name for row in comparison.leaderboard if row.name in names]
    champion = [name for name in order if name == comparison.champion]
    plain = [
        row.name for row in comparison.leaderboard if row.algorithm == "most_popular" and row.name in names
    ]
    rest = [name for name in order if name not in champion + plain]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Side by side",
            order,
            [*champion, *rest[:1], *plain][:3],
            key="models",
            bind="query-params",
            max_selections=6,
            placeholder="All models",
            help="The champion, the next best and popular items, unless you choose others.",
        )
        length = st.segmented_control(
            "Items", LENGTHS, default=6, required=True, key="length", bind="query-params"
        )
    return tuple(chosen or order), int(length or 6)


@st.fragment(key="bench")
def bench(
    workspace: Workspace, microscope: Microscope, who: str, names: tuple[str, ...], length: int
) -> None:
    """Draw everything that a what-if changes; only this part is drawn again when an item is struck or added."""
    with page.guard(workspace):
        edits = state.edits(who)
        before = look = _in_order(microscope.look(who, models=names, k=length), names)
        if edits:
            changed = microscope.look(who, models=names, k=length, struck=edits.struck, added=edits.added)
            look = _in_order(changed, names)
        show.answer(*_headline(look, before, edits))
        left, right = st.columns([1, 2.6], gap="large")
        with left:
            _history(look, edits, microscope)
        with right:
            _lists(look, before)
        _agreement(look)


def _in_order(look: Look, names: tuple[str, ...]) -> Look:
    """The panels in the order in which they were chosen."""
    order = sorted(range(len(look.panels)), key=lambda place: names.index(look.panels[place].name))
    panels = tuple(look.panels[place] for place in order)
    return replace(look, panels=panels, overlap=look.overlap[np.ix_(order, order)])


def _headline(look: Look, before: Look, edits: state.Edits) -> tuple[str, str]:
    held = count(len(look.held_out), "item")
    if edits:
        new = sum(_new(panel, known) for panel, known in zip(look.panels, before.panels, strict=True))
        words = f"What if: {len(edits.struck)} struck, {len(edits.added)} added"
        return words, f"{count(new, 'item')} came into the lists. Every model that can follow ranked again."
    best = max(look.panels, key=_hits, default=None)
    if best is None:
        return "No model is chosen", "Choose one above."
    if not look.held_out:
        return (
            f"Customer {look.customer_id} chose nothing after the cut",
            "So no list can be right or wrong here.",
        )
    sentence = f"{best.name} found {_hits(best)} of {len(look.held_out)} later choices of customer {look.customer_id}"
    if not _hits(best):
        sentence = f"No list found a later choice of customer {look.customer_id}"
    return (
        sentence,
        f"{held} chosen after the cut. One customer proves nothing: Compare judges by all of them.",
    )


def _new(panel: Panel, before: Panel) -> int:
    return len({card.item_id for card in panel.cards} - {card.item_id for card in before.cards})


def _hits(panel: Panel) -> int:
    return sum(card.held_out for card in panel.cards)


def _history(look: Look, edits: state.Edits, microscope: Microscope) -> None:
    st.header("What we know", anchor=False)
    if look.attributes:
        st.markdown(
            " ".join(
                f":gray-badge[{md(name)}: {md(value.removesuffix(' 00:00:00'))}]"
                for name, value in look.attributes.items()
            )
        )
    if edits:
        st.button("Back to the true history", icon=":material/undo:", on_click=state.forget_edits)
    titles = dict(microscope.items("", 500))
    st.selectbox(
        "Add an item",
        list(titles),
        None,
        format_func=lambda item: titles.get(item, item),
        key=ADDED,
        placeholder="What if there were also…",
        on_change=_add,
        args=(look.customer_id,),
    )
    for item in edits.added:
        _entry(look.customer_id, item, titles.get(item, item), "added", struck=False)
    entries = _entries(look.history)
    for item, title, what in entries.head(SHOWN).to_numpy().tolist():
        _entry(look.customer_id, item, title, what, struck=item in edits.struck)
    if len(entries) > SHOWN:
        with st.expander(f"All {len(entries)} items"):
            st.dataframe(look.history, hide_index=True, alt="The customer's whole history")
    if entries.empty:
        st.markdown("Nothing before the cut: a cold customer.")


def _entries(history: pd.DataFrame) -> pd.DataFrame:
    """One line an item, newest first, with what was done and when."""
    if history.empty:
        return pd.DataFrame(columns=["item_id", "title", "what"])
    kinds = history["kind"].str.replace("interaction", "seen")
    lines = history.assign(what=kinds).groupby("item_id", sort=False)
    found = lines.agg(title=("title", "first"), what=("what", lambda all_: ", ".join(dict.fromkeys(all_))))
    if "time" in history:
        found["what"] += pd.to_datetime(lines["time"].first()).dt.strftime(" · %d %b %Y")
    return found.reset_index()


def _entry(customer: str, item: str, title: str, what: str, *, struck: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
        with st.container(gap=None, width="stretch"):
            st.markdown(f":gray[~~{md(title)}~~]" if struck else md(title))
            st.caption(f"{md(what)}{' · struck' if struck else ''}")
        st.button(
            "Bring back" if struck else "Strike",
            key=f"{'back' if struck else 'strike'}-{item}",
            type="tertiary",
            icon=":material/undo:" if struck else ":material/close:",
            on_click=state.add if struck else state.strike,
            args=(customer, item),
        )


def _add(customer: str) -> None:
    chosen = state.chosen(ADDED)
    if chosen is not None:
        state.add(customer, str(chosen))
        state.choose(ADDED, None)


def _lists(look: Look, before: Look) -> None:
    st.header("What they would see", anchor=False)
    with st.grid(max(1, len(look.panels)), min_column_width=200, gap="medium"):
        for place, (panel, known) in enumerate(zip(look.panels, before.panels, strict=True)):
            with st.container(gap="xsmall"):
                cards.panel(panel, known, look.customer_id, key=f"{place}")


def _agreement(look: Look) -> None:
    names = tuple(panel.name for panel in look.panels)
    if len(names) > 1:
        pairs = [(one, other) for one in range(len(names)) for other in range(one + 1, len(names))]
        table = pd.DataFrame(
            [(names[one], names[other], look.overlap[one, other]) for one, other in pairs],
            columns=["Model", "Other", "Shared"],
        )
        mean = float(table["Shared"].mean())
        show.chart(
            overlap(names, look.overlap, show.palette()),
            finding=f"The lists share {mean:.0%} of their items on average",
            table=table,
            key="agreement",
        )
    export.menu(
        [
            export.Download(
                "These lists (CSV)",
                f"customer-{look.customer_id}.csv",
                lambda: export.csv(sheet(look)),
                "text/csv",
            )
        ],
        key="customer",
    )


def sheet(look: Look) -> pd.DataFrame:
    """The lists as a table: a line a model and place."""
    return pd.DataFrame(
        [
            {
                "customer": look.customer_id,
                "model": panel.name,
                "place": place,
                "item": card.item_id,
                "title": card.title,
                "score": card.score,
                "chosen_afterwards": card.held_out,
                "because": "; ".join(f"{part.text} {part.weight:+.4f}" for part in card.because),
            }
            for panel in look.panels
            for place, card in enumerate(panel.cards, start=1)
        ]
    )
