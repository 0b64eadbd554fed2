"""The process that parses a stranger's file: `python -m reco_lab.sources._child`, spoken to by `_guard`."""

from pathlib import Path
from typing import IO, Any

from reco_lab.core.source import sources
from reco_lab.jobs.confined import serve
from reco_lab.sources import _handover


def parse(request: dict[str, Any], stream: IO[bytes]) -> None:
    """Read the file that is asked for and write its table."""
    source = sources()[request["source"]]
    table = source.read(
        Path(request["path"]), header=request["header"], rows=request["rows"], **request["options"]
    )
    _handover.write(table, stream)


if __name__ == "__main__":
    sources()
    serve(parse)
