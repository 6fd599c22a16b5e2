"""What every store of orders must do, the one in memory and the one on DynamoDB, and what it tells the gate."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from moto import mock_aws

from kept.adapters.dynamo import batch
from kept.adapters.dynamo.client import dynamodb
from kept.adapters.dynamo.messages import DynamoMessages
from kept.adapters.dynamo.orders import DynamoOrders
from kept.app.ports.permission import Holdings, Orders
from kept.app.ports.records import Messages
from kept.domain.errors import NotFoundError, UnavailableError
from kept.domain.identity import Keys
from kept.domain.orders import DELIVERY, REPEATS_COME_WITHIN, Order
from kept.domain.records import Message, PostalAddress
from tests.fakes import MemoryMessages, MemoryOrders
from tests.one_at_a_time import calls_one_at_a_time
from tests.template import create_table

KEYS = Keys("k" * 64)
NOW = 1_800_000_000
TABLE = "subjects"
REMAINS = {"pk", "sk", "discard_at", "discard_reason"}
ANN, BOB = "ann@example.com", "bob@example.org"
NUMBER, OTHER_NUMBER = "+442079460958", "+12025550123"  # reserved for fiction
HOME = PostalAddress("1 Nile Street\nCairo", (DELIVERY,))


def order(order_id: str = "A-1", email: str = ANN, **changes: Any) -> Order:
    made = Order(
        subject_id=KEYS.subject_id(email),
        record_id=KEYS.order_record_id(order_id),
        order_id=order_id,
        placed_online=True,
        placed_at=NOW - 1000,
        version=0,
        discard_at=NOW + 180 * 86400,
        email=email,
        phone=NUMBER,
        postal_address=HOME,
    )
    return replace(made, **changes)


class Shop:
    """A store of orders, and what the gate learns from it."""

    def __init__(self, orders: Orders, holdings: Holdings, messages: Messages) -> None:
        self.put, self.end = orders.put, orders.end
        self.holdings, self.messages = holdings, messages

    def placed_online(self, number: str = NUMBER, order_id: str = "A-1", now: int = NOW) -> bool | None:
        """Whether an order was, as the gate is told; None where none is held under that number."""
        use = (number, KEYS.order_record_id(order_id))
        (found,) = self.holdings.placed_online([use], now).items()
        assert found[0] == use
        return found[1]

    def purposes(self, email: str = ANN, order_id: str = "A-1", now: int = NOW) -> set[str] | None:
        """What its postal address was given for, as the gate is told; None where none is held."""
        use = (KEYS.subject_id(email), f"order-{KEYS.order_record_id(order_id)}")
        (found,) = self.holdings.purposes_of([use], now).values()
        return None if found is None else set(found)


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        create_table(dynamodb(), "SubjectsTable", TABLE)
        yield dynamodb()


@pytest.fixture(params=["memory", "dynamodb"])
def shop(request: pytest.FixtureRequest) -> Shop:
    if request.param == "memory":
        messages = MemoryMessages()
        memory = MemoryOrders(KEYS, messages)
        return Shop(memory, memory, messages)
    request.getfixturevalue("table")
    stored = DynamoOrders(TABLE, KEYS)
    return Shop(stored, stored, DynamoMessages(TABLE, KEYS))


# ---------------------------------------------------------------- what is told, is held


@pytest.mark.promise("phone-for-orders")
@pytest.mark.promise("post-as-supplied")
def test_an_order_is_held_with_what_it_permits(shop: Shop) -> None:
    assert shop.put(order(), NOW) == order()
    assert shop.placed_online() is True
    assert shop.purposes() == {DELIVERY}


@pytest.mark.promise("phone-for-orders")
def test_an_order_that_was_not_placed_online_says_so(shop: Shop) -> None:
    shop.put(order(placed_online=False), NOW)
    assert shop.placed_online() is False


def test_an_order_without_number_and_address_permits_nothing_but_is_held(shop: Shop) -> None:
    bare = order(phone=None, postal_address=None)
    assert shop.put(bare, NOW) == bare
    assert (shop.placed_online(), shop.purposes()) == (None, None)
    shop.end("A-1", NOW)


def test_the_same_again_changes_nothing(shop: Shop) -> None:
    for _ in range(3):
        assert shop.put(order(), NOW) == order()
    assert (shop.placed_online(), shop.purposes()) == (True, {DELIVERY})


@pytest.mark.promise("phone-for-orders")
def test_a_persons_orders_do_not_get_in_each_others_way(shop: Shop) -> None:
    shop.put(order("A-1"), NOW)
    shop.put(order("A-2", placed_online=False), NOW)
    shop.put(order("B-1", BOB, phone=OTHER_NUMBER), NOW)
    shop.end("A-1", NOW)
    assert (shop.placed_online(order_id="A-1"), shop.placed_online(order_id="A-2")) == (None, False)
    assert shop.placed_online(OTHER_NUMBER, "B-1") is True
    assert shop.placed_online(NUMBER, "B-1") is None, "Bob's order would be talked about on Ann's number"
    assert shop.placed_online(OTHER_NUMBER, "A-2") is None


@pytest.mark.promise("phone-for-orders")
def test_two_people_with_one_number_are_both_called_about_their_own_orders(shop: Shop) -> None:
    shop.put(order("A-1", ANN), NOW)
    shop.put(order("B-1", BOB), NOW)
    shop.end("A-1", NOW)
    assert shop.placed_online(order_id="A-1") is None
    assert shop.placed_online(order_id="B-1") is True


# ---------------------------------------------------------------- the last write wins, however they arrive

WRITES = {
    "first": order(placed_at=NOW - 1000, version=1),
    "corrected": order(placed_at=NOW - 1000, version=2, phone=OTHER_NUMBER),
    "placed again, to Bob": order(email=BOB, placed_at=NOW - 500, version=0, placed_online=False),
}


@pytest.mark.promise("phone-for-orders")
@pytest.mark.parametrize("delivered", [*itertools.permutations(WRITES)])
def test_the_last_write_wins_in_any_order_of_delivery(shop: Shop, delivered: tuple[str, ...]) -> None:
    last = max((WRITES[name] for name in delivered), key=lambda each: (each.placed_at, each.version))
    for name in (*delivered, *delivered):  # each comes at least once
        held = shop.put(WRITES[name], NOW)
        assert (held.placed_at, held.version) >= (WRITES[name].placed_at, WRITES[name].version)
    assert shop.put(last, NOW) == last
    uses = {number: shop.placed_online(number) for number in (NUMBER, OTHER_NUMBER)}
    assert uses == {NUMBER: None, OTHER_NUMBER: None} | {last.phone: last.placed_online}
    assert {email: shop.purposes(email) for email in (ANN, BOB)} == {ANN: None, BOB: None} | {last.email: {DELIVERY}}


def test_who_writes_what_is_older_learns_what_is_held(shop: Shop) -> None:
    newer = order(version=5)
    shop.put(newer, NOW)
    assert shop.put(order(version=4, phone=OTHER_NUMBER), NOW) == newer
    assert shop.placed_online(OTHER_NUMBER) is None


def test_a_correction_without_a_new_version_is_taken(shop: Shop) -> None:
    shop.put(order(), NOW)
    shop.put(order(phone=None), NOW)
    assert shop.placed_online() is None


@pytest.mark.promise("phone-for-orders")
def test_an_order_that_moved_to_another_address_is_that_persons_alone(shop: Shop) -> None:
    shop.put(order(email=ANN), NOW)
    shop.put(order(email=BOB, version=1), NOW)
    assert (shop.purposes(ANN), shop.purposes(BOB)) == (None, {DELIVERY})
    assert shop.placed_online() is True
    shop.put(order(email=ANN, version=2), NOW)
    assert (shop.purposes(ANN), shop.purposes(BOB)) == ({DELIVERY}, None)
    shop.end("A-1", NOW)
    assert (shop.purposes(ANN), shop.purposes(BOB), shop.placed_online()) == (None, None, None)


@pytest.mark.promise("phone-for-orders")
def test_a_number_that_was_changed_may_not_be_called_any_more(shop: Shop) -> None:
    shop.put(order(), NOW)
    shop.put(order(phone=OTHER_NUMBER, version=1), NOW)
    assert (shop.placed_online(NUMBER), shop.placed_online(OTHER_NUMBER)) == (None, True)
    shop.put(order(phone=None, version=2), NOW)
    assert (shop.placed_online(NUMBER), shop.placed_online(OTHER_NUMBER)) == (None, None)


@pytest.mark.promise("post-as-supplied")
def test_an_address_that_was_taken_out_of_an_order_is_not_delivered_to(shop: Shop) -> None:
    shop.put(order(), NOW)
    shop.put(order(postal_address=None, version=1), NOW)
    assert shop.purposes() is None


# ---------------------------------------------------------------- the end


@pytest.mark.promise("phone-for-orders")
@pytest.mark.promise("post-as-supplied")
def test_an_order_that_ended_permits_nothing_and_ending_it_again_is_as_good(shop: Shop) -> None:
    shop.put(order(), NOW)
    for _ in range(2):
        shop.end("A-1", NOW)
        assert (shop.placed_online(), shop.purposes()) == (None, None)


@pytest.mark.promise("phone-for-orders")
def test_a_late_repeat_does_not_bring_an_ended_order_back(shop: Shop) -> None:
    shop.put(order(version=3), NOW)
    shop.end("A-1", NOW)
    for version in (3, 2):
        held = shop.put(order(version=version), NOW + REPEATS_COME_WITHIN - 1)
        assert held.ended
        assert held.email is None, "what was ended is shown again"
        assert (shop.placed_online(), shop.purposes()) == (None, None)


def test_a_newer_order_under_the_same_number_counts_after_the_end(shop: Shop) -> None:
    shop.put(order(version=3), NOW)
    shop.end("A-1", NOW)
    again = order(version=4, email=BOB, phone=OTHER_NUMBER)
    assert shop.put(again, NOW) == again
    assert (shop.placed_online(OTHER_NUMBER), shop.placed_online(NUMBER)) == (True, None)
    assert shop.purposes(BOB) == {DELIVERY}


@pytest.mark.parametrize("told", [[], ["another"]])
def test_an_order_that_nobody_told_of_cannot_be_ended(shop: Shop, told: list[str]) -> None:
    for order_id in told:
        shop.put(order(order_id), NOW)
    with pytest.raises(NotFoundError):
        shop.end("A-1", NOW)


# ---------------------------------------------------------------- past its date


@pytest.mark.promise("review-then-discard")
@pytest.mark.promise("phone-for-orders")
def test_an_order_past_its_date_permits_nothing_though_ttl_has_not_removed_it(shop: Shop) -> None:
    shop.put(order(discard_at=NOW + 10), NOW)
    assert (shop.placed_online(now=NOW + 9), shop.purposes(now=NOW + 9)) == (True, {DELIVERY})
    assert (shop.placed_online(now=NOW + 10), shop.purposes(now=NOW + 10)) == (None, None)
    with pytest.raises(NotFoundError):
        shop.end("A-1", NOW + 10)


def test_an_order_past_its_date_gives_way_even_to_an_older_one(shop: Shop) -> None:
    shop.put(order(version=9, discard_at=NOW + 10), NOW)
    again = order(version=1, phone=OTHER_NUMBER)
    assert shop.put(again, NOW + 10) == again
    assert (shop.placed_online(OTHER_NUMBER), shop.placed_online(NUMBER)) == (True, None)


# ---------------------------------------------------------------- addresses that came with messages


@pytest.mark.promise("post-as-supplied")
def test_an_address_that_came_with_a_message_is_for_what_it_was_given_for(shop: Shop) -> None:
    shop.messages.add(message := with_address(("catalogue", "answer")))
    use = (message.subject_id, f"message-{message.record_id}")
    another = (KEYS.subject_id(BOB), f"message-{message.record_id}")
    found = shop.holdings.purposes_of([use, another], NOW)
    assert set(found[use] or ()) == {"catalogue", "answer"}
    assert found[another] is None, "it is another person's"
    assert shop.holdings.purposes_of([use], message.discard_at)[use] is None


def with_address(purposes: tuple[str, ...]) -> Message:
    return Message(
        KEYS.subject_id(ANN),
        "0" * 32,
        "AAAA-AAAA-AAAA-AAAA",
        "message",
        "form",
        NOW,
        NOW + 1000,
        "x",
        email=ANN,
        postal_address=PostalAddress("1 Nile Street", purposes),
    )


def test_many_are_answered_at_once(shop: Shop) -> None:
    for number in range(0, 130, 13):
        shop.put(order(f"A-{number}", placed_online=number % 2 == 0), NOW)
    uses = [(NUMBER, KEYS.order_record_id(f"A-{number}")) for number in range(130)]
    found = shop.holdings.placed_online(uses, NOW)
    assert found == {use: None if n % 13 else n % 2 == 0 for n, use in enumerate(uses)}
    posts = [(KEYS.subject_id(ANN), f"order-{record}") for _, record in uses]
    assert set(shop.holdings.purposes_of(posts, NOW)) == set(posts)
    assert shop.holdings.placed_online([], NOW) == shop.holdings.purposes_of([], NOW) == {}


# ---------------------------------------------------------------- on DynamoDB


@pytest.fixture
def stored(table: Any) -> DynamoOrders:
    assert table
    return DynamoOrders(TABLE, KEYS)


def items() -> list[dict[str, Any]]:
    """What is held, without what only waits to be deleted."""
    return [item for item in scanned() if item.keys() != REMAINS]


def record_of(order_id: str) -> dict[str, Any]:
    """The one record of an order."""
    (record,) = (item for item in items() if item.get("order_id") == {"S": order_id})
    return record


def scanned() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dynamodb().scan(TableName=TABLE)["Items"]
    return found


@pytest.mark.promise("review-then-discard")
def test_every_item_of_an_order_is_born_with_its_discard_date_and_no_key_tells_who(stored: DynamoOrders) -> None:
    stored.put(order(), NOW)
    record, *links = sorted(items(), key=len, reverse=True)
    assert {int(item["discard_at"]["N"]) for item in (record, *links)} == {order().discard_at}
    for link in links:
        told = {"pk", "sk", "owner", "placed_at", "version", "discard_at"}
        assert link.keys() == told, "a number's partition holds nothing but links"
    assert {link["pk"]["B"] for link in links} == {KEYS.phone_id(NUMBER), KEYS.order_lookup("A-1")}
    for item in (record, *links):
        for name in ("pk", "sk"):
            value = repr(item.get(name))
            assert not any(told in value for told in ("ann", "example", NUMBER, "A-1")), f"{name} tells who it is"


@pytest.mark.promise("review-then-discard")
def test_of_an_ended_order_nothing_personal_is_left(stored: DynamoOrders) -> None:
    stored.put(order(), NOW)
    stored.end("A-1", NOW)
    assert not {"email", "phone", "postal_address"} & record_of("A-1").keys()
    assert len(items()) == 2, "the order, and the link from the shop's number for it"
    for left in items():
        assert left["discard_reason"] == {"S": "ended"}
        assert int(left["discard_at"]["N"]) == NOW + REPEATS_COME_WITHIN


@pytest.mark.promise("review-then-discard")
def test_an_order_that_moved_leaves_nothing_behind(stored: DynamoOrders) -> None:
    stored.put(order(), NOW)
    stored.put(order(email=BOB, phone=OTHER_NUMBER, version=1), NOW)
    assert len(items()) == 3
    assert {KEYS.subject_id(ANN), KEYS.phone_id(NUMBER)}.isdisjoint(item["pk"]["B"] for item in items())
    remains = {item["pk"]["B"]: item for item in scanned() if item.keys() == REMAINS}
    assert remains.keys() == {KEYS.subject_id(ANN), KEYS.phone_id(NUMBER)}
    for item in remains.values():
        assert item["discard_at"] == {"N": str(NOW)}, "time to live deletes it next"
        assert item["discard_reason"] == {"S": "replaced"}


def test_an_order_comes_back_to_where_its_remains_still_lie(stored: DynamoOrders) -> None:
    for version, email in enumerate((ANN, BOB, ANN)):
        stored.put(order(email=email, version=version), NOW)
    assert record_of("A-1")["pk"]["B"] == KEYS.subject_id(ANN)
    stored.put(order(email=BOB, version=3), NOW)
    assert record_of("A-1")["pk"]["B"] == KEYS.subject_id(BOB)


@pytest.mark.promise("phone-for-orders")
def test_a_link_that_was_left_behind_does_not_make_a_number_the_orders(stored: DynamoOrders) -> None:
    stored.put(order(phone=OTHER_NUMBER), NOW)
    (link,) = (item for item in items() if item["pk"]["B"] == KEYS.phone_id(OTHER_NUMBER))
    dynamodb().put_item(TableName=TABLE, Item=link | {"pk": {"B": KEYS.phone_id(NUMBER)}})
    use = (NUMBER, KEYS.order_record_id("A-1"))
    assert stored.placed_online([use], NOW) == {use: None}


@pytest.mark.promise("phone-for-orders")
@pytest.mark.promise("post-as-supplied")
def test_a_record_that_is_being_deleted_permits_nothing_any_more(stored: DynamoOrders) -> None:
    """Who deletes a record first writes why, and deletes it then."""
    stored.put(order(), NOW)
    dynamodb().put_item(TableName=TABLE, Item=record_of("A-1") | {"discard_reason": {"S": "erasure"}})
    call, letter = (NUMBER, order().record_id), (order().subject_id, f"order-{order().record_id}")
    assert stored.placed_online([call], NOW) == {call: None}
    assert stored.purposes_of([letter], NOW) == {letter: None}


@pytest.mark.promise("phone-for-orders")
def test_an_order_that_moves_twice_at_once_stands_once(stored: DynamoOrders) -> None:
    """Whoever writes at the same moment, for whatever address: the shop's number leads to one order."""
    versions = {ANN: 1, BOB: 2, "carl@example.org": 3}
    with calls_one_at_a_time(), ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda told: stored.put(order(email=told[0], version=told[1]), NOW), versions.items()))
    assert record_of("A-1")["version"] == {"N": "3"}
    stored.end("A-1", NOW)
    assert "email" not in record_of("A-1"), "an order that ended could still be written about"


