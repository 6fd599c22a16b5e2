"""What every store of records must do: the one in memory that unit tests use, and the one on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto import mock_aws

from kept.adapters.dynamo.client import dynamodb
from kept.adapters.dynamo.messages import DynamoMessages
from kept.app.ports.records import Messages
from kept.domain.errors import ConflictError, InvalidInputError, NotFoundError
from kept.domain.identity import Keys
from kept.domain.mail.intents import REASON_CHARACTERS, REASONS
from kept.domain.mail.reader import MAX_ATTACHMENTS, MAX_NAME, MAX_SUBJECT, MAX_TEXT
from kept.domain.records import Attachment, Extension, Hold, MailFacts, Message, Note, PostalAddress, Reason
from tests.fakes import MemoryMessages
from tests.template import create_table

KEYS = Keys("k" * 64)
NOW = 1_800_000_000


def message(number: int = 0, **changes: Any) -> Message:
    """A record; `number` tells it from others."""
    base = Message(
        subject_id=KEYS.subject_id(f"person{number}@example.com"),
        record_id=f"{number:032x}",
        reference=f"AAAA-AAAA-AAAA-{number:04d}",
        kind="message",
        channel="form",
        received_at=NOW + number,
        discard_at=NOW + 1000,
        email=f"person{number}@example.com",
        text="Hello",
    )
    return replace(base, **changes)


FULL = message(
    7,
    channel="email",
    subject="كيف الحال",
    name="",
    phone="+201001234567",
    postal_address=PostalAddress("1 Nile Street", ("answer", "catalogue")),
    locale="ar-EG",
    content_digest=b"\x00\xff" * 8,
    mail=MailFacts(
        raw_key="raw/x",
        message_id="<a@b>",
        reply_to="r@example.com",
        language="ar",
        attachments=(Attachment("صورة.png", "image/png", 12),),
        defects=("bad-charset",),
        intents=("opt_out",),
        machine_reason="auto-submitted",
        spam=True,
        text_truncated=True,
    ),
    joins="AAAA-AAAA-AAAA-0001",
    recorded_by="sam",
    notes=(Note(NOW, "sam", "a note"),),
    outcome="x",
    reviewed_at=NOW,
    reviewed_by="sam",
)


@pytest.fixture(params=["memory", "dynamodb"])
def messages(request: pytest.FixtureRequest) -> Iterator[Messages]:
    if request.param == "memory":
        yield MemoryMessages()
        return
    with mock_aws():
        create_table(dynamodb(), "SubjectsTable", "subjects")
        yield DynamoMessages("subjects", KEYS)


def test_what_is_added_is_found_as_it_was(messages: Messages) -> None:
    for record in (message(), FULL):
        assert messages.add(record) is None
        assert messages.find(record.reference, NOW) == record


def test_what_is_added_twice_is_there_once_and_the_first_is_given_back(messages: Messages) -> None:
    messages.add(FULL)
    assert messages.add(replace(FULL, text="another")) == FULL
    assert messages.find(FULL.reference, NOW).text == FULL.text


@pytest.mark.promise("review-then-discard")
def test_an_expired_record_gives_way_only_where_that_is_asked_for(messages: Messages) -> None:
    old = message(discard_at=NOW)
    messages.add(old)
    assert messages.add(message(text="new")) == old
    assert messages.add(message(text="new"), replace_expired_at=NOW) is None
    assert messages.find(old.reference, NOW).text == "new"


def test_a_reviewed_record_gives_way_where_that_is_asked_for_unless_a_law_keeps_it(messages: Messages) -> None:
    held = message(status="reviewed", hold=Hold(NOW, "sam", "A court asks for it", NOW + 10))
    assert messages.add(held) is None
    assert messages.add(message(text="new"), replace_reviewed=True) == held
    messages.change(held, replace(held, hold=None), NOW)
    assert messages.add(message(text="new"), replace_reviewed=True) is None


def test_a_mail_that_comes_again_does_not_undo_its_review(messages: Messages) -> None:
    reviewed = message(status="reviewed", mail=MailFacts("raw/1"))
    messages.add(reviewed)
    assert messages.add(message(mail=MailFacts("raw/1")), replace_reviewed=True) == reviewed
    assert messages.add(message(mail=MailFacts("raw/2")), replace_reviewed=True) is None


@pytest.mark.promise("review-then-discard")
def test_nothing_past_its_date_is_found_listed_noted_or_reviewed(messages: Messages) -> None:
    record = message(discard_at=NOW)
    messages.add(record)
    with pytest.raises(NotFoundError):
        messages.find(record.reference, NOW)
    with pytest.raises(NotFoundError):
        messages.annotate(record, Note(NOW, "sam", "x"), NOW)
    with pytest.raises(ConflictError):
        messages.change(record, replace(record, status="reviewed"), NOW)
    assert messages.queue("new", ["message"], None, 10, NOW).items == ()


def test_the_queue_is_in_order_of_rank_and_age_and_its_pages_join_without_gap(messages: Messages) -> None:
    records = [message(n, kind="complaint" if n % 5 == 0 else "message") for n in range(23)]
    for record in reversed(records):
        messages.add(record)
    seen: list[Message] = []
    cursor = None
    while True:
        page = messages.queue("new", ["message", "complaint"], cursor, 4, NOW)
        assert len(page.items) <= 4
        seen += page.items
        cursor = page.next
        if cursor is None:
            break
    assert seen == sorted(records, key=lambda r: (r.rank, r.received_at))


def test_the_queue_shows_the_kinds_and_the_status_asked_for(messages: Messages) -> None:
    messages.add(message(1))
    messages.add(message(2, kind="machine"))
    messages.add(message(3, kind="quarantine"))
    messages.add(message(4, status="reviewed"))
    assert [m.record_id[-1] for m in messages.queue("new", ["message"], None, 9, NOW).items] == ["1"]
    assert [m.record_id[-1] for m in messages.queue("new", ["machine"], None, 9, NOW).items] == ["2"]
    assert [m.record_id[-1] for m in messages.queue("reviewed", ["message"], None, 9, NOW).items] == ["4"]


def test_a_cursor_that_is_not_ours_is_refused(messages: Messages) -> None:
    with pytest.raises(InvalidInputError):
        messages.queue("new", ["message"], "x", 10, NOW)


def test_notes_are_appended(messages: Messages) -> None:
    messages.add(message())
    for text in ("one", "two"):
        messages.annotate(messages.find(message().reference, NOW), Note(NOW, "sam", text), NOW)
    assert [note.text for note in messages.find(message().reference, NOW).notes] == ["one", "two"]


def test_the_fullest_record_that_can_be_fits_with_all_its_notes(messages: Messages) -> None:
    wide = "\U0001f600"  # four bytes of UTF-8
    fullest = replace(
        FULL,
        text=wide * (MAX_TEXT // 4),
        subject=wide * MAX_SUBJECT,
        name=wide * MAX_NAME,
        outcome=wide * 2000,
        mail=MailFacts(
            raw_key="raw/x",
            message_id=wide * MAX_SUBJECT,
            attachments=(Attachment(wide * MAX_NAME, f"{'a' * 100}/{'b' * 100}", 10**9),) * MAX_ATTACHMENTS,
            why=(Reason("complaint", "ar-latn", wide * REASON_CHARACTERS),) * REASONS,
        ),
        notes=(Note(NOW, "sam", wide * 2000),) * 20,
    )
    assert messages.add(fullest) is None
    assert messages.find(fullest.reference, NOW) == fullest


def test_a_record_holds_twenty_notes_and_says_so(messages: Messages) -> None:
    full = message(notes=(Note(NOW, "sam", "x"),) * 20)
    messages.add(full)
    with pytest.raises(ConflictError):
        messages.annotate(full, Note(NOW, "sam", "x"), NOW)


def test_a_review_replaces_what_it_was_based_on_and_nothing_else(messages: Messages) -> None:
    before = message()
    messages.add(before)
    after = replace(
        before,
        status="reviewed",
        kind="complaint",
        outcome="done",
        reviewed_at=NOW,
        reviewed_by="sam",
        discard_at=NOW + 5,
    )
    messages.change(before, after, NOW)
    assert messages.find(before.reference, NOW) == after
    with pytest.raises(ConflictError):
        messages.change(before, replace(after, outcome="again"), NOW)
    assert [m.outcome for m in messages.queue("reviewed", ["complaint"], None, 9, NOW).items] == ["done"]
    assert messages.queue("new", ["message"], None, 9, NOW).items == ()


def test_a_persons_own_record_is_found_by_its_id_until_its_time(messages: Messages) -> None:
    messages.add(FULL)
    assert messages.find_of(FULL.subject_id, FULL.record_id, NOW) == FULL
    for owner, record_id, now in (
        (message(1).subject_id, FULL.record_id, NOW),
        (FULL.subject_id, "0" * 32, NOW),
        (FULL.subject_id, FULL.record_id, FULL.discard_at),
    ):
        with pytest.raises(NotFoundError):
            messages.find_of(owner, record_id, now)


def test_a_change_writes_what_differs_and_takes_out_what_is_gone(messages: Messages) -> None:
    before = replace(FULL, kind="request", status="new", answer_by=NOW + 50)
    messages.add(before)
    held = replace(before, phone=None, hold=Hold(NOW, "sam", "Tax Act", NOW + 900), verified_at=NOW, name="Ann")
    messages.change(before, held, NOW)
    assert messages.find_of(FULL.subject_id, FULL.record_id, NOW) == held
    with pytest.raises(ConflictError):
        messages.change(before, replace(before, name="Bob"), NOW)  # who did not see the hold
    longer = replace(held, extension=Extension(NOW, "sam", "why"), answer_by=NOW + 80)
    messages.change(held, longer, NOW)
    with pytest.raises(ConflictError):
        messages.change(held, replace(held, answer_by=NOW + 99), NOW)
    assert messages.find_of(FULL.subject_id, FULL.record_id, NOW) == longer
