"""Whether a table of items x items fits into the memory there is."""

import re
from math import isqrt
from pathlib import Path

from reco_lab.core.errors import NeedsError

SHARE_OF_MEMORY = 0.6
MEMINFO = Path("/proc/meminfo")


def free_bytes() -> int | None:
    """The memory that can still be had, where the system says."""
    found = re.search(r"MemAvailable:\s+(\d+) kB", MEMINFO.read_text()) if MEMINFO.exists() else None
    return int(found[1]) * 1024 if found else None


def require_memory(label: str, bytes_an_entry: int, n_items: int, free: int | None) -> None:
    """Raise NeedsError where an items x items table of these entries takes more than 60 % of the free memory."""
    if free is None or bytes_an_entry * n_items**2 <= SHARE_OF_MEMORY * free:
        return
    largest = isqrt(int(SHARE_OF_MEMORY * free) // bytes_an_entry)
    raise NeedsError(
        f"{label} needs {bytes_an_entry * n_items**2 / 2**30:.1f} GB of memory for {n_items:,} items.",
        fix=f"At most {largest:,} items fit here; leave rare items out or choose item k-NN.",
    )
