"""What every store of packages must do: those in memory that unit tests use, and those on DynamoDB and S3."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from kept.adapters.dynamo.client import dynamodb
from kept.adapters.dynamo.exports import DynamoExports
from kept.adapters.dynamo.suppressions import DynamoSuppressions
from kept.adapters.export_files import S3ExportFiles
from kept.adapters.raw_mail import S3RawMail
from kept.app.ports.exports import ExportFiles, Exports
from kept.app.ports.permission import Suppressions
from kept.app.ports.records import RawMail
from kept.domain.errors import KeyMismatchError, NotFoundError
from kept.domain.exports import LEASE_SECONDS, QUEUE_SECONDS, Export, new_export
from kept.domain.identity import Keys
from kept.domain.policy import load_policy
from kept.domain.suppression import EVERYTHING, MARKETING, Suppression
from tests.fakes import MemoryExportFiles, MemoryExports, MemoryRawMail, MemorySuppressions
from tests.one_at_a_time import calls_one_at_a_time
from tests.template import create_table

pytestmark = pytest.mark.promise("access-on-request")

KEYS = Keys("k" * 64)
ANN, BEN = KEYS.subject_id("ann@example.com"), KEYS.subject_id("ben@example.com")
NOW = 1_800_000_000


def wanted(subject: Any = ANN) -> Export:
    return new_export(subject, "ann@example.com", "en", load_policy(), NOW)


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        create_table(dynamodb(), "SubjectsTable", "subjects")
        create_table(dynamodb(), "SuppressionsTable", "suppressions")
        boto3.client("s3").create_bucket(Bucket="files")
        yield


@pytest.fixture(params=["memory", "dynamodb"])
def exports(request: pytest.FixtureRequest) -> Exports:
    if request.param == "memory":
        return MemoryExports()
    request.getfixturevalue("aws")
    return DynamoExports("subjects")


@pytest.fixture(params=["memory", "s3"])
def files(request: pytest.FixtureRequest) -> ExportFiles:
    if request.param == "memory":
        return MemoryExportFiles()
    request.getfixturevalue("aws")
    return S3ExportFiles("files")


def test_what_was_asked_for_is_found_by_its_person_only_and_until_its_date(exports: Exports) -> None:
    export = exports.begin(wanted(), NOW)
    assert exports.find(ANN, export.export_id, NOW) == export
    for subject, export_id, now in (
        (BEN, export.export_id, NOW), (ANN, "other", NOW), (ANN, export.export_id, export.discard_at),
    ):  # fmt: skip
        with pytest.raises(NotFoundError):
            exports.find(subject, export_id, now)


def test_one_that_is_being_made_is_joined_and_each_person_has_their_own(exports: Exports) -> None:
    first = exports.begin(wanted(), NOW)
    assert exports.begin(wanted(), NOW + 1) == first
    exports.asked(first, NOW + 2)
    assert exports.begin(wanted(), NOW + 3) == replace(first, status="waiting", asked_at=NOW + 2)
    assert exports.begin(wanted(BEN), NOW).export_id != first.export_id


def test_one_that_is_ready_failed_or_gone_is_not_joined(exports: Exports) -> None:
    first = exports.begin(wanted(), NOW)
    assert exports.claim(first, "lease", NOW)
    assert exports.finish(replace(first, status="ready", manifest="{}"), "lease")
    second = exports.begin(wanted(), NOW)
    assert second.export_id != first.export_id
    assert exports.begin(wanted(), NOW + QUEUE_SECONDS).export_id != second.export_id


def test_one_worker_has_it_at_a_time_and_only_who_has_it_finishes(exports: Exports) -> None:
    export = exports.begin(wanted(), NOW)
    assert exports.claim(export, "one", NOW)
    assert not exports.claim(export, "two", NOW + LEASE_SECONDS - 1)
    assert exports.find(ANN, export.export_id, NOW).status == "making"
    assert exports.claim(export, "two", NOW + LEASE_SECONDS)
    ready = replace(export, status="ready", manifest="{}", discard_at=NOW + 9)
    assert not exports.finish(ready, "one")
    exports.release(export, "one")
    assert exports.finish(ready, "two")
    assert exports.find(ANN, export.export_id, NOW) == ready
    assert not exports.claim(export, "three", NOW + 2 * LEASE_SECONDS)
    exports.asked(export, NOW)
    assert exports.find(ANN, export.export_id, NOW).status == "ready"


def test_what_is_given_back_can_be_had_at_once(exports: Exports) -> None:
    export = exports.begin(wanted(), NOW)
    assert exports.claim(export, "one", NOW)
    exports.release(export, "one")
    assert exports.find(ANN, export.export_id, NOW).status == "waiting"
    assert exports.claim(export, "two", NOW)


def test_what_is_gone_can_be_neither_had_nor_finished_and_does_not_come_back(exports: Exports) -> None:
    export = wanted()
    assert not exports.claim(export, "one", NOW)
    assert not exports.finish(replace(export, status="ready"), "one")
    exports.asked(export, NOW)
    exports.release(export, "one")
    with pytest.raises(NotFoundError):
        exports.find(ANN, export.export_id, NOW)


@pytest.mark.usefixtures("aws")
def test_twenty_who_ask_at_once_share_one() -> None:
    exports = DynamoExports("subjects")
    with calls_one_at_a_time(), ThreadPoolExecutor(5) as pool:
        standing = {each.export_id for each in pool.map(lambda _: exports.begin(wanted(), NOW), range(20))}
    assert len(standing) == 1
    items = dynamodb().scan(TableName="subjects")["Items"]
    assert len([item for item in items if item["sk"]["S"].startswith("export#")]) == 1


@pytest.mark.usefixtures("aws")
def test_a_place_that_names_what_was_erased_is_taken() -> None:
    exports = DynamoExports("subjects")
    first = exports.begin(wanted(), NOW)
    key = {"pk": {"B": ANN}, "sk": {"S": f"export#{first.export_id}"}}
    dynamodb().delete_item(TableName="subjects", Key=key)
    second = exports.begin(wanted(), NOW)
    assert second.export_id != first.export_id
    assert exports.begin(wanted(), NOW) == second


def test_a_file_is_there_once_it_is_whole_and_gone_once_discarded(files: ExportFiles) -> None:
    assert files.size("packages/1.zip") is None
    with files.upload("packages/1.zip") as sink:
        for piece in (b"one ", b"", b"two"):
            sink.write(piece)
        assert files.size("packages/1.zip") is None
    assert files.size("packages/1.zip") == 7
    assert b"".join(files.read("packages/1.zip")) == b"one two"
    files.discard("packages/1.zip")
    files.discard("packages/1.zip")
    with pytest.raises(NotFoundError):
        files.read("packages/1.zip")


def test_a_file_that_could_not_be_written_is_not_there(files: ExportFiles) -> None:
    def fail_half_way() -> None:
        with files.upload("packages/1.zip") as sink:
            sink.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert files.size("packages/1.zip") is None


@pytest.mark.parametrize("kind", ["memory", "s3"])
def test_a_raw_mail_is_read_in_pieces_or_is_gone(kind: str, request: pytest.FixtureRequest) -> None:
    raw_mail: RawMail = MemoryRawMail({"raw/1": b"mail"})
    if kind == "s3":
        request.getfixturevalue("aws")
        boto3.client("s3").put_object(Bucket="files", Key="raw/1", Body=b"mail")
        raw_mail = S3RawMail("files")
    pieces = raw_mail.pieces("raw/1")
    assert pieces is not None
    assert b"".join(pieces) == raw_mail.read("raw/1") == b"mail"
    assert raw_mail.pieces("raw/2") is None
    assert raw_mail.read("raw/2") is None


@pytest.mark.parametrize("kind", ["memory", "dynamodb"])
def test_what_is_suppressed_is_told_with_its_first_reason_and_time(kind: str, request: pytest.FixtureRequest) -> None:
    suppressions: Suppressions = MemorySuppressions()
    if kind == "dynamodb":
        request.getfixturevalue("aws")
        store = DynamoSuppressions("suppressions", KEYS)
        store.agree_on_key()
        suppressions = store
    suppressions.suppress(ANN, MARKETING, "form", NOW)
    suppressions.suppress(ANN, MARKETING, "email", NOW + 1)
    suppressions.suppress(ANN, EVERYTHING, "link", NOW + 2)
    assert suppressions.of(ANN) == {MARKETING: Suppression("form", NOW), EVERYTHING: Suppression("link", NOW + 2)}
    assert suppressions.of(BEN) == {}


@pytest.mark.usefixtures("aws")
def test_under_another_key_no_suppression_is_told_of_rather_than_none() -> None:
    DynamoSuppressions("suppressions", KEYS).agree_on_key()
    with pytest.raises(KeyMismatchError):
        DynamoSuppressions("suppressions", Keys("j" * 64)).of(ANN)
