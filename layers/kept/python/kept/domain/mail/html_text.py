"""HTML to readable text, in one pass over the tags.

Not by a tree-building parser: those are quadratic or worse on nested or attribute-heavy input (selectolax's lexbor
took 14 s for 1 MB of `<blockquote>`, 1.2 s for 100 KB of lists), and nothing here needs the tree.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterable, Iterator

from kept.domain.mail.charsets import clean

_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/>]{0,30}+)(?:[^"'<>]++|"[^"]*+"|'[^']*+')*+>""")
_BLUNT_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,30}+)[^<>]*+>?")
_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])")
_DECLARATION = re.compile(r"<[!?/][^>]*+>?")  # also what a browser takes for a comment
_HUGE_NUMBER = re.compile(r"&#[0-9]{9,}+;?")  # html.unescape raises on thousands of digits
_SPACE = re.compile(r"\s+")
_PARAGRAPH_TAGS = "p h1 h2 h3 h4 h5 h6 ul ol dl table pre blockquote hr"
_LINE_TAGS = "br div li tr dt dd address article aside center fieldset figure footer form header main nav section"
_PARAGRAPHS = frozenset(_PARAGRAPH_TAGS.split())
_LINES = frozenset(_LINE_TAGS.split())
_UNSEEN = {name: re.compile(f"</{name}", re.IGNORECASE | re.ASCII) for name in ("script", "style", "title", "template")}
_QUOTE_BEGINS, _QUOTE_ENDS = "\x01", "\x02"  # controls cannot come from the input: they are taken out of it
_QUOTE_MARKS = re.compile(f"[{_QUOTE_BEGINS}{_QUOTE_ENDS}]")
_DEEPEST_QUOTE = 5


def html_to_text(source: str, most: int = sys.maxsize) -> str:
    """The text a reader of the HTML would see, in lines; block quotes get `> ` as in plain mail.

    Reading ends with the line that makes it more than `most` characters: what nobody keeps need not be read.
    """
    lines: list[str] = []
    depth = size = 0
    for line in _broken(_pieces(clean(source))):
        if _QUOTE_BEGINS in line or _QUOTE_ENDS in line:
            depth = max(0, depth + line.count(_QUOTE_BEGINS) - line.count(_QUOTE_ENDS))
        if words := _SPACE.sub(" ", _QUOTE_MARKS.sub("", line)).strip(" "):
            lines.append("> " * min(depth, _DEEPEST_QUOTE) + words)
            size += len(lines[-1])
            if size > most:
                break
        elif lines and lines[-1]:
            lines.append("")
    return "\n".join(lines).strip("\n")


def _broken(pieces: Iterable[str]) -> Iterator[str]:
    """Pieces of text, put together and taken apart again at line feeds."""
    begun: list[str] = []
    for piece in pieces:
        first, *following = piece.split("\n")
        begun.append(first)
        if following:
            yield "".join(begun)
            yield from following[:-1]
            begun = following[-1:]
    yield "".join(begun)


def _pieces(source: str) -> Iterator[str]:
    position = preformatted = 0
    tag = _TAG
    unended = set[str]()  # what was once looked for to the end in vain is not looked for again: that keeps it linear
    while markup := _MARKUP.search(source, position):
        start = markup.start()
        yield _words(source[position:start], preformatted)
        if source.startswith("<!--", start) and "-->" not in unended:
            end = source.find("-->", start + 4)
            position = end + 3 if end >= 0 else start + 4
            if end < 0:
                unended.add("-->")
            continue
        match = tag.match(source, start)
        if match is None and source[start + 1] not in "/!?":
            # Only a quotation mark without its end stops the match: from here on a tag ends at the next `<` or `>`.
            tag = _BLUNT_TAG
            match = tag.match(source, start)
        if match is None:
            declaration = _DECLARATION.match(source, start)
            position = declaration.end() if declaration else start + 1
            continue
        position = match.end()
        closes, name = bool(match[1]), match[2].lower()
        if name in _UNSEEN and not closes and name not in unended:
            ending = _UNSEEN[name].search(source, position)
            if ending:
                position = ending.start()
            else:
                unended.add(name)
        elif name == "pre":
            preformatted = max(0, preformatted + (-1 if closes else 1))
        yield _break(name, closes=closes)
    yield _words(source[position:], preformatted)


def _words(text: str, preformatted: int) -> str:
    # A reference such as &#1; may stand for a control character, so cleaning comes once more, after them.
    text = clean(html.unescape(_HUGE_NUMBER.sub("\ufffd", text))) if "&" in text else text
    return text if preformatted else _SPACE.sub(" ", text)


def _break(name: str, *, closes: bool) -> str:
    if name == "blockquote":
        return f"\n\n{_QUOTE_ENDS if closes else _QUOTE_BEGINS}"
    if name in _PARAGRAPHS:
        return "\n\n"
    if name in _LINES:
        return "\n"
    return " " if name in ("td", "th") else ""