def test_an_order_without_the_link_of_its_number_is_still_its_persons(stored: DynamoOrders) -> None:
    """Time to live deletes both in its own time, and in any order."""
    stored.put(order(version=2), NOW)
    link = {"pk": {"B": KEYS.order_lookup("A-1")}, "sk": {"S": f"order#{order().record_id}"}}
    dynamodb().delete_item(TableName=TABLE, Key=link)
    assert stored.put(order(version=1, phone=OTHER_NUMBER), NOW) == order(version=2)
    later = NOW + 181 * 86400
    again = order(placed_at=later, discard_at=later + 180 * 86400, email=ANN)
    assert stored.put(again, later) == again


class Meanwhile:
    """Somebody else writes between a store's look at what is held and its write; `times`, then no more."""

    def __init__(self, store: DynamoOrders, monkeypatch: pytest.MonkeyPatch, write: Callable[[], Any], times: int = 1):
        self.left = times
        look = store._standing

        def standing(*arguments: Any) -> Any:
            found = look(*arguments)
            if self.left > 0:
                self.left -= 1
                write()
            return found

        monkeypatch.setattr(store, "_standing", standing)


@pytest.mark.promise("phone-for-orders")
@pytest.mark.parametrize("held_before", [True, False])
def test_of_two_writes_at_once_the_later_one_wins(
    stored: DynamoOrders, monkeypatch: pytest.MonkeyPatch, held_before: bool
) -> None:
    other = DynamoOrders(TABLE, KEYS)
    if held_before:
        other.put(order(), NOW)
    newest = order(version=2, phone=OTHER_NUMBER)
    Meanwhile(stored, monkeypatch, lambda: other.put(newest, NOW))
    assert stored.put(order(version=1), NOW) == newest
    assert len(items()) == 3, "a link to a number that may not be called was left"


