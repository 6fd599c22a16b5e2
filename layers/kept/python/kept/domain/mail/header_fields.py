"""The header section of a mail or of one of its parts, read once and in linear time.

The standard library's parsers are not used: on hostile mail they recurse (nested comments and parts), are quadratic
(14 KB of `; ; ;`), or raise. What is accepted here is wider than RFC 5322, 2045, 2047 and 2231 allow.
"""

from __future__ import annotations

import binascii
import itertools
import re
from urllib.parse import unquote_to_bytes

from kept.domain.mail.charsets import clean, codec_for, decode

MAX_SECTION = 256 * 1024  # bytes of a header section that are looked at
MAX_FIELD = 8 * 1024  # bytes of one field that are looked at
MAX_VALUE = 4 * 1024  # characters of a decoded field that are kept

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60}+)\?([bBqQ])\?([^?]*+)\?=")
_PARAMETER = re.compile(r';\s*+([^\s=;"]{1,60}+)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^;]*+))', re.DOTALL)
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*+\)")
_ADDRESS_PIECE = re.compile(
    r'=\?[^?\s]{1,60}+\?[bBqQ]\?[^?]*+\?=|"(?:[^"\\]|\\.)*+"|\((?:[^()\\]|\\.)*+\)|<[^<>]*+>|[^"(<,;:=]++|.',
    re.DOTALL,
)
_LOCAL_PART = re.compile(r'[^\s@<>()\[\],;:\\"\x00-\x1f]{1,64}|"[^"\x00-\x1f]{1,62}"')
_DOMAIN = re.compile(r"[^\s@<>()\[\],;:\\\"'!#$%&*+/=?^`{|}~]{1,255}|\[[0-9A-Fa-f:.IPv]{3,60}\]")
_PARAMETERS_READ = frozenset(("boundary", "charset", "name", "filename", "report-type", "method"))
_MAX_PARAMETERS = 200
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


def split_section(raw: bytes, start: int, end: int, max_fields: int) -> tuple[list[tuple[str, bytes]], int, bool]:
    """Read the header section that begins at an offset, in the part that ends at another.

    Returns the fields as lower-case name and unfolded value, the offset of the body, and whether all was in order.
    A line that is no field is passed over, unless no field follows it: then the empty line was forgotten, and the
    body begins there.
    """
    section_end, body = _empty_line(raw, start, end)
    fields: list[tuple[str, bytes]] = []
    in_order = section_end - start <= MAX_SECTION
    stray = -1  # offset of the first line since the last field that is none
    offset = start
    for line in raw[start : min(section_end, start + MAX_SECTION)].split(b"\n"):  # a CR alone is part of its line
        if line.startswith((b" ", b"\t")) and fields and stray < 0:
            name, value = fields[-1]
            if len(value) < MAX_FIELD:
                fields[-1] = (name, (value + b" " + line.strip())[:MAX_FIELD])
        elif match := _FIELD.match(line[:200]):
            if len(fields) >= max_fields:
                in_order = False
                break
            stray = -1
            fields.append((match[1].decode("ascii").lower(), line[match.end() :].strip()[:MAX_FIELD]))
        elif line.strip() and (fields or not line.startswith((b"From ", b">From "))):  # mbox separator: no defect
            in_order = False
            if stray < 0:
                stray = offset
        offset += len(line) + 1
    if stray >= 0 and (not fields or section_end - start <= MAX_SECTION):
        body = stray
    return fields, body, in_order


