"""Orders, in the table `subjects`, and the links by which a telephone number leads to the orders of its owner.

An order lies in its person's partition. Where it has a telephone number, the number's own partition holds a link to
it and nothing else; both are written and ended in one transaction. An order is found by the shop's own number for it
through the table's lookup index, which follows a write a moment later.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress
from typing import Any, ClassVar

import msgspec
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.transactions import TransactWrite

from kept.adapters.dynamo.batch import batch_get
from kept.adapters.dynamo.client import Item
from kept.adapters.dynamo.connection import ConditionFailedError, SharedConnection, Table, unavailable
from kept.app.ports import PhoneUse, PostUse
from kept.domain.errors import NotFoundError, UnavailableError
from kept.domain.identity import Keys, SubjectId
from kept.domain.ledger import StatedReason
from kept.domain.orders import Order, ended
from kept.domain.retention import is_held

PREFIX = "order#"
_ATTEMPTS = 5
_INDEX_FOLLOWS = (0.1, 0.6)  # seconds; it usually does within the first
_READ_BY_THE_GATE = ("pk", "sk", "discard_at", "discard_reason", "phone", "placed_online", "postal_address")

_Key = tuple[bytes, str]


class _LookupIndex(GlobalSecondaryIndex["OrderItem"]):
    class Meta:
        index_name = "lookup"
        projection = KeysOnlyProjection()

    lookup = BinaryAttribute(hash_key=True, legacy_encoding=False)


class OrderItem(Table):
    """An order as it lies in the table."""

    class Meta(Table.Meta):
        pass

    pk = BinaryAttribute(hash_key=True, legacy_encoding=False)
    sk = UnicodeAttribute(range_key=True)
    lookup = BinaryAttribute(legacy_encoding=False)
    order_id = UnicodeAttribute()
    placed_online = BooleanAttribute()
    placed_at = NumberAttribute()
    version = NumberAttribute()
    discard_at = NumberAttribute()
    email = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    postal_address = MapAttribute[str, Any](null=True)
    discard_reason = UnicodeAttribute(null=True)

    lookup_index: ClassVar = _LookupIndex()


class PhoneLinkItem(Table):
    """That a telephone number is an order's, and in whose partition the order lies."""

    class Meta(Table.Meta):
        pass

    pk = BinaryAttribute(hash_key=True, legacy_encoding=False)
    sk = UnicodeAttribute(range_key=True)
    owner = BinaryAttribute(legacy_encoding=False)
    discard_at = NumberAttribute()


class RemainsItem(Table):
    """What is left of an order or a link that went in a transaction, which cannot first say why and then delete.

    Nothing but its key: time to live deletes it next, and the ledger reads from it why.
    """

    class Meta(Table.Meta):
        pass

    pk = BinaryAttribute(hash_key=True, legacy_encoding=False)
    sk = UnicodeAttribute(range_key=True)
    discard_at = NumberAttribute()
    discard_reason = UnicodeAttribute()