@pytest.mark.promise("phone-for-orders")
def test_an_end_that_meets_another_write_ends_that_too(stored: DynamoOrders, monkeypatch: pytest.MonkeyPatch) -> None:
    other = DynamoOrders(TABLE, KEYS)
    other.put(order(), NOW)
    Meanwhile(stored, monkeypatch, lambda: other.put(order(version=1, phone=OTHER_NUMBER), NOW))
    stored.end("A-1", NOW)
    assert "phone" not in record_of("A-1")


def test_who_is_overtaken_every_time_may_try_again_later(stored: DynamoOrders, monkeypatch: pytest.MonkeyPatch) -> None:
    other = DynamoOrders(TABLE, KEYS)
    versions = itertools.count(1)
    Meanwhile(stored, monkeypatch, lambda: other.put(order(version=next(versions)), NOW), times=99)
    with pytest.raises(UnavailableError):
        stored.put(order(version=50), NOW)


@pytest.mark.promise("phone-for-orders")
@pytest.mark.promise("post-as-supplied")
def test_what_could_not_be_read_is_missing_in_the_answer(stored: DynamoOrders, monkeypatch: pytest.MonkeyPatch) -> None:
    stored.put(order("A-1"), NOW)
    stored.put(order("A-2"), NOW)
    real = dynamodb().batch_get_item
    lost = f"order#{KEYS.order_record_id('A-1')}"

    def batch_get_item(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  # boto's own
        request = RequestItems[TABLE]
        assert request["ConsistentRead"], "the gate would call about an order that ended a moment before"
        unread = [key for key in request["Keys"] if key["sk"]["S"] == lost]
        read = [key for key in request["Keys"] if key not in unread]
        answer = real(RequestItems={TABLE: request | {"Keys": read}}) if read else {"Responses": {}}
        return answer | {"UnprocessedKeys": {TABLE: request | {"Keys": unread}} if unread else {}}

    monkeypatch.setattr(dynamodb(), "batch_get_item", batch_get_item)
    monkeypatch.setattr(batch.time, "sleep", lambda _: None)
    calls = [(NUMBER, KEYS.order_record_id(order_id)) for order_id in ("A-1", "A-2")]
    posts = [(KEYS.subject_id(ANN), f"order-{record}") for _, record in calls]
    assert stored.placed_online(calls, NOW) == {calls[1]: True}
    assert stored.purposes_of(posts, NOW) == {posts[1]: {DELIVERY}}


def test_a_table_that_cannot_be_reached_is_an_unavailable_dependency() -> None:
    with mock_aws():  # there is no table
        store = DynamoOrders(TABLE, KEYS)
        for attempt in (
            lambda: store.put(order(), NOW),
            lambda: store.end("A-1", NOW),
            lambda: store.placed_online([(NUMBER, "0" * 32)], NOW),
            lambda: store.purposes_of([(KEYS.subject_id(ANN), f"order-{'0' * 32}")], NOW),
        ):
            with pytest.raises(UnavailableError):
                attempt()
