"""Staff read the queue, note, and mark reviewed, which brings the discard date nearer."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from kept.domain.errors import ConflictError
from kept.entry import wiring
from tests.integration.conftest import Stack

Claims = dict[str, Any]


def write_in(stack: Stack, count: int = 1, email: str = "ann@example.com") -> list[str]:
    """Contacts that came in through the form; their references."""
    return [
        stack.request(
            "contact_intake", "POST", "/contacts", json_body={"email": email, "message": f"Message {number}"}
        ).json["reference"]
        for number in range(count)
    ]


def queue(stack: Stack, staff: Claims, **query: str) -> Any:
    """The queue as staff see it."""
    answer = stack.request("review", "GET", "/reviews", query=query, claims=staff)
    assert answer.status == 200, answer.text
    return answer.json


def review(stack: Stack, staff: Claims, reference: str, **body: Any) -> Any:
    """What marking a record reviewed answers."""
    body = {"status": "reviewed", "outcome": "Answered by mail"} | body
    return stack.request("review", "PUT", f"/reviews/{reference}", json_body=body, claims=staff)


@pytest.mark.promise("review-then-discard")
def test_what_came_in_is_in_the_queue(stack: Stack, staff: Claims) -> None:
    (reference,) = write_in(stack)
    (item,) = queue(stack, staff)["items"]
    assert item["reference"] == reference
    assert item["from"] == "ann@example.com"
    assert item["excerpt"] == "Message 0"
    assert item["kind"] == "message"
    assert item["status"] == "new"


def test_the_queue_is_paged_by_cursor_without_loss_or_repetition(stack: Stack, staff: Claims) -> None:
    references = write_in(stack, 60)
    seen: list[str] = []
    page = queue(stack, staff)
    while True:
        seen += [item["reference"] for item in page["items"]]
        if "next" not in page:
            break
        page = queue(stack, staff, cursor=page["next"])
    assert sorted(seen) == sorted(references)
    assert len(seen) == 60


def test_a_complaint_comes_before_older_messages(stack: Stack, staff: Claims) -> None:
    write_in(stack, 3)
    call = {"kind": "complaint", "email": "zoe@example.com", "text": "You phoned me about an offer."}
    answer = stack.request("review", "POST", "/reviews", json_body=call, claims=staff)
    assert answer.status == 201, answer.text
    items = queue(stack, staff)["items"]
    assert items[0]["kind"] == "complaint"
    assert len(items) == 4
    assert [i["kind"] for i in queue(stack, staff, kind="complaint")["items"]] == ["complaint"]


@pytest.mark.promise("reachable")
def test_what_is_said_by_telephone_joins_the_same_queue(stack: Stack, staff: Claims) -> None:
    call = {"kind": "message", "email": "zoe@example.com", "text": "Asks for a callback about order 7."}
    reference = stack.request("review", "POST", "/reviews", json_body=call, claims=staff).json["reference"]
    record = stack.request("review", "GET", f"/reviews/{reference}", claims=staff).json
    assert record["channel"] == "telephone"
    assert record["recorded_by"] == "sam"
    assert record["text"] == call["text"]


@pytest.mark.promise("review-then-discard")
def test_a_review_sets_the_discard_date_from_the_policy(stack: Stack, staff: Claims) -> None:
    (reference,) = write_in(stack)
    answer = review(stack, staff, reference)
    assert answer.status == 200, answer.text
    discard_by = datetime.fromisoformat(answer.json["discard_by"]).timestamp()
    assert discard_by - time.time() == pytest.approx(7 * 86400, abs=5)
    (record,) = stack.records()
    assert int(record["discard_at"]["N"]) == discard_by
    assert queue(stack, staff)["items"] == []
    assert [i["reference"] for i in queue(stack, staff, status="reviewed")["items"]] == [reference]


@pytest.mark.promise("review-then-discard")
def test_a_second_review_never_moves_the_date_away(stack: Stack, staff: Claims) -> None:
    (reference,) = write_in(stack)
    soon = int(time.time()) + 60
    (record,) = stack.records()
    stack.dynamodb.put_item(TableName="subjects", Item=record | {"discard_at": {"N": str(soon)}})
    answer = review(stack, staff, reference)
    assert datetime.fromisoformat(answer.json["discard_by"]).timestamp() == soon


def test_a_review_can_say_that_it_was_a_complaint(stack: Stack, staff: Claims) -> None:
    (reference,) = write_in(stack)
    assert review(stack, staff, reference, kind="complaint").json["kind"] == "complaint"
    record = stack.request("review", "GET", f"/reviews/{reference}", claims=staff).json
    assert (record["kind"], record["outcome"], record["reviewed_by"]) == (
        "complaint",
        "Answered by mail",
        "sam",
    )


@pytest.mark.promise("review-then-discard")
def test_notes_lie_in_the_record_and_so_go_with_it(stack: Stack, staff: Claims) -> None:
    (reference,) = write_in(stack)
    for text in ("Called back", "لا رد"):
        answer = stack.request("review", "POST", f"/reviews/{reference}/notes", json_body={"text": text}, claims=staff)
        assert answer.status == 201, answer.text
    record = stack.request("review", "GET", f"/reviews/{reference}", claims=staff).json
    assert [(n["by"], n["text"]) for n in record["notes"]] == [("sam", "Called back"), ("sam", "لا رد")]
    assert len(stack.records()) == 1, "a note must not be an item of its own, or it could outlive the record"


@pytest.mark.promise("review-then-discard")
def test_a_record_past_its_date_is_never_returned(stack: Stack, staff: Claims) -> None:
    (reference,) = write_in(stack)
    (record,) = stack.records()
    stack.dynamodb.put_item(TableName="subjects", Item=record | {"discard_at": {"N": str(int(time.time()))}})

    assert queue(stack, staff)["items"] == []
    for method, path, body in (
        ("GET", f"/reviews/{reference}", None),
        ("PUT", f"/reviews/{reference}", {"status": "reviewed", "outcome": "x"}),
        ("POST", f"/reviews/{reference}/notes", {"text": "x"}),
    ):
        answer = stack.request("review", method, path, json_body=body, claims=staff)
        assert answer.status == 404, f"{method} {path} showed a record that should be gone"


def test_a_reference_is_found_however_it_is_written(stack: Stack, staff: Claims) -> None:
    (reference,) = write_in(stack)
    for written in (reference.lower(), reference.replace("-", "")):
        assert stack.request("review", "GET", f"/reviews/{written}", claims=staff).status == 200


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(
    "change",
    [
        {"token_use": "id"},
        {"client_id": "another"},
        {"cognito:groups": "[customers]"},
        {"cognito:groups": "[nonstaff staffing]"},
        {"cognito:groups": ""},
    ],
)
def test_only_staff_see_the_queue(stack: Stack, staff: Claims, change: Claims) -> None:
    write_in(stack)
    answer = stack.request("review", "GET", "/reviews", claims=staff | change)
    assert answer.status == 403
    assert "items" not in answer.json


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(
    ("method", "path", "body", "query", "status"),
    [
        ("GET", "/reviews", None, {"status": "lost"}, 422),
        ("GET", "/reviews", None, {"kind": "x"}, 422),
        ("GET", "/reviews", None, {"cursor": "../"}, 422),
        ("GET", "/reviews/nothing", None, {}, 404),
        ("GET", "/reviews/AAAA-AAAA-AAAA-AAAA", None, {}, 404),
        ("PUT", "/reviews/AAAA-AAAA-AAAA-AAAA", {"status": "reviewed", "outcome": "x"}, {}, 404),
        ("PUT", "/reviews/AAAA-AAAA-AAAA-AAAA", {"status": "new", "outcome": "x"}, {}, 422),
        ("PUT", "/reviews/AAAA-AAAA-AAAA-AAAA", {"status": "reviewed"}, {}, 422),
        ("POST", "/reviews/AAAA-AAAA-AAAA-AAAA/notes", {"text": ""}, {}, 422),
        ("POST", "/reviews", {"kind": "message", "email": "x", "text": "y"}, {}, 422),
        ("POST", "/reviews", {"kind": "machine", "email": "a@example.com", "text": "y"}, {}, 422),
    ],
)
def test_bad_requests_of_staff_are_refused_clearly(
    stack: Stack, staff: Claims, method: str, path: str, body: Any, query: dict[str, str], status: int
) -> None:
    answer = stack.request("review", method, path, json_body=body, query=query, claims=staff)
    assert answer.status == status, answer.text
    assert answer.json["detail"]
    assert stack.records() == []


def test_two_reviews_at_the_same_moment_do_not_overwrite_each_other(stack: Stack) -> None:
    (reference,) = write_in(stack)
    messages, now = wiring.messages(), int(time.time())
    before = messages.find(reference, now)
    after = replace(before, status="reviewed", outcome="mine", reviewed_at=now, reviewed_by="a", discard_at=now + 9)
    messages.change(before, after, now)
    with pytest.raises(ConflictError):
        messages.change(before, replace(after, outcome="theirs"), now)
