"""The story of a campaign: before it was sent, and when purchases came back."""

import pytest

from reco_lab.campaigns.results import Judgement, Line
from reco_lab.services import campaign_lists, campaigns, data, privacy
from reco_lab.ui import cache, page, report_campaign
from reco_lab.ui.report_told import ToldCampaign

REPORT = "pages/market/report.py"
RANGES = {"worked": (0.02, 0.08), "harmed": (-0.08, -0.02), "no": (-0.01, 0.01), "unknown": (-0.05, 0.15)}


@pytest.fixture
def made(shop):
    draft = campaigns.draft(shop, data.load_dataset(shop, "small-shop"), "Spring <b>mail</b>")
    return campaign_lists.prepare(shop, campaigns.save(shop, draft))


def judged(verdict):
    """A judgement with a lift of conversion that lies as this verdict wants it."""
    low, high = RANGES[verdict]
    numbers = {"treated": 54, "control": 6, "treated_mean": 0.3, "control_mean": 0.25}
    ends = {"absolute": (low + high) / 2, "low": low, "high": high, "p": 0.01}
    ratio = {"relative": 0.2, "relative_low": 0.1, "relative_high": 0.3}
    line = Line(title="everyone", outcome="conversion", **numbers, **ends, **ratio)
    segment = line.model_copy(update={"title": "Friends", "holm": 0.01 if verdict == "worked" else 0.5})
    gained = {"gained": 100 * ends["absolute"], "gained_low": 100 * low, "gained_high": 100 * high}
    return Judgement(
        verdict=verdict,
        sentence=f"The sentence for {verdict}.",
        lines=(line,),
        segments=(segment,),
        cost=5.0,
        days=14,
        sent="2026-03-01T00:00:00",
        more=400 if verdict == "unknown" else None,
        **gained,
    )


@pytest.fixture
def tell(shop, made):
    """What is told of the campaign, with a verdict or without."""

    def story(verdict=""):
        if verdict:
            shop.campaigns.judged(made.id, judged(verdict).model_dump(mode="json"))
        cache.forget_people()
        version = shop.store.dataset("small-shop")
        return ToldCampaign.of(page.Lab(shop, version, expert=False), shop.campaigns.get(made.id))

    return story


def test_a_campaign_can_be_told_of_beside_a_comparison(made, visit, says):
    browser = visit(REPORT, of="campaign", campaign=made.id)
    words = says(browser)

    assert "“Spring <b>mail</b>” is ready to be sent" in words
    assert "What it brings is not known before it is sent" in words
    browser.pills(key="of").set_value("comparison").run()
    assert "beat the bestseller list" in says(browser)


def test_before_an_audience_the_link_decides_which_story_is_told(made, visit, says):
    words = says(visit(REPORT, of="campaign", campaign=made.id, present="1", slide="1"))

    assert "is ready to be sent" in words


def test_real_customers_got_what_the_list_says(made, tell):
    told = tell()
    who = told.people[0]
    section = told.person(who)
    sent = made.items[made.items["customer_id"] == who.customer_id].sort_values("place")

    assert [item.title for item in section.columns[1].items] == list(sent["title"])
    assert who.customer_id in set(made.customers.loc[made.customers["group"] == "sent", "customer_id"])


@pytest.mark.parametrize("verdict", RANGES)
def test_every_verdict_has_its_story(tell, verdict):
    told = tell(verdict)
    sections = {id_: told.section(id_) for id_ in ("found", "money", "sure", "whom", "next")}

    assert sections["found"].finding == f"The sentence for {verdict}."
    assert sections["sure"].finding == report_campaign.FINDINGS[verdict]
    assert ("brought about" in sections["money"].finding) is (verdict == "worked")
    assert ("It did something for Friends" in sections["whom"].finding) is (verdict == "worked")


def test_money_is_drawn_as_money_and_shares_as_shares(shop, made, tell):
    assert tell("worked").section("found").figure.percent
    spent = judged("worked")
    line = spent.lines[0].model_copy(update={"outcome": "revenue", "treated_mean": 15.4, "control_mean": 8.0})
    spent = spent.model_copy(update={"outcome": "revenue", "lines": (line,)})
    shop.campaigns.judged(made.id, spent.model_dump(mode="json"))
    version = shop.store.dataset("small-shop")
    told = ToldCampaign.of(page.Lab(shop, version, expert=False), shop.campaigns.get(made.id))
    figure = told.section("found").figure

    assert not figure.percent
    assert list(figure.rows["text"]) == ["15.40", "8.00"]


def test_the_file_of_a_campaign_loads_nothing_and_nothing_in_it_runs(tell):
    told = tell("worked")
    drawn = tuple(told.section(id_) for id_ in ("found", "money", "sure", "whom", "next"))
    file = told.file(drawn).make()

    assert "<b>mail" not in file
    assert "Example data (simulated)" in file
    assert file.count("<svg") == 2


def test_who_objects_later_is_in_no_story_of_a_campaign(shop, tell):
    told = tell()
    privacy.suppress(shop, [one.customer_id for one in told.people])

    assert [told.person(one) for one in told.people] == [None] * len(told.people)
