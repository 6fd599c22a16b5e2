"""HTML mail reads as text."""

from __future__ import annotations

import pytest

from kept.domain.mail.html_text import html_to_text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>One <b>bold</b>&nbsp;word</p><p>Two</p>", "One bold word\n\nTwo"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<div>a</div><div>b</div>", "a\n\nb"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("<style>p{}</style><script>if(a<b)x()</script><title>t</title>seen", "seen"),
        ("<!-- <p>hidden</p> -->seen<!doctype html><?xml ?>", "seen"),
        ('<a title="a > b" href=x>link</a>', "link"),
        ('<p title="never closed>text</p><p>more</p>', "text\n\nmore"),
        ("1 < 2 &amp; 3 &gt; 2 &#1; &#x41;&eacute;", "1 < 2 & 3 > 2 Aé"),
        ("&#" + "9" * 5000 + ";end", "\ufffdend"),
        ("<pre>a\n  b</pre>", "a\nb"),
        (
            "Stop.<blockquote>our <br>footer<blockquote>older</blockquote></blockquote>Bye",
            "Stop.\n\n> our\n> footer\n\n> > older\n\nBye",
        ),
        ("</blockquote></p></nothing>text", "text"),
        ("<script>never ended", "never ended"),
        ("", ""),
    ],
)
def test_html_becomes_lines_of_text(source: str, text: str) -> None:
    assert html_to_text(source) == text


def test_no_more_is_read_than_what_is_wanted() -> None:
    source = "<p>first</p>" + "<p>word</p>" * 1000 + "<p>last</p>"
    text = html_to_text(source, 100)
    assert text.startswith("first\n\nword")
    assert 100 < len(text.replace("\n", "")) <= 104
    assert html_to_text(source).endswith("last")
