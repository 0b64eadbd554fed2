"""Pages to items: a template such as /product/{item}, read in time that grows with the text and no faster."""

import re
from urllib.parse import unquote

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from reco_lab.core.errors import SpecError

LONGEST = 200
ITEM = "{item}"
EXPERT = "regex:"
_SEGMENT = r"(?P<item>[^/?#&]+)"
_ENOUGH = 0.02
_USUAL = (
    "/product/{item}", "/products/{item}", "/produkt/{item}", "/produkte/{item}", "/produit/{item}",
    "/producto/{item}", "/prodotto/{item}", "/p/{item}", "/dp/{item}", "/item/{item}", "/items/{item}",
    "/article/{item}", "/artikel/{item}", "/shop/*/{item}", "?sku={item}", "?product_id={item}", "?item={item}",
)  # fmt: skip


def items_of(pages: pd.Series, pattern: str) -> pd.Series:
    """The item that each page names, missing where it names none; `%20` and the like are read as what they mean.

    `pattern` is a template: `{item}` stands for a part between slashes, `*` for anything within one. After
    `regex:` it is an expression with a group called item. Raises SpecError for one that cannot be used.
    """
    expression = as_expression(pattern)
    texts = pd.Series(pages.dropna().unique(), dtype="str")
    found = pc.struct_field(pc.extract_regex(pa.array(texts, pa.large_string()), expression), "item")
    named = {
        text: unquote(item) for text, item in zip(texts, found.to_pylist(), strict=True) if item is not None
    }
    return pages.map(named).astype("str")


def as_expression(pattern: str) -> str:
    """The expression behind a pattern. RE2 reads it, which cannot be made to search for ever."""
    if len(pattern) > LONGEST:
        raise SpecError(f"A pattern of pages has at most {LONGEST} characters.", key="pages")
    if pattern.startswith(EXPERT):
        expression = pattern.removeprefix(EXPERT).replace("(?<item>", "(?P<item>")
    else:
        if pattern.count(ITEM) != 1:
            raise SpecError(
                f"The pattern {pattern!r} does not say where the item stands.",
                fix="Write {item} once, as in /product/{item}.",
                key="pages",
            )
        before, after = (re.escape(part).replace(r"\*", "[^/?#&]*") for part in pattern.split(ITEM))
        before = before.replace(r"\?", "[?&]")
        expression = f"{before}{_SEGMENT}{after}" + ("" if after else "(?:[/?#&]|$)")
    _check(expression)
    return expression


def guess_pattern(pages: pd.Series) -> str:
    """The usual template by which most different pages name an item; empty where hardly any does."""
    texts = pd.Series(pages.dropna().unique()[:5000], dtype="str")
    if texts.empty:
        return ""
    shares = [float(items_of(texts, pattern).notna().mean()) for pattern in _USUAL]
    best = max(range(len(_USUAL)), key=shares.__getitem__)
    return _USUAL[best] if shares[best] >= _ENOUGH else ""


def _check(expression: str) -> None:
    if "(?P<item>" not in expression:
        raise SpecError(
            "The expression has no group called item.", fix="Write it as (?P<item>[^/]+).", key="pages"
        )
    try:
        pc.extract_regex(pa.array(["/"]), expression)
    except pa.ArrowException as error:
        raise SpecError(
            f"The expression cannot be read ({error}).", fix="Write other groups as (?:...).", key="pages"
        ) from error
