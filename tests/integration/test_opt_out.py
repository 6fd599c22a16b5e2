"""Opting out by form: at once, the same for everybody, idempotent."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Stack


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
    assert (answer.status, answer.headers["location"]) == (303, "/thanks/opt-out")
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
