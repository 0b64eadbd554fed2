"""The sections of one experiment's report, gathered: as nobody has changed them yet, and with what a person asks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from reco_lab.core.errors import InputError
from reco_lab.services import campaign_story
from reco_lab.services import story as stories
from reco_lab.services.campaign_story import CampaignStory
from reco_lab.services.customers import Microscope
from reco_lab.services.reckoning import Assumptions
from reco_lab.services.story import Example, Story
from reco_lab.store.campaigns import CampaignRecord
from reco_lab.ui import (
    cache,
    campaign_plan,
    export,
    page,
    report_advice,
    report_campaign,
    report_file,
    report_money,
    state,
    story,
)
from reco_lab.ui import report_sections as sections
from reco_lab.ui.report_sections import Section


@dataclass(frozen=True, eq=False)
class Told:
    """An experiment, its story, the real customers in it, and its models where they are kept."""

    lab: page.Lab
    experiment: str
    story: Story
    people: tuple[Example, ...]
    microscope: Microscope | None

    @classmethod
    def of(cls, lab: page.Lab, experiment: str) -> "Told | None":
        """Gather what can be told of a finished experiment; None where nothing personal finished."""
        told = cache.story(lab.workspace, experiment, "")
        if told is None:
            return None
        try:
            microscope = cache.microscope(lab.workspace, experiment)
        except InputError:
            return cls(lab, experiment, told, (), None)
        people = stories.examples(lab.workspace, microscope, told)
        return cls(lab, experiment, told, tuple(people), microscope)

    def by(self, way: str) -> "Told":
        """The same with the customers parted another way."""
        told = cache.story(self.lab.workspace, self.experiment, way)
        return self if told is None else replace(self, story=told)

    @property
    def numbers(self) -> tuple[Path, dict[str, str]]:
        """The page with all its numbers, and what its address names."""
        return page.COMPARE, {state.EXPERIMENT: self.experiment}

    def section(self, id_: str) -> Section:
        """A section for which nothing is asked."""
        if id_ == "found":
            return sections.found(self.story, story.place(self.lab.chosen))
        return {"sure": sections.sure, "whom": sections.whom, "next": report_advice.after}[id_](self.story)

    def person(self, who: Example) -> Section | None:
        """One real customer; None where the models are not kept any more or the customer does not want it."""
        if self.microscope is None:
            return None
        workspace = self.lab.workspace
        k = sections.LENGTH if self.story.finds is None else self.story.finds.k
        look = stories.look(workspace, self.microscope, self.story, who.customer_id, k)
        return None if look is None else sections.person(self.story, who, look)

    def unasked(self) -> Iterator[Section]:
        """Every section as it is before anybody asks for anything else."""
        yield self.section("found")
        yield from filter(None, map(self.person, self.people[:1]))
        yield report_money.money(self.story, self.story.assumed)
        yield from map(self.section, ("sure", "whom", "next"))

    def file(self, drawn: tuple[Section, ...] = (), assumed: Assumptions | None = None) -> export.Download:
        """The report as one HTML file, of the sections as they are drawn (else as nobody changed them)."""

        def make() -> str:
            shown = drawn or tuple(self.unasked())
            here = {one.finding for one in shown}
            others = [one for one in map(self.person, self.people) if one is not None]
            return report_file.page(
                self.story.found.experiment,
                shown,
                [one for one in others if one.finding not in here],
                report_money.assumptions(assumed or self.story.assumed),
                synthetic=self.story.found.synthetic,
            )

        return export.Download(
            "Report (HTML, one file)", f"reco-lab-{self.experiment}.html", make, "text/html"
        )


@dataclass(frozen=True, eq=False)
class ToldCampaign:
    """A campaign whose lists are made, its story and the data it is about."""

    lab: page.Lab
    story: CampaignStory

    @classmethod
    def of(cls, lab: page.Lab, campaign: CampaignRecord) -> "ToldCampaign":
        """Gather what can be told of a campaign whose lists are made."""
        made = cache.prepared(lab.workspace, campaign.id, str(campaign.artefact))
        return cls(lab, campaign_story.campaign_story(lab.workspace, lab.dataset(), made))

    @property
    def people(self) -> tuple[Example, ...]:
        """Real customers who got it."""
        return self.story.people

    @property
    def numbers(self) -> tuple[Path, dict[str, str]]:
        """The page with all its numbers, and what its address names."""
        return page.CAMPAIGNS, {campaign_plan.CAMPAIGN: self.story.made.id}

    def section(self, id_: str) -> Section:
        """Any section but that of a customer."""
        of = {"found": report_campaign.found, "money": report_campaign.money, "sure": report_campaign.sure}
        of |= {"whom": report_campaign.whom, "next": report_campaign.after}
        return of[id_](self.story)

    def person(self, who: Example) -> Section | None:
        """One real customer; None where she does not want it."""
        data = self.lab.dataset()
        shown = campaign_story.shown_to(self.lab.workspace, data, self.story.made, who.customer_id)
        return None if shown is None else report_campaign.person(self.story, data, who, shown)

    def file(self, drawn: tuple[Section, ...]) -> export.Download:
        """The report as one HTML file, of the sections as they are drawn."""
        made = self.story.made

        def make() -> str:
            others = [one for one in map(self.person, self.people) if one is not None]
            here = {one.finding for one in drawn}
            more = [one for one in others if one.finding not in here]
            return report_file.page(
                made.campaign.title, drawn, more, pd.DataFrame(), synthetic=made.synthetic
            )

        return export.Download(
            "Report (HTML, one file)", f"reco-lab-campaign-{made.id}.html", make, "text/html"
        )
