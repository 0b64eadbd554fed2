"""The quality report: what is wrong in a file, grouped by the mend, with what each mend would change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis.attribute_columns import meanings
from reco_lab.analysis.columns import kind_of_value
from reco_lab.cleaning.typed import TypedTable, read_roles
from reco_lab.core.experiment import Columns
from reco_lab.core.interactions import ColumnMap
from reco_lab.core.recipe import Reading, Recipe
from reco_lab.core.source import Table
from reco_lab.core.step import Severity, Step, StepContext, Suggestion, steps
from reco_lab.core.words import count
from reco_lab.services.analytics import proposed, told_columns
from reco_lab.services.mapping import column_map, named_columns
from reco_lab.services.privacy import pseudonym_key
from reco_lab.sources import sniff
from reco_lab.workspace import Workspace

EXAMPLES = 5
OVERLAP = "Each is counted in the file as it is; an import leaves a row with several faults out once, under the first."
_URGENCY: tuple[Severity, ...] = ("stop", "loss", "doubt", "note")
_ORDER = (
    "missing_ids", "unreadable", "impossible_times", "cancelled_orders", "not_positive", "exact_copies",
    "repeated_ratings", "dominant_customers", "rogue_ids", "declared_robots", "robots", "reloads", "constant_column", "pseudonyms",
)  # fmt: skip
_MEANING_OF_KIND = {"purchase": "quantity", "rating": "rating"}


@dataclass(frozen=True, eq=False)
class Finding:
    """One thing that is wrong and the step that mends it.

    `rows` and `customers` are those the step concerns, `examples` some of these rows as the file has them
    (index: the line). `before` and `after` count rows, customers and items, this step alone applied.
    """

    step: Step
    title: str
    sentence: str
    severity: Severity
    on_by_default: bool
    rows: int
    customers: int
    examples: pd.DataFrame
    before: Mapping[str, int]
    after: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class QualityReport:
    """What was found in the whole file, most urgent first.

    `questions` are sentences that a person must answer (a `Reading`, or another column) before anything can be
    loaded, by role. `rows` counts all of the file, also the `unread` ones, which the findings are not about.
    `first` and `last` bound the times. `left` rows come in with the mends that are on by default, `gone` are the
    places of the rows that each step alone leaves out.
    """

    rows: int
    unread: int
    findings: tuple[Finding, ...]
    questions: Mapping[str, str]
    notes: Mapping[str, str]
    columns: Columns
    shape: tuple[str, ...]
    first: str | None
    last: str | None
    left: int
    gone: tuple[tuple[Step, NDArray[np.intp]], ...]

    @property
    def counted(self) -> str:
        """How many rows the file has, and how many of them cannot be read, in words."""
        unread = f", of which {self.unread:,} cannot be read" if self.unread else ""
        return count(self.rows, "row") + unread

    @property
    def overlap(self) -> str:
        """Why an import may count fewer rows under a finding than stand here; nothing where it cannot."""
        leave_out = [one for one in self.findings if one.after["rows"] < one.before["rows"]]
        return OVERLAP if len(leave_out) > 1 else ""

    def come_in(self, chosen: list[Finding]) -> str:
        """How many rows come in with the mends `chosen`, in words; "about" for another choice than the default.

        Steps run one after another, so what several leave out together is only known for the default, which was run.
        """
        if self.steps_of(chosen) == self.default_steps:
            return f"{self.left:,}"
        kept = [one.step for one in self.findings if one not in chosen]
        out = [places for step, places in self.gone if step not in kept]
        lost = len(np.unique(np.concatenate(out))) if out else 0
        return f"about {self.rows - self.unread - lost:,}"

    @property
    def default_steps(self) -> tuple[Step, ...]:
        """The mends that are on unless the person says otherwise, in the order in which they run."""
        return self.steps_of([one for one in self.findings if one.on_by_default])

    def steps_of(self, chosen: list[Finding]) -> tuple[Step, ...]:
        """The steps of these findings in the order in which they run, whatever order they were chosen in."""
        return tuple(sorted((one.step for one in chosen), key=_place))

    def _declined(self, chosen: list[Finding]) -> tuple[Step, ...]:
        return self.steps_of([one for one in self.findings if one.on_by_default and one not in chosen])

    def recipe(
        self, chosen: list[Finding] | None = None, reading: Reading | None = None, **settings: Any
    ) -> Recipe:
        """The recipe with the mends chosen; None takes those on by default. `settings`: header, options."""
        return Recipe(
            shape=self.shape,
            columns=self.columns,
            reading=reading or Reading(),
            steps=self.default_steps if chosen is None else self.steps_of(chosen),
            declined=() if chosen is None else self._declined(chosen),
            **settings,
        )


def quality(
    workspace: Workspace,
    path: Path,
    columns: Columns | None = None,
    *,
    header: bool | None = None,
    format: str | None = None,  # noqa: A002 - the word of the experiment file
    reading: Reading | None = None,
    options: Mapping[str, Any] | None = None,
) -> QualityReport:
    """Look at every row of a file and say what is wrong, what would mend it and what that would change.

    `columns` None takes the guess. Raises DataError or MappingError where the file or the mapping cannot be
    used at all; a column that only needs an answer becomes a question of the report.
    """
    table = sniff(path, format).read(path, header=header, **(options or {}))
    return look(workspace, table, columns, reading)


def look(
    workspace: Workspace, table: Table, columns: Columns | None = None, reading: Reading | None = None
) -> QualityReport:
    """The report on a table that is read already."""
    named = named_columns(table.frame, columns or told_columns(table))
    mapping = column_map(named)
    typed = read_roles(table.frame, mapping, workspace.clock.now(), reading or proposed(table))
    ctx = context(workspace, table.frame, mapping)
    asked = bool({"user", "item"} & set(typed.questions))
    found = () if asked else tuple(_findings(table.frame, typed, ctx))
    findings = [one for one, _ in found]
    times = typed.frame["time"] if "time" in typed.frame else pd.Series(dtype="datetime64[us]")
    return QualityReport(
        rows=table.rows_in_file,
        unread=len(table.refused),
        findings=tuple(sorted(findings, key=lambda one: (_URGENCY.index(one.severity), -one.rows))),
        questions={role: str(error) for role, error in typed.questions.items()},
        notes=typed.notes,
        columns=named,
        shape=table.shape,
        first=None if times.dropna().empty else str(times.min()),
        last=None if times.dropna().empty else str(times.max()),
        left=_left(typed.frame, [one.step for one in findings if one.on_by_default], ctx),
        gone=tuple((one.step, places) for one, places in found if len(places)),
    )


def _left(frame: pd.DataFrame, chosen: list[Step], ctx: StepContext) -> int:
    """How many rows are left after these steps, each run on what the one before left."""
    for step in sorted(chosen, key=_place):
        frame = step.apply(frame, ctx).frame
    return len(frame)


def context(workspace: Workspace, frame: pd.DataFrame, mapping: ColumnMap) -> StepContext:
    """What steps may use besides the table."""
    known = meanings(frame, (mapping.user, mapping.item))
    found = {name: word for name, word in known.items() if name not in vars(mapping).values()}
    for role in ("user", "item"):
        if word := known.get(getattr(mapping, role)):
            found[role] = word
    if mapping.value is not None:
        kind = "" if mapping.kind else kind_of_value(frame[mapping.value], frame.columns)[0]
        by_name = known.get(mapping.value, "")
        found["value"] = by_name if by_name == "price" else _MEANING_OF_KIND.get(kind, by_name)
    return StepContext(workspace.clock.now(), pseudonym_key(workspace), found)


def _findings(
    frame: pd.DataFrame, typed: TypedTable, ctx: StepContext
) -> Iterator[tuple[Finding, NDArray[np.intp]]]:
    """What is wrong, each with the places of the rows that its step leaves out."""
    before = _counts(typed.frame)
    for kind in steps().values():
        for suggestion in kind.suggest(typed.frame, ctx):
            yield _finding(suggestion, frame, typed.frame, ctx, before)


def _finding(
    found: Suggestion, frame: pd.DataFrame, typed: pd.DataFrame, ctx: StepContext, before: Mapping[str, int]
) -> tuple[Finding, NDArray[np.intp]]:
    mended = found.step.apply(typed, ctx)
    touched = mended.dropped if len(mended.dropped) or not mended.changed else _changed(typed, mended.frame)
    finding = Finding(
        step=found.step,
        title=found.step.title,
        sentence=found.sentence,
        severity=found.severity,
        on_by_default=found.on,
        rows=len(mended.dropped) + mended.changed,
        customers=int(touched["user"].nunique()) if "user" in touched else 0,
        examples=frame.iloc[touched.index[:EXAMPLES]],
        before=before,
        after=_counts(mended.frame),
    )
    return finding, mended.dropped.index.to_numpy(np.intp)


def _changed(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The rows that a step changed, as they were."""
    same = (before == after) | (before.isna() & after.isna())
    return before[~same.all(axis=1)]


def _counts(frame: pd.DataFrame) -> dict[str, int]:
    return {
        "rows": len(frame),
        "customers": int(frame["user"].nunique()),
        "items": int(frame["item"].nunique()),
    }


def _place(step: Step) -> tuple[int, str]:
    kind = step.kind()
    return (_ORDER.index(kind) if kind in _ORDER else _ORDER.index("pseudonyms") - 1, str(step.to_dict()))
