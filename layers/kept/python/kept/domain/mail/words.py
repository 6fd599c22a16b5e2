"""What people write as normalised words, in sentences."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

MAX_CHARACTERS = 65_536  # of a mail that are looked at
MAX_TOKENS = 4000  # of a mail: some ten pages
MAX_SENTENCE = 80  # words; a longer one is cut
WRAPPED = 45  # characters: a line of at least this length was broken by a mail client, not by its writer

_MARKS = re.compile(
    "[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u200b-\u200f\u202a-\u202e\u2060-\u2069\u0640\u0621\u00ad]+"
)
# Decomposing sorts each run of combining marks, in time quadratic in its length; no language has 30 of them (UAX 15).
_MARK_RUN = re.compile(r"([^\w\s!-~]{30})[^\w\s!-~]++")
_LETTERS = str.maketrans(
    {
        "ى": "ي",
        "ی": "ي",
        "ې": "ي",
        "ة": "ه",
        "ک": "ك",
        "گ": "ك",
        "ٱ": "ا",
        "ı": "i",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "æ": "ae",
        "œ": "oe",
        "\u2019": "'",
        "\u2018": "'",
        "\u02bc": "'",
        "\u00b4": "'",
        "`": "'",
        **{chr(start + digit): str(digit) for start in (0x0660, 0x06F0) for digit in range(10)},
    }
)
_URL = re.compile(r"(?:https?://|www\.)\S++", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@<>()]{1,64}+@[^\s@<>()]{1,255}+")
_WORD = re.compile(r"<address>|<url>|[^\W_]++(?:'[^\W_]++)*+")
_END = re.compile(r"[!?؟;؛:…\u061f\u06d4]++|(?<!\d)\.++(?!\s?\d|\w)")  # "art. 15", "11. maddesi" go on
_BULLET = re.compile(r"\s{0,10}+(?:[-*•·–—]|\d{1,2}[.)])\s")
_JOINED = {
    ("e", "mail"): "email",
    ("e", "mails"): "emails",
    ("e", "mailing"): "emailing",
    ("e", "posta"): "eposta",
    ("e", "postalar"): "epostalar",
    ("news", "letter"): "newsletter",
    ("news", "letters"): "newsletters",
    ("un", "subscribe"): "unsubscribe",
}
_NEGATED = ("do", "does", "did", "is", "are", "was", "were", "have", "has", "had", "would", "should", "could")
_CONTRACTIONS = {f"{verb}nt": [verb, "not"] for verb in _NEGATED} | {
    "cant": ["can", "not"],
    "cannot": ["can", "not"],
    "wont": ["wo", "not"],
}


def normalise(text: str) -> str:
    """Lower case, without accents, diacritics or bidi marks; Arabic letters that are written in several ways in one.

    Spelling only: words and punctuation stay where they are.
    """
    if not text.isascii():
        text = _MARK_RUN.sub(r"\1", text)
        # Here too, since folding follows the letters that a compatibility character is taken apart into.
        text = unicodedata.normalize("NFKD", text)
    folded = unicodedata.normalize("NFKD", text.casefold())
    return _MARKS.sub("", folded).translate(_LETTERS)


def is_word(text: str) -> bool:
    """Whether a normalised text is a single word, as `tokens_of` finds them, or a part of one."""
    return "'" not in text and bool(_WORD.fullmatch(text))


def tokens_of(sentence: str) -> list[str]:
    """The words of a normalised sentence; contractions and elisions in their parts."""
    words: list[str] = []
    for word in _WORD.findall(sentence):
        if "'" in word:
            first, _, rest = word.partition("'")
            if rest == "t" and first.endswith("n"):
                negated = "can" if first == "can" else first.removesuffix("n")
                words += [negated, "not"] if negated else ["not"]  # "do n't" is written, too
            else:
                words += [first, *rest.split("'")]
        elif words and (words[-1], word) in _JOINED:
            words[-1] = _JOINED[words[-1], word]
        else:
            words += _CONTRACTIONS.get(word, [word])
    return words


def sentences_of(text: str) -> list[list[str]]:
    """The words of each sentence, at most MAX_TOKENS in all.

    A sentence ends at its punctuation, at a blank line, at a list item, and at the end of a line that is too short to
    have been wrapped by a mail client.
    """
    found: list[list[str]] = []
    left = MAX_TOKENS
    for block in _blocks(text[:MAX_CHARACTERS]):
        shortened = _ADDRESS.sub(" <address> ", _URL.sub(" <url> ", block))
        for sentence in _END.split(normalise(shortened)):
            words = tokens_of(sentence)[:left]
            left -= len(words)
            found += [words[i : i + MAX_SENTENCE] for i in range(0, len(words), MAX_SENTENCE)]
            if left <= 0:
                return found
    return found


def _blocks(text: str) -> Iterator[str]:
    """Lines that belong together."""
    block: list[str] = []
    for line in text.split("\n"):
        words = line.strip()
        if block and (not words or _BULLET.match(line) or len(block[-1]) < WRAPPED):
            yield " ".join(block)
            block = []
        if words:
            block.append(words)
    if block:
        yield " ".join(block)
