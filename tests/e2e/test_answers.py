"""What goes out from the deployed template: an acknowledgement to a person, nothing to a machine."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import SUPPORT, Site, eventually, mails_to

pytestmark = pytest.mark.e2e

ASKS = "Under Article 15 of the GDPR, please send me a copy of all the personal data that you hold about me."


def send(site: Site, sender: str, headers: str = "") -> None:
    site.send(
        (
            f"From: {sender}\r\nTo: {SUPPORT}\r\nSubject: My data\r\nMessage-ID: <{sender}>\r\n{headers}\r\n{ASKS}\r\n"
        ).encode(),
        sender,
    )


@pytest.mark.promise("access-on-request")
def test_who_asks_by_mail_gets_a_link_in_the_thread(site: Site) -> None:
    sender = "asks@example.com"
    send(site, sender)
    (mail,) = eventually(lambda: mails_to(site, sender), "no link was sent")
    assert mail["subject"] == "Re: My data"
    assert mail["headers"]["Auto-Submitted"] == "auto-replied"
    assert mail["headers"]["In-Reply-To"] == f"<{sender}>"
    references = {r["reference"]["S"] for r in site.records_of(sender) if "reference" in r}
    assert any(reference in mail["text"] for reference in references)
    assert f"{site.stack.api}/sessions?token=" in mail["text"]
    item = next(i for i in site.to_review() if i.get("from") == sender and i["kind"] == "request")
    assert "access" in item["intents"]
    assert item["answer_by"] > item["received_at"]


def test_nothing_is_sent_to_machines_lists_and_who_asked_for_silence(site: Site) -> None:
    silent = {
        "auto@example.com": "Auto-Submitted: auto-replied\r\n",
        "list@example.com": "Precedence: list\r\nList-Id: <x.example.com>\r\n",
        "quiet@example.com": "X-Auto-Response-Suppress: All\r\n",
        "spam@example.com": "X-Kept-Spam-Verdict: FAIL\r\n",
        "no-reply@example.com": "",
    }
    for sender, headers in silent.items():
        send(site, sender, headers)
    for sender in silent:
        eventually(lambda s=sender: site.records_of(s), f"the mail of {sender.partition('@')[0]} is no record")
    for sender in silent:
        assert mails_to(site, sender) == []
