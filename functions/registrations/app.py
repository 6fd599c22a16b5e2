"""POST /registrations: somebody affirms the policy and asks for an account, which its mailed link confirms."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app.register import Application, register
from kept.entry import wiring
from kept.entry.http import Answer, Api, Request, see
from kept.entry.me import Language, Name, Names, Phone, PostalAddressBody

handler = Api()


class RegistrationBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who registers, and that they accept the policy, for themselves and for the others whom they name."""

    email: Annotated[str, Meta(max_length=254)]
    policy_version: Annotated[str, Meta(max_length=64)]
    accepted: bool = False
    on_behalf_of: Names = ()
    name: Name | None = None
    phone: Phone | None = None
    postal_address: PostalAddressBody | None = None
    locale: Language | None = None


class WaitsBody(msgspec.Struct):
    """For how long the registration waits for its mailed link, in seconds; then it is discarded."""

    waits: int


@handler.route(
    "POST",
    "/registrations",
    summary="Register",
    reads=RegistrationBody,
    forms=True,
    answers={202: WaitsBody, 303: None},
)
def post_registration(request: Request[RegistrationBody]) -> Answer:
    """Let the registration wait for its link: the same answer and time whoever it is."""
    body, policy = request.body, wiring.policy()
    application = Application(
        email=body.email,
        policy_version=body.policy_version,
        accepted=body.accepted,
        on_behalf_of=body.on_behalf_of,
        name=body.name,
        phone=body.phone,
        postal_address=body.postal_address.read() if body.postal_address else None,
        language=body.locale,
    )
    register(
        application, policy=policy, keys=wiring.keys(), accounts=wiring.accounts(), mails=wiring.mails(), now=now()
    )
    handler.observer.count("Registrations")
    if request.is_form:
        return see("/thanks/registration")
    return Answer(202, WaitsBody(int(policy.account.registration_waits)))
