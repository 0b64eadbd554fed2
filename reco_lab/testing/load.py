"""Requests over kept connections from one event loop: as many at a time as are open, or each at its own moment."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

END = b"\r\n\r\n"
LENGTH = b"content-length: "
PATIENCE = 60.0
MOST = 250


@dataclass(frozen=True)
class Reply:
    """What came back: the status, the body, when it was asked for and when it was there (seconds)."""

    status: int
    body: bytes
    asked: float
    came: float

    @property
    def seconds(self) -> float:
        """How long it took, from the moment at which it should have been sent."""
        return self.came - self.asked

    @property
    def values(self) -> Any:
        """The body as JSON values."""
        return json.loads(self.body)


def get(path: str, key: str = "") -> bytes:
    """A GET as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{_key(key)}\r\n".encode()


def post(path: str, values: Mapping[str, Any] | bytes, key: str = "") -> bytes:
    """A POST of JSON as it goes over the wire."""
    body = values if isinstance(values, bytes) else json.dumps(values).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{_key(key)}Content-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _key(key: str) -> str:
    return f"X-API-Key: {key}\r\n" if key else ""


class Connection(asyncio.Protocol):
    """A kept connection with one request at a time under way."""

    def __init__(self) -> None:
        self._came, self._waiting = bytearray(), deque[asyncio.Future[bytes]]()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connect to a port of this machine."""
        _, protocol = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return protocol

    async def ask(self, request: bytes, asked: float | None = None) -> Reply:
        """Send a request and wait for its reply; ConnectionError where the connection ends first."""
        begun = time.perf_counter() if asked is None else asked
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("The connection is closed.")
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._transport.write(request)
        whole = await future
        head, _, body = whole.partition(END)
        return Reply(int(head[9:12]), body, begun, time.perf_counter())

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what it writes to."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]  # uvloop's is none of asyncio's classes

    def data_received(self, data: bytes) -> None:
        """Hand over every reply that is whole."""
        self._came += data
        while self._waiting and (end := self._came.find(END)) >= 0:
            size = end + len(END) + _length(bytes(self._came[:end]))
            if len(self._came) < size:
                return
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(bytes(self._came[:size]))
            del self._came[:size]

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits."""
        for future in self._waiting:
            if not future.done():
                future.set_exception(exc or ConnectionError("The connection ended."))
        self._waiting.clear()


def _length(head: bytes) -> int:
    begin = head.lower().find(LENGTH) + len(LENGTH)
    return int(head[begin : begin + 12].split(b"\r", 1)[0])


@dataclass
class Load:
    """Replies of a stretch of load, and how long it lasted."""

    seconds: float = 0.0
    replies: list[Reply] = field(default_factory=list, repr=False)
    broken: int = 0

    @property
    def rate(self) -> float:
        """Replies a second."""
        return len(self.replies) / self.seconds

    @property
    def failed(self) -> int:
        """Requests without an answer of 2xx."""
        return self.broken + sum(one.status // 100 != 2 for one in self.replies)


async def closed_loop(port: int, requests: Iterable[bytes], connections: int, seconds: float) -> Load:
    """Each connection sends the next request when it has its reply."""
    opened = [await Connection.open(port) for _ in range(connections)]
    following, load = iter(requests), Load()
    begun = time.perf_counter()
    until = begun + seconds

    async def client(connection: Connection) -> None:
        while time.perf_counter() < until and (request := next(following, None)) is not None:
            load.replies.append(await connection.ask(request))

    await asyncio.wait_for(asyncio.gather(*map(client, opened)), seconds + PATIENCE)
    load.seconds = time.perf_counter() - begun
    for connection in opened:
        connection.close()
    return load


async def open_loop(
    port: int,
    requests: Iterable[bytes],
    rate: float,
    seconds: float,
    heard: Callable[[Reply], None] | None = None,
) -> Load:
    """Send each request at its moment, however late the replies are; latencies count from that moment.

    With so many connections busy that MOST are open, a request waits for one, which counts as well.
    """
    load, free = Load(), deque[Connection]()
    following, underway = iter(requests), set[asyncio.Task[None]]()
    begun, room = time.perf_counter() + 0.01, asyncio.Semaphore(MOST)

    async def ask(request: bytes, moment: float) -> None:
        async with room:
            try:
                connection = free.popleft() if free else await Connection.open(port)
                reply = await connection.ask(request, moment)
            except OSError:
                load.broken += 1
                return
            free.append(connection)
        (heard or load.replies.append)(reply)

    for number in range(int(rate * seconds)):
        moment = begun + number / rate
        if (wait := moment - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        request = next(following, None)
        if request is None:
            break
        task = asyncio.create_task(ask(request, moment))
        underway.add(task)
        task.add_done_callback(underway.discard)
    if underway:
        await asyncio.wait(underway, timeout=PATIENCE)
    load.seconds = time.perf_counter() - begun
    for connection in free:
        connection.close()
    return load
