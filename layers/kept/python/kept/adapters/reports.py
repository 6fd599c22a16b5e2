"""The purge audit's reports, under their day in a bucket of their own, and where its weekly reading has come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from botocore.exceptions import ClientError

from kept.adapters import aws
from kept.app.ports.audit import Progress
from kept.domain.audit import Day, Report, Summary, summary_of

INDEX = "index.json"
KEPT = 400  # reports in the index; the bucket's lifecycle is about that
_PROGRESS = "progress/state.json"

T = TypeVar("T")


class S3Reports:
    """Keeps the ports `Reports` and `AuditProgress`."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    # ---------------------------------------------------------------- Reports

    def find(self, day: Day) -> Report | None:
        """One object."""
        return self._find(f"{day}/report.json", Report)

    def put(self, report: Report, pages: Mapping[str, bytes]) -> None:
        """An object for the report and for each page; the index last, so that what it names is there."""
        content = msgspec.json.format(msgspec.json.encode(report), indent=1)
        self._put(f"{report.day}/report.json", content, "application/json")
        for code, page in pages.items():
            self._put(f"{report.day}/report.{code}.html", page, "text/html; charset=utf-8")
        others = [each for each in self.summaries() if each.day != report.day]
        newest_first = sorted([summary_of(report), *others], key=lambda each: each.day, reverse=True)
        self._put(INDEX, msgspec.json.encode(newest_first[:KEPT]), "application/json")

    def summaries(self) -> list[Summary]:
        """One object."""
        return self._find(INDEX, list[Summary]) or []

    # ---------------------------------------------------------------- AuditProgress

    def read(self) -> Progress | None:
        """One object."""
        return self._find(_PROGRESS, Progress)

    def write(self, progress: Progress) -> None:
        """One object."""
        self._put(_PROGRESS, msgspec.json.encode(progress), "application/json")

    def remember(self, day: Day, digests: bytes) -> None:
        """One object for each night of a pass; the lifecycle removes it."""
        self._put(f"progress/{day}", digests, "application/octet-stream")

    def remembered(self, days: Iterable[Day]) -> bytes:
        """All of them, one after the other."""
        return b"".join(self._get(f"progress/{day}") or b"" for day in days)

    def _find(self, key: str, wanted: type[T]) -> T | None:
        content = self._get(key)
        return None if content is None else msgspec.json.decode(content, type=wanted)

    def _get(self, key: str) -> bytes | None:
        with aws.unavailable("read a report"):
            try:
                content: bytes = _client().get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if aws.error_code(error) == "NoSuchKey":
                    return None
                raise
        return content

    def _put(self, key: str, content: bytes, content_type: str) -> None:
        with aws.unavailable("write a report"):
            _client().put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type)


@cache
def _client() -> Any:
    return aws.client("s3")
