"""How the index `queue` is keyed: who waits for review, in lanes and shards, by rank and time."""

from __future__ import annotations

from kept.domain.records import MAIN_QUEUE, Kind, Status

SHARDS = 8  # an index partition takes 1,000 writes a second; the shards together take eight times that


def lane(status: Status, kind: Kind) -> str:
    """The part of the index that a record lies in: machine mail and quarantine have their own."""
    return status if kind in MAIN_QUEUE else f"{status}-{kind}"


def shard_of(record_id: str) -> int:
    """The lane's shard that a record lies in."""
    return int(record_id[:2], 16) % SHARDS


def order(rank: int, received_at: int) -> str:
    """What a record's place in its shard begins with; the record's id follows."""
    return f"{rank}#{received_at:010d}#"
