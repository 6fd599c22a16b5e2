"""A legal hold is the one reason to keep a record past its latest day, and only as long as the policy says."""

from __future__ import annotations

from typing import Any

import pytest

from kept.domain.commitment import History
from kept.domain.ledger import Change, mark_of, sequence_of
from kept.domain.policy import load_policy

POLICY = load_policy()
BORN = 1_800_000_000
DAY = 86400
LATEST = BORN + POLICY.retention.message.hard_maximum
RECORD = {"kind": "message", "received_at": BORN, "discard_at": BORN + 30 * DAY, "status": "new"}


def due_after(*writes: dict[str, Any]) -> int:
    """When the record must be gone, once it was written and then changed so."""
    history, before = History(), None
    for number, fields in enumerate(({}, *writes)):
        after = (before or RECORD) | fields
        change = Change("subjects", sequence_of(str(number + 1)), BORN + number, b"p" * 16, "message#1", before, after)
        mark = mark_of(change, POLICY)
        history = history if mark is None else history.after(mark)
        before = after
    return history.due_at


def held(until: int, reason: str = "hold", **more: Any) -> dict[str, Any]:
    hold = {"until": until, "reason": "Tax Act", "by": "sam", "at": BORN}
    return {"discard_at": until, "hold": hold, "date_moved": {"reason": reason, "at": until}} | more


@pytest.mark.promise("review-then-discard")
def test_a_stated_hold_keeps_a_record_past_its_latest_day_and_no_longer_than_the_policy_allows() -> None:
    longest = BORN + POLICY.legal_hold.longest
    assert due_after(held(longest)) == longest > LATEST
    assert due_after(held(longest + 1)) == RECORD["discard_at"], "the commitment stays where it is, and is reported"


@pytest.mark.promise("review-then-discard")
@pytest.mark.parametrize(
    "write",
    [
        {"discard_at": LATEST + DAY},
        held(LATEST + DAY, reason="extended"),
        held(LATEST + DAY, hold=None),
        held(LATEST + DAY, hold={"until": LATEST, "reason": "Tax Act"}),
    ],
    ids=["by hand", "another reason", "no hold", "a hold that ends before"],
)
def test_nothing_else_does(write: dict[str, Any]) -> None:
    assert due_after(write) == RECORD["discard_at"]


@pytest.mark.promise("review-then-discard")
def test_a_hold_that_ends_brings_the_day_back() -> None:
    ended = {"discard_at": BORN + 7 * DAY, "hold": None, "date_moved": {"reason": "hold-ended", "at": BORN + 5}}
    assert due_after(held(LATEST + DAY), ended) == BORN + 7 * DAY
