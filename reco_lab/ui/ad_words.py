"""An ad in words: where it stands, who may see it, what it costs."""

from collections.abc import Mapping
from datetime import datetime

from reco_lab.core.ads import Ad, Billing
from reco_lab.ui.words import count, day

FLIES, WAITS, OVER, PAUSED, SPENT = "Runs", "Waits", "Over", "Paused", "Budget used up"
STATES = (FLIES, WAITS, OVER, PAUSED, SPENT)
Spent = Mapping[str, tuple[float, float]]


def state(ad: Ad, now: datetime, spent: Spent) -> str:
    """One of `STATES`: what would keep the ad from everybody now, if anything does."""
    today, ever = spent.get(ad.id, (0.0, 0.0))
    if ad.paused:
        return PAUSED
    if ad.ends is not None and ad.ends <= now:
        return OVER
    if ad.starts is not None and now < ad.starts:
        return WAITS
    return SPENT if _used(today, ad.daily_budget) or _used(ever, ad.total_budget) else FLIES


def standing(ad: Ad, now: datetime, spent: Spent) -> str:
    """The state in a few words more."""
    found = state(ad, now, spent)
    if found is WAITS:
        return f"Waits until {day(ad.starts)}"
    if found is OVER:
        return f"Over since {day(ad.ends)}"
    if found is SPENT:
        ever = _used(spent.get(ad.id, (0.0, 0.0))[1], ad.total_budget)
        return SPENT if ever else "Budget used up for today"
    return found


def flight(ad: Ad) -> str:
    """From when to when it runs."""
    if ad.starts is None and ad.ends is None:
        return "always"
    if ad.starts is None:
        return f"until {day(ad.ends)}"
    return f"from {day(ad.starts)}" if ad.ends is None else f"{day(ad.starts)} to {day(ad.ends)}"


def promotes(ad: Ad, titles: Mapping[str, str]) -> str:
    """What it advertises."""
    if ad.item is not None:
        return titles.get(ad.item, ad.item)
    return f"any of {ad.category}" if ad.category is not None else "nothing in particular"


def price(ad: Ad) -> str:
    """What it costs its advertiser."""
    if ad.house or not ad.bid:
        return "nothing"
    return f"{ad.bid:,.2f} a {'click' if ad.billing is Billing.click else 'decision'}"


def terms(ad: Ad) -> str:
    """Who may see it, when, how often and for how much, as sentences."""
    who = [f"{name} is {_either(values)}" for name, values in ad.attributes.items()]
    who += [f"they belong to {_either(ad.segments)}"] if ad.segments else []
    told = [f"Shown to customers of whom {' and '.join(who)}" if who else "Shown to everybody"]
    told.append(f"in {_either(ad.slots)}" if ad.slots else "in every slot")
    told.append(flight(ad))
    if ad.cap_per_day is not None:
        told.append(f"at most {count(ad.cap_per_day, 'time')} a day to one customer")
    return f"{', '.join(told)}. {_cost(ad)}"


def money(amount: float | None) -> str:
    """An amount in the shop's currency."""
    return "–" if amount is None else f"{amount:,.2f}"


def _cost(ad: Ad) -> str:
    if ad.house:
        return "An ad of the house: it costs nothing and is shown where no other may be."
    limits = [
        f"at most {money(amount)} {when}"
        for amount, when in ((ad.daily_budget, "a day"), (ad.total_budget, "in all"))
        if amount is not None
    ]
    return f"It costs {price(ad)}{', ' if limits else ''}{' and '.join(limits)}."


def _either(values: tuple[str, ...]) -> str:
    return (
        values[0]
        if len(values) == 1
        else f"{', '.join(values[:-1])} or {values[-1]}"
        if values
        else "nothing"
    )


def _used(amount: float, budget: float | None) -> bool:
    return budget is not None and amount >= budget
