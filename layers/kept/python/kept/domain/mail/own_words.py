"""The person's own new words: a mail's text without quotes, forwarded mail, signatures and footers.

A line scanner. The first thing of a quote without `>` (an attribution, a block of header lines) ends the person's
words, since nothing tells where such a quote ends; what stands after or between `>` lines is the person's. The text
then is a few stretches of own lines, and each loses signature and footers at its end. The wordings, by language, are
data in `own_words_markers`. Nothing here goes back over what it has read: every look ahead is of a few lines.

Where in doubt lines are kept: a telephone number among the words does no harm, a request that is cut away does.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import NamedTuple

from kept.domain.mail import own_words_markers as data
from kept.domain.mail.reader import MAX_TEXT, Mail

_MOST_PASSES = 4  # what was cut can bring lines together that are a quote's head; two passes are the rule
_MOST_LINES = 4_000
_MOST_LINE = 400  # characters of a line that are looked at
_MOST_ENDS = 8  # footers and signatures one below the other
_MOST_WRAPPED = 4  # lines of one attribution
_MOST_HEADER_LINES = 50  # of a quoted mail, with those of a long list of recipients
_MOST_UNADDRESSED = 25  # words of an attribution without an address
_MOST_FOOTER_LINES = 200
_MOST_FOOTER_PARAGRAPH = 40  # lines of a footer below the one that it is known by
_MOST_SIGNATURE = 15  # lines below `--`
_MOST_CARD = 8  # lines of a closing with name, company, telephone
_MOST_DEVICE_WORDS = 9

_INVISIBLE = re.compile("[\u00ad\u061c\u0640\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_MARKS = re.compile("[\u0300-\u036f\u0610-\u061a\u0621\u064b-\u065f\u0670\u06d6-\u06ed]")  # and the Arabic hamza
_LETTERS = str.maketrans("\u0649\u06cc\u0629\u06a9\u0131", "\u064a\u064a\u0647\u0643i")
_WORD = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"<(?:mailto:)?([^\s<>@]{1,64}+@[^\s<>]{1,255}+)>?", re.IGNORECASE)
_ANY_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}+@[\w.-]{1,255}+")
_LINK = re.compile(r"(?:https?://|www\.)\S{1,2000}+", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_HEAD_SIGN = re.compile("[:\uff1a<]")
_SENTENCE_END = re.compile(r"[^\W\d_]{5}[.!?\u061f](?:\s|$)")  # not the point of a month's short name
# The end of a sentence, and not of a short month ("3 Feb.", "3. Sept.").
_FULL_STOP = re.compile(r"(?<!\d [^\W\d_]{3})(?<!\d [^\W\d_]{4})(?<!\d\. [^\W\d_]{3})(?<!\d\. [^\W\d_]{4})[.!?\u061f]$")
_LINK_ROW = re.compile(r"[|\u00b7\u2022]")

_Words = tuple[str, ...]
_Part = tuple[frozenset[str], ...]  # words in a row, each with its choices
_Pattern = tuple[_Part, ...]  # in this order, with any words in between


class _Line(NamedTuple):
    text: str  # as it stands in the mail
    shown: str  # without invisible characters and white space around
    words: _Words = ()  # normalised
    kinds: frozenset[str] = frozenset()  # of the header labels in it: from, date, to, cc, subject
    separates: bool = False  # "----- Original message -----"
    is_rule: bool = False  # "-----------"
    plain: bool = False  # cannot be the first line of a quote's head


@dataclass(frozen=True, slots=True)
class _People:
    """Who writes and who we are, as far as that tells own words from quoted ones."""

    sender: str  # address
    name: _Words
    names: frozenset[str]  # words of the sender's name and of the address before its @
    our_domains: tuple[str, ...]

    def is_ours(self, text: str) -> bool:
        domains = (match[0].rpartition("@")[2].rstrip(".").lower() for match in _ANY_ADDRESS.finditer(text))
        return any(d == ours or d.endswith("." + ours) for d in domains for ours in self.our_domains)

    def wrote(self, text: str) -> bool:
        return self.sender in text.lower() or (bool(self.name) and set(self.name).issubset(_words(text)))


def own_words(mail: Mail, our_domains: Collection[str] = ()) -> str:
    """The person's own new words of a mail's text, in whole lines; "" where there are none.

    `our_domains` are the domains we send from: a line above quoted words that names an address there is recognised in
    any language. An empty line stands where a quote was. Never raises; linear in the text, of which at most
    `MAX_TEXT` characters and 4,000 lines are read.
    """
    local_part = (mail.sender or "").partition("@")[0]
    people = _People(
        sender=(mail.sender or "\n").lower(),
        name=_words(mail.sender_name),
        names=frozenset(word for word in _words(f"{mail.sender_name} {local_part}") if len(word) > 1),
        our_domains=tuple(domain.lower() for domain in our_domains),
    )
    lines = [_line(text) for text in mail.text[:MAX_TEXT].split("\n", _MOST_LINES)[:_MOST_LINES]]
    for _ in range(_MOST_PASSES):
        before = lines
        lines = _joined(_without_end(stretch, people) for stretch in _own_stretches(lines, people))
        if lines == before:
            break
    return "\n".join(line.text for line in lines)


def _line(text: str) -> _Line:
    shown = _INVISIBLE.sub("", text[:_MOST_LINE]).strip()
    if not shown or shown[0] == ">":
        return _Line(text, shown)
    words = _words(shown)
    kinds = _label_kinds(shown) if ":" in shown else frozenset[str]()
    separates = _separates(shown, words)
    is_rule = len(shown) >= 3 and not shown.strip("-_=*\u2014\u2500")
    starts = _HEAD_SIGN.search(shown) or words[:1] in _OPENERS or (words and not shown[0].isalpha())
    return _Line(text, shown, words, kinds, separates, is_rule, not (separates or is_rule or starts))


def _words(text: str) -> _Words:
    return tuple(_WORD.findall(_folded(text)))


def _folded(text: str) -> str:
    """The text without what tells spellings of a word apart: case, accents, Arabic letter forms, marks."""
    text = text.casefold()
    if not text.isascii():
        # Marks go before as well as after: decomposing long runs of them is quadratic.
        text = unicodedata.normalize("NFKD", _MARKS.sub("", _INVISIBLE.sub("", text)))
        text = _MARKS.sub("", text).translate(_LETTERS)
    return text.replace("e-mail", "email").replace("e-posta", "eposta")


def _joined(stretches: Iterable[Sequence[_Line]]) -> list[_Line]:
    lines: list[_Line] = []
    for stretch in stretches:
        first = next((number for number, line in enumerate(stretch) if line.shown), len(stretch))
        if first < len(stretch):
            lines += [_BLANK, *stretch[first:]] if lines else stretch[first:]
    return lines


# Quotes


def _own_stretches(lines: list[_Line], people: _People) -> list[list[_Line]]:
    stretches: list[list[_Line]] = [[]]
    at = 0
    written = False  # whether the person wrote anything up to here
    while at < len(lines):
        line = lines[at]
        if line.shown.startswith(">"):
            below, goes_on = at + 1, True
        elif not line.shown or (line.plain and not lines[min(at + 1, len(lines) - 1)].shown.startswith("<")):
            below, goes_on = at, True
            written = written or bool(line.shown)
        elif _answers_stand_above(line):
            break
        elif (below := _below_attribution(lines, at, people)) > at:
            goes_on = _is_quoted(lines, below)
        elif (below := _below_head(lines, at, people)) > at:
            goes_on = _is_quoted(lines, below) or (not written and _is_own_head(lines[at:below], people))
        else:
            goes_on = written = True
        if not goes_on:
            break
        if below > at and stretches[-1]:
            stretches.append([])
        elif below == at:
            stretches[-1].append(line)
        at = max(below, at + 1)
    return stretches


def _is_quoted(lines: list[_Line], below: int) -> bool:
    following = next((line for line in lines[below : below + 4] if line.shown), _BLANK)
    return following.shown.startswith(">")


def _answers_stand_above(line: _Line) -> bool:
    framed = line.shown[0] in "#-=*_~<[(" and not line.shown[-1].isalnum()
    return framed and len(line.shown) <= 150 and any(_matches(line.words, p, anywhere=True) for p in _REPLY_ABOVE)


def _opens_attribution(line: _Line) -> bool:
    return line.words[:1] in _OPENERS and any(c.isdigit() for c in line.shown)


def _below_attribution(lines: list[_Line], at: int, people: _People) -> int:
    """Where the text below "On Monday Ann wrote:" begins, which may take a few lines; `at` where there is none."""
    first = lines[at]
    if not first.words:
        return at
    opens = _opens_attribution(first) or (first.shown[0].isdigit() and bool(_YEAR.search(first.shown)))
    starts = opens or bool(_ADDRESS.search(first.shown)) or lines[min(at + 1, len(lines) - 1)].shown.startswith("<")
    text, words = "", list[str]()
    for number in range(at, min(at + (_MOST_WRAPPED if starts else 1), len(lines))):
        line = lines[number]
        if number > at and (
            not line.shown or _opens_attribution(line) or len(text) > _MOST_LINE or _FULL_STOP.search(text)
        ):
            break
        if line.shown.startswith(">"):  # "> wrote:" after a "<" at the end of a line
            if text.rfind("<") <= text.rfind(">"):
                break
            words += _words(line.shown)
        text, words = f"{text} {line.shown}", [*words, *line.words]
        if _is_attribution(text.strip(), words, people, opens=opens, quoted=_is_quoted(lines, number + 1)):
            return number + 1
    return at


def _is_attribution(text: str, words: list[str], people: _People, *, opens: bool, quoted: bool) -> bool:
    addressed = _ADDRESS.search(text)
    colon = text[-1] in ":\uff1a"
    if not colon and not (addressed or (text[0] == text[-1] == "-")):
        return False
    dated = any(c.isdigit() for c in text)
    if colon and addressed and (quoted or (dated and (text[:-1].rstrip()[-1:] == ">" or people.is_ours(addressed[0])))):
        return True
    verb = next((n for n in range(len(words) - 1, -1, -1) if words[n] in _VERBS), None)
    if verb is None or (words[verb] in _VERBS_LAST and verb < len(words) - 1 and not (addressed and colon)):
        return False
    if quoted and colon and len(words) <= 30:
        return True
    if not addressed and (len(words) > _MOST_UNADDRESSED or _SENTENCE_END.search(text)):
        return False
    told = _REPORTING.intersection(words[max(0, verb - 1) : verb] + words[verb + 1 : verb + 2])
    if words[verb] == "ecrit" and words[verb - 1 : verb] == ["a"]:
        told = _REPORTING.intersection(words[max(0, verb - 2) : verb - 1])
    return bool(addressed) or (opens and dated and not told)


def _below_head(lines: list[_Line], at: int, people: _People) -> int:
    """Where the text below a quoted mail's header lines begins, with the rule above them; `at` where there are none."""
    separated = False
    labels = at
    for line in lines[at : at + 4]:
        if not line.separates and line.shown and not line.is_rule:
            break
        separated = separated or line.separates
        labels += 1
    if labels == len(lines) or not (lines[labels].kinds or people.our_domains):
        return at + separated
    below, kinds = _label_lines(lines, labels)
    addressed = any("@" in line.shown for line in lines[labels:below])
    if (
        ("from" in kinds and (separated or kinds & {"date", "subject"} or (addressed and "to" in kinds)))
        or len(kinds) > 2
        or (separated and below > labels)
    ):
        return below
    # In other languages: three labels in a row, the first with our name and <address>.
    address = _ADDRESS.search(lines[labels].shown)
    labelled = sum(1 for _ in takewhile(_is_labelled, lines[labels : labels + 6]))
    return labels + labelled if address and people.is_ours(address[0]) and labelled > 2 else at + separated


