"""The gate on the deployed template: what people ask of us by any way, asked about at once by the shop's systems."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin
from uuid import uuid4

import pytest

from infra.local.stack import root_account
from infra.local.tokens import Tokens
from kept.domain.opt_out_token import ONE_CLICK, make_opt_out_token
from kept.domain.suppression import EVERYTHING
from tests.e2e.conftest import SUPPORT, Answer, Site, broken, eventually

pytestmark = pytest.mark.e2e

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BROWSER = FORM | {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PLACED = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


def one_click(site: Site, token: str) -> Answer:
    """What a mail client's unsubscribe button does (RFC 8058)."""
    return site.request("POST", f"/opt-outs/{token}", ONE_CLICK.encode(), headers=FORM)


def suppression_of(site: Site, address: str) -> dict[str, Any]:
    """The item of an address in the table of suppressions."""
    key = {"pk": {"B": site.keys.subject_id(address)}}
    item: dict[str, Any] = site.dynamodb.get_item(TableName=site.suppressions, Key=key, ConsistentRead=True).get(
        "Item", {}
    )
    return item


def all_suppressions(site: Site) -> list[dict[str, Any]]:
    return list(site.dynamodb.get_paginator("scan").paginate(TableName=site.suppressions).search("Items[]"))


def order(site: Site, order_id: str, **fields: Any) -> Answer:
    """The shop tells of an order by PUT."""
    body = {"placed_online": True, "placed_at": PLACED.isoformat()} | fields
    return site.request("PUT", f"/orders/{order_id}", body, service=True)


def may_call(site: Site, number: str, order_id: str, purpose: str = "order_update") -> bool:
    result = site.may("phone", number, purpose, order_id=order_id)
    assert result["promise"] == "phone-for-orders"
    assert number not in result["reason"]
    return bool(result["allowed"])


# ---------------------------------------------------------------- opting out


def by_form(site: Site, address: str) -> None:
    assert site.request("POST", "/opt-outs", {"email": address}).status == 202


def by_link(site: Site, address: str) -> None:
    assert one_click(site, site.token_for(address)).status == 200


def by_token_in_the_form(site: Site, address: str) -> None:
    assert site.request("POST", "/opt-outs", {"token": site.token_for(address)}).status == 202


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("opt_out", [by_form, by_link, by_token_in_the_form])
def test_the_first_check_after_an_opt_out_is_refused(site: Site, opt_out: Callable[[Site, str], None]) -> None:
    address = f"{opt_out.__name__.replace('_', '-')}@example.com"
    assert site.may("email", address, "marketing")["allowed"]
    opt_out(site, address)
    result = site.may("email", address.upper(), "marketing")  # whatever its case
    assert (result["decision"], result["promise"]) == ("refused", "email-opt-out")
    assert "headers" not in result
    assert site.may("email", address, "receipt")["allowed"], "who wants no marketing still gets receipts"


@pytest.mark.promise("email-opt-out")
def test_a_mail_in_ones_own_words_or_to_the_address_in_the_header_is_refused_within_seconds(site: Site) -> None:
    writes, clicks = "own-words@example.com", "mailto@example.com"
    headers = site.may("email", clicks, "marketing")["headers"]
    mailto = headers["List-Unsubscribe"].split("<mailto:")[1].split("?")[0]
    assert len(mailto.partition("@")[0]) <= 64, "longer than a local part may be"
    site.send(
        f"From: {writes}\r\nTo: {SUPPORT}\r\nSubject: Enough\r\n\r\nStop sending me your offers.\r\n".encode(), writes
    )
    # What a mail client sends: nothing but the address; and from another account than the mail was sent to.
    site.send(
        f"From: other-account@example.com\r\nTo: {mailto}\r\nSubject: unsubscribe\r\n\r\n".encode(),
        "other-account@example.com",
        to=mailto.upper(),  # some servers on the way do that
    )
    for address in (writes, clicks):
        eventually(lambda a=address: not site.may("email", a, "marketing")["allowed"], "still allowed")
    eventually(lambda: site.records_of("other-account@example.com"), "the mail to the address is no record")


