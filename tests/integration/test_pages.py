"""The public pages as the function renders them, and what programs find beside them."""

from __future__ import annotations

import re
import time
from datetime import datetime

import pytest

from kept.entry.language import LANGUAGES, language
from tests.integration.conftest import Stack

BROWSER = {"accept": "text/html,application/xhtml+xml", "accept-language": "en"}
PAGES = ("", "/write", "/stop-emails", "/your-data", "/complain", "/cancel", "/policy", "/promises")


@pytest.mark.promise("no-ad-partners")
@pytest.mark.promise("login-cookies-only")
@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_in_its_language_and_asks_no_other_host_for_anything(stack: Stack, path: str, code: str) -> None:
    answer = stack.request("pages", "GET", f"/{code}{path}", headers=BROWSER)
    assert answer.status == 200, answer.text
    assert f'<html lang="{code}" dir="{language(code).direction}">' in answer.text
    loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]*)"', answer.text)
    assert loaded
    assert all(address.startswith("/") for address in loaded), loaded
    assert answer.cookies == []
    assert "<script" not in answer.text
    assert not re.search(r"\sstyle=|\son[a-z]+=", answer.text), "inline style or script"
    csp = answer.headers["content-security-policy"]
    assert "default-src 'none'" in csp
    assert "form-action 'self'" in csp
    assert "unsafe" not in csp
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_policy_page_says_what_the_policy_file_says(stack: Stack, code: str) -> None:
    from kept.entry import wiring

    policy = wiring.policy()
    text = stack.request("pages", "GET", f"/{code}/policy", headers=BROWSER).text
    for promise in policy.promises:
        assert promise.text[code] in text.replace("&#39;", "'")
        assert f'id="{promise.id}"' in text
    assert language(code).duration(policy.retention.complaint.hard_maximum) in text
    assert language(code).number(7) in text, "the days that backups can be restored"


def test_policy_and_promises_are_json_for_programs(stack: Stack) -> None:
    policy = stack.request("pages", "GET", "/policy").json
    promises = stack.request("pages", "GET", "/promises").json
    assert policy["promises"] == [{"id": each["id"], "text": each["text"]} for each in promises["promises"]]
    assert promises["version"] == policy["version"]
    assert policy["retention"]["message"]["before_review"] == "30 days"


@pytest.mark.parametrize("path", ["/nothing", "/en/nothing", "/ar/nothing", "/thanks/nothing", "/en/thanks/x"])
def test_a_page_that_there_is_not_is_a_page_that_says_so(stack: Stack, path: str) -> None:
    answer = stack.request("pages", "GET", path, headers=BROWSER)
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "nothing" not in re.sub(r"<h1>.*</h1>|<title>.*</title>", "", answer.text).lower()


def test_the_page_that_thanks_shows_only_what_can_be_a_receipt(stack: Stack) -> None:
    good = {"reference": "K7QD-3MZX-OA2P-VC5T", "by": "2026-12-22T08:30:00Z"}
    shown = stack.request("pages", "GET", "/ar/thanks/contact", headers=BROWSER, query=good).text
    assert "K7QD-3MZX-OA2P-VC5T" in shown
    assert "٢٢ ديسمبر ٢٠٢٦" in shown
    bad = {"reference": "Call +1 900 5550", "by": "send money", "answer_by": "2026-13-45T00:00:00Z"}
    text = stack.request("pages", "GET", "/en/thanks/complaint", headers=BROWSER, query=bad).text
    body = text[text.index("<main") : text.index("</main")]
    assert "900" not in body
    assert "money" not in body


@pytest.mark.promise("security-measures")
def test_where_to_report_a_vulnerability_is_said_as_rfc_9116_wants(stack: Stack) -> None:
    answer = stack.request("pages", "GET", "/.well-known/security.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:support@expandcart.com"
    assert fields["Canonical"] == "https://privacy.example.com/.well-known/security.txt"
    left = datetime.fromisoformat(fields["Expires"]).timestamp() - time.time()
    assert 0 < left < 366 * 86400


@pytest.mark.promise("no-ad-partners")
def test_global_privacy_control_is_said_to_be_heeded(stack: Stack) -> None:
    assert stack.request("pages", "GET", "/.well-known/gpc.json").json == {"gpc": True, "lastUpdate": "2017-06-01"}


def test_stylesheet_and_icon_may_be_kept_and_have_another_address_when_they_change(stack: Stack) -> None:
    page = stack.request("pages", "GET", "/en", headers=BROWSER).text
    for name in ("/style.css", "/icon.svg"):
        assert re.search(re.escape(name) + r"\?v=[0-9a-f]{12}", page)
        assert "immutable" in stack.request("pages", "GET", name).headers["cache-control"]


@pytest.mark.promise("complaints-heard")
def test_a_complaint_is_first_in_the_queue_with_its_promise_and_deadline(
    stack: Stack, staff: dict[str, object]
) -> None:
    body = {"email": "ann@example.com", "message": "You wrote again.", "promise": "email-opt-out"}
    stack.request("contact_intake", "POST", "/contacts", json_body={"email": "bob@example.com", "message": "Hello"})
    answer = stack.request("contact_intake", "POST", "/complaints", json_body=body)
    assert answer.status == 201, answer.text
    left = datetime.fromisoformat(answer.json["answer_by"]).timestamp() - time.time()
    assert left == pytest.approx(14 * 86400, abs=5)
    first = stack.request("review", "GET", "/reviews", claims=staff).json["items"][0]
    assert (first["reference"], first["kind"], first["promise"]) == (
        answer.json["reference"],
        "complaint",
        "email-opt-out",
    )
    assert first["answer_by"] == answer.json["answer_by"]


@pytest.mark.promise("complaints-heard")
@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"promise": "no-such"}, "/promise"), ({"message": " "}, "/message"), ({"email": "x"}, "/email")],
)
def test_a_complaint_that_cannot_be_one_is_refused_and_not_stored(
    stack: Stack, change: dict[str, str], pointer: str
) -> None:
    body = {"email": "ann@example.com", "message": "You wrote again."} | change
    answer = stack.request("contact_intake", "POST", "/complaints", json_body=body)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert stack.records() == []


def test_a_program_in_the_complaints_trap_is_told_the_usual_and_nothing_is_stored(stack: Stack) -> None:
    form = {"email": "ann@example.com", "message": "Buy", "website": "http://spam.example"}
    answer = stack.request("contact_intake", "POST", "/complaints", form=form)
    assert answer.status == 303
    assert "answer_by=" in answer.headers["location"]
    assert stack.records() == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_refused_form_is_answered_in_the_forms_language_whatever_the_browsers(stack: Stack, code: str) -> None:
    form = {"email": "nobody at example", "message": "x", "locale": code}
    answer = stack.request(
        "contact_intake", "POST", "/contacts", form=form, headers=BROWSER | {"accept-language": "fr"}
    )
    assert answer.status == 422
    assert f'lang="{code}"' in answer.text
    assert language(code).translate("Your email address") in answer.text
    assert "nobody at example" not in answer.text