def _label_lines(lines: list[_Line], start: int) -> tuple[int, set[str]]:
    """Where header lines end that begin at a line, and their kinds. No kind comes twice."""
    kinds = set[str]()
    below = at = start
    while at < len(lines):
        line = lines[at]
        if line.kinds and not kinds.intersection(line.kinds):
            kinds |= line.kinds
        else:
            following = lines[at + 1 : at + 2]
            goes_on = _continues(lines[at - 1], line) if line.shown else bool(following and following[0].kinds)
            if not (kinds and goes_on and at - start < _MOST_HEADER_LINES):
                break
        at += 1
        below = at
    return below, kinds


def _continues(above: _Line, line: _Line) -> bool:
    return above.shown.endswith((",", ";")) or (bool(above.shown) and line.text[:1] in (" ", "\t"))


def _label_kinds(shown: str) -> frozenset[str]:
    pieces = shown.replace("\uff1a", ":").split(":", 8)[:-1]
    first = _LABELS.get(_words(pieces[0][:40]))
    if first is None:
        return frozenset()
    # Programs that lose line breaks write several in a row: "From: Ann Sent: Monday To: Ben".
    ends = [_words(piece[-40:]) for piece in pieces[1:]]
    return frozenset({first} | {kind for w in ends if (kind := _LABELS.get(w[-2:]) or _LABELS.get(w[-1:]))})


