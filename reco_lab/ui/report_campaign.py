"""What the report says of a campaign, section by section: what came of it, or what is to be seen once it was sent."""

import math
from collections.abc import Iterable

import pandas as pd

from reco_lab.campaigns.results import Line
from reco_lab.core.dataset import Dataset
from reco_lab.core.words import about, agree, share
from reco_lab.experiments.verdict import listed
from reco_lab.services.campaign_story import CampaignStory, history
from reco_lab.services.story import Example
from reco_lab.ui import customer
from reco_lab.ui.report_money import amount
from reco_lab.ui.report_sections import LENGTH, Column, Drawn, Item, Section
from reco_lab.ui.words import count, day

NOT_YET = "What it does can only be known once it was sent and purchases came back."
FINDINGS = {
    "worked": "It worked, by more than luck explains",
    "no": "It did not do what it was meant to do",
    "harmed": "It did harm, by more than luck explains",
    "unknown": "What it did cannot be known yet",
}


def found(one: CampaignStory) -> Section:
    """What came of it, with both groups side by side; before that, what was made."""
    facts, main = one.made.facts, _main(one)
    lines = [f"For: {facts['audience']}.", one.made.sentence]
    if facts["models"]:
        lines.append(f"Chosen by {listed(list(facts['models']))}.")
    if facts["rules"]:
        lines.append(f"Rules: {'; '.join(facts['rules'])}.")
    if one.judged is None or main is None:
        finding = f"“{one.made.campaign.title}” is ready to be sent"
        return Section("found", "What was planned", finding, (*lines, NOT_YET))
    rows = pd.DataFrame(
        {
            "name": ["Got it", "Held back"],
            "value": [main.treated_mean, main.control_mean],
            "text": [_mean(main, value) for value in (main.treated_mean, main.control_mean)],
            "role": ["champion", "reference"],
        }
    )
    table = pd.DataFrame(
        {"Group": rows["name"], "Customers": [main.treated, main.control], _what(main): rows["text"]}
    )
    figure = Drawn("bars", rows, axis=_what(main), percent=main.outcome == "conversion")
    return Section("found", "What came of it", one.judged.sentence, tuple(lines), figure, table)


def person(one: CampaignStory, data: Dataset, who: Example, shown: pd.DataFrame) -> Section:
    """One real customer who got it: what is known, what was shown and why."""
    log = history(data, who.customer_id)
    known = customer.had(log).head(LENGTH)
    had = tuple(Item(title, what) for title, what in known[["title", "what"]].to_numpy().tolist())
    cards = tuple(
        Item(row["title"], _price(row.get("price")), row["because"]) for row in shown.to_dict("records")
    )
    return Section(
        "customer",
        "One customer",
        f"{who.name}, {who.customer_id}: what “{one.made.campaign.title}” shows",
        (
            f"{who.why[0].upper()}{who.why[1:]}",
            "Chosen by what was done before, not by how good the list looks.",
        ),
        columns=(
            Column("What we know", f"The latest of {count(len(log), 'interaction')}", had),
            Column("What the campaign shows", "Each item with its reason.", cards),
        ),
    )


def money(one: CampaignStory) -> Section:
    """What it brought above what would have been spent anyway, against what it cost."""
    judged, cost = one.judged, one.made.campaign.costs.per_message * one.made.facts["sent"]
    if judged is None:
        planned = (
            f"Sending it costs {amount(cost)}, as it is assumed."
            if cost
            else "No cost of sending is assumed."
        )
        return Section(
            "money", "The money", "What it brings is not known before it is sent", (planned, NOT_YET)
        )
    low, high = judged.gained_low, judged.gained_high
    spent = f"Sending it cost {amount(judged.cost)}." if judged.cost else "No cost of sending is known."
    if judged.gained is None or low is None or high is None:
        spending = any(line.outcome == "revenue" for line in judged.lines)
        why = "too few bought anything" if spending else "nobody knows what was spent"
        return Section("money", "The money", f"What it brought cannot be known: {why}", (spent,))
    span = f"{amount(low)} to {amount(high)}"
    finding = f"What it brought cannot be told from luck ({span})"
    sure = low > 0 or high < 0
    if sure:
        verb = "brought" if low > 0 else "cost"
        finding = f"It {verb} about {amount(abs(judged.gained))} in purchases ({span})"
    measured = (
        "Measured against the customers who were held back, over everybody who got it. The range holds the true "
        "value with 95% certainty."
    )
    return Section(
        "money",
        "The money",
        finding,
        (measured, spent),
        table=pd.DataFrame(
            [
                {
                    "What": "Extra purchases",
                    "Expected": amount(judged.gained) if sure else None,
                    "Lowest": amount(low),
                    "Highest": amount(high),
                },
                {"What": "Cost of sending", "Expected": amount(judged.cost), "Lowest": None, "Highest": None},
            ]
        ),
    )


