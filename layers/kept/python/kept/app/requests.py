"""One request at a time is open for an address. Who asks again, in whatever way, joins it: its deadline holds."""

from __future__ import annotations

from dataclasses import replace

from kept.app.ports.records import Messages
from kept.domain.identity import Keys
from kept.domain.policy import Policy
from kept.domain.records import Message
from kept.domain.retention import discard_at_birth


def open_request(asked: Message, *, keys: Keys, messages: Messages, now: int) -> Message:
    """Store a request, unless one is open for its address; the request that stands. Raises UnavailableError.

    It takes the address's one place for a request. What was reviewed there has had its answer and makes room; what a
    law keeps there, or staff made a record of another kind, stays, and the request is stored beside it.
    """
    placed = replace(asked, record_id=keys.repeatable_record_id(asked.subject_id.hex(), "request"))
    standing = messages.add(placed, replace_expired_at=now, replace_reviewed=True)
    if standing is None:
        return placed
    if _is_of_the_same_mail(standing, asked) or (standing.kind == "request" and standing.status == "new"):
        return standing
    return messages.add(asked) or asked


def open_or_join(
    asked: Message, *, policy: Policy, keys: Keys, messages: Messages, now: int
) -> tuple[Message, Message]:
    """The same for a request in somebody's own words: the request that stands, and the record that holds the words.

    Words that join an open request are kept as a message that says which, without a deadline of their own, so that
    whoever writes every hour does not fill the queue with requests. The same mail again changes nothing. Raises
    UnavailableError.
    """
    request = open_request(asked, keys=keys, messages=messages, now=now)
    if request.reference == asked.reference or _is_of_the_same_mail(request, asked):
        return request, request
    discard_at = discard_at_birth(policy.retention.message, asked.received_at)
    words = replace(asked, kind="message", answer_by=None, discard_at=discard_at, joins=request.reference)
    return request, messages.add(words) or words


def _is_of_the_same_mail(one: Message, other: Message) -> bool:
    return one.mail is not None and other.mail is not None and one.mail.raw_key == other.mail.raw_key
