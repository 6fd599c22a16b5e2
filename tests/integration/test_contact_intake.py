"""What a website's form posts becomes a record for review, or is refused and nothing is stored."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import pytest

from tests.integration.conftest import Stack

GOOD = {"email": "ann@example.com", "message": "Where is my parcel?"}


@pytest.mark.promise("review-then-discard")
def test_a_message_becomes_one_record_born_with_its_discard_date(stack: Stack) -> None:
    answer = stack.request("contact_intake", "POST", "/contacts", json_body=GOOD)

    assert answer.status == 201, answer.text
    (record,) = stack.records()
    discard_by = datetime.fromisoformat(answer.json["discard_by"]).timestamp()
    assert int(record["discard_at"]["N"]) == discard_by
    assert discard_by - time.time() == pytest.approx(30 * 86400, abs=5)
    assert record["reference"]["S"] == answer.json["reference"]


def test_neither_keys_nor_reference_contain_the_address(stack: Stack) -> None:
    stack.request("contact_intake", "POST", "/contacts", json_body=GOOD)
    (record,) = stack.records()
    for name in ("pk", "sk", "lookup", "queue", "queue_order", "reference"):
        assert b"ann" not in json.dumps(record[name], default=repr).encode()


@pytest.mark.promise("post-as-supplied")
def test_a_postal_address_is_kept_with_its_purposes(stack: Stack) -> None:
    address = {"text": "1 Nile Street\nCairo", "purposes": ["catalogue"]}
    answer = stack.request("contact_intake", "POST", "/contacts", json_body=GOOD | {"postal_address": address})
    assert answer.status == 201, answer.text
    (record,) = stack.records()
    assert record["postal_address"]["M"] == {
        "text": {"S": "1 Nile Street\nCairo"},
        "purposes": {"L": [{"S": "catalogue"}]},
    }


def test_a_phone_number_in_national_writing_is_kept_in_international_writing(stack: Stack) -> None:
    answer = stack.request("contact_intake", "POST", "/contacts", json_body=GOOD | {"phone": "010 0123 4567"})
    assert answer.status == 201, answer.text
    assert stack.records()[0]["phone"]["S"] == "+201001234567"


@pytest.mark.promise("security-measures")
def test_the_same_idempotency_key_gives_the_same_reference_and_no_second_record(stack: Stack) -> None:
    first, second = (
        stack.request("contact_intake", "POST", "/contacts", json_body=GOOD, headers={"idempotency-key": "k1"})
        for _ in range(2)
    )
    assert (first.status, second.status) == (201, 201)
    assert first.json == second.json
    assert len(stack.records()) == 1


def test_the_same_idempotency_key_with_another_message_is_refused(stack: Stack) -> None:
    headers = {"idempotency-key": "k1"}
    stack.request("contact_intake", "POST", "/contacts", json_body=GOOD, headers=headers)
    answer = stack.request(
        "contact_intake", "POST", "/contacts", json_body=GOOD | {"message": "Another"}, headers=headers
    )
    assert answer.status == 422
    assert len(stack.records()) == 1


@pytest.mark.promise("review-then-discard")
def test_an_expired_record_that_ttl_has_not_removed_does_not_swallow_a_new_one(stack: Stack) -> None:
    headers = {"idempotency-key": "k1"}
    first = stack.request("contact_intake", "POST", "/contacts", json_body=GOOD, headers=headers)
    (record,) = stack.records()
    stack.dynamodb.put_item(TableName="subjects", Item=record | {"discard_at": {"N": str(int(time.time()) - 1)}})

    second = stack.request("contact_intake", "POST", "/contacts", json_body=GOOD, headers=headers)
    assert second.status == 201
    assert second.json["reference"] != first.json["reference"]
    (record,) = stack.records()
    assert int(record["discard_at"]["N"]) > time.time()


def test_a_plain_html_form_is_sent_on_to_a_page(stack: Stack) -> None:
    form = {
        "email": "ann@example.com",
        "message": "مرحبا",
        "name": "",
        "postal_address.text": "1 Nile Street",
        "postal_address.purposes[]": ["catalogue", "answer"],
    }
    answer = stack.request("contact_intake", "POST", "/contacts", form=form)
    assert answer.status == 303, answer.text
    assert answer.headers["location"].startswith("/en/thanks/contact?reference=")
    (record,) = stack.records()
    assert record["text"]["S"] == "مرحبا"
    assert "name" not in record
    assert len(record["postal_address"]["M"]["purposes"]["L"]) == 2


def test_a_form_with_a_mistake_is_answered_with_a_page(stack: Stack) -> None:
    answer = stack.request(
        "contact_intake",
        "POST",
        "/contacts",
        form={"email": "ann@", "message": "Hello"},
        headers={"accept": "text/html,application/xhtml+xml"},
    )
    assert answer.status == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert "is not an email address" in answer.text
    assert "ann@" not in answer.text


def test_a_program_in_the_trap_is_answered_as_usual_and_nothing_is_stored(stack: Stack) -> None:
    answer = stack.request("contact_intake", "POST", "/contacts", json_body=GOOD | {"website": "https://spam.example"})
    assert answer.status == 201
    assert answer.json.keys() == {"reference", "discard_by"}
    assert stack.records() == []


def _without(field: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != field}


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "malformed JSON": ({"body": "{", "headers": {"content-type": "application/json"}}, 400, ""),
    "not UTF-8": ({"body": "\ud800", "headers": {"content-type": "application/json"}}, 400, ""),
    "no body": ({"headers": {"content-type": "application/json"}}, 400, ""),
    "a list": ({"json_body": []}, 422, ""),
    "1 MB": ({"json_body": GOOD | {"message": "x" * 1_000_000}}, 413, ""),
    "a message over 16 KB": ({"json_body": GOOD | {"message": "ж" * 8193}}, 422, "/message"),
    "an empty message": ({"json_body": GOOD | {"message": " \n"}}, 422, "/message"),
    "a missing message": ({"json_body": _without("message")}, 422, ""),
    "a missing email": ({"json_body": _without("email")}, 422, ""),
    "an invalid email": ({"json_body": GOOD | {"email": "ann at example.com"}}, 422, "/email"),
    "two addresses": ({"json_body": GOOD | {"email": "a@example.com,b@example.com"}}, 422, "/email"),
    "an email of the wrong type": ({"json_body": GOOD | {"email": 7}}, 422, "/email"),
    "an unknown field": ({"json_body": GOOD | {"surname@secret": "x"}}, 422, ""),
    "a phone that is none": ({"json_body": GOOD | {"phone": "12"}}, 422, "/phone"),
    "an address without purposes": (
        {"json_body": GOOD | {"postal_address": {"text": "x"}}},
        422,
        "/postal_address",
    ),
    "an address for an unknown purpose": (
        {"json_body": GOOD | {"postal_address": {"text": "x", "purposes": ["ads"]}}},
        422,
        "/postal_address/purposes",
    ),
    "purposes without an address": (
        {"json_body": GOOD | {"postal_address": {"purposes": ["answer"]}}},
        422,
        "/postal_address",
    ),
    "the wrong content type": ({"body": "email=a", "headers": {"content-type": "text/plain"}}, 415, ""),
    "no content type": ({"body": "{}"}, 415, ""),
    "an endless Idempotency-Key": ({"json_body": GOOD, "headers": {"idempotency-key": "k" * 256}}, 422, ""),
    "a form token that is not ours": ({"json_body": GOOD | {"form_token": "AAAA"}}, 422, "/form_token"),
    "a locale that is none": ({"json_body": GOOD | {"locale": "<script>"}}, 422, "/locale"),
}


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_gets_a_clear_refusal_and_nothing_is_stored(stack: Stack, case: str) -> None:
    request, status, pointer = REFUSED[case]
    answer = stack.request("contact_intake", "POST", "/contacts", **request)

    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["detail"]
    if status == 422:
        assert answer.json["errors"][0]["pointer"] == pointer
    assert stack.records() == []
    for value in ("ann@", "surname", "script", "example.com"):
        assert value not in answer.text.replace("name@example.com", "")
