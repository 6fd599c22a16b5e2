"""A package is written from front to end, with the ledger's entries in it."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from kept.app.package import Reading, Stores, write_package
from kept.app.ports.records import HeldItem
from kept.domain.data_map import STORES, Section
from kept.domain.exports import new_export
from kept.domain.identity import Keys, SubjectId
from kept.domain.ledger import Entry, LedgerKeys
from kept.domain.manifest import Manifest
from kept.domain.policy import load_policy
from kept.entry.export_page import ExportPage
from tests.fakes import MemoryExportFiles, MemoryLedger, MemoryPartition, MemoryRawMail, MemorySuppressions

pytestmark = pytest.mark.promise("access-on-request")

KEYS = Keys("k" * 64)
ANN = KEYS.subject_id("ann@example.com")
NOW = 1_800_000_000
EXPORT = new_export(ANN, "ann@example.com", "en", load_policy(), NOW)


class Pipe:
    """Takes bytes in order and gives nothing back: not where it is, and no way to go back and mend."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, content: bytes) -> int:
        self.content += content
        return len(content)

    def flush(self) -> None:
        pass


LEDGER_KEYS = LedgerKeys("l" * 64)


def reading(**stores: Any) -> Reading:
    held = Stores(
        MemoryPartition(), MemorySuppressions(), MemoryRawMail(), MemoryExportFiles(), MemoryLedger(LEDGER_KEYS)
    )
    return Reading(load_policy(), KEYS, replace(held, **stores), ExportPage(load_policy()), 7, NOW)


def package(export: Any = EXPORT, **stores: Any) -> tuple[dict[str, bytes], Manifest]:
    pipe = Pipe()
    manifest = write_package(pipe, export, {}, reading(**stores))
    with zipfile.ZipFile(io.BytesIO(pipe.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}, manifest


def test_the_ledgers_entries_about_the_person_are_in_it_and_no_others() -> None:
    ledger = MemoryLedger(LEDGER_KEYS)
    for number, subject in enumerate((ANN, KEYS.subject_id("ben@example.com"))):
        entry = Entry("written", "message", "subjects", LEDGER_KEYS.subject(subject), f"r{number}", "1", "c", NOW, NOW)
        ledger.add(entry, None, ("", ""))
    files, manifest = package(ledger=ledger)
    (shown,) = json.loads(files["data.json"])["ledger"]
    assert (shown["what"], shown["at"]) == ("written", "2027-01-15T08:00:00Z")
    assert {store.store: store.hits for store in manifest.stores}["LedgerTable"] == 1


def test_every_section_that_a_store_fills_is_counted() -> None:
    _, manifest = package()
    filled: set[Section] = {store.section for store in STORES.values() if store.section}
    assert {"records", "emails", "suppressions", "sources"} <= filled
    hits = {store.store: store.hits for store in manifest.stores}
    assert all((hits[name] is None) == (store.section is None) for name, store in STORES.items())


def test_a_shared_telephone_number_gives_each_person_their_own_orders() -> None:
    partition = MemoryPartition()
    ben = KEYS.subject_id("ben@example.com")
    phone = SubjectId(KEYS.phone_id("+201001234567"))
    for owner, record in ((ANN, "order#1"), (ben, "order#2")):
        fields = {"discard_at": NOW + 9, "phone": "+201001234567"}
        partition.items[owner, record] = HeldItem(owner, record, fields)
        partition.items[phone, record] = HeldItem(phone, record, {"discard_at": NOW + 9, "owner": owner})
    expired = HeldItem(phone, "order#3", {"discard_at": NOW, "owner": ANN})
    partition.items[phone, "order#3"] = expired
    files, _ = package(partition=partition)
    links = json.loads(files["data.json"])["phone_numbers"]
    assert [(link["phone"], link["order"]) for link in links] == [("+201001234567", "order-1")]


def test_a_system_that_the_policy_no_longer_names_is_named_in_the_manifest() -> None:
    _, manifest = package(replace(EXPORT, sources=("gone",)))
    assert [(each.source, each.answer) for each in manifest.sources] == [("gone", "no answer")]


def test_a_language_that_the_page_has_not_falls_back_to_the_policys_first() -> None:
    files, _ = package(replace(EXPORT, language="fr"))
    assert '<html lang="en" dir="ltr">' in files["index.html"].decode()
