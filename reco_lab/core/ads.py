"""What an advertiser books: a creative, where and to whom it may be shown, and what it may cost."""

from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

LONGEST_ID = 256
MOST_MONEY = 1e9
_DATETIME = TypeAdapter(datetime)

Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
Text = Annotated[str, Field(max_length=500)]


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    with suppress(
        ValidationError
    ):  # read here, as JSON has no moments: where all is strict, no text would be one
        if isinstance(value, str) and value[:4].isdecimal() and value[4:5] == "-":
            return _DATETIME.validate_python(value)  # "2026" alone would be seconds since 1970
    raise ValueError("a moment is written as 2026-05-01T12:00:00Z")


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(
            "a moment needs its time zone, as in 2026-05-01T12:00:00Z or 2026-05-01T14:00:00+02:00"
        )
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("no calendar has this moment in UTC") from None
    return moment


Moment = Annotated[datetime, BeforeValidator(_written), AfterValidator(_in_utc)]
Money = Annotated[float, Field(ge=0, le=MOST_MONEY, allow_inf_nan=False)]


class Billing(StrEnum):
    """What an advertiser pays for."""

    decision = "decision"
    click = "click"


class Ad(BaseModel):
    """One ad. What is None or empty does not restrict: no slots means every slot, no budget means no end of it.

    It promotes an `item`, or any item of a `category`, or neither. `bid` is the price of a click (or of a
    decision, see `billing`) in the shop's currency. `attributes` must all hold for the customer, each with one of
    its values; `segments` are names of which one must hold. `cap_per_day` is how often one customer may get it
    in a day (UTC). A `house` ad is the shop's own: it costs nothing and is the last resort.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Id
    title: Annotated[str, Field(min_length=1, max_length=500)]
    link: Annotated[str, Field(max_length=2000, pattern=r"^(https?://|/|$)")] = ""
    advertiser: Text = ""
    item: Id | None = None
    category: Text | None = None
    bid: Money = 0.0
    billing: Billing = Billing.click
    starts: Moment | None = None
    ends: Moment | None = None
    slots: tuple[Text, ...] = ()
    segments: tuple[Text, ...] = ()
    attributes: dict[str, tuple[Text, ...]] = Field(default_factory=dict, max_length=20)
    daily_budget: Money | None = None
    total_budget: Money | None = None
    cap_per_day: Annotated[int, Field(ge=1, le=1000)] | None = None
    house: bool = False
    paused: bool = False

    @field_validator("slots", "segments", mode="after")
    @classmethod
    def _few(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if len(values) > 100:
            raise ValueError("at most 100 are allowed")
        return values

    @model_validator(mode="after")
    def _flight(self) -> Self:
        if self.starts and self.ends and self.starts >= self.ends:
            raise ValueError("an ad ends after it starts")
        if self.item is not None and self.category is not None:
            raise ValueError("an ad promotes an item or a category, not both")
        return self

    def flies(self, now: datetime) -> bool:
        """Whether its flight covers this moment and nobody paused it."""
        begun = self.starts is None or self.starts <= now
        return begun and (self.ends is None or now < self.ends) and not self.paused
