import tomllib
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reco_lab.charts.document import markup
from reco_lab.charts.leaderboard import leaderboard
from reco_lab.charts.overlap import overlap
from reco_lab.charts.parts import parts
from reco_lab.charts.theme import DARK, LIGHT, template
from reco_lab.charts.timeline import timeline
from reco_lab.charts.tradeoff import sides_of, tradeoff, undominated
from reco_lab.charts.words import plain, short, shorts
from reco_lab.ui.tradeoffs import traded

ROWS = pd.DataFrame(
    {
        "name": ["EASE", "<b>Item</b> k-NN", "Most popular"],
        "value": [0.3, 0.2, 0.1],
        "low": [0.25, np.nan, 0.05],
        "high": [0.35, np.nan, 0.15],
        "role": ["champion", "challenger", "reference"],
    }
)
POINTS = pd.DataFrame(
    {
        "name": ["a", "b", "c", "d"],
        "x": [1.0, 2, 1, 9],
        "y": [3.0, 1, 1, 9],
        "role": ["challenger"] * 3 + ["reference"],
    }
)


def luminance(colour):
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_is_readable_on_the_page(palette):
    assert contrast(palette.text, palette.page) >= 4.5
    assert contrast(palette.muted, palette.page) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_what_a_chart_draws_stands_out_from_the_page(palette):
    assert min(contrast(colour, palette.page) for colour in (palette.accent, *palette.series[:2])) >= 3


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_numbers_are_readable_on_every_shade_of_the_overlap(palette):
    assert min(contrast(palette.text, shade) for shade in palette.scale) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_chosen_is_readable_in_both_themes(scheme):
    config = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))
    theme = config["theme"][scheme]

    assert contrast("#FFFFFF", theme["primaryColor"]) >= 4.5
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 4.5
    assert {"light": LIGHT, "dark": DARK}[scheme].page == theme["backgroundColor"]


def test_every_recommender_has_its_dot_and_the_first_stands_on_top():
    chart = leaderboard(ROWS, axis="nDCG@10", palette=LIGHT)

    assert sorted(place for trace in chart.data for place in trace.y) == [0, 1, 2]
    assert chart.layout.yaxis.autorange == "reversed"
    assert list(chart.layout.yaxis.ticktext) == ["EASE", "&lt;b&gt;Item&lt;/b&gt; k-NN", "Most popular"]


def test_a_score_without_an_interval_has_a_dot_and_no_line():
    challenger = leaderboard(ROWS, axis="", palette=LIGHT).data[1]

    assert list(challenger.error_x.array) == [0]


def test_two_names_that_begin_alike_keep_their_own_lines():
    rows = ROWS.assign(
        name=["The very same long beginning of a name 1", "The very same long beginning of a name 2", "x"]
    )
    chart = leaderboard(rows, axis="", palette=LIGHT)

    assert list(chart.layout.yaxis.tickvals) == [0, 1, 2]
    assert list(chart.layout.yaxis.ticktext) == [
        "The very same… of a name 1",
        "The very same… of a name 2",
        "x",
    ]


def test_only_what_nobody_beats_in_both_is_on_the_front():
    assert undominated(np.array([1.0, 2, 1]), np.array([3.0, 1, 1])).tolist() == [True, True, False]


def test_equal_points_are_both_on_the_front():
    assert undominated(np.array([1.0, 1]), np.array([2.0, 2])).tolist() == [True, True]


def test_where_less_is_better_the_lower_ones_are_on_the_front_and_named():
    """Of two errors the smaller is the better; of concentration (Gini) too."""
    rows = pd.DataFrame(
        {"name": ["good", "bad", "even"], "x": [0.5, 0.9, 0.2], "y": [0.8, 1.2, 1.0], "role": "challenger"}
    )
    chart = tradeoff(rows, x_axis="Gini", y_axis="RMSE", palette=LIGHT, better=(-1.0, -1.0))

    assert list(chart.data[0].x) == [0.2, 0.5]
    assert traded(rows, "gini@10", "rmse").startswith("even has Gini")
    assert "good 0.5" in traded(rows, "gini@10", "rmse")
    assert traded(rows[:2], "gini@10", "rmse").startswith("good leads in both")


def test_a_reference_takes_no_part_in_the_front():
    line = tradeoff(POINTS, x_axis="coverage", y_axis="nDCG", palette=LIGHT).data[0]

    assert list(line.x) == [1, 2]


def test_the_parts_of_a_split_are_drawn_in_their_order_with_their_shares():
    chart = parts({"train": 80, "validation": 5, "test": 15}, DARK)

    assert [trace.name for trace in chart.data] == ["train 80%", "validation 5%", "test 15%"]
    assert chart.data[1].text is None


