"""How ads are chosen once they are ranked: a frozen specification that knows the chance of what it did."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from reco_lab.core.discovery import discover, lookup, public_id
from reco_lab.core.errors import ParameterError
from reco_lab.core.memory import Memory
from reco_lab.core.parameters import Parameter, explain, parameters_of
from reco_lab.core.ranking import top
from reco_lab.core.unchanging import unchanging

POLICIES = "reco_lab.policies"

ROUNDING = 1e-9
Scores = NDArray[np.float32]


@unchanging()
class Choice:
    """What was chosen: positions in the array of scores, best place first, and the chance of each given those before.

    A chance is that of the policy as it was executed, so that a log of choices can be weighted by it.
    """

    chosen: NDArray[np.intp]
    propensities: NDArray[np.float64]

    @classmethod
    def certain(cls, chosen: NDArray[np.intp]) -> "Choice":
        """These in their order, as nothing else could have been chosen."""
        return cls(chosen, np.array([1.0] * len(chosen)))

    @property
    def sound(self) -> bool:
        """Whether each place has another candidate and a chance above 0 and of at most 1: anything else cannot be logged."""
        chosen, chances = self.chosen.tolist(), self.propensities.tolist()
        different = len(set(chosen)) == len(chosen) == len(chances)
        return different and all(0 < chance <= 1 + ROUNDING for chance in chances)


@unchanging()
class Seen:
    """What a policy sees when it chooses: the candidates for one customer at one moment.

    `scores` is what the ranking gave each, its bid included as far as bids count, `worth` what the bid multiplied it
    by (None: nothing). `ads` are the rows of the candidates in a learner's memory (a negative row, or None for all of
    them: an ad it never heard of). `features` are numbers known of the customer, the first of them 1; None: nothing.
    """

    scores: Scores
    ads: NDArray[np.intp] | None = None
    features: NDArray[np.float32] | None = None
    worth: Scores | None = None


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

    That a candidate may be shown at all was settled before. `choose` and `chances` see scores alone; whoever knows
    more asks `place` and `odds`, which are the same for a policy that looks at nothing else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    info: ClassVar[PolicyInfo]

    @abstractmethod
    def choose(self, scores: Scores, n: int, rng: np.random.Generator) -> Choice:
        """Fill up to n places with different candidates; fewer candidates than n are all placed."""

    @abstractmethod
    def chances(self, scores: Scores, before: NDArray[np.intp]) -> NDArray[np.float64]:
        """The chance of each candidate at the next place, given those placed `before` (which have none); sums to 1."""

    def place(self, seen: Seen, n: int, rng: np.random.Generator, memory: Memory | None = None) -> Choice:  # noqa: ARG002 - for those that learn
        """Fill up to n places, with all that is seen and what was learnt."""
        return self.choose(seen.scores, n, rng)

    def odds(
        self,
        seen: Seen,
        before: NDArray[np.intp],
        rng: np.random.Generator,  # noqa: ARG002 - for those that draw
        memory: Memory | None = None,  # noqa: ARG002 - for those that learn
    ) -> NDArray[np.float64]:
        """The chance of each candidate at the next place, given those placed `before`; sums to 1.

        It is the one that `place` uses when it is given a generator in the same state.
        """
        return self.chances(seen.scores, before)

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


def nth_left(taken: Sequence[int], nth: int) -> int:
    """The nth candidate (from 0) when those taken are left out."""
    for one in sorted(taken):
        nth += one <= nth
    return nth
