"""Email addresses, telephone numbers and postal addresses as people type them into a form."""

from __future__ import annotations

from kept.domain.errors import FieldProblem, InvalidInputError, to_translate
from kept.domain.policy import Policy
from kept.domain.records import PostalAddress


def read_email(written: str, pointer: str = "/email") -> str:
    """The address in its normal form. Raises InvalidInputError unless it can be an address (RFC 5321, 5322, 6531)."""
    import email_validator  # 30 ms of import

    try:
        return email_validator.validate_email(written, check_deliverability=False).normalized
    except email_validator.EmailNotValidError:  # its message repeats the address
        raise InvalidInputError(
            FieldProblem(pointer, "is not an email address that can receive mail, such as name@example.com")
        ) from None


def read_phone(written: str, region: str, pointer: str = "/phone") -> str:
    """The number in E.164, `region` (ISO 3166) being its country where it names none. Raises InvalidInputError."""
    import phonenumbers  # 20 ms of import, and most people give no number

    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise InvalidInputError(
            FieldProblem(
                pointer,
                "is not a telephone number that can be called; write it with its country code, as +20…",
            )
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def check_postal_address(address: PostalAddress, policy: Policy, pointer: str = "/postal_address") -> None:
    """Whether it says anything, and what we may use it for. Raises InvalidInputError."""
    if not address.text.strip():
        raise InvalidInputError(FieldProblem(f"{pointer}/text", "is empty"))
    check_purposes(address.purposes, policy, f"{pointer}/purposes")


def check_purposes(purposes: tuple[str, ...], policy: Policy, pointer: str) -> None:
    """Whether a postal address may be given for these. Raises InvalidInputError."""
    if not purposes or not set(purposes) <= set(policy.purposes.post):
        known = {"purposes": ", ".join(policy.purposes.post)}
        text = to_translate("must name what we may use it for, one or more of: {purposes}")
        raise InvalidInputError(FieldProblem(pointer, text, known))
