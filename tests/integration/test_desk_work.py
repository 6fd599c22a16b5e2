"""What staff do at the desk: look through the queue, answer later, keep what a law asks for, look at the audits."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from kept.adapters import clock
from kept.domain.records import MailFacts, Reason
from kept.domain.retention import discard_at_birth
from kept.entry import wiring
from kept.entry.language import LANGUAGES, language
from tests.audit_world import DAY, World
from tests.integration.conftest import Stack
from tests.integration.test_desk import OURS, contact, cookie


def request_of(stack: Stack) -> str:
    """A request for data whose person wrote it in their own words, so that staff answer it."""
    call = {"kind": "request", "email": "ann@example.com", "text": "What do you hold about me?"}
    answer = stack.request("desk", "POST", "/desk/en/call", form=call, headers=cookie(stack) | OURS)
    return str(answer.headers["location"].rpartition("/")[2])


def post(stack: Stack, reference: str, form: str, fields: dict[str, str], code: str = "en") -> Any:
    path = f"/desk/{code}/records/{reference}/{form}"
    return stack.request("desk", "POST", path, form=fields, headers=cookie(stack) | OURS)


def look(stack: Stack, reference: str, code: str = "en") -> str:
    return str(stack.request("desk", "GET", f"/desk/{code}/records/{reference}", headers=cookie(stack)).text)


def tomorrow(days: int = 1) -> str:
    return (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)).isoformat()


@pytest.mark.promise("complaints-heard")
def test_the_queue_is_filtered_by_kind_status_deadline_intent_and_its_reason(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = contact(stack)
    complaint = {"email": "carl@example.com", "message": "You wrote again."}
    stack.request("contact_intake", "POST", "/complaints", json_body=complaint)
    asked = request_of(stack)
    found = wiring.messages().find(message, clock.now())
    mail = MailFacts("raw/1", intents=("opt_out",), why=(Reason("opt_out", "en", "do not email me again"),))
    wiring.messages().add(
        msgspec.structs.replace(found) if isinstance(found, msgspec.Struct) else _mail(found, mail),
        replace_expired_at=0,
    )

    def seen(**query: str) -> set[str]:
        text = stack.request("desk", "GET", "/desk/en", headers=cookie(stack), query=query).text
        names = ("ann@example.com", "carl@example.com", "grace@example.com")
        body = text[text.index("<main") :]
        return {name.partition("@")[0] for name in names if name in body}

    assert seen() == {"ann", "carl", "grace"}
    assert seen(kind="complaint") == {"carl"}
    assert seen(kind="request") == {"ann"}
    assert seen(intent="opt_out") == {"grace"}
    assert seen(reason="EMAIL me again") == {"grace"}
    assert seen(intent="opt_out", reason="no such words") == set()
    assert seen(status="reviewed") == set()
    assert seen(due="overdue") == seen(due="soon") == set()
    post(stack, asked, "review", {"outcome": "Done."})
    assert seen(status="reviewed") == {"ann"}
    assert seen(kind="request") == set()
    moved = clock.now() + 12 * DAY
    monkeypatch.setattr("kept.adapters.clock.now", lambda: moved)
    monkeypatch.setattr("kept.entry.desk_pages.now", lambda: moved)
    headers = cookie(stack, lives=20 * DAY)
    text = stack.request("desk", "GET", "/desk/en", headers=headers, query={"due": "soon"}).text
    assert "carl@example.com" in text
    assert "2 days left" in text or "1 day left" in text
    assert "grace@example.com" not in text


def _mail(message: Any, mail: MailFacts) -> Any:
    """A mail of Grace's, like a message of Ann's."""
    now = clock.now()
    return replace(
        message, subject_id=wiring.keys().subject_id("grace@example.com"), record_id="ab" * 16,
        email="grace@example.com",
        reference="GRAC-EGRA-CEGR-ACE2", channel="email", mail=mail, received_at=now,
        discard_at=discard_at_birth(wiring.policy().retention.message, now),
    )  # fmt: skip


@pytest.mark.promise("access-on-request")
def test_a_request_is_answered_later_once_with_a_reason_that_the_person_is_told(stack: Stack) -> None:
    reference = request_of(stack)
    assert "30 days left" in look(stack, reference) or "29 days left" in look(stack, reference)
    assert f"/records/{reference}/extension" in look(stack, reference)
    assert post(stack, reference, "extension", {"reason": "The archive is slow."}).status == 303
    text = look(stack, reference)
    assert "The archive is slow." in text
    assert "89 days left" in text or "90 days left" in text
    assert f"/records/{reference}/extension" not in text, "it can be extended once"
    again = post(stack, reference, "extension", {"reason": "Another reason."})
    assert again.status == 409
    assert "extended once" in again.text


@pytest.mark.promise("review-then-discard")
def test_a_record_is_kept_because_a_law_asks_for_it_and_let_go_again(stack: Stack) -> None:
    reference = contact(stack)
    (before,) = stack.records()
    assert post(stack, reference, "hold", {"reason": "Tax law, §147.", "until": tomorrow(100)}).status == 303
    (held,) = stack.records()
    end = dt.datetime.combine(dt.date.fromisoformat(tomorrow(101)), dt.time(), dt.UTC).timestamp()
    assert int(held["discard_at"]["N"]) == end, "to the end of that day"
    text = look(stack, reference)
    assert "Tax law, §147." in text
    assert f"/records/{reference}/hold/end" in text
    assert post(stack, reference, "hold/end", {}).status == 303
    (after,) = stack.records()
    assert after["discard_at"] == before["discard_at"]
    assert "hold/end" not in look(stack, reference)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_form_that_is_refused_comes_back_as_it_was_filled_in_and_changes_nothing(stack: Stack, code: str) -> None:
    reference, spoken = contact(stack), language(code)
    before = [{k: v for k, v in item.items() if k != "openings"} for item in stack.records()]
    no_request = spoken.translate("Only a request that waits for its answer can be answered later.")
    for form, fields, kept in (
        ("hold", {"reason": "A law of <today>", "until": "2020-01-01"}, "A law of &lt;today&gt;"),
        ("hold", {"reason": "A law", "until": tomorrow(5000)}, "A law"),
        ("hold", {"until": tomorrow()}, tomorrow()),
        ("notes", {"text": "x" * 2001}, "x" * 2001),
        ("review", {"outcome": "y" * 2001}, "y" * 2001),
        ("extension", {"reason": "It is no request."}, no_request),
    ):  # fmt: skip
        answer = post(stack, reference, form, fields, code)
        assert answer.status in {409, 422}, form
        assert kept in answer.text, form
        assert 'role="alert"' in answer.text
        assert f'lang="{code}"' in answer.text
        other = "ar" if code == "en" else "en"
        assert f'href="/desk/{other}/records/{reference}"' in answer.text, "the same page in the other language"
    assert [{k: v for k, v in item.items() if k != "openings"} for item in stack.records()] == before
    call = {"kind": "complaint", "email": "not an address", "text": "They said <this>."}
    answer = stack.request("desk", "POST", f"/desk/{code}/call", form=call, headers=cookie(stack) | OURS)
    assert answer.status == 422
    assert 'value="not an address"' in answer.text
    assert "They said &lt;this&gt;." in answer.text
    assert re.search(r'<option value="complaint" selected>', answer.text)
    assert 'href="#email"' in answer.text
    question = {"channel": "email", "address": "a" * 321, "purpose": "marketing"}
    answer = stack.request("desk", "POST", f"/desk/{code}/permission", form=question, headers=cookie(stack) | OURS)
    assert (answer.status, "a" * 321 in answer.text) == (422, True)


@pytest.mark.promise("security-measures")
def test_a_refusal_that_shows_the_record_again_is_an_opening_too_and_programs_get_a_problem(stack: Stack) -> None:
    reference = contact(stack)
    post(stack, reference, "hold", {"reason": "A law", "until": "2020-01-01"})
    (item,) = stack.records()
    assert len(item["openings"]["L"]) == 1
    headers = {name: value for name, value in (cookie(stack) | OURS).items() if name != "accept"}
    path = f"/desk/en/records/{reference}/hold"
    answer = stack.request("desk", "POST", path, form={"reason": "A law", "until": "2020-01-01"}, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "A law" not in answer.text


@pytest.mark.promise("review-then-discard")
@pytest.mark.parametrize("code", LANGUAGES)
def test_the_audits_are_a_chart_and_a_table_with_the_same_numbers(stack: Stack, code: str) -> None:
    spoken = language(code)
    empty = stack.request("desk", "GET", f"/desk/{code}/audits", headers=cookie(stack))
    assert spoken.translate("No audit has run yet: the first one does tonight.") in empty.text
    world = World()
    for night in range(3):
        world.write(f"late{night}", due=world.now + DAY // 2)
        world.now += DAY
        report = world.audit()
        age = 2 - night
        day = (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=age)).isoformat()
        wiring.reports().put(msgspec.structs.replace(report, day=day), {"en": b"page"})
    answer = stack.request("desk", "GET", f"/desk/{code}/audits", headers=cookie(stack))
    assert answer.status == 200, answer.text
    svg = answer.text[answer.text.index("<svg") : answer.text.index("</svg>")]
    overdue = svg[svg.index('class="overdue"') :]
    assert overdue.count("<rect") == 3
    assert svg[: svg.index('class="overdue"')].count("<rect") == 27 + 2, (
        "27 nights without audit, 2 days with a discard"
    )
    assert "style=" not in svg
    assert 'role="img"' in svg
    assert answer.text.count('<th scope="row">') == 3
    for day in re.findall(rf"/desk/{code}/audits/([0-9-]+)", answer.text):
        page = stack.request("desk", "GET", f"/desk/{code}/audits/{day}", headers=cookie(stack))
        assert page.status == 200
    for nonsense in ("2026-1-1", "index.json", "2001-01-01"):
        assert stack.request("desk", "GET", f"/desk/{code}/audits/{nonsense}", headers=cookie(stack)).status == 404
