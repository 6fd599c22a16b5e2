"""What every store of suppressions must do, the one in memory and the one on DynamoDB; then what the latter must."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from kept.adapters import aws
from kept.adapters.dynamo import batch
from kept.adapters.dynamo.client import dynamodb
from kept.adapters.dynamo.suppressions import KEY_CHECK, DynamoSuppressions
from kept.app.ports.permission import Suppressions
from kept.domain.errors import KeyMismatchError, UnavailableError
from kept.domain.identity import Keys, SubjectId
from kept.domain.suppression import EVERYTHING, LIST_NUMBERS, MARKETING, Scope, Suppression, list_scope
from tests.fakes import MemorySuppressions
from tests.template import create_table

pytestmark = pytest.mark.promise("email-opt-out")

TABLE = "suppressions"
OLD, NEW, OTHER = Keys("k" * 64), Keys("k" * 64 + "\n" + "r" * 64), Keys("j" * 64)
ANN, BOB, CAROL = (OLD.subject_id(f"{name}@example.com") for name in ("ann", "bob", "carol"))
NOW = 1_800_000_000


def people(count: int) -> list[SubjectId]:
    return [OLD.subject_id(f"person{number}@example.com") for number in range(count)]


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        client = dynamodb()
        create_table(client, "SuppressionsTable", TABLE)
        yield client


@pytest.fixture
def stored(table: Any) -> DynamoSuppressions:
    """The store on DynamoDB, whose key is agreed on."""
    assert table
    store = DynamoSuppressions(TABLE, OLD)
    store.agree_on_key()
    return store


@pytest.fixture(params=["memory", "dynamodb"])
def suppressions(request: pytest.FixtureRequest) -> Suppressions:
    return MemorySuppressions() if request.param == "memory" else request.getfixturevalue("stored")


def test_what_is_suppressed_is_found_at_once_and_nothing_else(suppressions: Suppressions) -> None:
    suppressions.suppress(ANN, MARKETING, "form", NOW)
    suppressions.suppress(BOB, EVERYTHING, "link", NOW)
    found = suppressions.scopes_of([ANN, BOB, CAROL])
    assert {who: set(scopes) for who, scopes in found.items()} == {ANN: {MARKETING}, BOB: {EVERYTHING}, CAROL: set()}


def test_who_never_opted_out_is_known_to_have_nothing_suppressed(suppressions: Suppressions) -> None:
    assert set(suppressions.scopes_of([ANN])[ANN]) == set()


def test_nobody_asked_for_is_nobody_answered_for(suppressions: Suppressions) -> None:
    assert suppressions.scopes_of([]) == {}


def test_every_scope_is_kept_beside_the_others(suppressions: Suppressions) -> None:
    scopes = [MARKETING, EVERYTHING, *map(list_scope, LIST_NUMBERS[::25])]
    for scope in scopes:
        suppressions.suppress(ANN, scope, "link", NOW)
    assert set(suppressions.scopes_of([ANN])[ANN]) == set(scopes)


def test_one_persons_suppressions_are_told_with_their_reason_and_time(suppressions: Suppressions) -> None:
    suppressions.suppress(ANN, MARKETING, "form", NOW)
    suppressions.suppress(ANN, list_scope(1), "session", NOW + 1)
    suppressions.suppress(BOB, EVERYTHING, "link", NOW)
    assert suppressions.of(ANN) == {
        MARKETING: Suppression("form", NOW),
        list_scope(1): Suppression("session", NOW + 1),
    }
    assert suppressions.of(CAROL) == {}


def test_what_its_owner_lifts_is_lifted_and_the_rest_stays(suppressions: Suppressions) -> None:
    for scope in (MARKETING, EVERYTHING, list_scope(1)):
        suppressions.suppress(ANN, scope, "link", NOW)
        suppressions.suppress(BOB, scope, "link", NOW)
    for _ in range(2):
        suppressions.lift(ANN, [MARKETING, list_scope(1)])
    suppressions.lift(CAROL, [MARKETING])
    assert set(suppressions.of(ANN)) == {EVERYTHING}
    assert set(suppressions.of(BOB)) == {MARKETING, EVERYTHING, list_scope(1)}
    assert suppressions.of(CAROL) == {}, "nothing is made of nothing"


def test_the_same_person_asked_for_many_times_is_answered_once(suppressions: Suppressions) -> None:
    suppressions.suppress(ANN, MARKETING, "form", NOW)
    found = suppressions.scopes_of([ANN] * 300)
    assert {who: set(scopes) for who, scopes in found.items()} == {ANN: {MARKETING}}


def reasons(suppressions: Suppressions, who: SubjectId) -> dict[str, tuple[str, int]]:
    """The reason and time of each scope, as it lies there."""
    if isinstance(suppressions, MemorySuppressions):
        return {str(scope): entry for (owner, scope), entry in suppressions.entries.items() if owner == who}
    item = dynamodb().get_item(TableName=TABLE, Key={"pk": {"B": who}})["Item"]
    return {
        name: (value["M"]["reason"]["S"], int(value["M"]["at"]["N"])) for name, value in item.items() if name != "pk"
    }


def test_opting_out_again_changes_nothing_of_the_first_time(suppressions: Suppressions) -> None:
    suppressions.suppress(ANN, MARKETING, "form", NOW)
    for later, reason in enumerate(["link", "email", "bounce", "form"]):
        suppressions.suppress(ANN, MARKETING, reason, NOW + later)
    suppressions.suppress(ANN, EVERYTHING, "link", NOW + 9)
    assert reasons(suppressions, ANN) == {"marketing": ("form", NOW), "everything": ("link", NOW + 9)}


@pytest.mark.parametrize("order", [*itertools.permutations([MARKETING, EVERYTHING, list_scope(3)])])
def test_the_order_in_which_somebody_opts_out_does_not_matter(
    suppressions: Suppressions, order: tuple[Scope, ...]
) -> None:
    for scope in order:
        suppressions.suppress(ANN, scope, "link", NOW)
    assert set(suppressions.scopes_of([ANN])[ANN]) == {MARKETING, EVERYTHING, list_scope(3)}


# ---------------------------------------------------------------- on DynamoDB: nothing of the address, nothing twice


def test_a_suppression_holds_nothing_but_a_keyed_hash_and_the_wish(stored: DynamoSuppressions, table: Any) -> None:
    stored.suppress(ANN, MARKETING, "form", NOW)
    (item,) = (item for item in table.scan(TableName=TABLE)["Items"] if "key_check" not in item)
    assert item == {"pk": {"B": ANN}, "marketing": {"M": {"reason": {"S": "form"}, "at": {"N": str(NOW)}}}}


class Calls(list[tuple[str, dict[str, Any]]]):
    """What was asked of DynamoDB."""

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self if name == operation]


@contextmanager
def counted() -> Iterator[Calls]:
    """Watch the calls of the adapters' one client."""
    calls = Calls()

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, params))

    events = dynamodb().meta.events
    events.register("provide-client-params.dynamodb.*", note)
    try:
        yield calls
    finally:
        events.unregister("provide-client-params.dynamodb.*", note)


