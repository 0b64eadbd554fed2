"""What serves, and what campaigns plan."""

import streamlit as st

from reco_lab.campaigns.audience import Reached
from reco_lab.campaigns.price import Tags
from reco_lab.campaigns.spec import Campaign
from reco_lab.experiments.ab_look import Ahead, Look
from reco_lab.services import (
    ab_test_plan,
    ab_tests,
    ad_calls,
    campaign_lists,
    campaigns,
    decisions,
)
from reco_lab.services.ab_test_plan import Traffic
from reco_lab.services.ab_tests import Running
from reco_lab.services.ad_calls import Caller
from reco_lab.services.campaign_lists import Prepared
from reco_lab.services.campaigns import Bench, Plan
from reco_lab.services.monitoring import Monitor
from reco_lab.services.onlooking import Onlooker
from reco_lab.store.events.log import EventLog
from reco_lab.store.records import DatasetVersion
from reco_lab.ui.cache._opening import dataset
from reco_lab.workspace import Workspace


def events(opened: Workspace) -> EventLog:
    """The log of decisions, for reading."""
    return _events(opened, str(opened.home), "reading")


def monitor(opened: Workspace) -> Monitor:
    """What watches the log, one for all visitors of this app."""
    return _monitor(opened, str(opened.home), "monitor")


def caller(opened: Workspace, url: str) -> Caller:
    """Calls the service at an address, with one key for all visitors of this app where it needs one."""
    return _caller(opened, str(opened.home), url)


def onlooker(opened: Workspace) -> Onlooker:
    """Sees how every ad stands for a customer, by what is published now."""
    serving = opened.publications.serving()
    return _onlooker(opened, str(opened.home), "" if serving is None else f"{serving.number}")


def reached(opened: Workspace, version: DatasetVersion, campaign: Campaign, own: str, now: str) -> Reached:
    """Whom a campaign, kept under the id `own`, reaches, and who leaves and why; `now` says what else it depends on."""
    key = f"{campaign.audience.model_dump_json()} {now}"
    return _reached(opened, str(opened.home), version.name, version.fingerprint, campaign, own, key)


def campaign_plan(opened: Workspace, version: DatasetVersion, campaign: Campaign, own: str, now: str) -> Plan:
    """What a campaign of this size can show; raises InputError for whatever cannot be done."""
    key = f"{campaign.model_dump_json(exclude={'title', 'costs'})} {now}"
    return _campaign_plan(opened, str(opened.home), version.name, version.fingerprint, campaign, own, key)


def price_tags(
    opened: Workspace, experiment: str, campaign: Campaign, customers: int | None, now: str
) -> Tags:
    """What each rule of a campaign costs, tried on an experiment's test part."""
    parts = campaign.model_dump_json(include={"what", "rules", "costs", "items"})
    return _price_tags(opened, str(opened.home), experiment, campaign, customers, f"{parts} {now}")


def prepared(opened: Workspace, campaign: str, artefact: str) -> Prepared:
    """The lists of a campaign."""
    return _prepared(opened, str(opened.home), campaign, artefact)


def ab_traffic(opened: Workspace) -> Traffic | None:
    """What the log knows of the last days, to plan an A/B test by."""
    return _ab_traffic(opened, str(opened.home), "traffic")


def ab_look(opened: Workspace, now: Running) -> Look:
    """What is known of a running A/B test."""
    return _ab_look(opened, str(opened.home), now, now.record.id)


def ab_segments(opened: Workspace, now: Running) -> tuple[Ahead, ...]:
    """The same by segment."""
    return _ab_segments(opened, str(opened.home), now, now.record.id)


@st.cache_resource(max_entries=2, ttl="1m", show_spinner="Reading the log…")
def _ab_traffic(_opened: Workspace, home: str, key: str) -> Traffic | None:  # noqa: ARG001 - part of the key
    return ab_test_plan.traffic(_opened, events(_opened))


@st.cache_resource(max_entries=2, ttl="9s", show_spinner=False)
def _ab_look(_opened: Workspace, home: str, _now: Running, key: str) -> Look:  # noqa: ARG001 - part of the key
    return ab_tests.look_at(_opened, events(_opened), _now)


@st.cache_resource(max_entries=2, ttl="1m", show_spinner="Looking at each segment…")
def _ab_segments(_opened: Workspace, home: str, _now: Running, key: str) -> tuple[Ahead, ...]:  # noqa: ARG001 - part of the key
    return ab_tests.look_by_segment(_opened, events(_opened), _now)


@st.cache_resource(max_entries=2, show_spinner=False)
def _events(_opened: Workspace, home: str, key: str) -> EventLog:  # noqa: ARG001 - part of the key
    return decisions.open_log(_opened)


@st.cache_resource(max_entries=2, show_spinner=False)
def _monitor(_opened: Workspace, home: str, key: str) -> Monitor:  # noqa: ARG001 - part of the key
    return Monitor.open(_opened)


@st.cache_resource(max_entries=4, ttl="12h", show_spinner=False)
def _caller(_opened: Workspace, home: str, key: str) -> Caller:  # noqa: ARG001 - part of the key
    return ad_calls.caller(_opened, key)


@st.cache_resource(max_entries=2, show_spinner="Loading what is published…")
def _onlooker(_opened: Workspace, home: str, key: str) -> Onlooker:  # noqa: ARG001 - part of the key
    return Onlooker.open(_opened)


@st.cache_resource(max_entries=32, show_spinner="Counting who is reached…")
def _reached(
    _opened: Workspace,
    home: str,  # noqa: ARG001 - part of the key
    name: str,
    fingerprint: str,
    _campaign: Campaign,
    own: str,
    key: str,  # noqa: ARG001 - part of the key
) -> Reached:
    return campaigns.reach(_opened, dataset(_opened, name, fingerprint), _campaign, own)


@st.cache_resource(max_entries=32, show_spinner="Working out what can be known…")
def _campaign_plan(
    _opened: Workspace,
    home: str,  # noqa: ARG001 - part of the key
    name: str,
    fingerprint: str,
    _campaign: Campaign,
    own: str,
    key: str,  # noqa: ARG001 - part of the key
) -> Plan:
    return campaigns.plan(_opened, dataset(_opened, name, fingerprint), _campaign, own)


@st.cache_resource(max_entries=2, show_spinner="Loading the models…")
def _bench(_opened: Workspace, home: str, experiment: str) -> Bench:  # noqa: ARG001 - part of the key
    return campaigns.bench(_opened, experiment)


@st.cache_resource(
    max_entries=32, show_spinner="Making the lists with and without each rule…", show_time=True
)
def _price_tags(
    _opened: Workspace,
    home: str,
    experiment: str,
    _campaign: Campaign,
    _customers: int | None,
    key: str,  # noqa: ARG001 - part of the key
) -> Tags:
    return campaigns.tags(_opened, _bench(_opened, home, experiment), _campaign, _customers)


@st.cache_resource(max_entries=4, show_spinner="Loading the lists…")
def _prepared(_opened: Workspace, home: str, name: str, key: str) -> Prepared:  # noqa: ARG001 - part of the key
    return campaign_lists.prepared(_opened, name)


OF_PEOPLE = (
    _monitor,
    _onlooker,
    _ab_traffic,
    _ab_look,
    _ab_segments,
    _reached,
    _campaign_plan,
    _bench,
    _price_tags,
    _prepared,
)
