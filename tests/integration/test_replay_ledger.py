"""What the ledger gave up is in a bucket: it is taken again, and stays there as long as it cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.replay_ledger import Event, Replayed, changes_in, replay
from tests.integration.conftest import Stack

pytestmark = pytest.mark.promise("security-measures")

BUCKET = "failures"
CHANGE: Event = {
    "eventSourceARN": "arn:aws:dynamodb:us-east-1:1:table/subjects/stream/2026-11-28T03:00:00.000",
    "dynamodb": {
        "Keys": {"pk": {"B": "AAAAAAAAAAAAAAAAAAAAAA=="}, "sk": {"S": "message#1"}},
        "NewImage": {"kind": {"S": "message"}, "discard_at": {"N": "1800000000"}},
        "SequenceNumber": "1" * 21,
        "ApproximateCreationDateTime": 1_790_000_000,
    },
}


@pytest.fixture
def failures(stack: Stack) -> Stack:
    stack.s3.create_bucket(Bucket=BUCKET)
    return stack


def put(stack: Stack, name: str, *changes: Event, as_text: bool = True) -> None:
    event: Any = {"Records": list(changes)}
    content = {
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "payload": json.dumps(event) if as_text else event,
    }
    stack.s3.put_object(Bucket=BUCKET, Key=name, Body=json.dumps(content).encode())


def left(stack: Stack) -> list[str]:
    return [each["Key"] for each in stack.s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]


def entries(stack: Stack) -> int:
    return sum(item["sk"]["S"].startswith("entry#") for item in stack.dynamodb.scan(TableName="ledger")["Items"])


@pytest.mark.parametrize("as_text", [True, False])
def test_it_is_taken_once_however_often_it_is_given(failures: Stack, as_text: bool) -> None:
    for _ in range(2):
        put(failures, "one", CHANGE, as_text=as_text)
        done = replay(BUCKET, lambda event: failures.function("ledger").handler(event, failures.context))
        assert done == Replayed(changes=1)
        assert (left(failures), entries(failures)) == ([], 1)


def test_what_cannot_be_taken_stays_and_holds_nothing_else_up(failures: Stack) -> None:
    broken = {**CHANGE, "dynamodb": {**CHANGE["dynamodb"], "SequenceNumber": "2" * 21}}
    broken["dynamodb"].pop("Keys")
    put(failures, "a", broken)
    put(failures, "b", CHANGE)
    failures.s3.put_object(Bucket=BUCKET, Key="c", Body=b"?")
    done = replay(BUCKET, lambda event: failures.function("ledger").handler(event, failures.context))
    assert done == Replayed(changes=1, failed=1, unreadable=1)
    assert left(failures) == ["a", "c"]


def test_a_function_that_fails_altogether_takes_nothing(failures: Stack) -> None:
    put(failures, "one", CHANGE)
    assert replay(BUCKET, lambda _: {}) == Replayed(failed=1)
    assert left(failures) == ["one"]


def test_a_late_change_of_a_table_that_was_replaced_is_still_one_of_suppressions(
    failures: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPRESSIONS_TABLE", "suppressions-restored-20261128T030000Z")
    told = {"Keys": {"pk": {"B": "AAAAAAAAAAAAAAAAAAAAAA=="}}, "NewImage": {}}
    late = {**CHANGE, "eventSourceARN": CHANGE["eventSourceARN"].replace("subjects", "suppressions")}
    put(failures, "one", {**late, "dynamodb": {**CHANGE["dynamodb"], **told}})
    assert replay(BUCKET, lambda event: failures.function("ledger").handler(event, failures.context)).changes == 1
    (entry,) = (i for i in failures.dynamodb.scan(TableName="ledger")["Items"] if i["sk"]["S"].startswith("entry#"))
    assert entry["store"]["S"] == "suppressions"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"payload": "x"}', b'{"payload": {"Records": []}}', b"null"])
def test_what_is_no_record_of_a_failure_has_no_changes(content: bytes) -> None:
    assert changes_in(content) is None
