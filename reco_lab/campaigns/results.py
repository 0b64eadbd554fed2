"""What came of a campaign: purchases after the send, of those who got it and those who were held back.

Everybody who was sent it counts, whether or not she read it: that is what chance has told apart. Nothing is left out
because of what happened afterwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from reco_lab.core.words import about, agree, share
from reco_lab.experiments.lift import Lifts, Look, Moments, lifts, linearised
from reco_lab.experiments.power import Usual, needed
from reco_lab.experiments.significance import LEVEL, holm

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Outcome = Literal["conversion", "revenue", "order value"]
FEWEST_BUYERS = 5
WHOLE_FROM = 0.1
LABELS: Mapping[str, str] = {
    "conversion": "Customers who bought",
    "revenue": "Spent by each customer",
    "order value": "Spent on a day with a purchase",
}


class Line(BaseModel):
    """The lift of one outcome, among everybody or in a segment, as numbers; None where it has none.

    `p` is that of the difference alone, `holm` corrected for all segments that were looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    outcome: Outcome
    treated: int
    control: int
    treated_mean: float
    control_mean: float
    absolute: float
    low: float | None
    high: float | None
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    p: float | None
    holm: float | None = None
    explained: float = 0.0
    buyers: int = 0

    @property
    def sentence(self) -> str:
        """The lift in words."""
        what = LABELS[self.outcome]
        if self.low is None or self.high is None:
            return f"{what}: too few bought anything to say more."
        if self.outcome == "conversion":
            means = f"{share(self.treated_mean, 2)} against {share(self.control_mean, 2)}"
            gap = [_signed(f"{100 * one:+.1f}") for one in (self.absolute, self.low, self.high)]
            return f"{what}: {means} of those held back, {gap[0]} points ({gap[1]} to {gap[2]})."
        means = f"{self.treated_mean:,.2f} against {self.control_mean:,.2f}"
        gap = [_signed(f"{one:+,.2f}") for one in (self.absolute, self.low, self.high)]
        return f"{what}: {means} of those held back, {gap[0]} ({gap[1]} to {gap[2]})."


def _signed(number: str) -> str:
    return number.replace("-", "\N{MINUS SIGN}")


class Judgement(BaseModel):
    """What came of a campaign. `verdict` is about the goal's `outcome`; `more` how many further customers would be needed.

    `cost` is what sending cost, `gained` what it brought above what would have been spent anyway, with its interval.
    `causal` is False where nobody was held back by chance: then `sentence` says so first. `looked`: somebody asked
    before all days were over, now or earlier, so the ranges leave room for more than one look.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Literal["worked", "no", "harmed", "unknown"]
    sentence: str
    outcome: Outcome = "conversion"
    lines: tuple[Line, ...]
    segments: tuple[Line, ...] = ()
    causal: bool = True
    more: int | None = None
    cost: float = 0.0
    gained: float | None = None
    gained_low: float | None = None
    gained_high: float | None = None
    days: int
    sent: str
    notes: tuple[str, ...] = ()
    looked: bool = False

    @property
    def main(self) -> Line | None:
        """The line that the verdict is about; None where nothing is known of the goal's outcome."""
        return next((one for one in self.lines if one.outcome == self.outcome), None)


@dataclass(frozen=True, eq=False)
class Done:
    """What each customer of a campaign did, a number a customer: whether she bought, what she spent, on how many days.

    `before` are the same in as many days before the send; None where the log does not reach back. `money` is None
    where nobody knows what was paid.
    """

    bought: Floats
    money: Floats | None
    days: Floats
    bought_before: Floats | None = None
    money_before: Floats | None = None


