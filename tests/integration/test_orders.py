"""Orders, as a shop's systems tell of them: by PUT and DELETE, or by an event."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from kept.domain.errors import UnavailableError
from kept.domain.orders import DELIVERY
from tests.integration.conftest import Answer, Stack, counts, service

MAY_TELL = service("kept/orders")
NUMBER = "+442079460958"  # reserved for fiction
ANN, BOB = "ann@example.com", "bob@example.org"


def placed(**ago: float) -> str:
    """A moment that long ago, as a shop writes it."""
    return (dt.datetime.now(dt.UTC) - dt.timedelta(**ago)).isoformat(timespec="seconds")


def order(**changes: Any) -> dict[str, Any]:
    return {
        "email": ANN,
        "placed_online": True,
        "placed_at": placed(hours=1),
        "phone": "+44 20 7946 0958",
        "postal_address": "1 Nile Street\nCairo",
    } | changes


def put(stack: Stack, body: Any, order_id: str = "A-1", claims: dict[str, Any] | None = MAY_TELL) -> Answer:
    return stack.request("orders", "PUT", f"/orders/{order_id}", json_body=body, claims=claims)


def delete(stack: Stack, order_id: str = "A-1", claims: dict[str, Any] | None = MAY_TELL) -> Answer:
    return stack.request("orders", "DELETE", f"/orders/{order_id}", claims=claims)


def may(stack: Stack, channel: str, order_id: str = "A-1", address: str | None = None) -> bool:
    """Whether a number may be called about an order, or the order be delivered."""
    purpose, of_ann = ("order_update", NUMBER) if channel == "phone" else (DELIVERY, ANN)
    check = {"channel": channel, "address": address or of_ann, "purpose": purpose, "order_id": order_id}
    answer = stack.request(
        "permissions", "POST", "/permissions", json_body={"checks": [check]}, claims=service("kept/permissions")
    )
    allowed: bool = answer.json["results"][0]["allowed"]
    return allowed


# ---------------------------------------------------------------- who may tell


@pytest.mark.promise("security-measures")
@pytest.mark.promise("phone-for-orders")
@pytest.mark.parametrize("claims", [None, service("kept/permissions"), {"token_use": "id", "scope": "kept/orders"}])
def test_only_a_system_of_the_shops_with_this_scope_may_tell_of_orders(
    stack: Stack, claims: dict[str, Any] | None
) -> None:
    assert put(stack, order(), claims=claims).status == 403
    assert stack.records() == []
    put(stack, order())
    assert delete(stack, claims=claims).status == 403
    assert may(stack, "phone")


# ---------------------------------------------------------------- PUT and DELETE


@pytest.mark.promise("phone-for-orders")
@pytest.mark.promise("post-as-supplied")
def test_an_order_permits_a_call_and_its_delivery_until_it_ends(stack: Stack) -> None:
    assert (may(stack, "phone"), may(stack, "post")) == (False, False)
    assert put(stack, order()).status == 200
    assert (may(stack, "phone"), may(stack, "post")) == (True, True)
    for _ in range(2):
        ended = delete(stack)
        assert (ended.status, ended.text) == (204, "")
        assert (may(stack, "phone"), may(stack, "post")) == (False, False)


@pytest.mark.promise("review-then-discard")
def test_an_order_is_born_with_its_discard_date_and_the_answer_says_it(stack: Stack) -> None:
    placed_at = placed(days=10)
    answer = put(stack, order(placed_at=placed_at, version=7))
    expected = dt.datetime.fromisoformat(placed_at) + dt.timedelta(days=180)
    assert answer.json["order_id"] == "A-1"
    assert answer.json["version"] == 7
    assert dt.datetime.fromisoformat(answer.json["placed_at"]) == dt.datetime.fromisoformat(placed_at)
    assert dt.datetime.fromisoformat(answer.json["discard_by"]) == expected
    assert {int(item["discard_at"]["N"]) for item in stack.records()} == {int(expected.timestamp())}


@pytest.mark.promise("post-as-supplied")
def test_the_address_id_of_the_answer_is_what_the_gate_is_asked_with(stack: Stack) -> None:
    address_id = put(stack, order()).json["address_id"]
    check = {"channel": "post", "address": ANN, "purpose": DELIVERY, "address_id": address_id}
    answer = stack.request(
        "permissions", "POST", "/permissions", json_body={"checks": [check]}, claims=service("kept/permissions")
    )
    assert answer.json["results"][0]["allowed"], answer.text
    assert "address_id" not in put(stack, order(postal_address=None), "A-2").json


@pytest.mark.promise("no-visitor-recognition")
def test_the_answer_repeats_no_address_and_no_number(stack: Stack) -> None:
    answer = put(stack, order())
    for told in (ANN, "7946", "Nile"):
        assert told not in answer.text


def test_the_same_again_changes_nothing(stack: Stack) -> None:
    body = order(version=1)
    first = put(stack, body)
    before = stack.records()
    again = put(stack, body)
    assert (again.status, again.text) == (first.status, first.text)
    assert stack.records() == before


@pytest.mark.parametrize("arrival", [*itertools.permutations([0, 1, 2])])
def test_the_last_write_wins_in_any_order_of_arrival(stack: Stack, arrival: tuple[int, ...]) -> None:
    writes = [
        order(placed_at=placed(hours=3), version=9),
        order(placed_at=placed(hours=2), version=0),
        order(placed_at=placed(hours=2), version=1, phone=None),
    ]
    for number in arrival:
        held = put(stack, writes[number])
        assert held.status == 200
    assert (held.json["version"], may(stack, "phone")) == (1, False)


def test_who_tells_of_what_is_older_learns_what_is_held(stack: Stack) -> None:
    put(stack, order(version=2))
    answer = put(stack, order(version=1, placed_at=placed(hours=5)))
    assert (answer.status, answer.json["version"]) == (200, 2)


def test_an_order_that_is_not_held_cannot_be_ended(stack: Stack) -> None:
    answer = delete(stack, "never-told")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.promise("phone-for-orders")
@pytest.mark.parametrize("phone", ["020 7946 0958", "0044 20 7946 0958", "+44 (0)20 7946-0958", "tel:+44-20-7946-0958"])
def test_a_number_is_taken_in_any_writing_that_tells_its_country(stack: Stack, phone: str) -> None:
    answer = put(stack, order(phone=phone))
    if phone.startswith("020"):  # the policy's shop is in Egypt
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/phone")
    else:
        assert may(stack, "phone"), f"{phone} is {NUMBER}"


@pytest.mark.promise("phone-for-orders")
def test_a_number_without_its_country_is_one_of_the_shops_country(stack: Stack) -> None:
    put(stack, order(phone="010 0123 4567"))
    assert may(stack, "phone", address="+201001234567")


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no email": ({"email": None}, "/email"),
    "an email that is none": ({"email": "ann at example.com"}, "/email"),
    "a phone that is none": ({"phone": "12"}, "/phone"),
    "an empty postal address": ({"postal_address": " \n"}, "/postal_address"),
    "an endless postal address": ({"postal_address": "x" * 2001}, "/postal_address"),
    "whether online as a word": ({"placed_online": "yes"}, "/placed_online"),
    "a time without a zone": ({"placed_at": "2026-01-01T00:00:00"}, "/placed_at"),
    "no time": ({"placed_at": "yesterday"}, "/placed_at"),
    "the future": ({"placed_at": placed(hours=-2)}, "/placed_at"),
    "longer ago than orders are kept": ({"placed_at": placed(days=181)}, "/placed_at"),
    "a negative version": ({"version": -1}, "/version"),
    "a version that no number holds": ({"version": 2**53}, "/version"),
    "an unknown field": ({"canary@example.com": "x"}, ""),
}


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("case", BAD)
def test_a_mistake_is_named_by_its_field_and_nothing_is_stored(stack: Stack, case: str) -> None:
    changes, pointer = BAD[case]
    answer = put(stack, order(**changes))
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json["errors"][0]["pointer"] == pointer
    assert "canary" not in answer.text
    assert stack.records() == []


@pytest.mark.parametrize("missing", ["email", "placed_online", "placed_at"])
def test_what_an_order_cannot_do_without_is_asked_for(stack: Stack, missing: str) -> None:
    answer = put(stack, {name: value for name, value in order().items() if name != missing})
    assert answer.status == 422
    assert missing in answer.text
    assert stack.records() == []


@pytest.mark.parametrize("order_id", ["a b", "a@b", "ä", "x" * 129])
def test_a_number_of_an_order_that_is_none_is_refused(stack: Stack, order_id: str) -> None:
    assert put(stack, order(), order_id).status in (404, 422)
    assert stack.records() == []


def test_a_store_that_does_not_answer_says_send_it_again(stack: Stack) -> None:
    stack.dynamodb.delete_table(TableName="subjects")
    answer = put(stack, order())
    assert (answer.status, bool(answer.headers["retry-after"])) == (503, True)
    assert delete(stack).status == 503


# ---------------------------------------------------------------- events


def event(detail: Any) -> dict[str, Any]:
    """An event of EventBridge, as it reaches a function."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "OrderPlaced",
        "source": "shop",
        "account": "111122223333",
        "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


