"""A recommended item as a card, and a model's list as a column of them."""

import streamlit as st

from reco_lab.services.customers import Card, Look, Panel
from reco_lab.ui import state, told
from reco_lab.ui.words import md


def panel(shown: Panel, before: Panel, look: Look, *, key: str, expert: bool) -> None:
    """Draw one model's list, with what the what-if moved.

    One that cannot follow a changed history says why, and its list stays as it was.
    """
    known = told.places(before)
    st.subheader(md(shown.name), anchor=False)
    if about := told.about(shown, look):
        st.caption(md(about))
    if look.held_out:
        st.caption(_hits(shown))
    if shown.why_not:
        st.info(f"Not changed by the what-if: {md(shown.why_not)}", icon=":material/block:")
    for place, card in enumerate(shown.cards, start=1):
        reason = (
            "" if look.history.empty and not shown.cards[0].because else _reason(shown, card, expert=expert)
        )
        moved = told.move(card.item_id, place, known)
        with st.container(border=True, gap="xxsmall"):
            _face(card, place, reason, moved, muted=bool(shown.why_not))
            _what_if(card, look.customer_id, f"{key}-{place}")
    if gone := told.left(shown, before):
        st.caption(f"Out: {md(', '.join(gone))}")


def _hits(shown: Panel) -> str:
    hits = told.hits(shown)
    return f"{hits or 'none'} of {len(shown.cards)} chosen afterwards"


def _reason(shown: Panel, card: Card, *, expert: bool) -> str:
    if shown.alike or shown.fallback or not shown.explains:
        return ""
    return told.signed_why(card) if expert else told.why(card)


def _face(card: Card, place: int, reason: str, moved: str, *, muted: bool) -> None:
    title = f"{place}. {md(card.title)}"
    st.markdown(f":gray[{title}]" if muted else f"**{title}**")
    if facts := " · ".join(part for part in (card.category, _price(card.price)) if part):
        st.caption(md(facts))
    if moved:
        st.badge(moved, color="blue" if moved == "new" else "gray")
    if card.held_out:
        st.badge("Chosen afterwards", icon=":material/check:", color="green")
    if reason:
        st.caption(md(reason))


def _what_if(card: Card, customer: str, key: str) -> None:
    st.button(
        "What if bought?",
        key=f"add-{key}",
        type="tertiary",
        icon=":material/add:",
        help="Puts it into the history; the lists are made again. Nothing is saved.",
        on_click=state.add,
        args=(customer, card.item_id),
    )


def _price(amount: float | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"
