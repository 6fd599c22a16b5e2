from infra.local.outbox import read_mail


def test_a_mail_shows_its_decoded_subject_headers_text_and_html() -> None:
    content = (
        b"From: support@shop.example\r\nSubject: =?utf-8?q?h=C3=A9?=\r\nList-Unsubscribe: <https://x.example>\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"hell=C3=B6\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>hello</p>\r\n--b--\r\n"
    )
    mail = read_mail(content, ["ada@example.org"])
    assert mail["to"] == ["ada@example.org"]
    assert mail["subject"] == "hé"
    assert mail["headers"]["List-Unsubscribe"] == "<https://x.example>"
    assert mail["text"].strip() == "hellö"
    assert mail["html"].strip() == "<p>hello</p>"


def test_a_header_that_stands_twice_keeps_both() -> None:
    mail = read_mail(b"X: 1\r\nX: 2\r\n\r\n", [])
    assert mail["headers"] == {"X": "1\n2"}


def test_an_unknown_charset_is_still_shown() -> None:
    mail = read_mail(b"Subject: =?nonsense?q?x?=\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nhello", [])
    assert mail["text"] == "hello"
