"""How the deployed stack is set up, as AWS describes it: in the words of `infra/build/intent.py`, to be compared.

What cannot be described (no permission, a service that does not answer, an emulator that lacks it) is left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import cache, partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from kept.adapters import aws
from kept.adapters.dynamo.client import dynamodb
from kept.domain.ledger import RESTORED

Found = dict[str, str]
Rules = Callable[[], tuple[str, list[dict[str, Any]]]]

_UNKNOWN = (ClientError, BotoCoreError, KeyError)
"""What AWS does not answer stays unknown, and the audit goes on with the rest."""

_ABSENT = {
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}
"""S3's codes for a setting that nobody made: that is an answer, and no failure to answer."""


class Deployed:
    """Keeps the port `Deployed`."""

    def __init__(self, receipt_rules: Rules) -> None:
        """`receipt_rules` gives the active rule set's name and its rules; only one module may speak with SES."""
        self._receipt_rules = receipt_rules
        self._describe: dict[str, Callable[[str], Iterator[tuple[str, str]]]] = {
            "table": _table,
            "bucket": _bucket,
            "log": _log,
            "api": _api,
            "function": _function,
            "receipt rules": self._rules,
        }

    def describe(self, kind: str, name: str, settings: Collection[str]) -> Found:
        """The settings of something, as far as they can be learnt: `none` where nobody made such a setting."""
        found: Found = {}
        with suppress(*_UNKNOWN):
            for setting, value in self._describe[kind](name):
                found[setting] = value
            return dict.fromkeys(settings, "none") | found
        return found

    def waiting(self, queue: str) -> int | None:
        """How many messages lie in a queue, whether somebody looks at them or not."""
        with suppress(*_UNKNOWN):
            sqs = _client("sqs")
            url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
            names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            return sum(int(attributes[name]) for name in names)
        return None

    def objects(self, bucket: str) -> int | None:
        """How many objects lie in a bucket, a thousand at most."""
        with suppress(*_UNKNOWN):
            return int(_client("s3").list_objects_v2(Bucket=bucket)["KeyCount"])
        return None

    def copies(self, table: str) -> int | None:
        """How many other tables are named as ones that this one, or the one before it, was restored to."""
        with suppress(*_UNKNOWN):
            prefix = table.partition(RESTORED)[0] + RESTORED
            pages = dynamodb().get_paginator("list_tables").paginate()
            return len(
                [name for page in pages for name in page["TableNames"] if name.startswith(prefix) and name != table]
            )
        return None

    def stream_age_minutes(self, function: str, now: int) -> int | None:
        """The age of the oldest change that a function took from a stream in the last hour; None where none is known.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
        """
        with suppress(*_UNKNOWN):
            end = dt.datetime.fromtimestamp(now, dt.UTC)
            answer = _client("cloudwatch").get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName="IteratorAge",
                Dimensions=[{"Name": "FunctionName", "Value": function}],
                StartTime=end - dt.timedelta(hours=1),
                EndTime=end,
                Period=3600,
                Statistics=["Maximum"],
            )
            ages = [point["Maximum"] for point in answer["Datapoints"]]
            return int(max(ages) / 60_000) if ages else None
        return None

    def _rules(self, _: str) -> Iterator[tuple[str, str]]:
        name, rules = self._receipt_rules()
        yield "active rule set", name or "none"
        for rule in rules:
            yield f"rule {rule['Name']}", _on(rule.get("Enabled"))
            yield f"rule {rule['Name']} scans", _on(rule.get("ScanEnabled"))


@cache
def _client(service: str) -> Any:
    clients: dict[str, Callable[[], Any]] = {
        "s3": partial(aws.client, "s3"),
        "logs": partial(aws.client, "logs"),
        "lambda": partial(aws.client, "lambda"),
        "apigatewayv2": partial(aws.client, "apigatewayv2"),
        "cloudwatch": partial(aws.client, "cloudwatch"),
        "sqs": partial(aws.client, "sqs"),
    }
    return clients[service]()


def _on(value: Any) -> str:
    return "on" if value else "off"


