"""The end of the report: what to do next, and what the numbers do not say."""

from reco_lab.experiments.results import Comparison, Outcome
from reco_lab.experiments.verdict import listed
from reco_lab.services.story import Story
from reco_lab.ui.report_sections import Section
from reco_lab.ui.words import count, day, when


def after(one: Story) -> Section:
    """What to do next, and what the numbers do not say."""
    unknown = _unknown(one.found)
    return Section(
        "next",
        "What to do next",
        _advice(one),
        (_base(one.found),),
        lists=(("Next steps", tuple(_steps(one))), ("What we do not know", tuple(unknown))),
    )


def _advice(one: Story) -> str:
    return {
        Outcome.better: f"Try {one.shown} on real customers, against today's list",
        Outcome.worse: f"Keep showing {one.today.lower()}",
        Outcome.tie: "Keep what you have: nothing measured speaks for a change",
        Outcome.unsure: "Gather more data before deciding",
    }[one.decided]


def _steps(one: Story) -> list[str]:
    worse = [shift.segment for shift in one.shifts if shift.outcome is Outcome.worse]
    open_ = [shift.segment for shift in one.shifts if shift.change is None or shift.outcome is Outcome.unsure]
    way = one.ways.get(one.way, "")
    told_ = {
        Outcome.better: [
            f"Show {one.shown} to a part of your customers and today's list to a control group drawn by lot.",
            "Put the assumptions about money to the test with what comes of it.",
        ],
        Outcome.worse: ["Look on Compare which recommender did better, and try other settings."],
        Outcome.tie: ["Compare other recommenders, or tune these; a simpler list costs less to run."],
        Outcome.unsure: [
            "Bring a longer period or more customers, and compare again.",
            "Until then, nothing is lost by keeping today's list.",
        ],
    }[one.decided]
    if worse:
        told_.append(f"Keep today's list where it serves better: {way} {listed(worse)}.")
    if open_ and one.decided is Outcome.better:
        told_.append(f"Watch the groups too small to judge: {way} {listed(open_)}.")
    if one.found.split.cold_users:
        told_.append(f"New customers get {one.today.lower()} until something is known of them.")
    return told_


def _unknown(comparison: Comparison) -> list[str]:
    close = [duel.other for duel in comparison.verdicts if duel.outcome is Outcome.unsure]
    told_ = (
        [f"Whether {comparison.champion} is better than {listed(close)}: too few customers to tell."]
        if close
        else []
    )
    told_ += comparison.warnings
    if cold := comparison.split.cold_users:
        told_.append(
            f"How well {count(cold, 'new customer')} would be served: that is not in the main numbers."
        )
    told_.append(
        "Whether customers would have chosen more, had they seen these lists: the past cannot say. A test with "
        "real customers can."
    )
    return told_


def _base(comparison: Comparison) -> str:
    made = f" Computed on {day(comparison.created)}." if when(comparison.created) else ""
    return f"Data set {comparison.dataset}, experiment “{comparison.experiment}”, key {comparison.key[:12]}.{made}"
