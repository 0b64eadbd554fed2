"""The third step of a campaign: its rules as cards, each with its price tag beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from reco_lab.campaigns.price import Tag, Tags
from reco_lab.campaigns.spec import MOST_RULES, Campaign, Rule
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.ui import campaign_rule_form, show, state
from reco_lab.ui.words import count, md, signed

NOTHING = 5e-4
GOAL = {
    "ndcg": "Hits: how well the lists foretell what customers really went for in the test part, with the best "
    "places counting most (nDCG).",
    "coverage": "The share of all items that is shown to somebody.",
    "revenue": "What the shown items may bring for a thousand customers.",
    "changed": "The share of customers whose list is another one because of this rule.",
}


@dataclass(frozen=True)
class Priced:
    """What the rules of a campaign cost, or why nobody can say."""

    tags: Tags | None
    why_not: str = ""

    def of(self, place: int) -> Tag | None:
        """The tag of a rule by its place."""
        tags = () if self.tags is None else self.tags.tags
        return next((tag for tag in tags if tag.rule == place), None)


def ask(
    campaign: Campaign, data: Dataset, key: str, priced: Callable[[], Priced], *, expert: bool
) -> dict[str, Any]:
    """Show the rules with their tags, change one, take one away, add one; the changed parts of the campaign."""
    if not campaign.rules:
        st.markdown("**No rule yet**: everybody gets what the recommender ranks first.")
    tags = Priced(None) if not campaign.rules else _asked(priced)
    for place, rule in enumerate(campaign.rules):
        _card(rule, place, tags.of(place), data, key, expert=expert)
    if tags.why_not:
        st.info(md(tags.why_not), icon=":material/info:")
    if tags.tags is not None:
        _altogether(tags.tags, expert=expert)
    _add(data, key, full=len(campaign.rules) >= MOST_RULES)
    return {"costs": _assumed(campaign, tags.tags, key)} if tags.tags is not None else {}


def _asked(priced: Callable[[], Priced]) -> Priced:
    with st.spinner("Making the lists with and without each rule…", show_time=True):
        return priced()


def _card(rule: Rule, place: int, tag: Tag | None, data: Dataset, key: str, *, expert: bool) -> None:
    with st.container(border=True, gap="xsmall"):
        head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        head.markdown(f"**{md(rule.sentence)}**", width="stretch")
        name = _box(key, place)
        box = head.popover("Change", type="tertiary", icon=":material/edit:", key=name, on_change="rerun")
        if box.open:
            with box:
                _form(data, key, "Keep the change", rule, place)
        head.button(
            "Take away",
            key=f"{key}-drop-{place}",
            icon=":material/close:",
            type="tertiary",
            on_click=_drop,
            args=(place,),
        )
        if tag is not None:
            _tag(tag, expert=expert)


def _tag(tag: Tag, *, expert: bool) -> None:
    """The price tag of a rule: four figures, and for whom."""
    with st.container(horizontal=True, gap="medium"):
        st.metric("Hits", _change(tag.ndcg), help=GOAL["ndcg"], width="content")
        st.metric(
            "Catalogue shown",
            f"{signed(100 * tag.coverage, 1)} points",
            help=GOAL["coverage"],
            width="content",
        )
        if tag.revenue is not None:
            money = "Revenue per 1,000"
            st.metric(money, f"{tag.revenue:+,.0f}".replace("-", "−"), help=GOAL["revenue"], width="content")
        st.metric("Lists changed", f"{tag.changed:.0%}", help=GOAL["changed"], width="content")
    st.caption(md(whom(tag)))
    if expert:
        st.caption(
            f"nDCG {signed(tag.ndcg, 4)} ({signed(tag.ndcg_low, 4)} to {signed(tag.ndcg_high, 4)}; the ranges "
            "of all rules hold together, 95%)"
        )


def whom(tag: Tag) -> str:
    """With whom a rule changes most, and whether its price is told from nothing."""
    told = (
        "No difference in hits can be told from chance."
        if tag.ndcg_low <= 0 <= tag.ndcg_high
        else f"Lists hit {'less' if tag.ndcg < 0 else 'more'} often with it, beyond chance."
    )
    if not tag.changed:
        return "It changes nobody's list beside the other rules."
    if not tag.by_segment:
        return told
    most = max(tag.by_segment, key=lambda one: tag.by_segment[one])
    return f"{told} It changes most with {most}: {tag.by_segment[most]:.0%} of their lists."


def _change(value: float) -> str:
    return "±0" if abs(value) < NOTHING else signed(value)


def _altogether(tags: Tags, *, expert: bool) -> None:
    whole = tags.altogether
    if whole is None:
        return
    lead = f"All rules together change {whole.changed:.0%} of the lists"
    kept = (
        "and no difference in hits can be told from chance"
        if whole.ndcg_low <= 0 <= whole.ndcg_high or not tags.plain.ndcg
        else f"and hits go {'down' if whole.ndcg < 0 else 'up'} by {abs(whole.ndcg / tags.plain.ndcg):.0%}"
    )
    st.markdown(f"**{lead} {kept}.**")
    least = tags.ruled.share_of_best
    scarce = ""
    if least is not None and least < 1:
        scarce = f" What is scarce is shared out at {least:.1%} of the best possible, or better."
    st.caption(
        f"Measured on {count(tags.customers, 'customer')} of the test part: their lists with all rules, and with "
        f"all but this one.{scarce}"
    )
    if expert:
        with st.expander("All figures", icon=":material/table_rows:"):
            show.numbers(figures(tags), alt="What each rule does", key="price-tags")


def figures(tags: Tags) -> pd.DataFrame:
    """Every tag as a row, and one for all rules together."""
    rows = [*tags.tags, *([tags.altogether] if tags.altogether else [])]
    return pd.DataFrame(
        [
            {
                "Rule": tag.sentence,
                "nDCG": tag.ndcg,
                "low": tag.ndcg_low,
                "high": tag.ndcg_high,
                "Coverage": tag.coverage,
                "Revenue per 1,000": tag.revenue,
                "Lists changed": tag.changed,
            }
            | {f"changed: {name}": share for name, share in tag.by_segment.items()}
            for tag in rows
        ]
    )


def _assumed(campaign: Campaign, tags: Tags, key: str) -> Any:
    """What revenue rests on, and the numbers that a person may put in its place."""
    costs = campaign.costs
    if tags.assumed:
        st.badge("Revenue is an assumption", icon=":material/help:", color="orange")
    st.caption(f"Revenue: {md(tags.money)}")
    with st.expander("Assume other numbers", icon=":material/edit:"):
        left, right = st.columns(2)
        rate = left.number_input(
            "Of 100 shown items, bought",
            0.0,
            100.0,
            None if costs.rate is None else 100 * costs.rate,
            placeholder="estimated from the data",
            key=f"{key}-rate",
        )
        value = right.number_input(
            "What a sale is worth",
            0.01,
            1e9,
            costs.value,
            format="%.2f",
            placeholder="the item's price",
            key=f"{key}-value",
        )
    return costs.model_copy(update={"rate": None if rate is None else rate / 100, "value": value})


def _add(data: Dataset, key: str, *, full: bool) -> None:
    with st.popover("Add a rule", icon=":material/add:", disabled=full):
        _form(data, key, "Add it")


def _form(data: Dataset, key: str, done: str, now: Rule | None = None, place: int | None = None) -> None:
    """Ask for a rule, and keep it: at the end, or in the place of another (`now`)."""
    rule, begun = None, f"{key}-rule" if now is None else f"{key}-rule-{place}-{now.model_dump_json()}"
    try:
        rule = campaign_rule_form.ask(data, begun, now)
    except InputError as error:
        show.mistake(error)
    st.button(
        done,
        type="secondary",
        icon=":material/check:",
        disabled=rule is None or rule == now,
        key=f"{begun}-keep",
        on_click=_keep,
        args=(rule, place, key),
    )


def _box(key: str, place: int) -> str:
    """The name of the box in which a rule is changed."""
    return f"{key}-change-{place}"


def _keep(rule: Rule, place: int | None, key: str) -> None:
    now = state.draft()
    if now is None:
        return
    rules = now.campaign.rules
    at = len(rules) if place is None else place
    if place is not None:
        state.choose(_box(key, place), value=False)
    _change_rules(now, (*rules[:at], rule, *rules[at + 1 :]))


def _drop(place: int) -> None:
    now = state.draft()
    if now is not None:
        rules = now.campaign.rules
        _change_rules(now, (*rules[:place], *rules[place + 1 :]))


def _change_rules(now: state.Draft, rules: tuple[Rule, ...]) -> None:
    state.keep_draft(state.Draft(now.campaign.model_copy(update={"rules": rules}), now.id))
