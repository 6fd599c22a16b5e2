"""Links and sessions, in the table `subjects`. They are never read but by their whole key, and go by themselves."""

from __future__ import annotations

from typing import Any

from kept.adapters import aws
from kept.adapters.dynamo.client import Item, dynamodb, plain, put_new, raw
from kept.domain.errors import NotFoundError, to_translate
from kept.domain.identity import SubjectId
from kept.domain.proof import Link, Session
from kept.domain.retention import is_held

_GONE = to_translate("This link was used already, or its time is over. Ask for a new one.")
_OPTIONAL = ("confirms", "answers")
_NO_SESSION = to_translate("You are not signed in, or were for too long. Ask for a new link.")


class DynamoProofs:
    """Keeps the port `Proofs`."""

    def __init__(self, table: str) -> None:
        self._table = table

    def claim_link(self, subject: SubjectId, job: str, limit: int, until: int, now: int) -> str | None:
        """One conditional write for each place that is looked at: one, but for who asks often."""
        for number in range(limit):
            place = f"link-place#{number}"
            item: Item = _key(subject, place) | {"discard_at": {"N": str(until)}, "job": {"S": job}}
            standing = put_new(self._table, item, expired_at=now)
            if standing is None:
                return place
            if standing["job"]["S"] == job:
                return None
        return None

    def release_link(self, subject: SubjectId, place: str) -> None:
        """Let the claim lie in the past."""
        item: Item = _key(subject, place) | {"discard_at": {"N": "1"}, "job": {"S": "released"}}
        with aws.unavailable("release a link"):
            dynamodb().put_item(TableName=self._table, Item=item)

    def add_link(self, link: Link) -> None:
        """One write."""
        item = _item(link.subject_id, f"link#{link.secret_hash}", link.discard_at, link.email)
        item |= {name: raw(value) for name in _OPTIONAL if (value := getattr(link, name)) is not None}
        with aws.unavailable("store a link"):
            dynamodb().put_item(TableName=self._table, Item=item)

    def find_link(self, subject: SubjectId, secret_hash: str, now: int) -> Link:
        """One strong read."""
        item = self._get(subject, f"link#{secret_hash}")
        if item is None or not is_held(plain(item["discard_at"]), now):
            raise NotFoundError(_GONE)
        fields = {name: plain(item[name]) for name in ("discard_at", "email", *_OPTIONAL) if name in item}
        return Link(subject, secret_hash, **fields)

    def exchange(self, link: Link, session: Session, now: int) -> None:
        """One transaction, which only one of many can win."""
        used = {
            "TableName": self._table,
            "Key": _key(link.subject_id, f"link#{link.secret_hash}"),
            "ConditionExpression": "discard_at > :now",
            "ExpressionAttributeValues": {":now": raw(now)},
        }
        opened = _item(session.subject_id, f"session#{session.secret_hash}", session.discard_at, session.email)
        writes = [{"Delete": used}, {"Put": {"TableName": self._table, "Item": opened}}]
        with aws.unavailable("open a session"):
            try:
                dynamodb().transact_write_items(TransactItems=writes)
            except dynamodb().exceptions.TransactionCanceledException as error:
                reasons = {reason["Code"] for reason in error.response["CancellationReasons"]}
                if "ConditionalCheckFailed" not in reasons:
                    raise  # somebody else uses it at this moment, or DynamoDB is busy: the same may be sent again
                # Not if it was this very exchange, whose answer got lost and which was sent again.
                if self._get(session.subject_id, f"session#{session.secret_hash}") is None:
                    raise NotFoundError(_GONE) from None

    def find_session(self, subject: SubjectId, secret_hash: str, now: int) -> Session:
        """One strong read."""
        item = self._get(subject, f"session#{secret_hash}")
        if item is None or not is_held(int(item["discard_at"]["N"]), now):
            raise NotFoundError(_NO_SESSION)
        return Session(subject, secret_hash, int(item["discard_at"]["N"]), item["email"]["S"])

    def end_session(self, subject: SubjectId, secret_hash: str) -> None:
        """One delete."""
        with aws.unavailable("end a session"):
            dynamodb().delete_item(TableName=self._table, Key=_key(subject, f"session#{secret_hash}"))

    def _get(self, subject: SubjectId, sort_key: str) -> Item | None:
        with aws.unavailable("find a proof"):
            answer = dynamodb().get_item(TableName=self._table, Key=_key(subject, sort_key), ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item


def _key(subject: SubjectId, sort_key: str) -> Item:
    return {"pk": {"B": subject}, "sk": {"S": sort_key}}


def _item(subject: SubjectId, sort_key: str, discard_at: int, email: str) -> dict[str, Any]:
    return _key(subject, sort_key) | {"discard_at": {"N": str(discard_at)}, "email": {"S": email}}
