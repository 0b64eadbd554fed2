"""Alarms as a person reads them: which slot, segment, ad, model or column moved, since when, by how much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reco_lab.core.clock import moment
from reco_lab.core.words import count, share
from reco_lab.monitoring.alarms import Moved
from reco_lab.monitoring.drift import Drift
from reco_lab.monitoring.facts import EVERYTHING, Slice

_ON_THE_SITE = frozenset({"slot", "position", "ad"})
NOTHING_LEFT = 0.02  # of what was: below that, "no more" is said


class Deed(StrEnum):
    """What can be done about an alarm."""

    roll_back = "roll back"
    retrain = "retrain"
    look = "look"
    mute = "mute"


@dataclass(frozen=True)
class Alarm:
    """One alarm: `sentence` names what moved, since when and by how much, `advice` what that may be.

    `key` is what it is muted by; the same thing moving the other way has another.
    """

    key: str
    sentence: str
    advice: str
    deeds: tuple[Deed, ...]
    part: Slice = EVERYTHING
    since: datetime | None = None


@dataclass(frozen=True)
class Served:
    """A publication: its version as decisions name it, what it is called, since when it serves."""

    version: str
    name: str
    since: datetime


@dataclass(frozen=True)
class Names:
    """What things are called: titles by ad, and the publications, the newest first."""

    ads: Mapping[str, str]
    served: Sequence[Served] = ()

    def of(self, part: Slice) -> str:
        """A part of the traffic, as it stands in a sentence after "in", "of" or "for"."""
        value = part.value
        match part.dimension:
            case "slot":
                return f"the slot “{value}”" if value else "the unnamed slot"
            case "segment":
                return f"the segment “{value}”"
            case "ad":
                return f"the ad “{self.ads.get(value, value)}”"
            case "model_version":
                found = next((one.name for one in self.served if one.version == value), "")
                return f"the model {found} (version {value})" if found else f"version {value}"
            case "arm":
                return f"the arm “{value}”"
            case "position":
                return f"place {int(value) + 1}"
            case _:
                return "all ads"

    def short(self, part: Slice) -> str:
        """A part of the traffic, as it stands in a table."""
        value = part.value
        match part.dimension:
            case "ad":
                return self.ads.get(value, value)
            case "model_version":
                found = next((one.name for one in self.served if one.version == value), "")
                return f"{found} ({value})" if found else value
            case "position":
                return str(int(value) + 1)
            case _:
                return value or "(unnamed)"


def when(at: datetime) -> str:
    """A moment in a sentence, in UTC."""
    return f"{at:%d %b, %H:%M}".lstrip("0")


def alarm_of(moved: Moved, names: Names, step: int) -> Alarm:
    """What is said of a rate that moved, and what can be done about it."""
    since = moment(moved.since)
    up = moved.after > moved.before
    sentence = _SENTENCES[moved.measure](moved, names.of(moved.part), when(since))
    fresh = _began(names, moved, timedelta(microseconds=2 * step))
    advice, deeds = _ADVICE[moved.measure], [Deed.look, Deed.mute]
    if moved.measure == "clicks" and (up or moved.part.dimension in _ON_THE_SITE):
        advice = "Look at it on the site: what is counted there may be broken, or what is shown."
    if fresh is not None:
        advice = f"{fresh.name} (version {fresh.version}) serves since {when(fresh.since)}: roll back if that is why."
        deeds = [Deed.roll_back, *deeds]
    elif moved.measure == "fallback":
        deeds = [Deed.retrain, Deed.roll_back, *deeds]
    elif moved.measure == "clicks" and not up and moved.part.dimension not in _ON_THE_SITE:
        deeds = [Deed.retrain, *deeds]
    key = f"{moved.measure}/{moved.part.dimension}/{moved.part.value}/{'up' if up else 'down'}"
    return Alarm(key, sentence, advice, tuple(deeds), moved.part, since)


def data_alarm(drift: Drift, dataset: str, version: int, trained: int) -> Alarm:
    """What is said of a column of newer data that is not what the model was trained on."""
    what = f"The column “{drift.column}” of the {drift.table} in version {version} of “{dataset}”"
    name, _, was = drift.before.rpartition(": ")
    was = was if name and drift.now.startswith(f"{name}: ") else drift.before
    against = f"{drift.now} against {was} in version {trained}, on which what serves was trained"
    if drift.factor != 1.0:
        times = f"{drift.factor:,.0f} times" if drift.factor > 1 else f"{drift.factor:g} times"
        unit = ", as if it were in cents" if drift.factor == 100.0 else ""
        sentence = f"{what} is {times} what it was{unit}: the middle value is {against}."
        advice = "Mend the column and bring the data in again before a model learns from it."
        deeds: tuple[Deed, ...] = (Deed.look, Deed.mute)
    else:
        sentence = f"{what} is not what it was: {against}."
        advice = f"Population stability index {drift.psi:.2f}; above 0.25 a model knows another world than it serves."
        deeds = (Deed.retrain, Deed.look, Deed.mute)
    return Alarm(f"data/{drift.table}/{drift.column}/{version}", sentence, advice, deeds)


def score_alarm(drift: Drift) -> Alarm:
    """What is said of scores that are not what they were in the period before."""
    told = f"the middle customer's best ad gets {drift.now}, {drift.before} in the period before"
    return Alarm(
        "scores",
        f"The model scores ads otherwise than it did: {told}.",
        f"Population stability index {drift.psi:.2f} over customers: others come, or what is known of them has changed.",
        (Deed.retrain, Deed.look, Deed.mute),
    )


def _began(names: Names, moved: Moved, near: timedelta) -> Served | None:
    """The publication with which the change came, if one did and there is an earlier one to go back to."""
    if len(names.served) < 2 or moved.measure == "traffic":
        return None
    newest = names.served[0]
    at_once = abs(newest.since - moment(moved.since)) <= near
    return newest if at_once or moved.part == Slice("model_version", newest.version) else None


def _clicks(moved: Moved, part: str, since: str) -> str:
    usual = f"{count(moved.happened, 'click')} on {count(moved.out_of, 'ad')} seen, where about {moved.usual:,.0f} would be usual ({share(moved.before, 1)})"
    where = (
        ""
        if moved.part == EVERYTHING
        else f" {'on' if moved.part.dimension in {'ad', 'position'} else 'in'} {part}"
    )
    if moved.after < NOTHING_LEFT * moved.before:
        return f"Nobody clicks{where} any more since {since}: {usual}."
    fell = "fell" if moved.after < moved.before else "rose"
    return f"The click rate{where} {fell} to {share(moved.after, 1)} since {since}: {usual}."


def _traffic(moved: Moved, part: str, since: str) -> str:
    change = f"{share(moved.after, 1)} of all decisions, {share(moved.before, 1)} before"
    subject = f"Customers of {part}" if moved.part.dimension == "segment" else part[0].upper() + part[1:]
    several = moved.part.dimension == "segment"
    if moved.after < NOTHING_LEFT * moved.before:
        gone = "do not come any more" if several else "asks for no more ads"
        return f"{subject} {gone} since {since}: {change}."
    more = "more" if moved.after > moved.before else "less"
    verb = f"come {more} often" if several else f"asks for {more if more == 'more' else 'fewer'} ads"
    return f"{subject} {verb} than before since {since}: {change}."


def _fallback(moved: Moved, part: str, since: str) -> str:
    where = "" if moved.part == EVERYTHING else f" in {part}"
    return f"The model does not choose any more for {share(moved.after)} of the decisions{where} since {since}: stand-ins do, {share(moved.before, 1)} before."


def _unanswered(moved: Moved, part: str, since: str) -> str:
    where = "" if moved.part == EVERYTHING else f" in {part}"
    return f"For {share(moved.after)} of the requests{where} there is no ad to show since {since}, {share(moved.before, 1)} before."


def _refused(moved: Moved, _part: str, since: str) -> str:
    return f"{share(moved.after)} of the events that the site sends are refused since {since}, {share(moved.before, 1)} before."


def _latency(moved: Moved, _part: str, since: str) -> str:
    return f"Answers take longer since {since}: 95 of 100 are there within {_ms(moved.after)}, {_ms(moved.before)} before."


def _ms(value: float) -> str:
    return f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


_SENTENCES = {
    "clicks": _clicks,
    "traffic": _traffic,
    "fallback": _fallback,
    "unanswered": _unanswered,
    "refused": _refused,
    "latency": _latency,
}
_ADVICE = {
    "clicks": "If the ads and the site are sound, the model may have grown old: a challenger can be trained and judged.",
    "traffic": "Look whether the site still asks there, and whether it still tells who the customer is.",
    "fallback": "The model failed, or knows nothing of the customers who come: the service says more under Ads.",
    "unanswered": "Every ad is out of its flight, its budget or its targeting there: book more, or a house ad.",
    "refused": "The log keeps what was refused with the reason: look there what the site sends.",
    "latency": "Look at the machine first; if a new model came with it, roll back.",
}
