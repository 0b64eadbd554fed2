"""What the report says, section by section, for the screen, the projector and the file: nothing is drawn here."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from reco_lab.experiments.by_segment import told as groups_told
from reco_lab.experiments.results import Comparison, Outcome, Verdict
from reco_lab.experiments.verdict import power
from reco_lab.services.customers import Card, Look, Panel
from reco_lab.services.story import Example, Story
from reco_lab.ui import by_segment, customer, metric, results, story, told
from reco_lab.ui.words import count

LENGTH = 5
GONE = "The lists of this comparison are not kept any more. Compare again to see this."
CERTAIN = 0.001


@dataclass(frozen=True)
class Item:
    """An item as a card: what it is, a line of facts, why it is there, whether the customer chose it afterwards."""

    title: str
    facts: str = ""
    why: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class Column:
    """Cards under a title, with a line about them."""

    title: str
    about: str
    items: tuple[Item, ...]


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a figure is made of: rows as the charts take them; `zero` where they are gains and losses."""

    form: Literal["bars", "dots"]
    rows: pd.DataFrame
    axis: str = ""
    zero: bool = False
    percent: bool = False


@dataclass(frozen=True, eq=False)
class Section:
    """One section: a short label, a title that says the finding, sentences, a figure, its table, cards, lists.

    `facts` are of a person and stay on the screen. `lists` are points, each list under its title; `sums`
    large numbers: what, how much, with a line about it.
    """

    id: str
    label: str
    finding: str
    lines: tuple[str, ...] = ()
    figure: Drawn | None = None
    table: pd.DataFrame | None = None
    columns: tuple[Column, ...] = ()
    facts: tuple[str, ...] = ()
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sums: tuple[tuple[str, str, str], ...] = ()


def found(one: Story, where: str) -> Section:
    """What was found, and how many customers of a hundred find something."""
    finds = one.finds
    lines = (story.people(one.found), story.standing(one.found))
    section = Section("found", "What was found", story.headline(one.found, where), tuple(filter(None, lines)))
    if finds is None:
        return section
    rows = pd.DataFrame(
        {
            "name": [one.shown, one.today],
            "value": [finds.own, finds.today],
            "text": [f"{_of_hundred(value)} of 100" for value in (finds.own, finds.today)],
            "role": ["champion", "reference"],
        }
    )
    what = f"Customers of 100 who {_verb(one.found)} one of {finds.k} items"
    table = pd.DataFrame({"Shown": rows["name"], what: 100 * rows["value"], "Customers": finds.customers})
    return Section(
        section.id,
        section.label,
        section.finding,
        section.lines,
        Drawn("bars", rows, axis=what, percent=True),
        table,
    )


def person(one: Story, who: Example, look: Look) -> Section:
    """One real customer: what is known, what everyone sees today, what would be shown."""
    today, shown = look.panels
    known = customer.had(look.history).head(LENGTH)
    had = tuple(Item(title, what) for title, what in known[["title", "what"]].to_numpy().tolist())
    return Section(
        "customer",
        "One customer",
        _of_her(who, look, today, shown),
        (
            f"{who.why[0].upper()}{who.why[1:]}",
            "Chosen by what was done before the test, not by how good the list looks. One customer proves nothing.",
        ),
        columns=(
            Column(
                "What we know",
                f"The latest of {count(len(look.history), 'interaction')}",
                had,
            ),
            Column("What everyone sees today", told.about(today, look), _items(today, look)),
            Column("What Reco Lab shows", f"{one.shown}. {told.about(shown, look)}", _items(shown, look)),
        ),
        facts=tuple(told.facts(look.attributes)),
    )


def sure(one: Story) -> Section:
    """The verdict in words, with its interval, over the leaderboard."""
    found_, verdict = one.found, _duel(one)
    title = {
        Outcome.better: f"{one.shown} is better than {one.today}, by more than luck explains",
        Outcome.worse: f"{one.today} did better than {one.shown} in the test",
        Outcome.tie: f"{one.shown} and {one.today} are as good as each other",
        Outcome.unsure: f"Too few customers to tell {one.shown} from {one.today}",
    }[one.decided]
    lines = [verdict.sentence, _luck(verdict)] if verdict else []
    lines.append(
        f"{metric.plain(found_.headline)} Each line shows where the true value may lie (95%). Diamonds are yardsticks."
    )
    if hint := power(found_.verdicts, [row.name for row in story.contestants(found_)]):
        lines.append(hint)
    return Section(
        "sure",
        "How sure we are",
        title,
        tuple(filter(None, lines)),
        Drawn(
            "dots",
            results.dots(found_, found_.headline),
            metric.name(found_.headline),
            percent=metric.is_share(found_.headline),
        ),
        results.table(found_, found_.headline, expert=False),
    )


