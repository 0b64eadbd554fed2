"""A policy that learns behind a real server: an event counts within a second, and kill -9 loses nothing of it."""

import json
import os
import shutil
import sys
import time
from functools import partial
from statistics import median
from urllib.request import Request, urlopen

import pytest

from reco_lab.client import Client, Event
from reco_lab.services import publishing
from reco_lab.services.keys import make_key
from reco_lab.testing.served import free_port, serving
from reco_lab.testing.serving import open_shop
from reco_lab.testing.waiting import until
from reco_lab.workspace import Workspace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them"),
]


@pytest.fixture
def shop(tmp_path):
    workspace = Workspace.open(tmp_path / "home")
    open_shop(workspace)
    publishing.change(workspace, policy={"policy": "thompson", "floor": 0.1})
    key, _ = make_key(workspace, "office", ["admin"], who="a test")
    workspace.close()
    yield workspace.home, key
    shutil.rmtree(workspace.home)


def learnt(url, key):
    with urlopen(Request(f"{url}/policy", headers={"X-API-Key": key})) as answer:
        (arm,) = json.load(answer)["arms"]
    assert arm["learns"]
    return {ad["ad"]: ad for ad in arm["ads"]}


def knows(url, key, clicks):
    return sum(ad["clicked"] for ad in learnt(url, key).values()) == clicks


def test_a_click_changes_the_policy_in_under_a_second_and_a_kill_loses_none(shop):
    home, key = shop
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    took, clicks = [], 0
    with serving(home, port=port) as served:
        served.first_answer("/ads?user_id=u01", key)
        with Client(url, key, timeout=60) as client:
            for number in range(9):
                (shown,) = client.ads(f"u{number:02d}")
                client.track(Event(f"e-{number}", shown.decision_id, "click"))
                clicks += 1
                begun = time.perf_counter()
                until(partial(knows, url, key, clicks))
                took.append(time.perf_counter() - begun)
            before = learnt(url, key)
        served.kill()
    os.sync()
    with serving(home, port=port) as served:
        served.first_answer("/ads?user_id=u01", key)
        until(partial(knows, url, key, clicks))
        again = learnt(url, key)
    assert median(took) < 1.0
    assert {ad: values["clicked"] for ad, values in before.items() if values["clicked"]} == {
        ad: values["clicked"] for ad, values in again.items() if values["clicked"]
    }
    assert sum(ad["shown"] for ad in again.values()) >= sum(ad["shown"] for ad in before.values())
    print("an event's effect on the policy, seconds:", [round(one, 2) for one in took])  # noqa: T201 - the figure
