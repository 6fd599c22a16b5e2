"""`make restore … SWITCH=yes`: puts the restored tables in the place of those in use, and loses nothing on the way.

1. The tables in use are frozen: a resource policy lets nobody write into them but who runs this. Forms and opt-outs are
   answered 503, mail and events wait in their queues; everybody can still be shown what is held, and the gate answers.
2. Once the ledger has heard of every change, all that happened since the moment is done in the restored tables again.
   So at no time does a function see anybody who was discarded, or miss an opt-out.
3. The restored tables get stream, recovery and deletion protection, and are looked at a last time.
4. A change set with the parameters RestoredSubjects and RestoredSuppressions is made, looked through and executed. It
   may touch no table, bucket or key. Where it fails, the stack goes on with the tables that it had, unfrozen.
5. What was written into the old tables all the same is brought after. Then nothing can use them any more: the old table
   of subjects is emptied, and that of suppressions says that it was replaced.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError, WaiterError

from infra.deployed_stack import describe, outputs_of
from infra.local.intrinsics import Resolver
from infra.restore import Restore, RestoreError, again, content_of, date_of, is_ledgered
from kept.adapters.dynamo.suppressions import KEY_CHECK, REPLACED
from kept.adapters.secrets import read_ledger_keys

SETTLE_SECONDS: Final = 60
"""A resource policy is heeded everywhere by then, which AWS says takes a few seconds:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html"""
LEDGER_SECONDS: Final = 900  # so long the ledger may take to hear of everything
PAUSE_SECONDS: Final = 10
CHANGE_SET: Final = "restore"
WRITES: Final = [
    f"dynamodb:{action}"
    for action in (
        "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete",
    )
]  # fmt: skip
PATIENCE: Final = {"Delay": 3, "MaxAttempts": 1200}  # an hour; a stack takes minutes
UNTOUCHABLE: Final = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret"}


@dataclass(frozen=True, slots=True)
class Switch:
    """A deployed stack whose tables are to be others."""

    stack: str
    outputs: dict[str, str]
    parameters: dict[str, str]

    def tables(self) -> tuple[str, str]:
        """The tables in use: subjects and suppressions."""
        return self.outputs["SubjectsTable"], self.outputs["SuppressionsTable"]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Nobody writes into the tables in use; nor does anybody again, unless what is done meanwhile fails."""
        dynamodb = boto3.client("dynamodb")
        arns = [dynamodb.describe_table(TableName=name)["Table"]["TableArn"] for name in self.tables()]
        try:
            for arn in arns:
                dynamodb.put_resource_policy(ResourceArn=arn, Policy=json.dumps(self._policy(arn)))
            yield
        except BaseException:
            for arn in arns:
                with suppress(ClientError):  # that it was not frozen yet
                    dynamodb.delete_resource_policy(ResourceArn=arn)
            raise

    @staticmethod
    def _policy(arn: str) -> dict[str, Any]:
        """Denies to write, but to who runs this.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/access-control-resource-based.html
        """
        ours = boto3.client("sts").get_caller_identity()["UserId"]
        statement: dict[str, Any] = {
            "Sid": "Frozen",
            "Effect": "Deny",
            "Principal": "*",
            "Action": WRITES,
            "Resource": arn,
        }
        statement |= {"Condition": {"StringNotEquals": {"aws:userid": ours}}}
        return {"Version": "2012-10-17", "Statement": [statement]}

    @contextmanager
    def unfollowed(self) -> Iterator[None]:
        """The ledger follows the tables in use no more: what time to live deletes there now is told of but once."""
        client = boto3.client("lambda")
        pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=f"{self.stack}-ledger")
        mappings = [mapping["UUID"] for page in pages for mapping in page["EventSourceMappings"]]
        try:
            for mapping in mappings:
                client.update_event_source_mapping(UUID=mapping, Enabled=False)
            yield
        except BaseException:
            for mapping in mappings:  # the stream keeps what came meanwhile
                client.update_event_source_mapping(UUID=mapping, Enabled=True)
            raise

    def update(self, streams: dict[str, str]) -> None:
        """Deploy the stack as it is with other tables. Raises RestoreError; the stack is then as it was."""
        client = boto3.client("cloudformation")
        same = [{"ParameterKey": name, "UsePreviousValue": True} for name in self.parameters.keys() - streams.keys()]
        others = [{"ParameterKey": name, "ParameterValue": value} for name, value in streams.items()]
        names = {"StackName": self.stack, "ChangeSetName": CHANGE_SET}
        with suppress(ClientError):  # that there is none from an earlier attempt
            client.delete_change_set(**names)
        client.create_change_set(
            **names, UsePreviousTemplate=True, Parameters=[*same, *others],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )  # fmt: skip
        try:
            client.get_waiter("change_set_create_complete").wait(**names, WaiterConfig=PATIENCE)
            self._look_through(client.get_paginator("describe_change_set").paginate(**names))
            client.execute_change_set(**names)
            client.get_waiter("stack_update_complete").wait(StackName=self.stack, WaiterConfig=PATIENCE)
        except WaiterError as error:
            raise RestoreError(
                f"The stack was not updated ({error}). It goes on with the tables that it had; nothing is lost. "
                "See its events in CloudFormation, and run this again."
            ) from None

    @staticmethod
    def _look_through(pages: Any) -> None:
        changes = [each["ResourceChange"] for page in pages for each in page["Changes"]]
        touched = sorted(each["LogicalResourceId"] for each in changes if each["ResourceType"] in UNTOUCHABLE)
        if touched:
            raise RestoreError(f"The change set would touch {', '.join(touched)}, which a switch must not.")

    def in_use_now(self) -> tuple[str, str]:
        """The tables that the stack says are in use."""
        outputs = outputs_of(describe(self.stack))
        return outputs["SubjectsTable"], outputs["SuppressionsTable"]


