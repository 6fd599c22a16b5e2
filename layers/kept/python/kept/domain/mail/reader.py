"""Any bytes to a readable mail.

Written on plain byte searches and not on the standard library's `email`: measured on Python 3.11, that raises
RecursionError on 90 KB of nested `message/rfc822`, takes 8 s of CPU for 2 MB in 80 nested multiparts and 272 MB of
memory for a 30 MB message. Here every step is linear in what it looks at, and what it looks at is capped.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from kept.domain.mail.charsets import decode
from kept.domain.mail.header_fields import (
    base64_size,
    decode_base64,
    decode_words,
    first_mailbox,
    one_line,
    parameters,
    split_section,
)
from kept.domain.mail.html_text import html_to_text
from kept.domain.records import Attachment

MAX_TEXT = 65_536  # bytes of UTF-8 of a mail's text
MAX_SUBJECT = 998  # characters: a line of RFC 5322
MAX_HEADERS = 200
MAX_ATTACHMENTS = 100
MAX_NAME = 255  # characters of an attachment's name
MAX_REPORT_PART = 16 * 1024  # bytes that are kept of a report's part
# What bounces and feedback reports say: their fields (RFC 3464, 6533, 5965), and the head of the mail that they return.
STATUS_TYPES = frozenset(("message/delivery-status", "message/global-delivery-status"))
FEEDBACK_TYPE = "message/feedback-report"
RETURNED_TYPES = frozenset(
    ("message/rfc822", "message/global", "text/rfc822-headers", "text/rfc822-header", "message/global-headers")
)
_MAX_PARTS = 500
_MAX_PART_TYPES = 100
_MAX_DEPTH = 10  # multiparts in each other
_MAX_BOUNDARIES = 20_000  # places looked at that might be a boundary
_MAX_HTML = 512 * 1024  # characters of HTML that are looked at in all parts together
_MAX_ENCODED_TEXT = 1024 * 1024  # bytes that are decoded of all text parts together

_PART_FIELDS = ("content-type", "content-disposition", "content-transfer-encoding")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
_LANGUAGE = re.compile(r"\s*([A-Za-z]{2,3})(?![A-Za-z])")
_CALENDAR_METHOD = re.compile(rb"^METHOD:([A-Za-z-]{1,30})\r?$", re.MULTILINE | re.IGNORECASE)
_META_CHARSET = re.compile(rb"charset\s{0,5}=\s{0,5}[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReportPart:
    """A part that says what became of a mail, or the header section of the mail that is returned."""

    content_type: str
    data: bytes  # without its transfer encoding, at most 16,384 bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as a person would read it. All text is valid Unicode without controls, NUL or surrogates."""

    sender: str | None  # address of From (its first mailbox), domain in lower case; None where there is none
    sender_name: str  # at most 255 characters
    reply_to: str | None
    message_id: str  # with its angle brackets, as it stands; "" where there is none
    subject: str  # decoded, one line, at most 998 characters
    text: str  # the plain parts, or HTML turned into text; at most 65,536 bytes of UTF-8, cut on a character
    text_truncated: bool
    language: str  # primary tag of Content-Language in lower case, or ""
    attachments: tuple[Attachment, ...]  # at most 100
    defects: tuple[str, ...]  # sorted codes, never content: see `read_mail`
    headers: Mapping[str, tuple[str, ...]]  # lower-case name → decoded values of at most 4,096 characters
    content_type: str  # of the whole, "text/plain" where there is none
    report_type: str  # of a multipart/report (RFC 6522), in lower case, or ""
    feedback_type: str  # of a feedback report (RFC 5965), in lower case, or ""
    part_types: tuple[str, ...]  # content types of the parts in their order, those within attached mails left out
    calendar_method: str  # of an invitation or an answer to one (RFC 6047), in lower case, or ""
    report_parts: tuple[ReportPart, ...]  # the first of each type that reports are made of, see `reports`


@dataclass(frozen=True, slots=True)
class _Part:
    fields: Mapping[str, str]  # the first of each name, not decoded
    content_type: str
    parameters: Mapping[str, str]
    disposition: str
    name: str
    encoding: str
    start: int
    end: int


@dataclass(slots=True)
class _Walk:
    """What comes together while the parts are walked through, and what may still be spent on it."""

    raw: bytes
    defects: set[str] = field(default_factory=set)
    attachments: list[Attachment] = field(default_factory=list)
    attached: list[_Part] = field(default_factory=list)  # the parts that they are
    types: list[str] = field(default_factory=list)
    feedback_type: str = ""
    calendar_method: str = ""
    report_parts: dict[str, bytes] = field(default_factory=dict)
    named_text: _Part | None = None
    truncated: bool = False
    parts_left: int = _MAX_PARTS
    boundaries_left: int = _MAX_BOUNDARIES
    text_left: int = _MAX_ENCODED_TEXT
    html_left: int = _MAX_HTML


