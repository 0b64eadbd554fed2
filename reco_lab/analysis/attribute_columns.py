"""Guess what the columns of a table of customers or items mean, and those of a log that have no role."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from reco_lab.analysis.columns import LOOKED_AT, ColumnGuess

Attributes = Literal["customers", "items"]
_ID = "id ids no nr number code key hash uuid"
_NAMES: dict[str, dict[str, str]] = {
    "items": {
        "title": (
            "title name productname itemname producttitle movietitle booktitle titel titre nombre titulo titolo "
            "bezeichnung artikelbezeichnung produktbezeichnung artikelname produktname designation producttype"
        ),
        "category": (
            "category productcategory categories maincategory genre genres department kategorie categorie categoria "
            "producttype productgroup group gruppe warengruppe section type subcategory"
        ),
        "price": "price unitprice listprice saleprice retailprice preis einzelpreis stückpreis stueckpreis verkaufspreis prix precio prezzo prijs vk msrp rrp",
        "image": "image imageurl img imgurl picture pictureurl photo bild bildurl thumbnail imagelink foto",
        "stock": "stock stocklevel instock inventory availability available qtyavailable lager bestand lagerbestand onhand",
        "margin": "margin marge profit profitmargin grossmargin deckungsbeitrag marginpercent contribution margen",
        "description": "description desc longdescription beschreibung descripcion descrizione summary details",
        "brand": "brand marke marque marca manufacturer hersteller vendor publisher",
    },
    "customers": {
        "age": "age alter edad eta leeftijd agegroup agerange ageband yearsold",
        "gender": "gender sex geschlecht genre sexe sexo genero sesso geslacht",
        "region": (
            "region country state city land province county postcode zip zipcode plz stadt ort pays ville pais "
            "ciudad location area bundesland regione"
        ),
        "consent": (
            "consent optin marketingconsent newsletter acceptsmarketing emailconsent einwilligung consentement "
            "consentimiento consenso gdprconsent subscribed permission marketingoptin"
        ),
        "opt_out": "optout unsubscribed donotcontact donotemail nomarketing abgemeldet widerspruch blocked",
        "signup": (
            "signup signupdate registered registeredat registrationdate createdat created joined joindate "
            "membersince customersince firstseen registriert anmeldung inscription alta"
        ),
        "email": "email mail emailaddress mailaddress correo courriel",
        "phone": "phone phonenumber telephone tel mobile mobilenumber cell telefon handy movil telefono",
        "name": (
            "name firstname lastname surname fullname givenname familyname vorname nachname prenom nom apellido "
            "nombre cognome customername"
        ),
        "address": "address street strasse adresse direccion indirizzo addressline streetaddress rue calle",
        "birthdate": "birthdate birthday dateofbirth dob geburtsdatum geburtstag naissance nacimiento",
    },
}
PERSONAL = ("email", "phone", "name", "address", "birthdate")
_LOG_NAMES = {
    "order": "invoice invoiceno order orderid ordernumber bill receipt basket transaction bestellung bestellnr bestellnummer rechnung rechnungsnr rechnungsnummer auftragsnr auftragsnummer belegnr commande factura",
    "status": "status orderstatus state orderstate zustand bestellstatus auftragsstatus statut estado",
    "price": "price unitprice saleprice salesvalue amount revenue preis einzelpreis stückpreis stueckpreis gesamtpreis prix precio prezzo total",
    "quantity": "quantity qty menge anzahl units cantidad quantite count pieces",
    "rating": "rating ratings score stars overall bewertung note puntuacion valutazione",
}  # fmt: skip
_IMAGE = r"https?://\S+\.(?:jpe?g|png|gif|webp|avif)(?:\?\S*)?"
_YES_NO = {"0", "1", "yes", "no", "true", "false", "y", "n", "ja", "nein", "oui", "non", "si", "sí"}
_MOSTLY = 0.98
_GENDERS = {"m", "f", "w", "d", "x", "male", "female", "man", "woman", "other", "männlich", "weiblich", "divers", "homme", "femme"}  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Column:
    name: str
    texts: pd.Series
    rows: int

    @property
    def words(self) -> list[str]:
        """The words of its name, without those that only say that it is an id."""
        split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", self.name)
        return [word for word in re.split(r"[^\w]+|_", split.lower()) if word]

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers: a few cells of an export may say that there is none."""
        number = r"[^\d\w+-]{0,2}[+-]?[\d.,]+ ?(?:%|€|EUR|USD|\$|£)?"
        return bool(len(self.texts) and self.texts.str.fullmatch(number).mean() >= _MOSTLY)

    def named(self, names: str) -> float:
        """How well the name fits: 1 exactly, .6 where a word of it does."""
        known = names.split()
        joined = "".join(self.words)
        if joined in known or joined.removesuffix("s") in known:
            return 1 - 0.002 * known.index(joined if joined in known else joined.removesuffix("s"))
        plain = not set(self.words) & set(_ID.split())
        return 0.6 if plain and any(word in known for word in self.words) else 0.0

    def among(self, words: set[str]) -> bool:
        """Whether its few texts are all of these."""
        found = set(self.texts.str.lower().unique()[:20])
        return bool(found) and found <= words


