"""What comes in and what goes out, field by field: the models behind the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from reco_lab.cleaning.ids import one_id
from reco_lab.core.ads import Moment
from reco_lab.core.errors import InputError
from reco_lab.core.events import FeedbackKind, Stage
from reco_lab.core.interactions import LONGEST_ID

MOST_EVENTS = 1000
MOST_ATTRIBUTES = 100
# what Python trims, and what an id may hold at its ends and in between, for readers of the document
_BLANK = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SEEN = rf"[^\x00-\x1f\x7f-\x9f{_BLANK}]"
ID_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": rf"^[{_BLANK}]*{_SEEN}([^\x00-\x1f\x7f-\x9f]{{0,{LONGEST_ID - 2}}}{_SEEN})?[{_BLANK}]*$",
}


def _id(text: str) -> str:
    try:
        return one_id(text, "given")
    except InputError as error:
        raise ValueError(error.what) from None


Id = Annotated[str, AfterValidator(_id), WithJsonSchema(ID_SCHEMA)]
Amount = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Line = Annotated[str, Field(max_length=500)]
InteractionKind = Literal["interaction", "view", "click", "cart", "purchase", "rating"]


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Event(_Given):
    """What became of one decision. The same event may be sent again: it counts once, for ever."""

    event_id: Id
    decision_id: Id
    kind: FeedbackKind
    value: Amount | None = None
    at: Moment | None = None


class Interaction(_Given):
    """What a customer did to an item. The same interaction may be sent again: it counts once.

    Where the log is kept for some days only and one is sent again after that, `at` is what tells that it is old: it is
    refused then, while without `at` it is a new one.
    """

    event_id: Id
    user_id: Id
    item_id: Id
    kind: InteractionKind = "view"
    value: Amount = 1.0
    at: Moment | None = None


class Events(_Given):
    """Up to a thousand events."""

    events: Annotated[list[Event], Field(min_length=1, max_length=MOST_EVENTS)]


class Interactions(_Given):
    """Up to a thousand interactions."""

    interactions: Annotated[list[Interaction], Field(min_length=1, max_length=MOST_EVENTS)]


class Attributes(_Given):
    """What is known of a customer or an item; replaces what was told before."""

    attributes: Annotated[dict[Name, Line], Field(max_length=MOST_ATTRIBUTES)]


class ShownAd(BaseModel):
    """One ad of an answer; `decision_id` is what events name."""

    decision_id: str
    ad_id: str
    title: str
    link: str
    position: int
    reason: str


class AdsAnswer(BaseModel):
    """Ads for a customer, best place first. `fallback` says what stood in for the model, null if nothing had to."""

    request_id: str
    user_id: str
    slot: str
    ads: list[ShownAd]
    model_version: str
    policy: str
    arm: str
    fallback: Stage | None


class RecommendedItem(BaseModel):
    """One item of an answer."""

    item_id: str
    title: str
    score: float


class ItemsAnswer(BaseModel):
    """Items for a customer, best first."""

    user_id: str
    items: list[RecommendedItem]
    model_version: str
    fallback: Stage | None


class RefusedEvent(BaseModel):
    """An event of a batch that was kept apart: its place from 0, and why."""

    index: int
    reason: str


class TrackedAnswer(BaseModel):
    """What became of a batch. Every event is counted in one of the three."""

    accepted: int
    duplicates: int
    refused: list[RefusedEvent]


class Done(BaseModel):
    """What was asked for is done, and lasts."""

    done: Literal[True] = True


class DoneAd(Done):
    """An ad is booked; `note` says what its booker may not have meant, if anything."""

    note: str | None = None


class Alive(BaseModel):
    """The process answers."""

    alive: Literal[True] = True


class Ready(BaseModel):
    """Whether ads can be served as they should be, what serves, and what is wrong."""

    ready: bool
    problems: list[str]
    model_version: str
    policy: str
    ads: int


class LearntAd(BaseModel):
    """What is known of an ad: how often it counts as shown and was clicked, and between what its click rate is expected."""

    ad: str
    shown: float
    clicked: float
    rate: float
    low: float
    high: float


class LearntArm(BaseModel):
    """What serves the customers of an arm, and what it has learnt of its best ads."""

    arm: str
    policy: dict[str, Any]
    learns: bool
    ads: list[LearntAd]


class Policies(BaseModel):
    """Every arm that serves."""

    arms: list[LearntArm]


class Said(BaseModel):
    """What was wrong: a code for programs, a sentence for people, and which part is meant."""

    code: str
    message: str
    where: str


class Error(BaseModel):
    """The one shape of every answer that is no success."""

    error: Said