def read_mail(raw: bytes) -> Mail:
    """Read a mail. Never raises, whatever the bytes; what is wrong with them is named in `defects`.

    The codes: empty (no bytes but white space), no-from (no address in From), bad-header (a line that is no field,
    too many or too long ones), bad-header-charset, bad-charset (of a text: not declared, unknown or wrong),
    bad-encoding (of a text: base64 out of order, or an unknown encoding), broken-mime (a multipart without its
    boundaries), too-many-parts and too-deep (what is beyond is taken as one attachment).
    """
    walk, root, values = _walk_of(raw)
    text = _text_of(root, walk, depth=0, wanted=True)[0].strip("\n")
    if not text and walk.named_text:  # a body with a file name, which looked like an attachment
        html = walk.named_text.content_type == "text/html"
        text = (_html if html else _plain)(walk.named_text, walk).strip("\n")
    encoded = text.encode()
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in values:
        headers[name] = (*headers.get(name, ()), decode_words(value))
    sender_name, sender = first_mailbox(root.fields.get("from", ""))
    if sender is None:
        walk.defects.add("no-from")
    language = _LANGUAGE.match(root.fields.get("content-language", ""))
    return Mail(
        sender=sender,
        sender_name=sender_name,
        reply_to=first_mailbox(root.fields.get("reply-to", ""))[1],
        message_id=one_line(root.fields.get("message-id", ""))[:MAX_SUBJECT],
        subject=headers.get("subject", ("",))[0][:MAX_SUBJECT].rstrip(),
        text=encoded[:MAX_TEXT].decode("utf-8", "ignore"),
        text_truncated=walk.truncated or len(encoded) > MAX_TEXT,
        language=language[1].lower() if language else "",
        attachments=tuple(walk.attachments),
        defects=tuple(sorted(walk.defects)),
        headers=MappingProxyType(headers),
        content_type=root.content_type,
        report_type=root.parameters.get("report-type", "")[:100].lower(),
        feedback_type=walk.feedback_type,
        part_types=tuple(walk.types),
        calendar_method=walk.calendar_method,
        report_parts=tuple(ReportPart(content_type, data) for content_type, data in walk.report_parts.items()),
    )


def attachment_bytes(raw: bytes, place: int) -> bytes | None:
    """The file behind an attachment of `read_mail`, by its place there; None where there is no such."""
    walk, root, _ = _walk_of(raw)
    _text_of(root, walk, depth=0, wanted=True)
    if not 0 <= place < len(walk.attached):
        return None
    part = walk.attached[place]
    return _without_encoding(walk.raw[part.start : part.end], part.encoding)[0]


def _walk_of(raw: bytes) -> tuple[_Walk, _Part, list[tuple[str, str]]]:
    """What a walk through a mail begins with: itself, the part that is the whole, and the header's fields, decoded."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    walk = _Walk(raw)
    start = 3 if raw.startswith(codecs.BOM_UTF8) else 0
    start += len(raw[start : start + 1024]) - len(raw[start : start + 1024].lstrip(b"\r\n"))
    fields, body, in_order = split_section(raw, start, len(raw), MAX_HEADERS)
    if not in_order:
        walk.defects.add("bad-header")
    if not raw or raw.isspace():
        walk.defects.add("empty")
    values = _decoded_fields(fields, walk)
    return walk, _part(dict(reversed(values)), body, len(raw), "text/plain"), values


def _decoded_fields(fields: list[tuple[str, bytes]], walk: _Walk) -> list[tuple[str, str]]:
    """Bytes of the fields to text. Raw 8-bit text is UTF-8 (RFC 6532), else most likely in the body's charset."""
    values: list[tuple[str, str]] = []
    charset: str | None = None
    for name, value in fields:
        text, right = decode(value)
        if not right:
            walk.defects.add("bad-header-charset")
            if charset is None:
                declared = dict(reversed(fields)).get("content-type", b"").decode("ascii", "replace")
                charset = parameters(declared)[1].get("charset", "")
            text = decode(value, charset)[0]
        values.append((name, text))
    return values


