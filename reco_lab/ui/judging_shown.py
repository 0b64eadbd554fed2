"""An off-policy judgement on the screen: the answer, the estimates as a chart, what they rest on."""

from dataclasses import replace
from math import isfinite, nan

import pandas as pd
import streamlit as st

from reco_lab.charts.leaderboard import leaderboard
from reco_lab.core.words import share
from reco_lab.experiments.estimators import ESTIMATORS
from reco_lab.experiments.off_policy import Estimate, Interval, Judgement
from reco_lab.experiments.off_policy_words import Meaning, detail, number, scale, sentence
from reco_lab.experiments.support import FEWEST, FEWEST_EARNED, FEWEST_REWARDS, UNEVEN, Support
from reco_lab.ui import show
from reco_lab.ui.words import count, md

ONE_LOOK = (
    "The range holds for one look at one policy. Who tries many policies finds one that had luck: the best of them belongs "
    "into an A/B test."
)
UNSURE = ("replay",)
MODEL = ("direct",)


def answer(found: Judgement, who: str, meaning: Meaning, more: str = "") -> None:
    """The sentence, and what it rests on in one line, with what else is to be known at once."""
    show.answer(sentence(found, who, meaning), f"{detail(found, meaning)} {more}".strip())
    show.warnings(() if found.refusal else found.support.notes)


def chart(found: Judgement, meaning: Meaning) -> None:
    """Every estimator beside what was logged, the recommended one first; nothing where nothing can be judged."""
    if found.refusal:
        return
    per = scale(found)
    first, *others = [one for one in found.estimates if one.name not in UNSURE]
    rows = [
        (first.label, first.value, "champion"),
        ("What was earned", found.logged, "reference"),
        *((one.label, _own_doubt(one), "challenger") for one in others),
    ]
    drawn = pd.DataFrame([_row(*one, per) for one in rows])
    show.chart(
        leaderboard(drawn, axis=f"{meaning.reward} per {per:,} {meaning.row}", palette=show.palette()),
        finding=_finding(found),
        table=table(found, meaning),
        key="judged",
        explained="A dot is an estimate, its line the range that holds the truth in 95 of 100 cases (a model alone has "
        "none: nobody knows how wrong it is). The ways to estimate are explained under “What this rests on”.",
    )


def table(found: Judgement, meaning: Meaning) -> pd.DataFrame:
    """The same numbers."""
    per = scale(found)
    unit = f"{meaning.reward} per {per:,} {meaning.row}"
    return pd.DataFrame(
        [
            {
                "Estimated by": one.label,
                unit: one.value.value * per,
                "from": _own_doubt(one).low * per,
                "to": _own_doubt(one).high * per,
                "More than was earned": one.difference.value * per,
                "more from": nan if one.name in MODEL else one.difference.low * per,
                "more to": nan if one.name in MODEL else one.difference.high * per,
            }
            for one in found.estimates
        ]
    )


def support(found: Judgement, told: tuple[str, ...]) -> None:
    """What the judgement rests on, in an expander."""
    with st.expander("What this rests on", icon=":material/foundation:"):
        st.markdown("\n".join(f"- {md(one)}" for one in (*told, ONE_LOOK)))
        show.numbers(rests(found), alt="What the judgement rests on", key="support")
        known = [ESTIMATORS[one.name] for one in found.estimates]
        st.markdown("\n".join(f"- **{md(one.label)}**: {md(one.summary)}" for one in known))


def rests(found: Judgement) -> pd.DataFrame:
    """Each diagnostic: what it is, what it should be, and what it means."""
    one = found.support
    choices = f"{one.choices:.3g}" if isfinite(one.choices) else "–"
    rows = [
        (
            "Customers",
            count(one.customers, "customer"),
            "–",
            "Rows of one customer hang together, so customers count.",
        ),
        (
            "Effective sample",
            f"{number(one.effective)} customers",
            f"at least {FEWEST:,.0f}",
            "How many customers served by the judged policy itself would tell as much.",
        ),
        *_rewards(one),
        (
            "Mean weight",
            _with_error(one.weight, one.weight_error),
            "1",
            "Less: some of what the policy would do was never tried. More: the chances in the log are wrong.",
        ),
        (
            "Mean of 1 / chance",
            _with_error(one.inverse, one.inverse_error),
            choices,
            "As many as there are to choose from; else the chances in the log are not those with which was decided.",
        ),
        (
            "Largest weight",
            number(one.largest),
            "small",
            f"How often the heaviest row counts. Clipped estimates count none more than {one.clip:,.0f} times.",
        ),
        (
            "Largest share",
            share(one.largest_share, 1),
            "small",
            "The part of all weight that one customer has.",
        ),
        ("Largest part", share(one.carried, 1), "small", "The part of the estimate that one customer makes."),
    ]
    return pd.DataFrame(rows, columns=["What", "Is", "Should be", "Meaning"])


def _rewards(one: Support) -> list[tuple[str, str, str, str]]:
    return [
        (
            "Rewards in it",
            number(one.rewards),
            f"at least {FEWEST_REWARDS:,.0f}",
            "How many rewards of one size the effective rows hold, as often as they come in the log.",
        ),
        (
            "Rewards earned",
            number(one.earned),
            f"at least {FEWEST_EARNED:,.0f}",
            "The same as often as the estimate says: with fewer, hardly any heavy row earned anything.",
        ),
    ]


def _finding(found: Judgement) -> str:
    """How many of the ways to estimate agree with the recommended one, where all their ranges can be trusted."""
    if found.support.hidden > UNEVEN:
        return "Only the first range allows for what heavy rows may still earn"
    some = [one for one in found.estimates if one.name not in (*UNSURE, *MODEL)]
    sides = [_side(one.difference) for one in some]
    side = _side(found.best.difference)
    many = f"{sides.count(side)} of {count(len(some), 'way')} to estimate it"
    words = {
        1: "say more than was earned",
        -1: "say less than was earned",
        0: "cannot tell it from what was earned",
    }
    return f"{many} {words[side]}"


def _side(gap: Interval) -> int:
    return int(gap.low > 0) - int(gap.high < 0)


def _own_doubt(one: Estimate) -> Interval:
    """The interval of an estimate; none for that of the model alone, whose own doubt no resampling shows."""
    return replace(one.value, low=nan, high=nan) if one.name in MODEL else one.value


def _row(name: str, one: Interval, role: str, per: int) -> dict[str, object]:
    return {
        "name": name,
        "value": one.value * per,
        "low": one.low * per,
        "high": one.high * per,
        "role": role,
    }


def _with_error(value: float, error: float) -> str:
    return f"{number(value)} ± {number(error)}" if isfinite(error) else number(value)
