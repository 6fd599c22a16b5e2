"""The function that seals, as it is deployed."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from kept.domain.errors import UnavailableError
from kept.domain.ledger import day_of
from kept.domain.seal import day_before, entries_name, read_seal, seal_name
from kept.entry import wiring
from tests.fakes import MemoryEvents
from tests.integration.conftest import Stack, counts
from tests.integration.test_ledger import change, follow, image

YESTERDAY = day_before(day_of(int(time.time()) - 600))


def enter_yesterday(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two changes that are entered as of yesterday."""
    app = stack.function("ledger")
    with monkeypatch.context() as patched:
        patched.setattr(app, "now", lambda: int(time.time()) - 86400)
        patched.setattr(stack, "function", lambda _: app)
        assert follow(stack, change(1, new=image()), change(2, old=image())) == []


def seal(stack: Stack) -> None:
    stack.function("seal").handler({}, stack.context)


def files(stack: Stack) -> dict[str, bytes]:
    versions = stack.s3.list_object_versions(Bucket="seals").get("Versions", [])
    return {v["Key"]: stack.s3.get_object(Bucket="seals", Key=v["Key"])["Body"].read() for v in versions}


@pytest.mark.promise("security-measures")
def test_yesterday_is_sealed_with_its_entries_beside_it_and_told_of(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, printed: Any
) -> None:
    events = MemoryEvents()
    monkeypatch.setattr(wiring, "events", lambda: events)
    enter_yesterday(stack, monkeypatch)
    seal(stack)
    found = files(stack)
    assert found.keys() == {seal_name(YESTERDAY), entries_name(YESTERDAY)}
    sealed = read_seal(found[seal_name(YESTERDAY)])
    assert sealed.counts == {"subjects written": 1, "subjects discarded unknown": 1}
    assert events.told == [("LedgerDaySealed", sealed.summary())]
    text = printed()
    assert sum(counts(text, "LedgerDaysSealed").values()) == 1
    assert sum(counts(text, "LedgerEntriesSealed").values()) == 2


@pytest.mark.promise("security-measures")
def test_a_second_run_changes_nothing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    enter_yesterday(stack, monkeypatch)
    seal(stack)
    before = files(stack)
    seal(stack)
    assert files(stack) == before
    assert len(stack.s3.list_object_versions(Bucket="seals")["Versions"]) == 2


@pytest.mark.promise("security-measures")
def test_a_failure_is_raised_so_that_it_is_tried_again_and_says_nothing_of_anyone(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, printed: Any
) -> None:
    enter_yesterday(stack, monkeypatch)
    monkeypatch.setenv("SEALS_BUCKET", "no-such-bucket")
    with pytest.raises(UnavailableError, match="The work of this schedule failed") as raised:
        seal(stack)
    assert raised.value.__context__ is None, "Lambda would print what went before it"
    assert '"event":"failed"' in printed()
    assert files(stack) == {}


@pytest.mark.promise("security-measures")
def test_an_event_that_the_bus_does_not_take_is_a_failure(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = SimpleNamespace(put_events=lambda **_: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Internal"}]})
    monkeypatch.setattr("kept.adapters.events._client", lambda: bus)
    enter_yesterday(stack, monkeypatch)
    with pytest.raises(UnavailableError):
        seal(stack)


def test_before_the_ledger_began_nothing_is_sealed(stack: Stack) -> None:
    seal(stack)
    assert files(stack) == {}
