"""The running service ends: what it began is finished before what that works with is closed."""

import asyncio
import threading
import time

import pytest

from reco_lab.api import service as module
from reco_lab.api.service import Service
from reco_lab.api.settings import ApiSettings
from reco_lab.services import ad_loading
from reco_lab.services.keys import known_keys
from reco_lab.testing.waiting import until


@pytest.fixture
def service(server, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    return Service(server.workspace, server, ApiSettings(), known_keys(server.workspace))


def ended_during(service, monkeypatch, look):
    """Let the service end while it looks for news in a thread; what happened in which order."""
    begun, told = threading.Event(), []
    signs, close = ad_loading.signs, service.server.close

    def looking(workspace):
        begun.set()
        look(told)
        told.append("looked")
        return signs(workspace)

    def closing():
        told.append("closed")
        close()

    async def live():
        async with service.running():
            await asyncio.to_thread(begun.wait)

    monkeypatch.setattr(ad_loading, "signs", looking)
    monkeypatch.setattr(service.server, "close", closing)
    asyncio.run(live())
    return told


def test_a_look_that_was_begun_is_finished_first(service, monkeypatch):
    assert ended_during(service, monkeypatch, lambda _told: time.sleep(0.3)) == ["looked", "closed"]


def test_nothing_waits_for_ever(service, monkeypatch):
    monkeypatch.setattr(module, "ENDING_SECONDS", 0.1)
    told = ended_during(service, monkeypatch, lambda told: until(lambda: told == ["closed"]))
    assert told == ["closed", "looked"]
