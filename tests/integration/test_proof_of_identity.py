"""Only who reads the mail of an address is shown what is held about it, and nobody learns whom we know by asking."""

from __future__ import annotations

import hashlib
from typing import Any

import botocore.client
import pytest

from kept.adapters.clock import now
from kept.entry import wiring
from kept.entry.access import COOKIE
from tests.integration.conftest import Stack, client
from tests.integration.people import (
    ORIGIN,
    Person,
    ask,
    cookie_of,
    deliver_mail,
    items_of,
    mails_to,
    register,
    token_in,
)

ANN, BOB = "ann@example.com", "bob@example.com"


def use(stack: Stack, token: str, **headers: str) -> Any:
    return stack.request("account", "POST", "/sessions", json_body={"token": token}, headers=headers)


@pytest.mark.promise("access-on-request")
def test_a_link_goes_to_the_address_and_opens_a_session_once(stack: Stack) -> None:
    answer = ask(stack, ANN)
    assert answer.status == 202
    (mail,) = mails_to(ANN)
    assert answer.json["reference"] in mail.get_content()
    assert mail["Auto-Submitted"] == "auto-generated"
    token = token_in(mail)
    opened = use(stack, token)
    assert opened.status == 201
    assert opened.json == {"email": ANN, "seconds": 1800}
    assert use(stack, token).status == 404, "a link works once"


@pytest.mark.promise("login-cookies-only")
def test_the_cookie_is_for_this_host_only_and_out_of_reach_of_scripts_and_other_sites(stack: Stack) -> None:
    ask(stack, ANN)
    (cookie,) = use(stack, token_in(mails_to(ANN)[0])).cookies
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert cookie.startswith(f"{COOKIE}=")
    assert {"path=/", "secure", "httponly", "samesite=strict", "max-age=1800"} <= parts
    assert not any(part.startswith("domain") for part in parts)


@pytest.mark.promise("security-measures")
def test_neither_link_nor_session_can_be_made_from_what_is_stored(stack: Stack) -> None:
    ask(stack, ANN)
    token = token_in(mails_to(ANN)[0])
    person = Person(stack, ANN, token)
    stored = str(stack.records())
    for secret in (token.partition(".")[2], person.cookie.partition(".")[2]):
        assert secret not in stored
    assert hashlib.sha256(person.cookie.partition(".")[2].encode()).hexdigest() in stored


@pytest.mark.promise("access-on-request")
def test_an_address_that_nobody_knows_gets_the_same_link_which_shows_that_nothing_is_held(stack: Stack) -> None:
    person = Person(stack, "nobody@example.com")
    assert person.me()["account"] is None
    assert person.me()["opt_outs"] == []


def calls_of(stack: Stack, monkeypatch: pytest.MonkeyPatch, what: Any) -> list[tuple[str, list[str]]]:
    """The calls of AWS that a request makes, in order, and what each of them names."""
    made: list[tuple[str, list[str]]] = []
    original = botocore.client.BaseClient._make_api_call

    def recorded(self: Any, operation: str, parameters: Any) -> Any:
        made.append((operation, sorted(parameters)))
        return original(self, operation, parameters)

    with monkeypatch.context() as patched:
        patched.setattr(botocore.client.BaseClient, "_make_api_call", recorded)
        answer = what()
    assert answer.status == 202
    assert stack
    return made


