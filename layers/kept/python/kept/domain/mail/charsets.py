"""Bytes to clean text: declared, undeclared, unknown and wrong charsets all end in valid Unicode."""

from __future__ import annotations

import codecs
import re
from encodings.aliases import aliases

# Python's own codecs that mail may name. Others stay out: some are slow on hostile input (punycode, idna), some
# are no charsets (unicode_escape, hex), and a name that nobody knows would be looked for on the disk.
_CODEC_NAMES = """
ascii utf_8 utf_7 utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le
big5 big5hkscs cp950 gb18030 gb2312 gbk hz cp932 cp949 johab shift_jis shift_jis_2004 euc_jis_2004 euc_jp euc_kr
iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr koi8_r koi8_t koi8_u
latin_1 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_10 iso8859_11
iso8859_13 iso8859_14 iso8859_15 iso8859_16 tis_620 kz1048 ptcp154
cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258
cp437 cp720 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874
mac_arabic mac_cyrillic mac_greek mac_latin2 mac_roman mac_turkish
"""
_CODECS = frozenset(_CODEC_NAMES.split())

# What a name is taken for: supersets that real mail means by the narrower name (as browsers do, WHATWG Encoding),
# and spellings that Python does not know.
_MEANT = {
    "latin_1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso2022_jp": "iso2022_jp_ext",
    "iso8859_9": "cp1254",
    "tis_620": "cp874",
    "iso8859_11": "cp874",
    "windows_874": "cp874",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_6_i": "iso8859_6",
    "unicode_1_1_utf_7": "utf_7",
    "utf_8_mb4": "utf_8",
    "utf8mb4": "utf_8",
    "x_sjis": "cp932",
    "x_gbk": "gb18030",
    "x_euc_jp": "euc_jp",
    "x_mac_arabic": "mac_arabic",
    "x_user_defined": "cp1252",
}
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\x80-\x84\x86-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def codec_for(charset: str) -> str | None:
    """The codec behind a charset's name as mail writes it, None where it is not one that mail may name."""
    name = re.sub(r"[^a-z0-9]+", "_", charset[:40].lower()).strip("_")
    name = aliases.get(name, name)
    name = _MEANT.get(name, name)
    return name if name in _CODECS else None


def decode(data: bytes, charset: str = "", *, cut: bool = False) -> tuple[str, bool]:
    """Text of bytes in a declared charset, and whether the declaration was right.

    Declared first, then UTF-8, then windows-1252 with replacement marks. `charset` "" is none declared, which is
    not wrong as long as the bytes are UTF-8. `cut` says that the end may be missing, in the middle of a character.
    """
    codec = codec_for(charset) if charset else "ascii"
    guesses = [codec, "utf_8"] if codec else ["utf_8"]
    if codec == "cp1252":  # it accepts nearly anything, and bytes that happen to be valid UTF-8 are UTF-8
        guesses.reverse()
    for guess in guesses:
        try:
            text = codecs.getincrementaldecoder(guess)("strict").decode(data, not cut)
        except (ValueError, LookupError):  # UnicodeDecodeError is a ValueError; utf_7 and utf_16 raise others of it
            continue
        return clean(text), guess == codec or not charset or data.isascii()
    return clean(data.decode("cp1252", "replace")), False


def clean(text: str) -> str:
    """The text without what a database or a page would stumble over: controls, NUL and lone surrogates.

    Line ends become a line feed; tabs stay.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))
