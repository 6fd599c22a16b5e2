"""A shop's worth of data: whoever asks gets everything that is held about them, and nothing about anybody else.

Every value of every field carries a canary of its own that names whose it is, so that what is missing or too much in a
package can be told.
"""

from __future__ import annotations

import copy
import json
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from moto.dynamodb.models import Table

from kept.domain.data_map import KINDS
from tests.integration.conftest import Package, Stack

pytestmark = pytest.mark.promise("access-on-request")

CUSTOMERS, ORDERS = 60, 400
CANARY = re.compile(r"zq(\d\d)[a-z]+zq")
STAFF = "sam-of-the-staff"


@dataclass
class Shop:
    """The people of a shop, what was planted about each, and where it must turn up again."""

    stack: Stack
    staff: dict[str, Any]
    facts: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    raw: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    phones: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def plant(self, person: int, name: str) -> str:
        """A canary that must be in data.json and on the page."""
        canary = f"zq{person:02}{name}zq"
        self.facts[person].add(canary)
        return canary

    def email(self, person: int) -> str:
        return f"{self.plant(person, 'email')}@example.com"

    def phone(self, person: int, number: int) -> str:
        phone = f"+2010{person:02}{number:06}"
        self.phones[person].add(phone)
        return phone

    def write(self, person: int) -> None:
        """By form, by mail and by telephone; staff note something and review."""
        contact = {
            "email": self.email(person),
            "name": self.plant(person, "formname"),
            "message": f"Hello, {self.plant(person, 'formtext')}",
            "phone": self.phone(person, 1),
            "locale": "ar-EG",
            "postal_address": {"text": self.plant(person, "formstreet"), "purposes": ["answer", "catalogue"]},
        }
        posted = self.stack.request("contact_intake", "POST", "/contacts", json_body=contact)
        assert posted.status == 201
        call = {"kind": "complaint", "email": self.email(person), "text": self.plant(person, "calltext")}
        called = self.stack.request("review", "POST", "/reviews", json_body=call, claims=self.staff)
        for reference, what in ((posted.json["reference"], "form"), (called.json["reference"], "call")):
            note = {"text": self.plant(person, f"{what}note")}
            path = f"/reviews/{reference}"
            assert (
                self.stack.request("review", "POST", f"{path}/notes", json_body=note, claims=self.staff).status == 201
            )
            outcome = {"status": "reviewed", "outcome": self.plant(person, f"{what}outcome")}
            assert self.stack.request("review", "PUT", path, json_body=outcome, claims=self.staff).status == 200
        self.mail(person)
        asked = self.stack.request("access_requests", "POST", "/access-requests", json_body={"email": contact["email"]})
        assert asked.status == 202

    def mail(self, person: int) -> None:
        self.raw[person] |= {f"zq{person:02}attachmenttextzq", f"zq{person:02}headerzq"}
        raw = (
            f"From: {self.plant(person, 'mailname')} <{self.email(person)}>\r\n"
            f"To: support@expandcart.com\r\nSubject: {self.plant(person, 'subject')}\r\n"
            f"Reply-To: {self.plant(person, 'replyto')}@example.org\r\n"
            f"Message-ID: <{self.plant(person, 'messageid')}@example.com>\r\nX-Other: zq{person:02}headerzq\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
            f"--x\r\nContent-Type: text/plain\r\n\r\nPlease send me my data. {self.plant(person, 'mailtext')}\r\n"
            f"--x\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; "
            f'filename="{self.plant(person, "attachment")}.csv"\r\n\r\nzq{person:02}attachmenttextzq\r\n--x--\r\n'
        )
        key = f"raw/mail-{person}"
        self.stack.s3.put_object(Bucket="mail", Key=key, Body=raw.encode())
        notification = {
            "notificationType": "Received",
            "mail": {
                "messageId": f"ses-{person}",
                "source": self.email(person),
                "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            },
            "receipt": {"action": {"objectKey": key}, "recipients": ["support@expandcart.com"]},
        }
        record = {"messageId": "1", "eventSource": "aws:sqs", "body": json.dumps(notification)}
        answer = self.stack.function("inbound_email").handler({"Records": [record]}, self.stack.context)
        assert answer == {"batchItemFailures": []}

    def order(self, person: int, number: int) -> None:
        """An order; two customers share a telephone, as in a family."""
        own = "".join(chr(ord("a") + digit) for digit in divmod(number, 26))
        order = {
            "email": self.email(person),
            "phone": "+201099999999" if person in {7, 8} else self.phone(person, 2),
            "postal_address": self.plant(person, f"orderstreet{own}"),
            "placed_online": True,
            "placed_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        claims = {"token_use": "access", "scope": "kept/orders"}
        path = f"/orders/{self.plant(person, f'orderid{own}')}"
        assert self.stack.request("orders", "PUT", path, json_body=order, claims=claims).status == 200

    def send_some_links(self) -> None:
        """Ten of the mails that wait in their queue."""
        queued = self.stack.sqs.receive_message(QueueUrl=self.stack.mail_queue, MaxNumberOfMessages=10)["Messages"]
        records = [{"messageId": m["MessageId"], "eventSource": "aws:sqs", "body": m["Body"]} for m in queued]
        answer = self.stack.function("mailing").handler({"Records": records}, self.stack.context)
        assert answer == {"batchItemFailures": []}

    def check(self, person: int, package: Package) -> None:
        """Everything that was planted about the person is there, twice and readable, and nothing of anybody else."""
        data, page = package.files["data.json"].decode(), package.page
        missing = {fact for fact in self.facts[person] for text in (data, page) if fact not in text}
        assert not missing, f"not in the package of {person}: {sorted(missing)}"
        assert not {phone for phone in self.phones[person] if phone not in data or phone not in page}
        mails = b"".join(content for name, content in package.files.items() if name.endswith(".eml")).decode()
        assert not {fact for fact in self.raw[person] if fact not in mails}
        for name, content in package.files.items():
            owners = {int(owner) for owner in CANARY.findall(content.decode())}
            assert owners <= {person}, f"{name} of {person} tells of {owners - {person}}"
            others = {phone for other, phones in self.phones.items() if other != person for phone in phones}
            assert not {phone for phone in others if phone in content.decode()}
            assert STAFF not in content.decode(), "the name of a member of staff"


@pytest.fixture(autouse=True)
def quickly(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Load each function once, and without the copy of the whole table that moto makes before each transaction."""
    monkeypatch.setattr(stack, "function", cache(stack.function))
    shallow = SimpleNamespace(deepcopy=lambda it: it if isinstance(it, Table) else copy.deepcopy(it), copy=copy.copy)
    monkeypatch.setattr("moto.dynamodb.models.copy", shallow)


def test_each_package_holds_every_planted_fact_about_its_person_and_not_one_about_another(
    stack: Stack, staff: dict[str, Any]
) -> None:
    shop = Shop(stack, staff | {"username": STAFF})
    for person in range(CUSTOMERS):
        shop.write(person)
    for number in range(ORDERS):
        shop.order(number % CUSTOMERS, number)
    for person in range(0, CUSTOMERS, 3):
        assert stack.request("opt_out", "POST", "/opt-outs", json_body={"email": shop.email(person)}).status == 202
    shop.send_some_links()

    seen: set[str] = set()
    for person in range(CUSTOMERS):
        package = stack.export(stack.sign_in(shop.email(person)))
        shop.check(person, package)
        data = package.data
        seen |= {record["type"] for record in data["records"]}
        orders = [record["order_id"] for record in data["records"] if record["type"] == "order"]
        assert len(orders) == len(range(person, ORDERS, CUSTOMERS))
        linked = {link["order"] for link in data["phone_numbers"]}
        assert linked == {record["id"] for record in data["records"] if record["type"] == "order"}
        assert [each["scope"] for each in data["suppressions"]] == (["marketing"] if person % 3 == 0 else [])
        hits = {store["store"]: store.get("hits") for store in package.manifest["stores"]}
        assert hits["SubjectsTable"] == len(data["records"]) + len(data["phone_numbers"])
        assert (hits["MailBucket/raw/"], hits["SuppressionsTable"]) == (1, len(data["suppressions"]))

    written = {item["sk"]["S"].partition("#")[0] for item in stack.records()}
    assert written <= set(KINDS), "a kind of record that the data map lacks"
    assert seen == written, "a kind of record was in no package"


def test_each_page_of_records_holds_what_the_package_holds(stack: Stack, staff: dict[str, Any]) -> None:
    shop = Shop(stack, staff)
    shop.write(0)
    for number in range(150):
        shop.order(0, number)
    headers = stack.sign_in(shop.email(0))
    listed: list[Any] = []
    cursor: dict[str, str] = {}
    pages = 0
    while True:
        answer = stack.request("account", "GET", "/me/records", headers=headers, query=cursor)
        assert answer.status == 200, answer.text
        listed += answer.json["items"]
        pages += 1
        if "next" not in answer.json:
            break
        cursor = {"cursor": answer.json["next"]}
    assert pages == 2
    packaged = stack.export(headers).data["records"]
    ours = [{k: v for k, v in record.items() if k != "file"} for record in packaged if "export" not in record["type"]]
    assert listed == ours
