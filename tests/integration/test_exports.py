"""Packages through the functions: asked for, waited for, made once, fetched by their owner, and discarded."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from kept.adapters import aws
from kept.adapters.dynamo.exports import DynamoExports
from kept.adapters.export_files import PART_BYTES, S3ExportFiles
from kept.domain.exports import ASK_AGAIN_SECONDS, LEASE_SECONDS, QUEUE_SECONDS
from kept.domain.policy import SHIPPED, Policy, load_policy
from kept.entry import wiring
from tests.integration.conftest import Stack
from tests.integration.test_ledger import change

pytestmark = pytest.mark.promise("access-on-request")

ANN, BEN = "ann@example.com", "ben@example.com"
WAITS = 7200


class Clock:
    """The time of the functions, which tests can move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = int(time.time())
        monkeypatch.setattr("kept.adapters.clock.now", lambda: self.now)
        monkeypatch.setattr("kept.entry.access.now", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def policy(
    stack: Stack,  # noqa: ARG001  # it clears the wiring, which this then changes
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Policy:
    """The shipped policy, and two other systems that are asked."""
    names = 'name = { en = "The shop", ar = "المتجر" }'
    sources = f'[sources.shop]\n{names}\nfile = "orders.json"\nwaits = "{WAITS} seconds"\n'
    sources += f'[sources.till]\n{names}\nfile = "till.csv"\nwaits = "60 seconds"\n'
    path = tmp_path / "policy.toml"
    path.write_text(SHIPPED.read_text(encoding="utf-8") + sources, encoding="utf-8")
    policy = load_policy(path)
    monkeypatch.setattr(wiring, "policy", lambda: policy)
    return policy


class Bus:
    """EventBridge's default bus, as far as we use it; moto's cannot read an event without a package of its own."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.full = False

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, int]:  # noqa: N803  # botocore's name
        self.entries += [] if self.full else Entries
        return {"FailedEntryCount": len(Entries) if self.full else 0}

    def asked(self) -> dict[str, Any]:
        """What the other systems were asked since the last look, by name."""
        entries, self.entries = self.entries, []
        assert all((e["Source"], e["DetailType"]) == ("kept", "AccessRequestVerified") for e in entries)
        details = [json.loads(entry["Detail"]) for entry in entries]
        return {detail["source"]: detail for detail in details}


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus, make = Bus(), aws.client
    monkeypatch.setattr(aws, "client", lambda service, **more: bus if service == "events" else make(service, **more))
    return bus


def write(stack: Stack, email: str, message: str = "Hello") -> None:
    body = {"email": email, "message": message}
    assert stack.request("contact_intake", "POST", "/contacts", json_body=body).status == 201


def ask(stack: Stack, headers: dict[str, str]) -> str:
    answer = stack.request("account", "POST", "/me/exports", headers=headers)
    assert answer.status == 202, answer.text
    return str(answer.json["id"])


def look(stack: Stack, headers: dict[str, str], export_id: str) -> Any:
    answer = stack.request("account", "GET", f"/me/exports/{export_id}", headers=headers)
    assert answer.status == 200, answer.text
    return answer.json


def objects(stack: Stack) -> set[str]:
    return {item["Key"] for item in stack.s3.list_objects_v2(Bucket="exports").get("Contents", [])}


def upload(form: dict[str, Any], content: bytes) -> int:
    return requests.post(form["url"], data=form["fields"], files={"file": ("f", content)}, timeout=10).status_code


def test_a_package_is_what_its_schemas_say_and_its_digests_are_right(stack: Stack) -> None:
    write(stack, ANN)
    stack.request("opt_out", "POST", "/opt-outs", json_body={"email": ANN})
    package = stack.export(stack.sign_in(ANN))
    for name, content in (("export.json", package.data), ("manifest.json", package.manifest)):
        schema = stack.request("pages", "GET", f"/schemas/{name}").json
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema).validate(content)
    listed = {each["name"]: (each["size"], each["sha256"]) for each in package.manifest["files"]}
    assert listed == {
        name: (len(content), hashlib.sha256(content).hexdigest())
        for name, content in package.files.items()
        if name != "manifest.json"
    }
    assert package.data["schema"] == "export.json"


def test_who_is_unknown_gets_a_package_that_says_that_nothing_is_held(stack: Stack) -> None:
    package = stack.export(stack.sign_in("nobody@example.com"))
    assert {record["type"] for record in package.data["records"]} == {"session", "export", "export-place"}
    hits = {kind["type"]: kind["hits"] for kind in package.manifest["kinds"]}
    assert hits["message"] == hits["order"] == 0


def test_what_is_past_its_date_is_neither_listed_nor_in_the_package(stack: Stack) -> None:
    write(stack, ANN, "long ago")
    write(stack, ANN, "of late")
    (old,) = (item for item in stack.records() if item["text"]["S"] == "long ago")
    stack.dynamodb.put_item(TableName="subjects", Item=old | {"discard_at": {"N": str(int(time.time()))}})
    headers = stack.sign_in(ANN)
    listed = stack.request("account", "GET", "/me/records", headers=headers)
    package = stack.export(headers)
    for text in (listed.text, package.files["data.json"].decode(), package.page):
        assert "long ago" not in text
        assert "of late" in text


def test_what_people_write_is_escaped_on_the_page(stack: Stack) -> None:
    write(stack, ANN, "</dd><script>alert(1)</script> {{ 7 * 7 }}")
    page = stack.export(stack.sign_in(ANN)).page
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7 * 7 }}" in page
    assert "http://" not in page, "something from elsewhere"
    assert "https://" not in page, "something from elsewhere"


@pytest.mark.parametrize(
    ("accepts", "head"),
    [
        ("ar-EG,ar;q=0.9,en;q=0.5", '<html lang="ar" dir="rtl">'),
        ("fr, en;q=0.1, ar;q=0.2", '<html lang="ar" dir="rtl">'),
        ("en", '<html lang="en" dir="ltr">'),
        ("", '<html lang="en" dir="ltr">'),
        ("fr;q=x, ;;;,*", '<html lang="en" dir="ltr">'),
    ],
)
def test_the_page_is_in_the_persons_language(stack: Stack, accepts: str, head: str) -> None:
    assert head in stack.export(stack.sign_in(ANN) | {"accept-language": accepts}).page


def test_nobody_but_its_owner_sees_a_package(stack: Stack) -> None:
    ann, ben = stack.sign_in(ANN), stack.sign_in(BEN)
    export_id = ask(stack, ann)
    stack.make_exports()
    assert look(stack, ann, export_id)["status"] == "ready"
    for headers, status in ((ben, 404), ({}, 401)):
        answer = stack.request("account", "GET", f"/me/exports/{export_id}", headers=headers)
        assert answer.status == status
        assert "url" not in answer.text
    assert stack.request("account", "GET", f"/me/exports/{'0' * 32}", headers=ann).status == 404


@pytest.mark.parametrize("origin", ["https://elsewhere.example.com", "null", ""])
def test_a_package_is_asked_for_from_our_own_pages_only(stack: Stack, origin: str) -> None:
    headers = stack.sign_in(ANN) | {"origin": origin}
    assert stack.request("account", "POST", "/me/exports", headers=headers).status == 403
    assert stack.jobs() == []


def test_an_address_to_fetch_from_names_nobody_and_is_good_for_a_minute(stack: Stack) -> None:
    headers = stack.sign_in(ANN)
    export_id = ask(stack, headers)
    stack.make_exports()
    url = look(stack, headers, export_id)["url"]
    assert "X-Amz-Expires=60" in url
    assert "example.com" not in url.partition("?")[0], "the object's name tells of somebody"


def test_asking_again_while_it_is_being_made_joins_it_and_then_makes_another(stack: Stack) -> None:
    headers = stack.sign_in(ANN)
    export_id = ask(stack, headers)
    assert ask(stack, headers) == export_id
    assert stack.make_exports() == []
    assert len(objects(stack)) == 1
    assert ask(stack, headers) != export_id


def test_a_job_that_did_not_get_into_the_queue_is_put_there_by_asking_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = stack.sign_in(ANN)
    with monkeypatch.context() as lost:
        lost.setenv("EXPORTS_QUEUE", stack.exports_queue + "-lost")
        wiring.export_queue.cache_clear()
        assert stack.request("account", "POST", "/me/exports", headers=headers).status == 503
    wiring.export_queue.cache_clear()
    export_id = ask(stack, headers)
    stack.make_exports()
    assert look(stack, headers, export_id)["status"] == "ready"


def test_a_job_delivered_twice_makes_one_package(stack: Stack) -> None:
    headers = stack.sign_in(ANN)
    export_id = ask(stack, headers)
    (job,) = stack.jobs()
    handler = stack.function("exports").handler
    first = handler({"Records": [job]}, stack.context)
    (made,) = objects(stack)
    before = stack.s3.head_object(Bucket="exports", Key=made)["LastModified"]
    again = handler({"Records": [job | {"messageId": "2"}]}, stack.context)
    assert first == again == {"batchItemFailures": []}
    assert objects(stack) == {made}
    assert stack.s3.head_object(Bucket="exports", Key=made)["LastModified"] == before
    assert look(stack, headers, export_id)["status"] == "ready"


def test_a_second_worker_leaves_it_to_the_first_and_takes_over_when_that_has_died(stack: Stack, clock: Clock) -> None:
    headers = stack.sign_in(ANN)
    export_id = ask(stack, headers)
    exports = DynamoExports("subjects")
    export = exports.find(stack.keys.subject_id(ANN), export_id, clock.now)
    assert exports.claim(export, "the first", clock.now)
    assert len(stack.make_exports()) == 1, "the job must come again, in case the first one dies"
    assert look(stack, headers, export_id)["status"] == "making"
    clock.now += LEASE_SECONDS
    assert stack.make_exports() == []
    assert look(stack, headers, export_id)["status"] == "ready"
    assert not exports.finish(export, "the first"), "it comes back and says that it is done"


def test_a_failure_is_tried_again_and_leaves_no_half_package(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = stack.sign_in(ANN)
    export_id = ask(stack, headers)
    with monkeypatch.context() as broken:
        broken.setattr("kept.adapters.dynamo.suppressions.KEY_CHECK", {"pk": {"B": b"no-such-check"}})
        assert len(stack.make_exports()) == 1
    assert objects(stack) == set()
    assert "Uploads" not in stack.s3.list_multipart_uploads(Bucket="exports")
    assert look(stack, headers, export_id)["status"] == "waiting"
    assert stack.make_exports() == [], "the lease was given back"
    assert look(stack, headers, export_id)["status"] == "ready"


def test_what_fails_for_too_long_is_said_to_have_failed_and_can_be_asked_for_anew(stack: Stack, clock: Clock) -> None:
    headers = stack.sign_in(ANN)
    export_id = ask(stack, headers)
    clock.now += QUEUE_SECONDS
    assert look(stack, headers, export_id)["status"] == "failed"
    assert stack.make_exports() == []
    assert objects(stack) == set()
    assert ask(stack, headers) != export_id


@pytest.mark.promise("review-then-discard")
def test_a_package_goes_by_the_policys_days_and_is_not_shown_past_them(stack: Stack, clock: Clock) -> None:
    headers = stack.sign_in(ANN)
    export_id = ask(stack, headers)
    stack.make_exports()
    (item,) = (i for i in stack.records() if i["sk"]["S"] == f"export#{export_id}")
    assert int(item["discard_at"]["N"]) == clock.now + load_policy().exports.kept_for
    stack.dynamodb.put_item(TableName="subjects", Item=item | {"discard_at": {"N": str(clock.now)}})
    assert stack.request("account", "GET", f"/me/exports/{export_id}", headers=headers).status == 404


@pytest.mark.promise("review-then-discard")
def test_a_package_whose_person_left_while_it_was_made_is_not_kept(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = stack.sign_in(ANN)
    export_id = ask(stack, headers)
    finish = DynamoExports.finish

    def after_leaving(exports: DynamoExports, export: Any, lease: str) -> bool:
        wiring.partition().discard(export.subject_id, f"export#{export_id}", "erasure")
        return finish(exports, export, lease)

    monkeypatch.setattr(DynamoExports, "finish", after_leaving)
    assert stack.make_exports() == []
    assert objects(stack) == set()


def test_a_raw_mail_that_is_gone_is_named_and_the_package_is_made_without(stack: Stack) -> None:
    item = {
        "pk": {"B": stack.keys.subject_id(ANN)},
        "sk": {"S": "message#1"},
        "discard_at": {"N": "9999999999"},
        "mail": {"M": {"raw_key": {"S": "raw/gone"}}},
    }
    stack.dynamodb.put_item(TableName="subjects", Item=item)
    package = stack.export(stack.sign_in(ANN))
    assert package.manifest["missing"] == ["emails/1.eml"]
    assert "emails/1.eml" in package.page
    assert "emails/1.eml" not in package.files


def test_a_package_larger_than_a_part_is_uploaded_in_parts_and_is_whole(stack: Stack) -> None:
    noise = random.Random(7).randbytes(PART_BYTES + 1000)  # which no compression makes small
    stack.s3.put_object(Bucket="mail", Key="raw/large", Body=noise)
    item = {
        "pk": {"B": stack.keys.subject_id(ANN)},
        "sk": {"S": "message#1"},
        "discard_at": {"N": "9999999999"},
        "mail": {"M": {"raw_key": {"S": "raw/large"}}},
    }
    stack.dynamodb.put_item(TableName="subjects", Item=item)
    assert stack.export(stack.sign_in(ANN)).files["emails/1.eml"] == noise


@pytest.mark.usefixtures("policy")
def test_other_systems_are_asked_and_what_they_send_joins_the_package(stack: Stack, bus: Bus, clock: Clock) -> None:
    headers = stack.sign_in(ANN)
    export_id = ask(stack, headers)
    assert stack.make_exports() == []
    assert look(stack, headers, export_id)["status"] == "waiting"
    details = bus.asked()
    assert {name: detail["email"] for name, detail in details.items()} == {"shop": ANN, "till": ANN}
    assert details["shop"]["until"] == clock.now + WAITS
    assert upload(details["shop"]["upload"], b'{"orders": [1]}') == 204
    assert upload(details["till"]["upload"], b"") == 204
    assert stack.make_exports() == []
    package = stack.fetch(headers, export_id)
    assert package.files["other-systems/shop/orders.json"] == b'{"orders": [1]}'
    assert "other-systems/till/till.csv" not in package.files
    answers = {each["source"]: each["answer"] for each in package.manifest["sources"]}
    assert answers == {"shop": "answered", "till": "nothing"}
    assert "The shop" in package.page


@pytest.mark.usefixtures("policy")
def test_a_system_that_does_not_answer_in_its_time_is_named_and_holds_nothing_up(
    stack: Stack, bus: Bus, clock: Clock
) -> None:
    headers = stack.sign_in(ANN)
    export_id = ask(stack, headers)
    stack.make_exports()
    assert upload(bus.asked()["shop"]["upload"], b"1") == 204
    clock.now += 59
    stack.make_exports()
    assert look(stack, headers, export_id)["status"] == "waiting"
    clock.now += 1
    assert stack.make_exports() == []
    answers = {each["source"]: each["answer"] for each in stack.fetch(headers, export_id).manifest["sources"]}
    assert answers == {"shop": "answered", "till": "no answer"}


@pytest.mark.usefixtures("policy")
def test_a_system_that_has_not_answered_is_asked_again_each_hour_and_not_at_each_look(
    stack: Stack, bus: Bus, clock: Clock
) -> None:
    ask(stack, stack.sign_in(ANN))
    stack.make_exports()
    assert set(bus.asked()) == {"shop", "till"}
    clock.now += 100
    stack.make_exports()
    assert bus.asked() == {}
    clock.now += ASK_AGAIN_SECONDS
    stack.make_exports()
    assert set(bus.asked()) == {"shop"}, "the other one's time is over"
    clock.now += WAITS
    stack.make_exports()
    assert stack.jobs() == [], "its jobs end with it"


@pytest.mark.usefixtures("policy")
def test_an_event_that_was_not_taken_is_sent_again(stack: Stack, bus: Bus) -> None:
    ask(stack, stack.sign_in(ANN))
    bus.full = True
    assert len(stack.make_exports()) == 1
    bus.full = False
    assert stack.make_exports() == []
    assert set(bus.asked()) == {"shop", "till"}


@pytest.mark.promise("review-then-discard")
def test_the_ledger_discards_the_files_that_an_item_no_longer_refers_to(stack: Stack) -> None:
    for key in ("packages/1.zip", "sources/1/shop", "packages/2.zip"):
        stack.s3.put_object(Bucket="exports", Key=key, Body=b"x")

    def refers_to(*files: str) -> dict[str, Any]:
        return {"discard_at": {"N": "4000000000"}, "files": {"L": [{"S": key} for key in files]}}

    both, one = refers_to("packages/1.zip", "sources/1/shop"), refers_to("packages/1.zip")
    ledger = stack.function("ledger").handler
    ledger({"Records": [change(1, both, both)]}, stack.context)
    assert len(objects(stack)) == 3
    ledger({"Records": [change(2, both, one)]}, stack.context)
    assert objects(stack) == {"packages/1.zip", "packages/2.zip"}
    ledger({"Records": [change(3, both), change(4, both)]}, stack.context)
    assert objects(stack) == {"packages/2.zip"}


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "bWVzc2FnZQ==", "\u0661", "LS0=" * 99])
def test_a_cursor_that_is_not_ours_is_refused(stack: Stack, cursor: str) -> None:
    answer = stack.request("account", "GET", "/me/records", headers=stack.sign_in(ANN), query={"cursor": cursor})
    assert answer.status == 422


@pytest.mark.usefixtures("stack")
def test_a_form_takes_no_more_than_its_largest_size() -> None:
    form = S3ExportFiles("exports").upload_form("sources/1/shop", 10, 60)
    conditions = json.loads(base64.b64decode(form.fields["policy"]))["conditions"]
    assert ["content-length-range", 0, 10] in conditions
    assert {"key": "sources/1/shop"} in conditions