def _part(fields: Mapping[str, str], start: int, end: int, default_type: str) -> _Part:
    content_type, content_parameters = parameters(fields.get("content-type", ""))
    disposition, disposition_parameters = parameters(fields.get("content-disposition", ""))
    if not _TYPE.fullmatch(content_type):
        # RFC 2045 5.2: without a type that can be read it is plain text; "text" alone is seen, and means it too.
        content_type = default_type if not content_type else "text/plain"
    return _Part(
        fields=fields,
        content_type=content_type,
        parameters=content_parameters,
        disposition=disposition,
        name=(disposition_parameters.get("filename") or content_parameters.get("name") or "")[:MAX_NAME].strip(),
        encoding=fields.get("content-transfer-encoding", "").partition(";")[0].strip().lower(),
        start=start,
        end=end,
    )


def _text_of(part: _Part, walk: _Walk, *, depth: int, wanted: bool) -> tuple[str, bool]:
    """The text of a part and all within it, and whether it was plain text; its attachments go into `walk`.

    Not `wanted` is a part whose text is there already in another form: only its attachments count.
    """
    if len(walk.types) < _MAX_PART_TYPES:
        walk.types.append(part.content_type)
    kind, _, subtype = part.content_type.partition("/")
    if kind == "multipart":
        children = _children(part, walk) if depth < _MAX_DEPTH else None
        if children is None:
            walk.defects.add("too-deep")
            _attach(part, walk)
            return "", False
        if not children:  # whatever it is, it can be read as it stands
            walk.defects.add("broken-mime")
            return (_plain(part, walk), True) if wanted else ("", False)
        return _joined(children, walk, depth=depth, wanted=wanted, choose=subtype == "alternative")
    _note_machine_part(part, walk)
    is_body = (depth == 0 and kind == "text") or (
        part.content_type in ("text/plain", "text/html") and part.disposition != "attachment" and not part.name
    )
    if not is_body:
        if kind == "text" and subtype in ("plain", "html") and part.disposition != "attachment":
            walk.named_text = walk.named_text or part
        _attach(part, walk)
        return "", False
    if not wanted:
        return "", False
    return (_html(part, walk), False) if subtype == "html" else (_plain(part, walk), True)


def _note_machine_part(part: _Part, walk: _Walk) -> None:
    """Keep what programs tell each other in a part: delivery, feedback, invitations."""
    content_type = part.content_type
    if content_type == "text/calendar" and not walk.calendar_method:
        method = part.parameters.get("method", "")
        # A file that somebody attached has a method within as well, but mail programs do not say so in its type.
        if not method and part.disposition != "attachment" and not part.name:
            found = _CALENDAR_METHOD.search(_beginning(part, walk, 4096))
            method = found[1].decode("ascii") if found else ""
        walk.calendar_method = method[:30].lower()
    elif content_type in walk.report_parts:
        return
    elif content_type in RETURNED_TYPES:
        data = _beginning(part, walk, MAX_REPORT_PART)
        walk.report_parts[content_type] = data[: split_section(data, 0, len(data), MAX_HEADERS)[1]]
    elif content_type in STATUS_TYPES or content_type == FEEDBACK_TYPE:
        data = walk.report_parts[content_type] = _beginning(part, walk, MAX_REPORT_PART)
        if content_type == FEEDBACK_TYPE:
            fields = dict(reversed(split_section(data, 0, len(data), 50)[0]))
            walk.feedback_type = fields.get("feedback-type", b"").decode("ascii", "ignore").lower()[:100]


def _joined(children: list[_Part], walk: _Walk, *, depth: int, wanted: bool, choose: bool) -> tuple[str, bool]:
    texts: list[str] = []
    any_plain = False
    for child in children:
        text, plain = _text_of(child, walk, depth=depth + 1, wanted=wanted and not (choose and any_plain))
        if not text.strip():
            continue
        if choose and plain:
            texts = []
        if not (choose and texts):
            texts.append(text)
            any_plain = any_plain or plain
    return "\n\n".join(texts), any_plain


def _children(part: _Part, walk: _Walk) -> list[_Part]:
    """The parts of a multipart, found by its boundary; none where it has none."""
    boundary = part.parameters.get("boundary", "").encode("utf-8", "replace")[:200]
    if not boundary:
        return []
    default_type = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
    children: list[_Part] = []
    begin = -1  # where the part that is being passed over begins
    closed = False
    for line_start, line_end, closes in _boundary_lines(part, boundary, walk):
        if begin >= 0:
            children.append(_child(walk, begin, line_start, default_type))
            walk.parts_left -= 1
        begin, closed = line_end, closes
        if closes or walk.parts_left <= 0:
            break
    if begin >= 0 and not closed:
        if walk.parts_left <= 0 or walk.boundaries_left <= 0:
            walk.defects.add("too-many-parts")
            _attach(_part({"content-type": "application/octet-stream"}, begin, part.end, default_type), walk)
        else:
            walk.defects.add("broken-mime")
            children.append(_child(walk, begin, part.end, default_type))
    return children


