"""What is said of one customer: what came of the lists, why an item is there, and what a what-if moved."""

from collections.abc import Iterable

import pandas as pd

from reco_lab.experiments.verdict import listed
from reco_lab.services.customers import Card, Look, Panel, Reason
from reco_lab.ui.story import VERBS, did
from reco_lab.ui.words import count, day, signed

FAINT = 0.005
NAMED = 2
LATELY = "recently_popular"
ABOUT = {
    "association_rules": "Who had this also had that, by rules counted in the data.",
    "attribute_knn": "Looks for items with the same properties as what the customer had.",
    "baseline_only": "Guesses stars from how strict the customer and how liked the item is.",
    "bpr": "Learns which of two items a customer prefers.",
    "cascade": "Lets one recommender choose and the next put in order.",
    "co_clustering": "Guesses stars from groups of customers and groups of items.",
    "content": "Looks for items like those the customer had before.",
    "demographic": "Shows what customers with the same attributes choose.",
    "ease": "Learns which items go together, all pairs at once.",
    "funk_svd": "Guesses how many stars a customer would give.",
    "hybrid": "Lets several recommenders vote.",
    "ials": "Finds customers with similar taste.",
    "item_knn": "Customers who bought this also bought that.",
    "knn_baseline": "Guesses stars from customers who rate alike.",
    "knn_basic": "Guesses stars from customers who rate alike.",
    "knn_means": "Guesses stars from customers who rate alike, strict and mild ones levelled.",
    "knn_zscore": "Guesses stars from customers who rate alike, whatever range of stars they use.",
    "logistic_mf": "Learns how likely a customer is to choose an item.",
    "markov": "Learns what comes after what was had last.",
    "metadata_factors": "Learns taste together with what is known of customers and items.",
    "most_popular": "What most customers choose.",
    "nmf": "Sums up every customer as a mix of a few tastes.",
    "p3alpha": "Walks from the customer's items to other customers and on to theirs.",
    "popular_in_segment": "What is popular among customers like this one.",
    "pure_svd": "Sums up all customers in a few tastes and compares them.",
    "random": "Draws items by lot.",
    "random_ratings": "Draws stars by lot.",
    "recent_item_knn": "Customers who bought this also bought that; what was had lately counts most.",
    "recently_popular": "What sold most lately.",
    "rp3beta": "Walks from customer to customer by their items, and holds back bestsellers.",
    "sasrec": "Expects what comes next from the order of what was had.",
    "session_knn": "Looks for earlier visits like this customer's last one.",
    "slim": "Learns which few items best foretell each item.",
    "slope_one": "Guesses stars from how far apart two items are usually rated.",
    "surprise_nmf": "Guesses stars from a mix of a few tastes.",
    "svd": "Guesses how many stars a customer would give.",
    "svd_pp": "Guesses stars, also by what a customer chose to rate at all.",
    "switching": "Asks another recommender as a customer's history grows.",
    "two_stage": "Lets several recommenders choose, then learns the best order.",
    "user_knn": "Finds the most similar customers.",
}


