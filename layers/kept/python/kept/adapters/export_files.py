"""Packages of what is held about a person, and what other systems send for them, in the exports bucket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from kept.adapters import aws
from kept.adapters.object_pieces import pieces
from kept.app.ports.exports import UploadForm
from kept.domain.errors import NotFoundError

PART_BYTES: Final = 8 * 1024 * 1024
"""S3 takes parts of 5 MB or more, and 10,000 of them: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""

_MISSING = {"404", "NoSuchKey", "NotFound"}


class S3ExportFiles:
    """Keeps the port `ExportFiles`."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._client: Any = aws.client("s3", signature="s3v4")  # addresses signed otherwise are refused in many regions

    @contextmanager
    def upload(self, key: str) -> Iterator[_Upload]:
        """A multipart upload of parts of 8 MB; the bucket's lifecycle ends one that is left unfinished."""
        upload = _Upload(self._client, self._bucket, key)
        try:
            yield upload
            upload.complete()
        except BaseException:
            upload.abort()
            raise

    def url(self, key: str, name: str, seconds: int) -> str:
        """Signed with the function's own credentials, by computing only."""
        answer = {
            "ResponseContentDisposition": f'attachment; filename="{name}"',
            "ResponseContentType": "application/zip",
        }
        with aws.unavailable("sign an address"):
            url: str = self._client.generate_presigned_url(
                "get_object", {"Bucket": self._bucket, "Key": key, **answer}, ExpiresIn=seconds
            )
        return url

    def upload_form(self, key: str, largest: int, seconds: int) -> UploadForm:
        """A signed policy: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html."""
        with aws.unavailable("sign a form"):
            made = self._client.generate_presigned_post(
                self._bucket, key, Conditions=[["content-length-range", 0, largest]], ExpiresIn=seconds
            )
        return UploadForm(made["url"], made["fields"])

    def size(self, key: str) -> int | None:
        """One HeadObject."""
        with aws.unavailable("look for a file"):
            try:
                size: int = self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]
            except ClientError as error:
                if aws.error_code(error) in _MISSING:
                    return None
                raise
        return size

    def read(self, key: str) -> Iterator[bytes]:
        """One GetObject."""
        found = pieces(self._client, self._bucket, key)
        if found is None:
            raise NotFoundError("There is no such file.")
        return found

    def discard(self, key: str) -> None:
        """One DeleteObject."""
        with aws.unavailable("discard a file"):
            self._client.delete_object(Bucket=self._bucket, Key=key)


class _Upload:
    """A multipart upload under way: never more than one part is in memory."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._where = client, {"Bucket": bucket, "Key": key}
        self._parts: list[dict[str, Any]] = []
        self._buffer = bytearray()
        with aws.unavailable("begin an upload"):
            made = client.create_multipart_upload(**self._where, ContentType="application/zip")
        self._where["UploadId"] = made["UploadId"]

    def write(self, content: bytes) -> int:
        """Take some bytes; a whole part is sent."""
        self._buffer += content
        while len(self._buffer) >= PART_BYTES:
            self._send(bytes(self._buffer[:PART_BYTES]))
            del self._buffer[:PART_BYTES]
        return len(content)

    def flush(self) -> None:
        """Nothing: a part goes when it is whole."""

    def complete(self) -> None:
        """Send what is left and make the file appear."""
        self._send(bytes(self._buffer))
        with aws.unavailable("complete an upload"):
            self._client.complete_multipart_upload(**self._where, MultipartUpload={"Parts": self._parts})

    def abort(self) -> None:
        """Leave nothing behind. Where that fails too, the bucket's lifecycle sees to it."""
        with suppress(ClientError, BotoCoreError):  # what went wrong first is what is told
            self._client.abort_multipart_upload(**self._where)

    def _send(self, part: bytes) -> None:
        number = len(self._parts) + 1
        with aws.unavailable("upload a part"):
            sent = self._client.upload_part(**self._where, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
