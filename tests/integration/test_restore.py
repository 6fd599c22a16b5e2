"""A restore brings back tables, and nobody who was discarded or suppressed since (on moto's own way to restore)."""

from __future__ import annotations

import datetime as dt
import json
import time
from contextlib import nullcontext
from typing import Any

import pytest

from infra import switch as switch_module
from infra.build.intent import read_template
from infra.local.intrinsics import Resolver
from infra.restore import Restore, RestoreError, _moment, restore
from infra.switch import Switch, switch_to
from kept.adapters.clock import now
from kept.domain.errors import KeyMismatchError
from kept.domain.identity import SubjectId
from kept.domain.ledger import Change, Store, sequence_of
from kept.entry import wiring
from tests.integration.conftest import Stack, ledger_hears

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
        ledger_hears(told, now())


def stream_of(stack: Stack, table: str) -> str | None:
    """The ARN of a table's stream, where it has one."""
    described = stack.dynamodb.describe_table(TableName=table)["Table"]
    return described.get("LatestStreamArn") if described.get("StreamSpecification", {}).get("StreamEnabled") else None


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


def restored(table: Table, monkeypatch: pytest.MonkeyPatch) -> Restore:
    """A backup, then what happened since, then the restore: moto restores a table to what it is now."""
    at = now() - 1
    task = Restore(OUTPUTS, at)
    task.bring_back()
    backup = list(task.items(task.done.subjects)), list(task.items(task.done.suppressions))
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
    done = restored(table, monkeypatch).done
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
    task = restored(table, monkeypatch)
    done = task.done
    assert not any(stream_of(stack, name) for name in (done.subjects, done.suppressions)), (
        "its changes would be told of"
    )
    streams = task.protect(Resolver(PARAMETERS, read_template()["Conditions"]))
    assert streams == {
        "RestoredSubjects": stream_of(stack, done.subjects),
        "RestoredSuppressions": stream_of(stack, done.suppressions),
    }
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
    first = restored(table, monkeypatch).done
    monkeypatch.setattr(f"{__name__}.what_happens_since", lambda _: None)
    resolver = Resolver(PARAMETERS, read_template()["Conditions"])
    at = int(time.mktime(time.strptime(first.subjects.rpartition("-")[2], "%Y%m%dT%H%M%SZ"))) - time.timezone
    again = restore(OUTPUTS, resolver, at, now()).done
    assert again.subjects == first.subjects
    assert (again.kept, again.discarded_again) == (3, {})
    assert stack.dynamodb.describe_table(TableName="subjects"), "what is in use was touched"


# ---------------------------------------------------------------- the switch


SECONDS = ("SETTLE_SECONDS", "LEDGER_SECONDS", "PAUSE_SECONDS")


class Deployed(Switch):
    """The stack, whose update is CloudFormation's; everything else happens in moto's tables."""

    def __init__(self, table: Table) -> None:
        super().__init__("kept", OUTPUTS, PARAMETERS)
        self.__dict__.update(table=table)

    def update(self, streams: dict[str, str]) -> None:
        dynamodb = self.table.stack.dynamodb
        for name in self.tables():
            arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
            policy = json.loads(dynamodb.get_resource_policy(ResourceArn=arn)["Policy"])
            assert policy["Statement"][0]["Effect"] == "Deny", "somebody could still write into the old table"
        self.__dict__.update(streams=streams)
        self.while_it_is_updated()

    def while_it_is_updated(self) -> None:
        """Somebody writes all the same."""

    def in_use_now(self) -> tuple[str, str]:
        return tuple(arn.split("/")[1] for arn in self.streams.values())


@pytest.fixture
def task(table: Table, monkeypatch: pytest.MonkeyPatch) -> Restore:
    """A restore that was made, and the clock of a switch that does not wait."""
    for name in SECONDS:
        monkeypatch.setattr(switch_module, name, 0)
    monkeypatch.setattr(Switch, "unfollowed", lambda _: nullcontext())
    return restored(table, monkeypatch)


def switched(task: Restore, deployed: Deployed) -> None:
    at = int(dt.datetime.fromisoformat(task.done.at).timestamp())
    switch_to(deployed, task, Resolver(PARAMETERS, read_template()["Conditions"]), at)


def test_what_was_written_between_the_restore_and_the_switch_is_in_the_table_that_is_then_in_use(
    stack: Stack, table: Table, task: Restore
) -> None:
    before = record(now() + 30 * DAY)
    table.change("subjects", person(7), "message#1", None, before)  # somebody writes to us
    table.change("subjects", person(4), "message#1", before, {**before, "text": "Corrected"})
    table.change("subjects", person(2), "message#1", {**before, "discard_reason": "erasure"}, None)
    table.change("suppressions", person(7), "", None, {"marketing": "form"})
    deployed = Deployed(table)
    switched(task, deployed)

    items = {item["pk"]["B"]: item for item in stack.dynamodb.scan(TableName=task.done.subjects)["Items"]}
    assert items.keys() == {person(3), person(4), person(7)}
    assert items[person(4)]["text"]["S"] == "Corrected"
    assert (
        "marketing" in stack.dynamodb.get_item(TableName=task.done.suppressions, Key={"pk": {"B": person(7)}})["Item"]
    )
    assert (task.done.unheard_of, task.done.came_late) == (0, 0)


