"""The manifest of a package: what was searched for it, and what it holds."""

from __future__ import annotations

import msgspec

from kept.domain.exports import Answer


class SearchedStore(msgspec.Struct, omit_defaults=True):
    """A place where personal data can lie, how much was found there about the person, or why nothing was looked for."""

    store: str
    holds: str
    categories: tuple[str, ...]
    retention: str
    hits: int | None = None
    not_searched: str | None = None


class SearchedKind(msgspec.Struct):
    """A kind of record, and how many were found."""

    type: str
    holds: str
    categories: tuple[str, ...]
    hits: int


class AskedSource(msgspec.Struct):
    """Another system of the shop's, and what it did when it was asked."""

    source: str
    name: str
    answer: Answer
    file: str | None = None


class PackagedFile(msgspec.Struct):
    """A file of the package: bytes, and SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, omit_defaults=True):
    """What was searched for a package and what it holds.

    `copies_gone_by`: the day on which the last backup copy of what was discarded before is gone. `missing`: raw mails
    that were discarded while the package was made.
    """

    export_id: str
    made_at: str
    discard_by: str
    policy_version: str
    copies_gone_by: str
    stores: list[SearchedStore]
    kinds: list[SearchedKind]
    sources: list[AskedSource]
    missing: list[str] = []
    files: list[PackagedFile] | None = None
