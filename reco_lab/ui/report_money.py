"""The money in the report: what a difference would be worth, as far as the assumptions hold, or that nobody knows."""

from collections.abc import Iterable

import pandas as pd

from reco_lab.core.words import share
from reco_lab.experiments.results import Comparison, Outcome
from reco_lab.services.reckoning import Amount, Assumptions, Finds, reckon
from reco_lab.services.story import Story
from reco_lab.ui import story
from reco_lab.ui.report_sections import GONE, Section
from reco_lab.ui.words import count, signed

MONTH, NEARLY = 30, 5


def money(one: Story, assumed: Assumptions) -> Section:
    """What it would be worth, as far as the assumptions hold; or that it cannot be known."""
    label, finds = "The money", one.finds
    if finds is None:
        return Section("money", label, "What it is worth cannot be reckoned", (GONE,))
    sums, known = reckon(finds, assumed), _worth_known(one, finds)
    low, high = (amount(value) for value in (sums.revenue.low, sums.revenue.high))
    finding = "What it is worth cannot be known from these data"
    if known:
        finding = f"About {amount(sums.revenue.centre)} more revenue a month, if the assumptions hold ({low} to {high})"
    elif one.decided is Outcome.worse:
        finding = f"No more revenue is to be expected: {one.today} did better in the test"
    measured = (
        f"Measured is one figure: of 100 customers who came back in the test, {signed(100 * finds.difference, 1)} find something they "
        f"{_later(one.found)} ({signed(100 * finds.low, 1)} to {signed(100 * finds.high, 1)}, 95%).{measured_in(finds)}"
    )
    reason = (
        "The rest are assumptions to change. The range follows from the measurement alone; other assumptions give "
        "another one."
        if known
        else f"{_doubt(one)} The reckoning would run from {low} to {high} a month."
    )
    shown = tuple((step.what, amount(step.centre), _span(step)) for step in sums.steps[1:] if known)
    table = _reckoning(sums.steps, known=known)
    return Section("money", label, finding, (measured, reason), table=table, sums=shown)


def amount(value: float) -> str:
    """Money or numbers of people to two digits, which is all that such a reckoning is good for."""
    rounded = float(f"{value:.2g}")
    words = f"{rounded:,.0f}" if abs(rounded) >= 10 else f"{rounded:,.2g}"
    return words.replace("-", "\N{MINUS SIGN}")


def assumptions(assumed: Assumptions) -> pd.DataFrame:
    """The assumptions with where each comes from."""
    return pd.DataFrame(
        [
            ("Customers a month", f"{assumed.customers:,.0f}", assumed.customers_from),
            ("Share who see the list", share(assumed.seen), assumed.seen_from),
            ("Further finds that become an extra order", share(assumed.extra), assumed.extra_from),
            ("Value of an order", f"{assumed.value:,.2f}", assumed.value_from),
            ("Margin", share(assumed.margin), assumed.margin_from),
        ],
        columns=["Assumption", "Value", "From"],
    )


def measured_in(finds: Finds) -> str:
    """In how many days that was measured, where they are not a month as the reckoning has it."""
    if finds.days is None or abs(finds.days - MONTH) <= NEARLY:
        return ""
    return f" That is in the {count(finds.days, 'day')} of the test, of which the reckoning makes {MONTH}."


def _worth_known(one: Story, finds: Finds) -> bool:
    return one.decided is Outcome.better and finds.low > 0


def _doubt(one: Story) -> str:
    if one.decided is Outcome.better:
        return "The lists are better, but whether more customers find something is not certain."
    return {
        Outcome.worse: "The test speaks against the change.",
        Outcome.tie: "The verdict is a tie: no difference that matters was measured.",
        Outcome.unsure: "Too few customers to tell whether there is a difference at all.",
    }[one.decided]


def _span(step: Amount) -> str:
    return f"{amount(step.low)} to {amount(step.high)} a month"


def _reckoning(steps: Iterable[Amount], *, known: bool) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "A month": step.what,
                "Expected": amount(step.centre) if known or step.low == step.high else None,
                "Lowest": amount(step.low),
                "Highest": amount(step.high),
            }
            for step in steps
        ]
    )


def _later(comparison: Comparison) -> str:
    return f"later {story.verb(comparison)} only with the new list"
