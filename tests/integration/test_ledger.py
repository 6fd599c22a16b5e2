"""Whatever happens to a record, however it happens, the ledger says so; and when it goes, its raw mail goes too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kept.domain.ledger import Entry, LedgerKeys
from kept.entry import wiring
from tests.integration.conftest import LEDGER_SECRET, Stack, counts

NOW = 1_800_000_000
TTL = {"userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}
KEYS = {"pk": {"B": "AAAAAAAAAAAAAAAAAAAAAA=="}, "sk": {"S": "message#1"}}
SUBJECT = bytes(16)


def image(raw_mail: str = "", **fields: Any) -> dict[str, Any]:
    """An item as Lambda's events have it: bytes are in base64."""
    item = KEYS | {
        "reference": {"S": "K7QD-3MZX-OA2P-VC5T"},
        "kind": {"S": "message"},
        "email": {"S": "ann@example.com"},
        "received_at": {"N": str(NOW)},
        "discard_at": {"N": str(NOW + 1000)},
        "lookup": {"B": "/////w=="},
    }
    return item | ({"mail": {"M": {"raw_key": {"S": raw_mail}}}} if raw_mail else {}) | fields


def change(number: int, old: Any = None, new: Any = None, table: str = "subjects", **more: Any) -> dict[str, Any]:
    """A record of a table's stream."""
    images = {name: item for name, item in (("OldImage", old), ("NewImage", new)) if item is not None}
    return {
        "eventID": f"event-{number}",
        "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        "eventSource": "aws:dynamodb",
        "eventSourceARN": f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}/stream/2027-01-15T08:00:00.000",
        "dynamodb": {
            "ApproximateCreationDateTime": float(NOW + number),
            "Keys": KEYS if table == "subjects" else {"pk": KEYS["pk"]},
            "SequenceNumber": f"{number:021d}",
            **images,
        },
        **more,
    }


def follow(stack: Stack, *changes: dict[str, Any]) -> list[str]:
    answer = stack.function("ledger").handler({"Records": list(changes)}, stack.context)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def mails(stack: Stack) -> set[str]:
    return {item["Key"] for item in stack.s3.list_objects_v2(Bucket="mail").get("Contents", [])}


def entries() -> list[Entry]:
    return list(wiring.ledger().of_subject(SUBJECT))


@pytest.fixture(autouse=True)
def two_mails(stack: Stack) -> None:
    for key in ("raw/one", "raw/two"):
        stack.s3.put_object(Bucket="mail", Key=key, Body=b"x")


@pytest.mark.promise("review-then-discard")
def test_the_raw_mail_goes_with_its_record_and_no_other(stack: Stack) -> None:
    assert follow(stack, change(1, new=image("raw/one")), change(2, old=image("raw/one"), **TTL)) == []
    assert mails(stack) == {"raw/two"}


def test_a_record_that_stays_keeps_its_mail(stack: Stack) -> None:
    noted = image("raw/one", notes={"L": [{"M": {"text": {"S": "Called back"}}}]})
    assert follow(stack, change(1, image("raw/one"), noted), change(2, old=image())) == []
    assert mails(stack) == {"raw/one", "raw/two"}


@pytest.mark.promise("review-then-discard")
def test_a_record_that_is_written_over_loses_its_mail(stack: Stack) -> None:
    follow(stack, change(1, image("raw/one"), image()))
    assert mails(stack) == {"raw/two"}