@pytest.mark.promise("access-on-request")
@pytest.mark.promise("no-visitor-recognition")
def test_asking_makes_the_same_calls_and_gets_the_same_answer_whether_we_know_the_address_or_not(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Person(stack, ANN)
    known.request("POST", "/me/affirmations", {"policy_version": known.me()["policy_version"]})
    stack.request("contact_intake", "POST", "/contacts", json_body={"email": ANN, "message": "Hello"})
    stack.request("access_requests", "POST", "/access-requests", json_body={"email": ANN})
    bodies = {
        ("access_requests", "/access-requests"): {},
        ("registrations", "/registrations"): {"policy_version": known.me()["policy_version"], "accepted": True},
        ("opt_out", "/opt-outs"): {},
    }
    for (function, path), more in bodies.items():
        made = [
            calls_of(
                stack,
                monkeypatch,
                lambda f=function, p=path, m=more, e=address: stack.request(f, "POST", p, json_body={"email": e} | m),
            )
            for address in ("first@example.com", ANN, "nobody@example.com")  # the first finds a new process
        ]
        assert made[1] == made[2], f"{path} treats a known address otherwise"
    answers = [
        stack.request("access_requests", "POST", "/access-requests", json_body={"email": address})
        for address in (ANN, "somebody@example.com")
    ]
    assert {a.status for a in answers} == {202}
    assert {tuple(a.json) for a in answers} == {("reference",)}
    assert answers[0].headers == answers[1].headers


@pytest.mark.promise("access-on-request")
def test_at_most_three_links_are_alive_and_who_is_refused_holds_a_live_one(stack: Stack) -> None:
    references = {ask(stack, ANN).json["reference"] for _ in range(5)}
    assert len(references) == 1, "a repeated request joins the open one"
    mails = mails_to(ANN)
    assert len(mails) == 3
    assert use(stack, token_in(mails[0])).status == 201, "the oldest is as alive as the others"


@pytest.mark.promise("access-on-request")
def test_a_strangers_requests_take_nothing_from_the_one_who_owns_the_address(stack: Stack) -> None:
    for _ in range(10):
        ask(stack, ANN)  # a stranger, who gets no mail
    register(stack, ANN, name="Mallory")
    assert Person(stack, ANN, token_in(mails_to(ANN)[-1])).me()["email"] == ANN
    assert all("Mallory" not in str(item) or item["sk"]["S"].startswith("registration#") for item in stack.records())


@pytest.mark.promise("access-on-request")
def test_a_mail_that_is_delivered_twice_is_sent_once(stack: Stack) -> None:
    stack.request("access_requests", "POST", "/access-requests", json_body={"email": ANN})
    (message,) = client("sqs").receive_message(QueueUrl=stack.mail_queue)["Messages"]
    event = {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": message["Body"]}]}
    for _ in range(2):
        assert stack.function("mailing").handler(event, stack.context) == {"batchItemFailures": []}
    assert len(mails_to(ANN)) == 1


@pytest.mark.promise("security-measures")
def test_what_was_tampered_with_is_no_link_and_stores_nothing(stack: Stack) -> None:
    ask(stack, ANN)
    token = token_in(mails_to(ANN)[0])
    owner, _, secret = token.partition(".")
    others = stack.keys.subject_id(BOB).hex()
    before = stack.records()
    for wrong in (token[:-1], f"{others}.{secret}", f"{owner}.{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}", ""):
        assert use(stack, wrong).status == 404, "this is another link than the one that was sent"
    assert stack.records() == before
    assert use(stack, token).status == 201, "and it did not use the real one up"


@pytest.mark.promise("security-measures")
def test_a_link_and_a_session_end_with_their_time_even_before_they_are_deleted(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(stack, ANN)
    token = token_in(mails_to(ANN)[0])
    person = Person(stack, BOB)
    later = now() + 3601
    monkeypatch.setattr("kept.entry.access.now", lambda: later)
    assert person.request("GET", "/me").status == 401
    monkeypatch.setattr("kept.adapters.clock.now", lambda: later)
    assert use(stack, token).status == 404


@pytest.mark.promise("security-measures")
def test_looking_at_a_link_uses_nothing_up(stack: Stack) -> None:
    ask(stack, ANN)
    token = token_in(mails_to(ANN)[0])
    for _ in range(3):
        page = stack.request("account", "GET", "/sessions", query={"token": token})
        assert page.status == 200
        assert "<button" in page.text
        assert page.cookies == []
    assert use(stack, token).status == 201


@pytest.mark.promise("security-measures")
def test_another_sites_page_can_change_nothing(stack: Stack) -> None:
    person = Person(stack, ANN)
    for origin in (None, "https://evil.example.com", "null", ORIGIN + ".evil.example.com"):
        for method, path, body in (
            ("DELETE", "/me", {"confirm": True}),
            ("PUT", "/me/preferences", {"opt_outs": {"marketing": False}}),
            ("POST", "/me/affirmations", {"policy_version": "2017-06"}),
            ("PATCH", "/me/records/account-self", {"name": "Eve"}),
            ("DELETE", "/sessions/current", None),
        ):
            assert person.request(method, path, body, origin=origin).status == 403, f"{method} {path} from {origin}"
    assert person.me()["account"] is None
    ask(stack, BOB)
    other = use(stack, token_in(mails_to(BOB)[0]), origin="https://evil.example.com")
    assert other.status == 403, "a session could be planted by another site"


@pytest.mark.promise("login-cookies-only")
def test_signing_out_ends_the_session_and_takes_the_cookie_away(stack: Stack) -> None:
    person = Person(stack, ANN)
    answer = person.request("DELETE", "/sessions/current")
    assert answer.status == 204
    assert "max-age=0" in answer.cookies[0].lower()
    assert person.request("GET", "/me").status == 401


@pytest.mark.promise("login-cookies-only")
def test_signing_in_again_rotates_the_cookie_and_ends_the_session_before(stack: Stack) -> None:
    person = Person(stack, ANN)
    ask(stack, ANN)
    headers = {"cookie": f"{COOKIE}={person.cookie}"}
    answer = use(stack, token_in(mails_to(ANN)[-1]), **headers)
    assert cookie_of(answer) != person.cookie
    assert person.request("GET", "/me").status == 401, "the old cookie still works"


@pytest.mark.promise("security-measures")
def test_without_a_session_nothing_of_anybody_is_shown(stack: Stack) -> None:
    for cookie in ("", f"{COOKIE}=", f"{COOKIE}=nonsense", f"{COOKIE}={'0' * 32}.{'a' * 43}"):
        answer = stack.request("account", "GET", "/me", headers={"cookie": cookie})
        assert answer.status == 401


@pytest.mark.promise("access-on-request")
def test_who_asks_for_somebody_else_gets_the_same_answer_and_the_link_goes_to_the_person_concerned(
    stack: Stack,
) -> None:
    answer = ask(stack, "mother@example.com")
    assert answer.status == 202
    assert [mail["To"] for mail in mails_to("mother@example.com")] == ["mother@example.com"]
    assert mails_to(ANN) == []


@pytest.mark.promise("access-on-request")
def test_a_mail_that_cannot_be_sent_now_is_sent_later_and_takes_no_place(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.request("access_requests", "POST", "/access-requests", json_body={"email": ANN})
    (message,) = client("sqs").receive_message(QueueUrl=stack.mail_queue)["Messages"]
    event = {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": message["Body"]}]}
    with monkeypatch.context() as broken:
        broken.setenv("MAIL_DOMAIN", "unverified.example.com")
        wiring.outbox.cache_clear()
        for _ in range(4):
            failed = stack.function("mailing").handler(event, stack.context)
            assert failed == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    wiring.outbox.cache_clear()
    assert stack.function("mailing").handler(event, stack.context) == {"batchItemFailures": []}
    assert len(mails_to(ANN)) == 1


@pytest.mark.promise("access-on-request")
def test_a_request_by_form_is_answered_once_its_link_is_used_and_staff_need_do_nothing(
    stack: Stack, staff: dict[str, Any]
) -> None:
    ask(stack, BOB)
    Person(stack, ANN)
    waiting = stack.request("review", "GET", "/reviews", query={"kind": "request"}, claims=staff).json["items"]
    assert [item["from"] for item in waiting] == [BOB]
    done = stack.request("review", "GET", "/reviews", query={"status": "reviewed"}, claims=staff).json["items"]
    assert [item["from"] for item in done] == [ANN]
    assert ask(stack, ANN).status == 202, "and they may ask again"


@pytest.mark.promise("access-on-request")
def test_a_verified_request_comes_before_those_of_whom_nobody_knows_whose_they_are(
    stack: Stack, staff: dict[str, Any]
) -> None:
    for address in (BOB, ANN):
        body = {"kind": "request", "email": address, "text": "They want to know what we hold."}
        stack.request("review", "POST", "/reviews", json_body=body, claims=staff)
    deliver_mail(stack)
    Person(stack, ANN, token_in(mails_to(ANN)[0]))
    queue = stack.request("review", "GET", "/reviews", claims=staff).json["items"]
    assert [(item["from"], item.get("verified", False)) for item in queue] == [(ANN, True), (BOB, False)]
    assert {item["days_left"] for item in queue} <= {29, 30}
    assert any(item["sk"]["S"].startswith("session#") for item in items_of(stack, ANN))
