"""The customer microscope: one customer, several models side by side, and why."""

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NotFoundError
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.ranking import NO_ITEM
from reco_lab.core.recommender import Contributions, Recommender, Scorer
from reco_lab.experiments.exam import Exam
from reco_lab.services.experiments import exam_of, models_of
from reco_lab.workspace import Workspace

REASONS = 3
NOTHING = 1e-9
BASELINE = "baseline"
STRENGTH = tuple(
    kind.name for kind in (Kind.interaction, Kind.view, Kind.click, Kind.cart, Kind.rating, Kind.purchase)
)


@dataclass(frozen=True)
class Reason:
    """A signed part of a score: what it comes from, and how much it adds.

    Where that is an item of the history, `kind` is the strongest thing done to it and `time` the latest moment;
    `itself` tells that it is the recommended item. Where it is a part of the model, `kind` is empty.
    """

    text: str
    weight: float
    kind: str = ""
    time: str = ""
    itself: bool = False


@dataclass(frozen=True)
class Card:
    """One recommended item. `held_out`: the customer really went for it after the cut."""

    item_id: str
    title: str
    category: str
    price: float | None
    score: float
    held_out: bool
    because: tuple[Reason, ...]


@dataclass(frozen=True)
class Panel:
    """One model's list. `why_not` says why it cannot follow a changed history; `fallback`, that it knows nothing of her.

    `explains`: its scores can be taken apart; where not, no card has a reason. `alike`: everybody gets the same.
    """

    name: str
    cards: tuple[Card, ...]
    folds_in: bool
    why_not: str = ""
    fallback: bool = False
    algorithm: str = ""
    explains: bool = True
    alike: bool = False


@dataclass(frozen=True)
class Afterwards:
    """What a customer did in the test part: rows of each kind; `asked` of the kinds to predict, and why some do not count.

    `again` are repeats of what she had before, `unknown` are of items that no list could hold.
    """

    kinds: dict[str, int]
    asked: int = 0
    again: int = 0
    unknown: int = 0


@dataclass(frozen=True, eq=False)
class Look:
    """What is known of a customer, what each model would show, what was really wanted, how far the lists agree.

    `history` has a row an interaction, newest first: item_id, title, kind, value, time. `overlap` is the
    share of items that two lists have in common, panels x panels. `wanted` are the kinds that count as a hit,
    `as_of` is the moment of the cut, where it knows one.
    """

    customer_id: str
    attributes: dict[str, str]
    history: pd.DataFrame
    panels: tuple[Panel, ...]
    held_out: tuple[str, ...]
    overlap: NDArray[np.float64]
    afterwards: Afterwards
    wanted: tuple[str, ...] = ()
    as_of: str | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """A model of the experiment, ready to score."""

    name: str
    spec: Recommender
    scorer: Scorer


