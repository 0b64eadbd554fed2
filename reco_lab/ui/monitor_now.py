"""The Now tab: how the ads do at the moment, and what moved."""

from reco_lab.services import decisions
from reco_lab.ui import cache, page, show
from reco_lab.ui.words import count


def view(lab: page.Lab) -> None:
    """Say how the last hour was, or what is missing for that."""
    served = sum(decisions.calls_a_minute(cache.events(lab.workspace)))
    if not served:
        show.empty(
            "No ads are served at the moment",
            "Once a website asks for ads, here stands how they do, what moved, and what can be done about it.",
            page=page.ADS,
            label="Serve ads",
            icon=":material/ads_click:",
        )
        return
    show.answer(f"{count(served, 'decision')} in the last hour.")
