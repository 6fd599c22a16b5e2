"""What a mail says is read as a person would read it, whatever is wrong with its bytes."""

from __future__ import annotations

import base64
import email
from email.utils import parseaddr

import pytest

from kept.domain.mail import read_mail
from kept.domain.records import Attachment
from tests.unit.mail.mails import assert_storable


def multipart(*parts: bytes, subtype: bytes = b"mixed", head: bytes = b"From: ann@example.org\n") -> bytes:
    body = b"".join(b"--edge\n" + part + b"\n" for part in parts)
    return head + b'Content-Type: multipart/%s; boundary="edge"\n\n' % subtype + body + b"--edge--\n"


@pytest.mark.promise("email-senders")
def test_every_sample_is_read_without_a_defect(samples: dict[str, bytes], labelled: tuple[str, list[str]]) -> None:
    mail = read_mail(samples[labelled[0]])
    assert_storable(mail)
    assert mail.sender
    assert mail.text.strip() or mail.subject
    assert not mail.defects


def test_every_mail_of_the_corpora_is_read(corpora: list[tuple[str, str, bytes]]) -> None:
    for _kind, _name, raw in corpora:
        assert_storable(read_mail(raw))


def test_senders_agree_with_the_standard_library_on_nearly_all_the_corpora(
    corpora: list[tuple[str, str, bytes]],
) -> None:
    differing = 0
    for _kind, _name, raw in corpora:
        local, at, domain = parseaddr(str(email.message_from_bytes(raw)["from"] or ""))[1].rpartition("@")
        differing += (read_mail(raw).sender or "") != (f"{local}@{domain.lower()}" if at else "")
    assert differing <= 10


@pytest.mark.parametrize(
    ("value", "sender", "name"),
    [
        ("ann@example.org", "ann@example.org", ""),
        ("Ann <Ann@Example.ORG>", "Ann@example.org", "Ann"),
        ('"Example, Ann" <ann@example.org>', "ann@example.org", "Example, Ann"),
        ("ann@example.org (Ann)", "ann@example.org", "Ann"),
        ("Ann (at (home)) <ann@example.org>", "ann@example.org", "Ann (at )"),
        ("=?utf-8?b?2YXZhtmJ?= <mona@example.org>", "mona@example.org", "منى"),
        ("=?utf-8?q?Ann=2C_Bob?= <ann@example.org>", "ann@example.org", "Ann, Bob"),
        ("=?utf-8?q?Ann_=3Cann=40example.org=3E?=", "ann@example.org", "Ann"),
        ("Team: Ann <ann@example.org>, bob@example.org;", "ann@example.org", "Ann"),
        ("undisclosed-recipients:;", None, ""),
        ("Nobody <>, Ann <ann@example.org>", "ann@example.org", "Ann"),
        ("<@relay.example,@other.example:ann@example.org>", "ann@example.org", ""),
        ('"ann lee"@example.org', '"ann lee"@example.org', ""),
        ('O"Brien <ann@example.org>', "ann@example.org", "OBrien"),
        ("Ann ann@example.org", "ann@example.org", ""),
        ("Ann <ann@example.org", "ann@example.org", ""),
        ("<mailto:ann@example.org>", "ann@example.org", ""),
        ("MAILER-DAEMON (Mail Delivery System)", None, ""),
        ("Ann <ann@>", None, ""),
        ("<<<>>>", None, ""),
        ("", None, ""),
    ],
)
def test_the_sender_is_the_first_address_in_from(value: str, sender: str | None, name: str) -> None:
    mail = read_mail(f"From: {value}\nSubject: Hi\n\nHello".encode())
    assert (mail.sender, mail.sender_name) == (sender, name)
    assert ("no-from" in mail.defects) == (sender is None)


@pytest.mark.parametrize(
    "broken", [b"From: Ann\r <ann@example.org>", b"From: Ann\r\n\t<ann@example.org>", b"FROM :ann@example.org"]
)
def test_line_breaks_and_odd_spelling_do_not_hide_the_sender(broken: bytes) -> None:
    assert read_mail(broken + b"\r\n\r\nHello").sender == "ann@example.org"


