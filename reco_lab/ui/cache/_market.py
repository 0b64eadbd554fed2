"""What serves, and what campaigns plan."""

from pathlib import Path

import streamlit as st

from reco_lab.campaigns.audience import Reached
from reco_lab.campaigns.price import Tags
from reco_lab.campaigns.spec import Campaign
from reco_lab.core.policy import Policy
from reco_lab.services import (
    ad_calls,
    campaign_lists,
    campaigns,
    decisions,
    judging,
    logged_tables,
)
from reco_lab.services.ad_calls import Caller
from reco_lab.services.campaign_lists import Prepared
from reco_lab.services.campaigns import Bench, Plan
from reco_lab.services.judged_answers import Asked
from reco_lab.services.judging import Judged
from reco_lab.services.logged_tables import JudgedPolicy, LoggedColumns, LoggedTable
from reco_lab.services.onlooking import Onlooker
from reco_lab.store.events.log import EventLog
from reco_lab.store.records import DatasetVersion
from reco_lab.ui.cache._opening import dataset
from reco_lab.workspace import Workspace


def events(opened: Workspace) -> EventLog:
    """The log of decisions, for reading."""
    return _events(opened, str(opened.home), "reading")


def caller(opened: Workspace, url: str) -> Caller:
    """Calls the service at an address, with one key for all visitors of this app where it needs one."""
    return _caller(opened, str(opened.home), url)


def onlooker(opened: Workspace) -> Onlooker:
    """Sees how every ad stands for a customer, by what is published now."""
    serving = opened.publications.serving()
    return _onlooker(opened, str(opened.home), "" if serving is None else f"{serving.number}")


def reached(opened: Workspace, version: DatasetVersion, campaign: Campaign, now: str) -> Reached:
    """Whom a campaign reaches, and who leaves and why; `now` says what else that depends on."""
    key = f"{campaign.audience.model_dump_json()} {now}"
    return _reached(opened, str(opened.home), version.name, version.fingerprint, campaign, key)


def campaign_plan(opened: Workspace, version: DatasetVersion, campaign: Campaign, now: str) -> Plan:
    """What a campaign of this size can show; raises InputError for whatever cannot be done."""
    key = f"{campaign.model_dump_json(exclude={'title', 'costs'})} {now}"
    return _campaign_plan(opened, str(opened.home), version.name, version.fingerprint, campaign, key)


def price_tags(
    opened: Workspace, experiment: str, campaign: Campaign, customers: int | None, now: str
) -> Tags:
    """What each rule of a campaign costs, tried on an experiment's test part."""
    parts = campaign.model_dump_json(include={"what", "rules", "costs", "items"})
    return _price_tags(opened, str(opened.home), experiment, campaign, customers, f"{parts} {now}")


def judged(opened: Workspace, chosen: Policy, asked: Asked) -> Judged:
    """What a policy would have earned in a period; raises InputError for what cannot be judged at all."""
    return _judged(opened, str(opened.home), chosen, asked)


def logged_table(opened: Workspace, path: Path, columns: LoggedColumns, chosen: JudgedPolicy) -> LoggedTable:
    """A table of logged decisions from elsewhere; raises InputError for one that cannot be used."""
    return _logged_table(str(opened.home), path, columns, chosen)


def prepared(opened: Workspace, campaign: str, artefact: str) -> Prepared:
    """The lists of a campaign."""
    return _prepared(opened, str(opened.home), campaign, artefact)


@st.cache_resource(max_entries=2, show_spinner=False)
def _events(_opened: Workspace, home: str, key: str) -> EventLog:  # noqa: ARG001 - part of the key
    return decisions.open_log(_opened)


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
    key: str,  # noqa: ARG001 - part of the key
) -> Reached:
    return campaigns.reach(_opened, dataset(_opened, name, fingerprint), _campaign)


@st.cache_resource(max_entries=32, show_spinner="Working out what can be known…")
def _campaign_plan(
    _opened: Workspace,
    home: str,  # noqa: ARG001 - part of the key
    name: str,
    fingerprint: str,
    _campaign: Campaign,
    key: str,  # noqa: ARG001 - part of the key
) -> Plan:
    return campaigns.plan(_opened, dataset(_opened, name, fingerprint), _campaign)


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


@st.cache_resource(max_entries=8, show_spinner="Weighing what was logged…")
def _judged(_opened: Workspace, home: str, chosen: Policy, asked: Asked) -> Judged:  # noqa: ARG001 - part of the key
    return judging.judge_policy(events(_opened), chosen, asked)


@st.cache_resource(max_entries=2, show_spinner="Reading the table…")
def _logged_table(home: str, path: Path, columns: LoggedColumns, chosen: JudgedPolicy) -> LoggedTable:  # noqa: ARG001 - part of the key
    return logged_tables.read_logged(path, columns, chosen)


OF_PEOPLE = (_onlooker, _reached, _campaign_plan, _bench, _price_tags, _prepared, _judged, _logged_table)
