"""A survey on its way in: what each question is, corrected in one table, then ratings and attributes."""

import pandas as pd
import streamlit as st

from reco_lab.analysis.questions import KINDS, QuestionKind
from reco_lab.services import surveys
from reco_lab.services.surveys import Survey, SurveyReport
from reco_lab.ui import arrival, cache, page, show, state
from reco_lab.ui.state import Brought, Imported
from reco_lab.ui.understood import Understood
from reco_lab.ui.words import count

FEWEST_COLUMNS, FEWEST_RATINGS, SURE = 4, 3, 0.75
LOG, SURVEY = "Things that customers did", "Answers to a survey"
_MEANINGS = {
    "respondent": "who answers", "time": "when", "rating": "a rating of this item", "rank": "a place in an order",
    "choices": "several choices in a cell", "nps": "would recommend, 0 to 10", "number": "a number about the person",
    "category": "a fact about the person", "text": "free text, left out",
}  # fmt: skip


def holds(lab: page.Lab, brought: Brought, known: Understood) -> Survey | None:
    """The file as a survey, where it looks like one or a person says that it is; else None."""
    seen = known.seen
    if len(seen.sample.columns) < FEWEST_COLUMNS or brought.columns is not None:
        return None
    unsure = min(seen.guess.user.confidence, seen.guess.item.confidence) < SURE
    looks = unsure and _wide(cache.survey(lab.workspace, brought.path, known.header, known.options))
    if not (looks or lab.expert):
        return None
    chosen = st.segmented_control(
        "What the file holds",
        [LOG, SURVEY],
        default=SURVEY if looks else LOG,
        required=True,
        key=f"holds-{brought.path}",
        help="A survey has a row for each person and a column for each question.",
    )
    if chosen != SURVEY:
        return None
    return cache.survey(lab.workspace, brought.path, known.header, known.options)


def headline(found: Survey) -> None:
    """Say first what the survey holds."""
    show.answer(f"A survey: {found.sentence}", "Ratings and ranks become items; the rest says who answered.")


def flow(lab: page.Lab, brought: Brought, known: Understood, found: Survey) -> None:
    """Show what each question is taken for, and import the survey as it was decided."""
    st.header("What the questions are", anchor=False)
    kinds = _kinds(found, brought)
    choices = None
    if found.of_kind("choices") or "choices" in kinds.values():
        words = {"attributes": "a fact about the person", "items": "items that were picked"}
        choices = st.radio("What is chosen among several is", list(words), format_func=words.__getitem__)
    with st.expander("The first rows", icon=":material/table_rows:"):
        st.dataframe(found.rows, hide_index=True, alt="The first rows of the survey", height=240)
    name = arrival.place(lab, brought, only_new=True).name
    if st.button("Import", type="primary", icon=":material/check:", key="import"):
        before = arrival.newest(lab.workspace, name)
        with st.spinner("Turning answers into ratings…", show_time=True):
            report = surveys.import_survey(
                lab.workspace,
                brought.path,
                name,
                title=brought.title,
                kinds=kinds,
                choices=choices,  # type: ignore[arg-type] # the keys are fixed above
                header=known.header,
                **known.options,
            )
        _remember(lab, report, fresh=before is None or before.version != report.dataset.version)
        arrival.settle(name)


def _wide(found: Survey) -> bool:
    return len(found.of_kind("rating", "rank")) >= FEWEST_RATINGS


def _kinds(found: Survey, brought: Brought) -> dict[str, QuestionKind]:
    """Where a person takes a question for something else than we did."""
    table = pd.DataFrame(
        {
            "Question": [one.column for one in found.questions],
            "Taken for": [one.kind for one in found.questions],
            "Because": [one.reason for one in found.questions],
        }
    )
    edited = st.data_editor(
        table,
        hide_index=True,
        disabled=["Question", "Because"],
        column_config={
            "Taken for": st.column_config.SelectboxColumn(
                options=list(KINDS),
                required=True,
                format_func=lambda one: f"{one}: {_MEANINGS[str(one)]}",
                width="medium",
            )
        },
        key=f"questions-{brought.path}",
        height=min(420, 38 + 35 * len(table)),
        alt="The questions and what each is taken for",
    )
    changed = edited[edited["Taken for"] != table["Taken for"]]
    return dict(zip(changed["Question"], changed["Taken for"], strict=True))


def _remember(lab: page.Lab, report: SurveyReport, *, fresh: bool) -> None:
    bad = report.unreadable
    scores = [f"Recommendation score of “{name}”: {value:+.0f}" for name, value in report.nps.items()]
    facts = f"Known of each person: {', '.join(report.attributes)}" if report.attributes else ""
    state.keep_import(
        Imported(
            name=report.dataset.name,
            title=report.dataset.title,
            sentence=f"{count(report.ratings, 'answer')} became ratings, as version {report.dataset.version}; "
            f"{count(report.empty, 'cell')} without one.",
            left_out=len(bad),
            reasons=(("holds an answer that could not be read", len(bad)),) if len(bad) else (),
            notes=tuple(one for one in (*report.notes, *scores, facts) if one),
            refused=arrival.kept_refused(lab.workspace, bad),
            fresh=report.dataset.version if fresh else None,
        )
    )