def test_a_mail_without_from_is_still_read() -> None:
    mail = read_mail(b"Subject: Hello\nReply-To: Bob <bob@example.org>\n\nplease call me")
    assert (mail.sender, mail.reply_to, mail.text) == (None, "bob@example.org", "please call me")
    assert mail.defects == ("no-from",)


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"Subject: =?utf-8?b?2KXZhNi6?= =?utf-8?b?2KfYoQ==?=", "إلغاء"),
        (b"Subject: =?utf-8?b?2Q==?=\r\n =?utf-8?b?hA==?= done", "ل done"),  # one character cut between two words
        (b"Subject: =?ISO-8859-1*fr?Q?d=E9j=E0_vu?=", "déjà vu"),
        (b"Subject: =?nowhere-1?q?plain?=", "plain"),
        (b"Subject: =?utf-8?b?!!!?=", ""),
        (b"Subject: a\r\n b\tc", "a b\tc"),
        ("Subject: déjà".encode(), "déjà"),
        ("Content-Type: text/plain; charset=windows-1256\nSubject: إلغاء".encode("windows-1256"), "إلغاء"),
        (b"Subject: a\0b\x1b[31m", "ab[31m"),
        (b"Subject: one\nSubject: two", "one"),
        (b"X: y", ""),
    ],
)
def test_the_subject_is_decoded_to_one_line(header: bytes, subject: str) -> None:
    assert read_mail(header + b"\n\nbody").subject == subject


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("windows-1256", "لا أريد رسائلكم"),
        ("iso-2022-jp", "メールを止めてください"),
        ("gb2312", "请不要再发邮件"),
        ("koi8-r", "не пишите мне"),
        ("utf-16", "no more"),
        ("iso-8859-1", "dé\xa0à"),
    ],
)
def test_text_is_read_in_its_declared_charset(charset: str, text: str) -> None:
    body = base64.encodebytes(text.encode(charset))
    mail = read_mail(
        f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n\n".encode() + body
    )
    assert (mail.text, mail.defects) == (text, ("no-from",))


@pytest.mark.parametrize(
    ("declared", "body", "text"),
    [
        (b"us-ascii", "déjà".encode(), "déjà"),
        (b"iso-8859-1", "déjà".encode(), "déjà"),
        (b"utf-8", "déjà".encode("latin-1"), "déjà"),
        (b"x-unknown", "déjà".encode("latin-1"), "déjà"),
        (b"utf-8", b"a\x81b", "a\ufffdb"),
        (b"../../etc/passwd", "déjà".encode(), "déjà"),
        (b"punycode", "déjà".encode(), "déjà"),
    ],
)
def test_a_wrong_charset_is_noted_and_the_text_readable(declared: bytes, body: bytes, text: str) -> None:
    mail = read_mail(b"From: ann@example.org\nContent-Type: text/plain; charset=%s\n\n%s" % (declared, body))
    assert (mail.text, mail.defects) == (text, ("bad-charset",))


def test_text_never_holds_what_a_database_refuses() -> None:
    mail = read_mail(b"Content-Type: text/plain; charset=utf-7\n\n+2AA- a\0b \x1b\x07c\r\nd\re")
    assert mail.text == "\ufffd ab c\nd\ne"


def test_plain_text_is_preferred_to_html_and_both_are_not_repeated() -> None:
    plain, rich = b"\nplain words", b"Content-Type: text/html\n\n<p>rich words"
    assert read_mail(multipart(plain, rich, subtype=b"alternative")).text == "plain words"
    assert read_mail(multipart(rich, plain, subtype=b"alternative")).text == "plain words"
    assert read_mail(multipart(b"\n \n", rich, subtype=b"alternative")).text == "rich words"
    assert read_mail(multipart(rich, plain)).text == "rich words\n\nplain words"


