"""Events that were kept apart and are tried again: each counts once, whatever else happens meanwhile."""

import asyncio
import sqlite3
from datetime import timedelta
from threading import Event

import pytest

from reco_lab.core.ads import Ad, Billing
from reco_lab.services.ad_messages import EventIn


def do(work):
    return asyncio.run(work)


@pytest.mark.parametrize("late", [False, True])
def test_a_click_tried_again_while_the_books_are_made_anew_is_billed_once(
    workspace, server, monkeypatch, late
):
    do(server.put_ad(Ad(id="click", title="Click", bid=2.0, billing=Billing.click, slots=("top",))))
    early = EventIn("c", "1983adc8cde4a58870fa557e-0", "click")
    assert do(server.track([early])).refused
    placed = next(one for one in server.ads("u00", "top", n=25).decision.placed if one.ad_id == "click")
    with sqlite3.connect(workspace.home / "events.db") as log:
        log.execute(
            "UPDATE log_refused SET payload = replace(payload, ?, ?)", (early.decision_id, placed.decision_id)
        )
    anew, told, replay = Event(), Event(), server.log.replay

    def replayed():
        if late:
            assert anew.wait(20)
        found = replay()
        told.set()
        assert anew.wait(20)
        return found

    monkeypatch.setattr(server.log, "replay", replayed)

    async def meanwhile():
        trying = asyncio.create_task(server.replay())
        if not late:
            assert await asyncio.to_thread(told.wait, 20)
        workspace.clock.at -= timedelta(days=1)
        await server.refresh()
        anew.set()
        return await trying

    assert do(meanwhile()).accepted == 1
    place = server.snapshot.booked.places["click"]
    assert server.standing.accounts.billed(place).ever == 2.0
    assert server.standing.appeal.counts()["click"] == (1, 1)
