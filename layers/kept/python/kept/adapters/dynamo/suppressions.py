"""Who is not to be written to, in the table `suppressions`: one item an address, and nothing of the address in it.

Beside them lies one item that proves under which key they were written. While a key is being rotated it names two
generations: what is suppressed may then lie under either, so both are looked up, and it is written under the newer.
PynamoDB is not used here: scopes are attributes by their own names, and the gate reads thousands of them.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from kept.adapters import aws
from kept.adapters.dynamo.batch import BATCH, batch_get
from kept.adapters.dynamo.client import Item, dynamodb, plain
from kept.domain.errors import KeyMismatchError, UnavailableError
from kept.domain.identity import Keys, SubjectId
from kept.domain.suppression import Reason, Scope, Suppression

KEY_CHECK: Item = {"pk": {"B": b"key-check"}}  # shorter than any suppression's id, so it can be nobody's
OTHER_KEY = (
    "The table of suppressions was written under another hash key: with this one no opt-out would be found. "
    "Restore the secret of the deployment that wrote it."
)
REPLACED = "replaced"
"""The check of a table in whose place a restored one was put: under no key can it be read again."""
NO_SCOPES = {"pk", "generation", "discard_reason"}
"""The attributes of a suppression that are not scopes."""


class DynamoSuppressions:
    """Keeps the port `Suppressions`."""

    def __init__(self, table: str, keys: Keys) -> None:
        self._table, self._keys = table, keys
        self._first = 0  # the oldest generation that may hold anything; known better once the table was asked
        self._may_write = False  # until the table was asked

    def suppress(self, subject: SubjectId, scope: Scope, reason: Reason, at: int) -> None:
        """One unconditional update, the same whether the address is known or not; the first reason stays.

        Before the first one the table is asked whether it is written under our key: else nobody would ever find it.
        That holds for as long as this process lives: a rotation does not end while one with the older key may write.
        """
        if not self._may_write:
            self._require_our_key()
            self._may_write = True
        values: Item = {":entry": {"M": {"reason": {"S": reason}, "at": {"N": str(at)}}}}
        expression = "SET #scope = if_not_exists(#scope, :entry)"
        if self._keys.generation > 1:
            expression += ", generation = :generation"
            values[":generation"] = {"N": str(self._keys.generation)}
        with aws.unavailable("suppress"):
            dynamodb().update_item(
                TableName=self._table,
                Key={"pk": {"B": self._keys.suppression_ids(subject)[-1]}},
                UpdateExpression=expression,
                ExpressionAttributeNames={"#scope": scope},
                ExpressionAttributeValues=values,
            )

    def scopes_of(self, subjects: Collection[SubjectId]) -> dict[SubjectId, frozenset[Scope]]:
        """One BatchGetItem for each 100 of them, and the key's check with the last; see the port."""
        scopes, first = self._read(subjects)
        if first < self._first:  # a rotation began since the table was last asked: look under the older ids too
            self._first = first
            scopes, _ = self._read(subjects)
        self._first = first
        return scopes

    def of(self, subject: SubjectId) -> dict[Scope, Suppression]:
        """As the gate reads it; in a rotation the newer of two entries of a scope, which differ in nothing else."""
        names = self._keys.suppression_ids(subject)[-2:]
        items, unread = batch_get(self._table, [*({"pk": {"B": name}} for name in names), KEY_CHECK])
        if unread:
            raise UnavailableError("read a suppression: not all of it was answered")
        found = {item["pk"]["B"]: item for item in items}
        first = self._first_generation(found.get(KEY_CHECK["pk"]["B"]))
        entries: dict[Scope, Suppression] = {}
        for name in self._keys.suppression_ids(subject)[first:]:
            for scope, entry in found.get(name, {}).items():
                if scope not in NO_SCOPES:
                    entries[Scope(scope)] = Suppression(**plain(entry))
        return entries

    def lift(self, subject: SubjectId, scopes: Collection[Scope]) -> None:
        """One update, in a rotation two: the older name first, from which the rotation writes the newer.

        A rotation that read the older one before may still bring it back: on the safe side, and lifted again then.
        """
        for name in self._keys.suppression_ids(subject)[-2:]:
            with aws.unavailable("lift a suppression"), suppress(dynamodb().exceptions.ConditionalCheckFailedException):
                dynamodb().update_item(
                    TableName=self._table,
                    Key={"pk": {"B": name}},
                    UpdateExpression="REMOVE " + ", ".join(f"#{place}" for place in range(len(scopes))),
                    ConditionExpression="attribute_exists(pk)",
                    ExpressionAttributeNames={f"#{place}": scope for place, scope in enumerate(scopes)},
                )

    def _read(self, subjects: Collection[SubjectId]) -> tuple[dict[SubjectId, frozenset[Scope]], int]:
        """The scopes found, and the oldest generation that may hold any."""
        names = {name: each for each in subjects for name in self._keys.suppression_ids(each)[self._first :]}
        wanted: list[Item] = [{"pk": {"B": name}} for name in names]
        asks_apart = len(wanted) % BATCH == 0  # the check fits into no batch
        items, unread = batch_get(self._table, wanted if asks_apart else [*wanted, KEY_CHECK])
        # Read last: a rotation that ended while we read has left what we looked for where we looked.
        checks = {item["pk"]["B"]: item for item in items}.pop(KEY_CHECK["pk"]["B"], None)
        first = self._first_generation(self._get_check() if asks_apart or checks is None else checks)
        found: dict[SubjectId, frozenset[Scope]] = dict.fromkeys(subjects, frozenset())
        for item in items:
            if subject := names.get(item["pk"]["B"]):
                found[subject] |= {Scope(name) for name in item if name not in NO_SCOPES}
        for key in unread:
            found.pop(names.get(key["pk"]["B"], SubjectId(b"")), None)
        return found, first

    def _get_check(self) -> Item | None:
        with aws.unavailable("read the key's check"):
            answer = dynamodb().get_item(TableName=self._table, Key=KEY_CHECK, ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item

    def _require_our_key(self) -> None:
        """Raises KeyMismatchError unless what we write now will be found.

        That is so under the table's own key, and while it is being rotated still under the one before.
        """
        item = self._get_check()
        before = item.get("rotating_from", {}).get("S", "") if item else ""
        if not hmac.compare_digest(before, self._keys.check_values()[-1]):
            self._first_generation(item)

    def _first_generation(self, item: Item | None) -> int:
        """The oldest generation that the table may hold suppressions of, as a place in the chain of our keys.

        Raises KeyMismatchError unless our newest key is the one that the table is written under.
        """
        ours = self._keys.check_values()
        if item is not None and item["key_check"]["S"] == REPLACED:
            raise KeyMismatchError(
                "A restored table of suppressions was put in the place of this one. Deploy with the parameters "
                "RestoredSubjects and RestoredSuppressions that the stack has."
            )
        if item is None or not hmac.compare_digest(item["key_check"]["S"], ours[-1]):
            raise KeyMismatchError(OTHER_KEY)
        if "rotating_from" not in item:
            return len(ours) - 1
        if len(ours) < 2 or not hmac.compare_digest(item["rotating_from"]["S"], ours[-2]):
            raise KeyMismatchError(OTHER_KEY)
        return len(ours) - 2

    def agree_on_key(self) -> str:
        """Write the key's check value if there is none yet, and return it.

        Raises KeyMismatchError where the table was written under another key.
        """
        check = self._keys.check_values()[-1]
        request: dict[str, Any] = {
            "TableName": self._table,
            "Item": KEY_CHECK | {"key_check": {"S": check}},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        with aws.unavailable("agree on the key"):
            try:
                dynamodb().put_item(**request)
            except dynamodb().exceptions.ConditionalCheckFailedException:
                self._first_generation(self._get_check())
        return check
