"""Whatever is sent, the answer is a refusal or a success: never a mistake of ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.conftest import Stack

STAFF = {"token_use": "access", "client_id": "staff-client", "username": "sam", "cognito:groups": ["staff"]}
ROUTES = [
    ("contact_intake", "POST", "/contacts"),
    ("opt_out", "POST", "/opt-outs"),
    ("review", "POST", "/reviews"),
    ("review", "PUT", "/reviews/AAAA-AAAA-AAAA-AAAA"),
    ("review", "POST", "/reviews/AAAA-AAAA-AAAA-AAAA/notes"),
]
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
    answer = stack.request(function, method, path, json_body=body, claims=STAFF)
    assert answer.status < 500, answer.text


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