def deliver(stack: Stack, detail: Any) -> Any:
    return stack.function("orders").handler(event(detail), stack.context)


@pytest.mark.promise("phone-for-orders")
@pytest.mark.promise("post-as-supplied")
def test_an_event_is_as_good_as_a_call_and_may_come_twice(stack: Stack) -> None:
    for _ in range(2):
        assert deliver(stack, order(order_id="A-1")) is None
    assert len(stack.records()) == 3, "the order and the links of its two numbers"
    assert (may(stack, "phone"), may(stack, "post")) == (True, True)


@pytest.mark.promise("phone-for-orders")
def test_an_event_that_comes_late_does_not_bring_back_an_order_that_ended(stack: Stack) -> None:
    detail = order(order_id="A-1")
    deliver(stack, detail)
    delete(stack)
    deliver(stack, detail)
    assert (may(stack, "phone"), may(stack, "post")) == (False, False)


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(
    ("detail", "pointer"),
    [
        (order(order_id="A-1", email="canary"), "/email"),
        (order(order_id="A-1", phone="canary"), "/phone"),
        (order(order_id="A-1", canary="x"), ""),
        (order(order_id="canary @"), "/order_id"),
        (order(), ""),
        ("canary", ""),
        ([], ""),
        (None, ""),
        (order(order_id="A-1", placed_at=placed(days=181)), "/placed_at"),
    ],
)
def test_an_event_that_is_wrong_is_counted_and_not_tried_again(
    stack: Stack, printed: Callable[[], str], detail: Any, pointer: str
) -> None:
    assert deliver(stack, detail) is None, "it would be no better the next time"
    told = printed()
    assert counts(told, "OrderEventsRefused") == {(): 1}
    assert f'"pointer":"{pointer}"' in told, "nobody can see what is wrong with it"
    assert "canary" not in told
    assert stack.records() == []


def test_an_event_that_cannot_be_stored_now_comes_again(stack: Stack) -> None:
    stack.dynamodb.delete_table(TableName="subjects")
    with pytest.raises(UnavailableError) as raised:
        deliver(stack, order(order_id="A-1"))
    assert ANN not in str(raised.value), "Lambda prints what is raised"


# ---------------------------------------------------------------- what is told of it


@pytest.mark.promise("no-visitor-recognition")
def test_no_address_number_or_order_is_logged(stack: Stack, printed: Callable[[], str]) -> None:
    body = order(email="canary.ann@example.com", postal_address="1 Canary Street")
    put(stack, body, "canary-order")
    put(stack, body | {"phone": "canary"}, "canary-order")
    delete(stack, "canary-order")
    deliver(stack, body | {"order_id": "canary-order"})
    told = printed()
    assert told
    for canary in ("canary", "Canary", "example.com", "7946"):
        assert canary not in told


@pytest.mark.promise("security-measures")
def test_no_key_in_the_table_tells_whose_order_it_is(stack: Stack) -> None:
    put(stack, order(), "canary-order")
    for item in stack.records():
        for name in ("pk", "sk", "lookup"):
            assert not any(told in repr(item.get(name)) for told in ("canary", "ann", "7946"))
