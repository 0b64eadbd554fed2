"""How often somebody may ask: token buckets, a bounded number of them."""

from collections import OrderedDict
from dataclasses import dataclass, field


@dataclass(eq=False)
class Buckets:
    """A bucket for each name: `rate` requests a second over time, `burst` at once; a rate of 0 is no limit.

    At most `most` buckets are kept, the least recently used is forgotten first.
    """

    rate: float
    burst: float
    most: int = 100_000
    kept: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def take(self, name: str, now: float) -> float:
        """Take one token at `now` (seconds of a steady clock); 0.0, or the seconds until there is one."""
        if self.rate <= 0:
            return 0.0
        tokens, since = self.kept.pop(name, (self.burst, now))
        tokens = min(self.burst, tokens + (now - since) * self.rate)
        enough = tokens >= 1
        self.kept[name] = (tokens - 1 if enough else tokens, now)
        if len(self.kept) > self.most:
            self.kept.popitem(last=False)
        return 0.0 if enough else (1 - tokens) / self.rate