@pytest.mark.parametrize(
    ("count", "batches"), [(1, 1), (2, 1), (99, 1), (100, 1), (101, 2), (199, 2), (200, 2), (1000, 10)]
)
def test_there_is_exactly_one_read_for_each_hundred_addresses(
    stored: DynamoSuppressions, count: int, batches: int
) -> None:
    asked = people(count)
    for who in asked[::50]:
        stored.suppress(who, MARKETING, "form", NOW)
    with counted() as calls:
        found = stored.scopes_of(asked)
    assert len(calls.of("BatchGetItem")) == batches
    assert len(calls) <= batches + 1, "the key's check costs at most one read of one item"
    assert found == {who: ({MARKETING} if place % 50 == 0 else set()) for place, who in enumerate(asked)}


def test_what_is_written_for_a_batch_is_what_botocore_would_have_written(stored: DynamoSuppressions) -> None:
    """The keys are written as JSON without botocore, for it takes long over them."""
    own, plain = dynamodb(), aws.client("dynamodb")
    sent: list[tuple[str, dict[str, Any]]] = []
    for client in (own, plain):
        client.meta.events.register(
            "before-send.dynamodb.BatchGetItem",
            lambda request, **_: sent.append((request.url, json.loads(request.body))),
            unique_id="sent",
        )
    request = {
        TABLE: {
            "Keys": [{"pk": {"B": who}} for who in (*people(3), SubjectId(bytes(range(240, 256))))],
            "ConsistentRead": True,
            "ProjectionExpression": "#0",
            "ExpressionAttributeNames": {"#0": "pk"},
        }
    }
    try:
        answers = [client.batch_get_item(RequestItems=request) for client in (own, plain)]
        stored.suppress(people(1)[0], MARKETING, "form", NOW)
        answers += [client.batch_get_item(RequestItems=request) for client in (own, plain)]
    finally:
        own.meta.events.unregister("before-send.dynamodb.BatchGetItem", unique_id="sent")
    assert sent[0] == sent[1] == sent[2] == sent[3]
    assert answers[0]["Responses"] == answers[1]["Responses"]
    assert answers[2]["Responses"] == answers[3]["Responses"] != answers[0]["Responses"]


