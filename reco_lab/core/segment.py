"""Who belongs to a segment, as a rule that a person reads: conditions on customers, joined by and, or, not."""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from reco_lab.core.errors import InputError
from reco_lab.core.interactions import Kind
from reco_lab.core.words import agree

MOST_CONDITIONS = 50
MOST_IDS = 200_000
DEEPEST = 8
RfmName = Literal[
    "champions", "loyal", "potential loyalists", "new", "promising", "need attention", "about to sleep",
    "at risk", "cannot lose them", "hibernating",
]  # fmt: skip
Edges = tuple[float, float, float, float]


class Cutoffs(BaseModel):
    """Where recency (days), frequency (days with a purchase) and spend are cut into five: ascending, each edge in the lower part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recency: Edges
    frequency: Edges
    monetary: Edges

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        for name in ("recency", "frequency", "monetary"):
            edges = getattr(self, name)
            if list(edges) != sorted(edges):
                raise ValueError(f"The cut-offs of {name} must ascend.")
        return self


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def words(self) -> str:
        """The rule as a person says it."""
        raise NotImplementedError

    @property
    def parts(self) -> "tuple[Definition, ...]":
        """The rules inside it."""
        return ()


class All(_Rule):
    """Those who fulfil every rule in it; without one, everyone."""

    kind: Literal["all"] = "all"
    of: "tuple[Definition, ...]" = ()

    @property
    def words(self) -> str:
        """The rules with "and" between them."""
        return _joined(self.of, " and ") or "everyone"

    @property
    def parts(self) -> "tuple[Definition, ...]":
        """The rules inside it."""
        return self.of


class Either(_Rule):
    """Those who fulfil one rule in it at least."""

    kind: Literal["any"] = "any"
    of: "tuple[Definition, ...]" = Field(min_length=1)

    @property
    def words(self) -> str:
        """The rules with "or" between them."""
        return _joined(self.of, " or ")

    @property
    def parts(self) -> "tuple[Definition, ...]":
        """The rules inside it."""
        return self.of


class Not(_Rule):
    """Those who do not fulfil a rule, those of whom it cannot be known among them."""

    kind: Literal["not"] = "not"
    of: "Definition"

    @property
    def words(self) -> str:
        """The rule with "not" before it."""
        return f"not {self.of.words}" if not self.of.parts else f"not ({self.of.words})"

    @property
    def parts(self) -> "tuple[Definition, ...]":
        """The rule inside it."""
        return (self.of,)


class Attribute(_Rule):
    """Those in whose `column` there is one of `values`, a number or a day from `low` to `high`, or nothing.

    A cell may hold several values with "|" between them; one of them is enough.
    """

    kind: Literal["attribute"] = "attribute"
    column: str
    test: Literal["is", "between", "missing"] = "is"
    values: tuple[str, ...] = ()
    low: float | str | None = None
    high: float | str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.test == "is" and not self.values:
            raise ValueError(f"Say which values of {self.column!r} are meant.")
        if self.test == "between" and self.low is None and self.high is None:
            raise ValueError(f"Say from or to where {self.column!r} may go.")
        return self

    @property
    def words(self) -> str:
        """The column and what is asked of it."""
        if self.test == "missing":
            return f"{self.column} not known"
        if self.test == "is":
            return f"{self.column} {' or '.join(self.values)}"
        return f"{self.column} {_between(self.low, self.high)}"


class Behaviour(_Rule):
    """Those who did something so often, on so many days, for so much money, or so many days ago.

    `within` counts days back from the last day of the data; None is the whole log. `interaction` is a kind by
    name; without one purchases count, or everything where there are none. `recency` is how many days lie
    between the last such interaction and the last day of the data: who never did it fulfils none.
    """

    kind: Literal["behaviour"] = "behaviour"
    measure: Literal["count", "days", "spend", "recency"] = "count"
    low: float | None = Field(default=None, ge=0)
    high: float | None = Field(default=None, ge=0)
    within: int | None = Field(default=None, ge=1, le=36_500)
    interaction: str | None = None
    category: str | None = None
    item: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("Say how much it must be at least or at most.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"{self.low:g} is more than {self.high:g}.")
        if self.interaction is not None and self.interaction not in Kind.__members__:
            raise ValueError(
                f"{self.interaction!r} is no kind of interaction. There are: {', '.join(Kind.__members__)}."
            )
        return self

    @property
    def words(self) -> str:
        """How much of what, of which items, and when."""
        how = _between(self.low, self.high)
        noun = self.interaction or "purchase"
        many = noun if 1 in {self.low, self.high} and {self.low, self.high} <= {1, None} else f"{noun}s"
        said = {
            "count": f"{how} {many}",
            "days": f"{many} on {how} {agree(self.low or 0, 'day', 'days')}",
            "spend": f"spent {how}",
            "recency": f"last {noun} {how} days before the data end",
        }[self.measure]
        of = f" of {self.item}" if self.item else f" in {self.category}" if self.category else ""
        when = f" within the last {self.within} days of the data" if self.within else ""
        return said + of + when


class Rfm(_Rule):
    """Those in one of these classes of recency, frequency and spend; without `cutoffs` each is cut in fifths."""

    kind: Literal["rfm"] = "rfm"
    classes: tuple[RfmName, ...] = Field(min_length=1)
    cutoffs: Cutoffs | None = None

    @property
    def words(self) -> str:
        """The classes by name."""
        return f"in the RFM class {' or '.join(self.classes)}" + (" (own cut-offs)" if self.cutoffs else "")


class Listed(_Rule):
    """Those on a list of ids."""

    kind: Literal["listed"] = "listed"
    ids: tuple[str, ...] = Field(max_length=MOST_IDS)
    title: str = "a list"

    @property
    def words(self) -> str:
        """The title of the list and its length."""
        return f"on {self.title} of {len(self.ids):,} {agree(len(self.ids), 'id', 'ids')}"


Definition = Annotated[
    All | Either | Not | Attribute | Behaviour | Rfm | Listed,
    Field(discriminator="kind"),
]
for _one in (All, Either, Not):
    _one.model_rebuild()
_ADAPTER: TypeAdapter[Definition] = TypeAdapter(Definition)


def parse(values: object) -> Definition:
    """The definition that these JSON values are; raises InputError that says what is wrong with it."""
    try:
        found: Definition = _ADAPTER.validate_python(values)
    except (ValidationError, RecursionError) as error:
        raise InputError(_told(error), where="The rule of the segment") from error
    return checked(found)


def dump(definition: Definition) -> dict[str, object]:
    """The definition as JSON values that `parse` reads back to the same definition."""
    return definition.model_dump(mode="json", exclude_none=True)


def checked(definition: Definition) -> Definition:
    """The definition itself; raises InputError if it is longer or deeper than a person can have meant."""
    depths = [depth for depth, _ in rules(definition)]
    if len(depths) > MOST_CONDITIONS or max(depths) > DEEPEST:
        raise InputError(
            f"It has {len(depths)} conditions, {max(depths)} within each other.",
            where="The rule of the segment",
            fix=f"At most {MOST_CONDITIONS} are taken, {DEEPEST} within each other.",
        )
    return definition


def rules(definition: Definition, depth: int = 1) -> Iterator[tuple[int, Definition]]:
    """Every rule in a definition with how deep it stands, itself first."""
    yield depth, definition
    for part in definition.parts:
        yield from rules(part, depth + 1)


def without(definition: Definition, gone: Callable[[tuple[str, ...]], frozenset[str]]) -> Definition:
    """The definition with those ids taken off its lists that `gone` finds among them."""
    if isinstance(definition, Listed):
        hers = gone(definition.ids)
        left = tuple(one for one in definition.ids if one not in hers)
        return definition.model_copy(update={"ids": left}) if hers else definition
    if isinstance(definition, All | Either):
        return definition.model_copy(update={"of": tuple(without(one, gone) for one in definition.of)})
    if isinstance(definition, Not):
        return definition.model_copy(update={"of": without(definition.of, gone)})
    return definition


def _joined(parts: "tuple[Definition, ...]", word: str) -> str:
    return word.join(f"({one.words})" if len(one.parts) > 1 else one.words for one in parts)


def _between(low: float | str | None, high: float | str | None) -> str:
    if low is not None and low == high:
        return f"exactly {_number(low)}"
    if low is None:
        return f"at most {_number(high)}"
    if high is None:
        return f"at least {_number(low)}"
    return f"{_number(low)} to {_number(high)}"


def _number(value: float | str | None) -> str:
    return f"{value:,.10g}" if isinstance(value, float | int) else str(value)


def _told(error: Exception) -> str:
    first = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else None
    if first is None or len(first["loc"]) > 4 * DEEPEST:
        return "It is nested too deeply."
    path = ".".join(str(part) for part in first["loc"])
    message = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{path}: {message}." if path else f"{message}."
