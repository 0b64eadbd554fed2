"""Logged answers ranked again by a challenger: what it would have earned, where the log can tell."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray

from reco_lab.cleaning.personal import pseudonym
from reco_lab.core.batch import UNKNOWN, UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.learner import Learner
from reco_lab.core.policy import Seen, policy
from reco_lab.experiments.off_policy import Judgement
from reco_lab.services import bookings
from reco_lab.services.ad_loading import booked_over
from reco_lab.services.decisions import open_log
from reco_lab.services.judged_answers import Asked, Odds
from reco_lab.services.judging import SEED, Frozen, judge_answers, scores_of
from reco_lab.services.privacy import pseudonym_key
from reco_lab.services.publishing import Plan
from reco_lab.serving.booked import Booked
from reco_lab.serving.served import Served as Models
from reco_lab.store.events.judging import Served
from reco_lab.store.events.log import EventLog
from reco_lab.workspace import Workspace

MOST_ANSWERS = 5000
BLOCK = 256
LEAST = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sides:
    """Who is held against whom on which data, from when on; the challenger is the copy that learnt what came before."""

    plan: Plan
    champion: Models
    challenger: Models
    data: Dataset
    begins: np.datetime64


def replayed(workspace: Workspace, sides: Sides) -> Judgement:
    """What the champion's policy would have earned on the challenger's ranking, held against the same on the champion's.

    So nothing but the ranking tells the two apart, whatever served meanwhile: a policy that learns is taken
    with what it knew at the beginning, on both sides. A logged score is relevance times what the ad has to
    itself; the challenger's relevance takes the champion's place in it, each with the customer's history of
    that moment. The log is read once: what comes meanwhile is judged another time. Raises DataError where no
    answer of the period can be used.
    """
    since = sides.begins.astype("datetime64[us]").item().replace(tzinfo=UTC)
    until = workspace.clock.now()
    log = open_log(workspace)
    try:
        answers = [one for one in log.served(since, until, MOST_ANSWERS) if one.scores is not None]
        if not answers:
            raise DataError("No answer since then was kept with what it was chosen from.")
        factors = _factors(workspace, sides, answers)
        theirs, ours = _policies(workspace, log, sides.plan, since)

        def odds(one: Served, before: NDArray[np.intp]) -> Floats:
            return theirs(replace(one, scores=scores_of(one) * factors[one.request_id]), before)

        return judge_answers(answers, odds, Asked(since, until), against=ours).judgement
    finally:
        log.close()


def _policies(workspace: Workspace, log: EventLog, plan: Plan, since: datetime) -> tuple[Odds, Odds]:
    """The chances by a plan's policy, twice, each with draws of its own that are the same."""
    chosen = policy(plan.policy)
    frozen = Frozen.at(workspace, log, chosen, since) if isinstance(chosen, Learner) else None

    def odds(rng: np.random.Generator, one: Served, before: NDArray[np.intp]) -> Floats:
        if frozen is not None:
            return frozen.odds(one, before, rng)
        return chosen.odds(Seen(scores_of(one), None, one.features), before, rng)

    return partial(odds, np.random.default_rng(SEED)), partial(odds, np.random.default_rng(SEED))


def _factors(workspace: Workspace, sides: Sides, answers: list[Served]) -> dict[str, NDArray[np.float32]]:
    """By answer, what each of its candidates' scores is to be multiplied with to be the challenger's."""
    booked = booked_over(bookings.ads(workspace), sides.data)
    codes = _codes(workspace, sides.data)
    found = {}
    for begin in range(0, len(answers), BLOCK):
        block = answers[begin : begin + BLOCK]
        batch = _then(sides.data, block, np.array([codes.get(one.customer, UNKNOWN) for one in block]))
        both = [models.score(batch) for models in (sides.challenger, sides.champion)]
        for row, one in enumerate(block):
            now, was = (_relevance(booked, scores[row]) for scores in both)
            places = [booked.places.get(id_, -1) for id_ in one.ids or ()]
            factor = np.append(now / np.maximum(was, LEAST), 1.0).astype(np.float32)
            found[one.request_id] = factor[places]
    return found


def _relevance(booked: Booked, items: NDArray[np.float32]) -> NDArray[np.float32]:
    ones = np.ones(len(booked), np.float32)
    return booked.promotions(len(items)).scores(np.ascontiguousarray(items), ones, booked.every)


def _codes(workspace: Workspace, data: Dataset) -> dict[str, int]:
    """The customers of a data set by the names under which they are logged."""
    key, ids = pseudonym_key(workspace), list(map(str, data.interactions.user_ids))
    return {pseudonym(key, id_): code for code, id_ in enumerate(ids)} | {
        id_: code for code, id_ in enumerate(ids)
    }


def _then(data: Dataset, answers: list[Served], codes: NDArray[np.int64]) -> UserBatch:
    """The customers of these answers with the histories they had then."""
    log = data.interactions
    starts = np.where(codes >= 0, log.user_starts[np.maximum(codes, 0)], 0)
    ends = np.where(codes >= 0, log.user_starts[np.maximum(codes, 0) + 1], 0)
    if log.times is not None:
        moments = np.array([one.at for one in answers]).astype("datetime64[us]")
        places = [
            start + np.searchsorted(log.times[start:end], at)
            for start, end, at in zip(starts.tolist(), ends.tolist(), moments, strict=True)
        ]
        ends = np.array(places)
    lengths = ends - starts
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    rows = np.repeat(starts - indptr[:-1], lengths) + np.arange(indptr[-1])
    return UserBatch(
        codes=codes.astype(np.int32),
        indptr=indptr,
        items=log.items[rows],
        values=log.values[rows],
        kinds=log.kinds[rows],
        times=None if log.times is None else log.times[rows],
        attributes=None if data.customers is None else data.customers.iloc[np.maximum(codes, 0)],
    )
