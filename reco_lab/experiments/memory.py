"""The most memory that a stretch of work needed, as the operating system saw it."""

from pathlib import Path

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> bool:
    """Begin a new stretch. False where the system cannot tell (only Linux can)."""
    try:
        RESET.write_text("5")
    except OSError:
        return False
    return True


def peak_mb() -> float | None:
    """The process's highest resident memory since `reset_peak`, in MB; None where it cannot be known."""
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), None)
