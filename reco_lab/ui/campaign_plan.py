"""A campaign from its goal to its file: the steps in a row, the plan in a sentence above them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from reco_lab.campaigns.audience import Reached
from reco_lab.campaigns.results import Judgement
from reco_lab.campaigns.spec import Campaign, FromModel
from reco_lab.campaigns.terms import InSegment
from reco_lab.core.errors import InputError
from reco_lab.core.words import share
from reco_lab.services import campaigns, privacy, segments
from reco_lab.services.campaign_lists import Prepared
from reco_lab.services.campaign_results import judgement
from reco_lab.services.campaigns import Plan
from reco_lab.services.segment_looks import NAMES, meaning
from reco_lab.store.campaigns import CampaignRecord
from reco_lab.ui import (
    cache,
    campaign_audience,
    campaign_control,
    campaign_export,
    campaign_preview,
    campaign_results,
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
    "preview": "Preview",
    "export": "Export",
    "results": "What it did",
}
NAMED = ("Campaign of ", "Campaign for ")  # how a title begins that nobody typed
AFTER = ("preview", "export", "results")


@dataclass(frozen=True)
class Table:
    """What the steps work on: the page, the campaign as it is now, the saved segments, and what else counts depend on.

    `record` and `saved` are the campaign as it was kept, None for a new one.
    """

    lab: page.Lab
    draft: state.Draft
    titles: Mapping[str, str]
    now: str
    record: CampaignRecord | None
    saved: Campaign | None

    @property
    def key(self) -> str:
        """The beginning of the names of all widgets of this campaign."""
        return key_of(self.draft.id)

    @property
    def made(self) -> Prepared | None:
        """Its lists, once they are made."""
        if self.record is None or self.record.artefact is None:
            return None
        return cache.prepared(self.lab.workspace, self.record.id, self.record.artefact)

    @property
    def judgement(self) -> Judgement | None:
        """What came of it, once somebody asked."""
        return None if self.record is None else judgement(self.record)

    def as_kept(self, campaign: Campaign) -> bool:
        """Whether a campaign is what was kept."""
        kept = self.saved
        return kept is not None and campaign == kept.model_copy(update={"fingerprint": campaign.fingerprint})

    def reached(self, campaign: Campaign) -> Reached:
        """Whom it reaches."""
        return cache.reached(self.lab.workspace, self.lab.chosen, campaign, self.draft.id, self.now)

    def plan(self, campaign: Campaign) -> Plan:
        """What it can show; InputError for what cannot be done."""
        return cache.campaign_plan(self.lab.workspace, self.lab.chosen, campaign, self.draft.id, self.now)


def key_of(id_: str) -> str:
    """The beginning of the names of the widgets of a campaign (empty: a new one)."""
    return f"campaign-{id_ or NEW}"


def table(lab: page.Lab, found: tuple[CampaignRecord, Campaign] | None) -> Table:
    """Take up the campaign that this session plans: the one that was opened, or a new one."""
    kept, id_ = state.draft(), found[0].id if found else ""
    if kept is None or kept.id != id_ or kept.campaign.dataset != lab.chosen.name:
        kept = state.Draft(found[1] if found else fresh(lab), id_)
    if segment := st.query_params.get(AUDIENCE):
        kept = replace(kept, campaign=_for_segment(lab, kept.campaign, segment, key_of(id_)))
        del st.query_params[AUDIENCE]
    state.keep_draft(kept)
    titles = {one.id: one.title for one in segments.listing(lab.workspace, lab.chosen.name)}
    record, saved = found or (None, None)
    return Table(lab, kept, titles, _depends_on(lab), record, saved)


def fresh(lab: page.Lab) -> Campaign:
    """A new campaign, named by the day."""
    today = short(lab.workspace.clock.now()).partition(",")[0]
    return campaigns.draft(lab.workspace, lab.dataset(), f"{NAMED[0]}{today}")


def _for_segment(lab: page.Lab, campaign: Campaign, segment: str, key: str) -> Campaign:
    """The campaign for a segment that another page sent."""
    found = next((one for one in segments.listing(lab.workspace, lab.chosen.name) if one.id == segment), None)
    if found is None:
        st.warning(
            f"There is no segment “{md(segment)}” here. Everyone is in the audience instead.",
            icon=":material/link_off:",
        )
        return campaign
    title = f"{NAMED[1]}{found.title}"[:200]
    if not campaign.title.startswith(NAMED):
        title = campaign.title
    for part, value in (("inside", [segment]), ("outside", []), ("title", title), ("class", None)):
        state.choose(f"{key}-{part}", value)
    audience = campaign.audience.model_copy(update={"who": InSegment(segment=segment)})
    return campaign.model_copy(update={"audience": audience, "title": title})


def _depends_on(lab: page.Lab) -> str:
    """What the audience depends on beside the campaign: who objected, how segments are defined, what was sent."""
    changed = [one.changed for one in segments.listing(lab.workspace, lab.chosen.name)]
    sent = [one.changed for one in campaigns.listing(lab.workspace, lab.chosen.name)]
    return f"{privacy.suppressed_count(lab.workspace)} {max(changed, default='')} {len(changed)} {max(sent, default='')}"


def step(on: Table, name: str) -> None:
    """Draw a step, and keep what was changed in it."""
    campaign, lab, key = on.draft.campaign, on.lab, on.key
    if name in AFTER:
        _of_lists(on, name)
        return
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
        _class(lab, key)
        campaign_audience.leaving(on.reached(changed))
    if name == "control":
        _power(on.plan(changed))


def _class(lab: page.Lab, key: str) -> None:
    """Offer a class as the audience in one step: it is saved as a segment by the way."""
    data = lab.dataset()
    if data.interactions.times is None:
        return
    chosen = st.selectbox(
        "Or reach one class of customers",
        NAMES,
        index=None,
        format_func=lambda name: f"{name.capitalize()}: {meaning(name)}",
        placeholder="Choose a class",
        key=f"{key}-class",
        help="By how lately, how often and for how much they bought. It is saved as a segment of that name.",
    )
    if chosen is not None:
        st.query_params[AUDIENCE] = segments.of_class(lab.workspace, lab.chosen, data, chosen).id
        st.rerun()


def _of_lists(on: Table, name: str) -> None:
    """A step that needs the lists."""
    made = on.made
    if made is None:
        st.markdown("There is nothing to see yet: it comes with the lists. **Make the lists** is above.")
    elif name == "preview":
        campaign_preview.view(made, on.key)
    elif name == "export":
        campaign_export.view(on.lab.workspace, made, on.key)
    else:
        campaign_results.view(on.lab, made, on.judgement, on.key)


def priced(on: Table, campaign: Campaign) -> Priced:
    """What the rules cost, tried on the experiment that the recommender comes from (the newest, for fixed items)."""
    there = campaign_what.trained(on.lab, campaign.what)
    asked = campaign.what.experiment if isinstance(campaign.what, FromModel) else next(iter(there.labels), "")
    if asked not in there.labels:
        return Priced(None, "What a rule costs is told once a recommender is trained on these data.")
    try:
        plan = on.plan(campaign)
    except InputError:  # said above, in place of the plan
        return Priced(None)
    try:
        customers = plan.treated
        return Priced(cache.price_tags(on.lab.workspace, asked, campaign, customers, on.now))
    except InputError as error:
        return Priced(None, f"{error.what} {error.fix}")


def captions(on: Table, campaign: Campaign) -> dict[str, str]:
    """Where each step stands, in a few words."""
    there, made = campaign_what.trained(on.lab, campaign.what), on.made
    return {
        "audience": _reaches(on, campaign),
        "what": f"{count(campaign.items, 'item')}, {campaign_what.sentence(campaign.what, there)}",
        "rules": count(len(campaign.rules), "rule") if campaign.rules else "none",
        "control": f"{share(campaign.control.share)} get nothing" if campaign.control.share else "none",
        "preview": "no lists yet" if made is None else campaign_preview.caption(made),
        "export": "no lists yet" if made is None else "ready to download",
        "results": "after the send" if made is None else campaign_results.caption(on.judgement),
    }


def _reaches(on: Table, campaign: Campaign) -> str:
    try:
        return count(on.reached(campaign).customers, "customer")
    except InputError:  # said where the step and the plan are
        return "cannot be counted"


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
    return f"{words}; {found.control:,} stay as control group", chance(found, campaign.goal.days)


def chance(found: Plan, days: int) -> str:
    """What can be known afterwards, in a sentence."""
    lift = share(found.need.lift)
    if found.need.usual.mean > 0 and not found.need.usual.variance:
        return (
            f"All of them did the same in the last {count(days, 'day')}: those chosen by what they did lately will "
            "not all do so again, so which lift can be seen cannot be told beforehand."
        )
    if not found.need.possible or not np.isfinite(found.detectable):
        return found.need.sentence
    if found.enough:
        return f"A {lift} lift would be seen with {share(found.power)} chance."
    return (
        f"A {lift} lift would be seen with {share(found.power)} chance only: with so few customers it has to be "
        f"{share(found.detectable)} or more."
    )


def _power(found: Plan) -> None:
    """What can be known with a control group of this size."""
    with st.container(border=True):
        st.markdown(f"**{md(found.need.sentence)}**")
        if found.control:
            st.markdown(md(found.sentence.removeprefix(found.need.sentence).strip()))
        elif found.need.possible:
            st.markdown("Without a control group nobody can tell what the campaign did.")
    if found.control and found.need.possible and not found.enough:
        st.info(
            "You can send it all the same: it is then known only that the effect was not large. A larger audience, "
            "a larger control group or a longer wait would tell more.",
            icon=":material/info:",
        )


def _columns(lab: page.Lab) -> list[str]:
    customers = lab.dataset().customers
    return [] if customers is None else [str(name) for name in customers.columns]
