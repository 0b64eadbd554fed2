"""A campaign as it is written down: whom it reaches, what it shows, by which rules, and who is left out to compare.

The same words make the same lists on the same data, so a campaign is saved, repeated and printed as this.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reco_lab.campaigns.terms import Everyone, Who
from reco_lab.core.errors import SpecError
from reco_lab.core.parameters import tunable
from reco_lab.core.words import count

MOST_RULES = 20


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Where(_Spec):
    """Items by one column: its value is `one_of` these words, or a number from `low` to `high` (either may be open).

    A cell may hold several words with "|" between them; one of them is enough. An item with an empty cell never
    matches.
    """

    column: str = Field(min_length=1, max_length=200)
    one_of: tuple[str, ...] = Field(default=(), max_length=10_000)
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.one_of and self.low is None and self.high is None:
            raise ValueError("a condition names words, or where a number begins or ends")
        if self.one_of and (self.low is not None or self.high is not None):
            raise ValueError("a condition names words or numbers, not both")
        return self

    @property
    def sentence(self) -> str:
        """The condition in words: "category is Running or Yoga"."""
        if self.one_of:
            shown = " or ".join(self.one_of[:3])
            more = f" or {len(self.one_of) - 3} more" if len(self.one_of) > 3 else ""
            return f"{self.column} is {shown}{more}"
        if self.low is None:
            return f"{self.column} is {self.high:g} or less"
        if self.high is None:
            return f"{self.column} is {self.low:g} or more"
        return f"{self.column} is {self.low:g} to {self.high:g}"


class Exclude(_Spec):
    """Never shows these items."""

    kind: Literal["exclude"] = "exclude"
    where: Where

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"Nothing whose {self.where.sentence}"


class Boost(_Spec):
    """Moves these items up (or down, where negative): 1 is the way from a list's last candidate to its first."""

    kind: Literal["boost"] = "boost"
    where: Where
    strength: float = tunable(0.2, -1.0, 1.0, help="How far up (or down) they move")

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"Items whose {self.where.sentence} move {'up' if self.strength >= 0 else 'down'}"


class Pin(_Spec):
    """Puts at this place of every list the one of these items that the customer is likeliest to want."""

    kind: Literal["pin"] = "pin"
    where: Where
    place: int = tunable(1, 1, 20, help="The place in the list")

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"Place {self.place} is for an item whose {self.where.sentence}"


class NotBought(_Spec):
    """Leaves out what the customer bought within so many days before the campaign (None: ever)."""

    kind: Literal["not_bought"] = "not_bought"
    days: int | None = Field(default=90, ge=1, le=36_500)

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return (
            "Nothing bought before"
            if self.days is None
            else f"Nothing bought in the last {count(self.days, 'day')}"
        )


class Cap(_Spec):
    """Allows at most so many items with the same word in a column in one list; with 1, one item a family."""

    kind: Literal["cap"] = "cap"
    column: str = Field("category", min_length=1, max_length=200)
    most: int = tunable(2, 1, 20, help="How many of one kind a list may hold")

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"At most {count(self.most, 'item')} of one {self.column} in a list"


class Variety(_Spec):
    """Lets what is like something in the list already come later (maximal marginal relevance)."""

    kind: Literal["variety"] = "variety"
    strength: float = tunable(0.3, 0.0, 1.0, help="0 keeps the recommender's order, 1 looks at variety alone")

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"More variety (strength {self.strength:g})"


class Stock(_Spec):
    """Shows each item to no more customers than there are pieces: as a column says, or the same number for all.

    An item with an empty cell in the column has no limit.
    """

    kind: Literal["stock"] = "stock"
    column: str | None = Field(default=None, min_length=1, max_length=200)
    each: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.column is None) == (self.each is None):
            raise ValueError("stock is a column or one number for all items")
        return self

    @property
    def sentence(self) -> str:
        """The rule in words."""
        if self.column is not None:
            return f"Each item for no more customers than its {self.column} says"
        return f"Each item for at most {count(self.each or 0, 'customer')}"


