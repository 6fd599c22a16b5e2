"""The language that somebody gets, and how it writes; and that its catalogue has every sentence."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from babel.core import Locale
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from infra.build.catalogues import compile_folder, extract
from kept.domain.durations import Duration
from kept.domain.errors import FieldProblem, InvalidInputError, NotFoundError
from kept.entry.language import CATALOGUES, LANGUAGES, choose, language, offered, path_in

BOTH = ("en", "ar")
TRANSLATED = [code for code in LANGUAGES if code != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "en"),
        ("ar", "ar"),
        ("ar-EG,ar;q=0.9,en;q=0.8", "ar"),
        ("en-GB, ar;q=0.5", "en"),
        ("fr, ar;q=0.3, en;q=0.2", "ar"),
        ("fr;q=0.9, *;q=0.1", "en"),
        ("ar;q=0", "en"),
        ("AR", "ar"),
        ("ar;q=nonsense, en;q=0.1", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_browsers_first_language_that_there_is_is_chosen(accepted: str, chosen: str) -> None:
    assert choose("/", accepted, BOTH) == chosen


@given(st.text(max_size=200), st.text(max_size=50), st.none() | st.text(max_size=20))
def test_whatever_is_asked_for_a_language_that_there_is_is_chosen(accepted: str, path: str, asked: str | None) -> None:
    assert choose(path, accepted, BOTH, asked) in BOTH


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/ar", "ar"),
        ("/ar/policy", "ar"),
        ("/desk/ar", "ar"),
        ("/desk/ar/call", "ar"),
        ("/de/policy", "en"),
        ("/x/ar", "en"),
    ],
)
def test_the_path_goes_before_the_browser(path: str, code: str) -> None:
    assert choose(path, "en", BOTH) == code


def test_what_a_form_asks_for_goes_before_the_browser() -> None:
    assert choose("/contacts", "en", BOTH, "ar-EG") == "ar"
    assert choose("/contacts", "ar", BOTH, "xx") == "ar"


def test_a_policy_offers_the_languages_that_it_names_and_there_are() -> None:
    assert offered(("ar", "en", "tlh")) == ("ar", "en")
    assert offered(("tlh",)) == ("en",)
    assert choose("/en/policy", "en", offered(("ar",))) == "ar"


def test_the_end_of_a_sign_in_leads_on_in_the_other_language_without_its_code() -> None:
    assert path_in("ar", "/desk/callback", {"code": "c0de", "state": "s"}) == "/desk/ar"


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("/", "/ar"),
        ("/en", "/ar"),
        ("/policy", "/ar/policy"),
        ("/en/policy", "/ar/policy"),
        ("/en/thanks/contact", "/ar/thanks/contact"),
        ("/desk", "/desk/ar"),
        ("/desk/en", "/desk/ar"),
        ("/desk/en/records/A", "/desk/ar/records/A"),
    ],
)
def test_every_page_has_an_address_in_the_other_language(path: str, other: str) -> None:
    assert path_in("ar", path, {}) == other
    assert path_in("ar", path, {"by": "2026-01-01"}) == f"{other}?by=2026-01-01"


@pytest.mark.parametrize("code", LANGUAGES)
def test_days_and_numbers_are_written_as_unicode_says_the_language_does(code: str) -> None:
    spoken, locale = language(code), Locale.parse({"ar": "ar_EG"}.get(code, code))

    def expected(number: int, *, grouped: bool = True) -> str:
        """Babel puts the separators of the language's own numbering system, and leaves its digits to us."""
        text = format_decimal(number, locale=locale, numbering_system="default", group_separator=grouped)
        zero = {"arab": "٠", "latn": "0"}[locale.default_numbering_system]
        return "".join(chr(ord(zero) + int(sign)) if sign.isdecimal() else sign for sign in text)

    for number in (0, 7, 1_000, 16_384, 1_234_567):
        assert spoken.number(number) == expected(number)
    for month in range(1, 13):
        name = locale.months["format"]["wide"][month]
        assert spoken.day(dt.date(2026, month, 3)) == f"{expected(3)} {name} {expected(2026, grouped=False)}"


def test_lengths_of_time_have_each_languages_plurals() -> None:
    arabic = language("ar")
    written = [arabic.duration(Duration.parse(f"{count} days")) for count in (1, 2, 3, 11, 100)]
    assert written == ["يوم واحد", "يومين", "٣ أيام", "١١ يومًا", "١٠٠ يوم"]
    assert [language("en").duration(Duration.parse(words)) for words in ("1 day", "45 minutes")] == [
        "1 day",
        "45 minutes",
    ]


def test_an_errors_sentence_is_filled_in_as_each_language_writes() -> None:
    problem = FieldProblem("/message", "is longer than {limit} bytes", {"limit": 16384})
    assert str(InvalidInputError(problem)) == "/message: is longer than 16,384 bytes"
    assert language("ar").translate(problem.detail, problem.values) == "أطول من ١٦٬٣٨٤ بايت"
    assert str(NotFoundError("a {brace} of somebody's")) == "a {brace} of somebody's"


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_catalogue_translates_every_sentence_of_code_and_templates(code: str) -> None:
    with (CATALOGUES / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    wanted = {message.id for message in extract() if message.id}
    assert len(wanted) > 150, "the extraction finds no sentences, so nothing is shown"
    there = {message.id: message for message in catalogue if message.id}
    assert wanted - set(there) == set(), "run `make catalogues`, then translate"
    assert set(there) - wanted == set(), "no page says this any more: run `make catalogues`"
    for message in there.values():
        assert not message.fuzzy
        for text in texts(message):
            assert text.strip(), f"not translated: {message.id}"
            assert placeholders(text) <= set().union(*map(placeholders, ids(message))), message.id
        assert any(placeholders(text) == placeholders(ids(message)[-1]) for text in texts(message)), message.id


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_build_compiles_the_catalogue(code: str, tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / f"{code}.po").write_bytes((CATALOGUES / f"{code}.po").read_bytes())
    compile_folder(folder)
    assert [path.name for path in folder.iterdir()] == [f"{code}.mo"]


def ids(message: Message) -> tuple[str, ...]:
    return message.id if isinstance(message.id, tuple) else (str(message.id),)


def texts(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (str(message.string),)


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))
