"""A customer erased by one process while another serves ads: both forget her, whatever fails in between."""

import asyncio
import errno
from functools import partial
from threading import Event, Thread

import pytest

from reco_lab.core.errors import InputError
from reco_lab.core.events import Stage
from reco_lab.services import privacy, publishing
from reco_lab.services.erasure import erase
from reco_lab.services.pending import pending
from reco_lab.testing.erasing import RAW, live
from reco_lab.testing.traces import places_of
from reco_lab.testing.waiting import until

do = asyncio.run


@pytest.fixture
def opened(knowing_her):
    return knowing_her


def found(workspace, *texts):
    return [place for text in texts for place in places_of(workspace.home, text)]


@pytest.mark.slow
def test_the_process_that_serves_erases_from_its_log_what_another_process_asks_for(workspace, server):
    live(server, RAW)
    answers = []
    asking = Thread(target=lambda: answers.append(erase(workspace, RAW, who="ann")))
    asking.start()

    async def serving():
        while asking.is_alive():
            await server.refresh()
            await server.leaving.help()
            await asyncio.sleep(0.05)
        await server.refresh()

    do(serving())
    assert answers[0].removed["rows of the log"] == 8
    assert found(workspace, RAW, answers[0].customer) == []
    assert server.ads(RAW).decision.stage is Stage.house
    assert server.ads("u05").decision.model_version == publishing.serving_plan(workspace).version


@pytest.mark.slow
def test_where_nobody_answers_it_says_so_and_goes_on_the_next_time(workspace, server, monkeypatch):
    monkeypatch.setattr("reco_lab.services.pending.PATIENCE", 0.2)
    with pytest.raises(InputError, match="did not erase her"):
        erase(workspace, RAW, who="ann")
    assert not privacy.allowed(workspace, [RAW]).mask.any()
    assert [one.name for one in pending(workspace)] == [server.name_of(RAW)]
    server.close()
    erase(workspace, RAW, who="ann")
    assert pending(workspace) == []
    assert found(workspace, RAW) == []


@pytest.mark.slow
def test_an_erasure_that_fails_where_ads_are_served_is_tried_again(workspace, server, monkeypatch):
    live(server, RAW)
    asking = Thread(target=lambda: erase(workspace, RAW, who="ann"))
    asking.start()
    until(lambda: pending(workspace))

    def full(*_given):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as scarce:
        scarce.setattr(server.log, "erase", full)
        with pytest.raises(OSError, match="No space"):
            do(server.leaving.help())
    do(server.refresh())
    do(server.leaving.help())
    asking.join()
    do(server.track([]))
    assert found(workspace, RAW, server.name_of(RAW)) == []


def refreshed_while(server, name, erasing, monkeypatch):
    """Let the server read what is published, and erase a customer between its reading and its taking over."""
    read, begun, go_on = server._read, Event(), Event()

    def slowly(**given):
        begun_with = read(**given)
        begun.set()
        go_on.wait(20)
        return begun_with

    async def erase_meanwhile():
        reading = asyncio.create_task(server.refresh())
        await asyncio.to_thread(begun.wait, 20)
        with server.leaving._gone(name):
            await asyncio.to_thread(erasing)
        go_on.set()
        await reading

    monkeypatch.setattr(server, "_read", slowly)
    do(erase_meanwhile())


def test_who_was_erased_while_a_publication_was_read_stays_a_stranger(workspace, server, monkeypatch):
    publishing.change(workspace, bid_weight=0.5)
    suppressing = partial(privacy.suppress, workspace, [RAW])
    refreshed_while(server, server.name_of(RAW), suppressing, monkeypatch)
    assert server.ads(RAW).decision.customer == ""


def test_nothing_is_remembered_of_who_was_erased_while_the_events_were_read_anew(
    workspace, server, monkeypatch
):
    live(server, RAW)
    name = server.name_of(RAW)
    publishing.change(workspace, bid_weight=0.5)
    server.data = None  # other data than what is published: histories are made anew
    assert name in server.standing.histories._live
    refreshed_while(server, name, partial(server.log.erase, name), monkeypatch)
    assert name not in server.standing.histories._live
