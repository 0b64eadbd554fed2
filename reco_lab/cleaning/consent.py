"""Consent to advertising: the words of a column, as yes or no."""

import pandas as pd

_YES = [
    "yes",
    "y",
    "true",
    "t",
    "1",
    "1.0",
    "ja",
    "j",
    "oui",
    "o",
    "si",
    "sí",
    "s",
    "sim",
    "given",
    "granted",
    "accepted",
    "accept",
    "agreed",
    "opted_in",
    "opt_in",
    "opt-in",
    "optin",
    "in",
    "subscribed",
    "active",
    "allowed",
    "x",
    "on",
    "erteilt",
    "zugestimmt",
    "accordé",
]
_NO = [
    "no",
    "n",
    "false",
    "f",
    "0",
    "0.0",
    "nein",
    "non",
    "não",
    "withdrawn",
    "revoked",
    "refused",
    "denied",
    "declined",
    "opted_out",
    "opt_out",
    "opt-out",
    "optout",
    "out",
    "unsubscribed",
    "inactive",
    "blocked",
    "off",
    "widerrufen",
    "abgelehnt",
]


def consenting(column: pd.Series) -> pd.Series:
    """Who gave consent: only a clear yes counts, an empty or unknown word does not."""
    return _words(column).isin(_YES)


def consent_of(column: pd.Series, *, opt_out: bool = False) -> pd.Series:
    """A column of consent as "yes", "no" or missing; of an opt-out, no means yes, and so does an empty cell."""
    words = _words(column)
    agreed, refused = words.isin(_YES), words.isin(_NO)
    if opt_out:
        agreed, refused = refused | words.isna() | (words == ""), agreed
    yes = pd.Series("yes", column.index, dtype="str")
    return yes.where(agreed, yes.mask(refused, "no").where(refused, None))


def _words(column: pd.Series) -> pd.Series:
    return column.astype("str").str.strip().str.lower().str.replace(" ", "_", regex=False)
