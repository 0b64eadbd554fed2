"""`reco-lab serve` as a process: started, asked by the client, told, stopped; slow and endless callers are cut off."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from reco_lab.api import patience
from reco_lab.cli import main
from reco_lab.client import Client, Event, Interaction, ServiceError
from reco_lab.core.events import Stage
from reco_lab.services.ad_messages import VisitIn
from reco_lab.services.ad_server import AdServer
from reco_lab.services.keys import make_key
from reco_lab.store.events.log import EventLog
from reco_lab.testing.service import small_shop
from reco_lab.testing.serving import open_shop
from reco_lab.testing.waiting import until
from reco_lab.workspace import Workspace

SERVE = "import sys; from reco_lab.cli import main; sys.exit(main(sys.argv[1:]))"
PATIENCE = 180.0


SLOWLY = """
import time, uvicorn
begun = uvicorn.Config.__init__
def begin(*words, **named):
    time.sleep(1)
    begun(*words, **named)
uvicorn.Config.__init__ = begin
"""


@contextmanager
def serving(home, *words, code=SERVE):
    """A server process on a free port; yields the note that it leaves of itself."""
    environment = os.environ | {"RECO_LAB_HOME": str(home), "RECO_LAB_DEMO": "0"}
    command = [sys.executable, "-c", code, "serve", "--port", "0", *words]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    note, until = home / "serving.json", time.monotonic() + PATIENCE
    while not note.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.05)
    try:
        told = json.loads(note.read_text("utf-8")) | {"process": process}
        yield told
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
        told["said"] = said
        assert "Traceback" not in said, said
        assert not note.exists()


def resident(pid):
    """The memory of a process in bytes; 0 where the system does not tell it in a file."""
    told = Path(f"/proc/{pid}/statm")
    return int(told.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") if told.exists() else 0


@pytest.fixture
def workspace(tmp_path):
    return small_shop(tmp_path)


@pytest.mark.slow
def test_a_server_answers_is_told_stops_and_knows_it_all_when_it_comes_back(workspace):
    key, _ = make_key(workspace, "website", ["admin"], who="a test")
    with serving(workspace.home) as note, Client(note["url"], key, timeout=PATIENCE) as client:
        assert note["pid"] == note["process"].pid
        shown = client.ads("u1", n=2)
        told = client.track(
            Event("e-1", shown[0].decision_id, "click"), Event("e-2", "no such decision", "click")
        )
        assert (told.accepted, [place for place, _ in told.refused]) == (1, [1])
        assert client.visit(Interaction("i-1", "u1", "i1", "purchase")).accepted == 1
        client.put_user("u1", {"country": "NL"})
        with pytest.raises(ServiceError, match="customer id is empty"):
            client.ads(" ")
    with serving(workspace.home) as note, Client(note["url"], key, timeout=PATIENCE) as client:
        assert client.track(Event("e-1", shown[0].decision_id, "click")).duplicates == 1
        assert client.visit(Interaction("i-1", "u1", "i1", "purchase")).duplicates == 1


@pytest.mark.slow
def test_a_second_server_on_the_same_workspace_says_so(workspace, capsys, monkeypatch):
    monkeypatch.setenv("RECO_LAB_HOME", str(workspace.home))
    with serving(workspace.home, "--demo"):
        assert main(["serve", "--port", "0"]) == 2
        assert "already served" in capsys.readouterr().err


@pytest.mark.slow
def test_what_is_missing_before_ads_can_be_served_is_told_at_the_start(tmp_path):
    with serving(tmp_path / "home") as note:
        pass
    said = note["said"]
    for missing in ("Nobody has a key yet", "No model is published yet", "No ad is booked yet"):
        assert missing in said
    assert "C00042" not in said


@pytest.mark.slow
def test_who_sends_no_whole_request_or_an_endless_one_is_cut_off(workspace):
    with serving(workspace.home, "--demo") as note, Client(note["url"], timeout=PATIENCE) as client:
        port = int(note["url"].rpartition(":")[2])
        silent = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(50)]
        silent[0].sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ")
        began = time.monotonic()
        assert client.ads("u1")
        assert time.monotonic() - began < patience.HEAD_SECONDS / 2
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as endless:
            endless.sendall(
                b"GET /health HTTP/1.1\r\n" + b"X: " + b"y" * (2 * patience.MOST_HEAD_BYTES) + b"\r\n"
            )
            assert endless.recv(100).startswith(b"HTTP/1.1 400")
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as endless:
            begun = resident(note["pid"])
            endless.sendall(
                b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
            )
            for _ in range(400):
                endless.sendall(b"after-the-body: and without an end\r\n" * 2000)
            assert resident(note["pid"]) - begun < 50 << 20
        for one in silent:
            assert one.recv(100) == b""
            one.close()
        assert time.monotonic() - began < patience.HEAD_SECONDS + 30


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--demo", "--host", "0.0.0.0"], "this machine only"),
        (["--workers", "2"], "needs PostgreSQL"),
        (["--workers", "0"], "from 1 to"),
        (["--port", "70000"], "port"),
        (["--port", "-1"], "port"),
        (["--origin", "shop.example"], "https://shop.example"),
    ],
)
def test_what_cannot_be_served_exits_with_two_and_a_sentence(workspace, monkeypatch, capsys, words, said):
    monkeypatch.setenv("RECO_LAB_HOME", str(workspace.home))
    monkeypatch.setenv("RECO_LAB_DEMO", "0")
    assert main(["serve", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.fixture
def on_a_server(tmp_path, monkeypatch, postgresql):
    """A small shop whose state is on PostgreSQL."""
    monkeypatch.setenv("RECO_LAB_DATABASE_URL", postgresql.schema())
    workspace = small_shop(tmp_path / "home")
    yield workspace
    workspace.close()


@pytest.mark.slow
def test_what_one_worker_is_told_the_next_answer_of_any_knows_once(on_a_server):
    one, other = AdServer.open(on_a_server), AdServer.open(on_a_server)
    told = [
        VisitIn("v-1", "somebody", "i1"),
        VisitIn("v-2", "somebody", "i2"),
        VisitIn("v-1", "somebody", "i1"),
    ]
    assert asyncio.run(one.visit(told)).accepted == 2
    assert asyncio.run(other.visit(told)).duplicates == 3
    for server in (other, one):
        for _ in range(2):
            server.ads("somebody")
        name = server.name_of("somebody")
        assert len(server.standing.histories.batch(-1, name).items) == 2
        server.close()


@pytest.mark.slow
def test_the_very_next_answer_of_another_worker_is_made_with_what_one_was_told(
    tmp_path, monkeypatch, postgresql
):
    monkeypatch.setenv("RECO_LAB_DATABASE_URL", postgresql.schema())
    with closing(Workspace.open(tmp_path / "home")) as workspace:
        open_shop(workspace)
        one, other = AdServer.open(workspace), AdServer.open(workspace)
        assert other.ads("stranger", n=3).decision.stage is not Stage.model
        told = [VisitIn(f"v{item}", "stranger", f"i{item:02d}", "purchase") for item in (1, 3, 5)]
        assert asyncio.run(one.visit(told)).accepted == 3
        answer = other.ads("stranger", n=3)
        assert answer.decision.stage is Stage.model
        assert not {"ad-i01", "ad-i03", "ad-i05"} & {ad.id for ad in answer.ads}
        one.close()
        other.close()


@pytest.mark.slow
def test_two_workers_share_an_address_the_log_and_the_counts(on_a_server):
    key, _ = make_key(on_a_server, "website", ["admin"], who="a test")
    with serving(on_a_server.home, "--workers", "2") as note:
        shown, told = [], 0
        for number in range(40):
            # a new connection, maybe to the other one; whoever gives up too early asks twice, and is counted twice
            with Client(note["url"], key, timeout=PATIENCE) as client:
                shown += client.ads(f"u{number % 5}")
                told += client.track(Event(f"e-{number}", shown[0].decision_id, "click")).accepted
        assert told == 40
        # what the other worker counted is known here half a second later; more than 40 it never becomes
        until(lambda: metric(note, key, r'reco_lab_requests_total{route="/ads",status="200"}') == 40.0)


@pytest.mark.slow
def test_who_reads_the_note_of_several_workers_may_ask_at_once_and_may_stop_them(on_a_server):
    with serving(on_a_server.home, "--workers", "2", code=SLOWLY + SERVE) as note:
        host, port = note["url"].removeprefix("http://").split(":")
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()


def metric(note, key, name):
    """A measured value, all workers together."""
    asking = Request(f"{note['url']}/metrics", headers={"X-API-Key": key})
    with urlopen(asking, timeout=PATIENCE) as answer:
        found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)
    return found and float(found[1])


def children(pid):
    """The workers of a server that has several."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return {int(one) for one in found if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="which processes are whose is looked up in /proc")
