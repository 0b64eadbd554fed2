"""Kinds: the words that files use for what a customer did."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reco_lab.cleaning.cleaned import Cleaned, distinct, spread
from reco_lab.core.errors import MappingError
from reco_lab.core.interactions import Kind

LEFT_OUT = ""
_KNOWN = {
    Kind.interaction: "interaction event implicit",
    Kind.view: "view views viewed pv pageview page_view view_item detail_view product_view "
    "productview product_viewed impression visit ansicht",
    Kind.click: "click clicks clicked clickthrough ad_click select_item product_click product_clicked klick clic",
    Kind.cart: (
        "cart addtocart add_to_cart add-to-cart ecommerceabandonedcart product_added add_to_wishlist basket add_to_basket addtobasket atc wishlist fav "
        "favorite favourite save warenkorb panier"
    ),
    Kind.purchase: (
        "purchase purchases purchased buy buys bought order orders ordered transaction transactions sale "
        "sold checkout conversion paid ecommerceorder order_completed transaction_item kauf bestellung achat compra"
    ),
    Kind.rating: "rating rate rated review reviewed stars score bewertung",
}
WORDS: Mapping[str, Kind] = {word: kind for kind, words in _KNOWN.items() for word in words.split()}


def kind_of(word: str) -> Kind | None:
    """The kind that a word of a file means, None if it is not known."""
    return WORDS.get(word.strip().lower().replace(" ", "_"))


def clean_kinds(column: pd.Series, meanings: Mapping[str, str] | None = None) -> Cleaned:
    """Turn words into names of `Kind`. `meanings` overrules what is known; LEFT_OUT refuses the rows of a word.

    Raises MappingError for words that nobody explained, and for meanings that do not exist.
    """
    own = dict(meanings or {})
    codes, texts = distinct(column)
    wrong = sorted(set(own.values()) - set(Kind.__members__) - {LEFT_OUT})
    names = [own.get(text, getattr(kind_of(text), "name", None)) for text in texts]
    unknown = [text for text, name in zip(texts, names, strict=True) if name is None]
    if unknown or wrong:
        shown = ", ".join(map(repr, (wrong or unknown)[:5]))
        raise MappingError(
            f"{shown} of column {column.name!r} is not known as a kind of interaction.",
            fix=f"Say what each word means: {', '.join(Kind.__members__)}.",
        )
    left_out = np.array([name == LEFT_OUT for name in names], bool)
    values = pd.Series([*names, LEFT_OUT], dtype="str").array.take(codes)
    refused = {
        "does not say what happened": codes < 0,
        "is of a kind that is left out": spread(codes, left_out),
    }
    meaning = ", ".join(
        f"{text} = {name or 'nothing'}" for text, name in zip(texts, names, strict=True) if text != name
    )
    return Cleaned(pd.Series(values, column.index, name=column.name), refused, note=meaning)


def weights_of(column: pd.Series, weights: Mapping[str, float]) -> pd.Series:
    """How much each row counts by its word; 1 where nothing is said of it."""
    return column.astype("str").map(dict(weights)).astype("float64").fillna(1.0)
