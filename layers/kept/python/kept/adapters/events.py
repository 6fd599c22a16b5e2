"""Events on EventBridge's default bus, from the source `kept`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from kept.adapters import aws
from kept.domain.errors import UnavailableError

SOURCE = "kept"


class BusEvents:
    """Keeps the port `Events`."""

    def tell(self, what: str, detail: Mapping[str, Any]) -> None:
        """One event; `what` is its detail-type."""
        entry = {"Source": SOURCE, "DetailType": what, "Detail": msgspec.json.encode(detail).decode()}
        with aws.unavailable("tell of an event"):
            answer = _client().put_events(Entries=[entry])
        if answer.get("FailedEntryCount"):
            raise UnavailableError("tell of an event: it was not taken")


@cache
def _client() -> Any:
    return aws.client("events")
