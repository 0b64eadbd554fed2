"""What a split is: which rows a model may learn from, which choose the champion, which judge it."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError, model_serializer
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from reco_lab.core.dataset import Dataset
from reco_lab.core.discovery import discover, lookup, public_id
from reco_lab.core.errors import SpecError, SplitError
from reco_lab.core.interactions import Interactions, Rows
from reco_lab.core.parameters import Parameter, explain, parameters_of
from reco_lab.core.ranking import Candidates

SPLITS = "reco_lab.splits"
MOST_SAMPLED = 500


@dataclass(frozen=True, eq=False)
class Split:
    """One cut of a data set into rows to learn from, rows to choose by and rows to judge by.

    All row arrays are disjoint. The champion is chosen by models fitted on `train_rows` and scored on
    `validation_rows`; the leaderboard shows models fitted on both and scored on `test_rows`. `history_rows`
    are of test customers whom no model learned from: their known past, shown when the test asks;
    `validation_history_rows` are the same for the validation, and learned from before the test. `as_of` is
    the moment the test begins, where the split knows time. `candidates` limits what may be recommended
    (published benchmarks bring their own), `validation_candidates` in the validation part where that differs;
    None means every item known at the cut. `repeats`: a test row whose pair was seen in training counts as
    a hit; where it does not, it is removed and counted. `asks_everyone`: customers without a history are
    asked and scored too, instead of being served by the fallback that all models share.
    """

    name: str
    data: Dataset
    train_rows: Rows
    validation_rows: Rows
    test_rows: Rows
    candidates: Candidates | None = None
    validation_as_of: np.datetime64 | None = None
    as_of: np.datetime64 | None = None
    repeats: bool = False
    history_rows: Rows | None = None
    validation_history_rows: Rows | None = None
    validation_candidates: Candidates | None = None
    asks_everyone: bool = False

    @cached_property
    def train(self) -> Dataset:
        """What the models that are compared on validation learn from."""
        return self.data.take(self.train_rows)

    @cached_property
    def validation(self) -> Interactions:
        """What chooses the champion and teaches a hybrid its weights."""
        return self.data.interactions.take(self.validation_rows)

    @cached_property
    def before_test(self) -> Dataset:
        """Everything the judged models may learn from: train, validation and what was known for it."""
        return self.data.take(_joined(self.train_rows, self.validation_rows, self.validation_history_rows))

    @cached_property
    def known_before_validation(self) -> Interactions:
        """What is known of the customers when the validation asks."""
        if self.validation_history_rows is None:
            return self.train.interactions
        return self.data.interactions.take(_joined(self.train_rows, self.validation_history_rows))

    @cached_property
    def known_before_test(self) -> Interactions:
        """What is known of the customers when the test asks."""
        if self.history_rows is None:
            return self.before_test.interactions
        learned = (self.train_rows, self.validation_rows, self.validation_history_rows)
        return self.data.interactions.take(_joined(*learned, self.history_rows))

    @cached_property
    def sampled(self) -> bool:
        """Whether each customer is asked about a few hundred candidates at most: such figures compare with no others."""
        pairs = None if self.candidates is None else self.candidates.pairs
        if pairs is None or not len(self.test_rows):
            return False
        offered = np.diff(pairs.indptr)[np.unique(self.test.users)]
        return bool(np.median(offered) <= min(MOST_SAMPLED, pairs.shape[1] - 1))

    @cached_property
    def test(self) -> Interactions:
        """What judges."""
        return self.data.interactions.take(self.test_rows)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the data and of everything that makes this cut: what a run's key needs besides its question."""
        digest = hashlib.sha256(self.data.fingerprint.encode())
        for rows in (self.train_rows, self.validation_rows, self.test_rows):
            digest.update(rows.astype(np.int64).tobytes() + b"|")
        for extra in (self.validation_history_rows, self.history_rows):
            digest.update(b"" if extra is None else b"known" + extra.astype(np.int64).tobytes())
        _note(digest, self.candidates or Candidates())
        if self.validation_candidates is not None:
            _note(digest, self.validation_candidates)
        everyone = " everyone" if self.asks_everyone else ""
        digest.update(f"{self.as_of} {self.validation_as_of} {self.repeats}{everyone}".encode())
        return digest.hexdigest()


class Splitter(BaseModel, ABC):
    """A way to cut a data set: frozen, JSON, one file each; the file's name is the `kind` in an experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: ClassVar[str]
    summary: ClassVar[str]
    needs_times: ClassVar[bool] = False
    time_aware: ClassVar[bool] = False

    @abstractmethod
    def split(self, data: Dataset, rng: np.random.Generator) -> Iterator[Split]:
        """The cuts, one for most kinds and one a fold for cross-validation.

        Raises SplitError where a part would be empty.
        """

    @classmethod
    def kind(cls) -> str:
        """The public id."""
        return public_id(SPLITS, Splitter, cls)  # type: ignore[type-abstract]

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """What can be set, in the order of declaration."""
        return parameters_of(cls)

    def to_dict(self) -> dict[str, Any]:
        """The specification as JSON values: `kind` and its settings."""
        return {"kind": self.kind()} | {name: getattr(self, name) for name in type(self).model_fields}

    @model_serializer(mode="wrap")
    def _serialize(self, _handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return self.to_dict()


def splitters() -> dict[str, type[Splitter]]:
    """Every way to split there is, by public id."""
    return dict(discover(SPLITS, Splitter))  # type: ignore[type-abstract]


def splitter(spec: dict[str, Any]) -> Splitter:
    """Parse `{"kind": id, setting: value, ...}`; a mistake names what is allowed."""
    values = dict(spec) if isinstance(spec, Mapping) else {}
    name = values.pop("kind", None)
    if not isinstance(name, str):
        raise SpecError("A split needs a kind.", fix=f"There are: {', '.join(splitters())}.")
    found = lookup(SPLITS, Splitter, name)  # type: ignore[type-abstract]
    try:
        return found(**values)
    except ValidationError as error:
        raise explain(name, found, error) from error


def _joined(*parts: Rows | None) -> Rows:
    return np.sort(np.concatenate([part for part in parts if part is not None]))


def _note(digest: "hashlib._Hash", allowed: Candidates) -> None:
    digest.update(b"all" if allowed.items is None else np.packbits(allowed.items).tobytes())
    if allowed.pairs is not None:
        digest.update(allowed.pairs.indptr.tobytes() + allowed.pairs.indices.tobytes())


def require_rows(name: str, **parts: NDArray[Any]) -> None:
    """Raise SplitError naming the first of these parts of a split that has no rows."""
    for part, rows in parts.items():
        if not len(rows):
            raise SplitError(
                f"The {name} split leaves no {part} rows.", fix="Choose another share or another split."
            )
