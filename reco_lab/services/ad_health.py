"""What is wrong with a server of ads, in sentences: a publication that was refused, models and policies that fail."""

from dataclasses import dataclass, field
from time import monotonic

from reco_lab.core.policy import Policy
from reco_lab.serving.snapshot import NOTHING_PUBLISHED, Ranker, Snapshot
from reco_lab.store.log import Log

AGAIN_SECONDS = 30.0


@dataclass(eq=False)
class Health:
    """What does not work at the moment; each trouble is logged once, under the reference that its sentence names.

    `refused` says that the last publication could not be read; empty where it was.
    """

    log: Log
    refused: str = ""
    _refused_at: float = 0.0
    _failing: dict[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[str, ...]:
        """The sentences."""
        return tuple(filter(None, (self.refused, *self._failing.values())))

    def refuse(self, error: Exception, serving: Snapshot) -> None:
        """A publication cannot be read, so that something else serves."""
        reference, self._refused_at = self.log.reference(error), monotonic()
        left = "no model serves" if serving.version == NOTHING_PUBLISHED else "the one before serves on"
        self.refused = f"A publication was refused and {left}; the log has it under {reference}."

    def due_again(self) -> bool:
        """Whether it is time to try what was refused once more: a backup may have brought it back."""
        return bool(self.refused) and monotonic() - self._refused_at > AGAIN_SECONDS

    def fails(self, failing: Ranker | Policy, error: Exception) -> None:
        """A model or a policy fails; the website gets its answer from what stands in for it."""
        name = failing.name if isinstance(failing, Ranker) else failing.info.label
        if name not in self._failing:
            reference = self.log.reference(error)
            self._failing[name] = f"{name} fails and is passed over; the log has it under {reference}."

    def begin(self) -> None:
        """Forget what failed before something else began to serve."""
        self._failing = {}
