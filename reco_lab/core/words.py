"""Numbers with their nouns and verbs, as a person writes them."""


def count(number: float, noun: str) -> str:
    """A number with its noun: "1 customer", "13,151 interactions"."""
    return f"{number:,.0f} {noun}{agree(number, '', 's')}"


def agree(number: float, one: str, many: str) -> str:
    """The word that goes with a number: `one` for 1, else `many`."""
    return one if round(number) == 1 else many
