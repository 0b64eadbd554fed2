"""The client of one file: how long it waits for whom."""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from reco_lab.client import Client


class Slow(BaseHTTPRequestHandler):
    """Answers everything after a while."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        self.server.asked.append(self.command)
        time.sleep(0.4)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "11")
        self.end_headers()
        self.wfile.write(b'{"ads": []}')

    do_GET = do_DELETE = answer  # noqa: N815 - the names that the library looks for

    def log_message(self, *_said):
        """Say nothing."""


@pytest.fixture
def slow():
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        server.asked = []
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_an_erasure_is_waited_for_and_asked_for_once_however_soon_ads_must_come(slow):
    with Client(f"http://127.0.0.1:{slow.server_port}", timeout=0.1, tries=2) as client:
        assert client.erase("u1") == client.user("u1") == {"ads": []}
        assert slow.asked == ["DELETE", "GET"]
        with pytest.raises(TimeoutError):
            client.ads("u1")
        assert slow.asked == ["DELETE", "GET", "GET", "GET"]
        assert client.erase("u1") == {"ads": []}
