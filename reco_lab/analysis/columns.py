"""Guess which column of a table means what, with a confidence and a reason in words."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Role = Literal["user", "item", "value", "time", "kind"]
TableKind = Literal["interactions", "customers", "items"]
ItemRole = Literal["title", "category", "price"]
ROLES: tuple[Role, ...] = ("user", "item", "value", "time", "kind")
ITEM_ROLES: tuple[ItemRole, ...] = ("title", "category", "price")
LOOKED_AT = 20_000
_ORDER: tuple[Role, ...] = ("time", "kind", "user", "item", "value")
_BY_POSITION: tuple[Role, ...] = ("user", "item")

_NAMES: dict[Role, str] = {
    "user": (
        "user uid customer cust client member visitor fullvisitor household person reviewer buyer shopper account "
        "subscriber kunde kunden kundennummer nutzer benutzer klant gebruiker utilisateur usuario utente cliente "
        "consumer contact userpseudo"
    ),
    "item": (
        "item product prod sku movie film asin stock stockcode article artikel book isbn song track artist asset "
        "content business ad offer produkt produit producto prodotto upc ean gtin show anime game news goods "
        "material coupon recipe restaurant reference ref"
    ),
    "time": (
        "timestamp time date datetime ts when created createdat event_time eventtime invoicedate orderdate day datum "
        "zeit zeitpunkt zeitstempel bestelldatum kaufdatum rechnungsdatum fecha hora heure tijd unixreviewtime purchasedate"
    ),
    "value": (
        "rating ratings score stars overall bewertung note puntuacion valutazione qty quantity menge anzahl "
        "cantidad quantite amount plays playcount weight value units count price revenue salesvalue betrag stk stück "
        "stueck pcs pieces"
    ),
    "kind": "event eventtype eventname action type behavior behaviour activity interaction aktion ereignis evento kind",
}
_WORDS: dict[Role, dict[str, int]] = {
    role: {word: rank for rank, word in enumerate(names.split())} for role, names in _NAMES.items()
}
_SUFFIXES = {"id", "ids", "no", "nr", "nummer", "number", "num", "code", "key", "hash", "uuid"}
_ORDERS = {
    "order", "orders", "invoice", "receipt", "basket", "transaction", "session", "line", "bestell", "bestellung",
    "auftrag", "rechnung", "rechnungs", "beleg", "bon", "commande", "facture", "ticket", "pedido", "factura", "ordine",
}  # fmt: skip
_SPEAKING = {"name", "title", "description", "category", "price", "email", "age", "gender", "country", "type"}
_EVENT_WORDS = {
    "view", "click", "cart", "addtocart", "add_to_cart", "purchase", "transaction", "buy", "order", "rating",
    "pv", "fav", "impression", "wishlist", "remove_from_cart", "like", "share", "play", "checkout", "visit",
}  # fmt: skip
_DATE = r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?:[ T,].*)?|(?:19|20)\d{2}[01]\d[0-3]\d"
_QUANTITIES = {
    "qty", "quantity", "menge", "anzahl", "cantidad", "quantite", "amount", "units", "price", "revenue", "betrag",
    "sales", "stk", "stück", "stueck", "pcs", "pieces",
}  # fmt: skip
_RATINGS = {
    "rating", "ratings", "score", "stars", "overall", "bewertung", "note", "puntuacion", "valutazione",
}  # fmt: skip
_PIECES = {
    "qty",
    "quantity",
    "menge",
    "anzahl",
    "cantidad",
    "quantite",
    "units",
    "count",
    "stk",
    "stück",
    "stueck",
    "pcs",
    "pieces",
}
_PRICES = {"price", "unitprice", "preis", "stückpreis", "prix", "precio", "prezzo"}
_PAID = {
    "salesvalue", "salesamount", "revenue", "turnover", "amount", "amountpaid", "paid", "spend", "spent", "total",
    "linetotal", "umsatz", "betrag", "montant", "importe",
}  # fmt: skip
_EPOCHS = ((6.3e8, 4.2e9), (6.3e11, 4.2e12), (6.3e14, 4.2e15), (6.3e17, 4.2e18))


@dataclass(frozen=True)
class ColumnGuess:
    """A column for a role (None if there is none), how sure that is (0 to 1), and why."""

    column: str | None
    confidence: float
    reason: str


NOTHING = ColumnGuess(None, 0.0, "no column says it of the items")


@dataclass(frozen=True)
class Guess:
    """A guess for every role of the log, and for what a joined export says of its items."""

    user: ColumnGuess
    item: ColumnGuess
    value: ColumnGuess
    time: ColumnGuess
    kind: ColumnGuess
    title: ColumnGuess = NOTHING
    category: ColumnGuess = NOTHING
    price: ColumnGuess = NOTHING

    def __iter__(self) -> Iterator[tuple[Role | ItemRole, ColumnGuess]]:
        return ((role, getattr(self, role)) for role in (*ROLES, *ITEM_ROLES))


def guess_columns(frame: pd.DataFrame) -> Guess:
    """Look at the names and at up to 20,000 rows of text; without speaking names the content alone decides."""
    looks = [_Look(str(name), frame[name].iloc[:LOOKED_AT]) for name in frame.columns]
    found: dict[Role, ColumnGuess] = {}
    for role in _ORDER:
        free = [look for look in looks if look.name not in {one.column for one in found.values()}]
        found[role] = _best(role, free)
    for role in _BY_POSITION:
        if found[role].column is None:
            taken = {one.column for one in found.values()}
            found[role] = _by_place(role, [look for look in looks if look.name not in taken])
    if found["value"].column is None:
        taken = {one.column for one in found.values()}
        found["value"] = _rating([look for look in looks if look.name not in taken])
    return Guess(**found | {"value": _money(found, looks)})


def guess_table_kind(frame: pd.DataFrame) -> TableKind:
    """Whether the rows are interactions, customers or items.

    A table whose first column is different in every row and which does not name both a customer and an item
    is a table of attributes; of items if it is named so or holds titles.
    """
    looks = [_Look(str(name), frame[name].iloc[:LOOKED_AT]) for name in frame.columns]
    named = {role: max((look.named(role) for look in looks), default=0.0) for role in ("user", "item")}
    if min(named.values()) > 0 or len(frame) < 2 or not looks[0].unique:
        return "interactions"
    if max(named.values()) > 0:
        return "items" if named["item"] > named["user"] else "customers"
    if len(looks) == 1 or (
        any(look.time > 0 for look in looks[1:]) and not any(look.title for look in looks)
    ):
        return "interactions"
    return "items" if any(look.title for look in looks[1:]) else "customers"


def kind_of_value(column: pd.Series, beside: Iterable[object] = ()) -> tuple[str, str]:
    """What each row is, where only a value says so (the name of a `Kind`), and the reason in words.

    `beside` are the names of all columns: where one is a price, small numbers are pieces rather than ratings.
    """
    look = _Look(str(column.name), column.iloc[:LOOKED_AT])
    words = {word for word in look.tokens if word not in _SUFFIXES}
    if words & _QUANTITIES:
        return "purchase", f"every row is taken as a purchase, because the value is called {look.name!r}"
    price = next((str(name) for name in beside if not _PRICES.isdisjoint(_words(str(name)))), None)
    if price is not None and look.rating and not words & _RATINGS:
        return "purchase", f"every row is taken as a purchase, because column {price!r} says what it costs"
    if look.rating or words & _RATINGS:
        return "rating", f"every row is taken as a rating, because column {look.name!r} reads like ratings"
    return "interaction", f"every row is taken as an interaction, weighted by column {look.name!r}"


class _Look:
    """What one column looks like."""

    def __init__(self, name: str, column: pd.Series) -> None:
        self.name = name
        texts = column.dropna().astype("str").str.strip()
        self.rows = len(texts)
        self.distinct = texts.drop_duplicates()
        self.unique = len(texts) == len(column) and len(self.distinct) == len(texts)
        numbers = pd.to_numeric(self.distinct.str.replace(",", ".", regex=False), errors="coerce")
        self.numeric = float(numbers.notna().mean()) if len(numbers) else 0.0
        self.numbers = numbers.dropna().to_numpy(np.float64)
        self.tokens = _words(name)

    @property
    def of_an_order(self) -> bool:
        """Whether it names an order, a receipt or a visit: never a customer or an item."""
        return bool(set(self.tokens) & _ORDERS) and not any(self.named(role) for role in ("user", "item"))

    def named(self, role: Role) -> float:
        """How well the name fits: 1 exactly, less the more it says besides; 0 not at all."""
        words = _WORDS[role]
        bare = [word for word in self.tokens if word not in _SUFFIXES]
        joined = "".join(bare)
        other = bool(set(bare) & _SPEAKING - set(words))
        exact = next(
            (word for word in (joined, joined + "s", joined.removesuffix("id")) if word in words), None
        )
        if exact is not None:
            return 1 - 0.002 * words[exact]
        hits = [words[word] for word in bare if word in words]
        return (0.7 - 0.002 * min(hits)) * (0.5 if other else 1) if hits else 0.0

    @property
    def time(self) -> float:
        """How surely these are times: by content only."""
        if self.distinct.empty:
            return 0.0
        if self.distinct.str.fullmatch(_DATE).mean() > 0.9:
            return 0.9
        epochs = self.numeric > 0.95 and any(
            np.mean((self.numbers >= low) & (self.numbers <= high)) > 0.99 for low, high in _EPOCHS
        )
        return 0.7 if epochs else 0.0

    @property
    def identifying(self) -> int:
        """Whether it could hold ids: 2 likely, 1 hardly (measures, or a few steps in many rows), 3 by its name."""
        whole = self.numeric < 1 or bool((self.numbers == np.round(self.numbers)).all())
        few = len(self.distinct) <= 20 and self.rows > 1000
        return (
            1
            if few or not whole
            else 2 + bool(self.tokens and self.tokens[-1] in _SUFFIXES - {"no", "number"})
        )

    @property
    def kind(self) -> float:
        """How surely these are kinds of event."""
        words = set(self.distinct.str.lower().str.replace(" ", "_"))
        return len(words & _EVENT_WORDS) / len(words) if 0 < len(words) <= 30 else 0.0

    @property
    def rating(self) -> bool:
        """Whether it holds a few small steps from 0 to 10 at most, as ratings do."""
        return (
            self.numeric == 1
            and 2 <= len(self.numbers) <= 20
            and self.numbers.min() >= 0
            and self.numbers.max() <= 10
            and bool((self.numbers * 2 == np.round(self.numbers * 2)).all())
        )

    @property
    def title(self) -> bool:
        """Whether it holds words, nearly all different."""
        wordy = self.distinct.str.contains(r"[^\W\d]{3,}.*\s|[^\W\d]{5,}", regex=True).mean()
        different = len(self.distinct) > 0.7 * self.rows
        return bool(different and len(self.distinct) and wordy > 0.8 and self.numeric < 0.1)


def _words(name: str) -> list[str]:
    """The words of a column's name, in lower case."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [_unglued(word) for word in re.split(r"[^\w]+|_", split.lower()) if word]


