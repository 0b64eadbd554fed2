"""The gallery of recommenders: a card each, by family, found by any word on it."""

from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st

from reco_lab.core.recommender import Info, Need
from reco_lab.services.experiments import Offer
from reco_lab.ui import page, state
from reco_lab.ui.words import count, md

FAMILIES = {
    "baseline": ("Yardsticks", "No personal taste, or hardly any: what every other recommender has to beat."),
    "neighbourhood": ("Neighbours", "Who is like whom, and what goes with what."),
    "graph": ("Walks", "From a customer to items to other customers and on, as on a map."),
    "linear": ("Item to item, learnt", "How much having one item speaks for another, all items at once."),
    "factors": ("Hidden tastes", "A few numbers for every customer and item that say how well they fit."),
    "sequence": ("What comes next", "The order of what a customer did says what follows."),
    "ratings": ("Ratings", "Predict how many stars a customer would give, and rank by that."),
    "content": ("Content", "What the items are: their titles, categories and other columns."),
    "hybrid": ("Together", "Several recommenders with one answer."),
}
NEEDS = {
    Need.times: "times",
    Need.ratings: "ratings",
    Need.item_attributes: "a table of items",
    Need.customer_attributes: "a table of customers",
}


def answer(offers: Sequence[Offer], where: str) -> tuple[str, str]:
    """How many there are, and how many of them can learn from the data at hand."""
    ready = sum(not offer.missing for offer in offers)
    families = len({offer.info.family for offer in offers})
    sentence = f"{count(len(offers), 'recommender')} of {families} kinds"
    if not where:
        return f"{sentence}.", "With data here, each card can be tried."
    can = "all" if ready == len(offers) else f"{ready}"
    return f"{sentence}; {can} of them can learn from {where}.", "" if ready == len(
        offers
    ) else "Each card says what is missing for the others."


def wanted(offers: Iterable[Offer], words: str) -> list[Offer]:
    """The recommenders on whose card every one of these words stands."""
    asked = words.lower().split()
    return [offer for offer in offers if all(word in _text(offer) for word in asked)]


def kind(offers: Sequence[Offer]) -> str | None:
    """Ask for one family; None for all of them."""
    known = {offer.info.family for offer in offers}
    chosen: str | None = st.pills(
        "Kind",
        [family for family in FAMILIES if family in known],
        format_func=lambda family: FAMILIES[family][0],
        key="kind",
        bind="query-params",
    )
    return chosen


def families(offers: Sequence[Offer], *, tried: bool) -> None:
    """The cards, a heading for each family, with a way to try each where there is data to try it on."""
    known = [*FAMILIES, *sorted({offer.info.family for offer in offers} - FAMILIES.keys())]
    for family in known:
        mine = sorted((one for one in offers if one.info.family == family), key=lambda one: one.info.label)
        if not mine:
            continue
        title, words = FAMILIES.get(family, (family.capitalize(), ""))
        st.header(md(title), anchor=False)
        if words:
            st.caption(md(words))
        with st.grid("auto", min_column_width=330, border=True):
            for offer in mine:
                _card(offer, tried=tried)


def traits(info: Info) -> list[str]:
    """What a person should know before choosing it, in a few words each."""
    needs = ", ".join([NEEDS[need] for need in info.needs] + [f"the extra {one.name}" for one in info.extras])
    return [
        f"Needs {needs}" if needs else "Needs only who had what",
        "Serves customers it never saw" if info.folds_in else "Only customers it learnt from",
        _repeats(info),
        *(["Predicts ratings"] if info.rates else []),
    ]


def _repeats(info: Info) -> str:
    if not info.deterministic:
        return "Another result each time"
    return "Draws lots: another seed, another model" if info.seeded else "Always the same result"


def _card(offer: Offer, *, tried: bool) -> None:
    info = offer.info
    with st.container(gap="xsmall"):
        st.markdown(f"**{md(info.label)}**")
        st.markdown(md(info.summary))
        st.caption(md(" · ".join(traits(info))))
        if not info.folds_in and info.folds_in_why:
            st.caption(f"Why not others: {md(info.folds_in_why)}")
        with st.expander("Settings and source", icon=":material/tune:"):
            st.caption(md(info.paper))
            _settings(offer)
        if offer.missing:
            st.caption(f":material/block: To learn here it needs {md(', and '.join(offer.missing))}.")
        elif tried:
            st.page_link(
                page.EXPERIMENT,
                label="Try it",
                icon=":material/experiment:",
                query_params={state.TRIED: offer.algorithm},
            )


def _settings(offer: Offer) -> None:
    if not offer.parameters:
        st.markdown("It has no settings.")
        return
    rows = [
        {
            "Setting": one.name.replace("_", " "),
            "Usual": str(one.default),
            "Allowed": one.bounds,
            "Meaning": one.help,
        }
        for one in offer.parameters
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=f"The settings of {offer.info.label}")


def _text(offer: Offer) -> str:
    info = offer.info
    title = FAMILIES.get(info.family, (info.family, ""))[0]
    settings = " ".join(f"{one.name} {one.help}" for one in offer.parameters)
    parts = (
        offer.algorithm,
        info.label,
        info.family,
        title,
        info.summary,
        info.paper,
        *traits(info),
        settings,
    )
    return " ".join(parts).lower()