@dataclass(frozen=True, eq=False)
class Microscope:
    """The models of one finished experiment and the customers of its test, loaded once and shared."""

    data: Dataset
    exam: Exam
    models: tuple[Model, ...]
    after: Interactions

    def customers(self, search: str = "", limit: int = 50) -> list[str]:
        """Ids that contain the search text: those with something held out first, longest histories first."""
        order = self._by_interest
        ids = self.data.interactions.user_ids.take(order)
        found = ids[ids.str.contains(search.strip(), case=False, regex=False)] if search.strip() else ids
        return [str(one) for one in found[:limit]]

    def items(self, search: str = "", limit: int = 50) -> list[tuple[str, str]]:
        """Item ids with titles that contain the search text, most popular first."""
        titles = self.data.titles.iloc[np.argsort(-self.exam.train.interactions.item_counts, kind="stable")]
        if search.strip():
            titles = titles[titles.str.contains(search.strip(), case=False, regex=False)]
        return [(str(item), str(title)) for item, title in titles.head(limit).items()]

    def title(self, item_id: str) -> str:
        """What an item is called; NotFoundError for one that is not there."""
        return self.data.title(_code(self.data.interactions.item_ids, item_id, "item"))

    def require_customer(self, customer_id: str) -> None:
        """Raise NotFoundError for a customer who is not in the data."""
        _code(self.data.interactions.user_ids, customer_id, "customer")

    def look(
        self,
        customer_id: str,
        *,
        k: int = 8,
        struck: Sequence[str] = (),
        added: Sequence[str] = (),
        models: Sequence[str] = (),
    ) -> Look:
        """What each model (all, or those named) would show this customer: asked for by `services.recommending` alone.

        `struck` and `added` are item ids taken out of or put into her history; the lists are ranked again.
        Raises NotFoundError for an unknown customer or item.
        """
        code = _code(self.data.interactions.user_ids, customer_id, "customer")
        known = self._batch(code)
        batch = self._edited(known, struck, added)
        edited = bool(struck or added)
        wanted = set(self.exam.judged.items[self.exam.judged.users == code].tolist())
        chosen = [model for model in self.models if not models or model.name in models]
        panels = tuple(
            self._panel(
                model, batch if not edited or model.scorer.folds_in else known, k, wanted, edited=edited
            )
            for model in chosen
        )
        return Look(
            customer_id=customer_id,
            attributes=self._attributes(code),
            history=self._history(known),
            panels=panels,
            held_out=tuple(self.data.title(item) for item in sorted(wanted)),
            overlap=_overlap(panels),
            afterwards=self._afterwards(code),
            wanted=tuple(Kind(kind).name for kind in np.unique(self.exam.asked.kinds)),
            as_of=None if self.exam.as_of is None else str(self.exam.as_of.astype("datetime64[s]")),
        )

    @cached_property
    def _by_interest(self) -> NDArray[np.intp]:
        log = self.exam.known
        lengths = np.diff(log.user_starts)
        held = np.bincount(self.exam.judged.users, minlength=log.n_users) > 0
        return np.lexsort((-lengths, ~(held & (lengths > 0))))

    def _afterwards(self, code: int) -> Afterwards:
        rows = self.after.kinds[self.after.users == code]
        asked = self.exam.asked.items[self.exam.asked.users == code]
        judged = int((self.exam.judged.users == code).sum())
        known = self.exam.candidates_of(self._batch(code))
        unknown = 0 if known.items is None else int((~known.items[asked]).sum())
        kinds, counts = np.unique(rows, return_counts=True)
        return Afterwards(
            {Kind(kind).name: int(number) for kind, number in zip(kinds, counts, strict=True)},
            len(asked),
            len(asked) - judged - unknown,
            unknown,
        )

    def _batch(self, code: int) -> UserBatch:
        return self.exam.batch(np.array([code]))

    def _edited(self, batch: UserBatch, struck: Sequence[str], added: Sequence[str]) -> UserBatch:
        ids = self.data.interactions.item_ids
        out = [_code(ids, item, "item") for item in struck]
        extra = np.array([_code(ids, item, "item") for item in added], np.int32)
        keep = ~np.isin(batch.items, out)
        items = np.concatenate((batch.items[keep], extra))
        kind = self.exam.seen_kinds[0] if self.exam.seen_kinds else Kind.interaction
        times = batch.times
        if times is not None:
            now = (
                self.exam.as_of
                if self.exam.as_of is not None
                else (times.max() if len(times) else np.datetime64(0, "us"))
            )
            times = np.concatenate((times[keep], np.full(len(extra), now, times.dtype)))
        return replace(
            batch,
            indptr=np.array([0, len(items)]),
            items=items,
            values=np.concatenate((batch.values[keep], np.ones(len(extra), np.float32))),
            kinds=np.concatenate((batch.kinds[keep], np.full(len(extra), kind, np.uint8))),
            times=times,
        )

    def _panel(self, model: Model, batch: UserBatch, k: int, wanted: set[int], *, edited: bool) -> Panel:
        answered = bool(model.scorer.answers(batch)[0])
        lists = self.exam.lists(model.scorer if answered else self.exam.fallback, batch, k)
        items = lists.items[0][lists.items[0] != NO_ITEM]
        parts = model.scorer.contributions(batch, items) if answered else None
        cards = tuple(
            self._card(int(item), float(score), wanted, self._because(parts, batch, place, int(item)))
            for place, (item, score) in enumerate(zip(items, lists.scores[0], strict=False))
        )
        stuck = edited and not model.scorer.folds_in
        return Panel(
            model.name,
            cards,
            model.scorer.folds_in,
            model.spec.info.folds_in_why if stuck else "",
            fallback=not answered,
            algorithm=model.spec.algorithm(),
            explains=parts is not None,
            alike=model.spec.info.family == BASELINE,
        )

    def _card(self, item: int, score: float, wanted: set[int], because: tuple[Reason, ...]) -> Card:
        row = None if self.data.items is None else self.data.items.iloc[item]
        category = (
            "" if row is None or "category" not in row or pd.isna(row["category"]) else str(row["category"])
        )
        price = pd.to_numeric(row["price"], errors="coerce") if row is not None and "price" in row else None
        return Card(
            item_id=str(self.data.interactions.item_ids[item]),
            title=self.data.title(item),
            category=category,
            price=None if price is None or pd.isna(price) else float(price),
            score=score,
            held_out=item in wanted,
            because=because,
        )

    def _because(
        self, parts: Contributions | None, batch: UserBatch, place: int, item: int
    ) -> tuple[Reason, ...]:
        """The strongest signed parts of one item's score: entries of the history, or parts of the model."""
        if parts is None:
            return ()
        if parts.labels:
            weights = parts.weights[:, place].astype(np.float64)
            return tuple(Reason(parts.labels[row], float(weights[row])) for row in _strongest(weights))
        items, rows = np.unique(batch.items, return_inverse=True)
        if not len(items):
            return ()
        weights = np.bincount(rows, parts.weights[:, place]).astype(np.float64)
        return tuple(
            self._entry(int(items[row]), float(weights[row]), batch, item) for row in _strongest(weights)
        )

    def _entry(self, code: int, weight: float, batch: UserBatch, item: int) -> Reason:
        mine = batch.items == code
        kinds = {Kind(kind) for kind in batch.kinds[mine]}
        times = None if batch.times is None else batch.times[mine].max()
        return Reason(
            self.data.title(code),
            weight,
            strongest(kind.name for kind in kinds),
            "" if times is None else str(times.astype("datetime64[s]")),
            itself=code == item,
        )

    def _history(self, batch: UserBatch) -> pd.DataFrame:
        ids = self.data.interactions.item_ids
        frame = pd.DataFrame({
            "item_id": ids.take(batch.items),
            "title": self.data.titles.to_numpy()[batch.items],
            "kind": [Kind(kind).name for kind in batch.kinds],
            "value": batch.values,
        })  # fmt: skip
        return (
            (frame if batch.times is None else frame.assign(time=batch.times))
            .iloc[::-1]
            .reset_index(drop=True)
        )

    def _attributes(self, code: int) -> dict[str, str]:
        if self.data.customers is None:
            return {}
        row = self.data.customers.iloc[code].dropna()
        return {str(name): str(value) for name, value in row.items()}


