"""Questions that are answered from memory, answered as soon as they are read: no task is made, no message passed."""

import re
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from reco_lab.api.patience import PatientProtocol
from reco_lab.api.shell import HEADERS, Shell

END = b"\r\n\r\n"
MOST_KEPT = 8 << 10
_NOT_PLAIN = frozenset({b"content-length", b"transfer-encoding", b"expect"})
_QUESTION = re.compile(rb"GET (/[a-z]+)\?([A-Za-z0-9._~!$&'()*+,;=:@/?%-]*) HTTP/1\.1\r\n")
_DONE: Any = SimpleNamespace(response_complete=True, message_event=SimpleNamespace(set=lambda: None))


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])


_HEADERS = _lines(HEADERS)


class PromptProtocol(PatientProtocol):
    """HTTP as uvicorn speaks it, past whose machinery the questions of the service go that nothing is odd about.

    One of those that come in one piece is answered at once; the others wait in the usual line, so that nobody who
    sends many keeps everybody else waiting. Where a connection sends one question a piece with the same headers each
    time, to the byte, they are read once.
    """

    _answered = False
    _between = True
    _piece: bytes | None = None
    _headers_before: bytes | None = None
    _used = 0.0
    _dated: tuple[Any, bytes] = (None, b"")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._others = self.app if isinstance(self.app, CORSMiddleware) else None
        self._shell: Any = self.app if self._others is None else self._others.app

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if self._headers_before is not None and self._asked_again(data, self._headers_before):
            return
        self._answered, self._headers_before = False, None
        self._piece = data if self._between else None
        super().data_received(data)
        self._piece = None

    def on_message_begin(self) -> None:
        """Note that a request has begun."""
        super().on_message_begin()
        self._between = False

    def on_headers_complete(self) -> None:
        """Answer at once what can be, and hand on the rest."""
        if not self._plain() or not self._prompt():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that a request has ended: what comes next is another."""
        super().on_message_complete()
        self._between = True

    def timeout_keep_alive_handler(self) -> None:
        """End the connection, unless something was asked since this was set up."""
        silent = self.loop.time() - self._used
        if silent < self.timeout_keep_alive:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive - silent, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()

    def _plain(self) -> bool:
        """Whether nothing stands in the way of an answer at once."""
        parser = self.parser
        return (
            not self._answered
            and isinstance(self._shell, Shell)
            and parser.get_method() == b"GET"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and b"#" not in self.url
            and _NOT_PLAIN.isdisjoint(name for name, _ in self.headers)
        )

    def _prompt(self) -> bool:
        """Answer one of the questions of the service; False for anything else."""
        path, _, query = self.url.partition(b"?")
        asked = path.decode("latin-1")
        if asked not in self._shell.questions:
            return False
        self._arrived()
        self._answered, self.cycle = True, _DONE
        self.scope |= {"method": "GET", "path": asked, "raw_path": path, "query_string": query}
        self._answer(asked)
        self.on_response_complete()
        line, piece = b"GET %b HTTP/1.1\r\n" % self.url, self._piece
        if (
            piece is not None
            and len(piece) <= MOST_KEPT
            and piece.startswith(line)
            and piece.find(END) == len(piece) - len(END)
        ):
            self._headers_before = piece[len(line) :]
        return True

    def _asked_again(self, data: bytes, headers: bytes) -> bool:
        """Answer a piece that is another question with the headers of the one before; False for anything else.

        The parser waits for the beginning of a request, has read these very headers, and found nothing odd.
        """
        asked = _QUESTION.fullmatch(data, 0, len(data) - len(headers)) if data.endswith(headers) else None
        if (
            asked is None
            or self.flow.write_paused
            or (path := asked[1].decode()) not in self._shell.questions
        ):
            return False
        self._used = self.loop.time()
        self.server_state.total_requests += 1
        self.scope |= {"path": path, "raw_path": asked[1], "query_string": asked[2]}
        self._answer(path)
        return True

    def _answer(self, path: str) -> None:
        response = self._shell.answer(self.scope, path)
        default = self.server_state.default_headers
        if self._dated[0] is not default:  # uvicorn makes another list each second
            self._dated = default, _lines(default)
        status, own = STATUS_LINE[response.status_code], _lines(response.raw_headers)
        self.transport.write(
            b"".join((status, self._dated[1], own, _HEADERS, self._readers(), b"\r\n", response.body))
        )

    def _readers(self) -> bytes:
        """The pages of which other site may read the answer, as the layer says that other answers pass."""
        if self._others is None:
            return b""
        origin = next((value for name, value in self.headers if name == b"origin"), b"")
        if not origin:
            return b"vary: Origin\r\n"
        exposed = self._others.simple_headers["Access-Control-Expose-Headers"].encode("latin-1")
        told = b"access-control-expose-headers: %b\r\nvary: Origin\r\n" % exposed
        if self._others.is_allowed_origin(origin.decode("latin-1")):
            return b"access-control-allow-origin: %b\r\n%b" % (origin, told)
        return told