def test_every_row_falls_into_one_bar_of_the_timeline():
    days = np.datetime64("2026-01-01", "us") + np.arange(100).astype("timedelta64[D]")
    chart = timeline({"train": days[:70], "validation": days[70:80], "test": days[80:]}, LIGHT)

    assert [int(np.sum(trace.y)) for trace in chart.data] == [70, 10, 20]


def test_a_log_of_a_single_moment_still_has_a_timeline():
    moment = np.array(["2026-01-01"], "datetime64[us]")

    assert timeline({"train": moment, "validation": moment[:0], "test": moment}, LIGHT).data[0].y.sum() == 1


def test_a_list_is_not_compared_with_itself():
    square = overlap(("a", "b"), np.array([[1, 0.4], [0.4, 1]]), LIGHT).data[0].z

    assert square.tolist() == [[0.4]]


def test_each_pair_of_lists_is_drawn_once():
    shares = np.array([[1, 0.4, 0.2], [0.4, 1, 0.1], [0.2, 0.1, 1]])
    square = overlap(("a", "b", "c"), shares, LIGHT).data[0].z

    assert np.isnan(square[0][1])
    assert square[1].tolist() == [0.2, 0.1]


def test_every_point_of_a_trade_off_has_its_name_and_near_ones_stand_on_two_sides():
    rows = POINTS.assign(x=[1.0, 1.0, 5, 9], y=[3.0, 2.9, 1, 9])
    chart = tradeoff(rows, x_axis="coverage", y_axis="nDCG", palette=LIGHT)

    assert sorted(name for trace in chart.data[1:] for name in trace.text) == ["a", "b", "c", "d"]
    assert sides_of(rows).tolist()[:2] == ["top center", "bottom center"]


def test_where_three_points_meet_only_two_are_named_on_the_chart_and_all_under_the_pointer():
    rows = POINTS.assign(x=[1.0, 1.0, 1.0, 9], y=[3.0, 2.9, 2.8, 9])
    chart = tradeoff(rows, x_axis="coverage", y_axis="nDCG", palette=LIGHT)

    assert sides_of(rows).tolist()[2] == ""
    assert sorted(name for trace in chart.data[1:] for name in trace.text) == ["", "a", "b", "d"]
    assert sorted(name for trace in chart.data[1:] for name in trace.customdata) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(("days", "unit"), [(30, "day"), (400, "week"), (1500, "month"), (30_000, "year")])
def test_the_bars_of_a_timeline_are_as_long_as_a_person_counts(days, unit):
    span = np.array(["2020-01-01"], "datetime64[D]") + np.array([0, days])
    chart = timeline({"a": span, "b": span, "c": span}, LIGHT)

    assert chart.layout.yaxis.title.text == f"interactions per {unit}"


def test_the_drawing_library_is_written_once_and_nothing_is_loaded():
    chart = parts({"train": 1, "validation": 1, "test": 1}, LIGHT)
    page = markup([chart, chart])

    assert page.count("Plotly.newPlot(") == 2
    assert "src=" not in page.split("Plotly.newPlot(")[-1]
    assert "<script src" not in page


@pytest.mark.parametrize("text", ["a" * 60, "many words " * 9, "x\ny"])
def test_a_name_beside_an_axis_is_short_and_one_line(text):
    assert len(short(text)) <= 26
    assert "\n" not in short(text)


@pytest.mark.parametrize("text", ["a" * 200 + " Nr 7", "**b** [x](http://example.example/long) Nr 8"])
def test_a_name_whose_next_word_is_long_is_cut_inside_the_word(text):
    assert short(text) == f"{text[:25]}…"


@pytest.mark.parametrize(
    "texts",
    [
        ["Colour of the curtains in the hall", "Colour of the curtains in the bath"],
        [f"A name that differs {number} in its very middle alone" for number in range(12)],
        ["a" * 60, "a" * 61, "a" * 62],
        ["<" * 40, "<" * 41],
        ["a b", "a  b", "a b (1)", "a b (2)"],
    ],
    ids=["end", "middle", "length", "markup", "numbered"],
)
def test_different_texts_of_an_axis_look_different_and_are_short(texts):
    labels = shorts(texts)

    assert len(set(labels)) == len(texts)
    assert all(len(unescape(label)) <= 26 for label in labels)


def test_the_same_text_looks_the_same_wherever_it_stands():
    long = "The very same long beginning of a name"

    assert shorts([long, "x", long]) == [short(long), "x", short(long)]


def test_the_title_of_an_axis_is_no_larger_than_its_numbers():
    axis = template(LIGHT).layout.xaxis

    assert axis.title.font.size == template(LIGHT).layout.font.size


def test_text_from_data_is_never_markup_in_a_chart():
    assert plain("<a href='x'>") == "&lt;a href='x'&gt;"
    assert plain("\u202etxt.exe") == "txt.exe"
