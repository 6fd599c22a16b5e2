"""An S3 object read piece by piece, so that its size does not matter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from kept.adapters import aws

_PIECE_BYTES = 256 * 1024


def pieces(client: Any, bucket: str, key: str) -> Iterator[bytes] | None:
    """The object's bytes; None where there is none. Raises UnavailableError, also while they are read."""
    with aws.unavailable("read a file"):
        try:
            body = client.get_object(Bucket=bucket, Key=key)["Body"]
        except ClientError as error:
            if aws.error_code(error) == "NoSuchKey":
                return None
            raise

    def read() -> Iterator[bytes]:
        with aws.unavailable("read a file"):
            yield from body.iter_chunks(_PIECE_BYTES)

    return read()
