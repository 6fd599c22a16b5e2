"""What every partition must do for who discards records, and every store of reports for who keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import boto3
import pytest
from moto import mock_aws

from kept.adapters.dynamo.client import dynamodb
from kept.adapters.dynamo.deadlines import DynamoDeadlines
from kept.adapters.dynamo.messages import DynamoMessages
from kept.adapters.dynamo.meter import Meter
from kept.adapters.dynamo.partition import DynamoPartition
from kept.adapters.reports import S3Reports
from kept.app.ports.audit import Progress
from kept.app.ports.records import HeldItem, Partition
from kept.domain.commitment import TableKey
from kept.domain.identity import Keys, SubjectId
from tests.audit_world import MemoryReports, World
from tests.contract.test_messages import KEYS, NOW, message
from tests.fakes import MemoryPartition
from tests.template import create_table

pytestmark = pytest.mark.promise("review-then-discard")

DAY = 86400
KEY = TableKey(SubjectId(bytes(16)), "message#1")

Write = Callable[[str | int | None], None]
"""Write the record with this discard date: a number, a text, or none."""


@pytest.fixture(params=["memory", "dynamodb"])
def partition(request: pytest.FixtureRequest) -> Iterator[tuple[Partition, Write]]:
    if request.param == "memory":
        memory = MemoryPartition()

        def write(date: str | int | None) -> None:
            fields = {} if date is None else {"discard_at": date}
            memory.items[KEY.subject_id, KEY.sort_key] = HeldItem(KEY.subject_id, KEY.sort_key, fields)

        yield memory, write
        return
    with mock_aws():
        create_table(dynamodb(), "SubjectsTable", "subjects")

        def put(date: str | int | None) -> None:
            item = {"pk": {"B": KEY.subject_id}, "sk": {"S": KEY.sort_key}, "text": {"S": "Hello"}}
            if date is not None:
                number = isinstance(date, int) or date.replace(".", "").isdecimal()
                item["discard_at"] = {"N" if number else "S": str(date)}
            dynamodb().put_item(TableName="subjects", Item=item)

        yield DynamoPartition("subjects"), put


@pytest.mark.parametrize("date", [NOW, None, "never", "4102444800.5"])
def test_a_record_goes_whatever_a_hand_wrote_into_its_date(
    partition: tuple[Partition, Write], date: str | int | None
) -> None:
    store, write = partition
    write(date)
    item = store.read([KEY])[KEY]
    assert store.claim(item, "purge_audit")
    store.delete(item, "purge_audit")
    assert store.read([KEY]) == {}
    store.delete(item, "purge_audit")  # gone already is as good


@pytest.mark.parametrize("after", [NOW + 1, None, "never"])
def test_a_record_whose_date_changed_since_it_was_read_stays(
    partition: tuple[Partition, Write], after: str | int | None
) -> None:
    store, write = partition
    write(NOW)
    item = store.read([KEY])[KEY]
    write(after)
    assert not store.claim(item, "purge_audit")
    store.delete(item, "purge_audit")
    assert KEY in store.read([KEY])


def test_a_record_that_went_meanwhile_is_not_written_again(partition: tuple[Partition, Write]) -> None:
    store, write = partition
    write(NOW)
    item = store.read([KEY])[KEY]
    assert store.discard(KEY.subject_id, KEY.sort_key, "erasure")
    assert not store.claim(item, "purge_audit")
    assert store.read([KEY]) == {}


def test_what_is_read_is_no_more_than_tells_when_a_record_goes() -> None:
    with mock_aws():
        create_table(dynamodb(), "SubjectsTable", "subjects")
        DynamoMessages("subjects", KEYS).add(message(1))
        ((item,),) = (dynamodb().scan(TableName="subjects")["Items"],)
        key = TableKey(SubjectId(item["pk"]["B"]), item["sk"]["S"])
        read = DynamoPartition("subjects").read([key])[key]
        assert set(read.fields) == {"received_at", "discard_at"}


def test_what_dynamodb_is_asked_costs_and_every_kind_of_it_is_counted() -> None:
    dynamodb.cache_clear()  # with a meter on it, it would count for ever
    with mock_aws():
        create_table(dynamodb(), "SubjectsTable", "subjects")
        meter = Meter()
        store, costs = DynamoPartition("subjects"), [meter.read()]
        DynamoMessages("subjects", KEYS).add(message(1))
        costs.append(meter.read())
        (item,) = dynamodb().scan(TableName="subjects")["Items"]
        costs.append(meter.read())
        key = TableKey(SubjectId(item["pk"]["B"]), item["sk"]["S"])
        read = store.read([key])[key]
        costs.append(meter.read())
        store.claim(read, "purge_audit")
        store.delete(read, "purge_audit")
        costs.append(meter.read())
    dynamodb.cache_clear()
    put, scan, batch, discard = (after - before for before, after in pairwise(costs))
    assert put.write_units > 0
    assert scan.read_units > 0
    assert batch.read_units > 0
    assert discard.write_units > 0


@pytest.fixture(params=["memory", "s3"])
def reports(request: pytest.FixtureRequest) -> Iterator[MemoryReports | S3Reports]:
    if request.param == "memory":
        yield MemoryReports()
        return
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="reports")
        yield S3Reports("reports")


def test_reports_are_found_under_their_day_and_listed_from_the_newest(reports: MemoryReports | S3Reports) -> None:
    assert reports.find("2027-01-15") is None
    assert reports.summaries() == []
    world = World()
    for _ in range(3):
        report = world.audit()
        reports.put(report, {"en": b"page"})
        assert reports.find(report.day) == report
        world.now += DAY
    reports.put(report, {"en": b"page"})
    assert [each.day for each in reports.summaries()] == ["2027-01-17", "2027-01-16", "2027-01-15"]


def test_how_far_the_reading_has_come_is_remembered(reports: MemoryReports | S3Reports) -> None:
    assert reports.read() is None
    progress = Progress("2027-01-15", NOW, after=KEY, seen=7, parts=("2027-01-15",))
    reports.write(progress)
    assert reports.read() == progress
    reports.remember("2027-01-15", b"one")
    reports.remember("2027-01-16", b"two")
    assert reports.remembered(["2027-01-15", "2027-01-16"]) == b"onetwo"


@pytest.mark.promise("access-on-request")
def test_who_waits_too_long_is_found_by_their_own_deadline() -> None:
    with mock_aws():
        create_table(dynamodb(), "SubjectsTable", "subjects")
        messages = DynamoMessages("subjects", Keys("k" * 64))
        far = NOW + 100 * DAY
        waiting = {
            1: message(1, kind="request", received_at=NOW - 40 * DAY, answer_by=NOW - 10 * DAY, discard_at=far),
            2: message(2, kind="request", received_at=NOW - 40 * DAY, answer_by=NOW + DAY, discard_at=far),  # extended
            3: message(3, kind="request", received_at=NOW - 9 * DAY, answer_by=NOW + 21 * DAY, discard_at=far),
            4: message(4, kind="complaint", received_at=NOW - 40 * DAY, answer_by=NOW - 26 * DAY, discard_at=far),
            5: message(
                5,
                kind="request",
                received_at=NOW - 40 * DAY,
                answer_by=NOW - 9 * DAY,
                discard_at=far,
                verified_at=NOW - 39 * DAY,
            ),
            6: message(6, kind="request", received_at=NOW - 40 * DAY, answer_by=NOW - DAY, discard_at=NOW - 1),
        }
        for each in waiting.values():
            messages.add(each)
        deadlines = DynamoDeadlines("subjects")
        assert sorted(deadlines.overdue("request", NOW - 30 * DAY, NOW)) == [NOW - 10 * DAY, NOW - 9 * DAY]
        assert deadlines.overdue("complaint", NOW - 14 * DAY, NOW) == [NOW - 26 * DAY]
