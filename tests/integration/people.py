"""People as they use the functions: they ask, read their mail, follow its link, and are signed in."""

from __future__ import annotations

import email
import email.policy
import json
import re
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from kept.entry.access import COOKIE
from tests.integration.conftest import Answer, Stack, client

ORIGIN = "https://privacy.example.com"


def deliver_mail(stack: Stack) -> dict[str, Any]:
    """Let the function that sends mail empty its queue; its answer to Lambda."""
    received = client("sqs").receive_message(QueueUrl=stack.mail_queue, MaxNumberOfMessages=10).get("Messages", [])
    for message in received:
        client("sqs").delete_message(QueueUrl=stack.mail_queue, ReceiptHandle=message["ReceiptHandle"])
    records = [{"messageId": m["MessageId"], "eventSource": "aws:sqs", "body": m["Body"]} for m in received]
    if not records:
        return {"batchItemFailures": []}
    answer: dict[str, Any] = stack.function("mailing").handler({"Records": records}, stack.context)
    return answer


def mails_to(address: str) -> list[Any]:
    """What was sent to somebody, as the mail client shows it; oldest first."""
    sent = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
    mails = [email.message_from_string(each.raw_data, policy=email.policy.default) for each in sent]
    return [mail for mail in mails if mail["To"] == address]


def token_in(mail: Any) -> str:
    """The token of a mail's link."""
    found = re.search(r"/sessions\?token=(\S+)", mail.get_content())
    assert found, "the mail has no link"
    return found[1]


def ask(stack: Stack, address: str, **more: Any) -> Answer:
    """Ask by form what is held about an address, and let the mail be sent."""
    answer = stack.request("access_requests", "POST", "/access-requests", json_body={"email": address} | more)
    deliver_mail(stack)
    return answer


class Person:
    """Somebody who is signed in."""

    def __init__(self, stack: Stack, address: str, token: str | None = None) -> None:
        self.stack, self.address = stack, address
        if token is None:
            ask(stack, address)
            token = token_in(mails_to(address)[-1])
        answer = stack.request("account", "POST", "/sessions", json_body={"token": token})
        assert answer.status == 201, answer.text
        self.cookie = cookie_of(answer)

    def request(self, method: str, path: str, body: Any = None, *, origin: str | None = ORIGIN, **more: Any) -> Answer:
        """What the account function answers them."""
        headers = {"cookie": f"{COOKIE}={self.cookie}"} | ({"origin": origin} if origin else {})
        return self.stack.request("account", method, path, json_body=body, headers=headers, **more)

    def me(self) -> Any:
        """GET /me."""
        answer = self.request("GET", "/me")
        assert answer.status == 200, answer.text
        return answer.json


def cookie_of(answer: Answer) -> str:
    """The value of the session's cookie that an answer sets."""
    (written,) = answer.cookies
    name, _, value = written.partition(";")[0].partition("=")
    assert name == COOKIE
    return value


def items_of(stack: Stack, address: str) -> list[dict[str, Any]]:
    """Everything in somebody's partition."""
    pk = stack.keys.subject_id(address)
    return [item for item in stack.records() if item["pk"]["B"] == pk]


def register(stack: Stack, address: str, **fields: Any) -> Answer:
    """Register, and let the mail be sent."""
    version = json.loads(stack.request("pages", "GET", "/policy").text)["version"]
    body = {"email": address, "policy_version": version, "accepted": True} | fields
    answer = stack.request("registrations", "POST", "/registrations", json_body=body)
    deliver_mail(stack)
    return answer


def registered(stack: Stack, address: str, **fields: Any) -> Person:
    """Somebody who has registered and confirmed it."""
    assert register(stack, address, **fields).status == 202
    return Person(stack, address, token_in(mails_to(address)[-1]))