class Budget(_Spec):
    """Spends no more than `total` on all that is shown; showing an item costs what a column says, or `each`.

    An item with an empty cell in the column costs nothing.
    """

    kind: Literal["budget"] = "budget"
    total: float = Field(gt=0, allow_inf_nan=False)
    column: str | None = Field(default=None, min_length=1, max_length=200)
    each: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.column is None) == (self.each is None):
            raise ValueError("what an item costs is a column or one number for all items")
        return self

    @property
    def sentence(self) -> str:
        """The rule in words."""
        cost = f"its {self.column}" if self.column is not None else f"{self.each:,.2f}"
        return f"No more than {self.total:,.2f} in all, where showing an item costs {cost}"


Rule = Annotated[
    Exclude | Boost | Pin | NotBought | Cap | Variety | Stock | Budget, Field(discriminator="kind")
]


class Route(_Spec):
    """Customers of a segment are shown what another model of the same experiment recommends."""

    segment: str
    model: str


class FromModel(_Spec):
    """What a trained recommender of a finished experiment recommends (its champion, if none is named).

    The first route whose segment a customer is in decides which model answers for her.
    """

    kind: Literal["model"] = "model"
    experiment: str
    model: str | None = None
    routes: tuple[Route, ...] = ()


class FixedItems(_Spec):
    """The same items for everybody, in this order, as far as the rules let them through."""

    kind: Literal["fixed"] = "fixed"
    items: tuple[str, ...] = Field(min_length=1, max_length=200)


What = Annotated[FromModel | FixedItems, Field(discriminator="kind")]


class Audience(_Spec):
    """Whom a campaign is for. Consent and the suppression list are always respected, whatever is said here.

    `rest_days`: who was in a campaign within so many days is left in peace.
    """

    who: Who = Everyone()
    rest_days: int | None = Field(default=None, ge=1, le=3650)


class ControlGroup(_Spec):
    """Who gets nothing, so that one can see what the campaign did.

    `share` of the audience, or `customers` of it where a number is given, the same part of every stratum of
    the columns `strata` (of the table of customers). `standing` is the part of all customers who are never
    sent anything: always the same ones, in every campaign.
    """

    share: float = tunable(0.1, 0.0, 0.9, help="The share of the audience that gets nothing")
    standing: float = tunable(0.0, 0.0, 0.5, help="The share of all customers who are never sent anything")
    customers: int | None = Field(default=None, ge=0)
    strata: tuple[str, ...] = ()


class Costs(_Spec):
    """What is assumed about money, each editable and shown as an assumption.

    `per_message` is what sending to one customer costs. `rate`: the share of shown items that are bought, where it
    is not to be estimated from the log. `value`: what one sale is worth, where items have no price.
    """

    per_message: float = Field(0.0, ge=0, allow_inf_nan=False)
    rate: float | None = Field(default=None, ge=0, le=1)
    value: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class Goal(_Spec):
    """What the campaign is held against: who buys, or what they spend, in the `days` after it was sent.

    `lift` is the smallest relative lift worth having (0.05: 5 %), `power` how likely it shall be seen if it is there.
    """

    outcome: Literal["conversion", "revenue"] = "conversion"
    days: int = tunable(14, 1, 365, help="How many days after the send are counted")
    lift: float = tunable(0.05, 0.001, 5.0, log=True, help="The smallest relative lift worth having")
    power: float = tunable(0.8, 0.5, 0.99, help="How likely it is to be seen if it is there")


class Campaign(_Spec):
    """A whole campaign. `seed` draws its control group, `items` is how many each customer is shown.

    `fingerprint` names the version of the data that it was prepared on; empty until then.
    """

    title: str = Field(min_length=1, max_length=200)
    dataset: str
    what: What
    audience: Audience = Audience()
    rules: tuple[Rule, ...] = Field(default=(), max_length=MOST_RULES)
    control: ControlGroup = ControlGroup()
    goal: Goal = Goal()
    costs: Costs = Costs()
    items: int = tunable(4, 1, 20, help="How many items each customer is shown")
    seed: int = Field(0, ge=0, lt=2**31)
    fingerprint: str = ""

    @classmethod
    def parse(cls, values: Any) -> "Campaign":
        """The campaign of these JSON values; SpecError with the place and the reason where they are none."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "campaign"
            raise SpecError(f"{where}: {first['msg']}.", where="campaign") from error