def _table(name: str) -> Iterator[tuple[str, str]]:
    described = dynamodb().describe_table(TableName=name)["Table"]
    stream = described.get("StreamSpecification", {})
    yield "stream", stream.get("StreamViewType", "off") if stream.get("StreamEnabled") else "off"
    encryption = described.get("SSEDescription", {}).get("Status")
    yield "encryption with a key of the account's", _on(encryption == "ENABLED")
    yield "deletion protection", _on(described.get("DeletionProtectionEnabled"))
    ttl = dynamodb().describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    yield "time to live by", ttl.get("AttributeName", "nothing")
    yield "time to live is on", "yes" if ttl["TimeToLiveStatus"] in {"ENABLED", "ENABLING"} else "no"
    backups = dynamodb().describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]
    yield "recovery", _on(recovery["PointInTimeRecoveryStatus"] == "ENABLED")
    yield "days of recovery", str(recovery["RecoveryPeriodInDays"])


def _bucket(name: str) -> Iterator[tuple[str, str]]:
    s3 = _client("s3")
    blocked = _answer(s3.get_public_access_block, name).get("PublicAccessBlockConfiguration", {})
    yield "public access", "blocked" if len(blocked) == 4 and all(blocked.values()) else "not blocked"
    encryption = _answer(s3.get_bucket_encryption, name).get("ServerSideEncryptionConfiguration", {})
    (rule, *_) = encryption.get("Rules", [{}])
    yield "encryption", rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "none")
    yield "versions", _answer(s3.get_bucket_versioning, name).get("Status", "off")
    for rule in _answer(s3.get_bucket_lifecycle_configuration, name).get("Rules", ()):
        yield f"lifecycle rule {rule.get('ID', '')}", _lifecycle(rule)
    lock = _answer(s3.get_object_lock_configuration, name).get("ObjectLockConfiguration", {})
    retention = lock.get("Rule", {}).get("DefaultRetention", {})
    words = [str(retention[key]) for key in ("Mode", "Days", "Years") if key in retention]
    yield "object lock", " ".join(words) if words else _on(lock.get("ObjectLockEnabled") == "Enabled")


def _answer(ask: Callable[..., dict[str, Any]], bucket: str) -> dict[str, Any]:
    """What S3 says of a bucket; nothing where nobody ever set that."""
    try:
        return ask(Bucket=bucket)
    except ClientError as error:
        if aws.error_code(error) in _ABSENT:
            return {}
        raise


def _lifecycle(rule: dict[str, Any]) -> str:
    """A rule in the words of `infra/build/intent.py`."""
    parts = [rule["Status"].lower()]
    if prefix := rule.get("Filter", {}).get("Prefix") or rule.get("Prefix"):
        parts.append(f"below {prefix}")
    if days := rule.get("Expiration", {}).get("Days"):
        parts.append(f"expires after {days} days")
    if days := rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"):
        parts.append(f"old versions after {days} days")
    if days := rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"):
        parts.append(f"unfinished after {days} days")
    return ", ".join(parts)


def _log(name: str) -> Iterator[tuple[str, str]]:
    for group in _client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        if group["logGroupName"] == name:
            days = group.get("retentionInDays")
            yield "kept for", f"{days} days" if days else "ever"


def _api(name: str) -> Iterator[tuple[str, str]]:
    stage = _client("apigatewayv2").get_stage(ApiId=name, StageName="$default")
    limits = {"every route": stage.get("DefaultRouteSettings", {})} | stage.get("RouteSettings", {})
    for route, limit in limits.items():
        if "ThrottlingRateLimit" in limit:
            rate, burst = limit["ThrottlingRateLimit"], limit.get("ThrottlingBurstLimit")
            yield f"limit of {route}", f"{rate:g} a second, {burst} at once"


def _function(name: str) -> Iterator[tuple[str, str]]:
    pages = _client("lambda").get_paginator("list_event_source_mappings").paginate(FunctionName=name)
    for mapping in (mapping for page in pages for mapping in page["EventSourceMappings"]):
        source = mapping["EventSourceArn"]  # …:table/NAME/stream/LABEL or …:sqs:REGION:ACCOUNT:NAME
        if ":table/" in source:
            yield f"takes changes of {source.split('/')[1]}", mapping["State"]
        else:
            yield f"takes queue {source.rpartition(':')[2]}", mapping["State"]
