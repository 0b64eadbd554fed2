"""The experiment that a person puts together: in plain words, or with every setting."""

from typing import Any

import streamlit as st

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.core.evaluation import metrics
from reco_lab.core.experiment import Experiment, MetricSpec
from reco_lab.core.interactions import Kind
from reco_lab.core.splitting import Splitter, splitters
from reco_lab.services.experiments import Offer
from reco_lab.ui import forms
from reco_lab.ui.words import md

GOALS = {
    "ndcg": ("Put the right things on top", "Judged by where the things they took next stand in the list."),
    "recall": ("Miss as little as possible", "Judged by how much of what they took next is in the list."),
    "hit_rate": ("Give everybody one good thing", "Judged by how many customers find at least one thing."),
}


def plain(starter: Experiment) -> Experiment:
    """Ask for the goal alone; the rest is what a statistician would choose."""
    goal = st.radio(
        "What should the recommendations do?",
        list(GOALS),
        format_func=lambda name: GOALS[name][0],
        captions=[words for _, words in GOALS.values()],
        key="goal",
        bind="query-params",
    )
    others = tuple(name for name in starter.metrics.names if name != goal)
    chosen = starter.metrics.model_copy(update={"names": (goal, *others)})
    return starter.model_copy(update={"metrics": chosen})


def expert(starter: Experiment, offers: list[Offer], data: Dataset) -> Experiment:
    """Ask for everything: recommenders with their parameters, split, metrics, kinds, seed."""
    name = st.text_input("Name", starter.name, max_chars=120, key="plan-name", persist_state="session")
    recommenders = _recommenders(starter, offers)
    split = _split(starter, data)
    return _checked(
        {
            "name": name or starter.name,
            "data": starter.data,
            "recommenders": recommenders,
            "split": split,
            **_metrics(starter),
            **_rows(starter, data),
        }
    )


def _checked(values: dict[str, Any]) -> Experiment:
    if not values["recommenders"]:
        raise InputError("No recommender is chosen.", fix="Choose at least one above; two make a comparison.")
    if not values["metrics"].names:
        raise InputError("No metric is chosen.", fix="Choose at least one; the first one is the headline.")
    return Experiment(**values)


def _recommenders(starter: Experiment, offers: list[Offer]) -> list[dict[str, Any]]:
    st.header("Recommenders", anchor=False)
    ready = {offer.algorithm: offer for offer in offers if not offer.missing}
    start = [spec.algorithm() for spec in starter.recommenders if spec.algorithm() in ready]
    chosen = st.pills(
        "Train these",
        list(ready),
        selection_mode="multi",
        default=list(dict.fromkeys(start)),
        format_func=lambda ident: ready[ident].info.label,
        key="plan-recommenders",
        persist_state="session",
    )
    with st.grid("auto", min_column_width=250):
        specs = [_recommender(ready[ident]) for ident in chosen]
    if lacking := [offer for offer in offers if offer.missing]:
        with st.expander(f"{len(lacking)} more need something that this data set lacks"):
            for offer in lacking:
                st.markdown(f"- **{md(offer.info.label)}** needs {md(', and '.join(offer.missing))}.")
    return specs


def _recommender(offer: Offer) -> dict[str, Any]:
    with st.expander(offer.info.label):
        st.caption(f"{md(offer.info.summary)} {md(offer.info.paper)}")
        with st.grid("auto", min_column_width=170):
            values = forms.fields(offer.parameters, key=f"plan-{offer.algorithm}")
    return {"algorithm": offer.algorithm} | values


def _split(starter: Experiment, data: Dataset) -> dict[str, Any]:
    st.header("Split", anchor=False)
    timed = data.interactions.times is not None
    offered: dict[str, type[Splitter]] = {
        name: kind
        for name, kind in splitters().items()
        if name != "given" and (timed or not kind.needs_times)
    }
    first = starter.split.kind() if starter.split is not None else next(iter(offered))
    kind = st.radio(
        "What the models learn from, and what judges them",
        list(offered),
        list(offered).index(first),
        format_func=lambda name: offered[name].label,
        captions=[kind.summary for kind in offered.values()],
        key="plan-split",
        persist_state="session",
    )
    with st.grid("auto", min_column_width=170):
        values = forms.fields(offered[kind].parameters(), key=f"plan-split-{kind}")
    return {"kind": kind} | values | _own_cut(starter, kind, values)


def _own_cut(starter: Experiment, kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """What the data set itself says about the cut (a simulated shop's test period), unless it is turned off."""
    if starter.split is None or starter.split.kind() != kind:
        return {}
    own = {
        name: value
        for name, value in starter.split.to_dict().items()
        if name not in {"kind", *values} and value is not None
    }
    words = ", ".join(f"{name} {value}" for name, value in own.items())
    wanted = own and st.toggle(
        f"Use the data set's own test period ({words})", True, key="plan-own-cut", persist_state="session"
    )
    return own if wanted else {}


def _metrics(starter: Experiment) -> dict[str, Any]:
    st.header("Metrics", anchor=False)
    known = metrics()
    names = st.multiselect(
        "Metrics, the headline first",
        list(known),
        list(starter.metrics.names),
        format_func=lambda name: known[name].label,
        help="The verdict and its intervals are about the first one.",
        key="plan-metrics",
        persist_state="session",
    )
    lengths = st.multiselect(
        "Length of the list (k), the smallest is the headline's",
        [1, 3, 5, 10, 20, 50, 100],
        list(starter.metrics.k),
        key="plan-k",
        persist_state="session",
    )
    return {"metrics": MetricSpec(names=tuple(names), k=tuple(lengths) or starter.metrics.k)}


def _rows(starter: Experiment, data: Dataset) -> dict[str, Any]:
    with st.expander("Which rows count, and the seed"):
        kinds = _kinds(data)
        learn: tuple[str, ...] = ()
        predict: tuple[str, ...] = ()
        if len(kinds) > 1:
            learn = tuple(
                st.multiselect(
                    "Learn from", kinds, list(starter.learn_from), key="plan-learn", placeholder="All kinds"
                )
            )
            predict = tuple(
                st.multiselect(
                    "A hit is a", kinds, list(starter.predict), key="plan-predict", placeholder="Purchases"
                )
            )
        repeats = st.toggle(
            "Buying the same thing again counts as a hit",
            starter.repeats,
            key="plan-repeats",
            persist_state="session",
        )
        seed = st.number_input("Seed", 0, 2**31 - 1, starter.seed, key="plan-seed", persist_state="session")
    return {"learn_from": learn, "predict": predict, "repeats": repeats, "seed": int(seed)}


def _kinds(data: Dataset) -> list[str]:
    kinds = data.interactions.kinds
    return [] if kinds is None else [kind.name for kind in Kind if (kinds == kind.value).any()]
