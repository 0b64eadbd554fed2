"""Surveys: a row a respondent, a column a question, to ratings and attributes of customers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from reco_lab.analysis.questions import KINDS, Question, QuestionKind, guess_questions
from reco_lab.cleaning.ids import clean_ids
from reco_lab.cleaning.likert import is_silent, likert_numbers
from reco_lab.cleaning.personal import personal_kind
from reco_lab.cleaning.steps.pseudonyms import Pseudonyms
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, MappingError
from reco_lab.core.interactions import LONGEST_ID, ColumnMap, Interactions, Kind
from reco_lab.core.source import Table
from reco_lab.core.step import StepContext
from reco_lab.core.words import count
from reco_lab.services.keeping import save_dataset
from reco_lab.services.privacy import objects, pseudonym_key
from reco_lab.sources import sniff
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

FEWEST_ITEMS = 2
PROMOTER, PASSIVE = 9, 7
_LINE = "respondent "
_CELL = ["row", "item", "value", "text", "kind"]


@dataclass(frozen=True, eq=False)
class Survey:
    """What a survey looks like: its rows, its questions with the kind of each, and what to look at."""

    path: Path
    respondents: int
    questions: tuple[Question, ...]
    rows: pd.DataFrame

    def of_kind(self, *kinds: QuestionKind) -> tuple[Question, ...]:
        """The questions of these kinds."""
        return tuple(one for one in self.questions if one.kind in kinds)

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        counts = {kind: len(self.of_kind(kind)) for kind in KINDS}
        words = ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
        return (
            f"{count(self.respondents, 'respondent')} and {count(len(self.questions), 'question')}: {words}."
        )


@dataclass(frozen=True, eq=False)
class SurveyReport:
    """What an import did: every cell of the item questions is a rating, empty, or unreadable.

    `unreadable` holds the cells that could not be read (line, question, text) and `nps` the recommendation
    score of each such question, the share of promoters less that of detractors in percent.
    """

    dataset: DatasetVersion
    cells: int
    ratings: int
    empty: int
    unreadable: pd.DataFrame
    nps: Mapping[str, float]
    attributes: tuple[str, ...]
    notes: tuple[str, ...]


def look(path: Path, *, header: bool | None = None, **options: Any) -> Survey:
    """Read a survey and say what each column is. Raises DataError for an unusable file.

    `options`: `delimiter`, `encoding`, `sheet`, where a person knows better than the look decides.
    """
    return _look(path, sniff(path).read(path, header=header, **options))


def import_survey(
    workspace: Workspace,
    path: Path,
    name: str,
    *,
    title: str = "",
    kinds: Mapping[str, QuestionKind] | None = None,
    choices: Literal["attributes", "items"] | None = None,
    header: bool | None = None,
    **options: Any,
) -> SurveyReport:
    """Import a survey: ratings and ranks become ratings of items, the rest attributes of the respondents.

    `kinds` overrules what single columns are taken for. `choices` says whether the options of multiple choice
    are items that were picked or attributes (by default attributes, unless nothing else could be an item).
    Words of a scale become 1 (least) to 5 (most), ranks count backwards, so that more is always better.
    Respondents without an id are named by their line; ids that are personal data become pseudonyms. Raises
    MappingError where fewer than two questions could be items.
    """
    table = sniff(path).read(path, header=header, **options)
    survey = _overruled(_look(path, table), kinds or {})
    picked = choices or ("attributes" if survey.of_kind("rating", "rank") else "items")
    table, ids, notes = _willing(workspace, table, *_respondents(workspace, table, survey))
    answers = _all_answers(table.frame, survey, picked)
    good = answers[answers["value"].notna()]
    if good["item"].nunique() < FEWEST_ITEMS:
        raise MappingError(
            "Fewer than two questions could be items that people rate.",
            where=path.name,
            fix="Say which columns are ratings, ranks or choices.",
        )
    attributes = _attributes(table.frame, survey, picked, ids)
    log = _log(good, ids)
    titles = pd.DataFrame({"title": log.item_ids}, index=log.item_ids)
    version = save_dataset(workspace, Dataset.join(name, log, attributes, titles), title)
    bad = answers[answers["value"].isna() & answers["text"].notna()]
    lines = table.frame.index.to_numpy()[bad["row"]]
    return SurveyReport(
        dataset=version,
        cells=len(answers),
        ratings=len(good),
        empty=int(answers["text"].isna().sum()),
        unreadable=pd.DataFrame(
            {"line": lines, "question": bad["item"].to_numpy(), "text": bad["text"].to_numpy()}
        ),
        nps={one.column: _nps(table.frame[one.column]) for one in survey.of_kind("nps")},
        attributes=tuple(map(str, attributes.columns)),
        notes=notes,
    )


def _look(path: Path, table: Table) -> Survey:
    questions = guess_questions(table.frame, likert_numbers)
    return Survey(path, len(table.frame), questions, table.frame.head(20))


def _overruled(survey: Survey, kinds: Mapping[str, QuestionKind]) -> Survey:
    unknown = [*set(kinds) - {one.column for one in survey.questions}]
    if unknown:
        raise MappingError(f"There is no question {unknown[0]!r}.", where=survey.path.name)
    questions = (
        replace(one, kind=kinds.get(one.column, one.kind), separator=one.separator or ";")
        for one in survey.questions
    )
    return replace(survey, questions=tuple(questions))


def _respondents(workspace: Workspace, table: Table, survey: Survey) -> tuple[pd.Series, tuple[str, ...]]:
    """An id for each row, and what was done to get it."""
    named = survey.of_kind("respondent")
    positions = range(len(table.frame))
    if not named:
        lines = pd.Series(table.frame.index.to_numpy(), index=positions).astype("str")
        return _LINE + lines, ("Respondents have no id in the file; they are named by their line.",)
    cleaned = clean_ids(table.frame[named[0].column], "respondent")
    refused = np.logical_or.reduce(list(cleaned.refused.values()))
    ids = pd.Series(cleaned.values.mask(refused).array, index=positions, dtype="str")
    if ids.duplicated().any() or ids.isna().any():
        raise DataError(
            f"Column {named[0].column!r} is empty or repeats in some rows, so it does not name respondents.",
            where=survey.path.name,
            fix="Say that it is a category or a text; respondents are then named by their line.",
        )
    if not personal_kind(ids):
        return ids, ()
    ctx = StepContext(workspace.clock.now(), pseudonym_key(workspace))
    hidden = Pseudonyms().apply(pd.DataFrame({"user": ids}), ctx).frame["user"]
    return hidden, ("The respondents' ids are personal data; they became pseudonyms.",)


def _willing(
    workspace: Workspace, table: Table, ids: pd.Series, notes: tuple[str, ...]
) -> tuple[Table, pd.Series, tuple[str, ...]]:
    """The rows of those who are not on the suppression list, and who was left out."""
    unwilling = objects(workspace)(ids)
    if not unwilling.any():
        return table, ids, notes
    told = f"Left out: {count(int(unwilling.sum()), 'respondent')} on the suppression list."
    left = replace(table, frame=table.frame[~unwilling])
    return left, ids[~unwilling].reset_index(drop=True), (*notes, told)


def _all_answers(frame: pd.DataFrame, survey: Survey, picked: str) -> pd.DataFrame:
    found = [*_answers(frame, survey, picked)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=_CELL)


def _answers(frame: pd.DataFrame, survey: Survey, picked: str) -> Iterator[pd.DataFrame]:
    """For each item question the cells as row, item, value (missing where unread), text and kind."""
    for one in survey.of_kind("rating", "rank", "choices"):
        texts = frame[one.column].str.strip().reset_index(drop=True)
        if one.kind == "choices" and picked == "items":
            yield _parted(one, texts, "interaction")
        elif one.kind == "rank" and one.levels:
            yield _parted(one, texts, "rating")
        elif one.kind != "choices":
            numbers = _numbers(texts)
            value = one.high + 1 - numbers if one.kind == "rank" else numbers
            yield _cells(one.column, texts, value.where(value.between(0, 100)))


def _cells(item: str, texts: pd.Series, value: pd.Series) -> pd.DataFrame:
    silent = pd.Series(is_silent(texts.fillna("")), texts.index) & value.isna()
    return pd.DataFrame(
        {"row": np.arange(len(texts)), "item": _item_id(item), "value": value, "text": texts.mask(silent), "kind": "rating"}
    )  # fmt: skip


def _parted(one: Question, texts: pd.Series, kind: str) -> pd.DataFrame:
    """The options that each cell names, a row each; a rank counts backwards from the number of options."""
    parts = texts.dropna().str.split(one.separator).explode().str.strip()
    parts = parts[parts != ""]
    place = parts.groupby(level=0).cumcount()
    value = (one.high - place).clip(lower=1) if kind == "rating" else pd.Series(1.0, parts.index)
    items = [_item_id(f"{one.column}: {option}") for option in parts]
    named = {
        "row": parts.index,
        "item": items,
        "value": value.to_numpy(np.float64),
        "text": parts.to_numpy(),
        "kind": kind,
    }
    silent = np.flatnonzero(texts.isna())
    empty = {"row": silent, "item": _item_id(one.column), "value": np.nan, "text": None, "kind": kind}
    return pd.concat([pd.DataFrame(named), pd.DataFrame(empty)]) if len(silent) else pd.DataFrame(named)


def _numbers(texts: pd.Series) -> pd.Series:
    """Numbers of the answers, digits or words of a scale."""
    distinct = pd.Series(texts.dropna().unique(), dtype="str")
    digits = pd.to_numeric(distinct.str.replace(",", ".", regex=False), errors="coerce").astype("float64")
    known = dict(zip(distinct, digits.fillna(likert_numbers(distinct)), strict=True))
    return texts.map(known).astype("float64")


def _log(answers: pd.DataFrame, ids: pd.Series) -> Interactions:
    frame = answers.assign(user=ids.to_numpy()[answers["row"]])
    columns = ColumnMap("user", "item", "value", kind="kind", kinds={kind.name: kind for kind in Kind})
    return Interactions.from_frame(frame, columns)


def _attributes(frame: pd.DataFrame, survey: Survey, picked: str, ids: pd.Series) -> pd.DataFrame:
    """What is known of each respondent: numbers, categories, several choices parted by "|", NPS groups."""
    columns: dict[str, pd.Series] = {}
    for one in survey.of_kind("number", "category", "nps", "choices"):
        texts = frame[one.column].str.strip()
        if one.kind == "choices":
            if picked == "attributes":
                tidy = texts.str.split(one.separator).map(_tags, na_action="ignore")
                columns[one.column] = tidy
        elif one.kind == "category":
            columns[one.column] = texts
        else:
            columns[one.column] = _numbers(texts)
            if one.kind == "nps":
                columns[f"{one.column} (group)"] = nps_groups(columns[one.column])
    table = pd.DataFrame(columns, index=frame.index)
    table.index = pd.Index(ids.to_numpy(object), dtype="str", name="customer")
    return table


def nps_groups(scores: pd.Series) -> pd.Series:
    """Promoter (9 and 10), passive (7 and 8) or detractor (0 to 6); missing outside 0 to 10."""
    known = scores.between(0, 10)
    words = np.select([scores >= PROMOTER, scores >= PASSIVE], ["promoter", "passive"], "detractor")
    return pd.Series(words, scores.index, dtype="str").where(known)


def _nps(column: pd.Series) -> float:
    groups = nps_groups(_numbers(column.str.strip())).dropna()
    if groups.empty:
        return float("nan")
    return float(100 * ((groups == "promoter").mean() - (groups == "detractor").mean()))


def _tags(parts: list[str]) -> str:
    return "|".join(part.strip().replace("|", "/") for part in parts if part.strip())


def _item_id(text: str) -> str:
    return text if len(text) <= LONGEST_ID else text[: LONGEST_ID - 1] + "…"