@pytest.mark.promise("review-then-discard")
def test_a_commitment_closes_only_once_the_raw_mail_is_gone(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(stack, change(1, new=image("raw/one")))
    monkeypatch.setenv("MAIL_BUCKET", "no-such-bucket")
    wiring.raw_mail.cache_clear()
    gone = change(2, old=image("raw/one"), **TTL)
    assert follow(stack, gone) == [gone["dynamodb"]["SequenceNumber"]]
    assert [each.key.sort_key for each in wiring.ledger().due(NOW + 1000)] == ["message#1"]
    monkeypatch.setenv("MAIL_BUCKET", "mail")
    wiring.raw_mail.cache_clear()
    assert follow(stack, gone) == []
    assert list(wiring.ledger().due(NOW + 1000)) == []
    assert mails(stack) == {"raw/two"}


@pytest.mark.promise("security-measures")
def test_a_change_that_cannot_be_read_comes_back_and_the_others_are_followed(stack: Stack) -> None:
    broken = change(7, old=image("raw/one"))
    broken["dynamodb"]["OldImage"] = "not an image"
    assert follow(stack, broken, change(8, old=image("raw/two"))) == [broken["dynamodb"]["SequenceNumber"]]
    assert mails(stack) == {"raw/one"}
    assert [entry.what for entry in entries()] == ["discarded"]


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(
    "strange",
    [
        {"discard_at": {"N": "1.5"}},
        {"discard_at": {"S": "tomorrow"}},
        {"discard_at": {"N": "9" * 38}},
        {"size": {"N": "-123456789012345678901234567890"}},
        {"words": {"SS": ["b", "a"]}, "numbers": {"NS": ["1", "2.5"]}, "parts": {"BS": ["AAAA"]}},
        {"nothing": {"NULL": True}, "mail": {"S": "none"}},
        {"date_moved": {"S": "because"}, "placed_at": {"S": "x"}},
    ],
)
def test_what_somebody_writes_by_hand_is_entered_whatever_it_is(stack: Stack, strange: dict[str, Any]) -> None:
    odd = image(**strange)
    assert follow(stack, change(1, new=odd), change(2, odd, image()), change(3, image(), odd), change(4, old=odd)) == []
    assert [entry.what for entry in entries()][0::3] == ["written", "discarded"]
    assert len(entries()) == 4
    assert list(wiring.ledger().due(10**11)) == []


@pytest.mark.promise("security-measures")
def test_a_ledger_that_does_not_answer_gives_everything_back(stack: Stack) -> None:
    stack.dynamodb.delete_table(TableName="ledger")
    records = [change(1, new=image()), change(2, old=image())]
    assert follow(stack, *records) == [record["dynamodb"]["SequenceNumber"] for record in records]


@pytest.mark.promise("access-on-request")
def test_a_suppression_is_entered_with_its_person_and_has_no_commitment(stack: Stack) -> None:
    item = {"pk": KEYS["pk"], "marketing": {"M": {"reason": {"S": "form"}, "at": {"N": str(NOW)}}}}
    more = item | {"list-1": item["marketing"]}
    assert follow(stack, change(1, new=item, table="suppressions"), change(2, item, more, "suppressions")) == []
    assert follow(stack, change(3, old=more, table="suppressions")) == []
    assert [(entry.store, entry.what, entry.reason) for entry in entries()] == [
        ("suppressions", "written", None),
        ("suppressions", "changed", None),
        ("suppressions", "discarded", "unknown"),
    ]
    assert list(wiring.ledger().due(10**11)) == []


@pytest.mark.promise("no-visitor-recognition")
def test_neither_the_ledger_nor_what_is_printed_says_what_was_in_a_record(stack: Stack, printed: Any) -> None:
    follow(stack, change(1, new=image("raw/one")), change(2, old=image("raw/one")))
    items = stack.dynamodb.scan(TableName="ledger")["Items"]
    text = repr(items) + printed()
    for said in ("ann@", "example.com", "K7QD", "raw/one"):
        assert said not in text
    assert repr(SUBJECT) not in repr([item for item in items if item["sk"]["S"].startswith("entry#")])


@pytest.mark.promise("security-measures")
def test_each_entry_is_counted_by_what_happened_and_why(stack: Stack, printed: Any) -> None:
    records = change(1, new=image("raw/one")), change(2, old=image("raw/one"), **TTL)
    follow(stack, *records, *records)
    text = printed()
    assert counts(text, "LedgerEntries") == {("none", "written"): 1, ("expired", "discarded"): 1}
    assert sum(counts(text, "FilesDiscarded").values()) == 2, "a repeated delivery deletes it again, harmlessly"


def test_digests_are_under_the_ledgers_own_key(stack: Stack) -> None:
    follow(stack, change(1, new=image()))
    (entry,) = entries()
    keys = LedgerKeys(LEDGER_SECRET)
    assert entry.subject == keys.subject(SUBJECT)
    assert entry.record == keys.record("subjects", SUBJECT, "message#1")
    assert entry.content == keys.content(
        {
            "reference": "K7QD-3MZX-OA2P-VC5T",
            "kind": "message",
            "email": "ann@example.com",
            "received_at": NOW,
            "discard_at": NOW + 1000,
            "lookup": b"\xff\xff\xff\xff",
        }
    )
    assert json.loads(entry.line())["id"] == f"{entry.record}-1"
