"""The report of a comparison: one page for somebody who was not there, that opens anywhere and loads nothing."""

from collections.abc import Sequence
from html import escape

from reco_lab.charts.document import markup
from reco_lab.charts.leaderboard import leaderboard
from reco_lab.charts.theme import LIGHT
from reco_lab.core.errors import InputError
from reco_lab.experiments.results import Comparison, Outcome
from reco_lab.experiments.verdict import listed
from reco_lab.services import experiments
from reco_lab.services.customers import Look, Microscope, Panel
from reco_lab.services.recommending import examples
from reco_lab.ui import cache, compare, customer, export, metric, page, results, story
from reco_lab.ui.export import Download, Sheet
from reco_lab.ui.words import count, day, when
from reco_lab.workspace import Workspace

PEOPLE = 2
LENGTH = 5
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111418}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;"
    "border-bottom:1px solid #d5dad8}.badge{background:#fff1d6;padding:.2rem .6rem;border-radius:.4rem}"
    ".quiet{color:#56605b}.lists{display:grid;grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));gap:1.5rem}"
    "h2{margin-top:2.5rem}"
)


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
    spec = experiments.experiment_of(lab.workspace.store.experiment(chosen))
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
    table = results.table(found, key, expert=False)
    numbers = table.to_html(index=False, na_rep="–", float_format="{:.3f}".format, border=0)
    badge = '<p><span class="badge">Example data (simulated)</span></p>' if found.synthetic else ""
    parts = [
        f"<h1>{escape(story.headline(found, where))}</h1>{badge}",
        *(_paragraph(words) for words in (story.people(found), story.standing(found), _base(found)) if words),
        f"<h2>{escape(compare.finding(found, key))}</h2>{markup([chart])}",
        _paragraph(f"{metric.plain(key)} The line shows how sure we are (95 %). Diamonds are yardsticks."),
        _people(shown),
        f"<h2>What we do not know</h2><ul>{''.join(f'<li>{escape(one)}</li>' for one in unknown(found))}</ul>",
        f"<h2>All numbers</h2>{numbers}",
    ]
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(found.experiment)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>"
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


def _paragraph(words: str) -> str:
    return f"<p>{escape(words)}</p>"


def _people(shown: Sequence[Look]) -> str:
    if not shown:
        return ""
    number = "Two customers" if len(shown) == PEOPLE else "One customer"
    return (
        f"<h2>{number}</h2><p class='quiet'>Of those in the exam who may be shown, with the longest histories; "
        f"nobody chose them because their lists look good.</p>{''.join(_person(look) for look in shown)}"
    )


def _person(look: Look) -> str:
    had = listed([str(title) for title in look.history["title"].drop_duplicates().head(LENGTH)])
    later = f" Later {story.did(look.wanted)}: {listed(list(look.held_out))}." if look.held_out else ""
    lists = "".join(f"<div><b>{escape(panel.name)}</b>{_list(panel)}</div>" for panel in look.panels)
    return (
        f"<h3>{escape(look.customer_id)}</h3><p>Lately in the history: {escape(had)}.{escape(later)}</p>"
        f"<div class='lists'>{lists}</div>"
    )


def _list(panel: Panel) -> str:
    lines = (f"<li>{escape(card.title)}{' ✓' if card.held_out else ''}</li>" for card in panel.cards)
    return f"<ol>{''.join(lines)}</ol>"
