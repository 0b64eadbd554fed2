"""The running service, called as a website calls it: found, asked, told what happened, and how long it took."""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from reco_lab.core.errors import InputError
from reco_lab.services.keys import make_key
from reco_lab.store.keyring import Scope
from reco_lab.workspace import Workspace

NOTE = "serving.json"
KEY_NAME = "Ads page of the app"
_PATIENCE = 5.0
_A_LOOK = 1.0
_TO_OPEN = 30.0
_KEY_KNOWN_SECONDS = 2.0


@dataclass(frozen=True)
class Called:
    """What the service said, and how long that took from asking to having the answer."""

    status: int
    body: Mapping[str, Any]
    milliseconds: float


@dataclass(eq=False)
class Caller:
    """Calls the service at an address; where it asks for a key, one is made for the console and used from then on."""

    url: str
    new_key: Callable[[], str]
    key: str = ""

    @property
    def needs_key(self) -> bool:
        """Whether the service asked for a key."""
        return bool(self.key)

    def ready(self) -> Called:
        """What serves, and what is wrong."""
        return self._call("GET", "/ready", patience=_A_LOOK)

    def ads(self, user_id: str, slot: str, n: int) -> Called:
        """Ask for ads. InputError with the service's own sentence where it refuses."""
        query = {"user_id": user_id, "n": n} | ({"slot": slot} if slot else {})
        return _good(self._call("GET", f"/ads?{urlencode(query)}"))

    def happened(self, decision_id: str, *kinds: str, value: float | None = None) -> Called:
        """Tell what came of a decision; each kind is an event of its own."""
        events = [_event() | {"decision_id": decision_id, "kind": kind} for kind in kinds]
        if value is not None:
            events[-1]["value"] = value
        return _good(self._call("POST", "/events", {"events": events}))

    def did(self, user_id: str, item_id: str, kind: str) -> Called:
        """Tell what a customer did to an item."""
        row = _event() | {"user_id": user_id, "item_id": item_id, "kind": kind}
        return _good(self._call("POST", "/interactions", {"interactions": [row]}))

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, patience: float = _PATIENCE
    ) -> Called:
        said = _send(self.url, method, path, body, self.key, patience)
        if said.status != 401:
            return said
        self.key, until = self.new_key(), time.monotonic() + _KEY_KNOWN_SECONDS
        while said.status == 401 and time.monotonic() < until:  # a server hears of a new key within a second
            time.sleep(0.1)
            said = _send(self.url, method, path, body, self.key, patience)
        return said


def caller(workspace: Workspace, url: str) -> Caller:
    """Calls the service of this workspace."""
    scopes = [scope.value for scope in Scope]
    return Caller(url, lambda: make_key(workspace, KEY_NAME, scopes, days=1, who=KEY_NAME)[0])


def address(workspace: Workspace, own: str) -> str | None:
    """Where the service answers: the address it noted in the workspace, else `own`, the app's; None if neither does.

    The app's own begins with its first request, which may take a while.
    """
    noted = _noted(workspace)
    if noted and _alive(noted, _A_LOOK):
        return noted
    return own if own and _alive(own, _TO_OPEN) else None


def _noted(workspace: Workspace) -> str:
    try:
        return str(json.loads((workspace.home / NOTE).read_text("utf-8"))["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _alive(url: str, patience: float) -> bool:
    try:
        return _send(url, "GET", "/health", None, "", patience).body.get("alive") is True
    except InputError:
        return False


def _event() -> dict[str, Any]:
    return {"event_id": secrets.token_hex(12)}


def _good(said: Called) -> Called:
    if said.status >= 400:
        error = said.body.get("error", {})
        raise InputError(str(error.get("message", f"It answered {said.status}.")), where="The service")
    return said


def _send(
    url: str, method: str, path: str, body: Mapping[str, Any] | None, key: str, patience: float
) -> Called:
    if not url.startswith(("http://", "https://")):
        raise InputError("The service's address is none.", where=NOTE)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    data = None if body is None else json.dumps(body).encode()
    asked = Request(url.rstrip("/") + path, data, headers, method=method)  # noqa: S310 - http and https alone come here
    begun = time.perf_counter()
    try:
        with urlopen(asked, timeout=patience) as answer:  # noqa: S310 - likewise
            status, text = answer.status, answer.read()
    except HTTPError as error:
        status, text = error.code, error.read()
    except (URLError, OSError, HTTPException) as error:
        raise InputError(
            "The service does not answer.", where=url, fix="Start it: reco-lab serve."
        ) from error
    took = (time.perf_counter() - begun) * 1000
    try:
        found = json.loads(text)
    except ValueError:
        found = {}
    return Called(status, found if isinstance(found, dict) else {}, took)
