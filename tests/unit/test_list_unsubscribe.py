"""Our unsubscribe headers are read by every mail program in the world: fourteen things that their parsers rely on.

Built from the text of RFC 2369 (sections 2 and 3.2) and RFC 8058 (sections 3.1, 3.2, 4 and 5), and from what open
source readers do, which is less.
"""

from __future__ import annotations

import re
import string
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.mime.text import MIMEText
from functools import cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from kept.adapters.ses import Sender, SesOutbox
from kept.app.ports.mail import OutgoingMail
from kept.domain.identity import Keys
from kept.domain.opt_out_token import make_opt_out_token, read_opt_out_token, unsubscribe_headers
from kept.domain.permission import Permission
from kept.domain.suppression import EVERYTHING, MARKETING, Scope, list_scope

pytestmark = pytest.mark.promise("email-opt-out")

KEYS = Keys("k" * 64)
ANN = KEYS.subject_id("ann@example.com")

# (where people reach us, the domain that we receive mail for, what the link stops)
SHOPS = {
    "as shipped": ("https://privacy.expandcart.com", "kept.expandcart.com", MARKETING),
    "API Gateway's own address": ("https://abcdefghij.execute-api.us-east-1.amazonaws.com", "shop.example", MARKETING),
    "a mailing list": ("https://privacy.example.com", "example.com", list_scope(254)),
    "everything": ("https://privacy.example.com", "example.com", EVERYTHING),
    "the longest names there are": (
        f"https://{'a' * 63}.{'b' * 63}.{'c' * 63}.example",
        f"{'m' * 63}.example",
        MARKETING,
    ),
    "a port": ("https://privacy.example.com:8443", "example.com", MARKETING),
}


class Shop:
    """The headers that a shop's mail to Ann gets."""

    def __init__(self, public_url: str, mail_domain: str, scope: Scope) -> None:
        self.public_url, self.mail_domain, self.scope = public_url, mail_domain, scope
        self.headers = unsubscribe_headers(
            make_opt_out_token(KEYS, ANN, scope), public_url=public_url, mail_domain=mail_domain
        )

    @property
    def value(self) -> str:
        return self.headers["List-Unsubscribe"]

    def stops(self, token: str) -> bool:
        """Whether a token is Ann's, for what the link is to stop."""
        return read_opt_out_token(KEYS, token) == (ANN, self.scope)


@pytest.fixture(params=SHOPS)
def shop(request: pytest.FixtureRequest) -> Shop:
    return Shop(*SHOPS[request.param])


def read_uris(value: str) -> list[str]:
    """RFC 2369 section 2, to the letter; ValueError for what a program may ignore.

    URLs in angle brackets, separated by commas. White space within the brackets is to be ignored. What does not begin
    with `<` is to be ignored, and so is all that follows a URL without a comma.
    """
    uris: list[str] = []
    rest = value.lstrip()
    while True:
        if not rest.startswith("<"):
            raise ValueError("does not begin with an angle bracket")
        inside, closed, rest = rest[1:].partition(">")
        if not closed or "<" in inside:
            raise ValueError("brackets do not match")
        uris.append("".join(inside.split()))
        rest = rest.lstrip()
        if not rest:
            return uris
        if not rest.startswith(","):
            raise ValueError("something stands between two URLs")
        rest = rest[1:].lstrip()


def read_mailto(uri: str) -> tuple[str, dict[str, str]]:
    """RFC 6068 section 2: to whom, and the headers; unlike in a form, a plus is a plus."""
    path, _, query = uri.removeprefix("mailto:").partition("?")
    fields = (pair.partition("=") for pair in query.split("&"))
    return unquote(path), {unquote(name): unquote(value) for name, _, value in fields}


def unfold(text: str) -> str:
    """RFC 5322 section 2.2.3: a line break before white space goes."""
    return re.sub(r"\r?\n(?=[ \t])", "", text)


# ---------------------------------------------------------------- the fourteen


def test_1_every_address_stands_in_angle_brackets(shop: Shop) -> None:
    assert re.fullmatch(r"<[^<>\s]+>(, <[^<>\s]+>)*", shop.value), "programs ignore what is not in brackets"


def test_2_they_are_separated_by_commas_and_nothing_else(shop: Shop) -> None:
    assert len(read_uris(shop.value)) == 2
    for uri in read_uris(shop.value):
        assert "," not in uri, "a program that simply splits at commas would cut it in two"


