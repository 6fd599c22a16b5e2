"""What codes are called on pages: fields, kinds, purposes, refusals, and what is done so that each promise is true."""

from __future__ import annotations

from kept.domain.errors import to_translate

FIELDS = {
    "/email": to_translate("Your email address"),
    "/message": to_translate("Your message"),
    "/name": to_translate("Your name"),
    "/phone": to_translate("Your telephone number"),
    "/postal_address": to_translate("Your postal address"),
    "/postal_address/text": to_translate("Your postal address"),
    "/postal_address/purposes": to_translate("What we may use your postal address for"),
    "/promise": to_translate("The promise"),
    "/form_token": to_translate("This form"),
    "/token": to_translate("The link"),
    "/text": to_translate("The text"),
    "/outcome": to_translate("The outcome"),
    "/kind": to_translate("The kind"),
    "/address": to_translate("Address or number"),
}
"""What a form calls the field that a JSON pointer names."""

TITLES = {
    400: to_translate("We could not read that"),
    401: to_translate("Please sign in"),
    403: to_translate("This is not possible from here"),
    404: to_translate("There is nothing here"),
    409: to_translate("Something has changed meanwhile"),
    413: to_translate("That is too long"),
    415: to_translate("We could not read that"),
    422: to_translate("Something needs another look"),
    500: to_translate("A mistake of ours"),
    503: to_translate("Please try again in a moment"),
}
"""The heading of a refusal, by its status."""

KINDS = {
    "message": to_translate("message"),
    "complaint": to_translate("complaint"),
    "request": to_translate("request for data or its end"),
    "machine": to_translate("automatic mail"),
    "quarantine": to_translate("mail with a virus"),
}
STATUSES = {"new": to_translate("new"), "reviewed": to_translate("reviewed")}
CHANNELS = {
    "form": to_translate("form"),
    "email": to_translate("email"),
    "telephone": to_translate("telephone"),
    "phone": to_translate("telephone"),
    "post": to_translate("post"),
}

INTENTS = {
    "opt_out": to_translate("wants no more emails"),
    "access": to_translate("asks for their data"),
    "cancel": to_translate("wants their account ended"),
    "complaint": to_translate("complains"),
    "contact": to_translate("writes"),
    "machine": to_translate("is a machine"),
}
DUES = {"overdue": to_translate("overdue"), "soon": to_translate("due within three days")}
DECISIONS = {
    "allowed": to_translate("Yes, you may"),
    "refused": to_translate("No, you may not"),
    "unknown": to_translate("Not known now, so do not"),
}

PURPOSES = {
    "answer": to_translate("an answer to what you ask"),
    "marketing": to_translate("news and offers"),
    "order_update": to_translate("information about an order"),
    "receipt": to_translate("a receipt"),
    "catalogue": to_translate("our catalogue"),
    "order_delivery": to_translate("delivery of an order"),
}
"""What the shipped policy's purposes are called; a purpose of another policy is shown as it is written there."""

MEASURES = {
    "reachable": to_translate(
        "Mail to that address becomes a record that somebody must review, and what is said by telephone is put into "
        "the same queue."
    ),
    "no-visitor-recognition": to_translate(
        "These pages set no cookie and have no script. Our logs have no field for an address, a browser or a page."
    ),
    "email-senders": to_translate(
        "The address is kept with the message that it wrote, and nowhere else. It goes when the message goes."
    ),
    "review-then-discard": to_translate(
        "Each record gets its discard date the moment it comes in. A review only ever brings that date nearer."
    ),
    "login-cookies-only": to_translate(
        "One cookie, set when you sign in with the link that we mailed you, gone when you sign out."
    ),
    "email-opt-out": to_translate(
        "Write it in your own words, use the form, or press the button in our mail. It takes effect at once, and "
        "outlives every other record."
    ),
    "post-as-supplied": to_translate(
        "Each postal address is stored with what you gave it for; our systems are refused any other use."
    ),
    "phone-for-orders": to_translate(
        "A number may be called about an order placed online with it, while that order is held, and for nothing else."
    ),
    "no-ad-partners": to_translate(
        "Every part of these pages comes from this site. There is no purpose for advertising partners that anybody "
        "could choose."
    ),
    "access-on-request": to_translate(
        "Ask for the link: it shows everything that is held about you, and our notes about it too."
    ),
    "security-measures": to_translate(
        "Records are encrypted, each part of the system may do only what it must, and every look at your record is "
        "written into it."
    ),
    "complaints-heard": to_translate(
        "A complaint comes first in the queue, names the promise that was broken, and has a day by which it is "
        "answered."
    ),
    "terms-affirmed": to_translate(
        "Registering needs your consent to the current policy. Cancelling erases your account and stops our emails."
    ),
}
"""What is done so that each promise is true; a promise of another policy stands by itself."""
