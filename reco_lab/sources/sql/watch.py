"""The eye on a query: it ends one that takes too long, and one that nobody wants any more."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from reco_lab.core.errors import CancelledError

EVERY = 0.2


@dataclass(eq=False)
class Watch:
    """Calls `interrupt` from a thread of its own once `seconds` are over, or `wanted` raises CancelledError."""

    interrupt: Callable[[], None]
    seconds: float
    wanted: Callable[[], None]
    late: bool = False
    cancelled: bool = False
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Look no more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(EVERY)

    def _look(self) -> None:
        deadline = time.monotonic() + self.seconds
        while not self._over.wait(EVERY):
            # whoever cannot be told now is told next time; the limit holds all the same
            with suppress(Exception):
                try:
                    self.wanted()
                except CancelledError:
                    self.cancelled = True
            self.late = self.late or time.monotonic() > deadline
            if self.late or self.cancelled:
                self.interrupt()
