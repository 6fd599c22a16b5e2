"""A request has a deadline that staff see; it is extended once, in time, with a reason that the person is told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kept.adapters.clock import now
from tests.integration.conftest import Answer, Stack, set_clock
from tests.integration.people import ask, deliver_mail, items_of, mails_to

ANN = "ann@example.com"
DAY = 86400
WHY = "Your orders of 2009 lie on paper, and we are looking for them."


def seconds(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp())


def extend(stack: Stack, staff: dict[str, Any], reference: str, reason: str = WHY) -> Answer:
    path = f"/reviews/{reference}/extensions"
    answer = stack.request("review", "POST", path, json_body={"reason": reason}, claims=staff)
    deliver_mail(stack)
    return answer


@pytest.mark.promise("access-on-request")
def test_staff_see_how_many_days_are_left(stack: Stack, staff: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    ask(stack, ANN)
    (entry,) = stack.request("review", "GET", "/reviews", claims=staff).json["items"]
    assert entry["days_left"] in {29, 30}
    assert seconds(entry["answer_by"]) - seconds(entry["received_at"]) == 30 * DAY
    late = now() + 31 * DAY
    set_clock(monkeypatch, lambda: late)
    (entry,) = stack.request("review", "GET", "/reviews", claims=staff).json["items"]
    assert entry["days_left"] < 0, "an overdue request looks as if there were time"


@pytest.mark.promise("access-on-request")
def test_an_extension_moves_the_deadline_once_and_tells_the_person_why(stack: Stack, staff: dict[str, Any]) -> None:
    reference = ask(stack, ANN).json["reference"]
    before = stack.request("review", "GET", f"/reviews/{reference}", claims=staff).json
    answer = extend(stack, staff, reference)
    assert answer.status == 200, answer.text
    assert seconds(answer.json["answer_by"]) - seconds(before["answer_by"]) == 60 * DAY
    assert seconds(answer.json["discard_by"]) > seconds(answer.json["answer_by"]), "gone before it could be answered"
    assert answer.json["extension"]["reason"] == WHY
    told = mails_to(ANN)[-1].get_content()
    assert WHY in told
    assert answer.json["answer_by"][:10] in told
    assert reference in told
    assert "token=" not in told
    again = extend(stack, staff, reference, "Another reason")
    assert again.status == 409
    assert extend(stack, staff, reference).json["answer_by"] == answer.json["answer_by"], "the same again moves nothing"
    assert [WHY in mail.get_content() for mail in mails_to(ANN)].count(True) == 1, "and tells nobody twice"
    item = next(i for i in items_of(stack, ANN) if i["sk"]["S"].startswith("message#"))
    assert item["date_moved"]["M"]["reason"] == {"S": "extended"}


@pytest.mark.promise("access-on-request")
def test_what_cannot_be_extended(stack: Stack, staff: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"email": ANN, "message": "Hello"}
    message = stack.request("contact_intake", "POST", "/contacts", json_body=body).json["reference"]
    assert extend(stack, staff, message).status == 409, "a message has no deadline"
    request = ask(stack, ANN).json["reference"]
    assert extend(stack, staff, request, "").status == 422
    assert extend(stack, {}, request).status == 403
    late = now() + 31 * DAY
    set_clock(monkeypatch, lambda: late)
    assert extend(stack, staff, request).status == 409, "who is too late cannot make it good"


@pytest.mark.promise("review-then-discard")
def test_a_hold_states_its_law_and_its_end_within_what_the_policy_allows(stack: Stack, staff: dict[str, Any]) -> None:
    body = {"email": ANN, "message": "Hello"}
    receipt = stack.request("contact_intake", "POST", "/contacts", json_body=body).json
    path = f"/reviews/{receipt['reference']}/hold"

    def hold(days: int, **more: Any) -> Answer:
        until = dt.datetime.fromtimestamp(now() + days * DAY, dt.UTC).isoformat()
        body = {"reason": "Tax Act, section 7", "until": until} | more
        return stack.request("review", "PUT", path, json_body=body, claims=staff)

    for refused in (hold(-1), hold(366), hold(10, reason=""), hold(10, until="2100-01-01T00:00:00")):
        assert refused.status == 422, refused.text
    held = hold(200)
    assert held.status == 200
    assert held.json["discard_by"] == held.json["hold"]["until"]
    reviewed = {"status": "reviewed", "outcome": "Answered"}
    answer = stack.request("review", "PUT", path.removesuffix("/hold"), json_body=reviewed, claims=staff)
    assert answer.json["discard_by"] == held.json["discard_by"], "a review does not end a hold"
    assert hold(10).json["discard_by"] < held.json["discard_by"], "a shorter one replaces it"
    ended = stack.request("review", "DELETE", path, claims=staff)
    assert "hold" not in ended.json
    assert seconds(ended.json["discard_by"]) <= now() + 7 * DAY, "it goes when its review says"
    (item,) = items_of(stack, ANN)
    assert item["date_moved"]["M"]["reason"] == {"S": "hold-ended"}