@pytest.mark.promise("email-opt-out")
def test_a_link_stops_what_it_says_one_list_or_marketing_or_everything(site: Site) -> None:
    reader = "scopes@example.com"
    everything = make_opt_out_token(site.keys, site.keys.subject_id(reader), EVERYTHING)
    links = [site.token_for(reader, list="offers"), site.token_for(reader), everything]
    asked: list[tuple[str, dict[str, str]]] = [
        ("marketing", {"list": "offers"}),
        ("marketing", {"list": "newsletter"}),
        ("marketing", {}),
        ("receipt", {}),
        ("order_update", {}),
        ("answer", {}),
    ]

    def allowed() -> list[bool]:
        return [site.may("email", reader, purpose, **more)["allowed"] for purpose, more in asked]

    seen = [allowed()]
    for link in links:
        assert one_click(site, link).status == 200
        seen.append(allowed())
    assert seen == [
        [True, True, True, True, True, True],
        [False, True, True, True, True, True],
        [False, False, False, True, True, True],
        [False, False, False, False, False, True],  # nothing blocks the answer to a person's own request
    ]


@pytest.mark.promise("email-opt-out")
@pytest.mark.promise("security-measures")
def test_two_hundred_clicks_at_once_leave_one_suppression(site: Site) -> None:
    token = site.token_for("clicked-often@example.com")
    before = len(all_suppressions(site))
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: one_click(site, token), range(200)))
    assert [answer.status for answer in answers] == [200] * 200
    assert not [answer for answer in answers if "set-cookie" in answer.headers or "location" in answer.headers]
    item = suppression_of(site, "clicked-often@example.com")
    assert set(item) == {"pk", "marketing"}
    assert item["marketing"]["M"]["reason"] == {"S": "link"}
    assert len(all_suppressions(site)) == before + 1
    assert one_click(site, token).status == 200
    assert suppression_of(site, "clicked-often@example.com") == item, "the first time is the one that counts"


