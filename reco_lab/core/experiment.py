"""An experiment: one question, asked of several recommenders on the same data and split."""

import hashlib
import json
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from reco_lab.core.errors import NotFoundError
from reco_lab.core.evaluation import metric, metric_key
from reco_lab.core.interactions import Kind
from reco_lab.core.recommender import Recommender, recommender
from reco_lab.core.splitting import Splitter, splitter

Column = str | int


class Columns(BaseModel):
    """Which column means what, by name or by position; the last three say something of the item."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: Column
    item: Column
    value: Column | None = None
    time: Column | None = None
    kind: Column | None = None
    title: Column | None = None
    category: Column | None = None
    price: Column | None = None


class DataSpec(BaseModel):
    """The data of an experiment: a data set of the workspace by name, or files.

    `version` and `fingerprint` (of its content, the same in every workspace) name one version of a data set;
    without them the newest is meant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str | None = None
    version: int | None = Field(default=None, ge=1)
    fingerprint: str | None = None
    train: str | None = None
    validation: str | None = None
    test: str | None = None
    candidates: str | None = None
    format: Literal["table", "lists"] = "table"
    header: bool = True
    columns: Columns | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.dataset is not None and any((self.train, self.validation, self.test, self.candidates)):
            raise ValueError("name either a data set or files, not both")
        if self.dataset is None and (self.version, self.fingerprint) != (None, None):
            raise ValueError("version and fingerprint are those of a data set; name it")
        return self


class MetricSpec(BaseModel):
    """Which metrics at which lengths of the list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...] = Field(
        default=("ndcg", "recall", "precision", "hit_rate", "map", "mrr", "coverage", "novelty"), min_length=1
    )
    k: tuple[int, ...] = (10,)

    @field_validator("names")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                metric(name)
            except NotFoundError as error:
                raise ValueError(str(error)) from error
        return tuple(dict.fromkeys(names))

    @field_validator("k")
    @classmethod
    def _bounded(cls, k: tuple[int, ...]) -> tuple[int, ...]:
        if not k or min(k) < 1 or max(k) > 1000:
            raise ValueError("k must be from 1 to 1000.")
        return tuple(sorted(set(k)))


class Question(BaseModel):
    """What every recommender is asked, whatever the data: metrics, what it learns from, what counts as a hit.

    The first metric at the first k is the headline. `learn_from` names the kinds of interaction the models
    see (empty: all), `predict` those that count as a hit (empty: purchases where there are any, else all).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    threads: int = Field(default=1, ge=1, le=64)
    metrics: MetricSpec = MetricSpec()
    learn_from: tuple[str, ...] = ()
    predict: tuple[str, ...] = ()
    repeats: bool = False

    @field_validator("learn_from", "predict")
    @classmethod
    def _known_kinds(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in Kind.__members__]
        if unknown:
            raise ValueError(
                f"{unknown[0]!r} is no kind of interaction. There are: {', '.join(Kind.__members__)}."
            )
        return names

    @property
    def headline(self) -> str:
        """The key of the metric that the verdict is about: the first metric at the first cut-off."""
        return metric_key(self.metrics.names[0], self.metrics.k[0])

    def with_seed(self, seed: int) -> Self:
        """The same question with another seed."""
        return self.model_copy(update={"seed": seed})

    def kinds(self, which: Literal["learn_from", "predict"]) -> tuple[Kind, ...]:
        """The kinds named by a field."""
        names: tuple[str, ...] = getattr(self, which)
        return tuple(Kind[name] for name in names)


class Tuning(BaseModel):
    """The budget that every recommender gets to find its settings on the validation part: trials, or seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trials: int = Field(default=25, ge=1, le=1000)
    seconds: float | None = Field(default=None, gt=0, le=7 * 24 * 3600)


class Experiment(Question):
    """Recommenders to compare on one data set and one split.

    A recommender whose result depends on the seed is run with `seeds` of them, `seed` and those after it.
    With `tuning` each finds its settings first, within the same budget.
    """

    name: str = Field(default="experiment", min_length=1, max_length=120)
    data: DataSpec
    split: Splitter | None = None
    recommenders: tuple[Recommender, ...] = Field(min_length=1, max_length=100)
    seeds: int = Field(default=3, ge=1, le=20)
    tuning: Tuning | None = None

    @field_validator("recommenders", mode="before")
    @classmethod
    def _parse_recommenders(cls, specs: Any) -> Any:
        if not isinstance(specs, list | tuple):
            return specs
        return tuple(spec if isinstance(spec, Recommender) else recommender(spec) for spec in specs)

    @field_validator("split", mode="before")
    @classmethod
    def _parse_split(cls, spec: Any) -> Any:
        return spec if spec is None or isinstance(spec, Splitter) else splitter(spec)

    def key(self, fingerprint: str) -> str:
        """The question's key; `fingerprint` is that of the data and its cuts. The name does not matter."""
        question = self.model_dump(mode="json", exclude={"name", "data"})
        return hashlib.sha256(json.dumps([question, fingerprint], sort_keys=True).encode()).hexdigest()

    def run_key(self, spec: Recommender, fingerprint: str, seed: int) -> str:
        """The key of one recommender's run with a seed: neither another recommender nor another metric changes it.

        What matters of the metrics is the headline, which the validation is about, the longest list, and
        whether any looks at the whole ranking, which is only kept where it is asked for.
        """
        deep = next((one for one in self.metrics.names if metric(one).needs_ranks), self.metrics.names[0])
        kept = MetricSpec(names=(self.metrics.names[0], deep), k=(self.metrics.k[0], max(self.metrics.k)))
        alone = {
            "recommenders": (spec,),
            "split": None,
            "metrics": kept,
            "seeds": 1,
            "tuning": None,
            "seed": seed,
        }
        return self.model_copy(update=alone).key(fingerprint)
