"""What a person sees of a record: all of it, but for what is only ours."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.app.ports.records import HeldItem
from kept.app.show_record import show
from kept.domain.data_map import KINDS
from kept.domain.identity import SubjectId
from kept.domain.orders import Order
from kept.domain.records import Message

pytestmark = pytest.mark.promise("access-on-request")

SUBJECT = SubjectId(bytes(16))
STAFF = {"by", "recorded_by", "reviewed_by"}


def item(kind: str, /, own_id: str = "7", **fields: Any) -> HeldItem:
    return HeldItem(SUBJECT, f"{kind}#{own_id}", {"discard_at": 1800000000} | fields)


def filled(wanted: Any, name: str, canaries: dict[str, str]) -> Any:
    """A value of a type with a canary in every text of it, at whatever depth; `canaries` gets them by their place."""
    wanted = getattr(wanted, "__supertype__", wanted)
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in {typing.Union, types.UnionType}:
        return filled(next(each for each in arguments if each is not type(None)), name, canaries)
    if origin is typing.Literal:
        return arguments[0]
    if origin is tuple:
        return (filled(arguments[0], name, canaries),)
    if dataclasses.is_dataclass(wanted):
        hints = typing.get_type_hints(wanted)
        return wanted(
            **{f.name: filled(hints[f.name], f"{name}.{f.name}", canaries) for f in dataclasses.fields(wanted)}
        )
    if wanted is str:
        canaries[name] = f"canary<{name}>"
        return canaries[name]
    return {int: 1800000000, bool: True, bytes: b"key"}[wanted]


@pytest.mark.parametrize(("kind", "record"), [("message", Message), ("order", Order)])
def test_every_text_in_every_field_is_shown_but_for_what_the_map_calls_ours(kind: str, record: Any) -> None:
    canaries: dict[str, str] = {}
    fields = msgspec.to_builtins(filled(record, kind, canaries), builtin_types=(bytes,))
    own_id = fields.pop("record_id")
    stored = msgspec.json.decode(msgspec.json.encode({k: v for k, v in fields.items() if not isinstance(v, bytes)}))
    shown = str(show(item(kind, own_id, lookup=b"key", **stored)))
    for place, canary in canaries.items():
        name = place.rpartition(".")[2]
        hidden = name in STAFF or name in KINDS[kind].ours
        assert (canary in shown) is not hidden, place


def test_times_are_for_people_and_staff_are_told_by_role() -> None:
    shown = show(
        item(
            "message", "9f", received_at=1790000000, answer_by=1790000001, reviewed_by="sam", recorded_by="sam",
            kind="request", notes=[{"at": 1790000002, "by": "sam", "text": "Called"},
                                   {"at": 1, "by": "the person", "text": "Corrected"}],
            mail={"raw_key": "raw/1", "spam": False, "confidence": 70},
            hold={"until": 1790000003, "by": "sam", "reason": "Tax law"},
        )
    )  # fmt: skip
    assert shown == {
        "type": "message",
        "id": "message-9f",
        "discard_by": "2027-01-15T08:00:00Z",
        "received_at": "2026-09-21T14:13:20Z",
        "answer_by": "2026-09-21T14:13:21Z",
        "reviewed_by": "staff",
        "recorded_by": "staff",
        "kind": "request",
        "notes": [
            {"at": "2026-09-21T14:13:22Z", "by": "staff", "text": "Called"},
            {"at": "1970-01-01T00:00:01Z", "by": "the person", "text": "Corrected"},
        ],
        "mail": {"spam": False, "confidence": 70},
        "hold": {"until": "2026-09-21T14:13:23Z", "by": "staff", "reason": "Tax law"},
    }


@pytest.mark.parametrize("kind", ["session", "link"])
def test_a_secrets_hash_is_not_shown(kind: str) -> None:
    shown = show(item(kind, "c0ffee", email="ann@example.com"))
    assert shown == {"type": kind, "discard_by": "2027-01-15T08:00:00Z", "email": "ann@example.com"}


VALUES = st.recursive(
    st.text() | st.integers(-(2**31), 2**31) | st.booleans() | st.binary() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(kind=st.sampled_from(sorted(KINDS)), fields=st.dictionaries(st.text(), VALUES))
def test_whatever_is_held_can_be_shown_and_no_key_or_hash_is(kind: str, fields: dict[str, Any]) -> None:
    shown = show(item(kind, **(fields | {"discard_at": 1800000000})))

    def no_bytes(value: Any) -> bool:
        if isinstance(value, dict):
            return all(map(no_bytes, value.values()))
        return all(map(no_bytes, value)) if isinstance(value, list) else not isinstance(value, bytes)

    assert no_bytes(shown)
    msgspec.json.encode(shown)