def line(
    title: str,
    outcome: Outcome,
    done: Done,
    treated: Mask,
    control: Mask,
    *,
    look: Look = Look.only,
    level: float = LEVEL,
) -> Line | None:
    """The lift of one outcome of some customers; None where the data do not know it or a group is too small."""
    found = _values(outcome, done)
    if found is None or min(treated.sum(), control.sum()) < 2:
        return None
    values, before = found
    shop = outcome == "conversion"
    if outcome == "order value":
        if done.money is None or not (done.days[treated].any() and done.days[control].any()):
            return None
        parts = [
            replace(Moments.of(linearised(done.money[who], done.days[who])), least=done.money[who].min())
            for who in (treated, control)
        ]
    else:
        parts = [
            Moments.of(values[who], None if before is None else before[who], yes_or_no=shop)
            for who in (treated, control)
        ]
    buyers = [int((done.bought[who] > 0).sum()) for who in (treated, control)]
    return _line(title, outcome, lifts(parts[0], parts[1], level, look), treated, control, buyers)


def lines(done: Done, treated: Mask, control: Mask, look: Look = Look.only) -> tuple[Line, ...]:
    """The lift of every outcome that the data know."""
    outcomes: tuple[Outcome, ...] = ("conversion", "revenue", "order value")
    found = (line("everyone", outcome, done, treated, control, look=look) for outcome in outcomes)
    return tuple(one for one in found if one is not None)


def by_segment(
    outcome: Outcome,
    done: Done,
    treated: Mask,
    control: Mask,
    segments: Mapping[str, Mask],
    look: Look = Look.only,
) -> tuple[Line, ...]:
    """The lift in each segment: p values corrected by Holm, intervals by Bonferroni for how many are looked at."""
    level = 1 - (1 - LEVEL) / max(len(segments), 1)
    found = [
        line(title, outcome, done, treated & mask, control & mask, look=look, level=level)
        for title, mask in segments.items()
    ]
    told = [one for one in found if one is not None]
    known = [one for one in told if one.p is not None]
    corrected = holm(np.array([one.p for one in known], np.float64))
    by_title = {one.title: float(p) for one, p in zip(known, corrected, strict=True)}
    return tuple(one.model_copy(update={"holm": by_title.get(one.title)}) for one in told)


def judge(
    found: Sequence[Line],
    outcome: Outcome,
    *,
    smallest: float,
    power: float,
    done: Done,
    treated: Mask,
    control: Mask,
    cost_each: float,
    days: int,
    sent: str,
    segments: tuple[Line, ...] = (),
    notes: tuple[str, ...] = (),
    looked: bool = False,
) -> Judgement:
    """Say whether it worked, did not, or cannot be known yet, and what it cost and brought."""
    main = next((one for one in found if one.outcome == outcome), None)
    verdict, more = _verdict(main, smallest, power, done, control)
    money = next((one for one in found if one.outcome == "revenue"), None)
    reached, cost = int(treated.sum()), cost_each * int(treated.sum())
    gains: list[float | None] = [None, None, None]
    if money is not None and money.low is not None and money.high is not None:
        gains = [reached * one for one in (money.absolute, money.low, money.high)]
    return Judgement(
        verdict=verdict,
        sentence=_sentence(verdict, main, smallest, power, more),
        outcome=outcome,
        lines=tuple(found),
        segments=segments,
        more=more,
        cost=cost,
        gained=gains[0],
        gained_low=gains[1],
        gained_high=gains[2],
        days=days,
        sent=sent,
        notes=notes,
        looked=looked,
    )


def _values(outcome: Outcome, done: Done) -> tuple[Floats, Floats | None] | None:
    if outcome == "conversion":
        return done.bought, done.bought_before
    return None if done.money is None else (done.money, done.money_before)


def _line(
    title: str, outcome: Outcome, found: Lifts, treated: Mask, control: Mask, buyers: Sequence[int]
) -> Line:
    told = min(buyers) >= FEWEST_BUYERS or (outcome == "conversion" and sum(buyers) >= FEWEST_BUYERS)
    numbers = {name: _known(getattr(found, name)) if told else None for name in ("low", "high", "p")}
    ratios = {
        name: _known(getattr(found, name)) if min(buyers) >= FEWEST_BUYERS else None
        for name in ("relative", "relative_low", "relative_high")
    }
    return Line(
        title=title,
        outcome=outcome,
        treated=int(treated.sum()),
        control=int(control.sum()),
        treated_mean=float(found.treated),
        control_mean=float(found.control),
        absolute=float(found.absolute),
        explained=float(found.explained),
        buyers=sum(buyers),
        **numbers,
        **ratios,
    )


