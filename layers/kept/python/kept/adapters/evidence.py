"""The evidence that everybody may see: one object, and what is counted in CloudWatch for it."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any, Literal

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from kept.adapters import aws
from kept.domain.errors import UnavailableError
from kept.domain.evidence import Evidence

KEY = "evidence.json"
_ABSENT = {"NoSuchKey", "AccessDenied"}  # S3 answers the second to who may not list what there is


class S3Evidence:
    """Keeps the port `PublicEvidence`."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def find(self) -> Evidence | None:
        """One object."""
        with aws.unavailable("read the evidence"):
            try:
                content: bytes = _client("s3").get_object(Bucket=self._bucket, Key=KEY)["Body"].read()
            except ClientError as error:
                if aws.error_code(error) in _ABSENT:
                    return None
                raise
        try:
            return msgspec.json.decode(content, type=Evidence)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise UnavailableError("read the evidence: it is not what was written") from None

    def put(self, evidence: Evidence) -> None:
        """One object."""
        content = msgspec.json.encode(evidence)
        with aws.unavailable("write the evidence"):
            _client("s3").put_object(Bucket=self._bucket, Key=KEY, Body=content, ContentType="application/json")


class CloudWatchCounts:
    """Keeps the port `Counted`."""

    def permissions(
        self, channel: Literal["email", "post", "phone"], decision: Literal["allowed", "refused"], days: int, now: int
    ) -> int | None:
        """What `functions/permissions` counts; None where CloudWatch has nothing, or does not answer."""
        end = dt.datetime.fromtimestamp(now, dt.UTC)
        named = {"service": "permissions", "channel": channel, "decision": decision}
        try:
            answer = _client("cloudwatch").get_metric_statistics(
                Namespace="Kept",
                MetricName="Permissions",
                Dimensions=[{"Name": name, "Value": value} for name, value in named.items()],
                StartTime=end - dt.timedelta(days=days),
                EndTime=end,
                Period=86400,
                Statistics=["Sum"],
            )
            points = answer["Datapoints"]
        except (ClientError, BotoCoreError, KeyError):
            return None
        return int(sum(point["Sum"] for point in points)) if points else None


@cache
def _client(service: Literal["s3", "cloudwatch"]) -> Any:
    return aws.client("s3") if service == "s3" else aws.client("cloudwatch")
