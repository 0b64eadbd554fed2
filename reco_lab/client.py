"""A client of the service for shops written in Python: the standard library only, nothing of ours.

with Client("https://ads.shop.example", key) as client:
    ads = client.ads("C00042", slot="home")
    client.track(Event(event_id=..., decision_id=ads[0].decision_id, kind="click"))
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Literal, Self
from urllib.parse import quote, urlencode, urlsplit

EventKind = Literal["impression", "click", "conversion", "dismiss"]
_TRY_AGAIN = {429, 502, 503, 504}  # those between are of proxies, while the service starts anew
_LONGEST_WAIT = 5.0
_FOR_A_CUSTOMER = 900.0  # all that is known of her is looked through, and what serves may be trained anew


class ServiceError(Exception):
    """The service did not do what it was asked: the status, a code for programs, a sentence, and which part is meant."""

    def __init__(self, status: int, code: str, message: str, where: str = "") -> None:
        self.status, self.code, self.message, self.where = status, code, message, where
        super().__init__(f"{status} {code}: {message}" + (f" ({where})" if where else ""))


@dataclass(frozen=True)
class ShownAd:
    """One ad of an answer."""

    decision_id: str
    ad_id: str
    title: str
    link: str
    position: int
    reason: str


@dataclass(frozen=True)
class RecommendedItem:
    """One item of an answer."""

    item_id: str
    title: str
    score: float


@dataclass(frozen=True)
class Event:
    """What became of a decision. Keep the `event_id` when sending again: it counts once. `at` is ISO 8601 with a zone."""

    event_id: str
    decision_id: str
    kind: EventKind
    value: float | None = None
    at: str | None = None


@dataclass(frozen=True)
class Interaction:
    """What a customer did to an item."""

    event_id: str
    user_id: str
    item_id: str
    kind: str = "view"
    value: float = 1.0
    at: str | None = None


@dataclass(frozen=True)
class Told:
    """What became of a batch: how many were new, how many repeated, and which were refused, by place and reason."""

    accepted: int
    duplicates: int
    refused: tuple[tuple[int, str], ...]


class Client:
    """One kept connection; not for several threads at once. Everything it sends may safely be sent twice.

    `url` begins with http:// or https://, else ValueError. `timeout` is the seconds that each of the `tries` may take;
    after 429, 502, 503 and 504 it waits up to 5 seconds before the next one. A page that must not wait sets `tries=1`.

    Whatever is called raises ServiceError for an answer that is no success, and OSError or HTTPException (of
    `http.client`) where none came: then ads may be left out, and what was to be told is kept and sent later.
    """

    def __init__(self, url: str, key: str = "", *, timeout: float = 2.0, tries: int = 3) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("The address of the service begins with http:// or https://.")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=timeout)
        self._prefix, self._timeout, self._tries = parts.path.rstrip("/"), timeout, max(1, tries)
        self._headers = {"Content-Type": "application/json"} | ({"X-API-Key": key} if key else {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_left: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def ads(self, user_id: str, slot: str = "", n: int = 1) -> list[ShownAd]:
        """Ads for a customer, best place first."""
        asked = {"user_id": user_id, "n": n} | ({"slot": slot} if slot else {})
        return [_known(ShownAd, one) for one in self._call("GET", f"/ads?{urlencode(asked)}")["ads"]]

    def recommendations(self, user_id: str, k: int = 10) -> list[RecommendedItem]:
        """Items for a customer, best first."""
        found = self._call("GET", f"/recommendations?{urlencode({'user_id': user_id, 'k': k})}")
        return [_known(RecommendedItem, one) for one in found["items"]]

    def track(self, *events: Event) -> Told:
        """Tell what became of decisions; returns when it is kept for good."""
        return self._tell("events", events)

    def visit(self, *interactions: Interaction) -> Told:
        """Tell what customers did; their next answers know it."""
        return self._tell("interactions", interactions)

    def put_user(self, user_id: str, attributes: dict[str, str]) -> None:
        """Tell what is known of a customer."""
        self._call("PUT", f"/users/{quote(user_id, safe='')}", {"attributes": attributes})

    def put_item(self, item_id: str, attributes: dict[str, str]) -> None:
        """Tell what is known of an item."""
        self._call("PUT", f"/items/{quote(item_id, safe='')}", {"attributes": attributes})

    def put_ad(self, ad_id: str, ad: dict[str, Any]) -> str | None:
        """Book an ad, or change it: what is odd about it, None if nothing is."""
        note = self._call("PUT", f"/ads/{quote(ad_id, safe='')}", ad).get("note")
        return None if note is None else str(note)

    def user(self, user_id: str) -> dict[str, Any]:
        """Everything that is known of a customer; this may take minutes."""
        return dict(self._call("GET", f"/users/{quote(user_id, safe='')}", timeout=_FOR_A_CUSTOMER))

    def erase(self, user_id: str) -> dict[str, Any]:
        """Erase a customer everywhere; the receipt. This may take minutes."""
        return dict(self._call("DELETE", f"/users/{quote(user_id, safe='')}", timeout=_FOR_A_CUSTOMER))

    def _tell(self, name: str, rows: Sequence[Event | Interaction]) -> Told:
        sent = [{key: value for key, value in asdict(row).items() if value is not None} for row in rows]
        done = self._call("POST", f"/{name}", {name: sent})
        refused = tuple((one["index"], one["reason"]) for one in done["refused"])
        return Told(done["accepted"], done["duplicates"], refused)

    def _call(self, method: str, path: str, body: Any = None, *, timeout: float | None = None) -> Any:
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        self._connection.timeout = timeout or self._timeout
        if self._connection.sock is not None:
            self._connection.sock.settimeout(self._connection.timeout)
        left = self._tries
        while left:
            left -= 1
            kept = self._connection.sock is not None
            try:
                status, wait, answer = self._once(method, path, content)
            except (OSError, HTTPException) as error:
                self._connection.close()
                if kept and not isinstance(error, TimeoutError):
                    left += 1  # the other side closed what was kept: that was no try yet
                elif not left:
                    raise
                continue
            if status < 300 and isinstance(answer, dict):
                return answer
            if status not in _TRY_AGAIN or not left:
                break
            time.sleep(min(wait, _LONGEST_WAIT))
        said = answer.get("error", {}) if isinstance(answer, dict) else {}
        if not isinstance(said, dict) or "message" not in said:
            said = {
                "message": "This is no answer of the service; look at its address, and at proxies before it."
            }
        raise ServiceError(status, said.get("code", ""), said["message"], said.get("where", ""))

    def _once(self, method: str, path: str, content: bytes | None) -> tuple[int, float, Any]:
        self._connection.request(method, self._prefix + path, content, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        wait = answer.getheader("Retry-After") or "1"
        is_json = (answer.getheader("Content-Type") or "").startswith("application/json")
        try:
            said = json.loads(text) if is_json else None
        except ValueError:
            said = None
        return answer.status, float(wait) if wait.isdecimal() else 1.0, said


def _known(kind: Any, told: dict[str, Any]) -> Any:
    """An answer's part; what a newer service says more is passed over."""
    return kind(**{one.name: told[one.name] for one in fields(kind)})
