"""The most memory that a stretch of work needed, as the operating system saw it."""

import ctypes
import sys
from pathlib import Path

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> bool:
    """Begin a new stretch. False where the system cannot tell (only Linux can)."""
    try:
        RESET.write_text("5")
    except OSError:
        return False
    return True


def released() -> None:
    """Give memory that was freed back to the system, so that what is needed next is seen (only Linux can)."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def peak_mb() -> float | None:
    """The process's highest resident memory since `reset_peak`, in MB; None where it cannot be known."""
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), None)
