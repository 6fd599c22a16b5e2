"""When a record goes, however it goes, its raw mail goes too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Stack


def change(name: str, old: str | None = None, new: str | None = None, number: int = 1) -> dict[str, Any]:
    """A record of the table's stream, with the raw mail's key before and after; "" for a record without mail."""

    def image(key: str) -> dict[str, Any]:
        return {"pk": {"B": "AA=="}} | ({"mail": {"M": {"raw_key": {"S": key}}}} if key else {})

    images: dict[str, Any] = {"SequenceNumber": str(number)}
    if old is not None:
        images["OldImage"] = image(old)
    if new is not None:
        images["NewImage"] = image(new)
    return {"eventID": str(number), "eventName": name, "eventSource": "aws:dynamodb", "dynamodb": images}


def follow(stack: Stack, *changes: dict[str, Any]) -> list[str]:
    answer = stack.function("ledger").handler({"Records": list(changes)}, stack.context)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def mails(stack: Stack) -> set[str]:
    return {item["Key"] for item in stack.s3.list_objects_v2(Bucket="mail").get("Contents", [])}


@pytest.fixture(autouse=True)
def two_mails(stack: Stack) -> None:
    for key in ("raw/one", "raw/two"):
        stack.s3.put_object(Bucket="mail", Key=key, Body=b"x")


@pytest.mark.promise("review-then-discard")
def test_the_raw_mail_goes_with_its_record_and_no_other(stack: Stack) -> None:
    assert follow(stack, change("REMOVE", old="raw/one")) == []
    assert mails(stack) == {"raw/two"}


@pytest.mark.promise("review-then-discard")
def test_a_ttl_delete_by_the_service_is_followed_too(stack: Stack) -> None:
    ttl = change("REMOVE", old="raw/one") | {
        "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    }
    follow(stack, ttl, ttl)
    assert mails(stack) == {"raw/two"}


def test_a_record_that_stays_keeps_its_mail(stack: Stack) -> None:
    assert follow(stack, change("MODIFY", old="raw/one", new="raw/one"), change("REMOVE", old="")) == []
    assert mails(stack) == {"raw/one", "raw/two"}


@pytest.mark.promise("review-then-discard")
def test_a_record_that_is_written_over_loses_its_mail(stack: Stack) -> None:
    follow(stack, change("MODIFY", old="raw/one", new=""))
    assert mails(stack) == {"raw/two"}


@pytest.mark.promise("security-measures")
def test_a_change_that_cannot_be_read_comes_back_and_the_others_are_followed(stack: Stack) -> None:
    broken = change("REMOVE", old="raw/one", number=7)
    broken["dynamodb"]["OldImage"] = "not an image"
    assert follow(stack, broken, change("REMOVE", old="raw/two", number=8)) == ["7"]
    assert mails(stack) == {"raw/one"}