_HOLDS: dict[str, Callable[[_Column], bool]] = {
    "price": lambda column: column.numeric,
    "stock": lambda column: column.numeric or column.among(_YES_NO | {"in stock", "out of stock"}),
    "margin": lambda column: column.numeric,
    "title": lambda column: not column.numeric,
    "image": lambda column: bool(column.texts.str.contains(r"/|\.\w{3,4}$", regex=True).mean() > 0.5),
    "name": lambda column: not column.numeric,
    "age": lambda column: bool(column.texts.str.contains(r"\d", regex=True).mean() > 0.5),
    "birthdate": lambda column: not column.texts.empty,
}


def guess_attributes(frame: pd.DataFrame, kind: Attributes) -> dict[str, ColumnGuess]:
    """The columns of a table of customers or items that have a known meaning, by meaning, with a reason.

    Items: title, category, price, image, stock, margin, description, brand. Customers: age, gender, region,
    consent, opt_out, signup, and the personal ones (email, phone, name, address, birthdate).
    """
    columns = _columns(frame)
    found: dict[str, ColumnGuess] = {}
    for meaning, names in _NAMES[kind].items():
        best = max(
            (one for one in columns if _HOLDS.get(meaning, _any)(one)),
            key=lambda one: one.named(names),
            default=None,
        )
        taken = {guess.column for guess in found.values()}
        if best is not None and best.named(names) and best.name not in taken:
            confidence = round(0.4 + 0.55 * best.named(names), 2)
            found[meaning] = ColumnGuess(best.name, confidence, f"it is called {best.name!r}")
    return found | _by_content(columns, kind, found)


def personal_columns(frame: pd.DataFrame) -> dict[str, str]:
    """Columns whose name says that they hold a name, an address, a birthday... of a person, with what."""
    return {
        one.name: meaning
        for meaning in PERSONAL
        for one in _columns(frame)
        if one.named(_NAMES["customers"][meaning]) == 1 or one.named(_NAMES["customers"][meaning]) > 0.9
    }


def meanings(frame: pd.DataFrame, roles: Sequence[str] = ()) -> dict[str, str]:
    """What columns of a log mean besides their roles: order, status, price, quantity, rating, by their names.

    `roles` are columns that hold ids, of which only "email", "phone" and "name" are said.
    """
    found = {}
    for one in _columns(frame):
        names = {word: _NAMES["customers"][word] for word in ("email", "phone", "name")}
        known = names if one.name in roles else _LOG_NAMES
        best = max(known, key=lambda word: one.named(known[word]))
        if one.named(known[best]):
            found[one.name] = best
    return found


def _any(_column: _Column) -> bool:
    return True


def _columns(frame: pd.DataFrame) -> list[_Column]:
    head = frame.iloc[:LOOKED_AT]
    return [_Column(str(name), head[name].dropna().astype("str").str.strip(), len(head)) for name in frame]


def _by_content(
    columns: list[_Column], kind: Attributes, found: dict[str, ColumnGuess]
) -> dict[str, ColumnGuess]:
    free = [one for one in columns if one.name not in {guess.column for guess in found.values()}]
    looks: dict[str, dict[str, Callable[[_Column], bool]]] = {
        "items": {"image": _is_image},
        "customers": {"gender": lambda one: one.among(_GENDERS), "age": _is_age},
    }
    guesses = {}
    for meaning, looks_like in looks[kind].items():
        column = next((one for one in free if meaning not in found and looks_like(one)), None)
        if column is not None:
            guesses[meaning] = ColumnGuess(column.name, 0.6, "by what it holds; check it")
    return guesses


def _is_image(column: _Column) -> bool:
    return bool(len(column.texts) and column.texts.str.fullmatch(_IMAGE, case=False).mean() > 0.8)


def _is_age(column: _Column) -> bool:
    if not column.numeric or len(column.texts) < 20:
        return False
    numbers = pd.to_numeric(column.texts, errors="coerce").to_numpy(np.float64)
    return bool(
        (numbers >= 5).all() and (numbers <= 110).all() and 15 < np.median(numbers) < 75
        and (numbers == np.round(numbers)).all() and len(np.unique(numbers)) > 5 and not set(column.words) - {"column"} - set("0123456789")
    )  # fmt: skip
