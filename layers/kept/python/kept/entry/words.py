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
    "/reason": to_translate("Why"),
    "/until": to_translate("Until the end of"),
    "/purpose": to_translate("What for"),
    "/channel": to_translate("How"),
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

FACTS = {
    "audit, kept": to_translate("The audit of {day} found that everything was as promised."),
    "audit, broken": to_translate("The audit of {day} found something that somebody must look at."),
    "oldest_overdue": to_translate("The oldest record that was still there past its day was {hours} hours late."),
    "oldest_overdue, none": to_translate("No record was still there an hour past its time."),
    "seal": to_translate("No day of the ledger is sealed yet."),
    "seal, kept": to_translate("The ledger of {day} is sealed, and the seal verifies."),
    "seal, broken": to_translate("The seal of the ledger of {day} does not verify."),
    "nights_audited": to_translate("Nights of the last {days} with an audit: {count}"),
    "nights_kept": to_translate("Nights of the last {days} on which all was as promised: {count}"),
    "settings_checked": to_translate("Settings that the last audit looked at: {count}"),
    "settings_wrong": to_translate("Of these, not as they should be: {count}"),
    "mail_rules_checked": to_translate("Rules for mail to our address that the last audit looked at: {count}"),
    "mail_rules_wrong": to_translate("Of these, not as they should be: {count}"),
    "logs_checked": to_translate("Logs of which the last audit made sure that they forget: {count}"),
    "logs_wrong": to_translate("Of these, not as they should be: {count}"),
    "came_in": to_translate("Records that came in during the last {days} days: {count}"),
    "discarded": to_translate("Records discarded during the last {days} days: {count}"),
    "discarded_late": to_translate("Of these, more than two days late: {count}"),
    "held": to_translate("Records that are held now: {count}"),
    "mails_without_record": to_translate("Emails that the last audit found kept without their record: {count}"),
    "suppressed": to_translate("Addresses that we stopped writing to during the last {days} days: {count}"),
    "email_refused": to_translate("Emails that our systems were therefore refused in that time: {count}"),
    "post_asked": to_translate("Uses of a postal address that our systems asked for in the last {days} days: {count}"),
    "post_refused": to_translate("Of these, refused: {count}"),
    "phone_asked": to_translate("Calls that our systems asked for in the last {days} days: {count}"),
    "phone_refused": to_translate("Of these, refused: {count}"),
    "requests_answered": to_translate("Requests answered during the last {days} days, of those still held: {count}"),
    "requests_in_time": to_translate("Of these, in time: {count}"),
    "requests_overdue": to_translate("Requests that wait longer than we promised: {count}"),
    "complaints_answered": to_translate(
        "Complaints answered during the last {days} days, of those still held: {count}"
    ),
    "complaints_in_time": to_translate("Of these, in time: {count}"),
    "complaints_overdue": to_translate("Complaints that wait longer than we promised: {count}"),
}
"""The evidence for the promises, a sentence a fact."""

COUNTS = {
    "unknown": to_translate("not known today"),
    "none": to_translate("none"),
    "few": to_translate("fewer than {over}"),
    "some": to_translate("{least} to {most}"),
}
"""How a count is told."""

RECORDS = {
    "message": to_translate("Message"),
    "order": to_translate("Order"),
    "answer": to_translate("Automatic answer"),
    "link": to_translate("Mailed link"),
    "link-place": to_translate("Count of mailed links"),
    "session": to_translate("Sign-in"),
    "export": to_translate("Package"),
    "export-place": to_translate("Last package"),
    "account": to_translate("Account"),
    "registration": to_translate("Registration"),
}
"""What a kind of record is called, by what its sort key has before the #."""

