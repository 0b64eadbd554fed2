"""The client of one file: how long it waits for whom, and what it makes of answers that are none."""

import socket
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from reco_lab.client import Client, ServiceError
from reco_lab.testing.waiting import until


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
        until(lambda: slow.asked == ["DELETE", "GET", "GET", "GET"])
        assert client.erase("u1") == {"ads": []}


@contextmanager
def saying(*answers):
    """A server that gives each connection one of these answers (the last one ever after), and then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        asked = []

        def serve():
            while True:
                try:
                    channel, _ = listening.accept()
                except OSError:
                    return
                with channel:
                    channel.recv(1 << 16)
                    asked.append(answers[min(len(asked), len(answers) - 1)])
                    kind, status, body = asked[-1]
                    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                    channel.sendall(f"{head}Retry-After: 0\r\n\r\n{body}".encode())

        Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
        listening.shutdown(socket.SHUT_RDWR)


NO_ADS = ("application/json", 200, '{"ads": []}')


def test_a_connection_that_the_other_side_closed_meanwhile_is_no_try():
    with saying(NO_ADS) as (url, asked), Client(url, tries=1) as client:
        assert [client.ads("u1"), client.ads("u1")] == [[], []]
        assert len(asked) == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_who_is_busy_or_starts_anew_is_asked_again(status):
    with saying(("text/html", status, "wait"), NO_ADS) as (url, asked), Client(url) as client:
        assert client.ads("u1") == []
        assert len(asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        ("text/html", 200, "<h1>Our shop</h1>"),
        ("text/html", 404, "<h1>Not here</h1>"),
        ("application/json", 200, "{"),
        ("application/json", 200, "[]"),
        ("application/json", 400, '{"error": "no"}'),
    ],
)
def test_what_is_no_answer_of_the_service_is_said_to_be_none(answer):
    with saying(answer) as (url, _), Client(url) as client:
        with pytest.raises(ServiceError, match="no answer of the service") as raised:
            client.ads("u1")
        assert raised.value.status == answer[1]


@pytest.mark.parametrize("url", ["ads.shop.example", "localhost:8600", "ftp://ads.shop.example", "https://"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match="http://"):
        Client(url)


def test_what_is_odd_about_an_ad_is_told_to_its_booker(website):
    assert website.put_ad("boots", {"title": "Boots"}) == "Nobody knows it."


@pytest.fixture
def website():
    """A client of a service that finds every ad odd."""
    told = ("application/json", 200, '{"done": true, "note": "Nobody knows it."}')
    with saying(told) as (url, _), Client(url) as client:
        yield client
