"""Conditions on a customer: what is known of her, what she did, what is expected of her; each says itself in words."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from reco_lab.core.interactions import Kind
from reco_lab.core.words import agree

MOST_IDS = 200_000
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


class Rule(BaseModel):
    """What every rule and every condition can: say itself, and name the rules inside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def words(self) -> str:
        """The rule as a person says it."""
        raise NotImplementedError

    @property
    def parts(self) -> tuple[Any, ...]:
        """The rules inside it."""
        return ()


class Attribute(Rule):
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
        return f"{self.column} {between(self.low, self.high)}"


class Behaviour(Rule):
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
        _require_span(self.low, self.high)
        if self.interaction is not None and self.interaction not in Kind.__members__:
            raise ValueError(
                f"{self.interaction!r} is no kind of interaction. There are: {', '.join(Kind.__members__)}."
            )
        return self

    @property
    def words(self) -> str:
        """How much of what, of which items, and when."""
        how = between(self.low, self.high)
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


class Rfm(Rule):
    """Those in one of these classes of recency, frequency and spend; without `cutoffs` each is cut in fifths."""

    kind: Literal["rfm"] = "rfm"
    classes: tuple[RfmName, ...] = Field(min_length=1)
    cutoffs: Cutoffs | None = None

    @property
    def words(self) -> str:
        """The classes by name."""
        return f"in the RFM class {' or '.join(self.classes)}" + (" (own cut-offs)" if self.cutoffs else "")


class Listed(Rule):
    """Those on a list of ids."""

    kind: Literal["listed"] = "listed"
    ids: tuple[str, ...] = Field(max_length=MOST_IDS)
    title: str = "a list"

    @property
    def words(self) -> str:
        """The title of the list and its length."""
        return f"on {self.title} of {len(self.ids):,} {agree(len(self.ids), 'id', 'ids')}"


class Lifetime(Rule):
    """Those who are customers still (`alive`, a chance), or expected to buy so often or bring so much in the next `horizon` days."""

    kind: Literal["lifetime"] = "lifetime"
    measure: Literal["alive", "expected", "value"] = "value"
    low: float | None = Field(default=None, ge=0)
    high: float | None = Field(default=None, ge=0)
    horizon: int = Field(default=365, ge=1, le=3650)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _require_span(self.low, self.high)
        return self

    @property
    def words(self) -> str:
        """What is expected, and for how long."""
        how = between(self.low, self.high)
        said = {
            "alive": f"chance {how} to be a customer still",
            "expected": f"{how} purchases expected",
            "value": f"value of {how} expected",
        }[self.measure]
        return said if self.measure == "alive" else f"{said} in the next {self.horizon} days"


class AtRisk(Rule):
    """Those of two visits at least who buy nothing in the next `horizon` days with a chance of at least `low`.

    Without a `horizon` it is two of the shop's usual gaps between visits.
    """

    kind: Literal["at_risk"] = "at_risk"
    low: float = Field(default=0.5, ge=0, le=1)
    horizon: int | None = Field(default=None, ge=1, le=365)

    @property
    def words(self) -> str:
        """How likely they stay away, and for how long."""
        span = "two usual gaps between visits" if self.horizon is None else f"{self.horizon} days"
        return f"at risk: chance at least {self.low:.0%} to buy nothing for {span}"


class Due(Rule):
    """Those who, going by their own rhythm, have bought again within so many days after the end of the data, as often as not."""

    kind: Literal["due"] = "due"
    days: int = Field(ge=1, le=3650)

    @property
    def words(self) -> str:
        """Within how many days."""
        return f"next purchase expected within {self.days} days"


class Upcoming(Rule):
    """Those whose next visit most likely holds one of these categories."""

    kind: Literal["upcoming"] = "upcoming"
    categories: tuple[str, ...] = Field(min_length=1)

    @property
    def words(self) -> str:
        """The categories."""
        return f"next category most likely {' or '.join(self.categories)}"


class Interest(Rule):
    """Those whose share of a category is expected to be at least so many times everyone's."""

    kind: Literal["interest"] = "interest"
    category: str
    low: float = Field(default=2.0, gt=0)

    @property
    def words(self) -> str:
        """The category and how keen they are on it."""
        return f"interested in {self.category} at least {self.low:g} times as much as everyone"


class Group(Rule):
    """Those in some of the groups of customers who behave alike, which are found anew on new data.

    `number` of groups (None: as many as the data suggest), each numbered from 0, those who spend most first.
    """

    kind: Literal["group"] = "group"
    groups: tuple[int, ...] = Field(min_length=1)
    number: int | None = Field(default=None, ge=2, le=10)
    method: Literal["k-means", "mixture"] = "k-means"
    columns: tuple[str, ...] = ()
    title: str = ""

    @property
    def words(self) -> str:
        """The title of the groups, or their numbers."""
        some = " or ".join(str(one + 1) for one in self.groups)
        return f"in group {some} of customers who behave alike" + (f" ({self.title})" if self.title else "")


def between(low: float | str | None, high: float | str | None) -> str:
    """A span in words."""
    if low is not None and low == high:
        return f"exactly {_number(low)}"
    if low is None:
        return f"at most {_number(high)}"
    if high is None:
        return f"at least {_number(low)}"
    return f"{_number(low)} to {_number(high)}"


def _number(value: float | str | None) -> str:
    return f"{value:,.10g}" if isinstance(value, float | int) else str(value)


def _require_span(low: float | None, high: float | None) -> None:
    if low is None and high is None:
        raise ValueError("Say how much it must be at least or at most.")
    if low is not None and high is not None and low > high:
        raise ValueError(f"{low:g} is more than {high:g}.")
