"""Who may be contacted: every rule as a table of cases, and what holds whatever the policy, people and questions."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Never

import msgspec
import phonenumbers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from kept.app.opt_out import heed_feedback, opt_out_by_form
from kept.app.permissions import Verdict, ask
from kept.app.ports.permission import PhoneUse, PostUse
from kept.domain.errors import KeyMismatchError, UnavailableError
from kept.domain.identity import Keys, SubjectId
from kept.domain.orders import DELIVERY, Order
from kept.domain.permission import Check, Permission
from kept.domain.policy import MailingList, Policy, Purposes, load_policy
from kept.domain.records import Message, PostalAddress
from kept.domain.suppression import EVERYTHING, MARKETING, Scope, list_scope
from tests.fakes import MemoryMessages, MemoryOrders, MemorySuppressions

KEYS = Keys("k" * 64)
NOW = 1_800_000_000
SHIPPED = load_policy()
ANN, BOB = "ann@example.com", "bob@example.org"
ANNS_NUMBER, BOBS_NUMBER = "+442079460958", "+12025550123"  # reserved for fiction by Ofcom and the NANPA

PROMISE = {"email": "email-opt-out", "post": "post-as-supplied", "phone": "phone-for-orders"}


@dataclass
class World:
    """A policy, who has opted out of what, and what is held."""

    policy: Policy = SHIPPED
    suppressions: MemorySuppressions = field(default_factory=MemorySuppressions)
    messages: MemoryMessages = field(default_factory=MemoryMessages)

    def __post_init__(self) -> None:
        self.orders = MemoryOrders(KEYS, self.messages)

    def opt_out(self, address: str, *scopes: Scope) -> None:
        for scope in scopes:
            self.suppressions.suppress(KEYS.subject_id(address), scope, "link", NOW)

    def order(self, order_id: str, email: str = ANN, *, online: bool = True, **changes: object) -> Order:
        made = Order(
            subject_id=KEYS.subject_id(email),
            record_id=KEYS.order_record_id(order_id),
            order_id=order_id,
            placed_online=online,
            placed_at=NOW - 1000,
            version=0,
            discard_at=NOW + 1000,
            email=email,
        )
        return self.orders.put(replace(made, **changes), NOW)

    def address(self, email: str, purposes: tuple[str, ...], discard_at: int = NOW + 1000) -> str:
        """Hold a postal address that came with a message; its id."""
        record_id = f"{len(self.messages.records):032x}"
        given = PostalAddress("1 Nile Street", purposes)
        self.messages.add(
            Message(
                KEYS.subject_id(email), record_id, "AAAA", "message", "form", NOW, discard_at, "x", postal_address=given
            )
        )
        return f"message-{record_id}"

    def ask(self, *checks: Check) -> list[Verdict]:
        return ask(checks, policy=self.policy, keys=KEYS, suppressions=self.suppressions, holdings=self.orders, now=NOW)

    def answer(self, check: Check) -> Permission:
        (verdict,) = self.ask(check)
        return verdict.permission


def with_purposes(**purposes: tuple[str, ...]) -> Policy:
    return msgspec.structs.replace(SHIPPED, purposes=msgspec.structs.replace(SHIPPED.purposes, **purposes))


# ---------------------------------------------------------------- email

SUPPRESSED: dict[str, tuple[Scope, ...]] = {
    "nothing": (),
    "marketing": (MARKETING,),
    "everything": (EVERYTHING,),
    "newsletter": (list_scope(1),),
    "offers": (list_scope(2),),
    "both lists": (list_scope(1), list_scope(2)),
}
EMAIL = """
    purpose      list       | nothing marketing everything newsletter offers both-lists
    answer       -          | yes     yes       yes        yes        yes    yes
    answer       newsletter | yes     yes       yes        yes        yes    yes
    marketing    -          | yes     no        no         yes        yes    yes
    marketing    newsletter | yes     no        no         no         yes    no
    marketing    offers     | yes     no        no         yes        no     no
    order_update -          | yes     yes       no         yes        yes    yes
    receipt      -          | yes     yes       no         yes        yes    yes
    receipt      newsletter | yes     yes       no         no         yes    no