def test_attachments_are_named_and_measured_but_not_kept() -> None:
    content = bytes(range(256)) * 10
    mail = read_mail(
        multipart(
            b"\nSee attached.",
            b"Content-Type: application/pdf\n"
            b"Content-Disposition: attachment; filename*0*=utf-8''r%C3%A9su; filename*1=me.pdf\n"
            b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(content),
            b'Content-Type: image/png; name="=?utf-8?q?bild_=C3=A4.png?="\n'
            b"Content-Transfer-Encoding: quoted-printable\n\na=3Db=\nc",
            b"Content-Type: text/plain\nContent-Disposition: attachment\n\nnotes",
            b"Content-Type: message/rfc822\n\nFrom: bob@example.org\n\nolder mail",
        )
    )
    assert mail.text == "See attached."
    assert mail.attachments == (
        Attachment("résume.pdf", "application/pdf", len(content)),
        Attachment("bild ä.png", "image/png", 4),
        Attachment("", "text/plain", 5),
        Attachment("", "message/rfc822", 33),
    )
    assert mail.part_types[0] == "multipart/mixed"
    assert not mail.defects


def test_a_body_that_has_a_file_name_is_still_read() -> None:
    mail = read_mail(multipart(b'Content-Type: text/plain; name="message.txt"\n\nhello'))
    assert (mail.text, len(mail.attachments)) == ("hello", 1)


@pytest.mark.parametrize(
    ("raw", "text", "defect"),
    [
        (b"Content-Type: multipart/mixed\n\nhello", "hello", "broken-mime"),
        (b"Content-Type: multipart/mixed; boundary=x\n\nhello", "hello", "broken-mime"),
        (b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nhello", "hello", "broken-mime"),
        (b"Content-Type: text\n\nhello", "hello", "no-from"),
        (b"Content-Transfer-Encoding: base64\n\naGVsbG8", "hello", "no-from"),
        (b"Content-Transfer-Encoding: base64\n\naGVsbG8=\n-- \nlist footer", "hello", "bad-encoding"),
        (b"Content-Transfer-Encoding: rot13\n\nhello", "hello", "bad-encoding"),
        (b"Subject: hi\nhello\nthere", "hello\nthere", "bad-header"),
        (b"Subject: hi\nstray line\nX-Other: y\n\nhello", "hello", "bad-header"),
        (b"hello", "hello", "bad-header"),
        (b"Subject: hi\r\rhello\r", "hello", "no-from"),
        (b"\xef\xbb\xbf\r\nSubject: hi\r\n\r\nhello", "hello", "no-from"),
        (b"From ann Mon Jan  1 00:00:00 2024\nSubject: hi\n\nhello", "hello", "no-from"),
        (b"", "", "empty"),
        (b" \r\n\t", "", "empty"),
    ],
)
def test_broken_structure_ends_in_readable_text_and_a_code(raw: bytes, text: str, defect: str) -> None:
    mail = read_mail(raw)
    assert mail.text == text
    assert defect in mail.defects


def test_long_text_is_cut_on_a_character() -> None:
    mail = read_mail(b"Content-Type: text/plain; charset=utf-8\n\nx" + "م".encode() * 50_000)
    assert mail.text_truncated
    assert len(mail.text.encode()) == 65_535
    assert mail.text.endswith("م")
    assert not read_mail(b"Subject: hi\n\n" + b"x" * 65_536).text_truncated


def test_a_long_subject_and_too_many_headers_are_cut() -> None:
    mail = read_mail(b"Subject: " + b"s" * 20_000 + b"\n" + b"X: y\n" * 500 + b"\nhello")
    assert (len(mail.subject), len(mail.headers["x"]), mail.text) == (998, 199, "hello")
    assert "bad-header" in mail.defects


@pytest.mark.parametrize(("value", "language"), [("en-US, de", "en"), (" AR ", "ar"), ("klingon", ""), ("", "")])
def test_the_language_is_the_primary_tag(value: str, language: str) -> None:
    assert read_mail(f"Content-Language: {value}\n\nx".encode()).language == language
