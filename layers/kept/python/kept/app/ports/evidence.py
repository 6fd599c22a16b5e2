"""What everybody may know of how the promises are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from kept.domain.evidence import Evidence
from kept.domain.records import Kind


@dataclass(frozen=True, slots=True)
class Answered:
    """When a request or complaint was answered, and by when it had to be (seconds since the epoch)."""

    at: int
    answer_by: int


class Answers(Protocol):
    """Whom we have answered. Raises UnavailableError."""

    def answered(self, kind: Kind, now: int) -> list[Answered]:
        """Each record of a kind that is still held and was reviewed."""
        ...


class Counted(Protocol):
    """What functions counted, which is about nobody."""

    def permissions(
        self, channel: Literal["email", "post", "phone"], decision: Literal["allowed", "refused"], days: int, now: int
    ) -> int | None:
        """How often the gate answered so within the last days; None where nobody counted, or that cannot be learnt."""
        ...


class PublicEvidence(Protocol):
    """What everybody may know of how the promises are kept. Raises UnavailableError."""

    def find(self) -> Evidence | None:
        """The last; None where there is none yet."""
        ...

    def put(self, evidence: Evidence) -> None:
        """In the place of what was there."""
        ...
