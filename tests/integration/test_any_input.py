"""Whatever is sent, the answer is a refusal or a success: never a mistake of ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.conftest import Stack
from tests.integration.people import registered

STAFF = {"token_use": "access", "client_id": "staff-client", "username": "sam", "cognito:groups": ["staff"]}
ROUTES = [
    ("contact_intake", "POST", "/contacts"),
    ("opt_out", "POST", "/opt-outs"),
    ("review", "POST", "/reviews"),
    ("review", "PUT", "/reviews/AAAA-AAAA-AAAA-AAAA"),
    ("review", "POST", "/reviews/AAAA-AAAA-AAAA-AAAA/notes"),
    ("orders", "PUT", "/orders/A-1"),
    ("contact_intake", "POST", "/complaints"),
    ("access_requests", "POST", "/access-requests"),
    ("registrations", "POST", "/registrations"),
    ("review", "POST", "/reviews/AAAA-AAAA-AAAA-AAAA/extensions"),
    ("review", "PUT", "/reviews/AAAA-AAAA-AAAA-AAAA/hold"),
]
OF_A_PERSON = [
    ("PUT", "/me/preferences"),
    ("POST", "/me/affirmations"),
    ("PATCH", "/me/records/account-self"),
    ("DELETE", "/me"),
]
SERVICE = {"token_use": "access", "scope": "kept/permissions kept/orders"}
FIELDS = (
    "email",
    "message",
    "name",
    "phone",
    "postal_address",
    "locale",
    "website",
    "form_token",
    "kind",
    "text",
    "status",
    "outcome",
    "purposes",
    "policy_version",
    "accepted",
    "on_behalf_of",
    "opt_outs",
    "lists",
    "language",
    "postal_purposes",
    "reason",
    "until",
)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
LIKELY = st.sampled_from(
    [
        "ann@example.com",
        "a@b",
        "reviewed",
        "message",
        "answer",
        "+20 100 123 4567",
        "\x00",
        "\ud83d",
        "ar-EG",
        "x" * 300,
    ]
)
VALUE = st.recursive(
    SCALAR | LIKELY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=6,
)
BODY = st.dictionaries(st.sampled_from(FIELDS), VALUE, max_size=6)

quick = settings(
    max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(("function", "method", "path"), ROUTES)
@quick
@given(body=BODY)
def test_any_json_is_understood_or_refused(
    stack: Stack, function: str, method: str, path: str, body: dict[str, Any]
) -> None:
    claims = SERVICE if function == "orders" else STAFF
    answer = stack.request(function, method, path, json_body=body, claims=claims)
    assert answer.status < 500, answer.text


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(("method", "path"), OF_A_PERSON)
def test_any_json_of_somebody_signed_in_is_understood_or_refused(stack: Stack, method: str, path: str) -> None:
    person = registered(stack, "ann@example.com", name="Ann")

    @quick
    @given(body=BODY)
    def send(body: dict[str, Any]) -> None:
        answer = person.request(method, path, body)
        assert answer.status < 500, answer.text

    send()


CHECK = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(["email", "phone", "post"]),
        "address": st.text(max_size=40) | LIKELY,
        "purpose": st.sampled_from(["marketing", "order_update", "catalogue", "answer"]) | st.text(max_size=10),
    },
    optional={
        "list": st.sampled_from(["newsletter"]) | st.text(max_size=10),
        "order_id": st.text(min_size=1, max_size=10),
        "address_id": st.just(f"order-{'0' * 32}"),
    },
)


@pytest.mark.promise("email-opt-out")
@quick
@given(checks=st.lists(CHECK, min_size=1, max_size=5))
def test_any_question_to_the_gate_is_answered_one_by_one(stack: Stack, checks: list[dict[str, Any]]) -> None:
    answer = stack.request("permissions", "POST", "/permissions", json_body={"checks": checks}, claims=SERVICE)
    assert answer.status in (200, 400, 422), answer.text
    if answer.status == 200:
        assert len(answer.json["results"]) == len(checks)


@pytest.mark.promise("email-opt-out")
@quick
@given(token=st.text(min_size=1, max_size=60), method=st.sampled_from(["GET", "POST"]))
def test_any_text_for_a_token_is_not_found_and_stores_nothing(stack: Stack, token: str, method: str) -> None:
    answer = stack.request("opt_out", method, f"/opt-outs/{token}")
    assert answer.status in (303, 404, 422), answer.text
    assert stack.suppressions() == []


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(("function", "method", "path"), ROUTES[:2])
@quick
@given(
    text=st.text(max_size=200), content_type=st.sampled_from(["application/x-www-form-urlencoded", "application/json"])
)
def test_any_text_is_understood_or_refused(
    stack: Stack, function: str, method: str, path: str, text: str, content_type: str
) -> None:
    for body in (text, f"email={text}&message=x&postal_address.purposes[]={text}&email.x.y={text}", f'"{text}"'):
        answer = stack.request(function, method, path, body=body, headers={"content-type": content_type})
        assert answer.status < 500, answer.text
