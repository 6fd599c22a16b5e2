"""The real template, built and deployed by the same commands as `make run`, on ports and in folders of its own."""

from __future__ import annotations

import json
import os
import smtplib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from infra.local.settings import Settings, read_settings
from infra.local.stack import Stack, read_stack
from kept.domain.identity import Keys
from kept.domain.policy import SHIPPED
from tests.conftest import ROOT

T = TypeVar("T")

FOLDER = ROOT / ".local/e2e"
SUPPORT = "support@expandcart.com"
AFTER_REVIEW_SECONDS = 5
COMPLAINT_SECONDS = 6
SOURCE_SECONDS = 15

# The shipped policy with times that a test can wait for.
SHORTENED = {
    'after_review = "7 days"\nhard_maximum = "90 days"': (
        f'after_review = "{AFTER_REVIEW_SECONDS} seconds"\nhard_maximum = "90 days"'
    ),
    'before_review = "60 days"': f'before_review = "{COMPLAINT_SECONDS} seconds"',
    "# [sources.shop-database]": (
        f'[sources.shop]\nname = {{ en = "Shop", ar = "المتجر" }}\nfile = "orders.json"\n'
        f'waits = "{SOURCE_SECONDS} seconds"'
    ),
}


@dataclass(frozen=True)
class Answer:
    """What the site answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Site:
    """The running stack as the people around it see it: a website, a mail client, staff."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.dynamodb = stack.client("dynamodb")
        self.s3 = stack.client("s3")
        self.subjects = stack.outputs["SubjectsTable"]
        self.suppressions = stack.outputs["SuppressionsTable"]
        self.bucket = stack.outputs["MailBucket"]
        self.exports = stack.outputs["ExportsBucket"]
        self.reports = stack.outputs["ReportsBucket"]
        self.ledger = stack.outputs["LedgerTable"]
        self.seals = stack.outputs["SealsBucket"]
        secret = stack.client("secretsmanager").get_secret_value(SecretId=stack.outputs["HashKeySecret"])
        self.keys = Keys(secret["SecretString"])

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        staff: bool = False,
        service: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request, as a member of staff or a system of the shop's; a body that is not bytes is sent as JSON."""
        sent = {"Content-Type": "application/json"} | (headers or {})
        if staff or service:
            sent["Authorization"] = f"Bearer {self.stack.staff_token if staff else self.stack.service_token}"
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.stack.api + path, content, sent, method=method)
        try:
            with _OPENER.open(request, timeout=120) as answer:
                return Answer(answer.status, _lower(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _lower(error.headers), error.read())

    def may(self, channel: str, address: str, purpose: str, **more: str) -> dict[str, Any]:
        """What the gate answers to one check."""
        check = {"channel": channel, "address": address, "purpose": purpose} | more
        answer = self.request("POST", "/permissions", {"checks": [check]}, service=True)
        assert answer.status == 200, answer.body
        (result,) = answer.json["results"]
        return dict(result)

    def token_for(self, address: str, **more: str) -> str:
        """The opt-out token in the headers that a marketing mail to this address must carry."""
        headers = self.may("email", address, "marketing", **more)["headers"]
        return str(headers["List-Unsubscribe"].split("/opt-outs/")[1].split(">")[0])

    def queue(self, name: str) -> str:
        """The URL of a queue of the stack."""
        url: str = self.stack.client("sqs").get_queue_url(QueueName=f"kept-{name}")["QueueUrl"]
        return url

    def to_review(self) -> Iterator[dict[str, Any]]:
        """What waits for review, from every page of the queue: other tests leave records there, too."""
        more = ""
        while True:
            page = self.request("GET", f"/reviews{more}", staff=True).json
            yield from page["items"]
            if not (following := page.get("next")):
                return
            more = f"?cursor={urllib.parse.quote(following)}"

    def send(self, mail: bytes, sender: str = "ann@example.com", to: str = SUPPORT) -> None:
        """Send a mail over SMTP, to the support address or another of ours."""
        host, _, port = self.stack.smtp.partition(":")
        with smtplib.SMTP(host, int(port), timeout=60) as smtp:
            smtp.sendmail(sender, [to], mail)

    def records_of(self, address: str) -> list[dict[str, Any]]:
        """Every item in a person's partition, in DynamoDB's JSON, whether past its date or not."""
        return self._partition(self.keys.subject_id(address))

    def all_records(self) -> list[dict[str, Any]]:
        """Every item of the table of subjects."""
        return list(self.dynamodb.get_paginator("scan").paginate(TableName=self.subjects).search("Items[]"))

    def raw_mails(self) -> set[str]:
        """The keys of all raw mails."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def is_suppressed(self, address: str) -> bool:
        """Whether marketing to an address is suppressed."""
        key = {"pk": {"B": self.keys.subject_id(address)}}
        item = self.dynamodb.get_item(TableName=self.suppressions, Key=key, ConsistentRead=True).get("Item", {})
        return "marketing" in item

    def _partition(self, pk: bytes) -> list[dict[str, Any]]:
        answer = self.dynamodb.query(
            TableName=self.subjects,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"B": pk}},
            ConsistentRead=True,
        )
        items: list[dict[str, Any]] = answer["Items"]
        return items


@contextmanager
def broken(site: Site, function: str, **environment: str) -> Iterator[None]:
    """The function with another environment, as a failed deploy or a lost table would leave it."""
    client = site.stack.client("lambda")
    before = client.get_function_configuration(FunctionName=function)["Environment"]
    client.update_function_configuration(
        FunctionName=function, Environment={"Variables": before["Variables"] | environment}
    )
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=function, Environment=before)


def eventually(look: Callable[[], T], what: str, seconds: float = 20) -> T:
    """Look until there is something to see; fail with what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds} s: {what}")
        time.sleep(0.2)


