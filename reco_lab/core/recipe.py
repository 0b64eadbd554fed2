"""A recipe: how a file of one shape is read and mended, so that the next one needs no questions."""

import codecs
import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, field_validator, model_validator
from pydantic.dataclasses import dataclass

from reco_lab.core.experiment import Columns
from reco_lab.core.step import Step, step

OPTIONS: Mapping[str, tuple[type, ...]] = {
    "delimiter": (str,),
    "quote": (str,),
    "encoding": (str,),
    "table": (int, str),
    "sheet": (int, str),
    "allow_refused": (bool,),
    "pages": (str,),
    "join_ids": (bool,),
}
Weight = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Reading:
    """What a person may say about a file that it does not show by itself.

    `kinds` maps words of the file to names of `Kind`, or to nothing where their rows are left out. `weights` says
    how much a row of a word counts: its value is multiplied by it, a row without a value has it as its value.
    """

    decimal: Literal[".", ","] | None = None
    day_first: bool | None = None
    zone: str = "UTC"
    kinds: Mapping[str, str] = Field(default_factory=dict)
    weights: Mapping[str, Weight] = Field(default_factory=dict)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (OSError, ValueError, LookupError) as error:
            raise ValueError(f"{zone!r} is no time zone. Write one such as UTC or Europe/Berlin.") from error
        return zone


def _allow_option(name: str, value: Any) -> None:
    """Raise ValueError for what no source takes as an option."""
    if name not in OPTIONS:
        raise ValueError(f"{name!r} is no option. There are: {', '.join(OPTIONS)}.")
    if not isinstance(value, OPTIONS[name]):
        raise ValueError(f"{name} = {value!r} is not allowed.")  # noqa: TRY004 - pydantic reports a ValueError
    if isinstance(value, str) and ("\0" in value or "\n" in value):
        raise ValueError(f"{name} may not hold line ends or NULs.")
    if name == "encoding" and value:
        try:
            codecs.lookup(str(value))
        except LookupError as error:
            raise ValueError(f"{value!r} is no encoding. Write one such as utf-8 or cp1252.") from error


class TableRecipe(BaseModel):
    """How a table of customers or items is read: its id, the columns with a meaning, those left out.

    Columns of customers with personal data are left out even where nobody knew them, except those in `keep`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()


class Origin(BaseModel):
    """Where in a database rows come from: the name of a connection, and a table (schema, name) or a query.

    `grows_by` is the column by which only what is new is read the next time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    database: str
    table: tuple[str, str] | None = None
    query: str = ""
    grows_by: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Origin":
        if (self.table is None) == (not self.query.strip()):
            raise ValueError("name either a table or a query.")
        return self


class Recipe(BaseModel):
    """The answers and mends of an import: what the columns mean, how they are written, the steps in order.

    `options` are those of the sources (`OPTIONS`). `shape` holds the names of the file's columns, by which
    the recipe is suggested for the next file. `customers` and `items` say the same of the tables beside it.
    `declined` are mends that were offered and not wanted: what stands neither here nor in `steps` was not
    needed, and may be for the next file. `origin` says which database the rows came from, where they did.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    shape: tuple[str, ...] = ()
    header: bool | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    columns: Columns
    reading: Reading = Field(default_factory=Reading)
    steps: tuple[SerializeAsAny[Step], ...] = ()
    declined: tuple[SerializeAsAny[Step], ...] = ()
    customers: TableRecipe | None = None
    items: TableRecipe | None = None
    origin: Origin | None = None

    @field_validator("options")
    @classmethod
    def _known_options(cls, options: dict[str, Any]) -> dict[str, Any]:
        for name, value in options.items():
            _allow_option(name, value)
        return options

    @field_validator("steps", "declined", mode="before")
    @classmethod
    def _steps(cls, values: Any) -> Any:
        if not isinstance(values, list | tuple):
            return values
        return tuple(step(one) if isinstance(one, Mapping) else one for one in values)


def shape_key(columns: Sequence[str]) -> str:
    """The key of a shape: files whose columns have the same names in the same order share it."""
    return hashlib.sha256("\0".join(map(str, columns)).encode()).hexdigest()