def _is_labelled(line: _Line) -> bool:
    label, colon, value = line.shown.partition(":")
    return bool(colon) and len(label) <= 25 and bool(value.strip(" *"))


def _separates(shown: str, words: _Words) -> bool:
    if words in _SEPARATORS:
        return shown[0] in "-_=*#" or shown[-1] in ":-"
    if len(shown) >= 30 and not shown.strip("_"):  # Outlook's
        return True
    return bool(words) and shown.startswith("---") and any(words[:n] in _SEPARATORS for n in range(2, 6))


def _is_own_head(head: list[_Line], people: _People) -> bool:
    """Whether header lines with nothing above them head a letter to us, or one that the sender wrote before."""
    sender = next((line.shown for line in head if "from" in line.kinds), "")
    others = " ".join(line.shown for line in head if "from" not in line.kinds)
    if not sender or people.is_ours(sender):
        return False
    return people.wrote(sender) or people.is_ours(others)


# Signatures and footers


def _without_end(lines: list[_Line], people: _People) -> list[_Line]:
    end = len(lines)
    for _ in range(_MOST_ENDS):
        before = end
        while end and (not lines[end - 1].shown or _is_device_line(lines[end - 1])):
            end -= 1
        footer = _footer(lines, end)
        end = footer if footer < end else _signature(lines, end, people)
        if end == before:
            break
    return lines[:end]