def test_a_worker_that_dies_is_replaced_at_once_and_none_outlives_the_server(
    tmp_path, monkeypatch, postgresql
):
    monkeypatch.setenv("RECO_LAB_DATABASE_URL", postgresql.schema())
    with closing(Workspace.open(tmp_path / "home")) as workspace:
        open_shop(workspace)
        key, _ = make_key(workspace, "website", ["admin"], who="a test")
    with serving(tmp_path / "home", "--workers", "2") as note:
        server = note["process"]
        until(lambda: metric(note, key, "reco_lab_ready") == 1.0)
        before = until(lambda: len(found := children(server.pid)) == 2 and found)
        postgresql.stop()
        until(lambda: metric(note, key, "reco_lab_ready") == 0.0)
        os.kill(gone := min(before), signal.SIGKILL)
        heir = until(lambda: max(children(server.pid) - before, default=0))
        until(lambda: children(server.pid) - before - {heir}, 40)  # it could not begin, and another tries
        with Client(note["url"], key, timeout=PATIENCE) as client:
            assert client.ads("u05")
        postgresql.start()
        until(lambda: metric(note, key, "reco_lab_ready") == 1.0)
        begun = (tmp_path / "home" / "staging").glob
        until(lambda: {f"{one}.db" for one in children(server.pid)} == {path.name.rpartition("_")[2] for path in begun("*/*/gauge_*")})  # fmt: skip
        last = children(server.pid)
        assert gone not in last
        server.kill()
        until(lambda: not any(Path(f"/proc/{one}").exists() for one in last))
        (tmp_path / "home" / "serving.json").unlink()
    assert "cannot begin" in note["said"]


def test_what_no_worker_could_begin_with_is_said_once_before_any_begins(on_a_server, monkeypatch, capsys):
    monkeypatch.setenv("RECO_LAB_HOME", str(on_a_server.home))
    log = EventLog.open(on_a_server.home, on_a_server.clock, on_a_server.server, writer=True)
    with log._writing.begin() as connection:
        connection.exec_driver_sql("UPDATE log_version SET number = 99")
    log.close()
    assert main(["serve", "--workers", "2", "--port", "0"]) == 2
    assert "newer Reco Lab" in capsys.readouterr().err
