"""What an experiment found, told to somebody who knows no metrics: each function is one sentence."""

from reco_lab.experiments.results import Cell, Comparison, Outcome, Row
from reco_lab.experiments.verdict import POPULAR, YARDSTICKS, listed
from reco_lab.store.records import DatasetVersion
from reco_lab.ui.metric import plain
from reco_lab.ui.words import count, day

LATELY = "recently_popular"
VERBS = {
    "purchase": "buy",
    "rating": "rate",
    "click": "click",
    "view": "look at",
    "cart": "put into the cart",
}

DONE = {
    "purchase": "bought",
    "rating": "rated",
    "click": "clicked",
    "view": "looked at",
    "cart": "put into the cart",
}


def did(kinds: tuple[str, ...]) -> str:
    """What a customer did, for one kind of interaction ("bought"), or "went for" where several are meant."""
    return DONE.get(kinds[0], "went for") if len(kinds) == 1 else "went for"


def place(version: DatasetVersion) -> str:
    """Where it was found, for the end of a sentence."""
    title = version.title or version.name
    return "in the demo shop" if version.name == "demo-shop" else f"in “{title}”"


def headline(found: Comparison, where: str) -> str:
    """The finding for a stranger; the plain verdict where nothing beats the bestsellers."""
    duels = {verdict.other: verdict.outcome for verdict in found.verdicts}
    bestsellers = [row.name for row in found.leaderboard if row.algorithm == POPULAR]
    if found.champion is None or not any(duels.get(name) is Outcome.better for name in bestsellers):
        return found.plain
    lately = found.row(found.champion).algorithm == LATELY
    winner = "What sold lately beats" if lately else "Personal recommendations beat"
    return f"{winner} the bestseller list {where}."


def people(found: Comparison) -> str:
    """How many customers of a hundred find something, with the champion and with bestsellers; empty if not measured."""
    keys = [key for row in found.leaderboard for key in row.metrics if key.startswith("hit_rate@")]
    if found.champion is None or not keys:
        return ""
    key = min(keys, key=lambda one: int(one.partition("@")[2]))
    own = _value(found.row(found.champion), key)
    base = next((_value(row, key) for row in found.leaderboard if row.algorithm == POPULAR), None)
    if own is None:
        return ""
    k = key.partition("@")[2]
    sentence = (
        f"Of 100 customers, {own * 100:.0f} find something they later {verb(found)} among {k} suggestions"
    )
    if base is None or found.row(found.champion).algorithm == POPULAR:
        return f"{sentence}."
    return f"{sentence}; with bestsellers it is {base * 100:.0f}."


def judged(found: Comparison) -> str:
    """By which metric the best was found, where the sentence about people counts something else; else empty."""
    if found.headline.startswith("hit_rate@") or not people(found):
        return ""
    return f"The best one was picked by asking: {plain(found.headline)}"


def standing(found: Comparison) -> str:
    """Who was best, who may be as good, and what that stands on."""
    told = []
    if found.champion is not None:
        first = contestants(found)[0].name == found.champion
        told.append(f"{'Best' if first else 'Picked in advance'}: {found.champion}.")
        close = [
            one.other
            for one in found.verdicts
            if one.outcome in {Outcome.unsure, Outcome.tie} and one.other != _bestseller(found)
        ]
        if close:
            told.append(f"{listed(close)} {'is' if len(close) == 1 else 'are'} too close to call.")
    told.append(f"{count(found.split.users_scored, 'customer')}{_period(found)}.")
    return " ".join(told)


def verb(found: Comparison) -> str:
    """What a customer does that counts as a hit: buy, rate, ... or go for, where several kinds count."""
    hits = found.split.hits
    return VERBS.get(hits[0], "go for") if len(hits) == 1 else "go for"


def contestants(found: Comparison) -> list[Row]:
    """The rows that could have won, best first: no yardstick, no failure."""
    return [row for row in found.leaderboard if row.algorithm not in YARDSTICKS and row.error is None]


def _bestseller(found: Comparison) -> str | None:
    return next((row.name for row in found.leaderboard if row.algorithm == POPULAR), None)


def _period(found: Comparison) -> str:
    split = found.split
    return f", {day(split.as_of)} to {day(split.until)}" if split.as_of and split.until else ""


def _value(row: Row, key: str) -> float | None:
    return row.metrics.get(key, Cell(value=None)).value
