"""Canary identities are pushed through every path, failures included, and then looked for in every log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.conftest import SUPPORT, Site, eventually

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
AGENT = {"User-Agent": f"{WORDS}-browser", "Referer": f"https://{WORDS}.example/", "Cookie": f"session={WORDS}"}


@contextmanager
def broken(site: Site, function: str, **environment: str) -> Iterator[None]:
    """The function with another environment, as a failed deploy or a lost table would leave it."""
    client = site.stack.client("lambda")
    before = client.get_function_configuration(FunctionName=function)["Environment"]
    client.update_function_configuration(
        FunctionName=function, Environment={"Variables": before["Variables"] | environment}
    )
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=function, Environment=before)


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
    assert post("/opt-outs", {"email": EMAIL}) == 202
    assert post("/opt-outs", {"email": f"{WORDS}"}) == 422
    for path in ("/", "/policy", f"/thanks/{WORDS}", f"/thanks/contact?reference={WORDS}", f"/{WORDS}/{EMAIL}"):
        site.request("GET", path, headers=AGENT)

    call = {"kind": "message", "email": EMAIL, "text": WORDS}
    reference = site.request("POST", "/reviews", call, staff=True).json["reference"]
    for method, path, body in (
        ("GET", f"/reviews/{reference}", None),
        ("GET", f"/reviews/{WORDS}", None),
        ("GET", f"/reviews?cursor={WORDS}&kind={WORDS}", None),
        ("POST", f"/reviews/{reference}/notes", {"text": WORDS}),
        ("PUT", f"/reviews/{reference}", {"status": "reviewed", "outcome": WORDS}),
        ("PUT", f"/reviews/{reference}", {"status": WORDS}),
    ):
        site.request(method, path, body, staff=True)

    with broken(site, "kept-opt-out", KEY_CHECK="0" * 64):
        assert post("/opt-outs", {"email": EMAIL}) == 503
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
    for function in ("contact-intake", "opt-out", "review", "inbound-email", "pages"):
        assert f"/aws/lambda/kept-{function}" in groups, "nothing was logged, so nothing was shown"
    found = {
        (group, canary) for group, line in lines for canary in CANARIES if canary in line.lower().replace("\\", "")
    }
    assert not found, "a log holds what a visitor sent"


@pytest.mark.promise("no-visitor-recognition")
def test_no_key_of_a_record_tells_who_it_is_about(site: Site) -> None:
    site.request("POST", "/contacts", CONTACT)
    for item in site.records_of(EMAIL):
        keys = {name: item[name] for name in ("pk", "sk", "lookup", "queue", "queue_order", "reference")}
        assert "canary" not in repr(keys)
    assert not [key for key in site.raw_mails() if "canary" in key]
