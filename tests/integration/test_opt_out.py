"""Opting out by form, by link, by a mail client's button and by SES's feedback: at once, for ever, idempotent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kept.domain.identity import Keys
from kept.domain.opt_out_token import make_opt_out_token
from kept.domain.suppression import EVERYTHING, MARKETING, Scope, list_scope
from tests.integration.conftest import Answer, Stack, counts


@pytest.mark.promise("email-opt-out")
def test_an_opt_out_takes_effect_and_holds_no_address(stack: Stack) -> None:
    answer = stack.request("opt_out", "POST", "/opt-outs", json_body={"email": "Ann@Example.com"})
    assert answer.status == 202
    assert stack.suppressed("ann@example.com")
    (item,) = stack.suppressions()
    assert item.keys() == {"pk", "marketing"}
    assert item["marketing"]["M"].keys() == {"reason", "at"}


@pytest.mark.promise("email-opt-out")
def test_the_answer_is_the_same_whether_the_address_is_known_or_not(stack: Stack) -> None:
    stack.request("contact_intake", "POST", "/contacts", json_body={"email": "known@example.com", "message": "x"})
    known, unknown, again = (
        stack.request("opt_out", "POST", "/opt-outs", json_body={"email": email})
        for email in ("known@example.com", "unknown@example.com", "known@example.com")
    )
    assert (known.status, known.text) == (unknown.status, unknown.text) == (again.status, again.text)
    assert len(stack.suppressions()) == 2


@pytest.mark.promise("email-opt-out")
def test_an_internationalised_domain_is_the_same_in_both_its_forms(stack: Stack) -> None:
    stack.request("opt_out", "POST", "/opt-outs", json_body={"email": "ann@bücher.example.com"})
    assert stack.suppressed("ann@xn--bcher-kva.example.com")


def test_a_plain_html_form_works(stack: Stack) -> None:
    answer = stack.request("opt_out", "POST", "/opt-outs", form={"email": "ann@example.com"})
    assert (answer.status, answer.headers["location"]) == (303, "/en/thanks/opt-out")
    assert stack.suppressed("ann@example.com")


@pytest.mark.parametrize("body", [{}, {"email": "ann"}, {"email": ["ann@example.com"]}, {"email": "a@b.co", "x": 1}])
def test_what_is_no_address_is_refused_and_nothing_is_stored(stack: Stack, body: object) -> None:
    assert stack.request("opt_out", "POST", "/opt-outs", json_body=body).status == 422
    assert stack.suppressions() == []


@pytest.mark.promise("email-opt-out")
@pytest.mark.promise("security-measures")
def test_under_another_key_nothing_is_written_and_the_answer_says_try_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_CHECK", "0" * 64)
    opt_out = stack.request("opt_out", "POST", "/opt-outs", json_body={"email": "ann@example.com"})
    contact = stack.request("contact_intake", "POST", "/contacts", json_body={"email": "a@b.co", "message": "x"})
    assert (opt_out.status, contact.status) == (503, 503)
    assert opt_out.headers["retry-after"]
    assert stack.suppressions() == []
    assert stack.records() == []


# ---------------------------------------------------------------- the link and the button in our mails

SCOPES = [MARKETING, EVERYTHING, list_scope(1), list_scope(254)]
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
PART = 'Content-Disposition: form-data; name="List-Unsubscribe"\r\n'
ONE_CLICK = {
    "as a form": ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
    "as multipart": (
        f"multipart/form-data; boundary={BOUNDARY}",
        f"--{BOUNDARY}\r\n{PART}\r\nOne-Click\r\n--{BOUNDARY}--\r\n",
    ),
    "as multipart, in parts that are typed": (
        f'multipart/form-data; boundary="{BOUNDARY}"',
        f"--{BOUNDARY}\r\n{PART.lower()}Content-Type: text/plain\r\n\r\nOne-Click\r\n--{BOUNDARY}--\r\n",
    ),
    "with more than that": ("application/x-www-form-urlencoded; charset=utf-8", "a=b&List-Unsubscribe=One-Click"),
    "as plain text": ("text/plain", "List-Unsubscribe=One-Click"),
    "empty": ("application/x-www-form-urlencoded", ""),
    "without a type": ("", ""),
    "as nonsense": ("application/json", "{"),
}


def token_of(stack: Stack, address: str = "ann@example.com", scope: Scope = MARKETING) -> str:
    return make_opt_out_token(stack.keys, stack.keys.subject_id(address), scope)


def scopes(stack: Stack, address: str = "ann@example.com") -> set[str]:
    """What is suppressed for an address."""
    subject = stack.keys.subject_id(address)
    return {name for item in stack.suppressions() if item["pk"]["B"] == subject for name in item.keys() - {"pk"}}


def click(stack: Stack, token: str, body: str | None = None, **headers: str) -> Answer:
    return stack.request("opt_out", "POST", f"/opt-outs/{token}", body=body, headers=headers)


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("written", ONE_CLICK)
def test_a_mail_clients_button_works_with_one_post_and_nothing_else(stack: Stack, written: str) -> None:
    content_type, body = ONE_CLICK[written]
    answer = click(stack, token_of(stack), body, **{"content-type": content_type})
    assert answer.status == 200, answer.text
    assert not {"location", "set-cookie", "www-authenticate"} & answer.headers.keys(), "RFC 8058 section 3.2"
    assert scopes(stack) == {"marketing"}


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("scope", SCOPES)
def test_the_link_stops_what_it_was_made_for_and_nothing_else(stack: Stack, scope: Scope) -> None:
    assert click(stack, token_of(stack, scope=scope)).status == 200
    assert scopes(stack) == {scope}
    assert scopes(stack, "bob@example.org") == set()
    (item,) = stack.suppressions()
    assert item[scope]["M"]["reason"] == {"S": "link"}


@pytest.mark.promise("email-opt-out")
def test_clicking_again_and_again_leaves_one_suppression_as_it_was(stack: Stack) -> None:
    token = token_of(stack)
    first = click(stack, token)
    before = stack.suppressions()
    for _ in range(20):
        again = click(stack, token, "List-Unsubscribe=One-Click")
        assert (again.status, again.text) == (first.status, first.text)
    assert stack.suppressions() == before


@pytest.mark.promise("email-opt-out")
def test_the_token_works_in_upper_case(stack: Stack) -> None:
    assert click(stack, token_of(stack).upper()).status == 200
    assert scopes(stack) == {"marketing"}


@pytest.mark.promise("email-opt-out")
def test_the_button_works_without_a_login_and_with_a_foreign_origin(stack: Stack) -> None:
    answer = click(stack, token_of(stack), origin="https://mail.example.net", referer="https://mail.example.net/")
    assert answer.status == 200
    assert scopes(stack) == {"marketing"}


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("scope", SCOPES)
def test_a_link_scanner_changes_nothing(stack: Stack, scope: Scope) -> None:
    token = token_of(stack, scope=scope)
    before = stack.dynamodb.scan(TableName="suppressions")["Items"]
    for accept in ("*/*", "text/html", "text/html,application/xhtml+xml"):
        answer = stack.request("opt_out", "GET", f"/opt-outs/{token}", headers={"accept": accept})
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "set-cookie" not in answer.headers
    assert stack.dynamodb.scan(TableName="suppressions")["Items"] == before


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(
    ("scope", "what"),
    [
        (MARKETING, "news and offers"),
        (EVERYTHING, "all email but answers to what you ask us"),
        (list_scope(1), "the newsletter"),
        (list_scope(2), "offers and discounts"),
        (list_scope(99), "this mailing list"),
    ],
)
def test_the_page_says_what_stops_and_its_button_stops_it(stack: Stack, scope: Scope, what: str) -> None:
    token = token_of(stack, scope=scope)
    page = stack.request("opt_out", "GET", f"/opt-outs/{token}")
    assert f"Stop {what}?" in page.text
    assert page.text.count("<button") == 1
    assert "<script" not in page.text
    assert f'method="post" action="/en/opt-outs/{token}"' in page.text
    done = stack.request(
        "opt_out",
        "POST",
        f"/en/opt-outs/{token}",
        form={"List-Unsubscribe": "One-Click"},
        headers={"accept": "text/html,*/*"},
    )
    assert (done.status, done.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert what in done.text
    assert scopes(stack) == {scope}


@pytest.mark.promise("no-visitor-recognition")
@pytest.mark.promise("email-opt-out")
def test_neither_page_nor_answer_says_whose_link_it_is(stack: Stack) -> None:
    stack.request("contact_intake", "POST", "/contacts", json_body={"email": "ann@example.com", "message": "x"})
    token = token_of(stack)
    for answer in (stack.request("opt_out", "GET", f"/opt-outs/{token}"), click(stack, token)):
        assert "ann" not in answer.text.replace("annot", "")
        assert answer.headers["referrer-policy"] == "no-referrer", "a link on the page would pass the token on"
        assert answer.headers["cache-control"] == "no-store"


def wrong_tokens(stack: Stack) -> dict[str, str]:
    token = token_of(stack)
    foreign = Keys("the hash key of another shop, also long enough")
    return {
        "truncated": token[:-1],
        "longer": token + "a",
        "half": token[:24],
        "changed": ("b" if token[20] != "b" else "c").join((token[:20], token[21:])),
        "another shop's": make_opt_out_token(foreign, foreign.subject_id("ann@example.com"), MARKETING),
        "another shop's for our person": make_opt_out_token(
            foreign, stack.keys.subject_id("ann@example.com"), MARKETING
        ),
        "made up": "a" * 48,
        "an address": "ann@example.com",
        "text": "x",
    }


@pytest.mark.promise("security-measures")
@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_that_is_not_ours_is_not_found_and_nothing_is_stored(stack: Stack, method: str) -> None:
    before = stack.dynamodb.scan(TableName="suppressions")["Items"]
    for kind, token in wrong_tokens(stack).items():
        answer = stack.request("opt_out", method, f"/opt-outs/{token}", body="List-Unsubscribe=One-Click")
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json"), kind
        assert answer.json["status"] == 404
        assert token == "x" or token not in answer.text
        page = stack.request("opt_out", method, f"/opt-outs/{token}", headers={"accept": "text/html"})
        assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8"), kind
    assert stack.dynamodb.scan(TableName="suppressions")["Items"] == before


@pytest.mark.promise("email-opt-out")
def test_a_table_that_does_not_answer_says_try_again_and_never_that_it_is_done(stack: Stack) -> None:
    token = token_of(stack)
    stack.dynamodb.delete_table(TableName="suppressions")
    for answer in (
        click(stack, token),
        stack.request("opt_out", "POST", "/opt-outs", json_body={"token": token}),
        stack.request("opt_out", "POST", "/opt-outs", json_body={"email": "ann@example.com"}),
    ):
        assert (answer.status, bool(answer.headers["retry-after"])) == (503, True)


# ---------------------------------------------------------------- POST /opt-outs with a token


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_can_be_sent_as_json_or_as_a_form(stack: Stack, scope: Scope) -> None:
    answer = stack.request("opt_out", "POST", "/opt-outs", json_body={"token": token_of(stack, scope=scope)})
    assert answer.status == 202
    form = {"token": token_of(stack, "bob@example.org", scope)}
    assert stack.request("opt_out", "POST", "/opt-outs", form=form).status == 303
    assert scopes(stack) == scopes(stack, "bob@example.org") == {scope}


@pytest.mark.promise("security-measures")
def test_a_token_that_is_not_ours_is_not_found_there_either(stack: Stack) -> None:
    for token in wrong_tokens(stack).values():
        answer = stack.request("opt_out", "POST", "/opt-outs", json_body={"token": token})
        assert answer.status == 404
    both = {"token": token_of(stack), "email": "ann@example.com"}
    assert stack.request("opt_out", "POST", "/opt-outs", json_body=both).status == 422
    assert stack.suppressions() == []


@pytest.mark.promise("email-opt-out")
def test_nobody_can_stop_everything_for_somebody_else_by_their_address_alone(stack: Stack) -> None:
    for body in ({"email": "ann@example.com", "scope": "everything"}, {"email": "ann@example.com", "list": "x"}):
        assert stack.request("opt_out", "POST", "/opt-outs", json_body=body).status == 422
    stack.request("opt_out", "POST", "/opt-outs", json_body={"email": "ann@example.com"})
    assert scopes(stack) == {"marketing"}


# ---------------------------------------------------------------- what SES tells of our mail


def published(kind: str, *addresses: str, **changes: Any) -> dict[str, Any]:
    """An event as SES publishes it.

    https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
    """
    at = "2026-01-02T03:04:05.678Z"
    mail = {"timestamp": at, "source": "support@expandcart.com", "messageId": "m", "destination": [*addresses]}
    part: dict[str, Any] = {"feedbackId": "f", "timestamp": at}
    if kind == "Bounce":
        bounced = [{"emailAddress": each, "action": "failed", "status": "5.1.1"} for each in addresses]
        part |= {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": bounced}
    if kind == "Complaint":
        complained = [{"emailAddress": each} for each in addresses]
        part |= {"complaintFeedbackType": "abuse", "complainedRecipients": complained}
    return {"eventType": kind, "mail": mail, kind.lower(): part | changes}


def feed(stack: Stack, *bodies: Any) -> list[str]:
    """Hand events to the function as one batch from the queue; the ids of those that failed."""
    records = [
        {
            "messageId": f"sqs{number}",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:0:feedback",
            "body": body if isinstance(body, str) else json.dumps(body),
        }
        for number, body in enumerate(bodies)
    ]
    answer = stack.function("opt_out").handler({"Records": records}, stack.context)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(("kind", "reason"), [("Bounce", "bounce"), ("Complaint", "spam_report")])
def test_a_mail_that_bounced_or_was_called_spam_stops_marketing_with_its_reason(
    stack: Stack, kind: str, reason: str
) -> None:
    assert feed(stack, published(kind, "Ann@Example.com", "bob@example.org")) == []
    for address in ("ann@example.com", "bob@example.org"):
        assert scopes(stack, address) == {"marketing"}
    for item in stack.suppressions():
        assert item["marketing"]["M"] == {"reason": {"S": reason}, "at": {"N": "1767323045"}}
        assert item.keys() == {"pk", "marketing"}, "something of the mail was kept"


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(
    "written", ["ann@example.com", "Ann <ann@example.com>", '"A, B" <ANN@example.com>', "<ann@example.com>"]
)
def test_the_address_is_the_same_however_the_envelope_wrote_it(stack: Stack, written: str) -> None:
    assert feed(stack, published("Bounce", written)) == []
    assert scopes(stack) == {"marketing"}


@pytest.mark.parametrize(
    "event",
    [
        published("Bounce", "ann@example.com", bounceType="Transient"),
        published("Bounce", "ann@example.com", bounceType="Undetermined"),
        published("Complaint", "ann@example.com", complaintFeedbackType="not-spam"),
        published("Complaint", "ann@example.com", complaintFeedbackType="auth-failure"),
        published("Delivery", "ann@example.com"),
        published("Send", "ann@example.com"),
        published("Bounce"),
        "Successfully validated SNS topic for Amazon SES event publishing.",
    ],
)
def test_what_says_nothing_against_our_mail_stops_nothing(stack: Stack, event: Any) -> None:
    assert feed(stack, event) == []
    assert stack.suppressions() == []


@pytest.mark.promise("email-opt-out")
def test_a_complaint_without_a_type_counts(stack: Stack) -> None:
    event = published("Complaint", "ann@example.com")
    del event["complaint"]["complaintFeedbackType"]
    assert feed(stack, event) == []
    assert scopes(stack) == {"marketing"}


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(
    "malformed",
    [
        "canary",
        "",
        "[]",
        '"canary@example.com"',
        "null",
        {"eventType": "Bounce"},
        {"eventType": "Bounce", "bounce": {"bounceType": "Permanent", "timestamp": "2026-01-02T03:04:05Z"}},
        published("Bounce", "canary@example.com", timestamp="yesterday"),
        published("Complaint", complainedRecipients=[{"canary": "x"}]),
    ],
)
def test_what_cannot_be_read_comes_back_alone_and_its_neighbours_are_heeded(
    stack: Stack, printed: Callable[[], str], malformed: Any
) -> None:
    failed = feed(stack, published("Bounce", "ann@example.com"), malformed, published("Complaint", "bob@example.org"))
    assert failed == ["sqs1"]
    assert scopes(stack, "ann@example.com") == scopes(stack, "bob@example.org") == {"marketing"}
    assert len(stack.suppressions()) == 2
    assert "canary" not in printed()


@pytest.mark.promise("email-opt-out")
def test_feedback_that_cannot_be_stored_comes_back(stack: Stack) -> None:
    stack.dynamodb.delete_table(TableName="suppressions")
    assert feed(stack, published("Bounce", "ann@example.com"), published("Send", "ann@example.com")) == ["sqs0"]


@pytest.mark.promise("email-opt-out")
def test_feedback_after_an_opt_out_does_not_change_its_reason(stack: Stack) -> None:
    click(stack, token_of(stack))
    before = stack.suppressions()
    for _ in range(2):
        feed(stack, published("Bounce", "ann@example.com"))
    assert stack.suppressions() == before


# ---------------------------------------------------------------- what is told of it


@pytest.mark.promise("no-visitor-recognition")
@pytest.mark.promise("email-opt-out")
def test_opt_outs_are_counted_by_their_way_and_no_address_or_token_is_logged(
    stack: Stack, printed: Callable[[], str]
) -> None:
    tokens = [token_of(stack, "canary.ann@example.com"), token_of(stack, "canary.bob@example.org", EVERYTHING)]
    stack.request("opt_out", "POST", "/opt-outs", json_body={"email": "canary@example.com"})
    stack.request("opt_out", "POST", "/opt-outs", json_body={"email": "canary at example"})
    stack.request("opt_out", "POST", "/opt-outs", json_body={"token": tokens[0]})
    stack.request("opt_out", "GET", f"/opt-outs/{tokens[0]}")
    click(stack, tokens[1])
    click(stack, tokens[1][:-1])
    feed(
        stack, published("Bounce", "canary@example.com", "canary2@example.com"), published("Complaint", "c@canary.test")
    )
    told = printed()
    assert counts(told, "OptOuts") == {("form",): 1, ("link",): 2, ("bounce",): 2, ("spam_report",): 1}
    for canary in ("canary", "example", *tokens, *(token[:20] for token in tokens)):
        assert canary not in told
