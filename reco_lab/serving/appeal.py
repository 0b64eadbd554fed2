"""How much an ad draws by itself: its click rate, drawn towards its advertiser's and everybody's."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reco_lab.serving.booked import Booked

STRENGTH = 200.0
Factors = NDArray[np.float32]


class Appeal:
    """The click rate of each ad against the average ad (1: like all), kept up to date decision by decision.

    The rate of an ad is that of its own decisions and of STRENGTH decisions of its advertiser, whose rate is that of
    his decisions and of STRENGTH decisions of all (empirical Bayes with a set prior weight). An ad nobody saw is
    taken for one of its advertiser's; without any click at all every ad is 1.
    """

    def __init__(self, booked: Booked, counts: Mapping[str, tuple[int, int]] | None = None) -> None:
        known = counts or {}
        self._shown = np.array([known.get(id_, (0, 0))[0] for id_ in booked.ids], np.float64)
        self._clicked = np.array([known.get(id_, (0, 0))[1] for id_ in booked.ids], np.float64)
        names = [ad.advertiser for ad in booked.ads]
        self._owners = np.unique(np.array(names, object).astype(str), return_inverse=True)[1].reshape(-1)
        self._ids = booked.ids
        self.factors: Factors = self._computed()

    def showed(self, place: int) -> None:
        """Count a decision for an ad."""
        self._shown[place] += 1

    def was_clicked(self, place: int) -> None:
        """Count a click on an ad."""
        self._clicked[place] += 1

    def settle(self) -> None:
        """Bring the factors up to what was counted."""
        self.factors = self._computed()

    def counts(self) -> dict[str, tuple[int, int]]:
        """Decisions and clicks of each ad that has any."""
        some = np.flatnonzero(self._shown + self._clicked)
        return {self._ids[place]: (int(self._shown[place]), int(self._clicked[place])) for place in some}

    def _computed(self) -> Factors:
        if not self._clicked.sum():
            return np.ones(len(self._shown), np.float32)
        overall = self._clicked.sum() / max(self._shown.sum(), self._clicked.sum())
        shown = np.bincount(self._owners, self._shown)
        clicked = np.bincount(self._owners, self._clicked)
        his = (clicked + STRENGTH * overall) / (np.maximum(shown, clicked) + STRENGTH)
        own = self._clicked + STRENGTH * his[self._owners]
        factors = own / (np.maximum(self._shown, self._clicked) + STRENGTH) / overall
        return np.asarray(factors, np.float32)
