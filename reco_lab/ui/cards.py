"""A recommended item as a card, and a model's list as a column of them."""

import streamlit as st

from reco_lab.services.customers import Card, Panel
from reco_lab.ui import state
from reco_lab.ui.words import md

FAINT = 0.005


def panel(shown: Panel, before: Panel, customer: str, *, key: str) -> None:
    """Draw one model's list, with what the what-if brought in marked as new.

    One that cannot follow a changed history says why, and its list stays as it was.
    """
    known = {card.item_id for card in before.cards}
    st.subheader(md(shown.name), anchor=False)
    st.caption(_hits(shown))
    if shown.fallback:
        st.info(
            "This model knows nothing of the customer, so everybody's fallback is shown.",
            icon=":material/person_off:",
        )
    if shown.why_not:
        st.info(f"Not changed by the what-if: {md(shown.why_not)}", icon=":material/block:")
    for place, card in enumerate(shown.cards, start=1):
        fresh = card.item_id not in known
        _card(card, place, customer, key=f"{key}-{place}", muted=bool(shown.why_not), fresh=fresh)


def _hits(shown: Panel) -> str:
    hits = sum(card.held_out for card in shown.cards)
    return f"{hits or 'none'} of {len(shown.cards)} chosen afterwards"


def _card(card: Card, place: int, customer: str, *, key: str, muted: bool, fresh: bool) -> None:
    with st.container(border=True, gap="xxsmall"):
        title = f"{place}. {md(card.title)}"
        st.markdown(f":gray[{title}]" if muted else f"**{title}**")
        if facts := " · ".join(part for part in (card.category, _price(card.price)) if part):
            st.caption(md(facts))
        if fresh:
            st.badge("New in this list", icon=":material/fiber_new:", color="blue")
        if card.held_out:
            st.badge("Chosen afterwards", icon=":material/check:", color="green")
        st.caption(why(card))
        st.button(
            "Add to history",
            key=f"add-{key}",
            type="tertiary",
            icon=":material/add:",
            help="What if the customer had got this too?",
            on_click=state.add,
            args=(customer, card.item_id),
        )


def why(card: Card) -> str:
    """The strongest parts of a score, in words and signed."""
    if not card.because:
        return "This model cannot say why."
    parts = [f"{md(part.text)} ({part.weight:+.2f})" for part in card.because if abs(part.weight) >= FAINT]
    return "Because of " + ", ".join(parts) if parts else "No single thing in the history stands out."


def _price(amount: float | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"
