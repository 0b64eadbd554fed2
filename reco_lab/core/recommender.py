"""What an algorithm is: a frozen specification whose `fit` returns an immutable scorer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_serializer
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.discovery import discover, lookup, public_id
from reco_lab.core.errors import NeedsError, ParameterError
from reco_lab.core.events import Stage
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.parameters import Parameter, explain, parameters_of
from reco_lab.core.progress import Report

if TYPE_CHECKING:
    from reco_lab.core.ranking import (
        Candidates,  # ranking ranks what a Scorer scores, and so imports this module
    )

ALGORITHMS = "reco_lab.algorithms"

Scores = NDArray[np.float32]
Codes = NDArray[np.integer[Any]]


class Need(StrEnum):
    """What an algorithm may need of a data set; the value is the sentence's end: "it needs ..."."""

    times = "a column that says when each interaction happened"
    ratings = "ratings: numeric values that differ between interactions"
    item_attributes = "a table of items with a title, a category or other columns"
    customer_attributes = "a table of customers with attributes"

    def met(self, data: Dataset) -> bool:
        """Whether the data set has it."""
        log = data.interactions
        if self is Need.times:
            return log.times is not None
        if self is Need.ratings:
            return len(log.ratings) > 0 and bool(np.ptp(log.ratings.values) > 0)
        table = data.items if self is Need.item_attributes else data.customers
        return table is not None and bool(table.notna().to_numpy().any())


class Extra(StrEnum):
    """A part of the installation that only some algorithms need; the value is the library it brings."""

    deep = "torch"

    @property
    def installed(self) -> bool:
        """Whether the library can be imported here; it is not imported to find out."""
        return find_spec(self) is not None

    @property
    def sentence(self) -> str:
        """What it is and how to get it, as the end of "it needs ..."."""
        return f'the extra {self.name}: pip install -e ".[{self.name}]"'


@dataclass(frozen=True)
class Info:
    """What a person reads about an algorithm, and what the tests branch on.

    `summary` is a paragraph that a marketer understands. `needs` is what the data must have, `extras` what
    the installation must have to learn (a learnt model scores without). `folds_in` tells whether a customer
    it has never seen can be scored from a history passed in; where not, `folds_in_why` is the reason.
    `deterministic`: the same data and seed give the same arrays; `seeded`: another seed gives another model.
    `rates`: it also predicts ratings on the data's own scale.
    """

    label: str
    family: str
    summary: str
    paper: str
    needs: tuple[Need, ...] = ()
    extras: tuple[Extra, ...] = ()
    deterministic: bool = True
    seeded: bool = False
    folds_in: bool = True
    folds_in_why: str = ""
    rates: bool = False


