"""Every error that Reco Lab raises on purpose.

RecoLabError
├── InputError            a mistake in what a person gave: shown as it stands, exit code 2
│   ├── DataError         a file or a table cannot be used
│   ├── MappingError      columns were given the wrong meaning
│   ├── SplitError        a split leaves nothing to train on or nobody to score
│   ├── ParameterError    a hyper-parameter is unknown or out of bounds
│   ├── NeedsError        the data cannot feed a recommender; says what it needs
│   ├── SpecError         an experiment file, a recipe or a run card breaks its contract; names the line
│   ├── NotFoundError     a data set, run, customer or job that is not there
│   └── NotNowError       nothing is wrong with what was asked; it can be done when something answers again, or has room
├── CancelledError        a person cancelled the work
├── FullError             too much waits to be stored already; says in how many seconds to try again
├── ScoreError            a recommender produced scores that are not numbers
├── CorruptError          a stored file is not what its manifest says
├── LimitError            a process was ended because it took too much (jobs/confined.py)
└── RefusedError          a process refused its work with a person's mistake (jobs/confined.py)
"""

from reco_lab.core.words import cut


class RecoLabError(Exception):
    """The root of all errors raised on purpose."""


class InputError(RecoLabError):
    """A mistake in what a person gave: `what` is wrong, `where`, what to do about it (`fix`), in which field (`key`).

    Values quoted in its sentences are cut to 80 characters.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "", key: str = "") -> None:
        self.what, self.where, self.fix, self.key = cut(what), where, cut(fix), key
        super().__init__(self.what, self.where, self.fix)

    def __str__(self) -> str:
        sentence = f"{self.where}: {self.what}" if self.where else self.what
        return f"{sentence} {self.fix}".strip()


class DataError(InputError):
    """A file or a table that cannot be used."""


class MappingError(InputError):
    """Columns that were given the wrong meaning."""


class SplitError(InputError):
    """A split that leaves nothing to train on or nobody to score."""


class ParameterError(InputError):
    """A hyper-parameter that is unknown or out of its bounds."""


class NeedsError(InputError):
    """Data that cannot feed a recommender; the sentence says what it needs."""


class SpecError(InputError):
    """An experiment file, a recipe or a run card that breaks its contract; `where` names the file and the line."""


class NotFoundError(InputError):
    """A data set, run, customer or job that is not there."""


class NotNowError(InputError):
    """What cannot be done at the moment, through no mistake of who asks: later it may."""


class CancelledError(RecoLabError):
    """A person cancelled the work."""


class FullError(RecoLabError):
    """More was sent than can be kept at the moment: nothing of it was taken, `seconds` is when to send it again."""

    def __init__(self, what: str, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(what)


class ScoreError(RecoLabError):
    """A recommender produced scores that are not finite numbers."""


class CorruptError(RecoLabError):
    """A stored file that is not what its manifest says."""
