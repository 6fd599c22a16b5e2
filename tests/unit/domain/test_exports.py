"""When a package is looked at again, when it has failed, and which files are its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain.exports import QUEUE_SECONDS, new_export
from kept.domain.identity import SubjectId
from kept.domain.policy import load_policy

pytestmark = pytest.mark.promise("access-on-request")

NOW = 1_800_000_000
EXPORT = new_export(SubjectId(bytes(16)), "ann@example.com", "en", load_policy(), NOW)


def test_without_other_systems_it_waits_for_nobody_and_names_nobody() -> None:
    assert EXPORT.waits_until == NOW
    assert EXPORT.discard_at == NOW + QUEUE_SECONDS + load_policy().exports.kept_for
    assert EXPORT.file_keys == (EXPORT.package_key,)
    assert "ann" not in EXPORT.package_key + repr(EXPORT)


def test_what_other_systems_sent_is_its_own_until_it_is_in_the_package() -> None:
    waiting = replace(EXPORT, sources=("shop",))
    assert waiting.file_keys == (EXPORT.package_key, f"sources/{EXPORT.export_id}/shop")
    assert replace(waiting, status="ready").file_keys == (EXPORT.package_key,)


def test_it_has_failed_once_its_job_cannot_be_in_the_queue_any_more() -> None:
    assert EXPORT.status_at(NOW + QUEUE_SECONDS - 1) == "asked"
    assert EXPORT.status_at(NOW + QUEUE_SECONDS) == "failed"
    assert replace(EXPORT, status="ready").status_at(NOW + QUEUE_SECONDS) == "ready"


@given(waits=st.integers(1, 90 * 86400))
def test_it_is_looked_at_soon_then_seldom_and_at_its_deadline(waits: int) -> None:
    export, now, looks = replace(EXPORT, waits_until=NOW + waits), NOW, 0
    while now < export.waits_until:
        pause = export.pause(now)
        assert 1 <= pause <= 900, "SQS delays no message longer"
        now += pause
        looks += 1
    assert now == export.waits_until
    assert looks <= waits // 900 + 12
