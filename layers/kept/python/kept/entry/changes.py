"""What a table's change stream says of one record.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
"""

from __future__ import annotations

import re
from typing import Any

from kept.adapters.dynamo.client import plain
from kept.domain.ledger import RESTORED, Change, Store, sequence_of

_KEYS = {"pk", "sk"}
_TIME_TO_LIVE = ("Service", "dynamodb.amazonaws.com")
"""Who deletes what is past its date:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html"""


def read_change(record: dict[str, Any], store: Store) -> Change:
    """The change. What is not a record of a stream raises what reading it raises, and comes back."""
    told = record["dynamodb"]
    keys = {name: plain(value) for name, value in told["Keys"].items()}
    who = record.get("userIdentity") or {}
    return Change(
        store=store,
        sequence=sequence_of(told["SequenceNumber"], _began(record) if RESTORED in table_of(record) else ""),
        at=int(told["ApproximateCreationDateTime"]),
        pk=keys["pk"],
        sort_key=keys.get("sk", ""),
        before=_fields(told.get("OldImage")),
        after=_fields(told.get("NewImage")),
        by_time_to_live=(who.get("type"), who.get("principalId")) == _TIME_TO_LIVE,
    )


def table_of(record: dict[str, Any]) -> str:
    """The name of the table whose stream it comes from: `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/stream/TIME`."""
    return str(record["eventSourceARN"].split("/")[1])


def _began(record: dict[str, Any]) -> str:
    """When the stream began, to the second: its label, `2026-11-28T03:00:00.000`, in digits."""
    return re.sub(r"\D", "", record["eventSourceARN"].rpartition("/")[2])[:14]


def _fields(image: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if image is None else {name: plain(value) for name, value in image.items() if name not in _KEYS}