def microscope(workspace: Workspace, experiment_id: str) -> Microscope:
    """Load the models of a finished experiment; its reference rows too, except the oracle."""
    data, exam, after = exam_of(workspace, experiment_id)
    models = tuple(Model(name, spec, scorer) for name, spec, scorer in models_of(workspace, experiment_id))
    if not models:
        raise NotFoundError("This experiment has no trained model yet.", fix="Wait until it has finished.")
    return Microscope(data, exam, models, after)


def prepare() -> None:
    """Bring in the compiled loops of ranking, which takes a second: so that the first customer does not wait for it."""
    for name in ("reco_lab.core._kernels.ranking", "reco_lab.algorithms._kernels.sums"):
        importlib.import_module(name)


def strongest(kinds: Iterable[str]) -> str:
    """What says most of an interest among the kinds of interaction: a purchase more than a look."""
    return max(kinds, key=STRENGTH.index)


def _strongest(weights: NDArray[np.float64]) -> list[int]:
    order = np.argsort(-np.abs(weights), kind="stable")[:REASONS]
    return [int(row) for row in order if abs(weights[row]) > NOTHING]


def _code(ids: pd.Index, wanted: str, what: str) -> int:
    place = int(ids.get_indexer(pd.Index([wanted]))[0])
    if place < 0:
        raise NotFoundError(
            f"There is no {what} {wanted!r} in this data set.", fix="Ids are text and must match exactly."
        )
    return place


def _overlap(panels: Sequence[Panel]) -> NDArray[np.float64]:
    lists = [{card.item_id for card in panel.cards} for panel in panels]
    shares = [[len(one & other) / max(len(one), len(other), 1) for other in lists] for one in lists]
    return np.array(shares, np.float64).reshape(len(lists), len(lists))
