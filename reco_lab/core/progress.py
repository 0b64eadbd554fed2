"""How work tells how far it is."""

from collections.abc import Callable

Report = Callable[[float, str], None]
"""Told the share that is done, 0 to 1, and in a few words what is being done."""
