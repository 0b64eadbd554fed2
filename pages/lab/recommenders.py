"""Recommenders: what each one does, what it needs, what can be set, and a way to try it."""

import streamlit as st

from reco_lab.services import experiments
from reco_lab.ui import gallery, page, show

with page.open("Recommenders", of_data=False) as lab:
    data = None if lab.version is None else lab.dataset()
    offers = experiments.offers(data)
    where = "" if lab.version is None else f"“{lab.version.title or lab.version.name}”"
    show.answer(*gallery.answer(offers, where))

    words = st.text_input(
        "Find",
        key="find",
        type="search",
        placeholder="a name, a kind, a word: EASE, ratings, new customers",
        bind="query-params",
        live=True,
    )
    kind = gallery.kind(offers)
    found = [offer for offer in gallery.wanted(offers, words or "") if kind in {None, offer.info.family}]
    if not found:
        where = "" if kind is None else " of this kind"
        st.info(f"No recommender{where} has all these words on its card.", icon=":material/search_off:")

    gallery.families(found, tried=data is not None)
