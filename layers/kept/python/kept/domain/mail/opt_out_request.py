"""A first, simple recogniser of a plain request to stop receiving email; the phrases are in `opt_out_phrases`.

It would rather miss a request than find one that was not made: staff read every message anyway.
"""

from __future__ import annotations

import re
import unicodedata

from kept.domain.mail import opt_out_phrases as data
from kept.domain.mail.header_fields import first_mailbox
from kept.domain.mail.reader import Mail

_TOKEN = re.compile(r"\w+|[.,!?;:()\u060c\u061b\u061f\u2026]|\n\s*\n")
_REPORTED_SPEECH = re.compile('"[^"\n]{0,200}+"|\u201c[^\u201d\n]{0,200}+\u201d|\u00ab[^\u00bb\n]{0,200}+\u00bb')
_REPLY_SUBJECT = re.compile(
    r"\s*(?:re|fw|fwd|aw|wg|tr|rv|res|antw|sv|رد|إعادة توجيه)\s*(?:\[\d+\])?\s*:", re.IGNORECASE
)
_MOST_CHARACTERS = 20_000  # of a person's own words that are looked at
_CLAUSE_WINDOW = 300  # characters before a phrase in which a guard is looked for
_MOST_BARE_WORDS = 3
# Arabic letters written for each other (alef maksura and Persian yeh for yeh, teh marbuta for heh, keheh for kaf),
# and what is no part of a word: tatweel, apostrophes.
_LETTERS = str.maketrans(
    {"\u0649": "\u064a", "\u06cc": "\u064a", "\u0629": "\u0647", "\u06a9": "\u0643", "_": " "}
    | dict.fromkeys("\u0640'\u2018\u2019")
)


def asks_to_stop(mail: Mail) -> bool:
    """Whether a person asks, in plain words of their own or by their mail program's button, to get no more email."""
    if pressed_unsubscribe(mail):
        return True
    own = _own_words(mail.text)[:_MOST_CHARACTERS]
    subject = "" if _REPLY_SUBJECT.match(mail.subject) else mail.subject  # a reply's subject is ours
    words = [word for word in (_tokens(own) or _tokens(subject)) if word != "."]
    if 0 < len(words) <= _MOST_BARE_WORDS and " ".join(w for w in words if w not in _POLITE) in _ALONE:
        return True
    return _has_request(" ".join([".", *_tokens(f"{subject}\n\n{own}"), ".", ""]))


def pressed_unsubscribe(mail: Mail) -> bool:
    """Whether a mail program wrote this because somebody pressed its unsubscribe button, whatever its headers say.

    Apple Mail and Gmail write to the List-Unsubscribe address and mark it as automatic; RFC 5965 has a feedback
    report of type opt-out.
    """
    text = mail.text.strip().lower()
    return (
        mail.headers.get("x-apple-unsubscribe", ("",))[0].strip().lower() == "true"
        or mail.feedback_type in ("opt-out", "opt-out-list")
        or (
            mail.subject.lower() == "unsubscribe" and (text in ("", "unsubscribe") or "automatically generated" in text)
        )
        or any(
            (first_mailbox(value)[1] or "").lower().startswith("unsubscribe+")
            for name in ("to", "delivered-to", "x-original-to")
            for value in mail.headers.get(name, ())[:3]
        )
    )


def _own_words(text: str) -> str:
    """The text without what it quotes: `>` lines go, and it ends at a quoted mail's head or at the signature."""
    lines = text.split("\n")
    labels = [_is_header_label(line) for line in lines]
    kept: list[str] = []
    for number, line in enumerate(lines):
        words = line.strip()
        if words.startswith(">") or _plain(words[:40]).startswith(_DEVICE_LINES):
            continue
        if words.endswith(":") and _ATTRIBUTION_VERBS.intersection(_tokens(words[-300:])):
            # Below quoted lines a person may go on writing; a quote without marks goes on to the end.
            following = next((below.strip() for below in lines[number + 1 : number + 4] if below.strip()), "")
            if following.startswith(">"):
                continue
            break
        rule = (words.startswith("---") and words.endswith("---")) or words.startswith("__________")
        if rule or words == "--" or (labels[number] and sum(labels[number : number + 4]) > 1):
            break
        kept.append(line)
    return "\n".join(kept)


def _is_header_label(line: str) -> bool:
    label, colon, _ = line[:40].strip("* \t\u200f").partition(":")
    return bool(colon) and _plain(label.strip("* ")) in _HEADER_LABELS


def _has_request(text: str) -> bool:
    for phrase, at_end in _PHRASES:
        found = text.find(phrase)
        while found >= 0:
            clause = text[max(0, found - _CLAUSE_WINDOW) : found + 1].rpartition(" . ")[2].split()
            after = text[found + len(phrase) :].split(" ", 1)[0] if at_end else "."
            if not _GUARDS.intersection(clause) and (after == "." or after in _POLITE):
                return True
            found = text.find(phrase, found + 1)
    return False


def _tokens(text: str) -> list[str]:
    """The words, alike for spellings of the same; "." for what ends a clause."""
    return [token if token[0].isalnum() else "." for token in _TOKEN.findall(_plain(_REPORTED_SPEECH.sub(" . ", text)))]


def _plain(text: str) -> str:
    """Lower case, without accents, Arabic diacritics, tatweel, direction marks, apostrophes and e-mail's hyphen."""
    # Marks go before as well as after: decomposing long runs of them is quadratic.
    text = _without_marks(text.casefold())
    return _without_marks(unicodedata.normalize("NFKD", text)).translate(_LETTERS).replace("e-mail", "email")


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in text if c.isascii() or unicodedata.category(c) not in ("Mn", "Cf"))


def _phrases(lines: str) -> list[str]:
    return [" ".join(_tokens(line)) for line in lines.strip().splitlines()]


_PHRASES = [(f" {p} ", False) for p in _phrases(data.ANYWHERE)] + [(f" {p} ", True) for p in _phrases(data.AT_THE_END)]
_ALONE = frozenset(_phrases(data.ALONE))
_POLITE = frozenset(_tokens(data.POLITE))
_GUARDS = frozenset(_tokens(data.GUARDS))
_ATTRIBUTION_VERBS = frozenset(_tokens(data.ATTRIBUTION_VERBS))
_HEADER_LABELS = frozenset(_tokens(data.HEADER_LABELS)) | {_plain("تاريخ الإرسال"), _plain("تم الإرسال")}
_DEVICE_LINES = tuple(_plain(line) for line in data.DEVICE_LINES)
