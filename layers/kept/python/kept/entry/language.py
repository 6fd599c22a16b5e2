"""The languages that pages speak: which one somebody gets, what a sentence is in it, how it writes days and numbers.

English stands in the code and templates; every other language has a gettext catalogue in `catalogues/`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from urllib.parse import urlencode

from kept.domain.durations import Duration
from kept.domain.errors import to_translate

LANGUAGES = ("en", "ar")
"""Every language that there is a catalogue and there are routes for; a policy offers those that it names."""

CATALOGUES = Path(__file__).with_name("catalogues")

_RIGHT_TO_LEFT = {"ar"}
_NAMES = {"en": "English", "ar": "العربية"}  # as their own speakers call them
# Digits and the separator of thousands (Unicode CLDR, default numbering systems).
_DIGITS = {"ar": str.maketrans("0123456789,", "٠١٢٣٤٥٦٧٨٩٬")}
_MONTHS = (
    to_translate("January"),
    to_translate("February"),
    to_translate("March"),
    to_translate("April"),
    to_translate("May"),
    to_translate("June"),
    to_translate("July"),
    to_translate("August"),
    to_translate("September"),
    to_translate("October"),
    to_translate("November"),
    to_translate("December"),
)
_RANGE = re.compile(r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]{1,40})?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?")
_ACCEPTED_RANGES = 20  # browsers send a handful


@dataclass(frozen=True, slots=True)
class Language:
    """One language, as pages use it."""

    code: str  # ISO 639-1, as in the page's path and its lang attribute
    catalogue: NullTranslations

    @property
    def name(self) -> str:
        """What its own speakers call it."""
        return _NAMES[self.code]

    @property
    def direction(self) -> str:
        """As HTML's dir attribute says it."""
        return "rtl" if self.code in _RIGHT_TO_LEFT else "ltr"

    def translate(self, sentence: str, values: Mapping[str, object] | None = None) -> str:
        """A sentence of ours, its `{name}`s filled in; in English where the catalogue does not have it."""
        text = self.catalogue.gettext(sentence) if sentence else ""  # "" would give the catalogue's header
        return text.format(**{name: self.write(value) for name, value in values.items()}) if values else text

    def write(self, value: object) -> str:
        """A length of time, a number or anything else, as this language writes it."""
        if isinstance(value, Duration):
            return self.duration(value)
        return self.number(value) if isinstance(value, int) else str(value)

    def number(self, value: int) -> str:
        """A whole number with its thousands marked."""
        return self._digits(f"{value:,}")

    def day(self, seconds: int | dt.date) -> str:
        """The day of a time (seconds since the epoch, in UTC), or a date: "28 November 2026"."""
        day = seconds if isinstance(seconds, dt.date) else dt.datetime.fromtimestamp(seconds, dt.UTC).date()
        return f"{self._digits(str(day.day))} {self.translate(_MONTHS[day.month - 1])} {self._digits(str(day.year))}"

    def moment(self, seconds: int) -> str:
        """A time in UTC, to the minute: "28 November 2026, 07:30 UTC"."""
        time = self._digits(dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%H:%M"))
        return self.translate(to_translate("{day}, {time} UTC")).format(day=self.day(seconds), time=time)

    def duration(self, length: Duration) -> str:
        """A length of time in words."""
        count, unit = length.in_words
        words = {
            "day": self.catalogue.ngettext("{count} day", "{count} days", count),
            "hour": self.catalogue.ngettext("{count} hour", "{count} hours", count),
            "minute": self.catalogue.ngettext("{count} minute", "{count} minutes", count),
            "second": self.catalogue.ngettext("{count} second", "{count} seconds", count),
        }
        return words[unit].format(count=self.number(count))

    def of(self, texts: Mapping[str, str], else_in: str) -> str:
        """The text of the policy that is in this language, else in another that it has."""
        return texts.get(self.code) or texts[else_in]

    def _digits(self, text: str) -> str:
        return text.translate(_DIGITS.get(self.code, {}))


@cache
def language(code: str) -> Language:
    """The language of a code."""
    return Language(code, NullTranslations() if code == "en" else _catalogue(code))


def offered(policy_languages: Sequence[str]) -> tuple[str, ...]:
    """The languages that pages are shown in: those of the policy that there are, and English where there is none."""
    return tuple(code for code in policy_languages if code in LANGUAGES) or ("en",)


def choose(path: str, accepted: str, languages: Sequence[str], asked: str | None = None) -> str:
    """The language of a request: of its path, else the one asked for in a form, else by Accept-Language.

    The header is read as RFC 9110 section 12.5.4 says, each range by its primary tag (RFC 4647); the first of
    `languages` where nothing fits. Never by a cookie.
    """
    spoken = re.split(r"[-_]", asked.lower(), maxsplit=1)[0] if asked else ""
    for candidate in (_of_path(path), spoken):
        if candidate in languages:
            return candidate
    best, weight = languages[0], 0.0
    for part in accepted.split(",")[:_ACCEPTED_RANGES]:
        matched = _RANGE.fullmatch(part)
        if matched is None:
            continue
        code, quality = matched[1].lower(), float(matched[2] or 1)
        code = languages[0] if code == "*" else code
        if code in languages and quality > weight:
            best, weight = code, quality
    return best


def path_in(code: str, path: str, query: Mapping[str, str]) -> str:
    """The address of the same page in another language. The staff's pages name it after /desk, all others first."""
    start, rest = ("/desk", path.removeprefix("/desk")) if path.split("/")[1] == "desk" else ("", path)
    if start and rest == "/callback":  # of a sign-in, whose code works once
        return f"{start}/{code}"
    first = rest.split("/")[1:2]
    if first and first[0] in LANGUAGES:
        rest = rest[len(first[0]) + 1 :]
    return f"{start}/{code}{'' if rest == '/' else rest}" + (f"?{urlencode(query)}" if query else "")


def _of_path(path: str) -> str:
    parts = path.split("/")[1:3]
    return next((part for part in parts[1 if parts[:1] == ["desk"] else 0 :][:1] if part in LANGUAGES), "")


def _catalogue(code: str) -> NullTranslations:
    """The catalogue that the build compiled; without a build, as in tests, the source itself."""
    compiled = CATALOGUES / f"{code}.mo"
    if compiled.exists():
        with compiled.open("rb") as file:
            return GNUTranslations(file)
    import io

    from babel.messages import mofile, pofile  # development only

    buffer = io.BytesIO()
    with (CATALOGUES / f"{code}.po").open("rb") as source:
        mofile.write_mo(buffer, pofile.read_po(source))
    buffer.seek(0)
    return GNUTranslations(buffer)
