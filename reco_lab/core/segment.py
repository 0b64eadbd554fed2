"""Who belongs to a segment, as a rule that a person reads: conditions on customers, joined by and, or, not."""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from reco_lab.core.conditions import (
    AtRisk,
    Attribute,
    Behaviour,
    Due,
    Group,
    Interest,
    Lifetime,
    Listed,
    Rfm,
    Rule,
    Upcoming,
)
from reco_lab.core.errors import InputError

MOST_CONDITIONS = 50
DEEPEST = 8


class All(Rule):
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


class Either(Rule):
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


class Not(Rule):
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


class LookAlike(Rule):
    """Those outside of a segment who resemble its members most, at most `number` of them."""

    kind: Literal["look_alike"] = "look_alike"
    of: "Definition"
    number: int = Field(default=1000, ge=1, le=10_000_000)
    title: str = ""

    @property
    def words(self) -> str:
        """How many, and of whom."""
        return f"the {self.number:,} who most resemble those who are {self.title or self.of.words}"

    @property
    def parts(self) -> "tuple[Definition, ...]":
        """The rule of those whom they resemble."""
        return (self.of,)


Definition = Annotated[
    All
    | Either
    | Not
    | LookAlike
    | Attribute
    | Behaviour
    | Rfm
    | Listed
    | Lifetime
    | AtRisk
    | Due
    | Upcoming
    | Interest
    | Group,
    Field(discriminator="kind"),
]
for _one in (All, Either, Not, LookAlike):
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
    if isinstance(definition, Not | LookAlike):
        return definition.model_copy(update={"of": without(definition.of, gone)})
    return definition


def _joined(parts: "tuple[Definition, ...]", word: str) -> str:
    return word.join(f"({one.words})" if len(one.parts) > 1 else one.words for one in parts)


def _told(error: Exception) -> str:
    first = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else None
    if first is None or len(first["loc"]) > 4 * DEEPEST:
        return "It is nested too deeply."
    path = ".".join(str(part) for part in first["loc"])
    message = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{path}: {message}." if path else f"{message}."
