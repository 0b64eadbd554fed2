"""Ads: what serves now, the service tried, ads and budgets, every decision and why, keys."""

from reco_lab.ui import ad_rehearsal, ad_status, ads, board, page

with page.open("Ads") as lab:
    board.running(lab.workspace)
    now = ad_status.look(lab.workspace)
    ad_status.answer(lab, now)
    ad_rehearsal.card(lab.workspace)
    ads.sections(lab, now)