def _money(found: Mapping[Role, ColumnGuess], looks: list[_Look]) -> ColumnGuess:
    """What was paid rather than how many pieces, where the file says both and no price of a piece."""
    value = found["value"]
    named = {look.name: look for look in looks}
    if value.column is None or not _PIECES & set(named[value.column].tokens):
        return value
    if any(not _PRICES.isdisjoint(look.tokens) for look in looks):
        return value
    taken = {one.column for one in found.values()}
    for look in looks:
        if look.name not in taken and "".join(look.tokens) in _PAID and look.numeric > 0.5:
            why = f"it is called {look.name!r} and says what was paid, {value.column!r} only how many"
            return ColumnGuess(look.name, value.confidence, why)
    return value


def _unglued(word: str) -> str:
    """The word without a "nr" or "id" that is glued to a word we know: kundennr, artikelnummer, customerid."""
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        bare = word.removesuffix(suffix)
        if bare != word and (bare in _ORDERS or any(bare in words for words in _WORDS.values())):
            return bare
    return word


def _best(role: Role, looks: list[_Look]) -> ColumnGuess:
    scored = [(*_score(role, look), look) for look in looks]
    score, reason, look = max(scored, key=lambda one: one[0], default=(0.0, "", None))
    if look is None or score <= 0:
        return ColumnGuess(None, 0.0, f"no column looks like a {_WORDING[role]}")
    return ColumnGuess(look.name, round(score, 2), reason)


