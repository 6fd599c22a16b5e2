"""Runs inside a fresh process on the built artefacts: `probe.py BUILD MODE FUNCTION`, prints CPU milliseconds as JSON.

Only what is deployed is on the path, and the network is a stub below botocore, so that both sides of a comparison
build, sign and parse real requests.
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

SECRET = "a hash key for benchmarks only, long enough to be one"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_REGION": "eu-west-1",
    "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
    "POWERTOOLS_METRICS_NAMESPACE": "Kept",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "SUBJECTS_TABLE": "subjects",
    "SUPPRESSIONS_TABLE": "suppressions",
    "MAIL_BUCKET": "mail",
    "MAIL_DOMAIN": "example.com",
    "PUBLIC_URL": "https://privacy.example.com",
    "CONFIGURATION_SET": "kept",
    "MAIL_QUEUE": "https://sqs.eu-west-1.amazonaws.com/000000000000/mail",
    "HASH_KEY_SECRET": "hash-key",
    "LEDGER_TABLE": "ledger",
    "LEDGER_KEY_SECRET": "ledger-key",
    "SEALS_BUCKET": "seals",
    "REPORTS_BUCKET": "reports",
    "STAGE": "production",
    "STACK_NAME": "kept",
    "ACCOUNT_ID": "000000000000",
    "API": "api",
    "RECOVERY_DAYS": "7",
    "MAIL_LIFECYCLE_DAYS": "366",
    "EXPORT_LIFECYCLE_DAYS": "8",
    "LOG_RETENTION_DAYS": "14",
    "LEDGER_DAYS": "730",
    "SEALS_LOCK_MODE": "GOVERNANCE",
    "SCAN_UNITS_PER_SECOND": "200",
    "MAIL_IN_TRANSIT_SECONDS": "86400",
    "STAFF_CLIENT_ID": "staff",
    "EXPORTS_BUCKET": "exports",
    "EXPORTS_QUEUE": "https://sqs.eu-west-1.amazonaws.com/000000000000/exports",
    "SIGN_IN_URL": "https://kept.auth.eu-west-1.amazoncognito.com",
}
CLIENTS = {
    "contact_intake": ["dynamodb", "secretsmanager"],
    "opt_out": ["dynamodb", "secretsmanager"],
    "review": ["dynamodb", "secretsmanager"],
    "desk": ["dynamodb", "secretsmanager"],
    "inbound_email": ["dynamodb", "secretsmanager", "s3"],
    "permissions": ["dynamodb", "secretsmanager"],
    "orders": ["dynamodb", "secretsmanager"],
    "access_requests": ["dynamodb", "secretsmanager", "sqs"],
    "mailing": ["dynamodb", "secretsmanager", "ses"],
    "registrations": ["dynamodb", "secretsmanager", "sqs"],
    "account": ["dynamodb", "secretsmanager"],
    "exports": ["dynamodb", "secretsmanager", "s3"],
    "ledger": ["dynamodb", "secretsmanager", "s3"],
    "seal": ["dynamodb", "s3", "events"],
    "purge_audit": [
        "dynamodb",
        "secretsmanager",
        "s3",
        "events",
        "ses",
        "sqs",
        "logs",
        "lambda",
        "cloudwatch",
        "apigatewayv2",
    ],
    "audits": ["s3"],
    "pages": ["secretsmanager"],
    "deployment": ["dynamodb", "secretsmanager"],
}
MAIL = b"From: ann@example.com\r\nTo: support@example.com\r\nSubject: Hello\r\n\r\nWhere is my parcel?\r\n"
WARM_UP, WARM_CALLS = 50, 500
CHECKS, CHECK_CALLS = 1000, 100  # 100,000 different addresses
SUPPRESSED = 5  # of 100
RENDERED = 100
PAGES = [
    f"/{language}{page}"
    for language in ("en", "ar")
    for page in ("", "/write", "/stop-emails", "/your-data", "/complain", "/cancel", "/policy", "/promises")
]
OUTPUT = io.StringIO()  # the function's own lines


class Context:
    """Lambda's context, as far as it is used."""

    aws_request_id = "r"
    function_name = "benchmark"

    def get_remaining_time_in_millis(self) -> int:
        """All that the audit has."""
        return 900_000


def http(method: str, path: str, body: Any = None) -> dict[str, Any]:
    """An HTTP API event of somebody who may do everything."""
    claims = {
        "token_use": "access",
        "client_id": "staff",
        "username": "sam",
        "cognito:groups": "[staff]",
        "scope": "kept/permissions kept/orders",
    }
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path},
            "stage": "$default",
            "authorizer": {"jwt": {"claims": claims}},
        },
        "body": json.dumps(body) if body else None,
        "isBase64Encoded": False,
    }