def _boundary_lines(part: _Part, boundary: bytes, walk: _Walk) -> Iterator[tuple[int, int, bool]]:
    """Where each boundary begins (with the line break before it) and where its line ends, and whether it closes."""
    raw, delimiter = walk.raw, b"\n--" + boundary
    found = raw.find(delimiter, max(0, part.start - 1), part.end)  # the first may follow the header section at once
    while found >= 0 and walk.boundaries_left > 0:
        walk.boundaries_left -= 1
        after = found + len(delimiter)
        furthest = min(part.end, after + 1000)
        line_end = raw.find(b"\n", after, furthest)
        line_end = furthest if line_end < 0 else line_end
        rest = raw[after:line_end].rstrip()
        if rest in (b"", b"--"):
            yield found - (raw[found - 1 : found] == b"\r"), min(line_end + 1, part.end), rest == b"--"
        found = raw.find(delimiter, line_end, part.end)


def _child(walk: _Walk, start: int, end: int, default_type: str) -> _Part:
    end = max(start, end)
    fields, body, in_order = split_section(walk.raw, start, end, 50)
    if not in_order:
        walk.defects.add("bad-header")
    values = _decoded_fields([(name, value) for name, value in fields if name in _PART_FIELDS], walk)
    return _part(dict(reversed(values)), body, end, default_type)


def _attach(part: _Part, walk: _Walk) -> None:
    if len(walk.attachments) >= MAX_ATTACHMENTS:
        walk.defects.add("too-many-parts")
        return
    size = max(0, part.end - part.start)
    if part.encoding == "base64":
        size = base64_size(walk.raw, part.start, part.end)
    elif part.encoding == "quoted-printable":
        soft_breaks = walk.raw.count(b"=\n", part.start, part.end)
        soft_crlf_breaks = walk.raw.count(b"=\r\n", part.start, part.end)
        escapes = walk.raw.count(b"=", part.start, part.end) - soft_breaks - soft_crlf_breaks
        size = max(0, size - 2 * soft_breaks - 3 * soft_crlf_breaks - 2 * escapes)
    walk.attachments.append(Attachment(part.name, part.content_type, size))
    walk.attached.append(part)


def _plain(part: _Part, walk: _Walk) -> str:
    data, cut = _decoded(part, walk)
    text, right = decode(data, part.parameters.get("charset", ""), cut=cut)
    if not right:
        walk.defects.add("bad-charset")
    return text


def _html(part: _Part, walk: _Walk) -> str:
    data, cut = _decoded(part, walk)
    charset = part.parameters.get("charset", "")
    if not charset and (meta := _META_CHARSET.search(data[:4096])):
        charset = meta[1].decode("ascii")
    text, right = decode(data, charset, cut=cut)
    if not right:
        walk.defects.add("bad-charset")
    walk.truncated = walk.truncated or len(text) > walk.html_left
    text = text[: walk.html_left]
    walk.html_left -= len(text)
    return html_to_text(text, MAX_TEXT)


def _decoded(part: _Part, walk: _Walk) -> tuple[bytes, bool]:
    """A text part's bytes without their transfer encoding, and whether the end was cut off."""
    size = max(0, part.end - part.start)
    taken = min(size, walk.text_left)
    walk.text_left -= taken
    walk.truncated = walk.truncated or taken < size
    data, in_order = _without_encoding(walk.raw[part.start : part.start + taken], part.encoding)
    if not in_order and (taken == size or part.encoding != "base64"):
        walk.defects.add("bad-encoding")
    return data, taken < size


def _beginning(part: _Part, walk: _Walk, most: int) -> bytes:
    """At most so many bytes of a part, without its transfer encoding."""
    encoded = walk.raw[part.start : min(part.end, part.start + 2 * most)]
    return _without_encoding(encoded, part.encoding)[0][:most]


def _without_encoding(data: bytes, encoding: str) -> tuple[bytes, bool]:
    """Bytes without their transfer encoding, and whether it was in order."""
    if encoding == "base64":
        return decode_base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data), True
    return data, encoding in ("", "7bit", "8bit", "binary", "7-bit", "8-bit")
