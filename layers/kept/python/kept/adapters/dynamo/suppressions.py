"""Who is not to be written to, in the table `suppressions`: one item an address, and nothing of the address in it."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import BinaryAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from kept.adapters.dynamo.connection import Table, put_new, unavailable
from kept.domain.errors import KeyMismatchError
from kept.domain.identity import Keys, SubjectId
from kept.domain.suppression import Reason, Scope

_KEY_CHECK = b"key-check"  # shorter than any subject id, so it can be nobody's


class _Entry(MapAttribute[str, Any]):
    reason = UnicodeAttribute()
    at = NumberAttribute()  # seconds since the epoch


class SuppressionItem(Table):
    """A suppression as it lies in the table: an attribute for each scope that is suppressed."""

    class Meta(Table.Meta):
        pass

    pk = BinaryAttribute(hash_key=True, legacy_encoding=False)
    marketing = _Entry(null=True)
    key_check = UnicodeAttribute(null=True)


class DynamoSuppressions:
    """Keeps the port `Suppressions`."""

    def __init__(self, table: str) -> None:
        SuppressionItem.Meta.table_name = table

    def suppress(self, subject: SubjectId, scope: Scope, reason: Reason, at: int) -> None:
        """One unconditional update, the same whether the address is known or not; the first reason stays."""
        attribute = getattr(SuppressionItem, scope)
        with unavailable("suppress"):
            SuppressionItem(subject).update(actions=[attribute.set(attribute | _Entry(reason=reason, at=at))])

    def agree_on_key(self, keys: Keys) -> str:
        """Write the key's check value if there is none yet, and return it.

        Raises KeyMismatchError where the table was written under another key.
        """
        check = keys.check_value()
        standing = put_new(SuppressionItem, {"pk": _KEY_CHECK, "key_check": check})
        if standing is not None and standing["key_check"]["S"] != check:
            raise KeyMismatchError(
                "The table of suppressions was written under another hash key: with this one no opt-out would be "
                "found. Restore the secret of the deployment that wrote it."
            )
        return check
