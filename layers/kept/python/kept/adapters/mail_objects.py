"""The raw mails that are in the mail bucket, to be counted and compared; nothing here reads one."""

from __future__ import annotations

from functools import cache
from typing import Any

from kept.adapters import aws
from kept.app.ports.audit import MailPage


class S3MailObjects:
    """Keeps the port `MailObjects`."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def page(self, after: str | None) -> MailPage:
        """One call for up to 1,000 of them."""
        start = {"StartAfter": after} if after else {}
        with aws.unavailable("list the raw mails"):
            answer = _client().list_objects_v2(Bucket=self._bucket, Prefix="raw/", **start)
        keys = [(each["Key"], int(each["LastModified"].timestamp())) for each in answer.get("Contents", ())]
        return MailPage(keys, keys[-1][0] if answer.get("IsTruncated") else None)

    def is_there(self, key: str) -> bool:
        """One call, which needs no right to read the mail."""
        with aws.unavailable("look for a raw mail"):
            answer = _client().list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        return any(each["Key"] == key for each in answer.get("Contents", ()))


@cache
def _client() -> Any:
    return aws.client("s3")
