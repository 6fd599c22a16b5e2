"""Under a lost, wrong or half-rotated key nothing is taken in that nobody would find: it comes back and then counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kept.adapters.dynamo.suppressions import KEY_CHECK
from kept.domain.opt_out_token import make_opt_out_token
from kept.domain.suppression import MARKETING
from kept.entry import wiring
from tests.integration.conftest import SECRET, Stack, client, service
from tests.integration.test_inbound_email import STOP, Mailbox
from tests.integration.test_opt_out import feed, published

pytestmark = [pytest.mark.promise("email-opt-out"), pytest.mark.promise("security-measures")]

Change = Callable[[Stack], None]
MARKETING_TO_ANN = {"channel": "email", "address": "ann@example.com", "purpose": "marketing"}


def secret(text: str) -> Change:
    return lambda _: client("secretsmanager").put_secret_value(SecretId="hash-key", SecretString=text)


def check(text: str) -> Change:
    return lambda stack: stack.dynamodb.put_item(
        TableName="suppressions", Item=KEY_CHECK | {"key_check": {"S": text or stack.keys.check_values()[0]}}
    )


def no_check(stack: Stack) -> None:
    stack.dynamodb.delete_item(TableName="suppressions", Key=KEY_CHECK)


DAMAGE: dict[str, tuple[Change, Change]] = {  # and how it is put right
    "another secret": (secret("another key, of the same length or so"), secret(SECRET)),
    "a secret that is ahead of the table": (secret(f"{SECRET}\n{'r' * 64}"), secret(SECRET)),
    "no check in the table": (no_check, check("")),
    "another check in the table": (check("0" * 64), check("")),
}


def by_form(stack: Stack, address: str) -> bool:
    answer = stack.request("opt_out", "POST", "/opt-outs", json_body={"email": address})
    assert answer.status in (202, 503), answer.text
    assert answer.status == 202 or answer.headers["retry-after"]
    return answer.status == 202


def by_link(stack: Stack, address: str) -> bool:
    token = make_opt_out_token(stack.keys, stack.keys.subject_id(address), MARKETING)
    answer = stack.request("opt_out", "POST", f"/opt-outs/{token}")
    assert answer.status in (200, 503), answer.text
    return answer.status == 200


def by_bounce(stack: Stack, address: str) -> bool:
    return feed(stack, published("Bounce", address)) == []


def by_mail(stack: Stack, address: str) -> bool:
    mailbox = Mailbox(stack)
    taken = mailbox.deliver(mailbox.put(STOP.replace(b"Ann@Example.com", address.encode()), source=address)) == []
    assert taken or stack.records() == [], "the mail is a record, so its wish will not be read again"
    return taken


def decision(stack: Stack) -> str:
    body = {"checks": [MARKETING_TO_ANN]}
    answer = stack.request("permissions", "POST", "/permissions", json_body=body, claims=service("kept/permissions"))
    return str(answer.json["results"][0]["decision"])


@pytest.mark.parametrize("opt_out", [by_form, by_link, by_bounce, by_mail])
@pytest.mark.parametrize("damage", DAMAGE)
def test_an_opt_out_is_taken_in_by_the_same_process_once_the_key_is_right_and_not_before(
    stack: Stack, damage: str, opt_out: Callable[[Stack, str], bool]
) -> None:
    break_it, put_right = DAMAGE[damage]
    assert decision(stack) == "allowed"
    wiring.forget_keys()  # processes that start only now
    break_it(stack)
    before: list[dict[str, Any]] = stack.suppressions()
    for _ in range(2):
        assert not opt_out(stack, "ann@example.com"), "said to be done, and nobody will find it"
        assert decision(stack) == "unknown"
    assert stack.suppressions() == before
    put_right(stack)
    assert opt_out(stack, "ann@example.com")
    assert decision(stack) == "refused"
