"""How what is served does: the figures of a period, what moved in it and why, and what to do about it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.cleaning.personal import pseudonym
from reco_lab.core.ads import Ad
from reco_lab.core.clock import microseconds, moment
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.monitoring import drift
from reco_lab.monitoring.alarms import Watch
from reco_lab.monitoring.attribution import last_touch
from reco_lab.monitoring.drift import SCORES, Drift
from reco_lab.monitoring.facts import Facts, Slice
from reco_lab.monitoring.limits import FEWEST_STEPS
from reco_lab.monitoring.look import Freshness, Look
from reco_lab.monitoring.sentences import Alarm, Deed, Names, Served, alarm_of, data_alarm, score_alarm
from reco_lab.services import bookings, gate, publishing
from reco_lab.services.decisions import open_log
from reco_lab.services.feedback_data import of_log
from reco_lab.services.keeping import load_version
from reco_lab.services.lineage import serves_since
from reco_lab.services.pending import pending
from reco_lab.services.privacy import objecting, pseudonym_key
from reco_lab.services.published_segments import members
from reco_lab.services.publishing import Plan, plan_data
from reco_lab.store.events.log import EventLog
from reco_lab.store.events.measuring import NEVER, Mirror
from reco_lab.store.publications import Publication
from reco_lab.workspace import Workspace

__all__ = [
    "PERIODS",
    "WINDOWS",
    "Alarm",
    "Deed",
    "Look",
    "Monitor",
    "Slice",
    "loud",
    "mute",
    "retrain",
    "roll_back",
    "unmute",
]

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PERIODS: Mapping[str, tuple[timedelta, Sequence[timedelta]]] = {  # with its steps, the shortest first
    "hour": (HOUR, (MINUTE, 5 * MINUTE)),
    "day": (DAY, (HOUR, 2 * HOUR)),
    "week": (7 * DAY, (HOUR, 6 * HOUR, 12 * HOUR)),
    "month": (28 * DAY, (DAY,)),
}
A_STEP = 50  # decisions in a step, on the average: with fewer, steps are longer
WINDOWS: Mapping[str, timedelta] = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
MUTE = timedelta(days=7)
CLICKS_COME = 0.95
REST = 5.0  # times as long as a look takes, nothing new is looked for
STALE = 60.0  # seconds after which time alone has changed enough
USUAL = 2 / 3  # of what there is, where there is no period before
SEGMENT = "segment"
_MUTED = "monitor.mute/"
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, eq=False)
class _Trained:
    """What the publication knows: since when its model serves, its data, who is in which segment and who is known at all, by pseudonym."""

    number: int
    plan: Plan
    since: datetime
    data: Dataset | None
    segments: Mapping[str, frozenset[str]]
    known: frozenset[str]


@dataclass(frozen=True, eq=False)
class _Seen:
    """A look, what had come until then, and how long it took."""

    look: Look
    pulse: tuple[object, ...]
    done: float
    took: float


@dataclass(eq=False)
class Monitor:
    """Looks at one workspace's log; what it has read once it does not read again. Many may ask at once."""

    workspace: Workspace
    log: EventLog
    mirror: Mirror
    _trained: _Trained | None = None
    _drifts: dict[tuple[str, str], tuple[Drift, ...]] = field(default_factory=dict)
    _seen: dict[tuple[str, str], _Seen] = field(default_factory=dict)
    _wishes: object = None

    @classmethod
    def open(cls, workspace: Workspace) -> "Monitor":
        """Look at the log of a workspace."""
        log = open_log(workspace)
        return cls(workspace, log, Mirror(log))

    def look(self, period: str = "day", window: str = "day") -> Look:
        """See how a period stands at this moment; InputError for a period or a window that there is not.

        What was seen lately is answered again while nothing came since, or a new look would take too much of the time.
        """
        if period not in PERIODS or window not in WINDOWS:
            raise InputError("There is no such period.", fix=f"There are: {', '.join(PERIODS)}.")
        self._forget()
        begun, key, pulse = perf_counter(), (period, window), self._pulse()
        seen = self._seen.get(key)
        if seen is not None:
            rested = begun - seen.done > REST * seen.took
            if not rested or (seen.pulse == pulse and begun - seen.done < STALE):
                return seen.look
        look = self._look(period, window)
        done = perf_counter()
        self._seen[key] = _Seen(look, pulse, done, done - begun)
        return look

    def pulse(self) -> tuple[int, int]:
        """The moment of the last decision (microseconds) and the number of the last event; zeros before the first."""
        return self.log.pulse()

    def _forget(self) -> None:
        """Let go of all that was read, once somebody has been erased or objected: it may speak of her."""
        wishes = objecting(self.workspace), [one.name for one in pending(self.workspace)]
        if wishes != self._wishes:
            self._wishes, self.mirror = wishes, Mirror(self.log)
            self._trained = None
            self._seen.clear()

    def _pulse(self) -> tuple[object, ...]:
        """What changes when there is something new to see."""
        serving = self.workspace.publications.serving()
        return (*self.log.pulse(), serving and serving.number)

    def _look(self, period: str, window: str) -> Look:
        at = self.workspace.clock.now()
        trained, history = self._serving(), self.workspace.publications.history()
        ads = bookings.ads(self.workspace)
        own = frozenset(ad.id for ad in ads if ad.house)
        facts, first = self._facts(at, period, window, trained, own)
        now, before = facts.between(first, facts.steps), facts.between(0, first)
        names = Names(
            {ad.id: ad.title for ad in ads}, [_served(one) for one in history if _still(one, trained)]
        )
        every, refused = self._told(facts)
        watch = self._watch(facts, first, every, refused)
        drifts, fresh = self._data(trained, names)
        found = [alarm_of(one, names, facts.step) for one in watch.moved()] if watch else []
        if fresh is not None and trained is not None:
            told = (trained.plan.dataset, fresh.newest, fresh.trained)
            found += [data_alarm(one, *told) for one in drifts if one.much]
        moved = drift.of_traffic(before, now)
        found += [score_alarm(one) for one in moved if one.column == SCORES and one.much]
        times = facts.period.decided["at"]
        return Look(
            at=at,
            now=now,
            before=before,
            watch=watch,
            alarms=tuple(found),
            credited=self._credited(now, ads),
            names=names,
            bookable=sum(ad.flies(at) for ad in ads),
            known=trained.known if trained else frozenset(),
            fresh=fresh,
            drifts=(*drifts, *moved),
            last=moment(int(times[-1])) if len(times) else None,
            refused=float(refused[first:].sum() / max(every[first:].sum(), 1)),
        )

    def _facts(
        self, at: datetime, period: str, window: str, trained: _Trained | None, own: frozenset[str]
    ) -> tuple[Facts, int]:
        """The period and the one before it, and the step with which it begins."""
        length, steps = PERIODS[period]
        coarse = steps[-1] // _MICROSECOND
        first = microseconds(at - length) // coarse * coarse
        begin, end = first - length // _MICROSECOND, microseconds(at) + 1
        held = self.mirror.period(begin, end)
        covered = timedelta(microseconds=end - int(held.decided["at"][0])) if len(held) else length
        enough = (step for step in steps if len(held) >= A_STEP * covered / step)
        size = next(enough, steps[-1]) // _MICROSECOND
        segments = trained.segments if trained else {}
        facts = Facts(held, size, WINDOWS[window] // _MICROSECOND, segments, own)
        return facts, (first - begin) // size

    def _watch(
        self, facts: Facts, first: int, every: NDArray[np.float64], refused: NDArray[np.float64]
    ) -> Watch | None:
        """Search the period, held against the one before; where there was none, its end against its beginning."""
        filled = np.flatnonzero(facts.by_step(placed=False))
        settled = facts.steps - 1
        if (filled < first).sum() < FEWEST_STEPS:
            if len(filled) < 1.5 * FEWEST_STEPS:
                return None
            first = int(filled[0] + USUAL * (settled - filled[0]))
        late = _clicks_take(facts) // facts.step + 1
        return Watch(facts, first, settled, min(settled, facts.steps - int(late)), (every, refused))

    def _told(self, facts: Facts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How many events came in each step, and how many of them were refused."""
        table = self.log.told(facts.period.begin, facts.period.end, facts.step)
        steps, size = table["step"].to_numpy(), facts.steps
        accepted, refused = (
            np.bincount(steps, table[name], size)[:size].astype(np.float64)
            for name in ("accepted", "refused")
        )
        return accepted + refused, refused

    def _credited(self, facts: Facts, ads: Sequence[Ad]) -> pd.DataFrame:
        begin, end = facts.period.begin, facts.period.end
        items = {ad.id: ad.item for ad in ads if ad.item}
        return last_touch(facts, self.log.conversions(begin, end), self.log.purchases(begin, end), items)

    def _serving(self) -> _Trained | None:
        """What serves, read once a publication."""
        serving = self.workspace.publications.serving()
        if serving is None:
            return None
        known = self._trained
        if known is None or known.number != serving.number:
            self._trained = known = self._read(serving)
        return known

    def _read(self, serving: Publication) -> _Trained:
        plan, since = Plan.model_validate(serving.spec), serves_since(self.workspace) or serving.created
        try:
            data = plan_data(self.workspace, plan)
        except InputError:  # forgotten: what is served can still be looked at
            return _Trained(serving.number, plan, since, None, {}, frozenset())
        key = pseudonym_key(self.workspace)
        people = np.array([pseudonym(key, str(one)) for one in data.interactions.user_ids], object)
        segments = {
            title: frozenset(people[inside])
            for title, inside in members(self.workspace, plan.members).items()
        }
        return _Trained(serving.number, plan, since, data, segments, frozenset(people))

    def _data(self, trained: _Trained | None, names: Names) -> tuple[tuple[Drift, ...], Freshness | None]:
        """How the newest version of the data differs from what was trained on, and how old that is."""
        if trained is None or trained.data is None or not names.served:
            return (), None
        every = [one for one in self.workspace.store.all_versions() if one.name == trained.plan.dataset]
        own = next((one for one in every if one.fingerprint == trained.data.fingerprint), None)
        if own is None:  # forgotten since it was read
            return (), None
        newest = max((one for one in every if one.dropped is None), key=lambda one: one.version, default=own)
        key = own.fingerprint, newest.fingerprint
        drifts = self._drifts.get(key)
        if drifts is None:
            same = own.fingerprint == newest.fingerprint
            now = trained.data if same else load_version(self.workspace, newest)
            logged = of_log(self.workspace, newest)
            drifts = () if same else tuple(drift.between(trained.data, now, logged=logged))
            self._drifts = {key: drifts}
        times = trained.data.interactions.times
        last = None if times is None or not len(times) else _aware(times.max())
        serves = names.served[0]
        fresh = Freshness(serves.name, serves.version, trained.since, last, own.version, newest.version)
        return drifts, fresh


def mute(workspace: Workspace, key: str, length: timedelta = MUTE) -> datetime:
    """Say no more of an alarm for a while; until when."""
    until = workspace.clock.now() + length
    workspace.store.set_setting(_place(key), {"key": key, "until": until.isoformat()})
    return until


def unmute(workspace: Workspace, key: str) -> None:
    """Speak of an alarm again."""
    workspace.store.set_setting(_place(key), None)


def loud(workspace: Workspace, alarms: Sequence[Alarm]) -> tuple[list[Alarm], list[Alarm]]:
    """The alarms to be spoken of, and those that are muted."""
    at = workspace.clock.now()
    quiet = {one.key for one in alarms if _muted(workspace, one.key, at)}
    return [one for one in alarms if one.key not in quiet], [one for one in alarms if one.key in quiet]


def roll_back(workspace: Workspace, *, who: str = "") -> Publication:
    """Let what served before serve again; NotFoundError if nothing served before."""
    return publishing.rollback(workspace, who=who)


def retrain(workspace: Workspace) -> str:
    """Queue a challenger, which learns from what came since and serves if the gate lets it pass; the job's id."""
    return gate.submit(workspace)


def _muted(workspace: Workspace, key: str, at: datetime) -> bool:
    kept: Any = workspace.store.get_setting(_place(key))
    return bool(kept) and datetime.fromisoformat(kept["until"]) > at


def _place(key: str) -> str:
    return _MUTED + hashlib.sha256(key.encode()).hexdigest()[:16]


def _clicks_take(facts: Facts) -> int:
    """How long after a decision nearly all of its clicks have come, in microseconds."""
    clicked = facts.period.placed["clicked"]
    came = (clicked != NEVER) & facts.clicked
    waits = clicked[came] - facts.period.decided["at"][facts.of[came]]
    return int(np.quantile(waits, CLICKS_COME)) if len(waits) else 0


def _served(one: Publication) -> Served:
    return Served(one.version, Plan.model_validate(one.spec).model, one.created)


def _still(one: Publication, trained: _Trained | None) -> bool:
    """Whether a publication serves or served before what serves: what was rolled back does not count."""
    return trained is not None and one.number <= trained.number


def _aware(time: np.datetime64) -> datetime:
    found: datetime = time.astype("datetime64[us]").item()
    return found.replace(tzinfo=UTC)
