"""Ads: what serves now, ads and budgets, the service tried, every decision and why."""

from reco_lab.ui import ads, board, page

with page.open("Ads") as lab:
    board.running(lab.workspace)
    ads.sections(lab)
