"""The names under which customers are logged, remembered for those who asked lately."""

from collections.abc import Collection
from dataclasses import dataclass, field

from reco_lab.cleaning.personal import pseudonym

MOST = 50_000


@dataclass(eq=False)
class Names:
    """Pseudonyms under the workspace's key; at most MOST ids are remembered, in memory alone."""

    key: bytes = field(repr=False)
    known: dict[str, str] = field(default_factory=dict, repr=False)

    def of(self, user_id: str, objecting: Collection[str]) -> str:
        """The pseudonym of a customer; nothing of those who object is remembered."""
        if (name := self.known.get(user_id)) is None:
            name = pseudonym(self.key, user_id)
            if name not in objecting:
                if len(self.known) >= MOST:
                    self.known.clear()
                self.known[user_id] = name
        return name

    def forget(self) -> None:
        """Drop everybody's."""
        self.known.clear()