def test_3_the_first_that_a_program_knows_stops_it(shop: Shop) -> None:
    uris = read_uris(shop.value)
    assert [urlsplit(uri).scheme for uri in uris] == ["https", "mailto"], "RFC 2369: order of preference"
    for known in ({"https", "mailto"}, {"https"}, {"mailto"}):
        uri = next(uri for uri in uris if urlsplit(uri).scheme in known)
        (token,) = re.findall(r"(?<=[/+])[a-z2-7]{48}(?=@|$)", uri)
        assert shop.stops(token), f"who knows only {known} cannot unsubscribe"


@pytest.mark.parametrize("break_", ["\r\n ", "\r\n\t", "\n ", "\r\n  "])
def test_4_folding_and_white_space_change_nothing(shop: Shop, break_: str) -> None:
    field = f"List-Unsubscribe: {shop.value}"
    folded = field.replace(", ", f",{break_}").replace("List-Unsubscribe: ", f"List-Unsubscribe:{break_}")
    for written in (folded, shop.value.replace(", ", ","), shop.value.replace(", ", " ,\t"), f"  {shop.value}  "):
        value = unfold(written).removeprefix("List-Unsubscribe:")
        assert read_uris(value) == read_uris(shop.value)
    badly_folded = "\r\n ".join(shop.value[i : i + 60] for i in range(0, len(shop.value), 60))
    assert read_uris(unfold(badly_folded)) == read_uris(shop.value), "RFC 2369: white space within brackets is ignored"


def test_5_there_are_no_comments_that_a_simple_parser_would_trip_over(shop: Shop) -> None:
    assert not set("()\"'\\") & set(shop.value)
    assert not shop.value.startswith("NO"), "RFC 2369 section 3.4 means by it that there is no address"


def test_6_there_is_exactly_one_https_address_and_no_other_on_the_web(shop: Shop) -> None:
    (https,) = (uri for uri in read_uris(shop.value) if uri.startswith("http"))
    parts = urlsplit(https)
    assert parts.scheme == "https", "RFC 8058 section 3.1 knows no other"
    assert f"{parts.scheme}://{parts.netloc}" == shop.public_url
    assert (parts.username, parts.password, parts.query, parts.fragment) == (None, None, "", "")
    before, token = parts.path.rsplit("/", 1)
    assert before == "/opt-outs"
    assert shop.stops(token), "the address must say by itself who is meant and what stops (RFC 8058 section 3.1)"


def test_7_the_mail_form_has_an_address_that_is_one_and_a_subject(shop: Shop) -> None:
    (mailto,) = (uri for uri in read_uris(shop.value) if uri.startswith("mailto:"))
    address, fields = read_mailto(mailto)
    local, at, domain = address.partition("@")
    assert (at, domain) == ("@", shop.mail_domain)
    assert re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", local), "must be a dot-atom: no quotes needed"
    assert fields == {"subject": "unsubscribe"}
    assert shop.stops(local.partition("+")[2])


def test_8_the_post_header_has_exactly_the_value_of_the_rfc(shop: Shop) -> None:
    assert shop.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", "RFC 8058 section 5"
    assert parse_qsl(shop.headers["List-Unsubscribe-Post"], strict_parsing=True) == [("List-Unsubscribe", "One-Click")]


@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase, str.title])
def test_9_the_token_survives_a_change_of_case_on_the_way(shop: Shop, change: object) -> None:
    https, mailto = read_uris(shop.value)
    address, _ = read_mailto(mailto)
    for token in (https.rsplit("/", 1)[1], address.partition("@")[0].partition("+")[2]):
        assert shop.stops(change(token)), "a server that folds the case of local parts would break the link"


def test_10_the_local_part_and_the_address_are_not_longer_than_mail_servers_take(shop: Shop) -> None:
    address, _ = read_mailto(read_uris(shop.value)[1])
    local, _, domain = address.partition("@")
    assert len(local.encode()) <= 64, "RFC 5321 section 4.5.3.1.1"
    assert len(domain.encode()) <= 255
    assert len(address.encode()) <= 254


def test_11_there_are_no_control_characters_and_only_ascii(shop: Shop) -> None:
    for name, value in shop.headers.items():
        assert set(name + value) <= set(string.printable) - set("\t\r\n\x0b\x0c"), f"{name} could not stand in a mail"


