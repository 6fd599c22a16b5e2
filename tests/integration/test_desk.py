"""The staff's desk: who gets in, and what each of its forms does."""

from __future__ import annotations

import base64
import io
import json
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kept.domain.staff import SignIn, make_staff_session
from tests.integration.conftest import STAFF_CLIENT, Stack

PAGE = {"accept": "text/html"}
OURS = {"sec-fetch-site": "same-origin"}


def cookie(stack: Stack, name: str = "sam", lives: int = 60) -> dict[str, str]:
    return PAGE | {"cookie": f"__Host-kept-staff={make_staff_session(stack.keys, name, int(time.time()) + lives)}"}


def contact(stack: Stack) -> str:
    body = {"email": "ann@example.com", "message": "Where is my parcel?"}
    return str(stack.request("contact_intake", "POST", "/contacts", json_body=body).json["reference"])


def token(**change: Any) -> str:
    claims = {
        "token_use": "access",
        "client_id": STAFF_CLIENT,
        "username": "sam",
        "cognito:groups": ["staff"],
        "exp": int(time.time()) + 3600,
    } | change
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


def pool_answers(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> list[dict[str, list[str]]]:
    """The user pool's token endpoint; what it was sent."""
    sent: list[dict[str, list[str]]] = []

    def urlopen(request: urllib.request.Request, timeout: float) -> io.BytesIO:
        assert request.full_url == "https://login.example.com/oauth2/token"
        assert timeout <= 10
        sent.append(parse_qs(bytes(request.data or b"").decode()))
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(answer)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return sent


def callback(stack: Stack, begun: SignIn, state: str | None = None, code: str = "c0de") -> Any:
    headers = PAGE | {"cookie": f"__Host-kept-sign-in={begun.to_cookie()}"}
    query = {"code": code, "state": begun.state if state is None else state}
    return stack.request("desk", "GET", "/desk/callback", headers=headers, query=query)


def test_sign_in_sends_the_browser_to_the_pool_with_a_challenge_and_one_short_lax_cookie(stack: Stack) -> None:
    answer = stack.request("desk", "POST", "/desk/sign-in", form={"locale": "ar"}, headers=PAGE | OURS)
    assert answer.status == 303
    asked = urlsplit(answer.headers["location"])
    query = {name: value for name, (value,) in parse_qs(asked.query).items()}
    assert (asked.netloc, asked.path) == ("login.example.com", "/oauth2/authorize")
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert query["redirect_uri"] == "https://privacy.example.com/desk/callback"
    (kept,) = answer.cookies
    for part in ("__Host-kept-sign-in=ar.", "Max-Age=300", "SameSite=Lax", "HttpOnly", "Secure", "Path=/"):
        assert part in kept
    begun = SignIn.from_cookie(kept.split(";")[0].partition("=")[2])
    assert begun is not None
    assert (begun.state, begun.challenge) == (query["state"], query["code_challenge"])
    assert begun.verifier not in answer.headers["location"]


def test_the_desk_leads_to_where_one_signs_in_and_then_to_the_queue(stack: Stack) -> None:
    ar = {"accept-language": "ar"}
    out = stack.request("desk", "GET", "/desk", headers=PAGE | ar)
    assert (out.status, out.headers["location"]) == (303, "/desk/ar/sign-in")
    page = stack.request("desk", "GET", "/desk/ar/sign-in", headers=PAGE)
    assert 'action="/desk/sign-in"' in page.text
    assert 'href="/desk/en/sign-in"' in page.text, "the same in the other language"
    assert "form-action 'self' https://login.example.com" in page.headers["content-security-policy"]
    signed_in = stack.request("desk", "GET", "/desk", headers=cookie(stack) | ar)
    assert (signed_in.status, signed_in.headers["location"]) == (303, "/desk/ar")


def test_the_callback_puts_the_sessions_cookie_in_the_place_of_the_sign_ins(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = pool_answers(monkeypatch, json.dumps({"access_token": token()}).encode())
    begun = SignIn("ar")
    answer = callback(stack, begun)
    assert answer.status == 200, "a redirect would lose the Strict cookie"
    assert 'href="/desk/ar"' in answer.text
    assert 'lang="ar"' in answer.text
    assert sent[0]["code_verifier"] == [begun.verifier]
    session, ended = answer.cookies
    assert "__Host-kept-staff=" in session
    assert "SameSite=Strict" in session
    assert "__Host-kept-sign-in=;" in ended.replace('""', "")
    assert "Max-Age=0" in ended
    value = session.split(";")[0]
    assert stack.request("desk", "GET", "/desk/en", headers=PAGE | {"cookie": value}).status == 200


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(
    "change",
    [
        {"cognito:groups": []},
        {"cognito:groups": ["customers"]},
        {"client_id": "another"},
        {"token_use": "id"},
    ],
)
def test_who_is_not_of_the_staff_gets_no_cookie(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    pool_answers(monkeypatch, json.dumps({"access_token": token(**change)}).encode())
    answer = callback(stack, SignIn("en"))
    assert answer.status == 403
    assert not any("kept-staff" in each for each in answer.cookies)


@pytest.mark.promise("security-measures")
def test_a_callback_that_was_not_begun_here_is_refused_without_asking_the_pool(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = pool_answers(monkeypatch, json.dumps({"access_token": token()}).encode())
    begun = SignIn("en")
    assert callback(stack, begun, state="another").status == 401
    assert callback(stack, begun, code="").status == 401
    query = {"code": "c0de", "state": begun.state}
    assert stack.request("desk", "GET", "/desk/callback", headers=PAGE, query=query).status == 401
    assert sent == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (urllib.error.HTTPError("u", 400, "m", None, None), 401),  # type: ignore[arg-type]
        (urllib.error.HTTPError("u", 503, "m", None, None), 503),  # type: ignore[arg-type]
        (TimeoutError(), 503),
        (b"not json", 503),
        (b"{}", 503),
        (b'{"access_token": "nonsense"}', 503),
    ],
)
def test_a_pool_that_refuses_or_fails_is_told_apart(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception, status: int
) -> None:
    pool_answers(monkeypatch, answer)
    refused = callback(stack, SignIn("en"))
    assert refused.status == status
    assert refused.cookies == []


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(
    "path", ["/desk/en", "/desk/en/records/AAAA-AAAA-AAAA-AAAA", "/desk/en/permission", "/desk/en/call"]
)
def test_without_a_good_cookie_the_desk_shows_nothing(stack: Stack, path: str) -> None:
    stale = make_staff_session(stack.keys, "sam", int(time.time()) - 1)
    good = make_staff_session(stack.keys, "sam", int(time.time()) + 60)
    for value in ("", "nonsense", "a.b", stale, good[:-2], "x" + good, good.split(".")[0] + "."):
        answer = stack.request("desk", "GET", path, headers=PAGE | {"cookie": f"__Host-kept-staff={value}"})
        assert answer.status == 401, value
        assert "/desk/en" in answer.text


@pytest.mark.promise("security-measures")
def test_a_persons_cookie_opens_no_desk_and_a_staffs_token_in_it_neither(stack: Stack) -> None:
    for headers in ({"cookie": f"__Host-kept={'0' * 32}.{'a' * 43}"}, {"authorization": f"Bearer {token()}"}):
        assert stack.request("desk", "GET", "/desk/en", headers=PAGE | headers).status == 401


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("form", ["notes", "review", "kind"])
def test_another_sites_form_changes_nothing(stack: Stack, form: str) -> None:
    reference = contact(stack)
    before = stack.records()
    body = {"text": "x", "outcome": "x", "kind": "complaint"}
    only = {name: body[name] for name in {"notes": ("text",), "review": ("outcome",), "kind": ("kind",)}[form]}
    for headers in ({"origin": "https://evil.example"}, {"origin": "null", "sec-fetch-site": "cross-site"}, {}):
        answer = stack.request(
            "desk", "POST", f"/desk/en/records/{reference}/{form}", form=only, headers=cookie(stack) | headers
        )
        assert answer.status == 403
    assert stack.records() == before


@pytest.mark.promise("security-measures")
def test_each_opening_by_page_and_by_api_is_written_into_the_record(stack: Stack, staff: dict[str, Any]) -> None:
    reference = contact(stack)
    stack.request("desk", "GET", f"/desk/en/records/{reference}", headers=cookie(stack, "kim"))
    record = stack.request("review", "GET", f"/reviews/{reference}", claims=staff).json
    assert [opening["by"] for opening in record["openings"]] == ["kim", "sam"]
    stack.request("review", "GET", "/reviews", claims=staff)
    stack.request("desk", "GET", "/desk/en", headers=cookie(stack))
    (item,) = stack.records()
    assert len(item["openings"]["L"]) == 2, "a look at the queue opens no record"


@pytest.mark.promise("review-then-discard")
def test_another_kind_brings_its_deadline_and_never_a_later_discard_date(stack: Stack) -> None:
    reference = contact(stack)
    (before,) = stack.records()
    for kind in ("complaint", "request", "machine", "message"):
        answer = stack.request(
            "desk", "POST", f"/desk/en/records/{reference}/kind", form={"kind": kind}, headers=cookie(stack) | OURS
        )
        assert (answer.status, answer.headers["location"]) == (303, f"/desk/en/records/{reference}")
        (after,) = stack.records()
        assert after["kind"]["S"] == kind
        assert ("answer_by" in after) == (kind in {"complaint", "request"})
        assert int(after["discard_at"]["N"]) <= int(before["discard_at"]["N"])
        before = after


def test_what_the_desk_does_not_know_is_said_and_not_repeated(stack: Stack) -> None:
    headers = cookie(stack) | OURS
    reference = contact(stack)
    for path, status in (
        ("/desk/xx", 404),
        ("/desk/en/records/AAAA-AAAA-AAAA-AAAA", 404),
        ("/desk/en/records/nonsense", 404),
        (f"/desk/en/records/{reference}/files/0", 404),
        (f"/desk/en/records/{reference}/files/mail", 404),
        (f"/desk/en/records/{reference}/files/-1", 404),
    ):
        assert stack.request("desk", "GET", path, headers=headers).status == status, path
    filters = {"status": "odd", "kind": "odd", "intent": "odd", "due": "odd", "reason": "x" * 5000}
    assert stack.request("desk", "GET", "/desk/en", headers=headers, query=filters).status == 200
    assert stack.request("desk", "GET", "/desk/en", headers=headers, query={"cursor": "odd"}).status == 422
    odd = {"channel": "pigeon", "address": "x", "purpose": "answer"}
    assert stack.request("desk", "POST", "/desk/en/permission", form=odd, headers=headers).status == 422


@pytest.mark.promise("email-opt-out")
def test_the_gate_answers_by_hand_what_it_answers_to_systems(stack: Stack) -> None:
    stack.request("opt_out", "POST", "/opt-outs", json_body={"email": "ann@example.com"})
    for address, decision in (("ann@example.com", "refused"), ("bob@example.com", "allowed")):
        question = {"channel": "email", "address": address, "purpose": "marketing"}
        answer = stack.request("desk", "POST", "/desk/en/permission", form=question, headers=cookie(stack) | OURS)
        assert answer.status == 200, answer.text
        assert f'class="answer {decision}"' in answer.text
