"""A test of one way to serve against another: customers are told apart by chance, each stays in her arm for good."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reco_lab.core.errors import SpecError
from reco_lab.core.policy import policy
from reco_lab.core.words import share

Metric = Literal["click rate", "conversion", "revenue"]
Guardrail = Literal["latency", "fallback", "dismissed", "revenue"]
GUARDRAILS: tuple[Guardrail, ...] = ("latency", "fallback", "dismissed", "revenue")
HOLDOUT = "holdout"
NOTHING_PERSONAL: Mapping[str, Any] = {"policy": "uniform_random"}
EXACT = 1e-6
_BITS = 53  # as many as a float holds, so that no fraction rounds up to 1


@dataclass(frozen=True)
class Split:
    """Tells customers apart by a hash of the test's `key` and their pseudonyms, which falls evenly from 0 to 1.

    `edges` are where each group ends.
    """

    key: bytes
    edges: tuple[float, ...]

    def place(self, customer: str) -> int | None:
        """The place of a customer's group; None where she is in none of them."""
        digest = blake2b(customer.encode(), digest_size=8, key=self.key).digest()
        where = (int.from_bytes(digest, "big") >> (64 - _BITS)) / (1 << _BITS)
        found = bisect_right(self.edges, where)
        return found if found < len(self.edges) else None


class Arm(BaseModel):
    """One way to serve: its policy, and the model before those that serve everybody (as a publication keeps it).

    No `policy` or `model`: those of everybody at the start. `share` is the part of the customers who are in an arm.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    share: float
    policy: dict[str, Any] = {}
    model: dict[str, Any] | None = None


class AbTest(BaseModel):
    """A test of arms, the control first.

    `traffic` is the part of the customers who take part, `holdout` the part of these who get ads by chance alone and
    show what personal ads bring at all; the rest is told apart into the arms by their shares, which sum to 1.
    `minimum_lift` is the smallest lift of the metric worth having, seen with `power` if it is there. What an ad
    brought is counted `days_after` it was chosen at most.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field("", max_length=16)
    title: str = Field("A/B test", min_length=1, max_length=200)
    arms: tuple[Arm, ...]
    traffic: float = 1.0
    holdout: float = 0.0
    metric: Metric = "click rate"
    guardrails: tuple[Guardrail, ...] = GUARDRAILS
    minimum_lift: float = Field(0.05, gt=0, le=10)
    power: float = Field(0.8, ge=0.5, le=0.99)
    days_after: int = Field(7, ge=1, le=60)

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> "AbTest":
        if wrong := _wrong(self):
            raise ValueError(wrong)
        return self

    @property
    def groups(self) -> tuple[Arm, ...]:
        """The arms with the share of the test's customers that each gets, and behind them those held out."""
        rest = 1 - self.holdout
        arms = tuple(arm.model_copy(update={"share": rest * arm.share}) for arm in self.arms)
        held = Arm(name=HOLDOUT, share=self.holdout, policy=dict(NOTHING_PERSONAL)) if self.holdout else None
        return (*arms, held) if held else arms

    @property
    def split(self) -> Split:
        """Who goes into which of the `groups`."""
        edges = tuple(accumulate(self.traffic * group.share for group in self.groups))
        return Split(self.id.encode(), (*edges[:-1], 1.0) if self.traffic == 1 else edges)

    def label(self, group: Arm) -> str:
        """How the log names an arm of this test."""
        return f"{self.id}/{group.name}"


def ab_test(spec: Mapping[str, Any]) -> AbTest:
    """Parse a test; SpecError in a sentence for what cannot be tested, NotFoundError for a policy that is not there."""
    try:
        found = AbTest.model_validate(dict(spec))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SpecError(
            first["msg"].removeprefix("Value error, "), where=place, fix="Change the test."
        ) from error
    for arm in found.arms:
        if arm.policy:
            policy(arm.policy)
    return found


def _wrong(test: AbTest) -> str:
    """What keeps customers from being told apart, as a sentence; empty if nothing does."""
    names = [arm.name for arm in test.arms]
    if len(test.arms) < 2 and not (test.arms and test.holdout):
        return f"A test needs two arms at least, and there is {'one' if test.arms else 'none'}."
    if len(set(names)) < len(names) or HOLDOUT in names:
        return f"Each arm needs a name of its own, other than “{HOLDOUT}”."
    if any("/" in name for name in names):
        return "The name of an arm may not hold a slash."
    if not 0 < test.traffic <= 1:
        return f"{share(test.traffic)} of the customers cannot take part: it must be more than 0% and at most 100%."
    if not 0 <= test.holdout < 1:
        return f"{share(test.holdout)} of the customers cannot be held out."
    return _wrong_shares([arm.share for arm in test.arms])


def _wrong_shares(shares: Sequence[float]) -> str:
    if any(not 0 < one <= 1 for one in shares):
        return "Each arm needs a share of the customers above 0%."
    if abs(sum(shares) - 1) > EXACT:
        return f"The shares of the arms sum to {share(sum(shares), 1)}, and must sum to 100%."
    return ""
