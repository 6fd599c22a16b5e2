"""The functions as they are deployed, on the template's own tables and bucket in moto."""

from __future__ import annotations

import importlib
import io
import json
import re
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import boto3
import pytest
import requests
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from kept.adapters.dynamo.suppressions import DynamoSuppressions
from kept.app.keep_ledger import follow
from kept.domain.identity import Keys
from kept.domain.ledger import Change
from kept.domain.proof import Link, Session, new_token
from kept.entry import wiring
from kept.entry.access import COOKIE
from tests.template import create_table, resources

SECRET = "a hash key for tests only, long enough to be one"
LEDGER_SECRET = "a ledger key for tests only, long enough to be one"
STAFF_CLIENT = "staff-client"


@dataclass
class Context:
    """Lambda's context, as far as it is used."""

    aws_request_id: str = "request-1"
    function_name: str = "test"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@cache
def client(service: str) -> Any:
    """A client for the tests' own looks at the stack; making one takes longer than most tests."""
    return boto3.client(service)


class Stack:
    """Tables and bucket, and the functions to call on them."""

    def __init__(self) -> None:
        self.dynamodb = client("dynamodb")
        self.s3 = client("s3")
        create_table(self.dynamodb, "SubjectsTable", "subjects")
        create_table(self.dynamodb, "SuppressionsTable", "suppressions")
        create_table(self.dynamodb, "LedgerTable", "ledger")
        self.s3.create_bucket(Bucket="mail")
        self.s3.create_bucket(Bucket="seals", ObjectLockEnabledForBucket=True)
        self.s3.create_bucket(Bucket="reports")
        client("ses").verify_domain_identity(Domain="expandcart.com")
        self.s3.create_bucket(Bucket="exports")
        self.mail_queue = client("sqs").create_queue(QueueName="mail")["QueueUrl"]
        self.sqs = client("sqs")
        self.exports_queue = client("sqs").create_queue(QueueName="exports")["QueueUrl"]
        client("ses").create_configuration_set(ConfigurationSet={"Name": "kept"})
        client("secretsmanager").create_secret(Name="hash-key", SecretString=SECRET)
        client("secretsmanager").create_secret(Name="ledger-key", SecretString=LEDGER_SECRET)
        self.keys = Keys(SECRET)
        self.context = Context()

    def function(self, name: str) -> ModuleType:
        """The function's app module, loaded anew."""
        sys.modules.pop(f"functions.{name}.app", None)
        return importlib.import_module(f"functions.{name}.app")

    def request(
        self,
        function: str,
        method: str,
        path: str,
        *,
        json_body: Any = None,
        form: Any = None,
        body: str | None = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        claims: dict[str, Any] | None = None,
    ) -> Answer:
        """What API Gateway would answer."""
        if json_body is not None:
            body, content_type = json.dumps(json_body), "application/json"
        elif form is not None:
            body, content_type = urlencode(form, doseq=True), "application/x-www-form-urlencoded"
        else:
            content_type = ""
        event = http_event(method, path, body, {"content-type": content_type} | (headers or {}), query, claims)
        return Answer(self.function(function).handler(event, self.context))

    def sign_in(self, email: str) -> dict[str, str]:
        """The headers of a browser in which this person has used a mailed link, on one of our own pages."""
        subject = self.keys.subject_id(email)
        cookie, secret_hash = new_token(subject)
        now = int(time.time())
        link = Link(subject, new_token(subject)[1], now + 60, email)
        wiring.proofs().add_link(link)
        wiring.proofs().exchange(link, Session(subject, secret_hash, now + 86400, email), now)
        return {"cookie": f"{COOKIE}={cookie}", "origin": "https://privacy.example.com"}

    def jobs(self) -> list[dict[str, Any]]:
        """The messages that wait in the queue of packages, taken out of it; those with a delay too."""
        queue = sqs_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].queues["exports"]
        messages = list(queue._messages)
        queue._messages.clear()
        return [{"messageId": each.id, "eventSource": "aws:sqs", "body": each.body} for each in messages]

    def make_exports(self) -> list[str]:
        """Do the jobs that wait; the ids of those that failed, which come again."""
        jobs = self.jobs()
        if not jobs:
            return []
        answer = self.function("exports").handler({"Records": jobs}, self.context)
        failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        for job in jobs:
            if job["messageId"] in failed:
                client("sqs").send_message(QueueUrl=self.exports_queue, MessageBody=job["body"])
        return failed

    def export(self, headers: dict[str, str]) -> Package:
        """What a signed-in person gets who asks for everything and fetches it."""
        asked = self.request("account", "POST", "/me/exports", headers=headers)
        assert asked.status == 202, asked.text
        assert self.make_exports() == []
        return self.fetch(headers, asked.json["id"])

    def fetch(self, headers: dict[str, str], export_id: str) -> Package:
        """A package that is ready, by the address that its owner is given."""
        answer = self.request("account", "GET", f"/me/exports/{export_id}", headers=headers)
        assert answer.json["status"] == "ready", answer.text
        download = requests.get(answer.json["url"], timeout=10)  # which moto answers
        assert download.status_code == 200
        return Package(download.content)

    def records(self) -> list[dict[str, Any]]:
        """Every item of the table of subjects, in DynamoDB's JSON."""
        return self.dynamodb.scan(TableName="subjects")["Items"]

    def suppressions(self) -> list[dict[str, Any]]:
        """Every suppression, without the key's check value."""
        return [i for i in self.dynamodb.scan(TableName="suppressions")["Items"] if "key_check" not in i]

    def suppressed(self, address: str) -> bool:
        """Whether marketing to an address is suppressed."""
        item = self.dynamodb.get_item(TableName="suppressions", Key={"pk": {"B": self.keys.subject_id(address)}})
        return "marketing" in item.get("Item", {})


