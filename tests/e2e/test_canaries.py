"""Canary identities are pushed through every path, failures included, and then looked for in every log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from kept.domain.opt_out_token import make_opt_out_token
from kept.domain.staff import make_staff_session
from kept.domain.suppression import MARKETING
from tests.e2e.conftest import SUPPORT, Answer, Site, broken, eventually, mails_to, token_in

pytestmark = pytest.mark.e2e

LOCAL, NAME, STREET, WORDS, PHONE = "canary-local", "Canary Nameperson", "99 Canary Street", "canarywords", "1001234567"
CANARIES = ("canary", PHONE)
EMAIL = f"{LOCAL}@canary-domain.example.com"
CONTACT = {
    "email": EMAIL,
    "name": NAME,
    "message": f"{WORDS} {EMAIL}",
    "phone": f"+20{PHONE}",
    "postal_address": {"text": STREET, "purposes": ["answer"]},
}
ORDER = {
    "email": EMAIL,
    "phone": CONTACT["phone"],
    "postal_address": STREET,
    "placed_online": True,
    "placed_at": datetime.now(UTC).isoformat(),
}
AGENT = {"User-Agent": f"{WORDS}-browser", "Referer": f"https://{WORDS}.example/", "Cookie": f"session={WORDS}"}


def push_everything(site: Site) -> None:
    """Every route, every kind of mail, every failure there is a way to."""

    def post(path: str, body: Any, **headers: str) -> int:
        return site.request("POST", path, body, headers=AGENT | headers).status

    assert post("/contacts", CONTACT) == 201
    assert post("/contacts", CONTACT | {"website": WORDS}) == 201
    assert post("/contacts", CONTACT | {WORDS: WORDS}) == 422
    assert post("/contacts", CONTACT | {"phone": WORDS}) == 422
    assert post("/contacts", CONTACT | {"email": f"{EMAIL}@{EMAIL}"}) == 422
    assert post("/contacts", CONTACT | {"form_token": WORDS}) == 422
    assert post("/contacts", json.dumps(CONTACT)[:-3].encode()) == 400
    assert post("/contacts", CONTACT, **{"Content-Type": WORDS}) == 415
    assert post("/contacts", CONTACT, **{"Idempotency-Key": WORDS}) == 201
    assert post("/contacts", CONTACT | {"message": f"other {WORDS}"}, **{"Idempotency-Key": WORDS}) == 422
    complaint = {"email": EMAIL, "message": WORDS}
    assert post("/complaints", complaint) == 201
    assert post("/complaints", complaint | {"promise": WORDS}) == 422
    assert post("/opt-outs", {"email": EMAIL}) == 202
    assert post("/opt-outs", {"email": f"{WORDS}"}) == 422
    push_tokens(site, token_of(site))
    push_questions_and_orders(site)
    push_feedback(site)
    for path in ("/", "/policy", f"/thanks/{WORDS}", f"/thanks/contact?reference={WORDS}", f"/{WORDS}/{EMAIL}"):
        site.request("GET", path, headers=AGENT)

    push_identity(site)
    call = {"kind": "message", "email": EMAIL, "text": WORDS}
    reference = site.request("POST", "/reviews", call, staff=True).json["reference"]
    push_pages(site, reference)
    for method, path, body in (
        ("GET", f"/reviews/{reference}", None),
        ("GET", f"/reviews/{WORDS}", None),
        ("GET", f"/reviews?cursor={WORDS}&kind={WORDS}", None),
        ("POST", f"/reviews/{reference}/notes", {"text": WORDS}),
        ("PUT", f"/reviews/{reference}", {"status": "reviewed", "outcome": WORDS}),
        ("PUT", f"/reviews/{reference}", {"status": WORDS}),
        ("POST", f"/reviews/{reference}/extensions", {"reason": WORDS}),
        ("PUT", f"/reviews/{reference}/hold", {"reason": WORDS, "until": WORDS}),
    ):
        site.request(method, path, body, staff=True)

    with broken(site, "kept-opt-out", KEY_CHECK="0" * 64):
        assert post("/opt-outs", {"email": EMAIL}) == 503
        assert post(f"/opt-outs/{'a' * 48}", {}) == 503
    with broken(site, "kept-permissions", SUPPRESSIONS_TABLE="no-such-table", SUBJECTS_TABLE="no-such-table"):
        assert site.may("email", EMAIL, "receipt")["decision"] == "unknown"
        assert site.may("phone", CONTACT["phone"], "order_update", order_id=WORDS)["decision"] == "unknown"
    with broken(site, "kept-orders", SUBJECTS_TABLE="no-such-table"):
        assert site.request("PUT", f"/orders/{WORDS}", ORDER, service=True, headers=AGENT).status == 503
        assert site.request("DELETE", f"/orders/{WORDS}", service=True, headers=AGENT).status == 503
        event = {"source": "shop", "detail-type": "OrderPlaced", "detail": ORDER | {"order_id": WORDS}}
        answer = site.stack.client("lambda").invoke(FunctionName="kept-orders", Payload=json.dumps(event).encode())
        assert "FunctionError" in answer, "EventBridge would not try again"
    with broken(site, "kept-contact-intake", SUBJECTS_TABLE="no-such-table"):
        assert post("/contacts", CONTACT) == 503

    head = f"From: {NAME} <{EMAIL}>\r\nTo: {SUPPORT}\r\nSubject: {WORDS}\r\n"
    for raw in (
        f"{head}\r\n{WORDS}",
        f"{head}\r\nPlease do not email me again. {WORDS}",
        f"{head}Auto-Submitted: auto-replied\r\n\r\n{WORDS}",
        f"{head}X-Kept-Virus-Verdict: FAIL\r\n\r\n{WORDS}",
        f"{head}Content-Type: multipart/mixed; boundary={WORDS}\r\n\r\n--{WORDS}\r\n{WORDS}",
        f"Subject: {WORDS}\r\n\r\n{WORDS}",
    ):
        site.send(raw.encode(), EMAIL)
    topic = next(
        t["TopicArn"] for t in site.stack.client("sns").list_topics()["Topics"] if t["TopicArn"].endswith("-mail")
    )
    for message in (WORDS, json.dumps({"notificationType": "Received", "mail": {"messageId": EMAIL}})):
        site.stack.client("sns").publish(TopicArn=topic, Message=message)

    invoke = site.stack.client("lambda").invoke
    names = [f["FunctionName"] for f in site.stack.client("lambda").list_functions()["Functions"]]
    for name in names:  # events that nobody sends, for what a function says when it does not understand at all
        for event in ({}, {WORDS: EMAIL}, {"Records": [{"body": EMAIL, "dynamodb": WORDS}]}, {"headers": EMAIL}):
            invoke(FunctionName=name, Payload=json.dumps(event).encode())


def push_pages(site: Site, reference: str) -> None:
    """Pages and forms as browsers ask for them, the staff's too, understood and not."""
    browser = AGENT | {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
    for path in (f"/ar/{WORDS}", f"/en/thanks/complaint?by={WORDS}", f"/desk/callback?code={WORDS}&state={WORDS}"):
        site.request("GET", path, headers=browser)
    form = urlencode({"email": f"{EMAIL}@", "message": WORDS, "locale": "ar"}).encode()
    assert site.request("POST", "/contacts", form, headers=browser).status == 422
    cookie = {"Cookie": f"__Host-kept-staff={make_staff_session(site.keys, NAME, int(time.time()) + 60)}"}
    desk = browser | cookie | {"Sec-Fetch-Site": "same-origin"}
    for path in ("", f"/records/{reference}", f"/records/{WORDS}", f"?reason={WORDS}&cursor={WORDS}"):
        site.request("GET", f"/desk/en{path}", headers=desk)
    question = {"channel": "email", "address": EMAIL, "purpose": "marketing"}
    for path, fields, status in (
        (f"/records/{reference}/notes", {"text": WORDS}, 303),
        (f"/records/{reference}/notes", {"text": WORDS, WORDS: EMAIL}, 422),
        (f"/records/{reference}/kind", {"kind": WORDS}, 422),
        ("/call", {"kind": "message", "email": EMAIL, "text": WORDS}, 303),
        ("/call", {"kind": "message", "email": WORDS, "text": WORDS}, 422),
        ("/permission", question, 200),
        ("/permission", question | {"channel": WORDS}, 422),
    ):
        answer = site.request("POST", f"/desk/en{path}", urlencode(fields).encode(), headers=desk)
        assert answer.status == status, path
    with broken(site, "kept-desk", SUBJECTS_TABLE="no-such-table", SIGN_IN_URL="http://127.0.0.1:1"):
        assert site.request("GET", f"/desk/en/records/{reference}", headers=desk).status == 503
        begun = browser | {"Cookie": f"__Host-kept-sign-in=en.{WORDS}.{WORDS}"}
        assert site.request("GET", f"/desk/callback?code={WORDS}&state={WORDS}", headers=begun).status == 503


def token_of(site: Site) -> str:
    """The canary's own unsubscribe token, with which anybody could opt it out."""
    return make_opt_out_token(site.keys, site.keys.subject_id(EMAIL), MARKETING)


def push_tokens(site: Site, token: str) -> None:
    """Unsubscribe links, genuine and not, by every way they are used."""
    form = AGENT | {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    multipart = AGENT | {"Content-Type": f"multipart/form-data; boundary={WORDS}"}
    for each, status in ((token, 200), (f"{WORDS}{token}", 404), (f"{WORDS}@{WORDS}", 404)):
        for method, body, headers in (
            ("GET", None, AGENT),
            ("GET", None, form),
            ("POST", f"{WORDS}={EMAIL}".encode(), form),
            ("POST", f"--{WORDS}\r\n{EMAIL}\r\n--{WORDS}--".encode(), multipart),
            ("POST", bytes(range(128, 256)) + WORDS.encode(), AGENT),
        ):
            assert site.request(method, f"/opt-outs/{each}?{WORDS}={WORDS}", body, headers=headers).status == status
    for body, status in (
        ({"token": token}, 202),
        ({"token": f"{WORDS}-{token}"}, 404),
        ({"token": token, "email": EMAIL}, 422),
    ):
        assert site.request("POST", "/opt-outs", body, headers=AGENT).status == status
    mail = f"From: {NAME} <{EMAIL}>\r\nTo: unsubscribe+{token}@expandcart.com\r\nSubject: {WORDS}\r\n\r\n{WORDS}"
    site.send(mail.encode(), EMAIL, to=f"unsubscribe+{token}@expandcart.com")


def push_questions_and_orders(site: Site) -> None:
    """The gate and the orders, by request and by event, understood and not."""

    def call(method: str, path: str, body: Any = None) -> int:
        return site.request(method, path, body, service=True, headers=AGENT).status

    phone = CONTACT["phone"]
    assert call("PUT", f"/orders/{WORDS}-1", ORDER) == 200
    for body in (
        ORDER | {"email": f"{EMAIL}@{EMAIL}"},
        ORDER | {"phone": f"{phone}{phone}"},
        ORDER | {"placed_at": WORDS},
        ORDER | {"placed_online": WORDS},
        ORDER | {WORDS: EMAIL},
    ):
        assert call("PUT", f"/orders/{WORDS}-1", body) == 422
    assert call("PUT", f"/orders/{WORDS}-1", json.dumps(ORDER).encode()[:-3]) == 400
    assert call("PUT", f"/orders/{EMAIL}", ORDER) == 422

    checks = [
        {"channel": "email", "address": EMAIL, "purpose": "marketing", "list": "offers"},
        {"channel": "email", "address": EMAIL, "purpose": "marketing", "list": WORDS},
        {"channel": "email", "address": EMAIL, "purpose": "receipt"},
        {"channel": "email", "address": WORDS, "purpose": "receipt"},
        {"channel": "email", "address": EMAIL, "purpose": WORDS},
        {"channel": "phone", "address": phone, "purpose": "order_update", "order_id": f"{WORDS}-1"},
        {"channel": "phone", "address": f"{phone}{phone}", "purpose": "order_update", "order_id": WORDS},
        {"channel": "phone", "address": EMAIL, "purpose": "order_update", "order_id": EMAIL},
        {"channel": "post", "address": EMAIL, "purpose": "order_delivery", "order_id": f"{WORDS}-1"},
        {"channel": "post", "address": EMAIL, "purpose": "catalogue", "address_id": f"message-{'0' * 32}"},
    ]
    assert call("POST", "/permissions", {"checks": checks}) == 200
    for wrong in ({"address_id": WORDS}, {"channel": WORDS}, {WORDS: EMAIL}, {"address": 7}):
        assert call("POST", "/permissions", {"checks": [checks[0] | wrong]}) == 422
    assert call("POST", "/permissions", json.dumps({"checks": checks}).encode()[:-3]) == 400
    assert site.request("POST", "/permissions", {"checks": checks}, headers=AGENT).status == 401
    assert site.request("POST", "/permissions", {"checks": checks}, staff=True, headers=AGENT).status == 401

    placed = ORDER | {"order_id": f"{WORDS}-2"}
    entry = {"Source": "shop", "DetailType": "OrderPlaced", "Resources": [f"arn:aws:x:::{WORDS}"]}
    for detail in ({WORDS: 1}, placed | {"order_id": EMAIL}, placed | {"placed_at": WORDS}, placed):
        site.stack.client("events").put_events(Entries=[entry | {"Detail": json.dumps(detail)}])
    eventually(
        lambda: site.may("phone", phone, "order_update", order_id=f"{WORDS}-2")["allowed"], "the event was not heeded"
    )
    event = {"source": "shop", "detail-type": "OrderPlaced", "detail": EMAIL}
    site.stack.client("lambda").invoke(FunctionName="kept-orders", Payload=json.dumps(event).encode())
    assert call("DELETE", f"/orders/{WORDS}-2") == 204
    assert call("DELETE", f"/orders/{WORDS}-3") == 404


def push_identity(site: Site) -> None:
    """Asking, registering, and everything that somebody signed in does; understood and not."""
    sent: list[str] = []

    def sign_in(address: str) -> dict[str, str]:
        seen = len(mails_to(site, address))
        assert site.request("POST", "/access-requests", {"email": address}, headers=AGENT).status == 202
        mail = eventually(lambda: mails_to(site, address)[seen:], "no link was sent")[0]
        sent.append(token_in(mail))
        answer = site.request("POST", "/sessions", {"token": sent[-1]}, headers=AGENT)
        assert answer.status == 201
        cookie = answer.headers["set-cookie"].partition(";")[0]
        return AGENT | {"Cookie": cookie, "Origin": site.stack.api}

    who = sign_in(EMAIL)
    registration = {
        "email": EMAIL,
        "policy_version": "2017-06",
        "accepted": True,
        "name": NAME,
        "on_behalf_of": [WORDS],
    }
    assert site.request("POST", "/registrations", registration, headers=AGENT).status == 202
    for wrong in ({"accepted": False}, {"policy_version": WORDS}, {"email": WORDS}, {"phone": WORDS}):
        assert site.request("POST", "/registrations", registration | wrong, headers=AGENT).status in (409, 422)
    for method, path, body, status in (
        ("GET", f"/sessions?token={sent[0]}", None, 200),
        ("GET", f"/sessions?token={WORDS}", None, 404),
        ("POST", "/sessions", {"token": sent[0]}, 404),
        ("GET", "/me", None, 200),
        ("POST", "/me/affirmations", {"policy_version": "2017-06", "on_behalf_of": [NAME]}, 201),
        ("POST", "/me/affirmations", {"policy_version": WORDS}, 409),
        ("PATCH", "/me/records/account-self", {"name": NAME, "phone": CONTACT["phone"]}, 204),
        ("PATCH", f"/me/records/{WORDS}", {"name": NAME}, 404),
        ("PATCH", "/me/records/account-self", {"phone": WORDS}, 422),
        ("PUT", "/me/preferences", {"opt_outs": {"lists": {"offers": True}}, "language": "ar"}, 200),
        ("PUT", "/me/preferences", {"opt_outs": {"lists": {WORDS: True}}}, 422),
        ("DELETE", "/me", {"confirm": WORDS}, 422),
    ):
        assert site.request(method, path, body, headers=who).status == status, f"{method} {path.partition('?')[0]}"
    with broken(site, "kept-account", SUBJECTS_TABLE="no-such-table"):
        assert site.request("GET", "/me", headers=who).status == 503
    push_exports(site, who)
    leaver = sign_in(f"leaver.{EMAIL}")
    assert site.request("DELETE", "/me", {"confirm": True}, headers=leaver).status == 200


def push_exports(site: Site, who: dict[str, str]) -> None:
    """Somebody asks for a package, rightly and wrongly, also while something is broken."""

    def call(method: str, path: str) -> Answer:
        return site.request(method, path, headers=who | {"Accept-Language": WORDS})

    assert call("GET", "/me/records").status == 200
    assert call("GET", f"/me/records?cursor={WORDS}").status == 422
    assert call("GET", f"/me/exports/{WORDS}").status == 404
    with broken(site, "kept-account", EXPORTS_QUEUE=f"http://127.0.0.1:1/{WORDS}"):
        assert call("POST", "/me/exports").status == 503
    with broken(site, "kept-exports", SUBJECTS_TABLE="no-such-table"):
        job = {"subject": site.keys.subject_id(EMAIL).hex(), "export_id": WORDS}
        record = {"messageId": WORDS, "eventSource": "aws:sqs", "body": json.dumps(job)}
        event = json.dumps({"Records": [record]}).encode()
        answer = site.stack.client("lambda").invoke(FunctionName="kept-exports", Payload=event)
        assert json.loads(answer["Payload"].read())["batchItemFailures"] == [{"itemIdentifier": WORDS}]
    asked = call("POST", "/me/exports").json
    eventually(lambda: call("GET", f"/me/exports/{asked['id']}").json["status"] == "ready", "no package was made", 60)


def push_feedback(site: Site) -> None:
    """What SES tells of mail that we sent, and what it never would."""
    at = "2026-01-01T00:00:00.000Z"
    bounced = {"bounceType": "Permanent", "timestamp": at, "bouncedRecipients": [{"emailAddress": f"{NAME} <{EMAIL}>"}]}
    complained = {"timestamp": at, "complainedRecipients": [{"emailAddress": EMAIL}]}
    sent = {"destination": [EMAIL], "commonHeaders": {"subject": WORDS}, "messageId": WORDS}
    for message in (
        WORDS,
        [EMAIL],
        {"eventType": "Bounce", "bounce": bounced, "mail": sent},
        {"eventType": "Complaint", "complaint": complained, "mail": sent},
        {"eventType": "Bounce", "bounce": bounced | {"timestamp": WORDS}},
        {"eventType": "Bounce", "bounce": {WORDS: EMAIL}},
        {"eventType": "Complaint", "complaint": complained | {"complainedRecipients": {WORDS: EMAIL}}},
    ):
        text = message if isinstance(message, str) else json.dumps(message)
        site.stack.client("sns").publish(TopicArn=site.stack.outputs["FeedbackTopic"], Message=text)


def log_lines(site: Site) -> Iterator[tuple[str, str]]:
    """Every line of every log group: (group, line)."""
    logs = site.stack.client("logs")
    for group in logs.get_paginator("describe_log_groups").paginate().search("logGroups[].logGroupName"):
        for event in logs.get_paginator("filter_log_events").paginate(logGroupName=group).search("events[]"):
            yield group, event["message"]


@pytest.mark.promise("no-visitor-recognition")
def test_no_log_tells_who_was_here(site: Site) -> None:
    push_everything(site)
    eventually(lambda: len(site.records_of(EMAIL)) >= 8, "the canaries' mails did not all become records")
    time.sleep(1)

    lines = list(log_lines(site))
    groups = {group for group, _ in lines}
    for function in (
        "contact-intake",
        "opt-out",
        "permissions",
        "orders",
        "review",
        "inbound-email",
        "pages",
        "account",
        "exports",
        "desk",
    ):
        assert f"/aws/lambda/kept-{function}" in groups, "nothing was logged, so nothing was shown"
    canaries = (*CANARIES, token_of(site))
    found = {
        (group, canary) for group, line in lines for canary in canaries if canary in line.lower().replace("\\", "")
    }
    assert not found, "a log holds what a visitor sent"


@pytest.mark.promise("no-visitor-recognition")
def test_no_key_of_a_record_tells_who_it_is_about(site: Site) -> None:
    site.request("POST", "/contacts", CONTACT)
    assert site.request("PUT", f"/orders/{WORDS}-4", ORDER, service=True).status == 200
    items = site.all_records()
    assert site.keys.phone_id(CONTACT["phone"]) in {item["pk"]["B"] for item in items}, "no link of the number"
    for item in items:
        keys = {name: item.get(name) for name in ("pk", "sk", "owner", "lookup", "queue", "queue_order", "reference")}
        assert not [canary for canary in CANARIES if canary in repr(keys)]
    assert not [key for key in site.raw_mails() if "canary" in key]
