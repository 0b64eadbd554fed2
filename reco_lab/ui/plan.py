"""The experiment that a person puts together: in plain words, or with every setting."""

from collections.abc import Collection
from typing import Any

import streamlit as st

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.core.evaluation import metrics
from reco_lab.core.experiment import Experiment, MetricSpec, Tuning
from reco_lab.core.interactions import Kind
from reco_lab.core.splitting import Splitter, splitters
from reco_lab.services.experiments import Offer
from reco_lab.ui import forms, state
from reco_lab.ui.words import count, day, md

MOST = 5
CHOSEN = "plan-recommenders"

GOALS = {
    "ndcg": ("Put the best suggestion first", "Counts how high up a customer's later {things} stand."),
    "recall": ("Miss nothing", "Counts how many later {things} are among the ten."),
    "hit_rate": (
        "Something for everybody",
        "Counts customers with at least one later {thing} among the ten.",
    ),
}


TRIALS = 15
THOROUGH = {
    "quick": ("A quick look", "Every recommender runs with the settings it comes with."),
    "tuned": (
        "Tuned fairly",
        (
            f"Every recommender may try {TRIALS} settings and keeps its best one; the parts of a hybrid keep "
            f"theirs. Takes about {TRIALS} times as long."
        ),
    ),
}


def plain(starter: Experiment, data: Dataset) -> Experiment:
    """Ask for the goal alone; the rest is what a statistician would choose."""
    thing = "purchase" if Kind.purchase.name in _kinds(data) else "choice"
    goal = st.radio(
        "What should the recommendations do?",
        list(GOALS),
        format_func=lambda name: GOALS[name][0],
        captions=[words.format(things=f"{thing}s", thing=thing) for _, words in GOALS.values()],
        key="goal",
        bind="query-params",
    )
    others = tuple(name for name in starter.metrics.names if name != goal)
    chosen = starter.metrics.model_copy(update={"names": (goal, *others)})
    return titled(starter.model_copy(update={"metrics": chosen, "tuning": _thoroughness()}), starter)


def _thoroughness() -> Tuning | None:
    """A quick look with the settings as they come, or the same number of trials for each."""
    chosen = st.radio(
        "How thorough?",
        list(THOROUGH),
        format_func=lambda name: THOROUGH[name][0],
        captions=[words for _, words in THOROUGH.values()],
        key="thorough",
        bind="query-params",
    )
    return Tuning(trials=TRIALS) if chosen == "tuned" else None


def expert(starter: Experiment, offers: list[Offer], data: Dataset) -> Experiment:
    """Ask for everything: recommenders with their parameters, split, metrics, kinds, seed."""
    recommenders = _recommenders(starter, offers)
    asked = {
        "data": starter.data,
        "recommenders": recommenders,
        "split": _split(starter, data),
        **_tuning(),
        **_metrics(starter),
        **_rows(starter, data),
    }
    name = st.text_input("Name", starter.name, max_chars=120, key="plan-name", persist_state="session")
    return titled(_checked(asked | {"name": name or starter.name}), starter)


def titled(asked: Experiment, starter: Experiment) -> Experiment:
    """The experiment; one that nobody gave a name of its own says whether it is a quick look or tuned."""
    if asked.name != starter.name:
        return asked
    how = "quick look" if asked.tuning is None else f"tuned by {count(asked.tuning.trials, 'trial')} each"
    return asked.model_copy(update={"name": f"{starter.name}, {how}"})


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
    _follow_link(ready, start)
    chosen = st.pills(
        "Train these",
        list(ready),
        selection_mode="multi",
        default=list(dict.fromkeys(start)),
        format_func=lambda ident: ready[ident].info.label,
        key=CHOSEN,
        persist_state="session",
    )
    with st.grid("auto", min_column_width=250):
        specs = [spec for ident in chosen for spec in _settings(ready[ident])]
    if lacking := [offer for offer in offers if offer.missing]:
        with st.expander(f"{len(lacking)} more need something that is not here"):
            for offer in lacking:
                st.markdown(f"- **{md(offer.info.label)}** needs {md(', and '.join(offer.missing))}.")
    return specs


def _follow_link(ready: Collection[str], start: list[str]) -> None:
    """Add the recommender that the address asks to try, once, to those chosen."""
    asked = st.query_params.pop(state.TRIED, None)
    if asked in ready:
        before = state.chosen(CHOSEN)
        others = before if isinstance(before, list) else start
        state.choose(CHOSEN, list(dict.fromkeys([*others, asked])))


def _settings(offer: Offer) -> list[dict[str, Any]]:
    """One algorithm with as many settings as are wanted, each a recommender of its own."""
    counter, found = f"plan-copies-{offer.algorithm}", []
    copies = int(str(state.chosen(counter) or 1))
    title = offer.info.label if copies == 1 else f"{offer.info.label} ({copies} settings)"
    with st.expander(title):
        st.caption(f"{md(offer.info.summary)} {md(offer.info.paper)}")
        for number in range(1, copies + 1):
            if copies > 1:
                st.markdown(f"**Setting {number}**")
            key = f"plan-{offer.algorithm}" if number == 1 else f"plan-{offer.algorithm}-{number}"
            with st.grid("auto", min_column_width=170):
                values = forms.fields(offer.parameters, key=key)
            found.append({"algorithm": offer.algorithm} | values)
        if offer.parameters:
            _more(counter, copies)
    return found


def _more(counter: str, copies: int) -> None:
    with st.container(horizontal=True):
        for label, icon, number in (
            ("Add another", "add", copies + 1),
            ("Take the last away", "remove", copies - 1),
        ):
            if 1 <= number <= MOST:
                st.button(
                    label,
                    icon=f":material/{icon}:",
                    type="tertiary",
                    key=f"{counter}-{icon}",
                    on_click=state.choose,
                    args=(counter, number),
                )


def _split(starter: Experiment, data: Dataset) -> dict[str, Any]:
    st.header("Split", anchor=False)
    timed = data.interactions.times is not None
    offered: dict[str, type[Splitter]] = {
        name: kind
        for name, kind in splitters().items()
        if name != "given" and (timed or not kind.needs_times)
    }
    first = starter.split.kind() if starter.split is not None else next(iter(offered))
    offered = {first: offered[first]} | offered
    kind = st.radio(
        "What the models learn from, and what judges them",
        list(offered),
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
    since = f"Test from {day(own['cutoff'])}" if set(own) == {"cutoff"} else f"Use {words}"
    wanted = own and st.toggle(
        f"{since}, as the data set intends", True, key="plan-own-cut", persist_state="session"
    )
    return own if wanted else {}


def _tuning() -> dict[str, Any]:
    st.header("Tuning", anchor=False)
    wanted = st.toggle(
        "Let every recommender find its settings first, on the validation part",
        key="plan-tuning",
        persist_state="session",
        help="What you set above is then the first trial. The test part is not looked at.",
    )
    if not wanted:
        st.caption("Without it every row of the leaderboard says that it is untuned.")
        return {"tuning": None}
    with st.grid("auto", min_column_width=170):
        trials = st.number_input("Trials for each", 1, 1000, 25, key="plan-trials", persist_state="session")
        minutes = st.number_input(
            "At most minutes for each (0: no limit)",
            0.0,
            10_000.0,
            0.0,
            key="plan-minutes",
            persist_state="session",
        )
    return {"tuning": Tuning(trials=int(trials), seconds=60 * minutes or None)}


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
