"""What every outbox must do: the one in memory that unit tests use, and the one on SES and DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from kept.adapters.outbox import SesOutbox
from kept.app.ports import Outbox, OutgoingMail
from kept.domain.errors import UnavailableError
from kept.domain.identity import Keys
from tests.fakes import MemoryOutbox
from tests.template import create_table

KEYS = Keys("k" * 64)
ANN, BOB = KEYS.subject_id("ann@example.com"), KEYS.subject_id("bob@example.com")
NOW = 1_800_000_000


@pytest.fixture(params=["memory", "ses"])
def outbox(request: pytest.FixtureRequest) -> Iterator[Outbox]:
    if request.param == "memory":
        yield MemoryOutbox()
        return
    with mock_aws():
        create_table(boto3.client("dynamodb"), "SubjectsTable", "subjects")
        boto3.client("ses").verify_domain_identity(Domain="shop.example")
        yield SesOutbox("subjects", "support@shop.example", "The Shop", "help@shop.example")


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


def test_a_mail_is_handed_over(outbox: Outbox) -> None:
    outbox.send(OutgoingMail("ann@example.com", "Re: بياناتي", "نص", (("Auto-Submitted", "auto-replied"),)))


def test_a_mail_that_ses_refuses_is_an_unavailable_dependency() -> None:
    with mock_aws():
        outbox = SesOutbox("subjects", "support@not-verified.example", "The Shop", "help@shop.example")
        with pytest.raises(UnavailableError, match="send a mail: MessageRejected"):
            outbox.send(OutgoingMail("ann@example.com", "x", "y"))
