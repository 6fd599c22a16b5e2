"""Raw mail in the mail bucket, where SES puts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kept.adapters import aws
from kept.adapters.object_pieces import pieces


class S3RawMail:
    """Keeps the port `RawMail`."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._client: Any = aws.client("s3")

    def read(self, key: str) -> bytes | None:
        """The whole mail, at most the 40 MB that SES accepts; None where there is none."""
        found = self.pieces(key)
        return None if found is None else b"".join(found)

    def pieces(self, key: str) -> Iterator[bytes] | None:
        """One GetObject."""
        return pieces(self._client, self._bucket, key)

    def discard(self, key: str) -> None:
        """Delete the mail."""
        with aws.unavailable("discard a raw mail"):
            self._client.delete_object(Bucket=self._bucket, Key=key)
