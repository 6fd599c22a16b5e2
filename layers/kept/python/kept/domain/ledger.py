"""What the ledger says of a record: that it was written, changed, moved and went, and why; never what is in it.

An entry is made from one change alone, so that it is the same whenever and however often the change is heard of.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from kept.domain.canonical_json import LARGEST_INTEGER, canonical_json
from kept.domain.commitment import SEQUENCE_DIGITS, Birth, Commitment, Gone, History, Mark, Move
from kept.domain.errors import ConfigurationError
from kept.domain.identity import KeyedHash
from kept.domain.policy import Policy, Retentions
from kept.domain.seal import order_of

Store = Literal["subjects", "suppressions"]
"""The tables whose changes the ledger follows."""

What = Literal["written", "changed", "moved", "replaced", "discarded"]
"""What happened. `moved`: its discard date; `replaced`: another record took its place, so one went and one came."""

StatedReason = Literal["purge_audit", "erasure", "withdrawal", "ended", "replaced", "rotated"]
"""Why a record goes, as who deletes it writes into its `discard_reason` first."""

DiscardReason = Literal[
    "expired",  # its date came, and DynamoDB's time to live deleted it
    "review",  # the same, after a review had brought the date nearer
    "purge_audit",  # the nightly audit deleted what should have been gone
    "erasure",  # the person asked
    "withdrawal",  # the person took back what it was held for
    "ended",  # the shop took back what it permitted
    "replaced",  # another record took its place
    "rotated",  # a suppression lies under the new hash key instead
    "missing",  # the audit found it gone, and no change had told of it
    "unknown",  # somebody deleted it without saying why
]
"""Why a record went."""

DISCARD_REASON: Final = "discard_reason"
"""The field that a deliberate delete sets before it deletes."""

DATE_MOVED: Final = "date_moved"
"""The field that a write which moves a date otherwise sets: `{"reason": text, "at": seconds}`, new with each move."""

NOT_LEDGERED: Final = {"session", "link", "link-place", "answer"}
"""Kinds that say nothing about a person and live for a day at most: proofs on their way, and who was answered."""

RESTORED: Final = "-restored-"
"""What the name of a table that was restored has in it, before the moment that it was restored to."""

_STATED: Final = get_args(StatedReason)
_REASON_OF_MOVE: Final = re.compile(r"[a-z][a-z_-]{0,39}")  # a word of ours, so that nobody's data gets in by it
_CLOCKS_DIFFER_BY: Final = 300  # seconds
_BYTES = 16
_DIGITS_OF_A_STREAM = 40

Fields = Mapping[str, Any]
"""A record without its keys: text, bytes, integers, booleans, None, lists and dicts."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one record, as its table's stream tells it. `at`: seconds since the epoch."""

    store: Store
    sequence: str  # SEQUENCE_DIGITS digits; a record's changes sort by it
    at: int
    pk: bytes
    sort_key: str  # "" for suppressions
    before: Fields | None = field(repr=False)  # None: it was not there
    after: Fields | None = field(repr=False)  # None: it is there no more
    by_time_to_live: bool = False

    @property
    def kind(self) -> str:
        """The record's kind: the part of its sort key before #."""
        return self.sort_key.partition("#")[0] or "suppression"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger. Times: seconds since the epoch; digests: hexadecimal, under the ledger's key."""

    what: What
    kind: str
    store: Store
    subject: str
    record: str
    sequence: str
    content: str  # of the record afterwards, or of what went
    at: int
    written_at: int
    reason: str | None = None  # why it went or was moved; None where nobody said
    due_at: int | None = None  # the discard date afterwards, or of what went
    due_before: int | None = None
    latest_at: int | None = None  # what its commitment is never moved past, for what was written

    @property
    def id(self) -> str:
        """How it is asked for: unique, and the same whenever the change is told again."""
        return f"{self.record}-{self.sequence.lstrip('0')}"

    @property
    def day(self) -> str:
        """The UTC day that it belongs to: that on which it was written, not that of the change."""
        return day_of(self.written_at)

    @property
    def order(self) -> str:
        """Entries of a day stand in this order."""
        return order_of({"written_at": self.written_at, "record": self.record, "sequence": self.sequence})

    def line(self) -> bytes:
        """The entry as the day's file has it: canonical JSON (RFC 8785) without an end of line."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        fields |= {"id": self.id, "day": self.day}
        return canonical_json({name: value for name, value in fields.items() if value is not None})


class LedgerKeys:
    """What is derived from the ledger's own key, which is another than the hash key: who has only one cannot join."""

    def __init__(self, secret: str) -> None:
        """Take the secret's text. Raises ConfigurationError when it is too short to be a key."""
        if len(secret.strip()) < 32:
            raise ConfigurationError("The ledger's key has fewer than 32 characters; deploy the stack again.")
        self._hash = KeyedHash(secret.strip().encode())

    def subject(self, pk: bytes) -> str:
        """Whose record it is."""
        return self._digest("subject", pk)

    def record(self, store: Store, pk: bytes, sort_key: str) -> str:
        """Which record it is: its place in the table."""
        return self._digest("record", store.encode(), pk, sort_key.encode())

    def content(self, fields: Fields) -> str:
        """What is in it."""
        return self._digest("content", canonical_json(_spelt(fields)))

    def check_value(self) -> str:
        """What proves later that the key is still this one; it says nothing about it."""
        return self._digest("check")

    def _digest(self, label: str, *parts: bytes) -> str:
        return self._hash(label, *parts)[:_BYTES].hex()


