"""Orders, in the table `subjects`, and the links by which their numbers lead to them.

An order lies in its person's partition. The shop's number for it has a partition of its own, which holds a link to it
and nothing else, and so has its telephone number, where there is one. All are written in one transaction, so that an
order stands once, whoever writes at the same moment, and is found as soon as it was told of.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

import msgspec
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.transactions import TransactWrite

from kept.adapters.dynamo.batch import batch_get
from kept.adapters.dynamo.client import Item
from kept.adapters.dynamo.connection import ConditionFailedError, SharedConnection, Table, unavailable
from kept.app.ports.permission import PhoneUse, PostUse
from kept.domain.errors import NotFoundError, UnavailableError
from kept.domain.identity import Keys, SubjectId
from kept.domain.ledger import StatedReason
from kept.domain.orders import Order, ended
from kept.domain.retention import is_held

PREFIX = "order#"
_ATTEMPTS = 5
_READ_BY_THE_GATE = ("pk", "sk", "discard_at", "discard_reason", "phone", "placed_online", "postal_address")

_Key = tuple[bytes, str]


class OrderItem(Table):
    """An order as it lies in the table."""

    class Meta(Table.Meta):
        pass

    pk = BinaryAttribute(hash_key=True, legacy_encoding=False)
    sk = UnicodeAttribute(range_key=True)
    order_id = UnicodeAttribute()
    placed_online = BooleanAttribute()
    placed_at = NumberAttribute()
    version = NumberAttribute()
    discard_at = NumberAttribute()
    email = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    postal_address = MapAttribute[str, Any](null=True)
    discard_reason = UnicodeAttribute(null=True)


class LinkItem(Table):
    """That a number, the shop's or a telephone's, is an order's, and in whose partition the order lies.

    When it was placed and in which version is in it too: so the ledger knows a later order from a lengthened date.
    """

    class Meta(Table.Meta):
        pass

    pk = BinaryAttribute(hash_key=True, legacy_encoding=False)
    sk = UnicodeAttribute(range_key=True)
    owner = BinaryAttribute(legacy_encoding=False)
    placed_at = NumberAttribute()
    version = NumberAttribute()
    discard_at = NumberAttribute()
    discard_reason = UnicodeAttribute(null=True)


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
        OrderItem.Meta.table_name = LinkItem.Meta.table_name = RemainsItem.Meta.table_name = table
        self._table, self._keys = table, keys

    def put(self, order: Order, now: int) -> Order:
        """A look for what is held, then one transaction; again where somebody else wrote meanwhile."""
        for _ in range(_ATTEMPTS):
            standing, owner = self._standing(order.order_id, order.subject_id)
            if standing and is_held(standing.discard_at, now) and not order.is_newer_than(standing):
                return standing
            try:
                self._replace(standing, owner, order, now)
            except ConditionFailedError:
                continue
            return order
        raise UnavailableError("store an order: it is written too often at once")

    def end(self, order_id: str, now: int) -> None:
        """Take everything personal out of the order, and its telephone's link away; what is left goes within a day."""
        for _ in range(_ATTEMPTS):
            standing, owner = self._standing(order_id)
            if standing is None or not is_held(standing.discard_at, now):
                raise NotFoundError("No such order is held: it was never told of, or is discarded already.")
            if standing.ended:
                return
            try:
                self._replace(standing, owner, ended(standing, now), now)
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

    def _standing(self, order_id: str, subject: SubjectId | None = None) -> tuple[Order | None, SubjectId | None]:
        """The order under the shop's number, and whose the number's link says it is.

        Where that leads nowhere, the order that this person has under the number.
        """
        sk = PREFIX + self._keys.order_record_id(order_id)
        owner = None
        with unavailable("find an order"):
            with suppress(DoesNotExist):
                owner = SubjectId(LinkItem.get(self._keys.order_lookup(order_id), sk, consistent_read=True).owner)
            for person in dict.fromkeys(filter(None, (owner, subject))):
                with suppress(DoesNotExist):
                    item = OrderItem.get(person, sk, consistent_read=True)
                    if item.order_id is not None:
                        return _to_order(item), owner
        return None, owner

    def _replace(self, standing: Order | None, owner: SubjectId | None, order: Order, now: int) -> None:
        """Write an order in the place of another. Raises ConditionFailedError where that is not there as it was."""
        unchanged = free = OrderItem.order_id.does_not_exist() | (OrderItem.discard_at <= now)
        if standing is not None:
            unchanged = (
                (OrderItem.placed_at == standing.placed_at)
                & (OrderItem.version == standing.version)
                & (OrderItem.discard_at == standing.discard_at)
            )
        reason: StatedReason = "ended" if order.ended else "replaced"
        moved = standing is not None and standing.subject_id != order.subject_id
        sk = PREFIX + order.record_id
        with unavailable("store an order"), TransactWrite(connection=SharedConnection()) as transaction:
            transaction.save(OrderItem(**self._fields(order)), free if moved else unchanged)
            if standing is not None and moved:
                transaction.save(RemainsItem(standing.subject_id, sk, discard_at=now, discard_reason=reason), unchanged)
            link = self._link(self._keys.order_lookup(order.order_id), order)
            transaction.save(link, LinkItem.owner == owner if owner else LinkItem.owner.does_not_exist())
            phones = {each.phone: each for each in (standing, order) if each is not None and each.phone}
            for phone in phones:
                number = self._keys.phone_id(phone)
                if phone == order.phone:
                    transaction.save(self._link(number, order))
                else:
                    transaction.save(RemainsItem(number, sk, discard_at=now, discard_reason=reason))

    def _link(self, number: bytes, order: Order) -> LinkItem:
        return LinkItem(
            number,
            PREFIX + order.record_id,
            owner=order.subject_id,
            placed_at=order.placed_at,
            version=order.version,
            discard_at=order.discard_at,
            discard_reason=order.discard_reason,
        )

    def _fields(self, order: Order) -> dict[str, Any]:
        fields: dict[str, Any] = msgspec.to_builtins(order, builtin_types=(bytes,))
        fields["pk"] = fields.pop("subject_id")
        fields["sk"] = PREFIX + fields.pop("record_id")
        if order.postal_address is not None:
            fields["postal_address"]["purposes"] = list(order.postal_address.purposes)
        return fields


def _key_of(item: Item) -> _Key:
    return item["pk"]["B"], item["sk"]["S"]


def _is_held(item: Item, now: int) -> bool:
    return "discard_reason" not in item and is_held(int(item["discard_at"]["N"]), now)


def _to_order(item: OrderItem) -> Order:
    fields = dict(item.attribute_values)
    fields["subject_id"] = fields.pop("pk")
    fields["record_id"] = fields.pop("sk").removeprefix(PREFIX)
    if address := fields.get("postal_address"):
        fields["postal_address"] = address.as_dict()
    return msgspec.convert(fields, Order, builtin_types=(bytes,))