class DynamoOrders:
    """Keeps the ports `Orders` and `Holdings`."""

    def __init__(self, table: str, keys: Keys) -> None:
        OrderItem.Meta.table_name = PhoneLinkItem.Meta.table_name = RemainsItem.Meta.table_name = table
        self._table, self._keys = table, keys

    def put(self, order: Order, now: int) -> Order:
        """A look for what is held, then one transaction; again where somebody else wrote meanwhile."""
        for _ in range(_ATTEMPTS):
            standing = self._standing(order.order_id, order.subject_id)
            if standing and is_held(standing.discard_at, now) and not order.is_newer_than(standing):
                return standing
            try:
                self._replace(standing, order, now)
            except ConditionFailedError:
                continue
            return order
        raise UnavailableError("store an order: it is written too often at once")

    def end(self, order_id: str, now: int) -> None:
        """Take everything personal out of the order, and its link away; what is left goes within a day.

        An order that was told of a moment ago is looked for again, until the index must have it.
        """
        waits = iter(_INDEX_FOLLOWS)
        for _ in range(_ATTEMPTS):
            standing = self._standing(order_id)
            if standing is None and (wait := next(waits, None)):
                time.sleep(wait)
                continue
            if standing is None or not is_held(standing.discard_at, now):
                raise NotFoundError("No such order is held: it was never told of, or is discarded already.")
            if standing.ended:
                return
            try:
                self._replace(standing, ended(standing, now), now)
            except ConditionFailedError:
                continue
            return
        raise UnavailableError("end an order: it is written too often at once")

    def placed_online(self, uses: Collection[PhoneUse], now: int) -> dict[PhoneUse, bool | None]:
        """The numbers' links, then the orders that they lead to: each one call for 100."""
        by_link = {(self._keys.phone_id(number), PREFIX + record): (number, record) for number, record in uses}
        found: dict[PhoneUse, bool | None] = dict.fromkeys(uses)
        links, unread = self._get(by_link, ("pk", "sk", "owner"))
        for key in unread:
            del found[by_link[key]]
        by_order: dict[_Key, list[PhoneUse]] = {}
        for key, link in links.items():
            if "owner" in link:
                by_order.setdefault((link["owner"]["B"], key[1]), []).append(by_link[key])
        orders, unread = self._get(by_order, _READ_BY_THE_GATE)
        for key in unread:
            for use in by_order[key]:
                del found[use]
        for key, order in orders.items():
            for use in by_order[key]:
                if _is_held(order, now) and order.get("phone", {}).get("S") == use[0]:
                    found[use] = order["placed_online"]["BOOL"]
        return found

    def purposes_of(self, uses: Collection[PostUse], now: int) -> dict[PostUse, Collection[str] | None]:
        """What each address was given for. An address is part of the record that it came with, and goes with it."""
        by_record: dict[_Key, PostUse] = {
            (subject, address.replace("-", "#", 1)): (subject, address) for subject, address in uses
        }
        found: dict[PostUse, Collection[str] | None] = dict.fromkeys(uses)
        records, unread = self._get(by_record, _READ_BY_THE_GATE)
        for key in unread:
            del found[by_record[key]]
        for key, record in records.items():
            if "postal_address" in record and _is_held(record, now):
                purposes = record["postal_address"]["M"]["purposes"]["L"]
                found[by_record[key]] = {purpose["S"] for purpose in purposes}
        return found

    def _get(self, keys: Collection[_Key], attributes: tuple[str, ...]) -> tuple[dict[_Key, Item], list[_Key]]:
        wanted: list[Item] = [{"pk": {"B": pk}, "sk": {"S": sk}} for pk, sk in keys]
        items, unread = batch_get(self._table, wanted, attributes)
        return {_key_of(item): item for item in items}, [_key_of(key) for key in unread]

    def _standing(self, order_id: str, subject: SubjectId | None = None) -> Order | None:
        """The order under the shop's number: where the index says, or where this person would have it."""
        sk = PREFIX + self._keys.order_record_id(order_id)
        with unavailable("find an order"):
            found = next(iter(OrderItem.lookup_index.query(self._keys.order_lookup(order_id), limit=1)), None)
            for owner in dict.fromkeys(filter(None, (found and found.pk, subject))):
                with suppress(DoesNotExist):
                    item = OrderItem.get(owner, sk, consistent_read=True)
                    if item.order_id is not None:
                        return _to_order(item)
        return None

    def _replace(self, standing: Order | None, order: Order, now: int) -> None:
        """Write an order in the place of another. Raises ConditionFailedError where that is not there as it was."""
        unchanged = free = OrderItem.order_id.does_not_exist()
        if standing is not None:
            unchanged = (
                (OrderItem.placed_at == standing.placed_at)
                & (OrderItem.version == standing.version)
                & (OrderItem.discard_at == standing.discard_at)
            )
        reason: StatedReason = "ended" if order.ended else "replaced"
        moved = standing is not None and standing.subject_id != order.subject_id
        with unavailable("store an order"), TransactWrite(connection=SharedConnection()) as transaction:
            transaction.save(OrderItem(**self._fields(order)), free if moved else unchanged)
            if standing is not None and moved:
                transaction.save(
                    RemainsItem(
                        standing.subject_id, PREFIX + standing.record_id, discard_at=now, discard_reason=reason
                    ),
                    unchanged,
                )
            links = {each.phone: each for each in (standing, order) if each is not None and each.phone}
            for phone in links:
                key = self._keys.phone_id(phone), PREFIX + order.record_id
                if phone == order.phone:
                    link = PhoneLinkItem(*key, owner=order.subject_id, discard_at=order.discard_at)
                    transaction.save(link)
                else:
                    transaction.save(RemainsItem(*key, discard_at=now, discard_reason=reason))

    def _fields(self, order: Order) -> dict[str, Any]:
        fields: dict[str, Any] = msgspec.to_builtins(order, builtin_types=(bytes,))
        fields["pk"] = fields.pop("subject_id")
        fields["sk"] = PREFIX + fields.pop("record_id")
        fields["lookup"] = self._keys.order_lookup(order.order_id)
        if order.postal_address is not None:
            fields["postal_address"]["purposes"] = list(order.postal_address.purposes)
        return fields


def _key_of(item: Item) -> _Key:
    return item["pk"]["B"], item["sk"]["S"]


def _is_held(item: Item, now: int) -> bool:
    return "discard_reason" not in item and is_held(int(item["discard_at"]["N"]), now)


def _to_order(item: OrderItem) -> Order:
    fields = dict(item.attribute_values)
    del fields["lookup"]
    fields["subject_id"] = fields.pop("pk")
    fields["record_id"] = fields.pop("sk").removeprefix(PREFIX)
    if address := fields.get("postal_address"):
        fields["postal_address"] = address.as_dict()
    return msgspec.convert(fields, Order, builtin_types=(bytes,))
