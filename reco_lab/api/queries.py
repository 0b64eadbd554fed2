"""The part of an address after the question mark, strictly: known names, each once, as UTF-8."""

from collections.abc import Collection
from urllib.parse import unquote_to_bytes

from reco_lab.api.bodies import CONTROL
from reco_lab.api.refusals import Refusal
from reco_lab.cleaning.ids import one_id
from reco_lab.core.errors import InputError

LONGEST_QUERY = 8192
LONGEST_SLOT = 100


def parameters(query: bytes, known: Collection[str]) -> dict[str, str]:
    """The parameters by name; a Refusal (400) for one that is unknown, repeated or no UTF-8."""
    if len(query) > LONGEST_QUERY:
        raise Refusal(414, "too_long", f"A query may have at most {LONGEST_QUERY:,} bytes.")
    if not query:
        return {}
    plain = query.isascii() and b"%" not in query and b"+" not in query
    parts = [part.partition("=") for part in query.decode().split("&")] if plain else _decoded(query, known)
    found = {name: value for name, _, value in parts}
    for name in found:
        if name not in known:
            raise _bad("unknown_parameter", f"Known parameters are: {', '.join(known)}.", "query")
    if len(found) < len(parts):
        twice = next(name for name in found if [one for one, _, _ in parts].count(name) > 1)
        raise _bad("repeated_parameter", "A parameter may stand only once.", twice)
    return found


def _decoded(query: bytes, known: Collection[str]) -> list[tuple[str, str, str]]:
    found = []
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        key = text(name, "query")
        found.append((key, "=", text(value, key if key in known else "query")))
    return found


def text(raw: bytes, where: str) -> str:
    """The text of an encoded part of an address; a Refusal (400) if it is no UTF-8."""
    plain = unquote_to_bytes(raw.replace(b"+", b" ")) if b"%" in raw or b"+" in raw else raw
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad("not_utf8", "This is no UTF-8 text.", where) from None


def id_of(value: str | None, what: str, where: str) -> str:
    """The one spelling of an id; a Refusal (422) if it is missing or cannot be one."""
    if value is None:
        raise Refusal(422, "missing", f"A {what} id is needed.", where)
    try:
        return one_id(value, what)
    except InputError as error:
        raise Refusal(422, "bad_id", error.what, where) from None


def slot_of(value: str | None) -> str:
    """The name of a slot, empty where none was given; a Refusal (422) if it cannot be one."""
    if not value:
        return ""
    if len(value) > LONGEST_SLOT or (not value.isprintable() and CONTROL.search(value)):
        message = f"A slot is at most {LONGEST_SLOT} characters without control characters."
        raise Refusal(422, "bad_slot", message, "slot")
    return value


def number_of(value: str | None, default: int, most: int, where: str) -> int:
    """A whole number from 1 to `most`; a Refusal (422) for anything else."""
    if value is None:
        return default
    # isdecimal alone would take the digits of every script
    if not (value.isascii() and value.isdecimal() and len(value) <= 6 and 1 <= int(value) <= most):
        raise Refusal(422, "out_of_bounds", f"It must be a whole number from 1 to {most}.", where)
    return int(value)


def _bad(code: str, message: str, where: str) -> Refusal:
    return Refusal(400, code, message, where)