"""


def email_cases() -> list[tuple[str, str | None, str, bool]]:
    heading, *lines = (line.split() for line in EMAIL.strip().splitlines())
    return [
        (line[0], None if line[1] == "-" else line[1], suppressed.replace("-", " "), cell == "yes")
        for line in lines
        for suppressed, cell in zip(heading[3:], line[3:], strict=True)
    ]


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(("purpose", "mailing_list", "suppressed", "allowed"), email_cases())
def test_email_goes_only_to_who_did_not_opt_out_of_it(
    purpose: str, mailing_list: str | None, suppressed: str, allowed: bool
) -> None:
    world = World()
    world.opt_out(ANN, *SUPPRESSED[suppressed])
    permission = world.answer(Check("email", ANN, purpose, mailing_list))
    assert permission.allowed is allowed, f"{purpose} on list {mailing_list}, after opting out of {suppressed}"
    assert permission.decision == ("allowed" if allowed else "refused")
    assert permission.promise == "email-opt-out"


def test_the_table_has_every_purpose_of_email_that_is_shipped() -> None:
    assert {purpose for purpose, *_ in email_cases()} == set(SHIPPED.purposes.email)


@pytest.mark.promise("email-opt-out")
def test_another_persons_opt_out_stops_nobody_else() -> None:
    world = World()
    world.opt_out(BOB, EVERYTHING, MARKETING)
    assert world.answer(Check("email", ANN, "marketing")).allowed


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(
    ("purpose", "mailing_list", "stops"),
    [
        ("marketing", None, "marketing"),
        ("marketing", "newsletter", "list-1"),
        ("marketing", "offers", "list-2"),
        ("receipt", None, None),
        ("order_update", None, None),
        ("answer", None, None),
    ],
)
def test_marketing_says_what_its_unsubscribe_link_must_stop(
    purpose: str, mailing_list: str | None, stops: str | None
) -> None:
    world = World()
    permission = world.answer(Check("email", ANN, purpose, mailing_list))
    assert permission.stops == stops
    if stops:
        world.opt_out(ANN, Scope(stops))
        assert not world.answer(Check("email", ANN, purpose, mailing_list)).allowed, "the link would stop nothing"


@pytest.mark.promise("email-opt-out")
def test_a_purpose_of_the_shops_own_is_marketing_and_stops_with_it() -> None:
    world = World(with_purposes(email=("answer", "survey")))
    assert world.answer(Check("email", ANN, "survey")).stops == MARKETING
    world.opt_out(ANN, MARKETING)
    assert not world.answer(Check("email", ANN, "survey")).allowed


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("purpose", SHIPPED.purposes.email)
def test_a_list_that_the_policy_does_not_name_does_not_exist(purpose: str) -> None:
    permission = World().answer(Check("email", ANN, purpose, "partners"))
    assert permission.decision == "refused"
    assert "list" in permission.reason


@pytest.mark.promise("no-ad-partners")
@pytest.mark.parametrize("channel", ["email", "post"])
@pytest.mark.parametrize("purpose", ["advertising", "partner_offers", "", "Marketing", "marketing ", "answer\n"])
def test_a_purpose_that_the_policy_does_not_name_does_not_exist(channel: str, purpose: str) -> None:
    world = World()
    held = world.address(ANN, (purpose,))
    permission = world.answer(Check(channel, ANN, purpose, address_id=held))
    assert (permission.decision, permission.promise) == ("refused", "no-ad-partners")


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "ann",
        "@example.com",
        "ann@",
        "an n@example.com",
        "ann@example.com bob@example.org",
        "ann@exa\tmple.com",
        "a" * 320 + "@example.com",
    ],
)
def test_what_cannot_be_an_email_address_is_refused(written: str) -> None:
    permission = World().answer(Check("email", written, "marketing"))
    assert permission.decision == "refused"
    assert not written.strip() or written not in permission.reason, "the reason repeats what was sent"


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(
    "written",
    [
        "<ann@example.com>",
        "Ann<ann@example.com>",
        "mailto:ann@example.com",
        '"ann"@example.com',
        "ann(home)@example.com",
        "bob@example.org,ann@example.com",
        "bob@example.org;ann@example.com",
        "ann@example.com\x00",
        "an\\n@example.com",
        "@example.org:ann@example.com",
    ],
)
def test_an_address_in_a_wrapping_is_never_somebody_else_who_did_not_opt_out(written: str) -> None:
    world = World()
    world.opt_out(ANN, EVERYTHING, MARKETING)
    assert not world.answer(Check("email", written, "marketing")).allowed, (
        "a mailing tool delivers this to somebody who opted out"
    )


# ---------------------------------------------------------------- post

POST = {
    "given for this purpose": ("catalogue", ("catalogue",), True),
    "given for this among others": ("answer", ("catalogue", "answer"), True),
    "given for another purpose": ("catalogue", ("answer",), False),
    "an order's, for its delivery": ("order_delivery", (DELIVERY,), True),
    "an order's, for the catalogue": ("catalogue", (DELIVERY,), False),
    "an order's, to answer something": ("answer", (DELIVERY,), False),
}


@pytest.mark.promise("post-as-supplied")
@pytest.mark.parametrize("case", POST)
def test_a_letter_goes_only_for_what_the_address_was_given_for(case: str) -> None:
    purpose, given_for, allowed = POST[case]
    world = World()
    held = world.address(ANN, given_for)
    permission = world.answer(Check("post", ANN, purpose, address_id=held))
    assert (permission.allowed, permission.promise) == (allowed, "post-as-supplied"), case
    assert permission.stops is None


@pytest.mark.promise("post-as-supplied")
@pytest.mark.parametrize("purpose", SHIPPED.purposes.post)
def test_an_orders_address_is_for_its_delivery_and_nothing_else(purpose: str) -> None:
    world = World()
    order = world.order("A-1", postal_address=PostalAddress("1 Nile Street", (DELIVERY,)))
    by_order = world.answer(Check("post", ANN, purpose, order_id="A-1"))
    by_address = world.answer(Check("post", ANN, purpose, address_id=order.address_id))
    assert by_order == by_address
    assert by_order.allowed is (purpose == DELIVERY)


def refused_posts() -> dict[str, tuple[World, Check]]:
    """Letters that nobody may send, and the worlds in which they may not."""
    world = World()
    given = world.address(ANN, ("catalogue",))
    expired = world.address(ANN, ("catalogue",), discard_at=NOW)
    world.order("no-address")
    world.order("ended", postal_address=PostalAddress("1 Nile Street", (DELIVERY,)))
    world.orders.end("ended", NOW)
    world.order("old", postal_address=PostalAddress("1 Nile Street", (DELIVERY,)), discard_at=NOW)
    return {
        "no address named": (world, Check("post", ANN, "catalogue")),
        "another person's address": (world, Check("post", BOB, "catalogue", address_id=given)),
        "an address past its date": (world, Check("post", ANN, "catalogue", address_id=expired)),
        "one that was never given": (world, Check("post", ANN, "catalogue", address_id=f"message-{'f' * 32}")),
        "an order without one": (world, Check("post", ANN, DELIVERY, order_id="no-address")),
        "an order that has ended": (world, Check("post", ANN, DELIVERY, order_id="ended")),
        "an order past its date": (world, Check("post", ANN, DELIVERY, order_id="old")),
        "an order never told of": (world, Check("post", ANN, DELIVERY, order_id="none")),
        "no person": (world, Check("post", "Nile Street 1", "catalogue", address_id=given)),
    }


@pytest.mark.promise("post-as-supplied")
@pytest.mark.parametrize("case", refused_posts())
def test_a_letter_is_refused_for(case: str) -> None:
    world, check = refused_posts()[case]
    permission = world.answer(check)
    assert (permission.decision, permission.promise) == ("refused", "post-as-supplied"), case


# ---------------------------------------------------------------- telephone


def phone_cases() -> dict[str, tuple[World, Check, bool]]:
    world = World()
    for order_id, changes in {
        "online": {},
        "by phone": {"online": False},
        "ended": {},
        "old": {"discard_at": NOW},
        "no number": {"phone": None},
        "bobs": {"email": BOB, "phone": BOBS_NUMBER},
    }.items():
        world.order(order_id, **({"phone": ANNS_NUMBER} | changes))
    world.orders.end("ended", NOW)

    def call(order_id: str | None, number: str = ANNS_NUMBER, purpose: str = "order_update") -> Check:
        return Check("phone", number, purpose, order_id=order_id)

    return {
        "about their order placed online": (world, call("online"), True),
        "about Bob's, on Bob's number": (world, call("bobs", BOBS_NUMBER), True),
        "about another person's order": (world, call("online", BOBS_NUMBER), False),
        "about Bob's order, on Ann's number": (world, call("bobs"), False),
        "about an order taken by phone": (world, call("by phone"), False),
        "about an order that has ended": (world, call("ended"), False),
        "about an order past its date": (world, call("old"), False),
        "about an order that came without a number": (world, call("no number"), False),
        "about an order never told of": (world, call("none"), False),
        "about no order": (world, call(None), False),
        "about an order without a name": (world, call(""), False),
        "for marketing, with an order": (world, call("online", purpose="marketing"), False),
        "for an answer, with an order": (world, call("online", purpose="answer"), False),
        "for a receipt, with an order": (world, call("online", purpose="receipt"), False),
        "for a purpose that does not exist": (world, call("online", purpose="survey"), False),
        "for ORDER_UPDATE": (world, call("online", purpose="ORDER_UPDATE"), False),
        "on what is no number": (world, call("online", "ann@example.com"), False),
        "on a number that nobody can have": (world, call("online", "+20 1"), False),
    }


@pytest.mark.promise("phone-for-orders")
@pytest.mark.parametrize("case", phone_cases())
def test_a_call_is_only_about_an_order_placed_online_by_whose_number_it_is(case: str) -> None:
    world, check, allowed = phone_cases()[case]
    permission = world.answer(check)
    assert (permission.allowed, permission.promise) == (allowed, "phone-for-orders"), f"a call {case}"
    assert permission.decision != "unknown"


@pytest.mark.promise("phone-for-orders")
@pytest.mark.parametrize("purpose", ["marketing", "survey", "order_update"])
def test_a_policy_cannot_give_telephone_numbers_another_purpose(purpose: str) -> None:
    world = World(with_purposes(phone=("marketing", "survey")))
    world.order("A-1", phone=ANNS_NUMBER)
    assert not world.answer(Check("phone", ANNS_NUMBER, purpose, order_id="A-1")).allowed


# ---------------------------------------------------------------- one person, many writings

PEOPLE = {
    "ann@example.com": ["ANN@EXAMPLE.COM", "Ann@Example.Com", "  ann@example.com\n", "ann@example.com."],
    "ann@bücher.example.com": [
        "ANN@BÜCHER.EXAMPLE.COM",
        "ann@xn--bcher-kva.example.com",
        "Ann@XN--BCHER-KVA.example.com",
        "ann@bu\u0308cher.example.com",
        "ann@bücher。example.com",
    ],
    "josé@example.org": ["JOSÉ@example.org", "jose\u0301@EXAMPLE.org"],
    "منى@مثال.example": ["منى@xn--mgbh0fb.example", "منى@XN--MGBH0FB.EXAMPLE"],
}


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(("one", "other"), [(one, other) for one, others in PEOPLE.items() for other in others])
def test_an_opt_out_holds_in_every_writing_of_the_address(one: str, other: str) -> None:
    for stopped, asked in ((one, other), (other, one)):
        world = World()
        world.opt_out(stopped, MARKETING)
        assert not world.answer(Check("email", asked, "marketing")).allowed, f"{asked!r} is {stopped!r}, who opted out"


@pytest.mark.promise("email-opt-out")
@given(
    local=st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}", fullmatch=True),
    domain=st.sampled_from(["example.com", "shop.example.org", "bücher.example", "例え.example", "пример.test"]),
    chance=st.randoms(use_true_random=False),
)
def test_an_opt_out_holds_in_any_case_and_both_forms_of_the_domain(
    local: str, domain: str, chance: random.Random
) -> None:
    world = World()
    heed_feedback([f"{local}@{domain}"], "bounce", keys=KEYS, suppressions=world.suppressions, at=NOW)
    ascii_form = domain.encode("idna").decode()
    for spelling in (domain, ascii_form):
        written = "".join(chance.choice((c.lower(), c.upper())) for c in f"{local}@{spelling}")
        assert not world.answer(Check("email", written, "marketing")).allowed, f"{written} opted out"


@pytest.mark.promise("email-opt-out")
def test_the_gate_knows_whoever_used_the_form() -> None:
    world = World()
    opt_out_by_form("Ann.Example@bücher.example.com", keys=KEYS, suppressions=world.suppressions, now=NOW)
    assert not world.answer(Check("email", "ann.example@xn--bcher-kva.example.com", "marketing")).allowed


NUMBERS = {
    "+201001234567": ["010 0123 4567", "01001234567", "0020 100 123 4567", "+20 (100) 123-4567", "٠١٠٠١٢٣٤٥٦٧"],
    "+442079460958": ["+44 20 7946 0958", "0044 20 7946 0958", "tel:+44-20-7946-0958", "+44 (0)20 7946 0958"],
    "+12025550123": ["+1 (202) 555-0123", "001 202 555 0123", "+1.202.555.0123"],
}


@pytest.mark.promise("phone-for-orders")
@pytest.mark.parametrize(("number", "written"), [(n, w) for n, ws in NUMBERS.items() for w in (n, *ws)])
def test_a_number_is_the_same_in_any_writing(number: str, written: str) -> None:
    world = World()
    world.order("A-1", phone=number)
    assert world.answer(Check("phone", written, "order_update", order_id="A-1")).allowed
    assert not world.answer(Check("phone", written, "order_update", order_id="A-2")).allowed


@pytest.mark.promise("phone-for-orders")
@given(
    st.sampled_from([f"+2010{n:08d}" for n in range(1234560, 1234570)] + [f"+44207946{n:04d}" for n in range(990)]),
    st.sampled_from(sorted(PhoneNumberFormat.__dict__[name] for name in PhoneNumberFormat.__dict__ if name.isupper())),
    st.sampled_from([" ", "-", ".", "/", "\u00a0", "  "]),
)
def test_a_number_is_the_same_however_it_is_grouped(number: str, form: int, gap: str) -> None:
    world = World()
    world.order("A-1", phone=number)
    parsed = phonenumbers.parse(number)
    abroad = parsed.country_code != 20  # the shop is in Egypt: a national writing there is an Egyptian number
    written = (
        phonenumbers.format_out_of_country_calling_number(parsed, "EG")
        if abroad and form == PhoneNumberFormat.NATIONAL
        else phonenumbers.format_number(parsed, form)
    )
    if form != PhoneNumberFormat.RFC3966:
        written = written.replace(" ", gap)
    assert world.answer(Check("phone", written, "order_update", order_id="A-1")).allowed, f"{written!r} is {number}"


# ---------------------------------------------------------------- whatever the policy, people and questions

ADDRESSES = [ANN, BOB, "ANN@example.com", "carol@example.net", "not an address"]
NUMBERS_ASKED = [ANNS_NUMBER, BOBS_NUMBER, "020 7946 0958", "no number"]
PURPOSES = ["answer", "marketing", "order_update", "receipt", "survey", "catalogue", DELIVERY, "advertising"]
LISTS = ["newsletter", "offers", "partners"]
SCOPES = [MARKETING, EVERYTHING, *map(list_scope, (1, 2, 3, 254))]
ORDERS = ["A-1", "A-2", "A-3"]

purposes = st.lists(st.sampled_from(PURPOSES), max_size=5, unique=True).map(tuple)
lists = st.dictionaries(st.sampled_from(LISTS), st.integers(1, 3), max_size=3).map(
    lambda named: {name: MailingList(number, {"en": name}) for name, number in named.items()}
)
policies = st.builds(
    lambda email, post, phone, named: msgspec.structs.replace(
        SHIPPED, purposes=Purposes(email, post, phone), lists=named
    ),
    purposes,
    purposes,
    purposes,
    lists,
)
opt_outs = st.lists(st.tuples(st.sampled_from(ADDRESSES[:4]), st.sampled_from(SCOPES)), max_size=6)
orders = st.lists(
    st.fixed_dictionaries(
        {
            "order_id": st.sampled_from(ORDERS),
            "email": st.sampled_from([ANN, BOB]),
            "online": st.booleans(),
            "phone": st.sampled_from([None, ANNS_NUMBER, BOBS_NUMBER]),
            "postal_address": st.sampled_from([None, PostalAddress("1 Nile Street", (DELIVERY,))]),
            "discard_at": st.sampled_from([NOW + 1000, NOW]),
        }
    ),
    max_size=4,
)
given_addresses = st.lists(st.tuples(st.sampled_from([ANN, BOB]), purposes), max_size=2)
checks = st.builds(
    lambda channel, email, number, purpose, mailing_list, order_id, address_id: Check(
        channel, number if channel == "phone" else email, purpose, mailing_list, order_id, address_id
    ),
    st.sampled_from(["email", "phone", "post"]),
    st.sampled_from(ADDRESSES),
    st.sampled_from(NUMBERS_ASKED),
    st.sampled_from(PURPOSES),
    st.none() | st.sampled_from(LISTS),
    st.none() | st.sampled_from(ORDERS),
    st.none() | st.sampled_from([f"message-{n:032x}" for n in range(2)]),
)
questions = st.lists(checks, min_size=1, max_size=12)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world = World(draw(policies))
    for address, scope in draw(opt_outs):
        world.opt_out(address, scope)
    for order in draw(orders):
        world.order(**order)
    for email, given_for in draw(given_addresses):
        world.address(email, given_for)
    return world


whatever = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def decisions(world: World, asked: list[Check]) -> list[str]:
    return [verdict.permission.decision for verdict in world.ask(*asked)]


@pytest.mark.promise("email-opt-out")
@whatever
@given(worlds(), questions)
def test_the_answers_are_in_the_order_of_the_questions_and_none_depends_on_another(
    world: World, asked: list[Check]
) -> None:
    assert world.ask(*asked) == [world.ask(check)[0] for check in asked]
    assert world.ask(*reversed(asked)) == list(reversed(world.ask(*asked)))


@pytest.mark.promise("email-opt-out")
@whatever
@given(worlds(), questions)
def test_who_wants_nothing_at_all_gets_only_answers(world: World, asked: list[Check]) -> None:
    for address in ADDRESSES:
        world.opt_out(address, EVERYTHING)
    for check, verdict in zip(asked, world.ask(*asked), strict=True):
        if check.channel == "email" and check.purpose != "answer":
            assert verdict.permission.decision == "refused", f"{check} would be sent to who wants nothing at all"


@pytest.mark.promise("access-on-request")
@whatever
@given(worlds(), st.sampled_from(ADDRESSES[:4]), st.booleans())
def test_nothing_ever_blocks_the_answer_to_a_persons_own_request(world: World, address: str, fails: bool) -> None:
    world.policy = msgspec.structs.replace(
        world.policy, purposes=msgspec.structs.replace(world.policy.purposes, email=("answer",))
    )
    world.opt_out(address, *SCOPES)
    world.suppressions.failing = fails
    assert world.answer(Check("email", address, "answer")).allowed, "a person would not get what they asked for"


@pytest.mark.promise("email-opt-out")
@whatever
@given(worlds(), questions, opt_outs)
def test_opting_out_of_more_never_allows_more(world: World, asked: list[Check], more: list[tuple[str, Scope]]) -> None:
    before = decisions(world, asked)
    for address, scope in more:
        world.opt_out(address, scope)
    for check, was, now in zip(asked, before, decisions(world, asked), strict=True):
        assert was == "allowed" or now != "allowed", f"{check} was {was}, and is allowed after an opt-out"


@pytest.mark.promise("phone-for-orders")
@whatever
@given(worlds(), questions)
def test_a_call_is_never_allowed_for_anything_but_news_of_an_order(world: World, asked: list[Check]) -> None:
    for check, verdict in zip(asked, world.ask(*asked), strict=True):
        if check.channel == "phone" and verdict.permission.allowed:
            assert (check.purpose, bool(check.order_id)) == ("order_update", True)


@pytest.mark.promise("no-ad-partners")
@whatever
@given(worlds(), questions)
def test_what_the_policy_does_not_name_is_refused_and_every_answer_names_a_promise(
    world: World, asked: list[Check]
) -> None:
    promises = {promise.id for promise in SHIPPED.promises}
    for check, verdict in zip(asked, world.ask(*asked), strict=True):
        permission = verdict.permission
        assert permission.promise in promises
        assert permission.reason.endswith("."), "the reason is no sentence"
        assert check.address not in permission.reason
        if check.purpose not in getattr(world.policy.purposes, check.channel):
            assert permission.decision == "refused", f"{check.purpose} is not in the policy"
        if check.channel == "email" and check.list is not None and check.list not in world.policy.lists:
            assert permission.decision == "refused", f"{check.list} is not in the policy"


class Forgetful(MemorySuppressions, MemoryOrders):
    """Stores that could not read what is Ann's."""

    def __init__(self, world: World) -> None:
        MemoryOrders.__init__(self, KEYS, world.messages)
        MemorySuppressions.__init__(self)
        self.orders, self.entries = world.orders.orders, world.suppressions.entries

    def scopes_of(self, subjects: Collection[SubjectId]) -> dict[SubjectId, frozenset[Scope]]:
        return {s: scopes for s, scopes in super().scopes_of(subjects).items() if s != KEYS.subject_id(ANN)}

    def placed_online(self, uses: Collection[PhoneUse], now: int) -> dict[PhoneUse, bool | None]:
        return {use: held for use, held in super().placed_online(uses, now).items() if use[0] != ANNS_NUMBER}

    def purposes_of(self, uses: Collection[PostUse], now: int) -> dict[PostUse, Collection[str] | None]:
        return {use: held for use, held in super().purposes_of(uses, now).items() if use[0] != KEYS.subject_id(ANN)}


