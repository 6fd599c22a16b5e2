"""`make restore STACK=kept AT=2026-11-28T03:00:00Z`: bring the tables back to a moment, and nobody back with them.

The restored tables get names of their own, which no function's role may read. What was discarded since that moment is
discarded in them again, what was suppressed since is suppressed again, and what the ledger says of both is held against
them. It needs your AWS credentials and changes nothing that is in use, so whatever fails, it may be run again.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from infra.build.intent import read_template
from infra.local.intrinsics import Resolver
from kept.adapters.dynamo.client import Item
from kept.adapters.dynamo.ledger_days import DynamoLedgerDays
from kept.adapters.dynamo.suppressions import KEY_CHECK
from kept.adapters.secrets import read_ledger_keys
from kept.app.ports import LedgerDays
from kept.domain.errors import KeptError
from kept.domain.ledger import NOT_LEDGERED, Entry, LedgerKeys, day_of
from kept.domain.seal import day_after

CLOCKS_DIFFER_BY = 300  # seconds: what changed so shortly before the moment is done again too
LONGEST = 3600  # seconds that a restore may take; DynamoDB usually takes minutes


class RestoreError(KeptError):
    """The restored tables are not fit to be used; the text says why and what to do."""


@dataclass(slots=True)
class Done:
    """What was done to the restored tables; nothing personal."""

    at: str
    subjects: str
    suppressions: str
    records: int = 0  # that were restored
    discarded_again: dict[str, int] = field(default_factory=dict)  # by why they went
    dates_moved_again: int = 0
    proofs_removed: int = 0  # sessions, links, and who was answered: used up or not, none may work again
    kept: int = 0
    suppressions_restored: int = 0
    suppressions_added_again: int = 0
    suppressions_missing: int = 0


@dataclass(frozen=True, slots=True)
class Since:
    """What the ledger says happened since the moment, by the digests of records."""

    went: dict[str, str]  # why
    due: dict[str, int]  # the discard date that was set last, with a reason
    suppressed: frozenset[str]

    @classmethod
    def read(cls, days: LedgerDays, at: int, now: int) -> Since:
        """Read every day's entries since then. Raises UnavailableError where a day's cannot all be seen yet."""
        went: dict[str, str] = {}
        due: dict[str, int] = {}
        suppressed: set[str] = set()
        for entry in _entries(days, at - CLOCKS_DIFFER_BY, now):
            if entry.store == "suppressions":
                (suppressed.discard if entry.what == "discarded" else suppressed.add)(entry.record)
            elif entry.what in {"discarded", "replaced"}:
                went[entry.record] = entry.reason or "unknown"
            elif entry.what == "moved" and entry.reason and entry.due_at is not None:
                due[entry.record] = entry.due_at
        return cls(went, due, frozenset(suppressed))


def _entries(days: LedgerDays, at: int, now: int) -> Iterator[Entry]:
    day, last = day_of(at), day_of(now)
    while day <= last:
        yield from sorted((e for e in days.of_day(day) if e.at >= at), key=lambda e: (e.at, e.sequence))
        day = day_after(day)


class Restore:
    """The tables of a stack, and what they are restored to."""

    def __init__(self, outputs: dict[str, str], at: int) -> None:
        self._dynamodb = boto3.client("dynamodb")
        self._outputs, self._at = outputs, at
        suffix = dt.datetime.fromtimestamp(at, dt.UTC).strftime("-restored-%Y%m%dT%H%M%SZ")
        moment = dt.datetime.fromtimestamp(at, dt.UTC).isoformat()
        self.done = Done(moment, outputs["SubjectsTable"] + suffix, outputs["SuppressionsTable"] + suffix)

    def bring_back(self) -> None:
        """Have DynamoDB build the tables, unless an earlier run had, and wait until they are there."""
        moment = dt.datetime.fromtimestamp(self._at, dt.UTC)
        for source, target in self._pairs():
            try:
                self._dynamodb.restore_table_to_point_in_time(
                    SourceTableName=source, TargetTableName=target, RestoreDateTime=moment
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in {"TableAlreadyExistsException", "ResourceInUseException"}:
                    raise
        for _, target in self._pairs():
            self._dynamodb.get_waiter("table_exists").wait(
                TableName=target, WaiterConfig={"Delay": 5, "MaxAttempts": LONGEST // 5}
            )

    def apply(self, since: Since, keys: LedgerKeys) -> None:
        """Do in the restored table of subjects what was done since: nothing of it is seen by any function yet."""
        table = self.done.subjects
        again: Counter[str] = Counter()
        self.done.records = self.done.kept = self.done.dates_moved_again = self.done.proofs_removed = 0
        for item in self._items(table):
            self.done.records += 1
            key = {name: item[name] for name in ("pk", "sk")}
            digest = keys.record("subjects", item["pk"]["B"], item["sk"]["S"])
            if item["sk"]["S"].partition("#")[0] in NOT_LEDGERED:
                self._dynamodb.delete_item(TableName=table, Key=key)
                self.done.proofs_removed += 1
            elif digest in since.went:
                self._dynamodb.delete_item(TableName=table, Key=key)
                again[since.went[digest]] += 1
            else:
                self.done.kept += 1
                if digest in since.due and since.due[digest] < _date(item):
                    self._dynamodb.update_item(
                        TableName=table,
                        Key=key,
                        UpdateExpression="SET discard_at = :at",
                        ExpressionAttributeValues={":at": {"N": str(since.due[digest])}},
                    )
                    self.done.dates_moved_again += 1
        self.done.discarded_again = dict(sorted(again.items()))

    def suppress_again(self, since: Since, keys: LedgerKeys) -> None:
        """Add what the table in use has and the restored one has not, then hold both against the ledger.

        A suppression cannot be made from the ledger, which does not know whose it is. Raises RestoreError.
        """
        restored = {item["pk"]["B"]: item for item in self._items(self.done.suppressions)}
        in_use = {item["pk"]["B"]: item for item in self._items(self._outputs["SuppressionsTable"])}
        check = KEY_CHECK["pk"]["B"]
        if check in in_use and in_use[check] != restored.get(check):
            raise RestoreError(
                "The hash key was rotated since that moment: the suppressions of then lie under another key. Restore "
                "to a moment after the rotation, or keep the table of suppressions that is in use."
            )
        self.done.suppressions_restored = len(restored)
        for pk, item in in_use.items():
            missing = {name: value for name, value in item.items() if name not in restored.get(pk, {}) and name != "pk"}
            if missing or pk not in restored:
                self._dynamodb.put_item(
                    TableName=self.done.suppressions, Item={"pk": {"B": pk}} | missing | restored.get(pk, {})
                )
                self.done.suppressions_added_again += 1
        there = {keys.record("suppressions", pk, "") for pk in (*restored, *in_use)}
        self.done.suppressions_missing = len(since.suppressed - there)

    def protect(self, resolver: Resolver) -> None:
        """Time to live, stream, recovery and deletion protection as the template has them. The stream begins empty."""
        template = read_template()["Resources"]
        for logical, table in (("SubjectsTable", self.done.subjects), ("SuppressionsTable", self.done.suppressions)):
            wanted = resolver.resolve(template[logical]["Properties"])
            described = self._dynamodb.describe_table(TableName=table)["Table"]
            if not described.get("StreamSpecification", {}).get("StreamEnabled"):
                stream = {"StreamEnabled": True, **wanted["StreamSpecification"]}
                self._dynamodb.update_table(TableName=table, StreamSpecification=stream)
                self._wait_until_active(table)
            protected = str(wanted["DeletionProtectionEnabled"]).lower() == "true"
            if described.get("DeletionProtectionEnabled", False) != protected:
                self._dynamodb.update_table(TableName=table, DeletionProtectionEnabled=protected)
                self._wait_until_active(table)
            recovery = wanted["PointInTimeRecoverySpecification"]
            days = {"RecoveryPeriodInDays": int(recovery["RecoveryPeriodInDays"])}
            self._dynamodb.update_continuous_backups(
                TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, **days}
            )
            ttl = self._dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
            if "TimeToLiveSpecification" in wanted and ttl["TimeToLiveStatus"] not in {"ENABLED", "ENABLING"}:
                self._dynamodb.update_time_to_live(
                    TableName=table, TimeToLiveSpecification=wanted["TimeToLiveSpecification"]
                )

    def _wait_until_active(self, table: str) -> None:
        deadline = time.monotonic() + LONGEST
        while self._dynamodb.describe_table(TableName=table)["Table"]["TableStatus"] != "ACTIVE":
            if time.monotonic() > deadline:
                raise RestoreError(f"{table} is being changed for longer than an hour. Run this again.")
            time.sleep(2)

    def _pairs(self) -> Iterable[tuple[str, str]]:
        yield self._outputs["SubjectsTable"], self.done.subjects
        yield self._outputs["SuppressionsTable"], self.done.suppressions

    def _items(self, table: str) -> Iterator[Item]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return (item for page in pages for item in page["Items"])


def _date(item: Item) -> float:
    """The discard date of an item; one without is later than any."""
    return float(item.get("discard_at", {}).get("N", "inf"))


def restore(outputs: dict[str, str], resolver: Resolver, at: int, now: int) -> Done:
    """All of it, in this order. Raises RestoreError, UnavailableError."""
    keys = read_ledger_keys(outputs["LedgerKeySecret"])
    task = Restore(outputs, at)
    task.bring_back()
    since = Since.read(DynamoLedgerDays(outputs["LedgerTable"]), at, now)
    task.apply(since, keys)
    task.suppress_again(since, keys)
    task.protect(resolver)
    if task.done.suppressions_missing:
        raise RestoreError(
            f"{task.done.suppressions_missing} suppressions of which the ledger tells are in neither table: whose they "
            "are is not known, so the restored table must not be used. Restore to a later moment."
        )
    return task.done


def main(stack: str, at: str, report: Path | None) -> int:
    """Restore the tables of a deployed stack; the exit code."""
    (described,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in described["Parameters"]}
    resolver = Resolver(parameters | {"AWS::StackName": stack}, read_template()["Conditions"])
    try:
        done = restore(outputs, resolver, int(dt.datetime.fromisoformat(at).timestamp()), int(time.time()))
    except KeptError as error:
        print(f"{error} Nothing that is in use was changed.", file=sys.stderr)
        return 1
    text = json.dumps(asdict(done), indent=1)
    print(text)
    if report:
        report.write_text(text + "\n", encoding="utf-8")
    print("The tables are ready, and no function reads them yet.")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stack")
    parser.add_argument("at", help="the moment, as in 2026-11-28T03:00:00Z")
    parser.add_argument("--json", type=Path, help="where to write what was done")
    options = parser.parse_args()
    sys.exit(main(options.stack, options.at, options.json))