def test_12_no_address_needs_percent_encoding(shop: Shop) -> None:
    for uri in read_uris(shop.value):
        assert "%" not in uri
        assert quote(uri, safe=":/?=@+") == uri, "a program that encodes once more or once less would break it"


def test_13_no_line_is_longer_than_a_mail_may_have(shop: Shop) -> None:
    for name, value in shop.headers.items():
        assert len(f"{name}: {value}\r\n".encode()) <= 1000, "RFC 5322 section 2.1.1: 998 and the line's end"


def test_14_both_headers_are_there_and_each_once(shop: Shop) -> None:
    assert list(shop.headers) == ["List-Unsubscribe", "List-Unsubscribe-Post"], "RFC 8058 needs both"
    mail = message_from_bytes(b"".join(f"{n}: {v}\r\n".encode() for n, v in shop.headers.items()) + b"\r\nHello\r\n")
    assert [len(mail.get_all(name, [])) for name in shop.headers] == [1, 1], "RFC 2369 section 3: no more than one"


# ---------------------------------------------------------------- through mail programs and servers


def relaxed(name: str, value: str) -> str:
    """How DKIM sees a header (RFC 6376 section 3.4.2)."""
    return name.lower().strip() + ":" + re.sub(r"[ \t]+", " ", unfold(value)).strip()


def test_dkim_signs_the_same_bytes_before_and_after_folding(shop: Shop) -> None:
    folded = shop.value.replace(", ", ",\r\n ")
    assert relaxed("List-Unsubscribe", folded) == relaxed("list-unsubscribe ", f" {shop.value} ")


@cache
def ses() -> Any:
    return boto3.client("ses")


LONG_LINES = policy.SMTP.clone(max_line_length=998)


@pytest.mark.parametrize(
    "made_by", [lambda: EmailMessage(LONG_LINES), Message, lambda: MIMEText("Hello")], ids=["modern", "old", "MIMEText"]
)
def test_the_headers_come_through_pythons_own_mail_library(shop: Shop, made_by: object) -> None:
    mail = made_by()
    for name, value in shop.headers.items():
        mail[name] = value
    for reading in (policy.default, policy.SMTP, policy.compat32):
        received = message_from_bytes(mail.as_bytes(), policy=reading)
        assert {name: unfold(received[name]).strip() for name in shop.headers} == shop.headers


def test_our_own_outbox_sends_them_as_they_are(shop: Shop) -> None:
    """Python folds at 78 columns, and encodes what is longer and without a space, which no program decodes here."""
    sender = Sender("support@shop.example", "The Shop", "help@shop.example", "kept")
    with mock_aws():
        ses().verify_domain_identity(Domain="shop.example")
        ses().create_configuration_set(ConfigurationSet={"Name": "kept"})
        outbox = SesOutbox("subjects", sender, lambda _: Permission("allowed", "email-opt-out", ""))
        outbox.send(OutgoingMail("ann@example.com", "marketing", "News", "Hello", tuple(shop.headers.items())))
        (sent,) = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
    raw = sent.raw_data
    assert "=?" not in unfold(raw).partition("\r\n\r\n")[0], "the unsubscribe link was made unreadable"
    assert f"List-Unsubscribe: {shop.value}" in unfold(raw).splitlines()
    assert max(len(line) for line in raw.splitlines()) <= 998


def split_at_commas(value: str) -> list[str]:
    return [part.strip().lstrip("<").rstrip(">") for part in value.split(",")]


def find_brackets(value: str) -> list[str]:
    return re.findall(r"<(https?://[^>]+|mailto:[^>]+)>", value, re.IGNORECASE)


def find_schemes(value: str) -> list[str]:
    return [*re.findall(r"https?://[^>,\s]+", value), *re.findall(r"mailto:[^>,\s]+", value)]


@pytest.mark.parametrize("reader", [split_at_commas, find_brackets, find_schemes])
def test_programs_that_read_it_in_a_simpler_way_find_the_same(shop: Shop, reader: object) -> None:
    assert reader(shop.value) == read_uris(shop.value)
    _, mailto = reader(shop.value)
    as_web = urlsplit(mailto)  # many take a mailto for a web address
    assert parse_qs(as_web.query) == {"subject": ["unsubscribe"]}
    assert shop.stops(as_web.path.partition("+")[2].partition("@")[0])
