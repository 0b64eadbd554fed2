from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reco_lab.campaigns.audience import reached
from reco_lab.campaigns.control import groups, places, standing
from reco_lab.campaigns.rules import rule_set
from reco_lab.campaigns.spec import (
    Audience,
    Boost,
    Budget,
    Campaign,
    Cap,
    ControlGroup,
    Exclude,
    FixedItems,
    FromModel,
    NotBought,
    Pin,
    Route,
    Stock,
    Variety,
    Where,
)
from reco_lab.campaigns.terms import AllOf, AnyOf, Everyone, InSegment, Without, in_words, mask_of
from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import InputError, NotFoundError, SpecError
from reco_lab.core.segment import Attribute
from reco_lab.services import campaign_files, campaign_lists, campaign_results, campaigns, privacy, segments
from reco_lab.services.campaign_draws import divide
from reco_lab.store.campaigns import CampaignRecord
from reco_lab.testing.serving import CUSTOMERS, NAME, compare, small_shop
from reco_lab.workspace import Workspace

NORTH = Where(column="category", one_of=("north",))
SALT = "0123456789abcdef"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    home = tmp_path_factory.mktemp("campaigns") / "home"
    workspace = Workspace.open(home, clock=ManualClock(datetime(2026, 1, 2, tzinfo=UTC)))
    experiment = compare(workspace)
    data = small_shop()
    version = workspace.store.dataset(NAME)
    north = segments.save(workspace, version, data, "North", Attribute(column="region", values=("north",))).id
    return workspace, experiment, north


@pytest.fixture
def campaign(template):
    return Campaign(
        title="Spring",
        dataset=NAME,
        what=FromModel(experiment=template[1]),
        control=ControlGroup(share=0.3),
        items=3,
    )


def changed(campaign, **values):
    return campaign.model_copy(update=values)


def test_a_campaign_comes_back_from_json_as_it_was(campaign):
    rules = (
        Exclude(where=NORTH), Boost(where=NORTH), Pin(where=Where(column="price", low=3)), NotBought(), Cap(),
        Variety(), Stock(each=3), Budget(total=5, each=1),
    )  # fmt: skip
    who = AllOf(
        parts=(InSegment(segment="a"), Without(part=AnyOf(parts=(Everyone(), InSegment(segment="b")))))
    )
    one = changed(
        campaign,
        rules=rules,
        audience=Audience(who=who, rest_days=30),
        what=FromModel(experiment="e", routes=(Route(segment="a", model="EASE"),)),
    )
    assert Campaign.model_validate_json(one.model_dump_json()) == one
    assert all(rule.sentence for rule in rules)
    assert in_words(who, {"a": "A", "b": "B"}.get) == "A and not (everyone or B)"


def test_what_is_no_campaign_is_said_with_its_place():
    with pytest.raises(SpecError, match=r"rules\.0"):
        Campaign.parse(
            {
                "title": "x",
                "dataset": "d",
                "what": {"kind": "fixed", "items": ["a"]},
                "rules": [{"kind": "no"}],
            }
        )


@given(st.integers(0, 40), st.lists(st.integers(0, 2**40), max_size=4))
@settings(max_examples=50, deadline=None)
def test_everybody_is_in_or_left_out_for_one_reason(customers, seeds):
    reasons = [
        (f"reason {n}", np.random.default_rng(seed).random(customers) < 0.3) for n, seed in enumerate(seeds)
    ]
    found = reached(customers, reasons)
    assert found.customers + sum(one.customers for one in found.steps) == customers
    assert not any((found.mask & leaving).any() for _, leaving in reasons)


def test_segments_are_joined_by_and_or_and_not():
    masks = {"a": np.array([1, 1, 0, 0], bool), "b": np.array([1, 0, 1, 0], bool)}
    a, b = InSegment(segment="a"), InSegment(segment="b")
    found = [mask_of(who, masks.get, 4).astype(int).tolist() for who in (
        Everyone(), AllOf(parts=(a, b)), AnyOf(parts=(a, b)), AllOf(parts=(a, Without(part=b))),
    )]  # fmt: skip
    assert found == [[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 1, 0], [0, 1, 0, 0]]


def test_the_standing_control_group_is_the_same_in_every_audience_and_only_grows():
    ids = pd.Index([f"c{n}" for n in range(5000)])
    some = standing(ids, SALT, 0.1)
    assert (standing(ids[::3], SALT, 0.1) == some[::3]).all()
    assert not (some & ~standing(ids, SALT, 0.2)).any()
    assert some.mean() == pytest.approx(0.1, abs=0.02)
    other = standing(ids, SALT[::-1], 0.1)
    assert (some & other).mean() == pytest.approx(0.01, abs=0.006)


