"""Who of a campaign's audience is held back: a draw of its own for each campaign, and the one that is always the same."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from reco_lab.campaigns.control import SALT_LENGTH, Groups, groups, places, standing, strata_of
from reco_lab.campaigns.spec import Campaign
from reco_lab.core.dataset import Dataset
from reco_lab.services.privacy import pseudonym_key
from reco_lab.workspace import Workspace


def divide(workspace: Workspace, data: Dataset, campaign: Campaign, users: NDArray[np.int64]) -> Groups:
    """Draw the control group among these customers (codes); InputError where it leaves nobody."""
    control = campaign.control
    ids = data.interactions.user_ids[users]
    always = standing(ids, salt(workspace), control.standing)
    drawn = places(ids, salt(workspace, f"campaign {campaign.seed}"))
    rng = np.random.default_rng(campaign.seed)
    return groups(control, always, strata_of(control, data, users), drawn, rng)


def salt(workspace: Workspace, draw: str = "control group") -> str:
    """What a control group is drawn by, the standing one or another: from the workspace's own key, the same ever after."""
    return hashlib.sha256(draw.encode() + pseudonym_key(workspace)).hexdigest()[:SALT_LENGTH]


def fresh_seed(workspace: Workspace) -> int:
    """A draw that no campaign here has yet: by the key of the workspace and the campaigns there are."""
    there = sorted(record.id for record in workspace.campaigns.listing())
    return int(salt(workspace, f"draw after {there}"), 16) % 2**31
