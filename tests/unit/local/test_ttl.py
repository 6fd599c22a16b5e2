from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import ttl


def test_what_is_past_its_date_has_expired_and_nothing_else() -> None:
    items = {
        "ann": {"past": {"discard_at": {"N": "9"}}, "now": {"discard_at": {"N": "10"}}},
        "bob": {"future": {"discard_at": {"N": "11"}}, "none": {}, "text": {"discard_at": {"S": "1"}}},
    }
    assert ttl.expired(items, "discard_at", 10) == [("ann", "past"), ("ann", "now")]


class Variable:
    """As a context variable."""

    def __init__(self) -> None:
        self.value: str | None = None

    def set(self, value: str) -> str | None:
        before, self.value = self.value, value
        return before

    def reset(self, before: str | None) -> None:
        self.value = before


@pytest.mark.promise("review-then-discard")
def test_a_sweep_deletes_what_has_expired_where_time_to_live_is_enabled_and_tells_the_stream() -> None:
    tables = {
        name: {"items": {"ann": {"1": {"discard_at": {"N": "1"}}, "2": {"discard_at": {"N": "9" * 12}}}}}
        for name in ("kept", "other")
    }
    account, region = Variable(), Variable()
    told: list[Any] = []
    settings = {
        ("a", "r", "kept"): {"TimeToLiveStatus": "ENABLED", "AttributeName": "discard_at"},
        ("a", "r", "other"): {"TimeToLiveStatus": "DISABLED", "AttributeName": "discard_at"},
        ("a", "r", "gone"): {"TimeToLiveStatus": "ENABLED", "AttributeName": "discard_at"},
    }
    dynamodb = SimpleNamespace(
        _ttl_settings=SimpleNamespace(all_items=settings.items),
        _tables=SimpleNamespace(get_scoped=lambda _a, _r, name: tables.get(name)),
        _remove_item=lambda table, pk, sk: table["items"][pk].pop(sk, None),
        _emit_stream_event=lambda *event: told.append((*event, account.value, region.value)),
    )
    ttl.sweep(dynamodb, SimpleNamespace(_request_account_id=account, _request_region=region))
    assert told == [("kept", "REMOVE", {"discard_at": {"N": "1"}}, None, "a", "r")]
    assert tables["kept"]["items"]["ann"].keys() == {"2"}
    assert tables["other"]["items"]["ann"].keys() == {"1", "2"}
    assert (account.value, region.value) == (None, None)
