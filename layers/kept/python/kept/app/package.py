"""Writes a package: a ZIP that is never whole in memory, whatever is held about a person.

The records are read once: data.json and the page for people are written from the same reading. The page waits,
compressed, in a file without a name, which is gone with the process that holds it open.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec

from kept.app.ports.exports import ByteSink, ExportFiles
from kept.app.ports.ledger import LedgerEntries
from kept.app.ports.permission import Suppressions
from kept.app.ports.records import HeldItem, Partition, RawMail
from kept.app.show_record import kind_of, show, show_entry, show_suppression
from kept.domain.data_map import KINDS, STORES, Section, last_copy_gone_at
from kept.domain.exports import Answer, Export
from kept.domain.identity import Keys, SubjectId
from kept.domain.manifest import AskedSource, Manifest, PackagedFile, SearchedKind, SearchedStore
from kept.domain.policy import Policy
from kept.domain.retention import is_held
from kept.domain.times import iso

SCHEMA: Final = "export.json"
"""The name of the JSON Schema of data.json, at /schemas/."""

_PIECE_BYTES = 256 * 1024


class Page(Protocol):
    """The page for people, in their language; each method gives a piece of HTML."""

    def begin(self, export: Export, made_at: str) -> str:
        """Its head."""
        ...

    def part(self, name: str) -> str:
        """The heading of a part of data.json that is not empty."""
        ...

    def entry(self, shown: Mapping[str, Any]) -> str:
        """A record, or what else is shown by its fields."""
        ...

    def end(self, manifest: Manifest) -> str:
        """What was searched."""
        ...


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything that is searched."""

    partition: Partition
    suppressions: Suppressions
    raw_mail: RawMail
    files: ExportFiles
    ledger: LedgerEntries


@dataclass(frozen=True, slots=True)
class Reading:
    """What a package is made with, but for where it goes."""

    policy: Policy
    keys: Keys
    stores: Stores
    page: Page
    recovery_days: int  # the days for which a backup of the tables lasts
    now: int


