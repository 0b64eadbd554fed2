"""The service inside the app: begun by the first request, for this machine only."""

import json

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from reco_lab.api.mounted import MountedApi
from reco_lab.services.ad_server import AdServer
from reco_lab.testing.service import small_shop


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("RECO_LAB_HOME", str(tmp_path))
    return small_shop(tmp_path)


@pytest.fixture
def browser(workspace):
    api = MountedApi()
    app = Starlette(routes=[Mount("/api", app=api)])
    with TestClient(app, "http://localhost:8501", client=("127.0.0.1", 50_000)) as client:
        yield client
        client.portal.call(api.close)


def test_nothing_is_opened_until_somebody_asks(workspace, browser):
    assert not (workspace.home / "events.lock").exists()
    answer = browser.get("/api/ads?user_id=u1")
    assert answer.status_code == 200
    assert answer.json()["ads"]
    assert browser.put("/api/users/%20", json={"attributes": {}}).status_code == 422
    assert browser.get("/api/").status_code == 404


def test_it_notes_where_it_can_be_asked(workspace, browser):
    assert browser.get("/api/health").json() == {"alive": True}
    assert (
        json.loads((workspace.home / "serving.json").read_text("utf-8"))["url"] == "http://localhost:8501/api"
    )


def test_a_caller_from_elsewhere_is_refused(browser):
    assert browser.get("/api/ads?user_id=u1", headers={"host": "lab.example"}).status_code == 403


def test_while_another_process_serves_it_says_so_and_tries_again(workspace, browser):
    other = AdServer.open(workspace)
    answer = browser.get("/api/ads?user_id=u1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_open")
    assert "already served" in answer.json()["error"]["message"]
    other.close()
    assert browser.get("/api/ads?user_id=u1").status_code == 200