def test_the_same_address_is_read_once(stored: DynamoSuppressions) -> None:
    with counted() as calls:
        stored.scopes_of(people(10) * 100)
    (request,) = calls.of("BatchGetItem")
    assert len(request["RequestItems"][TABLE]["Keys"]) == 11, "ten people and the key's check"


@pytest.mark.parametrize("count", [1, 100, 250])
def test_everything_is_read_strongly_consistent(stored: DynamoSuppressions, count: int) -> None:
    """An eventually consistent read could allow mail to who opted out a moment before."""
    with counted() as calls:
        stored.scopes_of(people(count))
    assert all(request["RequestItems"][TABLE]["ConsistentRead"] for request in calls.of("BatchGetItem"))
    assert all(request["ConsistentRead"] for request in calls.of("GetItem"))
    assert not calls.of("Scan")
    assert not calls.of("Query")


# ---------------------------------------------------------------- on DynamoDB: what cannot be read is never "allowed"


class Throttled:
    """A client that leaves some keys of a batch unprocessed, as DynamoDB may; `times` for each of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stubborn: set[bytes], times: int) -> None:
        self.waits: list[float] = []
        self.batches: list[int] = []
        real, left = dynamodb().batch_get_item, dict.fromkeys(stubborn, times)

        def batch_get_item(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  # boto's own
            ((table, request),) = RequestItems.items()
            keys = request["Keys"]
            self.batches.append(len(keys))
            unread = [key for key in keys if left.get(key["pk"]["B"], 0) > 0]
            for key in unread:
                left[key["pk"]["B"]] -= 1
            read = [key for key in keys if key not in unread]
            answer = real(RequestItems={table: request | {"Keys": read}}) if read else {"Responses": {}}
            unprocessed = {table: request | {"Keys": unread}} if unread else {}
            return answer | {"UnprocessedKeys": unprocessed}

        monkeypatch.setattr(dynamodb(), "batch_get_item", batch_get_item)
        monkeypatch.setattr(batch.time, "sleep", self.waits.append)


def test_what_dynamodb_leaves_unprocessed_is_asked_for_again(
    stored: DynamoSuppressions, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.suppress(ANN, MARKETING, "form", NOW)
    throttled = Throttled(monkeypatch, {ANN, BOB}, times=2)
    assert stored.scopes_of([ANN, BOB, CAROL]) == {ANN: {MARKETING}, BOB: set(), CAROL: set()}
    assert throttled.batches == [4, 2, 2], "only what was left is asked for again"
    assert len(throttled.waits) == 2, "asking again at once would make it worse"
    assert all(0 <= wait <= 1 for wait in throttled.waits)


def test_what_stays_unprocessed_is_missing_in_the_answer_and_the_rest_is_there(
    stored: DynamoSuppressions, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.suppress(ANN, MARKETING, "form", NOW)
    stored.suppress(BOB, MARKETING, "form", NOW)
    throttled = Throttled(monkeypatch, {ANN}, times=1000)
    assert stored.scopes_of([ANN, BOB, CAROL]) == {BOB: {MARKETING}, CAROL: set()}, "Ann must not seem not to opt out"
    assert sum(throttled.waits) < 3, "the caller waits 10 seconds at most"
    assert len(throttled.batches) <= 6


def test_a_batch_of_which_nothing_was_processed_is_missing_whole(
    stored: DynamoSuppressions, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = people(150)
    Throttled(monkeypatch, set(asked[:100]), times=1000)
    assert set(stored.scopes_of(asked)) == set(asked[100:])


def test_a_key_check_that_was_not_processed_is_read_by_itself(
    stored: DynamoSuppressions, monkeypatch: pytest.MonkeyPatch
) -> None:
    Throttled(monkeypatch, {KEY_CHECK["pk"]["B"]}, times=1000)
    assert stored.scopes_of([ANN]) == {ANN: set()}


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("count", [0, 1, 100, 150])
def test_a_table_without_a_key_check_answers_for_nobody(count: int) -> None:
    """Such as one that was made anew, or restored without it."""
    with pytest.raises(KeyMismatchError):
        DynamoSuppressions(TABLE, OLD).scopes_of(people(count))


@pytest.mark.parametrize("count", [1, 100])
@pytest.mark.parametrize("keys", [OTHER, NEW, Keys("r" * 64), Keys("j" * 64 + "\n" + "k" * 64)])
def test_a_table_under_another_key_answers_for_nobody(stored: DynamoSuppressions, keys: Keys, count: int) -> None:
    stored.suppress(ANN, MARKETING, "form", NOW)
    with pytest.raises(KeyMismatchError):
        DynamoSuppressions(TABLE, keys).scopes_of(people(count))


HALF_ROTATED = {
    "rotated, and we have the old key": (OLD, NEW.check_values()[1], None),
    "being rotated, and we have the old key": (OLD, NEW.check_values()[1], OLD.check_values()[0]),
    "being rotated from another key": (NEW, NEW.check_values()[1], OTHER.check_values()[0]),
    "being rotated to a key that we have, alone": (OLD, OLD.check_values()[0], OTHER.check_values()[0]),
    "being rotated to another key": (NEW, "0" * 64, OLD.check_values()[0]),
    "not rotated, and we have a newer key": (NEW, OLD.check_values()[0], None),
    "an empty check": (OLD, "", None),
}


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("case", HALF_ROTATED)
def test_a_half_rotated_key_answers_for_nobody(table: Any, case: str) -> None:
    keys, check, rotating_from = HALF_ROTATED[case]
    item = KEY_CHECK | {"key_check": {"S": check}}
    table.put_item(TableName=TABLE, Item=item | ({"rotating_from": {"S": rotating_from}} if rotating_from else {}))
    with pytest.raises(KeyMismatchError):
        DynamoSuppressions(TABLE, keys).scopes_of([ANN])


MAY_BE_WRITTEN = {"being rotated, and we have the old key"}  # until the end of a rotation both keys are looked under


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("case", [*HALF_ROTATED, "no check at all"])
def test_nothing_is_written_where_nobody_would_look_for_it(table: Any, case: str) -> None:
    keys = OLD
    if case in HALF_ROTATED:
        keys, check, rotating_from = HALF_ROTATED[case]
        item = KEY_CHECK | {"key_check": {"S": check}}
        table.put_item(TableName=TABLE, Item=item | ({"rotating_from": {"S": rotating_from}} if rotating_from else {}))
    before = table.scan(TableName=TABLE)["Items"]
    store = DynamoSuppressions(TABLE, keys)
    if case in MAY_BE_WRITTEN:
        store.suppress(ANN, MARKETING, "form", NOW)
        assert len(table.scan(TableName=TABLE)["Items"]) == len(before) + 1
        return
    for _ in range(2):
        with pytest.raises(KeyMismatchError):
            store.suppress(ANN, MARKETING, "form", NOW)
    assert table.scan(TableName=TABLE)["Items"] == before, "an opt-out was put where nobody looks"
    table.put_item(TableName=TABLE, Item=KEY_CHECK | {"key_check": {"S": keys.check_values()[-1]}})
    store.suppress(ANN, MARKETING, "form", NOW)
    assert store.scopes_of([ANN]) == {ANN: {MARKETING}}, "it does not work again once the table is put right"


def test_the_table_is_asked_for_its_key_once_and_not_with_every_opt_out(stored: DynamoSuppressions) -> None:
    with counted() as calls:
        for who in people(5):
            stored.suppress(who, MARKETING, "form", NOW)
    assert [name for name, _ in calls] == ["GetItem"] + ["UpdateItem"] * 5
    assert calls.of("GetItem")[0]["ConsistentRead"]


@pytest.mark.usefixtures("stored")
def test_the_key_check_says_nothing_of_the_key_and_cannot_be_anybodys_suppression(table: Any) -> None:
    (item,) = table.scan(TableName=TABLE)["Items"]
    assert item == KEY_CHECK | {"key_check": {"S": OLD.check_values()[0]}}
    assert len(item["pk"]["B"]) != len(ANN)


@pytest.mark.usefixtures("stored")
def test_agreeing_on_the_key_again_changes_nothing_and_with_another_key_fails(table: Any) -> None:
    before = table.scan(TableName=TABLE)["Items"]
    assert DynamoSuppressions(TABLE, OLD).agree_on_key() == OLD.check_values()[0]
    with pytest.raises(KeyMismatchError):
        DynamoSuppressions(TABLE, OTHER).agree_on_key()
    assert table.scan(TableName=TABLE)["Items"] == before


def test_a_table_that_cannot_be_reached_is_an_unavailable_dependency(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_there(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.example")

    with mock_aws():  # there is no table
        store = DynamoSuppressions(TABLE, OLD)
        for attempt in (lambda: store.scopes_of([ANN]), lambda: store.suppress(ANN, MARKETING, "form", NOW)):
            with pytest.raises(UnavailableError):
                attempt()
    for operation in ("batch_get_item", "update_item", "get_item"):
        monkeypatch.setattr(dynamodb(), operation, nobody_there)
    with pytest.raises(UnavailableError):
        store.scopes_of([ANN])
    with pytest.raises(UnavailableError):
        store.suppress(ANN, MARKETING, "form", NOW)