def whom(one: Story) -> Section:
    """Who is served better and who worse than today."""
    label, shifts, key = "For whom", one.shifts, one.found.headline
    known = [shift for shift in shifts if shift.change is not None]
    if not known:
        why = "Too few customers in each group, or nothing tells some of them from others."
        if one.finds is None:
            why = GONE
        return Section("whom", label, "For whom it is better or worse cannot be said", (why,))
    better, worse = (
        sum(shift.outcome is outcome for shift in known) for outcome in (Outcome.better, Outcome.worse)
    )
    rows = pd.DataFrame(
        [
            {
                "name": f"{shift.segment} ({shift.customers:,})",
                "value": shift.change,
                "low": shift.low,
                "high": shift.high,
                "role": "champion" if shift.outcome is Outcome.better else "challenger",
            }
            for shift in known
        ]
    ).astype({"value": "float64", "low": "float64", "high": "float64"})
    base = (
        f"Customers by {one.ways[one.way]}, their number in brackets. Right of the dotted line: better served with "
        f"{one.shown} than with {one.today}. The lines hold together at 95%."
    )
    return Section(
        "whom",
        label,
        _groups(better, worse, len(known)),
        (groups_told(shifts, key, one.shown, one.today), base),
        Drawn("dots", rows, f"Gain in {metric.name(key)}", zero=True),
        by_segment.changes(shifts),
    )


def _of_hundred(value: float) -> str:
    return f"{100 * value:.0f}" if value >= 0.01 or value == 0 else f"{100 * value:.1f}"


def _verb(comparison: Comparison) -> str:
    return f"later {story.verb(comparison)}"


def _items(panel: Panel, look: Look) -> tuple[Item, ...]:
    why = panel.explains and not panel.alike and not panel.fallback and not look.history.empty
    return tuple(
        Item(f"{place}. {card.title}", _facts(card), told.why(card) if why else "", card.held_out)
        for place, card in enumerate(panel.cards, start=1)
        if place <= LENGTH or card.held_out
    )


def _facts(card: Card) -> str:
    price = "" if card.price is None else f"{card.price:,.2f}"
    return " · ".join(part for part in (card.category, price) if part)


def _of_her(who: Example, look: Look, today: Panel, shown: Panel) -> str:
    lead = f"{who.name}, {who.customer_id}"
    first = f"in their first {count(max(len(shown.cards), len(today.cards)), 'item')}"
    if not look.held_out:
        return f"{lead}: what would be shown"
    own, base, held = told.hits(shown), told.hits(today), len(look.held_out)
    if held == 1:
        return f"{lead}: {_of_one(own > 0, base > 0, shown, today)} {first}"
    choices = f"of {count(held, 'later choice')}"
    if own == base:
        return f"{lead}: both lists hold {own or 'none'} {choices} {first}"
    return f"{lead}: {shown.name} holds {own or 'none'} {choices}, {today.name} {base or 'none'}, {first}"


def _of_one(own: bool, base: bool, shown: Panel, today: Panel) -> str:
    """Which list holds the only thing that was chosen later."""
    if own == base:
        return f"{'both lists hold' if own else 'neither list holds'} the one later choice"
    return f"{shown.name if own else today.name} holds the one later choice, {today.name if own else shown.name} does not,"


def _duel(one: Story) -> Verdict | None:
    names = {one.shown, one.today}
    return next((duel for duel in one.found.verdicts if {duel.champion, duel.other} == names), None)


def _luck(verdict: Verdict) -> str:
    if verdict.outcome is not Outcome.better:
        return ""
    often = (
        f"less than once in {1 / CERTAIN:,.0f} tests"
        if verdict.p_max_t < CERTAIN
        else f"about {verdict.p_max_t * 1 / CERTAIN:.0f} times in {1 / CERTAIN:,.0f} tests"
    )
    return f"If both were equally good, a lead this large would come up {often}."


def _groups(better: int, worse: int, known: int) -> str:
    if worse:
        return f"Worse for {worse} of {count(known, 'group')} of customers"
    if better == known:
        return "Better for every group of customers that is large enough to judge"
    if better:
        return (
            f"Better for {better} of {count(known, 'group')} of customers, worse for none that could be shown"
        )
    return "No group of customers is shown to be better or worse served"
