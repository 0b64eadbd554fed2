"""Who may come in: a key with the right scope, or, for the demo, whoever sits at this machine."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote_to_bytes

from reco_lab.api.refusals import Refusal
from reco_lab.services.keys import KnownKeys
from reco_lab.store.keyring import KeyRecord, Scope

OPEN = frozenset({"/health"})
ANY_KEY = frozenset({"/ready", "/openapi.json"})
SCOPES: Mapping[tuple[str, str], Scope] = {
    ("GET", "/ads"): Scope.serve,
    ("GET", "/recommendations"): Scope.serve,
    ("POST", "/events"): Scope.track,
    ("POST", "/interactions"): Scope.track,
}
LONGEST_PATH = 4096
PROXIED = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"})
_THIS_MACHINE = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_BEARER = b"bearer "
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def scope_of(method: str, path: str) -> Scope | None:
    """What a key must be good for here; None where any will do. What is not listed is the administrator's."""
    return None if path in ANY_KEY else SCOPES.get((method, path), Scope.admin)


def right_key(text: str, known: KnownKeys, now: datetime, wanted: Scope | None) -> KeyRecord:
    """The key that a request carries; a Refusal if it has none that holds (401) or it is for other things (403)."""
    if not text:
        raise Refusal(401, "no_key", "Send a key: Authorization: Bearer KEY.", headers=_CHALLENGE)
    record = known.find(text, now)
    if record is None:
        raise Refusal(401, "bad_key", "This key does not hold (any more).", headers=_CHALLENGE)
    if wanted is not None and not record.allows(wanted):
        raise Refusal(403, "scope", f"This needs a key with the scope {wanted}.")
    return record


def key_text(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """What stands in `Authorization: Bearer` or `X-API-Key`; empty where neither is there."""
    for name, value in headers:
        if name == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
            return value[len(_BEARER) :].strip().decode("latin-1")
        if name == b"x-api-key":
            return value.strip().decode("latin-1")
    return ""


def from_this_machine(scope: Mapping[str, Any]) -> None:
    """A Refusal (403) unless a request comes from this machine and was meant for it.

    The Host is looked at too: a page from elsewhere can let its own name point here, and a proxy makes every
    caller look like this machine; most of them add a header that tells.
    """
    client = scope.get("client")
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    host = hosts[0].decode("latin-1") if len(hosts) == 1 else ""
    named = _THIS_MACHINE.fullmatch(host)
    proxied = any(header in PROXIED for header, _ in scope["headers"])
    if proxied or client is None or not _is_loopback(client[0]) or named is None:
        raise Refusal(403, "demo", "The demo answers this machine only. Start reco-lab serve and use a key.")


def readable(path: bytes) -> None:
    """A Refusal for a path that is too long (414) or no UTF-8 (400), in which two ids could become one."""
    if len(path) > LONGEST_PATH:
        raise Refusal(414, "too_long", f"A path may have at most {LONGEST_PATH:,} bytes.")
    if path.isascii() and b"%" not in path:
        return
    try:
        unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(400, "not_utf8", "The path is no UTF-8 text.", "path") from None


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
