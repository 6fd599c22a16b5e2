"""Runs inside a fresh process on the built artefacts: `export_probe.py BUILD RECORDS`, prints what a package costs.

A person with so many records, three in five of them orders and one in ten a mail, is served by a stub below botocore
that pages as DynamoDB does: requests are built, signed and parsed as they would be. The stub's own time is taken off.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from probe import EVENTS, EXPORT_JOB, MAIL, OUTPUT, SECRET, Context, check_value, use_build  # as in run.py

PAGE_BYTES = 1024 * 1024  # of items that one Query reads at the most
UNIT_BYTES = 4096  # of items that one read unit pays for, read consistently
TEXT = "Where is my parcel? It should have come on Tuesday, and nobody has called. " * 8
PK = base64.b64encode(bytes(16)).decode()


def record(number: int) -> dict[str, Any]:
    """A record in DynamoDB's JSON."""
    common = {
        "pk": {"B": PK},
        "discard_at": {"N": "4000000000"},
        "email": {"S": "ann@example.com"},
        "phone": {"S": "+201001234567"},
        "postal_address": {"M": {"text": {"S": "1 Nile Street, Cairo"}, "purposes": {"L": [{"S": "order_delivery"}]}}},
    }
    if number % 5 < 3:
        order = {"order_id": {"S": f"A-{number}"}, "placed_online": {"BOOL": True}, "placed_at": {"N": "1800000000"}}
        return common | order | {"sk": {"S": f"order#{number:032x}"}, "version": {"N": "1"}}
    note = {"at": {"N": "1800000000"}, "by": {"S": "sam"}, "text": {"S": "Called, and will call again"}}
    message = {
        "sk": {"S": f"message#{number:032x}"},
        "kind": {"S": "message"},
        "received_at": {"N": "1800000000"},
        "text": {"S": TEXT},
        "notes": {"L": [{"M": note}]},
        "queue": {"S": "new#1"},
    }
    mail = {"mail": {"M": {"raw_key": {"S": f"raw/{number}"}, "intents": {"L": [{"S": "contact"}]}}}}
    return common | message | (mail if number % 10 == 4 else {})


def item_bytes(value: Any) -> int:
    """An item's size, nearly as DynamoDB counts it: its names and values in UTF-8."""
    if isinstance(value, dict):
        return sum(len(name.encode()) + item_bytes(inner) for name, inner in value.items())
    return sum(map(item_bytes, value)) if isinstance(value, list) else len(str(value).encode())


