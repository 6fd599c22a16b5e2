"""A person's plain wish to get no more email is found in their own words, and nowhere else."""

from __future__ import annotations

import pytest

from kept.domain.mail import Mail, read_mail, understand

FOOTER = "Don't want emails from us any more? Unsubscribe me, or reply: please do not email me again."


def asks_to_stop(mail: Mail) -> bool:
    return "opt_out" in understand(mail, "ann@example.org", ("shop.example", "kept.example")).intents


def asks(text: str, subject: str = "Re: Offers") -> bool:
    return asks_to_stop(read_mail(f"From: ann@example.org\nSubject: {subject}\n\n{text}".encode()))


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(
    "text",
    [
        "please do not email me again",
        "Hello,\n\nPlease do not e-mail\nme again.\n\nAnn",
        "PLEASE STOP EMAILING ME!!!",
        "Don\u2019t send me any more of this.",
        "Unsubscribe me please",
        "please do not email me",
        "Take me off your list, thanks",
        "stop",
        "Unsubscribe please",
        "لا تراسلوني بعد اليوم",
        "لَا تُرَاسِلُونِي",
        "لا اريــد رسائلكم",
        "إلغاء الاشتراك",
        "ماتبعتوليش حاجة تاني",
        "الغاء",
        "Merci de ne plus m'envoyer vos offres",
        "arrêt svp",
        "No quiero recibir mas correos",
        "Bitte nehmen Sie mich aus dem Verteiler.",
        "stop\n\nSent from my phone",
        f"Please unsubscribe me.\n\nOn Mon, 1 Jan 2024, Shop <news@shop.example> wrote:\n> {FOOTER}",
    ],
)
def test_a_plain_request_counts(text: str) -> None:
    assert asks(text)


@pytest.mark.promise("email-opt-out")
def test_a_request_in_the_subject_counts_but_not_in_a_replys_subject() -> None:
    assert asks("", subject="Please do not email me again")
    assert asks("", subject="unsubscribe")
    assert not asks("Thanks, Ann", subject="Re: Please do not email me again")


@pytest.mark.parametrize(
    "text",
    [
        "Please do not hesitate to contact me.",
        "Please do not email me the invoice, post it.",
        "I do not want to unsubscribe, only to change my address.",
        "Do not unsubscribe me!",
        "How do my customers stop emailing me?",
        'A customer wrote "please do not email me again". What now?',
        "If you unsubscribe me I will be sad",
        "Please stop the order, I want to cancel the delivery",
        "estoy de baja hasta el lunes",
        "je suis en arrêt maladie",
        "no quiero darme de baja del boletín",
        "ازاي عملائي يعملوا إلغاء الاشتراك",
        "When does the offer stop?",
        "",
    ],
)
def test_what_only_sounds_like_a_request_does_not_count(text: str) -> None:
    assert not asks(text)


@pytest.mark.parametrize(
    "quote",
    [
        f"> {FOOTER}",
        f"On Mon, 1 Jan 2024 at 10:00, Shop <news@shop.example> wrote:\n\n{FOOTER}",
        f"On Mon, 1 Jan 2024 at 10:00, Shop <news@shop.example>\nwrote:\n\n{FOOTER}",
        f"Le 1 janvier 2024, Shop a écrit :\n{FOOTER}",
        f"El lun, 1 ene 2024, Shop escribió:\n{FOOTER}",
        f"Am 1.1.2024 um 10:00 schrieb Shop:\n{FOOTER}\n",
        f"في 1 يناير كتب:\n{FOOTER}",
        f"-----Original Message-----\nFrom: Shop\n{FOOTER}",
        f"---------- Forwarded message ---------\n{FOOTER}",
        f"From: Shop <news@shop.example>\nSent: Monday\nTo: Ann\nSubject: Offers\n\n{FOOTER}",
        f"*Von:* Shop\n*Gesendet:* Montag\n\n{FOOTER}",
        f"من: Shop\nتاريخ الإرسال: الأحد\n\n{FOOTER}",
        f"________________________________\n{FOOTER}",
        f"-- \n{FOOTER}",
    ],
)
def test_our_own_footer_in_a_quote_never_counts(quote: str) -> None:
    assert not asks(f"What does the plan cost?\n\nAnn\n\n{quote}")


def test_our_own_footer_in_a_quote_within_html_never_counts() -> None:
    page = f"<p>What does it cost?</p><blockquote><p>{FOOTER}</p></blockquote>"
    assert not asks_to_stop(read_mail(f"Content-Type: text/html\n\n{page}".encode()))


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(
    "field", ["X-Apple-Unsubscribe: true", "To: unsubscribe+token@kept.example", "Subject: Unsubscribe"]
)
def test_a_button_counts_without_words(field: str) -> None:
    assert asks_to_stop(read_mail(f"From: ann@example.org\n{field}\n\n".encode()))