class Answer:
    """An HTTP answer."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.status: int = raw["statusCode"]
        self.headers = {name.lower(): value for name, value in raw["headers"].items()}
        self.text: str = raw["body"]
        self.cookies: list[str] = raw.get("cookies") or []

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.text)


class Package:
    """A package, unpacked."""

    def __init__(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            self.files = {name: archive.read(name) for name in archive.namelist()}

    @property
    def data(self) -> Any:
        """What is held, for programs."""
        return json.loads(self.files["data.json"])

    @property
    def page(self) -> str:
        """What is held, for people."""
        return self.files["index.html"].decode()

    @property
    def manifest(self) -> Any:
        """What was searched."""
        return json.loads(self.files["manifest.json"])


@cache
def routes() -> list[tuple[str, str]]:
    """Method and path of every route in the template, such as `/opt-outs/{token}`."""
    events = [event for each in resources().values() for event in each.get("Properties", {}).get("Events", {}).values()]
    routed = [event["Properties"] for event in events if event["Type"] == "HttpApi"]
    return sorted((each["Method"], each["Path"]) for each in routed)


def route_key(method: str, path: str) -> str:
    """The route as API Gateway names it, which holds nothing of the path that was asked for."""
    for known, template in routes():
        if known == method and re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path):
            return f"{method} {template}"
    return "$default"


def http_event(
    method: str,
    path: str,
    body: str | None,
    headers: dict[str, str],
    query: dict[str, str] | None = None,
    claims: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """An event of API Gateway's HTTP API, payload format 2.0."""
    context: dict[str, Any] = {
        "http": {"method": method, "path": path},
        "stage": "$default",
        "requestId": "r",
    }
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    return {
        "version": "2.0",
        "routeKey": route_key(method, path),
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": headers,
        "queryStringParameters": query or {},
        "requestContext": context,
        "body": body,
        "isBase64Encoded": False,
    }


@pytest.fixture
def staff() -> dict[str, Any]:
    """The claims of a member of staff's access token, as the authorizer passes them."""
    return {"token_use": "access", "client_id": STAFF_CLIENT, "username": "sam", "cognito:groups": "[staff]"}


