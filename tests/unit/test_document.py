import pandas as pd

from reco_lab.reports.document import (
    badge,
    bullets,
    cards,
    document,
    folded,
    heading,
    numbers,
    paragraph,
    section,
    sums,
)

NASTY = "<script>alert(1)</script> & 'co'"
SAFE = "&lt;script&gt;alert(1)&lt;/script&gt; &amp;"


def test_every_text_stands_as_it_is_and_nothing_in_it_runs():
    parts = [
        heading(NASTY),
        paragraph(NASTY, quiet=True),
        badge(NASTY),
        bullets([NASTY]),
        cards({NASTY: (NASTY, [(NASTY, NASTY, NASTY, NASTY)])}),
        sums([(NASTY, NASTY, NASTY)]),
        section(NASTY, [folded(NASTY, [])]),
        numbers(pd.DataFrame({"name": [NASTY]})),
    ]
    page = document(NASTY, parts)

    assert "<script" not in page
    assert page.count(SAFE) == 17


def test_a_page_loads_nothing_from_outside():
    page = document("Report", [heading("Found", 1), paragraph("It is so.")])

    assert "http" not in page
    assert "src=" not in page


def test_lists_are_numbered_where_their_order_matters():
    assert bullets(["one"]) == "<ul><li>one</li></ul>"
