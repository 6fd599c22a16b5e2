"""Started in the place of MiniStack, by its own Python: MiniStack with a time to live as DynamoDB has it, only sooner.

Its own sweep, every minute, leaves no stream record. This one takes about a second, and signs the record as DynamoDB's
own service does, so that it is told from any other delete:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html

Nothing of ours can be imported here.
"""

from __future__ import annotations

import threading
import time
from typing import Any

PAUSE_SECONDS = 1.0
SERVICE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

_ITS_SWEEP = "dynamodb-ttl-reaper"


def expired(items: dict[Any, dict[Any, dict[str, Any]]], attribute: str, now: float) -> list[tuple[Any, Any]]:
    """The keys of a table's items whose date has come; what has no number for a date has none."""
    dates = [(pk, sk, item.get(attribute, {})) for pk, rows in list(items.items()) for sk, item in list(rows.items())]
    return [(pk, sk) for pk, sk, date in dates if "N" in date and float(date["N"]) <= now]


def sweep(dynamodb: Any, responses: Any) -> None:
    """Delete what is past its date in every table with time to live. Both are modules of MiniStack's."""
    for (account, region, name), setting in list(dynamodb._ttl_settings.all_items()):  # noqa: SLF001  # it has no other
        table = dynamodb._tables.get_scoped(account, region, name)  # noqa: SLF001
        if setting.get("TimeToLiveStatus") != "ENABLED" or not table:
            continue
        tokens = responses._request_account_id.set(account), responses._request_region.set(region)  # noqa: SLF001
        try:
            for pk, sk in expired(table["items"], setting["AttributeName"], time.time()):
                gone = dynamodb._remove_item(table, pk, sk)  # noqa: SLF001
                if gone is not None:
                    dynamodb._emit_stream_event(name, "REMOVE", gone, None)  # noqa: SLF001
        finally:
            responses._request_account_id.reset(tokens[0])  # noqa: SLF001
            responses._request_region.reset(tokens[1])  # noqa: SLF001


def _sweep_for_ever() -> None:
    from ministack.core import responses  # type: ignore[import-not-found]  # of the emulator's environment
    from ministack.services import dynamodb  # type: ignore[import-not-found]

    unsigned = dynamodb._build_change_record  # noqa: SLF001

    def signed(*told: Any) -> dict[str, Any]:
        record: dict[str, Any] = unsigned(*told)
        return record | ({"userIdentity": SERVICE} if threading.current_thread().name == _ITS_SWEEP else {})

    dynamodb._build_change_record = signed  # noqa: SLF001
    pause = PAUSE_SECONDS
    while True:
        time.sleep(pause)
        began = time.monotonic()
        try:
            sweep(dynamodb, responses)
        except Exception as error:  # noqa: BLE001  # the sweep goes on, as the emulator's own does
            print(f"TTL sweep: {type(error).__name__}, trying again", flush=True)
        # A large table is work for the emulator: never more than a fifth of its time.
        pause = max(PAUSE_SECONDS, 4 * (time.monotonic() - began))


def main() -> None:
    """Start MiniStack, with this sweep in its own's thread."""
    start = threading.Thread.start

    def with_ours(thread: threading.Thread) -> None:
        if thread.name == _ITS_SWEEP:
            thread._target = _sweep_for_ever  # type: ignore[attr-defined]  # noqa: SLF001
        start(thread)

    threading.Thread.start = with_ours  # type: ignore[assignment, method-assign]
    from ministack.app import main as ministack  # type: ignore[import-not-found]

    ministack()


if __name__ == "__main__":
    main()
