"""A restore brings back tables, and nobody who was discarded or suppressed since (on moto's own way to restore)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from infra.build.intent import read_template
from infra.local.intrinsics import Resolver
from infra.restore import Done, Restore, RestoreError, restore
from kept.adapters.clock import now
from kept.app.keep_ledger import follow
from kept.domain.ledger import Change, Store, sequence_of
from kept.entry import wiring
from tests.integration.conftest import Stack

pytestmark = [pytest.mark.promise("review-then-discard"), pytest.mark.promise("email-opt-out")]

DAY = 86400
OUTPUTS = {
    "SubjectsTable": "subjects",
    "SuppressionsTable": "suppressions",
    "LedgerTable": "ledger",
    "LedgerKeySecret": "ledger-key",
}
PARAMETERS = {"Stage": "production", "RecoveryDays": "7", "AWS::StackName": "kept"}
Fields = dict[str, Any]


class Table:
    """The tables in use, whose changes the ledger hears of."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.sequence = 0

    def change(self, store: Store, pk: bytes, sk: str, before: Fields | None, after: Fields | None) -> None:
        key = {"pk": {"B": pk}} | ({"sk": {"S": sk}} if sk else {})
        if after is None:
            self.stack.dynamodb.delete_item(TableName=store, Key=key)
        else:
            item = {name: {"N": str(v)} if isinstance(v, int) else {"S": v} for name, v in after.items()}
            self.stack.dynamodb.put_item(TableName=store, Item=key | item)
        self.sequence += 1
        told = Change(store, sequence_of(str(self.sequence)), now(), pk, sk, before, after)
        ledger = wiring.ledger()
        follow(
            told,
            policy=wiring.policy(),
            keys=ledger.keys,
            ledger=ledger,
            raw_mail=wiring.raw_mail(),
            exports=wiring.export_files(),
            now=now(),
        )


def person(number: int) -> bytes:
    return number.to_bytes(16)


def record(due: int) -> Fields:
    return {"kind": "message", "received_at": now(), "discard_at": due, "reference": "r", "text": "Hello"}


@pytest.fixture
def table(stack: Stack) -> Table:
    table = Table(stack)
    for number in range(5):
        table.change("subjects", person(number), "message#1", None, record(now() + 30 * DAY))
    table.change("subjects", person(0), "session#1", None, {"discard_at": now() + 60})
    table.change("suppressions", person(1), "", None, {"marketing": "form"})
    return table


def restored(table: Table, monkeypatch: pytest.MonkeyPatch) -> Done:
    """A backup, then what happened since, then the restore: moto restores a table to what it is now."""
    at = now() - 1
    task = Restore(OUTPUTS, at)
    task.bring_back()
    backup = list(task._items(task.done.subjects)), list(task._items(task.done.suppressions))
    assert [len(items) for items in backup] == [6, 2]
    what_happens_since(table)
    resolver = Resolver(PARAMETERS, read_template()["Conditions"])
    monkeypatch.setattr(Restore, "_wait_until_active", lambda *_: None)
    return restore(OUTPUTS, resolver, at, now())


def what_happens_since(table: Table) -> None:
    before = record(now() + 30 * DAY)
    table.change("subjects", person(0), "message#1", {**before, "discard_reason": "erasure"}, None)
    table.change("subjects", person(1), "message#1", before, None)
    reviewed = {**before, "status": "reviewed", "discard_at": now() + DAY}
    table.change("subjects", person(2), "message#1", before, reviewed)
    lengthened = {**before, "discard_at": now() + 5000 * DAY}
    table.change("subjects", person(3), "message#1", before, lengthened)
    table.change("suppressions", person(4), "", None, {"marketing": "link"})
    table.change("suppressions", person(1), "", {"marketing": "form"}, {"marketing": "form", "list-1": "link"})


def test_nobody_who_was_discarded_or_suppressed_since_is_brought_back(
    stack: Stack, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = restored(table, monkeypatch)
    items = stack.dynamodb.scan(TableName=done.subjects)["Items"]
    assert {item["pk"]["B"] for item in items} == {person(2), person(3), person(4)}
    assert done.discarded_again == {"erasure": 1, "unknown": 1}
    assert done.proofs_removed == 1, "a link that was used up would work again"
    assert (done.records, done.kept) == (6, 3)
    dates = {item["pk"]["B"]: int(item["discard_at"]["N"]) - now() for item in items}
    assert dates[person(2)] <= DAY, "a review brought it nearer"
    assert dates[person(3)] <= 30 * DAY, "a date that a hand moved is not moved again"
    assert done.dates_moved_again == 1

    suppressed = {item["pk"]["B"]: item for item in stack.dynamodb.scan(TableName=done.suppressions)["Items"]}
    assert "marketing" in suppressed[person(4)]
    assert {"marketing", "list-1"} <= set(suppressed[person(1)])
    assert done.suppressions_missing == 0


def test_the_restored_tables_get_what_a_restore_leaves_out(
    stack: Stack, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = restored(table, monkeypatch)
    for name in (done.subjects, done.suppressions):
        described = stack.dynamodb.describe_table(TableName=name)["Table"]
        assert described["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        assert described["DeletionProtectionEnabled"] is True
        backups = stack.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    ttl = stack.dynamodb.describe_time_to_live(TableName=done.subjects)["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "discard_at")


def test_a_restore_that_would_lose_an_opt_out_says_so_and_is_not_to_be_used(
    stack: Stack, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = what_happens_since

    def and_then_the_list_is_damaged(table: Table) -> None:
        real(table)
        stack.dynamodb.delete_item(TableName="suppressions", Key={"pk": {"B": person(4)}})  # nobody told the ledger

    monkeypatch.setattr(f"{__name__}.what_happens_since", and_then_the_list_is_damaged)
    with pytest.raises(RestoreError, match="1 suppressions of which the ledger tells are in neither table"):
        restored(table, monkeypatch)


def test_a_restore_to_before_a_rotation_of_the_key_is_refused(
    stack: Stack, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rotate(_: Table) -> None:
        check = {"pk": {"B": b"key-check"}, "key_check": {"S": "another"}}
        stack.dynamodb.put_item(TableName="suppressions", Item=check)

    monkeypatch.setattr(f"{__name__}.what_happens_since", rotate)
    with pytest.raises(RestoreError, match="rotated"):
        restored(table, monkeypatch)


def test_it_may_be_run_again(stack: Stack, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    first = restored(table, monkeypatch)
    monkeypatch.setattr(f"{__name__}.what_happens_since", lambda _: None)
    resolver = Resolver(PARAMETERS, read_template()["Conditions"])
    at = int(time.mktime(time.strptime(first.subjects.rpartition("-")[2], "%Y%m%dT%H%M%SZ"))) - time.timezone
    again = restore(OUTPUTS, resolver, at, now())
    assert again.subjects == first.subjects
    assert (again.kept, again.discarded_again) == (3, {})
    assert stack.dynamodb.describe_table(TableName="subjects"), "what is in use was touched"
