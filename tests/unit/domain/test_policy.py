"""The policy file: what ships is right, and a mistake is named by file and key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain.durations import Duration
from kept.domain.errors import PolicyError
from kept.domain.policy import SHIPPED, load_policy
from tests.conftest import ROOT

SHIPPED_TEXT = SHIPPED.read_text(encoding="utf-8")


def test_the_shipped_policy_is_right() -> None:
    policy = load_policy()
    assert policy.retention.message.before_review == 30 * 86400
    assert policy.longest_retention == 365 * 86400, "legal hold included"
    assert str(policy.longest_retention) == "365 days"


def test_every_promise_is_shipped_in_the_policys_own_words() -> None:
    table = (ROOT.parent / "shared/policy/promises.md").read_text(encoding="utf-8") if _has_shared() else ""
    if not table:
        pytest.skip("shared/policy/promises.md is not beside this checkout")
    for promise in load_policy().promises:
        assert f'| `{promise.id}` | "{promise.text["en"]}" |' in table, f"{promise.id} is worded otherwise"


def _has_shared() -> bool:
    return (ROOT.parent / "shared/policy/promises.md").exists()


SOURCE = (
    '[sources.shop]\nname = { en = "Shop", ar = "المتجر" }\nfile = "orders.json"\nwaits = "2 days"\n\n[lists.offers]'
)
MISTAKES = {
    "a system without a name in a language": ("[lists.offers]", SOURCE.replace("ar =", "de ="), "sources.shop.name: "),
    "a system with a path for a file": ("[lists.offers]", SOURCE.replace("orders.", "../o."), "sources.shop.file: "),
    "a system that is not waited for": ("[lists.offers]", SOURCE.replace("2 days", "0 days"), "sources.shop.waits: "),
    "a system with a name that is no key": (
        "[lists.offers]",
        SOURCE.replace("sources.shop", "sources.Shop"),
        "sources.Shop: ",
    ),
    "an unknown key": ("[site]", "[site]\nfax = 'x'", "site: "),
    "a missing key": ('name = "Expand Cart"', "", "site: "),
    "a number for text": ('name = "Expand Cart"', "name = 7", "site.name: "),
    "a length that is none": (
        '"30 days"\nafter',
        '"a month"\nafter',
        "retention.message.before_review: expected a duration",
    ),
    "a length as a number": ('"30 days"\nafter', "30\nafter", "retention.message.before_review: expected a duration"),
    "no time at all": ('after_review = "7 days"', 'after_review = "0 days"', "retention.message.after_review: is zero"),
    "longer than the maximum": (
        '"30 days"\nafter',
        '"91 days"\nafter',
        "retention.message.before_review: is longer than",
    ),
    "a promise twice": ('id = "reachable"', 'id = "email-opt-out"', "promises.email-opt-out: stands twice"),
    "a language missing": ('languages = ["en", "ar"]', 'languages = ["en", "fr"]', "promises.reachable.text: "),
    "no language": ('languages = ["en", "ar"]', "languages = []", "languages: "),
    "no TOML": ('version = "', "version = ", "is not TOML"),
    "a form that can never be sent": ('"3 seconds"', '"2 days"', "forms.minimum_age: "),
    "no time for orders": ('kept_for = "180 days"', 'kept_for = "0 days"', "orders.kept_for: is zero"),
    "no length for orders": ('kept_for = "180 days"', "kept_for = 180", "orders.kept_for: expected a duration"),
    "orders without a length": ('kept_for = "180 days"', "", "orders: "),
    "another length for orders": ("[orders]", "[orders]\nbefore_review = '1 day'", "orders: "),
    "a list without a number": ("number = 1", "", "lists[...]: "),
    "a list's number that stands for marketing": (
        "number = 1",
        "number = 0",
        "lists.newsletter.number: must be from 1",
    ),
    "a list's number that stands for everything": ("number = 1", "number = 255", "lists.newsletter.number: must be"),
    "a negative number": ("number = 1", "number = -1", "lists.newsletter.number: must be from 1 to 254"),
    "a number for two lists": ("number = 2", "number = 1", "lists.offers.number: is another list's too"),
    "a list's number as a word": ("number = 1", "number = 'one'", "lists[...].number: "),
    "a list's name in one language": (', ar = "النشرة البريدية"', "", "lists.newsletter.name: is missing in: ar"),
    "a list's name as a word": ('{ en = "the newsletter", ar = "النشرة البريدية" }', '"news"', "lists[...].name: "),
    "more in a list": ("[lists.newsletter]", "[lists.newsletter]\nopen = true", "lists[...]: "),
    "no purposes of a channel": ('phone = ["order_update"]', "", "purposes: "),
    "a channel that does not exist": ('phone = ["order_update"]', 'phone = []\nsms = ["x"]', "purposes: "),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named_by_file_and_key(tmp_path: Path, case: str) -> None:
    before, after, message = MISTAKES[case]
    assert before in SHIPPED_TEXT
    path = tmp_path / "my-policy.toml"
    path.write_text(SHIPPED_TEXT.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(PolicyError) as raised:
        load_policy(path)
    assert str(raised.value).startswith("my-policy.toml:")
    assert message in str(raised.value)


def test_a_missing_file_and_one_that_is_not_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"none.toml: cannot be read"):
        load_policy(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match=r"bytes.toml: is not UTF-8"):
        load_policy(tmp_path / "bytes.toml")


@given(st.integers(1, 9999), st.sampled_from(["second", "minute", "hour", "day"]))
def test_a_duration_reads_back_as_it_is_written(count: int, unit: str) -> None:
    duration = Duration.parse(f"{count} {unit}s")
    assert Duration.parse(str(duration)) == duration


@pytest.mark.parametrize("words", ["", "30", "days", "-1 days", "1.5 days", "1 fortnight", "٣ days", "9" * 9 + " days"])
def test_what_is_no_duration_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        Duration.parse(words)


def test_the_file_is_toml_that_others_can_read() -> None:
    assert tomllib.loads(SHIPPED_TEXT)["purposes"]["phone"] == ["order_update"]
