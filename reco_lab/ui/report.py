"""The report of a comparison: one page for somebody who was not there, that opens anywhere and loads nothing."""

from collections.abc import Sequence

from reco_lab.charts.document import markup
from reco_lab.charts.leaderboard import leaderboard
from reco_lab.charts.theme import LIGHT
from reco_lab.core.errors import InputError
from reco_lab.experiments.results import Comparison, Outcome
from reco_lab.experiments.verdict import listed
from reco_lab.reports.document import badge, bullets, document, heading, numbers, paragraph, side_by_side
from reco_lab.services import experiments
from reco_lab.services.customers import Look, Microscope
from reco_lab.services.recommending import examples
from reco_lab.ui import cache, compare, customer, export, metric, page, results, story
from reco_lab.ui.export import Download, Sheet
from reco_lab.ui.words import count, day, when
from reco_lab.workspace import Workspace

PEOPLE = 2
LENGTH = 5


def people(workspace: Workspace, chosen: str, found: Comparison) -> list[Look]:
    """The two customers of the exam with the longest histories, with the champion's and the bestsellers' lists.

    Only those who may be shown. None where the models are not kept any more.
    """
    try:
        microscope = cache.microscope(workspace, chosen)
    except InputError:
        return []
    return looks(workspace, microscope, found, PEOPLE)


def looks(
    workspace: Workspace, microscope: Microscope, found: Comparison, number: int, k: int = LENGTH
) -> list[Look]:
    """The first customers of a microscope who may be shown, with the champion's and the bestsellers' lists."""
    three = customer.first_three(microscope, found)
    names = list(dict.fromkeys([three[0], three[-1]]))
    return [
        customer.in_order(look, names) for look in examples(workspace, microscope, number, k=k, models=names)
    ]


def share(lab: page.Lab, chosen: str, found: Comparison) -> None:
    """The menu of what can be taken away: the report and the tables, and apart what repeats the experiment."""
    stem = f"reco-lab-{chosen}"
    spec = experiments.as_asked(lab.workspace, chosen)
    where = story.place(lab.chosen)
    things: list[Download | Sheet] = [
        Download(
            "Report (HTML, one file)",
            f"{stem}.html",
            lambda: report(found, where, people(lab.workspace, chosen, found)),
            "text/html",
        ),
        Sheet("Leaderboard", stem, lambda: results.flat(found)),
        Sheet("Differences", f"{stem}-differences", lambda: results.differences(found)),
    ]
    apart = [
        Download("Experiment file (TOML)", f"{stem}.toml", lambda: experiments.toml(spec)),
        Download("Python script", f"{stem}.py", lambda: experiments.script(spec), "text/x-python"),
    ]
    export.menu(things, key="compare", apart=apart)


def report(found: Comparison, where: str, shown: Sequence[Look]) -> str:
    """The page: the finding, its base, a chart, real customers, what is not known, and the numbers last."""
    key = found.headline
    dots = results.dots(found, key)
    chart = leaderboard(dots, axis=metric.name(key), palette=LIGHT)
    return document(
        found.experiment,
        [
            heading(story.headline(found, where), 1),
            *([badge("Example data (simulated)")] if found.synthetic else []),
            *(paragraph(one) for one in (story.people(found), story.standing(found), _base(found)) if one),
            heading(compare.finding(found, key)),
            markup([chart]),
            paragraph(f"{metric.plain(key)} The line shows how sure we are (95%). Diamonds are yardsticks."),
            *_people(shown),
            heading("What we do not know"),
            bullets(unknown(found)),
            heading("All numbers"),
            numbers(results.table(found, key, expert=False)),
        ],
    )


def unknown(found: Comparison) -> list[str]:
    """What the numbers do not say."""
    close = [one.other for one in found.verdicts if one.outcome is Outcome.unsure]
    told = (
        [f"Whether {found.champion} is better than {listed(close)}: too few customers to tell."]
        if close
        else []
    )
    told += found.warnings
    if found.split.cold_users:
        told.append(
            f"How well {count(found.split.cold_users, 'new customer')} would be served: that is not in the main numbers."
        )
    told.append(
        "Whether customers would have chosen more, had they seen these lists: the past cannot say. A test with "
        "real customers can."
    )
    return told


def _base(found: Comparison) -> str:
    made = f" Computed on {day(found.created)}." if when(found.created) else ""
    return f"Data set {found.dataset}, experiment “{found.experiment}”, key {found.key[:12]}.{made}"


def _people(shown: Sequence[Look]) -> list[str]:
    if not shown:
        return []
    return [
        heading("Two customers" if len(shown) == PEOPLE else "One customer"),
        paragraph(
            "Of those in the exam who may be shown, with the longest histories; nobody chose them because their "
            "lists look good.",
            quiet=True,
        ),
        *(part for look in shown for part in _person(look)),
    ]


def _person(look: Look) -> list[str]:
    had = listed([str(title) for title in look.history["title"].drop_duplicates().head(LENGTH)])
    later = f" Later {story.did(look.wanted)}: {listed(list(look.held_out))}." if look.held_out else ""
    lists = {
        panel.name: [f"{card.title}{' ✓' if card.held_out else ''}" for card in panel.cards]
        for panel in look.panels
    }
    return [
        heading(look.customer_id, 3),
        paragraph(f"Lately in the history: {had}.{later}"),
        side_by_side(lists),
    ]