class _Form(HTMLParser):
    """What a browser would send on the press of a page's only button."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.forms = 0
        self.method = self.action = ""
        self.fields: list[tuple[str, str]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms += 1
            self.method, self.action = given.get("method", "get").upper(), given.get("action", "")
        if tag in {"input", "button"} and given.get("name"):
            self.fields.append((given["name"], given.get("value", "")))


@pytest.mark.promise("email-opt-out")
def test_a_link_scanner_changes_nothing_and_the_pages_button_does(site: Site) -> None:
    address = "scanned@example.com"
    path = f"/opt-outs/{site.token_for(address)}"
    before = all_suppressions(site)
    scanner = {"User-Agent": "LinkScanner/1.0", "Accept": "*/*"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda m: site.request(m, path, headers=scanner), ["GET", "HEAD"] * 50))
    assert {answer.status for answer in answers[::2]} == {200}
    # An HTTP API of API Gateway has no HEAD unless it is declared, and none is: nothing of ours sees it.
    assert {answer.status for answer in answers[1::2]} == {404}
    assert all_suppressions(site) == before
    assert site.may("email", address, "marketing")["allowed"]

    page = site.request("GET", path, headers=BROWSER)
    form = _Form(page.body)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert (form.forms, form.method) == (1, "POST")
    pressed = site.request(form.method, urljoin(path, form.action), urlencode(form.fields).encode(), headers=BROWSER)
    assert pressed.status == 200
    assert b"Done" in pressed.body
    assert b"<form" not in pressed.body
    assert not site.may("email", address, "marketing")["allowed"]


@pytest.mark.promise("security-measures")
def test_a_token_that_is_not_ours_is_not_found_and_stores_nothing(site: Site) -> None:
    token = site.token_for("not-opted-out@example.com")
    last = "a" if token[-1] != "a" else "b"
    before = all_suppressions(site)
    for wrong in (token[:-1] + last, token[:-1], token + "a", "a" * 48, "x", "%00", "not-opted-out@example.com"):
        answers = [
            site.request("GET", f"/opt-outs/{wrong}"),
            one_click(site, wrong),
            site.request("POST", "/opt-outs", {"token": wrong}),
        ]
        for answer in answers:
            assert answer.status == 404, wrong
            assert answer.headers["content-type"] == "application/problem+json"
            assert b"not-opted-out" not in answer.body
    assert all_suppressions(site) == before


@pytest.mark.promise("email-opt-out")
def test_discarding_all_that_is_known_of_somebody_and_hearing_from_them_again_leaves_them_opted_out(
    site: Site,
) -> None:
    address = "comes-back@example.com"

    def writes_and_orders() -> None:
        assert site.request("POST", "/contacts", {"email": address, "message": "Hello"}).status == 201
        assert order(site, "COMES-BACK", email=address).status == 200

    writes_and_orders()
    by_form(site, address)
    item = suppression_of(site, address)
    held = site.records_of(address)
    assert len(held) == 2
    for record in held:
        site.dynamodb.delete_item(TableName=site.subjects, Key={name: record[name] for name in ("pk", "sk")})
    assert site.records_of(address) == []
    assert not site.may("email", address, "marketing")["allowed"]

    writes_and_orders()
    assert len(site.records_of(address)) == 2
    assert suppression_of(site, address) == item
    assert not site.may("email", address, "marketing")["allowed"]


# ---------------------------------------------------------------- what SES tells


def ses_event(kind: str, address: str, **details: str) -> dict[str, Any]:
    """An event as SES publishes it.

    https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
    """
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    recipient = {"emailAddress": address}
    failed = recipient | {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
    body = {"timestamp": at, "feedbackId": "0100017fa0b0c0d0-1f2e3d4c-000000"} | details
    part = {
        "Bounce": ("bounce", body | {"bounceSubType": "General", "bouncedRecipients": [failed]}),
        "Complaint": ("complaint", body | {"userAgent": "Example/1.0", "complainedRecipients": [recipient]}),
    }[kind]
    return {
        "eventType": kind,
        part[0]: part[1],
        "mail": {
            "timestamp": at,
            "messageId": "0100017fa0b0c0d0-5d6e7f80-000000",
            "source": SUPPORT,
            "sendingAccountId": "000000000000",
            "destination": [address],
            "headersTruncated": False,
            "headers": [{"name": "To", "value": address}, {"name": "Subject", "value": "Offers"}],
            "commonHeaders": {"from": [SUPPORT], "to": [address], "subject": "Offers"},
            "tags": {"ses:configuration-set": ["kept"]},
        },
    }


def publish_feedback(site: Site, *messages: str) -> None:
    sns = site.stack.client("sns")
    for message in messages:
        sns.publish(TopicArn=site.stack.outputs["FeedbackTopic"], Message=message)


@pytest.mark.promise("email-opt-out")
def test_who_does_not_exist_or_calls_our_mail_spam_gets_no_more_marketing(site: Site) -> None:
    stops = {
        "bounced@example.com": ses_event("Bounce", "Bounced <bounced@example.com>", bounceType="Permanent"),
        "complained@example.com": ses_event("Complaint", "complained@example.com", complaintFeedbackType="abuse"),
        "complained-silently@example.com": ses_event("Complaint", "complained-silently@example.com"),
    }
    changes_nothing = {
        "mailbox-full@example.com": ses_event("Bounce", "mailbox-full@example.com", bounceType="Transient"),
        "not-spam@example.com": ses_event("Complaint", "not-spam@example.com", complaintFeedbackType="not-spam"),
    }
    publish_feedback(site, *map(json.dumps, (changes_nothing | stops).values()))
    for address in stops:
        eventually(lambda a=address: not site.may("email", a, "marketing")["allowed"], "still allowed")
        assert site.may("email", address, "receipt")["allowed"]
    assert suppression_of(site, "bounced@example.com")["marketing"]["M"]["reason"] == {"S": "bounce"}
    assert suppression_of(site, "complained@example.com")["marketing"]["M"]["reason"] == {"S": "spam_report"}
    for address in changes_nothing:  # published first
        assert site.may("email", address, "marketing")["allowed"]


ATTEMPT_SECONDS = 6  # longer than any delivery takes on a busy machine: one that is under way is not made again


@contextmanager
def tried_twice(site: Site) -> Iterator[None]:
    """The feedback queue with seconds between attempts, not the template's minute, and two of them, not five."""
    sqs, url = site.stack.client("sqs"), site.queue("feedback")
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout", "RedrivePolicy"])["Attributes"]
    redrive = json.loads(before["RedrivePolicy"])
    assert (before["VisibilityTimeout"], int(redrive["maxReceiveCount"])) == ("60", 5)
    sqs.set_queue_attributes(
        QueueUrl=url,
        Attributes={
            "VisibilityTimeout": str(ATTEMPT_SECONDS),
            "RedrivePolicy": json.dumps(redrive | {"maxReceiveCount": 2}),
        },
    )
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def waiting_in(site: Site, url: str, body: str) -> bool:
    """Whether a message lies in a dead-letter queue; it is left there."""
    answer = site.stack.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return any(body in message["Body"] for message in answer.get("Messages", []))