FIELDS_OF_RECORDS = {
    "id": to_translate("Id"),
    "discard_by": to_translate("Discarded by"),
    "reference": to_translate("Reference"),
    "kind": to_translate("Kind"),
    "channel": to_translate("Came by"),
    "status": to_translate("Status"),
    "received_at": to_translate("Received"),
    "answer_by": to_translate("Answered by"),
    "email": to_translate("Email address"),
    "name": to_translate("Name"),
    "phone": to_translate("Telephone"),
    "postal_address": to_translate("Postal address"),
    "purposes": to_translate("May be used for"),
    "text": to_translate("Text"),
    "subject": to_translate("Subject"),
    "locale": to_translate("Language"),
    "language": to_translate("Language"),
    "file": to_translate("File in this package"),
    "mail": to_translate("The email"),
    "message_id": to_translate("Message id"),
    "reply_to": to_translate("Reply to"),
    "attachments": to_translate("Attachments"),
    "content_type": to_translate("Kind of file"),
    "size": to_translate("Bytes"),
    "intents": to_translate("Understood as"),
    "suggested": to_translate("May also be"),
    "confidence": to_translate("Certain by (per cent)"),
    "why": to_translate("Because of"),
    "intent": to_translate("Understood as"),
    "words": to_translate("Words"),
    "machine_reason": to_translate("Taken for a machine because"),
    "spam": to_translate("Taken for spam"),
    "text_truncated": to_translate("Text cut short"),
    "defects": to_translate("Defects"),
    "notes": to_translate("Notes"),
    "at": to_translate("When"),
    "by": to_translate("By"),
    "outcome": to_translate("Outcome"),
    "joins": to_translate("Joins the open request"),
    "recorded_by": to_translate("Taken down by"),
    "reviewed_at": to_translate("Reviewed"),
    "reviewed_by": to_translate("Reviewed by"),
    "order_id": to_translate("Order number"),
    "order": to_translate("Order"),
    "placed_online": to_translate("Placed online"),
    "placed_at": to_translate("Placed"),
    "version": to_translate("Version"),
    "discard_reason": to_translate("Goes early because"),
    "created_at": to_translate("Asked for"),
    "waits_until": to_translate("Waits until"),
    "asked_at": to_translate("Other systems asked"),
    "sources": to_translate("Other systems"),
    "package": to_translate("Package"),
    "scope": to_translate("What is not sent"),
    "list": to_translate("Mailing list"),
    "reason": to_translate("Reason"),
    "since": to_translate("Since"),
    "registered_at": to_translate("Registered"),
    "seen_at": to_translate("Signed in last"),
    "acceptances": to_translate("Affirmations of the policy"),
    "acceptance": to_translate("Affirmation of the policy"),
    "text_digest": to_translate("Digest of its text"),
    "on_behalf_of": to_translate("Also for"),
    "verified_at": to_translate("Address proved"),
    "extension": to_translate("Needs longer"),
    "hold": to_translate("Kept because a law asks for it"),
    "until": to_translate("Until"),
    "openings": to_translate("Opened by staff"),
    "promise": to_translate("The promise that it is about"),
    "date_moved": to_translate("Its date was moved"),
    "day": to_translate("Entered on"),
}
"""What a field of a record is called; one that is not here is shown by its own name."""

CODES = {
    "kind": KINDS,
    "channel": CHANNELS,
    "status": STATUSES,
    "intent": INTENTS,
    "intents": INTENTS,
    "suggested": INTENTS,
    "purposes": PURPOSES,
}
"""The fields of a record that hold codes of ours, and what these are called."""

STORES = {
    "SubjectsTable": to_translate("Records, and what lies under your telephone numbers"),
    "SuppressionsTable": to_translate("The list of who is not to be written to"),
    "MailBucket/raw/": to_translate("Emails as they came in"),
    "ExportsBucket/sources/": to_translate("What other systems sent for this package"),
    "LedgerTable": to_translate("The ledger"),
}
"""What a place is called that was searched for a package."""