def service(scope: str) -> dict[str, Any]:
    """The claims of an access token of a system of the shop's, as the authorizer passes them."""
    return {"token_use": "access", "client_id": "service-client", "scope": scope}


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Callable[[], str]:
    """Everything that functions have logged and counted since the last time, as it goes to CloudWatch."""
    capsys = request.getfixturevalue("capsys")
    # Powertools keeps a logger, and the stream it writes to, for each service: this test is one of its own.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"test-{uuid4()}")

    def read() -> str:
        captured = capsys.readouterr()
        return captured.out + captured.err

    return read


def counts(text: str, metric: str) -> dict[tuple[str, ...], int]:
    """What was counted under a metric's name, by the values of its dimensions in the order of their names."""
    found: dict[tuple[str, ...], int] = {}
    for line in map(json.loads, filter(None, text.splitlines())):
        for each in line.get("_aws", {}).get("CloudWatchMetrics", []):
            if metric in [named["Name"] for named in each["Metrics"]]:
                names = sorted(set(each["Dimensions"][0]) - {"service"})
                values = tuple(line[name] for name in names)
                found[values] = found.get(values, 0) + int(line[metric][0])
    return found


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A fresh stack, and no memory of an earlier one."""
    for cached in (
        wiring.policy,
        wiring.keys,
        wiring.messages,
        wiring.suppressions,
        wiring.raw_mail,
        wiring.orders,
        wiring.accounts,
        wiring.partition,
        wiring.ledger,
        wiring.ledger_days,
        wiring.seals,
        wiring.events,
        wiring.exports,
        wiring.export_files,
        wiring.export_queue,
        wiring.proofs,
        wiring.sign_in,
        wiring.mails,
        wiring.outbox,
        wiring.reports,
        wiring.evidence,
    ):
        cached.cache_clear()
    with mock_aws():
        stack = Stack()
        monkeypatch.setenv("SUBJECTS_TABLE", "subjects")
        monkeypatch.setenv("SUPPRESSIONS_TABLE", "suppressions")
        monkeypatch.setenv("MAIL_BUCKET", "mail")
        monkeypatch.setenv("MAIL_DOMAIN", "expandcart.com")
        monkeypatch.setenv("PUBLIC_URL", "https://privacy.example.com")
        monkeypatch.setenv("CONFIGURATION_SET", "kept")
        monkeypatch.setenv("MAIL_QUEUE", stack.mail_queue)
        monkeypatch.setenv("EXPORTS_BUCKET", "exports")
        monkeypatch.setenv("EXPORTS_QUEUE", stack.exports_queue)
        monkeypatch.setenv("RECOVERY_DAYS", "7")
        monkeypatch.setenv("HASH_KEY_SECRET", "hash-key")
        monkeypatch.setenv("LEDGER_TABLE", "ledger")
        monkeypatch.setenv("SEALS_BUCKET", "seals")
        monkeypatch.setenv("LEDGER_KEY_SECRET", "ledger-key")
        monkeypatch.setenv("REPORTS_BUCKET", "reports")
        monkeypatch.setenv("STAFF_CLIENT_ID", STAFF_CLIENT)
        monkeypatch.setenv("SIGN_IN_URL", "https://login.example.com")
        monkeypatch.setenv("RECOVERY_DAYS", "7")
        monkeypatch.setenv("KEY_CHECK", DynamoSuppressions("suppressions", stack.keys).agree_on_key())
        yield stack


def set_clock(monkeypatch: pytest.MonkeyPatch, read: Callable[[], int]) -> None:
    """Let functions read the time so, also what they share that is loaded already. Seconds since the epoch."""
    monkeypatch.setattr("kept.adapters.clock.now", read)
    for name, module in list(sys.modules.items()):
        if name.startswith("kept.entry.") and hasattr(module, "now"):
            monkeypatch.setattr(module, "now", read)


def ledger_hears(change: Change, at: int) -> None:
    """What the ledger's function does with a change that its stream told of. `at`: seconds since the epoch."""
    ledger = wiring.ledger()
    follow(
        change,
        policy=wiring.policy(),
        keys=ledger.keys,
        ledger=ledger,
        raw_mail=wiring.raw_mail(),
        exports=wiring.export_files(),
        now=at,
    )