@pytest.mark.promise("email-opt-out")
def test_feedback_that_nobody_understands_waits_for_somebody_to_look_and_stops_nothing_else(site: Site) -> None:
    broken_one = json.dumps({"eventType": "Bounce", "bounce": {"bounceType": "Permanent", "broken": uuid4().hex}})
    good_one = f"behind-{uuid4().hex}@example.com"
    good = json.dumps(ses_event("Bounce", good_one, bounceType="Permanent"))
    dead = site.stack.outputs["FeedbackDeadLetterQueue"]
    site.request("GET", f"/opt-outs/{site.token_for('warm@example.com')}")  # a worker is there
    with tried_twice(site):
        publish_feedback(site, broken_one, good)
        eventually(lambda: site.is_suppressed(good_one), "the good one was held up", ATTEMPT_SECONDS)
        assert not waiting_in(site, dead, broken_one), "it was given up at once"
        eventually(lambda: waiting_in(site, dead, broken_one), "it is in no dead-letter queue", 10 * ATTEMPT_SECONDS)
        assert not waiting_in(site, dead, good_one)


# ---------------------------------------------------------------- orders, telephone and post


@pytest.mark.promise("phone-for-orders")
@pytest.mark.promise("post-as-supplied")
def test_an_orders_number_and_address_are_for_that_order_until_it_is_ended(site: Site) -> None:
    email, number = "buyer@example.com", "+201001110001"
    answer = order(site, "SHOP-1", email=email, phone="0100 111 0001", postal_address="1 Nile Street, Cairo")
    assert answer.status == 200
    address = {"address_id": answer.json["address_id"]}
    assert order(site, "SHOP-1", email=email, phone=number, postal_address="1 Nile Street, Cairo").json == answer.json

    for writing in (number, "0100 111 0001", "(0100) 111-0001", "0020 100 111 0001"):
        assert may_call(site, writing, "SHOP-1"), "the same number in another writing"
    assert not may_call(site, number, "SHOP-1", purpose="marketing")
    assert not may_call(site, "+201001110009", "SHOP-1"), "somebody else's number"
    assert not may_call(site, number, "SHOP-2"), "an order that nobody told of"
    assert not site.may("phone", number, "order_update")["allowed"], "about no order in particular"

    delivery = site.may("post", email, "order_delivery", **address)
    assert (delivery["decision"], delivery["promise"]) == ("allowed", "post-as-supplied")
    assert site.may("post", email, "order_delivery", order_id="SHOP-1")["allowed"]
    for who, purpose in ((email, "catalogue"), (email, "answer"), ("not-the-buyer@example.com", "order_delivery")):
        assert not site.may("post", who, purpose, **address)["allowed"]

    assert site.request("DELETE", "/orders/SHOP-1", service=True).status == 204
    assert not may_call(site, number, "SHOP-1")
    assert not site.may("post", email, "order_delivery", **address)["allowed"]
    for held in site.records_of(email):
        assert {"email", "phone", "postal_address"}.isdisjoint(held)
    order(site, "SHOP-1", email=email, phone=number)  # a repeat, delivered late
    assert not may_call(site, number, "SHOP-1"), "a late repeat brought the permission back"
    assert site.request("DELETE", "/orders/SHOP-2", service=True).status == 404