@dataclass(slots=True)
class _Found:
    """What is met while the records are read, as little of it as the rest of the package needs."""

    parts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    phones: set[str] = field(default_factory=set)
    raw_keys: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def write_package(sink: ByteSink, export: Export, answers: Mapping[str, Answer], reading: Reading) -> Manifest:
    """Write the whole package; its manifest. `answers` says what each of the other systems did.

    Raises UnavailableError.
    """
    package, found = _Zip(sink, reading.now), _Found()
    with tempfile.TemporaryFile() as spool:
        with gzip.GzipFile(fileobj=spool, mode="wb", compresslevel=1) as html, package.file("data.json") as data:
            _write_data(data, html, export, found, reading)
        _add_mails(package, found, reading.stores.raw_mail)
        asked = list(_add_sources(package, export, answers, reading))
        manifest = _manifest(export, found, asked, reading)
        spool.seek(0)
        with package.file("index.html") as index:
            with gzip.GzipFile(fileobj=spool) as html:
                while piece := html.read(_PIECE_BYTES):
                    index.write(piece)
            index.write(reading.page.end(manifest).encode())
    manifest.files = package.files
    with package.file("manifest.json") as last:
        last.write(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    package.close()
    return manifest


def _write_data(data: ByteSink, html: ByteSink, export: Export, found: _Found, reading: Reading) -> None:
    """data.json, and the page but for its end."""
    page, made_at = reading.page, iso(reading.now)
    head = {
        "schema": SCHEMA,
        "export_id": export.export_id,
        "made_at": made_at,
        "policy_version": reading.policy.version,
        "email": export.email,
    }
    data.write(msgspec.json.encode(head)[:-1])
    html.write(page.begin(export, made_at).encode())
    for name, entries in _parts(export, found, reading):
        data.write(f',\n"{name}":['.encode())
        for shown in entries:
            found.parts[name] += 1
            first = found.parts[name] == 1
            data.write((b"\n" if first else b",\n") + msgspec.json.encode(shown))
            html.write(((page.part(name) if first else "") + page.entry(shown)).encode())
        data.write(b"]")
    data.write(b"}\n")


def _parts(export: Export, found: _Found, reading: Reading) -> Iterator[tuple[str, Iterable[Mapping[str, Any]]]]:
    """The parts of data.json by name, each read as it is asked for."""
    subject, stores = export.subject_id, reading.stores
    yield "records", _records(subject, found, reading)
    yield "phone_numbers", _phone_links(subject, found, reading)
    suppressed = stores.suppressions.of(subject).items()
    yield (
        "suppressions",
        (show_suppression(scope, entry, reading.policy, export.language) for scope, entry in sorted(suppressed)),
    )
    # A suppression's changes are entered under its own name, which after a rotation of the key is another.
    names = dict.fromkeys((subject, *reading.keys.suppression_ids(subject)))
    yield "ledger", (show_entry(entry) for name in names for entry in stores.ledger.of_subject(name))


def _records(subject: SubjectId, found: _Found, reading: Reading) -> Iterator[dict[str, Any]]:
    for item in _held(subject, reading):
        found.kinds[kind_of(item)] += 1
        shown = show(item)
        if phone := item.fields.get("phone"):
            found.phones.add(phone)
        if raw_key := item.fields.get("mail", {}).get("raw_key"):
            found.raw_keys.append(raw_key)
            shown["file"] = _mail_name(len(found.raw_keys))
        yield shown


def _phone_links(subject: SubjectId, found: _Found, reading: Reading) -> Iterator[dict[str, Any]]:
    """What lies under the person's telephone numbers. Others may have the same number, and links of their own."""
    for phone in sorted(found.phones):
        for link in _held(SubjectId(reading.keys.phone_id(phone)), reading):
            if link.fields.get("owner") == subject:
                order = link.sort_key.replace("#", "-", 1)
                yield {"phone": phone, "order": order, "discard_by": iso(link.fields["discard_at"])}


def _held(subject: SubjectId, reading: Reading) -> Iterator[HeldItem]:
    return (each for each in reading.stores.partition.all(subject) if is_held(each.fields["discard_at"], reading.now))


def _mail_name(number: int) -> str:
    return f"emails/{number}.eml"


def _add_mails(package: _Zip, found: _Found, raw_mail: RawMail) -> None:
    for number, key in enumerate(found.raw_keys, 1):
        pieces = raw_mail.pieces(key)
        if pieces is None:
            found.missing.append(_mail_name(number))
        else:
            package.add(_mail_name(number), pieces)


def _add_sources(
    package: _Zip, export: Export, answers: Mapping[str, Answer], reading: Reading
) -> Iterator[AskedSource]:
    for name in export.sources:
        source = reading.policy.sources.get(name)  # none where the policy changed meanwhile
        said = (source.name.get(export.language) or next(iter(source.name.values()))) if source else name
        asked = AskedSource(name, said, answers.get(name, "no answer"))
        if asked.answer == "answered":
            asked.file = f"other-systems/{name}/{source.file if source else 'data'}"
            package.add(asked.file, reading.stores.files.read(export.source_key(name)))
        yield asked


def _manifest(export: Export, found: _Found, asked: list[AskedSource], reading: Reading) -> Manifest:
    now, policy = reading.now, reading.policy
    hits: dict[Section, int] = {
        "records": found.parts["records"] + found.parts["phone_numbers"],
        "emails": len(found.raw_keys) - len(found.missing),
        "suppressions": found.parts["suppressions"],
        "ledger": found.parts["ledger"],
        "sources": sum(each.file is not None for each in asked),
    }
    return Manifest(
        export_id=export.export_id,
        made_at=iso(now),
        discard_by=iso(now + policy.exports.kept_for),
        policy_version=policy.version,
        copies_gone_by=iso(last_copy_gone_at(now, reading.recovery_days))[:10],
        stores=[
            SearchedStore(name, store.holds, store.categories, store.retention, hits[store.section])
            if store.section
            else SearchedStore(name, store.holds, store.categories, store.retention, not_searched=store.because)
            for name, store in STORES.items()
        ],
        kinds=[SearchedKind(name, kind.holds, kind.categories, found.kinds[name]) for name, kind in KINDS.items()],
        sources=asked,
        missing=found.missing,
    )


class _Zip:
    """A ZIP written from front to end, with the digest of each file."""

    def __init__(self, sink: ByteSink, now: int) -> None:
        self.files: list[PackagedFile] = []
        self._zip = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)  # type: ignore[call-overload]  # it only writes
        self._time = dt.datetime.fromtimestamp(now, dt.UTC).timetuple()[:6]

    @contextmanager
    def file(self, name: str) -> Iterator[ByteSink]:
        """A file of the package, to be written before the next one begins."""
        info = zipfile.ZipInfo(name, self._time)
        info.compress_type = zipfile.ZIP_DEFLATED
        with self._zip.open(info, "w") as member:
            digested = _Digested(member)
            yield digested
        self.files.append(PackagedFile(name, digested.size, digested.sha256()))

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """A file that is there already."""
        with self.file(name) as member:
            for piece in pieces:
                member.write(piece)

    def close(self) -> None:
        """Write the directory at the end."""
        self._zip.close()


class _Digested:
    """Passes on what is written, and keeps its size and digest."""

    def __init__(self, sink: ByteSink) -> None:
        self._sink, self._hash, self.size = sink, hashlib.sha256(), 0

    def write(self, content: bytes, /) -> int:
        """Take some more."""
        self._hash.update(content)
        self._sink.write(content)
        self.size += len(content)
        return len(content)

    def sha256(self) -> str:
        """In hexadecimal."""
        return self._hash.hexdigest()
