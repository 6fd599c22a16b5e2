"""`make restore STACK=kept AT=2026-11-28T03:00:00Z`: bring the tables back to a moment, and nobody back with them.

The restored tables get names of their own, which no function's role may read. What was discarded since that moment is
discarded in them again, what was suppressed since is suppressed again, what came in since is taken over, and what the
ledger says of it all is held against them. It needs your AWS credentials and changes nothing that is in use, so
whatever fails, it may be run again. With SWITCH=yes it then puts them in the place of those in use (`infra/switch.py`).
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
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.build.intent import read_template
from infra.deployed_stack import describe, outputs_of
from infra.local.intrinsics import Resolver
from infra.since import Since
from kept.adapters.dynamo.client import Item, plain
from kept.adapters.dynamo.ledger_days import DynamoLedgerDays
from kept.adapters.dynamo.suppressions import KEY_CHECK
from kept.adapters.secrets import read_ledger_keys
from kept.domain.errors import KeptError
from kept.domain.ledger import NOT_LEDGERED, RESTORED, LedgerKeys

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
    taken_over: int = 0  # records that came in since, or were changed since the restore began
    unheard_of: int = 0  # records whose last change the ledger has not heard of
    suppressions_restored: int = 0
    suppressions_added_again: int = 0
    suppressions_missing: int = 0
    came_late: int = 0  # writes into the old tables after they were frozen


class Restore:
    """The tables of a stack, and what they are restored to."""

    def __init__(self, outputs: dict[str, str], at: int) -> None:
        self._dynamodb = boto3.client("dynamodb")
        self._outputs, self._at = outputs, at
        moment = dt.datetime.fromtimestamp(at, dt.UTC)
        suffix = RESTORED + moment.strftime("%Y%m%dT%H%M%SZ")
        subjects, suppressions = (
            outputs[name].partition(RESTORED)[0] + suffix for name in ("SubjectsTable", "SuppressionsTable")
        )
        if subjects == outputs["SubjectsTable"]:
            raise RestoreError(f"{subjects} is the table in use already. To go back once more, name another moment.")
        self.done = Done(moment.isoformat(), subjects, suppressions)
        self.in_use: dict[str, str] = {}  # what the table in use was last seen to hold: digests of records and contents
        self._taken: set[str] = set()
        self._awaited: set[str] = set()  # records that were taken over before the ledger had heard of them

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
                    told = error.response["Error"].get("Message", "no reason given")
                    raise RestoreError(f"{source} cannot be restored to {moment.isoformat()}: {told}.") from None
        for _, target in self._pairs():
            self._dynamodb.get_waiter("table_exists").wait(
                TableName=target, WaiterConfig={"Delay": 5, "MaxAttempts": LONGEST // 5}
            )

    def began(self) -> int:
        """When the restore to this moment was first begun."""
        created: dt.datetime = self._dynamodb.describe_table(TableName=self.done.subjects)["Table"]["CreationDateTime"]
        return int(created.timestamp())

    def apply(self, since: Since, keys: LedgerKeys) -> dict[str, str]:
        """Do in the restored table of subjects what was done since: nothing of it is seen by any function yet.

        What is then in it, as digests of records and contents.
        """
        table = self.done.subjects
        again = Counter(self.done.discarded_again)  # what is done once more adds to what was done before
        there: dict[str, str] = {}
        self.done.kept, is_first = 0, not self.done.records
        for item in self.items(table):
            self.done.records += is_first
            key = {name: item[name] for name in ("pk", "sk")}
            digest = keys.record("subjects", item["pk"]["B"], item["sk"]["S"])
            if not is_ledgered(item):
                self._dynamodb.delete_item(TableName=table, Key=key)
                self.done.proofs_removed += 1
            elif digest in since.went:
                self._dynamodb.delete_item(TableName=table, Key=key)
                again[since.went[digest]] += 1
            else:
                self.done.kept += 1
                there[digest] = content_of(item, keys)
                if digest in since.due and since.due[digest] < date_of(item):
                    self._dynamodb.update_item(
                        TableName=table,
                        Key=key,
                        UpdateExpression="SET discard_at = :at",
                        ExpressionAttributeValues={":at": {"N": str(since.due[digest])}},
                    )
                    self.done.dates_moved_again += 1
        self.done.discarded_again = dict(sorted(again.items()))
        return there

    def take_over(self, since: Since, keys: LedgerKeys, there: dict[str, str], now: int) -> None:
        """Put what came in since, or was changed since the restore began, into the restored table as it is in use.

        And count what the ledger has not heard of: a record that changed or went without an entry.
        """
        self.done.unheard_of, self.in_use = 0, {}
        for item in filter(is_ledgered, self.items(self._outputs["SubjectsTable"])):
            digest = keys.record("subjects", item["pk"]["B"], item["sk"]["S"])
            content = self.in_use[digest] = content_of(item, keys)
            is_heard_of = self._is_heard_of(digest, content, since, there.get(digest))
            self.done.unheard_of += not is_heard_of and date_of(item) > now  # time to live may have come to one of them
            if digest in since.newer or digest not in there:
                self._dynamodb.put_item(TableName=self.done.subjects, Item=item)
                self._taken.add(digest)
        self.done.taken_over = len(self._taken)
        self.done.unheard_of += len(there.keys() - self.in_use.keys())

    def _is_heard_of(self, digest: str, content: str, since: Since, restored: str | None) -> bool:
        """Whether the last that the ledger heard of a record is what is in it; where it heard nothing, what was."""
        if restored is None and digest not in since.content:
            self._awaited.add(digest)
        return content == since.content.get(digest, None if digest in self._awaited else restored)

    def suppress_again(self, since: Since, keys: LedgerKeys) -> None:
        """Add what the table in use has and the restored one has not, then hold both against the ledger.

        A suppression cannot be made from the ledger, which does not know whose it is. Raises RestoreError.
        """
        restored = {item["pk"]["B"]: item for item in self.items(self.done.suppressions)}
        in_use = {item["pk"]["B"]: item for item in self.items(self._outputs["SuppressionsTable"])}
        check = KEY_CHECK["pk"]["B"]
        if check in in_use and in_use[check] != restored.get(check):
            raise RestoreError(
                "The hash key was rotated since that moment: the suppressions of then lie under another key. Restore "
                "to a moment after the rotation, or keep the table of suppressions that is in use."
            )
        self.done.suppressions_restored = len(restored)
        for pk, item in in_use.items():
            before = content_of(restored[pk], keys) if pk in restored else None
            digest = keys.record("suppressions", pk, "")
            self.done.unheard_of += not self._is_heard_of(digest, content_of(item, keys), since, before)
            missing = {name: value for name, value in item.items() if name not in restored.get(pk, {}) and name != "pk"}
            if missing or pk not in restored:
                self._dynamodb.put_item(
                    TableName=self.done.suppressions, Item={"pk": {"B": pk}} | missing | restored.get(pk, {})
                )
                self.done.suppressions_added_again += 1
        there = {keys.record("suppressions", pk, "") for pk in (*restored, *in_use)}
        self.done.suppressions_missing = len(since.suppressed - there)

    def let_expire(self, resolver: Resolver) -> None:
        """Time to live as the template has it: a restored table that nobody switches to empties itself."""
        wanted = resolver.resolve(read_template()["Resources"]["SubjectsTable"]["Properties"])
        table = self.done.subjects
        ttl = self._dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if ttl["TimeToLiveStatus"] not in {"ENABLED", "ENABLING"}:
            self._dynamodb.update_time_to_live(
                TableName=table, TimeToLiveSpecification=wanted["TimeToLiveSpecification"]
            )

    def protect(self, resolver: Resolver) -> dict[str, str]:
        """Encryption, recovery, deletion protection and stream as the template says; the streams' ARNs by parameter.

        The streams begin empty: nothing may be written into the tables between this and their use.
        """
        template = read_template()["Resources"]
        streams = {}
        for part, table in (("Subjects", self.done.subjects), ("Suppressions", self.done.suppressions)):
            wanted = resolver.resolve(template[f"{part}Table"]["Properties"])
            protected = str(wanted["DeletionProtectionEnabled"]).lower() == "true"
            if self._describe(table).get("DeletionProtectionEnabled", False) != protected:
                self._dynamodb.update_table(TableName=table, DeletionProtectionEnabled=protected)
                self._wait_until_active(table)
            recovery = wanted["PointInTimeRecoverySpecification"]
            days = {"RecoveryPeriodInDays": int(recovery["RecoveryPeriodInDays"])}
            self._dynamodb.update_continuous_backups(
                TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, **days}
            )
            if self._describe(table).get("SSEDescription", {}).get("Status") != "ENABLED":
                encryption = {"Enabled": bool(wanted["SSESpecification"]["SSEEnabled"])}
                self._dynamodb.update_table(TableName=table, SSESpecification=encryption)
                self._wait_until_active(table)
            stream = {"StreamEnabled": True, **wanted["StreamSpecification"]}
            self._dynamodb.update_table(TableName=table, StreamSpecification=stream)
            self._wait_until_active(table)
            streams[f"Restored{part}"] = str(self._describe(table)["LatestStreamArn"])
        return streams

    def stop_streams(self) -> None:
        """Take away the streams that an earlier attempt to switch has made: what is done again must not be told of."""
        for table in (self.done.subjects, self.done.suppressions):
            if self._describe(table).get("StreamSpecification", {}).get("StreamEnabled"):
                self._dynamodb.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
                self._wait_until_active(table)

    def _describe(self, table: str) -> dict[str, Any]:
        described: dict[str, Any] = self._dynamodb.describe_table(TableName=table)["Table"]
        return described

    def _wait_until_active(self, table: str) -> None:
        deadline = time.monotonic() + LONGEST
        while self._describe(table)["TableStatus"] != "ACTIVE":
            if time.monotonic() > deadline:
                raise RestoreError(f"{table} is being changed for longer than an hour. Run this again.")
            time.sleep(2)

    def _pairs(self) -> Iterable[tuple[str, str]]:
        yield self._outputs["SubjectsTable"], self.done.subjects
        yield self._outputs["SuppressionsTable"], self.done.suppressions

    def items(self, table: str) -> Iterator[Item]:
        """Everything in a table."""
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return (item for page in pages for item in page["Items"])


def is_ledgered(item: Item) -> bool:
    """Whether the ledger tells of a record of subjects."""
    return item["sk"]["S"].partition("#")[0] not in NOT_LEDGERED


def content_of(item: Item, keys: LedgerKeys) -> str:
    """The digest of what is in a record, as the ledger has it."""
    return keys.content({name: plain(value) for name, value in item.items() if name not in {"pk", "sk"}})


def date_of(item: Item) -> float:
    """The discard date of an item, in seconds since the epoch; one without is later than any."""
    return float(item.get("discard_at", {}).get("N", "inf"))


def again(task: Restore, outputs: dict[str, str], at: int, now: int) -> None:
    """Do in the restored tables what was done since that moment; it may be done again. Raises RestoreError.

    Raises UnavailableError too.
    """
    task.stop_streams()
    keys = read_ledger_keys(outputs["LedgerKeySecret"])
    since = Since.read(DynamoLedgerDays(outputs["LedgerTable"]), at, task.began(), now)
    task.take_over(since, keys, task.apply(since, keys), now)
    task.suppress_again(since, keys)
    if task.done.suppressions_missing:
        raise RestoreError(
            f"{task.done.suppressions_missing} suppressions of which the ledger tells are in neither table: whose they "
            "are is not known, so the restored table must not be used. Restore to a later moment."
        )


def restore(outputs: dict[str, str], resolver: Resolver, at: int, now: int) -> Restore:
    """All of it, in this order. Raises RestoreError, UnavailableError."""
    task = Restore(outputs, at)
    task.bring_back()
    again(task, outputs, at, now)
    task.let_expire(resolver)
    return task


def main(stack: str, at: str, report: Path | None, *, switch: bool) -> int:
    """Restore the tables of a deployed stack, and switch to them if told to; the exit code."""
    from infra.switch import Switch, switch_to

    described = describe(stack)
    outputs = outputs_of(described)
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in described["Parameters"]}
    resolver = Resolver(parameters | {"AWS::StackName": stack}, read_template()["Conditions"])
    moment = _moment(at)
    try:
        task = restore(outputs, resolver, moment, int(time.time()))
        if switch:
            switch_to(Switch(stack, outputs, parameters), task, resolver, moment)
    except KeptError as error:
        print(error if switch else f"{error} Nothing that is in use was changed.", file=sys.stderr)
        return 1
    text = json.dumps(asdict(task.done), indent=1)
    print(text)
    if report:
        report.write_text(text + "\n", encoding="utf-8")
    print(
        IN_USE if switch else READY.format(stack=stack, at=at, tables=f"{task.done.subjects} {task.done.suppressions}")
    )
    return 0


def _moment(text: str) -> int:
    """Seconds since the epoch. Ends the command where the text is no time, or one of no zone."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        sys.exit(f"AT={text} is no moment in UTC, such as 2026-11-28T03:00:00Z.")
    return int(moment.timestamp())


READY = """\
The tables are ready, and no function reads them. Nothing that is in use was changed. Read the counts above; then either
  make restore STACK={stack} AT={at} SWITCH=yes
puts them in the place of those in use, or delete them: {tables}"""
IN_USE = """\
The restored tables are in use. If samconfig.toml names RestoredSubjects or RestoredSuppressions, write there what the
stack's parameters now say; a deploy with the old ones is refused. The old table of subjects is empty, and can itself be
brought back for as long as the recovery window lasts. Run the purge audit now: it looks at everything again."""

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stack")
    parser.add_argument("at", help="the moment, as in 2026-11-28T03:00:00Z")
    parser.add_argument(
        "--switch", action="store_true", help="then put the restored tables in the place of those in use"
    )
    parser.add_argument("--json", type=Path, help="where to write what was done")
    options = parser.parse_args()
    sys.exit(main(options.stack, options.at, options.json, switch=options.switch))
