"""The run card: everything that is needed to repeat an experiment, and the digits it gave."""

import os
import platform
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from reco_lab.core.errors import SpecError
from reco_lab.core.evaluation import metric
from reco_lab.core.experiment import Experiment
from reco_lab.experiments.results import Comparison, Row

KIND: Literal["reco-lab run card"] = "reco-lab run card"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Part):
    """The data of a run: its name, its fingerprint (SHA-256), its size, and the recipe that made it of a file (TOML)."""

    name: str
    fingerprint: str
    rows: int
    customers: int
    items: int
    recipe: str = ""


class Machine(_Part):
    """Where the digits were computed."""

    system: str
    processors: int
    threads: int


class Card(_Part):
    """An experiment with its answer. `definitions` says what each metric means, by public id."""

    kind: Literal["reco-lab run card"] = KIND
    experiment: dict[str, Any]
    data: Source
    answer: Comparison
    definitions: dict[str, str]
    machine: Machine


class Difference(_Part):
    """A figure that came out otherwise: whose, which, what the card says and what this machine says."""

    recommender: str
    quantity: str
    card: float | str | None
    here: float | str | None


class Repetition(_Part):
    """What repeating a card gave. `causes` are what is not as it was; `differences` the figures that are not."""

    compared: int
    causes: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether every digit is the same."""
        return not self.differences

    @property
    def sentence(self) -> str:
        """What came of it, in a line."""
        if self.same:
            return f"The same to the last digit: {self.compared:,} figures compared."
        known = f" Not as it was: {'; '.join(self.causes)}." if self.causes else ""
        return f"{len(self.differences):,} of {self.compared:,} figures differ.{known}"


def card(experiment: Experiment, data: Source, answer: Comparison) -> Card:
    """The card of a finished experiment."""
    return Card(
        experiment=experiment.model_dump(mode="json"),
        data=data,
        answer=answer,
        definitions={name: metric(name).definition for name in experiment.metrics.names},
        machine=_machine(experiment),
    )


def read(text: str, name: str = "card.json") -> tuple[Card, Experiment]:
    """A card and the experiment it repeats; SpecError says what is wrong with a text that is none."""
    try:
        found = Card.model_validate_json(text)
        return found, Experiment.model_validate(found.experiment)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(map(str, first["loc"])) or "the file"
        raise SpecError(
            f"This is no run card that can be repeated: {path}: {first['msg'].rstrip('.')}.",
            where=name,
            fix="The Run card tab of Compare writes one.",
        ) from error


def repeated(found: Card, experiment: Experiment, again: Comparison) -> Repetition:
    """Hold a new answer against the card's, figure by figure; times and memory may differ."""
    mine, theirs = (_figures(answer) for answer in (again, found.answer))
    keys = [
        key
        for key in dict.fromkeys([*theirs, *mine])
        if theirs.get(key) is not None or mine.get(key) is not None
    ]
    differences = tuple(
        Difference(recommender=key[0], quantity=key[1], card=theirs.get(key), here=mine.get(key))
        for key in keys
        if theirs.get(key) != mine.get(key)
    )
    return Repetition(compared=len(keys), causes=_causes(found, experiment, again), differences=differences)


def _figures(answer: Comparison) -> dict[tuple[str, str], float | str | None]:
    """Every figure that must come out the same, by recommender and quantity, and who is the champion."""
    champion: dict[tuple[str, str], float | str | None] = {("all", "champion"): answer.champion}
    return (
        champion
        | {(row.name, name): value for row in answer.leaderboard for name, value in _row(row).items()}
        | {
            (one.other, f"{one.metric} against {one.champion}: {name}"): getattr(one, name)
            for one in answer.verdicts
            for name in ("difference", "low", "high", "p", "p_holm", "p_max_t", "customers", "outcome")
        }
    )


def _row(row: Row) -> dict[str, float | str | None]:
    figures: dict[str, float | str | None] = {
        "validation": row.validation,
        "failed": None if row.error is None else "yes",
    }
    for key, cell in row.metrics.items():
        figures |= {f"{key} {name}".removesuffix(" value"): number for name, number in cell}
    return figures | {f"seed {place + 1}": value for place, value in enumerate(row.by_seed)}


def _causes(found: Card, experiment: Experiment, again: Comparison) -> tuple[str, ...]:
    """What is other than it was when the card was written, and may explain other digits."""
    here = _machine(experiment)
    causes = [
        f"{name} {there or 'missing'} then, {again.versions.get(name) or 'missing'} now"
        for name, there in found.answer.versions.items()
        if again.versions.get(name) != there
    ]
    if again.fingerprint != found.data.fingerprint:
        causes.insert(
            0, f"the data: fingerprint {found.data.fingerprint[:12]} then, {again.fingerprint[:12]} now"
        )
    if again.cut != found.answer.cut and again.fingerprint == found.data.fingerprint:
        causes.append("the cut of the data")
    if here.system != found.machine.system:
        causes.append(f"the machine: {found.machine.system} then, {here.system} now")
    if experiment.tuning is not None and experiment.tuning.seconds is not None:
        causes.append("the tuning was limited by time, not by trials alone")
    return tuple(causes)


def _machine(experiment: Experiment) -> Machine:
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        processors=os.cpu_count() or 1,
        threads=experiment.threads,
    )
