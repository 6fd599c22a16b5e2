"""What every outbox must do: the one in memory that unit tests use, and the one on SES and DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from kept.adapters.dynamo.client import dynamodb
from kept.adapters.ses import Sender, SesOutbox
from kept.app.ports.mail import Outbox, OutgoingMail
from kept.domain.errors import NotAllowedError, UnavailableError
from kept.domain.identity import Keys
from kept.domain.mail import read_mail
from kept.domain.permission import Check, Permission
from tests.fakes import MemoryOutbox
from tests.template import create_table

KEYS = Keys("k" * 64)
ANN, BOB = KEYS.subject_id("ann@example.com"), KEYS.subject_id("bob@example.com")
NOW = 1_800_000_000
SENDER = Sender("support@shop.example", "The Shop", "help@shop.example", "kept")


def allow(_: Check) -> Permission:
    return Permission("allowed", "email-opt-out", "")


def refuse(_: Check) -> Permission:
    return Permission("refused", "email-opt-out", "The person asked to get nothing at all.")


def ready() -> None:
    boto3.client("ses").verify_domain_identity(Domain="shop.example")
    boto3.client("ses").create_configuration_set(ConfigurationSet={"Name": "kept"})


@pytest.fixture(params=["memory", "ses"])
def outbox(request: pytest.FixtureRequest) -> Iterator[Outbox]:
    if request.param == "memory":
        yield MemoryOutbox()
        return
    with mock_aws():
        create_table(dynamodb(), "SubjectsTable", "subjects")
        ready()
        yield SesOutbox("subjects", SENDER, allow)


def test_one_answer_of_a_kind_goes_to_a_person_in_a_day(outbox: Outbox) -> None:
    assert outbox.claim(ANN, "request", NOW)
    assert not outbox.claim(ANN, "request", NOW + 86399)
    assert outbox.claim(ANN, "complaint", NOW)
    assert outbox.claim(BOB, "request", NOW)
    assert outbox.claim(ANN, "request", NOW + 86400)


def test_a_claim_that_was_taken_back_can_be_made_again(outbox: Outbox) -> None:
    outbox.claim(ANN, "request", NOW)
    outbox.release(ANN, "request")
    assert outbox.claim(ANN, "request", NOW)


def test_a_mail_goes_out_as_seven_bit_text_with_its_headers() -> None:
    with mock_aws():
        ready()
        outbox = SesOutbox("subjects", replace(SENDER, name="متجر"), allow)
        outbox.send(
            OutgoingMail("ann@example.com", "answer", "Re: بياناتي", "نص الرد", (("Auto-Submitted", "auto-replied"),))
        )
        (sent,) = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
    assert set(sent.destinations) == {"ann@example.com"}
    assert sent.raw_data.isascii(), "a server on the way might change what is not"
    mail = read_mail(sent.raw_data.encode())
    assert (mail.sender, mail.sender_name, mail.reply_to) == ("support@shop.example", "متجر", "help@shop.example")
    assert (mail.subject, mail.text.strip()) == ("Re: بياناتي", "نص الرد")
    assert mail.headers["auto-submitted"] == ("auto-replied",)


def test_a_mail_that_ses_refuses_is_an_unavailable_dependency() -> None:
    with mock_aws():
        ready()
        outbox = SesOutbox("subjects", replace(SENDER, address="support@not-verified.example"), allow)
        with pytest.raises(UnavailableError, match="send a mail: MessageRejected"):
            outbox.send(OutgoingMail("ann@example.com", "answer", "x", "y"))


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("kind", ["memory", "ses"])
def test_what_the_gate_refuses_is_not_sent(kind: str) -> None:
    with mock_aws():
        ready()
        outbox: Outbox = MemoryOutbox(refuse) if kind == "memory" else SesOutbox("subjects", SENDER, refuse)
        with pytest.raises(NotAllowedError):
            outbox.send(OutgoingMail("ann@example.com", "receipt", "Your receipt", "Thank you."))
        assert ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages == []
    assert not getattr(outbox, "sent", [])
