"""Events for whoever wants to know, on EventBridge's default bus."""

from __future__ import annotations

import msgspec

from kept.adapters import aws
from kept.domain.errors import UnavailableError

SOURCE = "kept"


def put_event(detail_type: str, detail: msgspec.Struct) -> None:
    """One event; nothing in it is personal. Raises UnavailableError."""
    with aws.unavailable("put an event"):
        entry = {"Source": SOURCE, "DetailType": detail_type, "Detail": msgspec.json.encode(detail).decode()}
        answer = aws.client("events").put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise UnavailableError("put an event: it was refused")