def _empty_line(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the header section ends, and where the body begins."""
    for at_once in (b"\n", b"\r\n"):
        if raw.startswith(at_once, start, end):
            return start, start + len(at_once)
    section_end, body = end, end
    for separator in (b"\n\n", b"\n\r\n"):
        found = raw.find(separator, start, section_end)
        if found >= 0:
            section_end, body = found + 1, found + len(separator)
    return section_end, body


def decode_words(value: str) -> str:
    """A field's value with its encoded words (RFC 2047) decoded, in one line of at most MAX_VALUE characters."""
    pieces: list[str] = []
    position = 0
    pending: tuple[str, bytes] = ("", b"")  # characters are cut in two between words, so neighbours are joined
    for match in _ENCODED_WORD.finditer(value):
        between = value[position : match.start()]
        charset = match[1].partition("*")[0].lower()  # RFC 2231 puts a language after the star
        if pending[0] != charset or between.strip():
            pieces.append(decode(pending[1], pending[0])[0])
            pending = (charset, b"")
            pieces.append(between if between.strip() or position == 0 else "")
        pending = (charset, pending[1] + _word_bytes(match[2], match[3]))
        position = match.end()
    pieces += (decode(pending[1], pending[0])[0], value[position:])
    return one_line("".join(pieces))[:MAX_VALUE].rstrip()


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if encoding in "bB":
        return decode_base64(data)[0]
    return binascii.a2b_qp(data, header=True)


def decode_base64(data: bytes) -> tuple[bytes, bool]:
    """The bytes behind base64 as far as they can be read, and whether it was in order.

    What follows the padding, such as the plain footer that some list servers put there, is left out.
    """
    data, _, rest = data.partition(b"=")
    kept = data.translate(None, _NOT_BASE64)
    clean_end = not rest.strip(b"=\r\n\t ") and len(kept) % 4 != 1
    whole = len(kept) - (len(kept) % 4 == 1)
    return binascii.a2b_base64(kept[:whole] + b"=" * (-whole % 4)), clean_end


def base64_size(raw: bytes, start: int, end: int) -> int:
    """How many bytes the base64 between two offsets stands for, without decoding it."""
    step = 1024 * 1024
    digits = sum(len(raw[i : min(i + step, end)].translate(None, _NOT_BASE64)) for i in range(start, end, step))
    return digits * 3 // 4


def one_line(text: str) -> str:
    """The text without line breaks, and clean."""
    return " ".join(clean(text).splitlines()).strip()


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """A structured field's first word in lower case, and those of its parameters that are needed here.

    RFC 2231's pieces are put together, encoded words in others decoded.
    """
    plain: dict[str, str] = {}
    for match in itertools.islice(_PARAMETER.finditer(value), _MAX_PARAMETERS):
        if match[1].lower().partition("*")[0] not in _PARAMETERS_READ:
            continue
        text = match[3].strip() if match[2] is None else re.sub(r"\\(.)", r"\1", match[2])
        plain.setdefault(match[1].lower(), text)
    result = {name: decode_words(text) for name, text in plain.items() if "*" not in name}
    for name in {name.partition("*")[0] for name in plain if "*" in name}:
        result[name] = _continued(name, plain)
    return value.partition(";")[0].strip().lower(), result


def _continued(name: str, plain: dict[str, str]) -> str:
    pieces = [plain[f"{name}*"]] if f"{name}*" in plain else []
    if pieces:
        encoded = [True]
    else:
        encoded = []
        while len(pieces) < 100:
            key = f"{name}*{len(pieces)}"
            if key not in plain and f"{key}*" not in plain:
                break
            encoded.append(f"{key}*" in plain)
            pieces.append(plain.get(key, plain.get(f"{key}*", "")))
    charset = ""
    if encoded and encoded[0] and pieces[0].count("'") >= 2:
        charset, _, pieces[0] = pieces[0].split("'", 2)
    data = b"".join(
        unquote_to_bytes(piece) if is_encoded else piece.encode("utf-8", "replace")
        for piece, is_encoded in zip(pieces, encoded, strict=True)
    )
    return one_line(decode(data, charset if codec_for(charset) else "")[0])


def first_mailbox(value: str) -> tuple[str, str | None]:
    """Display name and address of the first mailbox that has an address, groups included; ("", None) for none."""
    name, address = _scan_mailbox(value[:MAX_VALUE])
    if address is None and "=?" in value:  # name and address together in one encoded word: wrong, but seen
        name, address = _scan_mailbox(decode_words(value))
    return (one_line(decode_words(name))[:255].strip() if address else "", address)


def _scan_mailbox(value: str) -> tuple[str, str | None]:
    words = comment = ""
    for piece in _ADDRESS_PIECE.findall(value):
        if len(piece) > 1 and piece[0] == "<":
            if address := _bare_address(_COMMENT.sub("", piece[1:-1]).rpartition(":")[2]):
                return _name(words) or _name(comment), address
            words = ""
        elif len(piece) > 1 and piece[0] == "(":
            comment = piece[1:-1]
        elif piece in ",;":
            if address := _bare_address(words):
                return _name(comment), address
            words = comment = ""
        elif piece == ":" and "@" not in words:  # a group's name
            words = comment = ""
        else:
            words += piece
    return _name(comment), _bare_address(words)


def _name(words: str) -> str:
    return re.sub(r"\\(.)", r"\1", words).replace('"', "").strip()


def _bare_address(words: str) -> str | None:
    whole = _address(words)
    return whole or next((found for word in words.split() if (found := _address(word.strip("<>")))), None)


def _address(text: str) -> str | None:
    local, at, domain = text.strip().removeprefix("mailto:").rpartition("@")
    local, domain = local.strip(), domain.strip().rstrip(".").lower()
    if not at or not _LOCAL_PART.fullmatch(local) or not _DOMAIN.fullmatch(domain) or domain.startswith("."):
        return None
    return f"{local}@{domain}"
