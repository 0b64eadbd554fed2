"""A campaign from its goal to its file: the steps beside each other, the plan in a sentence above them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from reco_lab.campaigns.audience import Reached
from reco_lab.campaigns.spec import Campaign, FromModel
from reco_lab.campaigns.terms import InSegment
from reco_lab.core.errors import InputError
from reco_lab.core.words import share
from reco_lab.services import campaigns, privacy, segments
from reco_lab.services.campaigns import Plan
from reco_lab.store.campaigns import CampaignRecord
from reco_lab.ui import (
    cache,
    campaign_audience,
    campaign_control,
    campaign_rules,
    campaign_what,
    page,
    state,
)
from reco_lab.ui.campaign_rules import Priced
from reco_lab.ui.words import count, md, short

CAMPAIGN, AUDIENCE, STEP, NEW = "campaign", "audience", "step", "new"
STEPS = {
    "audience": "Goal and audience",
    "what": "What to recommend",
    "rules": "Rules",
    "control": "Control group",
}


@dataclass(frozen=True)
class Table:
    """What the steps work on: the page, the campaign as it is now, the saved segments, and what else counts depend on."""

    lab: page.Lab
    draft: state.Draft
    titles: Mapping[str, str]
    now: str

    @property
    def key(self) -> str:
        """The beginning of the names of all widgets of this campaign."""
        return f"campaign-{self.draft.id or NEW}"

    def reached(self, campaign: Campaign) -> Reached:
        """Whom it reaches."""
        return cache.reached(self.lab.workspace, self.lab.chosen, campaign, self.now)

    def plan(self, campaign: Campaign) -> Plan:
        """What it can show; InputError for what cannot be done."""
        return cache.campaign_plan(self.lab.workspace, self.lab.chosen, campaign, self.now)


def table(lab: page.Lab, found: tuple[CampaignRecord, Campaign] | None) -> Table:
    """Take up the campaign that this session plans: the one that was opened, or a new one."""
    kept, id_ = state.draft(), found[0].id if found else ""
    if kept is None or kept.id != id_ or kept.campaign.dataset != lab.chosen.name:
        kept = state.Draft(found[1] if found else fresh(lab), id_)
    if segment := st.query_params.get(AUDIENCE):
        kept = replace(kept, campaign=_for_segment(lab, kept.campaign, segment))
        del st.query_params[AUDIENCE]
    state.keep_draft(kept)
    titles = {one.id: one.title for one in segments.listing(lab.workspace, lab.chosen.name)}
    return Table(lab, kept, titles, _depends_on(lab))


def fresh(lab: page.Lab) -> Campaign:
    """A new campaign, named by the day."""
    today = short(lab.workspace.clock.now()).partition(",")[0]
    return campaigns.draft(lab.workspace, lab.dataset(), f"Campaign of {today}")


def _for_segment(lab: page.Lab, campaign: Campaign, segment: str) -> Campaign:
    """The campaign for a segment that another page sent."""
    found = next((one for one in segments.listing(lab.workspace, lab.chosen.name) if one.id == segment), None)
    if found is None:
        st.warning(
            f"There is no segment “{md(segment)}” here. Everyone is in the audience instead.",
            icon=":material/link_off:",
        )
        return campaign
    audience = campaign.audience.model_copy(update={"who": InSegment(segment=segment)})
    return campaign.model_copy(update={"audience": audience, "title": f"Campaign for {found.title}"[:200]})


def _depends_on(lab: page.Lab) -> str:
    """What the audience depends on beside the campaign: who objected, how segments are defined, what was sent."""
    changed = [one.changed for one in segments.listing(lab.workspace, lab.chosen.name)]
    sent = [one.changed for one in campaigns.listing(lab.workspace, lab.chosen.name)]
    return f"{privacy.suppressed_count(lab.workspace)} {max(changed, default='')} {len(changed)} {max(sent, default='')}"


def step(on: Table, name: str) -> Campaign:
    """Draw a step; the campaign with what was changed in it."""
    campaign, lab, key = on.draft.campaign, on.lab, on.key
    draw: Mapping[str, Callable[[], dict[str, Any]]] = {
        "audience": lambda: campaign_audience.ask(campaign, on.titles, key, expert=lab.expert),
        "what": lambda: campaign_what.ask(lab, campaign, on.titles, key),
        "rules": lambda: campaign_rules.ask(
            campaign, lab.dataset(), key, lambda: priced(on, campaign), expert=lab.expert
        ),
        "control": lambda: campaign_control.ask(campaign, _columns(lab), key, expert=lab.expert),
    }
    changed = campaign.model_copy(update=draw[name]())
    if changed != campaign:
        state.keep_draft(replace(on.draft, campaign=changed))
    if name == "audience":
        campaign_audience.leaving(on.reached(changed))
    if name == "control":
        _power(on.plan(changed))
    return changed


def priced(on: Table, campaign: Campaign) -> Priced:
    """What the rules cost, tried on the experiment that the recommender comes from (the newest, for fixed items)."""
    there = campaign_what.trained(on.lab, campaign.what)
    asked = campaign.what.experiment if isinstance(campaign.what, FromModel) else next(iter(there.labels), "")
    if asked not in there.labels:
        return Priced(None, "What a rule costs is told once a recommender is trained on these data.")
    try:
        customers = on.reached(campaign).customers
        return Priced(cache.price_tags(on.lab.workspace, asked, campaign, customers, on.now))
    except InputError as error:
        return Priced(None, f"{error.what} {error.fix}")


def captions(on: Table, campaign: Campaign) -> dict[str, str]:
    """Where each step stands, in a few words."""
    there = campaign_what.trained(on.lab, campaign.what)
    return {
        "audience": count(on.reached(campaign).customers, "customer"),
        "what": f"{count(campaign.items, 'item')}, {campaign_what.sentence(campaign.what, there)}",
        "rules": count(len(campaign.rules), "rule") if campaign.rules else "none",
        "control": f"{share(campaign.control.share)} get nothing" if campaign.control.share else "none",
    }


def headline(on: Table, campaign: Campaign) -> tuple[str, str]:
    """The plan in a sentence, and what can be known by it; InputError for what cannot be done."""
    found, asked = on.plan(campaign), on.reached(campaign)
    by = campaign_what.sentence(campaign.what, campaign_what.trained(on.lab, campaign.what))
    words = (
        f"{found.treated:,} of {count(len(asked.mask), 'customer')} get {count(campaign.items, 'item')} each, "
        f"{by if campaign.what.kind == 'fixed' else f'chosen by {by}'}"
    )
    if not found.control:
        return words, "Nobody is held back, so what this campaign does cannot be known."
    chance = f"A {share(campaign.goal.lift)} lift would be seen with {share(found.power)} chance."
    return f"{words}; {found.control:,} stay as control group", chance


def _power(found: Plan) -> None:
    """What can be known with a control group of this size."""
    with st.container(border=True):
        st.markdown(f"**{md(found.need.sentence)}**")
        if found.control:
            st.markdown(md(found.sentence.removeprefix(found.need.sentence).strip()))
        elif found.need.possible:
            st.markdown("Without a control group nobody can tell what the campaign did.")
    if found.control and not found.enough:
        st.info(
            "You can send it all the same: it is then known only that the effect was not large. A larger audience, "
            "a larger control group or a longer wait would tell more.",
            icon=":material/info:",
        )


def _columns(lab: page.Lab) -> list[str]:
    customers = lab.dataset().customers
    return [] if customers is None else [str(name) for name in customers.columns]