@dataclass(frozen=True)
class FitContext:
    """All that a fit may use besides the data: a seed, a number of threads, a validation part, a way to report.

    `report(fraction, message)` may raise CancelledError, so a fit calls it between its steps. `validation`
    is only for algorithms that learn from it (a hybrid's weights); it never overlaps the data or the test.
    Lists for it are made as they will be judged: of these `candidates` (pairs by customer code), without the items
    of the history of `seen_kinds` (none named: all kinds), unless `repeats` count. `known` are the histories it
    is asked with, where they are not those of the data alone: some splits ask about customers nobody learns from.
    """

    seed: int = 0
    threads: int = 1
    validation: Interactions | None = None
    report: Report = lambda _fraction, _message: None
    candidates: "Candidates | None" = None
    seen_kinds: tuple[Kind, ...] = ()
    repeats: bool = False
    known: Interactions | None = None

    def rng(self) -> np.random.Generator:
        """A fresh generator from the seed: the only source of randomness."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True)
class State:
    """A scorer as plain data: arrays (no objects), JSON values, texts, and the states of its parts."""

    arrays: Mapping[str, NDArray[Any]]
    meta: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    children: tuple["State", ...] = ()


@dataclass(frozen=True, eq=False)
class Contributions:
    """Why one customer's scores are what they are: signed parts that add up to the score.

    `weights` is float32 history entries x items (rows follow the batch's history), `base` what is left for
    each item without any history. `weights.sum(axis=0) + base` equals the scores. `labels` names the rows
    where they are not history entries (parts of a hybrid, attributes).
    """

    weights: NDArray[np.float32]
    base: NDArray[np.float32]
    labels: tuple[str, ...] = ()


class Scorer(ABC):
    """A fitted model: immutable, safe to share between threads, nothing but scores.

    What was seen, candidates, top-k and fallback are not its business (see ranking). `basis` is what the scores rest
    on where they rest on the same for everybody.
    """

    n_items: int
    folds_in: bool
    basis: Stage = Stage.model

    @abstractmethod
    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Scores as finite float32 customers x all items, or x the given item codes, in their order."""

    @abstractmethod
    def state(self) -> State:
        """The scorer as plain data, enough for the recommender's `restore`."""

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Which customers it has something of their own to say to; here: those with a history, or known ones."""
        return batch.indptr[1:] > batch.indptr[:-1] if self.folds_in else batch.codes >= 0

    def bases(self, batch: UserBatch) -> list[Stage]:
        """What each customer's scores rest on, so that no reason tells of a history that was not looked at."""
        return [self.basis] * len(batch)

    def learnt(self) -> Mapping[str, Any]:
        """Hyper-parameters that the fit settled from the validation part, to be kept when it is fitted again."""
        return {}

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions | None:  # noqa: ARG002 - part of the contract
        """The signed parts of one customer's scores (`batch` has one row); None where the model cannot say."""
        return None

    def loudest(self, batch: UserBatch, items: Codes) -> NDArray[np.intp]:
        """The row of one customer's history that adds most to each item's score; -1: none does, or it cannot say."""
        parts = self.contributions(batch, items)
        if parts is None or parts.labels or not len(parts.weights):
            return np.full(len(items), -1)
        rows = parts.weights.argmax(axis=0)
        return np.where(parts.weights[rows, np.arange(len(items))] > 0, rows, -1)

    def predict(self, batch: UserBatch, owners: Codes, items: Codes) -> Scores | None:  # noqa: ARG002 - part of the contract
        """Ratings on the data's own scale for pairs (row `owners[n]` of the batch, `items[n]`); None: not a rating model."""
        return None


class Recommender(BaseModel, ABC):
    """An algorithm with its hyper-parameters and nothing else: frozen, hashable, JSON.

    A subclass lives alone in its file in `reco_lab/algorithms`; the file's name is its public id. It
    declares `info`, its parameters with `tunable(...)`, `fit` and `restore`; where the time of a fit does not grow
    with rows and with pairs of items that met, `cost` names what it grows with (see experiments.forecast).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    info: ClassVar[Info]
    cost: ClassVar[tuple[str, ...]] = ()
    parts: tuple["Recommender", ...] = ()

    @abstractmethod
    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Learn from the data and return a scorer; the data is left untouched.

        Raises NeedsError where the data cannot feed it, CancelledError through `ctx.report`.
        """

    @abstractmethod
    def restore(self, state: State) -> Scorer:
        """The scorer whose state this is."""

    @classmethod
    def algorithm(cls) -> str:
        """The public id."""
        return public_id(ALGORITHMS, Recommender, cls)  # type: ignore[type-abstract]

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """Its hyper-parameters, in the order of declaration."""
        return parameters_of(cls)

    @property
    def seeded(self) -> bool:
        """Whether another seed gives another model: by its own draws or those of a part."""
        return self.info.seeded or any(part.seeded for part in self.parts)

    @classmethod
    def uninstalled(cls) -> tuple[str, ...]:
        """The extras that it needs and that are not installed, in words."""
        return tuple(extra.sentence for extra in cls.info.extras if not extra.installed)

    def missing(self, data: Dataset) -> tuple[str, ...]:
        """What the data or the installation lacks, in words; empty if it can be fitted."""
        own = [*self.uninstalled(), *(str(need) for need in self.info.needs if not need.met(data))]
        return tuple(dict.fromkeys(own + [lack for part in self.parts for lack in part.missing(data)]))

    def require(self, data: Dataset) -> None:
        """Raise NeedsError if something is missing or there are no interactions."""
        if not len(data.interactions):
            raise NeedsError(f"{self.info.label} has nothing to learn from: there are no interactions.")
        if lacks := self.missing(data):
            raise NeedsError(f"{self.info.label} needs {', and '.join(lacks)}.")

    def made_of(self, data: Dataset) -> tuple["Recommender", ...]:  # noqa: ARG002 - those that choose look at it
        """The parts it is fitted with: those given, or what it chooses for this data."""
        return self.parts

    def params(self) -> dict[str, Any]:
        """The hyper-parameters' values by name (parts aside)."""
        return {parameter.name: getattr(self, parameter.name) for parameter in self.parameters()}

    def to_dict(self) -> dict[str, Any]:
        """The specification as JSON values: `algorithm`, every field, and `parts` of the same form."""
        parts = {"parts": [part.to_dict() for part in self.parts]} if self.parts else {}
        own = {name: _json(getattr(self, name)) for name in type(self).model_fields if name != "parts"}
        return {"algorithm": self.algorithm()} | own | parts

    @model_serializer(mode="wrap")
    def _serialize(self, _handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return self.to_dict()

    @field_validator("parts", mode="before")
    @classmethod
    def _parse_parts(cls, parts: Any) -> Any:
        if not isinstance(parts, list | tuple):
            return parts
        return tuple(part if isinstance(part, Recommender) else recommender(part) for part in parts)


def _json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def algorithms() -> Mapping[str, type[Recommender]]:
    """Every algorithm there is, by public id."""
    return discover(ALGORITHMS, Recommender)  # type: ignore[type-abstract]


def recommender(spec: Mapping[str, Any]) -> Recommender:
    """Parse `{"algorithm": id, parameter: value, ...}`.

    Raises NotFoundError for an unknown algorithm and ParameterError (with the bounds) for a bad parameter.
    """
    values = dict(spec) if isinstance(spec, Mapping) else {}
    name = values.pop("algorithm", None)
    if not isinstance(name, str):
        raise ParameterError(
            "A recommender needs an algorithm.", fix=f"There are: {', '.join(algorithms())}."
        )
    found = lookup(ALGORITHMS, Recommender, name)  # type: ignore[type-abstract]
    try:
        return found(**values)
    except ValidationError as error:
        raise explain(name, found, error) from error
    except RecursionError as error:
        raise ParameterError(f"{name}: its parts are nested too deeply.", key="parts") from error
