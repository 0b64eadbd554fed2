"""How ads are chosen once they are ranked: a frozen specification that knows the chance of what it did."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from reco_lab.core.discovery import discover, lookup, public_id
from reco_lab.core.errors import ParameterError
from reco_lab.core.parameters import Parameter, explain, parameters_of
from reco_lab.core.ranking import top

POLICIES = "reco_lab.policies"

Scores = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen: positions in the array of scores, best place first, and the chance of each given those before.

    A chance is that of the policy as it was executed, so that a log of choices can be weighted by it.
    """

    chosen: NDArray[np.intp]
    propensities: NDArray[np.float64]


@dataclass(frozen=True)
class PolicyInfo:
    """What a person reads about a policy: its name, a sentence for a marketer, where it was published.

    `ranked` is False where it does not look at the scores, so that no place is owed to them.
    """

    label: str
    summary: str
    source: str
    ranked: bool = True


class Policy(BaseModel, ABC):
    """Chooses among ranked candidates; frozen, hashable, JSON, one a file in `reco_lab/policies`.

    It sees scores alone: that a candidate may be shown at all was settled before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    info: ClassVar[PolicyInfo]

    @abstractmethod
    def choose(self, scores: Scores, n: int, rng: np.random.Generator) -> Choice:
        """Fill up to n places with different candidates; fewer candidates than n are all placed."""

    @abstractmethod
    def chances(self, scores: Scores, before: NDArray[np.intp]) -> NDArray[np.float64]:
        """The chance of each candidate at the next place, given those placed `before` (which have none); sums to 1."""

    @classmethod
    def policy(cls) -> str:
        """The public id."""
        return public_id(POLICIES, Policy, cls)  # type: ignore[type-abstract]

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """Its settings, in the order of declaration."""
        return parameters_of(cls)

    def to_dict(self) -> dict[str, Any]:
        """The specification as JSON values, with its public id as `policy`."""
        return {"policy": self.policy()} | self.model_dump(mode="json")


def policies() -> Mapping[str, type[Policy]]:
    """Every policy there is, by public id."""
    return discover(POLICIES, Policy)  # type: ignore[type-abstract]


def policy(spec: Mapping[str, Any]) -> Policy:
    """Parse `{"policy": id, setting: value, ...}`; NotFoundError for an unknown id, ParameterError for a bad value."""
    values = dict(spec)
    name = values.pop("policy", None)
    if not isinstance(name, str):
        raise ParameterError("A policy needs its name.", key="policy")
    kind = lookup(POLICIES, Policy, name)  # type: ignore[type-abstract]
    try:
        return kind(**values)
    except ValidationError as error:
        raise explain(kind.info.label, kind, error) from error


def best_first(scores: Scores, n: int) -> NDArray[np.intp]:
    """The positions of the n highest scores, best first; equal scores by position."""
    if n == 1 and len(scores):
        return np.array([scores.argmax()], np.intp)
    chosen, _ = top(np.require(scores, np.float32, ("C", "W"))[None, :], min(n, len(scores)))
    return np.asarray(chosen[0], np.intp)
