"""What tells ads apart in a chart that has little room for them."""

from reco_lab.core.ads import Ad
from reco_lab.ui.ad_learnt import labels


def test_ads_whose_titles_begin_alike_are_told_apart_by_how_they_end():
    titles = (
        "Customers' favourite: Tent Oakmere",
        "Customers' favourite: Stove Fen",
        "Sale: Stove Fen",
        "Plain",
    )
    ads = [Ad(id=f"A{number}", title=title) for number, title in enumerate(titles)]

    assert labels(ads) == ["Tent Oakmere", "A1 · Stove Fen", "A2 · Stove Fen", "Plain"]
