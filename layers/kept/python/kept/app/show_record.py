"""What a person sees of a record, whatever its kind: everything in it but what is only ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kept.app.ports.records import HeldItem
from kept.domain.data_map import KINDS
from kept.domain.ledger import Entry
from kept.domain.policy import Policy
from kept.domain.suppression import Scope, Suppression
from kept.domain.times import iso

STAFF: Final = "staff"
"""Who wrote a note or reviewed something is told by role: their name is their own personal data."""

_NO_STAFF = {"the person"}
_TIMES = ("_at", "_by", "_until")


def kind_of(item: HeldItem) -> str:
    """The kind of a record, from its sort key."""
    return item.sort_key.partition("#")[0]


def show(item: HeldItem) -> dict[str, Any]:
    """A record as its person sees it: `type`, `id`, the day it goes (`discard_by`), and all its fields.

    Times are RFC 3339 in UTC. A kind that is not in the data map is a mistake in the code: KeyError.
    """
    kind, _, own_id = item.sort_key.partition("#")
    declared = KINDS[kind]
    shown: dict[str, Any] = {"type": kind}
    if own_id and not declared.key_is_secret:
        shown["id"] = f"{kind}-{own_id}"
    shown["discard_by"] = iso(item.fields["discard_at"])
    fields = {name: value for name, value in item.fields.items() if name != "discard_at"}
    return shown | dict(_fields(fields, declared.ours))


def show_suppression(scope: Scope, entry: Suppression, policy: Policy, language: str) -> dict[str, Any]:
    """What is not sent to a person, how we learned that, and since when; `list` is a mailing list's name."""
    shown: dict[str, Any] = {"scope": scope, "reason": entry.reason, "since": iso(entry.at)}
    mailing_list = policy.list_of(scope)
    if mailing_list is not None:
        shown["list"] = mailing_list.name.get(language) or next(iter(mailing_list.name.values()))
    return shown


def show_entry(entry: Entry) -> dict[str, Any]:
    """What the ledger says of a record: what happened to it, when, why, and by when it had to be gone.

    `id` and `day` are what `make verify ENTRY=…` takes to prove that the entry stands in that day's sealed file.
    """
    shown: dict[str, Any] = {"id": entry.id, "day": entry.day, "what": entry.what, "kind": entry.kind}
    if entry.reason is not None:
        shown["reason"] = entry.reason
    shown["at"] = iso(entry.at)
    if entry.due_at is not None:
        shown["discard_by"] = iso(entry.due_at)
    return shown


def _fields(fields: Mapping[str, Any], ours: frozenset[str]) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if name in ours or isinstance(value, bytes) or value is None:
            continue
        if isinstance(value, str) and (name == "by" or name.endswith("_by")):
            yield name, value if value in _NO_STAFF else STAFF
        elif (
            isinstance(value, int)
            and not isinstance(value, bool)
            and (name in {"at", "until"} or name.endswith(_TIMES))
        ):
            yield name, iso(value)
        else:
            yield name, _value(value, ours)


def _value(value: Any, ours: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return dict(_fields(value, ours))
    if isinstance(value, list):
        return [_value(each, ours) for each in value if not isinstance(each, bytes)]
    return value
