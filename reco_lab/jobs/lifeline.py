"""A process that ends when whoever started it does, however that one dies: its standard input comes to an end."""

import sys
import threading
from collections.abc import Callable


def when_left_alone(act: Callable[[], object]) -> None:
    """Call `act` once standard input ends: the starter closed it, or is gone."""

    def listen() -> None:
        while sys.stdin.readline():
            pass
        act()

    threading.Thread(target=listen, daemon=True).start()
