"""A package of everything that is held about a person: what it waits for, how long it may take, when it goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from kept.domain.identity import SubjectId, new_record_id
from kept.domain.policy import Policy

Status = Literal["asked", "waiting", "making", "ready", "failed"]
"""`waiting` for other systems of the shop's; `failed` where nothing came of it in all the time that its job had."""

Answer = Literal["answered", "nothing", "no answer"]
"""What another system did: sent a file, sent an empty one since it holds nothing, or let its time pass."""

URL_SECONDS: Final = 60
"""How long an address to fetch a package from is good. Each time somebody looks, a new one is made."""

LEASE_SECONDS: Final = 630
"""How long a worker has a package for itself: a little longer than its function may run."""

QUEUE_SECONDS: Final = 4 * 3600
"""How long the job of making a package lives in its queue, retries included."""

LARGEST_SOURCE_FILE: Final = 100 * 1024 * 1024
"""Bytes that another system may send."""

ASK_AGAIN_SECONDS: Final = 3600
"""An upload address is no better than the credentials that signed it, and those of a function end within hours."""

_SHORTEST_PAUSE, _LONGEST_PAUSE = 5, 900  # seconds; SQS delays no message longer
_PACKAGES, _SOURCES = "packages/", "sources/"


@dataclass(frozen=True, slots=True)
class Export:
    """A package, asked for or made. Times: seconds since the epoch."""

    subject_id: SubjectId
    export_id: str
    email: str = field(repr=False)
    language: str  # of its page for people
    created_at: int
    waits_until: int  # for other systems; when it was asked for, where there are none
    discard_at: int
    package_key: str  # random: the object's name tells nothing
    sources: tuple[str, ...] = ()  # the other systems that are asked, by their names in the policy
    status: Status = "asked"
    asked_at: int | None = None  # when the other systems were last asked
    manifest: str | None = None  # once it is made: JSON, without the list of its files

    @property
    def made_by(self) -> int:
        """When nothing more will come of it, if nothing has."""
        return self.waits_until + QUEUE_SECONDS

    @property
    def file_keys(self) -> tuple[str, ...]:
        """The objects that belong to it, and go with it or when it no longer refers to them."""
        return (self.package_key, *(self.source_key(name) for name in self.sources if self.status != "ready"))

    def source_key(self, name: str) -> str:
        """Where the file of another system lies until it is in the package."""
        return f"{_SOURCES}{self.export_id}/{name}"

    def status_at(self, now: int) -> Status:
        """Its status as a person is told."""
        return "failed" if self.status != "ready" and now >= self.made_by else self.status

    def is_being_made(self, now: int) -> bool:
        """Whether who asks again is told of this one."""
        return self.status_at(now) in {"asked", "waiting", "making"}

    def pause(self, now: int) -> int:
        """Seconds until it is looked at again: as long as it has waited, so that quick answers are soon seen."""
        longest = min(_LONGEST_PAUSE, self.waits_until - now)
        return max(min(now - self.created_at, longest), min(_SHORTEST_PAUSE, longest), 1)


def new_export(subject: SubjectId, email: str, language: str, policy: Policy, now: int) -> Export:
    """A package that was asked for just now. Its discard date comes nearer once it is made."""
    waits_until = now + max((source.waits for source in policy.sources.values()), default=0)
    return Export(
        subject_id=subject,
        export_id=new_record_id(),
        email=email,
        language=language,
        created_at=now,
        waits_until=waits_until,
        discard_at=waits_until + QUEUE_SECONDS + policy.exports.kept_for,
        package_key=f"{_PACKAGES}{new_record_id()}.zip",
        sources=tuple(policy.sources),
    )