@pytest.mark.promise("email-opt-out")
@pytest.mark.promise("phone-for-orders")
@pytest.mark.promise("post-as-supplied")
@whatever
@given(worlds(), questions)
def test_a_store_that_does_not_answer_allows_nothing_and_refuses_nothing_on_a_guess(
    world: World, asked: list[Check]
) -> None:
    told: list[UnavailableError] = []
    verdicts = ask(
        asked,
        policy=world.policy,
        keys=KEYS,
        suppressions=MemorySuppressions(failing=True),
        holdings=MemoryOrders(KEYS, failing=True),
        now=NOW,
        failed=told.append,
    )
    for check, verdict, known in zip(asked, verdicts, world.ask(*asked), strict=True):
        permission = verdict.permission
        if permission.decision == "unknown":
            assert permission.promise == PROMISE[check.channel]
            assert told, "nobody was told that a store fails"
        else:
            assert permission == known.permission, "what no record can change must be the same without records"
        if permission.allowed:
            assert (check.channel, check.purpose) == ("email", "answer"), f"{check} was allowed on a guess"


@pytest.mark.promise("email-opt-out")
@whatever
@given(worlds(), questions)
def test_what_could_not_be_read_is_unknown_and_the_rest_is_answered(world: World, asked: list[Check]) -> None:
    forgetful = Forgetful(world)
    verdicts = ask(asked, policy=world.policy, keys=KEYS, suppressions=forgetful, holdings=forgetful, now=NOW)
    for check, verdict, known in zip(asked, verdicts, world.ask(*asked), strict=True):
        of_ann = check.address in (ANN, "ANN@example.com", ANNS_NUMBER)
        if verdict.permission.decision == "unknown":
            assert of_ann
        else:
            assert verdict.permission == known.permission
        if of_ann and verdict.permission.allowed:
            assert check.purpose == "answer", f"{check} was allowed though nobody could read whether it may"


class OtherKey(MemorySuppressions):
    """A table that was written under another key."""

    def scopes_of(self, *_: object) -> Never:
        raise KeyMismatchError


@pytest.mark.promise("email-opt-out")
def test_suppressions_under_another_key_answer_for_nobody() -> None:
    with pytest.raises(KeyMismatchError):
        ask([Check("email", ANN, "marketing")], policy=SHIPPED, keys=KEYS, suppressions=OtherKey(), now=NOW)


def test_a_telephone_number_without_a_place_to_look_it_up_is_unknown() -> None:
    (verdict,) = ask(
        [Check("phone", ANNS_NUMBER, "order_update", order_id="A-1")],
        policy=SHIPPED,
        keys=KEYS,
        suppressions=MemorySuppressions(),
        now=NOW,
    )
    assert verdict.permission.decision == "unknown"
