"""What a command says."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """The answer as JSON values, as text for a person, and whether all is well."""

    data: Any
    text: str
    passed: bool = True