def sure(one: CampaignStory) -> Section:
    """How sure that is: the lift of every outcome with its interval; before that, what a campaign of this size can show."""
    label, facts = "How sure we are", one.made.facts
    if one.judged is None:
        return Section(
            "sure", label, "What a campaign of this size can show", (facts["plan"], facts["control"])
        )
    chance = (
        "Who got it was drawn by lot, so nothing else can explain a difference but luck, and the intervals (95%) "
        "reckon with that."
        if one.judged.causal
        else "Nobody was held back by lot: other causes than the campaign may explain the difference."
    )
    told = (*(line.sentence for line in one.judged.lines), chance, *one.judged.notes)
    return Section("sure", label, FINDINGS[one.judged.verdict], told, table=_table(one.judged.lines))


def whom(one: CampaignStory) -> Section:
    """In which segments it did something."""
    lines = () if one.judged is None else one.judged.segments
    known = [line for line in lines if line.low is not None]
    if not known:
        why = "No saved segment has enough customers in both groups." if one.judged else NOT_YET
        return Section("whom", "For whom", "For whom it does something cannot be said", (why,))
    rows = pd.DataFrame(
        [
            {
                "name": f"{line.title} ({line.treated + line.control:,})",
                "value": line.absolute,
                "low": line.low,
                "high": line.high,
                "role": "champion" if (line.low or 0) > 0 else "challenger",
            }
            for line in known
        ]
    ).astype({"value": "float64", "low": "float64", "high": "float64"})
    better = [line.title for line in known if (line.low or 0) > 0]
    worse = [line.title for line in known if (line.high or 0) < 0]
    finding = f"It did something for {listed(better)}" if better else "In no segment alone is a lift certain"
    if worse:
        finding += f"; {listed(worse)} did less than those held back"
    told = (
        "Right of the dotted line: more than those held back. The ranges are so wide that those of all segments looked "
        "at hold together."
    )
    drawn = Drawn(
        "dots", rows, "Difference to those held back", zero=True, percent=known[0].outcome == "conversion"
    )
    return Section("whom", "For whom", finding, (told,), drawn, _table(known))


def after(one: CampaignStory) -> Section:
    """What to do next, and what the numbers do not say."""
    judged = one.judged
    verdict = "" if judged is None else judged.verdict
    finding, steps = {
        "": ("Send it, and bring the purchases back", ["Send it to those on the list, and to nobody held back.", "Bring newer data or a file of purchases on the Campaigns page."]),
        "worked": ("Do it again, and keep holding some back", ["Repeat it, with a control group again: what worked once may wear off."]),
        "no": ("Spend the next campaign on something else", ["Change the offer, the audience or the recommender, and compare again."]),
        "harmed": ("Stop it", ["Do not repeat it as it was; look in which segments it did harm."]),
        "unknown": ("Wait, or reach more customers", ["Wait until all days are counted, or repeat it with more customers."]),
    }[verdict]  # fmt: skip
    if judged is not None and judged.more:
        steps = [
            *steps,
            f"About {about(judged.more)} more {agree(judged.more, 'customer', 'customers')} would show the smallest lift worth having.",
        ]
    unknown = [
        "Whether the effect lasts beyond the days that were counted.",
        "What other customers than these would have done.",
    ]
    made = f"Data set {one.made.campaign.dataset}, campaign “{one.made.campaign.title}”, lists made on {day(one.made.facts['prepared'])}."
    lists = (("Next steps", tuple(steps)), ("What we do not know", tuple(unknown)))
    return Section("next", "What to do next", finding, (made,), lists=lists)


def _main(one: CampaignStory) -> Line | None:
    return None if one.judged is None else one.judged.main


def _what(line: Line) -> str:
    return {"conversion": "Customers who bought", "revenue": "Spent by each customer"}.get(
        line.outcome, "Spent a day with a purchase"
    )


def _mean(line: Line, value: float) -> str:
    return share(value, 1) if line.outcome == "conversion" else f"{value:,.2f}"


def _table(lines: Iterable[Line]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Customers": line.title,
                "What": _what(line),
                "Got it": _mean(line, line.treated_mean),
                "Held back": _mean(line, line.control_mean),
                "Difference": _mean(line, line.absolute),
                "95% interval": None
                if line.low is None or line.high is None
                else f"{_mean(line, line.low)} to {_mean(line, line.high)}",
            }
            for line in lines
        ]
    )


def _price(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:,.2f}"