def headline(look: Look) -> tuple[str, str]:
    """What came of the lists for this customer, and on how much that stands."""
    if look.history.empty:
        when = f"before {day(look.as_of)}" if look.as_of else "from before"
        words = f"{look.customer_id} is new: nothing is known {when}, so most recommenders show popular items"
        return words, _one(look)
    if not look.held_out:
        return _nothing(look), ""
    best = max(look.panels, key=hits, default=None)
    if best is None:
        return "No recommender is chosen", "Choose one in the settings."
    if not hits(best):
        return f"No list found a later choice of {look.customer_id}", _one(look)
    found = [(place, card) for place, card in enumerate(best.cards, start=1) if card.held_out]
    named = "; ".join(f"{card.title}, place {place}" for place, card in found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    of = (
        "the one later choice"
        if len(look.held_out) == 1
        else f"{hits(best)} of {len(look.held_out)} later choices"
    )
    words = f"{best.name} found {of} of {look.customer_id}"
    return f"{words}: {named}{more}", _one(look)


def _one(look: Look) -> str:
    held = (
        f"{count(len(look.held_out), 'thing')} {did(look.wanted)} {_after(look)}. " if look.held_out else ""
    )
    return f"{held}One customer proves nothing: Compare judges by all of them."


def _nothing(look: Look) -> str:
    """Why no list can be right or wrong for this customer."""
    who, after, done = look.customer_id, look.afterwards, did(look.wanted)
    if not after.kinds:
        return f"{who} was not seen {_after(look)}."
    if not after.asked:
        kind, rows = max(after.kinds.items(), key=lambda one: one[1])
        return f"{who} {did((kind,))} {count(rows, 'item')} {_after(look)} and {done} none."
    things = f"{who} {done} {count(after.asked, 'thing')} {_after(look)}"
    if not after.unknown:
        return f"{things}, all of them again. Repeats do not count here, so no list can be right or wrong."
    again = f"{after.again} again, " if after.again else ""
    return f"{things} ({again}{after.unknown} that nobody could recommend before), so no list can be right or wrong."


def _after(look: Look) -> str:
    return f"after {day(look.as_of)}" if look.as_of else "afterwards"


def hits(panel: Panel) -> int:
    """How many items of a list the customer went for afterwards."""
    return sum(card.held_out for card in panel.cards)


def about(panel: Panel, look: Look) -> str:
    """What a recommender does, in a line under its name."""
    if look.history.empty and not panel.alike:
        return "New customer: popular items shown." if panel.fallback else "New customer: a first guess."
    if panel.fallback:
        return "It knows nothing of this customer: popular items shown."
    if panel.alike:
        does = VERBS.get(look.wanted[0], "choose") if len(look.wanted) == 1 else "choose"
        often = "sold most lately" if panel.algorithm == LATELY else f"most customers {does}"
        return f"What {often}. The same for everybody."
    words = ABOUT.get(panel.algorithm, "")
    return words if panel.explains else f"{words} It cannot say why.".strip()


def why(card: Card) -> str:
    """The reasons for an item in plain words; nothing that speaks against it is given as one."""
    strong = [one for one in card.because if one.weight >= FAINT]
    itself = next((one for one in strong if one.itself), None)
    if itself is not None and strong[0] is itself:
        return f"Already {did((itself.kind,))}{f' on {day(itself.time)}' if itself.time else ''}."
    others = [one for one in strong if not one.itself][:NAMED]
    if not others:
        return "No single thing in the history stands out."
    if not others[0].kind:
        names = listed([one.text for one in strong])
        return f"Several recommenders agree ({names})." if len(strong) > 1 else f"Comes from {names}."
    groups: dict[str, list[str]] = {}
    for one in others:
        groups.setdefault(did((one.kind,)), []).append(one.text)
    return f"Because of {' and '.join(f'{listed(titles)} ({done})' for done, titles in groups.items())}."


def signed_why(card: Card) -> str:
    """The strongest parts of the score with their sizes, those that speak against the item apart."""
    pro = [_sized(one) for one in card.because if one.weight >= FAINT]
    contra = [_sized(one) for one in card.because if one.weight <= -FAINT]
    told = [f"Because of {', '.join(pro)}."] if pro else []
    told += [f"Speaks against it: {', '.join(contra)}."] if contra else []
    return " ".join(told) or "No single thing in the history stands out."


def _sized(reason: Reason) -> str:
    own = " itself" if reason.itself else ""
    return f"{reason.text}{own} ({signed(reason.weight, 2)})"


def moved(look: Look, before: Look, out: Iterable[str], in_: Iterable[str]) -> str:
    """What a what-if changed: the first item that came into a list, in a sentence; `out` and `in_` are titles."""
    causes = [
        f"{word} {listed(titles)}" for word, titles in (("Without", list(out)), ("With", list(in_))) if titles
    ]
    cause = " and ".join(
        [causes[0], *(one.lower() if one.startswith("With ") else one for one in causes[1:])]
    )
    for panel, known in zip(look.panels, before.panels, strict=True):
        if fresh := [card for card in panel.cards if card.item_id not in places(known)]:
            return f"{cause}: {fresh[0].title} comes into the {panel.name} list"
    turned = any(
        [card.item_id for card in panel.cards] != [card.item_id for card in known.cards]
        for panel, known in zip(look.panels, before.panels, strict=True)
    )
    return f"{cause}: the lists hold the same items{' in another order' if turned else ''}"


def places(panel: Panel) -> dict[str, int]:
    """At which place each item of a list stands, from 1."""
    return {card.item_id: place for place, card in enumerate(panel.cards, start=1)}


def left(panel: Panel, before: Panel) -> list[str]:
    """The titles that a what-if took out of a list."""
    now = places(panel)
    return [card.title for card in before.cards if card.item_id not in now]


def move(item: str, place: int, known: dict[str, int]) -> str:
    """How an item moved: "new", "up 2", "down 1", or nothing."""
    if item not in known:
        return "new"
    steps = known[item] - place
    return "" if not steps else f"{'up' if steps > 0 else 'down'} {abs(steps)}"


def agreement(look: Look) -> str:
    """How much the first list has in common with the others."""
    if len(look.panels) < 2 or look.history.empty:
        return ""
    first, *others = look.panels
    mine = places(first)
    shared = [f"{len(mine.keys() & places(other).keys())} with {other.name}" for other in others]
    return f"Of its {count(len(mine), 'item')}, {first.name} shares {listed(shared)}."


def facts(attributes: dict[str, str]) -> list[str]:
    """What is known of a customer, in a few words each."""
    return [_fact(name, value) for name, value in attributes.items()]


def _fact(name: str, value: str) -> str:
    if name == "consent":
        agreed = value.lower() in {"true", "1", "yes"}
        return "Agreed to advertising" if agreed else "No advertising"
    moment = (
        pd.to_datetime(value, format="ISO8601", errors="coerce")
        if value[:4].isdigit() and "-" in value
        else None
    )
    if moment is None or pd.isna(moment):
        return f"{name.replace('_', ' ')}: {value}"
    if name == "signup":
        return f"Customer since {moment:%b %Y}"
    return f"{name.replace('_', ' ')}: {day(moment.to_pydatetime())}"
