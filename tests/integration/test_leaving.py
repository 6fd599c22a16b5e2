"""Who leaves is forgotten at once and not written to again, but for what a law keeps, of which they are told."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from kept.adapters.clock import now
from kept.entry import wiring
from tests.integration.conftest import Stack
from tests.integration.people import Person, ask, items_of, registered

ANN, BOB = "ann@example.com", "bob@example.com"
PHONE = "+201001234567"


def fill(stack: Stack, address: str, staff: dict[str, Any]) -> None:
    """Something of every kind."""
    body = {"email": address, "message": "Hello", "phone": PHONE}
    reference = stack.request("contact_intake", "POST", "/contacts", json_body=body).json["reference"]
    stack.request("review", "POST", f"/reviews/{reference}/notes", json_body={"text": "A note"}, claims=staff)
    raw = f"From: {address}\r\nSubject: Hi\r\n\r\nWhere is my parcel?\r\n".encode()
    stack.s3.put_object(Bucket="mail", Key=f"raw/{address}", Body=raw)
    notification = {
        "notificationType": "Received",
        "mail": {"messageId": address, "source": address, "timestamp": dt.datetime.now(dt.UTC).isoformat()},
        "receipt": {"action": {"objectKey": f"raw/{address}"}, "recipients": ["support@expandcart.com"]},
    }
    event = {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": json.dumps(notification)}]}
    assert stack.function("inbound_email").handler(event, stack.context) == {"batchItemFailures": []}
    claims = {"token_use": "access", "client_id": "shop", "scope": "kept/orders"}
    order = {"email": address, "phone": PHONE, "placed_online": True, "placed_at": dt.datetime.now(dt.UTC).isoformat()}
    assert (
        stack.request("orders", "PUT", f"/orders/{address.partition('@')[0]}", json_body=order, claims=claims).status
        == 200
    )
    ask(stack, address)


def raw_mails(stack: Stack) -> set[str]:
    return {each["Key"] for each in stack.s3.list_objects_v2(Bucket="mail").get("Contents", [])}


@pytest.mark.promise("terms-affirmed")
@pytest.mark.promise("review-then-discard")
def test_leaving_erases_every_record_and_raw_mail_of_that_person_and_of_nobody_else(
    stack: Stack, staff: dict[str, Any]
) -> None:
    for address in (ANN, BOB):
        fill(stack, address, staff)
    ann = registered(stack, ANN, name="Ann")
    bobs = items_of(stack, BOB)
    links = [i for i in stack.records() if i["pk"]["B"] == stack.keys.phone_id(PHONE)]
    assert len(links) == 2
    answer = ann.request("DELETE", "/me", {"confirm": True})
    assert answer.status == 200, answer.text
    assert answer.json["done"] is True
    assert answer.json["kept"] == []
    assert answer.json["erased"] >= 5
    assert items_of(stack, ANN) == [], "something is still held"
    assert raw_mails(stack) == {f"raw/{BOB}"}
    (link,) = (i for i in stack.records() if i["pk"]["B"] == stack.keys.phone_id(PHONE))
    assert link["owner"]["B"] == stack.keys.subject_id(BOB), "the number still leads to an order that is erased"
    owners = {item["owner"]["B"] for item in stack.records() if "owner" in item}
    assert owners == {stack.keys.subject_id(BOB)}, "the shop's number still leads to an order that is erased"
    assert sorted(items_of(stack, BOB), key=str) == sorted(bobs, key=str)
    assert stack.suppressed(ANN)
    assert not stack.suppressed(BOB)
    assert "max-age=0" in answer.cookies[0].lower()
    assert ann.request("GET", "/me").status == 401


@pytest.mark.promise("terms-affirmed")
def test_leaving_asks_once_more(stack: Stack) -> None:
    ann = registered(stack, ANN)
    for body in ({}, {"confirm": False}):
        answer = ann.request("DELETE", "/me", body)
        assert answer.status == 422
        assert "cannot come back" in answer.text
    assert ann.me()["account"] is not None
    assert not stack.suppressed(ANN)


@pytest.mark.promise("review-then-discard")
def test_what_a_law_keeps_stays_and_the_person_is_told_which_record_and_why(
    stack: Stack, staff: dict[str, Any]
) -> None:
    fill(stack, ANN, staff)
    ann = Person(stack, ANN)
    queue = stack.request("review", "GET", "/reviews", claims=staff).json["items"]
    kept = next(item for item in queue if item["channel"] == "form" and item["kind"] == "message")
    until = dt.datetime.fromtimestamp(now() + 200 * 86400, dt.UTC).isoformat()
    path = f"/reviews/{kept['reference']}/hold"
    held = stack.request(
        "review", "PUT", path, json_body={"reason": "Tax Act, section 7", "until": until}, claims=staff
    )
    assert held.status == 200, held.text
    answer = ann.request("DELETE", "/me", {"confirm": True})
    (told,) = answer.json["kept"]
    assert told["reason"] == "Tax Act, section 7"
    (left,) = items_of(stack, ANN)
    assert left["sk"]["S"].replace("#", "-") == told["record"]
    assert stack.suppressed(ANN)
    stack.request("review", "DELETE", path, claims=staff)
    assert Person(stack, ANN).request("DELETE", "/me", {"confirm": True}).json["kept"] == []
    assert items_of(stack, ANN) == []


@pytest.mark.promise("review-then-discard")
def test_a_failure_on_the_way_loses_no_wish_and_the_same_can_be_sent_again(
    stack: Stack, staff: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(stack, ANN, staff)
    ann = registered(stack, ANN)
    with monkeypatch.context() as broken:
        broken.setenv("MAIL_BUCKET", "no-such-bucket")
        wiring.raw_mail.cache_clear()
        assert ann.request("DELETE", "/me", {"confirm": True}).status == 503
    wiring.raw_mail.cache_clear()
    assert stack.suppressed(ANN), "opting out comes first"
    assert any("mail" in item for item in items_of(stack, ANN)), "a record without its raw mail would hide it"
    assert ann.request("DELETE", "/me", {"confirm": True}).json["done"] is True
    assert items_of(stack, ANN) == []
    assert raw_mails(stack) == set()


@pytest.mark.promise("review-then-discard")
def test_who_has_more_records_than_one_request_can_erase_goes_on_with_the_same_session(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kept.app.leave._PAGE", 3)
    for _ in range(7):
        stack.request("contact_intake", "POST", "/contacts", json_body={"email": ANN, "message": "Hello"})
    ann = Person(stack, ANN)
    monkeypatch.setattr("time.monotonic", iter(range(0, 10**6, 15)).__next__)
    answers = [ann.request("DELETE", "/me", {"confirm": True}) for _ in range(2)]
    while not answers[-1].json["done"]:
        answers.append(ann.request("DELETE", "/me", {"confirm": True}))
    assert answers[0].status == 202
    assert answers[-1].status == 200
    assert sum(answer.json["erased"] for answer in answers) == 8, "seven messages and the request itself"
    assert items_of(stack, ANN) == []


@pytest.mark.promise("email-opt-out")
def test_coming_back_after_leaving_finds_the_suppression_in_force(stack: Stack) -> None:
    registered(stack, ANN).request("DELETE", "/me", {"confirm": True})
    again = registered(stack, ANN)
    assert [o["scope"] for o in again.me()["opt_outs"]] == ["marketing"]


@pytest.mark.promise("review-then-discard")
@pytest.mark.parametrize("made", [True, False], ids=["made", "being made"])
def test_no_package_of_who_left_can_be_read(stack: Stack, made: bool) -> None:
    ann = registered(stack, ANN, name="Ann")
    asked = ann.request("POST", "/me/exports").json
    if made:
        assert stack.make_exports() == []
        assert stack.s3.list_objects_v2(Bucket="exports")["KeyCount"] == 1
    assert ann.request("DELETE", "/me", {"confirm": True}).json["done"] is True
    assert stack.make_exports() == [], "a job of somebody who is gone comes back for ever"
    assert stack.s3.list_objects_v2(Bucket="exports")["KeyCount"] == 0
    assert Person(stack, ANN).request("GET", f"/me/exports/{asked['id']}").status == 404
