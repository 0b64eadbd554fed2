"""What a campaign is taken away as: its files for the mailing tool, and its card as JSON or as one page."""

import json
from typing import Any

import pandas as pd

from reco_lab.campaigns.export import LAYOUTS, SIMULATED, laid_out
from reco_lab.core.errors import NotFoundError
from reco_lab.reports.document import badge, bullets, document, heading, paragraph
from reco_lab.reports.export import Form, content
from reco_lab.services.campaign_lists import HELD, SENT, Prepared
from reco_lab.services.privacy import allowed
from reco_lab.workspace import Workspace


def table(workspace: Workspace, made: Prepared, layout: str) -> pd.DataFrame:
    """The customers who are sent something with their items, in one of LAYOUTS.

    Whoever objected since the lists were made is left out. NotFoundError for another layout.
    """
    if layout not in LAYOUTS:
        raise NotFoundError(f"There is no layout {layout!r}.", fix=f"There are: {', '.join(LAYOUTS)}.")
    ids = made.customers.loc[made.customers["group"] == SENT, "customer_id"]
    staying = ids[allowed(workspace, ids).mask]
    return laid_out(LAYOUTS[layout], staying, made.items, made.campaign.title, synthetic=made.synthetic)


def held_back(made: Prepared) -> pd.DataFrame:
    """The control group, to be kept: customer_id and whether she is held back in every campaign."""
    held = made.customers[made.customers["group"] == HELD].drop(columns="group").reset_index(drop=True)
    return held.assign(simulated=SIMULATED) if made.synthetic else held


def file(workspace: Workspace, made: Prepared, layout: str, form: Form) -> bytes:
    """The same as a file's bytes, by the one export function. InputError where Excel cannot hold it."""
    return content(table(workspace, made, layout), form)


def stem(made: Prepared) -> str:
    """What the files are called, without the ending."""
    title = made.campaign.title.lower().removeprefix("campaign ")
    words = "".join(one if one.isalnum() else "-" for one in title).strip("-")
    return f"{'simulated-' if made.synthetic else ''}campaign-{words or made.id}"


def card(made: Prepared) -> dict[str, Any]:
    """All that the campaign is, as JSON: its specification, its data, and what was found when it was made."""
    facts = {name: value for name, value in made.facts.items() if name != "campaign"}
    return {"id": made.id, "campaign": made.campaign.model_dump(mode="json"), **facts}


def card_json(made: Prepared) -> str:
    """The card as text."""
    return json.dumps(card(made), indent=2, ensure_ascii=False)


def card_html(made: Prepared) -> str:
    """The card as one page that opens anywhere."""
    facts = made.facts
    shown = (
        facts["models"] and f"Recommended by {', '.join(facts['models'])}."
    ) or "The same items for everybody."
    return document(
        made.campaign.title,
        [
            heading(made.campaign.title, 1),
            *([badge(SIMULATED)] if made.synthetic else []),
            paragraph(made.sentence),
            heading("Whom it reaches"),
            paragraph(f"For {facts['audience']}: {facts['reached']}"),
            heading("What it shows"),
            paragraph(shown),
            *([heading("By these rules"), bullets(facts["rules"])] if facts["rules"] else []),
            heading("How its effect is seen"),
            paragraph(facts["control"]),
            paragraph(facts["plan"]),
            paragraph(
                f"Made at {facts['prepared']} from {facts['dataset']} ({facts['fingerprint'][:12]}), whose log goes "
                f"to {facts['data_until'] or 'an unknown day'}. Seed {made.campaign.seed}.",
                quiet=True,
            ),
        ],
    )