@pytest.mark.promise("phone-for-orders")
def test_a_number_given_by_telephone_is_not_called_even_about_its_order(site: Site) -> None:
    number = "+201001110002"
    by_telephone = {"email": "caller@example.com", "phone": number, "placed_online": False}
    assert order(site, "PHONED-1", **by_telephone).status == 200
    assert not may_call(site, number, "PHONED-1")
    assert order(site, "PHONED-2", email="caller@example.com", phone=number).status == 200
    assert may_call(site, number, "PHONED-2"), "the one that was placed online"
    assert not may_call(site, number, "PHONED-1")


@pytest.mark.promise("phone-for-orders")
def test_the_last_write_of_an_order_wins_in_whatever_order_they_come(site: Site) -> None:
    old, new = "+201001110003", "+201001110004"
    newer = {"email": "corrects@example.com", "phone": new, "version": 2}
    with ThreadPoolExecutor(3) as pool:
        answers = list(
            pool.map(
                lambda version: order(site, "LAST", **newer | ({} if version else {"phone": old, "version": 1})),
                [0, 1] * 4,
            )
        )
    assert {answer.status for answer in answers} == {200}
    assert may_call(site, new, "LAST")
    assert not may_call(site, old, "LAST"), "the number that was corrected"


@pytest.mark.promise("phone-for-orders")
def test_an_order_told_of_by_an_event_counts_and_a_malformed_event_holds_nothing_up(site: Site) -> None:
    number = "+201001110005"
    detail = {
        "order_id": "EVENT-1",
        "email": "by-event@example.com",
        "phone": number,
        "placed_online": True,
        "placed_at": PLACED.isoformat(),
    }
    details = [detail | {"order_id": "EVENT-2", "placed_at": "yesterday"}, detail]
    entry = {"Source": "shop", "DetailType": "OrderPlaced"}
    site.stack.client("events").put_events(Entries=[entry | {"Detail": json.dumps(each)} for each in details])
    eventually(lambda: may_call(site, number, "EVENT-1"), "the event was not heeded")
    assert not may_call(site, number, "EVENT-2")


@pytest.mark.promise("phone-for-orders")
def test_an_event_that_cannot_be_stored_waits_for_somebody_to_look(site: Site) -> None:
    detail = {"order_id": "EVENT-3", "email": "a@example.com", "placed_online": True, "placed_at": PLACED.isoformat()}
    event = {"source": "shop", "detail-type": "OrderPlaced", "detail": detail}
    client, version = site.stack.client("lambda"), {"FunctionName": "kept-orders", "Qualifier": "$LATEST"}
    deployed = client.get_function_event_invoke_config(**version)
    to_dead_letters = version | {"DestinationConfig": {"OnFailure": deployed["DestinationConfig"]["OnFailure"]}}
    assert deployed["MaximumRetryAttempts"] == 2
    client.put_function_event_invoke_config(**to_dead_letters, MaximumRetryAttempts=0)  # they take seconds
    with broken(site, "kept-orders", SUBJECTS_TABLE="no-such-table"):
        # EventBridge on AWS invokes like this; the emulator's calls once and forgets, without retries or destination.
        client.invoke(FunctionName="kept-orders", InvocationType="Event", Payload=json.dumps(event).encode())
        dead = site.stack.outputs["OrdersDeadLetterQueue"]
        eventually(lambda: waiting_in(site, dead, "EVENT-3"), "it is in no dead-letter queue")
    client.put_function_event_invoke_config(**to_dead_letters, MaximumRetryAttempts=2)