NOTIFICATION = {
    "notificationType": "Received",
    "mail": {"messageId": "m", "source": "ann@example.com", "timestamp": "2100-01-01T00:00:00Z"},
    "receipt": {"action": {"objectKey": "raw/m"}},
}
LINK_MAIL = {"job": "1", "email": "ann@example.com", "language": "en"}
EXPORT_JOB = {"subject": "00" * 16, "export_id": "0" * 32}
EVENTS: dict[str, dict[str, Any]] = {
    "contact_intake": http(
        "POST",
        "/contacts",
        {"email": "ann@example.com", "name": "Ann", "message": "Where is my parcel? " * 10},
    ),
    "opt_out": http("POST", "/opt-outs", {"email": "ann@example.com"}),
    "review": http("GET", "/reviews"),
    "inbound_email": {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": json.dumps(NOTIFICATION)}]},
    "permissions": http(
        "POST",
        "/permissions",
        {"checks": [{"channel": "email", "address": "ann@example.com", "purpose": "marketing"}]},
    ),
    "orders": http(
        "PUT",
        "/orders/1",
        {"email": "ann@example.com", "placed_online": True, "placed_at": time.strftime("%Y-%m-%dT00:00:00Z")},
    ),
    "access_requests": http("POST", "/access-requests", {"email": "ann@example.com"}),
    "mailing": {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": json.dumps(LINK_MAIL)}]},
    "registrations": http(
        "POST", "/registrations", {"email": "ann@example.com", "policy_version": "2017-06", "accepted": True}
    ),
    "account": http("POST", "/sessions", {"token": f"{'0' * 32}.{'a' * 43}"}),
    "exports": {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": json.dumps(EXPORT_JOB)}]},
    "ledger": {
        "Records": [
            {
                "eventID": "1",
                "eventName": "REMOVE",
                "eventSource": "aws:dynamodb",
                "eventSourceARN": "arn:aws:dynamodb:eu-west-1:000000000000:table/subjects/stream/2100-01-01T00:00:00",
                "dynamodb": {
                    "SequenceNumber": "1",
                    "ApproximateCreationDateTime": 4102444800,
                    "Keys": {"pk": {"B": "AAAA"}, "sk": {"S": "message#1"}},
                    "OldImage": {"mail": {"M": {"raw_key": {"S": "raw/m"}}}},
                },
            }
        ]
    },
    "seal": {},
    "purge_audit": {},
    "audits": http("GET", "/audits"),
    "pages": http("GET", "/en/write"),
    "desk": http("GET", "/desk/en"),
    "deployment": {
        "ResourceType": "Custom::DeploymentCheck",
        "RequestType": "Create",
        "ResponseURL": "http://127.0.0.1:1/",
        "StackId": "s",
        "RequestId": "r",
        "LogicalResourceId": "l",
        "ResourceProperties": {"MailLifecycleDays": "366", "ExportLifecycleDays": "8", "LedgerDays": "730"},
    },
}


def staff_cookie() -> str:
    """The cookie of a member of staff, as the desk would have signed it."""
    import hmac

    said = json.dumps(["sam", 4102444800]).encode()
    signed = b"".join(len(part).to_bytes(4) + part for part in (b"sign staff session", said))
    mac = hmac.digest(SECRET.encode(), signed, "sha256")[:16]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (said, mac))


EVENTS["desk"]["headers"]["cookie"] = f"__Host-kept-staff={staff_cookie()}"


def use_build(build: Path, function: str) -> None:
    """Put the layers and the function on the path, as Lambda does."""
    folder = "".join(part.title() for part in function.split("_")) + "Function"
    sys.path[:0] = [
        str(build / folder),
        str(build / "KeptLayer/python"),
        str(build / "DependenciesLayer/python"),
    ]
    os.environ.update(ENVIRONMENT)


def stub_network() -> None:
    """Answer every request below botocore, after it was built and signed."""
    import urllib.request

    from botocore.awsrequest import AWSResponse
    from botocore.httpsession import URLLib3Session

    class Raw(io.BytesIO):
        def stream(self, **_: Any) -> Any:
            return iter([self.read()])

    def answer(_: Any, request: Any) -> AWSResponse:
        target = request.headers.get("X-Amz-Target", b"")
        operation = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        sent = request.body or b""
        sent = sent.encode() if isinstance(sent, str) else sent if isinstance(sent, bytes) else b""  # a stream to S3
        found: dict[str, Any] = {"Item": {"pk": {"B": ""}, "key_check": {"S": check_value()}}}
        if b'"beginning"' in sent:  # the ledger's first day, which is yesterday
            found = {"Item": {"day": {"S": time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))}}}
        elif b"link#" in sent:
            found = {"Item": LINK}
        elif b'"subjects"' in sent or b'"ledger"' in sent:
            found = {}
        body = {
            "GetSecretValue": json.dumps({"SecretString": SECRET, "Name": "hash-key"}).encode(),
            "Query": b'{"Items":[],"Count":0,"ScannedCount":0}',
            "UpdateItem": b'{"Attributes":{}}',
            "GetItem": json.dumps(found).encode(),
            "Scan": b'{"Items":[],"Count":0,"ScannedCount":0}',
            "DescribeTable": b'{"Table":{}}',
            "BatchGetItem": SUPPRESSIONS,
            "TransactWriteItems": b"{}",
        }.get(operation, b"{}" if operation else MAIL if request.method == "GET" else b"")
        if "//email." in request.url:
            body = SENT_MAIL
        if "?versions" in request.url:
            body = NO_VERSIONS
        if "list-type=2" in request.url:
            body = NO_OBJECTS
        if "//reports.s3" in request.url and request.method == "GET":
            found_there = (200, EVIDENCE) if request.url.endswith("/evidence.json") else (404, NO_REPORT)
            return AWSResponse(request.url, found_there[0], {}, Raw(found_there[1]))
        headers = {"x-amzn-requestid": "r", "content-type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, 200, headers, Raw(body))

    URLLib3Session.send = answer  # type: ignore[assignment,method-assign]
    urllib.request.urlopen = lambda *_, **__: contextlib.nullcontext()  # type: ignore[assignment,misc]


LINK = {"discard_at": {"N": "9999999999"}, "email": {"S": "ann@example.com"}}
SENT_MAIL = b"<R><SendRawEmailResult><MessageId>m</MessageId></SendRawEmailResult></R>"
NO_OBJECTS = b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"
NO_REPORT = b"<Error><Code>NoSuchKey</Code></Error>"
EVIDENCE = json.dumps(
    {
        "day": time.strftime("%Y-%m-%d"),
        "written_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "kept": True,
        "oldest_overdue_hours": 5,
        "sealed": "2026-11-27",
        "seal_verifies": True,
        "counts": {
            name: {"least": 10, "most": 19}
            for name in ("came_in", "discarded", "held", "suppressed", "email_refused", "nights_kept")
        },
    }
).encode()
NO_VERSIONS = b"<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>"
SUPPRESSIONS = json.dumps(
    {
        "Responses": {
            "suppressions": [
                {
                    "pk": {"B": base64.b64encode(bytes([number] * 16)).decode()},
                    "marketing": {"M": {"reason": {"S": "form"}, "at": {"N": "1800000000"}}},
                }
                for number in range(SUPPRESSED)
            ]
        },
        "UnprocessedKeys": {},
    }
).encode()


def check_value() -> str:
    """The key's check value, as the deployment function would have written it."""
    import hmac

    return hmac.digest(SECRET.encode(), (5).to_bytes(4) + b"check", "sha256").hex()


def cold(function: str) -> float:
    """CPU milliseconds from an empty process to the first answer."""
    os.environ["KEY_CHECK"] = check_value()
    began = time.process_time()
    import app

    imported = time.process_time() - began
    stub_network()  # not counted: it is no part of what is deployed
    began = time.process_time()
    result = app.handler(EVENTS[function], Context())
    called = time.process_time() - began
    check_result(function, result)
    return (imported + called) * 1000


def check_result(function: str, result: Any) -> None:
    """Make sure that what was measured is the work and not a refusal."""
    good = {"contact_intake": 201, "opt_out": 202, "review": 200, "pages": 200, "permissions": 200, "orders": 200}
    good |= {"access_requests": 202, "registrations": 202, "account": 201, "audits": 200}
    good |= {"desk": 200}
    if function in good and result["statusCode"] != good[function]:
        sys.exit(f"{function} answered {result['statusCode']}: {result['body']} {OUTPUT.getvalue()}")
    if isinstance(result, dict) and result.get("batchItemFailures"):
        sys.exit(f"{function} failed: {OUTPUT.getvalue()}")


def cold_floor(function: str) -> float:
    """CPU milliseconds to make every client that the function needs, and nothing else."""
    began = time.process_time()
    import botocore.session

    session = botocore.session.get_session()
    for service in CLIENTS[function]:
        session.create_client(service)
    return (time.process_time() - began) * 1000


def warm(function: str) -> dict[str, float]:
    """CPU milliseconds of a warm handler call, and of a bare put_item of the same item, taken in turns."""
    os.environ["KEY_CHECK"] = check_value()
    import app
    import botocore.session

    stub_network()
    client = botocore.session.get_session().create_client("dynamodb")
    item = written_item(app, function)
    event, context = EVENTS[function], Context()
    calls = {
        "value": lambda: app.handler(event, context),
        "floor": lambda: client.put_item(TableName="subjects", Item=item),
    }
    measured = dict.fromkeys(calls, 0)
    for number in range(WARM_UP + WARM_CALLS):
        for name, call in calls.items():  # in turns, so that neither has the processor's caches to itself
            began = time.process_time_ns()
            call()
            if number >= WARM_UP:
                measured[name] += time.process_time_ns() - began
    return {name: total / WARM_CALLS / 1e6 for name, total in measured.items()}


def checks(function: str) -> dict[str, float]:
    """CPU milliseconds for 1,000 checks of the gate, and for the bare BatchGetItem calls alone, taken in turns."""
    os.environ["KEY_CHECK"] = check_value()
    import app
    import botocore.session

    stub_network()
    client = botocore.session.get_session().create_client("dynamodb")
    addresses = [f"Customer.{number}@mail{number % 97}.example.com" for number in range(CHECKS * CHECK_CALLS)]
    keys = [{"pk": {"B": number.to_bytes(16)}} for number in range(CHECKS)]

    def bare() -> None:
        for start in range(0, CHECKS, 100):
            client.batch_get_item(
                RequestItems={"suppressions": {"Keys": keys[start : start + 100], "ConsistentRead": True}}
            )

    measured = {"value": 0, "floor": 0}
    for call in range(CHECK_CALLS):
        part = addresses[call * CHECKS : (call + 1) * CHECKS]
        questions = [{"channel": "email", "address": address, "purpose": "marketing"} for address in part]
        event = http("POST", "/permissions", {"checks": questions})
        began = time.process_time_ns()
        result = app.handler(event, Context())
        measured["value"] += time.process_time_ns() - began
        began = time.process_time_ns()
        bare()
        measured["floor"] += time.process_time_ns() - began
        if result["body"].count('"allowed":true') != CHECKS:
            sys.exit(f"{function} answered: {result['body'][:500]}")
    return {name: total / CHECK_CALLS / 1e6 for name, total in measured.items()}


def written_item(app: Any, function: str) -> dict[str, Any]:
    """The item that the handler writes, as botocore takes it."""
    from botocore.httpsession import URLLib3Session

    requests: list[bytes] = []
    send = URLLib3Session.send

    def recorded(session: Any, request: Any) -> Any:
        requests.append(request.body if isinstance(request.body, bytes) else request.body.encode())
        return send(session, request)

    URLLib3Session.send = recorded  # type: ignore[method-assign]
    check_result(function, app.handler(EVENTS[function], Context()))
    URLLib3Session.send = send  # type: ignore[method-assign]
    item: dict[str, Any] = json.loads(requests[-1])["Item"]
    return {name: _bytes(value) for name, value in item.items()}


def _bytes(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64decode(value["B"])} if "B" in value else value


def mail(samples: str) -> dict[str, list[float]]:
    """CPU milliseconds to read and understand each mail of a folder, and for the standard library only to parse it."""
    import email

    from kept.domain.mail import read_mail, understand

    raws = [path.read_bytes() for path in sorted(Path(samples).glob("*.eml"))]
    calls = {
        "value": lambda raw: understand(read_mail(raw), "ann@example.com", ("expandcart.com",)),
        "floor": email.message_from_bytes,
    }
    measured: dict[str, list[float]] = {name: [] for name in calls}
    for raw in raws * 2:  # the first round warms
        for name, call in calls.items():
            began = time.process_time_ns()
            call(raw)
            measured[name].append((time.process_time_ns() - began) / 1e6)
    return {name: values[len(raws) :] for name, values in measured.items()}


def render(function: str) -> dict[str, list[float]]:
    """CPU milliseconds of each call of each public page, in every language, once its template is loaded."""
    os.environ["KEY_CHECK"] = check_value()
    import app

    stub_network()
    measured: dict[str, list[float]] = {}
    for path in PAGES:
        event = http("GET", path)
        event["headers"]["accept"] = "text/html"
        for number in range(WARM_UP + RENDERED):
            began = time.process_time_ns()
            result = app.handler(event, Context())
            if number >= WARM_UP:
                measured.setdefault(path, []).append((time.process_time_ns() - began) / 1e6)
        if result["statusCode"] != 200 or len(result["body"]) < 1000:
            sys.exit(f"{function} answered {result['statusCode']} to {path}")
    return measured


def modules(function: str) -> list[str]:
    """Every module that is loaded once the function has answered."""
    cold(function)
    return sorted(sys.modules)


def main() -> None:
    """Measure what is asked for and print it."""
    build, mode, function = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    use_build(build, "inbound_email" if mode == "mail" else function)
    with contextlib.redirect_stdout(OUTPUT):
        modes = {
            "cold": cold, "cold-floor": cold_floor, "warm": warm, "checks": checks, "mail": mail, "render": render,
            "modules": modules,
        }  # fmt: skip
        result = modes[mode](function)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
