"""Somebody leaves: everything held about them goes at once, but for what a law keeps, and they are not written to."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from kept.app.ports.exports import ExportFiles
from kept.app.ports.permission import Suppressions
from kept.app.ports.records import HeldItem, Partition, RawMail
from kept.domain.identity import Keys, SubjectId
from kept.domain.ledger import NOT_LEDGERED
from kept.domain.proof import Session
from kept.domain.suppression import MARKETING

REASON: Final = "erasure"
_AT_ONCE = 8  # discards; each waits for two or three answers of AWS
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Stores:
    """Where what is held about somebody lies."""

    partition: Partition
    suppressions: Suppressions
    raw_mail: RawMail
    exports: ExportFiles


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that a law forbids to discard yet, as staff stated it. `until` in seconds since the epoch."""

    record: str
    reason: str
    until: int


@dataclass(frozen=True, slots=True)
class Left:
    """What became of what was held: how many records are erased, which are kept, and whether that is all of it."""

    erased: int
    kept: tuple[Kept, ...]
    done: bool


def leave(session: Session, *, keys: Keys, stores: Stores, now: int, in_time: Callable[[], bool]) -> Left:
    """Opt the person out, then erase their partition, raw mails and packages; their session goes last.

    So whatever fails on the way, the same may be asked again. Where `in_time` ends before the partition does, `done`
    is false and the session goes on. Raises UnavailableError.
    """
    stores.suppressions.suppress(session.subject_id, MARKETING, "session", now)
    own = f"session#{session.secret_hash}"
    erased, kept, after = 0, [], None
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        while True:
            items, after = stores.partition.page(session.subject_id, after, _PAGE)
            going: list[HeldItem] = []
            for item in items:
                held = _held(item, now)
                if held is not None:
                    kept.append(held)
                elif item.sort_key != own:
                    going.append(item)
            list(threads.map(lambda item: _erase(item, keys, stores), going))
            erased += sum(item.sort_key.partition("#")[0] not in NOT_LEDGERED for item in going)
            if after is None:
                break
            if not in_time():
                return Left(erased, tuple(kept), done=False)
    stores.partition.discard(session.subject_id, own, REASON)
    return Left(erased, tuple(kept), done=True)


def _held(item: HeldItem, now: int) -> Kept | None:
    hold = item.fields.get("hold")
    if hold is None or hold["until"] <= now:
        return None
    return Kept(item.sort_key.replace("#", "-", 1), hold["reason"], hold["until"])


def _erase(item: HeldItem, keys: Keys, stores: Stores) -> None:
    """What lies elsewhere goes before the record that leads to it: a failure between them loses nothing."""
    raw_key = item.fields.get("mail", {}).get("raw_key")
    if raw_key is not None:
        stores.raw_mail.discard(raw_key)
    for key in item.fields.get("files", ()):
        stores.exports.discard(key)
    if item.sort_key.startswith("order#") and "order_id" in item.fields:
        numbers = [keys.order_lookup(item.fields["order_id"])]
        numbers += [keys.phone_id(phone) for phone in (item.fields.get("phone"),) if phone]
        for number in numbers:
            stores.partition.discard(SubjectId(number), item.sort_key, REASON)
    stores.partition.discard(item.subject_id, item.sort_key, REASON)
