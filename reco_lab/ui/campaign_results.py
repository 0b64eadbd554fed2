"""The last step of a campaign: purchases after the send come back, and what it did is said, or that nobody can know."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import numpy as np
import pandas as pd
import streamlit as st

from reco_lab.campaigns.results import LABELS, Judgement, Line
from reco_lab.charts.leaderboard import leaderboard
from reco_lab.core.dataset import Dataset
from reco_lab.core.words import share
from reco_lab.experiments.verdict import listed
from reco_lab.services import campaign_results
from reco_lab.services.campaign_lists import SENT, Prepared
from reco_lab.services.campaign_results import PurchaseColumns
from reco_lab.ui import cache, intake, page, show, state
from reco_lab.ui.words import count, day, md

FILE = "campaign-purchases"
WAYS = {"data": "In the data here", "file": "In a file"}
NO_AMOUNT = "It has none"
PAID = frozenset({
    "amount", "paid", "revenue", "spend", "spent", "total", "turnover", "betrag", "umsatz", "bezahlt",
    "montant", "importe", "importo", "bedrag",
})  # fmt: skip


def view(lab: page.Lab, made: Prepared, found: Judgement | None, key: str) -> None:
    """Show what came of a campaign, and ask for the purchases that tell it."""
    if found is not None:
        _shown(found, key)
    if not made.facts["held"]:
        _unheld(lab, made, key)
        return
    with st.expander("Bring newer purchases", icon=":material/update:") if found else st.container():
        _ask(lab, made, key)


def headline(found: Judgement) -> tuple[str, str]:
    """What came of it in a sentence, and what that stands on."""
    main = found.main
    groups = (
        f"{main.treated:,} who got it against {count(main.control, 'customer')} held back by chance. "
        if main
        else ""
    )
    span = f"Counted: {count(found.days, 'day')} from {day(found.sent)}."
    return found.sentence, f"{groups}{span}"


def _shown(found: Judgement, key: str) -> None:
    show.warnings(found.notes)
    _chart(found, key)
    for one in found.lines:
        st.markdown(f"- {md(one.sentence)}")
    _money(found)


def _chart(found: Judgement, key: str) -> None:
    whole = [] if found.main is None else [("Everyone", found.main)]
    told = [
        (name, one)
        for name, one in (*whole, *((one.title, one) for one in found.segments))
        if one.relative is not None and one.relative_low is not None
    ]
    if not told:
        return
    rows = [one for _, one in told]
    named = pd.DataFrame(
        {
            "name": [name for name, _ in told],
            "value": [one.relative for one in rows],
            "low": [one.relative_low for one in rows],
            "high": [one.relative_high for one in rows],
            "role": ["champion" if one is found.main else "challenger" for one in rows],
        }
    ).astype({"value": float, "low": float, "high": float})
    show.chart(
        leaderboard(
            named,
            axis=f"lift in {LABELS[rows[0].outcome].lower()}",
            palette=show.palette(),
            percent=True,
            zero=True,
        ),
        finding=finding([one for one in rows if one is not found.main], found.main),
        table=table(found),
        key=f"lift-{key}",
        explained="Each dot is how much more those who got the campaign did than those held back; the bar is the "
        "95% interval: the true lift lies in it 95 times of 100. The bars of segments are wider, so that all of them "
        "together hold as often. A bar that crosses 0 leaves open whether there is a lift at all.",
    )


def finding(segments: Sequence[Line], main: Line | None = None) -> str:
    """In which segments customers did more or less than those held back, as far as the ranges that are drawn say so.

    Where no segment is drawn, what the range of everyone (`main`) says.
    """
    if not segments:
        return _alone(main)
    more, less = (
        [one.title for one in segments if one.low is not None and one.low > 0],
        [one.title for one in segments if one.high is not None and one.high < 0],
    )
    if not more and not less:
        return "No segment's lift can be told from chance"
    told = [
        f"{word} than those held back, beyond chance: {listed(some)}"
        for word, some in (("more", more), ("less", less))
        if some
    ]
    said = "; ".join(told)
    return said[0].upper() + said[1:]


def _alone(main: Line | None) -> str:
    if main is not None and main.low is not None and main.low > 0:
        return "More than those held back, beyond chance"
    if main is not None and main.high is not None and main.high < 0:
        return "Less than those held back, beyond chance"
    return "A lift cannot be told from chance yet"


def table(found: Judgement) -> pd.DataFrame:
    """Every lift as a row."""
    return pd.DataFrame(
        [
            {
                "Customers": one.title,
                "Outcome": LABELS[one.outcome],
                "Got it": one.treated,
                "Held back": one.control,
                "Mean, got it": one.treated_mean,
                "Mean, held back": one.control_mean,
                "Difference": one.absolute,
                "from": one.low,
                "to": one.high,
                "Lift": one.relative,
                "Lift from": one.relative_low,
                "Lift to": one.relative_high,
                "p": one.p,
                "p (corrected)": one.holm,
            }
            for one in (*found.lines, *found.segments)
        ]
    )


def _money(found: Judgement) -> None:
    """What it cost, and what it brought above what would have been spent anyway."""
    if found.gained is None:
        return
    cost = found.cost
    with st.container(horizontal=True, gap="medium"):
        if cost:
            st.metric("Cost", f"{cost:,.2f}", width="content")
        st.metric(
            "Brought above what would have been spent anyway",
            _amount(found.gained),
            help="The difference in spending for each customer, times those who got it.",
            width="content",
        )
        if cost:
            st.metric(
                "Revenue left after sending",
                _amount(found.gained - cost),
                help="What the goods themselves cost is not taken off: nobody told.",
                width="content",
            )
    if found.gained_low is not None and found.gained_high is not None:
        low, high = found.gained_low - cost, found.gained_high - cost
        open_ = "whether it paid for the sending" if cost else "whether it brought or lost any"
        sure = "" if low > 0 or high < 0 else f", so nobody can say yet {open_}"
        st.caption(
            f"{'Revenue after the cost of sending' if cost else 'Extra revenue'}, between {_amount(low)} and {_amount(high)} with 95% certainty{sure}. "
            "What the goods cost is not taken off."
        )


def _amount(value: float) -> str:
    return f"{'−' if value < 0 else ''}{abs(value):,.2f}"


def _ask(lab: page.Lab, made: Prepared, key: str) -> None:
    """Ask when it was sent and where the purchases are."""
    days = made.campaign.goal.days
    st.markdown(
        f"When the campaign is sent, wait {count(days, 'day')}, then bring the purchases of everybody: of those who got "
        "it and of those held back."
    )
    start = campaign_results.sent_by_default(made).astype(datetime)
    with st.grid(2, min_column_width=180):
        sent = st.date_input("Sent on", start.date(), key=f"{key}-sent", help="Days are in UTC.")
        each = st.number_input(
            "Sending to one customer cost",
            0.0,
            1e6,
            made.campaign.costs.per_message,
            format="%.2f",
            key=f"{key}-each",
        )
    if (made_on := date.fromisoformat(str(made.facts["prepared"])[:10])) != start.date():
        st.caption(
            f"The lists were made on {made_on.day} {made_on:%b %Y}, from data that end on {start.day} {start:%b %Y}. Say the day on which it "
            "was really sent: what was bought before that day is no answer to it."
        )
    way = st.segmented_control(
        "Where are the purchases?",
        list(WAYS),
        default="data",
        format_func=WAYS.__getitem__,
        required=True,
        key=f"{key}-where",
    )
    moment = _moment(sent, start)
    if way == "file":
        _from_file(lab, made, moment, each, key)
        return
    st.caption("Bring them as a newer version of this data set on the Data page; then they are here.")
    if st.button("See what it did", type="secondary", icon=":material/insights:", key=f"{key}-judge"):
        campaign_results.judge_from_data(lab.workspace, made.id, moment, each)
        st.rerun()


def _from_file(lab: page.Lab, made: Prepared, moment: datetime, each: float, key: str) -> None:
    kept = intake.received(lab.workspace, "Purchases, a row each", FILE)
    if kept is None:
        return
    looked = cache.preview(lab.workspace, kept.path, header=True)
    names = [str(name) for name in looked.sample.columns]
    st.caption(f"{md(kept.title)}: say which column is which.")
    with st.grid(3, min_column_width=150):
        guess = looked.guess
        customer = st.selectbox("Customer", names, _place(names, guess.user.column), key=f"{key}-customer")
        when = st.selectbox("When", names, _place(names, guess.time.column), key=f"{key}-time")
        amount = st.selectbox("Amount paid", [NO_AMOUNT, *names], 1 + _paid(names), key=f"{key}-amount")
    if amount == NO_AMOUNT and made.campaign.goal.outcome == "revenue":
        st.warning(
            "The goal is that customers spend more: without what was paid nobody can say whether they do.",
            icon=":material/payments:",
        )
    columns = PurchaseColumns(str(customer), str(when), None if amount == NO_AMOUNT else str(amount))
    if st.button("See what it did", type="secondary", icon=":material/insights:", key=f"{key}-judge"):
        campaign_results.judge_from_file(lab.workspace, made.id, kept.path, columns, moment, each)
        intake.forget_upload(FILE)
        st.rerun()


def _paid(names: Sequence[str]) -> int:
    """The place of the first column that by its name says what was paid; -1 where none does."""
    said = [not PAID.isdisjoint(re.findall(r"[^\W\d_]+", name.lower())) for name in names]
    return said.index(True) if any(said) else -1


def _place(names: Sequence[str], wanted: str | None) -> int:
    return names.index(wanted) if wanted in names else 0


def _moment(chosen: object, start: datetime) -> datetime:
    """The begin of the chosen day, or the moment after the log where the day was not changed."""
    if not isinstance(chosen, date) or chosen == start.date():
        return start.replace(tzinfo=UTC)
    return datetime.combine(chosen, time.min, UTC)


def _unheld(lab: page.Lab, made: Prepared, key: str) -> None:
    """Nobody was held back: only an observation is possible, and it is said."""
    st.warning(
        "Nobody was held back, so what this campaign did cannot be known. Those who got it can only be compared with "
        "customers who were alike before: that is an observation, no proof.",
        icon=":material/visibility:",
    )
    if st.button("Compare with alike customers", icon=":material/balance:", key=f"{key}-observe"):
        state.choose(f"{key}-observed", value=True)
    if state.chosen(f"{key}-observed"):
        data, goal = lab.dataset(), made.campaign.goal
        start = campaign_results.sent_by_default(made)
        found = campaign_results.observe(data, _got_it(data, made), start, goal.days, goal.outcome)
        st.markdown(f"**{md(found.sentence)}**")


def _got_it(data: Dataset, made: Prepared) -> np.ndarray:
    sent = made.customers.loc[made.customers["group"] == SENT, "customer_id"]
    return np.asarray(data.interactions.user_ids.isin(sent), np.bool_)


def caption(found: Judgement | None) -> str:
    """Where it stands, in a few words."""
    if found is None:
        return "not known yet"
    main = found.main
    if main is None or main.relative is None:
        return {
            "worked": "it worked",
            "harmed": "it did harm",
            "no": "no effect",
            "unknown": "not known yet",
        }[found.verdict]
    sign = "−" if main.relative < 0 else "+"
    return f"{sign}{share(abs(main.relative), 1)}, {'not sure yet' if found.verdict == 'unknown' else 'sure'}"
