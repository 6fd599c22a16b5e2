"""Sealed days of the ledger, in a bucket that is versioned and locked: nothing in it can be written over or deleted.

Whoever may write there can still put a newer version or a delete marker on top, so the oldest version is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from kept.adapters import aws
from kept.domain.seal import day_of_seal, seal_name

_TAKEN = "PreconditionFailed"


class S3Seals:
    """Keeps the port `Seals`."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def days(self) -> list[str]:
        """One listing for each 1,000 versions, which is a page for some years."""
        names = {version["Key"] for version in self._versions(seal_name("").partition("/")[0] + "/")}
        return sorted(day for name in names if (day := day_of_seal(name)) is not None)

    def read(self, name: str) -> bytes | None:
        """The oldest version: a listing and a read."""
        versions = [version for version in self._versions(name) if version["Key"] == name]
        if not versions:
            return None
        oldest = versions[-1].get("VersionId", "null")  # a key's versions are listed from the newest
        at = {} if oldest == "null" else {"VersionId": oldest}
        with aws.unavailable("read a seal"):
            content: bytes = _client().get_object(Bucket=self._bucket, Key=name, **at)["Body"].read()
        return content

    def put(self, name: str, content: bytes) -> bool:
        """One conditional write, unless an older version lies under a delete marker."""
        if self.read(name) is not None:
            return False
        with aws.unavailable("write a seal"):
            try:
                _client().put_object(Bucket=self._bucket, Key=name, Body=content, IfNoneMatch="*")
            except ClientError as error:
                if aws.error_code(error) != _TAKEN:
                    raise
                return False
        return True

    def _versions(self, prefix: str) -> Iterator[dict[str, Any]]:
        with aws.unavailable("list the seals"):
            pages = _client().get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix)
            for page in pages:
                yield from page.get("Versions", ())


@cache
def _client() -> Any:
    return aws.client("s3")