PACKAGE = {
    "title": to_translate("What we hold about you"),
    "intro": to_translate(
        "Everything that {name} holds about {email}, as of {made_at}. Nothing is left out; what staff noted "
        "about you is in it. The same is in data.json, for programs."
    ),
    "records": to_translate("Records"),
    "phone_numbers": to_translate("What lies under your telephone numbers"),
    "suppressions": to_translate("What you are not sent"),
    "ledger": to_translate("The ledger of what became of your records"),
    "searched": to_translate("Where we looked"),
    "searched_more": to_translate(
        "Places that only pass data on or hold copies are listed in manifest.json, with the reason why they were not "
        "searched, and with a checksum (SHA-256) of every file in this package."
    ),
    "what": to_translate("What"),
    "found": to_translate("Found"),
    "others": to_translate("Other systems"),
    "answered": to_translate("answered; its file is in the package"),
    "nothing": to_translate("answered that it holds nothing"),
    "no answer": to_translate("did not answer in time"),
    "missing": to_translate("Emails that were discarded while this package was made:"),
    "copies": to_translate("Of what was discarded before, the last backup copy is gone by {day}."),
    "policy": to_translate("Made under version {version} of our policy. This package is discarded by {day}."),
    "reach": to_translate("Is something wrong, or do you want it corrected or erased? Write to"),
    "yes": to_translate("yes"),
    "no": to_translate("no"),
}
"""What the page of a package says."""

SCOPES = {
    "marketing": to_translate("news and offers, any of them"),
    "everything": to_translate("anything at all, receipts and news of orders included"),
}
"""What a suppression covers, but for the policy's mailing lists, which have names of their own."""

PROGRESS = {
    "asked": to_translate("Waiting for its turn …"),
    "waiting": to_translate("Waiting for the shop's other systems …"),
    "making": to_translate("Being packed …"),
    "ready": to_translate("It is ready."),
}
"""How far a package is."""

DONE = {
    "preferences": to_translate("Your wishes are saved, and hold from now on."),
    "correction": to_translate("Your correction is saved. Our staff see that there was one."),
    "affirmation": to_translate("Thank you. Your affirmation is recorded."),
}
"""What was done, on the page that a form comes back to."""

LEDGER_WHATS = {
    "written": to_translate("came in"),
    "changed": to_translate("was changed"),
    "moved": to_translate("got another discard date"),
    "replaced": to_translate("was replaced by a new one"),
    "discarded": to_translate("was discarded"),
}
"""What the ledger says happened to a record."""

LEDGER_REASONS = {
    "expired": to_translate("its time was over"),
    "review": to_translate("it was reviewed"),
    "purge_audit": to_translate("the nightly audit found it past its time"),
    "erasure": to_translate("you had it erased"),
    "withdrawal": to_translate("you took it back"),
    "ended": to_translate("it was ended"),
    "replaced": to_translate("another took its place"),
    "rotated": to_translate("it was put under a new key"),
    "missing": to_translate("it was found to be gone"),
    "unknown": to_translate("somebody deleted it and did not say why"),
    "hold": to_translate("a law asks to keep it"),
    "hold-ended": to_translate("no law asks to keep it any more"),
    "extended": to_translate("the answer needs longer"),
    "another-kind": to_translate("it turned out to be of another kind"),
    "signed-in": to_translate("you signed in"),
}
"""Why, in the ledger's words; the reason of a move that is not here is shown as it is written."""

LEDGER_KINDS = RECORDS | {"suppression": to_translate("Wish not to be written to"), "": ""}
"""What a kind of record is called of which the ledger tells."""

AUDIT_REASONS = LEDGER_REASONS | {
    "erasure": to_translate("the person had it erased"),
    "withdrawal": to_translate("the person took it back"),
}
"""Why a record went, for staff."""

AUDIT_CAUSES = {
    "not-yet-deleted": to_translate("DynamoDB had not deleted it yet"),
    "date-taken-away": to_translate("somebody took its date away"),
    "date-moved": to_translate("somebody moved its date"),
    "gone-without-entry": to_translate("it is gone, and the ledger was not told"),
}
AUDIT_OUTCOMES = {
    "discarded": to_translate("discarded"),
    "gone": to_translate("gone"),
    "still-there": to_translate("still there"),
    "kept": to_translate("kept"),
}
AUDIT_ORPHANS = {"record": to_translate("record"), "raw-mail": to_translate("raw mail")}
AUDIT_CHECKS = {
    "fine": to_translate("fine"),
    "breach": to_translate("not as it should be"),
    "unknown": to_translate("not known"),
}
"""What the purge audit's page calls what it found."""
