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
        self._stages: dict[str, Counter] = {}
        self._children: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        if (found := self._children.get((route, status))) is None:
            found = (self._requests.labels(route, str(status)), self._seconds.labels(route))
            self._children[route, status] = found
        found[0].inc()
        found[1].observe(seconds)

    def answer(self, stage: str) -> None:
        """Count one answer by who ranked it."""
        if (found := self._stages.get(stage)) is None:
            found = self._stages[stage] = self._answers.labels(stage)
        found.inc()

    def told(self, route: str, accepted: int, duplicates: int, refused: int) -> None:
        """Count what became of a batch."""
        for outcome, number in (("accepted", accepted), ("duplicate", duplicates), ("refused", refused)):
            self._told.labels(route, outcome).inc(number)

    def ready(self, ready: bool) -> None:
        """Note whether all is well."""
        self._ready.set(ready)

    def text(self) -> bytes:
        """Everything in Prometheus's text format."""
        return generate_latest(self._all)

    @cached_property
    def _all(self) -> CollectorRegistry:
        if FOLDER not in os.environ:
            return self.registry
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # it has no types
        return together
