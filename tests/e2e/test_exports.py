"""Somebody asks what is held about them, proves who they are, and carries all of it away; then it is discarded."""

from __future__ import annotations

import hashlib
import io
import json
import re
import urllib.request
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import SOURCE_SECONDS, SUPPORT, Answer, Site, eventually, mails_to

pytestmark = [pytest.mark.e2e, pytest.mark.promise("access-on-request")]


class Person:
    """Somebody with a browser who used a mailed link."""

    def __init__(self, site: Site, email: str) -> None:
        self.site, self.email = site, email
        assert site.request("POST", "/access-requests", {"email": email}).status == 202
        tokens = eventually(
            lambda: [found for mail in mails_to(site, email) for found in re.findall(r"token=(\S+)", mail["text"])],
            "no link was sent",
        )
        opened = site.request("POST", "/sessions", {"token": tokens[-1]}, headers={"Origin": site.stack.api})
        assert opened.status == 201, opened.body
        self._headers = {"Cookie": opened.headers["set-cookie"].partition(";")[0], "Origin": site.stack.api}

    def request(self, method: str, path: str, **headers: str) -> Answer:
        return self.site.request(method, path, headers=self._headers | headers)

    def export(self, **headers: str) -> str:
        asked = self.request("POST", "/me/exports", **headers)
        assert asked.status == 202, asked.body
        return str(asked.json["id"])

    def ready(self, export_id: str) -> dict[str, Any]:
        def look() -> Any:
            answer = self.request("GET", f"/me/exports/{export_id}").json
            assert answer["status"] != "failed"
            return answer if answer["status"] == "ready" else None

        return dict(eventually(look, "the package is not ready", SOURCE_SECONDS + 30))

    def fetch(self, url: str) -> dict[str, bytes]:
        with urllib.request.urlopen(url, timeout=30) as answer:
            disposition, content = answer.headers["content-disposition"], answer.read()
        assert disposition == 'attachment; filename="what-we-hold-about-you.zip"'
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def asked(site: Site) -> Iterator[Any]:
    """What the shop's own database is asked, as a queue behind a rule of EventBridge's gets it."""
    name = f"asked-{uuid4().hex[:8]}"
    events, sqs = site.stack.client("events"), site.stack.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["kept"], "detail": {"source": ["shop"]}}))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])

    def receive() -> Any:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages", [])
        return json.loads(messages[0]["Body"])["detail"] if messages else None

    yield receive
    events.remove_targets(Rule=name, Ids=["queue"])
    events.delete_rule(Name=name)
    sqs.delete_queue(QueueUrl=url)


def upload(form: dict[str, Any], content: bytes) -> int:
    """Send a file with the form that another system was given."""
    boundary = uuid4().hex
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form["fields"].items()
    )
    head = f'{fields}--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(form["url"], body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(answer.status)


def test_a_person_carries_away_all_that_is_held_with_what_another_system_sent(site: Site, asked: Any) -> None:
    email = "carries@example.com"
    contact = {
        "email": email,
        "message": "Do you deliver to Giza?",
        "phone": "+20 100 765 4321",
        "postal_address": {"text": "7 Nile Street", "purposes": ["answer"]},
    }
    assert site.request("POST", "/contacts", contact).status == 201
    raw = f"From: {email}\r\nTo: {SUPPORT}\r\nSubject: Hello\r\n\r\nWhere is my parcel?\r\n".encode()
    site.send(raw, email)
    assert site.request("POST", "/opt-outs", {"email": email}).status == 202
    eventually(lambda: len(site.records_of(email)) == 2, "the mail is no record")

    person = Person(site, email)
    records = person.request("GET", "/me/records").json["items"]
    assert {"message", "session"} <= {record["type"] for record in records}
    export_id = person.export(**{"Accept-Language": "ar-EG,ar;q=0.9"})
    assert person.export() == export_id, "asking again while it is being made joins it"
    detail = eventually(asked, "the shop's database was not asked")
    assert (detail["email"], detail["export_id"]) == (email, export_id)
    assert upload(detail["upload"], b'{"orders": ["77"]}') < 300

    ready = person.ready(export_id)
    files = person.fetch(ready["url"])
    assert set(files) == {
        "data.json", "index.html", "manifest.json", "emails/1.eml", "other-systems/shop/orders.json",
    }  # fmt: skip
    assert b"Where is my parcel?" in files["emails/1.eml"]
    assert files["other-systems/shop/orders.json"] == b'{"orders": ["77"]}'
    data = json.loads(files["data.json"])
    texts = {record.get("text") for record in data["records"]}
    assert {"Do you deliver to Giza?", "Where is my parcel?"} <= {text and text.strip() for text in texts}
    assert [each["scope"] for each in data["suppressions"]] == ["marketing"]
    assert '<html lang="ar" dir="rtl">' in files["index.html"].decode()
    manifest = json.loads(files["manifest.json"])
    assert {each["name"]: each["sha256"] for each in manifest["files"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != "manifest.json"
    }
    assert manifest["sources"] == [
        {"source": "shop", "name": "المتجر", "answer": "answered", "file": "other-systems/shop/orders.json"}
    ]
    assert ready["manifest"] == {name: value for name, value in manifest.items() if name != "files"}

    def objects() -> set[str]:
        listed = site.s3.list_objects_v2(Bucket=site.exports).get("Contents", [])
        return {each["Key"] for each in listed}

    eventually(lambda: not [key for key in objects() if export_id in key], "the other system's file was not discarded")
    (item,) = (each for each in site.records_of(email) if each["sk"]["S"] == f"export#{export_id}")
    assert item["package_key"]["S"] in objects()
    key = {"pk": item["pk"], "sk": item["sk"]}
    site.dynamodb.update_item(
        TableName=site.subjects,
        Key=key,
        UpdateExpression="SET discard_at = :now",
        ExpressionAttributeValues={":now": {"N": "1"}},
    )
    assert person.request("GET", f"/me/exports/{export_id}").status == 404, "to be fetched past its date"
    eventually(lambda: item["package_key"]["S"] not in objects(), "the package outlives its item")


def test_a_package_is_made_without_a_system_that_does_not_answer_and_nobody_else_gets_it(site: Site) -> None:
    person, stranger = Person(site, "waits@example.com"), Person(site, "stranger@example.com")
    export_id = person.export()
    assert stranger.request("GET", f"/me/exports/{export_id}").status == 404
    assert site.request("GET", f"/me/exports/{export_id}").status == 401
    assert person.request("POST", "/me/exports", Origin="https://elsewhere.example.com").status == 403
    ready = person.ready(export_id)
    assert stranger.request("GET", f"/me/exports/{export_id}").status == 404
    assert [each["answer"] for each in ready["manifest"]["sources"]] == ["no answer"]
    assert "stranger" not in str(person.fetch(ready["url"]))


def test_the_schemas_are_published(site: Site) -> None:
    for name in ("export.json", "manifest.json"):
        assert site.request("GET", f"/schemas/{name}").json["$schema"].startswith("https://json-schema.org/")
    assert site.request("GET", "/schemas/other.json").status == 404
