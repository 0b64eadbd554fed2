"""Keys for the service: made, shown once, rotated, revoked; known by their hash alone."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reco_lab.core.errors import InputError
from reco_lab.services.auditing import audit
from reco_lab.store.keyring import KeyRecord, Keyring, Scope
from reco_lab.workspace import Workspace

LONGEST_NAME = 100
LONGEST_DAYS = 3650
OVERLAP_DAYS = 7
_SECRET_BYTES = 32
_ID_BYTES = 6
_TEXT = re.compile(rf"rl_([0-9a-f]{{{2 * _ID_BYTES}}})_[A-Za-z0-9_-]{{43}}")
_NOBODY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, eq=False)
class KnownKeys:
    """The keys of a workspace as they stood when they were read; finding one costs microseconds."""

    found: Mapping[str, tuple[KeyRecord, str]]
    _right: dict[str, KeyRecord] = field(default_factory=dict, init=False, repr=False)

    def find(self, text: str, now: datetime) -> KeyRecord | None:
        """The key that this text is, if it holds at this moment.

        Takes as long for a key that is nearly right as for one that is wholly wrong; one that was right is known again.
        """
        if (known := self._right.get(text)) is not None:
            return known if known.holds(now) else None
        parts = _TEXT.fullmatch(text)
        record, digest = self.found.get(parts[1] if parts else "", (None, _NOBODY))
        if not hmac.compare_digest(_digest(text), digest) or record is None:
            return None
        self._right[text] = record
        return record if record.holds(now) else None


def make_key(
    workspace: Workspace, name: str, scopes: Iterable[str], days: int | None = None, *, who: str
) -> tuple[str, KeyRecord]:
    """Make a key: its text, which can never be shown again, and its record. `days` None: until it is revoked.

    The audit trail keeps who made it, as with all that is done to keys. Raises InputError for a name, a scope
    or a number of days that cannot be.
    """
    name, wanted = name.strip(), _scopes(scopes)
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InputError(f"A key needs a name of 1 to {LONGEST_NAME} letters.", key="name")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise InputError(f"A key holds for 1 to {LONGEST_DAYS:,} days.", key="days")
    id_ = secrets.token_hex(_ID_BYTES)
    text = f"rl_{id_}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    expires = None if days is None else workspace.clock.now() + timedelta(days=days)
    made = _ring(workspace).add(id_, _digest(text), name, wanted, expires)
    audit(workspace).add(who, f"made key {id_}, “{name}”, to {', '.join(wanted)}")
    return text, made


def rotate(
    workspace: Workspace, id_: str, overlap_days: int = OVERLAP_DAYS, *, who: str
) -> tuple[str, KeyRecord]:
    """A new key of the same name, scopes and length of life; the old one holds for `overlap_days` more, at most.

    Raises NotFoundError for an unknown key, InputError for one that holds no longer or an overlap out of bounds.
    """
    if not 0 <= overlap_days <= LONGEST_DAYS:
        raise InputError(f"An overlap is 0 to {LONGEST_DAYS:,} days.", key="days")
    ring, now = _ring(workspace), workspace.clock.now()
    old = ring.key(id_)
    if not old.holds(now):
        raise InputError("This key holds no longer.", fix="Make a new one.")
    days = None if old.expires is None else max(1, (old.expires - old.created).days)
    made = make_key(workspace, old.name, old.scopes, days, who=who)
    ring.expire(id_, now + timedelta(days=overlap_days))
    audit(workspace).add(who, f"replaced key {id_} by {made[1].id}; it ends within {overlap_days} days")
    return made


def revoke(workspace: Workspace, id_: str, *, who: str) -> KeyRecord:
    """End a key now; NotFoundError if there is none. Running servers know within a second."""
    ended = _ring(workspace).revoke(id_)
    audit(workspace).add(who, f"ended key {id_}, “{ended.name}”")
    return ended


def keys(workspace: Workspace) -> list[KeyRecord]:
    """Every key there ever was, newest first; none can be read from here."""
    return _ring(workspace).keys()


def known_keys(workspace: Workspace) -> KnownKeys:
    """The keys as they stand now, to check requests against without asking the database."""
    found = _ring(workspace).digests()
    return KnownKeys({record.id: (record, digest) for record, digest in found})


def check(workspace: Workspace, text: str) -> KeyRecord | None:
    """The key that this text is, if it holds now; else None."""
    return known_keys(workspace).find(text, workspace.clock.now())


def _ring(workspace: Workspace) -> Keyring:
    return Keyring(workspace.store.database, workspace.clock)


def _digest(text: str) -> str:
    # a plain hash is right here: what is hashed has 256 random bits, so that nothing can be guessed from it
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _scopes(scopes: Iterable[str]) -> tuple[Scope, ...]:
    wanted = set(scopes)
    unknown = sorted(wanted - {scope.value for scope in Scope})
    if unknown or not wanted:
        what = f"{unknown[0]!r} is no scope." if unknown else "A key needs a scope."
        raise InputError(what, fix=f"There are: {', '.join(Scope)}.", key="scopes")
    return tuple(scope for scope in Scope if scope in wanted)
