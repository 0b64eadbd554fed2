"""What may be said of the champion, in sentences."""

from collections.abc import Sequence

from reco_lab.core.evaluation import metric_at
from reco_lab.core.words import agree, count
from reco_lab.experiments.results import Outcome, Row, Verdict

RANDOM, POPULAR, ORACLE = "random", "most_popular", "oracle"
YARDSTICKS = frozenset({RANDOM, ORACLE})
MOST_TIMES = 50
BY_PLACE = ("ndcg", "dcg", "map", "mrr")  # metrics that count where in the list a hit is, as their ids begin
SMALL = 0.001


def shown(key: str) -> str:
    """A metric's key as people read it: nDCG@10."""
    found, k = metric_at(key)
    return found.label + (f"@{k}" if k else "")


def compared(
    best: str,
    other: str,
    key: str,
    outcome: Outcome,
    gap: tuple[float, float, float],
    margin: float | None,
    few: str = "customers",
) -> str:
    """One comparison in a sentence; `gap` is champion minus other with its interval, `few` what there is too little of."""
    centre, low, high = gap if outcome is not Outcome.worse else (-gap[0], -gap[2], -gap[1])
    size = f"{centre:+.3f} {shown(key)}, {low:+.3f} to {high:+.3f}"
    size = size.replace("-", "\N{MINUS SIGN}")
    if low > 0:
        size = f"{centre:.3f} {shown(key)} ({low:.3f} to {high:.3f})"
    return {
        Outcome.better: f"{best} beats {other} by {size}.",
        Outcome.worse: f"{best} was ahead on validation, but {other} is better on the test by {size}.",
        Outcome.tie: f"{best} and {other} are a tie: they differ by {size}, which is within ±{margin}.",
        Outcome.unsure: f"Too few {few} to tell {best} from {other}: they differ by {size}.",
    }[outcome]


def sentence(best: str | None, rows: Sequence[Row], found: Sequence[Verdict], key: str, obstacle: str) -> str:
    """The verdict in a line or two: the champion against the bestsellers and against its closest rival.

    `obstacle` says why there is no champion or no verdict, where there is none.
    """
    if best is None:
        return f"No champion: {obstacle}."
    duels = {verdict.other: verdict for verdict in found}
    rivals = [row.name for row in rows if row.algorithm not in YARDSTICKS and row.name in duels]
    popular = [row.name for row in rows if row.algorithm == POPULAR and row.name in duels]
    told = dict.fromkeys([*popular, *rivals[:1]])
    if not told:
        return (
            f"{best} was chosen on the validation part; there is nothing to hold it against on {shown(key)}."
        )
    return " ".join(duels[name].sentence for name in told)


def plain(best: str | None, rows: Sequence[Row], found: Sequence[Verdict], key: str, obstacle: str) -> str:
    """The verdict for somebody who knows no metrics: is it better than showing everybody the bestsellers?"""
    if best is None:
        return f"There is no winner to name: {obstacle}."
    known = {row.name: row for row in rows if row.error is None}
    rivals = [one for one in found if one.other in known and known[one.other].algorithm not in YARDSTICKS]
    popular = next((row.name for row in known.values() if row.algorithm == POPULAR), None)
    lead = (
        _against_all(best, rivals) if popular == best else _against_popular(best, popular, known, rivals, key)
    )
    others = [one for one in rivals if one.other != popular]
    above = [one.other for one in others if one.outcome is Outcome.worse]
    close = [one.other for one in others if one.outcome in {Outcome.tie, Outcome.unsure}]
    if above:
        lead += f" {listed(above)} did better still in the test."
    beats = any(one.other == popular and one.outcome is Outcome.better for one in rivals)
    if close and beats:
        lead += f" {listed(close)} may be as good."
    return lead


def power(found: Sequence[Verdict], rivals: Sequence[str]) -> str:
    """How small a difference to the closest rival would often be missed; empty where that is not known."""
    known = [one for one in found if one.other in rivals and one.detectable is not None]
    if not known:
        return ""
    closest = min(known, key=lambda one: abs(one.difference))
    size = closest.detectable or 0.0
    told = f"{size:.3f}" if size >= SMALL else f"{size:.1g}"
    return (
        f"With {count(closest.customers, 'customer')} a true difference to {closest.other} under {told} "
        f"{shown(closest.metric)} would be missed more often than one time in five."
    )


def merged(best: str, found: Sequence[Verdict]) -> str:
    """All comparisons of the champion in a line or two, by how they ended."""
    groups = {
        outcome: [one.other for one in found if one.outcome is outcome]
        for outcome in (Outcome.better, Outcome.worse, Outcome.tie, Outcome.unsure)
    }
    words = {
        Outcome.better: f"{best} beats {{}}.",
        Outcome.worse: f"Better than {best}: {{}}.",
        Outcome.tie: "A tie: {}.",
        Outcome.unsure: "Not decided: {}.",
    }
    return " ".join(words[outcome].format(listed(names)) for outcome, names in groups.items() if names)


def _against_popular(
    best: str, popular: str | None, rows: dict[str, Row], found: Sequence[Verdict], key: str
) -> str:
    duel = next((one for one in found if one.other == popular), None)
    outcome = duel.outcome if duel else None
    if popular is None or duel is None:
        return f"{best} was chosen; {shown(key)} does not say how it compares with showing everybody the bestsellers."
    if outcome is Outcome.tie:
        return f"{best} is no better and no worse than showing everybody the bestsellers."
    if outcome is Outcome.worse:
        return f"Showing everybody the bestsellers did better than {best} in the test."
    if outcome is Outcome.unsure:
        return _not_shown(best, duel.customers, [*rows.values()], found)
    at = "showing high up" if key.startswith(BY_PLACE) else "finding"
    return f"{best} is {_times(rows[best], rows[popular], key)} the bestseller list at {at} what customers go for next."


def _times(best: Row, popular: Row, key: str) -> str:
    own, base = best.metrics[key].value, popular.metrics[key].value
    rises = metric_at(key)[0].higher_is_better
    if not rises or not own or not base or own > MOST_TIMES * base:
        return "better than"
    return f"{own / base:.1f} times as good as"


def _against_all(best: str, found: Sequence[Verdict]) -> str:
    if any(one.outcome is Outcome.worse for one in found):
        return f"{best} looked best before the test, and was not."
    return "Nothing that was tried is shown to be better than showing everybody the bestsellers."


def _not_shown(best: str, customers: int, rows: Sequence[Row], found: Sequence[Verdict]) -> str:
    lead = "No recommender is shown to be better than popular items here."
    if any(one.outcome is Outcome.worse for one in found):
        lead = f"{best} is not shown to be better than popular items here."
    running = [row.name for row in rows if row.algorithm not in YARDSTICKS and row.metrics]
    place, of = running.index(best) + 1, len(running)
    stood = f"came {_ordinal(place)} of {_number(of)}" if place > 1 else "came first"
    return f"{lead} {count(customers, 'customer')} {agree(customers, 'is', 'are')} too few. {best}, picked in advance, {stood}."


def _ordinal(place: int) -> str:
    words = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
    return words[place - 1] if place <= len(words) else f"at place {place}"


def _number(count: int) -> str:
    words = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count - 1] if count <= len(words) else str(count)


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: A, B and C."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
