"""Packages of what is held about a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from kept.domain.exports import Export
from kept.domain.identity import SubjectId


class ByteSink(Protocol):
    """Where the bytes of a file go, in order."""

    def write(self, content: bytes, /) -> object:
        """Take some more."""
        ...


class ExportFiles(Protocol):
    """Packages, and the files that other systems send for them. Every method raises UnavailableError."""

    def upload(self, key: str) -> AbstractContextManager[ByteSink]:
        """Write a file of any size, piece by piece. It is there once all is written, and not after an exception."""
        ...

    def url(self, key: str, name: str, seconds: int) -> str:
        """An address that anyone who has it can fetch the file from for so long, to be saved under this name."""
        ...

    def upload_form(self, key: str, largest: int, seconds: int) -> UploadForm:
        """What anyone who has it can send the file with for so long, in as many bytes at most."""
        ...

    def size(self, key: str) -> int | None:
        """Bytes; None where there is no such file."""
        ...

    def read(self, key: str) -> Iterator[bytes]:
        """The file, piece by piece. Raises NotFoundError."""
        ...

    def discard(self, key: str) -> None:
        """Delete one; gone already is as good."""
        ...


@dataclass(frozen=True, slots=True)
class UploadForm:
    """An HTML form to send a file with: POST these fields to the address as multipart/form-data, and `file` last."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExportJob:
    """A package to be made, in the queue: a keyed hash and a random id."""

    subject: str  # in hexadecimal
    export_id: str


class ExportQueue(Protocol):
    """Packages to be made."""

    def put(self, job: ExportJob, delay: int = 0) -> None:
        """Have it made, or looked at again, after so many seconds (900 at most). Raises UnavailableError."""
        ...


class Exports(Protocol):
    """What is known of packages. Every method raises UnavailableError when the store does not answer."""

    def begin(self, export: Export, now: int) -> Export:
        """Store it, unless one of the same person's is being made; the one that stands."""
        ...

    def find(self, subject: SubjectId, export_id: str, now: int) -> Export:
        """Read consistently. Raises NotFoundError, also for another person's and past its discard date."""
        ...

    def asked(self, export: Export, at: int) -> None:
        """Note that it waits for other systems, and when they were asked. Nothing happens where it has gone."""
        ...

    def claim(self, export: Export, lease: str, now: int) -> bool:
        """Have the making to oneself for LEASE_SECONDS; not where somebody has it, or it is ready or gone."""
        ...

    def release(self, export: Export, lease: str) -> None:
        """Give it back, because it could not be made."""
        ...

    def finish(self, export: Export, lease: str) -> bool:
        """Put `export`, which is ready, in its place; not where it has gone or the lease is another's meanwhile."""
        ...


class SourceSystems(Protocol):
    """Other systems of the shop's that hold personal data."""

    def ask(self, name: str, export: Export, upload: UploadForm, until: int) -> None:
        """Ask one for what it holds about a person who proved who they are. Raises UnavailableError."""
        ...