def day_of(seconds: int) -> str:
    """The UTC day of a time: `2026-11-28`."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date().isoformat()


def is_ledgered(change: Change) -> bool:
    """Whether the ledger tells of records of this kind; of a kind that it does not know, it does."""
    return change.kind not in NOT_LEDGERED


def entry_of(change: Change, keys: LedgerKeys, policy: Policy, written_at: int) -> Entry:
    """What the ledger writes of a change."""
    what = _what(change)
    standing = change.before if change.after is None else change.after
    return Entry(
        what=what,
        kind=change.kind,
        store=change.store,
        subject=keys.subject(change.pk),
        record=keys.record(change.store, change.pk, change.sort_key),
        sequence=change.sequence,
        content=keys.content(standing or {}),
        at=change.at,
        written_at=written_at,
        reason=_reason(change, what),
        due_at=discard_date(standing),
        due_before=discard_date(change.before) if what in {"moved", "replaced"} else None,
        latest_at=_latest(change, policy) if _opens(change, what) else None,
    )


def missing_entry(commitment: Commitment, history: History, now: int) -> Entry:
    """What is written of a record that is gone although no change told of it.

    It comes after the last change that was heard of, and before any that may still be.
    """
    last = max((move.sequence for move in history.moves), default=commitment.sequence)
    return Entry(
        what="discarded",
        kind=commitment.kind,
        store="subjects",
        subject=commitment.subject,
        record=commitment.record,
        sequence=sequence_of(str(int(last) + 1)),
        content="",
        at=now,
        written_at=now,
        reason="missing",
        due_at=history.due_at,
    )


def mark_of(change: Change, policy: Policy) -> Mark | None:
    """What a change does to the record's commitment: nothing, where its date is not touched or nobody said why.

    Suppressions have no date, and so no commitment.
    """
    what = _what(change)
    if change.store == "suppressions":
        return None
    if what in {"written", "replaced"}:
        latest = _latest(change, policy)
        due = discard_date(change.after)
        return Birth(change.sequence, latest if due is None else due, latest, change.kind, change.at)
    if what == "discarded":
        return Gone(change.sequence)
    due = discard_date(change.after)
    if what == "moved" and due is not None and _reason(change, what) is not None:
        return Move(change.sequence, due, by_law=_is_held_by_law(change, due, policy))
    return None


def _is_held_by_law(change: Change, due: int, policy: Policy) -> bool:
    """Whether this write is a legal hold that staff stated, until then and no longer than the policy allows."""
    record = change.after or {}
    hold = record.get("hold")
    longest = min(_number(record, "received_at"), change.at + _CLOCKS_DIFFER_BY) + policy.legal_hold.longest
    return (
        isinstance(hold, Mapping) and _stated_now(change) == "hold" and _number(hold, "until") >= due and due <= longest
    )


def discard_date(record: Fields | None) -> int | None:
    """The discard date of a record, in seconds since the epoch; None where it has none that DynamoDB would heed."""
    date = (record or {}).get("discard_at")
    return date if isinstance(date, int) and not isinstance(date, bool) else None


def _what(change: Change) -> What:
    if change.before is None:
        return "written"
    if change.after is None:
        return "discarded"
    if _is_another(change, change.before, change.after):
        return "replaced"
    return "changed" if change.before.get("discard_at") == change.after.get("discard_at") else "moved"


def _is_another(change: Change, before: Fields, after: Fields) -> bool:
    """Whether a write put another record in the place of one that had ended.

    That needs more than another date, so a date that somebody lengthens by hand stays a moved one.
    """
    if change.store == "suppressions":
        return False
    if change.kind == "order":  # the later placing, then the higher version wins; one that had ended may come again
        newer = (_number(after, "placed_at"), _number(after, "version")) > (
            _number(before, "placed_at"),
            _number(before, "version"),
        )
        return DISCARD_REASON not in after and (newer or DISCARD_REASON in before)
    date = discard_date(before)
    over = (date is not None and date <= change.at + _CLOCKS_DIFFER_BY) or before.get("status") == "reviewed"
    if change.kind == "message":
        return over and before.get("reference") != after.get("reference")
    return over and _without_date(before) != _without_date(after)


def _number(record: Fields, name: str) -> int:
    value = record.get(name)
    return value if isinstance(value, int) else 0


def _without_date(record: Fields) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in {"discard_at", DISCARD_REASON, DATE_MOVED}}


def _reason(change: Change, what: What) -> str | None:
    """Why a record went, was replaced, or had its date moved."""
    match what:
        case "replaced":
            return "replaced"
        case "discarded":
            return _reason_of_discard(change)
        case "moved" | "changed":
            return _stated_now(change)
    return None


def _reason_of_discard(change: Change) -> DiscardReason:
    before = change.before or {}
    stated: Any = before.get(DISCARD_REASON)
    if stated in _STATED:
        reason: DiscardReason = stated
        return reason
    if not change.by_time_to_live:
        return "unknown"
    return "review" if before.get("status") == "reviewed" else "expired"


def _stated_now(change: Change) -> str | None:
    """The reason that came with this very write; one that an earlier write left there says nothing of this one."""
    before, after = change.before or {}, change.after or {}
    if after.get(DISCARD_REASON) in _STATED and before.get(DISCARD_REASON) != after[DISCARD_REASON]:
        return str(after[DISCARD_REASON])
    if after.get("status") == "reviewed" and before.get("status") != "reviewed":
        return "review"
    moved = after.get(DATE_MOVED)
    if isinstance(moved, Mapping) and moved != before.get(DATE_MOVED):
        reason = str(moved.get("reason"))
        return reason if _REASON_OF_MOVE.fullmatch(reason) else None
    return None


def _opens(change: Change, what: What) -> bool:
    return what in {"written", "replaced"} and change.store == "subjects"


def _latest(change: Change, policy: Policy) -> int:
    """The latest day that a record may ever reach, by the policy; where that names none, what it was born with.

    Counted from when it came in, but never from later than it was written: a date in the future buys no time.
    """
    record, written_by = change.after or {}, change.at + _CLOCKS_DIFFER_BY
    if change.kind == "message" and record.get("kind") in Retentions.__struct_fields__:
        return min(_number(record, "received_at"), written_by) + policy.retention_of(record["kind"]).hard_maximum
    if change.kind == "order" and "placed_at" in record:
        return min(_number(record, "placed_at"), written_by) + policy.orders.kept_for
    if change.kind == "account":
        return change.at + policy.account.hard_maximum
    born_with = discard_date(record)
    return change.at + policy.longest_retention if born_with is None else born_with


def sequence_of(number: str, stream: str = "") -> str:
    """A stream's sequence number so that text sorts as numbers do.

    `stream` is the time at which a restored table's stream began, 14 digits: numbers of two streams do not compare.
    """
    return (stream + number.zfill(_DIGITS_OF_A_STREAM)).zfill(SEQUENCE_DIGITS)


def _spelt(value: Any) -> Any:
    """A value of a record as canonical JSON can write it: bytes in base64, and integers that are too large as text."""
    match value:
        case bytes():
            return {"base64": base64.b64encode(value).decode()}
        case Mapping():
            return {name: _spelt(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_spelt(inner) for inner in value]
        case int() if abs(value) > LARGEST_INTEGER:
            return str(value)
    return value
