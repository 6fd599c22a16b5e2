"""Of a person's mail only their own new words count: not quotes, forwarded mail, signatures and footers."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kept.domain.mail import Mail, read_mail
from kept.domain.mail.own_words import own_words
from tests.unit.mail.mails import SAMPLES, rows

# Newsletters of ours, with the way out that must never count as the reader's request.
NEWSLETTERS = {
    "en": "Spring sale\n\n30% off every plan.\n\nYou are receiving this email because you signed up.\n"
    "To unsubscribe click here: https://shop.example/u/1",
    "ar": "عرض الربيع\n\nخصم 30% على كل الباقات.\n\nوصلتك هذه الرسالة لأنك مسجل لدينا.\n"
    "لإلغاء الاشتراك اضغط هنا: https://shop.example/u/1",
    "fr": "Soldes\n\n30 % sur tout.\n\nPour vous désabonner, cliquez ici : https://shop.example/u/1",
    "es": "Rebajas\n\n30 % en todo.\n\nPara darse de baja haga clic aquí: https://shop.example/u/1",
    "de": "Angebote\n\n30 % auf alles.\n\nUm sich vom Newsletter abzumelden, klicken Sie hier: https://shop.example/u/1",
    "it": "Saldi\n\n30% su tutto.\n\nPer cancellarti clicca qui: https://shop.example/u/1",
    "tr": "İndirim\n\nHer şeyde %30.\n\nAbonelikten çıkmak için buraya tıklayın: https://shop.example/u/1",
}
ATTRIBUTIONS = [
    "On Mon, 3 Feb 2025 at 10:00, Shop <news@shop.example> wrote:",
    "On Mon, 3 Feb 2025 at 10:00, The Shop and its Friendly Support\n<news@shop.example> wrote:",
    "On Mon, 3 Feb 2025 at 10:00, The Shop and its Support <\nnews@shop.example\n> wrote:",
    "On Monday, February 3, 2025 at 10:00:00 AM GMT+2,\nShop <news@shop.example>\nwrote:",
    "On 3 Feb 2025, at 10:00, Shop wrote:",
    "On 24/02/2025 10:00, Shop wrote:",
    "---- On Mon, 03 Feb 2025 10:00:00 +0200 Shop <news@shop.example> wrote ----",
    "2025-02-03 10:00 GMT+02:00 Shop <news@shop.example>:",
    "Shop <news@shop.example> wrote on 3 Feb 2025:",
    "Le lun. 3 févr. 2025 à 10:00, Shop <news@shop.example> a écrit :",
    "Le 3 févr. 2025 à 10:00, Shop a écrit :",
    "El lun, 3 feb 2025 a las 10:00, Shop (<news@shop.example>) escribió:",
    "El 3 feb 2025, a las 10:00, Shop escribió:",
    "Am Mo., 3. Feb. 2025 um 10:00 Uhr schrieb Shop <news@shop.example>:",
    "Am 03.02.2025 um 10:00 schrieb Shop:",
    "Shop <news@shop.example> schrieb am Mo., 3. Feb.\n2025, 10:00:",
    "Il giorno lun 3 feb 2025 alle ore 10:00 Shop <news@shop.example> ha scritto:",
    "Il 03/02/2025 10:00, Shop ha scritto:",
    "Shop <news@shop.example>, 3 Şub 2025 Pzt,\n10:00 tarihinde şunu yazdı:",
    "3 Şub 2025 Pzt 10:00 tarihinde Shop <news@shop.example> şunu yazdı:",
    "في الاثنين، 3 فبراير 2025 في 10:00 ص تمت كتابة ما يلي بواسطة Shop <news@shop.example>:",
    "\u200fفي ٣ فبراير ٢٠٢٥، الساعة ١٠:٠٠ ص، كتب Shop <news@shop.example>\u200f:",
    "بتاريخ الاثنين، 3 فبراير 2025 في 10:00 ص كتب Shop <\u202anews@shop.example\u202c>:",
    "Em seg., 3 de fev. de 2025 às 10:00, Shop <news@shop.example> escreveu:",
    "Op ma 3 feb 2025 om 10:00 schreef Shop <news@shop.example>:",
    "Den mån 3 feb. 2025 kl 10:00 skrev Shop <news@shop.example>:",
]
HEADS = [
    "-----Original Message-----\nFrom: Shop <news@shop.example>\nSent: 3 February 2025\nTo: Ann\nSubject: Sale",
    "________________________________\nFrom: Shop <news@shop.example>\nSent: 3 February 2025\nTo: Ann\nSubject: Sale",
    "*From:* Shop <news@shop.example>\n*Sent:* Monday\n*To:* Ann;\n Ben <ben@example.org>\n*Subject:* Sale",
    "From: Shop <news@shop.example>\n\nSent: Monday, 3 February 2025\n\nTo: Ann\n\nSubject: Sale",
    "From: Shop <news@shop.example> Sent: Monday, 3 February 2025 10:00 To: Ann Subject: Sale",
    "-----Message d'origine-----\nDe : Shop <news@shop.example>\nEnvoyé : 3 février 2025\nÀ : Ann\nObjet : Soldes",
    "De: Shop <news@shop.example>\nEnviado el: lunes, 3 de febrero de 2025\nPara: Ann\nAsunto: Rebajas",
    "Von: Shop <news@shop.example>\nGesendet: Montag, 3. Februar 2025 10:00\nAn: Ann\nBetreff: Angebote",
    "Da: Shop <news@shop.example>\nInviato: lunedì 3 febbraio 2025\nA: Ann\nOggetto: Saldi",
    "Kimden: Shop <news@shop.example>\nGönderildi: 3 Şubat 2025 Pazartesi\nKime: Ann\nKonu: İndirim",
    "\u200fمن: Shop <news@shop.example>\n\u200fتم الإرسال: الاثنين 3 فبراير 2025\n\u200fإلى: Ann\n\u200fالموضوع: عرض",
    "-----الرسالة الأصلية-----\nمن: Shop\nتاريخ الإرسال: الأحد\nإلى: Ann\nالموضوع: عرض",
    "Från: Shop <news@shop.example>\nSkickat: den 3 februari 2025\nTill: Ann\nÄmne: Rea",
    "---------- Forwarded message ---------\nFrom: Shop <news@shop.example>\nDate: 3 Feb 2025\nSubject: Sale\nTo: Ann",
    "---------- Forwarded message ---------",
    "Begin forwarded message:\n\nFrom: Shop <news@shop.example>\nSubject: Sale\nDate: 3 February 2025\nTo: Ann",
    "Début du message transféré :\n\nDe: Shop <news@shop.example>\nObjet: Soldes\nDate: 3 février 2025\nÀ: Ann",
    "---------- رسالة معاد توجيهها ---------\nمن: Shop <news@shop.example>\nالتاريخ: الاثنين، 3 فبراير 2025",
    "##- Please type your reply above this line -##",
    "##- اكتب ردك فوق هذا السطر -##",
    "-- Merci de répondre au-dessus de cette ligne --",
]
REPLIES = [
    "What does the plan cost?",
    "Hello,\n\nplease unsubscribe me.\n\nAnn",
    "unsubscribe",
    "On 3 March I asked you to stop. Nothing happened.",
    "ازاي ادفع بالتقسيط؟\n\nشكرا",
    "لا أريد رسائلكم\nأحمد",
    "Je ne veux plus de vos mails.\n\nCordialement,\nAnn Smith",
    "¿Cuánto cuesta?\n\n-- \nAnn",
    "Was kostet das?\n\nVon meinem iPhone gesendet",
    "Quanto costa?\n\nQuesto messaggio e i suoi allegati sono riservati.",
    "Fiyatı nedir?\n\niPhone'umdan gönderildi",
    "",
]
FOOTERS = [
    "This email and any attachments are confidential and intended solely for\nthe addressee.\nPlease delete it.",
    "CONFIDENTIALITY NOTICE: privileged contents.\n\nIf you have received this e-mail in error, please delete it.",
    "Ce message et ses pièces jointes sont confidentiels.\nS'il vous parvient par erreur, supprimez-le.",
    "Este mensaje y sus adjuntos son confidenciales. Bórrelo si no es para usted.",
    "Diese E-Mail enthält vertrauliche Informationen. Bitte löschen Sie sie, wenn sie nicht für Sie bestimmt ist.",
    "Questo messaggio e i suoi allegati sono riservati.",
    "Bu e-posta ve ekleri gizlidir.",
    "هذه الرسالة ومرفقاتها سرية، يرجى حذفها إذا وصلتك بالخطأ.",
    "Please consider the environment before printing this e-mail.",
    "P.S. If you don't want to hear from me again just reply \"unsubscribe\" and I'll take you off my list.",
    "Unsubscribe | Privacy policy | Terms",
    "You are receiving this email because you subscribed.\n\nUnsubscribe\n\nExample Trading, Cairo, Egypt",
    *NEWSLETTERS.values(),
]
DEVICES = [
    "Sent from my iPhone",
    "Sent from Yahoo Mail on Android",
    "Get Outlook for Android<https://aka.ms/x>",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Von meinem iPhone gesendet",
    "Gesendet von Outlook für iOS",
    "Inviato da iPhone",
    "iPhone'umdan gönderildi",
    "أُرسلت من الـ iPhone الخاص بي",
    "تم الإرسال من هاتفي Samsung",
]


def read(text: str) -> Mail:
    head = "From: Ann Smith <ann@example.org>\nContent-Type: text/plain; charset=utf-8\n\n"
    return read_mail(f"{head}{text}".encode("utf-8", "replace"))


def own(text: str) -> str:
    return own_words(read(text), ["shop.example"])


def quoted(text: str, mark: str = "> ") -> str:
    return "\n".join((mark + line).rstrip() for line in text.split("\n"))


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("head", ATTRIBUTIONS)
def test_words_above_a_quote_are_kept_and_the_quote_is_not(head: str, reply: str) -> None:
    for newsletter in NEWSLETTERS.values():
        for quote in (quoted(newsletter), quoted(quoted(newsletter), ">"), newsletter):
            assert own(f"{reply}\n\n{head}\n\n{quote}") == own(reply)
            assert own(f"{reply}\n{head}\n{quote}") == own(reply)


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("head", HEADS)
def test_words_above_a_quoted_mails_header_lines_are_kept_and_the_mail_is_not(head: str, reply: str) -> None:
    for newsletter in NEWSLETTERS.values():
        assert own(f"{reply}\n\n{head}\n\n{newsletter}") == own(reply)


@pytest.mark.promise("email-opt-out")
@given(data=st.data())
def test_a_quoted_footer_never_changes_the_persons_words(data: st.DataObject) -> None:
    reply = data.draw(st.sampled_from(REPLIES) | st.text("abc .,!?\n'أبéü", max_size=80))
    newsletter = data.draw(st.sampled_from(list(NEWSLETTERS.values())))
    mark = data.draw(st.sampled_from(["> ", ">", ">> ", "> > > "]))
    quote = f"{data.draw(st.sampled_from(ATTRIBUTIONS))}\n{quoted(newsletter, mark)}"
    head = f"{data.draw(st.sampled_from(HEADS))}\n\n{newsletter}"
    whole = data.draw(st.sampled_from([quote, quoted(quote, mark), head]))
    assert own(f"{reply}\n\n{whole}") == own(reply)


def test_a_quote_in_html_is_not_the_persons_words() -> None:
    page = (
        "<div>Not for me, please drop me.</div><div>On Mon, 3 Feb 2025 at 10:00, Shop &lt;<a>news@shop.example</a>&gt; "
        "wrote:<br></div><blockquote><p>Sale</p><p>To unsubscribe click here</p></blockquote>"
    )
    mail = read_mail(f"Content-Type: text/html; charset=utf-8\n\n{page}".encode())
    assert own_words(mail) == "Not for me, please drop me."


def test_words_below_and_between_quotes_are_kept() -> None:
    attribution, *_ = ATTRIBUTIONS
    assert own(f"{attribution}\n> Sale\n> unsubscribe here\n\nThe link is broken.") == "The link is broken."
    assert own(f"{attribution}\n> One?\nYes.\n\n> Two?\nNo.\n> unsubscribe here") == "Yes.\n\nNo."
    assert own("Hello\n> Sale\nStop this.\n\nSent from my iPhone") == "Hello\n\nStop this."


def test_a_forward_without_words_has_none_and_a_letter_has_its_own() -> None:
    head = "From: Shop <news@shop.example>\nDate: 3 Feb 2025\nTo: Ann\nSubject: Sale\n\n"
    assert own(f"{head}Buy!\n\nunsubscribe here") == ""
    assert own(f"---------- Forwarded message ---------\n{head}unsubscribe here") == ""
    letter = "From: {}\nTo: {}\nDate: 3 May\nSubject: Erasure\n\nDear Sirs,\nplease delete my data."
    assert own(letter.format("Ann Smith", "the Shop")).endswith("please delete my data.")
    assert own(letter.format("A. Smith", "support@shop.example")).endswith("please delete my data.")
    again = f"-----Original Message-----\n{letter.format('ann@example.org', 'support@shop.example')}"
    assert own(again).endswith("please delete my data.")


@pytest.mark.parametrize("footer", FOOTERS)
def test_a_footer_at_the_end_is_not_the_persons_words(footer: str) -> None:
    body = footer.split("\n\n", 2)[-1] if footer in NEWSLETTERS.values() else footer
    assert own(f"What does it cost?\n\n{body}") == "What does it cost?"
    assert own(f"What does it cost?\n\nAnn\n\n{body}\n\nSent from my iPhone") == "What does it cost?"
    assert own(body) == ""


@pytest.mark.parametrize("device", DEVICES)
def test_a_telephones_line_is_not_the_persons_words(device: str) -> None:
    assert own(f"stop\n\n{device}") == "stop"
    assert own(f"stop\n{device}\n\n{ATTRIBUTIONS[0]}\n> Sale") == "stop"
    assert own(device) == ""


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAnn\nI love my cats",
        "--\nAnn Smith\nExample Trading\n+44 20 7946 0000",
        "Best regards,\nAnn Smith",
        "Best regards,\n\nAnn Smith\nHead of Online, Example Trading\nTel. +44 20 7946 0000\nwww.example.org",
        "Thanks, Ann",
        "Mit freundlichen Grüßen\nA. Smith",
        "مع التحية\nAnn",
        "Teşekkürler",
        "Ann Smith",
        "Ann\nann@example.org",
    ],
)
def test_a_signature_is_not_the_persons_words(signature: str) -> None:
    assert own(f"Please unsubscribe me.\n\n{signature}") == "Please unsubscribe me."


# What only looks like a quote, a signature or a footer: a request must not be lost.
@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(
    "text",
    [
        "unsubscribe",
        "STOP",
        "Hello,\n\nPlease unsubscribe me",
        "Thanks\nunsubscribe",
        "Thanks\nStop Emailing Me",
        "Regards\nplease remove ann@old.example",
        "Hi,\nAnn Smith\nplease remove me",
        "stop --\nplease",
        "Hello\n--\nI want to unsubscribe",
        "On 3 March 2025 I wrote:\nplease unsubscribe me",
        "In your mail of 3 March 2025 you wrote:\nwe will unsubscribe you. You did not.",
        "Am 3. März 2025 schrieb mir Ihr Kollege:\nwir löschen alles. Bitte tun Sie es.",
        "Le 3 mars 2025 votre collègue m'a écrit :\nc'est fait. Désabonnez-moi.",
        "في 3 مارس كتب لي موظفكم:\nتم الحذف. احذفوا حسابي.",
        "On 3 March 2025 I asked you to stop.\nNothing happened, then a colleague wrote:\nwe will. Stop.",
        "My question: why does support@shop.example not answer? Please delete my account.",
        "Send all you have\nFrom: 1 March\nTo: 2 May\nplease",
        "Sent from my old email, stop it",
        "Sent from my old address stop writing to it",
        "This message is intended for your data protection officer. Please delete my data.",
        "This email is confidential. Please delete my account.",
        "LEGAL NOTICE: stop sending marketing to this address",
        "If you are not the right person please forward this. Delete my account.",
        "If you would please unsubscribe me and let me know here when it is done",
        "If you do not unsubscribe me, let me know why",
        "I received this email by mistake, remove me",
        "This email was sent to me although I unsubscribed, stop",
        "To unsubscribe from your list I had to click here three times and nothing happened",
        "You are receiving this email because I no longer want your newsletter",
        "Your mail says:\nYou are receiving this email because you signed up at our shop.\nI never did, remove me.",
        "How to unsubscribe?",
        "Unsubscribe here please",
        "Click here does not work, unsubscribe me",
        "Ce message est destiné à votre DPO : effacez mes données",
        "Vous recevez ce mail car je souhaite me désabonner",
        "Este mensaje va dirigido al responsable de datos: borren mi cuenta",
        "¿Puede darse de baja mi correo?",
        "Falls Sie nicht der richtige Empfänger sind: bitte leiten Sie weiter. Löschen Sie mein Konto.",
        "abmelden newsletter",
        "Il presente messaggio vale come richiesta di cancellazione",
        "Bu mesaj bana yanlışlıkla geldi, listeden çıkarın",
        "هذه الرسالة موجهة إلى مسؤول البيانات: احذفوا حسابي",
        "أرسلت من قبل رسالة لإلغاء الاشتراك",
        "لإلغاء الاشتراك ضغطت هنا ولم يحدث شيء",
        "إلغاء الاشتراك",
    ],
)
def test_a_request_is_not_taken_for_a_quote_a_signature_or_a_footer(text: str) -> None:
    assert own(text) == text


def test_every_request_among_the_samples_keeps_its_words(samples: dict[str, bytes]) -> None:
    emptied = []
    for row in rows(SAMPLES / "labels.tsv"):
        if row["labels"] == "machine":
            continue
        mail = read_mail(samples[row["file"]])
        words = own_words(mail, ("expandcart.com",))
        assert "click here" not in words.lower(), row["file"]
        assert "اضغط هنا" not in words, row["file"]
        if not words:
            emptied.append(row["file"])
    assert emptied == ["070.eml", "081.eml"]  # the request is in the subject


@pytest.mark.parametrize(
    "unit",
    [
        "On Mon a b c ",
        "On Mon 3 a b c\n",
        ">\n",
        "> \na\n",
        "From:\n",
        "From: a@b.c\nTo: x\n",
        "On 3 wrote:\n",
        "<<<<",
        "a@",
        "Ann\n",
        "Thanks\n",
        "-- \n",
        "--\n",
        "---\n",
        "____________\n",
        "this email\n",
        "> \nthis email\n",
        "if you do want receive get\n",
        "To unsubscribe click here\n",
        "Sent from my iPhone\n",
        "http://a.b\n",
        "هذه الرسالة\n",
        "\u0301\u064b",
        "\n",
    ],
)
def test_hostile_text_takes_no_time_to_speak_of(unit: str) -> None:
    text = unit * (1024 * 1024 // len(unit.encode()))
    for hostile in (text, text[:65_536]):
        mail = replace(read(""), text=hostile)
        started = time.process_time()
        own_words(mail)
        assert time.process_time() - started < 1


@settings(max_examples=100)
@given(
    st.lists(
        st.sampled_from(
            [line for entry in [*ATTRIBUTIONS, *HEADS, *REPLIES, *FOOTERS, *DEVICES] for line in entry.split("\n")]
            + ["", "> quoted", ">", "--", "-- ", "Ann", "Regards,", "wrote:", "-----", "<", "From:", "To: x", "Date: x"]
        )
        | st.text(max_size=20),
        max_size=25,
    )
)
@example(["From: a", "> x", "Date: b"])
def test_the_result_is_lines_of_the_mail_and_has_nothing_more_to_cut(lines: list[str]) -> None:
    text = "\n".join(lines)
    words = own(text)
    assert set(words.split("\n")) <= {*read(text).text.split("\n"), ""}
    assert words == words.strip("\n")
    assert own(words) == words
