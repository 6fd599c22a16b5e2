"""Bad input on the deployed template: a clear refusal and nothing stored; a malformed mail is a record all the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import SUPPORT, Site, eventually

pytestmark = pytest.mark.e2e

GOOD = {"email": "bad-input@example.com", "message": "Hello"}
JSON = {"Content-Type": "application/json"}
REFUSED: dict[str, tuple[Any, dict[str, str], int]] = {
    "malformed JSON": (b'{"email": "bad-input@example.com", "message"', JSON, 400),
    "bytes": (bytes(range(128, 256)), JSON, 400),
    "a body of 1 MB": (GOOD | {"message": "x" * 2**20}, JSON, 413),
    "wrong types": (GOOD | {"message": 7}, JSON, 422),
    "an invalid email": (GOOD | {"email": "bad-input@"}, JSON, 422),
    "an unknown field": (GOOD | {"extra": 1}, JSON, 422),
    "the wrong content type": (GOOD, {"Content-Type": "text/xml"}, 415),
    "a missing message": ({"email": GOOD["email"]}, JSON, 422),
    "no body": (None, JSON, 400),
}


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_clearly_and_nothing_is_stored(site: Site, case: str) -> None:
    body, headers, status = REFUSED[case]
    before = len(site.all_records())
    answer = site.request("POST", "/contacts", body, headers=headers)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["detail"]
    assert b"bad-input" not in answer.body, "the answer repeats what was sent"
    assert len(site.all_records()) <= before
    assert site.records_of(GOOD["email"]) == []


def malformed(number: int) -> tuple[bytes, str]:
    """A malformed mail and the sender of its envelope, who tells whose record it is."""
    sender = f"malformed{number}@example.com"
    header = f"To: {SUPPORT}\r\nSubject: x\r\n".encode()
    from_line = f"From: {sender}\r\n".encode()
    return {
        0: header + b"\r\nno From",
        1: from_line + header + b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n--b\r\nbroken MIME',
        2: from_line + header + b"Content-Type: text/plain; charset=x-none\r\n\r\n\xff\xfe\x80bad charset",
        3: from_line + header + b"\r\n" + b"x" * 76 + (b"\r\n" + b"y" * 76) * 400_000,
        4: b"",
    }[number], sender


@pytest.mark.promise("email-senders")
@pytest.mark.parametrize("number", range(5), ids=["no From", "broken MIME", "bad charset", "30 MB", "empty"])
def test_a_malformed_mail_ends_as_a_record_with_its_senders_address(site: Site, number: int) -> None:
    raw, sender = malformed(number)
    site.send(raw, sender)
    (record,) = eventually(lambda: site.records_of(sender), "it did not become a record", seconds=60)
    answer = site.request("GET", f"/reviews/{record['reference']['S']}", staff=True)
    assert answer.status == 200, "staff cannot open it"
    assert answer.json["from"] == sender
