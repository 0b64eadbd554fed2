"""What a cleaning step is: a mend of a table of interactions that can be looked at, chosen, kept and replayed."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError, model_serializer
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from reco_lab.core.discovery import discover, lookup, public_id
from reco_lab.core.errors import SpecError
from reco_lab.core.parameters import Parameter, explain, parameters_of

STEPS = "reco_lab.cleaning.steps"
Severity = Literal["stop", "loss", "doubt", "note"]


@dataclass(frozen=True, eq=False)
class StepContext:
    """All a step may use besides the table: the moment, the workspace's secret key, what other columns hold.

    `meanings` maps columns of the table that have no role to a word: "order", "price", "quantity", "status".
    """

    now: datetime
    key: bytes = b""
    meanings: Mapping[str, str] = field(default_factory=dict)

    def called(self, meaning: str) -> list[str]:
        """The columns with this meaning."""
        return [column for column, known in self.meanings.items() if known == meaning]


@dataclass(frozen=True, eq=False)
class Mended:
    """What a step did: the rows that stay, those it left out, and how many that stay it changed."""

    frame: pd.DataFrame
    dropped: pd.DataFrame
    changed: int = 0


@dataclass(frozen=True)
class Suggestion:
    """A step that a table seems to need: `sentence` says what was found, `on` whether to mend unasked.

    Severities: "stop" (nothing is loaded until this is decided), "loss" (rows nobody can use), "doubt"
    (worth a look), "note".
    """

    step: "Step"
    sentence: str
    severity: Severity = "doubt"
    on: bool = False


class Step(BaseModel, ABC):
    """A mend: frozen, JSON, one file each; the file's name is the `step` in a recipe.

    The table has the columns user, item and, where the file has them, value (float), time (datetime, UTC)
    and kind; what could not be read is missing in them. Other columns of the file stand beside them as text.
    Its index is different in every row.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: ClassVar[str]
    summary: ClassVar[str]

    @property
    def title(self) -> str:
        """A heading for the report."""
        return self.label

    @property
    @abstractmethod
    def reason(self) -> str:
        """Why a row is left out, as the end of "this row ..."."""

    @classmethod
    @abstractmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """Steps of this kind that the table seems to need."""

    @abstractmethod
    def apply(self, frame: pd.DataFrame, ctx: StepContext) -> Mended:
        """Mend a table without touching the one given; a column that is not there is a SpecError."""

    @classmethod
    def kind(cls) -> str:
        """The public id."""
        return public_id(STEPS, Step, cls)  # type: ignore[type-abstract]

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """What can be set, in the order of declaration."""
        return parameters_of(cls)

    def to_dict(self) -> dict[str, Any]:
        """The specification as JSON values: `step` and its settings."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {"step": self.kind()} | plain

    @model_serializer(mode="wrap")
    def _serialize(self, _handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return self.to_dict()


def require_column(frame: pd.DataFrame, column: str, step: Step) -> pd.Series:
    """A column that a step needs; SpecError naming those there are."""
    if column not in frame:
        raise SpecError(
            f"The step {step.kind()!r} needs a column {column!r}, which this file does not have.",
            fix=f"There are: {', '.join(map(str, frame.columns[:30]))}.",
            key="column",
        )
    found: pd.Series = frame[column]
    return found


def steps() -> dict[str, type[Step]]:
    """Every kind of step there is, by public id."""
    return dict(discover(STEPS, Step))  # type: ignore[type-abstract]


def step(spec: Mapping[str, Any]) -> Step:
    """Parse `{"step": id, setting: value, ...}`; a mistake names what is allowed."""
    values = dict(spec)
    name = values.pop("step", None)
    if not isinstance(name, str):
        raise SpecError("A step needs its name.", fix=f"There are: {', '.join(steps())}.", key="step")
    found = lookup(STEPS, Step, name)  # type: ignore[type-abstract]
    try:
        return found(**values)
    except ValidationError as error:
        raise explain(name, found, error) from error
