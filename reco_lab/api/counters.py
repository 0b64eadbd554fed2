"""What the service counts about itself, as Prometheus reads it. No label holds anything of a customer."""

import os
from functools import cached_property

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Counters:
    """The counts of one process, or of all workers together where they share a folder."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "reco_lab_requests", "Requests.", ("route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "reco_lab_request_seconds",
            "Time to answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._answers = Counter(
            "reco_lab_answers", "Answers with ads or items.", ("stage",), registry=self.registry
        )
        self._told = Counter(
            "reco_lab_told", "Events and interactions.", ("route", "outcome"), registry=self.registry
        )
        self._ready = Gauge(
            "reco_lab_ready", "1 if ads are served as they should be.", registry=self.registry,
            multiprocess_mode="livemin",
        )  # fmt: skip
        self._asked: dict[tuple[str, int], int] = {}
        self._answered: dict[str, int] = {}
        self._timed: dict[str, Histogram] = {}

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        asked = self._asked
        asked[route, status] = asked.get((route, status), 0) + 1
        if (timed := self._timed.get(route)) is None:
            timed = self._timed[route] = self._seconds.labels(route)
        timed.observe(seconds)

    def answer(self, stage: str) -> None:
        """Count one answer by who ranked it."""
        self._answered[stage] = self._answered.get(stage, 0) + 1

    def told(self, route: str, accepted: int, duplicates: int, refused: int) -> None:
        """Count what became of a batch."""
        for outcome, number in (("accepted", accepted), ("duplicate", duplicates), ("refused", refused)):
            self._told.labels(route, outcome).inc(number)

    def ready(self, ready: bool) -> None:
        """Note whether all is well."""
        self._ready.set(ready)
        self._settle()

    def text(self) -> bytes:
        """Everything in Prometheus's text format; what other workers count is known half a second later."""
        self._settle()
        return generate_latest(self._all)

    def _settle(self) -> None:
        """Hand over what was counted since: for each request anew it would take ten times as long."""
        for (route, status), number in self._asked.items():
            self._requests.labels(route, str(status)).inc(number)
        for stage, number in self._answered.items():
            self._answers.labels(stage).inc(number)
        self._asked.clear()
        self._answered.clear()

    @cached_property
    def _all(self) -> CollectorRegistry:
        if FOLDER not in os.environ:
            return self.registry
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # it has no types
        return together