def switch_to(switch: Switch, task: Restore, resolver: Resolver, at: int) -> None:
    """Put the restored tables in the place of those in use. Raises RestoreError, UnavailableError: nothing is switched.

    Who is interrupted after the stack was updated has the restored tables in use, and an old one that is not emptied.
    """
    _say("Freezing the tables in use: from now on, writes are refused or wait")
    with switch.frozen():
        time.sleep(SETTLE_SECONDS)
        _until_all_is_heard(switch, task, at)
        streams = task.protect(resolver)
        _last_look(switch, task)
        with switch.unfollowed():
            _say("Updating the stack")
            switch.update(streams)
    if switch.in_use_now() != (task.done.subjects, task.done.suppressions):
        raise RestoreError("The stack was updated, but its outputs do not name the restored tables. Look into it.")
    _say("The restored tables are in use; bringing after what came late")
    task.done.came_late = _bring_after(switch, task)
    _retire(switch)


def _until_all_is_heard(switch: Switch, task: Restore, at: int) -> None:
    deadline = time.monotonic() + LEDGER_SECONDS
    while True:
        again(task, switch.outputs, at, int(time.time()))
        if not task.done.unheard_of:
            return
        if time.monotonic() > deadline:
            raise RestoreError(
                f"The ledger has not heard of the last change of {task.done.unheard_of} records. See what lies in "
                "LedgerFailures (make replay-ledger), and run this again. Nothing was switched."
            )
        _say(f"Waiting for the ledger to hear of {task.done.unheard_of} changes")
        time.sleep(PAUSE_SECONDS)  # each look reads all that changed, so not without a pause


def _last_look(switch: Switch, task: Restore) -> None:
    """Whether the restored tables are fit to be used. Raises RestoreError."""
    dynamodb = boto3.client("dynamodb")
    check = [
        dynamodb.get_item(TableName=name, Key=KEY_CHECK, ConsistentRead=True).get("Item")
        for name in (switch.tables()[1], task.done.suppressions)
    ]
    ttl = dynamodb.describe_time_to_live(TableName=task.done.subjects)["TimeToLiveDescription"]["TimeToLiveStatus"]
    wrong = []
    if check[0] != check[1] or check[0] is None:
        wrong.append("its suppressions do not lie under the key in use")
    if ttl not in {"ENABLED", "ENABLING"}:
        wrong.append("it has no time to live")
    for table in (task.done.subjects, task.done.suppressions):
        described = dynamodb.describe_table(TableName=table)["Table"]
        backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        if not described.get("StreamSpecification", {}).get("StreamEnabled"):
            wrong.append(f"{table} has no stream")
        if backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] != "ENABLED":
            wrong.append(f"{table} has no recovery")
    if wrong:
        raise RestoreError(f"The restored table is not fit to be used: {'; '.join(wrong)}. Nothing was switched.")


def _bring_after(switch: Switch, task: Restore) -> int:
    """Do in the tables in use what was written into the old ones since they were last read; how much that was.

    It is nothing where the freeze was heeded. What is written here, the ledger hears of.
    """
    dynamodb, count = boto3.client("dynamodb"), 0
    keys = read_ledger_keys(switch.outputs["LedgerKeySecret"])
    subjects, suppressions = switch.tables()
    left = dict(task.in_use)
    for item in filter(is_ledgered, task.items(subjects)):
        digest = keys.record("subjects", item["pk"]["B"], item["sk"]["S"])
        if left.pop(digest, None) != content_of(item, keys):
            dynamodb.put_item(TableName=task.done.subjects, Item=item)
            count += 1
    for item in list(task.items(task.done.subjects)) if left else ():
        is_gone = keys.record("subjects", item["pk"]["B"], item["sk"]["S"]) in left
        if is_gone and date_of(item) > time.time():  # what is past its date goes by time to live here too
            dynamodb.delete_item(TableName=task.done.subjects, Key={name: item[name] for name in ("pk", "sk")})
            count += 1
    for item in task.items(suppressions):
        there = dynamodb.get_item(TableName=task.done.suppressions, Key={"pk": item["pk"]}, ConsistentRead=True)
        for name in item.keys() - there.get("Item", {}).keys() - {"pk"}:
            dynamodb.update_item(
                TableName=task.done.suppressions,
                Key={"pk": item["pk"]},
                UpdateExpression="SET #name = if_not_exists(#name, :value)",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":value": item[name]},
            )
            count += 1
    return count


def _retire(switch: Switch) -> None:
    """Leave nobody's record in a table that no audit looks at, and no way back to suppressions that are out of date."""
    dynamodb = boto3.client("dynamodb")
    subjects, suppressions = switch.tables()
    dynamodb.put_item(TableName=suppressions, Item=KEY_CHECK | {"key_check": {"S": REPLACED}})
    pages = dynamodb.get_paginator("scan").paginate(TableName=subjects, ProjectionExpression="pk, sk")
    for item in (item for page in pages for item in page["Items"]):
        dynamodb.delete_item(TableName=subjects, Key=item)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S', time.gmtime())} {text}", flush=True)