_BY_PLACE = {1: 0.3, 2: 0.6, 3: 0.7}
_WORDING = {
    "user": "customer",
    "item": "product",
    "value": "rating or quantity",
    "time": "time",
    "kind": "kind",
}


def _score(role: Role, look: _Look) -> tuple[float, str]:
    name = look.named(role)
    says = f"it is called {look.name!r}"
    if role == "time":
        if name and look.time:
            return 0.5 + 0.3 * name + 0.2 * look.time, f"{says} and holds times"
        return (look.time * 0.95, "it holds dates or seconds since 1970") if look.time else (0.0, "")
    if role == "kind":
        few = len(look.distinct) <= 30 and look.numeric < 0.5
        if name and few and look.kind:
            return 0.97, f"{says} and holds words such as {look.distinct.iloc[0]!r}"
        return (0.8 * look.kind, "it holds words for events") if look.kind > 0.5 else (0.0, "")
    if role == "value":
        fits = bool(name) and look.numeric > 0.5
        return (0.5 + 0.45 * name, f"{says} and holds numbers") if fits else (0.0, "")
    return (0.4 + 0.57 * name, says) if name and not look.time else (0.0, "")


def _by_place(role: Role, looks: list[_Look]) -> ColumnGuess:
    ids = [look for look in looks if not look.time and look.rows and not look.of_an_order]
    repeating = [look for look in ids if not look.unique or look.rows <= 20]
    ids = repeating or ids
    if not ids:
        return ColumnGuess(None, 0.0, "no column is left for it")
    best = max(ids, key=lambda look: (look.identifying, -ids.index(look)))
    word = "customers usually come first" if role == "user" else "items usually come after customers"
    return ColumnGuess(best.name, _BY_PLACE[best.identifying], f"by its place: {word}; check it")


def _rating(looks: list[_Look]) -> ColumnGuess:
    for look in looks:
        if look.rating:
            low, high = look.numbers.min(), look.numbers.max()
            return ColumnGuess(
                look.name, 0.7, f"it holds small numbers from {low:g} to {high:g}, as ratings do"
            )
    return ColumnGuess(None, 0.0, "no column looks like a rating or a quantity")