def _is_device_line(line: _Line) -> bool:
    words = _words(_LINK.sub("", line.shown))
    return (
        len(words) <= _MOST_DEVICE_WORDS
        and not _DEVICE_WORDS.isdisjoint(words)
        and not {",", "\u060c"}.intersection(line.shown)
        and any(_matches(words, pattern) for pattern in _DEVICES.get(words[:1], ()))
    )


def _footer(lines: list[_Line], end: int) -> int:
    """Where footers that go on to the end begin; `end` where there are none."""
    start = end
    others = 0  # lines of a paragraph above its first footer's line, or all where it has none
    for at in range(end - 1, max(-1, end - _MOST_FOOTER_LINES), -1):
        line = lines[at]
        if not line.shown:
            if others:
                break
        elif _is_footer_line(lines, at, end):
            start, others = at, 0
        elif _is_own(line.words) or others > _MOST_FOOTER_PARAGRAPH:
            break
        elif not _is_inert(line, with_links=True) and not _is_title(line):
            others += 1
    return start


def _is_footer_line(lines: list[_Line], at: int, end: int) -> bool:
    line = lines[at]
    pieces = _LINK_ROW.split(line.shown)
    if len(pieces) > 1 and any(_words(piece) in _LINK_WORDS for piece in pieces):
        return len(line.words) <= 20
    words = line.words
    if words[:2] == ("p", "s") or words[:1] == ("ps",):
        words = words[1 + (words[0] == "p") :]
    sure, impersonal = _FOOTERS.get(words[:1], ()), _IMPERSONAL_FOOTERS.get(words[:1], ())
    if not sure and not impersonal:
        return False
    for following in takewhile(lambda below: below.shown, lines[at + 1 : min(at + 3, end)]):
        words += following.words
    return any(_matches(words, pattern) for pattern in sure) or (
        any(_matches(words, pattern) for pattern in impersonal) and not _is_own(words)
    )


def _is_inert(line: _Line, *, with_links: bool = False) -> bool:
    """Whether a line is only addresses, links, telephone numbers and their labels."""
    rest = _words(_ANY_ADDRESS.sub(" ", _LINK.sub(" ", line.shown)))
    if with_links and (rest in _LINK_WORDS or line.shown[0] == "\u00a9" or rest[:2] == ("c", "copyright")):
        return True
    digits = sum(c.isdigit() for c in line.shown)
    contact = digits >= 6 or len(rest) < len(line.words) or line.is_rule
    return contact and all(word in _CONTACT_LABELS or word.isdigit() for word in rest)


def _signature(lines: list[_Line], end: int, people: _People) -> int:
    for at in range(end - 1, max(-1, end - _MOST_SIGNATURE - 2), -1):
        shown = lines[at].shown
        rule = shown == "--" or (len(shown) >= 10 and not shown.strip("_"))
        if rule and (lines[at].text == "-- " or not any(_is_own(line.words) for line in lines[at + 1 : end])):
            return at
    return _closing(lines, end, people)


