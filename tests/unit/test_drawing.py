import re
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from reco_lab.charts.theme import DARK, LIGHT
from reco_lab.reports.drawing import WIDTH, bars, dots

NASTY = "<script>alert('x')</script> & \"co\""
ROWS = pd.DataFrame(
    {
        "name": [NASTY, "EASE", "Random"],
        "value": [0.2, -0.1, 0.0],
        "low": [0.1, -0.3, np.nan],
        "high": [0.3, 0.1, np.nan],
        "role": ["champion", "challenger", "reference"],
    }
)
BARS = pd.DataFrame(
    {"name": [NASTY, "b"], "value": [3.0, 0.0], "text": [NASTY, "none"], "role": ["champion", "reference"]}
)


def drawn():
    return [dots(ROWS, alt=NASTY, palette=LIGHT, zero=True), bars(BARS, alt=NASTY, palette=DARK)]


def test_a_drawing_is_sound_and_nothing_in_its_texts_runs():
    for picture in drawn():
        root = ET.fromstring(picture)
        assert root.get("aria-label") == NASTY
        assert "<script" not in picture
        assert {one.tag.rpartition("}")[2] for one in root.iter()} <= {
            "svg",
            "line",
            "text",
            "circle",
            "path",
            "rect",
        }


def test_a_drawing_asks_for_nothing_outside():
    assert all(re.findall(r"(?:href|src|url)", picture) == [] for picture in drawn())


@pytest.mark.parametrize("picture", drawn(), ids=["dots", "bars"])
def test_everything_lies_inside_the_drawing(picture):
    places = [float(one) for one in re.findall(r" (?:x|x1|x2|cx)='([-\d.]+)'", picture)]

    assert places
    assert min(places) >= 0
    assert max(places) <= WIDTH


def test_a_longer_bar_is_a_larger_value():
    widths = [
        float(one) for one in re.findall(r"width='([\d.]+)' height='22'", bars(BARS, alt="", palette=LIGHT))
    ]

    assert widths[0] > widths[1] == 0


def test_equal_values_and_a_missing_interval_can_be_drawn():
    same = ROWS.assign(value=0.0, low=np.nan, high=np.nan)

    assert dots(same, alt="", palette=LIGHT).count("<circle") == 2