class Stub:
    """DynamoDB, S3 and Secrets Manager, as far as a package needs them."""

    def __init__(self, records: int) -> None:
        self.records, self.units, self.queries, self.uploaded, self.seconds = records, 0, 0, 0, 0.0

    def answer(self, request: Any) -> tuple[bytes, dict[str, str]]:
        """A request's answer and its headers."""
        began = time.process_time()
        target = request.headers.get("X-Amz-Target", b"")
        operation = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        sent = request.body or b""
        answered = self._dynamodb(operation, json.loads(sent)) if operation else self._s3(request)
        self.seconds += time.process_time() - began
        return answered, {"ETag": '"part"'}

    def _dynamodb(self, operation: str, sent: Any) -> bytes:
        if operation == "Query":
            return self._query(sent)
        export = {
            "discard_at": {"N": "4000000000"}, "created_at": {"N": str(int(time.time()))}, "status": {"S": "asked"},
            "waits_until": {"N": str(int(time.time()))}, "email": {"S": "ann@example.com"}, "language": {"S": "en"},
            "package_key": {"S": "packages/1.zip"}, "sources": {"L": []},
        }  # fmt: skip
        check = {"pk": {"B": base64.b64encode(b"key-check").decode()}, "key_check": {"S": check_value()}}
        answers: dict[str, Any] = {
            "GetSecretValue": {"SecretString": SECRET, "Name": "hash-key"},
            "GetItem": {"Item": export},
            "BatchGetItem": {"Responses": {"suppressions": [check]}, "UnprocessedKeys": {}},
        }
        return json.dumps(answers.get(operation, {})).encode()

    def _query(self, sent: Any) -> bytes:
        """A page of the person's partition; the telephone number's own holds nothing, nor does the ledger."""
        self.queries += 1
        if sent["TableName"] != "subjects" or sent["ExpressionAttributeValues"][":pk"]["B"] != PK:
            self.units += 1
            return b'{"Items":[],"Count":0,"ScannedCount":0}'
        after = sent.get("ExclusiveStartKey")
        number, size, items = int(after["sk"]["S"].partition("#")[2], 16) + 1 if after else 0, 0, []
        while number < self.records and len(items) < sent["Limit"] and size < PAGE_BYTES:
            items.append(record(number))
            size += item_bytes(items[-1])
            number += 1
        self.units += max(1, -(-size // UNIT_BYTES))
        page: dict[str, Any] = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
        if number < self.records:
            page["LastEvaluatedKey"] = {"pk": {"B": PK}, "sk": items[-1]["sk"]}
        return json.dumps(page).encode()

    def _s3(self, request: Any) -> bytes:
        if request.method == "GET":
            return MAIL
        if request.method == "PUT":
            self.uploaded += len(request.body.read() if hasattr(request.body, "read") else request.body)
            return b""
        name = "InitiateMultipartUploadResult" if request.url.endswith("uploads") else "CompleteMultipartUploadResult"
        return f"<{name}><UploadId>u</UploadId><ETag>e</ETag></{name}>".encode()


def stub_network(stub: Stub) -> None:
    """Answer every request below botocore, after it was built and signed."""
    from botocore.awsrequest import AWSResponse
    from botocore.httpsession import URLLib3Session

    class Raw(io.BytesIO):
        def stream(self, **_: Any) -> Any:
            return iter([self.read()])

    def send(_: Any, request: Any) -> AWSResponse:
        body, headers = stub.answer(request)
        return AWSResponse(request.url, 200, {"content-type": "application/x-amz-json-1.0"} | headers, Raw(body))

    URLLib3Session.send = send  # type: ignore[assignment,method-assign]


def peak_memory() -> float:
    """MB that this process had at its peak. Of Linux: getrusage counts what the process that started this one had."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Make one package, and read the same pages once more with botocore alone."""
    build, records = Path(sys.argv[1]), int(sys.argv[2])
    use_build(build, "exports")
    os.environ["KEY_CHECK"] = check_value()
    with contextlib.redirect_stdout(OUTPUT):
        import app

        stub = Stub(records)
        stub_network(stub)
        app.handler({"Records": []}, Context())  # what is loaded once is not counted
        began, taken = time.process_time(), stub.seconds
        result = app.handler(EVENTS["exports"], Context())
        cpu = time.process_time() - began - (stub.seconds - taken)
        peak = peak_memory()
        units = stub.units
        if result["batchItemFailures"] or '"made"' not in OUTPUT.getvalue():
            sys.exit(f"no package was made: {OUTPUT.getvalue()}")
        floor = bare(stub)
    figures = {"cpu": cpu * 1000, "floor": floor * 1000, "units": units, "peak": peak, "zip": stub.uploaded / 1e6}
    print(json.dumps({"records": records, **{name: round(value, 2) for name, value in figures.items()}}))


def bare(stub: Stub) -> float:
    """CPU seconds that botocore's own paging of the same partition takes."""
    import botocore.session

    client = botocore.session.get_session().create_client("dynamodb")
    began, taken, more = time.process_time(), stub.seconds, {}
    while True:
        page = client.query(
            TableName="subjects", KeyConditionExpression="pk = :pk", Limit=1000,
            ExpressionAttributeValues={":pk": {"B": bytes.fromhex(EXPORT_JOB["subject"])}}, **more,
        )  # fmt: skip
        if "LastEvaluatedKey" not in page:
            return time.process_time() - began - (stub.seconds - taken)
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


if __name__ == "__main__":
    main()