@given(st.floats(0.0, 0.9), st.integers(1, 5), st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_every_stratum_gives_its_share_of_the_control_group(share, strata, seed):
    rng = np.random.default_rng(seed)
    codes = np.sort(rng.integers(0, strata, 200))
    found = groups(ControlGroup(share=share), np.zeros(200, bool), codes, rng.random(200), rng)
    assert found.control.sum() == pytest.approx(share * 200, abs=1)
    for code in range(strata):
        mine = codes == code
        assert abs(found.control[mine].sum() - share * mine.sum()) <= 1


@pytest.mark.parametrize("sizes", [[1] * 60, [4] * 10 + [6] * 10, [14, 16, 3], [100]])
def test_everybody_has_the_same_chance_to_be_held_back_however_small_her_stratum_is(sizes):
    codes = np.repeat(np.arange(len(sizes)), sizes)
    ids, nobody = pd.Index([f"c{n}" for n in range(len(codes))]), np.zeros(len(codes), bool)
    spec = ControlGroup(share=0.2)
    drawn = [
        groups(spec, nobody, codes, places(ids, f"{seed:016}"), np.random.default_rng(seed)).control
        for seed in range(500)
    ]
    rates = np.mean(drawn, axis=0)
    assert np.abs(rates - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / 500)
    assert {one.sum() for one in drawn} <= {np.floor(0.2 * len(codes)), np.ceil(0.2 * len(codes))}


def test_whoever_is_always_held_back_is_held_back():
    always = np.zeros(100, bool)
    always[:30] = True
    rng = np.random.default_rng(0)
    found = groups(ControlGroup(share=0.1), always, np.zeros(100, np.int64), rng.random(100), rng)
    assert (found.control == always).all()


def test_each_campaign_holds_back_others_and_the_same_ones_when_its_audience_changes(template):
    workspace, data = template[0], small_shop()
    everybody = np.arange(CUSTOMERS)
    held = []
    for title in ("first", "second"):
        plan = changed(campaigns.draft(workspace, data, title), control=ControlGroup(share=0.3))
        campaigns.save(workspace, plan)
        held.append(divide(workspace, data, plan, everybody).control)
        fewer = divide(workspace, data, plan, everybody[::2]).control
        assert (fewer == held[-1][::2]).mean() >= 0.8
        assert (divide(workspace, data, plan, everybody).control == held[-1]).all()
    assert (held[0] & held[1]).mean() == pytest.approx(0.09, abs=0.08)


@pytest.mark.parametrize("control", [ControlGroup(customers=60), ControlGroup(customers=500)])
def test_a_control_group_is_smaller_than_the_audience(template, campaign, control):
    with pytest.raises(InputError, match="not smaller than the audience"):
        campaigns.check(template[0], small_shop(), changed(campaign, control=control))


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ((Exclude(where=Where(column="category", one_of=("west",))),), "No item has 'category is west'"),
        ((Exclude(where=Where(column="colour", one_of=("red",))),), "no column 'colour'"),
        ((Exclude(where=NORTH), Pin(where=NORTH)), "other rules exclude all"),
        ((Exclude(where=Where(column="category", one_of=("north", "south"))),), "no item to show"),
        ((Budget(total=1, each=2),), "smaller than the cheapest item"),
        ((Stock(each=0),), "No item is in stock"),
        ((Pin(where=NORTH), Pin(where=NORTH)), "the same place"),
        ((Pin(where=NORTH, place=9),), "for place 9"),
        ((Stock(column="title"),), "holds no numbers"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_before_anything_runs(template, campaign, rules, said):
    with pytest.raises(InputError, match=said):
        campaigns.check(template[0], small_shop(), changed(campaign, rules=rules))


def test_who_is_left_out_of_the_audience_is_counted_with_the_reason(template, campaign):
    workspace, _, north = template
    privacy.suppress(workspace, ["u00", "u01"])
    found = campaigns.reach(
        workspace, small_shop(), changed(campaign, audience=Audience(who=InSegment(segment=north)))
    )
    privacy.unsuppress(workspace, ["u00", "u01"])
    assert found.customers == CUSTOMERS // 2 - 1
    assert [(one.why, one.customers) for one in found.steps[:2]] == [
        ("not in the segments chosen", CUSTOMERS // 2),
        ("on the suppression list", 1),
    ]


def test_unknown_items_segments_and_models_are_named(template, campaign):
    workspace, experiment, _ = template
    data = small_shop()
    wrong = (
        (changed(campaign, what=FixedItems(items=("i99",))), "i99"),
        (changed(campaign, what=FromModel(experiment=experiment, model="Magic")), "Magic"),
        (changed(campaign, audience=Audience(who=InSegment(segment="gone"))), "gone"),
    )
    for one, name in wrong:
        with pytest.raises(NotFoundError, match=name):
            campaigns.check(workspace, data, one)


def test_lists_are_made_kept_and_taken_away_without_whoever_objected_since(template, campaign):
    workspace, experiment, north = template
    what = FromModel(experiment=experiment, routes=(Route(segment=north, model="EASE"),))
    id_ = campaigns.save(workspace, changed(campaign, what=what, rules=(Cap(most=2), Stock(each=10))))
    steps = []
    made = campaign_lists.prepare(workspace, id_, lambda fraction, _message: steps.append(fraction))
    kept = campaign_lists.prepared(workspace, id_)
    pd.testing.assert_frame_equal(made.items, kept.items)
    assert steps == sorted(steps)
    assert (made.customers["group"] == "control").sum() == round(0.3 * CUSTOMERS)
    sent = made.customers.loc[made.customers["group"] == "sent", "customer_id"]
    assert set(made.items["customer_id"]) <= set(sent)
    assert made.items["item_id"].value_counts().max() <= 10
    assert made.items["because"].str.startswith("Because you ").any()
    privacy.suppress(workspace, [sent.iloc[0]])
    wide = campaign_files.table(workspace, kept, "mailchimp")
    privacy.unsuppress(workspace, [sent.iloc[0]])
    assert list(wide["CUSTOMER"]) == list(sent.iloc[1:])
    assert "EASE" in campaign_files.card_html(kept)
    assert campaign_files.card(kept)["campaign"]["title"] == "Spring"


def test_a_list_of_bestsellers_gives_no_personal_reason(template, campaign):
    workspace, experiment, _ = template
    id_ = campaigns.save(
        workspace, changed(campaign, what=FromModel(experiment=experiment, model="Most popular"))
    )
    made = campaign_lists.prepare(workspace, id_, lambda _fraction, _message: None)
    assert set(made.items["because"]) == {"Popular just now."}


def test_what_is_asked_for_while_lists_are_made_is_not_lost(template, campaign):
    workspace = template[0]
    id_ = campaigns.save(workspace, campaign)
    told = []

    def meanwhile(fraction, _message):
        if not told and fraction > 0.3:
            told.append(campaigns.save(workspace, changed(campaign, title="Another"), id_))

    made = campaign_lists.prepare(workspace, id_, meanwhile)
    record, kept = campaigns.saved(workspace, id_)
    assert told == [id_]
    assert (record.title, kept.title, made.campaign.title) == ("Another",) * 3
    assert record.artefact is not None
    campaigns.delete(workspace, id_)


def test_whoever_was_in_a_campaign_lately_is_left_in_peace(template, campaign):
    workspace = template[0]
    id_ = campaigns.save(workspace, changed(campaign, what=FixedItems(items=("i01", "i02", "i03"))))
    sent = int((campaign_lists.prepare(workspace, id_).customers["group"] == "sent").sum())
    later = changed(campaign, audience=Audience(rest_days=7))
    for other in workspace.campaigns.listing():
        if other.id != id_:
            workspace.campaigns.delete(other.id)
    assert campaigns.reach(workspace, small_shop(), later).customers == CUSTOMERS - sent
    again = campaigns.save(workspace, changed(later, what=FixedItems(items=("i01",)), items=1))
    lists = [campaign_lists.prepare(workspace, again).customers for _ in range(2)]
    pd.testing.assert_frame_equal(*lists)  # nobody is left out of a campaign for having been in that very one
    campaigns.delete(workspace, again)
    workspace.clock.at += timedelta(days=8)
    assert campaigns.reach(workspace, small_shop(), later).customers == CUSTOMERS
    workspace.clock.at -= timedelta(days=8)


def test_a_planted_lift_is_found_in_a_file_of_purchases(template, campaign, tmp_path):
    workspace = template[0]
    fixed = changed(campaign, what=FixedItems(items=("i01",)), items=1, control=ControlGroup(share=0.5))
    id_ = campaigns.save(workspace, fixed)
    made = campaign_lists.prepare(workspace, id_)
    sent = made.customers["group"] == "sent"
    place = made.customers.groupby(
        "group"
    ).cumcount()  # who is in which group is drawn by the campaign's own id
    bought = np.where(sent, place % 5 != 0, place % 3 == 0)
    path = tmp_path / "purchases.csv"
    ids = made.customers["customer_id"][bought]
    pd.DataFrame({"who": ids, "paid": 12.5, "when": "2026-01-05 12:00"}).to_csv(path, index=False)
    columns = campaign_results.PurchaseColumns("who", "when", "paid")
    found = campaign_results.judge_from_file(workspace, id_, path, columns, per_message=0.5)
    assert found.verdict == "worked"
    assert found.cost == pytest.approx(0.5 * sent.sum())
    assert found.gained_low < found.gained < found.gained_high
    assert found.sentence.startswith("It worked: ")
    assert campaign_results.judgement(workspace.campaigns.get(id_)) == found
    assert {one.title for one in found.segments} <= {"North"}
    assert all(one.treated + one.control < len(made.customers) for one in found.segments)


def test_who_looked_before_the_end_gets_a_last_range_that_leaves_room_for_it(template, campaign, tmp_path):
    workspace = template[0]
    fixed = changed(campaign, what=FixedItems(items=("i01",)), items=1, control=ControlGroup(share=0.5))
    columns = campaign_results.PurchaseColumns("who", "when")
    sent = campaign_results.sent_by_default(
        campaign_lists.prepare(workspace, campaigns.save(workspace, fixed))
    )
    widths = {}
    for looks in ([3], [20], [3, 20]):
        id_ = campaigns.save(workspace, fixed)
        people = campaign_lists.prepare(workspace, id_).customers
        for day in looks:
            path = tmp_path / f"{day}.csv"
            when = np.where(
                np.arange(len(people)) == 0, sent + np.timedelta64(day, "D"), sent + np.timedelta64(1, "D")
            )
            bought = pd.DataFrame({"who": people["customer_id"], "when": when})
            # as many of each group every time, whoever is in it
            bought[people.groupby("group").cumcount() % 3 == 0].to_csv(path, index=False)
            found = campaign_results.judge_from_file(workspace, id_, path, columns)
        assert found.looked is (looks != [20])
        assert len(found.notes) == found.looked
        widths[len(looks), looks[-1]] = found.main.high - found.main.low
    assert widths[1, 20] < widths[2, 20] < 1.1 * widths[1, 20] < widths[1, 3]


def test_a_file_of_strangers_says_nothing_about_a_campaign(template, campaign, tmp_path):
    workspace = template[0]
    id_ = campaigns.save(workspace, changed(campaign, what=FixedItems(items=("i01",)), items=1))
    assert "customers get 1 item each, " in campaign_lists.prepare(workspace, id_).sentence
    path = tmp_path / "purchases.csv"
    path.write_text("who,when\nstranger,2026-01-05\n")
    columns = campaign_results.PurchaseColumns("who", "when")
    with pytest.raises(InputError, match="Nobody in this file is in the campaign"):
        campaign_results.judge_from_file(workspace, id_, path, columns)
    assert workspace.campaigns.get(id_).result is None


def test_results_that_nobody_can_know_yet_are_not_made_up(template, campaign):
    workspace = template[0]
    fixed = changed(campaign, what=FixedItems(items=("i01",)), items=1)
    id_ = campaigns.save(workspace, fixed)
    with pytest.raises(NotFoundError, match="not made yet"):
        campaign_results.judge_from_data(workspace, id_)
    campaign_lists.prepare(workspace, id_)
    with pytest.raises(InputError, match="no purchases after"):
        campaign_results.judge_from_data(workspace, id_)
    nobody = campaigns.save(workspace, changed(fixed, control=ControlGroup(share=0.0)))
    campaign_lists.prepare(workspace, nobody)
    with pytest.raises(InputError, match="Nobody was held back"):
        campaign_results.judge_from_data(workspace, nobody)


def test_the_store_keeps_campaigns_in_order_and_forgets_what_is_deleted(template):
    keeper = template[0].campaigns
    id_ = keeper.add("other", "One", {"a": 1})
    assert keeper.prepared(keeper.get(id_), {"a": 2}, "f" * 64)
    record = keeper.get(id_)
    assert isinstance(record, CampaignRecord)
    assert (record.spec, record.artefact, record.result) == ({"a": 2}, "f" * 64, None)
    keeper.change(id_, "Two", {"a": 3})
    assert (keeper.get(id_).title, keeper.get(id_).artefact) == ("Two", None)
    keeper.delete(id_)
    with pytest.raises(NotFoundError):
        keeper.get(id_)
    with pytest.raises(NotFoundError):
        keeper.judged(id_, {})
    assert keeper.listing("other") == []


def test_rules_are_read_from_any_column_of_the_items():
    data = small_shop()
    found = rule_set((Boost(where=NORTH, strength=-0.5), Cap(column="category", most=1)), data, 3)
    assert found.boost.min() == 0
    assert set(found.levels[0]) == {0, 1}
    assert not found.limited
