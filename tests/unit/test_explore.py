from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from reco_lab.charts.activity import activity, newcomers, retention
from reco_lab.charts.bars import bars, columns
from reco_lab.charts.curve import curve
from reco_lab.charts.heat import heat
from reco_lab.charts.theme import DARK, LIGHT
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.services import explore
from reco_lab.services.explore import Scope
from reco_lab.ui.scope import span, words
from reco_lab.workspace import Workspace

NASTY = "<b>=1+1</b> [x](http://a.example)"


def shop(seed=0):
    """300 customers in half a year: they look at one thing or two, buy some of it, and winter things in February."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(300):
        for day in rng.choice(180, 6, replace=False):
            for item in rng.choice(30, 2, replace=False):
                rows.append((f"c{customer}", f"i{item}", day + 0.3 + rng.random() / 3, "view"))
                if rng.random() < 0.3:
                    rows.append((f"c{customer}", f"i{item}", day + 0.8, "purchase"))
    frame = pd.DataFrame(rows, columns=["user", "item", "time", "kind"])
    frame["time"] = np.datetime64("2026-01-05", "us") + (frame["time"] * 86_400e6).to_numpy("timedelta64[us]")
    ids = [f"i{n}" for n in range(30)]
    items = pd.DataFrame(
        {
            "title": [NASTY, *ids[1:]],
            "price": np.linspace(1, 30, 30),
            "category": ["hats", "shoes", None] * 10,
        },
        index=ids,
    )
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    return Dataset.join("shop", log, items=items)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    opened = Workspace.open(tmp_path_factory.mktemp("home"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def found(workspace):
    return explore.portrait(workspace, shop())


def test_every_side_is_looked_at_and_none_fails(found):
    assert found.faults == {}
    assert all(
        getattr(found.parts, side) is not None
        for side in ("activity", "hours", "cohorts", "baskets", "funnel", "prices")
    )
    assert found.readiness is not None


def test_findings_are_ranked_sentences_with_a_number(found):
    weights = [finding.weight for finding in found.findings]

    assert weights == sorted(weights, reverse=True)
    assert all(finding.number and finding.sentence.endswith(".") for finding in found.findings)
    assert len({finding.sentence for finding in found.findings}) == len(found.findings)


def test_the_same_question_has_the_same_answer(workspace, found):
    assert explore.portrait(workspace, shop()).findings == found.findings


def test_a_filtered_portrait_says_nothing_of_readiness_or_the_catalogue(workspace):
    part = explore.portrait(workspace, shop(), Scope(kinds=(Kind.purchase,), categories=("hats",)))

    assert part.readiness is None
    assert not any("catalogue was never touched" in finding.sentence for finding in part.findings)
    assert part.parts.profile.items == 10


def test_one_side_that_fails_leaves_the_others(workspace, monkeypatch):
    def broken(_view):
        raise ZeroDivisionError

    monkeypatch.setitem(explore._SIDES, "hours", broken)
    part = explore.portrait(workspace, shop())

    assert list(part.faults) == ["hours"]
    assert part.parts.hours is None
    assert part.parts.activity is not None


def test_a_filter_that_leaves_nothing_is_a_mistake_with_a_way_out(workspace):
    with pytest.raises(DataError, match="clear the filter"):
        explore.portrait(workspace, shop(), Scope(start=date(2030, 1, 1)))


@pytest.mark.parametrize(
    "rows", [[("c", "i")], [("c", "i")] * 3, [("c", "i"), ("d", "i")], [("c", "i"), ("c", "j")]]
)
def test_the_smallest_data_sets_have_a_portrait(workspace, rows):
    frame = pd.DataFrame(rows, columns=["user", "item"])
    timed = frame.assign(time=np.datetime64("2026-01-01", "us"))
    for table, time in ((frame, None), (timed, "time")):
        data = Dataset.join("tiny", Interactions.from_frame(table, ColumnMap("user", "item", time=time)))
        small = explore.portrait(workspace, data)

        assert small.faults == {}
        assert small.readiness.sentence.startswith("Not yet")


def test_the_choices_are_those_that_are_there():
    known = explore.choices(shop())

    assert known.first == date(2026, 1, 5)
    assert known.categories == ("hats", "shoes")
    assert [kind.name for kind in known.kinds] == ["view", "purchase"]


def test_an_address_becomes_a_scope_and_what_it_cannot_mean_filters_nothing():
    known = explore.choices(shop())
    asked = explore.scope(
        known, start="2026-02-01", end="", categories=["hats", "boats"], kinds=["view", "dance"]
    )

    assert asked == Scope(start=date(2026, 2, 1), categories=("hats",), kinds=(Kind.view,))
    assert not explore.scope(known, start="2026-03-01", end="2026-02-01", categories=[], kinds=[])
    assert not explore.scope(known, start="tomorrow", end="2026-99-99", categories=[], kinds=[])


def test_a_scope_is_said_in_words():
    assert (
        words(Scope(date(2026, 3, 1), date(2026, 3, 9), ("hats",), (Kind.view,)))
        == "1 Mar 2026 – 9 Mar 2026 · hats · view"
    )
    assert words(Scope(start=date(2026, 3, 1))) == "from 1 Mar 2026"
    assert words(Scope(end=date(2026, 3, 1))) == "until 1 Mar 2026"
    assert words(Scope(date(2026, 3, 1), date(2026, 3, 1))) == "1 Mar 2026"


STARTS = [date(2026, 1, day) for day in (5, 12, 19)]
ENDS = [date(2026, 1, day) for day in (11, 18, 25)]


def test_a_box_on_the_chart_is_the_periods_that_begin_in_it():
    boxed = {"box": [{"x": ["2026-01-20 03:00", "2026-01-08"], "y": [0, 1]}], "points": []}

    assert span(boxed, STARTS, ENDS) == (date(2026, 1, 12), date(2026, 1, 25))


def test_a_click_on_the_chart_is_its_period():
    assert span({"points": [{"x": "2026-01-12"}], "box": []}, STARTS, ENDS) == (
        date(2026, 1, 12),
        date(2026, 1, 18),
    )


def test_nothing_marked_changes_nothing():
    assert span({}, STARTS, ENDS) is None
    assert span({"box": [{"x": ["2030-01-01", "2030-02-01"]}]}, STARTS, ENDS) is None


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_the_charts_draw_what_was_found(found, palette):
    parts = found.parts
    assert list(activity(parts.activity.series, palette).data[0].y) == parts.activity.series["rows"].tolist()
    assert len(newcomers(parts.cohorts.periods, palette).data) == 2
    assert (
        retention(parts.cohorts.pooled, unit="month", palette=palette).layout.xaxis.title.text
        == "months after the first"
    )
    assert curve(parts.long_tail.curve, marked=0.2, palette=palette).data[1].y[-1] == 1
    assert (
        np.sum(
            heat(
                parts.hours.rows.astype(float), rows=["d"] * 7, columns=["h"] * 24, form=",", palette=palette
            )
            .data[0]
            .z
        )
        == parts.profile.rows
    )


def test_only_unusual_points_are_marked():
    series = pd.DataFrame(
        {"start": STARTS, "rows": [5, 90, 6], "expected": [5, 5, 5.0], "unusual": [False, True, False]}
    )

    assert list(activity(series, LIGHT).data[1].y) == [90]


def test_bars_stand_in_order_with_their_marks_and_their_words():
    rows = pd.DataFrame({"name": ["a", "b"], "value": [3, 1], "mark": [2, 2], "text": ["3 x", "<i>1</i>"]})
    chart = bars(rows, palette=LIGHT, against="before")

    assert list(chart.data[0].x) == [3, 1]
    assert chart.layout.yaxis.range[0] > chart.layout.yaxis.range[1]
    assert list(chart.data[2].x) == [3, 1]  # each beside its bar, not beside a tick that stands far off
    assert chart.data[2].text[1].strip() == "&lt;i&gt;1&lt;/i&gt;"


def test_a_pair_stands_on_two_lines_and_none_of_it_is_markup():
    rows = pd.DataFrame({"name": ["<b>x</b>"], "under": ["<i>y</i>"], "value": [3], "text": [""]})
    tick = bars(rows, palette=LIGHT).layout.yaxis.ticktext[0]

    assert tick == "&lt;b&gt;x&lt;/b&gt;<br>&lt;i&gt;y&lt;/i&gt;"


def test_classes_of_size_are_names_and_no_numbers():
    assert (
        columns(
            pd.DataFrame({"label": ["1", "2"], "value": [3, 4]}), axis="", palette=LIGHT
        ).layout.xaxis.type
        == "category"
    )


def test_a_portrait_of_a_data_set_without_an_items_table_has_no_catalogue(workspace):
    bare = explore.portrait(workspace, replace(shop(), items=None))

    assert bare.parts.prices is None
    assert bare.parts.categories is None
    assert bare.faults == {}


def test_a_text_keeps_clear_of_a_tick_that_stands_close_to_its_bar():
    rows = pd.DataFrame({"name": ["a", "b"], "value": [3, 1], "mark": [3.2, 0.5], "text": ["3", "1"]})

    assert list(bars(rows, palette=LIGHT, against="before").data[2].x) == [3.2, 1]