def _closing(lines: list[_Line], end: int, people: _People) -> int:
    """Where "Regards", the sender's name and lines of a visiting card begin, at the end; `end` where they do not."""
    first = next((at for at in range(end) if lines[at].shown), end)
    card = [at for at in range(max(0, end - 2 * _MOST_CARD), end) if lines[at].shown][-_MOST_CARD:]
    for number, at in enumerate(card):
        words, below = lines[at].words, [lines[n] for n in card[number + 1 :]]
        if closes := words in _CLOSINGS:
            named = not below or _is_name(below[0].words, people)
            below = below[1:]
        elif named := _is_name(words, people):
            closes = False
        else:
            name = next((words[n:] for n in range(1, min(6, len(words))) if words[:n] in _CLOSINGS), ())
            closes = named = _is_name(name, people)
        if named and (closes or at > first):
            titles = [line for line in below if not _is_inert(line)]
            if not titles or (closes and all(_is_title(line) for line in titles)):
                return at
    return end


def _is_name(words: Sequence[str], people: _People) -> bool:
    return not people.names.isdisjoint(words) and all(word in people.names or len(word) == 1 for word in words)


def _is_title(line: _Line) -> bool:
    """Whether a line looks like a position or a company: two to eight words, the longer ones with a capital."""
    words = _WORD.findall(line.shown)
    return (
        2 <= len(words) <= 8
        and line.shown[-1] not in "!?\u061f"
        and not line.shown.isupper()
        and all(word[0].isupper() for word in words if len(word) > 3)
        and not _is_own(line.words)
    )


def _is_own(words: Sequence[str]) -> bool:
    """Whether somebody speaks of himself."""
    return not _FIRST_PERSON.isdisjoint(words) or (
        "i" in words and any(a == "i" and b in _FIRST_PERSON_VERBS for a, b in pairwise(words))
    )


# Data


def _matches(words: Sequence[str], pattern: _Pattern, *, anywhere: bool = False) -> bool:
    """Whether words begin with a pattern's first part (or have it `anywhere`), and its others follow in their order."""
    at = 0
    for number, part in enumerate(pattern):
        last = len(words) - len(part) if number or anywhere else min(0, len(words) - len(part))
        found = next((n for n in range(at, last + 1) if all(words[n + k] in part[k] for k in range(len(part)))), None)
        if found is None:
            return False
        at = found + len(part)
    return True


def _patterns(*entries: str) -> list[_Pattern]:
    folded = _folded("\n".join(entries)).replace("'", " ")  # which makes three points of an ellipsis
    return [
        tuple(tuple(frozenset(element.split("|")) for element in part.split()) for part in entry.split("..."))
        for entry in folded.split("\n")
        if entry
    ]


def _by_first_word(patterns: list[_Pattern]) -> dict[_Words, list[_Pattern]]:
    table = defaultdict[_Words, list[_Pattern]](list)
    for pattern in patterns:
        for word in pattern[0][0]:
            table[word,].append(pattern)
    return dict(table)


def _lines(entries: str) -> frozenset[_Words]:
    return frozenset(words for entry in entries.split("\n") if (words := _words(entry)))


_BLANK = _Line("", "")
_OPENERS = frozenset((word,) for word in _words(data.ATTRIBUTION_OPENERS))
_VERBS_LAST = frozenset(_words(data.ATTRIBUTION_VERBS_LAST))
_VERBS = _VERBS_LAST | frozenset(_words(data.ATTRIBUTION_VERBS))
_REPORTING = frozenset(_words(data.REPORTING))
_LABELS = {
    _words(name.replace("_", " ")): kind
    for kind, *names in (row.split() for row in data.HEADER_LABELS.strip().split("\n"))
    for name in names
}
_SEPARATORS = _lines(data.SEPARATORS)
_REPLY_ABOVE = _patterns(data.REPLY_ABOVE)
_DEVICES = _by_first_word(_patterns(data.DEVICE_LINES))
_DEVICE_WORDS = frozenset(_words(data.DEVICES))
_CLOSINGS = _lines(data.CLOSINGS)
_CONTACT_LABELS = frozenset(_words(data.CONTACT_LABELS))
_LINK_WORDS = _lines(data.LINK_WORDS)
_FIRST_PERSON = frozenset(_words(data.FIRST_PERSON))
_FIRST_PERSON_VERBS = frozenset(_words(data.FIRST_PERSON_VERBS))
_FOOTERS = _by_first_word(_patterns(data.LEGAL_FOOTERS, data.OPT_OUT_OFFERS))
_IMPERSONAL_FOOTERS = _by_first_word(_patterns(data.NEWSLETTER_FOOTERS))
