"""What a metric is called on the screen: the plain words first, its name in the field second."""

from reco_lab.core.evaluation import metrics
from reco_lab.ui.words import score

SHARES = frozenset({"coverage", "hit_rate"})


def name(key: str) -> str:
    """The field's name of a metric key: "nDCG@10"."""
    ident, _, k = key.partition("@")
    label = metrics()[ident].label if ident in metrics() else ident
    return f"{label}@{k}" if k else label


def plain(key: str) -> str:
    """What a metric tells, for anyone."""
    ident = key.partition("@")[0]
    return metrics()[ident].plain if ident in metrics() else ""


def definition(key: str) -> str:
    """The formula in words, with what happens at its edges."""
    ident = key.partition("@")[0]
    return f"{formula(key)} {edges(key)}" if ident in metrics() else ""


def formula(key: str) -> str:
    """The formula in words, as a sentence."""
    return _sentence(metrics()[key.partition("@")[0]].definition)


def edges(key: str) -> str:
    """What happens at its edges."""
    return f"Special cases: {_sentence(metrics()[key.partition('@')[0]].edge_cases)}"


def _sentence(words: str) -> str:
    return words if words.endswith(".") else f"{words}."


def value(key: str, number: float | None) -> str:
    """A value as a person reads it: a share of the catalogue or of customers in per cent, else three decimals."""
    if number is not None and is_share(key):
        return f"{number:.0%}"
    return score(number)


def is_share(key: str) -> bool:
    """Whether it is a share of the catalogue or of customers, which people read in per cent."""
    return key.partition("@")[0] in SHARES


def full(key: str) -> str:
    """The plain words with the field's name behind them, for a menu."""
    words = plain(key).rstrip(".")
    return f"{words} ({name(key)})" if words else name(key)


def better_when_higher(key: str) -> bool | None:
    """Whether more is better; None where neither end is good by itself."""
    ident = key.partition("@")[0]
    return metrics()[ident].higher_is_better if ident in metrics() else None
