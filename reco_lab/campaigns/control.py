"""The control group: drawn at random, the same share of every stratum, and for some customers the same every time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.campaigns.spec import ControlGroup
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.core.words import count

SALT_LENGTH = 16
UNKNOWN = "not known"
_BITS = 53
DIGITS = 6

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Groups:
    """Who of the audience is held back (masks by its rows): `control`, and those of it who always are (`standing`).

    `strata` is the code of each one's stratum.
    """

    control: Mask
    standing: Mask
    strata: NDArray[np.int64]

    @property
    def sentence(self) -> str:
        """The groups in words."""
        held, always = int(self.control.sum()), int(self.standing.sum())
        if not held:
            return "Nobody is held back, so what this campaign does cannot be known."
        kept = f", {always:,} of them in every campaign" if always else ""
        return f"{count(held, 'customer')} of {len(self.control):,} get nothing, drawn at random{kept}."


def standing(ids: Sequence[str] | pd.Index, salt: str, share: float) -> Mask:
    """Who is in the standing control group: the same customers in every campaign, whatever the audience is.

    Those whose place is below `share` are in it, so a larger share only adds customers.
    """
    return np.asarray(places(ids, salt) < share, np.bool_)


def places(ids: Sequence[str] | pd.Index, salt: str) -> NDArray[np.float64]:
    """The place from 0 to 1 of each customer in the draw of a salt: a keyed hash (SipHash) of the id.

    It does not depend on who else is there. `salt` has SALT_LENGTH characters; other salts are other draws.
    """
    hashed = pd.util.hash_array(np.asarray(ids, object), hash_key=salt, categorize=False)
    found: NDArray[np.float64] = (hashed >> np.uint64(64 - _BITS)).astype(np.float64) / 2.0**_BITS
    return found


def groups(
    spec: ControlGroup,
    always: Mask,
    strata: NDArray[np.int64],
    drawn: NDArray[np.float64],
    rng: np.random.Generator,
) -> Groups:
    """Hold back a share of every stratum (codes by row): those who always are, then whose place in the draw is lowest.

    `drawn` holds the places of the campaign's draw, so a customer who joins or leaves the audience moves hardly
    anybody else; `rng` rounds the shares of small strata by lot.

    A stratum with more of them than its share holds all of them back. InputError where nobody is left to send to.
    """
    size = int(strata.max(initial=-1)) + 1
    there = np.bincount(strata, minlength=size)
    share = spec.share if spec.customers is None else spec.customers / max(len(strata), 1)
    if share >= 1 and len(strata):
        raise InputError(
            f"The control group of {share * len(strata):,.0f} is not smaller than the audience of {len(strata):,}.",
            fix="Hold back fewer customers, or choose a larger audience.",
            key="control",
        )
    wanted = _whole(share * there.astype(np.float64), rng)
    held = np.bincount(strata[always], minlength=size)
    order = np.lexsort((drawn, ~always, strata))
    first = np.concatenate(([0], np.cumsum(there)))[:-1]
    control = np.zeros(len(strata), np.bool_)
    rank = np.arange(len(strata)) - first[strata[order]]
    control[order] = rank < np.maximum(wanted, held)[strata[order]]
    if len(control) and control.all():
        raise InputError(
            "Everybody in this audience is in the standing control group.",
            fix="Choose a larger audience, or a smaller standing group.",
            key="control",
        )
    return Groups(control, always, strata)


def strata_of(spec: ControlGroup, data: Dataset, users: NDArray[np.int64]) -> NDArray[np.int64]:
    """The stratum of each customer as a code; InputError for a column that the customers do not have."""
    codes = np.zeros(len(users), np.int64)
    for name in spec.strata:
        if data.customers is None or name not in data.customers.columns:
            raise InputError(
                f"The customers have no column {name!r} to draw the control group by.",
                fix="Choose another column, or none.",
                key="control",
            )
        cells = data.customers[name].iloc[users]
        words = cells.astype("str").where(cells.notna(), UNKNOWN)
        codes = codes * (int(words.nunique()) + 1) + pd.factorize(words)[0]
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def _whole(shares: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Each share rounded up or down by lot, up as often as its remainder says, and their sum rounded up or down with them.

    Systematic sampling in random order: however small a stratum is, each of its customers has the same chance to be
    held back. Rounding the largest remainders up would always take the same strata, and never the others.
    """
    if len(shares) < 2:
        return np.round(shares).astype(np.int64)
    order = rng.permutation(len(shares))
    ends = np.round(np.cumsum(shares[order]), DIGITS)
    whole = np.empty(len(shares), np.int64)
    whole[order] = np.diff(np.floor(ends + rng.random()).astype(np.int64), prepend=0)
    return whole
