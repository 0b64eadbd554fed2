"""Bodies that no client should send: what a strict reader of JSON must refuse, and what it must survive."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

GOOD = {
    "events": b'{"events":[{"event_id":"e-1","decision_id":"d-1","kind":"click","value":2.5,"at":"2026-05-01T12:00:00Z"}]}',
    "interactions": b'{"interactions":[{"event_id":"i-1","user_id":"u1","item_id":"i1","kind":"view","value":1}]}',
    "attributes": b'{"attributes":{"segment":"sporty"}}',
    "ad": b'{"title":"Boots","link":"https://shop.example/b","bid":0.2,"slots":["top"],"daily_budget":5}',
}
_VALUES = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1e16", b"9" * 5000, b"01", b"+1", b".5", b"0x1",
    b"tru", b"None", b"undefined", b"'single'", b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\u12"', b'"\\x41"', b'"\xff"',
    b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xf5\x80\x80\x80"', b'"a\x00b"', b'"a\nb"', b'"a\\u0000b"', b'"\\u001b[31m"',
    b'"\xc2\x85"', b'"' + b"x" * 3000 + b'"', b"[" * 30 + b"]" * 30, b"[" * 5000 + b"]" * 5000, b'{"a":' * 60 + b"1" + b"}" * 60,
    b'{"a":1,"a":2}', b"[[1,2],{}]", b"/* c */ 1", b"", b'"',
)  # fmt: skip
_WHOLE = (
    b"", b" ", b"null", b"true", b"1", b'"text"', b"[]", b"{}", b"{", b"}", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf{}",
    '{"events":[]}'.encode("utf-16"), '{"events":[]}'.encode("utf-32"), b"events=1", b"<events/>", b"{}{}", b"{} x",
    b"[" * 100_000, b'{"events":' * 10_000, b'{"events":[]}', b'{"events":null}', b'{"events":[null]}', b'{"events":[[]]}',
    b'{"events":{}}', b'{"interactions":[]}', b'{"attributes":[]}', b'{"attributes":{"a":1}}', b'{"attributes":{"a":null}}',
    b'{"attributes":{"":"x"}}', b'{"events":[' + b"{}," * 1000 + b"{}]}", b'{"events":[' + b"1," * 200_000 + b"1]}",
    b'{"x":"' + b"y" * (1 << 20) + b'"}',
)  # fmt: skip


@dataclass(frozen=True)
class Body:
    """Bytes, and whether no reader may take them for what the route wants."""

    content: bytes
    hopeless: bool


def hostile_bodies(kind: str, count: int, rng: np.random.Generator) -> Iterator[Body]:
    """`count` bodies for a route that wants GOOD[kind]: the known bad ones first, then damaged good ones."""
    good = GOOD[kind]
    known = [Body(one, hopeless=True) for one in _WHOLE if not _is_of(kind, one)]
    known += [Body(body, hopeless=True) for value in _VALUES for body in _with(good, value)]
    yield from known[:count]
    for _ in range(count - len(known)):
        yield Body(_damaged(good, rng), hopeless=False)


def _is_of(kind: str, body: bytes) -> bool:
    return kind == "attributes" and body.startswith(b'{"attributes":{}')


def _with(good: bytes, value: bytes) -> Iterator[bytes]:
    """The value as one more member, as the whole list, and behind everything."""
    inner = good.rindex(b"}]") if b"}]" in good else good.rindex(b"}")
    yield good[:inner] + b',"extra":' + value + good[inner:]
    yield good[: good.index(b":") + 1] + value + b"}"
    yield good + value if value else good + b"x"


def _damaged(good: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes changed, doubled, dropped or put in."""
    body = bytearray(good)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(0, len(body) or 1))
        way = int(rng.integers(0, 5))
        if way == 0 and body:
            body[at] = int(rng.integers(0, 256))
        elif way == 1:
            body[at:at] = _VALUES[int(rng.integers(0, len(_VALUES)))][:2000]
        elif way == 2:
            del body[at : at + int(rng.integers(1, 12))]
        elif way == 3:
            body[at:at] = body[at : at + int(rng.integers(1, 40))]
        else:
            del body[at:]
    return bytes(body)