def _known(number: Floats) -> float | None:
    return float(number) if np.isfinite(number) else None


def _verdict(
    main: Line | None, smallest: float, power: float, done: Done, control: Mask
) -> tuple[Literal["worked", "no", "harmed", "unknown"], int | None]:
    if main is None or main.low is None or main.high is None:
        return "unknown", _more(main, smallest, power, done, control)
    if main.low > 0:
        return "worked", None
    if main.high < 0:
        return "harmed", None
    if main.relative_high is not None and main.relative_high < smallest:
        return "no", None
    return "unknown", _more(main, smallest, power, done, control)


def _more(main: Line | None, smallest: float, power: float, done: Done, control: Mask) -> int | None:
    """How many customers more would show the smallest lift worth having; None where nobody bought or there are enough."""
    if main is None:
        return None
    values = done.bought if main.outcome == "conversion" or done.money is None else done.money
    known = Usual.of(values[control], None, yes_or_no=main.outcome == "conversion")
    known = Usual(known.mean, known.variance, main.explained, known.yes_or_no, known.customers)
    need = needed(known, smallest, main.control / (main.treated + main.control), power=power)
    missing = need.customers - main.treated - main.control
    return missing if need.possible and missing > 0 else None


def _sentence(verdict: str, main: Line | None, smallest: float, power: float, more: int | None) -> str:
    if main is None:
        return "Nothing can be said: a group is too small, or nobody knows what was spent."
    wanted = ""
    if more:
        wanted = (
            f" To see a lift of {share(smallest)} with {share(power)} chance, about {about(more)} "
            f"more {agree(more, 'customer is', 'customers are')} needed."
        )
    if main.low is None or main.high is None:
        return f"It cannot be known yet: too few bought anything.{wanted}"
    effect, fits = _effect(main), _range(main)
    if verdict == "worked":
        return f"It worked: {effect}, {fits}."
    if verdict == "harmed":
        return f"It did harm: {effect}, {fits}."
    if verdict == "no":
        return f"It did not work: {effect}, {fits}, which leaves out {share(smallest)}, the smallest lift worth having."
    return f"It cannot be known yet: {effect}, but it may be {fits.removeprefix(f'with {share(LEVEL)} certainty ')}.{wanted}"


def _effect(line: Line) -> str:
    """The lift as a person says it: in per cent where it has a ratio, else as the difference."""
    up = line.absolute >= 0
    much = _ratio(line.relative) if line.relative is not None else _size(line, abs(line.absolute))
    if line.outcome == "conversion":
        return f"{much} {'more' if up else 'fewer'} customers bought than of those held back"
    unit = "a customer" if line.outcome == "revenue" else "a day with a purchase"
    return f"{much} {'more' if up else 'less'} was spent {unit} than by those held back"


def _range(line: Line) -> str:
    fewer = "fewer" if line.outcome == "conversion" else "less"
    ends = (line.relative_low, line.relative_high)
    if ends[0] is None or ends[1] is None:
        words = [
            f"{_size(line, abs(end))} {'more' if end >= 0 else fewer}"
            for end in (line.low or 0.0, line.high or 0.0)
        ]
    else:
        words = [
            "none at all" if end <= -1 else f"{_ratio(end)} {'more' if end >= 0 else fewer}"
            for end in ends
            if end is not None
        ]
    return f"with {share(LEVEL)} certainty between {words[0]} and {words[1]}"


def _ratio(value: float) -> str:
    """A lift without its sign; a large one is not known to a tenth."""
    return share(abs(value), 1 if abs(value) < WHOLE_FROM else 0)


def _size(line: Line, value: float) -> str:
    return f"{100 * value:.1f} points" if line.outcome == "conversion" else f"{value:,.2f}"
