"""Links and sessions, in the table `subjects`. They are never read but by their whole key, and go by themselves."""

from __future__ import annotations

from typing import Any

from kept.adapters import aws
from kept.adapters.dynamo.client import Item, dynamodb, put_new
from kept.domain.errors import NotFoundError, to_translate
from kept.domain.identity import SubjectId
from kept.domain.proof import Link, Session
from kept.domain.retention import is_held

_GONE = to_translate("This link was used already, or its time is over. Ask for a new one.")
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
        if link.confirms is not None:
            item["confirms"] = {"S": link.confirms}
        with aws.unavailable("store a link"):
            dynamodb().put_item(TableName=self._table, Item=item)

    def use_link(self, subject: SubjectId, secret_hash: str, now: int) -> Link:
        """One conditional delete, which only one of many can win."""
        with aws.unavailable("use a link"):
            try:
                item = dynamodb().delete_item(
                    TableName=self._table,
                    Key=_key(subject, f"link#{secret_hash}"),
                    ConditionExpression="discard_at > :now",
                    ExpressionAttributeValues={":now": {"N": str(now)}},
                    ReturnValues="ALL_OLD",
                )["Attributes"]
            except dynamodb().exceptions.ConditionalCheckFailedException:
                raise NotFoundError(_GONE) from None
        confirms = item.get("confirms", {}).get("S")
        return Link(subject, secret_hash, int(item["discard_at"]["N"]), item["email"]["S"], confirms)

    def add_session(self, session: Session) -> None:
        """One write."""
        item = _item(session.subject_id, f"session#{session.secret_hash}", session.discard_at, session.email)
        with aws.unavailable("store a session"):
            dynamodb().put_item(TableName=self._table, Item=item)

    def find_session(self, subject: SubjectId, secret_hash: str, now: int) -> Session:
        """One strong read."""
        key = _key(subject, f"session#{secret_hash}")
        with aws.unavailable("find a session"):
            item = dynamodb().get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        if item is None or not is_held(int(item["discard_at"]["N"]), now):
            raise NotFoundError(_NO_SESSION)
        return Session(subject, secret_hash, int(item["discard_at"]["N"]), item["email"]["S"])

    def end_session(self, subject: SubjectId, secret_hash: str) -> None:
        """One delete."""
        with aws.unavailable("end a session"):
            dynamodb().delete_item(TableName=self._table, Key=_key(subject, f"session#{secret_hash}"))


def _key(subject: SubjectId, sort_key: str) -> Item:
    return {"pk": {"B": subject}, "sk": {"S": sort_key}}


def _item(subject: SubjectId, sort_key: str, discard_at: int, email: str) -> dict[str, Any]:
    return _key(subject, sort_key) | {"discard_at": {"N": str(discard_at)}, "email": {"S": email}}
