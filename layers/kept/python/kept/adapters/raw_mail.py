"""Raw mail in the mail bucket, where SES puts it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from kept.adapters import aws


class S3RawMail:
    """Keeps the port `RawMail`."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._client: Any = aws.client("s3")

    def read(self, key: str) -> bytes | None:
        """The whole mail, at most the 40 MB that SES accepts; None where there is none."""
        with aws.unavailable("read a raw mail"):
            try:
                body: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if aws.error_code(error) == "NoSuchKey":
                    return None
                raise
        return body

    def discard(self, key: str) -> None:
        """Delete the mail."""
        with aws.unavailable("discard a raw mail"):
            self._client.delete_object(Bucket=self._bucket, Key=key)
