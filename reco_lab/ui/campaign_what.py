"""The second step of a campaign: who chooses the items, a trained recommender or the person herself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from reco_lab.campaigns.spec import Campaign, FixedItems, FromModel, Route, What
from reco_lab.core.dataset import Dataset
from reco_lab.experiments.results import Comparison
from reco_lab.services import experiments
from reco_lab.ui import board, cache, page, records
from reco_lab.ui.words import md

WAYS = {"model": "What fits each customer", "fixed": "The same for everybody"}
OFFERED = 500
MOST = 20


@dataclass(frozen=True)
class Trained:
    """The finished experiments of a data set (id -> label), newest first, and what the one that is meant found."""

    labels: Mapping[str, str]
    found: Comparison | None

    @property
    def models(self) -> list[str]:
        """Its recommenders, best first."""
        rows = () if self.found is None else self.found.leaderboard
        return [row.name for row in rows if row.error is None and row.run_keys]

    @property
    def champion(self) -> str | None:
        """The best of them, as validation says."""
        return None if self.found is None else self.found.champion


def trained(lab: page.Lab, what: What | None = None) -> Trained:
    """What is trained on the chosen data."""
    done = [one for one in experiments.listing(lab.workspace, lab.chosen.name) if one.comparison is not None]
    labels = records.labels(done)
    asked = what.experiment if isinstance(what, FromModel) else next(iter(labels), "")
    found = cache.comparison(lab.workspace, asked) if asked in labels else None
    return Trained(labels, found)


def training(lab: page.Lab) -> None:
    """Nothing is trained yet: say so, and offer to train, or to do without."""
    with st.container(border=True):
        st.header("No recommender is trained on these data yet", anchor=False)
        st.markdown("It learns what each customer may want next. Then this page makes the lists to send.")
        busy = board.comparing(lab.workspace, lab.chosen.name)
        if st.button(
            "Train recommenders",
            type="primary",
            icon=":material/model_training:",
            key="train",
            disabled=busy,
            help="Several are trained on the past and judged on what came later.",
        ):
            experiments.submit(lab.workspace, experiments.starter(lab.dataset()))
            st.rerun()


def ask(lab: page.Lab, campaign: Campaign, titles: Mapping[str, str], key: str) -> dict[str, Any]:
    """Ask what is recommended and how much of it; the changed parts of the campaign."""
    what, there = campaign.what, trained(lab, campaign.what)
    ways = [way for way in WAYS if way == "fixed" or there.labels]
    way = st.segmented_control(
        "What do they get?",
        ways,
        default=what.kind if what.kind in ways else ways[0],
        format_func=WAYS.__getitem__,
        required=True,
        key=f"{key}-way",
    )
    if way == "fixed":
        fixed = _fixed(lab.dataset(), what, key)
        return {"what": fixed, "items": len(fixed.items)}
    chosen = _model(lab, what, there, titles, key)
    items = st.number_input("Items for each customer", 1, MOST, campaign.items, key=f"{key}-items", width=220)
    return {"what": chosen, "items": int(items)}


def sentence(what: What, there: Trained) -> str:
    """Who chooses, in a few words."""
    if isinstance(what, FixedItems):
        return "the same for everybody"
    return what.model or there.champion or "the champion"


def _model(lab: page.Lab, what: What, there: Trained, titles: Mapping[str, str], key: str) -> What:
    before = what if isinstance(what, FromModel) else FromModel(experiment=next(iter(there.labels)))
    if not lab.expert:
        st.markdown(f"**{md(before.model or there.champion or 'The champion')}** chooses for each customer.")
        st.caption("It did best when recommenders were compared on what customers did later.")
        return before
    left, right = st.columns(2)
    ids = list(there.labels)
    experiment = left.selectbox(
        "Experiment",
        ids,
        ids.index(before.experiment) if before.experiment in ids else 0,
        format_func=there.labels.__getitem__,
        key=f"{key}-experiment",
    )
    if experiment != before.experiment:
        before = FromModel(experiment=experiment)
        there = trained(lab, before)
    champion = there.champion
    model = right.selectbox(
        "Recommender",
        [None, *there.models],
        there.models.index(before.model) + 1 if before.model in there.models else 0,
        format_func=lambda one: one or f"The champion ({champion})",
        key=f"{key}-model-{experiment}",
    )
    routes = _routes(before.routes, there.models, titles, f"{key}-{experiment}") if titles else ()
    return FromModel(experiment=experiment, model=model, routes=routes)


def _routes(
    now: Sequence[Route], models: Sequence[str], titles: Mapping[str, str], key: str
) -> tuple[Route, ...]:
    """Ask which segments another recommender answers."""
    chosen = st.multiselect(
        "Another recommender for",
        list(titles),
        [one.segment for one in now if one.segment in titles],
        format_func=titles.__getitem__,
        placeholder="no segment",
        key=f"{key}-routes",
        help="Who is in several of them gets that of the first.",
    )
    before = {one.segment: one.model for one in now}
    routes = []
    for segment in chosen:
        model = before.get(segment, models[0])
        place = models.index(model) if model in models else 0
        asked = st.selectbox(
            f"{md(titles[segment])} get what is chosen by", models, place, key=f"{key}-route-{segment}"
        )
        routes.append(Route(segment=segment, model=asked))
    return tuple(routes)


def _fixed(data: Dataset, what: What, key: str) -> FixedItems:
    offered = bestsellers(data)
    before = what.items if isinstance(what, FixedItems) else tuple(offered)[:4]
    named = {one: titled(data, one) for one in before}
    names = offered | named
    chosen = st.multiselect(
        "Items, first to last",
        list(names),
        list(before),
        format_func=lambda one: names.get(one, one),
        key=f"{key}-fixed",
        accept_new_options=True,
        max_selections=MOST,
        help=f"The {OFFERED} most wanted items are offered; any other by its id.",
    )
    if not chosen:
        st.info("Choose an item at least; until then the last choice holds.", icon=":material/info:")
    return FixedItems(items=tuple(chosen) or before)


def bestsellers(data: Dataset, number: int = OFFERED) -> dict[str, str]:
    """The items that most rows are of, most wanted first: id -> title."""
    log = data.interactions
    order = (-log.item_counts).argsort(kind="stable")[:number].tolist()
    return {str(log.item_ids[code]): data.title(code) for code in order}


def titled(data: Dataset, item: str) -> str:
    """What an item is called; its id where it is not known."""
    ids = data.interactions.item_ids
    return data.title(int(ids.get_indexer(ids[ids == item])[0])) if item in ids else item