def test_after_the_switch_nothing_can_go_on_with_the_old_tables(stack: Stack, table: Table, task: Restore) -> None:
    switched(task, Deployed(table))
    assert stack.dynamodb.scan(TableName="subjects")["Items"] == [], "records that no audit looks at"
    assert stack.dynamodb.scan(TableName="suppressions")["Count"] > 1, "what proves an opt-out"
    with pytest.raises(KeyMismatchError, match="RestoredSuppressions"):
        wiring.suppressions().agree_on_key()
    with pytest.raises(KeyMismatchError):
        wiring.suppressions().scopes_of([SubjectId(person(4))])


def test_what_a_freeze_that_is_not_heeded_lets_through_is_brought_after(
    stack: Stack, table: Table, task: Restore
) -> None:
    class Leaky(Deployed):
        def while_it_is_updated(self) -> None:
            table.change("subjects", person(8), "message#1", None, record(now() + DAY))
            table.change("subjects", person(4), "message#1", record(now() + DAY), None)
            table.change("suppressions", person(8), "", None, {"everything": "session"})

    switched(task, Leaky(table))
    there = {item["pk"]["B"] for item in stack.dynamodb.scan(TableName=task.done.subjects)["Items"]}
    assert there == {person(2), person(3), person(8)}
    late = stack.dynamodb.get_item(TableName=task.done.suppressions, Key={"pk": {"B": person(8)}})["Item"]
    assert "everything" in late
    assert task.done.came_late == 3


def test_nothing_is_switched_while_the_ledger_has_not_heard_of_a_discard(
    stack: Stack, table: Table, task: Restore
) -> None:
    stack.dynamodb.delete_item(TableName="subjects", Key={"pk": {"B": person(4)}, "sk": {"S": "message#1"}})
    deployed = Deployed(table)
    with pytest.raises(RestoreError, match="not heard of the last change of 1 records"):
        switched(task, deployed)
    assert not hasattr(deployed, "streams"), "they would be resurrected"
    with pytest.raises(stack.dynamodb.exceptions.PolicyNotFoundException):  # and everything goes on as before
        stack.dynamodb.get_resource_policy(
            ResourceArn=stack.dynamodb.describe_table(TableName="subjects")["Table"]["TableArn"]
        )


def test_a_stack_that_cannot_be_updated_goes_on_with_the_tables_that_it_had(
    stack: Stack, table: Table, task: Restore
) -> None:
    class Refused(Deployed):
        def while_it_is_updated(self) -> None:
            raise RestoreError("The stack was not updated.")

    with pytest.raises(RestoreError):
        switched(task, Refused(table))
    arn = stack.dynamodb.describe_table(TableName="suppressions")["Table"]["TableArn"]
    with pytest.raises(stack.dynamodb.exceptions.PolicyNotFoundException):
        stack.dynamodb.get_resource_policy(ResourceArn=arn)
    assert stack.dynamodb.scan(TableName="subjects")["Items"]
    task.stop_streams()  # as who runs it again does first: what is then done again must not be told of
    assert stream_of(stack, task.done.subjects) is None


def test_a_change_set_that_touches_more_than_names_of_tables_is_not_executed() -> None:
    page = {"Changes": [{"ResourceChange": {"LogicalResourceId": "MailBucket", "ResourceType": "AWS::S3::Bucket"}}]}
    with pytest.raises(RestoreError, match="MailBucket"):
        Switch._look_through([page])
    Switch._look_through(
        [{"Changes": [{"ResourceChange": {"LogicalResourceId": "R", "ResourceType": "AWS::IAM::Role"}}]}]
    )


def test_nor_while_it_has_not_heard_of_an_opt_out(stack: Stack, table: Table, task: Restore) -> None:
    stack.dynamodb.put_item(TableName="suppressions", Item={"pk": {"B": person(9)}, "marketing": {"S": "form"}})
    with pytest.raises(RestoreError, match="of 1 records"):
        switched(task, Deployed(table))


class Mappings:
    """Lambda's event source mappings, and what was done to them."""

    def __init__(self) -> None:
        self.done: list[tuple[str, bool]] = []

    def get_paginator(self, _: str) -> Mappings:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"EventSourceMappings": [{"UUID": "subjects"}, {"UUID": "suppressions"}]}]

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> None:  # noqa: N803  # as AWS spells them
        self.done.append((UUID, Enabled))


def test_the_ledger_goes_on_with_the_old_tables_where_the_stack_could_not_be_updated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mappings = Mappings()
    monkeypatch.setattr(switch_module.boto3, "client", lambda _: mappings)
    switch = Switch("kept", OUTPUTS, PARAMETERS)
    with switch.unfollowed():
        pass
    assert mappings.done == [("subjects", False), ("suppressions", False)]
    with pytest.raises(RestoreError), switch.unfollowed():
        raise RestoreError
    assert mappings.done[-2:] == [("subjects", True), ("suppressions", True)]


@pytest.mark.parametrize("at", ["", "yesterday", "2026-11-28", "2026-11-28T03:00:00"])
def test_a_moment_of_no_zone_is_refused(at: str) -> None:
    with pytest.raises(SystemExit, match="no moment in UTC"):
        _moment(at)


@pytest.mark.usefixtures("stack")
def test_what_dynamodb_does_not_restore_is_told_with_its_reason() -> None:
    task = Restore({**OUTPUTS, "SubjectsTable": "none"}, 0)
    with pytest.raises(RestoreError, match="none cannot be restored to 1970-01-01"):
        task.bring_back()