@pytest.mark.promise("post-as-supplied")
def test_an_address_given_for_an_answer_gets_no_catalogue(site: Site) -> None:
    email = "wants-an-answer@example.com"
    body = {
        "email": email,
        "message": "Please write",
        "postal_address": {"text": "2 Nile Street", "purposes": ["answer"]},
    }
    assert site.request("POST", "/contacts", body).status == 201
    (record,) = site.records_of(email)
    address = {"address_id": record["sk"]["S"].replace("#", "-")}
    assert site.may("post", email, "answer", **address)["allowed"]
    catalogue = site.may("post", email, "catalogue", **address)
    assert (catalogue["decision"], catalogue["promise"]) == ("refused", "post-as-supplied")
    assert not site.may("post", "somebody-else@example.com", "answer", **address)["allowed"]


# ---------------------------------------------------------------- who may ask, and how much


@pytest.mark.promise("security-measures")
def test_each_scope_is_for_its_own_routes_and_staff_and_strangers_have_none(site: Site) -> None:
    tokens = Tokens(root_account(site.stack.endpoint), site.stack.outputs)
    checks = {"checks": [{"channel": "email", "address": "a@example.com", "purpose": "marketing"}]}
    placed = {"email": "a@example.com", "placed_online": True, "placed_at": PLACED.isoformat()}

    def statuses(token: str) -> list[int]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return [
            site.request(method, path, body, headers=headers).status
            for method, path, body in (
                ("POST", "/permissions", checks),
                ("PUT", "/orders/SCOPES", placed),
                ("DELETE", "/orders/SCOPES", None),
            )
        ]

    assert statuses(tokens.service_token("kept/permissions")) == [200, 403, 403]
    assert statuses(tokens.service_token("kept/orders")) == [403, 200, 204]
    for stranger in ("", "nonsense", site.stack.staff_token):
        assert statuses(stranger) == [401, 401, 401]


def test_a_thousand_checks_are_answered_in_their_order_and_one_more_is_refused(site: Site) -> None:
    opted_out = {f"bulk{number}@example.com" for number in range(0, 1000, 100)}
    for address in opted_out:
        by_form(site, address)
    checks = [
        {"channel": "email", "address": f"bulk{number}@example.com", "purpose": "marketing"} for number in range(1001)
    ]
    results = site.request("POST", "/permissions", {"checks": checks[:1000]}, service=True).json["results"]
    refused = {check["address"] for check, result in zip(checks, results, strict=False) if not result["allowed"]}
    assert len(results) == 1000
    assert refused == opted_out
    tokens = {result["headers"]["List-Unsubscribe"] for result in results if result["allowed"]}
    assert len(tokens) == 990, "two people got the same link"
    assert site.request("POST", "/permissions", {"checks": checks}, service=True).status == 422


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(
    "fault", [{"SUPPRESSIONS_TABLE": "no-such-table", "SUBJECTS_TABLE": "no-such-table"}, {"KEY_CHECK": "0" * 64}]
)
def test_where_nothing_can_be_looked_up_nobody_may_be_contacted(site: Site, fault: dict[str, str]) -> None:
    asked: list[tuple[tuple[str, str, str], dict[str, str]]] = [
        (("email", "a@example.com", "marketing"), {}),
        (("email", "a@example.com", "receipt"), {}),
        (("phone", "+201001110001", "order_update"), {"order_id": "SHOP-1"}),
        (("post", "a@example.com", "order_delivery"), {"order_id": "SHOP-1"}),
    ]
    with broken(site, "kept-permissions", **fault):
        for question, more in asked:
            result = site.may(*question, **more)
            assert (result["allowed"], result["decision"]) == (False, "unknown")
