"""The structured log: one JSON object a line, one file a day, in the workspace."""

import hashlib
import json
import re
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from reco_lab.core.clock import Clock

HIDDEN = "***"
_PASSWORD = re.compile(r"(://[^:/@\s\"]*:)[^@\s\"]+@")


@dataclass(frozen=True)
class _Lines:
    """Appends each line to the day's file in one write, so that processes do not tear each other's lines."""

    folder: Path
    clock: Clock
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def msg(self, line: str) -> None:
        with suppress(OSError):  # a full disk must not turn the sentence about it into a crash
            self._append(self._redacted(line))

    def _append(self, line: str) -> None:
        self.folder.mkdir(exist_ok=True)  # a workspace that was removed is not brought back
        with (self.folder / f"{self.clock.now():%Y-%m-%d}.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def _redacted(self, line: str) -> str:
        for secret in self.secrets:
            line = line.replace(json.dumps(secret)[1:-1], HIDDEN)
        return _PASSWORD.sub(rf"\1{HIDDEN}@", line)

    debug = info = warning = error = msg


@dataclass(frozen=True)
class Log:
    """Events with the facts bound to them (run, job, request).

    No secret, and no password in an address, reaches the file.
    """

    folder: Path
    clock: Clock
    facts: dict[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def bind(self, **facts: Any) -> "Log":
        """The same log with these facts in every event."""
        return Log(self.folder, self.clock, self.facts | facts, self.secrets)

    def info(self, event: str, **facts: Any) -> None:
        """Note that something happened."""
        self._logger().info(event, **facts)

    def warning(self, event: str, **facts: Any) -> None:
        """Note something that should not be, and was dealt with."""
        self._logger().warning(event, **facts)

    def reference(self, error: BaseException) -> str:
        """Log an error with its traceback and return the short reference that a person is shown ("A1B2C3")."""
        trace = "".join(traceback.format_exception(error))
        known = hashlib.sha256(f"{self.clock.now().isoformat()} {trace}".encode()).hexdigest()[:6].upper()
        self._logger().error("error", reference=known, error=type(error).__name__, traceback=trace)
        return known

    def _logger(self) -> structlog.typing.FilteringBoundLogger:
        logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
            _Lines(self.folder, self.clock, self.secrets),
            processors=[structlog.processors.add_log_level, self._stamp, structlog.processors.JSONRenderer()],
            wrapper_class=structlog.make_filtering_bound_logger("info"),
            context_class=dict,
        ).bind(**self.facts)
        return logger

    def _stamp(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["at"] = self.clock.now().isoformat()
        return event
