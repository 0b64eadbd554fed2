"""How the service is set up: from the environment, so that every worker process reads the same."""

import os
import re
from dataclasses import dataclass

from reco_lab.core.errors import InputError

DEMO = "RECO_LAB_API_DEMO"
ORIGINS = "RECO_LAB_API_ORIGINS"
KEY_RATE = "RECO_LAB_API_RATE_PER_KEY"
CUSTOMER_RATE = "RECO_LAB_API_RATE_PER_CUSTOMER"
WORKERS = "RECO_LAB_API_WORKERS"
ACCESS_LOG = "RECO_LAB_API_ACCESS_LOG"
_WEBSITE = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class ApiSettings:
    """Who may ask, and how often.

    `demo`: this machine only, and without a key. `origins` are the websites whose pages may call from a browser
    (`https://shop.example`). Rates are requests a second over time, twice as many at once; 0 is no limit. Both
    hold for the whole service: each of `workers` takes its share. `access_log` writes a line a
    request to standard error, without ids.
    """

    demo: bool = False
    origins: tuple[str, ...] = ()
    rate_per_key: float = 5000.0
    rate_per_customer: float = 20.0
    workers: int = 1
    access_log: bool = False

    @classmethod
    def from_environment(cls) -> "ApiSettings":
        """The settings as the environment has them; InputError names a variable that is no number."""
        return cls(
            demo=os.environ.get(DEMO) == "1",
            origins=tuple(
                origin_of(one, ORIGINS) for one in os.environ.get(ORIGINS, "").replace(",", " ").split()
            ),
            rate_per_key=_number(KEY_RATE, cls.rate_per_key),
            rate_per_customer=_number(CUSTOMER_RATE, cls.rate_per_customer),
            workers=int(_number(WORKERS, cls.workers)),
            access_log=os.environ.get(ACCESS_LOG) == "1",
        )


def origin_of(website: str, where: str) -> str:
    """A website as browsers name it; InputError for what no browser would send. `*` is every website."""
    found = website.strip().rstrip("/").lower()
    if found != "*" and _WEBSITE.fullmatch(found) is None:
        raise InputError(
            "This is not how a browser names a website.",
            where=where,
            fix="Write it without a path, as https://shop.example.",
        )
    return found


def _number(variable: str, default: float) -> float:
    given = os.environ.get(variable, "")
    try:
        number = float(given) if given else default
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1e9:
        raise InputError("It must be a number from 0 to a billion.", where=variable)
    return number