def mails_to(site: Site, address: str) -> list[dict[str, Any]]:
    """What was sent to somebody, oldest first."""
    with urllib.request.urlopen(site.stack.outbox, timeout=30) as answer:
        return [mail for mail in json.load(answer) if address in mail["to"]]


def token_in(mail: dict[str, Any]) -> str:
    """The token of a mail's link."""
    return str(mail["text"].split("/sessions?token=")[1].split()[0])


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The deployed stack."""
    with deployed(FOLDER) as (site, _):
        yield site


@pytest.fixture(scope="session")
def changed_stack() -> Iterator[tuple[Site, Settings]]:
    """A stack for tests after which nothing lies where the others look for it: other keys, other tables."""
    with deployed(FOLDER.with_name("e2e-changed")) as running:
        yield running


@contextmanager
def deployed(folder: Path) -> Iterator[tuple[Site, Settings]]:
    """A stack that runs in a folder of its own. Only what `make run` does is done here."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    policy = SHIPPED.read_text(encoding="utf-8")
    for before, after in SHORTENED.items():
        assert before in policy, f"the shipped policy no longer says {before!r}"
        policy = policy.replace(before, after, 1)
    path = FOLDER / "policy.toml"
    if not path.exists() or path.read_text(encoding="utf-8") != policy:
        path.write_text(policy, encoding="utf-8")
    _run(["make", "build", ".local/tools/ministack/.ready", "BUILD=e2e", f"POLICY={path}"], _clean_environment())
    with running(folder, ".aws-sam/e2e") as found:
        yield found


@contextmanager
def running(folder: Path, build: str, **settings: str) -> Iterator[tuple[Site, Settings]]:
    """A build's stack, on ports of its own, with its state in a folder of its own."""
    ports = dict(zip(("KEPT_PORT", "KEPT_SMTP_PORT", "KEPT_STACK_PORT"), map(str, _free_ports(3)), strict=True))
    settings |= ports | {"KEPT_LOCAL_FOLDER": str(folder), "KEPT_BUILD_FOLDER": build}
    environment = _clean_environment() | settings
    _run([sys.executable, "-m", "infra.local", "stop"], environment)
    _run([sys.executable, "-m", "infra.local", "run"], environment | {"DETACH": "1"})
    try:
        read = read_settings(environment)
        yield Site(read_stack(read.stack_file)), read
    finally:
        _run([sys.executable, "-m", "infra.local", "stop"], environment)


def _clean_environment() -> dict[str, str]:
    """This one without what would make another stack of it."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MAKE", "MFLAGS", "POLICY", "KEPT_"))}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
